//! Why a call to the batch system failed, and what to do about it.

use serde::{Deserialize, Serialize};

use super::JobId;

/// Why a call to the batch system failed.
#[derive(Debug, Clone, thiserror::Error, PartialEq, Eq, Serialize, Deserialize)]
pub enum BatchError {
    /// Refused by an admission rule or for a bad property or walltime: nothing was submitted.
    #[error("refused by the batch system: {0}")]
    Refused(String),
    /// The server does not answer; a submission may or may not have been taken.
    #[error("the batch system does not answer: {0}")]
    Down(String),
    /// No answer in time; a submission may or may not have been taken.
    #[error("no answer within {seconds} s: {command}")]
    TimedOut {
        /// The command, as run.
        command: String,
        /// The limit.
        seconds: u64,
    },
    /// An answer that this program cannot read.
    #[error("unreadable answer to {command}: {what}")]
    Unreadable {
        /// The command, as run.
        command: String,
        /// What was not understood.
        what: String,
        /// The command by which a person sees more: the same again where it only reads, never one that submits.
        #[serde(default)]
        look: Option<String>,
    },
    /// The batch system's command is not installed on this machine: nothing was run.
    #[error("{command}: no such command; this machine is not a login node of {system}")]
    NoCommand {
        /// The command.
        command: String,
        /// The batch system, as people call it.
        system: String,
    },
    /// It cannot be used from here, for a reason that lasts: nothing was done.
    #[error("{what}")]
    Unusable {
        /// Why.
        what: String,
        /// What to do.
        cure: String,
    },
    /// No such job, or not ours.
    #[error("no such job: {0}")]
    UnknownJob(JobId),
}

impl BatchError {
    /// Whether a submission that failed so surely left no job behind.
    #[must_use]
    pub fn surely_not_submitted(&self) -> bool {
        matches!(self, Self::Refused(_) | Self::NoCommand { .. } | Self::Unusable { .. })
    }

    /// What a person can do about it: the same words in the terminal UI and on the command line.
    #[must_use]
    pub fn hint(&self) -> String {
        const SAFE: &str = "nothing is lost: jobs go on by themselves, and a submission without an answer is looked up \
                            by its token before anything is sent again";
        match self {
            Self::Refused(text) => refusal_hint(text).to_owned(),
            Self::Down(_) | Self::TimedOut { .. } => {
                format!("{SAFE}; `alpsckpt status` tells when it answers, then repeat what was not done")
            }
            // What only reads may be repeated by hand, a submission never.
            Self::Unreadable { command, look: Some(look), .. } if command == look => format!(
                "{SAFE}; run `{command}` yourself to see the whole answer, and report it with this message if it looks \
                 right"
            ),
            Self::Unreadable { look: Some(look), .. } => {
                format!("{SAFE}; `{look}` shows what came of it; report this message if that looks right")
            }
            Self::Unreadable { look: None, .. } => format!("{SAFE}; report this message"),
            Self::NoCommand { .. } => NO_COMMAND.to_owned(),
            Self::Unusable { cure, .. } => cure.clone(),
            Self::UnknownJob(_) => {
                "it is another user's, or the batch system has forgotten it: see `alpsckpt status`".to_owned()
            }
        }
    }
}

const NO_COMMAND: &str = "nothing was submitted: do this on the cluster's login node, or take the embedded cluster \
                          (`alpsckpt submit` without `--cluster`)";

