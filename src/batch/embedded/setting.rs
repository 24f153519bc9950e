//! What a process inherits and a job must not get from whoever happened to start the server: umask, limits, niceness, cores,
//! ignored signals, a few variables. Each job gets those of the client that submitted it, as if it had run it itself.

use std::fs;
use std::os::fd::RawFd;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use nix::sched::{CpuSet, sched_getaffinity, sched_setaffinity};
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use nix::sys::stat::Mode;
use nix::unistd::Pid;
use serde::{Deserialize, Serialize};

use super::process::ProcessId;
use crate::host::{own_mask, own_status};

/// Limits by the names that `/proc/PID/limits` gives them.
const LIMITS: [(&str, Resource); 16] = [
    ("Max cpu time", Resource::RLIMIT_CPU),
    ("Max file size", Resource::RLIMIT_FSIZE),
    ("Max data size", Resource::RLIMIT_DATA),
    ("Max stack size", Resource::RLIMIT_STACK),
    ("Max core file size", Resource::RLIMIT_CORE),
    ("Max resident set", Resource::RLIMIT_RSS),
    ("Max processes", Resource::RLIMIT_NPROC),
    ("Max open files", Resource::RLIMIT_NOFILE),
    ("Max locked memory", Resource::RLIMIT_MEMLOCK),
    ("Max address space", Resource::RLIMIT_AS),
    ("Max file locks", Resource::RLIMIT_LOCKS),
    ("Max pending signals", Resource::RLIMIT_SIGPENDING),
    ("Max msgqueue size", Resource::RLIMIT_MSGQUEUE),
    ("Max nice priority", Resource::RLIMIT_NICE),
    ("Max realtime priority", Resource::RLIMIT_RTPRIO),
    ("Max realtime timeout", Resource::RLIMIT_RTTIME),
];

/// Variables that a job has from its client; it gets no others.
const VARIABLES: [&str; 5] = ["HOME", "LOGNAME", "USER", "TZ", "TMPDIR"];

/// What a process hands down.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Setting {
    /// The file mode bits that new files do not get; open where the kernel does not tell.
    umask: Option<u32>,
    /// From -20 to 19.
    nice: i32,
    /// Limits by name: the soft and the hard one.
    limits: Vec<(String, u64, u64)>,
    /// The processors it may run on.
    cpus: Vec<usize>,
    /// Some of its variables.
    variables: Vec<(String, String)>,
}

impl Setting {
    /// Those of this process.
    pub(super) fn own() -> Self {
        let limit = |(name, resource): &(&str, Resource)| {
            getrlimit(*resource).ok().map(|(soft, hard)| ((*name).to_owned(), soft, hard))
        };
        let cpus = sched_getaffinity(Pid::from_raw(0)).map(|set| {
            (0..CpuSet::count()).filter(|cpu| set.is_set(*cpu).unwrap_or(false)).collect::<Vec<usize>>()
        });
        Self {
            umask: own_status("Umask:").and_then(|octal| u32::from_str_radix(&octal, 8).ok()),
            nice: rustix::process::getpriority_process(None).unwrap_or(0),
            limits: LIMITS.iter().filter_map(limit).collect(),
            cpus: cpus.unwrap_or_default(),
            variables: variables(),
        }
    }

    /// The variables.
    pub(super) fn variables(&self) -> &[(String, String)] {
        &self.variables
    }

    /// Makes this process one of this setting, as far as it may.
    pub(super) fn apply(&self) {
        if let Some(umask) = self.umask {
            nix::sys::stat::umask(Mode::from_bits_truncate(umask));
        }
        let mut set = CpuSet::new();
        if self.cpus.iter().filter(|cpu| set.set(**cpu).is_ok()).count() > 0 {
            // Fails when this machine has none of them: then those of the server stay.
            let _ = sched_setaffinity(Pid::from_raw(0), &set);
        }
        let _ = rustix::process::setpriority_process(None, self.nice);
        for (name, soft, hard) in &self.limits {
            let Some((_, resource)) = LIMITS.iter().find(|(known, _)| known == name) else { continue };
            if setrlimit(*resource, *soft, *hard).is_err()
                && let Ok((_, most)) = getrlimit(*resource)
            {
                let _ = setrlimit(*resource, (*soft).min(most), (*hard).min(most));
            }
        }
    }

    /// What a server, a process of this namespace, cannot give to a job of this setting, in words: a limit lower than this
    /// client's, or a lower priority.
    pub(super) fn more_than(&self, server: &ProcessId) -> Option<String> {
        // Who has the right to raises its limits again: capabilities(7).
        const SYS_NICE: u64 = 1 << 23;
        const SYS_RESOURCE: u64 = 1 << 24;
        if !server.is_alive() {
            return None;
        }
        let rights = own_mask("CapEff:");
        if rights & SYS_NICE == 0 {
            let theirs = rustix::process::Pid::from_raw(server.pid)
                .and_then(|pid| rustix::process::getpriority_process(Some(pid)).ok());
            if theirs.is_some_and(|theirs| theirs > self.nice) {
                return Some("its priority is lower".to_owned());
            }
        }
        if rights & SYS_RESOURCE != 0 {
            return None;
        }
        let text = fs::read_to_string(format!("/proc/{}/limits", server.pid)).ok()?;
        self.more_than_limits(&text)
    }

