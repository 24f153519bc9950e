//! `oarsub`: what is asked, and whether it was taken.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::command::Output;
use crate::oar_client::{BatchError, JobId, Submission};

/// The keys of [`Submission::site`] that are understood, and the options they become.
const SITE_OPTIONS: [(&str, &str); 3] = [("project", "--project"), ("properties", "-p"), ("queue", "-q")];
/// The key whose value stands before the walltime in `-l`, such as `/nodes=1/core=4`.
const RESOURCES: &str = "resources";

/// The arguments of `oarsub` for a submission.
///
/// # Errors
/// [`BatchError::Refused`] for what OAR would take for something else.
pub(super) fn arguments(submission: &Submission) -> Result<Vec<OsString>, BatchError> {
    if let Some(problem) = submission.problem().or_else(|| problem(submission)) {
        return Err(BatchError::Refused(problem));
    }
    let walltime = submission.walltime;
    let clock = format!("walltime={}:{:02}:{:02}", walltime / 3600, walltime / 60 % 60, walltime % 60);
    let resources = match submission.site.get(RESOURCES) {
        Some(resources) => format!("{resources},{clock}"),
        None => clock,
    };
    let mut all: Vec<OsString> = ["-t", "idempotent", "-l", &resources].map(OsString::from).to_vec();
    if submission.checkpoint > 0 {
        // SIGUSR2; OAR takes the number only.
        let checkpoint = submission.checkpoint.to_string();
        all.extend(["--checkpoint", &checkpoint, "--signal", "12"].map(OsString::from));
    }
    all.extend(["-n", &submission.token.0].map(OsString::from));
    for (option, path) in
        [("-d", &submission.directory), ("-O", &submission.stdout), ("-E", &submission.stderr)]
    {
        all.extend([OsString::from(option), path.clone().into_os_string()]);
    }
    for (key, option) in SITE_OPTIONS {
        if let Some(value) = submission.site.get(key) {
            all.extend([option, value].map(OsString::from));
        }
    }
    all.extend([OsString::from("-S"), submission.script.clone().into_os_string()]);
    Ok(all)
}

/// What `oarsub` would misunderstand, in words.
fn problem(submission: &Submission) -> Option<String> {
    let known = |key: &&String| *key == RESOURCES || SITE_OPTIONS.iter().any(|(k, _)| k == key);
    if let Some(key) = submission.site.keys().find(|k| !known(k)) {
        return Some(format!("site: {key:?} is not one of project, properties, queue, resources"));
    }
    // The node's shell reads the command, and OAR's scripts the other paths.
    let plain = |c: char| c.is_alphanumeric() || "/-_.,=:%+@".contains(c);
    let is_odd = |p: &&Path| !p.to_string_lossy().chars().all(plain);
    let Submission { script, directory, stdout, stderr, .. } = submission;
    let odd = [script, directory, stdout, stderr].map(PathBuf::as_path).into_iter().find(is_odd)?;
    Some(format!("{}: OAR's shells would misread this path (blanks or special characters)", odd.display()))
}

/// The number of the job, when it was surely taken.
///
/// # Errors
/// [`BatchError::Refused`] only when surely nothing was submitted.
pub(super) fn answer(output: &Output) -> Result<JobId, BatchError> {
    let ids: Vec<i64> = output.stdout.lines().filter_map(job_id).collect();
    let taken = ids.iter().copied().find(|id| *id > 0);
    match (output.code, taken) {
        (Some(0), Some(id)) => Ok(JobId(id.unsigned_abs())),
        (Some(0), None) => Err(output.unreadable(format!("no job number in {:?}", output.stdout.trim()))),
        (Some(9), Some(id)) => Err(BatchError::Down(format!(
            "job {id} was taken, and will run when the server is back: {}",
            output.complaint()
        ))),
        (Some(9 | 25), None) => Err(BatchError::Down(output.complaint().to_owned())),
        (Some(code), None) if REFUSALS.contains(&code) => {
            Err(BatchError::Refused(output.complaint().to_owned()))
        }
        _ => Err(output.strange()),
    }
}

/// Exit codes of OAR 2.5 and 2.6 that mean: nothing was submitted. Admission rule 254; resources or property 8; walltime
/// or resource syntax 255 and 18; no such queue 248; script or parameter file 12, 6; no command 5; option 1;
/// reservation date 7; resubmission refused 4.
const REFUSALS: [i32; 11] = [254, 8, 255, 18, 248, 12, 6, 5, 1, 7, 4];

fn job_id(line: &str) -> Option<i64> {
    line.trim().strip_prefix("OAR_JOB_ID=")?.parse().ok()
}
