//! Submissions that are cut in two, answered too late, or refused.

use crate::place::{Place, SAFE, completes, is_complete};
use crate::scene::Answer;

const SUBMIT: [&str; 4] = ["submit", "out.ron", "--cluster", "oar"];

/// The session dies between `oarsub` and its journal, or between its journal and `oarsub`.
pub(crate) fn killed(place: &Place) {
    place.command("after", "oarsub", "/usr/bin/oarsub \"$@\"; kill -9 $PPID");
    place.command("before", "oarsub", "kill -9 $PPID");

    place.campaign("out", &[SAFE]);
    let killed = place.alpsckpt_with("after", &SUBMIT).output().unwrap();
    assert!(!killed.status.success(), "it was not killed");
    let jobs = place.jobs();
    assert_eq!(jobs.len(), 1, "{jobs:?}");
    // The same command again finds the job and submits nothing.
    let again = place.ask(&SUBMIT);
    assert!(again.good().stdout.contains("left as it is"), "{again}");
    completes(&place.chain("out", "m06"));
    is_complete(&place.reaches("out", "Complete"));
    assert_eq!(place.jobs().len(), 1);

    place.campaign("lost", &[SAFE]);
    let killed = place.alpsckpt_with("before", &["submit", "lost.ron", "--cluster", "oar"]).output().unwrap();
    assert!(!killed.status.success(), "it was not killed");
    let chain = place.status("lost");
    assert_eq!(chain["state"], "SubmissionUnknown", "{chain}");
    place.ask(&["resubmit", "m06", "--campaign", "lost"]).failed(75, &["still being looked up"]);
    let chain = place.reaches("lost", "Failed");
    assert_eq!(chain["failure"]["class"], "submission lost", "{chain}");
    assert_eq!(place.jobs_of("lost"), []);
    place.ask(&["resubmit", "m06", "--campaign", "lost"]).good();
    completes(&place.chain("lost", "m06"));
    is_complete(&place.reaches("lost", "Complete"));
    assert_eq!(place.jobs_of("lost").len(), 1);
    place.has_maps_of_a_local_run(&place.here("lost"), &[]);
}

/// `oarsub` takes the job and does not come back.
pub(crate) fn late(place: &Place) {
    place.command("late", "oarsub", "/usr/bin/oarsub \"$@\" >/dev/null; sleep 765.4321");
    place.campaign("out", &[SAFE]);
    let answer = Answer::of(place.alpsckpt_with("late", &SUBMIT).output().unwrap());
    answer.failed(69, &["no answer within 60 s", "oarsub -n"]);
    // It and what it started are gone: nothing can submit the job a second time.
    let left = place.cluster.admin(&["pgrep", "-f", "sleep 765.4321|late/oarsub"]);
    assert_eq!((left.code, left.stdout.as_str()), (Some(1), ""), "{left}");
    let again = place.ask(&SUBMIT);
    assert!(again.good().stdout.contains("left as it is"), "{again}");
    completes(&place.chain("out", "m06"));
    let chain = place.reaches("out", "Complete");
    assert_eq!(chain["attempts"], 1, "{chain}");
    assert_eq!(place.jobs().len(), 1);
}

/// What the site's rules or OAR itself do not take.
pub(crate) fn refused(place: &Place) {
    for (output, site, words) in [
        ("none", "site: None,", "No project: name yours with --project."),
        (
            "strange",
            "site: Some(\"project=weather\"),",
            "Unknown project \"weather\": you are not a member of it.",
        ),
        ("absurd", "site: Some(\"project=test;properties=no_such_property = 'x'\"),", "no_such_property"),
        ("nowhere", "site: Some(\"project=test;queue=nosuch\"),", "nosuch"),
        ("crowd", "site: Some(\"project=test;resources=/core=99\"),", "resources"),
    ] {
        place.campaign(output, &[site]);
        let submit = ["submit", &format!("{output}.ron"), "--cluster", "oar"];
        place.ask(&submit).failed(69, &["refused by the batch system", words]);
        let chain = place.status(output);
        assert_eq!(
            (&chain["state"], &chain["failure"]["class"]),
            (&"Failed".into(), &"refused".into()),
            "{chain}"
        );
        assert!(chain["failure"]["cause"].as_str().unwrap().contains(words), "{chain}");
    }
    place.campaign("long", &[SAFE, "walltime: \"49:00:00\","]);
    place.ask(&["submit", "long.ron", "--cluster", "oar"]).failed(69, &["at most 48:00:00 is allowed"]);
    assert_eq!(place.jobs(), [], "a refused job exists");

    // Corrected in the file, the same campaign goes on.
    place.campaign("none", &[SAFE]);
    place.ask(&["submit", "none.ron", "--cluster", "oar"]).good();
    completes(&place.chain("none", "m06"));
    is_complete(&place.reaches("none", "Complete"));
    assert_eq!(place.jobs().len(), 1);
}
