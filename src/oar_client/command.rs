//! Runs OAR's commands: an argument vector and no shell, a limit in time and in length, and no process left behind.

use std::ffi::OsString;
use std::fmt;
use std::io::Read;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::sys::signal::{Signal, killpg};
use nix::sys::wait::{Id, WaitPidFlag, WaitStatus, waitid};
use nix::unistd::Pid;
use tracing::debug_span;

use crate::batch::BatchError;
use crate::shell_words::word;

/// What a command said, copied only where it is not UTF-8 throughout: an answer about thousands of jobs is long.
fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap_or_else(|e| String::from_utf8_lossy(e.as_bytes()).into_owned())
}

/// Longer answers are refused.
const MAX_OUTPUT: u64 = 64 << 20;
/// The alarm comes a second after the limit.
const ALARM_LATE: Duration = Duration::from_secs(4);
/// How long the pipes of an ended command may stay open: something it started may hold them.
const LINGER: Duration = Duration::from_secs(2);

/// One command that was run, for the log that people see.
#[derive(Debug, Clone, PartialEq)]
pub struct Logged {
    /// As one would type it.
    pub command: String,
    /// Its exit code; `None` when it was killed or could not be started.
    pub code: Option<i32>,
    /// How long it took, seconds.
    pub seconds: f64,
    /// The first line of its standard error.
    pub complaint: String,
}

/// Commands that may follow each other at once: submitting a year goes through.
const BURST: u32 = 40;
/// Then there is one each so often.
const EVERY: Duration = Duration::from_secs(2);

/// Keeps commands from coming too fast: each costs the login node and its server half a second of computing.
#[derive(Debug, Default)]
struct Bucket {
    /// When as many commands as ever may follow each other again.
    full_at: Duration,
}

impl Bucket {
    /// How long the next command must wait. Time goes on by itself: each call says what time it is.
    fn take(&mut self, now: Duration) -> Duration {
        self.full_at = self.full_at.max(now) + EVERY;
        self.full_at.saturating_sub(now + EVERY * BURST)
    }
}

/// An answer that cannot be understood, and what shows a person more: a command that only reads itself, as that may be repeated.
pub(super) fn unreadable(command: &str, what: String) -> BatchError {
    let reads = ["oarstat", "oarnodes"].into_iter().any(|reading| command.starts_with(reading));
    let look = if reads { command } else { "oarstat -u" };
    BatchError::Unreadable { command: command.to_owned(), what, look: Some(look.to_owned()) }
}

type Hook = Box<dyn FnMut(&Logged) + Send>;

/// What a command said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct CommandOutput {
    pub(super) command: String,
    /// `None` when a signal ended it.
    pub(super) code: Option<i32>,
    pub(super) stdout: String,
    pub(super) stderr: String,
}

impl CommandOutput {
    /// The answer cannot be understood.
    pub(super) fn unreadable(&self, what: impl fmt::Display) -> BatchError {
        unreadable(&self.command, what.to_string())
    }

    /// The answer is a failure that this program has no name for.
    pub(super) fn strange(&self) -> BatchError {
        let code = self.code.map_or("a signal".to_owned(), |c| format!("exit code {c}"));
        self.unreadable(format!("{code}: {}", self.complaint()))
    }

    /// What it complained of: its standard error, or what there is.
    pub(super) fn complaint(&self) -> &str {
        let stderr = self.stderr.trim();
        if stderr.is_empty() { self.stdout.trim() } else { stderr }
    }
}

/// Runs commands.
pub(super) struct CommandRunner {
    /// Instead of the environment's `PATH`.
    pub(super) search_path: Option<OsString>,
    hook: Option<Hook>,
    bucket: Bucket,
    began: Instant,
    /// Commands that could not be ended: what they were asked for may still be done.
    pub(super) strays: Vec<Stray>,
}

/// A command that outlives its limit.
#[derive(Debug)]
pub(super) struct Stray {
    pub(super) child: Child,
    pub(super) command: String,
    pub(super) limit: Duration,
}

