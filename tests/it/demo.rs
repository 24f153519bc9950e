//! The demo without a screen, as a user starts it.

use std::collections::BTreeSet;
use std::fs;
use std::process::Stdio;
use std::time::{Duration, Instant};

use crate::scene::{Answer, Scene, assert_same_maps, maps_in};

/// Against a demo that hangs. It takes two and a half minutes on two quiet cores; how long it took is printed.
const LIMIT: Duration = Duration::from_mins(15);

#[test]
fn the_demo_ends_with_verified_maps_that_an_uninterrupted_run_computes_too() {
    let scene = Scene::new(16);
    let answer = headless(&scene);
    answer.good();
    assert_eq!(answer.stderr.matches("> alpsckpt resubmit m07").count(), 1, "{answer}");
    assert!(answer.stdout.contains("synthetic terrain through real summits"), "{answer}");
    assert!(answer.stdout.contains("1 s = 3 h"), "{answer}");

    let status = scene.status("demo");
    assert_eq!(status["complete"], true, "{status}");
    for chain in status["chains"].as_array().unwrap() {
        let links = chain["links"].as_array().unwrap();
        let nodes: BTreeSet<&str> = links.iter().map(|l| l["node"].as_str().unwrap()).collect();
        assert!(links.len() >= 3, "{chain}");
        assert!(nodes.len() >= 2, "{chain}");
        let unlucky = chain["id"] == "m07";
        assert_eq!(chain["attempts"], if unlucky { 2 } else { 1 }, "{chain}");
        assert_eq!(links.iter().filter(|l| l["end"].is_null()).count(), usize::from(unlucky), "{chain}");
    }
    assert!(answer.stderr.contains("m07 failed: node died"), "{answer}");

    let maps = maps_in(&scene.path("demo/maps"));
    let pictures = maps_in(&scene.path("demo/pictures"));
    assert_eq!(maps.len(), 17, "a sky view and four maps a month");
    assert_eq!(pictures.len(), maps.len());
    assert!(pictures.iter().all(|(_, bytes)| bytes.starts_with(b"\x89PNG")));

    let file = fs::read_to_string(scene.path("demo/ecrins.ron")).unwrap();
    let again = file.replace("output: \".\"", "output: \"../again\"");
    assert_ne!(file, again);
    fs::write(scene.path("demo/again.ron"), again).unwrap();
    scene.ask(&["run", "demo/again.ron", "--threads", "2"]).good();
    assert_same_maps(&maps_in(&scene.path("again/maps")), &maps);

    // Opened again it is what it was; a folder that is no demo is never removed.
    scene.ask(&["demo", "--headless", "--dir", "demo"]).good();
    scene.ask(&["demo", "--headless", "--fresh", "--dir", "again"]).failed(74, &["no demo"]);
    assert!(scene.path("again/maps").is_dir());
}

fn headless(scene: &Scene) -> Answer {
    let mut demo = scene
        .alpsckpt(&["demo", "--headless", "--dir", "demo"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let begin = Instant::now();
    // It says less than a pipe holds.
    while demo.try_wait().unwrap().is_none() {
        if begin.elapsed() > LIMIT {
            demo.kill().unwrap();
            panic!("not done after {} s: {}", LIMIT.as_secs(), Answer::of(demo.wait_with_output().unwrap()));
        }
        std::thread::sleep(Duration::from_millis(200));
    }
    eprintln!("the demo took {} s", begin.elapsed().as_secs());
    Answer::of(demo.wait_with_output().unwrap())
}
