use std::path::PathBuf;

use super::*;
use crate::engine::{Compression, Physics, Storage, fixtures};

/// A folder with terrain of 40 x 40 cells of 25 m, and Linke's turbidity on a grid of 1 km that reaches far around it.
struct GroundFolder {
    folder: tempfile::TempDir,
}

impl GroundFolder {
    fn new(linke: impl Fn(usize, usize) -> f32) -> Self {
        let ground = Self { folder: tempfile::tempdir().unwrap() };
        ground.write("dem.tif", 25.0, 40, 0.0, |_, _| 1500.0);
        ground.write("linke.tif", 1000.0, 11, 5000.0, linke);
        ground
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, cell: f64, size: usize, around: f64, value: impl Fn(usize, usize) -> f32) {
        let corner = (500_000.0 - around, 5_000_000.0 + around);
        fixtures::write(&self.path(name), &fixtures::place(32632, corner, cell, (size, size)), "", value);
    }

    fn request(&self, atmosphere: AtmosphereModel, linke: Option<CoarseField>) -> MapRequest {
        let month = MonthInputs {
            month: 4,
            lapse: CoarseField::Constant(0.0065),
            cloud: None,
            temperatures: Vec::new(),
            linke,
        };
        MapRequest {
            dem: self.path("dem.tif"),
            region: None,
            reference_height: None,
            months: vec![month],
            year: 2018,
            tag: String::new(),
            model: Physics { atmosphere, ..Physics::default() },
            products: vec![Product::Total],
            tile: 64,
            block: 64,
            compression: Compression::None,
            storage: Storage::Float32,
        }
    }
}

/// What is wrong with Linke's turbidity.
fn faults(request: &MapRequest) -> Vec<String> {
    let findings = OpenedInputs::gather(request, true).1;
    findings
        .iter()
        .map(|found| found.problem.to_string())
        .filter(|problem| problem.contains("linke"))
        .collect()
}

#[test]
fn a_grid_of_turbidity_is_smoothed_between_its_nodes_and_has_a_value_everywhere() {
    // Rising southward by 0.1 a node; nothing is known in the south-west.
    let ground = GroundFolder::new(|x, y| if x < 4 && y > 6 { f32::NAN } else { 2.0 + 0.1 * y as f32 });
    let request = ground.request(AtmosphereModel::Esra, Some(CoarseField::Grid(ground.path("linke.tif"))));
    assert!(faults(&request).is_empty(), "{:?}", faults(&request));
    let inputs = OpenedInputs::gather(&request, true).0.unwrap();
    let turbidity = inputs.months[0].turbidity.as_ref().unwrap();
    let at = |column, row| turbidity.at(inputs.dem.placement(), column, row);
    // The first cell of the terrain lies half a node and half a cell behind the edge of the sixth node.
    assert!((at(0.0, 0.0) - (2.5 - 0.05 + 0.1 * 12.5 / 1000.0)).abs() < 1e-6, "{}", at(0.0, 0.0));
    assert!((at(30.0, 0.0) - at(0.0, 0.0)).abs() < 1e-9 && at(0.0, 30.0) > at(0.0, 0.0));
    // In the hole the nearest node counts, and so it does beyond the grid.
    assert!((at(-60.0, 60.0) - 2.7).abs() < 0.11, "{}", at(-60.0, 60.0));
    assert!((at(0.0, -4000.0) - 2.0).abs() < 0.11, "{}", at(0.0, -4000.0));
    let constant = Given::Constant(3.5);
    assert!((constant.at(inputs.dem.placement(), 7.0, 7.0) - 3.5).abs() < f64::EPSILON);
}

#[test]
fn turbidity_is_left_alone_where_the_atmosphere_takes_none() {
    let ground = GroundFolder::new(|_, _| 0.0);
    for atmosphere in [AtmosphereModel::Saga, AtmosphereModel::Lumped] {
        let request = ground.request(atmosphere, Some(CoarseField::Grid(ground.path("nowhere.tif"))));
        assert!(faults(&request).is_empty(), "{:?}", faults(&request));
        assert!(OpenedInputs::gather(&request, true).0.unwrap().months[0].turbidity.is_none());
    }
}

#[test]
fn impossible_turbidities_are_refused_with_a_cure() {
    let clear = GroundFolder::new(|_, _| 0.4);
    let twentieths = GroundFolder::new(|x, _| 40.0 + x as f32);
    let fine = GroundFolder::new(|_, _| 3.0);
    let grid = |ground: &GroundFolder| {
        ground.request(AtmosphereModel::Esra, Some(CoarseField::Grid(ground.path("linke.tif"))))
    };
    for (request, told) in [
        (grid(&clear), ["linke.tif", "0.4 to 0.4; expected Linke's, 1 to 10", "2 to 4 is usual"]),
        (grid(&twentieths), ["linke.tif", "to 50", "divide by 20"]),
        (fine.request(AtmosphereModel::Esra, None), ["linke", "not given for month 4", "for example 3"]),
        (
            fine.request(AtmosphereModel::Esra, Some(CoarseField::Constant(12.0))),
            ["linke", "12 to 12", "2 to 4"],
        ),
        (
            fine.request(AtmosphereModel::Esra, Some(CoarseField::Constant(f64::NAN))),
            ["linke", "no number", "2 to 4"],
        ),
        (
            fine.request(AtmosphereModel::Esra, Some(CoarseField::Grid(fine.path("nowhere.tif")))),
            ["nowhere.tif", "", ""],
        ),
    ] {
        let problems: Vec<String> =
            OpenedInputs::gather(&request, true).1.iter().map(|found| found.problem.to_string()).collect();
        let found = problems.iter().any(|problem| told.iter().all(|part| problem.contains(part)));
        assert!(found, "{told:?} in {problems:?}");
    }
}
