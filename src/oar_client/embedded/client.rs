//! The client's side: finds the server or starts it, and calls it.

use std::fs::OpenOptions;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::config::{Config, ensure_known, private_folder};
use super::owner::{self, Owner, Ownership};
use super::protocol::{Answer, Call, Request, Response, receive, send};
use crate::THIS_PROGRAM;
use crate::durable::DurableError;
use crate::oar_client::{BatchError, BatchSystem, ClusterInfo, Job, JobId, Node, Submission, Token};

/// How long a call may take.
const CALL: Duration = Duration::from_secs(5);
/// How long a server may take to start.
const START: Duration = Duration::from_secs(10);
/// A longer log of the server is put aside when the next is started.
const MAX_LOG: u64 = 1 << 20;

/// A client of the embedded cluster in a state directory; starts the server when it finds none.
#[derive(Debug, Clone)]
pub struct Embedded {
    directory: PathBuf,
    program: Option<PathBuf>,
}

impl Embedded {
    /// Makes the cluster's state directory with these settings, if it is not there.
    ///
    /// # Errors
    /// When it cannot be written, or the settings make no sense.
    pub fn create(directory: &Path, config: &Config) -> Result<(), DurableError> {
        config.create(directory)
    }

    /// A client of the cluster in `directory`. The server it starts if need be is this program, or the one that
    /// `ALPSCKPT_PROGRAM` names.
    #[must_use]
    pub fn new(directory: &Path) -> Self {
        Self::with(directory, std::env::var_os("ALPSCKPT_PROGRAM").map(PathBuf::from))
    }

    /// A client of the cluster in `directory` that starts `program` as its server: for callers that are not
    /// `alpsckpt` themselves.
    #[must_use]
    pub fn with_program(directory: &Path, program: &Path) -> Self {
        Self::with(directory, Some(program.to_path_buf()))
    }

    fn with(directory: &Path, program: Option<PathBuf>) -> Self {
        Self {
            directory: std::path::absolute(directory).unwrap_or_else(|_| directory.to_path_buf()),
            program,
        }
    }

    /// Ends the server, its jobs going on; they are adopted by the next.
    ///
    /// # Errors
    /// When it does not answer.
    pub fn stop_server(&mut self) -> Result<(), BatchError> {
        match self.look()? {
            Ownership::Here(server) => match UnixStream::connect(&server.socket) {
                Ok(stream) => self.end(&server, stream, false),
                Err(_) if !server.process.is_alive() => Ok(()),
                Err(e) => Err(self.down(&e.to_string())),
            },
            _ => Ok(()),
        }
    }

    /// Ends the server; with `kill_jobs`, after it has killed all jobs, also those that a dead server left.
    ///
    /// # Errors
    /// When it does not answer.
    pub fn shutdown(&mut self, kill_jobs: bool) -> Result<(), BatchError> {
        if !kill_jobs {
            return self.stop_server();
        }
        if !self.directory.join("log").exists() && matches!(self.look()?, Ownership::Free(_)) {
            return Ok(());
        }
        let (server, stream) = self.server()?;
        self.end(&server, stream, true)
    }

