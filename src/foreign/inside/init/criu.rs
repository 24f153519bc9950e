//! CRIU at work beside the program.

use std::io::{self, Read};
use std::os::fd::{AsFd, OwnedFd};
use std::process::Command;
use std::time::{Duration, Instant};

use caps::CapsHashSet;
use nix::fcntl::{OFlag, openat};
use nix::sys::signal::{Signal, kill};
use nix::sys::stat::Mode;
use rustix::mount::{FsMountFlags, FsOpenFlags, MountAttrFlags, fsconfig_create, fsmount, fsopen};
use rustix::process::{Resource, Rlimit, prlimit};

use super::super::{handed, process, wire};
use super::Init;
use crate::foreign::backend::{Ended, Trouble, TroubleKind};
use crate::foreign::criu::log::{self, CriuWork};
use crate::foreign::criu::rpc::{CriuOptions, CriuResponse, Notification, RequestKind as Asked};
use crate::foreign::criu::swrk::{LOG, Swrk};

/// More of a log is not read.
const LONGEST_LOG: u64 = 4 << 20;

/// What it says beside its log.
const SAID: &str = "said";

/// How a talk with CRIU went on.
pub(super) enum CriuSaid {
    /// Something is about to happen, or has; CRIU waits for the answer.
    Notified(Notification),
    /// It is done.
    Answered(CriuResponse),
    /// It ended without an answer.
    Gone,
}

/// One request to CRIU.
pub(super) struct Talk {
    swrk: Swrk,
    work: CriuWork,
    limit: Duration,
    until: Instant,
    /// There is no more time: it is to fail.
    pub(super) late: bool,
}

impl Init {
    /// Starts CRIU for a request, with the folder of the image. It begins with the capabilities that `may` leaves it.
    pub(super) fn call_criu(
        &mut self,
        order: &wire::ImageOrder,
        image: &OwnedFd,
        work: CriuWork,
        may: impl Fn(CapsHashSet) -> CapsHashSet,
    ) -> Result<Talk, Trouble> {
        let begin = |init: &mut Self| -> io::Result<Swrk> {
            let logs = init.logs()?;
            process::pass_on(&may(process::capabilities().map_err(io::Error::other)?))?;
            let flags = OFlag::O_WRONLY | OFlag::O_CREAT | OFlag::O_TRUNC | OFlag::O_CLOEXEC;
            let said = openat(&logs, SAID, flags, Mode::S_IRUSR | Mode::S_IWUSR)?;
            let started =
                process::with_hard_limits(|| Swrk::start(call(order, &logs), image.try_clone()?, logs, said));
            process::pass_on(&CapsHashSet::new())?;
            started
        };
        let swrk = begin(self).map_err(|e| broken(work, &e.to_string()))?;
        let limit = Duration::from_millis(order.limit);
        Ok(Talk { swrk, work, limit, until: Instant::now() + limit, late: false })
    }

    /// A folder for CRIU's logs that is nowhere on a disk: the program's may be full.
    fn logs(&mut self) -> io::Result<OwnedFd> {
        if let Some(logs) = &self.work {
            return logs.try_clone();
        }
        let system = fsopen("tmpfs", FsOpenFlags::FSOPEN_CLOEXEC)?;
        fsconfig_create(&system)?;
        let logs = fsmount(&system, FsMountFlags::FSMOUNT_CLOEXEC, MountAttrFlags::MOUNT_ATTR_NOEXEC)?;
        self.work.insert(logs).try_clone()
    }

    /// What CRIU's last request left in its log.
    fn log(&self, name: &str) -> String {
        let read = || -> io::Result<Vec<u8>> {
            let logs = self.work.as_ref().ok_or(io::ErrorKind::NotFound)?;
            let log = openat(logs, name, OFlag::O_RDONLY | OFlag::O_CLOEXEC, Mode::empty())?;
            let mut bytes = Vec::new();
            std::fs::File::from(log).take(LONGEST_LOG).read_to_end(&mut bytes)?;
            Ok(bytes)
        };
        read().map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default()
    }

