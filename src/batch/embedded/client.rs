//! The client's side: finds the server or starts it, and calls it.

use std::fs::OpenOptions;
use std::os::unix::fs::MetadataExt;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use nix::unistd::{AccessFlags, Uid, User};

use super::config::{Config, Nodes, private_folder};
use super::heartbeat::{STILL, Watched};
use super::manner::MANNER;
use super::owner::{self, Owner, Ownership};
use super::protocol::{Call, Reply, Request, Response, receive, send};
use super::setting::Setting;
use super::told::{ToldJob, ToldNode};
use super::typed::typed;
use crate::THIS_PROGRAM;
use crate::batch::{BatchError, BatchSystem, ClusterInfo, Job, JobId, Manner, Node, Submission, Token};
use crate::durable::DurableError;

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
                Err(_) if !self.lives(&server) => Ok(()),
                Err(e) => Err(self.down(&e.to_string())),
            },
            Ownership::Elsewhere(owner, _) => Err(self.elsewhere(&owner)),
            Ownership::Free(_) => Ok(()),
        }
    }

    /// Takes the cluster over from a server on another machine, or in a container out of reach, that is dead: its heartbeat is
    /// watched for half a minute first. Its jobs end by themselves, should they live after all. Says whether there was one.
    ///
    /// # Errors
    /// When the server lives, or may live: one of an older program has no heartbeat, then `force` says that a person knows that
    /// it is gone.
    pub fn take_over(&mut self, force: bool) -> Result<bool, BatchError> {
        self.take_over_after(STILL, force)
    }

    fn take_over_after(&self, still: Duration, force: bool) -> Result<bool, BatchError> {
        let Ownership::Elsewhere(owner, number) = self.look()? else { return Ok(false) };
        let place = owner.place(&self.directory);
        let beat = owner::beat(&self.directory, number);
        if !beat.exists() && !force {
            let command = typed(&self.directory, "take-over --force");
            return Err(BatchError::Refused(format!(
                "the cluster's server {place} has no heartbeat, as it is of an older alpsckpt. Make sure that it is gone, then \
                 `{command}` here"
            )));
        }
        let (mut watched, until) = (Watched::default(), Instant::now() + still);
        watched.unchanged(&beat);
        while Instant::now() < until {
            std::thread::sleep(Duration::from_millis(200).min(still));
            if watched.unchanged(&beat).is_zero() {
                return Err(BatchError::Refused(format!("the cluster's server lives {place}: use it there")));
            }
        }
        match owner::depose(&self.directory, number, &owner) {
            Ok(true) => Ok(true),
            Ok(false) => Err(BatchError::Refused("another took the cluster over just now".to_owned())),
            Err(e) => Err(self.down(&e.to_string())),
        }
    }

    /// Changes the settings of the cluster; they are returned. Its server ends, the next one has them; jobs go on. Settings that
    /// were changed by hand are taken as they stand where they make sense.
    ///
    /// # Errors
    /// When they make no sense, a node to be taken away has jobs, or the server does not answer.
    pub fn set(&mut self, nodes: Option<&Nodes>, slots: Option<u32>) -> Result<Config, BatchError> {
        let change = Config::to_change(&self.directory, nodes, slots)
            .map_err(|e| BatchError::Refused(e.to_string()))?;
        // A cluster whose settings cannot be read has no server that could be asked.
        if Config::open(&self.directory).is_ok() {
            let busy =
                self.nodes()?.into_iter().find(|n| !n.jobs.is_empty() && !change.nodes.contains(&n.name));
            if let Some(node) = busy {
                let jobs: Vec<String> = node.jobs.iter().map(ToString::to_string).collect();
                let what = format!(
                    "{} has jobs ({}): wait for their end, or stop their chains",
                    node.name,
                    jobs.join(", ")
                );
                return Err(BatchError::Refused(what));
            }
        }
        change.replace(&self.directory).map_err(|e| self.down(&e.to_string()))?;
        self.stop_server()?;
        Ok(change)
    }

    /// The settings of the cluster.
    ///
    /// # Errors
    /// When they cannot be read or make no sense.
    pub fn config(&self) -> Result<Config, DurableError> {
        Config::open(&self.directory)
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
        if let Err(e @ BatchError::Refused(_)) = told {
            return Err(e);
        }
        let until = Instant::now() + CALL;
        while self.lives(server) {
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

    /// The process that serves this cluster now, if one does on this machine and in this PID namespace.
    ///
    /// # Errors
    /// When the cluster's directory cannot be read.
    pub fn server_pid(&self) -> Result<Option<u32>, BatchError> {
        Ok(match self.look()? {
            Ownership::Here(owner) if owner.process.is_here() => u32::try_from(owner.process.pid).ok(),
            _ => None,
        })
    }

    fn down(&self, what: &str) -> BatchError {
        BatchError::Down(format!("embedded cluster in {}: {what}", self.directory.display()))
    }

    fn lives(&self, server: &Owner) -> bool {
        server.lives(&self.directory) != Some(false)
    }

    fn elsewhere(&self, owner: &Owner) -> BatchError {
        self.down(&format!(
            "its server runs {}: use it there. If that is gone for good, `{}` here",
            owner.place(&self.directory),
            typed(&self.directory, "take-over")
        ))
    }

    /// A cluster is one person's: nobody else can call its server, or start one.
    fn ensure_own(&self) -> Result<(), BatchError> {
        let me = Uid::effective();
        let nearest =
            self.directory.ancestors().find_map(|at| std::fs::metadata(at).ok().map(|facts| (at, facts)));
        let Some((at, facts)) = nearest else { return Ok(()) };
        let (owner, there) = (Uid::from_raw(facts.uid()), at == self.directory);
        // Another's closed folder hides what is in it; a folder that everybody may enter hides nothing.
        let hidden = !there && nix::unistd::access(at, AccessFlags::X_OK).is_err();
        if me.is_root() || owner == me || !(there || hidden) {
            return Ok(());
        }
        let name = User::from_uid(owner).ok().flatten().map_or_else(|| owner.to_string(), |user| user.name);
        Err(BatchError::Unusable {
            what: format!(
                "the embedded cluster in {} belongs to {name}: only {name} can ask it or give it jobs",
                self.directory.display()
            ),
            cure: format!(
                "what lies on the disk is shown all the same; for how its jobs stand ask {name}, or begin a campaign of your own with \
                 another `output`"
            ),
        })
    }

    /// The cluster's settings cannot be had; where there is no folder of it nothing ever was.
    fn without_folder(&self, error: &DurableError) -> BatchError {
        if self.directory.is_dir() {
            return self.down(&error.to_string());
        }
        BatchError::Unusable {
            what: format!("the embedded cluster's folder cannot be made: {error}"),
            cure: "nothing was done: name a folder for it with `--cluster-dir DIR` (for `cluster` `--dir DIR`), or one for all of this \
                   program's state in the environment variable ALPSCKPT_STATE"
                .to_owned(),
        }
    }

    fn look(&self) -> Result<Ownership, BatchError> {
        self.ensure_own()?;
        owner::look(&self.directory).map_err(|e| self.down(&e.to_string()))
    }

    fn call(&self, call: Call) -> Result<Reply, BatchError> {
        let (_, stream) = self.server()?;
        self.ask(stream, call)
    }

    /// One call over a connection to the server.
    fn ask(&self, mut stream: UnixStream, call: Call) -> Result<Reply, BatchError> {
        let _step = tracing::debug_span!("call", ?call).entered();
        let setting = matches!(call, Call::Submit(_)).then(|| Box::new(Setting::own()));
        let exchange = || -> std::io::Result<Response> {
            stream.set_read_timeout(Some(CALL))?;
            stream.set_write_timeout(Some(CALL))?;
            send(&mut stream, &Request { version: call.version(), call, setting })?;
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
                look: Some(MANNER.nodes_command.to_owned()),
            },
            _ => self.down(&e.to_string()),
        })?
    }

    /// The server and a connection to it; it is started if there is none.
    fn server(&self) -> Result<(Owner, UnixStream), BatchError> {
        self.ensure_own()?;
        Config::open(&self.directory).map_err(|e| self.without_folder(&e))?;
        let until = Instant::now() + START;
        let mut started: Option<Start> = None;
        loop {
            match self.look()? {
                // It may not listen yet, or be just ending: then look again.
                Ownership::Here(owner) => {
                    if let Ok(stream) = UnixStream::connect(&owner.socket) {
                        return Ok((owner, stream));
                    }
                }
                Ownership::Elsewhere(owner, _) => return Err(self.elsewhere(&owner)),
                Ownership::Free(_) => match &started {
                    None => started = Some(self.start().map_err(|e| self.down(&e.to_string()))?),
                    Some(start) => {
                        // One that came second ends too: then the first is there by now.
                        if let Some(why) = start.failed()
                            && matches!(self.look()?, Ownership::Free(_))
                        {
                            return Err(self.down(&format!("its server does not start: {why}")));
                        }
                    }
                },
            }
            if Instant::now() > until {
                let log = self.directory.join("server.log");
                return Err(self.down(&format!("its server does not start; see {}", log.display())));
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Has a server that cannot give a job what this client would give it end, as one that was started under a low limit: the
    /// next is started by this client. Jobs go on.
    fn renew_for(&self, setting: &Setting) -> Result<(), BatchError> {
        let (server, stream) = self.server()?;
        if setting.more_than(&server.process).is_some() {
            self.end(&server, stream, false)?;
        }
        Ok(())
    }

    fn start(&self) -> Result<Start, DurableError> {
        private_folder(&self.directory)?;
        let path = self.directory.join("server.log");
        if std::fs::metadata(&path).is_ok_and(|m| m.len() > MAX_LOG) {
            let _ = std::fs::rename(&path, self.directory.join("server.log.1"));
        }
        let from = std::fs::metadata(&path).map_or(0, |m| m.len());
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
        let (sender, ended) = channel();
        // So that a server that ends before this process leaves no zombie.
        std::thread::spawn(move || child.wait().map(|status| sender.send(status)));
        Ok(Start { log: path, from, ended })
    }

    fn unexpected<T>(&self) -> Result<T, BatchError> {
        Err(BatchError::Unreadable {
            command: format!("embedded cluster in {}", self.directory.display()),
            what: "an answer to another question".to_owned(),
            look: Some(MANNER.nodes_command.to_owned()),
        })
    }
}

/// A server that was started and has not been heard of.
struct Start {
    log: PathBuf,
    /// Where in the log its words begin.
    from: u64,
    ended: Receiver<ExitStatus>,
}

impl Start {
    /// Its last words, once it has ended badly.
    fn failed(&self) -> Option<String> {
        let status = self.ended.try_recv().ok().filter(|status| !status.success())?;
        let said = std::fs::read(&self.log).unwrap_or_default();
        let said = String::from_utf8_lossy(said.get(self.from as usize..).unwrap_or_default()).into_owned();
        let lines: Vec<&str> = said.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
        let last = lines.get(lines.len().saturating_sub(3)..).unwrap_or_default().join("; ");
        Some(if last.is_empty() { format!("{status}; see {}", self.log.display()) } else { last })
    }
}

impl BatchSystem for Embedded {
    fn manner(&self) -> &'static Manner {
        &MANNER
    }

    fn info(&mut self) -> Result<ClusterInfo, BatchError> {
        match self.call(Call::Info)? {
            Reply::Info(info) => Ok(info),
            _ => self.unexpected(),
        }
    }

    fn submit(&mut self, submission: &Submission) -> Result<JobId, BatchError> {
        self.renew_for(&Setting::own())?;
        match self.call(Call::Submit(submission.clone()))? {
            Reply::Submitted(job) => Ok(job),
            _ => self.unexpected(),
        }
    }

    fn find(&mut self, tokens: &[Token]) -> Result<Vec<Job>, BatchError> {
        match self.call(Call::Find(tokens.to_vec()))? {
            Reply::Jobs(jobs) => Ok(jobs.into_iter().map(ToldJob::job).collect()),
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
            Reply::Nodes(nodes) => Ok(nodes.into_iter().map(ToldNode::node).collect()),
            _ => self.unexpected(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::durable::sealed;

    /// A cluster whose server was last heard of on another machine.
    fn served_elsewhere() -> (tempfile::TempDir, Embedded, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let (path, owner) = owner::take(folder.path(), 0).unwrap().unwrap();
        let mut process = owner.process.clone();
        process.namespace += 1;
        sealed::replace(&path, &Owner { process, ..owner }).unwrap();
        let client = Embedded::with_program(folder.path(), Path::new("/bin/false"));
        (folder, client, path)
    }

    #[test]
    fn a_server_out_of_reach_is_taken_over_only_when_its_heartbeat_stands_still() {
        let (_folder, client, record) = served_elsewhere();
        let told = client.clone().stop_server().unwrap_err().to_string();
        assert!(told.contains("container") && told.contains("alpsckpt cluster take-over --dir /"), "{told}");
        let old = client.take_over_after(Duration::ZERO, false).unwrap_err().to_string();
        assert!(old.contains("no heartbeat") && old.contains("take-over --force --dir"), "{old}");
        let mut heart = super::super::heartbeat::Heartbeat::new(owner::beat(&client.directory, 1));
        heart.beat();
        let stop = std::sync::atomic::AtomicBool::new(false);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                while !stop.load(std::sync::atomic::Ordering::SeqCst) {
                    heart.beat();
                    std::thread::sleep(Duration::from_millis(5));
                }
            });
            let lives = client.take_over_after(Duration::from_mins(1), false);
            stop.store(true, std::sync::atomic::Ordering::SeqCst);
            assert!(lives.unwrap_err().to_string().contains("lives"));
        });
        assert!(record.exists());
        assert_eq!(client.take_over_after(Duration::from_millis(20), false), Ok(true));
        assert!(!record.exists(), "its server, should it wake up, ends");
        assert_eq!(client.take_over_after(Duration::ZERO, false), Ok(false), "there is nobody any more");
    }

    #[test]
    fn a_server_that_does_not_start_is_told_with_its_last_words() {
        let folder = tempfile::tempdir().unwrap();
        let program = folder.path().join("program");
        std::fs::write(&program, "").unwrap();
        let client = Embedded::with_program(&folder.path().join("cluster"), &program);
        let cannot = client.server().unwrap_err().to_string();
        assert!(cannot.contains("program: cannot start"), "{cannot}");
        // A log that no server can go on with.
        let client = Embedded::with_program(&folder.path().join("cluster"), Path::new("/bin/cat"));
        let said = client.server().unwrap_err().to_string();
        assert!(said.contains("its server does not start: ") && said.contains("--dir"), "{said}");
    }
}
