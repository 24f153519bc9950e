//! Links that overlap: numbers are exclusive, an overtaken link publishes nothing, a killed one spoils nothing.

use std::collections::BTreeSet;
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

use alpsckpt::batch::Token;
use alpsckpt::campaign::identity::{AttemptFile, Identity};
use alpsckpt::checkpoint::{ChainDir, Complete, ExitClass, LinkEnd, LinkNumber, LinkStart, fence};
use alpsckpt::clusters::ClusterChoice;
use alpsckpt::durable::sealed;
use alpsckpt::job::Origin;

use crate::support::contents;
use crate::toy::{Site, Toy, options, patiently, undisturbed};

/// Set for the processes that a test starts of this very program: what they do, and where.
const CHILD: &str = "ALPSCKPT_TEST_CHILD";

/// A link begins.
pub(crate) fn begin(dir: &ChainDir) -> LinkNumber {
    let job = |link| LinkStart { job_id: "1".to_owned(), ..LinkStart::unreadable(link) };
    fence::begin(dir, job).unwrap().link
}

/// A process of this program that runs only the test named `name`, as a child working in the folder of `site`.
fn child(site: &Site, name: &str) -> std::process::Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", name, "--nocapture"])
        .env(CHILD, site.folder.path())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

fn child_site() -> Option<Site> {
    std::env::var_os(CHILD).map(|folder| Site::at(folder.into()))
}

#[test]
fn concurrent_starts_of_threads_and_processes_take_different_numbers() {
    const THREADS: u32 = 4;
    const EACH: u32 = 10;
    if let Some(site) = child_site() {
        (0..EACH).for_each(|_| assert!(begin(&site.chain()).0 > 0));
        return;
    }
    let site = Site::new();
    let name = "fencing::concurrent_starts_of_threads_and_processes_take_different_numbers";
    let mut children: Vec<_> = (0..3).map(|_| child(&site, name)).collect();
    let mine: Mutex<Vec<LinkNumber>> = Mutex::default();
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| (0..EACH).for_each(|_| mine.lock().unwrap().push(begin(&site.chain()))));
        }
    });
    for child in &mut children {
        assert!(child.wait().unwrap().success());
    }
    let mine = mine.into_inner().unwrap();
    let different: BTreeSet<_> = mine.iter().collect();
    assert_eq!(different.len() as u32, THREADS * EACH);
    let all = THREADS * EACH + 3 * EACH;
    assert_eq!(fence::newest(&site.chain()).unwrap(), Some(LinkNumber(all)));
    for link in (1..=all).map(LinkNumber) {
        let start: LinkStart = sealed::read(&site.chain().link_start(link)).unwrap();
        assert_eq!(start.link, link);
    }
}

#[test]
fn a_link_that_stalls_at_any_step_and_wakes_after_its_successor_spoils_nothing() {
    let expected = undisturbed();
    for step in 0.. {
        let site = Site::new();
        let (stalled, asleep) = channel();
        let (wake, woken) = channel();
        let (steps, woken) = (AtomicU64::new(0), Mutex::new(woken));
        let report = |_: &_| {
            if steps.fetch_add(1, Ordering::Relaxed) == step {
                stalled.send(()).unwrap();
                woken.lock().unwrap().recv().unwrap();
            }
        };
        let (report, at) = (&report, &site);
        // The channel's end moves in: when an assertion fails it goes, and the sleeper wakes.
        let sleeper = std::thread::scope(move |scope| {
            let sleeper = scope.spawn(|| at.run_telling(&Toy::new(), &options(), report));
            patiently(|| (asleep.try_recv().is_ok() || sleeper.is_finished()).then_some(()));
            if !sleeper.is_finished() {
                let successor = at.run(&Toy::new(), &options());
                assert_eq!(successor.class, ExitClass::Complete, "step {step}: {}", successor.message);
                let _ = wake.send(());
            }
            sleeper.join().unwrap()
        });
        if fence::newest(&site.chain()).unwrap() == Some(LinkNumber(1)) {
            assert!(step > 12, "only {step} steps were reported");
            return;
        }
        assert_eq!(site.maps(), expected, "step {step}");
        assert_eq!(sleeper.class, ExitClass::Fenced, "step {step}: {}", sleeper.message);
        let end: LinkEnd = sealed::read(&site.chain().link_end(LinkNumber(1))).unwrap();
        assert_eq!(end.class, sleeper.class);
        let complete: Complete = sealed::read(&site.chain().complete()).unwrap();
        assert_eq!(complete.link, LinkNumber(2));
        let again = site.run(&Toy::with(|t, _| panic!("tile {t} computed")), &options());
        assert_eq!(again.class, ExitClass::Complete, "step {step}: {}", again.message);
    }
}

