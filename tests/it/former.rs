//! The first form's last build, run on a campaign of today: it refuses, says why, and touches nothing.
//!
//! It is built once per checkout and commit, from the repository's own history, into `target/former`.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use alpsckpt::campaign::identity::Identity;
use alpsckpt::checkpoint::form::FORM;
use alpsckpt::checkpoint::{CampaignDir, Chain, ChainDir, ChainId, LinkNumber, LinkResume, LinkStart, fence};
use alpsckpt::durable::sealed;
use alpsckpt::engine::NUMERICS;

use crate::forms::Kept;
use crate::scene::{PROGRAM, Scene, apart, assert_same_maps, wait_for};
use crate::support::{contents, skip};

#[path = "../../benches/against_former/source.rs"]
mod source;

/// The former program; `None` when it cannot be had here (see [`skip`]).
fn former(test: &str) -> Option<PathBuf> {
    // Of test runs beside each other one builds.
    let target = target_folder()?.join("former");
    fs::create_dir_all(&target).unwrap();
    let lock = File::create(target.join("lock")).unwrap();
    lock.lock().unwrap();
    let (from, program) = (target.join("source"), target.join("debug/alpsckpt"));
    if source::is_made(&target) && program.exists() {
        return Some(program);
    }
    if let Err(why) = source::unpack(&from) {
        skip(test, &why);
        return None;
    }
    borrow_dependencies(&target);
    let build = || {
        source::cargo_build(&from, &target)
            .arg("--offline")
            .env("CARGO_PROFILE_DEV_OPT_LEVEL", "0")
            .env("CARGO_PROFILE_DEV_DEBUG", "0")
            .env("CARGO_INCREMENTAL", "0")
            .output()
            .unwrap()
    };
    let lacks_a_crate = |built: &Output| {
        !built.status.success() && String::from_utf8_lossy(&built.stderr).contains("--offline")
    };
    let mut built = build();
    if lacks_a_crate(&built) {
        // Crates that this build does not use any more.
        let _ = source::cargo_fetch(&from).output();
        built = build();
    }
    if lacks_a_crate(&built) {
        skip(test, "a crate of the former build cannot be downloaded here: run `cargo fetch` at its commit");
        return None;
    }
    let said = String::from_utf8_lossy(&built.stderr);
    assert!(built.status.success(), "{} could not be built: {said}", source::COMMIT);
    source::note_made(&target).unwrap();
    Some(program)
}

/// The folder of this build's outputs: the program under test lies in `<folder>/debug`.
fn target_folder() -> Option<PathBuf> {
    Path::new(PROGRAM).parent()?.parent().map(Path::to_path_buf)
}

/// Links the crates that this build has compiled already, so that only the program itself is built.
fn borrow_dependencies(target: &Path) {
    let ours = Path::new(PROGRAM).parent().unwrap();
    let theirs = target.join("debug");
    if theirs.exists() {
        return;
    }
    let not_ours = |name: &str| {
        let own = ["alpsckpt", "libalpsckpt", "it-", "oar-"].iter().any(|own| name.starts_with(own));
        !own
    };
    for folder in ["deps", "build", ".fingerprint"] {
        // Files with the times of the originals, by which cargo knows them: outputs by hard links, its own notes by copies.
        let how = if folder == ".fingerprint" { "-a" } else { "-al" };
        fs::create_dir_all(theirs.join(folder)).unwrap();
        let Ok(entries) = fs::read_dir(ours.join(folder)) else { continue };
        let entries: Vec<PathBuf> = entries
            .map(|entry| entry.unwrap())
            .filter(|entry| not_ours(&entry.file_name().to_string_lossy()))
            .map(|entry| entry.path())
            .collect();
        for some in entries.chunks(200) {
            let copied = Command::new("cp").arg(how).args(some).arg(theirs.join(folder)).status().unwrap();
            assert!(copied.success());
        }
    }
}

