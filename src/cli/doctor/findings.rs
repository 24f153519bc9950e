//! What `alpsckpt doctor` finds, and whether that is fit.

use std::fs;

use serde::Serialize;

use super::Folder;
use crate::campaign::spec::{Checkpoint, Spec};
use crate::cli::CliError;
use crate::cli::output::{self, Document};
use crate::foreign::trial::{self, Ability};
use crate::job::surroundings::{self, NodeAnswer, NodeSurvey};
use crate::quantity::count;

/// Clocks further apart than this confuse people who read dates, ms; the program itself does not go by them.
const SKEW: i64 = 5_000;

/// Something that was looked at.
#[derive(Debug, Serialize)]
pub(super) struct Finding {
    what: String,
    good: bool,
    /// Where it is not good, the site is not fit for the campaign.
    needed: bool,
    found: String,
    /// What to do where it is not.
    cure: String,
}

/// What was found so far.
#[derive(Debug, Default, Serialize)]
pub(super) struct Findings {
    findings: Vec<Finding>,
}

impl Findings {
    pub(super) fn good(&mut self, what: &str, found: impl Into<String>) {
        self.add(what, true, found, "");
    }

    pub(super) fn bad(&mut self, what: &str, found: impl Into<String>, cure: &str) {
        self.add(what, false, found, cure);
    }

    pub(super) fn add(&mut self, what: &str, good: bool, found: impl Into<String>, cure: &str) {
        let (what, found, cure) = (what.to_owned(), found.into(), cure.to_owned());
        self.findings.push(Finding { what, good, needed: true, found, cure });
    }

    pub(super) fn all_good(&self) -> bool {
        self.findings.iter().all(|finding| finding.good || !finding.needed)
    }

    pub(super) fn any_good(&self) -> bool {
        self.findings.iter().any(|finding| finding.good)
    }

    /// Which programs a machine can checkpoint, of which the campaign wants something. The maps of this program's own engine
    /// need none of it.
    pub(super) fn abilities(&mut self, from: &str, seen: &NodeSurvey, wanted: &Checkpoint) {
        let none = seen.abilities.iter().all(|ability| !ability.can);
        for Ability { backend, can, found, cure } in &seen.abilities {
            let what = format!("checkpoints of other programs by {backend}, on {from}");
            let needed = match wanted {
                Checkpoint::Auto => none,
                Checkpoint::Criu => backend == trial::CRIU,
                Checkpoint::Dmtcp => backend == trial::DMTCP,
                Checkpoint::Own { .. } | Checkpoint::None => false,
            };
            self.findings.push(Finding {
                what,
                good: *can,
                needed,
                found: found.clone(),
                cure: cure.clone(),
            });
        }
    }

    /// What a machine sees of the folder.
    pub(super) fn folder(&mut self, from: &str, seen: &NodeSurvey) {
        let what = format!("the folder of the maps, from {from}");
        let faults: Vec<String> = (seen.trials.iter())
            .filter_map(|trial| Some(format!("{}: {}", trial.what, trial.fault.as_ref()?)))
            .collect();
        if faults.is_empty() {
            let kept: Vec<&str> = seen.trials.iter().map(|trial| trial.what.as_str()).collect();
            self.good(&what, kept.join("; "));
        } else {
            self.bad(
                &what,
                faults.join("; "),
                "checkpoints need all of these: choose another file system for `output`",
            );
        }
    }
}

/// Whether the node sees what this machine sees.
pub(super) fn compare(answer: &NodeAnswer, folder: &Folder, front: &NodeSurvey, findings: &mut Findings) {
    let node = &answer.node;
    let wrote = fs::read_to_string(folder.path().join(surroundings::CHALLENGE)).unwrap_or_default();
    let what = format!("the folder is shared with {}", node.host);
    if answer.challenge == wrote {
        findings.good(&what, folder.path().display().to_string());
    } else {
        findings.bad(
            &what,
            "the node reads something else there",
            "choose a shared file system for `output`",
        );
    }
    findings.folder(&node.host, node);
    let ahead = node.clock_ahead_ms - front.clock_ahead_ms;
    let found = apart(ahead);
    let cure = "dates on the screens will be off by that; ask the cluster's administrators to set the clocks";
    let good = ahead.abs() <= SKEW;
    findings.add(&format!("the clock of {}", node.host), good, found, if good { "" } else { cure });
}

/// How far two clocks are apart, in words.
fn apart(ms: i64) -> String {
    format!("{:.1} s apart from this machine's", ms.unsigned_abs() as f64 / 1000.0)
}

