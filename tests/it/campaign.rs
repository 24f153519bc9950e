//! The controller against a batch system in memory: crashes between any two steps, a lost or damaged journal, two
//! sessions. Nothing is submitted twice, and each chain has at most one living job.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use alpsckpt::batch::{
    BatchError, BatchSystem, By, ClusterInfo, End, Ending, GO_ON, How, Job, JobId, JobState, Manner, Next,
    Node, NodeState, Submission, Token,
};
use alpsckpt::campaign::controller::{ActionKind, ControlError, Controller, Patience, Reach};
use alpsckpt::campaign::identity::Identity;
use alpsckpt::campaign::snapshot::{Access, ChainState, ChainView, FailureView, HistoryLine, Snapshot};
use alpsckpt::campaign::spec;
use alpsckpt::checkpoint::form::FORM;
use alpsckpt::checkpoint::{
    CampaignDir, ChainId, Complete, ExitClass, Generation, GenerationNumber, LinkEnd, LinkNumber, LinkStart,
    MapRecord, Phase, Place, Status,
};
use alpsckpt::clusters::ClusterChoice;
use alpsckpt::durable::{atomic, sealed};
use alpsckpt::engine::NUMERICS;
use alpsckpt::quantity::Unit;
use proptest::prelude::*;

mod beside;
mod elsewhere;
mod looking;

/// What goes wrong at a call of the batch system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    /// The session dies before the call arrives.
    DieBefore,
    /// The session dies after the call has done its work.
    DieAfter,
    /// The call does its work, the answer is lost.
    AnswerLost,
    /// The call never arrives, no answer.
    Down,
    /// Refused.
    Refuse,
}

/// Something that happens to the cluster.
type Happening = Box<dyn FnOnce(&mut Cluster) + Send>;

#[derive(Default)]
struct Cluster {
    jobs: Vec<Job>,
    submissions: BTreeMap<Token, u32>,
    /// Of the last submission, seconds.
    walltime: u64,
    /// The nodes that the last submission leaves out.
    not_on: BTreeSet<String>,
    next: u64,
    /// Faults of the next submissions, the first first.
    faults: Vec<Fault>,
    down: bool,
    calls: u32,
    node_calls: u32,
    /// What happens just before the next answer.
    meanwhile: Option<Happening>,
}

impl Cluster {
    fn new_job(&mut self, name: &str, from: Option<&Job>) -> JobId {
        self.next += 1;
        let id = JobId(self.next);
        self.jobs.push(Job {
            id,
            restart: 0,
            array_id: from.map_or(id, |f| f.array_id),
            name: name.to_owned(),
            state: JobState::Waiting,
            node: None,
            end: None,
            resubmitted_from: from.map(Job::key),
            submitted: 1,
            started: 0,
            stopped: 0,
            expected_start: None,
            message: String::new(),
        });
        id
    }

    /// The living job of a chain.
    fn live(&self, chain: &str) -> Vec<Job> {
        let of_chain = |job: &&Job| job.name.split('.').nth(1) == Some(chain) && !job.state.is_over();
        self.jobs.iter().filter(of_chain).cloned().collect()
    }

    fn job(&mut self, id: JobId) -> &mut Job {
        self.jobs.iter_mut().find(|j| j.id == id).expect("a job of this cluster")
    }
}

/// A client of the cluster in memory, which lives on when its clients die.
struct Client(Arc<Mutex<Cluster>>, &'static Manner);

const DEATH: &str = "the session dies here, as planned";

/// A command that ended with this code, as a batch system tells it that runs again what ended with [`GO_ON`].
#[expect(clippy::unnecessary_wraps, reason = "as a job holds it")]
fn ended(code: u8) -> Option<End> {
    let next = if code == GO_ON { Next::Successor } else { Next::Nothing };
    Some(End { next, ..End::of(Ending::Code(code)) })
}

impl BatchSystem for Client {
    fn manner(&self) -> &'static Manner {
        self.1
    }

    fn info(&mut self) -> Result<ClusterInfo, BatchError> {
        Ok(ClusterInfo { name: "cluster in memory".to_owned(), time_scale: 1.0 })
    }

    fn submit(&mut self, submission: &Submission) -> Result<JobId, BatchError> {
        let mut cluster = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let fault = (!cluster.faults.is_empty()).then(|| cluster.faults.remove(0));
        let no_answer = || BatchError::TimedOut { command: "submit".to_owned(), seconds: 1 };
        match fault {
            Some(Fault::DieBefore) => std::panic::resume_unwind(Box::new(DEATH)),
            Some(Fault::Down) => return Err(no_answer()),
            Some(Fault::Refuse) => return Err(BatchError::Refused("walltime too long".to_owned())),
            _ => {}
        }
        *cluster.submissions.entry(submission.token.clone()).or_default() += 1;
        cluster.walltime = submission.walltime;
        cluster.not_on.clone_from(&submission.not_on);
        let id = cluster.new_job(&submission.token.0, None);
        match fault {
            Some(Fault::DieAfter) => std::panic::resume_unwind(Box::new(DEATH)),
            Some(Fault::AnswerLost) => Err(no_answer()),
            _ => Ok(id),
        }
    }

    fn find(&mut self, tokens: &[Token]) -> Result<Vec<Job>, BatchError> {
        let mut cluster = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        cluster.calls += 1;
        if cluster.down {
            return Err(BatchError::Down("no server".to_owned()));
        }
        if let Some(happens) = cluster.meanwhile.take() {
            happens(&mut cluster);
        }
        let mut jobs: Vec<Job> =
            cluster.jobs.iter().filter(|j| tokens.iter().any(|t| t.0 == j.name)).cloned().collect();
        // What the tests just call dead.
        for job in jobs.iter_mut().filter(|job| job.state == JobState::Error) {
            job.end.get_or_insert_with(|| End::killed(How::Other(String::new()), By::Site));
        }
        Ok(jobs)
    }

    fn delete(&mut self, job: JobId) -> Result<(), BatchError> {
        let mut cluster = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let job = cluster.job(job);
        job.state = JobState::Error;
        job.end = Some(End::killed(How::Deleted("User alice requested it".to_owned()), By::User));
        Ok(())
    }

    fn checkpoint(&mut self, _job: JobId) -> Result<(), BatchError> {
        Ok(())
    }

    fn hold(&mut self, job: JobId) -> Result<(), BatchError> {
        let mut cluster = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        cluster.job(job).state = JobState::Hold;
        Ok(())
    }

    fn resume(&mut self, job: JobId) -> Result<(), BatchError> {
        let mut cluster = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let job = cluster.job(job);
        job.state = if job.state == JobState::Hold { JobState::Waiting } else { JobState::Running };
        Ok(())
    }

    fn nodes(&mut self) -> Result<Vec<Node>, BatchError> {
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner).node_calls += 1;
        Ok(vec![Node { name: "dahu-1".to_owned(), state: NodeState::Up, jobs: Vec::new() }])
    }
}

