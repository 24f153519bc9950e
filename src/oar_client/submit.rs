//! `oarsub`: what is asked, and whether it was taken.

use std::ffi::OsString;
use std::path::Path;

use super::command::CommandOutput;
use crate::batch::{BatchError, CHECKPOINT_SIGNAL, JobId, Submission};

/// The beginning of a line of a script that OAR reads as an option of `oarsub`.
pub(super) const PREFIX: &str = "#OAR";

/// The keys of [`Submission::site`] that are understood, and the options they become.
const SITE_OPTIONS: [(&str, &str); 3] = [("project", "--project"), (PROPERTIES, "-p"), ("queue", "-q")];
/// The key whose value is an expression of SQL that a node must fulfil.
const PROPERTIES: &str = "properties";
/// The key whose value stands before the walltime in `-l`, such as `/nodes=1/core=4`.
const RESOURCES: &str = "resources";

/// The lines of a submission's script that tell OAR what is wanted: all but the attempt's name, so that the same script
/// serves each attempt, and the folder, at which OAR complains of a second name.
///
/// # Errors
/// [`BatchError::Refused`] for what OAR would take for something else.
pub(super) fn script_lines(submission: &Submission) -> Result<Vec<String>, BatchError> {
    if let Some(problem) = submission.problem().or_else(|| problem(submission)) {
        return Err(BatchError::Refused(problem));
    }
    let walltime = submission.walltime;
    let clock = format!("walltime={}:{:02}:{:02}", walltime / 3600, walltime / 60 % 60, walltime % 60);
    let resources = match submission.site.get(RESOURCES) {
        Some(resources) => format!("{resources},{clock}"),
        None => clock,
    };
    let mut lines = vec!["-t idempotent".to_owned(), format!("-l {resources}")];
    if submission.checkpoint > 0 {
        lines.push(format!("--checkpoint {}", submission.checkpoint));
        // OAR takes the number only.
        lines.push(format!("--signal {}", CHECKPOINT_SIGNAL as i32));
    }
    for (option, path) in [("-O", &submission.stdout), ("-E", &submission.stderr)] {
        lines.push(format!("{option} {}", seen_from(folder(submission), path).display()));
    }
    for (key, option) in SITE_OPTIONS {
        let value = submission.site.get(key).cloned();
        if let Some(value) = if key == PROPERTIES { properties(value, submission) } else { value } {
            lines.push(format!("{option} {value}"));
        }
    }
    Ok(lines.into_iter().map(|line| format!("{PREFIX} {line}")).collect())
}

/// What a job's nodes must fulfil: what the site wants, and not to be one of those that are left out.
fn properties(wanted: Option<String>, submission: &Submission) -> Option<String> {
    let names: Vec<String> = submission.not_on.iter().map(|name| format!("'{name}'")).collect();
    if names.is_empty() {
        return wanted;
    }
    let others = format!("network_address NOT IN ({})", names.join(", "));
    Some(wanted.map_or_else(|| others.clone(), |wanted| format!("({wanted}) AND {others}")))
}

/// Both of two expressions of SQL.
pub(super) fn both(wanted: &str, also: &str) -> String {
    format!("({wanted}) AND ({also})")
}

/// So many cores of each of these nodes.
pub(super) fn with_cores(nodes: &str, cores: u32) -> String {
    format!("{nodes}/core={cores}")
}

/// The cores that `resources` ask for on a node, where they say so (`/nodes=1/core=8`).
pub(super) fn cores(resources: &str) -> Option<u32> {
    let (_, cores) = resources.rsplit_once("/core=")?;
    let digits: String = cores.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().ok()
}

/// The arguments of `oarsub` for a submission, whose script must ask for what the submission does.
///
/// # Errors
/// [`BatchError::Refused`] for what OAR would take for something else, and for a script that asks for something else.
pub(super) fn arguments(submission: &Submission) -> Result<Vec<OsString>, BatchError> {
    let wanted = script_lines(submission)?;
    let path = submission.script.display();
    let script = std::fs::read(&submission.script)
        .map_err(|e| BatchError::Refused(format!("{path}: the script cannot be read: {e}")))?;
    let script = String::from_utf8_lossy(&script);
    let given: Vec<&str> = script.lines().filter(|line| line.starts_with(PREFIX)).collect();
    if given != wanted {
        return Err(BatchError::Refused(format!("{path}: its #OAR lines are not those of this submission")));
    }
    let folder = folder(submission);
    let script = Path::new(".").join(seen_from(folder, &submission.script));
    let token = submission.token.0.as_ref();
    Ok(["-n".as_ref(), token, "-d".as_ref(), folder.as_os_str(), "-S".as_ref(), script.as_os_str()]
        .map(OsString::from)
        .into())
}

