//! OAR's server or database stops for a minute while the screen is open and a submission is tried.

use std::time::Duration;

use crate::place::{Place, SAFE, begins, completes, is_complete};
use crate::terminal::Terminal;

/// Two chains of which one runs over the outage, the other is submitted in it. The signal comes after the outage, and the
/// walltime long after the signal.
const CAMPAIGN: [&str; 5] = [
    "months: [1, 6],",
    "walltime: \"00:04:00\",",
    "margin: \"00:02:30\",",
    "pace: Some(\"9 tiles/min\"),",
    SAFE,
];
const OUTAGE: Duration = Duration::from_mins(1);

/// January runs; the screen is open on June, which is not submitted.
fn under_the_screen(place: &Place) -> Terminal {
    place.campaign("out", &CAMPAIGN);
    place.ask(&["submit", "out.ron", "--cluster", "oar", "--months", "1"]).good();
    let screen = place.screen(100, 30);
    begins(&place.chain("out", "m01"), 1);
    screen.wait("January", |text| text.contains("running"));
    screen.keys(&["j"]);
    screen
}

fn submit_june(screen: &Terminal) {
    screen.keys(&["s"]);
    screen.says("Submit June?");
    screen.keys(&["y"]);
}

/// Both chains complete, each with one submission that OAR knows.
fn all_is_well(place: &Place, screen: &Terminal, attempts_of_june: u64) {
    for id in ["m01", "m06"] {
        completes(&place.chain("out", id));
    }
    screen.wait("the end", |text| text.matches("complete").count() >= 2);
    screen.keys(&["q"]);
    let answer = place.ask(&["status", "--json", "out"]);
    let status: serde_json::Value = serde_json::from_str(&answer.good().stdout).unwrap();
    for (chain, attempts) in status["chains"].as_array().unwrap().iter().zip([1, attempts_of_june]) {
        is_complete(chain);
        assert_eq!(chain["attempts"], attempts, "{chain}");
        let links = chain["links"].as_array().unwrap().len();
        let id = format!(".{}.", chain["id"].as_str().unwrap());
        let jobs: Vec<_> = place.jobs().into_iter().filter(|job| job.name.contains(&id)).collect();
        assert_eq!(jobs.len(), links, "{jobs:?}");
        assert!(jobs.iter().all(|job| job.array == jobs[0].array), "two submissions: {jobs:?}");
    }
    place.has_maps_of_a_local_run(&place.here("out"), &["months: [1, 6],"]);
}

/// Without its server OAR takes a job, says that it is killed, and runs it later all the same.
pub(crate) fn server(place: &Place) {
    let screen = under_the_screen(place);
    place.cluster.switch("server", &["stop"]);
    submit_june(&screen);
    let text = screen.says("will run when the server is back");
    assert!(text.contains("running"), "January is not shown any more:\n{text}");
    std::thread::sleep(OUTAGE);
    assert_eq!(place.jobs().iter().filter(|job| job.name.contains(".m06.")).count(), 1);
    place.cluster.switch("server", &["start"]);
    all_is_well(place, &screen, 1);
}

/// Without its database `oarsub` tries again without end: it is killed, and what became of it is looked up later.
pub(crate) fn database(place: &Place) {
    let screen = under_the_screen(place);
    place.cluster.switch("database", &["stop"]);
    submit_june(&screen);
    screen.says("no answer within 60 s");
    // It runs as the user oar, whom alice may not kill.
    let oarsub = place.cluster.admin(&["pgrep", "-f", "oarsub -n"]);
    assert_eq!(oarsub.stdout, "", "oarsub still tries to submit");
    screen.says("unconfirmed");
    place.cluster.switch("database", &["start"]);
    // Sure of its absence only after a while, the chain waits for a person.
    screen.says("June failed");
    screen.keys(&["r"]);
    screen.says("Resubmit June");
    screen.keys(&["y"]);
    all_is_well(place, &screen, 2);
}
