//! How OAR behaves, as seen with 2.5 and 2.6 (`docs/oar-cluster.md`).

use std::time::Duration;

use super::submit;
use crate::batch::{
    GO_ON, JobVariables, LinkEnvironment, Manner, Requests, Resubmission, Signalling, SiteLanguage, Variables,
};

/// The exit code after which OAR resubmits an idempotent job.
const RESUBMITTED: u8 = 99;
const _: () = assert!(RESUBMITTED == GO_ON, "what our links say is what OAR resubmits");

/// OAR resubmits only what ran for longer than this of its time, counted in whole seconds at both ends.
pub(super) const UNCOUNTED: Duration = Duration::from_mins(1);

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
    requests: Requests { prefix: submit::PREFIX, lines: submit::script_lines },
    nodes_command: "oarnodes",
    variables: &["OAR_"],
    environment,
};

/// What `resources` and `properties` of a campaign file say in OAR's own language.
pub static SITE_LANGUAGE: SiteLanguage =
    SiteLanguage { with_cores: submit::with_cores, cores: submit::cores, both: submit::both };

/// What OAR sets for each of its jobs.
const VARIABLES: JobVariables = JobVariables {
    job: "OAR_JOB_ID",
    name: "OAR_JOB_NAME",
    submission: "OAR_ARRAY_ID",
    nodes: "OAR_NODEFILE",
    walltime: "OAR_JOB_WALLTIME_SECONDS",
};

fn environment(variable: Variables<'_>) -> Option<LinkEnvironment> {
    VARIABLES.read(variable, &MANNER)
}
