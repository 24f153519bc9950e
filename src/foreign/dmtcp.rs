//! Programs under DMTCP, where a site has it: the same life cycle by its command lines.
//!
//! DMTCP preloads a library into the program, which writes its own image when a coordinator says so: no kernel's help is needed, and
//! no namespace. What it takes (decision 124): a coordinator per job, known by the file in which it writes its port; a shell as the
//! root of the tree, which writes down how the program ended, since what DMTCP ends for any reason ends with 0; images that are
//! whole only when nothing temporary lies beside them, whatever a command says.

mod clocks;
mod coordinator;
mod drafts;
mod files;
mod processes;
mod protection;
mod start;
mod tools;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Child, ExitStatus};
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;

use super::backend::{Backend, Clocks, Ended, Network, Program, Then, Trouble, TroubleKind};
use super::calls;
use crate::durable::beneath;
use clocks::Shift;
use coordinator::Coordinator;
use drafts::{Drafts, images_of};
use files::{appended, last_lines, other, removed};
use start::{AT_FAULT, ROOT, ended_as, spawn};

pub use tools::{Tools, VARIABLE, find};

/// The signal by which DMTCP asks a program for its image: no program uses this one, but many use its own choice, SIGUSR2.
const SIGNAL: &str = "16";

/// Within this time a program that was started or restored answers the coordinator.
const PATIENCE: Duration = Duration::from_mins(2);

/// Runs one program under DMTCP.
#[derive(Debug)]
pub struct Dmtcp {
    tools: Tools,
    folder: PathBuf,
    running: Option<DmtcpRun>,
    patience: Duration,
}

/// What was started or restored.
#[derive(Debug)]
struct DmtcpRun {
    child: Child,
    /// The child makes the program's namespaces and waits: it is no part of the program.
    waits: bool,
    coordinator: Coordinator,
    shift: Shift,
}

impl Dmtcp {
    /// With these tools. The folder, absolute, exists and is the chain's own, the same in each of its jobs; images are first written
    /// there, so it should lie on the disk of the images.
    #[must_use]
    pub fn new(tools: Tools, folder: &Path) -> Self {
        Self { tools, folder: folder.to_path_buf(), running: None, patience: PATIENCE }
    }

    /// The file in which [`ROOT`] writes how the program ended.
    fn marker(&self) -> PathBuf {
        self.folder.join("ended")
    }

    /// Where DMTCP writes.
    fn drafts(&self) -> Drafts {
        Drafts::new(&self.folder.join("drafts"))
    }

    fn prepare(&mut self, program: &Program) -> Result<Coordinator, Trouble> {
        self.kill();
        if program.network == Network::Private {
            let cure = "leave `network` out of the campaign file: TCP within the program is no trouble for DMTCP; or use CRIU";
            return Err(Trouble::new(
                TroubleKind::Unavailable,
                "DMTCP gives a program no network of its own",
                cure,
            ));
        }
        removed(&self.marker()).map_err(|e| other(&self.marker(), &e))?;
        let drafts = self.drafts();
        drafts.make()?;
        Coordinator::start(&self.tools, &self.folder, drafts.path())
    }

