//! Files of a chain cut, bit-flipped or zero-filled between two links: detected, named, never a wrong map.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use alpsckpt::checkpoint::form::FORM;
use alpsckpt::checkpoint::{
    Complete, ExitClass, Generation, GenerationNumber, LinkNumber, LinkResume, LinkStart,
};
use alpsckpt::durable::sealed;
use proptest::prelude::*;
use proptest::test_runner::TestRunner;

use crate::support::{contents, copy_all};
use crate::toy::{Site, Toy, options, undisturbed};

/// What happens to a file, at a fraction of its length.
#[derive(Debug, Clone, Copy)]
enum Harm {
    Cut(f64),
    Flip(f64, u8),
    Zero(f64, usize),
}

fn harms() -> impl Strategy<Value = Harm> {
    prop_oneof![
        (0.0..1.0).prop_map(Harm::Cut),
        (0.0..1.0, 0_u8..8).prop_map(|(at, bit)| Harm::Flip(at, bit)),
        (0.0..1.0, 1_usize..5000).prop_map(|(at, length)| Harm::Zero(at, length)),
    ]
}

/// Harms a file; `false` when that leaves it as it was (zeros where zeros stood).
fn apply(harm: Harm, path: &Path) -> bool {
    let before = std::fs::read(path).unwrap();
    let mut bytes = before.clone();
    let place = |at: f64| (at * before.len() as f64) as usize;
    match harm {
        Harm::Cut(at) => bytes.truncate(place(at)),
        Harm::Flip(at, bit) => bytes[place(at)] ^= 1 << bit,
        Harm::Zero(at, length) => bytes.iter_mut().skip(place(at)).take(length).for_each(|b| *b = 0),
    }
    std::fs::write(path, &bytes).unwrap();
    bytes != before
}

fn copy_of(site: &Site) -> Site {
    let copy = Site::new();
    copy_all(&site.output(), &copy.output());
    copy
}

/// Two links of two tiles each, with a generation each.
fn two_links() -> Site {
    let site = Site::new();
    assert_eq!(site.run_for(2, &options()).sealed, Some(GenerationNumber(1)));
    assert_eq!(site.run_for(2, &options()).sealed, Some(GenerationNumber(2)));
    site
}

/// The files of parts of both links, each with its link.
fn part_files(site: &Site) -> Vec<(PathBuf, LinkNumber)> {
    let dir = site.chain();
    let of_link = |link| {
        let parts = ["svf", "total_m01", "quotient_m01"].map(|layer| dir.part(link, layer));
        parts.into_iter().chain([dir.index(link)]).map(move |path| (path, link)).collect::<Vec<_>>()
    };
    [LinkNumber(1), LinkNumber(2)].into_iter().flat_map(of_link).collect()
}

fn cases(count: u32) -> TestRunner {
    TestRunner::new(ProptestConfig { cases: count, failure_persistence: None, ..ProptestConfig::default() })
}

/// Runs a third link to the end; what it found, with the tiles that it computed.
fn third(site: &Site, expected: &[(String, Vec<u8>)]) -> Result<(LinkResume, Vec<u64>), TestCaseError> {
    let computed = Arc::new(Mutex::new(Vec::new()));
    let noted = Arc::clone(&computed);
    let outcome = site.run(&Toy::with(move |tile, _| noted.lock().unwrap().push(tile)), &options());
    prop_assert_eq!(outcome.class, ExitClass::Complete, "{}", outcome.message);
    prop_assert!(site.maps() == expected, "the maps differ");
    let resume: LinkResume = sealed::read(&site.chain().link_resume(LinkNumber(3))).unwrap();
    let mut computed = computed.lock().unwrap().clone();
    computed.sort_unstable();
    Ok((resume, computed))
}

