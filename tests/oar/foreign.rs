//! A program that cannot save itself, on real nodes: SAGA, as alice, by CRIU without any privilege.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use crate::place::{Place, SAFE, begins, completes, is_complete, link_ends, until};
use crate::support;

const SUBMIT: [&str; 4] = ["submit", "out.ron", "--cluster", "oar"];
const CHECKPOINT: [&str; 4] = ["checkpoint", "m06", "--campaign", "out"];
/// SAGA on the hosts: they have this machine's Debian, but neither it nor its libraries.
const SAGA: &str = "/shared/saga";

/// The sky view of a tile, in three jobs on two nodes at least, is that of an uninterrupted run to the byte.
pub(crate) fn hops(place: &Place) {
    let test = format!("oar_{}::saga_hops_between_nodes", place.cluster.version.replace('.', "_"));
    if !support::have_programs(&test, &["saga_cmd", "gdal_translate"]) {
        return;
    }
    let Some(kit) = support::kit_of_tests(&test) else { return };
    let saga = place.outside(SAGA);
    carry_saga(&saga);
    run(Command::new("cp").arg("-a").args([&kit, &place.here("kit")]));
    let dem = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/alps256/dem.tif");
    let grid = place.here("dem.sdat");
    run(Command::new("gdal_translate").args(["-q", "-of", "SAGA"]).args([&dem, &grid]));
    let words = |dem: &str, svf: &str| {
        format!(
            "[\"{SAGA}/saga_cmd\", \"-c=1\", \"ta_lighting\", \"3\", \"-DEM\", \"{dem}\", \"-SVF\", \"{svf}\", \"-NDIRS\", \"64\", \"-RADIUS\", \"5000\"]"
        )
    };
    let site = SAFE.trim_end_matches(',');
    fs::write(
        place.here("out.ron"),
        format!(
            "(version: 1, name: \"sky\", output: \"out\", months: [6], walltime: \"00:02:10\", margin: \"00:01:00\", threads: 1, {site},
              workload: Command(run: Program({}), inputs: [\"dem.sgrd\", \"dem.sdat\"], outputs: [\"svf.sdat\"], trial: false,
                environment: {{\"LD_LIBRARY_PATH\": \"{SAGA}\", \"SAGA_TLB\": \"{SAGA}/tools\"}}, kit: Some(\"kit\")))",
            words("{folder}/dem.sgrd", "{output}/svf.sgrd")
        ),
    )
    .unwrap();
    // Whoever ends badly is not begun again.
    fs::write(
        place.here("bad.ron"),
        format!(
            "(version: 1, name: \"bad\", output: \"bad\", months: [6], walltime: \"00:02:10\", margin: \"00:01:00\", threads: 1, {site},
              workload: Command(run: Shell(\"sleep 2; (exit 5)\"), kit: Some(\"kit\")))"
        ),
    )
    .unwrap();
    place.hand_over();
    place.ask(&["submit", "bad.ron", "--cluster", "oar"]).good();
    // Who drains nodes does so alone: another would let them go.
    let alone = place.cluster.alone();
    place.ask(&SUBMIT).good();
    let chain = place.chain("out", "m06");
    let said =
        || fs::metadata(chain.program_log(begins(&chain, 1).link, "out")).map_or(0, |facts| facts.len());
    // Each link is asked to checkpoint in the middle of SAGA's work, and begins on another node.
    for (link, enough) in [(1, 1200), (2, 2000)] {
        let node = begins(&chain, link).node;
        until("SAGA's getting on", 100, || (said() >= enough).then_some(()));
        place.ask(&CHECKPOINT).good();
        place.cluster.drain(&node, true);
        let end = link_ends(&chain, link);
        assert!(end.message.contains("with the program sealed"), "{}", end.message);
        let next = begins(&chain, link + 1).node;
        place.cluster.drain(&node, false);
        assert_ne!(node, next);
    }
    drop(alone);
    completes(&chain);
    let status = place.reaches("out", "Complete");
    is_complete(&status);
    let links = status["links"].as_array().unwrap();
    let nodes: BTreeSet<&str> = links.iter().map(|link| link["node"].as_str().unwrap()).collect();
    assert!(links.len() >= 3 && nodes.len() >= 2 && status["hops"].as_u64() >= Some(2), "{status}");
    assert_eq!(status["attempts"], 1, "{status}");
    let jobs = place.jobs_of("out");
    assert_eq!(jobs.iter().map(|job| job.exit).collect::<Vec<_>>(), [99 << 8, 99 << 8, 0], "{jobs:?}");
    assert!(jobs.iter().all(|job| job.user == "alice"), "{jobs:?}");
    // The same without a job, a dump or a hop.
    let whole = place.here("whole.sgrd");
    run(Command::new("saga_cmd")
        .args(["-c=1", "ta_lighting", "3", "-NDIRS", "64", "-RADIUS", "5000", "-DEM"])
        .arg(place.here("dem.sgrd"))
        .arg("-SVF")
        .arg(&whole));
    let same = fs::read(place.here("out/results/svf.sdat")).unwrap()
        == fs::read(whole.with_extension("sdat")).unwrap();
    assert!(same, "not the map of an uninterrupted run");

    let bad = place.reaches("bad", "Failed");
    assert!(bad["failure"]["cause"].as_str().unwrap().contains("exit status 5"), "{bad}");
    let jobs = place.jobs_of("bad");
    assert_eq!(jobs.iter().map(|job| job.exit).collect::<Vec<_>>(), [5 << 8], "{jobs:?}");
}

/// Lays this machine's SAGA with its libraries and tools where the hosts see it.
fn carry_saga(to: &Path) {
    if to.join("complete").exists() {
        return;
    }
    fs::create_dir_all(to.join("tools")).unwrap();
    let listed = Command::new("ldd").arg("/usr/bin/saga_cmd").output().unwrap();
    let listed = String::from_utf8(listed.stdout).unwrap();
    let tools = "/usr/lib/x86_64-linux-gnu/saga/libta_lighting.so";
    let also = String::from_utf8(Command::new("ldd").arg(tools).output().unwrap().stdout).unwrap();
    // The C library is the hosts' own.
    let own = ["libc.so", "libm.so", "libpthread", "libdl", "librt", "ld-linux", "linux-vdso"];
    let libraries = listed
        .lines()
        .chain(also.lines())
        .filter_map(|line| line.split_whitespace().find(|word| word.starts_with('/')));
    for library in libraries.filter(|path| !own.iter().any(|own| path.contains(own))) {
        run(Command::new("cp").arg("-L").arg(library).arg(to));
    }
    run(Command::new("cp").arg("/usr/bin/saga_cmd").arg(to));
    run(Command::new("cp").arg(tools).arg(to.join("tools")));
    run(Command::new("chmod").args(["-R", "a+rX"]).arg(to));
    fs::write(to.join("complete"), "").unwrap();
}

fn run(command: &mut Command) {
    let output = command.output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&said));
}