    fn more_than_limits(&self, text: &str) -> Option<String> {
        let hard_of = |name: &str| {
            let rest = text.lines().find_map(|line| line.strip_prefix(name))?;
            let word = rest.split_whitespace().nth(1)?;
            if word == "unlimited" { Some(u64::MAX) } else { word.parse().ok() }
        };
        let lower = self.limits.iter().find(|(name, _, hard)| hard_of(name).is_some_and(|most| most < *hard));
        lower.map(|(name, ..)| format!("its {} is lower", name.to_lowercase()))
    }
}

/// The variables of this process that a job is given.
pub(super) fn variables() -> Vec<(String, String)> {
    VARIABLES.iter().filter_map(|k| Some(((*k).to_owned(), std::env::var(k).ok()?))).collect()
}

/// Gives each signal that this process ignores, because its starter did (`nohup`), a handler that does what would be done by
/// default: the next program that this process becomes ignores none.
pub(super) fn ignore_no_signals() {
    let ignored = own_mask("SigIgn:");
    for signal in (1..32).filter(|signal| ignored >> (signal - 1) & 1 == 1) {
        if !signal_hook::consts::FORBIDDEN.contains(&signal) {
            let always = Arc::new(AtomicBool::new(true));
            let _ = signal_hook::flag::register_conditional_default(signal, always);
        }
    }
}

/// Closes the descriptors that this process inherited beyond the three standard ones: a lock or a pipe of the shell that started
/// it would stay with the server for hours. Called before it opens any.
pub(super) fn close_inherited() {
    const CLOSED_ON_EXEC: u32 = 0o2_000_000;
    let Ok(entries) = fs::read_dir("/proc/self/fd") else { return };
    let open: Vec<RawFd> = entries.filter_map(|e| e.ok()?.file_name().to_str()?.parse().ok()).collect();
    for fd in open.into_iter().filter(|fd| *fd > 2) {
        let info = fs::read_to_string(format!("/proc/self/fdinfo/{fd}")).unwrap_or_default();
        let flags = info.lines().find_map(|line| line.strip_prefix("flags:"));
        let flags = flags.and_then(|octal| u32::from_str_radix(octal.trim(), 8).ok());
        // Those that this program opened itself are closed on exec.
        if flags.is_some_and(|flags| flags & CLOSED_ON_EXEC == 0) {
            let _ = nix::unistd::close(fd);
        }
    }
}

/// A server whose starter had little time or room left is not to die of that: its soft limits become its hard ones. Its jobs
/// have their own.
pub(super) fn raise_limits() {
    for resource in [
        Resource::RLIMIT_CPU,
        Resource::RLIMIT_FSIZE,
        Resource::RLIMIT_DATA,
        Resource::RLIMIT_NPROC,
        Resource::RLIMIT_NOFILE,
        Resource::RLIMIT_AS,
    ] {
        if let Ok((_, hard)) = getrlimit(resource) {
            let _ = setrlimit(resource, hard, hard);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_has_a_umask_limits_and_processors_and_a_server_like_it_can_give_them() {
        let own = Setting::own();
        assert!(own.umask.is_some() && own.limits.len() == LIMITS.len() && !own.cpus.is_empty(), "{own:?}");
        let limits = fs::read_to_string("/proc/self/limits").unwrap();
        assert_eq!(own.more_than_limits(&limits), None, "{limits}");
        assert!(limits.lines().any(|line| line.starts_with("Max open files")));
    }

    #[test]
    fn a_server_with_a_lower_hard_limit_is_told_from_one_with_a_lower_soft_limit() {
        let wanted = Setting {
            limits: vec![
                ("Max open files".to_owned(), 1024, 4096),
                ("Max cpu time".to_owned(), u64::MAX, u64::MAX),
            ],
            ..Setting::default()
        };
        let limits = |files: &str, time: &str| {
            format!(
                "Limit  Soft Limit  Hard Limit  Units\nMax cpu time  2  {time}  seconds\nMax open files  8  {files}  files\n"
            )
        };
        assert_eq!(wanted.more_than_limits(&limits("4096", "unlimited")), None);
        assert!(wanted.more_than_limits(&limits("256", "unlimited")).unwrap().contains("max open files"));
        assert!(wanted.more_than_limits(&limits("4096", "60")).unwrap().contains("max cpu time"));
    }
}
