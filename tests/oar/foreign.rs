//! Programs that cannot save themselves, on real nodes, as alice, by CRIU without any privilege.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use alpsckpt::checkpoint::{ChainDir, LinkNumber};

use crate::carried::{self, Carried};
use crate::place::{Job, Place, begins, completes, done, is_complete, link_ends, until};
use crate::support;

/// The steps at which scripts that look for gates wait for them, as they say them.
const GATES: [&str; 2] = ["4\n", "7\n"];

/// A campaign of one program, cut when that has said these words.
struct Hopper<'p> {
    place: &'p Place<'p>,
    /// Its file and its output folder.
    name: &'static str,
    cuts: [Option<&'static str>; 2],
    /// As many threads of as many processes are dumped at least: all that the program has while it works, and the root of its tree.
    tasks: usize,
}

/// In three jobs on two nodes at least each of them makes what it makes uninterrupted, to the byte.
pub(crate) fn hops(place: &Place) {
    let test = format!(
        "oar_{}::programs_that_cannot_save_themselves_hop_between_nodes_by_criu",
        place.cluster.version.replace('.', "_")
    );
    if !support::have_programs(&test, &["saga_cmd", "gdal_translate", "R", "/usr/bin/python3"]) {
        return;
    }
    let kits = (support::kit_of_tests(&test), support::newer_kit(&test));
    let (Some(kit), Some(newer)) = kits else { return };
    for (from, to) in [(kit, "kit"), (newer, "kit-newer")] {
        done(Command::new("cp").arg("-a").arg(from).arg(place.here(to)));
    }
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    for script in fs::read_dir(here.join("tests/data/programs")).unwrap().map(Result::unwrap) {
        fs::copy(script.path(), place.here("").join(script.file_name())).unwrap();
    }
    let grid = place.here("dem.sdat");
    done(
        Command::new("gdal_translate")
            .args(["-q", "-of", "SAGA"])
            .args([&here.join("tests/data/alps256/dem.tif"), &grid]),
    );
    let (saga, r, python) = (carried::saga(place), carried::r(place), carried::python(place));

    // SAGA's is the only one that knows no gate: that it is asked in time, it computes when nobody else does.
    let view = ["-DEM", "{folder}/dem.sgrd", "-NDIRS", "192", "-RADIUS", "5000", "-SVF"];
    let view = [&["nice", "-n", "19", &saga.program, "-c=1", "ta_lighting", "3"], &view[..]].concat();
    let r_script = |script| vec![r.program.as_str(), "--vanilla", script];
    let python_script = |script| vec![python.program.as_str(), script];
    let made = |by, words, named, result| Made { place, by, words, named, result };
    let computing = Some("Execution started");
    let gates = GATES.map(Some);
    let hopper = |name, cuts, tasks| Hopper { place, name, cuts, tasks };
    // R has two children or workers; Python has three threads for its pool of two, or three that work.
    let hoppers = [
        (
            hopper("saga", [computing, computing], 2),
            made(&saga, view, "view.sgrd", "view.sdat"),
            "inputs: [\"dem.sgrd\", \"dem.sdat\"], kit: Some(\"kit\")",
        ),
        (
            hopper("fork", gates, 4),
            made(&r, r_script("{folder}/fork.R"), "fork.txt", "fork.txt"),
            "inputs: [\"fork.R\"], kit: Some(\"kit\")",
        ),
        (
            hopper("psock", gates, 4),
            made(&r, r_script("{folder}/psock.R"), "psock.txt", "psock.txt"),
            "inputs: [\"psock.R\"], kit: Some(\"kit-newer\"), network: Private",
        ),
        (
            hopper("pool", gates, 7),
            made(&python, python_script("{folder}/pool.py"), "pool.txt", "pool.txt"),
            "inputs: [\"pool.py\"], kit: Some(\"kit\"), semaphores: Files",
        ),
        (
            hopper("threads", gates, 5),
            made(&python, python_script("{folder}/threads.py"), "threads.txt", "threads.txt"),
            "inputs: [\"threads.py\"], kit: Some(\"kit\")",
        ),
    ];
    // A shell, the pipeline's three parts; it ends badly after its first hop.
    let pipe = hopper("pipe", [gates[0], None], 5);
    for (hopper, made, fields) in &hoppers {
        hopper.write(&made.command(hopper.name), fields);
    }
    pipe.write(
        "run: Shell(\"set -o pipefail; {{ for i in 1 2 3 4 5; do echo $i; until [ $i != 4 ] || [ -e $GATES/4 ]; do sleep 0.2; done; done; exit 5; }} | tee {output}/numbers.txt | cat\"), environment: {\"GATES\": \"{folder}/gates-pipe\"}, outputs: [\"numbers.txt\"]",
        "kit: Some(\"kit\")",
    );
    let names: Vec<&str> = hoppers.iter().map(|(hopper, ..)| hopper.name).chain([pipe.name]).collect();
    make_turns(place, &names);
    place.hand_over();
    std::thread::scope(|scope| {
        let mut running: Vec<_> = hoppers
            .iter()
            .map(|(hopper, made, _)| scope.spawn(|| hopper.makes_what_it_makes_uninterrupted(made)))
            .collect();
        running.push(scope.spawn(|| pipe.fails_after_a_hop()));
        for (name, thread) in names.iter().zip(running) {
            assert!(thread.join().is_ok(), "{name} failed");
        }
    });
}