/// A campaign of two months in a temporary folder, with its cluster.
pub(super) struct Stage {
    folder: tempfile::TempDir,
    cluster: Arc<Mutex<Cluster>>,
    clock: Arc<AtomicU64>,
}

impl Stage {
    pub(super) fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        fs::write(folder.path().join("prog"), "#!/bin/sh\n").expect("a program");
        Self { folder, cluster: Arc::default(), clock: Arc::default() }
    }

    pub(super) fn reach(&self) -> Reach {
        let (cluster, clock) = (Arc::clone(&self.cluster), Arc::clone(&self.clock));
        Reach {
            connect: Box::new(move |choice| Ok(Box::new(Client(Arc::clone(&cluster), choice.manner())))),
            now_ms: Box::new(move || clock.load(Ordering::SeqCst)),
            program: Some(self.folder.path().join("prog")),
            patience: Patience { living: Duration::ZERO, silent: Duration::ZERO },
            tell: Box::new(|_| ()),
            resident: false,
        }
    }

    /// Minutes pass: absences count now, a heartbeat that stood still is silence.
    pub(super) fn later(&self) {
        self.clock.fetch_add(100_000, Ordering::SeqCst);
    }

    pub(super) fn text() -> String {
        r#"(version: 1, name: "two months", output: "it's out", dem: "dem.tif", months: [1, 6], year: 2018,
            products: [Total], walltime: "01:00:00", margin: "00:10:00")"#
            .to_owned()
    }

    pub(super) fn loaded(&self, text: &str) -> spec::Loaded {
        let mut loaded = spec::parse(&self.folder.path().join("my.ron"), text).expect("a good campaign file");
        // As it comes to the controller: with nothing left open.
        loaded.spec.tile.get_or_insert(1024);
        loaded
    }

    pub(super) fn choice(&self) -> ClusterChoice {
        ClusterChoice::embedded(&self.folder.path().join("cluster"))
    }

    fn create(&self) -> Result<Controller, ControlError> {
        Controller::create_with(&self.loaded(&Self::text()), &self.choice(), self.reach())
    }

    fn output(&self) -> PathBuf {
        self.folder.path().join("it's out")
    }

    fn open(&self) -> Controller {
        Controller::open_with(&self.output(), self.reach()).expect("the campaign opens")
    }

    pub(super) fn campaign(&self) -> CampaignDir {
        CampaignDir::new(&self.output())
    }

    fn with<T>(&self, f: impl FnOnce(&mut Cluster) -> T) -> T {
        f(&mut self.cluster.lock().unwrap_or_else(std::sync::PoisonError::into_inner))
    }

    /// No token was submitted twice, no chain has two living jobs.
    fn check(&self) -> Result<(), TestCaseError> {
        self.with(|cluster| {
            prop_assert!(cluster.submissions.values().all(|n| *n == 1), "{:?}", cluster.submissions);
            for chain in ["m01", "m06"] {
                prop_assert!(cluster.live(chain).len() <= 1, "{:?}", cluster.live(chain));
            }
            Ok(())
        })
    }

    /// A link of the chain's living job begins and writes a heartbeat.
    pub(super) fn start_link(&self, chain: &ChainId, link: u32, job_id: &str, counter: u64) {
        let dir = self.campaign().chain(chain);
        for file in [dir.link_start(LinkNumber(1)), dir.status(LinkNumber(1))] {
            atomic::create_folder(file.parent().expect("a folder")).expect("made");
        }
        let start = LinkStart {
            form: FORM,
            link: LinkNumber(link),
            job_id: job_id.to_owned(),
            node: format!("dahu-{link}"),
            pid: std::process::id(),
            started_ms: 5,
            spec: "x".to_owned(),
            program: "0.1.0".to_owned(),
            numerics: 1,
            threads: 1,
            submission: String::new(),
        };
        sealed::replace(&dir.link_start(LinkNumber(link)), &start).expect("written");
        self.beat(chain, link, counter);
    }

    fn beat(&self, chain: &ChainId, link: u32, counter: u64) {
        let status = Status {
            link: LinkNumber(link),
            counter,
            phase: Phase::Computing,
            tiles: 3,
            total: 10,
            unit: Unit::Tiles,
            sealed_tiles: 2,
            generation: None,
            tiles_per_minute: 7.0,
            memory: 1,
            seconds_left: None,
            saving: None,
            said: String::new(),
        };
        sealed::replace(&self.campaign().chain(chain).status(LinkNumber(link)), &status).expect("written");
    }

    pub(super) fn end_link(&self, chain: &ChainId, link: u32, class: ExitClass) {
        let message = format!("{class:?}, it says");
        let end =
            LinkEnd { class, message, sealed: None, tiles: 4, unit: Unit::Tiles, ended_ms: 9, unfit: None };
        sealed::replace(&self.campaign().chain(chain).link_end(LinkNumber(link)), &end).expect("written");
    }
}

