//! The processes of a program under DMTCP, which has no namespace of its own around it.

use std::collections::BTreeSet;
use std::path::Path;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use procfs::process::{Process, Stat, all_processes};

/// All that run.
fn running() -> Vec<Stat> {
    let all = all_processes().into_iter().flatten().flatten();
    all.filter_map(|process| process.stat().ok()).filter(|stat| !matches!(stat.state, 'Z' | 'X')).collect()
}

/// The processes of a session, those of these numbers and starts, and all that descend from any of them. What has left the session
/// and has lost its parent only the coordinator knows.
pub(super) fn of_session(session: u32, known: &[(u32, u64)]) -> Vec<u32> {
    let all = running();
    let is_known = |stat: &&Stat| known.contains(&(stat.pid as u32, stat.starttime));
    let mut found: BTreeSet<i32> = all.iter().filter(is_known).map(|stat| stat.pid).collect();
    found.insert(session as i32);
    found.extend(all.iter().filter(|stat| stat.session == session as i32).map(|stat| stat.pid));
    loop {
        let before = found.len();
        found.extend(
            all.iter().filter(|stat| found.contains(&stat.ppid)).map(|stat| stat.pid).collect::<Vec<_>>(),
        );
        if found.len() == before {
            break;
        }
    }
    all.iter().filter(|stat| found.contains(&stat.pid)).map(|stat| stat.pid as u32).collect()
}

/// Stops them all, also those that they start meanwhile; which they are.
pub(super) fn stopped(tasks: impl Fn() -> Vec<u32>) -> Vec<u32> {
    let mut stopped = BTreeSet::new();
    loop {
        let new: Vec<u32> = tasks().into_iter().filter(|task| !stopped.contains(task)).collect();
        if new.is_empty() {
            return stopped.into_iter().collect();
        }
        signal(&new, Signal::SIGSTOP);
        stopped.extend(new);
    }
}

/// Sends all of them a signal.
pub(super) fn signal(tasks: &[u32], signal: Signal) {
    for task in tasks {
        // One that has ended is as good.
        let _ = kill(Pid::from_raw(*task as i32), signal);
    }
}

/// What they hold in memory, bytes; what they share counts more than once.
pub(super) fn memory(tasks: &[u32]) -> u64 {
    let of = |task: &u32| Process::new(*task as i32).ok()?.status().ok()?.vmrss;
    tasks.iter().filter_map(of).sum::<u64>() * 1024
}

/// Ends this person's coordinators that write their port to a file whose path begins so.
pub(super) fn end_coordinators(port_files: &Path) {
    let begin = port_files.as_os_str().as_encoded_bytes();
    for process in all_processes().into_iter().flatten().flatten() {
        let Ok(words) = process.cmdline() else { continue };
        // Its own name a coordinator writes over in the list of its words.
        let of_ours = |pair: &[String]| pair[0] == "--port-file" && pair[1].as_bytes().starts_with(begin);
        if words.windows(2).any(of_ours) {
            signal(&[process.pid as u32], Signal::SIGKILL);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    #[test]
    fn a_number_that_was_given_to_another_process_is_no_known_one() {
        let mut other = Command::new("sleep").arg("600").spawn().unwrap();
        let start = crate::host::process_start(other.id()).unwrap();
        let none = u32::MAX >> 1;
        let (same, former) =
            (of_session(none, &[(other.id(), start)]), of_session(none, &[(other.id(), start + 1)]));
        other.kill().unwrap();
        other.wait().unwrap();
        assert_eq!((same, former), (vec![other.id()], Vec::new()));
    }
}
