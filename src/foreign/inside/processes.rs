//! The processes in the namespaces, as the supervisor has them: how they are made, listened to and ended.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use super::wire::{self, News, Setup, SupervisorOrder};
use crate::foreign::backend::{Clocks, Network, Trouble, TroubleKind};
use crate::foreign::calls;

/// Namespaces, and a program in them, stand within this time on the busiest node.
pub(super) const TO_START: Duration = Duration::from_mins(1);

/// Killed processes are gone within this time, unless the kernel holds them.
const TO_DIE: Duration = Duration::from_secs(30);

/// The processes in the namespaces.
#[derive(Debug)]
pub(super) struct Inside {
    /// `job outside`; ends when all of them have.
    pub(super) child: Child,
    pub(super) socket: UnixStream,
    /// Their first process, by its number here.
    pub(super) init: u32,
    handle: Option<OwnedFd>,
    pub(super) network: Network,
    /// It did not answer in time: answers that come later would be taken for those to other orders.
    pub(super) lost: bool,
}

impl Inside {
    pub(super) fn make(program: &Path, network: Network, clocks: Option<Clocks>) -> Result<Self, Trouble> {
        let other = |e: io::Error| {
            let what = format!("the program's namespaces cannot be made: {}: {e}", program.display());
            Trouble::new(TroubleKind::Unavailable, what, "")
        };
        let (socket, theirs) = UnixStream::pair().map_err(other)?;
        let mut command = Command::new(program);
        command.args(["job", "outside"]).env_clear().current_dir("/");
        command.stdin(Stdio::from(OwnedFd::from(theirs))).stdout(Stdio::null());
        let child = command.spawn().map_err(other)?;
        // Until it is dropped it holds their end open.
        drop(command);
        let mut inside = Self { child, socket, init: 0, handle: None, network, lost: false };
        let setup = Setup { private_network: network == Network::Private, clocks: clocks.map(Into::into) };
        let made =
            wire::order(&mut inside.socket, SupervisorOrder::Setup(setup)).map_err(other).and_then(|()| {
                if !inside.has_news(Some(Instant::now() + TO_START)) {
                    let what = format!("its namespaces do not stand after {} s", TO_START.as_secs());
                    return Err(Trouble::new(TroubleKind::TimedOut, what, ""));
                }
                match wire::next_news(&mut inside.socket).map_err(other)? {
                    Some(News::Made(init)) => Ok(init),
                    Some(News::Failed(failed)) => Err(failed.into()),
                    Some(_) | None => Err(other(io::ErrorKind::UnexpectedEof.into())),
                }
            });
        match made {
            Ok(init) => {
                inside.init = init;
                inside.handle = handle(init);
                Ok(inside)
            }
            Err(trouble) => {
                inside.end();
                Err(trouble)
            }
        }
    }

    /// Whether there is something to read, waiting for it until then.
    pub(super) fn has_news(&self, until: Option<Instant>) -> bool {
        loop {
            let left = until.map(|until| until.saturating_duration_since(Instant::now()));
            let limit = left.map_or(PollTimeout::ZERO, |left| {
                PollTimeout::try_from(left.as_millis() + 1).unwrap_or(PollTimeout::MAX)
            });
            match poll(&mut [PollFd::new(self.socket.as_fd(), PollFlags::POLLIN)], limit) {
                Ok(0) if left.is_none_or(|left| left.is_zero()) => return false,
                Ok(0) | Err(Errno::EINTR) => {}
                // Also an end of the socket, or an error of it: reading will tell.
                Ok(_) | Err(_) => return true,
            }
        }
    }

    /// Ends all of it, and waits until it is gone; how `job outside` ended, as far as that is known.
    pub(super) fn end(&mut self) -> Option<std::process::ExitStatus> {
        // With their first process the kernel ends all others.
        if let Some(init) = &self.handle {
            let _ = rustix::process::pidfd_send_signal(init, rustix::process::Signal::KILL);
        }
        let _ = self.socket.shutdown(std::net::Shutdown::Both);
        // The kernel may hold them, as on a disk that does not answer; they are dead for all else.
        if let Ok(Some(status)) = calls::ended(&mut self.child, TO_DIE) {
            return Some(status);
        }
        let _ = self.child.kill();
        None
    }
}

fn handle(pid: u32) -> Option<OwnedFd> {
    let pid = rustix::process::Pid::from_raw(pid as i32)?;
    rustix::process::pidfd_open(pid, rustix::process::PidfdFlags::empty()).ok()
}
