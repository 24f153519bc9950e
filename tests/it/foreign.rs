//! Real programs in namespaces, dumped and restored by a real CRIU, as root and as an ordinary user.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use alpsckpt::foreign::inside::Options;
use alpsckpt::foreign::{Backend, Clocks, Criu, Ended, Kind, Network, Program, Supervised, Then};

use crate::support::{have_programs, skip};

/// Nothing here takes that long, unless it hangs.
const PATIENCE: Duration = Duration::from_secs(60);

/// The kit of CRIU for the tests: `tests/run` makes it.
fn criu(test: &str) -> Option<Criu> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let kit =
        std::env::var_os("ALPSCKPT_TEST_KIT").map_or_else(|| root.join("target/criu-kit"), PathBuf::from);
    let loader = kit.join("usr/lib64/ld-linux-x86-64.so.2");
    if !loader.exists() {
        skip(
            test,
            &format!(
                "there is no kit of CRIU in {}; tests/run makes it, or name one in ALPSCKPT_TEST_KIT",
                kit.display()
            ),
        );
        return None;
    }
    let libraries = kit.join("usr/lib/x86_64-linux-gnu");
    let words = [
        loader.into_os_string(),
        "--library-path".into(),
        libraries.into_os_string(),
        "--argv0".into(),
        "criu".into(),
        kit.join("usr/sbin/criu").into_os_string(),
    ];
    Some(Criu::of(words.to_vec(), "the kit of the tests").unwrap())
}

/// Who runs the program.
#[derive(Debug, Clone, Copy, PartialEq)]
enum User {
    /// Whoever runs the tests.
    Own,
    /// Number 1000, without any group or privilege.
    Ordinary,
}

/// A place where a program runs, for one user.
struct Scene {
    folder: tempfile::TempDir,
    user: User,
    criu: Option<Criu>,
}

/// The program under test where anybody may run it.
fn program() -> &'static Path {
    static COPY: OnceLock<PathBuf> = OnceLock::new();
    COPY.get_or_init(|| {
        // One for all users and runs of the tests, by the build's own time: an image names the file.
        let built = Path::new(env!("CARGO_BIN_EXE_alpsckpt"));
        let folder = tempfile::Builder::new().prefix("alpsckpt-foreign").tempdir().unwrap().keep();
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o755)).unwrap();
        let copy = folder.join("alpsckpt");
        fs::copy(built, &copy).unwrap();
        copy
    })
}

/// The users that this test can be run for.
fn users(test: &str) -> Vec<User> {
    if nix::unistd::geteuid().is_root() {
        return if have_programs(test, &["setpriv"]) {
            vec![User::Own, User::Ordinary]
        } else {
            vec![User::Own]
        };
    }
    vec![User::Own]
}

impl Scene {
    fn new(user: User, criu: Option<Criu>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o777)).unwrap();
        Self { folder, user, criu }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn said(&self) -> String {
        fs::read_to_string(self.path("out")).unwrap_or_default()
    }

    /// Waits until the program has said these words.
    fn wait_for(&self, words: &str) {
        until(&format!("{words:?} in {}", self.said()), || self.said().contains(words));
    }

    fn supervised(&self) -> Supervised {
        self.supervised_within(PATIENCE)
    }

    fn supervised_within(&self, restore_limit: Duration) -> Supervised {
        let mut own = program().to_owned();
        if self.user == User::Ordinary {
            let wrapper = self.path("as-user");
            let words = format!(
                "#!/bin/sh\nexec setpriv --reuid 1000 --regid 1000 --clear-groups {} \"$@\"\n",
                own.display()
            );
            if !wrapper.exists() {
                fs::write(&wrapper, words).unwrap();
                fs::set_permissions(&wrapper, fs::Permissions::from_mode(0o755)).unwrap();
            }
            own = wrapper;
        }
        Supervised::new(self.criu.clone(), Options { program: own, restore_limit })
    }

    fn program(&self, words: &[&str]) -> Program {
        Program {
            arguments: words.iter().map(Into::into).collect(),
            environment: BTreeMap::from([
                ("PATH".into(), "/usr/bin:/bin".into()),
                ("MARK".into(), "an environment".into()),
            ]),
            directory: self.folder.path().to_owned(),
            output: self.path("out"),
            errors: self.path("out"),
            network: Network::Shared,
        }
    }

    fn shell(&self, script: &str) -> Program {
        self.program(&["bash", "-c", script])
    }

    /// An empty folder for an image.
    fn image(&self, name: &str) -> PathBuf {
        let image = self.path(name);
        fs::create_dir(&image).unwrap();
        fs::set_permissions(&image, fs::Permissions::from_mode(0o777)).unwrap();
        image
    }
}

