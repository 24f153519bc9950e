//! How the embedded cluster behaves: as the batch systems do that campaigns meet, so that what works here works there.

use std::time::Duration;

use crate::batch::{JobVariables, LinkEnvironment, Manner, Requests, Resubmission, Signalling, Variables};

/// A job that exits [`crate::batch::GO_ON`] earlier is not resubmitted, scheduler seconds.
pub(super) const UNCOUNTED: Duration = Duration::from_mins(1);
/// How many scheduler seconds pass for a job in one real second.
pub(super) const TIME_SCALE: &str = "ALPSCKPT_TIME_SCALE";

/// The embedded cluster's.
pub static MANNER: Manner = Manner {
    name: "embedded",
    title: "the embedded cluster",
    resubmission: Resubmission::BySystem,
    signalling: Signalling { late: Duration::from_secs(30), early: Duration::ZERO },
    uncounted: Some(UNCOUNTED),
    ask_every: Duration::ZERO,
    nodes_every: Duration::ZERO,
    forgets_after: None,
    requests: Requests { prefix: "", lines: |_| Ok(Vec::new()) },
    nodes_command: "alpsckpt cluster status",
    variables: &["OAR_"],
    environment,
};

/// What programs of sites look for.
const VARIABLES: JobVariables = JobVariables {
    job: "OAR_JOB_ID",
    name: "OAR_JOB_NAME",
    submission: "OAR_ARRAY_ID",
    nodes: "OAR_NODEFILE",
    walltime: "OAR_JOB_WALLTIME_SECONDS",
};

/// What they tell, and the job's own clock.
fn environment(variable: Variables<'_>) -> Option<LinkEnvironment> {
    let time_scale: f64 = variable(TIME_SCALE)?.trim().parse().ok()?;
    let told = VARIABLES.read(variable, &MANNER)?;
    (time_scale.is_finite() && time_scale > 0.0).then_some(LinkEnvironment { time_scale, ..told })
}
