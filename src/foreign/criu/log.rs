//! What CRIU's log says, in words for people.

use std::fmt::Write as _;

use super::super::backend::{Trouble, TroubleKind};

/// What was asked of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::foreign) enum CriuWork {
    Dump,
    Restore,
}

/// Lines of errors that mean nothing without root, or for a program without sockets.
const HARMLESS: [&str; 3] = ["RLIMIT_NOFILE", "net: Unexpected error", NO_DIAG];

/// The kernel does not tell of sockets of a kind: a program that has one cannot be dumped.
const NO_DIAG: &str = "Diag module missing";

/// Lines of errors that only say that others came before.
const FOLLOWING: [&str; 6] = [
    "Dumping FAILED",
    "Restoring FAILED",
    "Dump core",
    "Dump files (pid",
    "Dump task ",
    "Failed inotify/fanotify restore",
];

/// Lines of the log that a message quotes at most.
const MOST: usize = 3;

/// A sign in CRIU's log, and what it means.
struct Sign {
    /// Any of these is in the log.
    words: &'static [&'static str],
    kind: TroubleKind,
    cure: &'static str,
}

const FULL: Sign = Sign {
    words: &["No space left on device", "Disk quota exceeded", "errno = 28", "errno = 122"],
    kind: TroubleKind::DiskFull,
    cure: "make room on that disk, or raise the quota",
};

const AT_DUMP: &[Sign] = &[
    FULL,
    Sign {
        words: &["File too large"],
        kind: TroubleKind::DiskFull,
        cure: "the job's limit of file sizes (ulimit -f) is smaller than the program: raise it",
    },
    Sign {
        words: &["kerndat_tcp_repair"],
        kind: TroubleKind::Unavailable,
        cure: "CRIU needs the node's loopback device: ip link set lo up",
    },
    Sign {
        // SO_PASSCRED and SO_PASSSEC, which kernel 6.18 refuses for sockets of other kinds than local ones, and 6.1 does not.
        words: &["Can't get 1:16 opt", "Can't get 1:34 opt"],
        kind: TroubleKind::Unavailable,
        cure: "for sockets this kernel needs CRIU 4.2 or newer: `alpsckpt kit criu --suite sid --again` makes a kit of one",
    },
    Sign {
        words: &["inet: Connected TCP socket", "TCP socket", "tcp: "],
        kind: TroubleKind::Undumpable,
        cure: "`network: Private` lets a program talk to itself over TCP; one that talks to others cannot be dumped",
    },
    Sign {
        words: &["Found external terminal", "tty: "],
        kind: TroubleKind::Undumpable,
        cure: "run the program without a terminal",
    },
    Sign {
        words: &["seccomp"],
        kind: TroubleKind::Undumpable,
        cure: "run the program without its sandbox (seccomp)",
    },
    Sign {
        words: &["inotify", "fanotify", "fsnotify"],
        kind: TroubleKind::Undumpable,
        cure: "have the program not watch files (inotify)",
    },
    Sign {
        words: &["mapped [/dev/shm/sem."],
        kind: TroubleKind::Undumpable,
        cure: "a named semaphore, as of Python's multiprocessing: `semaphores: Files` has them be files of the chain's folder",
    },
    Sign {
        words: &["[aio]"],
        kind: TroubleKind::Undumpable,
        cure: "have the program do without asynchronous input and output of the kernel (aio)",
    },
    Sign {
        words: &["Can't open mapped", "deleted file"],
        kind: TroubleKind::Undumpable,
        cure: "the program has mapped a file that was removed or replaced since: start it again with the files as they are now",
    },
    Sign {
        words: &["send_fds failed", "io_uring", "userfaultfd", "anon_inode"],
        kind: TroubleKind::Undumpable,
        cure: "have the program do without io_uring, userfaultfd and the like",
    },
    Sign {
        words: &["Unseizable", "ptrace", "is being traced"],
        kind: TroubleKind::Undumpable,
        cure: "end the debugger or tracer of the program",
    },
    Sign {
        words: &["SysVIPC", "sysvipc"],
        kind: TroubleKind::Undumpable,
        cure: "have the program do without SysV shared memory",
    },
    Sign {
        words: &["Can't lookup mount"],
        kind: TroubleKind::Undumpable,
        cure: "the program has something open that is no file of this node, such as a POSIX message queue",
    },
    Sign {
        words: &["link remap", "ghost file", "Can't link"],
        kind: TroubleKind::Undumpable,
        cure: "the program has a removed file open on a disk where it can be given no other name",
    },
    Sign {
        words: &["trim failed"],
        kind: TroubleKind::Undumpable,
        cure: "a file that the program has open was removed, and has other names: kernels before 6.10 let no user give it one \
               more; have the program close what it removes",
    },
];