/// Whether the job was given the cores that it computes with.
pub(super) fn cores(node: &NodeSurvey, front: &NodeSurvey, spec: &Spec, findings: &mut Findings) {
    const WHAT: &str = "cores of a job";
    let asks = spec.site_lines().remove("resources").unwrap_or_default();
    if let Some(threads) = spec.threads {
        let found = format!("{} for {}, by {asks}", node.cores, count(u64::from(threads), "thread"));
        let cure = "leave `resources` out of `site`: then a job asks for as many cores as `threads` says";
        let good = node.cores >= threads;
        return findings.add(WHAT, good, found, if good { "" } else { cure });
    }
    // The nodes of the embedded cluster are this machine, which may itself be given only a part of the cores.
    let whole = if node.host == front.host { front.cores } else { node.online };
    let found = format!("{} of {}, by {asks}, as `threads` is open", node.cores, whole.max(node.cores));
    let good = node.cores >= whole || spec.own_site_lines().contains_key("resources");
    let cure = "jobs compute with fewer threads than the node has: write how many in `threads`";
    findings.add(WHAT, good, found, if good { "" } else { cure });
}

impl Document for Findings {
    fn lines(&self) -> Vec<String> {
        let mut lines = Vec::new();
        for Finding { what, good, needed, found, cure } in &self.findings {
            let word = match (good, needed) {
                (true, _) => "good",
                (false, true) => "BAD ",
                (false, false) => "none",
            };
            lines.push(format!("{word}  {what}: {found}"));
            if !cure.is_empty() {
                lines.push(format!("      → {cure}"));
            }
        }
        lines
    }

    fn json(&self) -> Result<String, CliError> {
        output::object(self)
    }
}

/// A document with every field, for the page on them.
#[cfg(test)]
pub(in crate::cli) fn sample() -> serde_json::Value {
    let mut findings = Findings::default();
    findings.bad("its nodes", "0 of 4 alive", "wait");
    serde_json::from_str(&findings.json().unwrap()).unwrap()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn machine(host: &str, cores: u32, online: u32) -> NodeSurvey {
        NodeSurvey {
            host: host.to_owned(),
            cores,
            online,
            clock_ahead_ms: 0,
            trials: Vec::new(),
            abilities: Vec::new(),
        }
    }

    fn spec(lines: &str) -> Spec {
        let field = lines.trim().split(':').next().filter(|field| !field.is_empty());
        let other = |line: &&str| field.is_none_or(|field| !line.trim_start().starts_with(field));
        let template = crate::campaign::spec::template();
        let rest: Vec<&str> = template.lines().filter(other).collect();
        let text = rest.join("\n").replacen('(', &format!("({lines}"), 1);
        crate::campaign::spec::parse(Path::new("/data/my.ron"), &text).unwrap().spec
    }

    #[test]
    fn fewer_cores_than_threads_are_told_also_where_the_threads_are_open() {
        let front = machine("front", 2, 2);
        let found = |node: &NodeSurvey, lines: &str| {
            let mut findings = Findings::default();
            cores(node, &front, &spec(lines), &mut findings);
            findings.findings.remove(0)
        };
        let one = machine("node1", 1, 32);
        for (node, lines, good, words) in [
            (&one, "\n    threads: Some(8),", false, "1 for 8 threads, by /nodes=1/core=8"),
            (&machine("node1", 8, 32), "\n    threads: Some(8),", true, "8 for 8 threads"),
            (&one, "", false, "1 of 32, by /nodes=1, as `threads` is open"),
            (&machine("node1", 32, 32), "", true, "32 of 32"),
            (&one, "\n    site: \"resources=/core=1\",", true, "1 of 32, by /core=1"),
            (&machine("front", 2, 64), "", true, "2 of 2"),
        ] {
            let finding = found(node, lines);
            assert_eq!(finding.good, good, "{finding:?}");
            assert!(finding.found.contains(words) && finding.good == finding.cure.is_empty(), "{finding:?}");
        }
    }

    #[test]
    fn a_backend_that_lacks_is_a_fault_where_the_campaign_needs_it() {
        let ability = |backend: &str, can| Ability {
            backend: backend.to_owned(),
            can,
            found: "tried".to_owned(),
            cure: String::new(),
        };
        let own = Checkpoint::Own { signal: "USR1".parse().unwrap(), resume: Vec::new() };
        for (criu, dmtcp, wanted, fit) in [
            (true, false, Checkpoint::Auto, true),
            (false, true, Checkpoint::Auto, true),
            (false, false, Checkpoint::Auto, false),
            (false, true, Checkpoint::Criu, false),
            (true, false, Checkpoint::Dmtcp, false),
            (false, false, Checkpoint::None, true),
            (false, false, own, true),
        ] {
            let abilities = vec![ability(trial::CRIU, criu), ability(trial::DMTCP, dmtcp)];
            let seen = NodeSurvey { abilities, ..machine("node1", 1, 1) };
            let mut findings = Findings::default();
            findings.abilities("node1", &seen, &wanted);
            assert_eq!(findings.all_good(), fit, "{wanted:?}: {:?}", findings.findings);
            assert_eq!(findings.findings.len(), 2);
        }
    }

    #[test]
    fn clocks_are_apart_by_no_less_than_nothing() {
        assert_eq!(
            [apart(-20), apart(1500), apart(-7000)].map(|a| a[..5].to_owned()),
            ["0.0 s", "1.5 s", "7.0 s"]
        );
    }
}
