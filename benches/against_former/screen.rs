//! The program's screen in a pseudo-terminal, left alone.

use std::fs::File;
use std::io::Read;
use std::num::NonZero;
use std::os::fd::OwnedFd;
use std::os::unix::fs::OpenOptionsExt;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use nix::fcntl::OFlag;
use nix::pty::{grantpt, posix_openpt, ptsname_r, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};

use crate::{Outcome, busy};

/// Within this time the first picture is there.
const PATIENCE: Duration = Duration::from_mins(1);

struct Screen(Child);

impl Drop for Screen {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// So long after the first picture the batch system is asked for no job that is over for good: both builds do so after 30 s, and ask
/// each 10 s.
const SETTLED: Duration = Duration::from_secs(45);

/// The screen's own computing in ms in each second of a steady view that lasts so long, and the most memory that it had, MiB.
pub(crate) fn steady(mut command: Command, time: Duration) -> Outcome<(f64, f64)> {
    let said = |e: nix::errno::Errno| format!("a pseudo-terminal: {e}");
    let flags = OFlag::O_RDWR | OFlag::O_NOCTTY;
    let master = posix_openpt(flags | OFlag::O_CLOEXEC).map_err(said)?;
    grantpt(&master).and_then(|()| unlockpt(&master)).map_err(said)?;
    let name = ptsname_r(&master).map_err(said)?;
    let slave = File::options().read(true).write(true).custom_flags(flags.bits()).open(name);
    let slave = slave.map_err(|e| e.to_string())?;
    let size = Winsize { ws_row: 30, ws_col: 120, ws_xpixel: 0, ws_ypixel: 0 };
    tcsetwinsize(&slave, size).map_err(|e| e.to_string())?;
    let end = || slave.try_clone().map(Stdio::from).map_err(|e| e.to_string());
    command.env("TERM", "xterm-256color").env("LC_ALL", "C.UTF-8");
    let child = command.stdin(end()?).stdout(end()?).stderr(Stdio::null()).spawn();
    let screen = Screen(child.map_err(|e| format!("{command:?}: {e}"))?);
    let mut master = File::from(OwnedFd::from(master));
    let (rows, columns) = NonZero::new(30).zip(NonZero::new(120)).ok_or("no size")?;
    let (sent, drawn) = std::sync::mpsc::channel();
    // What is drawn is taken; it ends with the program.
    std::thread::spawn(move || {
        let mut shown = vt100::Parser::new(rows, columns, 0);
        let mut bytes = [0; 16_384];
        while let Ok(read @ 1..) = master.read(&mut bytes) {
            shown.process(bytes.get(..read).unwrap_or(&[]));
            let _ = sent.send(shown.screen().contents());
        }
    });
    let until = Instant::now() + PATIENCE;
    let mut last = String::new();
    while !(last.contains("December") && last.contains("running")) {
        let left = until.saturating_duration_since(Instant::now());
        last = drawn.recv_timeout(left).map_err(|_| format!("no month was drawn as running:\n{last}"))?;
    }
    let pid = screen.0.id();
    std::thread::sleep(SETTLED);
    let (before, _) = busy::costs(pid)?;
    let began = Instant::now();
    std::thread::sleep(time);
    let (after, most) = busy::costs(pid)?;
    Ok(((after - before) / began.elapsed().as_secs_f64(), most))
}