const AT_RESTORE: &[Sign] = &[
    FULL,
    Sign {
        words: &[
            "magic doesn't match",
            "Unexpected EOF",
            "Can't open file inventory",
            "Failed to decode",
            "Unable to open pstree",
        ],
        kind: TroubleKind::Damaged,
        cure: "an older generation may be whole",
    },
    Sign {
        words: &[
            "has bad size",
            "has bad mode",
            "has bad build-id",
            "Can't open file",
            "Can't link",
            "No such file",
        ],
        kind: TroubleKind::Unfit,
        cure: "put the file back as it was when the program was dumped",
    },
    Sign {
        words: &["CPU capabilities", "cpu: "],
        kind: TroubleKind::Unfit,
        cure: "restore it on a node of the processor class that it was dumped on",
    },
    Sign {
        words: &["Can't setgroups", "setgroups"],
        kind: TroubleKind::Unfit,
        cure: "the user must be in as many groups on this node as on the one where the program was dumped",
    },
    Sign {
        words: &["File exists"],
        kind: TroubleKind::Unfit,
        cure: "remove the file, if a restore that was ended has left it",
    },
    Sign {
        words: &["Cannot allocate memory", "Unable to map", "fffffffffffffff4"],
        kind: TroubleKind::Unfit,
        cure: "the job needs as much memory, and as wide limits, as the one that dumped the program",
    },
];

/// Why a request failed: from its log, the number of the error and its words in the answer.
pub(in crate::foreign) fn trouble(work: CriuWork, log: &str, errno: i32, message: &str) -> Trouble {
    let lines = errors(log);
    let all = lines.join("; ");
    let mut what = match work {
        CriuWork::Dump => "CRIU cannot dump the program".to_owned(),
        CriuWork::Restore => "CRIU cannot restore the program".to_owned(),
    };
    let told = if lines.is_empty() { message.trim() } else { all.as_str() };
    if !told.is_empty() {
        let _ = write!(what, ": {told}");
    } else if errno != 0 {
        let _ = write!(what, ": {}", std::io::Error::from_raw_os_error(errno));
    }
    let lower = what.to_lowercase();
    let signs = if work == CriuWork::Dump { AT_DUMP } else { AT_RESTORE };
    let full = matches!(errno, 28 | 122);
    let found = if full {
        Some(&FULL)
    } else {
        signs.iter().find(|s| s.words.iter().any(|w| lower.contains(&w.to_lowercase())))
    };
    match (found, work) {
        (Some(sign), _) => Trouble::new(sign.kind, what, sign.cure),
        (None, CriuWork::Dump) if log.contains(NO_DIAG) => Trouble::new(
            TroubleKind::Unavailable,
            what,
            "root can load the node's modules unix_diag, inet_diag, tcp_diag, udp_diag and netlink_diag",
        ),
        (None, CriuWork::Dump) => Trouble::new(TroubleKind::Undumpable, what, ""),
        (None, CriuWork::Restore) => Trouble::new(TroubleKind::Unfit, what, ""),
    }
}

/// Why there is no answer to a request, as far as that is known.
pub(in crate::foreign) fn no_answer(work: CriuWork, log: &str, said: &str) -> Trouble {
    let mut what = match work {
        CriuWork::Dump => "CRIU ended in a dump without an answer".to_owned(),
        CriuWork::Restore => "CRIU ended in a restore without an answer".to_owned(),
    };
    for words in said.lines().next_back().map(str::to_owned).into_iter().chain(errors(log)) {
        let _ = write!(what, "; {words}");
    }
    let cure = match work {
        CriuWork::Dump => "the program runs on, or goes on from its last generation",
        CriuWork::Restore => "the image is as it was: try again, with more memory if that ended CRIU",
    };
    Trouble::new(TroubleKind::Unavailable, what, cure)
}

/// The errors of a log: the first ones, since what follows follows from them.
fn errors(log: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for line in log.lines() {
        // (00.123456)     12: Error (file.c:123): words
        let Some((_, rest)) = line.split_once("Error (") else { continue };
        let Some((_, words)) = rest.split_once("): ") else { continue };
        let words = words.trim();
        let skipped = HARMLESS.iter().chain(&FOLLOWING).any(|known| words.contains(known));
        if !skipped && !found.iter().any(|f| f == words) {
            found.push(words.to_owned());
        }
    }
    found.truncate(MOST);
    found
}

#[cfg(test)]
mod tests;
