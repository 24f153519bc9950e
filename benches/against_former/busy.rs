//! A long campaign at a busy cluster: a journal of 50 000 records, 5 000 jobs at a stand-in for OAR's commands, one of each month
//! running. The stand-in prints a prepared file, so that what is measured is the program's own work.

use std::collections::BTreeMap;
use std::fs::{self, File, Permissions};
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use alpsckpt::campaign::event::Event;
use alpsckpt::campaign::journal;
use alpsckpt::durable::framed::Writer;
use serde_json::{Map, Value, json};

use crate::Outcome;

/// Jobs that the batch system tells of.
pub(crate) const JOBS: u64 = 5_000;
/// Records in the journal.
pub(crate) const RECORDS: usize = 50_000;
const MONTHS: u64 = 12;
/// Jobs of each attempt, one resubmitted from the other: all tokens go into one `oarstat`.
const LINKS: u64 = 60;
/// Seconds from one job of a month to its next.
const EVERY: i64 = 3_600;
/// Answers as recorded on a real server.
const OVER: &str = include_str!("../../tests/data/oar/2.5/end-idem-99-75s.out");
const NODES: &str = include_str!("../../tests/data/oar/2.5/nodes-json.out");

/// Something that failed, with its path.
pub(crate) fn at<E: std::fmt::Display>(path: &Path) -> impl Fn(E) -> String + '_ {
    move |e| format!("{}: {e}", path.display())
}

/// Puts the stand-in's commands into `bin`, where `oarsub` already works; the answer about jobs is still to be made.
pub(crate) fn stand_in(bin: &Path) -> Outcome<()> {
    fs::create_dir_all(bin).map_err(at(bin))?;
    fs::write(bin.join("nodes"), NODES).map_err(at(bin))?;
    fs::write(bin.join("jobs"), "").map_err(at(bin))?;
    let folder = bin.display();
    let commands = [
        (
            "oarsub",
            format!(
                "n=$(cat {folder}/count 2>/dev/null || echo 0); n=$((n + 1)); echo $n > {folder}/count\n\
                 echo OAR_JOB_ID=$n"
            ),
        ),
        (
            "oarstat",
            format!(
                "case \"$*\" in *--version*) echo 'OAR version : 2.5.9 (Canicule)' ;; *'NOT IN'*) exec cat {folder}/fewer ;; \
                 *) exec cat {folder}/jobs ;; esac"
            ),
        ),
        ("oarnodes", format!("exec cat {folder}/nodes")),
        ("oardel", "exit 1".to_owned()),
    ];
    for (name, text) in commands {
        let path = bin.join(name);
        fs::write(&path, format!("#!/bin/sh\n{text}\n")).map_err(at(&path))?;
        fs::set_permissions(&path, Permissions::from_mode(0o755)).map_err(at(&path))?;
    }
    Ok(())
}

