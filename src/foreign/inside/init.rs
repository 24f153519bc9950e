//! `alpsckpt job init`: the first process in the namespaces. It starts, dumps and restores the program as the supervisor orders,
//! and ends with it; with its end the kernel ends whatever is left in the namespaces.

mod criu;
mod dump;
mod restore;
mod start;

use std::collections::BTreeMap;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::time::Instant;

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::wire::{self, News, SupervisorOrder};
use super::{handed, process};
use crate::foreign::backend::{Ended, Trouble, TroubleKind};

/// Runs it to its end.
pub(super) fn run() -> io::Result<()> {
    // Anywhere else it would mount over the machine's own /proc.
    if std::process::id() != 1 {
        return Err(io::Error::other("it is the first process of namespaces, and nothing to be called"));
    }
    // Whoever made the namespaces waits for this process; without it nobody would.
    nix::sys::prctl::set_pdeathsig(Signal::SIGKILL)?;
    let socket = process::socket()?;
    process::reset_signals()?;
    let (bell, rings) = UnixStream::pair()?;
    bell.set_nonblocking(true)?;
    signal_hook::low_level::pipe::register(signal_hook::consts::SIGCHLD, rings)?;
    let mut init = Init { socket, bell, tree: None, ended: BTreeMap::new(), work: None, hurt: false };
    let prepared = start::prepare();
    init.serve(prepared)
}

/// What this process knows.
struct Init {
    socket: UnixStream,
    /// Readable when a child has ended.
    bell: UnixStream,
    /// The root of the program's tree.
    tree: Option<Pid>,
    /// Children that have ended, and were not asked for yet.
    ended: BTreeMap<Pid, Ended>,
    /// The folder of CRIU's logs, once it is needed.
    work: Option<OwnedFd>,
    /// CRIU was killed while it had its code in the program.
    hurt: bool,
}

/// Whether to go on serving.
enum Serving {
    Serve,
    End,
}

impl Init {
    fn serve(&mut self, prepared: Result<(), Trouble>) -> io::Result<()> {
        let mut unfit = prepared.err();
        loop {
            if let Some(ended) = self.program_end() {
                return self.tell(self.end(ended));
            }
            // The program's end goes before an order that has come at the same time.
            if !self.wait(None, None)? || self.program_end().is_some() {
                continue;
            }
            let Some(order) = wire::next_order(&mut self.socket)? else { return Ok(()) };
            if let Some(trouble) = unfit.take() {
                return self.tell(News::Failed(trouble.into()));
            }
            if let Serving::End = self.obey(order)? {
                return Ok(());
            }
        }
    }

    fn program_end(&self) -> Option<Ended> {
        self.ended.get(&self.tree?).copied()
    }

    /// How the program's end is told.
    fn end(&self, ended: Ended) -> News {
        if self.hurt && ended == Ended::Signal(Signal::SIGTRAP as i32) {
            let what = "the program died since CRIU was killed while it began a dump";
            return News::Failed(
                Trouble::new(TroubleKind::Unavailable, what, "it goes on from its last generation").into(),
            );
        }
        News::Ended(ended.into())
    }

    fn obey(&mut self, order: SupervisorOrder) -> io::Result<Serving> {
        match order {
            SupervisorOrder::Start(start) => {
                let started = start::start(&start);
                self.tree = started.as_ref().ok().copied();
                self.reply(started.map(drop), Serving::End)
            }
            SupervisorOrder::Restore(work) => {
                let image = handed::taken(&self.socket)?;
                let restored = self.restore(&work, &image)?;
                self.reply(restored, Serving::End)
            }
            SupervisorOrder::Dump(work) => {
                let image = handed::taken(&self.socket)?;
                let done = self.dump(&work, &image)?;
                let gone = done.is_ok() && !work.runs;
                let next = self.reply(done, Serving::Serve)?;
                // What is left of the program goes with this process.
                Ok(if gone { Serving::End } else { next })
            }
            SupervisorOrder::Signal(number) => {
                if let (Some(tree), Ok(signal)) = (self.tree, Signal::try_from(number)) {
                    let _ = kill(tree, signal);
                }
                Ok(Serving::Serve)
            }
            // The supervisor has said so to a dump that failed meanwhile.
            SupervisorOrder::Setup(_) | SupervisorOrder::Sealed(_) => Ok(Serving::Serve),
        }
    }

    /// Tells how an order went, and what comes after a failure.
    fn reply(&mut self, done: Result<(), Trouble>, after_failure: Serving) -> io::Result<Serving> {
        match done {
            Ok(()) => self.tell(News::Done(true)).map(|()| Serving::Serve),
            Err(trouble) => self.tell(News::Failed(trouble.into())).map(|()| after_failure),
        }
    }

    fn tell(&mut self, news: News) -> io::Result<()> {
        wire::tell(&mut self.socket, news)
    }

    /// Waits until there is an order, a child has ended, the other descriptor can be read, or it is time; whether there is
    /// an order, or nobody any more who gives any.
    fn wait(&mut self, other: Option<BorrowedFd<'_>>, until: Option<Instant>) -> io::Result<bool> {
        let mut watched = vec![
            PollFd::new(self.socket.as_fd(), PollFlags::POLLIN),
            PollFd::new(self.bell.as_fd(), PollFlags::POLLIN),
        ];
        watched.extend(other.map(|fd| PollFd::new(fd, PollFlags::POLLIN)));
        let left = until.map(|until| until.saturating_duration_since(Instant::now()).as_millis() + 1);
        let left = left.map_or(PollTimeout::NONE, |ms| PollTimeout::try_from(ms).unwrap_or(PollTimeout::MAX));
        match poll(&mut watched, left) {
            Ok(_) | Err(Errno::EINTR) => {}
            Err(e) => return Err(e.into()),
        }
        let ordered = watched[0].any().unwrap_or(false);
        self.reap();
        Ok(ordered)
    }

    /// Takes the status of each child that has ended, those of the program's that nobody waits for too.
    fn reap(&mut self) {
        let mut rung = [0; 64];
        while io::Read::read(&mut self.bell, &mut rung).is_ok_and(|read| read > 0) {}
        self.ended.extend(std::iter::from_fn(process::reaped));
    }

    fn has_ended(&self, child: Pid) -> bool {
        self.ended.contains_key(&child)
    }
}