#[test]
fn a_link_that_waits_to_be_counted_notices_its_successor() {
    let site = Site::new();
    let mut options = options();
    options.stop.deadline = Some(Instant::now());
    options.stop.not_before = Instant::now().checked_add(Duration::from_hours(1));
    let outcome = site.run_telling(&Toy::new(), &options, &|progress| {
        if progress.phase == alpsckpt::checkpoint::Phase::Waiting {
            begin(&site.chain());
        }
    });
    assert_eq!(outcome.class, ExitClass::Fenced, "{}", outcome.message);
}

#[test]
fn links_killed_at_random_moments_lose_no_sealed_tile_and_leave_no_wrong_map() {
    let name = "fencing::links_killed_at_random_moments_lose_no_sealed_tile_and_leave_no_wrong_map";
    let mut options = options();
    options.spec.checkpoint_every = alpsckpt::campaign::spec::Duration::from_secs(0);
    if let Some(site) = child_site() {
        let slow = Toy::with(|_, _| std::thread::sleep(Duration::from_millis(20)));
        let outcome = site.run(&slow, &options);
        assert_eq!(outcome.class, ExitClass::Complete, "{}", outcome.message);
        return;
    }
    let expected = undisturbed();
    // A seeded sequence: the same moments at each run, as far as the machine's clock allows.
    let mut seed = 20_260_101_u64;
    for _ in 0..8 {
        let site = Site::new();
        for link in 1..=3_u32 {
            let mut killed = child(&site, name);
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            patiently(|| site.chain().link_start(LinkNumber(link)).exists().then_some(()));
            std::thread::sleep(Duration::from_millis((seed >> 33) % 400));
            killed.kill().unwrap();
            killed.wait().unwrap();
        }
        let outcome = site.run(&Toy::new(), &options);
        assert_eq!(outcome.class, ExitClass::Complete, "{}", outcome.message);
        let rejected = site.log(4).matches("rejected").count();
        assert_eq!(rejected, 0, "a kill damages nothing that is sealed:\n{}", site.log(4));
        assert_eq!(site.maps(), expected);
    }
}

/// The options of a batch job of this submission.
pub(crate) fn batch(array: &str) -> alpsckpt::job::RunOptions {
    let origin = Origin { array: array.to_owned(), ..Origin::default() };
    alpsckpt::job::RunOptions { job_id: "12".to_owned(), origin, ..options() }
}

#[test]
fn a_link_counts_its_links_and_the_last_allowed_one_is_not_to_be_resubmitted() {
    let site = Site::new();
    let link = |array: &str| {
        let mut options = batch(array);
        options.spec.max_links = 3;
        site.run_for(1, &options)
    };
    assert_eq!(link("1").class, ExitClass::Checkpointed);
    // A person submits it again: the count begins anew.
    assert_eq!(link("2").class, ExitClass::Checkpointed);
    assert_eq!(link("2").class, ExitClass::Checkpointed);
    let third = link("2");
    assert_eq!(third.class, ExitClass::TooManyLinks, "{}", third.message);
    assert!(
        third.message.contains("3 links did not complete the chain: the limit is max_links"),
        "{}",
        third.message
    );
    let end: LinkEnd = sealed::read(&site.chain().link_end(LinkNumber(4))).unwrap();
    assert_eq!((end.class, end.tiles), (third.class, 4), "{}", end.message);
    // Resubmitted all the same, by whom ever: nothing is computed.
    assert_eq!(link("2").class, ExitClass::TooManyLinks);
    assert!(!site.chain().index(LinkNumber(5)).exists());
    assert_eq!(site.run(&Toy::new(), &batch("3")).class, ExitClass::Complete);
    assert_eq!(site.maps(), undisturbed());
}

#[test]
fn a_run_in_the_foreground_has_no_limit() {
    let site = Site::new();
    let mut options = options();
    options.spec.max_links = 1;
    for _ in 0..4 {
        options.stop = alpsckpt::job::Stop::default();
        assert_eq!(site.run_for(0, &options).class, ExitClass::Checkpointed);
    }
}

