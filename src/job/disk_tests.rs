//! A link on a shared disk that fails for a moment, or for long.

use nix::errno::Errno::{self, EAGAIN, EIO, ESTALE, ETIMEDOUT};

use self::toy::{Site, Toy, options, undisturbed};
use crate::campaign::spec::Duration;
use crate::checkpoint::ExitClass;
use crate::durable::faults::{self, Planned, Step};

#[allow(dead_code)]
#[path = "../../tests/it/toy.rs"]
mod toy;

/// Sealed after each tile.
fn eager() -> crate::job::RunOptions {
    let mut options = options();
    options.spec.checkpoint_every = Duration::from_secs(0);
    options
}

fn plan(site: &Site, step: Step, error: Errno, after: u64, times: u64) -> Planned {
    faults::plan(&site.output(), step, error, after, times)
}

/// One error at any step of a link costs it nothing.
#[test]
fn an_error_that_passes_ends_no_link() {
    let expected = undisturbed();
    let steps = {
        let site = Site::new();
        let counted = plan(&site, Step::Any, ESTALE, u64::MAX, 0);
        assert_eq!(site.run(&Toy::new(), &options()).class, ExitClass::Complete);
        counted.met()
    };
    assert!(steps > 40, "{steps} steps");
    let errors = [ESTALE, EIO, EAGAIN, ETIMEDOUT];
    for (after, error) in (0..steps).step_by(3).zip(errors.iter().cycle()) {
        let site = Site::new();
        let _planned = plan(&site, Step::Any, *error, after, 1);
        let outcome = site.run(&Toy::new(), &options());
        assert_eq!(outcome.class, ExitClass::Complete, "{error} after {after}: {}", outcome.message);
        assert!(site.maps() == expected, "{error} after {after}");
    }
}

/// A disk that stays away ends the link. Where it had sealed new tiles the batch system makes the next one, otherwise a person is
/// needed; once the disk is back the chain goes on from what was sealed.
#[test]
fn a_disk_that_stays_away_costs_nothing_sealed() {
    let expected = undisturbed();
    let mut classes = Vec::new();
    for after in [0, 30, 90] {
        let site = Site::new();
        let planned = plan(&site, Step::Any, ESTALE, after, u64::MAX);
        let outcome = site.run(&Toy::new(), &eager());
        drop(planned);
        assert!(outcome.message.contains("Stale"), "after {after}: {}", outcome.message);
        classes.push(outcome.class);
        let next = site.run(&Toy::new(), &eager());
        assert_eq!(next.class, ExitClass::Complete, "after {after}: {}", next.message);
        assert!(site.maps() == expected, "after {after}");
    }
    assert_eq!(classes[0], ExitClass::Output, "nothing was sealed: the same would come again and again");
    assert!(classes.contains(&ExitClass::Checkpointed), "{classes:?}");
    assert!(classes.iter().all(|c| [ExitClass::Output, ExitClass::Checkpointed].contains(c)), "{classes:?}");
}

/// What a disk refuses to append may have taken earlier bytes along: the link does not trust the file any more.
#[test]
fn a_link_whose_appends_fail_is_followed_by_one_that_verifies() {
    let expected = undisturbed();
    for (after, class) in [(0, ExitClass::Output), (30, ExitClass::Checkpointed)] {
        let site = Site::new();
        let planned = plan(&site, Step::Append, EIO, after, 1);
        let outcome = site.run(&Toy::new(), &eager());
        assert_eq!(outcome.class, class, "after {after}: {}", outcome.message);
        drop(planned);
        assert_eq!(site.run(&Toy::new(), &eager()).class, ExitClass::Complete);
        assert!(site.maps() == expected, "after {after}");
    }
}

/// Status, picture and log are for people: a link does without them.
#[test]
fn a_link_does_without_the_files_that_nothing_depends_on() {
    let expected = undisturbed();
    let site = Site::new();
    std::fs::create_dir_all(site.chain().path()).unwrap();
    for folder in ["status", "logs"] {
        std::fs::write(site.chain().path().join(folder), "no folder").unwrap();
    }
    std::fs::write(site.output().join("pictures"), "no folder").unwrap();
    let outcome = site.run(&Toy::new(), &options());
    assert_eq!(outcome.class, ExitClass::Complete, "{}", outcome.message);
    assert!(site.maps() == expected);
}

/// Without hard links, and without an exclusive rename too, a chain is computed all the same, and is fenced all the same.
#[test]
fn a_link_does_without_hard_links() {
    let expected = undisturbed();
    for rename in [true, false] {
        let site = Site::new();
        let _links = plan(&site, Step::Link, Errno::EPERM, 0, u64::MAX);
        let _renames = (!rename).then(|| plan(&site, Step::RenameNew, Errno::EINVAL, 0, u64::MAX));
        let outcome = site.run(&Toy::new(), &options());
        assert_eq!(outcome.class, ExitClass::Complete, "{}", outcome.message);
        assert!(site.maps() == expected);
        let begun =
            |link| std::fs::metadata(site.chain().link_start(crate::checkpoint::LinkNumber(link))).is_ok();
        assert_eq!(site.run(&Toy::new(), &options()).class, ExitClass::Complete);
        assert!(begun(1) && begun(2) && !begun(3));
    }
}