fn until(what: &str, mut is: impl FnMut() -> bool) {
    let limit = Instant::now() + PATIENCE;
    while !is() {
        assert!(Instant::now() < limit, "never: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn end(supervised: &mut Supervised) -> Ended {
    let mut ended = None;
    until("the end of the program", || {
        ended = supervised.ended().unwrap();
        ended.is_some()
    });
    ended.unwrap()
}

fn dump(supervised: &mut Supervised, image: &Path, then: Then) -> Clocks {
    let mut seen = None;
    let mut seal = |clocks| {
        assert!(image.join("inventory.img").exists(), "the image is whole when it is sealed");
        seen = Some(clocks);
        Ok(())
    };
    supervised.dump(image, then, PATIENCE, &mut seal).unwrap();
    seen.unwrap()
}

#[test]
fn a_program_starts_as_it_expects_and_its_status_is_true() {
    for user in users("a_program_starts_as_it_expects_and_its_status_is_true") {
        let scene = Scene::new(user, None);
        let script = "echo \"$MARK:$$:$PWD:$(ls /proc/self/fd | wc -w)\"; grep -E 'Cap(Prm|Eff|Inh|Amb)|SigBlk|SigIgn|NoNew' \
                      /proc/self/status; umask; exit 5";
        let mut supervised = scene.supervised();
        supervised.start(&scene.shell(script)).unwrap();
        assert_eq!(end(&mut supervised), Ended::Code(5), "{user:?}");
        let said = scene.said();
        // `ls` has its own.
        let first = format!("an environment:1002:{}:4", scene.folder.path().display());
        assert_eq!(said.lines().next(), Some(first.as_str()), "{user:?}: {said}");
        for set in ["CapInh", "CapPrm", "CapEff", "CapAmb", "SigBlk"] {
            assert!(said.contains(&format!("{set}:\t0000000000000000")), "{user:?}: {said}");
        }
        // The two that the C library keeps for itself are ignored in each program that `posix_spawn` has started.
        assert!(
            ["000000000", "180000000"].iter().any(|own| said.contains(&format!("SigIgn:\t0000000{own}"))),
            "{said}"
        );
        assert!(said.contains("NoNewPrivs:\t1"), "{said}");
    }
}

#[test]
fn signals_reach_the_program_and_kill_it_truly() {
    for user in users("signals_reach_the_program_and_kill_it_truly") {
        let scene = Scene::new(user, None);
        let mut supervised = scene.supervised();
        supervised
            .start(&scene.shell("trap 'echo got' USR2; echo ready; while :; do sleep 0.01; done"))
            .unwrap();
        scene.wait_for("ready");
        assert_eq!(supervised.ended().unwrap(), None);
        let tasks = supervised.tasks();
        assert!(tasks.len() >= 2, "{tasks:?}");
        supervised.signal(nix::libc::SIGUSR2).unwrap();
        scene.wait_for("got");
        supervised.signal(nix::libc::SIGTERM).unwrap();
        assert_eq!(end(&mut supervised), Ended::Signal(15), "{user:?}");
        for (signal, how) in [("SEGV", 11), ("KILL", 9), ("ABRT", 6)] {
            supervised.start(&scene.shell(&format!("kill -{signal} $$"))).unwrap();
            assert_eq!(end(&mut supervised), Ended::Signal(how), "{user:?}");
        }
        supervised.start(&scene.shell("trap '' TERM; echo deaf; sleep 600 & sleep 600; echo never")).unwrap();
        scene.wait_for("deaf");
        let tasks = supervised.tasks();
        supervised.kill();
        assert!(tasks.iter().all(|pid| !Path::new(&format!("/proc/{pid}")).exists()), "{tasks:?}");
        assert!(supervised.ended().unwrap_err().what.contains("was ended"));
        assert!(supervised.signal(15).is_err());
    }
}

#[test]
fn what_cannot_be_started_says_why() {
    let scene = Scene::new(User::Own, None);
    let mut supervised = scene.supervised();
    let missing = supervised.start(&scene.program(&["/nowhere/program"])).unwrap_err();
    assert!(missing.what.contains("/nowhere/program") && missing.what.contains("No such file"), "{missing}");
    let mut elsewhere = scene.shell("true");
    elsewhere.directory = "/nowhere".into();
    let trouble = supervised.start(&elsewhere).unwrap_err();
    assert!(trouble.what.contains("the folder /nowhere"), "{trouble}");
    let mut unwritable = scene.shell("true");
    unwritable.output = "/nowhere/out".into();
    let trouble = supervised.start(&unwritable).unwrap_err();
    assert!(trouble.what.contains("/nowhere/out"), "{trouble}");
    let trouble = supervised.dump(&scene.image("none"), Then::Ends, PATIENCE, &mut |_| Ok(())).unwrap_err();
    assert_eq!(trouble.kind, Kind::Unavailable, "without CRIU: {trouble}");
    // It can be used again.
    supervised.start(&scene.shell("exit 3")).unwrap();
    assert_eq!(end(&mut supervised), Ended::Code(3));
}

/// Counts, and says of what it keeps; ends with 5.
const COUNTING: &str = "umask 027; cd /; declare -i n=0; trap 'echo usr1' USR1; (trap '' USR1; exec sleep 600) & \
    while [ ! -e \"$0/stop\" ]; do n+=1; echo $n > \"$0/count\"; sleep 0.01; done; \
    echo \"end $MARK $(umask) $PWD $(jobs -r | wc -l) $$\"; exit 5";

#[test]
fn a_program_is_dumped_and_goes_on_any_number_of_times() {
    let test = "a_program_is_dumped_and_goes_on_any_number_of_times";
    let Some(criu) = criu(test) else { return };
    for user in users(test) {
        let scene = Scene::new(user, Some(criu.clone()));
        let count =
            || fs::read_to_string(scene.path("count")).unwrap_or_default().trim().parse::<u64>().unwrap_or(0);
        let program = scene.program(&["bash", "-c", COUNTING, scene.folder.path().to_str().unwrap()]);
        let first = scene.image("first");
        let mut supervised = scene.supervised();
        supervised.start(&program).unwrap();
        until("it counts", || count() > 3);
        let clocks = dump(&mut supervised, &first, Then::Ends);
        assert!(supervised.tasks().is_empty() && supervised.ended().is_err());
        let at_dump = count();
        // A second image of the restored one, which is restored again; then the first again, as if the second were bad.
        let second = scene.image("second");
        supervised = scene.supervised();
        supervised.restore(&program, &first, clocks).unwrap();
        until("it counts on", || count() > at_dump);
        let later = dump(&mut supervised, &second, Then::Ends);
        assert!(later.monotonic > clocks.monotonic && later.boottime > clocks.boottime);
        for (image, clocks) in [(&second, later), (&first, clocks), (&second, later)] {
            let _ = fs::remove_file(scene.path("stop"));
            let mut supervised = scene.supervised();
            supervised.restore(&program, image, clocks).unwrap();
            supervised.signal(nix::libc::SIGUSR1).unwrap();
            fs::write(scene.path("stop"), "").unwrap();
            assert_eq!(end(&mut supervised), Ended::Code(5), "{user:?}");
        }
        let said = scene.said();
        assert_eq!(said.matches("end an environment 0027 / 1 1002").count(), 3, "{user:?}: {said}");
        assert_eq!(said.matches("usr1").count(), 3, "{user:?}: {said}");
    }
}
