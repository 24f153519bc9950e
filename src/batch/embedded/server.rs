//! The server: one thread owns the state, logs every event before it acts on it, and answers the clients' calls that
//! other threads bring.

use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, SyncSender, channel, sync_channel};
use std::time::{Duration, Instant};

use tracing::{debug, debug_span};

use super::config::Config;
use super::effects::Processes;
use super::heartbeat::{self, Heartbeat};
use super::owner::{self, Owner, Ownership};
use super::process::boot_id;
use super::protocol::{Arrived, Call, Reply, Response, receive, send};
use super::scheduler::{self, Step};
use super::setting::{self, Setting};
use super::state::{ClusterEvent, ClusterState, JobEnd, KillCause, Moment};
use crate::batch::{BatchError, ClusterInfo, JobId, JobState, Submission};
use crate::durable::{DurableError, framed};

const MAGIC: [u8; 8] = *b"ALPSCLU1";
/// How often processes are looked at while jobs run, and while none does.
const BUSY: Duration = Duration::from_millis(50);
const QUIET: Duration = Duration::from_millis(500);
/// A server without jobs or calls for this long ends; a client that comes later starts another.
const IDLE: Duration = Duration::from_mins(10);
/// How often the server makes sure that clients can still find it.
const SELF_CHECK: Duration = heartbeat::EVERY;
/// How long a client may take for its half of a call.
const CONNECTION: Duration = Duration::from_secs(5);
const MAX_CONNECTIONS: usize = 64;

/// Why a server does not run.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// Another process is the server of this directory.
    #[error("{}: the cluster's server runs already, {place}", directory.display())]
    Held {
        /// The state directory.
        directory: PathBuf,
        /// Its machine and process, in words.
        place: String,
    },
    /// Another process became the server of this directory at the same moment.
    #[error("{}: another server was started at the same moment", .0.display())]
    Beaten(PathBuf),
    /// A file of the cluster cannot be read or written.
    #[error(transparent)]
    File(#[from] DurableError),
}

/// Runs the server in this process until it is told to end: `alpsckpt cluster serve`.
///
/// # Errors
/// When another server holds the directory, or its files cannot be read or written.
pub fn serve(directory: &Path) -> Result<(), ServeError> {
    // A client's terminal and its signals are not the server's. Fails only for the leader of a group: then it was
    // started by hand, in the foreground.
    let _ = nix::unistd::setsid();
    // Nor are its descriptors, limits and umask.
    setting::close_inherited();
    setting::raise_limits();
    nix::sys::stat::umask(nix::sys::stat::Mode::from_bits_truncate(0o022));
    let directory = std::path::absolute(directory).map_err(|e| DurableError::io(directory, "find", e))?;
    let config = Config::open(&directory)?;
    let last = match owner::look(&directory)? {
        Ownership::Free(last) => last,
        Ownership::Here(o) | Ownership::Elsewhere(o, _) => {
            let place = o.place(&directory);
            return Err(ServeError::Held { directory, place });
        }
    };
    let Some((record, owner)) = owner::take(&directory, last)? else {
        return Err(ServeError::Beaten(directory));
    };
    let calls = listen(&owner.socket)?;
    let mut server = Server::open(&directory, config)?;
    tell!("server {} of {} with {} jobs", owner.process.pid, directory.display(), server.state.jobs.len());
    server.run(&calls.0, &record, &owner, Heartbeat::new(owner::beat(&directory, last + 1)))?;
    owner::give_up(&record, &owner)?;
    // The last answers are on their way.
    let until = Instant::now() + Duration::from_secs(1);
    while calls.1.load(Ordering::SeqCst) > 0 && Instant::now() < until {
        std::thread::sleep(Duration::from_millis(2));
    }
    Ok(())
}

/// A call, of whom it is, and where its answer goes.
type Visit = (Call, Option<Box<Setting>>, SyncSender<Response>);

fn listen(socket: &Path) -> Result<(Receiver<Visit>, Arc<AtomicUsize>), DurableError> {
    // The socket's number was never used before: whatever lies there is not a server's.
    let _ = std::fs::remove_file(socket);
    let listener = UnixListener::bind(socket).map_err(|e| DurableError::io(socket, "listen at", e))?;
    std::fs::set_permissions(socket, std::fs::Permissions::from_mode(0o600))
        .map_err(|e| DurableError::io(socket, "protect", e))?;
    let (sender, receiver) = channel();
    let visitors = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&visitors);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            match stream {
                Ok(stream) => receive_visitor(stream, sender.clone(), &count),
                // Out of file descriptors, for instance.
                Err(_) => std::thread::sleep(Duration::from_millis(50)),
            }
        }
    });
    Ok((receiver, visitors))
}

