//! Every recorded answer, given by a played command to the client itself. What the client made of it stands beside the
//! samples, in `tests/data/oar/*.snap`.

use std::collections::BTreeSet;
use std::fmt::Write;

use super::*;
use crate::batch::How;

/// One line of a version's `index.tsv`.
#[derive(Debug)]
pub(super) struct Sample {
    pub(super) version: &'static str,
    pub(super) name: String,
    pub(super) code: i32,
    pub(super) command: String,
}

impl Sample {
    pub(super) fn all() -> Vec<Self> {
        VERSIONS.into_iter().flat_map(Self::of).collect()
    }

    pub(super) fn of(version: &'static str) -> Vec<Self> {
        let read = |line: &str| {
            let [name, code, command] = line.split('\t').collect::<Vec<_>>()[..] else {
                panic!("{version}/index.tsv: {line}")
            };
            Self { version, name: name.to_owned(), code: code.parse().unwrap(), command: command.to_owned() }
        };
        sample(version, "index.tsv").lines().map(read).collect()
    }

    fn path(&self, stream: &str) -> PathBuf {
        folder(self.version).join(format!("{}.{stream}", self.name))
    }

    /// An empty stream has no file.
    pub(super) fn text(&self, stream: &str) -> String {
        std::fs::read_to_string(self.path(stream)).unwrap_or_default()
    }

    pub(super) fn program(&self) -> &str {
        self.command.split(' ').next().unwrap_or_default()
    }

    /// Whether standard output is meant to be jobs, as the client asks for them.
    pub(super) fn is_jobs(&self) -> bool {
        self.program() == "oarstat" && self.command.contains(" -f -J") && !self.text("out").is_empty()
    }

    /// Whether standard output is meant to be nodes, as the client asks for them.
    pub(super) fn is_nodes(&self) -> bool {
        self.command == "oarnodes -J" && self.code == 0
    }

    /// The sample as a command's answer.
    pub(super) fn output(&self) -> CommandOutput {
        CommandOutput {
            command: self.command.clone(),
            code: Some(self.code),
            stdout: self.text("out"),
            stderr: self.text("err"),
        }
    }

    /// Lets OAR's commands answer so from now on.
    fn play(&self, fake: &Fake) {
        let mut script = String::new();
        for (stream, to) in [("out", 1), ("err", 2)] {
            if self.path(stream).exists() {
                writeln!(script, "cat '{}' >&{to}", self.path(stream).display()).unwrap();
            }
        }
        std::fs::write(fake.0.path().join("answer"), format!("{script}exit {}\n", self.code)).unwrap();
    }

    /// What the client makes of it.
    fn read(&self, fake: &Fake, submission: &Submission) -> String {
        self.play(fake);
        let mut oar = fake.oar();
        let job = JobId(self.command.rsplit(' ').next().and_then(|last| last.parse().ok()).unwrap_or(1));
        let said = match self.program() {
            "oarsub" => oar.submit(submission).map(|id| format!("job {id}")),
            "oarstat" if self.command.ends_with("--version") => oar.info().map(|info| info.name),
            "oarstat" => oar.query("any").map(|jobs| {
                for job in &jobs {
                    self.check(job);
                }
                lines(jobs.iter().map(shown))
            }),
            "oarnodes" => oar.nodes().map(|nodes| {
                lines(nodes.iter().map(|n| {
                    format!(
                        "{} {} {:?}",
                        n.name,
                        n.state.word(),
                        n.jobs.iter().map(|j| j.0).collect::<Vec<_>>()
                    )
                }))
            }),
            "oardel" if self.command.contains(" -") => oar.checkpoint(job).map(|()| "signalled".to_owned()),
            "oardel" => oar.delete(job).map(|()| "deleted".to_owned()),
            // The client never asks with `-r`, which suspends.
            "oarhold" => oar.hold(job).map(|()| "held".to_owned()),
            "oarresume" => oar.resume(job).map(|()| "resumed".to_owned()),
            other => panic!("nothing here reads {other}"),
        };
        said.unwrap_or_else(|error| {
            let certain = self.program() == "oarsub" && error.surely_not_submitted();
            // Without the command, in which a folder of this run stands.
            let all = match error {
                BatchError::Unreadable { what, .. } => format!("unreadable: {what}"),
                other => other.to_string(),
            };
            let first = all.lines().next().unwrap_or_default().to_owned();
            format!("{first}{}", if certain { " (surely no job)" } else { "" })
        })
    }

