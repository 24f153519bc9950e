//! Dumps and restores that fail: nothing is lost.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use alpsckpt::foreign::{Backend, Ended, Supervised, Then, TroubleKind};
use nix::sys::signal::Signal::SIGKILL;

use super::{
    PATIENCE, Scene, TICKING, User, criu, criu_at_work, dump, end, init, names_in, parent, send, until, users,
};
use crate::support::{contents, have_programs, skip};

/// A dump holds the program's memory, and a restored program has the user's rights.
#[test]
fn folders_that_others_may_write_to_are_neither_dumped_to_nor_restored_from() {
    let test = "folders_that_others_may_write_to_are_neither_dumped_to_nor_restored_from";
    let Some(criu) = criu(test) else { return };
    for user in users(test) {
        let scene = Scene::new(user, Some(criu.clone()));
        let program = scene.shell(TICKING);
        let mut supervised = scene.supervised();
        supervised.start(&program).unwrap();
        scene.wait_for("tick");
        let image = scene.image("image");
        let mode = |path: &Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
        mode(&image, 0o777);
        let refused = supervised.dump(&image, Then::Ends, PATIENCE, &mut |_| Ok(())).unwrap_err();
        assert!(refused.what.contains("image: others may write to it (mode 777)"), "{user:?}: {refused}");
        assert_eq!(names_in(&image), Vec::<String>::new());
        scene.goes_on();
        mode(&image, 0o700);
        let clocks = dump(&mut supervised, &image, Then::Ends);
        let inventory = image.join("inventory.img");
        for (path, wrong, right) in [(&image, 0o770, 0o700), (&inventory, 0o666, 0o600)] {
            mode(path, wrong);
            let refused = scene.supervised().restore(&program, &image, clocks).unwrap_err();
            assert_eq!(refused.kind, TroubleKind::Damaged, "{user:?}: {refused}");
            assert!(refused.what.contains("others may write to it"), "{user:?}: {refused}");
            mode(path, right);
        }
        if user == User::Ordinary {
            let give = |to| std::os::unix::fs::chown(&inventory, Some(to), None).unwrap();
            give(2000);
            let refused = scene.supervised().restore(&program, &image, clocks).unwrap_err();
            assert!(refused.what.contains("inventory.img: belongs to user"), "{refused}");
            give(1000);
        }
        // The folder of the same image by another name is no link to it.
        std::os::unix::fs::symlink(&image, scene.path("link")).unwrap();
        let refused = scene.supervised().restore(&program, &scene.path("link"), clocks).unwrap_err();
        assert!(refused.what.contains("link: "), "{refused}");
        let mut supervised = scene.supervised();
        supervised.restore(&program, &image, clocks).unwrap();
        scene.goes_on();
    }
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
        assert_eq!(
            (refused.kind, refused.what.as_str()),
            (TroubleKind::Refused, "the disk is gone"),
            "{user:?}"
        );
        scene.goes_on();
        let never = &mut |_| panic!("there is nothing to seal");
        let late =
            supervised.dump(&scene.image("late"), Then::Ends, Duration::from_millis(1), never).unwrap_err();
        assert_eq!(late.kind, TroubleKind::TimedOut, "{user:?}: {late}");
        scene.goes_on();
        let full = supervised.dump(&scene.path("nowhere"), Then::Ends, PATIENCE, never).unwrap_err();
        assert!(full.what.contains("nowhere") && full.what.contains("No such file"), "{full}");
        scene.goes_on();
        // It may go on after a dump, too; and CRIU may end when the image is sealed.
        dump(&mut supervised, &scene.image("runs"), Then::Runs);
        scene.goes_on();
        let first = init(&supervised);
        let kill_criu = &mut |_| {
            send(criu_at_work(first).unwrap(), SIGKILL);
            Ok(())
        };
        supervised.dump(&scene.image("killed"), Then::Runs, PATIENCE, kill_criu).unwrap();
        scene.goes_on();
        let ends_with_it = &mut |_| {
            send(criu_at_work(first).unwrap(), SIGKILL);
            Err("no".to_owned())
        };
        let trouble =
            supervised.dump(&scene.image("killed2"), Then::Ends, PATIENCE, ends_with_it).unwrap_err();
        assert_eq!(trouble.kind, TroubleKind::Refused, "{trouble}");
        scene.goes_on();
        let tasks = supervised.tasks();
        supervised.dump(&scene.image("last"), Then::Ends, PATIENCE, kill_criu).unwrap();
        assert!(tasks.iter().all(|pid| !Path::new(&format!("/proc/{pid}")).exists()), "the image counts");
    }
}