#[test]
fn a_chain_that_goes_round_without_a_new_tile_is_not_to_be_resubmitted() {
    let site = Site::new();
    let link = |tiles| site.run_for(tiles, &batch("1")).class;
    let classes = [link(2), link(0), link(1), link(0), link(0)];
    assert_eq!(&classes[..4], [ExitClass::Checkpointed; 4]);
    assert_eq!(classes[4], ExitClass::NoProgress);
    // Two links beside the one that sealed something.
    assert!(site.log(5).contains("two links in a row sealed no tile: 3 before and after"), "{}", site.log(5));
}

#[test]
fn a_late_job_of_an_attempt_given_up_for_lost_does_not_begin_and_fences_nobody() {
    let site = Site::new();
    let token = |attempt: u32| Token(format!("abcdefgh.m01.{attempt}.xyz"));
    for attempt in [1, 2] {
        let file = AttemptFile {
            attempt,
            token: token(attempt),
            program: String::new(),
            at_ms: 0,
            not_on: BTreeSet::new(),
        };
        assert!(file.create(&site.chain()).unwrap());
    }
    let of_attempt = |attempt| {
        let mut options = batch("1");
        options.origin.job_name = token(attempt).0;
        options
    };
    let good = site.run_telling(&Toy::new(), &of_attempt(2), &|progress| {
        if progress.phase == alpsckpt::checkpoint::Phase::Computing && progress.tiles == 2 {
            let late = site.run(&Toy::with(|_, _| panic!("it computes")), &of_attempt(1));
            assert_eq!((late.class, late.link), (ExitClass::Fenced, None), "{}", late.message);
            assert!(
                late.message.contains("attempt 1") && late.message.contains("attempt 2"),
                "{}",
                late.message
            );
        }
    });
    assert_eq!(good.class, ExitClass::Complete, "{}", good.message);
    assert_eq!(fence::all(&site.chain()).unwrap(), [LinkNumber(1)]);
    let start: LinkStart = sealed::read(&site.chain().link_start(LinkNumber(1))).unwrap();
    assert_eq!(start.submission, token(2).0);
    // One that a person submitted by hand has another name, and one whose file is damaged stands in nobody's way.
    let file = site.chain().path().join("attempts/0002.ron");
    std::fs::write(&file, "damaged").unwrap();
    for options in [batch("7"), of_attempt(2)] {
        assert_eq!(site.run(&Toy::new(), &options).class, ExitClass::Complete);
    }
    assert_eq!(site.run(&Toy::new(), &of_attempt(1)).class, ExitClass::Fenced);
}

#[test]
fn a_job_of_a_former_campaign_of_the_same_folder_does_not_begin() {
    let site = Site::new();
    std::fs::create_dir_all(site.campaign().state()).unwrap();
    let cluster = ClusterChoice::Oar;
    let mut identity = Identity::new("new", "0123", &cluster);
    identity.write(&site.campaign()).unwrap();
    let of = |id: &str| {
        let mut options = batch("1");
        options.origin.campaign = Some(id.to_owned());
        options
    };
    let before = contents(&site.output());
    let former = site.run(&Toy::new(), &of("formerly"));
    assert_eq!((former.class, former.link), (ExitClass::Foreign, None), "{}", former.message);
    assert!(
        former.message.contains("campaign.ron") && former.message.contains("formerly"),
        "{}",
        former.message
    );
    assert_eq!(contents(&site.output()), before);
    let own = site.run(&Toy::new(), &of(&identity.id));
    assert_eq!(own.class, ExitClass::Complete, "{}", own.message);
}

#[test]
fn a_job_whose_folder_is_made_anew_under_it_writes_nothing_there() {
    for at in 0.. {
        let site = Site::new();
        let (away, seen) = (site.folder.path().join("away"), AtomicU64::new(0));
        let new = Mutex::new(None);
        let mut options = options();
        options.spec.checkpoint_every = alpsckpt::campaign::spec::Duration::from_secs(0);
        let outcome = site.run_telling(&Toy::new(), &options, &|_| {
            if seen.fetch_add(1, Ordering::Relaxed) == at {
                std::fs::rename(site.output(), &away).unwrap();
                assert_eq!(begin(&site.chain()), LinkNumber(1));
                *new.lock().unwrap() = Some(contents(&site.output()));
            }
        });
        let Some(new) = new.into_inner().unwrap() else {
            assert!(at > 12, "only {at} steps were reported");
            return;
        };
        assert_eq!(outcome.class, ExitClass::Output, "step {at}: {}", outcome.message);
        let found: Vec<_> = contents(&site.output()).into_keys().collect();
        assert_eq!(found, new.into_keys().collect::<Vec<_>>(), "step {at}");
    }
}