/// A command, and what it makes.
struct Made<'c> {
    place: &'c Place<'c>,
    by: &'c Carried,
    /// But for the last one, the file to write.
    words: Vec<&'c str>,
    /// The last word, below the output.
    named: &'c str,
    result: &'c str,
}

impl Made<'_> {
    /// All its words, where what it makes comes to this folder.
    fn all_words(&self, output: &str) -> Vec<String> {
        let last = format!("{output}/{}", self.named);
        self.words.iter().map(|&word| word.to_owned()).chain([last]).collect()
    }

    /// As fields of this campaign's file.
    fn command(&self, name: &str) -> String {
        let mut environment = self.by.environment.clone();
        environment.insert("GATES", format!("{}/gates-{name}", self.place.inside));
        let (words, result) = (self.all_words("{output}"), self.result);
        format!("run: Program({words:?}), outputs: [{result:?}], environment: {environment:?}")
    }

    /// Runs it on the login node without a job, a dump or a hop.
    fn uninterrupted(&self) -> Vec<u8> {
        let place = self.place;
        let mut words = vec!["env".to_owned()];
        words.extend(self.by.environment.iter().map(|(name, value)| format!("{name}={value}")));
        words.extend(self.all_words("{folder}").iter().map(|word| word.replace("{folder}", &place.inside)));
        done(&mut place.cluster.exec("alice@front", &words));
        fs::read(place.here(self.result)).unwrap()
    }
}

