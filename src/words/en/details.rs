//! What is known of a month in English.

use crate::campaign::event::listed;
use crate::campaign::snapshot::{ChainState, ChainView, JobView, LinkView};
use crate::keys::Screen;
use crate::quantity::{bytes, count};
use crate::words::{duration, last_good, seconds_between, short_duration};

pub(in crate::words) fn progress(chain: &ChainView) -> String {
    let unit = chain.unit;
    let mut said = if unit.is_tiles() {
        format!("{} of {}", chain.tiles, count(chain.total, "tile"))
    } else {
        unit.part(chain.tiles, chain.total)
    };
    if chain.sealed_tiles < chain.tiles && (unit.is_tiles() || !chain.generations.is_empty()) {
        let sealed = if unit.is_tiles() {
            format!("{} of them", chain.sealed_tiles)
        } else {
            unit.amount(chain.sealed_tiles)
        };
        said.push_str(&format!(", {sealed} in a checkpoint"));
    }
    if let Some(rate) = chain.tiles_per_minute.filter(|r| r.is_finite() && *r > 0.0) {
        said.push_str(&format!(", {}", unit.rate(rate)));
    }
    if let Some(phase) = chain.phase.filter(|_| chain.state == ChainState::Running) {
        said.push_str(", ");
        said.push_str(super::states::phase(phase, chain.unit));
    }
    said
}

pub(in crate::words) fn link(chain: &ChainView, now_ms: i64) -> Option<String> {
    let link = chain.links.last()?;
    let length = |until| duration(seconds_between(link.started_ms, until));
    let running = matches!(chain.state, ChainState::Running | ChainState::Silent);
    let time = match link.ended_ms {
        Some(ended) => format!("ran {}", length(ended)),
        None if running => format!("for {}", length(now_ms)),
        None => "was killed".to_owned(),
    };
    let mut said = format!("{} (job {}) on {}, {time}", link.link, link.job_id, link.node);
    if let Some((None, node)) = chain.place() {
        said = format!("the next one begins on {node}; the last, {said}");
    }
    let before = chain.links.iter().rev().nth(1);
    if let Some(before) = before.filter(|_| link.hop) {
        said.push_str(&format!(", hopped from {}", before.node));
    }
    if let Some(resumed) = &link.resumed {
        said.push_str(&format!(", {resumed}"));
    }
    Some(said)
}

pub(in crate::words) fn checkpoint(chain: &ChainView, now_ms: i64) -> Option<String> {
    let last = last_good(chain)?;
    let age = duration(seconds_between(last.sealed_ms, now_ms));
    let tiles = last.unit.amount(last.tiles);
    let damaged = chain.generations.iter().filter(|g| g.damage.is_some()).count() as u64;
    let passed_over = match damaged {
        0 => String::new(),
        n => {
            let screen = super::commands::title(Screen::Jobs);
            format!("; {} passed over (screen {screen})", count(n, "damaged one"))
        }
    };
    let class =
        last.processors.as_ref().map_or_else(String::new, |class| format!(", for processors of {class}"));
    Some(format!("generation {}, {}, {tiles}, {age} ago{class}{passed_over}", last.number, bytes(last.bytes)))
}

pub(in crate::words) fn submitted(chain: &ChainView) -> String {
    let ours = count(chain.attempts.into(), "time");
    let theirs = count(chain.resubmissions.into(), "time");
    let hops = count(chain.hops.into(), "hop");
    let without = match chain.left_out.as_slice() {
        [] => String::new(),
        nodes => format!("; not on {}, where the program does not fit", listed(nodes)),
    };
    format!("{ours} by us, {theirs} by the batch system; {hops} between nodes{without}")
}

pub(in crate::words) fn maps(chain: &ChainView) -> String {
    let size = chain.maps.iter().map(|m| m.bytes).sum::<u64>();
    let names: Vec<String> = chain
        .maps
        .iter()
        .map(|m| m.path.file_name().unwrap_or(m.path.as_os_str()).to_string_lossy().into_owned())
        .collect();
    format!("{}, {}: {}", count(names.len() as u64, "file"), bytes(size), names.join(", "))
}

pub(in crate::words) fn failure(chain: &ChainView) -> String {
    match &chain.failure {
        Some(failure) => format!("{}: {}", failure.class, failure.cause),
        None => "no cause is known".to_owned(),
    }
}

pub(in crate::words) fn began_with(link: &LinkView) -> String {
    let program = format!("alpsckpt {}, engine {}", link.program, link.numerics);
    let inputs = link.inputs.as_ref().map(|inputs| format!("inputs {inputs}"));
    [link.resumed.clone(), Some(program), inputs].into_iter().flatten().collect::<Vec<_>>().join("; ")
}

pub(in crate::words) fn job_in_full(job: &JobView, now_ms: i64) -> String {
    let said = super::states::job(job, now_ms);
    match job.resubmitted_from {
        Some(from) => format!("{} {said} (made from job {from} by the batch system)", job.id),
        None => format!("{} {said}", job.id),
    }
}

pub(in crate::words) fn killed() -> &'static str {
    "killed: it left no word"
}

pub(in crate::words) fn damaged(why: &str) -> String {
    format!("damaged: {why}")
}

pub(in crate::words) fn ago(seconds: u64) -> String {
    format!("{} ago", short_duration(seconds))
}

pub(in crate::words) fn saved(size: u64, seconds: u64) -> String {
    format!("{}, {} ago", bytes(size), short_duration(seconds))
}

pub(in crate::words) fn log_of(name: &str, at: Option<usize>, logs: usize) -> String {
    match at {
        Some(at) => format!("Log of {name}, {} of {}", at + 1, count(logs as u64, "log")),
        None => format!("Log of {name}"),
    }
}

pub(in crate::words) fn jobs_of(name: Option<&str>) -> String {
    match name {
        Some(name) => format!("Jobs of {name}"),
        None => "Jobs of all months".to_owned(),
    }
}

pub(in crate::words) fn map_of(name: &str, percent: Option<u64>) -> String {
    match percent {
        Some(percent) => format!("Map of {name}, {percent} %"),
        None => format!("Map of {name}"),
    }
}

pub(in crate::words) fn outputs_of(name: &str, percent: Option<u64>) -> String {
    match percent {
        Some(percent) => format!("Outputs of {name}, {percent} %"),
        None => format!("Outputs of {name}"),
    }
}

pub(in crate::words) fn outputs_in(folder: &str, are_there: bool) -> String {
    if are_there {
        format!("in {folder}")
    } else {
        format!("a program draws no map; once it has ended well its outputs are in {folder}")
    }
}