/// Fills the journal of a campaign of twelve months that were each submitted once, and has the stand-in in `bin` tell of its jobs.
pub(crate) fn lengthen(output: &Path, bin: &Path) -> Outcome<()> {
    let path = output.join(".alpsckpt/journal");
    let reading = journal::read(&path).map_err(at(&path))?;
    let mut tokens: BTreeMap<(u64, u64), String> = BTreeMap::new();
    let mut firsts = BTreeMap::new();
    for entry in &reading.entries {
        match &entry.event {
            Event::SubmitIntent { chain, token, .. } => {
                let month: u64 = chain.as_str().trim_start_matches('m').parse().map_err(at(&path))?;
                tokens.insert((month, 1), token.0.clone());
            }
            Event::Submitted { chain, job, .. } => drop(firsts.insert(job.0, chain.as_str().to_owned())),
            _ => {}
        }
    }
    let in_order = (1..=MONTHS).all(|m| firsts.get(&m).is_some_and(|chain| *chain == format!("m{m:02}")));
    if !in_order || tokens.len() as u64 != MONTHS {
        return Err(format!("{}: not every month was submitted once, in order", path.display()));
    }
    let mut writer = Writer::open(&path, journal::MAGIC, reading.good).map_err(at(&path))?;
    let mut count = reading.entries.len();
    let begin = reading.entries.last().map_or(0, |entry| entry.at_ms / 1_000);
    let mut add = |second: i64, event: Value| {
        count += 1;
        let record = json!({ "at_ms": second * 1_000, "event": event }).to_string();
        writer.push(record.as_bytes()).map(|()| count).map_err(at(&path))
    };
    let recorded: Map<String, Value> = serde_json::from_str(OVER).map_err(|e| e.to_string())?;
    let recorded = recorded.values().next().ok_or("the recorded answer tells of no job")?;
    // What is still asked for when most jobs are over for good: those that run, and, generously, the first of each attempt.
    let (mut jobs, mut fewer) = (Map::new(), Map::new());
    // Between two jobs so many checkpoints were sealed that the records come to their number.
    let seals = (RECORDS / JOBS as usize).saturating_sub(5) as u64;
    for job in 1..=JOBS {
        let (month, round) = ((job - 1) % MONTHS + 1, (job - 1) / MONTHS);
        let (chain, attempt) = (format!("m{month:02}"), round / LINKS + 1);
        let (first, link) = (round % LINKS == 0, round + 1);
        let submitted = begin + EVERY * i64::try_from(round).map_err(|e| e.to_string())?;
        if first && attempt > 1 {
            let token = tokens[&(month, 1)].replacen(".1.", &format!(".{attempt}."), 1);
            let intent = json!({ "chain": chain, "attempt": attempt, "token": token, "recovered": false });
            tokens.insert((month, attempt), token);
            add(submitted, json!({ "SubmitIntent": intent }))?;
            add(submitted, json!({ "Submitted": { "chain": chain, "attempt": attempt, "job": job } }))?;
        }
        let node = format!("node{}", job % 4 + 1);
        let before = (!first).then(|| job - MONTHS);
        let seen = |stage: &str, ending: Value| {
            json!({ "JobSeen": { "chain": chain, "attempt": attempt, "job": job, "stage": stage, "node": node,
                "resubmitted_from": before, "ending": ending } })
        };
        let runs = job + MONTHS > JOBS;
        add(submitted, seen("Waiting", Value::Null))?;
        add(submitted + 5, seen("OnNode", Value::Null))?;
        let link_seen = json!({ "chain": chain, "link": link, "job_id": job.to_string(), "node": node });
        add(submitted + 6, json!({ "LinkSeen": link_seen }))?;
        for seal in 0..seals {
            let generation = round * seals + seal + 1;
            let sealed =
                json!({ "chain": chain, "generation": generation, "tiles": generation, "bytes": 1_000_000 });
            add(submitted + 60 * (seal as i64 + 1), json!({ "GenerationSeen": sealed }))?;
        }
        if !runs {
            let ended = json!({ "chain": chain, "link": link, "class": "Checkpointed",
                "message": "checkpointed before the walltime", "tiles": (round + 1) * seals });
            add(submitted + EVERY - 10, json!({ "LinkEnded": ended }))?;
            add(submitted + EVERY - 5, seen("Over", json!({ "Code": 99 })))?;
        }
        let mut told = recorded.clone();
        told["Job_Id"] = json!(job);
        told["name"] = json!(tokens[&(month, attempt)]);
        told["array_id"] = json!((attempt - 1) * LINKS * MONTHS + month);
        told["resubmit_job_id"] = json!(before.unwrap_or(0));
        told["assigned_network_address"] = json!([node]);
        told["submissionTime"] = json!(submitted);
        told["startTime"] = json!(submitted + 5);
        told["stopTime"] = json!(if runs { 0 } else { submitted + EVERY - 5 });
        if runs {
            told["state"] = json!("Running");
            told["exit_code"] = Value::Null;
            told["events"] = json!([]);
        }
        if runs || first {
            fewer.insert(job.to_string(), told.clone());
        }
        jobs.insert(job.to_string(), told);
    }
    let second = begin + EVERY * (JOBS / MONTHS + 1) as i64;
    while add(second, json!({ "Warning": { "chain": null, "text": "the disk is nearly full" } }))? < RECORDS {
    }
    writer.sync().map_err(at(&path))?;
    let told = serde_json::to_string_pretty(&jobs).map_err(|e| e.to_string())?;
    fs::write(bin.join("jobs"), told).map_err(at(bin))?;
    let told = serde_json::to_string_pretty(&fewer).map_err(|e| e.to_string())?;
    fs::write(bin.join("fewer"), told).map_err(at(bin))
}

/// What `/proc` tells of a process: its own computing so far in ms, that of its children not counted, and the most memory that
/// it ever had in MiB.
pub(crate) fn costs(pid: u32) -> Outcome<(f64, f64)> {
    let folder = PathBuf::from(format!("/proc/{pid}"));
    let read = |name: &str| {
        let mut text = String::new();
        let path = folder.join(name);
        File::open(&path).and_then(|mut file| file.read_to_string(&mut text)).map_err(at(&path))?;
        Ok::<String, String>(text)
    };
    let stat = read("stat")?;
    let fields: Vec<&str> = stat.rsplit_once(')').map_or("", |(_, rest)| rest).split_whitespace().collect();
    let ticks = |at: usize| fields.get(at).and_then(|f| f.parse::<f64>().ok());
    let computing = ticks(11).zip(ticks(12)).map(|(user, system)| (user + system) * 10.0);
    let status = read("status")?;
    let most = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let most = most.and_then(|kib| kib.trim().split(' ').next()?.parse::<f64>().ok()).map(|kib| kib / 1024.0);
    computing.zip(most).ok_or_else(|| format!("{}: it tells no costs", folder.display()))
}
