//! OAR's commands played by small scripts, and its recorded answers (`tests/data/oar/`).

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::*;
use crate::batch::{Ending, JobState, Next};

mod mutated;
mod samples;

const VERSIONS: [&str; 2] = ["2.5", "2.6"];

fn sample(version: &str, name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/oar").join(version).join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// Commands in a folder of their own, each a script.
struct Fake(tempfile::TempDir);

impl Fake {
    fn new(commands: &[(&str, &str)]) -> Self {
        let fake = Self(tempfile::tempdir().unwrap());
        for (name, body) in commands {
            fake.add(name, body);
        }
        fake
    }

    fn add(&self, name: &str, body: &str) {
        let body_file = self.0.path().join(format!("{name}.body"));
        let text = format!("#!/bin/sh\nPATH=/usr/bin:/bin\ncd {}\n{body}\n", self.0.path().display());
        std::fs::write(&body_file, text).unwrap();
        // Not written by this process: a child that another test is just starting would hold the file open for
        // writing, and the kernel refuses to execute such a file.
        let installed = std::process::Command::new("install")
            .args(["-m", "755"])
            .args([&body_file, &self.0.path().join(name)])
            .status();
        assert!(installed.unwrap().success());
    }

    fn oar(&self) -> Oar {
        let limits = Limits { submit: Duration::from_secs(30), other: Duration::from_secs(30) };
        Oar::with(self.0.path(), limits)
    }

    /// A submission with its script in the folder.
    fn submission(&self) -> Submission {
        let submission = Submission { script: self.0.path().join("job.sh"), ..submission() };
        write_script(&submission);
        submission
    }

    /// Submits it.
    fn submit(&self) -> Result<JobId, BatchError> {
        self.oar().submit(&self.submission())
    }

    fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.0.path().join(name)).unwrap_or_default()
    }
}

/// A script's line that says what the sample says.
fn says(version: &str, name: &str) -> String {
    format!("cat {}/tests/data/oar/{version}/{name}", env!("CARGO_MANIFEST_DIR"))
}

fn submission() -> Submission {
    Submission {
        token: Token("ecrins-m01-1".to_owned()),
        script: PathBuf::from("/data/job.sh"),
        directory: PathBuf::from("/data"),
        walltime: 48 * 3600 + 61,
        checkpoint: 600,
        stdout: PathBuf::from("/data/%jobid%.out"),
        stderr: PathBuf::from("/data/%jobid%.err"),
        site: BTreeMap::new(),
        not_on: BTreeSet::new(),
    }
}

fn tokens(names: &[&str]) -> Vec<Token> {
    names.iter().map(|n| Token((*n).to_owned())).collect()
}

#[test]
fn a_whole_chain_is_read_with_its_links_and_ends() {
    for version in VERSIONS {
        let jobs = answer::jobs(&sample(version, "chain-sql-full.out")).unwrap();
        assert!(jobs.len() >= 2, "{version}");
        assert!(jobs.iter().all(|j| j.array_id == JobId(1) && j.name == "campaign-seg"));
        for (before, after) in jobs.iter().zip(&jobs[1..]) {
            assert_eq!(after.resubmitted_from, Some(before.key()));
            assert_eq!(before.ended(), Some(Ending::Code(99)));
            assert!(before.state == JobState::Terminated && before.started > before.submitted);
            assert_eq!(before.end.as_ref().map(|end| end.next), Some(Next::Successor));
        }
    }
}

