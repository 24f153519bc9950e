use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use sha2::{Digest, Sha256};

use super::NUMERICS;
use crate::engine::{
    AtmosphereModel, AzimuthSet, CoarseField, Compression, DiffuseModel, Engine, MapRequest, MonthInputs,
    Physics, Product, RegionBox, Storage, Summing, TemperatureInput, fixtures,
};

/// What the runs below gave under each number.
const DIGESTS: [(u32, &str); 2] = [
    (1, "c9d2a17b269f170fbfd688ec30f71f2da951755cae4175dfcac1a6c849a6b74a"),
    (2, "0bf5cdf6561d5011f44558199d5c395ece3f4e845974265f3709076d6014331b"),
];

/// Cells of the terrain's edge, and where it begins in EPSG:32632.
const SIDE: usize = 192;
const CORNER: (f64, f64) = (400_000.0, 5_104_800.0);

/// Integer noise, 0 to 1: terrain that needs no system's functions.
fn noise(x: usize, y: usize, cell: usize) -> f32 {
    let lattice = |i: usize, j: usize| {
        let mut bits =
            (i as u32).wrapping_mul(0x9E37_79B9) ^ (j as u32).wrapping_mul(0x85EB_CA6B) ^ cell as u32;
        bits = (bits ^ (bits >> 15)).wrapping_mul(0x2C1B_3C6D);
        f32::from((bits ^ (bits >> 12)) as u16) / 65_536.0
    };
    let (i, j) = (x / cell, y / cell);
    let (u, v) = ((x % cell) as f32 / cell as f32, (y % cell) as f32 / cell as f32);
    let between = |a: f32, b: f32, t: f32| a + (b - a) * (t * t * (3.0 - 2.0 * t));
    between(
        between(lattice(i, j), lattice(i + 1, j), u),
        between(lattice(i, j + 1), lattice(i + 1, j + 1), u),
        v,
    )
}

/// Mountains, a cliff of 900 m, a tower of 6 km beside ground below the sea, a hole.
fn height(x: usize, y: usize) -> f32 {
    let mountains = 1600.0 * noise(x, y, 64) + 500.0 * noise(x, y, 17) + 60.0 * noise(x, y, 3);
    match (x, y) {
        (100..=104, 70..=72) => f32::NAN,
        (150..=152, 140..=143) => 6000.0,
        (140..=160, 130..=150) => -480.0,
        _ if x + 2 * y > 300 => mountains + 900.0,
        _ => mountains,
    }
}

/// A raster of so many cells across and down.
fn write(
    path: &Path,
    epsg: u32,
    corner: (f64, f64),
    cell: f64,
    size: usize,
    value: impl Fn(usize, usize) -> f32,
) {
    fixtures::write(path, &fixtures::place(epsg, corner, cell, (size, size)), "", value);
}

/// The inputs of the runs: a terrain, coarse grids on its system and on longitudes and latitudes.
struct TestGround(tempfile::TempDir);

