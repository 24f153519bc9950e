//! The tables of exit codes, walked: each code that the pages name is met by doing what it stands for.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use alpsckpt::campaign::controller::Controller;
use alpsckpt::campaign::spec;
use alpsckpt::checkpoint::ExitClass;
use alpsckpt::clusters::ClusterChoice;

use crate::fencing::{batch, begin};
use crate::scene::{Answer, Scene, sky};
use crate::support;
use crate::toy::{Site, Toy, options};

/// The rows of a page's table of codes: the code and the cell after it.
fn table(page: &str) -> Vec<(i32, String)> {
    let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs").join(page)).unwrap();
    let row = |line: &str| {
        let mut cells = line.strip_prefix('|')?.split('|').map(str::trim);
        Some((cells.next()?.parse().ok()?, cells.next()?.to_owned()))
    };
    text.lines().filter_map(row).collect()
}

/// What a page promises for a code, done; `None` where it cannot be done here.
fn meet(code: i32, test: &str) -> Option<i32> {
    let scene = Scene::new(32);
    scene.campaign("my.ron", "out", &sky(&[]));
    let failed = |answer: Answer, words: &[&str]| {
        answer.failed(code, words);
        assert!(answer.stderr.contains("\n  → "), "no cure: {answer}");
        answer.code
    };
    match code {
        0 => scene.ask(&["run", "my.ron"]).good().code,
        2 => {
            let answer = scene.ask(&["run", "my.ron", "--months", "3"]);
            failed(answer, &["month 3"])
        }
        65 => {
            fs::remove_file(scene.path("dem.tif")).unwrap();
            failed(scene.ask(&["run", "my.ron"]), &["dem.tif"])
        }
        66 => {
            failed(scene.ask(&["check", "nowhere.ron"]), &["nowhere.ron"]);
            failed(scene.ask(&["status", "my.ron"]), &["no campaign here yet"]);
            scene.ask(&["run", "my.ron"]).good();
            failed(scene.ask(&["log", "m01", "--link", "9", "--campaign", "my.ron"]), &["link 9"])
        }
        69 => {
            let submit = scene.alpsckpt(&["submit", "my.ron", "--cluster", "oar"]).env("PATH", "").output();
            failed(Answer::of(submit.unwrap()), &["oarsta"])
        }
        70 => {
            let site = Site::new();
            let outcome = site.run(&Toy::with(|_, _| panic!("a defect")), &options());
            assert!(outcome.message.contains("a defect"), "{}", outcome.message);
            Some(outcome.class.code().into())
        }
        73 => {
            let out = scene.path("out");
            fs::create_dir(&out).unwrap();
            let mut mount = Command::new("mount");
            mount.args(["-t", "tmpfs", "-o", "size=64k", "tmpfs"]).arg(&out);
            if !mount.status().is_ok_and(|status| status.success()) {
                support::skip(test, "no tmpfs can be mounted (root is needed)");
                return None;
            }
            let answer = scene.ask(&["run", "my.ron"]);
            assert!(Command::new("umount").arg("-l").arg(&out).status().unwrap().success());
            failed(answer, &[])
        }
        74 => {
            failed(scene.ask(&["new", "nowhere/my.ron"]), &["nowhere"]);
            failed(scene.ask(&["new", "my.ron"]), &["exists already"]);
            fs::write(scene.path("out"), "a file").unwrap();
            failed(scene.ask(&["run", "my.ron"]), &["this is a file"])
        }
        75 => {
            scene.cluster(60.0);
            scene.ask(&["submit", "my.ron", "--cluster-dir", "cluster"]).good();
            // It has a job, or is complete by now.
            failed(scene.ask(&["resubmit", "m01", "--campaign", "my.ron"]), &["m01: it "]);
            let site = Site::new();
            let chain = site.chain();
            let overtaken = Toy::with(move |tile, _| {
                if tile == 2 {
                    begin(&chain);
                }
            });
            let outcome = site.run(&overtaken, &options());
            assert!(outcome.message.contains("began meanwhile"), "{}", outcome.message);
            Some(outcome.class.code().into())
        }
        76 => {
            scene.ask(&["run", "my.ron"]).good();
            scene.campaign("my.ron", "out", &sky(&["year: 2019,"]));
            failed(scene.ask(&["run", "my.ron"]), &["`year`"]);
            failed(scene.ask(&["submit", "my.ron"]), &["`year`"])
        }
        78 => {
            scene.cluster(60.0);
            scene.campaign("my.ron", "out", &["products: [Total],", "setup: [\"false\"],"]);
            scene.ask(&["submit", "my.ron", "--months", "6", "--cluster-dir", "cluster"]).good();
            // January's script, by hand.
            let script = scene.path("out/.alpsckpt/chains/m01/job.sh");
            Command::new("bash").arg(script).output().unwrap().status.code()
        }
        97..=99 => Some(meet_by_a_link(code, &scene)),
        other => panic!("nobody knows how to meet exit code {other}"),
    }
}

/// How a link ends that is to be followed by another, or by none.
fn meet_by_a_link(code: i32, scene: &Scene) -> i32 {
    match code {
        97 => {
            let site = Site::new();
            let ends = [2, 0, 0].map(|tiles| site.run_for(tiles, &batch("1")).class.code());
            i32::from(ends[2])
        }
        98 => {
            let mut options = batch("1");
            options.spec.max_links = 1;
            Site::new().run_for(1, &options).class.code().into()
        }
        _ => {
            let loaded = spec::load(&scene.path("my.ron")).unwrap();
            let cluster = ClusterChoice::embedded(&scene.path("cluster"));
            let hash = Controller::create(&loaded, &cluster).unwrap().spec_hash().to_owned();
            let out = scene.path("out");
            let job = ["job", "run", "--output", out.to_str().unwrap(), "--chain", "m01", "--spec", &hash];
            // Its walltime is over at once.
            let mut job = scene.alpsckpt(&job);
            job.env("OAR_JOB_ID", "7")
                .env("OAR_JOB_WALLTIME_SECONDS", "1")
                .env("ALPSCKPT_TIME_SCALE", "1000000000");
            let answer = Answer::of(job.output().unwrap());
            assert!(answer.stderr.contains("the walltime is near"), "{answer}");
            answer.code.unwrap()
        }
    }
}

#[test]
fn every_code_that_the_pages_name_is_met_by_what_they_say_of_it() {
    const TEST: &str = "every_code_that_the_pages_name_is_met_by_what_they_say_of_it";
    let (of_jobs, of_commands) = (table("exit-codes.md"), table("commands.md"));
    let numbers = |table: &[(i32, String)]| table.iter().map(|row| row.0).collect::<BTreeSet<i32>>();
    let classes: Vec<ExitClass> = (0..=u8::MAX).filter_map(ExitClass::of_code).collect();
    for class in &classes {
        let row = of_jobs.iter().find(|row| row.0 == i32::from(class.code()));
        assert_eq!(row.map(|row| row.1.as_str()), Some(format!("`{class:?}`").as_str()));
    }
    assert_eq!(of_jobs.len(), classes.len(), "a row of docs/exit-codes.md is no class's");
    assert!(numbers(&of_commands).is_superset(&numbers(&of_jobs)));
    let codes: Vec<i32> = numbers(&of_commands).into_iter().collect();
    // They only wait for each other's disk.
    std::thread::scope(|scope| {
        let met: Vec<_> = codes.iter().map(|code| (code, scope.spawn(move || meet(*code, TEST)))).collect();
        for (code, met) in met {
            match met.join() {
                Ok(Some(found)) => assert_eq!(found, *code),
                Ok(None) => {}
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
    });
}
