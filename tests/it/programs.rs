//! Campaigns of programs that cannot save themselves, dumped and restored by a real CRIU without privileges: what they make is
//! what they make uninterrupted, and whatever is wrong is told.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::scene::{Answer, PROGRAM, Scene};
use crate::support;

/// A folder with campaigns of commands, and a CRIU.
struct Programs {
    scene: Scene,
    kit: PathBuf,
}

impl Programs {
    /// `None`: there is no CRIU, and the test is skipped.
    fn new(test: &str) -> Option<Self> {
        let kit = support::kit_of_tests(test)?;
        Some(Self { scene: Scene::new(8), kit })
    }

    /// Writes a campaign whose program makes these files, with these fields beside; its output folder has the file's name.
    fn campaign(&self, name: &str, run: &str, outputs: &[&str], fields: &str) -> String {
        let text = format!(
            "(version: 1, name: \"{name}\", output: \"{name}\", months: [6], threads: 1, walltime: \"00:10:00\", margin: \"00:02:00\",
              workload: Command(run: {run}, outputs: {outputs:?}, {fields}))"
        );
        let file = format!("{name}.ron");
        fs::write(self.scene.path(&file), text).unwrap();
        file
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.scene.alpsckpt(arguments);
        command.env("ALPSCKPT_CRIU", &self.kit);
        command
    }

    fn run(&self, file: &str) -> Answer {
        Answer::of(self.command(&["run", file]).output().unwrap())
    }

    /// Begins a run that is to be interrupted.
    fn begin(&self, file: &str) -> Child {
        self.command(&["run", file]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
    }

    /// Runs until the program has got so far, and has it checkpointed.
    fn cut(&self, file: &str, at: impl Fn() -> bool) {
        // Before its link is at work a signal would just end it.
        let works = || {
            let log = self.log(file);
            log.matches("Resumes generation").count() + log.matches("Begins anew").count()
        };
        let before = works();
        let mut run = self.begin(file);
        wait_for(
            || format!("the program to get on: {}", self.log(file)),
            || (works() > before && at()) || run.try_wait().unwrap().is_some(),
        );
        let _ = kill(Pid::from_raw(run.id() as i32), Signal::SIGTERM);
        assert_eq!(run.wait().unwrap().code(), Some(99), "{}", self.log(file));
    }

    fn chain(&self, file: &str) -> PathBuf {
        self.scene.path(file.trim_end_matches(".ron")).join(".alpsckpt/chains/m06")
    }

    /// The logs of all links.
    fn log(&self, file: &str) -> String {
        let logs =
            fs::read_dir(self.chain(file).join("logs")).into_iter().flatten().flatten().map(|e| e.path());
        let mut logs: Vec<PathBuf> =
            logs.filter(|path| path.extension().is_some_and(|e| e == "log")).collect();
        logs.sort();
        logs.iter().map(|path| fs::read_to_string(path).unwrap()).collect()
    }

    fn result(&self, file: &str, name: &str) -> Vec<u8> {
        let path = self.scene.path(file.trim_end_matches(".ron")).join("results").join(name);
        fs::read(&path).unwrap_or_else(|e| panic!("{}: {e}\n{}", path.display(), self.log(file)))
    }

    /// How much the program has said on its standard output, over all its starts.
    fn said(&self, file: &str) -> u64 {
        let logs = fs::read_dir(self.chain(file).join("logs")).into_iter().flatten().flatten();
        let outs = logs.filter(|e| e.file_name().to_string_lossy().ends_with(".program.out"));
        outs.map(|e| e.metadata().map_or(0, |facts| facts.len())).sum()
    }

    /// Generations on disk.
    fn generations(&self, file: &str) -> Vec<PathBuf> {
        let folder = self.chain(file).join("generations");
        let mut found: Vec<PathBuf> =
            fs::read_dir(folder).into_iter().flatten().flatten().map(|e| e.path()).collect();
        found.sort();
        found
    }
}

