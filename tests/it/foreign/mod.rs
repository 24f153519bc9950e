//! Real programs in namespaces, dumped and restored by a real CRIU, as root and as an ordinary user.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use alpsckpt::foreign::inside::SupervisorOptions;
use alpsckpt::foreign::{Backend, Clocks, Criu, Ended, Network, Program, Supervised, Then, kit};

use crate::support::{can_unshare, copy_all, have_programs, kit_of_tests};

mod image;
mod start;
mod trouble;

/// Nothing here takes that long, unless it hangs.
const PATIENCE: Duration = Duration::from_mins(1);

/// The CRIU of the tests.
fn criu(test: &str) -> Option<Criu> {
    let folder = kit_of_tests(test)?;
    let (_, criu) = kit::open(&folder).unwrap();
    Some(criu)
}

/// Who runs the program.
#[derive(Debug, Clone, Copy, PartialEq)]
enum User {
    /// Whoever runs the tests.
    Own,
    /// Number 1000, in one more group, without any privilege.
    Ordinary,
}

/// A place where a program runs, for one user.
struct Scene {
    folder: tempfile::TempDir,
    user: User,
    criu: Option<Criu>,
    /// What is called as `alpsckpt`.
    program: PathBuf,
}

/// The users that this test can be run for.
fn users(test: &str) -> Vec<User> {
    if !can_unshare(test, "--user") {
        return Vec::new();
    }
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
        open_to_all(folder.path());
        let scene = Self { folder, user, criu, program: PathBuf::from(env!("CARGO_BIN_EXE_alpsckpt")) };
        if user == User::Own { scene } else { scene.for_ordinary_user() }
    }

    /// Has the user number 1000 run what he may not be able to reach where it lies.
    fn for_ordinary_user(mut self) -> Self {
        let own = self.path("alpsckpt");
        if fs::hard_link(&self.program, &own).is_err() {
            fs::copy(&self.program, &own).unwrap();
        }
        let words = format!(
            "#!/bin/sh\nexec setpriv --reuid 1000 --regid 1000 --groups 1000,2000 {} \"$@\"\n",
            own.display()
        );
        self.program = self.path("as-user");
        fs::write(&self.program, words).unwrap();
        fs::set_permissions(&self.program, fs::Permissions::from_mode(0o755)).unwrap();
        if let Some(criu) = &self.criu {
            let kit = kit_of_tests("the kit was there").unwrap();
            let looks = ["--reuid", "1000", "--regid", "1000", "--clear-groups", "test", "-r"];
            let reaches = Command::new("setpriv").args(looks).arg(kit.join("usr")).status().unwrap();
            if !reaches.success() {
                let copy = self.path("kit");
                copy_all(&kit, &copy);
                self.criu = Some(Criu { origin: criu.origin.clone(), ..kit::open(&copy).unwrap().1 });
            }
        }
        self
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
        Supervised::new(self.criu.clone(), SupervisorOptions { program: self.program.clone(), restore_limit })
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

    /// An empty folder for an image, the user's own and closed to all others.
    fn image(&self, name: &str) -> PathBuf {
        let image = self.path(name);
        fs::create_dir(&image).unwrap();
        fs::set_permissions(&image, fs::Permissions::from_mode(0o700)).unwrap();
        if self.user == User::Ordinary {
            std::os::unix::fs::chown(&image, Some(1000), Some(1000)).unwrap();
        }
        image
    }
}

fn names_in(folder: &Path) -> Vec<String> {
    fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

fn open_to_all(folder: &Path) {
    fs::set_permissions(folder, fs::Permissions::from_mode(0o777)).unwrap();
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
    let tasks = supervised.tasks();
    let time = || -> Vec<_> {
        tasks.iter().map(|task| fs::read_to_string(format!("/proc/{task}/schedstat")).ok()).collect()
    };
    let mut seal = |clocks| {
        assert!(image.join("inventory.img").exists(), "the image is whole when it is sealed");
        let before = time();
        std::thread::sleep(Duration::from_millis(20));
        assert_eq!(time(), before, "the program stands while its image is sealed");
        seen = Some(clocks);
        Ok(())
    };
    supervised.dump(image, then, PATIENCE, &mut seal).unwrap();
    seen.unwrap()
}

/// The parent of a process, by its number here; none of one that has ended.
fn parent(pid: u32) -> Option<u32> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    status.lines().find_map(|line| line.strip_prefix("PPid:"))?.trim().parse().ok()
}

/// The first process of the program's namespaces, by its number here.
fn init(supervised: &Supervised) -> u32 {
    let tasks = supervised.tasks();
    tasks.iter().filter_map(|task| parent(*task)).find(|above| !tasks.contains(above)).unwrap()
}

fn send(pid: u32, signal: nix::sys::signal::Signal) {
    nix::sys::signal::kill(nix::unistd::Pid::from_raw(pid as i32), signal).unwrap();
}

/// The CRIU that is at work for a program.
fn criu_at_work(init: u32) -> Option<u32> {
    let children = fs::read_to_string(format!("/proc/{init}/task/{init}/children")).ok()?;
    let is_criu =
        |pid: &&str| fs::read_to_string(format!("/proc/{pid}/cmdline")).is_ok_and(|l| l.contains("swrk"));
    children.split_whitespace().find(is_criu)?.parse().ok()
}

const TICKING: &str = "while :; do echo tick; sleep 0.01; done";

impl Scene {
    /// Whether the program goes on.
    fn goes_on(&self) {
        let before = self.said().len();
        until("it goes on", || self.said().len() > before);
    }
}