    /// What holds for each job, whatever its state.
    fn check(&self, job: &Job) {
        let what = format!("{} {}: {job:?}", self.version, self.name);
        let full = self.version == "2.6" || self.command.contains("-f");
        assert!(!matches!(job.state, JobState::Unknown(_)) && job.submitted > 0, "{what}");
        assert!(job.stopped > 0 || job.started == 0 || !job.state.is_over() || !full, "{what}");
        assert!(job.stopped == 0 || job.state.is_over() || job.state == JobState::Finishing, "{what}");
        assert!(job.started == 0 || job.started >= job.submitted, "{what}");
        assert!(job.started == 0 || job.stopped == 0 || job.stopped >= job.started, "{what}");
        assert!(job.node.is_some() || job.ended().is_none(), "{what}");
        let can_have_ended = matches!(job.state, JobState::Terminated | JobState::Finishing);
        assert!(can_have_ended || job.ended().is_none(), "{what}");
        assert!(job.resubmitted_from.is_none_or(|from| from < job.key()), "{what}");
    }
}

fn folder(version: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/oar").join(version)
}

fn lines(all: impl Iterator<Item = String>) -> String {
    let all: Vec<String> = all.collect();
    if all.is_empty() { "none".to_owned() } else { all.join("\n    ") }
}

/// A job in a line: what campaigns decide by.
fn shown(job: &Job) -> String {
    let mut line = format!("{} {:?} {:?}", job.id, job.name, job.state);
    let mut say = |words: String| line.push_str(&format!(", {words}"));
    if job.array_id != job.id {
        say(format!("of {}", job.array_id));
    }
    if let Some(from) = job.resubmitted_from {
        say(format!("after {from}"));
    }
    if let Some(node) = &job.node {
        say(format!("on {node}"));
    }
    if let Some(end) = &job.end {
        say(format!("{:?} by {:?}, {:?}", end.how, end.by, end.next));
        if let Some(ending) = end.ending.filter(|ending| end.how != How::Command(*ending)) {
            say(format!("{ending:?}"));
        }
    }
    if job.started > 0 && job.stopped > 0 {
        say(format!("ran {} s", job.stopped - job.started));
    }
    if let Some(start) = job.expected_start {
        say(format!("expected {} s after submission", start - job.submitted));
    }
    say(format!("{:?}", job.message));
    line
}

#[test]
fn every_sample_is_read_for_what_it_means() {
    for version in VERSIONS {
        let samples = Sample::of(version);
        let programs: BTreeSet<&str> = samples.iter().map(Sample::program).collect();
        let commands: Vec<(&str, &str)> =
            programs.into_iter().map(|program| (program, ". ./answer")).collect();
        let fake = Fake::new(&commands);
        let submission = fake.submission();
        let mut all = String::new();
        for sample in &samples {
            let read = sample.read(&fake, &submission);
            writeln!(all, "{}: {} [{}]\n    {read}", sample.name, sample.command, sample.code).unwrap();
        }
        let mut settings = insta::Settings::clone_current();
        settings.set_omit_expression(true);
        settings.set_prepend_module_to_snapshot(false);
        settings.set_snapshot_path("../../../tests/data/oar");
        settings.bind(|| insta::assert_snapshot!(version, all));
    }
}

#[test]
fn no_file_beside_the_samples_is_forgotten() {
    for version in VERSIONS {
        let known: BTreeSet<String> = Sample::of(version).into_iter().map(|s| s.name).collect();
        let there: BTreeSet<String> = std::fs::read_dir(folder(version))
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.file_name().unwrap() != "index.tsv")
            .map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned())
            .collect();
        let unknown: Vec<_> = there.difference(&known).collect();
        assert!(unknown.is_empty(), "{version}/index.tsv lacks {unknown:?}");
        for sample in Sample::of(version).iter().filter(|sample| !there.contains(&sample.name)) {
            let silent = sample.name.contains("missing")
                || sample.name.contains("empty")
                || sample.name.contains("other-user");
            assert!(
                silent,
                "{version}: the sample {} has no file, but is not known to be empty",
                sample.name
            );
        }
    }
}