impl fmt::Debug for CommandRunner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CommandRunner").field("search_path", &self.search_path).finish_non_exhaustive()
    }
}

impl CommandRunner {
    pub(super) fn new() -> Self {
        Self {
            search_path: None,
            hook: None,
            bucket: Bucket::default(),
            began: Instant::now(),
            strays: Vec::new(),
        }
    }

    pub(super) fn set_hook(&mut self, hook: Hook) {
        self.hook = Some(hook);
    }

    /// Runs a command to its end, or kills it with all it started in its group when `limit` is over. Before, it waits
    /// while commands come too fast; that does not count. In this folder, where one is given.
    pub(super) fn run(
        &mut self,
        program: &str,
        arguments: &[OsString],
        limit: Duration,
        folder: Option<&Path>,
    ) -> Result<CommandOutput, BatchError> {
        std::thread::sleep(self.bucket.take(self.began.elapsed()));
        let began = Instant::now();
        let command = shown(program, arguments);
        let step = debug_span!("command", %command);
        let result = step.in_scope(|| self.execute(program, arguments, limit, folder, &command));
        if let Some(hook) = &mut self.hook {
            let (code, complaint) = match &result {
                Ok(output) => (output.code, output.stderr.lines().next().unwrap_or_default().to_owned()),
                Err(e) => (None, e.to_string()),
            };
            hook(&Logged { command, code, seconds: began.elapsed().as_secs_f64(), complaint });
        }
        result
    }

    /// A command that is still at work after its limit.
    pub(super) fn stray(&mut self) -> Result<(), BatchError> {
        self.strays.retain_mut(|stray| !matches!(stray.child.try_wait(), Ok(Some(_))));
        let timed_out =
            |s: &Stray| BatchError::TimedOut { command: s.command.clone(), seconds: s.limit.as_secs() };
        self.strays.first().map_or(Ok(()), |stray| Err(timed_out(stray)))
    }

    fn execute(
        &mut self,
        program: &str,
        arguments: &[OsString],
        limit: Duration,
        folder: Option<&Path>,
        command: &str,
    ) -> Result<CommandOutput, BatchError> {
        let mut builder = Command::new(program);
        builder
            .args(arguments)
            .env("LC_ALL", "C")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0);
        if let Some(folder) = folder {
            builder.current_dir(folder);
        }
        if let Some(path) = &self.search_path {
            builder.env("PATH", path);
        }
        end_by_alarm(&mut builder, limit);
        let until = Instant::now() + limit;
        let mut child = builder.spawn().map_err(|e| match e.kind() {
            std::io::ErrorKind::NotFound => super::no_command(program),
            _ => BatchError::Down(format!("{command}: cannot be started: {e}")),
        })?;
        let streams = (child.stdout.take().map(reader), child.stderr.take().map(reader));
        let in_time = ended(&child, until);
        if !in_time {
            kill_group(&child);
            if !ended(&child, Instant::now() + ALARM_LATE) {
                self.strays.push(Stray { child, command: command.to_owned(), limit });
                return Err(BatchError::TimedOut { command: command.to_owned(), seconds: limit.as_secs() });
            }
        }
        let (stdout, stderr) = (collect(streams.0), collect(streams.1));
        // What it left in its group would work on unseen. Until the child is reaped the group's number is its own.
        kill_group(&child);
        let status = child.wait().map_err(|e| BatchError::Down(format!("{command}: {e}")))?;
        if !in_time {
            return Err(BatchError::TimedOut { command: command.to_owned(), seconds: limit.as_secs() });
        }
        if stdout.len() as u64 >= MAX_OUTPUT {
            let what = format!("its answer is longer than {} MiB", MAX_OUTPUT >> 20);
            return Err(unreadable(command, what));
        }
        Ok(CommandOutput {
            command: command.to_owned(),
            code: status.code(),
            stdout: text(stdout),
            stderr: text(stderr),
        })
    }
}