#[test]
fn the_former_build_refuses_a_campaign_of_today_and_touches_nothing() {
    let Some(program) = former("the_former_build_refuses_a_campaign_of_today_and_touches_nothing") else {
        return;
    };
    let kept = Kept::of(1);
    // What it made itself it follows, until this program writes to it.
    let before = kept.command(&program, &["verify", "out"]);
    assert!(before.status.code() == Some(65), "June is not complete: {before:?}");
    assert!(String::from_utf8_lossy(&before.stdout).contains("m06 is not complete"), "{before:?}");
    drop(kept.acted_on());
    assert_eq!(Identity::read(&kept.campaign()).unwrap().form, FORM);
    let before = contents(&kept.output());
    for arguments in [
        &["status", "my.ron"][..],
        &["status", "out", "--json"],
        &["submit", "my.ron"],
        &["run", "my.ron"],
        &["stop", "m06", "--campaign", "my.ron"],
        &["resubmit", "m06", "--campaign", "out"],
        &["verify", "out"],
    ] {
        let output = kept.command(&program, arguments);
        let text = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success(), "{arguments:?}: {output:?}");
        assert!(
            text.contains("campaign.ron") && text.contains("a form this version does not know"),
            "{text}"
        );
        assert_eq!(contents(&kept.output()), before, "{arguments:?} changed the folder");
    }
}

/// A chain that the former build began and this one goes on with gives the maps of one whole run.
#[test]
fn a_chain_that_the_former_build_began_becomes_the_maps_of_one_engine() {
    let Some(program) = former("a_chain_that_the_former_build_began_becomes_the_maps_of_one_engine") else {
        return;
    };
    let scene = Scene::new(64);
    let lines = ["months: [6],", "products: [SkyView, Direct],", "storage: Float32,"];
    for (file, output) in [("begun.ron", "begun"), ("ours.ron", "ours")] {
        scene.campaign(file, output, &lines);
    }
    let mut theirs = Command::new(&program);
    apart(&mut theirs, &scene.path("")).args(["run", "begun.ron"]);
    let mut run = theirs.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let index = scene.path("begun/.alpsckpt/chains/m06/parts/0001.index");
    wait_for("a tile of the former build", || fs::metadata(&index).ok().filter(|facts| facts.len() > 8));
    let pid = nix::unistd::Pid::from_raw(i32::try_from(run.id()).unwrap());
    nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGINT).unwrap();
    assert_eq!(run.wait().unwrap().code(), Some(99), "it is stopped in its midst");
    scene.ask(&["run", "ours.ron"]).good();
    scene.ask(&["run", "begun.ron"]).good();

    // The engine's number was raised since: nothing of the former one's is in the maps, and it is said.
    let chain = CampaignDir::new(&scene.path("begun")).chain(&ChainId::of_months(&[6]));
    let resume: LinkResume = sealed::read(&chain.link_resume(LinkNumber(2))).unwrap();
    assert_eq!(resume.tiles, 0);
    let why = &resume.rejected[0].why;
    assert!(why.contains(&format!("engine 1, this program has engine {NUMERICS}")), "{why}");
    assert_same_maps(&scene.maps("begun"), &scene.maps("ours"));
}

/// The state of a chain, as this program's `status` tells it.
fn state(scene: &Scene, output: &str, chain: &str) -> String {
    let status = scene.status(output);
    let chains = status["chains"].as_array().unwrap();
    chains.iter().find(|row| row["id"] == chain).unwrap()["state"].as_str().unwrap().to_owned()
}

/// The version of the program that the newest link of a chain is of, when there is a link of at least this number.
fn program_of(chain: &ChainDir, link: u32) -> Option<String> {
    let newest = fence::newest(chain).unwrap().filter(|newest| newest.0 >= link)?;
    Some(sealed::read::<LinkStart>(&chain.link_start(newest)).ok()?.program)
}

