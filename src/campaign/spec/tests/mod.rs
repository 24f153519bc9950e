//! The campaign file.

mod changes;
mod command;
mod command_faults;
mod command_template;
mod faults;
mod reading;
mod values;

use std::path::Path;

use crate::engine::{DiffuseModel, InputDoubt, Product};

use super::*;
use crate::engine::model::LINKE_OF_THE_ALPS;

/// The forms of the format's definition, all in one file.
const FULL: &str = r#"(version: 1, name: "Parc des Écrins", output: "out", dem: "dem.tif",
 region: Box(crs: "EPSG:3035", xmin: 4014000, ymin: 2415000, xmax: 4034000.5, ymax: 2435000),
 months: [1, 6], year: 2018, months_per_chain: Auto,
 temperature: {"mean": (file: "t_{month}.tif", unit: Celsius), "max": (file: "/abs/x_{month}.tif", unit: DeciKelvin)},
 reference_height: "zref.tif",
 lapse: PerMonth([0.003, 0.004, 0.005, 0.0055, 0.006, 0.0065, 0.0065, 0.0065, 0.006, 0.005, 0.004, 0.003]),
 cloud: None,
 mode: AsSaga, walltime: "48:00:00", margin: "00:30:00", threads: 8, pace: Some("40 tiles/min"),
 workload: Engine, site: "grenoble",
)"#;

const SHORT: &str = r#"(
    version: 1,
    name: "a",
    output: "out",
    dem: "dem.tif",
    months: [1],
    year: 2018,
    walltime: "01:00:00",
    margin: "00:10:00",
)"#;

pub(super) fn parsed(text: &str) -> Result<Loaded, Vec<SpecError>> {
    parse(Path::new("/data/my.ron"), text)
}

pub(super) fn errors(text: &str) -> Vec<SpecError> {
    parsed(text).expect_err("the file is faulty")
}

/// `SHORT` with a field added or another's line replaced.
fn with(line: &str) -> String {
    let name = line.split(':').next().unwrap().trim();
    let mut lines: Vec<&str> = SHORT.lines().filter(|l| !l.trim().starts_with(&format!("{name}:"))).collect();
    lines.insert(lines.len() - 1, line);
    lines.join("\n")
}

/// The one error of a file.
pub(super) fn only(text: &str) -> SpecError {
    let errors = errors(text);
    assert_eq!(errors.len(), 1, "{errors:#?}");
    errors.into_iter().next().unwrap()
}
