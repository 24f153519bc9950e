//! Files of a chain cut, bit-flipped or zero-filled between two links: detected, named, never a wrong map.

use std::path::{Path, PathBuf};

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

/// The files that a resume depends on, with the generation that is left when they are damaged.
fn counted_files(site: &Site) -> Vec<(PathBuf, Option<GenerationNumber>)> {
    let (dir, first) = (site.chain(), Some(GenerationNumber(1)));
    let mut files = vec![(dir.generation(GenerationNumber(2)), first)];
    for (link, left) in [(1, None), (2, first)] {
        files.push((dir.index(LinkNumber(link)), left));
        for layer in ["svf", "total_m01", "quotient_m01"] {
            files.push((dir.part(LinkNumber(link), layer), left));
        }
    }
    files
}

fn cases(count: u32) -> TestRunner {
    TestRunner::new(ProptestConfig { cases: count, failure_persistence: None, ..ProptestConfig::default() })
}

#[test]
fn a_damaged_checkpoint_is_rejected_and_named_and_the_previous_generation_used() {
    let (base, expected) = (two_links(), undisturbed());
    let test = |(which, harm): (prop::sample::Index, Harm)| {
        let site = copy_of(&base);
        let files = counted_files(&site);
        let (file, left) = which.get(&files);
        prop_assume!(apply(harm, file));
        let outcome = site.run(&Toy::new(), &options());
        prop_assert_eq!(outcome.class, ExitClass::Complete, "{}", outcome.message);
        prop_assert!(site.maps() == expected, "the maps differ");
        let resume: LinkResume = sealed::read(&site.chain().link_resume(LinkNumber(3))).unwrap();
        prop_assert_eq!(resume.from, *left);
        let name = file.file_name().unwrap().to_str().unwrap().to_owned();
        prop_assert!(resume.rejected.iter().all(|r| r.why.contains(&name)), "{:?}", resume.rejected);
        prop_assert_eq!(resume.rejected.len(), if left.is_some() { 1 } else { 2 });
        Ok(())
    };
    cases(60).run(&(any::<prop::sample::Index>(), harms()), test).unwrap();
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
