//! What a site is found to be before a campaign, and what reaches a job from the campaign's file.

use serde_json::Value;

use crate::place::{Place, SAFE, completes, is_complete};
use crate::scene::names_in;

/// A folder as people name it, and worse.
const ODD: &str = "Parc des Écrins (2018) & *;#~%jobid%[a]!";

pub(crate) fn doctor(place: &Place) {
    let setup = r#"setup: ["SAID='l\"été $HOME $(id) ;'", "echo \"set up: $SAID in $HOME\""],"#;
    place.campaign(ODD, &[SAFE, setup]);
    let file = format!("{ODD}.ron");
    let before = names_in(&place.here(""), &["state"]);
    // Others wait for the same cores.
    let doctor = ["doctor", &file, "--cluster", "oar", "--wait", "800"];
    let answer = place.ask(&[&doctor[..], &["--json"]].concat());
    let found: Value = serde_json::from_str(&answer.good().stdout).unwrap();
    let findings = found["findings"].as_array().unwrap();
    assert!(findings.iter().all(|finding| finding["good"] == true || finding["needed"] == false), "{answer}");
    let told = |what: &str, words: &str| {
        let text = |finding: &Value, key: &str| finding[key].as_str().unwrap().to_owned();
        let tells = |f: &Value| text(f, "what").starts_with(what) && text(f, "found").contains(words);
        assert!(findings.iter().any(tells), "{what} … {words} is not told: {answer}");
    };
    told("the batch system", place.cluster.version);
    told("its nodes", "of 3 alive");
    told("a job for the project", "accepted as job");
    told("the folder is shared with node", "");
    told("the clock of node", "apart");
    told("checkpoints of other programs by CRIU, on node", "was dumped in");
    assert_eq!(names_in(&place.here(""), &["state"]), before, "something of the job stays");

    place.campaign("unknown", &["site: Some(\"project=weather\"),"]);
    let answer = place.ask(&["doctor", "unknown.ron", "--cluster", "oar"]);
    answer.failed(69, &["not fit"]);
    assert!(answer.stdout.contains("Unknown project \"weather\""), "{answer}");

    place.ask(&["submit", &file, "--cluster", "oar"]).good();
    let chain = place.chain(ODD, "m06");
    completes(&chain);
    is_complete(&place.reaches(ODD, "Complete"));
    // The doctor's, and the campaign's.
    let jobs = place.jobs();
    assert_eq!(jobs.len(), 2, "{jobs:?}");
    let job = &jobs[1];
    let said = std::fs::read_to_string(chain.logs().join(format!("{}.out", job.id))).unwrap();
    assert!(said.contains("set up: l\"été $HOME $(id) ; in /home/alice\n"), "{said}");
    assert!(chain.logs().join(format!("{}.err", job.id)).exists());
    place.has_maps_of_a_local_run(&place.here(ODD), &[]);
    refuses_quotes(place);
}

/// What OAR's own scripts would execute is refused before it is submitted.
fn refuses_quotes(place: &Place) {
    place.campaign("$(id)", &[SAFE]);
    let answer = place.ask(&["submit", "$(id).ron", "--cluster", "oar"]);
    answer.failed(69, &["$(id)", "OAR takes no folder with ' "]);
    assert_eq!(place.jobs().len(), 2);
}