    /// Waits until this many processes run under the coordinator, or the program has ended by itself.
    fn connected(&mut self, processes: usize, said: &Path) -> Result<(), Trouble> {
        let until = Instant::now() + self.patience;
        loop {
            let over = self.over()?;
            let Some(running) = &mut self.running else { return Ok(()) };
            if let Some(status) = over {
                if ended_as(&self.folder.join("ended")).is_some() {
                    return Ok(());
                }
                let what = format!("DMTCP ended with {status}: {}", last_lines(said));
                self.kill();
                return Err(Trouble::new(TroubleKind::Other, what, ""));
            }
            let peers = running.coordinator.peers(&self.tools).unwrap_or_default();
            if peers.len() >= processes && peers.iter().all(|peer| peer.runs) {
                return Ok(());
            }
            if Instant::now() >= until {
                self.kill();
                let what = "the program runs without DMTCP's protection: its coordinator does not know it";
                let cure = "a program that starts itself anew without LD_PRELOAD cannot be checkpointed by DMTCP: use CRIU";
                return Err(Trouble::new(TroubleKind::Undumpable, what, cure));
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// With what the child has ended, if it has.
    fn over(&mut self) -> Result<Option<ExitStatus>, Trouble> {
        let Some(running) = &mut self.running else {
            return Err(Trouble::new(TroubleKind::Other, "no program runs", ""));
        };
        running
            .child
            .try_wait()
            .map_err(|e| Trouble::new(TroubleKind::Other, format!("the program: {e}"), ""))
    }

    /// Has DMTCP write an image into the drafts.
    fn written(&mut self, limit: Duration) -> Result<(), Trouble> {
        let until = Instant::now() + limit;
        let drafts = self.drafts();
        let under_way = beneath::names(drafts.path()).map_err(|e| other(drafts.path(), &e))?;
        if under_way.iter().any(|name| name.to_string_lossy().ends_with(".temp")) {
            return Err(Trouble::new(
                TroubleKind::TimedOut,
                "the image before this one is still being written",
                "",
            ));
        }
        drafts.clear()?;
        drafts.has_room(&self.tasks())?;
        let Some(running) = &mut self.running else {
            return Err(Trouble::new(TroubleKind::Other, "no program runs", ""));
        };
        let answer = running.coordinator.command(&self.tools, "--bcheckpoint", limit)?;
        if !answer.status.success() {
            let what = format!("DMTCP writes no image: {}", answer.last_words());
            return Err(Trouble::new(TroubleKind::Other, what, ""));
        }
        while !drafts.is_whole()? {
            if let Some(status) = self.over()? {
                return Err(Trouble::new(
                    TroubleKind::Other,
                    format!("the program ended ({status}) while DMTCP wrote it"),
                    "",
                ));
            }
            if Instant::now() >= until {
                let what = format!("no whole image within {} s", limit.as_secs());
                return Err(Trouble::new(TroubleKind::TimedOut, what, ""));
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(())
    }

    /// The words that run DMTCP's program of this name.
    fn tool(&self, name: &str) -> OsString {
        self.tools.program(name).into()
    }
}

impl Backend for Dmtcp {
    fn start(&mut self, program: &Program) -> Result<(), Trouble> {
        protection::protectable(program)?;
        let coordinator = self.prepare(program)?;
        let mut words = vec![self.tool("dmtcp_launch")];
        words.extend(
            ["-q", "-q", "-j", "--no-gzip", "--ckpt-signal", SIGNAL, "--ckptdir"].map(OsString::from),
        );
        words.push(self.drafts().path().into());
        words.extend(["/bin/sh", "-c", ROOT].map(OsString::from));
        words.push(self.marker().into());
        words.extend(program.arguments.iter().cloned());
        let streams = [appended(&program.output)?, appended(&program.errors)?];
        let child = spawn(program, &coordinator, &words, streams)?;
        self.running = Some(DmtcpRun { child, waits: false, coordinator, shift: Shift::default() });
        self.connected(1, &program.errors)
    }

    fn restore(&mut self, program: &Program, image: &Path, clocks: Clocks) -> Result<(), Trouble> {
        // DMTCP opens its image by a path, and not all that it starts may look at what this process holds.
        let image = &std::fs::canonicalize(image).map_err(|e| other(image, &e))?;
        let (names, images) = images_of(image)?;
        let (mut words, shift) = clocks::going_on_from(clocks)?;
        let waits = !words.is_empty();
        let coordinator = self.prepare(program)?;
        self.drafts().lay_out(image, &names)?;
        words.push(self.tool("dmtcp_restart"));
        words.extend(["-q", "-q", "-j", "--ckptdir"].map(OsString::from));
        words.push(self.drafts().path().into());
        let count = images.len();
        words.extend(images);
        // The restored program goes on in the streams of what restores it.
        let streams = [appended(&program.output)?, appended(&program.errors)?];
        let child = spawn(program, &coordinator, &words, streams)?;
        self.running = Some(DmtcpRun { child, waits, coordinator, shift });
        self.connected(count, &program.errors)
    }

    /// The image is as of a moment before this returns: the program runs on until it is whole, and stands only then. What it
    /// appends to its files in this moment it appends again after a restore.
    fn dump(
        &mut self,
        into: &Path,
        then: Then,
        limit: Duration,
        seal: &mut dyn FnMut(Clocks) -> Result<(), String>,
    ) -> Result<(), Trouble> {
        self.written(limit)?;
        let stopped = processes::stopped(|| self.tasks());
        let clocks = self.running.as_ref().map_or_else(Clocks::default, |running| running.shift.seen_now());
        let sealed = self.drafts().move_into(into).and_then(|()| {
            seal(clocks).map_err(|why| {
                Trouble::new(TroubleKind::Refused, format!("the image was not sealed: {why}"), "")
            })
        });
        if sealed.is_ok() && then == Then::Ends {
            self.kill();
            return Ok(());
        }
        processes::signal(&stopped, Signal::SIGCONT);
        sealed
    }

    fn ended(&mut self) -> Result<Option<Ended>, Trouble> {
        let Some(status) = self.over()? else { return Ok(None) };
        // Others of it may still run: with its root it is over.
        self.kill();
        match ended_as(&self.marker()) {
            Some(Ended::Code(AT_FAULT)) => {
                let what = format!("DMTCP found itself at fault and ended the program (with {AT_FAULT})");
                Err(Trouble::new(
                    TroubleKind::Other,
                    what,
                    "see what it said beside the program: `log --program`",
                ))
            }
            Some(ended) => Ok(Some(ended)),
            None => {
                let what = format!("DMTCP ended the program before its end (with {status})");
                Err(Trouble::new(TroubleKind::Other, what, ""))
            }
        }
    }

    fn tasks(&self) -> Vec<u32> {
        let Some(running) = &self.running else { return Vec::new() };
        let mut tasks = processes::of_session(running.child.id(), &running.coordinator.known());
        tasks.retain(|task| !running.waits || *task != running.child.id());
        tasks
    }

    fn signal(&mut self, signal: i32) -> Result<(), Trouble> {
        let gone = |why: &str| {
            Trouble::new(TroubleKind::Other, format!("the program cannot be signalled: {why}"), "")
        };
        let signal = Signal::try_from(signal).map_err(|e| gone(e.desc()))?;
        let tasks = self.tasks();
        if tasks.is_empty() {
            return Err(gone("it is gone"));
        }
        processes::signal(&tasks, signal);
        Ok(())
    }

    fn kill(&mut self) {
        let tasks = self.tasks();
        let Some(mut running) = self.running.take() else { return };
        processes::signal(&tasks, Signal::SIGKILL);
        let _ = running.child.kill();
        let _ = calls::ended(&mut running.child, PATIENCE);
        running.coordinator.end();
    }
}

impl Drop for Dmtcp {
    fn drop(&mut self) {
        self.kill();
    }
}

#[cfg(test)]
mod tests;
