//! What is suspicious but possible.

use super::written::{at, line_at};
use super::{Doubtful, News, Tell, program_doubts};
use crate::campaign::spec::{Loaded, Profile};
use crate::engine::{InputFinding, Severity};

/// Tells what may be wrong, but for what the campaign file accepts.
pub(super) fn tell_doubts(loaded: &Loaded, findings: &[InputFinding], tell: Tell<'_>) {
    for doubtful in of_site(loaded).into_iter().chain(of_program(loaded)).chain(of_findings(loaded, findings))
    {
        tell(&News::Doubtful(&doubtful));
    }
}

fn of_site(loaded: &Loaded) -> Vec<Doubtful> {
    let known = Profile::all().iter().map(|site| site.name.as_str()).collect::<Vec<_>>().join(", ");
    let site = |line: &str| line.trim_start().starts_with("site:");
    let line = loaded.text.lines().position(site).map(|at| at + 1);
    let one = |label: &str| Doubtful {
        place: line_at(loaded, line),
        what: format!("`site`: nothing is known of \"{label}\": it changes nothing"),
        cure: format!("leave it out; known sites are {known}; a project is `site: \"project={label}\"`"),
        silence: String::new(),
    };
    loaded.spec.site_labels().into_iter().map(one).collect()
}

fn of_program(loaded: &Loaded) -> Vec<Doubtful> {
    loaded.spec.command().map(|command| program_doubts::of(loaded, command)).unwrap_or_default()
}

fn of_findings(loaded: &Loaded, findings: &[InputFinding]) -> Vec<Doubtful> {
    let one = |finding: &InputFinding| {
        let Severity::Doubtful(doubt) = finding.severity else { return None };
        (!loaded.spec.accept.contains(&doubt)).then(|| Doubtful {
            place: at(loaded, &finding.problem.file),
            what: finding.problem.what.clone(),
            cure: finding.problem.cure.clone(),
            silence: format!("if it is right, write in the campaign file: accept: [{doubt:?}]"),
        })
    };
    findings.iter().filter_map(one).collect()
}
