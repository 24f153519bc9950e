//! A second batch system behind the same seam: a job keeps its number at a requeue, asks for it itself, and is forgotten.

mod client;

use std::fs;
use std::sync::{Arc, Mutex};

use alpsckpt::batch::{GO_ON, JobId, JobKey};
use alpsckpt::campaign::controller::{ActionKind, Controller, Reach};
use alpsckpt::campaign::snapshot::{ChainState, ChainView};
use alpsckpt::checkpoint::ExitClass;
use alpsckpt::job::entry::JobEnvironment;
use client::{Client, MANNER, Records};

use crate::campaign::{Stage, chain, complete, january};

macro_rules! record {
    ($name:literal) => {
        include_str!(concat!("../data/second-scheduler/", $name, ".txt"))
    };
}

const FORGOTTEN: (u8, &str) = (1, record!("forgotten"));

/// A campaign whose January was submitted, as job 7.
struct Walk {
    stage: Stage,
    records: Arc<Mutex<Records>>,
    controller: Controller,
}

impl Walk {
    fn new(sbatch: (u8, &'static str)) -> Self {
        let (stage, records) = (Stage::new(), Arc::new(Mutex::new(Records::default())));
        let client = Arc::clone(&records);
        let reach = Reach { connect: Box::new(move |_| Ok(Box::new(Client::new(&client)))), ..stage.reach() };
        records.lock().unwrap().answers.extend([
            ("sbatch", sbatch),
            ("squeue", (0, record!("squeue"))),
            ("sinfo", (0, record!("sinfo"))),
            ("scontrol show job", (0, record!("running-0"))),
        ]);
        let controller =
            Controller::create_with(&stage.loaded(&Stage::text()), &stage.choice(), reach).unwrap();
        Self { stage, records, controller }
    }

    fn submitted() -> Self {
        let mut walk = Self::new((0, record!("sbatch")));
        walk.controller.act(&ActionKind::Submit.on(january())).unwrap();
        walk
    }

    /// The chain, once this is what the batch system says of its job.
    fn look(&mut self, shown: (u8, &'static str)) -> ChainView {
        let mut records = self.records.lock().unwrap();
        records.answers.insert("scontrol show job", shown);
        records.answers.insert("squeue", (0, if shown.0 == 0 { record!("squeue") } else { "" }));
        drop(records);
        self.stage.later();
        chain(&self.controller.refresh().unwrap(), &january()).clone()
    }

    fn forgotten(&mut self) -> ChainView {
        self.look(FORGOTTEN);
        self.look(FORGOTTEN)
    }
}

#[test]
fn a_chain_goes_through_three_restarts_under_one_number() {
    let mut walk = Walk::submitted();
    let script = fs::read_to_string(walk.stage.campaign().chain(&january()).job_script()).unwrap();
    assert!(script.contains("#SBATCH --signal=B:USR2@600"), "{script}");
    let runs = [
        ("7", record!("running-0")),
        ("7.1", record!("running-1")),
        ("7.2", record!("running-2")),
        ("7.3", record!("running-3")),
    ];
    for (restart, (run, shown)) in (0u32..).zip(runs) {
        walk.stage.start_link(&january(), restart + 1, run, 1);
        let view = walk.look((0, shown));
        assert_eq!((view.state, &view.failure), (ChainState::Running, &None), "{run}");
        assert_eq!((view.resubmissions, view.hops, view.attempts), (restart, restart, 1), "{run}");
        assert_eq!(view.links.last().unwrap().job_id, run);
        let class = if restart < 3 { ExitClass::Checkpointed } else { ExitClass::Complete };
        walk.stage.end_link(&january(), restart + 1, class);
        if restart == 0 {
            let view = walk.look((0, record!("requeued-1")));
            assert_eq!((view.state, view.resubmissions), (ChainState::Waiting, 1));
        }
    }
    complete(&walk.stage, 4, vec![]);
    let view = walk.forgotten();
    assert_eq!((view.state, view.failure), (ChainState::Complete, None));
}

#[test]
fn of_a_forgotten_job_its_last_link_tells_the_end() {
    let mut walk = Walk::submitted();
    walk.stage.start_link(&january(), 1, "7", 1);
    walk.look((0, record!("running-0")));
    walk.stage.end_link(&january(), 1, ExitClass::Input);
    let failure = walk.forgotten().failure.expect("it failed");
    assert_eq!(failure.class(), "input");
    assert!(failure.cause().contains("Input, it says (job 7 on dahu-1)"), "{}", failure.cause());

    let mut silent = Walk::submitted();
    assert_eq!(silent.forgotten().failure.expect("it failed").class(), "vanished");
}

#[test]
fn a_script_without_a_trap_is_told_as_signalled_too_early() {
    let mut walk = Walk::submitted();
    let failure = walk.look((0, record!("no-trap"))).failure.expect("it failed");
    assert_eq!(failure.class(), "signal");
    assert!(failure.cause().contains("before its script could keep it"), "{}", failure.cause());
}

#[test]
fn a_refusal_leaves_no_job() {
    let mut walk = Walk::new((1, record!("sbatch-refused")));
    let error = walk.controller.act(&ActionKind::Submit.on(january())).expect_err("refused");
    assert!(error.to_string().contains("Requested time limit is invalid"), "{error}");
}

#[test]
fn its_environment_tells_run_and_last_command() {
    let all = |name: &str| {
        let value = match name {
            "SLURM_JOB_ID" => "7",
            "SLURM_RESTART_COUNT" => "2",
            "SLURMD_NODENAME" => "node1",
            "SLURM_JOB_NAME" => "camp.m01.1.abc",
            _ => return None,
        };
        Some(value.to_owned())
    };
    let told = (MANNER.environment)(&all).expect("a job");
    assert_eq!(told.job, JobKey { id: JobId(7), restart: 2 });
    let job = JobEnvironment::from(told);
    assert_eq!((job.job_id.as_str(), job.node.as_str()), ("7.2", "node1"));
    let last = ["scontrol", "requeue", "7"].map(str::to_owned);
    assert_eq!(job.go_on_by.as_deref(), Some(&last[..]));
    assert_eq!((MANNER.environment)(&|name| all(name).filter(|_| name != "SLURM_JOB_ID")), None);
    assert_eq!(ExitClass::Checkpointed.code(), GO_ON);
    let first = (MANNER.environment)(&|name| all(name).filter(|_| name != "SLURM_RESTART_COUNT"));
    assert_eq!(first.map(|told| told.job), Some(JobId(7).into()));
}