    /// The next that CRIU says. Orders of the supervisor wait, but for its end: then there is nobody for whom to go on.
    pub(super) fn listen(&mut self, talk: &mut Talk) -> io::Result<CriuSaid> {
        loop {
            if Instant::now() >= talk.until {
                if talk.late || talk.work == CriuWork::Restore {
                    self.stop(talk);
                    talk.late = true;
                    return Ok(CriuSaid::Gone);
                }
                talk.give_up();
            }
            // Looked at before its answer: it ends after that.
            let ended = self.has_ended(talk.swrk.pid);
            if let Some(response) = talk.swrk.said()? {
                if response.kind != Asked::Notify as i32 {
                    return Ok(CriuSaid::Answered(response));
                }
                return Ok(CriuSaid::Notified(response.notify.unwrap_or_default()));
            }
            if ended {
                return Ok(CriuSaid::Gone);
            }
            if self.wait(Some(talk.swrk.as_fd()), Some(talk.until))? && self.is_left() {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
    }

    /// Whether the supervisor is gone.
    fn is_left(&self) -> bool {
        let mut byte = [0];
        let flags = nix::sys::socket::MsgFlags::MSG_PEEK | nix::sys::socket::MsgFlags::MSG_DONTWAIT;
        let peeked = nix::sys::socket::recv(std::os::fd::AsRawFd::as_raw_fd(&self.socket), &mut byte, flags);
        matches!(peeked, Ok(0) | Err(nix::errno::Errno::ECONNRESET))
    }

    /// Ends CRIU. The tasks that it had stopped go on; those into which it was just putting its code die of SIGTRAP.
    fn stop(&mut self, talk: &Talk) {
        if !self.has_ended(talk.swrk.pid) {
            let _ = kill(talk.swrk.pid, Signal::SIGKILL);
        }
    }

    /// Waits until CRIU is gone; ends it where it does not go.
    pub(super) fn finish(&mut self, talk: &Talk) -> io::Result<()> {
        const PATIENCE: Duration = Duration::from_secs(10);
        let until = Instant::now() + PATIENCE;
        loop {
            if let Some(ended) = self.ended.remove(&talk.swrk.pid) {
                self.hurt |= matches!(ended, Ended::Signal(_));
                return Ok(());
            }
            if Instant::now() >= until {
                self.stop(talk);
            }
            self.wait(None, Some(Instant::now() + Duration::from_millis(100)))?;
        }
    }

    /// What is wrong, when CRIU did not do as it was asked.
    pub(super) fn failure(&self, talk: &Talk, said: &CriuSaid) -> Trouble {
        if talk.late {
            let what = format!("{} took longer than {} s", in_words(talk.work), talk.limit.as_secs_f32());
            return Trouble::new(
                TroubleKind::TimedOut,
                what,
                "a quicker disk, or more time before the end of the job",
            );
        }
        match said {
            CriuSaid::Answered(answer) => {
                let message = answer.message.as_deref().unwrap_or_default();
                log::trouble(talk.work, &self.log(LOG), answer.errno.unwrap_or(0), message)
            }
            CriuSaid::Gone | CriuSaid::Notified(_) => {
                log::no_answer(talk.work, &self.log(LOG), &self.log(SAID))
            }
        }
    }
}

impl Talk {
    /// What all requests have in common.
    pub(super) fn options(&self) -> CriuOptions {
        let timeout = u32::try_from(self.limit.as_secs()).unwrap_or(u32::MAX).max(1);
        CriuOptions { timeout: Some(timeout), ..self.swrk.options() }
    }

    pub(super) fn ask(&self, kind: Asked, options: CriuOptions) -> Result<(), Trouble> {
        self.swrk.ask(kind, options).map_err(|e| broken(self.work, &format!("CRIU does not listen: {e}")))
    }

    /// Answers a notification; one who is gone is found out by the next look.
    pub(super) fn answer(&self, goes_on: bool) {
        let _ = self.swrk.answer(goes_on);
    }

    /// Has CRIU fail by itself: it lets the tasks go as they were, which its own death may not. From now on it cannot write.
    fn give_up(&mut self) {
        const TO_FAIL: Duration = Duration::from_secs(20);
        self.late = true;
        self.extend(TO_FAIL);
        let none = Rlimit { current: Some(0), maximum: Some(0) };
        let _ = prlimit(rustix::process::Pid::from_raw(self.swrk.pid.as_raw()), Resource::Fsize, none);
    }

    /// Gives it this much time from now.
    pub(super) fn extend(&mut self, time: Duration) {
        self.until = Instant::now() + time;
    }

    pub(super) fn pid(&self) -> nix::unistd::Pid {
        self.swrk.pid
    }
}

/// Refuses the folder of an image that is not this user's alone: a restored program has the user's rights, and an image the
/// program's memory.
pub(super) fn ours(order: &wire::ImageOrder, image: &OwnedFd, work: CriuWork) -> Result<(), Trouble> {
    let named = wire::path(&order.image);
    let (what, kind) = match handed::not_ours(image, &named) {
        Ok(None) => return Ok(()),
        Ok(Some(why)) => (why, TroubleKind::Damaged),
        Err(e) => (format!("{}: {e}", named.display()), TroubleKind::Unavailable),
    };
    let kind = if work == CriuWork::Dump { TroubleKind::Unavailable } else { kind };
    Err(Trouble::new(kind, format!("{} cannot begin: {what}", in_words(work)), ""))
}

fn call(order: &wire::ImageOrder, logs: &OwnedFd) -> Command {
    // A write beyond the limit of file sizes is an error to it, not its end: by that `Talk::give_up` stops it.
    let mut call = Command::new("/bin/sh");
    call.args(["-c", "trap '' XFSZ; exec \"$@\"", "criu"]);
    // It keeps what it learns of the kernel there; in a namespace that is not what it would learn outside.
    let runtime = format!("/proc/self/fd/{}", std::os::fd::AsRawFd::as_raw_fd(logs));
    call.args(order.criu.iter().map(|bytes| wire::word(bytes)))
        .env_clear()
        .env("LC_ALL", "C")
        .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
    call.env("XDG_RUNTIME_DIR", runtime);
    call
}

fn in_words(work: CriuWork) -> &'static str {
    match work {
        CriuWork::Dump => "the dump of the program",
        CriuWork::Restore => "the restore of the program",
    }
}

fn broken(work: CriuWork, why: &str) -> Trouble {
    Trouble::new(TroubleKind::Unavailable, format!("{} cannot begin: {why}", in_words(work)), "")
}