fn receive_visitor(stream: UnixStream, calls: Sender<Visit>, count: &Arc<AtomicUsize>) {
    if count.fetch_add(1, Ordering::SeqCst) >= MAX_CONNECTIONS {
        count.fetch_sub(1, Ordering::SeqCst);
        return;
    }
    let count = Arc::clone(count);
    std::thread::spawn(move || {
        // Who only looks whether somebody listens says nothing.
        if let Err(e) = attend(stream, &calls)
            && e.kind() != std::io::ErrorKind::UnexpectedEof
        {
            tell!("a client: {e}");
        }
        count.fetch_sub(1, Ordering::SeqCst);
    });
}

fn attend(mut stream: UnixStream, calls: &Sender<Visit>) -> std::io::Result<()> {
    stream.set_read_timeout(Some(CONNECTION))?;
    stream.set_write_timeout(Some(CONNECTION))?;
    let arrived: Arrived = receive(&stream)?;
    let response = match arrived.call() {
        Ok((call, setting)) => {
            let (sender, receiver) = sync_channel(1);
            let sent = calls.send((call, setting, sender)).is_ok();
            let answer = if sent { receiver.recv_timeout(2 * CONNECTION).ok() } else { None };
            answer.unwrap_or_else(|| Err(BatchError::Down("the cluster's server is ending".to_owned())))
        }
        // Nothing was done, and nothing will be.
        Err(why) => Err(BatchError::Refused(why)),
    };
    send(&mut stream, &response)
}

/// The one that owns the state.
pub(super) struct Server {
    directory: PathBuf,
    pub(super) state: ClusterState,
    log: framed::Writer,
    processes: Processes,
    next_pass: Instant,
    ending: bool,
    /// Jobs that ended since folders of ended ones were removed.
    ended: usize,
}

impl Server {
    /// Reads the log and takes up where the former server was.
    pub(super) fn open(directory: &Path, config: Config) -> Result<Self, DurableError> {
        let path = directory.join("log");
        let bytes = match std::fs::read(&path) {
            Ok(bytes) => bytes,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => Vec::new(),
            Err(e) => return Err(DurableError::io(&path, "read", e)),
        };
        let reading = if path.exists() { Some(framed::decode(&path, &bytes, MAGIC)?) } else { None };
        let mut state = ClusterState::new(config);
        for record in reading.iter().flat_map(|r| &r.records) {
            let event: ClusterEvent = serde_json::from_slice(record).map_err(|e| {
                let own = env!("CARGO_PKG_VERSION");
                let what =
                    format!("an event of a newer alpsckpt than {own}: update it, nothing was changed ({e})");
                DurableError::unknown_form(&path, what)
            })?;
            state.apply(&event);
        }
        if let Some(damage) = reading.as_ref().and_then(|r| r.damage.as_ref()) {
            if framed::records_follow(&bytes, damage) {
                let what = format!(
                    "at byte {}: {}, and good records follow: jobs may run that this cluster does not know. Make sure \
                     that none does, then remove {}",
                    damage.offset,
                    damage.what,
                    directory.display()
                );
                return Err(DurableError::damaged(&path, what));
            }
            tell!("{}: a torn end is cut off at byte {}: {}", path.display(), damage.offset, damage.what);
        }
        let log = framed::Writer::open(&path, MAGIC, reading.map(|r| r.good))?;
        let processes = Processes::new(directory);
        let directory = directory.to_path_buf();
        let next_pass = Instant::now();
        let mut server = Self { directory, state, log, processes, next_pass, ending: false, ended: 0 };
        let boot = boot_id();
        if server.state.boot != boot {
            server.record(&ClusterEvent::Boot { boot })?;
            server.log.sync()?;
        }
        server.processes.prune(&server.state);
        Ok(server)
    }

