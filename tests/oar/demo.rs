//! The demo of the Parc des Écrins on real OAR.

use std::collections::BTreeSet;
use std::fs;
use std::process::Command;

use alpsckpt::batch::Ending;
use serde_json::Value;

use crate::place::{Place, begins};
use crate::scene::{Answer, PROGRAM, assert_same_maps, maps_in};

pub(crate) fn hops(place: &Place) {
    let cluster = place.cluster;
    let site = "project=test;properties=host in ('node1','node2')";
    let demo = ["demo", "--cluster", "oar", "--site", site, "--dir", "demo", "--headless"];
    // Who drains nodes does so alone: another would let them go.
    let alone = cluster.alone();
    let mut demo = place.start("demo", &demo);
    let (month, other) = (place.chain("demo", "m01"), place.chain("demo", "m07"));
    // Whoever has the month's job takes no further one: each link begins on another node. The other month's begin there, too, so
    // that its second and third are on two.
    for link in 1..=2 {
        let node = begins(&month, link).node;
        cluster.drain(&node, true);
        let next = begins(&month, link + 1).node;
        begins(&other, link + 1);
        cluster.drain(&node, false);
        assert_ne!(node, next);
    }
    drop(alone);
    let said = demo.ends();
    assert!(said.contains("9 maps, all verified"), "{said}");

    let status = place.ask(&["status", "--json", "demo"]);
    let status: Value = serde_json::from_str(&status.good().stdout).unwrap();
    assert_eq!(status["complete"], true, "{status}");
    assert_eq!(status["paced"], "20 tiles/min");
    let jobs = place.jobs();
    for chain in status["chains"].as_array().unwrap() {
        let links = chain["links"].as_array().unwrap();
        assert!(links.len() >= 3, "{chain}");
        let nodes: BTreeSet<&str> = links.iter().map(|l| l["node"].as_str().unwrap()).collect();
        assert!(nodes.len() >= 2, "{chain}");
        assert!(chain["hops"].as_u64() >= Some(1), "{chain}");
        assert_eq!(chain["attempts"], 1, "{chain}");
        assert_eq!(chain["resubmissions"], links.len() - 1, "{chain}");

        // What OAR has to say of it: one submission whose jobs come from one another by exit code 99.
        let id = format!(".{}.", chain["id"].as_str().unwrap());
        let jobs: Vec<_> = jobs.iter().filter(|job| job.name.contains(&id)).collect();
        assert_eq!(jobs.len(), links.len(), "{jobs:?}");
        let mut signalled = 0;
        for (job, before) in jobs.iter().skip(1).zip(&jobs) {
            assert_eq!((job.array, job.from), (jobs[0].array, before.id), "{jobs:?}");
            assert_eq!(Ending::of_wait_status(before.exit as i32), Ending::Code(99), "{jobs:?}");
            assert!(before.stop - before.start > 60, "{jobs:?}");
            let events = place.events(before.id);
            signalled += usize::from(events.iter().any(|e| e == "CHECKPOINT_SUCCESSFULL"));
            assert!(events.iter().any(|e| e == "RESUBMIT_JOB_AUTOMATICALLY"), "{events:?}");
        }
        // A job that OAR signals very late has stopped by its own clock.
        assert!(signalled >= 1, "OAR sent no signal");
        assert_eq!(jobs.last().unwrap().exit, 0, "{jobs:?}");
    }

    // The same campaign without a cluster, a pace or an interruption.
    let folder = place.here("demo");
    let file = fs::read_to_string(folder.join("ecrins.ron")).unwrap();
    let local = tempfile::tempdir().unwrap();
    let output = format!("output: \"{}\"", local.path().display());
    let file = file.replace("output: \".\"", &output).replace("pace: Some(\"20 tiles/min\"),", "");
    assert!(file.contains(&output) && !file.contains("pace:"), "{file}");
    fs::write(folder.join("local.ron"), file).unwrap();
    let run = Command::new(PROGRAM)
        .args(["run", "--threads", "2"])
        .arg(folder.join("local.ron"))
        .env("ALPSCKPT_STATE", local.path().join("state"))
        .output();
    Answer::of(run.unwrap()).good();
    assert_same_maps(&maps_in(&folder.join("maps")), &maps_in(&local.path().join("maps")));
}