pub(super) fn january() -> ChainId {
    ChainId::of_months(&[1])
}

pub(super) fn chain<'s>(snapshot: &'s Snapshot, id: &ChainId) -> &'s ChainView {
    snapshot.chains.iter().find(|c| c.id == *id).expect("the chain")
}

fn state(controller: &mut Controller) -> ChainState {
    chain(&controller.refresh().expect("a snapshot"), &january()).state
}

#[test]
fn a_campaign_is_made_with_frozen_spec_program_and_scripts_and_opened_again() {
    let stage = Stage::new();
    let mut controller = stage.create().expect("made");
    let snapshot = controller.refresh().expect("a snapshot");
    assert_eq!((snapshot.access, snapshot.cluster.name.as_str()), (Access::Writer, "not submitted yet"));
    assert!(snapshot.chains.iter().all(|c| c.state == ChainState::Planned) && !snapshot.complete);
    assert!(snapshot.spec_file.exists());
    let script = fs::read_to_string(stage.campaign().chain(&january()).job_script()).expect("a script");
    assert!(script.starts_with("#!/bin/bash\n"), "{script}");
    let id = Identity::read(&stage.campaign()).expect("its identity").id;
    let last = format!(
        " --chain m01 --spec {} --campaign {id} \"$@\"; }}\nalpsckpt_go_on\n",
        controller.spec_hash()
    );
    assert!(script.ends_with(&last), "{script}");
    let script = stage.campaign().chain(&january()).job_script();
    let syntax = std::process::Command::new("bash").arg("-n").arg(script).status().expect("bash runs");
    assert!(syntax.success());
    drop(controller);
    stage.create().expect("the same campaign is opened");
}

#[test]
fn another_spec_in_the_same_folder_is_refused_with_the_changed_fields() {
    let stage = Stage::new();
    let mut controller = stage.create().expect("made");
    controller.act(&ActionKind::Submit.on(january())).expect("submitted");
    drop(controller);
    let other = stage.loaded(&Stage::text().replace("2018", "2019").replace("[1, 6]", "[1, 7]"));
    let error = Controller::create_with(&other, &stage.choice(), stage.reach()).err().expect("refused");
    let text = error.to_string();
    assert!(text.contains("made with another `year`") && error.hint().contains("new `output`"), "{text}");
}

#[test]
fn a_lost_identity_is_made_anew_and_the_running_job_is_found_again() {
    let stage = Stage::new();
    let mut controller = stage.create().expect("made");
    controller.act(&ActionKind::Submit.on(january())).expect("submitted");
    drop(controller);
    let identity = stage.campaign().state().join("campaign.ron");
    fs::write(&identity, "damaged").expect("written");
    let error = stage.create().err().expect("refused");
    assert!(
        error.to_string().contains("campaign.ron") && error.hint().contains("remove this file"),
        "{error}"
    );
    fs::remove_file(identity).expect("removed");
    fs::remove_file(stage.campaign().journal()).expect("removed");
    let mut again = stage.create().expect("made again");
    assert_eq!(state(&mut again), ChainState::Waiting);
    assert!(again.act(&ActionKind::Submit.on(january())).is_err());
}

#[test]
fn a_paced_month_is_told_its_pace() {
    let stage = Stage::new();
    let text = Stage::text().replace("products:", "pace: Some(\"2 tiles/min\"), products:");
    let mut controller =
        Controller::create_with(&stage.loaded(&text), &stage.choice(), stage.reach()).expect("made");
    controller.act(&ActionKind::Submit.on(january())).expect("submitted");
    stage.with(|c| c.job(JobId(1)).state = JobState::Running);
    stage.start_link(&january(), 1, "1", 1);
    let snapshot = controller.refresh().expect("a snapshot");
    let view = chain(&snapshot, &january());
    assert_eq!((view.tiles_per_minute, view.eta), (Some(2.0), Some(210)), "it computes seven a minute");
}

#[test]
fn a_chain_goes_through_its_states_to_completion() {
    let stage = Stage::new();
    let mut controller = stage.create().expect("made");
    assert!(controller.act(&ActionKind::Resubmit.on(january())).is_err());
    controller.act(&ActionKind::Submit.on(january())).expect("submitted");
    assert_eq!(state(&mut controller), ChainState::Waiting);
    assert!(controller.act(&ActionKind::Submit.on(january())).is_err());

    stage.with(|c| c.job(JobId(1)).state = JobState::Running);
    stage.start_link(&january(), 1, "1", 1);
    let snapshot = controller.refresh().expect("a snapshot");
    let view = chain(&snapshot, &january());
    assert_eq!((view.state, view.tiles, view.total), (ChainState::Running, 3, 10));
    assert_eq!((view.phase, view.eta), (Some(Phase::Computing), Some(60)));
    stage.later();
    stage.beat(&january(), 1, 2);
    assert_eq!(state(&mut controller), ChainState::Running);
    stage.later();
    assert_eq!(state(&mut controller), ChainState::Silent, "the counter stood still for minutes");

    stage.end_link(&january(), 1, ExitClass::Checkpointed);
    stage.with(|c| {
        let job = c.job(JobId(1));
        (job.state, job.end) = (JobState::Terminated, ended(99));
    });
    assert_eq!(state(&mut controller), ChainState::Between);
    stage.with(|c| {
        let former = c.job(JobId(1)).clone();
        let next = c.new_job(&former.name, Some(&former));
        c.job(next).state = JobState::Running;
    });
    stage.start_link(&january(), 2, "2", 1);
    let snapshot = controller.refresh().expect("a snapshot");
    let view = chain(&snapshot, &january());
    assert_eq!((view.state, view.hops, view.resubmissions, view.attempts), (ChainState::Running, 1, 1, 1));

    complete(&stage, 2, vec![]);
    stage.end_link(&january(), 2, ExitClass::Complete);
    let snapshot = controller.refresh().expect("a snapshot");
    assert_eq!(chain(&snapshot, &january()).state, ChainState::Complete);
    assert!(!snapshot.complete, "June is not");
    assert!(snapshot.history.iter().any(|line| line.text().contains("complete")));
}

