//! OAR's JSON answers, of 2.5 and 2.6. Unknown fields and states are taken as they come; numbers may be texts.

use serde_json::{Map, Value};

use super::end::{OarEvent, ToldEnd};
use crate::batch::{Ending, Job, JobId, JobState, Node, NodeState};

/// An answer that is an object.
pub(super) fn object(text: &str) -> Result<Map<String, Value>, String> {
    match serde_json::from_str(text) {
        Ok(Value::Object(map)) => Ok(map),
        Ok(_) => Err("a JSON object was expected".to_owned()),
        Err(e) => Err(e.to_string()),
    }
}

pub(super) fn job(key: &str, job: &Value) -> Result<Job, String> {
    let number_of_key: Option<i64> = key.parse().ok();
    let number_told = number(&job["Job_Id"]).or(number_of_key);
    if number_of_key.is_some() && number_told != number_of_key {
        return Err(format!("the job {key:?} says that it is another"));
    }
    let id = number_told.and_then(positive).ok_or_else(|| format!("the job {key:?} has no number"))?;
    let state = job["state"].as_str().ok_or_else(|| format!("the job {id} has no state"))?;
    let state = self::state(state);
    // A job chosen to start has a start time already.
    let began =
        !matches!(state, JobState::Waiting | JobState::Hold | JobState::ToLaunch | JobState::Launching);
    let time = |field: &str| number(&job[field]).filter(|t| is_time(*t)).unwrap_or(0);
    let wait_status = number(&job["exit_code"]).and_then(|s| u16::try_from(s).ok());
    let (started, stopped) = (if began { time("startTime") } else { 0 }, time("stopTime"));
    let (message, events) = (text(&job["message"]), events(&job["events"]));
    let owner = job.get("owner").or_else(|| job.get("job_user")).map(text).unwrap_or_default();
    let ending = wait_status.map(|s| Ending::of_wait_status(s.into()));
    let told = ToldEnd {
        state: &state,
        ending,
        owner: &owner,
        started,
        stopped,
        message: &message,
        events: &events,
    };
    let end = told.end();
    Ok(Job {
        id,
        restart: 0,
        array_id: number(&job["array_id"]).and_then(positive).unwrap_or(id),
        name: text(&job["name"]),
        node: job["assigned_network_address"].get(0).and_then(Value::as_str).map(str::to_owned),
        end,
        resubmitted_from: number(&job["resubmit_job_id"]).and_then(positive).map(Into::into),
        submitted: time("submissionTime"),
        started,
        stopped,
        expected_start: number(&job["scheduledStart"]).filter(|t| is_time(*t)),
        message,
        state,
    })
}

/// In the order of their numbers: they come unsorted, and their dates have ties.
fn events(events: &Value) -> Vec<OarEvent> {
    let all: Vec<&Value> = match events {
        Value::Array(list) => list.iter().collect(),
        Value::Object(map) => map.values().collect(),
        _ => Vec::new(),
    };
    let mut sorted: Vec<(i64, &Value)> =
        all.iter().map(|e| (number(&e["event_id"]).unwrap_or(0), *e)).collect();
    sorted.sort_by_key(|(id, _)| *id);
    sorted.into_iter().map(|(_, e)| (text(&e["type"]), text(&e["description"]))).collect()
}

fn state(word: &str) -> JobState {
    match word {
        "Waiting" => JobState::Waiting,
        "Hold" => JobState::Hold,
        "toLaunch" => JobState::ToLaunch,
        "Launching" => JobState::Launching,
        "Running" => JobState::Running,
        "Suspended" => JobState::Suspended,
        "Finishing" => JobState::Finishing,
        "Terminated" => JobState::Terminated,
        "Error" => JobState::Error,
        other => JobState::Unknown(other.to_owned()),
    }
}

/// The nodes of `oarnodes -J`, which lists their cores; in the order of their names. A node is what its worst core is.
pub(super) fn nodes(text: &str) -> Result<Vec<Node>, String> {
    let mut nodes: std::collections::BTreeMap<String, Node> = std::collections::BTreeMap::new();
    for core in object(text)?.values() {
        let name =
            core.get("network_address").or_else(|| core.get("host")).map(self::text).unwrap_or_default();
        if name.is_empty() {
            continue;
        }
        let state = node_state(self::text(&core["state"]));
        let node = nodes.entry(name.clone()).or_insert_with(|| Node {
            name,
            state: state.clone(),
            jobs: Vec::new(),
        });
        if node.state.is_up() {
            node.state = state;
        }
        let running = self::text(&core["jobs"]);
        node.jobs.extend(running.split(',').filter_map(|id| positive(id.trim().parse().ok()?)));
    }
    let mut all: Vec<Node> = nodes.into_values().collect();
    for node in &mut all {
        node.jobs.sort_unstable();
        node.jobs.dedup();
    }
    Ok(all)
}

/// A state of OAR's cores.
fn node_state(word: String) -> NodeState {
    match word.as_str() {
        "Alive" => NodeState::Up,
        "Suspected" | "Absent" => NodeState::Lost(word),
        "Dead" => NodeState::Dead(word),
        _ => NodeState::Other(word),
    }
}

/// The version in what `oarstat --version` says, such as `2.5.9`.
pub(super) fn version(text: &str) -> Option<&str> {
    let is_version = |w: &&str| w.starts_with(|c: char| c.is_ascii_digit()) && w.contains('.');
    text.split(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '+'))).find(is_version)
}

fn number(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| value.as_str()?.trim().parse().ok())
}

/// Whether it is a time after 1970 and before the year 10 000; with such times one can reckon.
fn is_time(seconds: i64) -> bool {
    (1..253_402_300_800).contains(&seconds)
}

fn positive(number: i64) -> Option<JobId> {
    u64::try_from(number).ok().filter(|n| *n > 0).map(JobId)
}

fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        _ => String::new(),
    }
}