/// Holds 64 MB.
const LARGE: &str = "v=$(head -c 64000000 /dev/zero | tr '\\0' x); while :; do echo tick; sleep 0.01; done";

/// A program whose dump was cut off by CRIU's death goes on, or is told to be lost: it then died of a signal that is no fault of
/// its own. Whether it goes on.
fn survives(scene: &Scene, supervised: &mut Supervised) -> bool {
    let before = scene.said().len();
    let mut lost = false;
    until("it goes on, or is told to be lost", || match supervised.ended() {
        Ok(None) => scene.said().len() > before,
        Ok(Some(ended)) => panic!("{ended:?} is told of the program"),
        Err(trouble) => {
            assert!(
                trouble.what.contains("CRIU was killed") && trouble.kind == TroubleKind::Unavailable,
                "{trouble}"
            );
            lost = true;
            true
        }
    });
    !lost
}

#[test]
fn criu_killed_in_mid_dump_loses_no_more_than_the_program() {
    let test = "criu_killed_in_mid_dump_loses_no_more_than_the_program";
    let Some(criu) = criu(test) else { return };
    let scene = Scene::new(User::Own, Some(criu));
    let mut tries = 0..;
    let is_large =
        |entry: std::io::Result<fs::DirEntry>| entry.unwrap().metadata().is_ok_and(|m| m.len() > 1 << 20);
    // When it begins, and while it writes pages: the longest part, in which the program bears it as a rule.
    for (begun, script) in [(false, TICKING), (true, LARGE)] {
        let program = scene.shell(script);
        let mut supervised = scene.supervised();
        until("a dump is hit, and the program goes on", || {
            fs::remove_file(scene.path("out")).ok();
            supervised.start(&program).unwrap();
            scene.wait_for("tick");
            let first = init(&supervised);
            let image = scene.image(&format!("image{}", tries.next().unwrap()));
            let pages = image.clone();
            let killer = std::thread::spawn(move || {
                until("it is written", || {
                    let mut files = fs::read_dir(&pages).unwrap();
                    if begun { files.any(is_large) } else { files.next().is_some() }
                });
                if let Some(pid) = criu_at_work(first) {
                    let _ = nix::sys::signal::kill(nix::unistd::Pid::from_raw(pid as i32), SIGKILL);
                }
            });
            // On a busy machine it may have written all of it.
            let hit = supervised.dump(&image, Then::Runs, PATIENCE, &mut |_| Ok(()));
            killer.join().unwrap();
            let hit = hit.map_err(|trouble| {
                assert!(
                    trouble.kind == TroubleKind::Unavailable && trouble.what.contains("without an answer"),
                    "{trouble}"
                );
            });
            survives(&scene, &mut supervised) && hit.is_err()
        });
        let last = scene.image(&format!("last{begun}"));
        let clocks = dump(&mut supervised, &last, Then::Ends);
        supervised = scene.supervised();
        supervised.restore(&program, &last, clocks).unwrap();
        scene.goes_on();
    }
}

#[test]
fn a_program_that_has_just_ended_is_not_lost() {
    let test = "a_program_that_has_just_ended_is_not_lost";
    let Some(criu) = criu(test) else { return };
    let scene = Scene::new(User::Own, Some(criu));
    let mut supervised = scene.supervised();
    for order in 0..3 {
        supervised.start(&scene.shell("exit 3")).unwrap();
        if order > 0 {
            until("it has ended", || supervised.tasks().is_empty());
        }
        let image = scene.image(&format!("image{order}"));
        let trouble = if order < 2 {
            supervised
                .dump(&image, Then::Ends, PATIENCE, &mut |_| Err("none is wanted".to_owned()))
                .unwrap_err()
        } else {
            let mut trouble = None;
            // Until nobody is there any more to get it.
            until("the signal is refused", || {
                trouble = supervised.signal(nix::libc::SIGTERM).err();
                trouble.is_some()
            });
            trouble.unwrap()
        };
        assert!(order == 0 || trouble.what.contains("had ended by itself"), "{trouble}");
        assert_eq!(end(&mut supervised), Ended::Code(3));
    }
}

