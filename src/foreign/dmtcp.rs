//! Programs under DMTCP, where a site has it: the same life cycle by its command lines.
//!
//! DMTCP preloads a library into the program, which writes its own image when a coordinator says so: no kernel's help is needed, and
//! no namespace. What it takes (decision 124): a coordinator per job, known by the file in which it writes its port; a shell as the
//! root of the tree, which writes down how the program ended, since what DMTCP ends for any reason ends with 0; images that are
//! whole only when nothing temporary lies beside them, whatever a command says.

mod clocks;
mod coordinator;
mod processes;
mod protection;
mod tools;

use std::ffi::OsString;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;

use super::backend::{Backend, Clocks, Ended, Network, Program, Then, Trouble, TroubleKind};
use super::calls;
use crate::durable::beneath;
use clocks::Shift;
use coordinator::Coordinator;

pub use tools::{Tools, VARIABLE, find};

/// Runs the program and writes down how it ended; the first argument is the file for that. A signal to all of the program does not end
/// it, and is the program's own affair.
const ROOT: &str = r#"trap : HUP INT TERM USR1 USR2; "$@"; code=$?; echo "$code" >"$0"; exit "$code""#;

/// Runs its arguments without whatever this process has inherited beside its standard streams, such as pipes of a batch system's shell.
const CLOSED: &str =
    r#"for f in /proc/self/fd/*; do n=${f##*/}; if ((n > 2)); then eval "exec $n>&-"; fi; done; exec "$@""#;

/// The signal by which DMTCP asks a program for its image: no program uses this one, but many use its own choice, SIGUSR2.
const SIGNAL: &str = "16";

/// The status with which DMTCP ends a process in which it finds itself at fault, by its environment: its own choice, 99, has a batch
/// system resubmit the job. No program that is known here ends so by itself.
const AT_FAULT: u8 = 217;

/// How the names of the scripts begin by which a person restores an image.
const SCRIPTS: &str = "dmtcp_restart_script";

/// Within this time a program that was started or restored answers the coordinator.
const PATIENCE: Duration = Duration::from_mins(2);

