//! The program in a pseudo-terminal, and keys pressed one by one.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::num::NonZero;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::OpenOptionsExt;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use nix::fcntl::OFlag;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::pty::{grantpt, posix_openpt, ptsname_r, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};

use crate::Outcome;
use crate::months::Months;

const COLUMNS: u16 = 120;
const ROWS: u16 = 30;
/// How long a frame may take at most.
const PATIENCE: Duration = Duration::from_secs(30);
/// What each frame ends with.
const END_OF_FRAME: &[u8] = b"\x1b[?2026l";

/// The program at the other end.
struct Screen {
    child: Child,
    master: File,
    shown: vt100::Parser,
    /// The last bytes, in which the end of a frame is looked for.
    last: Vec<u8>,
}

impl Drop for Screen {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Presses so many keys, each when the one before is drawn and a moment has passed; how long each took to be drawn, ms.
///
/// `before`: a program and its arguments that run ours.
pub(crate) fn press(months: &Months, before: &[&str], keys: u32) -> Outcome<Vec<f64>> {
    let mut screen = Screen::start(months, before)?;
    screen.until("January", |text| text.contains("January") && text.contains("December"))?;
    screen.key(b'g')?;
    screen.until("the first month", |text| text.contains("▸ January"))?;
    let mut times = Vec::new();
    let mut chance = 12_345_u64;
    for key in 0..keys {
        // Not in step with anything that comes regularly; and what comes meanwhile is taken.
        chance = chance.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        screen.idle(Duration::from_millis(40 + (chance >> 33) % 160))?;
        let (byte, month) = if key % 2 == 0 { (b'j', "▸ February") } else { (b'k', "▸ January") };
        let pressed = Instant::now();
        screen.key(byte)?;
        let drawn = screen.until(month, |text| text.contains(month))?;
        times.push(drawn.duration_since(pressed).as_secs_f64() * 1e3);
    }
    screen.key(b'q')?;
    let until = Instant::now() + PATIENCE;
    while screen.child.try_wait().map_err(|e| e.to_string())?.is_none() && Instant::now() < until {
        screen.idle(Duration::from_millis(50))?;
    }
    Ok(times)
}

impl Screen {
    fn start(months: &Months, before: &[&str]) -> Outcome<Self> {
        let said = |e: nix::errno::Errno| format!("a pseudo-terminal: {e}");
        let flags = OFlag::O_RDWR | OFlag::O_NOCTTY;
        let master = posix_openpt(flags | OFlag::O_CLOEXEC).map_err(said)?;
        grantpt(&master).and_then(|()| unlockpt(&master)).map_err(said)?;
        let name = ptsname_r(&master).map_err(said)?;
        let slave = fs::File::options().read(true).write(true).custom_flags(flags.bits()).open(name);
        let slave = slave.map_err(|e| e.to_string())?;
        let size = Winsize { ws_row: ROWS, ws_col: COLUMNS, ws_xpixel: 0, ws_ypixel: 0 };
        tcsetwinsize(&slave, size).map_err(|e| e.to_string())?;
        let end = || slave.try_clone().map(Stdio::from).map_err(|e| e.to_string());
        let mut command = months.command(before, &["open", "my.ron"]);
        let child = command.stdin(end()?).stdout(end()?).stderr(Stdio::null()).spawn();
        let child = child.map_err(|e| e.to_string())?;
        let (rows, columns) = NonZero::new(ROWS).zip(NonZero::new(COLUMNS)).ok_or("no size")?;
        let master = File::from(OwnedFd::from(master));
        Ok(Self { child, master, shown: vt100::Parser::new(rows, columns, 0), last: Vec::new() })
    }

    fn key(&mut self, key: u8) -> Outcome<()> {
        self.master.write_all(&[key]).map_err(|e| format!("the terminal: {e}"))
    }

    /// Takes what comes for a while.
    fn idle(&mut self, time: Duration) -> Outcome<()> {
        let until = Instant::now() + time;
        while self.take(until)?.is_some() {}
        Ok(())
    }

    /// Takes what comes until a whole frame is as wanted; when its last byte came.
    fn until(&mut self, what: &str, wanted: impl Fn(&str) -> bool) -> Outcome<Instant> {
        let until = Instant::now() + PATIENCE;
        while let Some(at) = self.take(until)? {
            if self.last.ends_with(END_OF_FRAME) && wanted(&self.shown.screen().contents()) {
                return Ok(at);
            }
        }
        Err(format!("{what} was not drawn:\n{}", self.shown.screen().contents()))
    }

    /// Takes some bytes; when they came. `None` when there were none by the given time.
    fn take(&mut self, until: Instant) -> Outcome<Option<Instant>> {
        let left = until.saturating_duration_since(Instant::now());
        let mut watched = [PollFd::new(self.master.as_fd(), PollFlags::POLLIN)];
        let timeout = PollTimeout::try_from(left).unwrap_or(PollTimeout::ZERO);
        if poll(&mut watched, timeout).map_err(|e| e.to_string())? == 0 {
            return Ok(None);
        }
        let mut bytes = [0; 16_384];
        // At its end a pseudo-terminal gives an error.
        let Ok(read @ 1..) = self.master.read(&mut bytes) else { return Ok(None) };
        let at = Instant::now();
        let bytes = bytes.get(..read).unwrap_or(&[]);
        self.shown.process(bytes);
        self.last.extend(bytes);
        self.last.drain(..self.last.len().saturating_sub(END_OF_FRAME.len()));
        Ok(Some(at))
    }
}