#[test]
fn what_cannot_be_dumped_says_what_to_do() {
    let test = "what_cannot_be_dumped_says_what_to_do";
    let Some(criu) = criu(test) else { return };
    if !have_programs(test, &["python3"]) {
        return;
    }
    let semaphore = "import multiprocessing, time; s = multiprocessing.Semaphore(); print('ready', flush=True); time.sleep(600)";
    let mapped = "import mmap, os, time; f = open('x', 'w+b'); f.write(b'1' * 5000); f.flush(); \
                  m = mmap.mmap(f.fileno(), 5000); os.remove('x'); print('ready', flush=True); time.sleep(600)";
    for (words, cure) in [
        (["bash", "-c", "echo ready; tail -f out"], "inotify"),
        (["python3", "-c", semaphore], "semaphores: Files"),
        (["python3", "-c", mapped], "removed or replaced"),
    ] {
        let scene = Scene::new(User::Own, Some(criu.clone()));
        let mut supervised = scene.supervised();
        supervised.start(&scene.program(&words)).unwrap();
        scene.wait_for("ready");
        let mut trouble = None;
        // `tail` may not watch yet.
        until(cure, || {
            let image = scene.image(&format!("{:?}", std::time::Instant::now()));
            trouble = supervised.dump(&image, Then::Runs, PATIENCE, &mut |_| Ok(())).err();
            trouble.is_some()
        });
        let trouble = trouble.unwrap();
        assert!(trouble.kind == TroubleKind::Undumpable && trouble.cure.contains(cure), "{cure}: {trouble}");
        assert_eq!(supervised.ended().unwrap(), None);
    }
    let mut scene = Scene::new(User::Own, Some(criu.clone()));
    scene.criu = Some(alpsckpt::foreign::Criu { command: vec!["/nowhere/criu".into()], ..criu });
    let mut supervised = scene.supervised();
    supervised.start(&scene.shell(TICKING)).unwrap();
    let trouble = supervised.dump(&scene.image("image"), Then::Ends, PATIENCE, &mut |_| Ok(())).unwrap_err();
    assert!(trouble.what.contains("/nowhere/criu"), "{trouble}");
    scene.goes_on();
}

