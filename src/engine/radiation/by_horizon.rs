//! Radiation with horizon tables: patch by patch, under the suns of the middle of a somewhat larger square.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use super::super::atmosphere::Air;
use super::super::horizon::{CELLS, EDGE, Horizons, Patch, STEPS};
use super::super::inputs::Given;
use super::super::model::{DiffuseModel, SkyView, Summing};
use super::super::rectangles::Rect;
use super::super::sky_view;
use super::super::stages::{ComputeStage, Stages};
use super::super::sun::{GeoPoint, Month};
use super::super::terrain::Terrain;
use super::air::{AirTable, Pressures, TURBIDITY_STEP};
use super::setting::{RadiationSetting, Workspace};
use super::sums::{self, PatchSums};
use super::suns::{self, Placing, Suns};
use super::{Flat, Geography, Radiation, exact};

/// The longest edge of a square that shares its suns, cells and m: at its corners the sun of its middle is 0.02 degrees
/// off.
const WIDEST: usize = 128;
const LONGEST: f64 = 3300.0;

/// A tile whose far horizons are known.
pub(in super::super) struct HorizonRadiation<'a> {
    setting: &'a RadiationSetting,
    terrain: &'a Terrain,
    geography: &'a Geography,
    months: &'a [Month],
    horizons: Horizons,
    pressures: Pressures,
    turbidities: Vec<Option<&'a Given>>,
    /// The air of each month; `None` where the turbidity differs from place to place.
    airs: Vec<Option<Arc<AirTable>>>,
    /// The air of some turbidities, in steps of [`TURBIDITY_STEP`].
    hazes: Mutex<HashMap<u32, Arc<AirTable>>>,
}

impl Drop for HorizonRadiation<'_> {
    fn drop(&mut self) {
        self.horizons.leave(&self.setting.store);
    }
}

/// A square of cells that shares its suns.
struct Square {
    place: GeoPoint,
    airs: Vec<Arc<AirTable>>,
    suns: Vec<Suns>,
    /// The bright sky around them; empty where it is as bright as the rest.
    around: Vec<Suns>,
}

impl<'a> HorizonRadiation<'a> {
    /// Finds the far horizons; `None` when `stop` was set.
    pub(in super::super) fn new(
        setting: &'a RadiationSetting,
        terrain: &'a Terrain,
        geography: &'a Geography,
        months: &'a [Month],
        turbidities: Vec<Option<&'a Given>>,
        stop: &AtomicBool,
    ) -> Option<Self> {
        let pressures = Pressures::new(terrain.heights().unwrap_or((0.0, 1.0)));
        let horizons = Horizons::of(terrain, &setting.compass, setting.light, &setting.store, stop)?;
        let (airs, hazes) = (Vec::new(), Mutex::default());
        let mut work =
            Self { setting, terrain, geography, months, horizons, pressures, turbidities, airs, hazes };
        work.airs = work.same_everywhere();
        Some(work)
    }

    /// The air of each month where it is the same everywhere; months of the same air share its table.
    fn same_everywhere(&self) -> Vec<Option<Arc<AirTable>>> {
        let mut known: Vec<(Air, Arc<AirTable>)> = Vec::new();
        let air = |turbidity: Option<&Given>| {
            let air = match turbidity {
                None => self.air(f64::NAN),
                Some(Given::Constant(linke)) => self.air(*linke),
                Some(Given::Coarse(_)) => return None,
            };
            if let Some((_, table)) = known.iter().find(|(other, _)| *other == air) {
                return Some(Arc::clone(table));
            }
            let table = Arc::new(self.table(air));
            known.push((air, Arc::clone(&table)));
            Some(table)
        };
        self.turbidities.iter().copied().map(air).collect()
    }

    fn air(&self, linke: f64) -> Air {
        Air::new(&self.setting.model, linke)
    }

    /// The air of a turbidity, between those of the tabulated ones around it.
    fn hazy(&self, linke: f64) -> AirTable {
        let place = linke / TURBIDITY_STEP;
        let [first, second] = [place.floor(), place.floor() + 1.0].map(|step| {
            let mut known = self.hazes.lock().unwrap_or_else(PoisonError::into_inner);
            let table = || Arc::new(self.table(self.air(step * TURBIDITY_STEP)));
            Arc::clone(known.entry(step as u32).or_insert_with(table))
        });
        first.between(&second, place - place.floor())
    }

    fn table(&self, air: Air) -> AirTable {
        AirTable::new(&self.pressures, air, self.setting.model.diffuse)
    }

    /// Tangents of the horizon of a cell of the tile.
    pub(in super::super) fn horizon(&self, x: usize, y: usize) -> Vec<f32> {
        let (tile, mut workspace) = (self.terrain.tile, self.workspace());
        self.horizons.patch(self.terrain, (tile.x0 + x, tile.y0 + y), false, &mut workspace.patch);
        let tangents = workspace.patch.table.lines.iter().map(|line| f32::from(line[0][0]) / STEPS).collect();
        self.setting.workspaces.give(workspace);
        tangents
    }

    fn workspace(&self) -> Workspace {
        let directions = self.setting.compass.units.len();
        let new = || Workspace { patch: Patch::new(directions), sums: PatchSums::default() };
        let mut workspace = self.setting.workspaces.take(new);
        workspace.sums.make_room(self.months.len());
        workspace
    }

