//! CRIU killed at its work, and disks that are full: nothing is lost, and the chain goes on.

use std::fs;
use std::path::Path;
use std::process::{Child, Command};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::{Programs, ask_to_stop, descendants, numbers_to, wait_for};
use crate::support;

/// Holds 48 MB while it counts, and ends when it may.
const LARGE: &str = "Shell(\"v=$(head -c 48000000 /dev/zero | tr '\\\\0' x); exec 3>>{work}/kept; for i in $(seq 1 60); do echo $i; echo $i >&3; sleep 0.03; done; until [ -e {folder}/go ]; do sleep 0.02; done; echo ${{#v}} >> {work}/kept; cp {work}/kept {output}/kept.txt\")";

fn expected() -> String {
    numbers_to(60) + "48000000\n"
}

/// The CRIU that is at work below a run, and the children of what has started it.
fn criu_of(run: &Child) -> Option<(u32, Vec<u32>)> {
    let all = descendants(run.id());
    let is_criu = |pid: &&u32| {
        let words = fs::read_to_string(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        words.split('\0').any(|word| word == "swrk")
    };
    let criu = *all.iter().find(is_criu)?;
    let status = fs::read_to_string(format!("/proc/{criu}/status")).ok()?;
    let init = status.lines().find_map(|line| line.strip_prefix("PPid:"))?.trim().to_owned();
    let children = fs::read_to_string(format!("/proc/{init}/task/{init}/children")).ok()?;
    Some((criu, children.split_whitespace().map(|pid| pid.parse().unwrap()).collect()))
}

/// Whether an image that is not whole yet has a file of some size.
fn writes_pages(images: &Path) -> bool {
    let parts = fs::read_dir(images).into_iter().flatten().flatten();
    let mut parts = parts.filter(|entry| entry.file_name().to_string_lossy().starts_with('.'));
    parts.any(|part| {
        let mut files = fs::read_dir(part.path().join("files")).into_iter().flatten().flatten();
        files.any(|file| file.metadata().is_ok_and(|facts| facts.len() > 1 << 20))
    })
}

/// Kills the CRIU of a run at such a moment, if there is one before the run's end.
fn kill_criu(run: &mut Child, at: impl Fn(&[u32]) -> bool) -> bool {
    loop {
        if let Some((criu, children)) = criu_of(run)
            && at(&children)
        {
            return kill(Pid::from_raw(criu as i32), Signal::SIGKILL).is_ok();
        }
        if run.try_wait().unwrap().is_some() {
            return false;
        }
    }
}

#[test]
fn criu_killed_at_its_work_costs_no_more_than_the_time() {
    let Some(programs) = Programs::new("criu_killed_at_its_work_costs_no_more_than_the_time") else { return };
    let file = programs.campaign("killed", LARGE, &["kept.txt"], "");
    programs.cut(&file, || programs.said(&file) >= 10);
    // While it restores: when it has made the first process of the program.
    let mut tries = 0;
    loop {
        let mut run = programs.begin(&file);
        let hit = kill_criu(&mut run, |children| children.len() > 1);
        if !hit {
            // It was too quick this time.
            ask_to_stop(&run);
            assert_eq!(run.wait().unwrap().code(), Some(99), "{}", programs.log(&file));
            tries += 1;
            assert!(tries < 5, "never hit");
            continue;
        }
        let code = run.wait().unwrap().code();
        let log = programs.log(&file);
        assert_eq!(code, Some(69), "{log}");
        assert!(log.contains("CRIU ended in a restore without an answer (the image is as it was"), "{log}");
        break;
    }
    // While it dumps: the program goes on and is dumped again, or goes on from the generation before.
    let links = || {
        let log = programs.log(&file);
        log.matches("Resumes generation").count()
    };
    let before = links();
    let mut run = programs.begin(&file);
    wait_for(|| programs.log(&file), || links() > before);
    ask_to_stop(&run);
    let images = programs.chain(&file).join("images");
    let hit = kill_criu(&mut run, |_| writes_pages(&images));
    let code = run.wait().unwrap().code();
    let log = programs.log(&file);
    assert_eq!(code, Some(99), "{log}");
    assert!(!hit || log.contains("The program could not be dumped: "), "{log}");
    fs::write(programs.scene.path("go"), "").unwrap();
    programs.run(&file).good();
    assert_eq!(String::from_utf8(programs.result(&file, "kept.txt")).unwrap(), expected());
    let log = programs.log(&file);
    assert_eq!(log.matches("Begins anew").count(), 1, "{log}");
    let left: Vec<_> = fs::read_dir(programs.scene.path("killed/results")).unwrap().flatten().collect();
    assert_eq!(left.len(), 1, "{left:?}");
}

/// A file system in memory that goes away with it.
struct Small(std::path::PathBuf);

impl Small {
    fn mount(folder: &Path, size: &str) -> Self {
        fs::create_dir_all(folder).unwrap();
        assert!(mount(&["-t", "tmpfs", "-o", &format!("size={size}"), "tmpfs"], folder));
        Self(folder.to_owned())
    }

    fn resize(&self, size: &str) {
        assert!(mount(&["-o", &format!("remount,size={size}")], &self.0));
    }

    /// Leaves so much room, bytes.
    fn leave(&self, bytes: u64) {
        let disk = nix::sys::statvfs::statvfs(&self.0).unwrap();
        let used = (disk.blocks() - disk.blocks_free()) * disk.fragment_size();
        self.resize(&(used + bytes).to_string());
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

fn mount(arguments: &[&str], folder: &Path) -> bool {
    Command::new("mount").args(arguments).arg(folder).status().is_ok_and(|status| status.success())
}

#[test]
fn a_disk_that_is_full_in_the_middle_of_a_dump_loses_nothing() {
    let test = "a_disk_that_is_full_in_the_middle_of_a_dump_loses_nothing";
    let Some(programs) = Programs::new(test) else { return };
    if !nix::unistd::geteuid().is_root() || !support::have_programs(test, &["mount"]) {
        return support::skip(test, "only root can mount a small disk");
    }
    let file = programs.campaign("full", LARGE, &["kept.txt"], "");
    let disk = Small::mount(&programs.scene.path("full"), "1g");
    programs.cut(&file, || programs.said(&file) >= 10);
    // Room for half an image more.
    disk.leave(25_000_000);
    let before = support::contents(&programs.chain(&file).join("images"));
    let mut run = programs.begin(&file);
    wait_for(|| programs.log(&file), || programs.said(&file) >= 30);
    ask_to_stop(&run);
    wait_for(|| programs.log(&file), || programs.log(&file).contains("could not be dumped"));
    // It runs on, and what was sealed before is as it was.
    let said = programs.said(&file);
    wait_for(|| programs.log(&file), || programs.said(&file) > said || run.try_wait().unwrap().is_some());
    let log = programs.log(&file);
    assert!(log.contains("No space left") || log.contains("the disk is full"), "{log}");
    let images = programs.chain(&file).join("images");
    assert!(
        before.iter().all(|(path, bytes)| fs::read(path).is_ok_and(|now| now == *bytes)),
        "{:?}",
        fs::read_dir(&images).unwrap().flatten().collect::<Vec<_>>()
    );
    // As soon as there is room it is saved.
    disk.resize("1g");
    assert_eq!(run.wait().unwrap().code(), Some(99), "{}", programs.log(&file));
    let log = programs.log(&file);
    assert!(log.contains("Sealed generation 000002"), "{log}");
    fs::write(programs.scene.path("go"), "").unwrap();
    programs.run(&file).good();
    assert_eq!(String::from_utf8(programs.result(&file, "kept.txt")).unwrap(), expected());
}
