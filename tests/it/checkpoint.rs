//! Links of a chain: interrupted anywhere, resumed from damaged files, on full disks: the maps stay the same bytes.

use std::sync::atomic::Ordering;

use alpsckpt::campaign::spec::Duration;
use alpsckpt::checkpoint::{
    ExitClass, Generation, GenerationNumber, LinkEnd, LinkNumber, LinkResume, Phase, Quicklook, Status,
};
use alpsckpt::durable::sealed;
use alpsckpt::engine::NUMERICS;

use crate::toy::{Site, Toy, options, patiently, undisturbed};

#[test]
fn an_undisturbed_run_makes_every_map_and_lets_the_blocks_go() {
    let site = Site::new();
    let outcome = site.run(&Toy::new(), &options());
    assert_eq!(outcome.class, ExitClass::Complete, "{}", outcome.message);
    let names: Vec<String> = site.maps().into_iter().map(|m| m.0).collect();
    assert_eq!(names, ["quotient_m01.tif", "svf.tif", "total_m01.tif"]);
    let parts = std::fs::read_dir(site.chain().parts()).unwrap();
    let mut left: Vec<_> = parts.map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    left.sort();
    assert_eq!(left, ["0001.index", "0001.inputs"]);
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
    // Without a walltime nothing is told of one.
    let told = &outcome.message;
    assert!(
        outcome.sealed.is_some() && told.contains("one new tile") && !told.contains("walltime"),
        "{told}"
    );
    let mut timed = options();
    timed.stop.deadline = std::time::Instant::now().checked_add(std::time::Duration::from_hours(1));
    let told = site.run_for(0, &timed).message;
    assert!(told.contains("even one new tile: a longer walltime"), "{told}");
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

#[test]
fn any_number_of_threads_gives_the_same_bytes() {
    let expected = undisturbed();
    for threads in [1, 3, 8] {
        let site = Site::new();
        let options = alpsckpt::job::RunOptions { threads, ..options() };
        assert_eq!(site.run(&Toy::new(), &options).class, ExitClass::Complete);
        assert_eq!(site.maps(), expected, "{threads} threads");
    }
}

#[test]
fn a_stop_at_any_step_also_while_finishing_is_resumed_without_doing_anything_twice() {
    let expected = undisturbed();
    for step in 0.. {
        let site = Site::new();
        let (first, last_step) = site.run_stopped_at_step(step);
        if last_step {
            assert_eq!(first.class, ExitClass::Complete, "{}", first.message);
            assert!(step > 12, "only {step} steps were reported");
            break;
        }
        assert!(
            matches!(first.class, ExitClass::Checkpointed | ExitClass::Complete),
            "step {step}: {}",
            first.message
        );
        let second = site.run(&Toy::new(), &options());
        assert_eq!(second.class, ExitClass::Complete, "step {step}: {}", second.message);
        assert_eq!(site.maps(), expected, "step {step}");
        let finished: usize = [1, 2].iter().map(|l| site.log(*l).matches("  Finished ").count()).sum();
        assert_eq!(finished, 3, "step {step}: each map is put together once");
    }
}

#[test]
fn a_block_damaged_after_it_was_verified_is_found_when_the_map_is_put_together() {
    let site = Site::new();
    let part = site.chain().part(LinkNumber(1), "total_m01");
    let spoiled = std::sync::atomic::AtomicBool::new(false);
    let outcome = site.run_telling(&Toy::new(), &options(), &|progress| {
        if progress.phase == Phase::Finishing && !spoiled.swap(true, Ordering::Relaxed) {
            let mut bytes = std::fs::read(&part).unwrap();
            bytes[5000] ^= 4;
            std::fs::write(&part, bytes).unwrap();
        }
    });
    assert_eq!(outcome.class, ExitClass::Complete, "{}", outcome.message);
    let resume: LinkResume = sealed::read(&site.chain().link_resume(LinkNumber(1))).unwrap();
    assert_eq!((resume.lost.len(), resume.lost[0].tiles), (1, 1));
    assert!(resume.lost[0].why.contains("0001.total_m01.part"), "{}", resume.lost[0].why);
    assert_eq!(site.maps(), undisturbed());
}

#[test]
fn three_manifests_stay_and_no_number_is_used_twice() {
    let site = Site::new();
    let mut options = options();
    options.spec.checkpoint_every = Duration::from_secs(0);
    let outcome = site.run_for(5, &options);
    assert_eq!(outcome.sealed, Some(GenerationNumber(5)));
    assert_eq!(site.generations(), ["000003.ron", "000004.ron", "000005.ron"]);
    // The newest is lost for good; its number is not given to another one.
    std::fs::write(site.chain().generation(GenerationNumber(5)), "").unwrap();
    options.stop = alpsckpt::job::Stop::default();
    assert_eq!(site.run_for(0, &options).sealed, Some(GenerationNumber(6)));
    assert_eq!(site.generations(), ["000004.ron", "000005.ron", "000006.ron"]);
}

#[test]
fn parts_that_no_generation_names_are_removed_once_another_link_has_sealed() {
    let site = Site::new();
    assert_eq!(site.run(&Toy::with(|t, _| assert!(t < 2, "dies")), &options()).class, ExitClass::Internal);
    assert!(site.chain().index(LinkNumber(1)).exists(), "a link that died leaves its parts");
    assert_eq!(site.run_for(1, &options()).class, ExitClass::Checkpointed);
    assert!(!site.chain().index(LinkNumber(1)).exists());
    assert!(site.chain().index(LinkNumber(2)).exists());
}

#[test]
fn a_checkpoint_of_another_spec_is_foreign_and_stays_untouched() {
    let site = Site::new();
    site.run_for(2, &options());
    let other = alpsckpt::job::RunOptions { spec_hash: "fedcba".to_owned(), ..options() };
    let outcome = site.run(&Toy::new(), &other);
    assert_eq!(outcome.class, ExitClass::Foreign);
    assert!(
        outcome.message.contains("000001.ron") && outcome.message.contains("fedcba"),
        "{}",
        outcome.message
    );
    assert_eq!(site.run(&Toy::new(), &options()).class, ExitClass::Complete);
    let outcome = site.run(&Toy::new(), &other);
    assert_eq!(outcome.class, ExitClass::Foreign, "{}", outcome.message);
}

#[test]
fn tiles_of_another_engine_are_not_resumed_and_the_chain_is_computed_anew() {
    let site = Site::new();
    site.run_for(4, &options());
    let newest = site.chain().generation(GenerationNumber(1));
    let mut generation: Generation = sealed::read(&newest).unwrap();
    assert_eq!(generation.numerics, NUMERICS);
    generation.numerics = NUMERICS + 6;
    sealed::replace(&newest, &generation).unwrap();
    let outcome = site.run(&Toy::new(), &options());
    assert_eq!(outcome.class, ExitClass::Complete, "{}", outcome.message);
    let resume: LinkResume = sealed::read(&site.chain().link_resume(LinkNumber(2))).unwrap();
    assert_eq!((resume.from, resume.tiles, resume.rejected.len()), (None, 0, 1));
    let why = format!("engine {}, this program has engine {NUMERICS}", NUMERICS + 6);
    assert!(resume.rejected[0].why.contains(&why), "{}", resume.rejected[0].why);
    assert!(
        site.log(2).contains(&why) && site.log(2).contains(&format!("engine {NUMERICS}, spec")),
        "{}",
        site.log(2)
    );
    assert_eq!(site.maps(), undisturbed());
}

#[test]
fn an_output_folder_that_cannot_be_made_is_named_with_a_cure() {
    let site = Site::new();
    std::fs::write(site.output(), "a file stands where the folder should be").unwrap();
    let outcome = site.run(&Toy::new(), &options());
    assert_eq!((outcome.link, outcome.class), (None, ExitClass::Output));
    let said = &outcome.message;
    assert!(said.contains("links: cannot create the folder") && said.contains("may be written"), "{said}");
}

#[test]
fn a_deadline_that_has_passed_lets_the_link_end_as_checkpointed_after_the_wait() {
    let site = Site::new();
    let mut options = options();
    let start = std::time::Instant::now();
    let not_before = start + std::time::Duration::from_millis(300);
    options.stop.deadline = Some(start);
    options.stop.not_before = Some(not_before);
    let phases = std::sync::Mutex::new(Vec::new());
    let outcome = site.run_telling(&Toy::new(), &options, &|p| phases.lock().unwrap().push(p.phase));
    assert_eq!(outcome.class, ExitClass::Checkpointed);
    assert!(std::time::Instant::now() >= not_before, "the batch system would not count this exit");
    assert_eq!(phases.into_inner().unwrap().last(), Some(&Phase::Waiting));
    assert!(outcome.message.contains("the walltime is near"), "{}", outcome.message);
}

#[test]
fn the_heart_beats_while_a_tile_computes_and_the_picture_fills() {
    let site = Site::new();
    let (release, wait) = std::sync::mpsc::channel::<()>();
    let wait = std::sync::Mutex::new(wait);
    let toy = Toy::with(move |tile, _| {
        if tile == 1 {
            wait.lock().unwrap().recv().unwrap();
        }
    });
    // A failed assertion drops `release`, which lets the link go on: a failure does not become a hang.
    let (site, toy) = (&site, &toy);
    std::thread::scope(move |scope| {
        let link = scope.spawn(|| site.run(toy, &options()));
        let seen = |what: &dyn Fn(&Status) -> bool| {
            patiently(|| Status::read(&site.chain().status(LinkNumber(1))).ok().filter(|s| what(s)))
        };
        let first = seen(&|s| s.phase == Phase::Computing && s.tiles == 1);
        let later = seen(&|s| s.counter >= first.counter + 2);
        assert_eq!((later.tiles, later.total), (1, 6));
        let filled = |q: &Quicklook| q.values.iter().any(|v| v.is_finite());
        let look =
            patiently(|| Quicklook::read(&site.chain().quicklook(LinkNumber(1))).ok().filter(|q| filled(q)));
        assert_eq!((look.layer.as_str(), look.width, look.height), ("quotient_m01", 70, 50));
        let outside = look.values.chunks(70).flat_map(|row| &row[32..]);
        assert!(outside.into_iter().all(|v| v.is_nan()), "tile 0 is there, tile 1 is not");
        release.send(()).unwrap();
        assert_eq!(link.join().unwrap().class, ExitClass::Complete);
    });
    let end = Status::read(&site.chain().status(LinkNumber(1))).unwrap();
    assert_eq!((end.tiles, end.sealed_tiles), (6, 6));
}

#[test]
fn the_picture_is_there_again_after_a_resume() {
    let (whole, cut) = (Site::new(), Site::new());
    whole.run(&Toy::new(), &options());
    cut.run_for(4, &options());
    cut.run(&Toy::new(), &options());
    let look =
        |site: &Site, link| Quicklook::read(&site.chain().quicklook(LinkNumber(link))).unwrap().encode();
    assert_eq!(look(&whole, 1), look(&cut, 2));
}

#[test]
fn a_pace_that_would_take_for_ever_is_left_at_once_on_a_stop() {
    let site = Site::new();
    let mut options = options();
    options.spec.pace = Some("0.0001 tiles/min".parse().unwrap());
    let outcome = site.run_telling(&Toy::new(), &options, &|progress| {
        if progress.tiles == 1 {
            options.stop.asked.store(true, Ordering::Relaxed);
        }
    });
    assert_eq!(outcome.class, ExitClass::Checkpointed);
    // The tile that was computed meanwhile is not thrown away.
    assert!(outcome.message.contains("2 of 6 tiles"), "{}", outcome.message);
}
