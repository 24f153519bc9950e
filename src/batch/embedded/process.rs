//! Processes of this machine by `/proc`: who is who, in spite of reused numbers, and the end of a job's whole family.

use std::fs;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde::{Deserialize, Serialize};

use crate::host::{self, Host, ProcessStat};

/// The variable that every process of a job inherits; its value is the job's folder.
pub(super) const COOKIE: &str = "ALPSCKPT_CLUSTER_JOB";

/// A process that cannot be mistaken for a later one of the same number: `/proc/PID/stat` field 22 (clock ticks since
/// boot) and the boot tell them apart.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct ProcessId {
    /// Its number.
    pub(super) pid: i32,
    /// Its start, clock ticks since boot.
    pub(super) start: u64,
    /// The boot it belongs to.
    pub(super) boot: String,
    /// The PID namespace in which it has this number; 0 where an older program did not write it.
    #[serde(default)]
    pub(super) namespace: u64,
}

impl ProcessId {
    /// The living process with this number.
    pub(super) fn of(pid: i32) -> Option<Self> {
        let (stat, host) = (ProcessStat::of(pid).ok()?, Host::this());
        Some(Self { pid, start: stat.started, boot: host.boot, namespace: host.pid_namespace })
    }

    /// This process; `None` where `/proc` lists the processes of another namespace.
    pub(super) fn own() -> Option<Self> {
        if host::proc_is_ours() { Self::of(i32::try_from(std::process::id()).ok()?) } else { None }
    }

    /// Whether its number is one of this process's namespace, so that it can be looked up and signalled.
    pub(super) fn is_here(&self) -> bool {
        let own = Host::this();
        self.boot == own.boot
            && (self.namespace == 0 || self.namespace == own.pid_namespace)
            && host::proc_is_ours()
    }

    /// Whether this kernel runs it, or ran it: in whatever namespace.
    pub(super) fn is_of_this_boot(&self) -> bool {
        self.boot == boot_id()
    }

    /// Whether it still runs; one that ended and waits for its parent does not.
    pub(super) fn is_alive(&self) -> bool {
        self.is_here() && ProcessStat::of(self.pid).is_ok_and(|s| s.is_running() && s.started == self.start)
    }

    /// Sends a signal to it alone; whether it was there.
    pub(super) fn signal(&self, signal: Signal) -> bool {
        self.pid > 1 && self.is_alive() && kill(Pid::from_raw(self.pid), signal).is_ok()
    }
}

/// The kernel's name of this boot; empty where it has none.
pub(super) fn boot_id() -> String {
    Host::this().boot
}

/// All processes of a job: those of its wrapper's session, those that carry its cookie, and their descendants (as OAR
/// finds them by the job's cpuset).
fn family(wrapper: Option<&ProcessId>, cookie: &str) -> Vec<i32> {
    let wanted = format!("{COOKIE}={cookie}");
    let all = running();
    // A session's number is free again only when nobody is left in it: if its leader's number now names another
    // process, the session is not the job's any more.
    let session =
        wrapper.filter(|w| w.is_here() && ProcessStat::of(w.pid).map_or(true, |s| s.started == w.start));
    let mut members: Vec<i32> = all
        .iter()
        .filter(|(pid, stat)| session.is_some_and(|w| stat.session == w.pid) || carries(*pid, &wanted))
        .map(|(pid, _)| *pid)
        .collect();
    let mut at = 0;
    while let Some(&parent) = members.get(at) {
        let children =
            all.iter().filter(|(pid, stat)| stat.parent == parent.cast_unsigned() && !members.contains(pid));
        let children: Vec<i32> = children.map(|(pid, _)| *pid).collect();
        members.extend(children);
        at += 1;
    }
    members.retain(|pid| *pid > 1 && u32::try_from(*pid).is_ok_and(|p| p != std::process::id()));
    members
}

fn running() -> Vec<(i32, ProcessStat)> {
    if !host::proc_is_ours() {
        // The numbers are another namespace's: they name other processes here.
        return Vec::new();
    }
    let Ok(entries) = fs::read_dir("/proc") else { return Vec::new() };
    let pids = entries.filter_map(|e| e.ok()?.file_name().to_str()?.parse::<i32>().ok());
    pids.filter_map(|pid| Some((pid, ProcessStat::of(pid).ok()?)))
        .filter(|(_, stat)| stat.is_running())
        .collect()
}

fn carries(pid: i32, wanted: &str) -> bool {
    fs::read(format!("/proc/{pid}/environ"))
        .is_ok_and(|environ| environ.split(|b| *b == 0).any(|v| v == wanted.as_bytes()))
}

/// Kills all processes of a job with SIGKILL; whether none is left. Gives up after `patience`: a process in the middle
/// of a disk access dies only when the kernel lets it.
pub(super) fn kill_family(wrapper: Option<&ProcessId>, cookie: &str, patience: Duration) -> bool {
    let until = Instant::now() + patience;
    loop {
        let members = family(wrapper, cookie);
        if members.is_empty() {
            return true;
        }
        for pid in members {
            let _ = kill(Pid::from_raw(pid), Signal::SIGKILL);
        }
        if Instant::now() >= until {
            return false;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::process::CommandExt;
    use std::process::Command;

    #[test]
    fn a_reused_number_is_not_mistaken_for_the_process() {
        let own = ProcessId::own().unwrap();
        assert!(own.is_alive());
        let former = ProcessId { start: own.start.wrapping_sub(1), ..own.clone() };
        assert!(!former.is_alive());
        assert!(!former.signal(Signal::SIGKILL));
        assert!(!ProcessId { boot: "another".to_owned(), ..own.clone() }.is_alive());
        let elsewhere = ProcessId { namespace: own.namespace + 1, ..own.clone() };
        assert!(!elsewhere.is_alive() && elsewhere.is_of_this_boot() && !elsewhere.signal(Signal::SIGUSR2));
        assert!(ProcessId { namespace: 0, ..own }.is_alive(), "an older program named none");
    }

    #[test]
    fn a_family_is_killed_down_to_the_child_that_left_its_session() {
        let folder = tempfile::tempdir().unwrap();
        let cookie = folder.path().to_str().unwrap();
        let mut child = Command::new("setsid")
            .args(["sh", "-c", "setsid sleep 300 & sleep 300 & wait"])
            .env(COOKIE, cookie)
            .process_group(0)
            .spawn()
            .unwrap();
        let until = Instant::now() + Duration::from_secs(20);
        while family(None, cookie).len() < 3 && Instant::now() < until {
            std::thread::sleep(Duration::from_millis(5));
        }
        assert!(family(None, cookie).len() >= 3);
        assert!(kill_family(None, cookie, Duration::from_secs(20)));
        assert!(family(None, cookie).is_empty());
        child.wait().unwrap();
    }
}