    fn end(&self, server: &Owner, stream: UnixStream, kill_jobs: bool) -> Result<(), BatchError> {
        let told = self.ask(stream, Call::Shutdown { kill_jobs });
        let until = Instant::now() + CALL;
        while server.process.is_alive() {
            if Instant::now() > until {
                return told.and(Err(self.down("it does not end")));
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        Ok(())
    }

    /// Cuts the power of a node, or brings it back.
    ///
    /// # Errors
    /// When it does not answer or has no such node.
    pub fn set_power(&mut self, node: &str, on: bool) -> Result<(), BatchError> {
        self.call(Call::SetPower { node: node.to_owned(), on }).map(|_| ())
    }

    /// The process that serves this cluster now, if one does on this machine.
    ///
    /// # Errors
    /// When the cluster's directory cannot be read.
    pub fn server_pid(&self) -> Result<Option<u32>, BatchError> {
        Ok(match self.look()? {
            Ownership::Here(owner) => u32::try_from(owner.process.pid).ok(),
            _ => None,
        })
    }

    fn down(&self, what: &str) -> BatchError {
        BatchError::Down(format!("embedded cluster in {}: {what}", self.directory.display()))
    }

    fn look(&self) -> Result<Ownership, BatchError> {
        owner::look(&self.directory).map_err(|e| self.down(&e.to_string()))
    }

    fn call(&self, call: Call) -> Result<Answer, BatchError> {
        let (_, stream) = self.server()?;
        self.ask(stream, call)
    }

    /// One call over a connection to the server.
    fn ask(&self, mut stream: UnixStream, call: Call) -> Result<Answer, BatchError> {
        let exchange = || -> std::io::Result<Response> {
            stream.set_read_timeout(Some(CALL))?;
            stream.set_write_timeout(Some(CALL))?;
            send(&mut stream, &Request { version: call.version(), call })?;
            receive(&stream)
        };
        exchange().map_err(|e| match e.kind() {
            std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut => BatchError::TimedOut {
                command: format!("embedded cluster in {}", self.directory.display()),
                seconds: CALL.as_secs(),
            },
            std::io::ErrorKind::InvalidData => BatchError::Unreadable {
                command: format!("embedded cluster in {}", self.directory.display()),
                what: e.to_string(),
            },
            _ => self.down(&e.to_string()),
        })?
    }

    /// The server and a connection to it; it is started if there is none.
    fn server(&self) -> Result<(Owner, UnixStream), BatchError> {
        ensure_known(&self.directory).map_err(|e| self.down(&e.to_string()))?;
        let until = Instant::now() + START;
        let mut started = false;
        loop {
            match self.look()? {
                // It may not listen yet, or be just ending: then look again.
                Ownership::Here(owner) => {
                    if let Ok(stream) = UnixStream::connect(&owner.socket) {
                        return Ok((owner, stream));
                    }
                }
                Ownership::Elsewhere(owner) => {
                    return Err(self.down(&format!(
                        "its server runs on {} (process {}): use it there, or end it there first",
                        owner.host, owner.process.pid
                    )));
                }
                Ownership::Free(_) if !started => {
                    self.start().map_err(|e| self.down(&e.to_string()))?;
                    started = true;
                }
                Ownership::Free(_) => {}
            }
            if Instant::now() > until {
                let log = self.directory.join("server.log");
                return Err(self.down(&format!("its server does not start; see {}", log.display())));
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    fn start(&self) -> Result<(), DurableError> {
        private_folder(&self.directory)?;
        let path = self.directory.join("server.log");
        if std::fs::metadata(&path).is_ok_and(|m| m.len() > MAX_LOG) {
            let _ = std::fs::rename(&path, self.directory.join("server.log.1"));
        }
        let open = || OpenOptions::new().create(true).append(true).open(&path);
        let log = open().map_err(|e| DurableError::io(&path, "append to", e))?;
        let errors = open().map_err(|e| DurableError::io(&path, "append to", e))?;
        // This very program, even when its file was replaced or removed since.
        let program = self.program.clone().unwrap_or_else(|| PathBuf::from(THIS_PROGRAM));
        let mut child = Command::new(&program)
            .arg0("alpsckpt")
            .args(["cluster", "serve", "--dir"])
            .arg(&self.directory)
            .current_dir("/")
            .stdin(Stdio::null())
            .stdout(log)
            .stderr(errors)
            .spawn()
            .map_err(|e| DurableError::io(&program, "start", e))?;
        // So that a server that ends before this process leaves no zombie.
        std::thread::spawn(move || child.wait());
        Ok(())
    }

    fn unexpected<T>(&self) -> Result<T, BatchError> {
        Err(BatchError::Unreadable {
            command: format!("embedded cluster in {}", self.directory.display()),
            what: "an answer to another question".to_owned(),
        })
    }
}

impl BatchSystem for Embedded {
    fn info(&mut self) -> Result<ClusterInfo, BatchError> {
        match self.call(Call::Info)? {
            Answer::Info(info) => Ok(info),
            _ => self.unexpected(),
        }
    }

    fn submit(&mut self, submission: &Submission) -> Result<JobId, BatchError> {
        match self.call(Call::Submit(submission.clone()))? {
            Answer::Submitted(job) => Ok(job),
            _ => self.unexpected(),
        }
    }

    fn find(&mut self, tokens: &[Token]) -> Result<Vec<Job>, BatchError> {
        match self.call(Call::Find(tokens.to_vec()))? {
            Answer::Jobs(jobs) => Ok(jobs),
            _ => self.unexpected(),
        }
    }

    fn delete(&mut self, job: JobId) -> Result<(), BatchError> {
        self.call(Call::Delete(job)).map(|_| ())
    }

    fn checkpoint(&mut self, job: JobId) -> Result<(), BatchError> {
        self.call(Call::Checkpoint(job)).map(|_| ())
    }

    fn hold(&mut self, job: JobId) -> Result<(), BatchError> {
        self.call(Call::Hold(job)).map(|_| ())
    }

    fn resume(&mut self, job: JobId) -> Result<(), BatchError> {
        self.call(Call::Resume(job)).map(|_| ())
    }

    fn nodes(&mut self) -> Result<Vec<Node>, BatchError> {
        match self.call(Call::Nodes)? {
            Answer::Nodes(nodes) => Ok(nodes),
            _ => self.unexpected(),
        }
    }
}
