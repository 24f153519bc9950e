//! A program of a test that runs, and what it says.

use std::collections::BTreeSet;
use std::fs::File;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{PoisonError, RwLock, RwLockReadGuard};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tempfile::TempDir;

use crate::foreign::tasks::*;

/// Held for writing while a test has semaphores or queues of System V: they are the machine's, and other tests would see them.
pub(super) static SYSTEM_V: RwLock<()> = RwLock::new(());

/// No test has semaphores or queues of System V meanwhile.
pub(in crate::foreign) fn without_system_v() -> RwLockReadGuard<'static, ()> {
    SYSTEM_V.read().unwrap_or_else(PoisonError::into_inner)
}

/// What each program begins with.
const BEGIN: &str = r"
import os, sys, time, socket, mmap, struct, ctypes, traceback
os.closerange(3, 1 << 16)
if os.getsid(0) != os.getpid(): os.setsid()
c = ctypes.CDLL(None, use_errno=True)
c.mmap.restype = c.shmat.restype = ctypes.c_void_p
c.shmat.argtypes = [ctypes.c_int, ctypes.c_void_p, ctypes.c_int]
c.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t] + [ctypes.c_int] * 3 + [ctypes.c_long]
def ok(result):
    if result == -1: raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result
def ready(word='ready'):
    with open('ready.new', 'w') as file: file.write(word)
    os.rename('ready.new', 'ready')
home, parent = os.getcwd(), os.getppid()
def stay():
    while not os.path.exists(home + '/stop') and os.getppid() == parent: time.sleep(0.01)
def main():
";

/// What each ends with. What a node forbids is told.
const END: &str = "
try: main()
except OSError as e: ready('refused: %s' % e); stay()
except Exception: ready('failed: ' + traceback.format_exc()); stay()
";

/// A program that runs until this is dropped.
pub(in crate::foreign) struct RunningProgram {
    child: Child,
    pub(in crate::foreign) folder: TempDir,
}

impl RunningProgram {
    /// A program whose lines do something, say `ready()` and `stay()`.
    pub(in crate::foreign) fn python(lines: &str) -> Self {
        Self::with(lines, |_| {})
    }

    pub(in crate::foreign) fn with(lines: &str, prepare: impl FnOnce(&mut Command)) -> Self {
        let indented = lines.lines().fold(String::new(), |all, line| all + "    " + line + "\n");
        let folder = tempfile::tempdir().unwrap();
        // A wrapper of another place may take long to find its Python.
        let debian = Path::new("/usr/bin/python3");
        let mut command = Command::new(if debian.exists() { debian } else { Path::new("python3") });
        command.args(["-c", &format!("{BEGIN}{indented}{END}")]).current_dir(&folder);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        prepare(&mut command);
        let mut running = Self { child: command.spawn().expect("python3 is needed"), folder };
        wait_until(|| running.path("ready").exists() || running.child.try_wait().unwrap().is_some());
        let said = std::fs::read_to_string(running.path("ready")).expect("the program has ended");
        assert!(!said.starts_with("failed"), "{said}");
        running
    }

    pub(in crate::foreign) fn number(&self) -> u32 {
        self.child.id()
    }

    pub(in crate::foreign) fn path(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join(name)
    }

    /// What it could not do on this machine.
    pub(in crate::foreign) fn refusal(&self) -> Option<String> {
        Some(std::fs::read_to_string(self.path("ready")).unwrap()).filter(|said| said != "ready")
    }

    pub(super) fn hindrances(&self, look: &TaskScan) -> Vec<Hindrance> {
        let _none = without_system_v();
        let filtered =
            proc::text(std::process::id(), "status").is_ok_and(|s| proc::field(&s, "Seccomp") != Some("0"));
        let mut found = hindrances(&tree(&[self.number()]), look);
        // The container that these tests run in may have a filter of its own.
        found.retain(|hindrance| !(filtered && hindrance.kind == Obstacle::Seccomp));
        for hindrance in &found {
            assert!(
                !hindrance.what.is_empty() && !hindrance.cure.is_empty() && hindrance.name.contains("python"),
                "{hindrance}"
            );
        }
        found
    }

    pub(super) fn kinds(&self, look: &TaskScan) -> BTreeSet<(Obstacle, bool)> {
        self.hindrances(look).iter().map(|hindrance| (hindrance.kind, hindrance.certain)).collect()
    }
}

impl Drop for RunningProgram {
    fn drop(&mut self) {
        let _ = File::create(self.path("stop"));
        let end = Instant::now() + Duration::from_secs(5);
        while matches!(self.child.try_wait(), Ok(None)) && Instant::now() < end {
            std::thread::sleep(Duration::from_millis(5));
        }
        let _ = kill(Pid::from_raw(-(self.child.id() as i32)), Signal::SIGKILL);
        let _ = self.child.wait();
    }
}

pub(in crate::foreign) fn wait_until(mut done: impl FnMut() -> bool) {
    let end = Instant::now() + Duration::from_mins(1);
    while !done() {
        assert!(Instant::now() < end, "it takes too long");
        std::thread::sleep(Duration::from_millis(5));
    }
}