#[test]
fn a_damaged_or_lost_file_of_parts_costs_its_own_tiles_and_no_others() {
    let (base, expected) = (two_links(), undisturbed());
    let lost = harms().prop_map(Some).boxed().prop_union(Just(None).boxed());
    let test = |(which, harm): (prop::sample::Index, Option<Harm>)| {
        let site = copy_of(&base);
        let files = part_files(&site);
        let (file, link) = which.get(&files);
        match harm {
            Some(harm) => prop_assume!(apply(harm, file)),
            None => std::fs::remove_file(file).unwrap(),
        }
        let (resume, computed) = third(&site, &expected)?;
        // Of the second generation, whatever happened to the files of either link; tiles 0 and 1 are the first's.
        prop_assert_eq!(resume.from, Some(GenerationNumber(2)));
        prop_assert_eq!(resume.rejected, vec![]);
        let again: Vec<u64> = computed.into_iter().filter(|tile| *tile < 4).collect();
        let of_link = if *link == LinkNumber(1) { 0..2 } else { 2..4 };
        prop_assert!(!again.is_empty() && again.iter().all(|tile| of_link.contains(tile)), "{:?}", again);
        if harm.is_none() {
            prop_assert_eq!(again.len(), 2, "all of the file that is gone");
        }
        prop_assert_eq!(resume.tiles, 4 - again.len() as u64);
        let name = file.file_name().unwrap().to_str().unwrap();
        let [lost] = resume.lost.as_slice() else { panic!("{:?}", resume.lost) };
        prop_assert!(lost.why.contains(name) && lost.tiles == again.len() as u64, "{:?}", lost);
        prop_assert!(site.log(3).contains(&lost.why), "{}", site.log(3));
        Ok(())
    };
    cases(60).run(&(any::<prop::sample::Index>(), lost), test).unwrap();
}

#[test]
fn a_damaged_manifest_is_rejected_and_named_and_the_previous_generation_used() {
    let (base, expected) = (two_links(), undisturbed());
    let test = |harm: Harm| {
        let site = copy_of(&base);
        prop_assume!(apply(harm, &site.chain().generation(GenerationNumber(2))));
        let (resume, computed) = third(&site, &expected)?;
        prop_assert_eq!((resume.from, resume.tiles), (Some(GenerationNumber(1)), 2));
        prop_assert_eq!((computed, resume.lost), (vec![2, 3, 4, 5], vec![]));
        prop_assert!(resume.rejected.len() == 1 && resume.rejected[0].why.contains("000002.ron"));
        Ok(())
    };
    cases(12).run(&harms(), test).unwrap();
}

#[test]
fn what_is_lost_of_an_earlier_link_while_a_link_runs_is_computed_again_and_no_more() {
    let expected = undisturbed();
    // Noticed when the next generation is sealed, or when the maps are put together.
    for every in [0, 900] {
        let site = Site::new();
        assert_eq!(site.run_for(2, &options()).sealed, Some(GenerationNumber(1)));
        let (dir, computed) = (site.chain(), Arc::new(Mutex::new(Vec::new())));
        let noted = Arc::clone(&computed);
        let toy = Toy::with(move |tile, _| {
            if tile == 3 {
                for layer in ["svf", "total_m01", "quotient_m01"] {
                    std::fs::remove_file(dir.part(LinkNumber(1), layer)).unwrap();
                }
            }
            noted.lock().unwrap().push(tile);
        });
        let mut options = options();
        options.spec.checkpoint_every = alpsckpt::campaign::spec::Duration::from_secs(every);
        let outcome = site.run(&toy, &options);
        assert_eq!(outcome.class, ExitClass::Complete, "{}", outcome.message);
        assert_eq!(site.maps(), expected);
        assert_eq!(*computed.lock().unwrap(), [2, 3, 4, 5, 0, 1], "sealed every {every} s");
        let resume: LinkResume = sealed::read(&site.chain().link_resume(LinkNumber(2))).unwrap();
        assert_eq!(resume.lost.iter().map(|lost| lost.tiles).collect::<Vec<_>>(), [2, 2, 2]);
        assert!(resume.lost[1].why.contains("0001.svf.part"), "{:?}", resume.lost);
    }
}

