//! What persons ask for, what OAR's rules make of it, and whom it must not touch.

use alpsckpt::checkpoint::{ExitClass, LinkNumber};

use crate::cluster::{FIRST_ROW, Rows};
use crate::place::{Place, SAFE, begins, completes, link_ends, until};

const SUBMIT: [&str; 4] = ["submit", "out.ron", "--cluster", "oar"];
const CHECKPOINT: [&str; 4] = ["checkpoint", "m06", "--campaign", "out"];

/// OAR resubmits only jobs that ran for more than a minute, and repeats its signals.
pub(crate) fn early(place: &Place) {
    let setup = "setup: [\"touch $OLDPWD/setting-up\", \"until [ -e $OLDPWD/go ]; do sleep 0.2; done\"],";
    // OAR notes a signal a moment before the job has it: by then a chain without a pace would be complete.
    place.campaign("out", &["pace: Some(\"20 tiles/min\"),", SAFE, setup]);
    place.ask(&SUBMIT).good();
    let chain = place.chain("out", "m06");
    // Asked while its script sets up, and again when its program has begun, within its first minute.
    let setting_up = chain.path().join("setting-up");
    until("the script's setup", 300, || setting_up.exists().then_some(()));
    // A node is shown as running a moment later.
    until("the signal that is sent", 1000, || (place.ask(&CHECKPOINT).code == Some(0)).then_some(()));
    let job = place.jobs().remove(0).id;
    let arrived = || place.events(job).iter().any(|event| event == "CHECKPOINT_SUCCESS");
    until("the signal that arrives", 300, || arrived().then_some(()));
    assert!(!chain.link_start(LinkNumber(1)).exists(), "it did not set up any more");
    std::fs::write(chain.path().join("go"), "").unwrap();
    begins(&chain, 1);
    // It may have sealed and said so already: then there is nobody left to ask.
    let again = place.ask(&CHECKPOINT);
    let asked_again = again.code == Some(0);
    if !asked_again {
        again.failed(75, &["no link of it runs"]);
    }
    let end = link_ends(&chain, 1);
    assert_eq!(end.class, ExitClass::Checkpointed, "{}", end.message);
    // OAR is about to resubmit it: nobody else may.
    place.ask(&["resubmit", "m06", "--campaign", "out"]).failed(75, &[]);
    completes(&chain);
    let status = place.reaches("out", "Complete");
    assert_eq!((&status["attempts"], &status["resubmissions"]), (&1.into(), &1.into()), "{status}");
    assert_eq!(status["links"].as_array().unwrap().len(), 2, "{status}");
    let jobs = place.jobs();
    assert_eq!(jobs.len(), 2, "{jobs:?}");
    assert_eq!((jobs[0].exit, jobs[1].exit, jobs[1].from), (99 << 8, 0, jobs[0].id), "{jobs:?}");
    assert!(jobs[0].stop - jobs[0].start > 60, "{jobs:?}");
    let signals = place.events(jobs[0].id).iter().filter(|e| *e == "CHECKPOINT_SUCCESS").count();
    assert_eq!(signals, 1 + usize::from(asked_again));
    place.has_maps_of_a_local_run(&place.here("out"), &[]);
}

/// A job that always leaves with 99 is resubmitted by OAR for ever; whoever looks on, its links count themselves.
pub(crate) fn limit(place: &Place) {
    // More work than two jobs can do.
    place.campaign("out", &["pace: Some(\"2 tiles/min\"),", SAFE, "max_links: 2,"]);
    place.ask(&SUBMIT).good();
    // Nobody looks.
    let second = link_ends(&place.chain("out", "m06"), 2);
    assert_eq!(second.class, ExitClass::TooManyLinks, "{}", second.message);
    let chain = place.reaches("out", "Failed");
    assert_eq!(chain["failure"]["class"], "too many links", "{chain}");
    assert_eq!(chain["attempts"], 1, "{chain}");
    let jobs = place.jobs();
    assert_eq!(jobs.iter().map(|job| job.exit).collect::<Vec<_>>(), [99 << 8, 98 << 8], "{jobs:?}");
}

/// Jobs of another user, and of ours outside the campaign.
pub(crate) fn others(place: &Place) {
    let cluster = place.cluster;
    place.campaign("out", &["pace: Some(\"4 tiles/min\"),", SAFE]);
    place.ask(&SUBMIT).good();
    let chain = place.chain("out", "m06");
    begins(&chain, 1);
    let ours = place.jobs_of("out").remove(0);
    // They even have the same name, as when a colleague has copied the campaign's folder.
    for user in ["alice", "bob"] {
        let name = if user == "bob" { ours.name.as_str() } else { "mine" };
        let command = [
            "oarsub",
            "-n",
            name,
            "--project",
            "test",
            "-d",
            "/tmp",
            "-p",
            "host in ('node1','node2')",
            "-l",
            "/core=1,walltime=0:02:00",
            "sleep 60",
        ];
        let submitted = cluster.exec(&format!("{user}@front"), &command).output().unwrap();
        assert!(submitted.status.success(), "{}", String::from_utf8_lossy(&submitted.stderr));
    }
    let query = format!(
        "SELECT job_id FROM jobs WHERE launching_directory = '/tmp' AND job_name IN ('mine', '{}') AND job_id > {}",
        ours.name, ours.id
    );
    let others: Vec<String> = cluster.sql(&query).into_iter().map(|mut row| row.remove(0)).collect();
    assert_eq!(others.len(), 2, "{others:?}");
    // And a whole chain of such a colleague, over but for one that is held.
    let rows = FIRST_ROW + 50_000_000;
    cluster.put_rows(&Rows { first: rows, token: &ours.name, links: 3, others: 0, owner: "bob" });
    let theirs = format!(
        "SELECT job_id, state, exit_code, stop_time, (SELECT count(*) FROM event_logs e WHERE e.job_id = jobs.job_id) \
         FROM jobs WHERE job_id >= {rows} ORDER BY job_id"
    );
    let before = cluster.sql(&theirs);
    assert_eq!(before.len(), 3, "{before:?}");

    let status = place.status("out");
    assert_eq!(status["state"], "Running", "{status}");
    assert_eq!(status["job"]["id"], ours.id, "{status}");
    place.ask(&["stop", "m06", "--campaign", "out"]).good();
    let status = place.reaches("out", "Stopped");
    assert_eq!(status["attempts"], 1, "{status}");
    place.ask(&["resubmit", "m06", "--campaign", "out"]).good();
    begins(&chain, 2);
    place.ask(&["stop", "m06", "--campaign", "out"]).good();
    place.reaches("out", "Stopped");

    assert_eq!(cluster.sql(&theirs), before);
    assert!(place.jobs_of("out").iter().all(|job| job.state == "Error"), "{:?}", place.jobs_of("out"));
    let query = format!(
        "SELECT job_id FROM jobs WHERE job_id IN ({}) AND state <> 'Error' AND NOT EXISTS \
         (SELECT 1 FROM event_logs e WHERE e.job_id = jobs.job_id AND type LIKE 'FRAG%')",
        others.join(", ")
    );
    assert_eq!(cluster.sql(&query).len(), others.len(), "jobs of others were touched: {others:?}");
    // On a busy cluster they have ended by themselves.
    cluster.admin(&["oardel", "--sql", &format!("job_id IN ({})", others.join(", "))]);
}
