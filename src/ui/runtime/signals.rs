//! The signals that the loop listens to.

use std::io;

use nix::sys::signal::Signal;
use tokio::signal::unix::{Signal as Listener, SignalKind, signal};

/// A signal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Heard {
    /// Leave (SIGTERM, SIGINT).
    Leave,
    /// The terminal is gone (SIGHUP).
    Gone,
    /// End by this signal (SIGQUIT, SIGABRT), as if it had never been listened to.
    Fatal(Signal),
    /// To the background (SIGTSTP).
    Suspend,
    /// Back in the foreground (SIGCONT).
    Continued,
    /// The terminal has another size (SIGWINCH).
    Resized,
}

/// The signals that the loop listens to.
pub(super) struct Signals {
    terminate: Listener,
    interrupt: Listener,
    hang_up: Listener,
    quit: Listener,
    abort: Listener,
    suspend: Listener,
    resume: Listener,
    resize: Listener,
}

impl Signals {
    /// Begins to listen.
    pub(super) fn listen() -> io::Result<Self> {
        let of = |s: Signal| signal(SignalKind::from_raw(s as i32));
        Ok(Self {
            terminate: of(Signal::SIGTERM)?,
            interrupt: of(Signal::SIGINT)?,
            hang_up: of(Signal::SIGHUP)?,
            quit: of(Signal::SIGQUIT)?,
            abort: of(Signal::SIGABRT)?,
            suspend: of(Signal::SIGTSTP)?,
            resume: of(Signal::SIGCONT)?,
            resize: of(Signal::SIGWINCH)?,
        })
    }

    /// The next one.
    pub(super) async fn next(&mut self) -> Heard {
        tokio::select! {
            _ = self.terminate.recv() => Heard::Leave,
            _ = self.interrupt.recv() => Heard::Leave,
            _ = self.hang_up.recv() => Heard::Gone,
            _ = self.quit.recv() => Heard::Fatal(Signal::SIGQUIT),
            _ = self.abort.recv() => Heard::Fatal(Signal::SIGABRT),
            _ = self.suspend.recv() => Heard::Suspend,
            _ = self.resume.recv() => Heard::Continued,
            _ = self.resize.recv() => Heard::Resized,
        }
    }
}