    /// The radiation over a rectangle of the tile, patch by patch: `each` is given where a patch lies in the window, its
    /// sky view factors and the radiation of each month, [`EDGE`] cells a row; nothing where there is no place on earth.
    /// `None` when asked to stop.
    pub(in super::super) fn sums(
        &self,
        rect: Rect,
        stop: &AtomicBool,
        stages: &Stages,
        mut each: impl FnMut(Rect, Option<(&[f32], &[Radiation<'_>])>),
    ) -> Option<()> {
        let mut workspace = self.workspace();
        let mut edge = WIDEST;
        while edge > 16 && edge as f64 * self.terrain.cell > LONGEST {
            edge /= 2;
        }
        for part in rect.cut(edge) {
            let Some(square) = stages.during(ComputeStage::Suns, || self.square(part)) else {
                each(part, None);
                continue;
            };
            for patch in part.cut(EDGE) {
                if stop.load(Ordering::Relaxed) {
                    return None;
                }
                self.patch(patch, &square, &mut workspace, stop, stages)?;
                let months = workspace.sums.months.iter().zip(&square.suns);
                let months: Vec<Radiation<'_>> = months
                    .map(|((direct, diffuse), suns)| Radiation {
                        direct,
                        diffuse,
                        flat: Flat::Same { direct: suns.direct_flat, diffuse: suns.diffuse_flat },
                    })
                    .collect();
                each(patch, Some((&*workspace.sums.sky_view, &months)));
            }
        }
        self.setting.workspaces.give(workspace);
        Some(())
    }

    /// The suns over a square; `None` where its middle has no place on earth.
    fn square(&self, rect: Rect) -> Option<Square> {
        let middle = |first: isize, from: usize, to: usize| first as f64 + (from + to - 1) as f64 / 2.0;
        let column = middle(self.terrain.column, rect.x0, rect.x1);
        let row = middle(self.terrain.row, rect.y0, rect.y1);
        let place = self.geography.whereabouts(column, row)?;
        let airs: Vec<Arc<AirTable>> = (self.airs.iter().zip(&self.turbidities))
            .map(|(air, turbidity)| match (air, turbidity) {
                (Some(air), _) => Arc::clone(air),
                (None, turbidity) => {
                    let linke = turbidity.map_or(f64::NAN, |t| t.at(self.geography.dem(), column, row));
                    Arc::new(self.hazy(linke))
                }
            })
            .collect();
        let compass = &self.setting.compass;
        let placed = |light| {
            let placing = self.months.iter().zip(&airs).map(|(month, air)| Placing {
                month,
                air,
                compass,
                place: &place,
                light,
            });
            placing.map(|placing| self.setting.light.vectors.run(placing)).collect::<Vec<Suns>>()
        };
        let suns = placed(suns::LightSource::Beam);
        let split = self.setting.model.diffuse == DiffuseModel::HayDavies;
        let around = if split { placed(suns::LightSource::Circumsolar) } else { Vec::new() };
        Some(Square { place, airs, suns, around })
    }

    /// Sky view factors and radiation of a patch, left on the workspace.
    fn patch(
        &self,
        rect: Rect,
        square: &Square,
        workspace: &mut Workspace,
        stop: &AtomicBool,
        stages: &Stages,
    ) -> Option<()> {
        let RadiationSetting { compass, light, model, .. } = self.setting;
        let Workspace { patch, sums } = workspace;
        let exact = model.summing == Summing::Exact;
        let own_sky = model.sky_view == SkyView::Horizon;
        let find = |folded: bool, patch: &mut Patch| {
            stages.during(ComputeStage::Horizons, || {
                self.horizons.patch(self.terrain, (rect.x0, rect.y0), folded, patch);
            });
        };
        // The sky's integral ends where the cell's own slope begins, however the suns are summed up.
        find(own_sky || !exact, patch);
        if model.sky_view == SkyView::Saga {
            self.sagas_sky(rect, &mut sums.sky_view);
        }
        let work = sums::PatchWork {
            compass,
            patch,
            pressures: &self.pressures,
            months: if exact { &[] } else { &square.suns },
            around: &square.around,
            albedo: model.albedo as f32,
            own_sky,
        };
        stages.during(ComputeStage::Sums, || light.vectors.run(sums::SumUp { work: &work, sums }));
        if exact && !self.months.is_empty() {
            if own_sky {
                find(false, patch);
            }
            let work = exact::ExactWork {
                compass,
                patch,
                pressures: &self.pressures,
                place: &square.place,
                albedo: model.albedo,
            };
            for ((month, air), (direct, diffuse)) in
                self.months.iter().zip(&square.airs).zip(&mut sums.months)
            {
                stages.during(ComputeStage::Sums, || {
                    work.sums(month, air, &sums.sky_view, (direct, diffuse), stop)
                })?;
            }
        }
        Some(())
    }

    fn sagas_sky(&self, rect: Rect, factors: &mut [f32; CELLS]) {
        for (y, row) in (rect.y0..rect.y1).zip(factors.chunks_exact_mut(EDGE)) {
            for (x, factor) in (rect.x0..rect.x1).zip(row) {
                *factor = sky_view::saga(self.terrain, x, y).unwrap_or(f32::NAN);
            }
        }
    }
}