#[test]
fn unknown_states_fields_and_texts_for_numbers_are_taken_as_they_come() {
    let text =
        r#"{"7": {"state": "Dreaming", "exit_code": "256", "brandNew": [1], "name": null, "array_id": "5"}}"#;
    let job = answer::jobs(text).unwrap().remove(0);
    assert_eq!((job.id, job.array_id), (JobId(7), JobId(5)));
    assert_eq!(
        (job.state.clone(), job.ended()),
        (JobState::Unknown("Dreaming".to_owned()), Some(Ending::Code(1)))
    );
    assert!(answer::jobs("[]").is_err() && answer::jobs(r#"{"7": {}}"#).is_err());
    assert_eq!(parse::version("OAR version: 2.5.9 (Froggy)"), Some("2.5.9"));
    assert_eq!(parse::version("no number"), None);
}

#[test]
fn the_arguments_of_oarsub_are_as_oar_wants_them() {
    let mut submission = submission();
    submission.stdout = PathBuf::from("/data/logs/%jobid%.out");
    submission.stderr = PathBuf::from("/elsewhere/%jobid%.err");
    submission.site = [
        ("project", "alps"),
        ("properties", "cluster='dahu'"),
        ("queue", "default"),
        ("resources", "/nodes=1"),
    ]
    .map(|(k, v)| (k.to_owned(), v.to_owned()))
    .into();
    let lines = submit::script_lines(&submission).unwrap();
    let expected = [
        "-t idempotent",
        "-l /nodes=1,walltime=48:01:01",
        "--checkpoint 600",
        "--signal 12",
        "-O logs/%jobid%.out",
        "-E /elsewhere/%jobid%.err",
        "--project alps",
        "-p cluster='dahu'",
        "-q default",
    ];
    assert_eq!(lines, expected.map(|line| format!("#OAR {line}")));

    // The script says the same, or nothing is asked.
    let folder = tempfile::tempdir().unwrap();
    let inner = folder.path().join("Parc des Écrins (2018) & *");
    std::fs::create_dir(&inner).unwrap();
    submission.script = inner.join("job.sh");
    submission.stdout = inner.join("logs/%jobid%.out");
    assert!(
        matches!(submit::arguments(&submission), Err(BatchError::Refused(why)) if why.contains("job.sh"))
    );
    write_script(&submission);
    let arguments = submit::arguments(&submission).unwrap();
    let inner = inner.to_str().unwrap();
    assert_eq!(arguments, ["-n", "ecrins-m01-1", "-d", inner, "-S", "./job.sh"].map(OsString::from));
    submission.walltime += 1;
    assert!(matches!(submit::arguments(&submission), Err(BatchError::Refused(why)) if why.contains("#OAR")));
}

/// Writes the script of a submission.
fn write_script(submission: &Submission) {
    let lines = submit::script_lines(submission).unwrap().join("\n");
    std::fs::write(&submission.script, format!("#!/bin/bash\n{lines}\nexec true\n")).unwrap();
}

#[test]
fn what_oar_would_misread_is_refused_before_it_is_asked() {
    let with = |change: fn(&mut Submission)| {
        let mut submission = submission();
        change(&mut submission);
        submit::script_lines(&submission)
    };
    for refused in [
        with(|s| s.token.0 = "x'; DROP".to_owned()),
        with(|s| s.script = PathBuf::from("/data/my job.sh")),
        with(|s| s.script = PathBuf::from("/data/it's/job.sh")),
        with(|s| s.script = PathBuf::from("/data/a\nb/job.sh")),
        with(|s| s.script = PathBuf::from("/data/`id`/job.sh")),
        with(|s| s.script = PathBuf::from(OsStr::from_bytes(b"/data/\xff/job.sh"))),
        with(|s| s.stderr = PathBuf::from("/données/%jobid%.err")),
        with(|s| s.stdout = PathBuf::from("/data/$(reboot)")),
        with(|s| s.directory = PathBuf::from("data")),
        with(|s| {
            s.site.insert("projet".to_owned(), "alps".to_owned());
        }),
    ] {
        assert!(matches!(refused, Err(BatchError::Refused(_))), "{refused:?}");
    }
}

#[test]
fn a_submission_is_taken_by_its_positive_number_and_exit_0_only() {
    for version in VERSIONS {
        let fake = Fake::new(&[(
            "oarsub",
            &format!("echo \"$LC_ALL $*\" > asked; {}", says(version, "chain-1-submit.out")),
        )]);
        let mut oar = fake.oar();
        let log = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&log);
        oar.on_command(move |logged| seen.lock().unwrap().push(logged.clone()));
        assert_eq!(oar.submit(&fake.submission()), Ok(JobId(1)));
        let folder = fake.0.path().display();
        assert_eq!(fake.read("asked"), format!("C -n ecrins-m01-1 -d {folder} -S ./job.sh\n"));
        let log = log.lock().unwrap();
        assert!(log.len() == 1 && log[0].code == Some(0) && log[0].command.ends_with("/job.sh"), "{log:?}");
    }
}

#[test]
fn refusals_are_told_from_answers_after_which_a_job_may_exist() {
    let refused = |version: &str, name: &str, code: i32| {
        let out = format!("{name}.out");
        let out = if name.contains("property") { says(version, &out) } else { String::new() };
        let body = format!("{out}\n{} >&2; exit {code}", says(version, &format!("{name}.err")));
        Fake::new(&[("oarsub", &body)]).submit().unwrap_err()
    };
    for version in VERSIONS {
        let error = refused(version, "err-oarsub-walltime-too-long", 254);
        assert!(matches!(&error, BatchError::Refused(text) if text.contains("48:00:00")), "{error:?}");
        assert!(refused(version, "err-oarsub-bad-property", 8).surely_not_submitted());
    }
    let lost = format!("{}; {} >&2; exit 9", says("2.5", "lost-oarsub.out"), says("2.5", "lost-oarsub.err"));
    for (body, what) in [
        (lost.as_str(), "server down, but the job exists"),
        ("echo 'no database' >&2; exit 25", "database down"),
        ("echo OAR_JOB_ID=-5", "a negative number"),
        ("exit 0", "silence"),
        ("echo OAR_JOB_ID=12; exit 254", "a number and a refusal"),
        ("kill -9 $$", "killed"),
        ("exit 77", "an unknown code"),
    ] {
        let error = Fake::new(&[("oarsub", body)]).submit().unwrap_err();
        assert!(!error.surely_not_submitted(), "{what}: {error:?}");
    }
    let error = Fake::new(&[]).submit().unwrap_err();
    assert_eq!(error, no_command("oarsub"));
}

#[test]
fn a_command_that_hangs_is_killed_with_its_children_and_reaped() {
    let fake = Fake::new(&[("oarsub", "echo $$ > pids; sleep 1000 & echo $! >> pids; wait")]);
    let limits = Limits { submit: Duration::from_secs(4), other: Duration::from_secs(4) };
    let error = Oar::with(fake.0.path(), limits).submit(&fake.submission()).unwrap_err();
    assert!(matches!(error, BatchError::TimedOut { seconds: 4, .. }), "{error:?}");
    assert!(!error.surely_not_submitted());
    let pids = fake.read("pids");
    assert_eq!(pids.lines().count(), 2);
    for pid in pids.lines() {
        let gone = |stat: String| stat.rsplit_once(')').is_some_and(|(_, rest)| rest.starts_with(" Z"));
        let until = std::time::Instant::now() + Duration::from_secs(30);
        while !std::fs::read_to_string(format!("/proc/{pid}/stat")).map_or(true, gone) {
            assert!(std::time::Instant::now() < until, "process {pid} is left");
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

#[test]
fn an_answer_larger_than_a_pipe_is_read_whole_and_a_leftover_child_does_not_hold_it_up() {
    let body = "i=0; while [ $i -lt 20000 ]; do echo \"line $i of a long answer\"; i=$((i+1)); done; echo OAR_JOB_ID=3; sleep 1000 &";
    assert_eq!(Fake::new(&[("oarsub", body)]).submit(), Ok(JobId(3)));
}

#[test]
fn attempts_are_found_by_their_names() {
    for version in VERSIONS {
        let body = format!("echo \"$*\" > asked; {}", says(version, "chain-sql-full.out"));
        let fake = Fake::new(&[("oarstat", &body)]);
        let jobs = fake.oar().find(&tokens(&["campaign-seg", "other"])).unwrap();
        assert!(jobs.len() >= 2 && jobs[0].id == JobId(1));
        let user = nix::unistd::User::from_uid(nix::unistd::Uid::effective()).unwrap().unwrap().name;
        let asked = format!("-f -J --sql job_name IN ('campaign-seg', 'other') AND job_user = '{user}'\n");
        assert_eq!(fake.read("asked"), asked);
    }
}

#[test]
fn jobs_that_are_over_and_change_no_more_are_asked_for_no_longer_but_for_one() {
    for version in VERSIONS {
        let answers = format!("echo \"$*\" > asked; {}", says(version, "chain-sql-full.out"));
        let fake = Fake::new(&[("oarstat", &answers)]);
        let mut oar = fake.oar();
        let names = tokens(&["campaign-seg"]);
        let all = oar.find(&names).unwrap();
        let over: Vec<&Job> = all.iter().filter(|job| job.state.is_over()).collect();
        assert!(over.len() >= 2, "{all:?}");
        // At once nothing counts as settled, later all but the job that proves the answer.
        assert_eq!(oar.find(&names).unwrap(), all);
        assert!(!fake.read("asked").contains("NOT IN"), "{}", fake.read("asked"));
        for (_, since) in oar.over.values_mut() {
            *since = since.checked_sub(super::SETTLED_AFTER).unwrap();
        }
        assert_eq!(oar.find(&names).unwrap(), all);
        let settled: Vec<String> =
            over.iter().filter(|j| j.id != all[0].id).map(|j| j.id.to_string()).collect();
        let asked = fake.read("asked");
        assert!(asked.ends_with(&format!(" AND job_id NOT IN ({})\n", settled.join(", "))), "{asked}");
        // Without that job the answer is not believed, whatever else is known.
        fake.add("oarstat", "exit 0");
        assert!(matches!(oar.find(&names), Err(BatchError::Unreadable { .. })));
    }
}

#[test]
fn nothing_is_sure_while_a_command_outlives_its_limit() {
    let fake = Fake::new(&[("oarstat", "exit 0"), ("oarnodes", &says("2.6", "nodes-json.out"))]);
    let mut oar = fake.oar();
    let child = std::process::Command::new("sleep").arg("600").spawn().unwrap();
    let pid = nix::unistd::Pid::from_raw(child.id() as i32);
    let command = "oarsub -n none".to_owned();
    oar.runner.strays.push(super::command::Stray { child, command, limit: Duration::from_mins(1) });
    let Err(BatchError::TimedOut { command, seconds: 60 }) = oar.find(&tokens(&["none"])) else {
        panic!("an empty answer was believed");
    };
    assert_eq!(command, "oarsub -n none");
    nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGKILL).unwrap();
    let until = std::time::Instant::now() + Duration::from_secs(30);
    while oar.find(&tokens(&["none"])) != Ok(Vec::new()) {
        assert!(std::time::Instant::now() < until, "the command has ended, and counts still");
    }
}

#[test]
fn a_command_that_nobody_may_kill_is_ended_by_its_alarm() {
    let mut command = std::process::Command::new("sleep");
    command.arg("600");
    super::command::end_by_alarm(&mut command, Duration::from_secs(1));
    let status = command.spawn().unwrap().wait().unwrap();
    assert_eq!(std::os::unix::process::ExitStatusExt::signal(&status), Some(14), "SIGALRM");
}

#[test]
fn an_empty_answer_counts_only_when_oarnodes_answers() {
    let fake = Fake::new(&[("oarstat", "exit 0"), ("oarnodes", &says("2.6", "nodes-json.out"))]);
    assert_eq!(fake.oar().find(&tokens(&["none"])), Ok(Vec::new()));
    fake.add("oarnodes", "echo '{}'");
    assert!(matches!(fake.oar().find(&tokens(&["none"])), Err(BatchError::Unreadable { .. })));
    fake.add("oarnodes", &format!("{} >&2; exit 25", says("2.6", "down-db-oarnodes.err")));
    assert!(matches!(fake.oar().find(&tokens(&["none"])), Err(BatchError::Down(_))));
    fake.add("oarstat", &format!("{} >&2", says("2.5", "err-oarstat-bad-sql.err")));
    assert!(matches!(fake.oar().find(&tokens(&["none"])), Err(BatchError::Unreadable { .. })));
    assert!(matches!(fake.oar().find(&tokens(&["a' OR '1'='1"])), Err(BatchError::Refused(_))));
}

#[test]
fn an_answer_that_lacks_what_was_shown_before_is_not_believed() {
    let fake = Fake::new(&[
        ("oarstat", &says("2.6", "chain-sql-full.out")),
        ("oarnodes", &says("2.6", "nodes-json.out")),
    ]);
    let mut oar = fake.oar();
    oar.find(&tokens(&["campaign-seg"])).unwrap();
    assert_eq!(
        oar.find(&tokens(&["new"])),
        Ok(Vec::new()),
        "the answer shows the known attempt, and no new one"
    );
    fake.add("oarstat", "exit 0");
    assert!(matches!(oar.find(&tokens(&["new"])), Err(BatchError::Unreadable { .. })));
}

#[test]
fn an_answer_without_any_job_that_others_have_seen_is_not_believed_by_a_new_process() {
    let known: Vec<(Token, JobId)> =
        [("gone", 900), ("campaign-seg", 1)].map(|(name, id)| (Token(name.to_owned()), JobId(id))).to_vec();
    let nodes = says("2.6", "nodes-json.out");
    for empty in ["exit 0", "echo '{}'", "echo '[]'"] {
        let fake = Fake::new(&[("oarstat", empty), ("oarnodes", &nodes)]);
        let mut single = fake.oar();
        single.expect(&known);
        let answer = single.find(&tokens(&["campaign-seg"]));
        assert!(matches!(answer, Err(BatchError::Unreadable { .. })), "{empty}: {answer:?}");
        if let Err(BatchError::Unreadable { what, .. }) = answer {
            assert!(what.contains("job 1") || empty.contains('['), "{what}");
        }
    }
    // One of the known jobs is enough, and who knows none believes as before.
    let fake = Fake::new(&[("oarstat", &says("2.6", "chain-sql-full.out")), ("oarnodes", &nodes)]);
    let mut single = fake.oar();
    single.expect(&[known[1].clone(), known[0].clone()]);
    assert!(single.find(&tokens(&["campaign-seg", "gone"])).unwrap().len() >= 2);
    let fake = Fake::new(&[("oarstat", "echo '{}'"), ("oarnodes", &nodes)]);
    let mut first = fake.oar();
    first.expect(&[]);
    assert_eq!(first.find(&tokens(&["new"])), Ok(Vec::new()));
}

#[test]
fn deletions_are_understood_by_their_exit_codes() {
    let delete = |body: &str, job: u64| Fake::new(&[("oardel", body)]).oar().delete(JobId(job));
    assert_eq!(delete("exit 0", 16), Ok(()));
    let ended = format!("{} >&2; exit 6", says("2.5", "err-oardel-ended.err"));
    assert_eq!(delete(&ended, 16), Ok(()));
    let missing = format!("{} >&2; exit 1", says("2.6", "err-oardel-missing.err"));
    assert_eq!(delete(&missing, 9), Err(BatchError::UnknownJob(JobId(9))));
    let down = "echo 'Could not connect to the socket front:6666' >&2; exit 2";
    assert!(matches!(delete(down, 1), Err(BatchError::Down(_))));
    let late = Fake::new(&[("oardel", &ended)]);
    assert!(matches!(late.oar().checkpoint(JobId(16)), Err(BatchError::Refused(_))));
    let fake = Fake::new(&[("oardel", "echo \"$*\" > asked")]);
    fake.oar().checkpoint(JobId(5)).unwrap();
    assert_eq!(fake.read("asked"), "-c 5\n");
}

#[test]
fn holds_and_resumes_are_understood_by_their_exit_codes_and_texts() {
    let hold = |body: &str| Fake::new(&[("oarhold", body)]).oar().hold(JobId(16));
    let resume = |body: &str| Fake::new(&[("oarresume", body)]).oar().resume(JobId(16));
    let fake = Fake::new(&[
        ("oarhold", "echo \"$*\" > held; echo '[16] Hold request was sent to the OAR server.'"),
        ("oarresume", "echo \"$*\" > resumed; echo '[16] Resume request was sent to the OAR server.'"),
    ]);
    assert_eq!((fake.oar().hold(JobId(16)), fake.oar().resume(JobId(16))), (Ok(()), Ok(())));
    assert_eq!((fake.read("held"), fake.read("resumed")), ("16\n".to_owned(), "16\n".to_owned()));
    for why in ["this job does not exist.", "you are not the right user."] {
        // The colon has a blank before it in 2.5 only.
        let body = |verb: &str| format!("echo '/!\\ Cannot {verb} 16 : {why}' >&2; exit 1");
        assert_eq!(hold(&body("hold")), Err(BatchError::UnknownJob(JobId(16))));
        assert_eq!(resume(&body("resume")), Err(BatchError::UnknownJob(JobId(16))));
    }
    let wrong = "echo \"Cannot hold 16: the job is not in the right state (try '-r' option).\" >&2; exit 1";
    assert!(matches!(hold(wrong), Err(BatchError::Refused(text)) if text.contains("not in the right state")));
    assert!(matches!(resume("echo 'DB connection error' >&2; exit 25"), Err(BatchError::Down(_))));
    assert!(matches!(hold("exit 77"), Err(BatchError::Unreadable { .. })));
}

#[test]
fn the_version_is_in_the_name() {
    let fake = Fake::new(&[("oarstat", "echo 'OAR version: 2.6.1'")]);
    let info = fake.oar().info().unwrap();
    assert_eq!((info.name.as_str(), info.time_scale.to_bits()), ("OAR 2.6.1", 1.0_f64.to_bits()));
}

#[test]
fn nodes_that_are_left_out_are_told_beside_what_the_site_wants() {
    let mut submission = submission();
    let properties = |submission: &Submission| {
        let lines = submit::script_lines(submission).unwrap();
        lines.into_iter().find(|line| line.starts_with("#OAR -p"))
    };
    assert_eq!(properties(&submission), None);
    submission.not_on = ["dahu-2.site", "dahu-1"].map(str::to_owned).into();
    assert_eq!(
        properties(&submission).as_deref(),
        Some("#OAR -p network_address NOT IN ('dahu-1', 'dahu-2.site')")
    );
    submission.site.insert("properties".to_owned(), "cluster='dahu' OR mem=192".to_owned());
    assert_eq!(
        properties(&submission).as_deref(),
        Some("#OAR -p (cluster='dahu' OR mem=192) AND network_address NOT IN ('dahu-1', 'dahu-2.site')")
    );
    submission.not_on.insert("x') OR ('1'='1".to_owned());
    assert!(
        matches!(submit::script_lines(&submission), Err(BatchError::Refused(why)) if why.contains("node's name"))
    );
}