    fn run(
        &mut self,
        calls: &Receiver<Visit>,
        record: &Path,
        owner: &Owner,
        mut heart: Heartbeat,
    ) -> Result<(), DurableError> {
        let (mut last_call, mut last_check) = (Instant::now(), Instant::now());
        heart.beat();
        while !self.ending {
            if matches!(record.try_exists(), Ok(false)) {
                // The directory was removed, or another took it over while this process could not run: nobody can find
                // this server any more.
                tell!("{}: this server's record is gone", self.directory.display());
                break;
            }
            let busy = self.tick()?;
            let pause = match (busy, self.state.open.is_empty()) {
                (true, _) => Duration::ZERO,
                (false, false) => BUSY,
                (false, true) => QUIET,
            };
            match calls.recv_timeout(pause) {
                Ok((call, setting, reply)) => {
                    last_call = Instant::now();
                    let answer = self.answer(call, setting)?;
                    let _ = reply.send(answer);
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
            if last_check.elapsed() > SELF_CHECK {
                last_check = Instant::now();
                heart.beat();
                if !owner.socket.exists() {
                    tell!("{}: this server's socket is gone", self.directory.display());
                    break;
                }
                if self.ended >= 20 {
                    self.ended = 0;
                    self.processes.prune(&self.state);
                }
            }
            if self.state.open.is_empty() && last_call.elapsed() > IDLE {
                tell!("idle: the next client starts another server");
                break;
            }
        }
        Ok(())
    }

    /// Takes one event in; it is durable after the next sync.
    fn record(&mut self, event: &ClusterEvent) -> Result<(), DurableError> {
        let bytes = serde_json::to_vec(event).map_err(|e| {
            DurableError::damaged(&self.directory, format!("an event that cannot be written: {e}"))
        })?;
        debug!(?event, "recorded");
        self.log.push(&bytes)?;
        self.state.apply(event);
        self.ended += usize::from(matches!(event, ClusterEvent::Ended { .. }));
        Ok(())
    }

    /// One step of the scheduler; whether something changed.
    fn tick(&mut self) -> Result<bool, DurableError> {
        let now = Instant::now();
        let pass = now >= self.next_pass;
        if pass {
            self.next_pass =
                now + Duration::from_secs_f64(scheduler::pass_period(self.state.config.time_scale));
        }
        let seen = self.processes.observe(&self.state, pass);
        let actions = scheduler::step(&self.state, Moment::now(), &seen);
        // That a signal was sent is no decision that anything is built on.
        let is_signal =
            |a: &Step| matches!(a, Step::Signal(_) | Step::Record(ClusterEvent::Signalled { .. }));
        let decided = actions.iter().any(|a| !is_signal(a));
        let busy = actions.iter().any(|a| !is_signal(a) && matches!(a, Step::Record(_)));
        let mut effects = Vec::new();
        for action in actions {
            match action {
                Step::Record(event) => self.record(&event)?,
                Step::Launch(job) => {
                    self.record(&ClusterEvent::Launched { job })?;
                    effects.push(Step::Launch(job));
                }
                effect => effects.push(effect),
            }
        }
        if decided {
            // Nothing is done before the decision is durable.
            self.log.sync()?;
        }
        for effect in effects {
            self.perform(&effect);
        }
        Ok(busy)
    }

    fn perform(&mut self, effect: &Step) {
        let _step = debug_span!("perform", ?effect).entered();
        let (Step::Launch(id) | Step::Signal(id) | Step::Kill(id)) = effect else { return };
        let Some(job) = self.state.jobs.get(id) else { return };
        match effect {
            Step::Launch(_) => self.processes.launch(&self.state, job),
            Step::Signal(_) => self.processes.signal(job),
            _ => self.processes.kill(job),
        }
    }

    fn answer(&mut self, call: Call, setting: Option<Box<Setting>>) -> Result<Response, DurableError> {
        let _step = debug_span!("answer", ?call).entered();
        Ok(match call {
            Call::Info => Ok(Reply::Info(ClusterInfo {
                name: "embedded cluster".to_owned(),
                time_scale: self.state.config.time_scale,
            })),
            Call::Submit(submission) => self.submit(&submission, setting)?,
            Call::Find(tokens) => {
                let arrays = tokens.iter().filter_map(|t| self.state.attempts.get(t));
                Ok(Reply::Jobs(
                    arrays.flat_map(|a| self.state.attempt(*a)).map(|j| self.state.view(j)).collect(),
                ))
            }
            Call::Nodes => Ok(Reply::Nodes(self.state.node_views())),
            Call::Delete(job) => self.delete(job)?,
            Call::Checkpoint(job) => self.checkpoint(job)?,
            Call::Hold(job) => self.set_held(job, true)?,
            Call::Resume(job) => self.set_held(job, false)?,
            Call::SetPower { node, on } => self.set_power(node, on)?,
            Call::Shutdown { kill_jobs } => {
                let left = if kill_jobs { self.kill_all()? } else { Vec::new() };
                self.ending = left.is_empty();
                if left.is_empty() { Ok(Reply::Done) } else { Err(BatchError::Refused(still_there(&left))) }
            }
        })
    }

    pub(super) fn submit(
        &mut self,
        submission: &Submission,
        setting: Option<Box<Setting>>,
    ) -> Result<Response, DurableError> {
        if let Some(job) = self.state.attempts.get(&submission.token) {
            return Ok(Ok(Reply::Submitted(*job)));
        }
        if let Some(problem) = submission.problem() {
            return Ok(Err(BatchError::Refused(problem)));
        }
        if self.state.nodes.iter().all(|node| submission.not_on.contains(&node.name)) {
            let what = "There are not enough resources for your request: all nodes are left out".to_owned();
            return Ok(Err(BatchError::Refused(what)));
        }
        let job = JobId(self.state.next_id());
        let submission = Box::new(submission.clone());
        let at = Moment::now();
        self.record(&ClusterEvent::Submitted { job, array: job, from: None, submission, setting, at })?;
        self.log.sync()?;
        Ok(Ok(Reply::Submitted(job)))
    }

    pub(super) fn delete(&mut self, job: JobId) -> Result<Response, DurableError> {
        // A job that ended before this call ended by itself.
        self.tick()?;
        let Some(record) = self.state.jobs.get(&job) else { return Ok(Err(BatchError::UnknownJob(job))) };
        if record.state.is_over() || record.kill.is_some() {
            return Ok(Ok(Reply::Done));
        }
        let (now, waiting) = (Moment::now(), record.state.is_queued());
        self.record(&ClusterEvent::KillDecided { job, cause: KillCause::Deleted, at: now })?;
        if waiting {
            self.record(&ClusterEvent::Ended { job, end: JobEnd::Killed, resubmit: false, at: now })?;
        }
        self.tick()?;
        self.log.sync()?;
        Ok(Ok(Reply::Done))
    }

    fn checkpoint(&mut self, job: JobId) -> Result<Response, DurableError> {
        let Some(record) = self.state.jobs.get(&job) else { return Ok(Err(BatchError::UnknownJob(job))) };
        if record.state != JobState::Running {
            return Ok(Err(BatchError::Refused(format!("job {job} does not run"))));
        }
        let lost = record.lost;
        self.record(&ClusterEvent::Signalled { job, by_user: true })?;
        self.log.sync()?;
        if !lost {
            self.perform(&Step::Signal(job));
        }
        Ok(Ok(Reply::Done))
    }

    /// Holds a job that waits, or resumes one that is held.
    pub(super) fn set_held(&mut self, job: JobId, held: bool) -> Result<Response, DurableError> {
        let from = if held { JobState::Waiting } else { JobState::Hold };
        let Some(record) = self.state.jobs.get(&job) else { return Ok(Err(BatchError::UnknownJob(job))) };
        if record.state != from {
            let what = format!("job {job} is in the state {}, not {from}", record.state);
            return Ok(Err(BatchError::Refused(what)));
        }
        self.record(&if held { ClusterEvent::Held { job } } else { ClusterEvent::Released { job } })?;
        self.log.sync()?;
        Ok(Ok(Reply::Done))
    }

    fn set_power(&mut self, node: String, on: bool) -> Result<Response, DurableError> {
        if self.state.node(&node).is_none() {
            return Ok(Err(BatchError::Refused(format!("no node is called {node:?}"))));
        }
        self.tick()?;
        self.record(&ClusterEvent::Power { node, on })?;
        self.log.sync()?;
        self.tick()?;
        Ok(Ok(Reply::Done))
    }

    /// Deletes every job, and waits until their processes are gone; those of which some are left.
    fn kill_all(&mut self) -> Result<Vec<JobId>, DurableError> {
        let jobs: Vec<JobId> = self.state.active().filter(|j| !j.lost).map(|j| j.id).collect();
        for job in jobs {
            self.delete(job)?.ok();
        }
        let until = Instant::now() + CONNECTION * 7 / 10;
        loop {
            self.tick()?;
            // The job of a node without power stays in the books until long after its walltime; its processes do not.
            let left = self.state.active().filter(|j| !j.lost || !self.processes.is_killed(j.id));
            let left: Vec<JobId> = left.map(|j| j.id).collect();
            if left.is_empty() || Instant::now() >= until {
                return Ok(left);
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

/// Words for jobs that a kill has not ended yet.
fn still_there(jobs: &[JobId]) -> String {
    let numbers: Vec<String> = jobs.iter().map(ToString::to_string).collect();
    let (noun, verb) = if jobs.len() == 1 { ("job", "is") } else { ("jobs", "are") };
    format!("{noun} {} {verb} still being killed; the others are gone", numbers.join(", "))
}