#[test]
fn a_limit_of_time_or_of_file_sizes_leaves_the_program_running() {
    let test = "a_limit_of_time_or_of_file_sizes_leaves_the_program_running";
    let Some(criu) = criu(test) else { return };
    let mut scene = Scene::new(User::Own, Some(criu));
    let own = scene.program.display().to_string();
    scene.program = scene.path("limited");
    // 8 MB: more than the program's output, less than its memory.
    let words = format!("#!/bin/bash\nulimit -f 8000\nexec {own} \"$@\"\n");
    fs::write(&scene.program, words).unwrap();
    fs::set_permissions(&scene.program, fs::Permissions::from_mode(0o755)).unwrap();
    let mut supervised = scene.supervised();
    supervised.start(&scene.shell(LARGE)).unwrap();
    scene.wait_for("tick");
    for ms in [1, 10, 20, 30, 40, 50] {
        let limit = Duration::from_millis(ms);
        let image = scene.image(&format!("after{ms}"));
        let trouble = supervised.dump(&image, Then::Ends, limit, &mut |_| Ok(())).unwrap_err();
        assert!(
            matches!(trouble.kind, TroubleKind::TimedOut | TroubleKind::DiskFull),
            "after {ms} ms: {trouble}"
        );
        scene.goes_on();
    }
    let trouble = supervised.dump(&scene.image("large"), Then::Ends, PATIENCE, &mut |_| Ok(())).unwrap_err();
    assert!(trouble.kind == TroubleKind::DiskFull && trouble.cure.contains("ulimit -f"), "{trouble}");
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
        let owner = if user == User::Ordinary { 1000 } else { 0 };
        let small = format!("size=1m,mode=0700,uid={owner},gid={owner}");
        let small = Some(small.as_str());
        nix::mount::mount(None::<&str>, &image, Some("tmpfs"), nix::mount::MsFlags::empty(), small).unwrap();
        let mut supervised = scene.supervised();
        let script = format!("v=$(head -c 4000000 /dev/zero | tr '\\0' x); {TICKING}");
        supervised.start(&scene.shell(&script)).unwrap();
        scene.wait_for("tick");
        let full = supervised.dump(&image, Then::Ends, PATIENCE, &mut |_| Ok(())).unwrap_err();
        scene.goes_on();
        supervised.kill();
        nix::mount::umount(&image).unwrap();
        assert_eq!(full.kind, TroubleKind::DiskFull, "{user:?}: {full}");
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
    let whole = contents(&image);
    let mut restored = scene.supervised();
    // Another file.
    fs::write(scene.path("input"), "longer than seven").unwrap();
    let trouble = restored.restore(&program, &image, clocks).unwrap_err();
    assert!(trouble.kind == TroubleKind::Unfit && trouble.what.contains("input has bad size"), "{trouble}");
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
    assert_eq!(trouble.kind, TroubleKind::TimedOut, "{trouble}");
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
    assert_eq!(contents(&image), whole);
    // A damaged one.
    fs::write(image.join("inventory.img"), "no image").unwrap();
    let trouble = restored.restore(&program, &image, clocks).unwrap_err();
    assert_eq!(trouble.kind, TroubleKind::Damaged, "{trouble}");
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
        assert!(trouble.kind == TroubleKind::Undumpable && trouble.what.contains("(sleep)"), "{trouble}");
        scene.goes_on();
    }
    let tasks = supervised.tasks();
    let outside = parent(init(&supervised)).unwrap();
    send(outside, SIGKILL);
    until("all are gone", || tasks.iter().all(|pid| !Path::new(&format!("/proc/{pid}")).exists()));
    let mut told = String::new();
    until("it is told", || supervised.ended().map_err(|e| told = e.what).is_err());
    assert!(told.contains("what ran the program is gone"), "{told}");
}

/// Names the folder in which the test below plays the supervisor that is killed.
const DOOMED: &str = "ALPSCKPT_TEST_DOOMED_SUPERVISOR";

#[test]
fn the_program_ends_with_its_supervisor() {
    let own = std::thread::current().name().map(str::to_owned);
    if let Some(folder) = std::env::var_os(DOOMED) {
        let scene = Scene::new(User::Own, None);
        let mut supervised = scene.supervised();
        supervised.start(&scene.shell("setsid sleep 600 & sleep 600; :")).unwrap();
        until("all of it runs", || supervised.tasks().len() >= 4);
        let list = Path::new(&folder).join("tasks");
        let tasks: Vec<String> = supervised.tasks().iter().map(u32::to_string).collect();
        fs::write(list.with_extension("part"), tasks.join(" ")).unwrap();
        fs::rename(list.with_extension("part"), &list).unwrap();
        // Until it is killed.
        until("its end", || false);
    }
    let folder = tempfile::tempdir().unwrap();
    let mut command = std::process::Command::new(std::env::current_exe().unwrap());
    command
        .args([own.as_deref().unwrap(), "--exact"])
        .env(DOOMED, folder.path())
        .env("TMPDIR", folder.path());
    let mut supervisor = command.stdout(std::process::Stdio::null()).spawn().unwrap();
    let list = folder.path().join("tasks");
    until("it runs", || list.exists());
    let tasks = fs::read_to_string(&list).unwrap();
    let tasks: Vec<PathBuf> = tasks.split(' ').map(|task| Path::new("/proc").join(task)).collect();
    assert!(tasks.len() >= 4 && tasks.iter().all(|task| task.exists()), "{tasks:?}");
    supervisor.kill().unwrap();
    supervisor.wait().unwrap();
    until("all are gone", || tasks.iter().all(|task| !task.exists()));
}
