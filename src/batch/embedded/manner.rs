//! How the embedded cluster behaves: as the batch systems do that campaigns meet, so that what works here works there.

use std::time::Duration;

use crate::batch::{JobKey, LinkEnvironment, Manner, Requests, Resubmission, Signalling, Variables};

/// A job that exits [`crate::batch::GO_ON`] earlier is not resubmitted, scheduler seconds.
pub(super) const UNCOUNTED: f64 = 60.0;
/// How much two whole seconds may hide.
const WHOLE_SECONDS: f64 = 2.0;
/// How many scheduler seconds pass for a job in one real second.
pub(super) const TIME_SCALE: &str = "ALPSCKPT_TIME_SCALE";

/// The embedded cluster's.
pub static MANNER: Manner = Manner {
    name: "embedded",
    title: "the embedded cluster",
    resubmission: Resubmission::BySystem,
    signalling: Signalling { late: Duration::from_secs(30), early: Duration::ZERO },
    uncounted: Some(Duration::from_mins(1)),
    ask_every: Duration::ZERO,
    nodes_every: Duration::ZERO,
    forgets_after: None,
    requests: Requests {
        prefix: "",
        lines: |_| Ok(Vec::new()),
        with_cores: |nodes, _| nodes.to_owned(),
        cores: |_| None,
        both: |wanted, _| wanted.to_owned(),
    },
    nodes_command: "alpsckpt cluster status",
    variables: &["OAR_"],
    environment,
};

/// Of a job's environment: the variables that programs of sites look for, and its own clock.
fn environment(variable: Variables<'_>) -> Option<LinkEnvironment> {
    let number = |name: &str| variable(name).and_then(|v| v.trim().parse::<f64>().ok());
    let time_scale = number(TIME_SCALE).filter(|s| s.is_finite() && *s > 0.0)?;
    let job: JobKey = variable("OAR_JOB_ID")?.trim().parse().ok()?;
    let node_file = variable("OAR_NODEFILE").and_then(|f| std::fs::read_to_string(f).ok());
    let node = node_file.and_then(|t| t.lines().map(str::trim).find(|l| !l.is_empty()).map(str::to_owned));
    Some(LinkEnvironment {
        job,
        name: variable("OAR_JOB_NAME").unwrap_or_default(),
        submission: variable("OAR_ARRAY_ID").unwrap_or_default(),
        node,
        walltime: number("OAR_JOB_WALLTIME_SECONDS").filter(|s| *s >= 0.0).map(|s| s as u64),
        time_scale,
        counted_after: Some(UNCOUNTED + WHOLE_SECONDS),
        go_on_by: MANNER.resubmission.last_command(job),
    })
}
