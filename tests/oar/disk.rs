//! The shared disk is full.

use std::fs::File;
use std::io::{ErrorKind, Write};

use alpsckpt::checkpoint::{CampaignDir, ChainId, ExitClass};

use crate::place::{PACED, Place, SAFE, begins, completes, is_complete, seals, until};

pub(crate) fn full(place: &Place) {
    let output = format!("/shared/small/{}", std::process::id());
    let outside = place.outside(&output);
    for earlier in std::fs::read_dir(outside.parent().unwrap()).unwrap() {
        let earlier = earlier.unwrap().path();
        std::fs::remove_dir_all(&earlier).or_else(|_| std::fs::remove_file(&earlier)).unwrap();
    }
    place.campaign(&output, &[PACED, SAFE]);
    let file = format!("{}.ron", std::process::id());
    place.ask(&["submit", &file, "--cluster", "oar"]).good();
    let chain = CampaignDir::new(&outside).chain(&ChainId::parse("m06").unwrap());
    begins(&chain, 1);
    seals(&chain);
    let filler = outside.with_extension("filler");
    fill(&filler);

    // There is no room for a last word: OAR has the exit code.
    let ended = || place.jobs_at(&output).into_iter().find(|job| job.state == "Terminated");
    let job = until("the end of the job", 3000, ended);
    assert_eq!(job.exit, i64::from(ExitClass::DiskFull.code()) << 8, "{job:?}");
    // A session that cannot write its journal shows what it sees; who acts is told why nothing is done, and nothing is.
    let status = place.ask(&["status", &output]);
    assert!(status.good().stdout.contains("disk full"), "{status}");
    place.ask(&["resubmit", "m06", "--campaign", &output]).failed(73, &["No space left on device"]);
    assert_eq!(place.jobs_at(&output).len(), 1);
    std::fs::remove_file(&filler).unwrap();
    let status = place.reaches(&output, "Failed");
    assert_eq!(status["failure"]["class"], "disk full", "{status}");
    assert!(status["sealed_tiles"].as_u64() > Some(0), "{status}");

    place.ask(&["resubmit", "m06", "--campaign", &output]).good();
    completes(&chain);
    is_complete(&place.reaches(&output, "Complete"));
    place.has_maps_of_a_local_run(&outside, &[]);
    assert_eq!(place.jobs_at(&output).len(), 2);
    std::fs::remove_dir_all(&outside).unwrap();
}

/// Writes until there is no room for a byte.
fn fill(file: &std::path::Path) {
    let mut file = File::create(file).unwrap();
    for size in [1 << 20, 4096, 1] {
        let block = vec![0; size];
        loop {
            match file.write(&block) {
                Ok(_) => {}
                Err(e) if e.kind() == ErrorKind::StorageFull => break,
                Err(e) => panic!("{e}"),
            }
        }
    }
}
