//! What cannot be dumped of open files.

use std::collections::{BTreeMap, HashSet};
use std::os::fd::AsFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};

use nix::fcntl::OFlag;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::stat::{major, minor};

use super::hindrance::{Hindrances, Obstacle, Scene, TaskScene, Tool, shown};
use super::proc::{self, Open};
use super::whereabouts::{LONGEST_PATH, SHORTER, local, unknown_device};

/// `/dev/ptmx`, which masters of terminals are made by.
const MASTERS: u64 = nix::sys::stat::makedev(5, 2);

/// What message queues of POSIX lie in.
const MQUEUE_MAGIC: i64 = 0x1980_0202;

pub(super) fn look(scene: &Scene<'_>, found: &mut Hindrances) {
    let mut pipes = Pipes::default();
    for (task, open) in scene.opened() {
        let Some(target) = &open.target else {
            found.certain(
                task.number,
                Obstacle::LongPath,
                "a file is open whose path has more than 4095 letters",
                SHORTER,
            );
            continue;
        };
        if open.inode("pipe").is_some() {
            pipes.add(target, task, open);
        } else if let Some((path, removed)) = open.path() {
            file(scene, task, open, (&path, removed), &mut pipes, found);
        } else if open.inode("socket").is_none() {
            nameless(scene, task, open, &target.to_string_lossy(), found);
        }
    }
    pipes.look(scene, found);
    for task in &scene.tasks {
        folder_and_terminal(task, found);
    }
}

/// The ends of pipes and FIFOs that the tree has, by the system's words for them.
#[derive(Default)]
struct Pipes(BTreeMap<PathBuf, Ends>);

struct Ends {
    task: u32,
    /// Where the system shows one of them.
    door: PathBuf,
    reads: bool,
    writes: bool,
}

impl Pipes {
    fn add(&mut self, target: &Path, task: &TaskScene, open: &Open) {
        let none = Ends { task: task.number, door: open.door(task.number), reads: false, writes: false };
        let ends = self.0.entry(target.to_path_buf()).or_insert(none);
        ends.reads |= open.reads();
        ends.writes |= open.writes();
    }

    /// A pipe with one end in the tree: the other is closed, or elsewhere.
    fn look(&self, scene: &Scene<'_>, found: &mut Hindrances) {
        let halves = || self.0.iter().filter(|(_, ends)| ends.reads != ends.writes);
        let wanted: HashSet<PathBuf> = halves().map(|(target, _)| target.clone()).collect();
        let outside = scene.outside(&wanted);
        for (target, ends) in halves() {
            let whose = match outside.get(target) {
                Some((other, name)) => format!("{name} (process {other}), which is no part of it"),
                // Those of others cannot be looked into.
                None if !scene.standing && has_other_end(&ends.door, ends.reads) => {
                    "another user's program".to_owned()
                }
                None => continue,
            };
            let named =
                if target.is_absolute() { format!("the FIFO {}", shown(target)) } else { "a pipe".into() };
            let does = if ends.reads { "reads from" } else { "writes to" };
            let what = format!("it {does} {named} whose other end has {whose}");
            let cure = "write to a file or read from one instead, or make the other program part of the command \
                        (`Shell(\"program | other\")`)";
            found.certain(ends.task, Obstacle::Pipe, what, cure);
        }
    }
}

/// Whether anybody has the end of a pipe that is not the one behind this door.
fn has_other_end(door: &Path, reads: bool) -> bool {
    use std::os::unix::fs::OpenOptionsExt;
    let flags = OFlag::O_NONBLOCK.bits();
    let opened = std::fs::OpenOptions::new().read(reads).write(!reads).custom_flags(flags).open(door);
    let Ok(opened) = opened else { return false };
    let mut watched = [PollFd::new(opened.as_fd(), PollFlags::empty())];
    // Without a writer or a reader the system says so at once, asked for or not.
    let closed = PollFlags::POLLHUP | PollFlags::POLLERR;
    poll(&mut watched, PollTimeout::ZERO).is_ok()
        && watched[0].revents().is_some_and(|events| !events.intersects(closed))
}

/// Something with a path.
fn file(
    scene: &Scene<'_>,
    task: &TaskScene,
    open: &Open,
    (path, removed): (&Path, bool),
    pipes: &mut Pipes,
    found: &mut Hindrances,
) {
    if path.as_os_str().as_bytes().starts_with(b"/memfd:") {
        return;
    }
    if path.as_os_str().len() > LONGEST_PATH {
        found.certain(
            task.number,
            Obstacle::LongPath,
            format!("{}…: more than 4095 letters", shown(&head(path))),
            SHORTER,
        );
    }
    let door = open.door(task.number);
    let Ok(facts) = std::fs::metadata(&door) else { return };
    if facts.file_type().is_fifo() {
        let target = open.target.as_deref().unwrap_or(path);
        pipes.add(target, task, open);
    } else if facts.file_type().is_char_device() || facts.file_type().is_block_device() {
        device(scene, task, path, facts.rdev(), found);
        return;
    }
    if is_queue(path, &door) {
        let what = format!("it has the message queue {} of POSIX open", shown(path));
        found.certain(
            task.number,
            Obstacle::Queue,
            what,
            "let its processes speak by pipes or sockets instead",
        );
        return;
    }
    if removed {
        return;
    }
    let known = task.mounts.get(&open.mount);
    if known.is_none() && !task.mounts.is_empty() {
        let what = format!("{} was opened outside the program's own view of the file systems", shown(path));
        let cure = "open the file by its path in the program, instead of handing the open file to it";
        found.certain(task.number, Obstacle::OtherMount, what, cure);
    }
    local(scene, task.number, path, known, found);
}