fn wait_for(what: impl Fn() -> String, mut ready: impl FnMut() -> bool) {
    let until = Instant::now() + Duration::from_mins(2);
    while !ready() {
        assert!(Instant::now() < until, "no {}", what());
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Says so many numbers, slowly, then writes their sum: what it has in memory is what counts.
fn counter(numbers: u32, pause: &str) -> String {
    format!(
        "Shell(\"s=0; exec 3>>{{work}}/kept; for i in $(seq 1 {numbers}); do s=$((s+i)); echo $i; echo $i >&3; sleep {pause}; done; echo $s > {{output}}/sum.txt; cp {{work}}/kept {{output}}/kept.txt\")"
    )
}

fn numbers_to(last: u32) -> String {
    (1..=last).map(|n| n.to_string() + "\n").collect::<Vec<_>>().concat()
}

#[test]
fn a_program_goes_on_where_it_was_whenever_it_is_cut() {
    let Some(programs) = Programs::new("a_program_goes_on_where_it_was_whenever_it_is_cut") else { return };
    let file = programs.campaign(
        "count",
        &counter(60, "0.05"),
        &["sum.txt", "kept.txt"],
        "progress: Lines(\"{stdout}\", 60)",
    );
    for cut in 1..=3 {
        let said = cut * 12 * 2;
        programs.cut(&file, || programs.said(&file) >= said);
    }
    programs.run(&file).good();
    assert_eq!(programs.result(&file, "sum.txt"), b"1830\n");
    assert_eq!(String::from_utf8(programs.result(&file, "kept.txt")).unwrap(), numbers_to(60));
    let log = programs.log(&file);
    assert_eq!(log.matches("Resumes generation").count(), 3, "{log}");
    assert!(log.contains("Begins anew: bash -c"), "{log}");
    // Nothing of it is kept once it is complete; a second run verifies and runs nothing.
    assert!(!programs.chain(&file).join("images").exists());
    assert!(programs.run(&file).good().stdout.contains("sum.txt"), "{}", programs.log(&file));
    programs.scene.ask(&["verify", &file]).good();
    let status = programs.scene.status("count");
    assert_eq!(status["chains"][0]["state"], "Complete");
    // A lost result is told, and made again from the beginning.
    fs::write(programs.scene.path("count/results/sum.txt"), "1831\n").unwrap();
    programs.scene.ask(&["verify", &file]).failed(65, &[]);
    programs.run(&file).failed(65, &["sum.txt"]);
}

#[test]
fn an_end_of_the_program_is_the_end_of_its_job() {
    let Some(programs) = Programs::new("an_end_of_the_program_is_the_end_of_its_job") else { return };
    for (name, run, code, words) in [
        (
            "five",
            "Shell(\"echo bad input >&2; (exit 5) | cat; exit ${{PIPESTATUS[0]}}\")",
            5,
            "exit status 5, having said last: bad input",
        ),
        ("resub", "Shell(\"exit 99\")", 71, "exit status 99"),
        ("killed", "Shell(\"kill -SEGV $$\")", 139, "signal 11"),
        ("nothing", "Program([\"true\"])", 65, "made.txt: it did not make it"),
        ("empty", "Shell(\": > {output}/made.txt\")", 65, "made.txt: empty"),
        ("absent", "Program([\"no-such-program\"])", 127, "no-such-program"),
    ] {
        let file = programs.campaign(name, run, &["made.txt"], "");
        programs.run(&file).failed(code, &[words]);
        assert!(!programs.scene.path(name).join("results/made.txt").exists());
        if name == "five" {
            let log = programs.scene.ask(&["log", "m06", "--program", "--campaign", "five"]);
            assert_eq!(log.good().stdout, "bad input\n", "{log}");
        }
    }
    // One that ends well before any checkpoint.
    let file = programs.campaign("quick", "Shell(\"echo done > {output}/made.txt\")", &["made.txt"], "");
    programs.run(&file).good();
    assert_eq!(programs.result(&file, "made.txt"), b"done\n");
}

#[test]
fn a_program_that_ignores_everything_is_dumped_all_the_same() {
    let Some(programs) = Programs::new("a_program_that_ignores_everything_is_dumped_all_the_same") else {
        return;
    };
    let run = "Shell(\"trap '' TERM INT HUP USR1 USR2 QUIT; for i in $(seq 1 20); do echo $i; sleep 0.1; done; echo end > {output}/made.txt\")";
    let file = programs.campaign("deaf", run, &["made.txt"], "");
    programs.cut(&file, || programs.said(&file) >= 8);
    programs.run(&file).good();
    assert_eq!(programs.result(&file, "made.txt"), b"end\n");
}

#[test]
fn a_damaged_image_is_passed_over_for_the_one_before() {
    let Some(programs) = Programs::new("a_damaged_image_is_passed_over_for_the_one_before") else { return };
    let file = programs.campaign("count", &counter(50, "0.05"), &["sum.txt", "kept.txt"], "");
    programs.cut(&file, || programs.said(&file) >= 20);
    programs.cut(&file, || programs.said(&file) >= 60);
    let images = programs.chain(&file).join("images");
    assert_eq!(
        fs::read_dir(&images).unwrap().count(),
        2,
        "the older one stays until the newer was gone on from"
    );
    let pages = images.join("0002-1/files/pages-1.img");
    let mut bytes = fs::read(&pages).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&pages, bytes).unwrap();
    programs.run(&file).good();
    let log = programs.log(&file);
    assert!(
        log.contains("Generation 000002 rejected") && log.contains("pages-1.img: not what was written"),
        "{log}"
    );
    assert!(log.contains("Resumes generation 000001"), "{log}");
    // What it had written after the older one is cut off, and written again.
    assert_eq!(programs.result(&file, "sum.txt"), b"1275\n");
    assert_eq!(String::from_utf8(programs.result(&file, "kept.txt")).unwrap(), numbers_to(50), "{log}");
}

#[test]
fn an_image_that_somebody_else_wrote_is_not_restored() {
    let test = "an_image_that_somebody_else_wrote_is_not_restored";
    let Some(programs) = Programs::new(test) else { return };
    if !nix::unistd::geteuid().is_root() {
        return support::skip(test, "only root can give files away");
    }
    let file = programs.campaign("count", &counter(30, "0.05"), &["sum.txt", "kept.txt"], "");
    programs.cut(&file, || programs.said(&file) >= 10);
    let generation = &programs.generations(&file)[0];
    let give = |path: &Path| std::os::unix::fs::chown(path, Some(65534), None).unwrap();
    give(generation);
    programs.run(&file).good();
    let log = programs.log(&file);
    assert!(
        log.contains("belongs to user 65534, not to this one") && !log.contains("Resumes generation"),
        "{log}"
    );
    assert_eq!(programs.result(&file, "sum.txt"), b"465\n");
}

/// The worst moment: the image was verified, and CRIU has not opened it yet.
#[test]
fn an_image_that_is_exchanged_after_it_was_verified_is_not_restored() {
    let test = "an_image_that_is_exchanged_after_it_was_verified_is_not_restored";
    let Some(mut programs) = Programs::new(test).filter(|_| support::have_programs(test, &["setpriv"]))
    else {
        return;
    };
    if !nix::unistd::geteuid().is_root() {
        return support::skip(test, "only root can become a second user");
    }
    let [file, other] = ["count", "other"].map(|name| {
        let file = programs.campaign(name, &counter(30, "0.05"), &["sum.txt", "kept.txt"], "");
        programs.cut(&file, || programs.said(&file) >= 10);
        file
    });
    let image = programs.scene.path("image");
    support::copy_all(&programs.chain(&other).join("images/0001-1"), &image);
    let chain = programs.chain(&file);
    // The second user may do anything in the chain's folder, as in one that belongs to a group.
    let opened = Command::new("chmod").arg("-R").arg("a+rX").arg(&image).status().unwrap();
    assert!(opened.success());
    for (folder, mode) in [(programs.scene.path(""), 0o755), (chain.clone(), 0o777)] {
        fs::set_permissions(folder, fs::Permissions::from_mode(mode)).unwrap();
    }
    let criu = alpsckpt::foreign::kit::open(&programs.kit).unwrap().1;
    let words: Vec<String> =
        criu.command.iter().map(|word| format!("'{}'", word.to_str().unwrap())).collect();
    let wrapper = programs.scene.path("criu");
    let exchange = format!(
        "cd {} && mv images aside && mkdir images && cp -r {} images/0001-1 && touch exchanged",
        chain.display(),
        image.display()
    );
    let script = format!(
        "#!/bin/bash\nPATH=/usr/sbin:/usr/bin:/sbin:/bin\nif [ \"$1\" = --version ] && grep -q 'Image 0001-1 verified' {}/logs/*.log; then\n\
         setpriv --reuid 1000 --regid 1000 --clear-groups bash -c {exchange:?} >/dev/null 2>&1\nfi\nexec {} \"$@\"\n",
        chain.display(),
        words.join(" ")
    );
    fs::write(&wrapper, script).unwrap();
    fs::set_permissions(&wrapper, fs::Permissions::from_mode(0o755)).unwrap();
    programs.kit = wrapper;
    programs.run(&file).good();
    let log = programs.log(&file);
    assert!(chain.join("exchanged").exists(), "{log}");
    assert!(log.contains("Resumes generation 000001"), "{log}");
    assert_eq!(programs.result(&file, "sum.txt"), b"465\n");
    let others = programs.chain(&other).join("program/0001/output");
    assert!(others.is_dir() && !others.join("sum.txt").exists(), "another image's program has run");
}

#[test]
fn closed_files_go_back_with_an_older_image() {
    let Some(programs) = Programs::new("closed_files_go_back_with_an_older_image") else { return };
    // Each step fails where something of it is there already.
    let run = "Shell(\"set -e; cd {work}; for i in $(seq 1 50); do echo $i; echo $i >> table; mkdir step$i; \
               echo $i > step$i/n; echo $i > last; ln -s last link$i; sleep 0.05; done; \
               cat table step*/n last link50 > {output}/made.txt; ls >> {output}/made.txt\")";
    let whole = programs.campaign("whole", run, &["made.txt"], "");
    programs.run(&whole).good();
    let file = programs.campaign("cut", run, &["made.txt"], "");
    programs.cut(&file, || programs.said(&file) >= 20);
    programs.cut(&file, || programs.said(&file) >= 60);
    let pages = programs.chain(&file).join("images/0002-1/files/pages-1.img");
    let mut bytes = fs::read(&pages).unwrap();
    bytes[0] ^= 1;
    fs::write(&pages, bytes).unwrap();
    programs.run(&file).good();
    let log = programs.log(&file);
    assert!(log.contains("Resumes generation 000001"), "{log}");
    for words in ["/last: put back from its copy", "moved aside, for it came later"] {
        assert!(log.contains(words), "{words}: {log}");
    }
    let [whole, cut] =
        [whole, file].map(|file| String::from_utf8(programs.result(&file, "made.txt")).unwrap());
    assert_eq!(whole, cut, "{log}");
}

#[test]
fn a_result_never_takes_the_place_of_another_file() {
    let Some(programs) = Programs::new("a_result_never_takes_the_place_of_another_file") else { return };
    let file = programs.campaign("mine", "Shell(\"echo new > {output}/made.txt\")", &["made.txt"], "");
    let results = programs.scene.path("mine/results");
    fs::create_dir_all(&results).unwrap();
    fs::write(results.join("made.txt"), "somebody's").unwrap();
    programs.run(&file).failed(65, &["made.txt", "did not make it"]);
    assert_eq!(fs::read(results.join("made.txt")).unwrap(), b"somebody's");
    // Moved away as the message says, nothing is computed again.
    fs::rename(results.join("made.txt"), results.join("other.txt")).unwrap();
    programs.run(&file).good();
    assert_eq!(programs.result(&file, "made.txt"), b"new\n");
    assert_eq!(programs.log(&file).matches("Begins anew").count(), 1);
}

#[test]
fn a_program_that_saves_itself_is_told_and_resumed() {
    let programs = Programs { scene: Scene::new(8), kit: PathBuf::from("/nowhere") };
    let step = |from: &str| {
        format!(
            "i={from}; trap 'echo $i > {{work}}/saved; exit 3' USR1; while [ $i -lt 40 ]; do i=$((i+1)); echo $i; sleep 0.05; done; echo $i > {{output}}/made.txt"
        )
    };
    let own = format!(
        "checkpoint: Own(signal: \"USR1\", resume: [\"bash\", \"-c\", {:?}])",
        step("$(cat {work}/saved)")
    );
    let file = programs.campaign("own", &format!("Shell({:?})", step("0")), &["made.txt"], &own);
    programs.cut(&file, || programs.said(&file) >= 20);
    programs.run(&file).good();
    assert_eq!(programs.result(&file, "made.txt"), b"40\n");
    let log = programs.log(&file);
    assert!(
        log.contains("has the program save itself") && log.contains("Resumes generation 000001"),
        "{log}"
    );
}

/// Runs it once uninterrupted and once cut twice, and compares what it makes.
fn is_the_same_cut(programs: &Programs, name: &str, run: &str, output: &str, fields: &str, steps: u64) {
    let whole = programs.campaign(&format!("{name}-whole"), run, &[output], fields);
    programs.run(&whole).good();
    let lines = |file: &str| {
        let logs = fs::read_dir(programs.chain(file).join("logs")).into_iter().flatten().flatten();
        let outs = logs.filter(|e| e.file_name().to_string_lossy().ends_with(".program.out"));
        outs.map(|e| fs::read_to_string(e.path()).unwrap().matches('\n').count() as u64).sum::<u64>()
    };
    let cut = programs.campaign(&format!("{name}-cut"), run, &[output], fields);
    for part in 1..=2 {
        programs.cut(&cut, || lines(&cut) >= part * steps / 3);
    }
    programs.run(&cut).good();
    let log = programs.log(&cut);
    assert_eq!(log.matches("Resumes generation").count(), 2, "{log}");
    assert!(programs.result(&whole, output) == programs.result(&cut, output), "{name}: not the same\n{log}");
}

#[test]
fn an_r_script_with_forked_children_gives_the_same_cut() {
    let test = "an_r_script_with_forked_children_gives_the_same_cut";
    let Some(programs) = Programs::new(test).filter(|_| support::have_programs(test, &["Rscript"])) else {
        return;
    };
    fs::write(
        programs.scene.path("fork.R"),
        "library(parallel)\nset.seed(42, 'L\\'Ecuyer')\nx <- numeric(0)\nfor (i in 1:9) {\n  x <- c(x, unlist(mclapply(1:2, function(j) { Sys.sleep(0.1); sum(rnorm(1e5)) }, mc.cores = 2)))\n  cat(i, '\\n')\n}\nwriteLines(format(x, digits = 17), commandArgs(TRUE)[1])\n",
    )
    .unwrap();
    let run = "Program([\"Rscript\", \"--vanilla\", \"{folder}/fork.R\", \"{output}/made.txt\"])";
    is_the_same_cut(&programs, "fork", run, "made.txt", "", 9);
}

#[test]
fn an_r_cluster_over_tcp_gives_the_same_cut() {
    let test = "an_r_cluster_over_tcp_gives_the_same_cut";
    let Some(kit) = support::newer_kit(test).filter(|_| support::have_programs(test, &["Rscript"])) else {
        return;
    };
    let programs = Programs { scene: Scene::new(8), kit };
    fs::write(
        programs.scene.path("psock.R"),
        "library(parallel)\ncl <- makeCluster(2)\nclusterSetRNGStream(cl, 7)\nx <- numeric(0)\nfor (i in 1:9) {\n  x <- c(x, unlist(clusterEvalQ(cl, { Sys.sleep(0.1); sum(rnorm(1e5)) })))\n  cat(i, '\\n')\n}\nstopCluster(cl)\nwriteLines(format(x, digits = 17), commandArgs(TRUE)[1])\n",
    )
    .unwrap();
    let run = "Program([\"Rscript\", \"--vanilla\", \"{folder}/psock.R\", \"{output}/made.txt\"])";
    is_the_same_cut(&programs, "psock", run, "made.txt", "network: Private", 9);
}

#[test]
fn a_python_pool_over_numpy_gives_the_same_cut() {
    let test = "a_python_pool_over_numpy_gives_the_same_cut";
    let Some(programs) = Programs::new(test).filter(|_| support::have_programs(test, &["/usr/bin/python3"]))
    else {
        return;
    };
    fs::write(
        programs.scene.path("pool.py"),
        "import sys, time\nimport numpy as np\nfrom multiprocessing import Pool\ndef work(i):\n    time.sleep(0.1)\n    a = np.random.default_rng(i).standard_normal((150, 150))\n    return repr(float((a @ a).sum()))\nif __name__ == '__main__':\n    found = []\n    with Pool(2) as pool:\n        for i in range(9):\n            found += pool.map(work, [2 * i, 2 * i + 1])\n            print(i, flush=True)\n    open(sys.argv[1], 'w').write(repr(found))\n",
    )
    .unwrap();
    let run = "Program([\"/usr/bin/python3\", \"{folder}/pool.py\", \"{output}/made.txt\"])";
    is_the_same_cut(&programs, "pool", run, "made.txt", "semaphores: Files", 9);
}

#[test]
fn jobs_of_a_cluster_carry_a_program_from_node_to_node() {
    let Some(programs) = Programs::new("jobs_of_a_cluster_carry_a_program_from_node_to_node") else { return };
    let cluster = programs.scene.cluster(30.0);
    let run = counter(160, "0.08");
    let text = format!(
        "(version: 1, name: \"far\", output: \"far\", months: [6], threads: 1, walltime: \"00:03:00\", margin: \"00:01:00\",
          workload: Command(run: {run}, outputs: [\"sum.txt\"], trial: false, kit: Some({:?}), progress: Lines(\"{{stdout}}\", 160)))",
        programs.kit
    );
    fs::write(programs.scene.path("far.ron"), text).unwrap();
    let five = format!(
        "(version: 1, name: \"five\", output: \"five\", months: [6], threads: 1, walltime: \"00:30:00\", margin: \"00:01:00\",
          workload: Command(run: Shell(\"sleep 3; exit 5\"), trial: false, kit: Some({:?})))",
        programs.kit
    );
    fs::write(programs.scene.path("five.ron"), five).unwrap();
    for file in ["far.ron", "five.ron"] {
        programs.scene.ask(&["submit", file, "--cluster-dir", cluster.to_str().unwrap()]).good();
    }
    let state = |name: &str| programs.scene.status(name)["chains"][0].clone();
    wait_for(|| format!("end: {}", state("far")), || state("far")["state"] == "Complete");
    assert_eq!(programs.result("far.ron", "sum.txt"), b"12880\n");
    let far = state("far");
    let log = programs.log("far.ron");
    assert!(
        far["links"].as_array().unwrap().len() >= 3 && far["hops"].as_u64().unwrap() >= 1,
        "{far}\n{log}"
    );
    assert_eq!(far["attempts"], 1, "{far}");
    // What failed by itself is told, and the batch system does not try it again.
    wait_for(|| format!("failure: {}", state("five")), || state("five")["state"] == "Failed");
    let five = state("five");
    assert_eq!(five["resubmissions"], 0, "{five}");
    assert!(five["failure"]["cause"].as_str().unwrap().contains("exit status 5"), "{five}");
    assert!(Path::new(PROGRAM).exists());
}

#[test]
fn the_originals_steps_by_saga_are_the_same_cut() {
    let test = "the_originals_steps_by_saga_are_the_same_cut";
    let Some(programs) =
        Programs::new(test).filter(|_| support::have_programs(test, &["saga_cmd", "gdal_translate"]))
    else {
        return;
    };
    let dem = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/alps256/dem.tif");
    let made = Command::new("gdal_translate")
        .args(["-q", "-of", "SAGA", "-srcwin", "0", "0", "160", "160"])
        .args([&dem, &programs.scene.path("dem.sdat")])
        .status();
    assert!(made.unwrap().success());
    let example =
        fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/examples/original.ron"))
            .unwrap();
    // A few days of half-hours instead of a month, by two threads, of one month.
    let change = |text: &str, from: &str, to: &str| {
        assert!(text.contains(from), "{from}");
        text.replace(from, to)
    };
    for (name, file) in [("whole", "whole.ron"), ("cut", "cut.ron")] {
        let mut text = change(&example, "output: \"original\"", &format!("output: \"{name}\""));
        text = change(&text, "months: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]", "months: [6]");
        text = change(&text, "'2018-{month}-01 +1 month -1 day'", "2018-06-04");
        text = change(&text, "threads: 32", "threads: 2");
        fs::write(programs.scene.path(file), text).unwrap();
    }
    programs.run("whole.ron").good();
    // Cut where a third and two thirds of what it says have been said.
    let all = programs.said("whole.ron");
    for part in 1..=2 {
        programs.cut("cut.ron", || programs.said("cut.ron") >= part * all / 3);
    }
    programs.run("cut.ron").good();
    let log = programs.log("cut.ron");
    assert_eq!(log.matches("Resumes generation").count(), 2, "{log}");
    for grid in ["svf_06.sdat", "total_06.sdat", "svf_06.sgrd"] {
        assert!(
            programs.result("whole.ron", grid) == programs.result("cut.ron", grid),
            "{grid}: not the same\n{log}"
        );
    }
}

#[test]
fn the_examples_are_good() {
    let scene = Scene::new(8);
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/examples");
    for input in ["dem.sgrd", "dem.sdat"] {
        fs::write(scene.path(input), input).unwrap();
    }
    let mut found = 0;
    for example in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let name = example.file_name().into_string().unwrap();
        fs::copy(example.path(), scene.path(&name)).unwrap();
        scene.ask(&["check", &name]).good();
        scene.ask(&["plan", &name]).good();
        found += 1;
    }
    assert!(found >= 2, "{found}");
}
