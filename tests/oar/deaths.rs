//! Jobs that do not end by themselves, and one that does not begin.

use crate::place::{PACED, Place, SAFE, begins, completes, is_complete, seals, until};
use crate::scene::Answer;

const NODE3: &str = "site: Some(\"project=test;properties=host='node3'\"),";

/// The power of a node is cut under a job; OAR notices when the job's walltime is over.
pub(crate) fn node(place: &Place) {
    let cluster = place.cluster;
    // On one of the two versions as late as on a real cluster.
    let given_up_after = if cluster.version == "2.5" { 300 } else { 30 };
    let set = format!("s/^#?JOBDEL_WALLTIME=.*/JOBDEL_WALLTIME=\"{given_up_after}\"/");
    cluster.admin(&["sed", "-i", "-E", &set, "/etc/oar/oar.conf"]).good();
    place.campaign("out", &[PACED, NODE3]);
    place.ask(&["submit", "out.ron", "--cluster", "oar"]).good();
    let chain = place.chain("out", "m06");
    assert_eq!(begins(&chain, 1).node, "node3");
    let mut watch = place.start("watch", &["status", "--watch", "--json", "out"]);
    seals(&chain);
    cluster.switch("node", &["cut", "node3"]);

    until("silence", 500, || {
        watch.snapshots().iter().any(|s| s["chains"][0]["state"] == "Silent").then_some(())
    });
    // That alone resubmits nothing, not even when a person asks.
    place.ask(&["resubmit", "m06", "--campaign", "out"]).failed(75, &[]);
    assert_eq!(place.jobs()[0].state, "Running");

    watch.ends();
    let last = watch.snapshots().pop().unwrap()["chains"][0].clone();
    assert_eq!(last["state"], "Failed", "{last}");
    assert_eq!(last["failure"]["class"], "node died", "{last}");
    assert!(last["failure"]["cause"].as_str().unwrap().contains("node node3 died"), "{last}");
    let jobs = place.jobs();
    assert_eq!(jobs.len(), 1, "OAR resubmitted it: {jobs:?}");
    // OAR says that the dead job was told to checkpoint; that is no checkpoint.
    let events = place.events(jobs[0].id);
    assert!(events.iter().any(|e| e == "CHECKPOINT_SUCCESSFULL"), "{events:?}");
    assert_eq!((jobs[0].state.as_str(), jobs[0].exit), ("Error", -1), "{jobs:?}");
    assert!(jobs[0].stop - jobs[0].start > 130 + given_up_after, "{jobs:?}");

    cluster.switch("node", &["boot", "node3"]);
    let sealed = last["sealed_tiles"].as_u64().unwrap();
    assert!(sealed > 0, "{last}");
    place.ask(&["resubmit", "m06", "--campaign", "out"]).good();
    completes(&chain);
    let chain = place.reaches("out", "Complete");
    assert_eq!((&chain["attempts"], &chain["resubmissions"]), (&2.into(), &0.into()), "{chain}");
    assert!(chain["links"][1]["resumed"].as_str().unwrap().contains("generation"), "{chain}");
    assert_eq!(place.jobs().len(), 2);
    place.has_maps_of_a_local_run(&place.here("out"), &[]);

    no_start(place);
}

/// A job that cannot be started is made anew by OAR, whatever its type, and waits for the node.
fn no_start(place: &Place) {
    let cluster = place.cluster;
    cluster.exec("node3", &["pkill", "-f", "^sshd: /usr/sbin/sshd"]).status().unwrap();
    place.campaign("late", &[NODE3]);
    place.ask(&["submit", "late.ron", "--cluster", "oar"]).good();
    let jobs =
        until("OAR's resubmission", 3000, || Some(place.jobs_of("late")).filter(|jobs| jobs.len() > 1));
    assert_eq!((jobs[0].state.as_str(), jobs[1].from), ("Error", jobs[0].id), "{jobs:?}");
    let chain = place.status("late");
    assert_eq!((&chain["state"], &chain["attempts"]), (&"Waiting".into(), &1.into()), "{chain}");
    place.ask(&["resubmit", "m06", "--campaign", "late"]).failed(75, &["it has a job already"]);

    // Held, it lets others go first when the node is back.
    place.ask(&["hold", "m06", "--campaign", "late"]).good();
    cluster.switch("node", &["boot", "node3"]);
    let other = [
        "oarsub",
        "--project",
        "test",
        "-d",
        "/tmp",
        "-p",
        "host='node3'",
        "-l",
        "/core=1,walltime=0:01:00",
        "true",
    ];
    let other = Answer::of(cluster.exec("bob@front", &other).output().unwrap());
    let other = other.good().stdout.lines().find_map(|l| l.strip_prefix("OAR_JOB_ID=")).unwrap().to_owned();
    let ended = format!("SELECT 1 FROM jobs WHERE job_id = {other} AND state = 'Terminated'");
    until("another's job on node3", 3000, || cluster.sql(&ended).pop());
    let chain = place.status("late");
    assert_eq!((&chain["state"], &chain["job"]["state"]), (&"Waiting".into(), &"Hold".into()), "{chain}");
    place.ask(&["resume", "m06", "--campaign", "late"]).good();
    completes(&place.chain("late", "m06"));
    let chain = place.reaches("late", "Complete");
    assert_eq!(chain["attempts"], 1, "{chain}");
    assert_eq!(chain["links"].as_array().unwrap().len(), 1, "{chain}");
    place.has_maps_of_a_local_run(&place.here("late"), &[]);
}

