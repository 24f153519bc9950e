//! DMTCP's coordinator: one process a job, through which its program is told to write its image.

use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use super::super::backend::{Trouble, TroubleKind};
use super::super::calls::{self, CallOutput};
use super::files::other;
use super::processes;
use super::tools::Tools;
use crate::durable::{atomic, beneath};
use crate::host;

/// Within this time it has written its port, and answers commands that have nothing to wait for.
const PATIENCE: Duration = Duration::from_mins(1);

/// A coordinator without a program ends by itself after this many seconds, should nobody end it.
const STALE: &str = "600";

/// What the files begin with in which coordinators write their ports.
const PORT_FILE: &str = "port-";

/// A coordinator that runs.
#[derive(Debug)]
pub(super) struct Coordinator {
    port_file: PathBuf,
    port: u16,
    /// The processes that it named last, with the times of their starts: their numbers are given to others when they have ended.
    known: RefCell<Vec<(u32, u64)>>,
}

/// A process that the coordinator knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Peer {
    /// Its number, as the system has it.
    pub(super) pid: u32,
    /// It is not being written or restored.
    pub(super) runs: bool,
}

impl Coordinator {
    /// Starts one for the chain of this folder. Any that a former job of the chain has left on this node is ended: it would be
    /// taken for the present one by nobody, but hold its port for hours.
    pub(super) fn start(tools: &Tools, folder: &Path, drafts: &Path) -> Result<Self, Trouble> {
        let prefix = folder.join(PORT_FILE);
        processes::end_coordinators(&prefix);
        for name in beneath::names(folder).map_err(|e| other(folder, &e))? {
            if name.to_string_lossy().starts_with(PORT_FILE) {
                let _ = beneath::remove(&folder.join(name));
            }
        }
        let port_file = folder.join(format!("{PORT_FILE}{:016x}", atomic::random()));
        let mut command = Command::new(tools.program("dmtcp_coordinator"));
        command.args([
            "--daemon",
            "--exit-on-last",
            "-q",
            "-p",
            "0",
            "--stale-timeout",
            STALE,
            "--port-file",
        ]);
        command.arg(&port_file).arg("--ckptdir").arg(drafts).current_dir(folder);
        let mut this = Self { port_file, port: 0, known: RefCell::default() };
        let answer = calls::ask(&mut command, PATIENCE).map_err(|e| this.silent(&e.to_string()))?;
        if !answer.status.success() {
            return Err(this.silent(&answer.last_words()));
        }
        let until = Instant::now() + PATIENCE;
        loop {
            // A file that is being written may hold the half of a number: what answers at that port decides.
            let said = beneath::read(&this.port_file).ok().and_then(|bytes| String::from_utf8(bytes).ok());
            if let Some(port) = said.and_then(|text| text.trim().parse().ok()) {
                this.port = port;
                if this.peers(tools).is_ok() {
                    return Ok(this);
                }
            }
            if Instant::now() >= until {
                return Err(this.silent("it names no port at which it answers"));
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn silent(&self, why: &str) -> Trouble {
        self.end();
        Trouble::new(TroubleKind::Unavailable, format!("DMTCP's coordinator does not start: {why}"), "")
    }

    /// What leads DMTCP's programs to it.
    pub(super) fn environment(&self) -> [(&'static str, String); 2] {
        // By number: other names of this machine may lead to its other addresses.
        [("DMTCP_COORD_HOST", "127.0.0.1".to_owned()), ("DMTCP_COORD_PORT", self.port.to_string())]
    }

    /// Gives it a command. (`-q` would be one: it ends everything.)
    pub(super) fn command(
        &self,
        tools: &Tools,
        command: &str,
        limit: Duration,
    ) -> Result<CallOutput, Trouble> {
        let mut call = Command::new(tools.program("dmtcp_command"));
        call.arg(command).envs(self.environment()).env("LC_ALL", "C");
        calls::ask(&mut call, limit).map_err(|e| {
            let kind = if e.kind() == std::io::ErrorKind::TimedOut {
                TroubleKind::TimedOut
            } else {
                TroubleKind::Other
            };
            Trouble::new(kind, format!("dmtcp_command {command}: {e}"), "")
        })
    }

    /// The processes that it knows.
    pub(super) fn peers(&self, tools: &Tools) -> Result<Vec<Peer>, Trouble> {
        let answer = self.command(tools, "--list", PATIENCE)?;
        if !answer.status.success() {
            return Err(Trouble::new(
                TroubleKind::Other,
                format!("dmtcp_command --list: {}", answer.last_words()),
                "",
            ));
        }
        let peers: Vec<Peer> = answer.stdout.lines().filter_map(peer).collect();
        *self.known.borrow_mut() =
            peers.iter().filter_map(|peer| Some((peer.pid, host::process_start(peer.pid)?))).collect();
        Ok(peers)
    }

    /// The processes that it named last, with the times of their starts.
    pub(super) fn known(&self) -> Vec<(u32, u64)> {
        self.known.borrow().clone()
    }

    /// Ends it. SIGTERM it ignores.
    pub(super) fn end(&self) {
        processes::end_coordinators(&self.port_file);
        let _ = beneath::remove(&self.port_file);
    }
}

/// A line of `dmtcp_command --list`: `1, prog[40000:4711]@node, 1c3b-40000-5f, WorkerState::RUNNING, `.
fn peer(line: &str) -> Option<Peer> {
    let (before, after) = line.rsplit_once("]@")?;
    let (_, numbers) = before.rsplit_once('[')?;
    let pid = numbers.rsplit(':').next()?.parse().ok()?;
    Some(Peer { pid, runs: after.contains("RUNNING") })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn processes_are_read_from_a_list_whatever_they_are_called() {
        let list = "Coordinator:\n  Host: 127.0.0.1\n  Port: 40123\nClient List:\n\
                    #, PROG[virtPID:realPID]@HOST, DMTCP-UNIQUEPID, STATE, BARRIER\n\
                    1, sh[40000:4711]@node1, 1c3b-40000-5f, WorkerState::RUNNING, \n\
                    2, a[b]@c, d[41000:4712]@node1, 1c3b-41000-60, WorkerState::PRESUSPEND, PID:DRAIN\n\n";
        let peers: Vec<Peer> = list.lines().filter_map(peer).collect();
        assert_eq!(peers, [Peer { pid: 4711, runs: true }, Peer { pid: 4712, runs: false }]);
    }
}