/// January is completed by this link, with these maps; the record.
pub(super) fn complete(stage: &Stage, link: u32, maps: Vec<MapRecord>) -> PathBuf {
    let complete = Complete {
        form: FORM,
        written_by: String::new(),
        link: LinkNumber(link),
        spec: "x".to_owned(),
        tiles: 10,
        maps,
        blocks: vec![],
        valid: 0,
        place: Place::Maps,
    };
    let record = stage.campaign().chain(&january()).complete();
    sealed::replace(&record, &complete).expect("written");
    record
}

#[test]
fn a_month_that_completes_between_the_look_at_its_files_and_the_batch_systems_answer_has_not_failed() {
    let stage = Arc::new(Stage::new());
    let mut controller = stage.create().expect("made");
    controller.act(&ActionKind::Submit.on(january())).expect("submitted");
    stage.with(|c| c.job(JobId(1)).state = JobState::Running);
    stage.start_link(&january(), 1, "1", 1);
    assert_eq!(state(&mut controller), ChainState::Running);

    stage.later();
    let of_job = Arc::clone(&stage);
    stage.with(|c| {
        c.meanwhile = Some(Box::new(move |cluster| {
            complete(&of_job, 1, vec![]);
            of_job.end_link(&january(), 1, ExitClass::Complete);
            let job = cluster.job(JobId(1));
            (job.state, job.end) = (JobState::Terminated, ended(0));
        }));
    });
    assert_eq!(state(&mut controller), ChainState::Complete);
    assert!(stage.with(|c| c.meanwhile.is_none()), "the batch system was asked");
    let history = controller.refresh().expect("a snapshot").history;
    assert!(!history.iter().any(|line| line.text().contains("failed")), "{history:?}");
}

/// The job of a chain ends so that nothing more comes of it.
fn fails(stage: &Stage, job: u64) {
    stage.with(|c| {
        let job = c.job(JobId(job));
        (job.state, job.end) = (JobState::Terminated, ended(70));
    });
}

#[test]
fn a_chain_goes_on_with_the_program_that_it_began_with_or_says_that_it_begins_anew() {
    let stage = Stage::new();
    let program = stage.folder.path().join("prog");
    let dir = stage.campaign().chain(&january());
    let script = || fs::read_to_string(dir.job_script()).expect("a script");
    let mut controller = stage.create().expect("made");
    controller.act(&ActionKind::Submit.on(january())).expect("submitted");
    let first = script();
    fails(&stage, 1);
    drop(controller);
    let generation = Generation {
        form: 1,
        written_by: String::new(),
        number: GenerationNumber(1),
        link: LinkNumber(1),
        spec: "x".to_owned(),
        sealed_ms: 0,
        tiles: 4,
        total: 10,
        unit: Unit::Tiles,
        bytes: 1,
        segments: vec![],
        numerics: NUMERICS + 6,
        maps: vec![],
        image: None,
    };
    atomic::create_folder(&dir.generations()).expect("made");
    sealed::replace(&dir.generation(GenerationNumber(1)), &generation).expect("written");
    fs::write(&program, "#!/bin/sh\n# another build\n").expect("written");

    let mut controller = stage.create().expect("opened");
    assert_eq!(state(&mut controller), ChainState::Failed);
    let said = controller.act(&ActionKind::Resubmit.on(january())).expect("submitted again");
    assert!(said.contains("goes on with the program that it began with"), "{said}");
    assert_eq!(script(), first);
    fails(&stage, 2);
    drop(controller);

    let copies = stage.campaign().state().join("bin");
    let hash = first.split("alpsckpt-").nth(1).and_then(|rest| rest.split('\'').next()).expect("a hash");
    fs::write(copies.join(format!("alpsckpt-{hash}")), "damaged").expect("written");
    let mut controller = stage.create().expect("opened");
    assert_eq!(state(&mut controller), ChainState::Failed);
    let said = controller.act(&ActionKind::Resubmit.on(january())).expect("submitted again");
    assert!(said.contains("is damaged: it begins anew with engine"), "{said}");
    assert!(!script().contains(hash), "{}", script());
    assert_eq!(fs::read(stage.campaign().program(hash)).expect("kept"), b"damaged");
}

#[test]
fn a_moved_campaign_is_submitted_by_its_file_alone_and_not_while_a_job_lives() {
    let stage = Stage::new();
    let mut controller = stage.create().expect("made");
    controller.act(&ActionKind::Submit.on(january())).expect("submitted");
    assert_eq!(state(&mut controller), ChainState::Waiting);
    drop(controller);
    let moved = stage.folder.path().join("moved");
    fs::create_dir(&moved).expect("made");
    fs::rename(stage.output(), moved.join("it's out")).expect("moved");
    let loaded = spec::parse(&moved.join("my.ron"), &Stage::text()).expect("a good campaign file");
    let open = || Controller::open_with(&loaded.spec.output, stage.reach()).expect("opened");
    let error = open().follow(&loaded).expect_err("a job lives").to_string();
    assert!(
        error.contains("job 1 still goes by the paths") && error.contains("alpsckpt stop m01"),
        "{error}"
    );
    fails(&stage, 1);

    let mut controller = open();
    assert_eq!(state(&mut controller), ChainState::Failed);
    let error = controller.act(&ActionKind::Resubmit.on(january())).expect_err("moved").to_string();
    assert!(
        error.contains("was moved here from") && error.contains("resubmit m01 --campaign FILE"),
        "{error}"
    );
    controller.follow(&loaded).expect("the same work in another place");
    controller.act(&ActionKind::Resubmit.on(january())).expect("submitted again");
    let dir = CampaignDir::new(&loaded.spec.output);
    let script = fs::read_to_string(dir.chain(&january()).job_script()).expect("a script");
    let places = script.matches("/moved/it").count();
    assert!(places > 1 && places == script.matches("/it'\\''s out").count(), "{script}");
    assert_eq!(spec::lineage(&dir).expect("read").len(), 2);
    drop(controller);
    assert!(Controller::create_with(&loaded, &stage.choice(), stage.reach()).is_ok());
}