/// Has the kernel end the command, should it outlive its limit. OAR's commands become another user's by their setuid
/// bit: who runs them may not kill them, and `oarsub` tries again without end while its database is down.
pub(super) fn end_by_alarm(builder: &mut Command, limit: Duration) {
    let seconds = u32::try_from(limit.as_secs()).unwrap_or(u32::MAX).saturating_add(1);
    #[expect(unsafe_code, reason = "an alarm outlives exec, but must be set between fork and exec")]
    // SAFETY: the closure runs between fork and exec, where only functions that are safe in a signal handler may be
    // called; alarm(2) is one, and nothing is allocated or locked.
    unsafe {
        builder.pre_exec(move || {
            nix::unistd::alarm::set(seconds);
            Ok(())
        });
    }
}

/// Whether the child ends before `until`; it is not reaped.
fn ended(child: &Child, until: Instant) -> bool {
    let flags = WaitPidFlag::WEXITED | WaitPidFlag::WNOHANG | WaitPidFlag::WNOWAIT;
    let mut pause = Duration::from_millis(1);
    loop {
        if !matches!(waitid(Id::Pid(pid(child)), flags), Ok(WaitStatus::StillAlive) | Err(Errno::EINTR)) {
            return true;
        }
        if Instant::now() >= until {
            return false;
        }
        std::thread::sleep(pause);
        pause = (pause * 2).min(Duration::from_millis(20));
    }
}

fn kill_group(child: &Child) {
    let _ = killpg(pid(child), Signal::SIGKILL);
}

fn pid(child: &Child) -> Pid {
    // The kernel's numbers are positive and fit.
    Pid::from_raw(child.id() as i32)
}

/// Reads a pipe in a thread of its own, so that a full one never blocks the command.
fn reader(pipe: impl Read + Send + 'static) -> Receiver<Vec<u8>> {
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        let mut pipe = pipe.take(MAX_OUTPUT);
        let mut chunk = vec![0; 64 << 10];
        while let Ok(n) = pipe.read(&mut chunk) {
            let Some(read) = chunk.get(..n).filter(|r| !r.is_empty()) else { break };
            if sender.send(read.to_vec()).is_err() {
                break;
            }
        }
    });
    receiver
}

fn collect(receiver: Option<Receiver<Vec<u8>>>) -> Vec<u8> {
    let until = Instant::now() + LINGER;
    let mut all = Vec::new();
    let Some(receiver) = receiver else { return all };
    while let Ok(chunk) = receiver.recv_timeout(until.saturating_duration_since(Instant::now())) {
        all.extend(chunk);
    }
    all
}

/// A command as one would type it.
fn shown(program: &str, arguments: &[OsString]) -> String {
    let words = arguments.iter().map(|argument| word(argument));
    std::iter::once(program.to_owned()).chain(words).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_goes_through_then_commands_come_at_a_steady_pace() {
        let mut bucket = Bucket::default();
        let mut now = Duration::from_secs(1000);
        assert!((0..BURST).all(|_| bucket.take(now).is_zero()));
        for _ in 0..3 {
            let wait = bucket.take(now);
            assert_eq!(wait, EVERY);
            now += wait;
        }
        // A poll of two commands each ten seconds never waits again.
        for _ in 0..50 {
            now += Duration::from_secs(10);
            assert!(bucket.take(now).is_zero() && bucket.take(now).is_zero());
        }
        now += EVERY * BURST;
        assert!((0..BURST).all(|_| bucket.take(now).is_zero()) && !bucket.take(now).is_zero());
    }

    #[test]
    fn in_no_minute_there_are_more_than_70_commands() {
        let mut bucket = Bucket::default();
        let mut now = Duration::ZERO;
        let mut runs = Vec::new();
        for _ in 0..300 {
            now += bucket.take(now);
            runs.push(now);
        }
        let minute = Duration::from_mins(1);
        let most =
            runs.iter().map(|from| runs.iter().filter(|t| *t >= from && **t < *from + minute).count()).max();
        assert!(most.is_some_and(|most| (60..=70).contains(&most)), "{most:?}");
    }
}