fn head(path: &Path) -> PathBuf {
    PathBuf::from(String::from_utf8_lossy(&path.as_os_str().as_bytes()[..60]).into_owned())
}

/// Queues have one name after one slash, as if they lay in the root.
fn is_queue(path: &Path, door: &Path) -> bool {
    let in_root = path.parent() == Some(Path::new("/"));
    in_root && nix::sys::statfs::statfs(door).is_ok_and(|facts| facts.filesystem_type().0 == MQUEUE_MAGIC)
}

fn device(scene: &Scene<'_>, task: &TaskScene, path: &Path, number: u64, found: &mut Hindrances) {
    // As in the kernel's list of devices: memory, terminals, their masters.
    match (major(number), minor(number)) {
        (1, 3 | 5 | 7 | 8 | 9) => {}
        (4 | 5 | 136..=143, _) => {
            // A pair that the tree has both ends of. CRIU dumps it, and cannot restore it without root.
            let own = number == MASTERS || scene.opened().any(|(_, open)| is_master_of(open, number));
            let bearable = own && scene.look.tool == Tool::Dmtcp;
            let what = format!("it has the terminal {} open", shown(path));
            let cure =
                "let it write to files; leave out what asks for a terminal (script, expect, screen, tmux)";
            found.add(task.number, Obstacle::Terminal, what, cure, !bearable);
        }
        _ => unknown_device(task.number, path, found),
    }
}

/// The master of a terminal that the tree has made.
fn is_master_of(open: &Open, slave: u64) -> bool {
    let index = proc::field(&open.more, "tty-index").and_then(|index| index.parse::<u64>().ok());
    matches!(major(slave), 136..=143) && index == Some(minor(slave))
}

/// Something without a path.
fn nameless(scene: &Scene<'_>, task: &TaskScene, open: &Open, target: &str, found: &mut Hindrances) {
    let number = task.number;
    let kind = target.strip_prefix("anon_inode:").unwrap_or(target).trim_matches(|c| c == '[' || c == ']');
    match kind {
        "eventfd" | "eventpoll" | "signalfd" | "timerfd" => {}
        _ if kind == "pidfd" || kind.starts_with("pidfd:") => pidfd(scene, task, open, found),
        "inotify" | "fanotify" => {
            let what =
                format!("it watches files for changes ({kind}), which cannot be put back without root");
            let cure = "switch the watching off (an automatic reload, a progress display), or let the program ask from time to time";
            found.certain(number, Obstacle::Watch, what, cure);
        }
        "io_uring" => {
            let what = "it reads and writes by io_uring, which cannot be dumped";
            found.certain(
                number,
                Obstacle::Uring,
                what,
                "choose another way of input and output in the program's options",
            );
        }
        "userfaultfd" => {
            let what = "it handles page faults itself (userfaultfd), which cannot be dumped";
            found.certain(
                number,
                Obstacle::Faults,
                what,
                "switch that off in the program's options (a garbage collector, an emulator)",
            );
        }
        _ => {
            let what = format!(
                "it has something open that is not known to be dumpable ({})",
                crate::quantity::clean(target)
            );
            let cure = "see whether the trial dump takes it; else switch off what opens it, or let the program save itself \
                        (`checkpoint: Own(…)`)";
            found.perhaps(number, Obstacle::Unknown, what, cure);
        }
    }
}

/// A handle of a process that is no part of the tree.
fn pidfd(scene: &Scene<'_>, task: &TaskScene, open: &Open, found: &mut Hindrances) {
    let of = proc::field(&open.more, "Pid").and_then(|number| number.parse::<u32>().ok());
    if let Some(other) = of.filter(|other| *other > 0 && !scene.numbers.contains(other)) {
        let what = format!("it holds on to {} (process {other}), which is no part of it", proc::name(other));
        found.certain(task.number, Obstacle::Outside, what, "let it start itself what it looks after");
    }
}

fn folder_and_terminal(task: &TaskScene, found: &mut Hindrances) {
    if proc::stat(task.number).is_ok_and(|stat| stat.terminal != 0) {
        let what = "it belongs to a terminal";
        found.certain(task.number, Obstacle::Terminal, what, "let the job start it, or `setsid`");
    }
    let folder = std::fs::read_link(proc::folder(task.number).join("cwd"));
    if folder.is_err_and(|e| e.raw_os_error() == Some(nix::errno::Errno::ENAMETOOLONG as i32)) {
        let what = "its working folder has a path of more than 4095 letters";
        found.certain(task.number, Obstacle::LongPath, what, SHORTER);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::fd::AsRawFd;

    #[test]
    fn an_open_end_of_a_pipe_is_seen_whoever_has_it() {
        for reads in [true, false] {
            let (reader, writer) = std::io::pipe().unwrap();
            let (ours, other): (std::os::fd::OwnedFd, std::os::fd::OwnedFd) =
                if reads { (reader.into(), writer.into()) } else { (writer.into(), reader.into()) };
            let door = PathBuf::from(format!("/proc/self/fd/{}", ours.as_raw_fd()));
            assert!(has_other_end(&door, reads), "{reads}");
            drop(other);
            assert!(!has_other_end(&door, reads), "{reads}");
        }
        assert!(!has_other_end(Path::new("/nowhere"), true));
    }
}