#[test]
fn a_waiting_chain_is_held_and_resumed_and_the_journal_says_who_asked() {
    let stage = Stage::new();
    let mut controller = stage.create().expect("made");
    controller.act(&ActionKind::Submit.on(january())).expect("submitted");
    assert!(controller.act(&ActionKind::Resume.on(january())).is_err(), "it is not held");
    let said = controller.act(&ActionKind::Hold.on(january())).expect("held");
    assert!(said.contains("job 1"), "{said}");
    let snapshot = controller.refresh().expect("a snapshot");
    let view = chain(&snapshot, &january());
    assert_eq!((view.state, view.job_state()), (ChainState::Waiting, Some(&JobState::Hold)));
    assert!(snapshot.history.iter().any(|line| line.text() == "hold asked of job 1"));
    let again = controller.act(&ActionKind::Hold.on(january())).expect_err("it is held");
    assert!(again.to_string().contains("held already"), "{again}");
    // Another session reads the same journal.
    drop(controller);
    let mut controller = stage.open();
    controller.act(&ActionKind::Resume.on(january())).expect("resumed");
    assert_eq!(stage.with(|c| c.job(JobId(1)).state.clone()), JobState::Waiting);
    stage.with(|c| c.job(JobId(1)).state = JobState::Running);
    let refused = controller.act(&ActionKind::Hold.on(january())).expect_err("it runs");
    assert!(refused.to_string().contains("checkpoint it now"), "{refused}");
}

#[test]
fn a_suspended_job_is_not_called_silent_neither_before_nor_just_after_it_goes_on() {
    let stage = Stage::new();
    let mut controller = stage.create().expect("made");
    controller.act(&ActionKind::Submit.on(january())).expect("submitted");
    stage.with(|c| c.job(JobId(1)).state = JobState::Running);
    stage.start_link(&january(), 1, "1", 1);
    assert_eq!(state(&mut controller), ChainState::Running);
    stage.with(|c| c.job(JobId(1)).state = JobState::Suspended);
    for _ in 0..3 {
        stage.later();
        assert_eq!(state(&mut controller), ChainState::Running);
    }
    assert!(
        controller.act(&ActionKind::Checkpoint.on(january())).is_err(),
        "a frozen process hears no signal"
    );
    controller.act(&ActionKind::Resume.on(january())).expect("resumed");
    assert_eq!(state(&mut controller), ChainState::Running);
    stage.later();
    assert_eq!(state(&mut controller), ChainState::Silent, "now its silence counts again");
}

#[test]
fn every_job_that_the_batch_system_knows_is_in_the_snapshot_with_its_end() {
    let stage = Stage::new();
    let mut controller = stage.create().expect("made");
    controller.act(&ActionKind::Submit.on(january())).expect("submitted");
    stage.with(|c| {
        let job = c.job(JobId(1));
        (job.state, job.end, job.started, job.stopped) = (JobState::Terminated, ended(99), 10, 90);
        let former = job.clone();
        let next = c.new_job(&former.name, Some(&former));
        c.job(next).state = JobState::Unknown("Dreaming".to_owned());
    });
    controller.act(&ActionKind::Stop.on(january())).expect("stopped");
    let snapshot = controller.refresh().expect("a snapshot");
    let jobs = serde_json::to_value(&chain(&snapshot, &january()).jobs).expect("JSON");
    let row = |at: usize| -> Vec<&serde_json::Value> {
        ["id", "attempt", "state", "end", "started", "stopped", "resubmitted_from"]
            .iter()
            .map(|field| &jobs[at][*field])
            .collect()
    };
    let null = serde_json::Value::Null;
    assert_eq!(
        row(0),
        [&1.into(), &1.into(), &"Terminated".into(), &"exit code 99".into(), &10.into(), &90.into(), &null]
    );
    assert_eq!(row(1)[2..5], [&"Error".into(), &"no exit code".into(), &null]);
    assert_eq!(row(1)[6], &serde_json::Value::from(1));
}

#[test]
fn a_run_in_the_foreground_is_shown_without_any_submission() {
    let stage = Stage::new();
    let mut controller = stage.create().expect("made");
    stage.start_link(&january(), 1, "local", 1);
    assert_eq!(state(&mut controller), ChainState::Running);
    assert!(controller.act(&ActionKind::Submit.on(january())).is_err(), "it runs already");
    stage.end_link(&january(), 1, ExitClass::Checkpointed);
    assert_eq!(state(&mut controller), ChainState::Stopped);
    controller.act(&ActionKind::Resubmit.on(january())).expect("it goes on as jobs");
    assert_eq!(state(&mut controller), ChainState::Waiting);
    assert_eq!(stage.with(|c| c.submissions.len()), 1);
}

#[test]
fn a_failing_scheduler_keeps_the_last_picture_and_says_so() {
    let stage = Stage::new();
    let mut controller = stage.create().expect("made");
    controller.act(&ActionKind::Submit.on(january())).expect("submitted");
    controller.refresh().expect("a snapshot");
    stage.with(|c| c.down = true);
    let snapshot = controller.refresh().expect("a snapshot");
    assert!(snapshot.cluster.error.as_ref().is_some_and(|e| e.contains("no server")));
    assert_eq!(chain(&snapshot, &january()).state, ChainState::Waiting);
    assert!(snapshot.cluster.answer_age.is_some());
    let refused = controller.act(&ActionKind::Stop.on(january()));
    let error = refused.expect_err("nobody knows whether there is a job");
    assert!(error.to_string().contains("must be asked first") && error.to_string().contains("no server"));
    assert!(error.hint().contains("nothing is lost"), "{}", error.hint());
    assert_eq!(snapshot.cluster.hint.as_deref(), Some(error.hint().as_str()));
}