/// Begun by the former build on its own embedded cluster, with jobs running: this one follows, steers and finishes it. Its jobs
/// go on as the program that they are.
#[test]
fn a_campaign_that_lives_on_the_former_builds_cluster_is_followed_steered_and_finished() {
    let name = "a_campaign_that_lives_on_the_former_builds_cluster_is_followed_steered_and_finished";
    let Some(program) = former(name) else { return };
    let scene = Scene::new(48);
    scene.cluster(60.0);
    // Slow enough that none ends before it was steered.
    let lines =
        ["months: [1, 6],", "products: [Direct],", "storage: Float32,", "checkpoint_every: \"00:00:01\","];
    let paced = [&lines[..], &["pace: Some(\"6 tiles/min\"),"]].concat();
    scene.campaign("my.ron", "out", &paced);
    let mut theirs = Command::new(&program);
    apart(&mut theirs, &scene.path("")).args(["submit", "my.ron", "--cluster-dir", "cluster"]);
    let submitted = theirs.output().unwrap();
    assert!(submitted.status.success(), "{submitted:?}");
    let campaign = CampaignDir::new(&scene.path("out"));
    let [january, june] = [1, 6].map(|month| campaign.chain(&ChainId::of_months(&[month])));
    for chain in [&january, &june] {
        wait_for("a generation of the former build", || fence::generations(chain).unwrap().pop());
        assert_eq!(program_of(chain, 1).as_deref(), Some("0.1.0"));
    }
    let former_copies = fs::read_dir(campaign.state().join("bin")).unwrap().count();

    // Followed by who looks, who changes nothing; then steered, and brought to the present form.
    assert_eq!(["m01", "m06"].map(|chain| state(&scene, "out", chain)), ["Running", "Running"]);
    assert_eq!(Identity::read(&campaign).unwrap().form, 1);
    assert!(!january.record().exists());
    scene.ask(&["checkpoint", "m06", "--campaign", "out"]).good();
    assert_eq!(Identity::read(&campaign).unwrap().form, FORM);
    for (chain, month) in [(&january, 1), (&june, 6)] {
        let id = ChainId::of_months(&[month]);
        assert_eq!(Chain::read(chain, &id).unwrap().months, [month]);
    }
    // The batch system's own resubmission: the former program goes on, seals, and is still followed.
    let next = wait_for("the next link of the former build", || program_of(&june, 2));
    assert_eq!(next, "0.1.0");
    let sealed = fence::generations(&june).unwrap().pop();
    wait_for("a generation of that link", || {
        fence::generations(&june).unwrap().pop().filter(|g| Some(*g) > sealed)
    });
    wait_for("it is seen to run", || (state(&scene, "out", "m06") == "Running").then_some(()));

    let stop = |chain: &str| {
        scene.ask(&["stop", chain, "--campaign", "out"]).good();
        wait_for("its stop", || (state(&scene, "out", chain) == "Stopped").then_some(()));
    };
    // What the former engine computed goes on as the former program, from what it sealed: also when the file was edited
    // meanwhile, which that program knows nothing of.
    stop("m06");
    let sealed = fence::generations(&june).unwrap().pop();
    scene.campaign("my.ron", "out", &[&paced[..], &["max_links: 77,"]].concat());
    let again = scene.ask(&["resubmit", "m06", "--campaign", "my.ron"]);
    assert!(again.good().stderr.contains("`max_links`"), "{again}");
    assert!(again.stdout.contains("it goes on with the program that it began with"), "{again}");
    assert_eq!(wait_for("its link", || program_of(&june, 3)), "0.1.0");
    let resume = wait_for("its resume", || sealed::read::<LinkResume>(&june.link_resume(LinkNumber(3))).ok());
    assert!(resume.tiles > 0 && resume.rejected.is_empty(), "{resume:?}");
    wait_for("a generation of that link", || {
        fence::generations(&june).unwrap().pop().filter(|g| Some(*g) > sealed)
    });

    // Begun anew, by an edited file, it is computed by this program.
    scene.campaign("my.ron", "out", &lines);
    for chain in ["m01", "m06"] {
        stop(chain);
        scene.ask(&["resubmit", chain, "--anew", "--campaign", "my.ron"]).good();
    }
    for chain in ["m01", "m06"] {
        wait_for("its end", || (state(&scene, "out", chain) == "Complete").then_some(()));
    }
    assert_eq!(program_of(&june, 4).as_deref(), Some(env!("CARGO_PKG_VERSION")));
    assert_eq!(fs::read_dir(campaign.state().join("bin")).unwrap().count(), former_copies + 1);
    scene.ask(&["verify", "out"]).good();
    scene.campaign("ours.ron", "ours", &lines);
    scene.ask(&["run", "ours.ron"]).good();
    assert_same_maps(&scene.maps("out"), &scene.maps("ours"));
}
