//! The keys, read in a thread of their own.
//!
//! The library that reads them may wait as long as the rest of a sequence is missing, and never ends when the terminal is
//! gone. So it is asked only when there is something to read, by a thread that nobody waits for.

use std::io;
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use ratatui::crossterm::event::{self, Event, KeyEvent};
use tokio::sync::mpsc::UnboundedSender;

use super::UiError;

/// How long more is waited for once a key was read. Keys that the library has read already come at once.
const LULL: Duration = Duration::from_millis(1);

/// What came from the terminal.
#[derive(Debug)]
pub(super) enum Typed {
    /// A key, and when it was read.
    Key(KeyEvent, Instant),
    /// A paste that the terminal put into brackets ended then.
    Paste(Instant),
    /// The terminal is gone.
    Gone,
    /// It cannot be read.
    Failed(io::Error),
}

/// Reads the keys from now on. Nothing ends the thread but the terminal's end and the program's.
pub(super) fn listen(typed: UnboundedSender<Typed>) -> Result<(), UiError> {
    let read = move || {
        let last = match follow(&typed) {
            Ok(()) => Typed::Gone,
            Err(e) if e.raw_os_error() == Some(Errno::EIO as i32) => Typed::Gone,
            Err(e) => Typed::Failed(e),
        };
        let _ = typed.send(last);
    };
    std::thread::Builder::new().name("input".to_owned()).spawn(read).map_err(UiError::Terminal)?;
    Ok(())
}

/// Sends on what is typed until the terminal is gone.
fn follow(typed: &UnboundedSender<Typed>) -> io::Result<()> {
    let stdin = io::stdin();
    while has_more(&stdin)? {
        // Asked for no time at all, the library would not look.
        while event::poll(LULL)? {
            let told = match event::read()? {
                Event::Key(key) => Typed::Key(key, Instant::now()),
                Event::Paste(_) => Typed::Paste(Instant::now()),
                // The loop hears of sizes by the signal.
                _ => continue,
            };
            if typed.send(told).is_err() {
                return Ok(());
            }
        }
    }
    Ok(())
}

/// Waits until there is something to read; `false`: the terminal is gone.
fn has_more(terminal: &impl AsFd) -> io::Result<bool> {
    loop {
        let mut watched = [PollFd::new(terminal.as_fd(), PollFlags::POLLIN)];
        match poll(&mut watched, PollTimeout::NONE) {
            Err(Errno::EINTR) => {}
            Err(e) => return Err(e.into()),
            Ok(_) => {
                let seen = watched[0].revents().unwrap_or(PollFlags::POLLERR);
                return Ok(!seen.intersects(PollFlags::POLLHUP | PollFlags::POLLERR | PollFlags::POLLNVAL));
            }
        }
    }
}