#[test]
fn oar_is_asked_for_its_nodes_each_minute_and_at_once_when_a_job_came_moved_or_ended() {
    let stage = Stage::new();
    let loaded = stage.loaded(&Stage::text());
    let mut controller = Controller::create_with(&loaded, &ClusterChoice::Oar, stage.reach()).expect("made");
    controller.act(&ActionKind::Submit.on(january())).expect("submitted");
    let mut look_after = |ms: u64| {
        stage.clock.fetch_add(ms, Ordering::SeqCst);
        let before = stage.with(|c| (c.calls, c.node_calls));
        controller.refresh().expect("a snapshot");
        stage.with(|c| (c.calls - before.0, c.node_calls - before.1))
    };
    assert_eq!(look_after(0), (1, 1), "the first look");
    assert_eq!(look_after(9_000), (0, 0), "too soon for either");
    assert_eq!(look_after(1_000), (1, 0));
    stage.with(|c| {
        let job = c.job(JobId(1));
        (job.state, job.node) = (JobState::Running, Some("dahu-1".to_owned()));
    });
    assert_eq!(look_after(10_000), (1, 1), "it moved");
    for _ in 0..5 {
        assert_eq!(look_after(10_000), (1, 0));
    }
    assert_eq!(look_after(10_000), (1, 1), "a minute is over");
    stage.with(|c| c.job(JobId(1)).state = JobState::Error);
    assert_eq!(look_after(10_000), (1, 1), "why it ended may be its node's state");
}

#[test]
fn all_chains_are_looked_up_with_one_call_a_refresh() {
    let stage = Stage::new();
    let mut controller = stage.create().expect("made");
    for month in [1, 6] {
        controller.act(&ActionKind::Submit.on(ChainId::of_months(&[month]))).expect("submitted");
    }
    let before = stage.with(|c| c.calls);
    controller.refresh().expect("a snapshot");
    assert_eq!(stage.with(|c| c.calls), before + 1);
}

#[test]
fn what_was_refused_can_be_corrected_in_the_file_as_long_as_nothing_was_taken() {
    let stage = Stage::new();
    let mut controller = stage.create().expect("made");
    stage.with(|c| c.faults = vec![Fault::Refuse]);
    controller.act(&ActionKind::Submit.on(january())).expect_err("refused");
    drop(controller);
    let corrected = stage.loaded(&Stage::text().replace("2018", "2019"));
    let mut controller =
        Controller::create_with(&corrected, &stage.choice(), stage.reach()).expect("corrected");
    assert_eq!(controller.spec().year, 2019);
    let snapshot = controller.refresh().expect("a snapshot");
    assert!(snapshot.history.iter().any(|line| line.text().contains("corrected: `year`")), "{snapshot:?}");
    assert_eq!(state(&mut controller), ChainState::Planned);
    controller.act(&ActionKind::Submit.on(january())).expect("submitted");
    assert_eq!(state(&mut controller), ChainState::Waiting);
    drop(controller);
    let script = stage.campaign().chain(&january()).job_script();
    let again = Controller::open_with(stage.campaign().output(), stage.reach()).expect("opened");
    assert_eq!(again.spec().year, 2019);
    assert!(std::fs::read_to_string(script).expect("a script").contains(again.spec_hash()));
    drop(again);
    // Now there is a job: the former file is another campaign's.
    let former = stage.loaded(&Stage::text());
    assert!(Controller::create_with(&former, &stage.choice(), stage.reach()).is_err());
}

#[test]
fn how_jobs_run_changes_for_the_next_attempts_while_another_months_job_runs() {
    let stage = Stage::new();
    let mut controller = stage.create().expect("made");
    controller.act(&ActionKind::Submit.on(january())).expect("submitted");
    stage.with(|c| c.job(JobId(1)).state = JobState::Running);
    stage.start_link(&january(), 1, "1", 1);
    let first = controller.spec_hash().to_owned();
    drop(controller);
    let scripts = |month: u8| {
        let script = stage.campaign().chain(&ChainId::of_months(&[month])).job_script();
        fs::read_to_string(script).expect("a script")
    };
    let of_january = scripts(1);
    let edited = Stage::text()
        .replace("01:00:00", "02:00:00")
        .replace("[1, 6]", "[12, 6, 1]")
        .replace("products", "setup: [\"module load x\"], threads: 2, max_links: 9, name: \"x\", products")
        .replacen("name: \"two months\", ", "", 1);
    let mut controller = Controller::create_with(&stage.loaded(&edited), &stage.choice(), stage.reach())
        .expect("job parameters are taken");
    let taken: Vec<String> = controller.taken().iter().map(ToString::to_string).collect();
    assert_eq!(
        taken,
        [
            "`name` \"two months\" → \"x\"",
            "`months` [1,6] → [12,6,1]",
            "`walltime` \"01:00:00\" → \"02:00:00\"",
            "`threads` None → Some(2)",
            "`setup` [] → [\"module load x\"]",
            "`max_links` 50 → 9",
        ]
    );
    assert_eq!(scripts(1), of_january, "the running job goes on with what it has");
    let snapshot = controller.refresh().expect("a snapshot");
    assert_eq!(chain(&snapshot, &january()).state, ChainState::Running);
    let told = snapshot.history.iter().map(HistoryLine::text).collect::<Vec<_>>().join("\n");
    assert!(taken.iter().all(|field| told.contains(field)), "{told}");
    for month in [6, 12] {
        controller.act(&ActionKind::Submit.on(ChainId::of_months(&[month]))).expect("submitted");
        let script = scripts(month);
        assert!(script.contains("module load x") && stage.with(|c| c.walltime) == 7200, "{script}");
        assert!(script.contains(controller.spec_hash()), "{script}");
    }
    // Tiles of either count, whichever comes first.
    let lineage = spec::lineage(&stage.campaign()).expect("a lineage");
    assert_eq!(lineage, [first.as_str(), controller.spec_hash()]);
    drop(controller);
    // An unchanged file changes nothing; the former one is taken back as well.
    let again =
        Controller::create_with(&stage.loaded(&edited), &stage.choice(), stage.reach()).expect("same");
    assert!(again.taken().is_empty());
    drop(again);
    let back = edited.replace("02:00:00", "00:50:00");
    let mut back =
        Controller::create_with(&stage.loaded(&back), &stage.choice(), stage.reach()).expect("taken");
    stage.with(|c| c.job(JobId(1)).state = JobState::Error);
    stage.later();
    back.refresh().expect("a snapshot");
    stage.later();
    back.act(&ActionKind::Resubmit.on(january())).expect("submitted again");
    assert_eq!(stage.with(|c| c.walltime), 3000);
    assert!(scripts(1).contains(back.spec_hash()), "{}", scripts(1));
}

