//! The engine's side of the comparison: maps, horizons and suns of a part of a terrain.

use std::f64::consts::TAU;
use std::path::Path;
use std::sync::atomic::AtomicBool;

use alpsckpt::engine::{
    CoarseField, Compression, Engine, EngineError, MapRequest, MonthInputs, Physics, Problem, Product,
    RegionBox, Storage,
};

use crate::Outcome;
use crate::terrain::{Part, Terrain};

/// Edge of a block of the maps, cells.
const BLOCK: u32 = 256;

/// Twelve months over a part of a terrain; in one tile unless another edge is given.
pub(crate) fn request(
    terrain: &Terrain,
    part: Part,
    tile: Option<u32>,
    products: &[Product],
    model: Physics,
) -> MapRequest {
    let place = &terrain.placement;
    let (xmin, ymax) =
        (place.west + part.x as f64 * place.cell_x, place.north - part.y as f64 * place.cell_y);
    let month = |month| MonthInputs {
        month,
        lapse: CoarseField::Constant(0.006),
        cloud: None,
        temperatures: Vec::new(),
        linke: None,
    };
    MapRequest {
        dem: terrain.file.clone(),
        region: Some(RegionBox {
            epsg: place.crs.epsg(),
            xmin,
            ymin: ymax - part.height as f64 * place.cell_y,
            xmax: xmin + part.width as f64 * place.cell_x,
            ymax,
        }),
        reference_height: None,
        months: (1..=12).map(month).collect(),
        year: 2018,
        tag: String::new(),
        model,
        products: products.to_vec(),
        tile: tile.unwrap_or((part.width.max(part.height) as u32).next_multiple_of(BLOCK)),
        block: BLOCK,
        storage: Storage::Float32,
        compression: Compression::None,
    }
}

/// Opens the engine and makes sure that it maps that part and no other.
pub(crate) fn open(terrain: &Terrain, request: MapRequest, part: Part) -> Outcome<Engine> {
    let engine = Engine::open(request).map_err(|error| {
        let Problem { file, what, cure, changed } = problem(error, &terrain.source);
        // Of the copy of its middle nobody knows.
        Problem {
            file: if file == terrain.file { terrain.source.clone() } else { file },
            what,
            cure,
            changed,
        }
    })?;
    let tiling = engine.tiling();
    if (tiling.width as usize, tiling.height as usize) != (part.width, part.height) {
        let what = format!("is mapped on {} x {} cells instead of {part:?}", tiling.width, tiling.height);
        return Err(Problem::new(&terrain.source, what, "report this as a fault"));
    }
    Ok(engine)
}

fn problem(error: EngineError, file: &Path) -> Problem {
    match error {
        EngineError::Input(problem) | EngineError::Changed(problem) => problem,
        EngineError::Stopped => Problem::new(file, error.to_string(), "run it again"),
    }
}

/// All maps, row by row, in the engine's order.
fn layers(engine: &Engine) -> Outcome<Vec<Vec<f32>>> {
    let tiling = engine.tiling();
    let (width, cells) = (tiling.width as usize, tiling.width as usize * tiling.height as usize);
    let mut maps = vec![vec![f32::NAN; cells]; engine.layers().len()];
    for tile in (0..tiling.count()).filter_map(|number| tiling.tile(number)) {
        let computed = engine.compute(tile, &AtomicBool::new(false));
        let computed = computed.map_err(|error| problem(error, &engine.request().dem))?;
        for (map, layer) in maps.iter_mut().zip(computed.layers) {
            for (row, line) in layer.chunks_exact(tile.width as usize).enumerate() {
                let start = (tile.y as usize + row) * width + tile.x as usize;
                map[start..start + line.len()].copy_from_slice(line);
            }
        }
    }
    Ok(maps)
}

/// The engine's maps by their names.
pub(crate) struct Maps {
    names: Vec<String>,
    layers: Vec<Vec<f32>>,
    width: usize,
}

impl Maps {
    pub(crate) fn of(engine: &Engine) -> Outcome<Self> {
        let names = engine.layers().iter().map(|layer| layer.name.clone()).collect();
        Ok(Self { names, layers: layers(engine)?, width: engine.tiling().width as usize })
    }

    /// All of a map; empty where there is none.
    pub(crate) fn all(&self, name: &str) -> &[f32] {
        let number = self.names.iter().position(|n| n == name);
        number.and_then(|number| self.layers.get(number)).map_or(&[], Vec::as_slice)
    }

    /// At a column and row of the mapped part; NaN where there is none.
    pub(crate) fn at(&self, name: &str, (x, y): (usize, usize)) -> f64 {
        self.all(name).get(y * self.width + x).copied().map_or(f64::NAN, f64::from)
    }
}

/// The horizons of cells, as the engine has them.
pub(crate) struct Horizons {
    azimuths: Vec<f64>,
    tangents: Vec<Vec<f32>>,
}

impl Horizons {
    /// Of cells of the mapped part, which is one tile.
    pub(crate) fn of(engine: &Engine, cells: &[(usize, usize)]) -> Outcome<Self> {
        let dem = &engine.request().dem;
        let nothing = || Problem::new(dem, "has no tile", "report this as a fault");
        let tile = engine.tiling().tile(0).ok_or_else(nothing)?;
        let cells: Vec<(u32, u32)> = cells.iter().map(|(x, y)| (*x as u32, *y as u32)).collect();
        let tangents = engine.horizons(tile, &cells, &AtomicBool::new(false));
        Ok(Self { azimuths: engine.azimuths(), tangents: tangents.map_err(|error| problem(error, dem))? })
    }

    /// The tangent at an azimuth of the n-th cell: linear along the chord between the two directions beside it.
    pub(crate) fn tangent(&self, cell: usize, azimuth: f64) -> f64 {
        let (azimuth, count) = (azimuth.rem_euclid(TAU), self.azimuths.len());
        let next = self.azimuths.partition_point(|a| *a <= azimuth);
        let (first, next) = ((next + count - 1) % count, next % count);
        let line =
            |k: usize| self.tangents.get(cell).and_then(|t| t.get(k)).map_or(f64::NAN, |t| f64::from(*t));
        let beyond = |k: usize| self.azimuths.get(k).map_or(f64::NAN, |a| (azimuth - a).sin().abs());
        let part = beyond(first) / (beyond(first) + beyond(next));
        line(first) + part * (line(next) - line(first))
    }
}
