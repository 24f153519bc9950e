//! Radiation with horizon tables: patch by patch, each with the suns of its middle.

use std::borrow::Cow;
use std::sync::atomic::{AtomicBool, Ordering};

use super::super::atmosphere::Air;
use super::super::azimuths::Compass;
use super::super::horizon::{Light, STEPS, Skylines};
use super::super::inputs::Given;
use super::super::model::{DiffuseModel, Model, Summing};
use super::super::stages::{Stage, Stages};
use super::super::sun::Month;
use super::super::terrain::{Rect, Terrain};
use super::super::vector::Vectors;
use super::air::{AirTable, Pressures};
use super::patch::{Kernel, Patch, Sums, WIDEST};
use super::suns::{self, Suns};
use super::{Geography, Radiation, exact};

/// The longest edge of a patch, m: at its corners the sun of its middle is 0.02 degrees off.
const LONGEST: f64 = 3300.0;

/// What all tiles of a request share.
#[derive(Debug)]
pub(in super::super) struct Setting {
    compass: Compass,
    light: Light,
    model: Model,
}

impl Setting {
    pub(in super::super) fn new(model: &Model, vectors: Vectors) -> Self {
        Self {
            compass: Compass::new(model.azimuths),
            light: Light { curved: model.curved, vectors },
            model: model.clone(),
        }
    }

    /// The table's directions: azimuths from the grid's columns, radians.
    pub(in super::super) fn azimuths(&self) -> Vec<f64> {
        let azimuth = |(east, north): &(f64, f64)| east.atan2(*north).rem_euclid(std::f64::consts::TAU);
        self.compass.units.iter().map(azimuth).collect()
    }
}

/// A tile whose skylines are known.
pub(in super::super) struct Work<'a> {
    setting: &'a Setting,
    terrain: &'a Terrain,
    geography: &'a Geography,
    months: &'a [Month],
    skylines: Skylines,
    pressures: Pressures,
    turbidities: Vec<Option<&'a Given>>,
    /// The air of each month; `None` where the turbidity differs from place to place.
    airs: Vec<Option<AirTable>>,
}

impl<'a> Work<'a> {
    /// Finds the skylines; `None` when `stop` was set.
    pub(in super::super) fn new(
        setting: &'a Setting,
        terrain: &'a Terrain,
        geography: &'a Geography,
        months: &'a [Month],
        turbidities: Vec<Option<&'a Given>>,
        stop: &AtomicBool,
    ) -> Option<Self> {
        let pressures = Pressures::new(terrain.heights().unwrap_or((0.0, 1.0)));
        let skylines = Skylines::of(terrain, &setting.compass, setting.light, stop)?;
        let constant = |turbidity: Option<&Given>| match turbidity {
            None => Some(f64::NAN),
            Some(Given::Constant(linke)) => Some(*linke),
            Some(Given::Coarse(_)) => None,
        };
        let air = |linke| AirTable::new(&pressures, Air::new(&setting.model, linke), setting.model.diffuse);
        let airs = turbidities.iter().map(|turbidity| constant(*turbidity).map(air)).collect();
        Some(Self { setting, terrain, geography, months, skylines, pressures, turbidities, airs })
    }

    /// Tangents of the skyline of a cell of the tile.
    pub(in super::super) fn skyline(&self, x: usize, y: usize) -> Vec<f32> {
        let tangent = |direction| f32::from(self.skylines.row(direction, y)[x]) / STEPS;
        (0..self.setting.compass.units.len()).map(tangent).collect()
    }

    /// The patches of the tile.
    pub(in super::super) fn patches(terrain: &Terrain) -> Vec<Rect> {
        let mut edge = WIDEST;
        while edge > 16 && edge as f64 * terrain.cell > LONGEST {
            edge /= 2;
        }
        terrain.tile.cut(edge)
    }