#[test]
fn a_link_whose_own_files_are_gone_stops_and_says_so_and_the_next_keeps_what_is_left() {
    let expected = undisturbed();
    for replaced in [false, true] {
        let site = Site::new();
        assert_eq!(site.run_for(2, &options()).sealed, Some(GenerationNumber(1)));
        let part = site.chain().part(LinkNumber(2), "total_m01");
        let of_toy = part.clone();
        let toy = Toy::with(move |tile, _| {
            if tile == 4 {
                std::fs::remove_file(&of_toy).unwrap();
                if replaced {
                    std::fs::write(&of_toy, "another file").unwrap();
                }
            }
        });
        let outcome = site.run(&toy, &options());
        assert_eq!((outcome.class, outcome.sealed), (ExitClass::Output, Some(GenerationNumber(1))));
        assert!(outcome.message.contains("0002.total_m01.part: gone"), "{}", outcome.message);
        assert!(outcome.message.contains("resubmit"), "{}", outcome.message);
        let (resume, computed) = third(&site, &expected).unwrap();
        assert_eq!((resume.tiles, computed), (2, vec![2, 3, 4, 5]));
    }
}

#[test]
fn a_link_whose_folder_is_gone_stops_and_does_not_make_it_again() {
    // The last: removed while the maps are put together.
    for (at, stop) in [(1, false), (3, true), (u64::MAX, false)] {
        let site = Site::new();
        let (output, options) = (site.output(), options());
        // The heartbeat may put a file into a folder that is just being removed.
        let not_empty = |e: &std::io::Error| e.kind() == std::io::ErrorKind::DirectoryNotEmpty;
        let remove = move || while std::fs::remove_dir_all(&output).is_err_and(|e| not_empty(&e)) {};
        let (of_toy, asked) = (remove.clone(), options.stop.asked.clone());
        let toy = Toy::with(move |tile, _| {
            if tile == at {
                of_toy();
                asked.store(stop, std::sync::atomic::Ordering::Relaxed);
            }
        });
        let removed = std::sync::Once::new();
        let outcome = site.run_telling(&toy, &options, &|progress| {
            if at == u64::MAX && progress.phase == alpsckpt::checkpoint::Phase::Finishing {
                removed.call_once(&remove);
            }
        });
        assert_eq!(outcome.class, ExitClass::Output, "{}", outcome.message);
        assert!(
            outcome.message.contains("gone") && outcome.message.contains("clean-up"),
            "{}",
            outcome.message
        );
        assert!(!site.output().exists(), "tile {at}: the folder grew again");
    }
}

#[test]
fn a_disk_that_loses_the_same_tile_again_and_again_is_given_up() {
    let site = Site::new();
    let part = site.chain().part(LinkNumber(1), "svf");
    let computed = Arc::new(Mutex::new(0));
    let noted = Arc::clone(&computed);
    let outcome =
        site.run_telling(&Toy::with(move |_, _| *noted.lock().unwrap() += 1), &options(), &|progress| {
            if progress.phase == alpsckpt::checkpoint::Phase::Finishing {
                let zeros = vec![0; std::fs::metadata(&part).unwrap().len() as usize];
                std::fs::write(&part, zeros).unwrap();
            }
        });
    assert_eq!(outcome.class, ExitClass::Output, "{}", outcome.message);
    assert!(outcome.message.contains("does not give back") && outcome.message.contains("0001.svf.part"));
    assert_eq!(*computed.lock().unwrap(), 18, "each tile three times");
}

#[test]
fn every_generation_damaged_means_beginning_anew_with_a_higher_number() {
    let site = two_links();
    for number in [1, 2] {
        assert!(apply(Harm::Zero(0.0, 9), &site.chain().generation(GenerationNumber(number))));
    }
    let outcome = site.run_for(1, &options());
    assert_eq!(outcome.sealed, Some(GenerationNumber(3)), "{}", outcome.message);
    assert_eq!(site.run(&Toy::new(), &options()).class, ExitClass::Complete);
    assert_eq!(site.maps(), undisturbed());
}