/// The folder of the script, where `oarsub` is run and OAR begins the job: from there the script and the output files have
/// plain names, whatever the folder's own is.
pub(super) fn folder(submission: &Submission) -> &Path {
    submission.script.parent().unwrap_or(Path::new("/"))
}

fn seen_from<'p>(folder: &Path, path: &'p Path) -> &'p Path {
    path.strip_prefix(folder).unwrap_or(path)
}

/// What `oarsub` would misunderstand, in words.
fn problem(submission: &Submission) -> Option<String> {
    let known = |key: &&String| *key == RESOURCES || SITE_OPTIONS.iter().any(|(k, _)| k == key);
    if let Some(key) = submission.site.keys().find(|k| !known(k)) {
        return Some(format!("site: {key:?} is not one of project, properties, queue, resources"));
    }
    if let Some((key, value)) = submission.site.iter().find(|(_, value)| value.contains(char::is_control)) {
        return Some(format!("site: {key} {value:?} is more than one line"));
    }
    let folder = folder(submission);
    // OAR puts it between single quotes into a program that the node's perl runs, and both kinds of quotes around it for a shell.
    let breaks = |c: char| c.is_control() || "'\"\\$`".contains(c);
    if folder.to_str().is_none_or(|f| f.contains(breaks)) {
        return Some(format!(
            "{}: OAR takes no folder with ' \" $ ` \\ or other than UTF-8 in its path: choose another `output`",
            folder.display()
        ));
    }
    // The node's shell reads the script's name; what the names of output files may hold is a rule of OAR.
    let plain = |c: char| c.is_ascii_alphanumeric() || "/-_.%".contains(c);
    let Submission { script, stdout, stderr, .. } = submission;
    let names = [script, stdout, stderr].map(|path| seen_from(folder, path));
    let odd = names.into_iter().find(|name| !name.to_string_lossy().chars().all(plain))?;
    Some(format!(
        "{}: OAR takes only letters without accents, digits and / - _ . % in this path",
        odd.display()
    ))
}

/// The number of the job, when it was surely taken.
///
/// # Errors
/// [`BatchError::Refused`] only when surely nothing was submitted.
pub(super) fn answer(output: &CommandOutput) -> Result<JobId, BatchError> {
    let told =
        output.stdout.split_inclusive('\n').filter_map(|line| line.trim_start().strip_prefix("OAR_JOB_ID="));
    let numbers: Vec<Option<i64>> = told.map(whole_number).collect();
    let taken = numbers.iter().flatten().copied().find(|number| *number > 0);
    let surely_none = numbers.iter().all(|number| number.is_some_and(|number| number <= 0));
    match (output.code, taken) {
        (Some(0), Some(id)) => Ok(JobId(id.unsigned_abs())),
        (Some(0), None) => Err(output.unreadable(format!("no job number in {:?}", output.stdout.trim()))),
        (Some(9), Some(id)) => Err(BatchError::Down(format!(
            "job {id} was taken, and will run when the server is back: {}",
            output.complaint()
        ))),
        (Some(9 | 25), None) => Err(BatchError::Down(output.complaint().to_owned())),
        (Some(code), None) if surely_none && REFUSALS.contains(&code) => {
            Err(BatchError::Refused(output.complaint().to_owned()))
        }
        _ => Err(output.strange()),
    }
}

/// Exit codes of OAR 2.5 and 2.6 that mean: nothing was submitted. Admission rule 254; resources or property 8; walltime
/// or resource syntax 255 and 18; no such queue 248; name of the output file 244; script or parameter file 12, 6;
/// no command 5; option 1; reservation date 7; resubmission refused 4.
const REFUSALS: [i32; 12] = [254, 8, 255, 18, 248, 244, 12, 6, 5, 1, 7, 4];

/// The number that a line ends with; none when it is damaged, or cut off before its end.
fn whole_number(end_of_line: &str) -> Option<i64> {
    end_of_line.strip_suffix('\n')?.trim_end().parse().ok()
}