/// Room beyond the program's memory that an image takes at most: libraries and tables.
const BESIDE: u64 = 64 << 20;

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
    fn drafts(&self) -> PathBuf {
        self.folder.join("drafts")
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
        beneath::create_folders(&drafts).map_err(|e| other(&drafts, &e))?;
        self.clear_drafts()?;
        Coordinator::start(&self.tools, &self.folder, &drafts)
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

    fn clear_drafts(&self) -> Result<(), Trouble> {
        let drafts = self.drafts();
        let names = beneath::names(&drafts).map_err(|e| other(&drafts, &e))?;
        for name in names {
            let path = drafts.join(name);
            let gone = if path.is_dir() { beneath::remove_folder(&path) } else { removed(&path) };
            gone.map_err(|e| other(&path, &e))?;
        }
        Ok(())
    }

    /// Whether what lies in the drafts is an image that is whole.
    fn is_whole(&self) -> Result<bool, Trouble> {
        let drafts = self.drafts();
        let names = beneath::names(&drafts).map_err(|e| other(&drafts, &e))?;
        let names: Vec<_> = names.iter().map(|name| name.to_string_lossy()).collect();
        // The script is written last, when the coordinator knows that all have written. Version 4.1.1 answers before.
        Ok(names.iter().any(|name| is_image(name))
            && names.iter().any(|name| name.starts_with(SCRIPTS))
            && !names.iter().any(|name| name.ends_with(".temp")))
    }

    /// Has DMTCP write an image into the drafts.
    fn written(&mut self, limit: Duration) -> Result<(), Trouble> {
        let until = Instant::now() + limit;
        let drafts = self.drafts();
        let under_way = beneath::names(&drafts).map_err(|e| other(&drafts, &e))?;
        if under_way.iter().any(|name| name.to_string_lossy().ends_with(".temp")) {
            return Err(Trouble::new(
                TroubleKind::TimedOut,
                "the image before this one is still being written",
                "",
            ));
        }
        self.clear_drafts()?;
        self.has_room(&drafts)?;
        let Some(running) = &mut self.running else {
            return Err(Trouble::new(TroubleKind::Other, "no program runs", ""));
        };
        let answer = running.coordinator.command(&self.tools, "--bcheckpoint", limit)?;
        if !answer.status.success() {
            let what = format!("DMTCP writes no image: {}", answer.last_words());
            return Err(Trouble::new(TroubleKind::Other, what, ""));
        }
        while !self.is_whole()? {
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

    /// DMTCP ends a program whose image cannot be written: the room has to be there before.
    fn has_room(&self, drafts: &Path) -> Result<(), Trouble> {
        let room = nix::sys::statvfs::statvfs(drafts).map_err(|e| other(drafts, &e.into()))?;
        let free = room.blocks_available() * room.fragment_size();
        let needed = processes::memory(&self.tasks()) + BESIDE;
        if free < needed {
            let (free, needed) = (crate::quantity::bytes(free), crate::quantity::bytes(needed));
            let what = format!("{}: {free} free, and an image may take {needed}", drafts.display());
            return Err(Trouble::new(TroubleKind::DiskFull, what, ""));
        }
        Ok(())
    }

    /// Moves the image from the drafts, without the scripts for a person's use and the link to them: they name this node and this place.
    fn move_into(&self, into: &Path) -> Result<(), Trouble> {
        let drafts = self.drafts();
        for name in beneath::names(&drafts).map_err(|e| other(&drafts, &e))? {
            let (from, to) = (drafts.join(&name), into.join(&name));
            if name.to_string_lossy().starts_with(SCRIPTS) {
                beneath::remove(&from).map_err(|e| other(&from, &e))?;
                continue;
            }
            match beneath::rename_new(&from, &to) {
                Err(e) if e.kind() == io::ErrorKind::CrossesDevices && from.is_file() => {
                    let copied = beneath::open(&from).and_then(|mut source| {
                        io::copy(&mut source, &mut beneath::create_new(&to)?)?;
                        beneath::remove(&from)
                    });
                    copied.map_err(|e| other(&to, &e))?;
                }
                moved => moved.map_err(|e| other(&to, &e))?,
            }
        }
        Ok(())
    }

    /// Copies the folders of an image, in which DMTCP keeps files that the program held open, to where it wrote them: there they are
    /// looked for.
    fn lay_out(&self, image: &Path, names: &[OsString]) -> Result<(), Trouble> {
        for folder in names {
            let from = image.join(folder);
            if !beneath::facts(&from).is_ok_and(|facts| beneath::is_folder(&facts)) {
                continue;
            }
            let to = self.drafts().join(folder);
            let copied = || -> io::Result<()> {
                beneath::create_folders(&to)?;
                for name in beneath::names(&from)? {
                    io::copy(
                        &mut beneath::open(&from.join(&name))?,
                        &mut beneath::create_new(&to.join(&name))?,
                    )?;
                }
                Ok(())
            };
            copied().map_err(|e| other(&to, &e))?;
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
        words.push(self.drafts().into());
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
        let facts = beneath::facts(image).map_err(|e| other(image, &e))?;
        if let Some(why) = beneath::not_ours(&facts) {
            return Err(Trouble::new(TroubleKind::Damaged, format!("{}: {why}", image.display()), ""));
        }
        let names = beneath::names(image).map_err(|e| other(image, &e))?;
        let mut images: Vec<OsString> = names
            .iter()
            .filter(|name| is_image(&name.to_string_lossy()))
            .map(|name| image.join(name).into())
            .collect();
        images.sort();
        if images.is_empty() {
            let what = format!("{}: no image of DMTCP (ckpt_*.dmtcp)", image.display());
            return Err(Trouble::new(TroubleKind::Damaged, what, ""));
        }
        let (mut words, shift) = clocks::going_on_from(clocks)?;
        let waits = !words.is_empty();
        let coordinator = self.prepare(program)?;
        self.lay_out(image, &names)?;
        words.push(self.tool("dmtcp_restart"));
        words.extend(["-q", "-q", "-j", "--ckptdir"].map(OsString::from));
        words.push(self.drafts().into());
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
        let sealed = self.move_into(into).and_then(|()| {
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

/// Starts one of DMTCP's programs with the program's streams, folder and environment.
fn spawn(
    program: &Program,
    coordinator: &Coordinator,
    words: &[OsString],
    streams: [File; 2],
) -> Result<Child, Trouble> {
    let [stdout, stderr] = streams;
    // A session of its own: no terminal, and one number for all that it starts.
    let mut command = Command::new("/usr/bin/setsid");
    command
        .args(["/bin/bash", "-c", CLOSED, "bash"])
        .args(words)
        .env_clear()
        .envs(&program.environment)
        .envs(coordinator.environment())
        .env("DMTCP_FAIL_RC", AT_FAULT.to_string())
        .current_dir(&program.directory)
        .stdin(Stdio::null())
        .stdout(stdout)
        .stderr(stderr);
    command.spawn().map_err(|e| {
        let what =
            format!("{}: {e}", words.first().map_or_else(String::new, |word| word.display().to_string()));
        Trouble::new(
            TroubleKind::Other,
            what,
            "see that the program's working folder is there, and /usr/bin/setsid",
        )
    })
}

fn is_image(name: &str) -> bool {
    name.strip_prefix("ckpt_").is_some_and(|rest| rest.strip_suffix(".dmtcp").is_some())
}

/// How the program ended, by what its root has written: shells tell a signal as 128 and its number.
fn ended_as(marker: &Path) -> Option<Ended> {
    let code: u8 = String::from_utf8(beneath::read(marker).ok()?).ok()?.trim().parse().ok()?;
    let signal = i32::from(code) - 128;
    Some(if (1..=64).contains(&signal) { Ended::Signal(signal) } else { Ended::Code(code) })
}

fn appended(path: &Path) -> Result<File, Trouble> {
    beneath::append(path).map_err(|e| other(path, &e))
}

fn removed(path: &Path) -> io::Result<()> {
    match beneath::remove(path) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => Err(e),
        _ => Ok(()),
    }
}

fn last_lines(file: &Path) -> String {
    let said = beneath::read(file).unwrap_or_default();
    calls::last_lines(&String::from_utf8_lossy(&said)).unwrap_or_else(|| "it said nothing".to_owned())
}

fn other(path: &Path, error: &io::Error) -> Trouble {
    let full = matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded);
    let kind = if full { TroubleKind::DiskFull } else { TroubleKind::Other };
    Trouble::new(kind, format!("{}: {error}", path.display()), "")
}

#[cfg(test)]
mod tests;