impl Hopper<'_> {
    /// Writes the campaign's file. Its jobs go where [`Hopper::may_not_go_to`] lets them.
    fn write(&self, command: &str, fields: &str) {
        let name = self.name;
        let site = format!("project=test;properties=away_{name}=0 and host in ('node1','node2')");
        let text = format!(
            "(version: 1, name: \"{name}\", output: \"{name}\", months: [6], walltime: \"00:02:10\", margin: \"00:01:00\", threads: 1,
              site: Some({site:?}), workload: Command({command}, trial: false, {fields}))"
        );
        fs::write(self.place.here(&format!("{name}.ron")), text).unwrap();
        fs::create_dir(self.gates()).unwrap();
    }

    /// Whether no new job of this campaign may begin on a node, by a property of it: drained, it would take nobody else's either.
    fn may_not_go_to(&self, node: &str, away: bool) {
        let property = format!("away_{}={}", self.name, i32::from(away));
        self.place.cluster.admin(&["oarnodesetting", "-h", node, "-p", &property]).good();
    }

    /// Where it is let on.
    fn gates(&self) -> PathBuf {
        self.place.here(&format!("gates-{}", self.name))
    }

    fn chain(&self) -> ChainDir {
        self.place.chain(self.name, "m06")
    }

    /// Has it checkpointed in the midst of its work, and go on on another node, at each cut.
    fn hop(&self) {
        let (place, name) = (self.place, self.name);
        place.ask(&["submit", &format!("{name}.ron"), "--cluster", "oar"]).good();
        let chain = self.chain();
        let output =
            || fs::read_to_string(chain.program_log(begins(&chain, 1).link, "out")).unwrap_or_default();
        for (link, words) in (1..).zip(self.cuts.iter().flatten()) {
            let node = begins(&chain, link).node;
            self.may_not_go_to(&node, true);
            until(&format!("{name} to get on"), 100, || output().contains(words).then_some(()));
            // A node is shown as running a moment later; a job that ends before is told below.
            let ask = ["checkpoint", "m06", "--campaign", name];
            let asked = || place.ask(&ask).code == Some(0) || chain.link_end(LinkNumber(link)).exists();
            until("the signal that is sent", 1000, || asked().then_some(()));
            let end = link_ends(&chain, link);
            assert!(end.message.contains("with the program sealed"), "{name}: {}", end.message);
            let dumped = dumped(&chain);
            assert!(dumped >= self.tasks, "{name}: {dumped} tasks are dumped");
            if GATES.contains(words) {
                fs::write(self.gates().join(words.trim_end()), "").unwrap();
            }
            let next = begins(&chain, link + 1).node;
            self.may_not_go_to(&node, false);
            assert_ne!(node, next, "{name}");
        }
    }

    fn makes_what_it_makes_uninterrupted(&self, made: &Made) {
        let (place, name) = (self.place, self.name);
        self.hop();
        completes(&self.chain());
        let status = place.reaches(name, "Complete");
        is_complete(&status);
        let links = status["links"].as_array().unwrap();
        let nodes: BTreeSet<&str> = links.iter().map(|link| link["node"].as_str().unwrap()).collect();
        assert!(links.len() >= 3 && nodes.len() >= 2 && status["hops"].as_u64() >= Some(2), "{status}");
        assert_eq!(status["attempts"], 1, "{status}");
        // On a slow machine a walltime may come between as well.
        let exits = self.exits_of_its_jobs();
        let (last, before) = exits.split_last().unwrap();
        assert!(*last == 0 && before.len() >= 2 && before.iter().all(|exit| *exit == 99 << 8), "{exits:?}");
        let result = fs::read(place.here(name).join("results").join(made.result)).unwrap();
        assert!(result == made.uninterrupted(), "{name}: not what it makes uninterrupted");
    }

    /// Whoever ends badly is not begun again, and nothing of what it made is a result.
    fn fails_after_a_hop(&self) {
        let (place, name) = (self.place, self.name);
        self.hop();
        let status = place.reaches(name, "Failed");
        assert!(status["failure"]["cause"].as_str().unwrap().contains("exit status 5"), "{status}");
        assert_eq!((&status["attempts"], &status["resubmissions"]), (&1.into(), &1.into()), "{status}");
        assert_eq!(self.exits_of_its_jobs(), [99 << 8, 5 << 8]);
        assert!(!place.here(name).join("results/numbers.txt").exists());
        let output = fs::read_to_string(self.chain().program_log(begins(&self.chain(), 1).link, "out"));
        assert_eq!(output.unwrap(), "1\n2\n3\n4\n5\n");
    }

    /// How its jobs ended, in their order.
    fn exits_of_its_jobs(&self) -> Vec<i64> {
        let jobs: Vec<Job> = until("the end of the last job", 1000, || {
            let jobs = self.place.jobs_of(self.name);
            jobs.iter().all(|job| job.state == "Terminated" || job.state == "Error").then_some(jobs)
        });
        assert!(jobs.iter().all(|job| job.user == "alice"), "{jobs:?}");
        jobs.iter().map(|job| job.exit).collect()
    }
}

/// Gives the nodes the properties by which campaigns are kept away from them.
fn make_turns(place: &Place, names: &[&str]) {
    let columns = "SELECT column_name FROM information_schema.columns WHERE table_name = 'resources'";
    let present: Vec<String> = place.cluster.sql(columns).into_iter().map(|mut row| row.remove(0)).collect();
    let properties: Vec<String> = names.iter().map(|name| format!("away_{name}")).collect();
    let missing = properties.iter().filter(|name| !present.contains(name));
    let missing: Vec<&str> = missing.flat_map(|name| ["-a", name.as_str()]).collect();
    if !missing.is_empty() {
        place.cluster.admin(&[&["oarproperty"], &missing[..]].concat()).good();
    }
    let settings: Vec<String> = properties.iter().map(|name| format!("{name}=0")).collect();
    let settings: Vec<&str> = settings.iter().flat_map(|setting| ["-p", setting.as_str()]).collect();
    for node in ["node1", "node2"] {
        place.cluster.admin(&[&["oarnodesetting", "-h", node], &settings[..]].concat()).good();
    }
}

/// How many threads the newest image has, of all its processes.
fn dumped(chain: &ChainDir) -> usize {
    let images = fs::read_dir(chain.images()).unwrap().map(|entry| entry.unwrap().path());
    let files = images.max().unwrap().join("files");
    let names = fs::read_dir(&files).unwrap().map(|entry| entry.unwrap().file_name());
    names.filter(|name| name.to_string_lossy().starts_with("core-")).count()
}
