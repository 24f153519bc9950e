//! Calls of other programs that answer and end, within a limit of time.

use std::fs::File;
use std::io::{self, Read, Seek};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use nix::sys::memfd::{MFdFlags, memfd_create};

/// More than this is no answer of the programs that are asked here.
const MOST_BYTES: u64 = 4 << 20;

/// What a program said, and how it ended.
#[derive(Debug)]
pub(super) struct CallOutput {
    pub(super) status: ExitStatus,
    pub(super) stdout: String,
    pub(super) stderr: String,
}

impl CallOutput {
    /// The last lines that it said, on one line: those of its errors, if there are any.
    pub(super) fn last_words(&self) -> String {
        let said = if self.stderr.trim().is_empty() { &self.stdout } else { &self.stderr };
        last_lines(said).unwrap_or_else(|| format!("nothing ({})", self.status))
    }
}

/// The last lines of a text that say something, on one line.
pub(super) fn last_lines(said: &str) -> Option<String> {
    let lines: Vec<&str> = said.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let last = &lines[lines.len().saturating_sub(3)..];
    (!last.is_empty()).then(|| last.join("; "))
}

/// Runs a program to its end; one that takes longer than its limit is ended.
///
/// Its streams go to files in memory: what it leaves behind in the background, such as a coordinator, holds them open, and a pipe
/// would never end.
///
/// # Errors
/// When it cannot be started, or takes too long ([`io::ErrorKind::TimedOut`]).
pub(super) fn ask(command: &mut Command, limit: Duration) -> io::Result<CallOutput> {
    let (mut stdout, mut stderr) = (in_memory()?, in_memory()?);
    let mut child =
        command.stdin(Stdio::null()).stdout(stdout.try_clone()?).stderr(stderr.try_clone()?).spawn()?;
    let Some(status) = ended(&mut child, limit)? else {
        let _ = child.kill();
        let _ = child.wait();
        let what = format!("no answer within {} s", limit.as_secs());
        return Err(io::Error::new(io::ErrorKind::TimedOut, what));
    };
    Ok(CallOutput { status, stdout: text(&mut stdout)?, stderr: text(&mut stderr)? })
}

/// How a child ended, if it did within the limit.
pub(super) fn ended(child: &mut Child, limit: Duration) -> io::Result<Option<ExitStatus>> {
    let until = Instant::now() + limit;
    let mut pause = Duration::from_micros(200);
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        if Instant::now() >= until {
            return Ok(None);
        }
        std::thread::sleep(pause);
        pause = (pause * 2).min(Duration::from_millis(20));
    }
}

fn in_memory() -> io::Result<File> {
    Ok(memfd_create("answer", MFdFlags::MFD_CLOEXEC)?.into())
}

fn text(file: &mut File) -> io::Result<String> {
    file.rewind()?;
    let mut bytes = Vec::new();
    file.take(MOST_BYTES).read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", script]);
        command
    }

    #[test]
    fn an_answer_is_whole_although_something_stays_in_the_background() {
        let script = "sleep 600 & echo $!; echo first >&2; echo last >&2; exit 3";
        let answer = ask(&mut shell(script), Duration::from_mins(1)).unwrap();
        assert_eq!(answer.status.code(), Some(3));
        assert_eq!(answer.last_words(), "first; last");
        let left = nix::unistd::Pid::from_raw(answer.stdout.trim().parse().unwrap());
        nix::sys::signal::kill(left, nix::sys::signal::Signal::SIGKILL).unwrap();
    }

    #[test]
    fn what_takes_too_long_is_ended_and_told() {
        let told = ask(&mut shell("exec sleep 600"), Duration::from_millis(20)).unwrap_err();
        assert_eq!(told.kind(), io::ErrorKind::TimedOut);
        let silent = ask(&mut shell("exit 5"), Duration::from_mins(1)).unwrap();
        assert!(silent.last_words().starts_with("nothing (exit status: 5"), "{}", silent.last_words());
    }
}
