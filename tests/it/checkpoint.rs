//! Links of a chain: interrupted anywhere, resumed from damaged files, on full disks: the maps stay the same bytes.

use std::sync::atomic::Ordering;

use alpsckpt::checkpoint::{ExitClass, LinkEnd, LinkNumber, LinkResume};
use alpsckpt::durable::sealed;

use crate::toy::{Site, Toy, options, undisturbed};

#[test]
fn an_undisturbed_run_makes_every_map_and_lets_the_blocks_go() {
    let site = Site::new();
    let outcome = site.run(&Toy::new(), &options());
    assert_eq!(outcome.class, ExitClass::Complete, "{}", outcome.message);
    let names: Vec<String> = site.maps().into_iter().map(|m| m.0).collect();
    assert_eq!(names, ["quotient_m01.tif", "svf.tif", "total_m01.tif"]);
    let parts = std::fs::read_dir(site.chain().parts()).unwrap();
    let left: Vec<_> = parts.map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    assert_eq!(left, ["0001.index"]);
    let end: LinkEnd = sealed::read(&site.chain().link_end(LinkNumber(1))).unwrap();
    assert_eq!((end.class, end.tiles), (ExitClass::Complete, 6));
}

#[test]
fn an_interruption_at_every_tile_boundary_gives_the_same_bytes() {
    let expected = undisturbed();
    for boundary in 0..6 {
        let site = Site::new();
        let first = site.run_for(boundary, &options());
        assert_eq!(first.class, ExitClass::Checkpointed, "{}", first.message);
        let second = site.run(&Toy::new(), &options());
        assert_eq!(second.class, ExitClass::Complete, "{}", second.message);
        let resume: LinkResume = sealed::read(&site.chain().link_resume(LinkNumber(2))).unwrap();
        assert_eq!((resume.from, resume.tiles), (first.sealed, boundary));
        assert_eq!(site.maps(), expected);
    }
}

#[test]
fn a_completed_chain_is_verified_and_not_computed_again() {
    let site = Site::new();
    assert_eq!(site.run(&Toy::new(), &options()).class, ExitClass::Complete);
    let again = site.run(&Toy::with(|tile, _| panic!("tile {tile} computed")), &options());
    assert_eq!(again.class, ExitClass::Complete, "{}", again.message);
    assert!(again.message.contains("complete already"), "{}", again.message);
}

#[test]
fn a_stop_asked_before_the_first_tile_still_seals_and_says_that_nothing_was_done() {
    let site = Site::new();
    let outcome = site.run_for(0, &options());
    assert_eq!(outcome.class, ExitClass::Checkpointed);
    assert!(outcome.sealed.is_some() && outcome.message.contains("even one new tile"), "{}", outcome.message);
    let options = options();
    options.stop.asked.store(true, Ordering::Relaxed);
    assert_eq!(site.run(&Toy::new(), &options).class, ExitClass::Checkpointed);
}

#[test]
fn a_panic_of_the_workload_is_a_recorded_defect() {
    let site = Site::new();
    let outcome = site.run(&Toy::with(|tile, _| assert!(tile < 3, "tile three hurts")), &options());
    assert_eq!(outcome.class, ExitClass::Internal);
    let end: LinkEnd = sealed::read(&site.chain().link_end(LinkNumber(1))).unwrap();
    assert!(end.message.contains("tile three hurts"), "{}", end.message);
    assert_eq!(site.run(&Toy::new(), &options()).class, ExitClass::Complete);
    assert_eq!(site.maps(), undisturbed());
}