/// What to do about a refusal, by what stands in its text in lower case; the first that fits counts.
const REFUSALS: [(&str, &str); 11] = [
    ("no such command", NO_COMMAND),
    (
        "still being killed",
        "the cluster's process goes on and kills them as soon as it can: `alpsckpt cluster status` shows them, then \
         `alpsckpt cluster stop --kill-jobs` again",
    ),
    // This program's own words for a key that it does not know.
    ("site: ", "correct `site` in the campaign file, then submit it again"),
    (
        "project",
        "nothing was submitted: name a project that you are a member of in the campaign file's `site` \
         (`project=NAME`), then submit it again",
    ),
    ("walltime", "nothing was submitted: set another `walltime` in the campaign file, then submit it again"),
    (
        "queue",
        "nothing was submitted: name another queue in the campaign file's `site` (`queue=NAME`), then submit it again",
    ),
    (
        "not enough resources",
        "nothing was submitted, as no node can ever run this: ask for less in the campaign file's `site` \
         (`properties`, `resources`) or `threads`, then submit it again",
    ),
    (
        "resource",
        "nothing was submitted: correct `properties` or `resources` in the campaign file's `site`, then submit it again",
    ),
    ("state", "the job went on meanwhile: see `alpsckpt status`"),
    ("has ended already", "the job went on meanwhile: see `alpsckpt status`"),
    ("does not run", "the job went on meanwhile: see `alpsckpt status`"),
];

fn refusal_hint(text: &str) -> &'static str {
    let text = text.to_lowercase();
    let known = REFUSALS.iter().find(|(sign, _)| text.contains(sign));
    known.map_or("nothing was done: correct what it names, then try again", |(_, hint)| hint)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn recorded(name: &str) -> String {
        let path = format!("{}/tests/data/oar/{name}", env!("CARGO_MANIFEST_DIR"));
        std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{path}: {e}"))
    }

    #[test]
    fn a_refusals_hint_names_the_field_to_edit() {
        let unknown_project =
            "[ADMISSION RULE] Unknown project \"nope\": you are not a member of it.".to_owned();
        for (text, field) in [
            (unknown_project, "`project=NAME`"),
            (recorded("2.5/err-oarsub-walltime-too-long.err"), "`walltime`"),
            (recorded("2.6/err-oarsub-bad-property.err"), "`properties`"),
            ("# There are not enough resources for your request".to_owned(), "ask for less"),
            ("# Error: queue 'nope' does not exist".to_owned(), "`queue=NAME`"),
            ("# Error: cannot recognize -- ,walltime=abc -- resource".to_owned(), "`walltime`"),
            ("site: \"projet\" is not one of project, properties".to_owned(), "correct `site`"),
            ("Cannot hold 16: the job is not in the right state".to_owned(), "alpsckpt status"),
            ("[ADMISSION RULE] root and oar users are not allowed".to_owned(), "correct what it names"),
        ] {
            let error = BatchError::Refused(text);
            assert!(error.hint().contains(field), "{error}: {}", error.hint());
        }
    }

    #[test]
    fn a_hint_says_what_is_safe_and_never_to_submit_by_hand() {
        let unreadable = |command: &str, look: &str| BatchError::Unreadable {
            command: command.to_owned(),
            what: "no JSON".to_owned(),
            look: Some(look.to_owned()),
        };
        let timed_out = BatchError::TimedOut { command: "oarsub -S /a/job.sh".to_owned(), seconds: 60 };
        let down = BatchError::Down("Cannot connect to executor front:6666. Job is killed.".to_owned());
        for error in [&timed_out, &down, &unreadable("oarsub -S /a/job.sh", "oarstat -u")] {
            let hint = error.hint();
            assert!(hint.contains("nothing is lost") && hint.contains("by its token"), "{hint}");
            assert!(!hint.contains("oarsub"), "a second job would run beside the first: {hint}");
        }
        let raw = unreadable("oarstat -f -J", "oarstat -f -J").hint();
        assert!(raw.contains("run `oarstat -f -J` yourself") && raw.contains("report"), "{raw}");
        let missing = BatchError::NoCommand { command: "oarsub".to_owned(), system: "OAR".to_owned() };
        assert!(missing.hint().contains("login node"));
        // Journalled as a refusal's text, it is still known.
        assert_eq!(BatchError::Refused(missing.to_string()).hint(), missing.hint());
    }
}