impl TestGround {
    fn new() -> Self {
        let ground = Self(tempfile::tempdir().unwrap());
        let around = (CORNER.0 - 6000.0, CORNER.1 + 6000.0);
        write(&ground.path("dem"), 32632, CORNER, 25.0, SIDE, height);
        write(&ground.path("clouds"), 32632, around, 1000.0, 20, |x, y| 9000.0 * noise(x, y, 3));
        write(&ground.path("heights"), 32632, around, 1000.0, 20, |x, y| 2000.0 * noise(x, y, 2));
        let corner = (7.5, 46.3);
        write(&ground.path("warmth"), 4326, corner, 0.01, 30, |x, y| 20.0 * noise(x, y, 4) - 5.0);
        write(&ground.path("linke"), 4326, corner, 0.01, 30, |x, y| 2.0 + 2.0 * noise(x, y, 5));
        write(&ground.path("lapse"), 4326, corner, 0.01, 30, |x, y| 0.004 + 0.003 * noise(x, y, 6));
        ground
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name).with_extension("tif")
    }

    /// All that can be asked of a model in some months, over so many cells across and down, in tiles of 64.
    fn request(&self, months: &[u8], side: u32, model: &Physics) -> MapRequest {
        let inputs = |month: &u8| MonthInputs {
            month: *month,
            lapse: CoarseField::Grid(self.path("lapse")),
            cloud: Some(self.path("clouds")),
            temperatures: vec![TemperatureInput {
                name: "mean".into(),
                path: self.path("warmth"),
                scale: 1.0,
                offset: 0.0,
            }],
            linke: Some(CoarseField::Grid(self.path("linke"))),
        };
        let (west, north, edge) = (CORNER.0 + 60.0 * 25.0, CORNER.1 - 60.0 * 25.0, f64::from(side) * 25.0);
        MapRequest {
            dem: self.path("dem"),
            region: Some(RegionBox {
                epsg: 32632,
                xmin: west,
                ymin: north - edge,
                xmax: west + edge,
                ymax: north,
            }),
            reference_height: Some(self.path("heights")),
            months: months.iter().map(inputs).collect(),
            year: 2018,
            tag: String::new(),
            model: Physics { horizon_distance: 4000.0, ..model.clone() },
            products: vec![
                Product::SkyView,
                Product::Direct,
                Product::Diffuse,
                Product::Total,
                Product::Solar,
                Product::DirectFlat,
                Product::DiffuseFlat,
                Product::TotalFlat,
                Product::SolarFlat,
                Product::Quotient,
                Product::Temperature,
            ],
            tile: 64,
            block: 16,
            storage: Storage::Float32,
            compression: Compression::None,
        }
    }
}

/// Adds the names and the bits of all layers of a request.
fn add(request: MapRequest, digest: &mut Sha256) {
    let engine = Engine::open(request).unwrap();
    let tiling = engine.tiling();
    for number in 0..tiling.count() {
        let computed = engine.compute(tiling.tile(number).unwrap(), &AtomicBool::new(false)).unwrap();
        for (layer, values) in engine.layers().iter().zip(&computed.layers) {
            assert!(values.iter().any(|value| !value.is_nan()), "{} of tile {number}", layer.name);
            digest.update(layer.name.as_bytes());
            // There is more than one NaN.
            let bits = |value: &f32| if value.is_nan() { f32::NAN } else { *value }.to_bits().to_le_bytes();
            digest.update(values.iter().flat_map(bits).collect::<Vec<u8>>());
        }
    }
}

#[test]
fn maps_of_one_number_are_the_same() {
    let ground = TestGround::new();
    let coarse = |model: Physics| Physics { step_minutes: 120, ..model };
    let clear = Physics {
        atmosphere: AtmosphereModel::Esra,
        diffuse: DiffuseModel::HayDavies,
        albedo: 0.2,
        azimuths: AzimuthSet::Dense,
        ..Physics::default()
    };
    let single = Physics {
        atmosphere: AtmosphereModel::Lumped,
        azimuths: AzimuthSet::Fast,
        summing: Summing::Exact,
        step_minutes: 240,
        ..Physics::default()
    };
    let mut digest = Sha256::new();
    for (months, side, model) in [
        (&[2, 12][..], 80, coarse(Physics::default())),
        (&[3], 56, Physics { step_minutes: 240, ..Physics::as_saga() }),
        (&[12], 32, coarse(clear)),
        (&[2], 16, single),
    ] {
        add(ground.request(months, side, &model), &mut digest);
    }
    let found = digest.finalize().iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"));
    let recorded = DIGESTS.iter().find(|(number, _)| *number == NUMERICS).map(|(_, digest)| *digest);
    assert_eq!(
        recorded,
        Some(found.as_str()),
        "a bit of a map has changed: raise NUMERICS (now {NUMERICS}) once for all changes since the last release, and \
         record the digest on the right for it in DIGESTS; digests of former numbers stay"
    );
}

#[test]
fn the_number_is_the_last_recorded_and_no_two_have_the_same_maps() {
    assert_eq!(DIGESTS.last().map(|(number, _)| *number), Some(NUMERICS));
    for (i, (number, digest)) in DIGESTS.iter().enumerate() {
        assert_eq!(*number as usize, i + 1);
        assert!(DIGESTS[..i].iter().all(|(_, other)| other != digest), "{number}");
    }
}
