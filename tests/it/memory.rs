//! The memory that is predicted is not exceeded.

use std::fs;

use alpsckpt::checkpoint::CampaignDir;
use serde_json::Value;

use crate::scene::Scene;

const TERRAIN: usize = 700;

#[test]
fn a_campaign_that_leaves_its_tiles_open_is_settled_and_keeps_within_the_planned_memory() {
    let scene = Scene::new(TERRAIN);
    let file = scene.campaign("open.ron", "open", &["tile: None,", "threads: 2,", "months_per_chain: 2,"]);
    let file = file.to_str().unwrap();
    let plan: Value = serde_json::from_str(&scene.ask(&["plan", file, "--json"]).good().stdout).unwrap();
    assert_eq!((plan["tile"].as_u64(), plan["tiles"].as_u64()), (Some(1024), Some(1)), "{plan}");
    let planned = plan["memory_bytes"].as_f64().unwrap();
    assert!(planned <= f64::from(1 << 30) * 2.0, "{planned} bytes are planned for two threads");
    scene.ask(&["run", file]).good();
    let log = scene.ask(&["log", "m01-m06", "--campaign", file]);
    let log = &log.good().stdout;
    let held = log.lines().find_map(|line| line.split_once("Memory held at most: ")).map(|(_, held)| held);
    let held = bytes_of(held.unwrap_or_else(|| panic!("the log does not tell the memory:\n{log}")));
    assert!(held <= planned && held > planned / 10.0, "{held} bytes were held, {planned} planned");

    // Another number is another campaign; leaving it open goes on with the one that was settled.
    scene.ask(&["run", file]).good();
    scene.campaign("open.ron", "open", &["tile: 512,", "threads: 2,", "months_per_chain: 2,"]);
    scene.ask(&["run", file]).failed(76, &["`tile`"]);
}

/// `412 MB.` in bytes, the rounding taken off.
fn bytes_of(text: &str) -> f64 {
    let (number, unit) = text.trim_end_matches('.').split_once(' ').unwrap();
    let unit = match unit {
        "MB" => 1e6,
        "GB" => 1e9,
        _ => panic!("{text}"),
    };
    (number.parse::<f64>().unwrap() - 0.5) * unit
}

#[test]
fn the_engine_holds_no_more_than_is_predicted() {
    let scene = Scene::new(16);
    for tile in ["512", "1024"] {
        let answer = scene.ask(&["bench", "--size", "1024", "--tile", tile, "--threads", "2", "--json"]);
        let report: Value = serde_json::from_str(&answer.good().stdout).unwrap();
        for pass in ["pipeline_fine_12_months", "pipeline_fine_1_month", "pipeline_fine_12_months_threads"] {
            let of = |name: &str| report[pass][name].as_f64().unwrap();
            let (held, predicted) = (of("peak_memory_bytes"), of("predicted_memory_bytes"));
            assert!(
                held <= predicted && held > predicted / 6.0,
                "{pass}, tiles of {tile}: {held} {predicted}"
            );
        }
    }
}

#[test]
fn a_frozen_spec_writes_its_tile_as_it_always_did() {
    let scene = Scene::new(64);
    scene.campaign("one.ron", "one", &["tile: 256,"]);
    scene.ask(&["run", scene.path("one.ron").to_str().unwrap()]).good();
    let state = CampaignDir::new(&scene.path("one")).state();
    let entries = fs::read_dir(state).unwrap().map(|entry| entry.unwrap().path());
    let frozen = entries.filter(|path| path.file_name().unwrap().to_string_lossy().starts_with("spec-"));
    let texts: Vec<String> =
        frozen.map(|path| String::from_utf8_lossy(&fs::read(path).unwrap()).into_owned()).collect();
    assert!(!texts.is_empty() && texts.iter().all(|text| text.contains("tile: 256")), "{texts:?}");
}
