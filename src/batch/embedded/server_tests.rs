//! The server's log, torn and damaged.

use std::path::PathBuf;

use super::config::default_config;
use super::server::Server;
use crate::batch::{BatchError, JobId, JobState, Submission, Token};
use crate::durable::{DurableError, framed};

fn submission(token: &str) -> Submission {
    Submission {
        token: Token(token.to_owned()),
        script: PathBuf::from("/job.sh"),
        directory: PathBuf::from("/"),
        walltime: 600,
        checkpoint: 60,
        stdout: PathBuf::from("out"),
        stderr: PathBuf::from("err"),
        site: std::collections::BTreeMap::new(),
        not_on: std::collections::BTreeSet::new(),
    }
}

/// A cluster's directory in whose log these jobs wait, and the log.
fn with_jobs(tokens: &[&str]) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let mut server = Server::open(folder.path(), default_config()).unwrap();
    for token in tokens {
        server.submit(&submission(token), None).unwrap().unwrap();
    }
    let log = folder.path().join("log");
    (folder, log)
}

#[test]
fn an_answered_submission_survives_a_torn_end_of_the_log_and_its_token_is_known() {
    let (folder, log) = with_jobs(&["m01", "m02"]);
    let whole = std::fs::read(&log).unwrap();
    for torn in [&b"\x40"[..], &[0; 300], &[0xff; 9]] {
        std::fs::write(&log, [&whole, torn].concat()).unwrap();
        let mut server = Server::open(folder.path(), default_config()).unwrap();
        let states: Vec<&JobState> = server.state.jobs.values().map(|j| &j.state).collect();
        assert_eq!(states, [&JobState::Waiting, &JobState::Waiting]);
        server.submit(&submission("m01"), None).unwrap().unwrap();
        assert_eq!(server.state.jobs.len(), 2, "the same token again is the same job");
        assert_eq!(std::fs::read(&log).unwrap(), whole);
    }
}

#[test]
fn a_log_damaged_before_its_end_is_refused_and_named() {
    let (folder, log) = with_jobs(&["m01", "m02"]);
    let whole = std::fs::read(&log).unwrap();
    let mut bytes = whole.clone();
    bytes[60] ^= 1;
    std::fs::write(&log, &bytes).unwrap();
    let error = Server::open(folder.path(), default_config()).err().map(|e| e.to_string()).unwrap();
    assert!(error.contains("log: damaged") && error.contains("good records follow"), "{error}");
    assert_eq!(std::fs::read(&log).unwrap(), bytes, "nothing is cut off");
}

#[test]
fn a_log_that_a_later_program_wrote_to_is_refused_and_left_as_it_is() {
    let (folder, log) = with_jobs(&["m01"]);
    let known = std::fs::read(&log).unwrap();
    let strange = framed::frame(br#"{"Suspended":{"job":1}}"#);
    let mut later = known.clone();
    later[7] = b'2';
    for bytes in [[known, strange].concat(), later] {
        std::fs::write(&log, &bytes).unwrap();
        let error = Server::open(folder.path(), default_config()).err().unwrap();
        assert!(matches!(error, DurableError::UnknownForm { .. }), "{error}");
        assert_eq!(std::fs::read(&log).unwrap(), bytes);
    }
}

#[test]
fn a_hold_outlives_the_server_and_a_held_job_can_be_resumed_or_deleted() {
    let (folder, _log) = with_jobs(&["m01", "m02"]);
    let open = || Server::open(folder.path(), default_config()).unwrap();
    let states = |server: &Server| -> Vec<JobState> {
        server.state.jobs.values().map(|job| job.state.clone()).collect()
    };
    let mut server = open();
    server.set_held(JobId(1), true).unwrap().unwrap();
    server.set_held(JobId(2), true).unwrap().unwrap();
    let again = server.set_held(JobId(1), true).unwrap();
    assert!(matches!(again, Err(BatchError::Refused(why)) if why.contains("in the state Hold")));
    assert_eq!(server.set_held(JobId(7), false).unwrap(), Err(BatchError::UnknownJob(JobId(7))));
    drop(server);
    let mut server = open();
    assert_eq!(states(&server), [JobState::Hold, JobState::Hold]);
    server.delete(JobId(1)).unwrap().unwrap();
    server.set_held(JobId(2), false).unwrap().unwrap();
    drop(server);
    let server = open();
    assert_eq!(states(&server), [JobState::Error, JobState::Waiting]);
    assert!(server.state.jobs[&JobId(1)].events.iter().any(|(kind, _)| kind == "FRAG_JOB_REQUEST"));
}

#[test]
fn of_jobs_that_are_over_only_the_last_folders_are_kept() {
    let tokens: Vec<String> = (1..=70).map(|n| format!("job-{n}")).collect();
    let tokens: Vec<&str> = tokens.iter().map(String::as_str).collect();
    let (folder, _log) = with_jobs(&tokens);
    let job = |number: u64| folder.path().join("jobs").join(number.to_string());
    let mut server = Server::open(folder.path(), default_config()).unwrap();
    for number in 1..=70 {
        std::fs::create_dir_all(job(number)).unwrap();
        std::fs::write(job(number).join("nodes"), "dahu-1\n").unwrap();
        server.set_held(JobId(number), true).unwrap().unwrap();
    }
    for number in (1..=70).filter(|number| *number != 3) {
        server.delete(JobId(number)).unwrap().unwrap();
    }
    drop(server);
    Server::open(folder.path(), default_config()).unwrap();
    let left: Vec<u64> = (1..=70).filter(|number| job(*number).exists()).collect();
    assert_eq!(left, std::iter::once(3).chain(21..=70).collect::<Vec<u64>>(), "a held one is not over");
}

#[test]
fn what_a_client_hands_down_outlives_the_server_and_older_logs_have_none() {
    use super::setting::Setting;
    let (folder, log) = with_jobs(&["m01"]);
    let mut server = Server::open(folder.path(), default_config()).unwrap();
    server.submit(&submission("m02"), Some(Box::new(Setting::own()))).unwrap().unwrap();
    drop(server);
    let server = Server::open(folder.path(), default_config()).unwrap();
    let settings: Vec<Option<Box<Setting>>> = server.state.jobs.values().map(|j| j.setting.clone()).collect();
    assert_eq!(settings, [None, Some(Box::new(Setting::own()))]);
    drop(server);
    // An event as it was written before settings were.
    let at = r#"{"monotonic":1.0,"unix":1}"#;
    let plain = serde_json::to_string(&submission("m03")).unwrap();
    let event =
        format!(r#"{{"Submitted":{{"job":3,"array":3,"from":null,"submission":{plain},"at":{at}}}}}"#);
    let mut bytes = std::fs::read(&log).unwrap();
    bytes.extend(framed::frame(event.as_bytes()));
    std::fs::write(&log, bytes).unwrap();
    let server = Server::open(folder.path(), default_config()).unwrap();
    assert_eq!(server.state.jobs[&JobId(3)].setting, None);
}

#[test]
fn a_job_that_leaves_all_nodes_out_is_refused() {
    let (folder, _log) = with_jobs(&[]);
    let mut server = Server::open(folder.path(), default_config()).unwrap();
    let mut job = submission("m01");
    job.not_on = default_config().nodes.into_iter().collect();
    let refused = server.submit(&job, None).unwrap();
    assert!(matches!(refused, Err(BatchError::Refused(why)) if why.contains("left out")));
    job.not_on.remove("dahu-2");
    server.submit(&job, None).unwrap().unwrap();
}