    /// The sky view factor (or the one given) and the radiation of each month over a patch; `None` when asked to stop.
    pub(in super::super) fn patch(
        &self,
        rect: Rect,
        given_sky: Option<Vec<f32>>,
        stop: &AtomicBool,
        stages: &Stages,
    ) -> Option<(Vec<f32>, Vec<Radiation>)> {
        let cells = rect.width() * rect.height();
        let own_sky = given_sky.is_none();
        let mut sky_view = given_sky.unwrap_or_else(|| vec![f32::NAN; cells]);
        let scaled = self.scaled(rect);
        let middle = |first: isize, from: usize, to: usize| first as f64 + (from + to - 1) as f64 / 2.0;
        let column = middle(self.terrain.column, rect.x0, rect.x1);
        let row = middle(self.terrain.row, rect.y0, rect.y1);
        let Some(place) = self.geography.whereabouts(column, row) else {
            let missing = self.months.iter().map(|_| Radiation::missing(cells)).collect();
            return Some((sky_view, missing));
        };
        let airs = self.airs_at(column, row);
        let (mut suns, mut around) = (Vec::new(), Vec::new());
        let split = self.setting.model.diffuse == DiffuseModel::HayDavies;
        for (month, air) in self.months.iter().zip(&airs) {
            if stop.load(Ordering::Relaxed) {
                return None;
            }
            let placed = |light| Suns::new(month, air, &self.setting.compass, &place, light);
            suns.push(stages.during(Stage::Suns, || placed(suns::Light::Beam)));
            around.extend(split.then(|| stages.during(Stage::Suns, || placed(suns::Light::Circumsolar))));
        }
        let mut months = vec![(vec![0.0; cells], vec![0.0; cells]); suns.len()];
        let exact = self.setting.model.summing == Summing::Exact;
        let patch = Patch {
            terrain: self.terrain,
            skylines: &self.skylines,
            compass: &self.setting.compass,
            rect,
            scaled: &scaled,
            months: if exact { &[] } else { &suns },
            around: &around,
            albedo: self.setting.model.albedo as f32,
            own_sky,
        };
        let sums = Sums { sky_view: &mut sky_view, months: &mut months };
        stages.during(Stage::Sums, || match self.setting.light.vectors {
            vectors @ Vectors::Avx512 => vectors.run(Kernel::<16> { patch: &patch, sums }),
            vectors => vectors.run(Kernel::<8> { patch: &patch, sums }),
        });
        if exact {
            let work = exact::Work {
                terrain: self.terrain,
                skylines: &self.skylines,
                compass: &self.setting.compass,
                pressures: &self.pressures,
                place: &place,
                albedo: self.setting.model.albedo,
            };
            for ((month, air), sums) in self.months.iter().zip(&airs).zip(&mut months) {
                *sums = stages.during(Stage::Sums, || work.sums(rect, month, air, &sky_view, stop))?;
            }
        }
        self.take_out_missing(rect, &mut sky_view, &mut months);
        let radiation = suns.iter().zip(months).map(|(suns, (direct, diffuse))| Radiation {
            direct_flat: vec![suns.direct_flat; cells],
            diffuse_flat: vec![suns.diffuse_flat; cells],
            direct,
            diffuse,
        });
        Some((sky_view, radiation.collect()))
    }

    /// The air of each month over a place.
    fn airs_at<'s>(&'s self, column: f64, row: f64) -> Vec<Cow<'s, AirTable>> {
        let air = |(air, turbidity): (&'s Option<AirTable>, Option<&Given>)| match (air, turbidity) {
            (Some(air), _) => Cow::Borrowed(air),
            (None, turbidity) => {
                let linke = turbidity.map_or(f64::NAN, |t| t.at(self.geography.dem(), column, row));
                let model = &self.setting.model;
                Cow::Owned(AirTable::new(&self.pressures, Air::new(model, linke), model.diffuse))
            }
        };
        self.airs.iter().zip(self.turbidities.iter().copied()).map(air).collect()
    }

    fn scaled(&self, rect: Rect) -> Vec<f32> {
        let terrain = self.terrain;
        let rows =
            (rect.y0..rect.y1).flat_map(|y| &terrain.z[terrain.index(rect.x0, y)..terrain.index(rect.x1, y)]);
        rows.map(|z| if z.is_nan() { 0.0 } else { self.pressures.scaled(*z) }).collect()
    }

    /// Cells without terrain have no values.
    fn take_out_missing(&self, rect: Rect, sky_view: &mut [f32], months: &mut [(Vec<f32>, Vec<f32>)]) {
        let terrain = self.terrain;
        let rows =
            (rect.y0..rect.y1).flat_map(|y| &terrain.z[terrain.index(rect.x0, y)..terrain.index(rect.x1, y)]);
        for (cell, _) in rows.enumerate().filter(|(_, z)| z.is_nan()) {
            sky_view[cell] = f32::NAN;
            for (direct, diffuse) in &mut *months {
                direct[cell] = f32::NAN;
                diffuse[cell] = f32::NAN;
            }
        }
    }
}