#[test]
fn a_chain_that_a_later_program_went_on_with_is_refused_before_a_link_begins() {
    let base = two_links();
    let dir = base.chain();
    let start: LinkStart = sealed::read(&dir.link_start(LinkNumber(2))).unwrap();
    let later = LinkStart { form: FORM + 1, program: "9.1.0".to_owned(), ..start };
    let generation: Generation = sealed::read(&dir.generation(GenerationNumber(2))).unwrap();
    let sealed_later = Generation { form: FORM + 1, written_by: "9.1.0".to_owned(), ..generation };
    for which in [0, 1] {
        let site = copy_of(&base);
        let dir = site.chain();
        match which {
            0 => sealed::replace(&dir.link_start(LinkNumber(2)), &later).unwrap(),
            _ => sealed::replace(&dir.generation(GenerationNumber(2)), &sealed_later).unwrap(),
        }
        let before = contents(&site.output());
        let outcome = site.run(&Toy::new(), &options());
        assert_eq!((outcome.class, outcome.link), (ExitClass::Foreign, None), "{}", outcome.message);
        assert!(outcome.message.contains("use alpsckpt 9.1.0 or newer"), "{}", outcome.message);
        assert_eq!(contents(&site.output()), before);
    }
    // Finished by a later one: its record is not thrown away, nor its maps.
    assert_eq!(base.run(&Toy::new(), &options()).class, ExitClass::Complete);
    let complete: Complete = sealed::read(&dir.complete()).unwrap();
    sealed::replace(&dir.complete(), &Complete { form: FORM + 1, ..complete }).unwrap();
    let before = (contents(&dir.parts()), std::fs::read(dir.complete()).unwrap(), base.maps());
    let outcome = base.run(&Toy::new(), &options());
    assert_eq!(outcome.class, ExitClass::Foreign, "{}", outcome.message);
    assert_eq!((contents(&dir.parts()), std::fs::read(dir.complete()).unwrap(), base.maps()), before);
}

#[test]
fn damaged_records_of_links_and_status_change_nothing() {
    let (base, expected) = (two_links(), undisturbed());
    let test = |(which, harm): (prop::sample::Index, Harm)| {
        let site = copy_of(&base);
        let (dir, link) = (site.chain(), LinkNumber(2));
        let files = [
            dir.link_start(link),
            dir.link_resume(link),
            dir.link_end(link),
            dir.status(link),
            dir.quicklook(link),
            dir.log(link),
        ];
        apply(harm, which.get::<PathBuf>(&files));
        let outcome = site.run(&Toy::new(), &options());
        prop_assert_eq!(outcome.class, ExitClass::Complete, "{}", outcome.message);
        prop_assert_eq!(outcome.link, Some(LinkNumber(3)));
        prop_assert!(site.maps() == expected, "the maps differ");
        Ok(())
    };
    cases(12).run(&(any::<prop::sample::Index>(), harms()), test).unwrap();
}

#[test]
fn a_damaged_map_or_record_of_a_complete_chain_is_found_and_made_anew() {
    let (base, expected) = (two_links(), undisturbed());
    assert_eq!(base.run(&Toy::new(), &options()).class, ExitClass::Complete);
    let record = base.chain().complete();
    let before: Complete = sealed::read(&record).unwrap();
    let test = |(which, harm): (prop::sample::Index, Harm)| {
        let site = copy_of(&base);
        let mut files: Vec<PathBuf> = expected.iter().map(|m| site.campaign().maps().join(&m.0)).collect();
        files.push(site.chain().complete());
        let file = which.get(&files);
        prop_assume!(apply(harm, file));
        let outcome = site.run(&Toy::new(), &options());
        prop_assert_eq!(outcome.class, ExitClass::Complete, "{}", outcome.message);
        let name = file.file_name().unwrap().to_str().unwrap().to_owned();
        prop_assert!(site.log(4).contains(&name), "{}", site.log(4));
        prop_assert!(site.maps() == expected, "the maps differ");
        let after: Complete = sealed::read(&site.chain().complete()).unwrap();
        prop_assert_eq!(&after.blocks, &before.blocks);
        Ok(())
    };
    cases(20).run(&(any::<prop::sample::Index>(), harms()), test).unwrap();
}