#[test]
fn what_was_begun_keeps_its_months_and_only_what_changes_maps_is_another_campaign() {
    let stage = Stage::new();
    let mut controller = stage.create().expect("made");
    controller.act(&ActionKind::Submit.on(january())).expect("submitted");
    drop(controller);
    let take = |text: &str| Controller::create_with(&stage.loaded(text), &stage.choice(), stage.reach());
    let refused = |text: &str, field: &str| {
        let Err(error) = take(text) else { panic!("{text} was taken") };
        assert!(matches!(error, ControlError::Foreign { .. }), "{error}");
        assert!(error.to_string().contains(field), "{error}");
        assert!(error.hint().contains("write a new `output` in "), "{}", error.hint());
    };
    refused(&Stage::text().replace("[1, 6]", "[6]"), "m01, which `months` leaves out");
    refused(&Stage::text().replace("year", "months_per_chain: 2, year"), "`months_per_chain`");
    refused(&Stage::text().replace("2018", "2019").replace("01:00:00", "02:00:00"), "another `year`");
    refused(&Stage::text().replace("[Total]", "[Total, Solar]"), "another `products`");
    refused(&Stage::text().replace("year", "tile: 64, year"), "another `tile`");
    // June was not begun: it may go, and come back in company.
    assert_eq!(take(&Stage::text().replace("[1, 6]", "[1]")).expect("taken").chains().len(), 1);
    let more = take(&Stage::text().replace("[1, 6]", "[1, 2, 3]")).expect("taken");
    assert_eq!(more.chains().len(), 3);
    assert!(
        stage.campaign().chain(&ChainId::of_months(&[3])).inputs().exists(),
        "a new month's inputs are recorded"
    );
}

#[test]
fn without_its_batch_system_nothing_is_submitted_and_no_attempt_is_left() {
    let stage = Stage::new();
    drop(stage.create().expect("made"));
    let mut reach = stage.reach();
    reach.connect = Box::new(|_| {
        Err(BatchError::NoCommand { command: "oarsub".to_owned(), system: "OAR".to_owned() }.into())
    });
    let mut controller = Controller::open_with(&stage.output(), reach).expect("opened");
    let error = controller.act(&ActionKind::Submit.on(january())).expect_err("there is none");
    assert!(error.to_string().contains("oarsub"), "{error}");
    assert_eq!(state(&mut controller), ChainState::Planned);
    assert!(!stage.campaign().chain(&january()).path().join("attempts").exists());
}

#[test]
fn a_refused_submission_leaves_no_job_and_can_be_repeated() {
    let stage = Stage::new();
    let mut controller = stage.create().expect("made");
    stage.with(|c| c.faults = vec![Fault::Refuse]);
    let error = controller.act(&ActionKind::Submit.on(january())).expect_err("refused");
    assert!(error.to_string().contains("walltime too long"));
    let snapshot = controller.refresh().expect("a snapshot");
    assert_eq!(
        chain(&snapshot, &january()).failure.as_ref().map(FailureView::class).as_deref(),
        Some("refused")
    );
    controller.act(&ActionKind::Resubmit.on(january())).expect("submitted");
    assert_eq!(state(&mut controller), ChainState::Waiting);
}

#[test]
fn a_lost_answer_is_looked_up_and_found() {
    let stage = Stage::new();
    let mut controller = stage.create().expect("made");
    stage.with(|c| c.faults = vec![Fault::AnswerLost]);
    assert!(controller.act(&ActionKind::Submit.on(january())).is_err());
    assert_eq!(state(&mut controller), ChainState::Waiting);
    assert_eq!(stage.with(|c| c.submissions.len()), 1);
}

#[test]
fn a_call_that_never_arrived_is_looked_up_twice_before_a_retry_is_offered() {
    let stage = Stage::new();
    let mut controller = stage.create().expect("made");
    stage.with(|c| c.faults = vec![Fault::Down]);
    assert!(controller.act(&ActionKind::Submit.on(january())).is_err());
    assert_eq!(state(&mut controller), ChainState::SubmissionUnknown);
    assert_eq!(state(&mut controller), ChainState::SubmissionUnknown, "seen twice, but at once");
    stage.later();
    assert_eq!(state(&mut controller), ChainState::Failed);
    controller.act(&ActionKind::Resubmit.on(january())).expect("submitted");
    assert_eq!(state(&mut controller), ChainState::Waiting);
}

#[test]
fn sessions_that_only_look_for_a_moment_become_sure_together() {
    let stage = Stage::new();
    let mut controller = stage.create().expect("made");
    stage.with(|c| c.faults = vec![Fault::Down]);
    assert!(controller.act(&ActionKind::Submit.on(january())).is_err());
    drop(controller);
    assert_eq!(state(&mut stage.open()), ChainState::SubmissionUnknown);
    stage.later();
    assert_eq!(state(&mut stage.open()), ChainState::Failed);
    // What one attempt was doubted for says nothing of the next.
    stage.with(|c| c.faults = vec![Fault::Down]);
    assert!(stage.open().act(&ActionKind::Resubmit.on(january())).is_err());
    stage.later();
    assert_eq!(state(&mut stage.open()), ChainState::SubmissionUnknown);
    stage.later();
    assert_eq!(state(&mut stage.open()), ChainState::Failed);
}

