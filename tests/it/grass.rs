//! GRASS `r.sun`, run here: the table that ESRA's clear sky is compared with is what it gives.

use std::path::Path;
use std::process::Command;

use crate::support::have_programs;

/// The numbers of a table, line by line, after the two lines that say what they are.
fn numbers(table: &str) -> Vec<Vec<f64>> {
    table.lines().skip(2).map(|line| line.split(',').map(|v| v.parse().unwrap()).collect()).collect()
}

#[test]
fn the_stored_clear_sky_is_the_one_that_grass_gives_here() {
    if !have_programs("the_stored_clear_sky_is_the_one_that_grass_gives_here", &["grass"]) {
        return;
    }
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/grass");
    let folder = tempfile::tempdir().unwrap();
    let fresh = folder.path().join("rsun.csv");
    let made = Command::new(data.join("make")).arg(&fresh).output().unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let fresh = numbers(&std::fs::read_to_string(fresh).unwrap());
    let stored = numbers(&std::fs::read_to_string(data.join("rsun.csv")).unwrap());
    assert!(stored.len() >= 100, "{} lines", stored.len());
    assert_eq!(fresh.len(), stored.len());
    for (fresh, stored) in fresh.iter().flatten().zip(stored.iter().flatten()) {
        assert!((fresh - stored).abs() <= 1e-6 * stored.abs(), "{fresh} {stored}");
    }
}
