//! How OAR behaves, as seen with 2.5 and 2.6 (`docs/oar-cluster.md`).

use std::time::Duration;

use super::submit;
use crate::batch::{GO_ON, JobKey, LinkEnvironment, Manner, Requests, Resubmission, Signalling, Variables};

/// The exit code after which OAR resubmits an idempotent job.
const RESUBMITTED: u8 = 99;
const _: () = assert!(RESUBMITTED == GO_ON, "what our links say is what OAR resubmits");

/// OAR resubmits only what ran for longer than this of its time, counted in whole seconds at both ends.
pub(super) const UNCOUNTED: Duration = Duration::from_mins(1);
/// How much the two whole seconds may hide.
const WHOLE_SECONDS: f64 = 2.0;

/// OAR's.
pub static MANNER: Manner = Manner {
    name: "oar",
    title: "OAR",
    resubmission: Resubmission::BySystem,
    // It looks at its jobs every 10 to 12 s, less often under load.
    signalling: Signalling { late: Duration::from_secs(30), early: Duration::ZERO },
    uncounted: Some(UNCOUNTED),
    // A call costs its login node half a second of computing.
    ask_every: Duration::from_secs(10),
    nodes_every: Duration::from_mins(1),
    forgets_after: None,
    requests: Requests {
        prefix: submit::PREFIX,
        lines: submit::script_lines,
        with_cores: submit::with_cores,
        cores: submit::cores,
        both: submit::both,
    },
    nodes_command: "oarnodes",
    variables: &["OAR_"],
    environment,
};

/// Of a job's environment: what OAR sets for each of its jobs.
fn environment(variable: Variables<'_>) -> Option<LinkEnvironment> {
    let job: JobKey = variable("OAR_JOB_ID")?.trim().parse().ok()?;
    let seconds = |name: &str| variable(name).and_then(|v| v.trim().parse::<f64>().ok());
    let node_file = variable("OAR_NODEFILE").and_then(|f| std::fs::read_to_string(f).ok());
    let node = node_file.and_then(|t| t.lines().map(str::trim).find(|l| !l.is_empty()).map(str::to_owned));
    Some(LinkEnvironment {
        job,
        name: variable("OAR_JOB_NAME").unwrap_or_default(),
        submission: variable("OAR_ARRAY_ID").unwrap_or_default(),
        node,
        walltime: seconds("OAR_JOB_WALLTIME_SECONDS").filter(|s| *s >= 0.0).map(|s| s as u64),
        time_scale: 1.0,
        counted_after: Some(UNCOUNTED.as_secs_f64() + WHOLE_SECONDS),
        go_on_by: MANNER.resubmission.last_command(job),
    })
}