/// A job that takes no signals any more, as one that waits for a dead disk, is killed at its walltime.
pub(crate) fn walltime(place: &Place) {
    place.campaign("out", &[PACED, SAFE]);
    place.ask(&["submit", "out.ron", "--cluster", "oar"]).good();
    let chain = place.chain("out", "m06");
    let node = begins(&chain, 1).node;
    let mut watch = place.start("watch", &["status", "--watch", "--json", "out"]);
    seals(&chain);
    let program = format!("job run --output {}/out ", place.inside);
    let stopped = place.cluster.exec(&node, &["pkill", "-STOP", "-f", &program]).status().unwrap();
    assert!(stopped.success(), "the job does not run on {node}");

    watch.ends();
    let last = watch.snapshots().pop().unwrap()["chains"][0].clone();
    assert_eq!(last["state"], "Failed", "{last}");
    assert_eq!(last["failure"]["class"], "walltime", "{last}");
    let jobs = place.jobs();
    assert_eq!(jobs.len(), 1, "OAR resubmitted it: {jobs:?}");
    assert_eq!((jobs[0].state.as_str(), jobs[0].exit), ("Error", -1), "{jobs:?}");
    assert!(jobs[0].stop - jobs[0].start >= 130, "{jobs:?}");
    let events = place.events(jobs[0].id);
    assert!(events.iter().any(|e| e == "CHECKPOINT_SUCCESSFULL"), "no signal was sent: {events:?}");

    place.ask(&["resubmit", "m06", "--campaign", "out"]).good();
    completes(&chain);
    let chain = place.reaches("out", "Complete");
    assert_eq!((&chain["attempts"], &chain["resubmissions"]), (&2.into(), &0.into()), "{chain}");
    assert!(chain["links"][1]["resumed"].as_str().unwrap().contains("generation"), "{chain}");
    place.has_maps_of_a_local_run(&place.here("out"), &[]);
}

/// `oardel` by the user: SIGKILL at once, no resubmission by OAR; a person resubmits by a key of the screen.
pub(crate) fn oardel(place: &Place) {
    place.campaign("out", &[PACED, SAFE]);
    place.ask(&["submit", "out.ron", "--cluster", "oar"]).good();
    let screen = place.screen(100, 30);
    let chain = place.chain("out", "m06");
    begins(&chain, 1);
    seals(&chain);
    screen.wait("the running month", |text| text.contains("running"));
    let job = place.jobs()[0].id;
    let oardel = place.cluster.exec("alice@front", &["oardel", &job.to_string()]).output().unwrap();
    assert!(oardel.status.success());
    screen.says("was deleted");
    assert!(!chain.link_end(alpsckpt::checkpoint::LinkNumber(1)).exists(), "a killed link said a last word");

    screen.keys(&["r"]);
    screen.says("Resubmit June");
    screen.keys(&["y"]);
    screen.says("submitted 2 times by us");
    assert_eq!(begins(&chain, 2).link.0, 2);
    completes(&chain);
    screen.wait("the end", |text| text.contains("complete"));
    screen.keys(&["q"]);
    let jobs = place.jobs();
    assert_eq!(jobs.len(), 2, "{jobs:?}");
    assert_eq!((jobs[0].state.as_str(), jobs[0].exit), ("Error", -1), "{jobs:?}");
    assert_ne!(jobs[0].name, jobs[1].name, "a new attempt has a name of its own");
    let chain = place.status("out");
    is_complete(&chain);
    assert_eq!(chain["attempts"], 2, "{chain}");
    place.has_maps_of_a_local_run(&place.here("out"), &[]);
}
