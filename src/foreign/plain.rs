//! A program that nothing dumps: it runs, and a signal may tell it to save itself.

use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;

use super::{Backend, Clocks, Ended, Program, Then, Trouble, TroubleKind};
use crate::durable::beneath;

/// Runs a program as a child, in a process group of its own.
#[derive(Debug, Default)]
pub struct Plain {
    child: Option<Child>,
    ended: Option<Ended>,
}

impl Plain {
    fn group(&self) -> Option<Pid> {
        let child = self.child.as_ref().filter(|_| self.ended.is_none())?;
        i32::try_from(child.id()).ok().map(Pid::from_raw)
    }
}

impl Backend for Plain {
    fn start(&mut self, program: &Program) -> Result<(), Trouble> {
        let [name, arguments @ ..] = program.arguments.as_slice() else {
            return Err(Trouble::new(TroubleKind::Other, "no program is named", "name it in `run`"));
        };
        let log = |path: &Path| {
            beneath::append(path).map_err(|e| {
                Trouble::new(TroubleKind::Other, format!("{}: cannot be opened: {e}", path.display()), "")
            })
        };
        let started = Command::new(name)
            .args(arguments)
            .env_clear()
            .envs(&program.environment)
            .current_dir(&program.directory)
            .stdin(Stdio::null())
            .stdout(log(&program.output)?)
            .stderr(log(&program.errors)?)
            .process_group(0)
            .spawn();
        let started = started.map_err(|e| not_started(program, &e))?;
        (self.child, self.ended) = (Some(started), None);
        Ok(())
    }

    fn restore(&mut self, _: &Program, image: &Path, _: Clocks) -> Result<(), Trouble> {
        let what = format!("{}: the campaign's `checkpoint` restores no images", image.display());
        Err(Trouble::new(TroubleKind::Unavailable, what, "set it to Auto, or to what made the image"))
    }

    fn dump(
        &mut self,
        _: &Path,
        _: Then,
        _: Duration,
        _: &mut dyn FnMut(Clocks) -> Result<(), String>,
    ) -> Result<(), Trouble> {
        Err(Trouble::new(TroubleKind::Undumpable, "the campaign's `checkpoint` dumps no programs", ""))
    }

    fn ended(&mut self) -> Result<Option<Ended>, Trouble> {
        if self.ended.is_none() {
            let Some(child) = &mut self.child else {
                return Err(Trouble::new(TroubleKind::Other, "no program was started", ""));
            };
            let status = child.try_wait();
            let status = status
                .map_err(|e| Trouble::new(TroubleKind::Other, format!("the program is lost: {e}"), ""))?;
            self.ended = status.map(|status| match (status.code(), status.signal()) {
                (Some(code), _) => Ended::Code(code as u8),
                (None, signal) => Ended::Signal(signal.unwrap_or_default()),
            });
        }
        Ok(self.ended)
    }

    fn tasks(&self) -> Vec<u32> {
        let id = self.child.as_ref().filter(|_| self.ended.is_none()).map(Child::id);
        id.map(|id| super::tasks::tree(&[id])).unwrap_or_default()
    }

    fn signal(&mut self, signal: i32) -> Result<(), Trouble> {
        let gone = |e: &dyn std::fmt::Display| {
            Trouble::new(TroubleKind::Other, format!("the program cannot be signalled: {e}"), "")
        };
        let signal = Signal::try_from(signal).map_err(|e| gone(&e))?;
        let group = self.group().ok_or_else(|| gone(&"it has ended"))?;
        killpg(group, signal).map_err(|e| gone(&e))
    }

    fn kill(&mut self) {
        if let Some(group) = self.group() {
            let _ = killpg(group, Signal::SIGKILL);
        }
        if let Some(child) = &mut self.child {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

impl Drop for Plain {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Why a program did not start, with what to do.
fn not_started(program: &Program, e: &std::io::Error) -> Trouble {
    let name = program.arguments.first().map(|name| name.to_string_lossy()).unwrap_or_default();
    let folder = program.directory.display();
    let cure = "see that `run` names a program that this node has; `setup` is the place for `module load`";
    Trouble::new(TroubleKind::Other, format!("{name}, in {folder}: cannot be started: {e}"), cure)
}