/// Runs `f`; a planned death of the session in it is swallowed, as a killed process would be.
fn survive(f: impl FnOnce()) {
    // `resume_unwind` calls no panic hook: nothing is printed, and other tests keep theirs.
    let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(f));
    if let Err(cause) = outcome {
        assert_eq!(cause.downcast_ref::<&str>(), Some(&DEATH), "another panic than the planned one");
    }
}

#[test]
fn a_session_killed_at_any_step_of_a_submission_never_submits_twice() {
    for fault in [Fault::DieBefore, Fault::DieAfter, Fault::AnswerLost, Fault::Down] {
        let stage = Stage::new();
        let mut controller = stage.create().expect("made");
        let full = fs::read(stage.campaign().journal()).expect("a journal").len();
        stage.with(|c| c.faults = vec![fault]);
        survive(move || drop(controller.act(&ActionKind::Submit.on(january()))));
        // The journal as it was at any moment up to the death: each length, half-written records too.
        let journal = fs::read(stage.campaign().journal()).expect("a journal");
        for length in (full..=journal.len()).step_by(29).chain([journal.len()]) {
            fs::write(stage.campaign().journal(), &journal[..length]).expect("cut");
            let mut again = stage.open();
            let mut now = state(&mut again);
            for _ in 0..3 {
                stage.later();
                now = state(&mut again);
            }
            match now {
                ChainState::Waiting => assert_eq!(stage.with(|c| c.live("m01").len()), 1),
                ChainState::Failed => {
                    again.act(&ActionKind::Resubmit.on(january())).expect("submitted");
                }
                other => panic!("{fault:?} at {length}: {other:?}"),
            }
            stage.check().expect("exactly one job");
            assert_eq!(stage.with(|c| c.live("m01").len()), 1, "{fault:?} at {length}");
        }
    }
}

/// One thing that happens to a campaign.
#[derive(Debug, Clone)]
enum Step {
    Act(u8, bool),
    Refresh,
    /// The next submission goes wrong.
    Fault(u8),
    /// The session is killed and started again.
    Restart,
    /// Killed, and the journal is cut or flipped at this thousandth of its length.
    Damage(u16, bool),
    JournalGone,
    /// The oldest living job ends so.
    End(u8),
    Run,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        5 => (0u8..3, any::<bool>()).prop_map(|(kind, june)| Step::Act(kind, june)),
        4 => Just(Step::Refresh),
        3 => (0u8..5).prop_map(Step::Fault),
        1 => Just(Step::Restart),
        2 => (0u16..1000, any::<bool>()).prop_map(|(at, flip)| Step::Damage(at, flip)),
        1 => Just(Step::JournalGone),
        2 => (0u8..4).prop_map(Step::End),
        1 => Just(Step::Run),
    ];
    proptest::collection::vec(step, 1..25)
}

fn damage(journal: &Path, at: u16, flip: bool) {
    let mut bytes = fs::read(journal).unwrap_or_default();
    let place = bytes.len() * usize::from(at) / 1000;
    if flip && place < bytes.len() {
        bytes[place] ^= 16;
    } else {
        bytes.truncate(place);
    }
    fs::write(journal, bytes).expect("written");
}

/// The oldest living job ends: 0 complete, 1 checkpointed and resubmitted, 2 its node dies, 3 an input is bad.
fn end_a_job(cluster: &mut Cluster, how: u8) {
    let Some(job) = cluster.jobs.iter_mut().find(|j| !j.state.is_over()) else { return };
    (job.started, job.stopped) = (1, 500);
    match how {
        2 => job.state = JobState::Error,
        code => {
            job.state = JobState::Terminated;
            job.end = ended([0, 99, 0, 65][usize::from(code)]);
        }
    }
    let ended = job.clone();
    if how == 1 {
        cluster.new_job(&ended.name, Some(&ended));
    }
}

proptest! {
    // Each case syncs a few hundred files.
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn whatever_happens_each_token_is_submitted_once_and_each_chain_has_one_living_job(steps in steps()) {
        let stage = Stage::new();
        let mut controller = Some(stage.create().expect("made"));
        for step in steps {
            let mut open = controller.take().unwrap_or_else(|| stage.open());
            match step {
                Step::Act(kind, june) => {
                    let chain = ChainId::of_months(&[if june { 6 } else { 1 }]);
                    let action = [ActionKind::Submit, ActionKind::Resubmit, ActionKind::Stop][usize::from(kind)].on(chain);
                    survive(|| {
                        let _ = open.act(&action);
                        controller = Some(open);
                    });
                }
                Step::Refresh => {
                    stage.later();
                    let _ = open.refresh().expect("a snapshot");
                    controller = Some(open);
                }
                Step::Fault(n) => {
                    let faults =
                        [Fault::DieBefore, Fault::DieAfter, Fault::AnswerLost, Fault::Down, Fault::Refuse];
                    stage.with(|c| c.faults = vec![faults[usize::from(n)]]);
                    controller = Some(open);
                }
                Step::Restart => drop(open),
                Step::Damage(at, flip) => {
                    drop(open);
                    damage(&stage.campaign().journal(), at, flip);
                }
                Step::JournalGone => {
                    drop(open);
                    let _ = fs::remove_file(stage.campaign().journal());
                }
                Step::End(how) => {
                    stage.with(|c| end_a_job(c, how));
                    controller = Some(open);
                }
                Step::Run => {
                    stage.with(|c| c.jobs.iter_mut().filter(|j| !j.state.is_over()).for_each(|j| {
                        j.state = JobState::Running;
                    }));
                    controller = Some(open);
                }
            }
            stage.check()?;
        }
    }
}
