//! Real programs in namespaces, dumped and restored by a real CRIU, as root and as an ordinary user.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use alpsckpt::foreign::inside::Options;
use alpsckpt::foreign::{Backend, Clocks, Criu, Ended, Kind, Network, Program, Supervised, Then};

use crate::support::{have_programs, kit_of_tests, skip};

/// Nothing here takes that long, unless it hangs.
const PATIENCE: Duration = Duration::from_mins(1);

/// The CRIU of the tests' kit.
fn criu(test: &str) -> Option<Criu> {
    let kit = kit_of_tests(test)?;
    Some(alpsckpt::foreign::kit::open(&kit).unwrap().1)
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

/// The parent of a process, by its number here.
fn parent(pid: u32) -> u32 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("PPid:")).unwrap();
    line.trim().parse().unwrap()
}

/// The first process of the program's namespaces, by its number here.
fn init(supervised: &Supervised) -> u32 {
    parent(supervised.tasks()[0])
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

#[test]
fn what_a_shell_leaves_behind_is_in_the_image() {
    let test = "what_a_shell_leaves_behind_is_in_the_image";
    let Some(criu) = criu(test) else { return };
    let scene = Scene::new(User::Own, Some(criu));
    let mut supervised = scene.supervised();
    // A daemon of a shell that has ended, in a session of its own; the program waits for its word.
    let script = "(setsid bash -c 'while [ ! -e ask ]; do sleep 0.01; done; echo answer > answer' &) ; echo ready; \
                  while [ ! -e answer ]; do sleep 0.01; done; cat answer; exit 4";
    let program = scene.shell(script);
    supervised.start(&program).unwrap();
    scene.wait_for("ready");
    until("the daemon is the tree's", || supervised.tasks().len() >= 3);
    let mut clocks = Clocks::default();
    for generation in 0..2 {
        let image = scene.image(&format!("image{generation}"));
        clocks = dump(&mut supervised, &image, Then::Ends);
        supervised = scene.supervised();
        supervised.restore(&program, &image, clocks).unwrap();
        let first_below = parent(supervised.tasks()[1]);
        assert_eq!(first_below, supervised.tasks()[0], "the tree's root takes in what is left");
    }
    assert!(clocks.monotonic > 0);
    fs::write(scene.path("ask"), "").unwrap();
    assert_eq!(end(&mut supervised), Ended::Code(4));
    assert!(scene.said().contains("answer"));
}

#[test]
fn a_dump_that_fails_or_is_refused_leaves_the_program_running() {
    let test = "a_dump_that_fails_or_is_refused_leaves_the_program_running";
    let Some(criu) = criu(test) else { return };
    for user in users(test) {
        let scene = Scene::new(user, Some(criu.clone()));
        let mut supervised = scene.supervised();
        supervised.start(&scene.shell(TICKING)).unwrap();
        scene.wait_for("tick");
        let refused = supervised
            .dump(&scene.image("refused"), Then::Ends, PATIENCE, &mut |_| Err("the disk is gone".to_owned()))
            .unwrap_err();
        assert_eq!((refused.kind, refused.what.as_str()), (Kind::Refused, "the disk is gone"), "{user:?}");
        scene.goes_on();
        let never = &mut |_| panic!("there is nothing to seal");
        let late =
            supervised.dump(&scene.image("late"), Then::Ends, Duration::from_millis(1), never).unwrap_err();
        assert_eq!(late.kind, Kind::TimedOut, "{user:?}: {late}");
        scene.goes_on();
        let full = supervised.dump(&scene.path("nowhere"), Then::Ends, PATIENCE, never).unwrap_err();
        assert!(full.what.contains("nowhere") && full.what.contains("No such file"), "{full}");
        scene.goes_on();
        // It may go on after a dump, too; and CRIU may end when the image is sealed.
        dump(&mut supervised, &scene.image("runs"), Then::Runs);
        scene.goes_on();
        let first = init(&supervised);
        let kill_criu = &mut |_| {
            send(criu_at_work(first).unwrap(), nix::sys::signal::Signal::SIGKILL);
            Ok(())
        };
        supervised.dump(&scene.image("killed"), Then::Runs, PATIENCE, kill_criu).unwrap();
        scene.goes_on();
        let ends_with_it = &mut |_| {
            send(criu_at_work(first).unwrap(), nix::sys::signal::Signal::SIGKILL);
            Err("no".to_owned())
        };
        let trouble =
            supervised.dump(&scene.image("killed2"), Then::Ends, PATIENCE, ends_with_it).unwrap_err();
        assert_eq!(trouble.kind, Kind::Refused, "{trouble}");
        scene.goes_on();
        let tasks = supervised.tasks();
        supervised.dump(&scene.image("last"), Then::Ends, PATIENCE, kill_criu).unwrap();
        assert!(tasks.iter().all(|pid| !Path::new(&format!("/proc/{pid}")).exists()), "the image counts");
    }
}

#[test]
fn criu_killed_in_mid_dump_leaves_the_program_running() {
    let test = "criu_killed_in_mid_dump_leaves_the_program_running";
    let Some(criu) = criu(test) else { return };
    let scene = Scene::new(User::Own, Some(criu));
    let mut supervised = scene.supervised();
    supervised.start(&scene.shell(TICKING)).unwrap();
    scene.wait_for("tick");
    let first = init(&supervised);
    let image = scene.image("image");
    let began = image.clone();
    let killer = std::thread::spawn(move || {
        // Once it writes, the program is stopped, and has CRIU's code in it.
        until("an image begins", || fs::read_dir(&began).unwrap().next().is_some());
        criu_at_work(first).map(|pid| send(pid, nix::sys::signal::Signal::SIGKILL))
    });
    let answer = supervised.dump(&image, Then::Runs, PATIENCE, &mut |_| Ok(()));
    let killed = killer.join().unwrap().is_some();
    if let Err(trouble) = answer {
        assert!(killed && trouble.what.contains("CRIU"), "{trouble}");
        assert_eq!(trouble.kind, Kind::Other, "{trouble}");
    }
    scene.goes_on();
    let clocks = dump(&mut supervised, &scene.image("next"), Then::Ends);
    supervised = scene.supervised();
    supervised.restore(&scene.shell(TICKING), &scene.path("next"), clocks).unwrap();
    scene.goes_on();
}

#[test]
fn a_full_disk_leaves_the_program_running() {
    let test = "a_full_disk_leaves_the_program_running";
    let Some(criu) = criu(test) else { return };
    if !nix::unistd::geteuid().is_root() {
        return skip(test, "only root can mount a small disk");
    }
    for user in users(test) {
        let scene = Scene::new(user, Some(criu.clone()));
        let image = scene.image("small");
        let small = Some("size=1m,mode=0777");
        nix::mount::mount(None::<&str>, &image, Some("tmpfs"), nix::mount::MsFlags::empty(), small).unwrap();
        let mut supervised = scene.supervised();
        let script = format!("v=$(head -c 4000000 /dev/zero | tr '\\0' x); {TICKING}");
        supervised.start(&scene.shell(&script)).unwrap();
        scene.wait_for("tick");
        let full = supervised.dump(&image, Then::Ends, PATIENCE, &mut |_| Ok(())).unwrap_err();
        scene.goes_on();
        supervised.kill();
        nix::mount::umount(&image).unwrap();
        assert_eq!(full.kind, Kind::DiskFull, "{user:?}: {full}");
    }
}

/// Connects to itself over TCP, and keeps time; `ask` has it say what it has seen.
const PYTHON: &str = "
import os, socket, threading, time
server = socket.create_server(('127.0.0.1', 0))
client = socket.create_connection(server.getsockname())
peer, _ = server.accept()
client.sendall(b'before ')
start = time.monotonic()
print('ready', flush=True)
while not os.path.exists('ask'):
    time.sleep(0.01)
client.sendall(b'after')
got = b''
while len(got) < 12:
    got += peer.recv(100)
print(got.decode(), 'elapsed' if 0 <= time.monotonic() - start < 600 else 'jumped', flush=True)
raise SystemExit(7)
";

#[test]
fn tcp_within_the_program_and_its_clock_go_on() {
    let test = "tcp_within_the_program_and_its_clock_go_on";
    let Some(criu) = criu(test) else { return };
    if !have_programs(test, &["python3"]) {
        return;
    }
    for user in users(test) {
        let scene = Scene::new(user, Some(criu.clone()));
        let mut program = scene.program(&["python3", "-c", PYTHON]);
        let mut supervised = scene.supervised();
        // In the node's network such a program cannot be dumped, and runs on.
        supervised.start(&program).unwrap();
        scene.wait_for("ready");
        let trouble =
            supervised.dump(&scene.image("shared"), Then::Ends, PATIENCE, &mut |_| Ok(())).unwrap_err();
        assert_eq!(trouble.kind, Kind::Undumpable, "{user:?}: {trouble}");
        assert!(trouble.cure.contains("network: Private"), "{user:?}: {trouble}");
        fs::write(scene.path("ask"), "").unwrap();
        assert_eq!(end(&mut supervised), Ended::Code(7), "{user:?}: {}", scene.said());
        fs::remove_file(scene.path("ask")).unwrap();
        fs::remove_file(scene.path("out")).unwrap();

        program.network = Network::Private;
        supervised.start(&program).unwrap();
        scene.wait_for("ready");
        let clocks = dump(&mut supervised, &scene.image("image"), Then::Ends);
        // As on a node that was booted a million seconds before this one, or will be after it.
        for shift in [-1_000_000_i64, 1_000_000] {
            let ns = |clock: u64| clock.saturating_add_signed(shift * 1_000_000_000);
            let mut early = scene.supervised();
            let clocks = Clocks { monotonic: ns(clocks.monotonic), boottime: ns(clocks.boottime) };
            early.restore(&program, &scene.path("image"), clocks).unwrap();
        }
        let mut supervised = scene.supervised();
        supervised.restore(&program, &scene.path("image"), clocks).unwrap();
        fs::write(scene.path("ask"), "").unwrap();
        assert_eq!(end(&mut supervised), Ended::Code(7), "{user:?}: {}", scene.said());
        assert!(scene.said().contains("before after elapsed"), "{user:?}: {}", scene.said());
    }
}

#[test]
fn an_image_that_does_not_fit_is_refused_and_stays_as_it_is() {
    let test = "an_image_that_does_not_fit_is_refused_and_stays_as_it_is";
    let Some(criu) = criu(test) else { return };
    let scene = Scene::new(User::Own, Some(criu));
    fs::write(scene.path("input"), "seven..").unwrap();
    let program = scene.shell(&format!("exec 7<input; exec 8<>removed; rm removed; {TICKING}"));
    let mut supervised = scene.supervised();
    supervised.start(&program).unwrap();
    scene.wait_for("tick");
    let image = scene.image("image");
    let clocks = dump(&mut supervised, &image, Then::Ends);
    let whole = crate::support::contents(&image);
    let mut restored = scene.supervised();
    // Another file.
    fs::write(scene.path("input"), "longer than seven").unwrap();
    let trouble = restored.restore(&program, &image, clocks).unwrap_err();
    assert!(trouble.kind == Kind::Unfit && trouble.what.contains("input has bad size"), "{trouble}");
    assert!(restored.tasks().is_empty());
    fs::write(scene.path("input"), "seven..").unwrap();
    // Another restore at the same time.
    let folder = fs::File::open(&image).unwrap();
    let held = nix::fcntl::Flock::lock(folder, nix::fcntl::FlockArg::LockExclusive).unwrap();
    let trouble = restored.restore(&program, &image, clocks).unwrap_err();
    assert!(trouble.what.contains("another process"), "{trouble}");
    drop(held);
    // No time: what was made of it is gone.
    let mut hasty = scene.supervised_within(Duration::from_millis(1));
    let trouble = hasty.restore(&program, &image, clocks).unwrap_err();
    assert_eq!(trouble.kind, Kind::TimedOut, "{trouble}");
    // What a restore that was killed leaves: the removed file under CRIU's name for it.
    let ghost = |number: u32| scene.path(&format!("removed.cr.{number:x}.ghost"));
    for number in 0..64 {
        fs::write(ghost(number), "left").unwrap();
    }
    restored.restore(&program, &image, clocks).unwrap();
    let left = (0..64).filter(|number| ghost(*number).exists()).count();
    assert_eq!(left, 63, "no other file is removed");
    scene.goes_on();
    restored.kill();
    assert_eq!(crate::support::contents(&image), whole);
    // A damaged one.
    fs::write(image.join("inventory.img"), "no image").unwrap();
    let trouble = restored.restore(&program, &image, clocks).unwrap_err();
    assert_eq!(trouble.kind, Kind::Damaged, "{trouble}");
}

#[test]
fn nothing_outlives_what_runs_it_and_nothing_is_left_out() {
    let test = "nothing_outlives_what_runs_it_and_nothing_is_left_out";
    let Some(criu) = criu(test) else { return };
    let scene = Scene::new(User::Own, Some(criu));
    let mut supervised = scene.supervised();
    supervised.start(&scene.shell(TICKING)).unwrap();
    scene.wait_for("tick");
    if nix::unistd::geteuid().is_root() && have_programs(test, &["nsenter"]) {
        // Someone lets a process into the program's namespaces, which is no part of its tree.
        let first = init(&supervised).to_string();
        let stray = "sleep 600 >/dev/null 2>&1 & echo $!";
        let entered =
            std::process::Command::new("nsenter").args(["-t", &first, "-p", "sh", "-c", stray]).output();
        assert!(entered.unwrap().status.success());
        let trouble =
            supervised.dump(&scene.image("image"), Then::Ends, PATIENCE, &mut |_| Ok(())).unwrap_err();
        assert!(trouble.kind == Kind::Undumpable && trouble.what.contains("(sleep)"), "{trouble}");
        scene.goes_on();
    }
    let tasks = supervised.tasks();
    let outside = parent(init(&supervised));
    send(outside, nix::sys::signal::Signal::SIGKILL);
    until("all are gone", || tasks.iter().all(|pid| !Path::new(&format!("/proc/{pid}")).exists()));
    let mut told = String::new();
    until("it is told", || supervised.ended().map_err(|e| told = e.what).is_err());
    assert!(told.contains("what ran the program is gone"), "{told}");
}

#[test]
fn a_node_that_forbids_namespaces_is_told_with_what_root_must_do() {
    let test = "a_node_that_forbids_namespaces_is_told_with_what_root_must_do";
    if !have_programs(test, &["unshare", "mount"]) {
        return;
    }
    let scene = Scene::new(User::Own, None);
    let own = program().display();
    // The limits are those of a user namespace: one of its own spoils nothing for others.
    let limited = |kind: &str| {
        let set = format!("echo 0 > /proc/sys/user/max_{kind}_namespaces");
        (
            format!("exec unshare --user --map-root-user sh -c '{set}; exec {own} \"$@\"' x \"$@\""),
            format!("max_{kind}_namespaces"),
        )
    };
    let mut nodes: Vec<(String, String)> = ["user", "pid", "mnt", "time", "net"].map(limited).into();
    if nix::unistd::geteuid().is_root() {
        let covered =
            format!("exec unshare --mount sh -c 'mount -t tmpfs none /proc/sys; exec {own} \"$@\"' x \"$@\"");
        nodes.push((covered, "parts of /proc are covered".to_owned()));
    }
    for (script, words) in nodes {
        let wrapper = scene.path("node");
        fs::write(&wrapper, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(&wrapper, fs::Permissions::from_mode(0o755)).unwrap();
        let options = Options { program: wrapper, ..Options::default() };
        let mut supervised = Supervised::new(None, options);
        let mut program = scene.shell("true");
        program.network = Network::Private;
        let trouble = supervised.start(&program).unwrap_err();
        assert_eq!(trouble.kind, Kind::Unavailable, "{words}: {trouble}");
        assert!(trouble.cure.contains(&words), "{words}: {trouble}");
    }
}
