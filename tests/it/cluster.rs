//! The embedded cluster with real processes: small scripts as jobs, in scaled time.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use alpsckpt::batch::embedded::{Config, Embedded, Fault, default_config};
use alpsckpt::batch::{
    BatchError, BatchSystem, By, Ending, How, Job, JobId, JobState, Next, Submission, Token,
};

use crate::scene::Answer;
use crate::support::{can_unshare, have_programs, skip};

const PROGRAM: &str = env!("CARGO_BIN_EXE_alpsckpt");
/// One real second is ten minutes of the scheduler's time: 60 s pass in 0.1 s.
const SCALE: f64 = 600.0;
/// Only against hangs.
const PATIENCE: Duration = Duration::from_mins(1);

/// A cluster in a folder of its own that leaves no process behind.
struct Cluster {
    folder: tempfile::TempDir,
    client: Embedded,
}

impl Drop for Cluster {
    fn drop(&mut self) {
        if let Err(e) = self.client.shutdown(true) {
            eprintln!("the cluster in {} may be left running: {e}", self.folder.path().display());
        }
    }
}

impl Cluster {
    fn new(change: impl FnOnce(&mut Config)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut config = Config { time_scale: SCALE, ..default_config() };
        change(&mut config);
        let directory = folder.path().join("cluster");
        Embedded::create(&directory, &config).unwrap();
        let client = Embedded::with_program(&directory, Path::new(PROGRAM));
        Self { folder, client }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap_or_default()
    }

    /// A submission of a script of these lines, with a walltime in scheduler seconds.
    fn job(&self, token: &str, lines: &str, walltime: u64, checkpoint: u64) -> Submission {
        let (text, script) = (self.path(&format!("{token}.text")), self.path(&format!("{token}.sh")));
        std::fs::write(&text, format!("#!/bin/bash\n{lines}\n")).unwrap();
        // Not written by this process: a server that another test is just starting would hold the file open for
        // writing, and the kernel refuses to execute such a file.
        let installed =
            std::process::Command::new("install").args(["-m", "755"]).args([&text, &script]).status();
        assert!(installed.unwrap().success());
        Submission {
            token: Token(token.to_owned()),
            script,
            directory: self.folder.path().to_path_buf(),
            walltime,
            checkpoint,
            stdout: self.path(&format!("{token}.%jobid%.out")),
            stderr: self.path(&format!("{token}.%jobid%.err")),
            site: std::collections::BTreeMap::new(),
            not_on: std::collections::BTreeSet::new(),
        }
    }

    fn find(&mut self, token: &str) -> Vec<Job> {
        persistent(|| self.client.find(&[Token(token.to_owned())]))
    }

    fn submit(&mut self, submission: &Submission) -> JobId {
        persistent(|| self.client.submit(submission))
    }

    /// Waits until the jobs of an attempt are as wanted; they are returned.
    fn wait(&mut self, token: &str, what: &str, wanted: impl Fn(&[Job]) -> bool) -> Vec<Job> {
        let until = Instant::now() + PATIENCE;
        loop {
            let jobs = self.find(token);
            if wanted(&jobs) {
                return jobs;
            }
            let log = self.read("cluster/server.log");
            assert!(Instant::now() < until, "waiting for {what}: {jobs:#?}\n{log}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn wait_over(&mut self, token: &str) -> Vec<Job> {
        self.wait(token, "the attempt's end", |jobs| {
            !jobs.is_empty() && jobs.iter().all(|j| j.state.is_over()) && !owes_successor(jobs)
        })
    }

    fn wait_running(&mut self, token: &str) -> Job {
        let is_running = |jobs: &[Job]| jobs.iter().any(|j| j.state == JobState::Running);
        let jobs = self.wait(token, "a running job", is_running);
        jobs.into_iter().find(|j| j.state == JobState::Running).unwrap()
    }

    /// Waits until a file of a job says something.
    fn wait_file(&self, name: &str, wanted: impl Fn(&str) -> bool) -> String {
        let until = Instant::now() + PATIENCE;
        loop {
            let text = self.read(name);
            if wanted(&text) {
                return text;
            }
            assert!(Instant::now() < until, "waiting for {name}, which says {text:?}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn kill_server(&self) {
        if let Some(pid) = self.client.server_pid().unwrap() {
            let pid = nix::unistd::Pid::from_raw(pid.try_into().unwrap());
            let _ = nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGKILL);
        }
    }
}

/// Calls again after a time-out: on a busy machine five seconds can pass.
fn persistent<T>(mut call: impl FnMut() -> Result<T, BatchError>) -> T {
    let until = Instant::now() + PATIENCE;
    loop {
        match call() {
            Ok(answer) => return answer,
            Err(e) => assert!(Instant::now() < until, "{e}"),
        }
    }
}

/// The last job ended in a way after which OAR makes another.
fn owes_successor(jobs: &[Job]) -> bool {
    let successors: BTreeSet<JobId> = jobs.iter().filter_map(|j| Some(j.resubmitted_from?.id)).collect();
    jobs.iter().any(|j| j.ended() == Some(Ending::Code(99)) && ran_long(j) && !successors.contains(&j.id))
}

/// Scripts of these tests that exit 99 late name their job so.
fn ran_long(job: &Job) -> bool {
    job.name.contains("chain")
}

/// Whether something else than its command ended it, in this way.
fn was(job: &Job, how: impl Fn(&How) -> bool) -> bool {
    job.end.as_ref().is_some_and(|end| how(&end.how))
}

fn is_alive(pid: &str) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", pid.trim())).unwrap_or_default();
    stat.rsplit_once(')').is_some_and(|(_, rest)| !rest.trim_start().starts_with('Z'))
}

#[test]
fn a_chain_of_exits_99_hops_between_nodes_until_exit_0() {
    let mut cluster = Cluster::new(|_| ());
    let lines = r#"trap 'trap "" USR2; sleep 0.2; exit 99' USR2
cat "$OAR_NODEFILE" >> nodes
echo "$OAR_JOB_ID $OAR_ARRAY_ID $OAR_JOB_NAME $OAR_JOB_WALLTIME_SECONDS $ALPSCKPT_TIME_SCALE $PWD"
[ "$(wc -l < nodes)" -ge 4 ] && exit 0
while :; do sleep 0.02; done"#;
    let submission = cluster.job("chain", lines, 36000, 34200);
    let first = cluster.submit(&submission);
    let jobs = cluster.wait_over("chain");
    assert_eq!(jobs.len(), 4, "{jobs:#?}");
    for (before, after) in jobs.iter().zip(&jobs[1..]) {
        assert_eq!(before.ended(), Some(Ending::Code(99)));
        assert_eq!(before.state, JobState::Terminated);
        assert!(before.end.as_ref().is_some_and(|end| end.by == By::Program && end.next == Next::Successor));
        assert_eq!(after.resubmitted_from, Some(before.key()));
        assert_ne!(after.node, before.node, "each link is on another node than the one before");
    }
    assert!(jobs.iter().all(|j| j.array_id == first && j.name == "chain"));
    assert_eq!(jobs[3].ended(), Some(Ending::Code(0)));
    let nodes: Vec<&str> = jobs.iter().filter_map(|j| j.node.as_deref()).collect();
    assert_eq!(cluster.read("nodes").lines().collect::<Vec<_>>(), nodes);
    let last = jobs[3].id;
    let home = cluster.folder.path().canonicalize().unwrap();
    let expected = format!("{last} {first} chain 36000 600 {}\n", home.display());
    assert_eq!(cluster.read(&format!("chain.{last}.out")), expected);
    assert!(cluster.read(&format!("chain.{first}.err")).contains("CHECKPOINTED with signal 12"));
}

#[test]
fn an_early_exit_99_is_not_resubmitted_and_other_ends_keep_their_codes() {
    // In real time: however busy the machine is, these jobs end before 60 s.
    let mut cluster = Cluster::new(|c| (c.slots, c.time_scale) = (4, 1.0));
    let cases = [
        ("early", "exit 99", Ending::Code(99)),
        ("seven", "sleep 0.3; exit 7", Ending::Code(7)),
        ("killed", "kill -KILL $$", Ending::Signal(9)),
        ("compound", "kill -USR2 $$", Ending::Signal(12)),
    ];
    for (token, lines, _) in cases {
        let submission = cluster.job(token, lines, 36000, 60);
        cluster.submit(&submission);
    }
    let missing = Submission { script: cluster.path("none.sh"), ..cluster.job("missing", "", 36000, 60) };
    cluster.submit(&missing);
    for (token, ending) in cases.map(|(t, _, e)| (t, e)).into_iter().chain([("missing", Ending::Code(127))]) {
        let jobs = cluster.wait_over(token);
        assert_eq!(jobs.len(), 1, "{token}: {jobs:#?}");
        assert_eq!((&jobs[0].state, jobs[0].ended()), (&JobState::Terminated, Some(ending)), "{token}");
    }
}

#[test]
fn a_job_that_cannot_start_ends_in_error_with_the_cause() {
    let mut cluster = Cluster::new(|_| ());
    let astray = Submission { directory: cluster.path("none"), ..cluster.job("astray", "exit 0", 600, 60) };
    let mute = Submission { stdout: cluster.path("none/out"), ..cluster.job("mute", "exit 0", 600, 60) };
    for (submission, event) in [(astray, "WORKING_DIRECTORY"), (mute, "OUTPUT_FILES")] {
        cluster.submit(&submission);
        let jobs = cluster.wait_over(&submission.token.0);
        assert!(
            jobs.len() == 1
                && jobs[0].state == JobState::Error
                && was(&jobs[0], |how| matches!(how, How::NotStarted(words) if words.contains(event))),
            "{jobs:#?}"
        );
    }
    let relative = Submission { script: PathBuf::from("job.sh"), ..cluster.job("relative", "", 600, 60) };
    assert!(matches!(cluster.client.submit(&relative), Err(BatchError::Refused(_))));
    let strange = Submission { token: Token("a'b".to_owned()), ..cluster.job("strange", "", 600, 60) };
    assert!(cluster.client.submit(&strange).unwrap_err().surely_not_submitted());
}

#[test]
fn the_signal_repeats_to_the_script_alone_and_the_walltime_kills_everything() {
    let mut cluster = Cluster::new(|_| ());
    let lines = r#"trap 'echo signal' USR2
bash -c 'trap "echo child signalled" USR2; while :; do sleep 0.05; done' &
echo "$!" > child
setsid sleep 1000 &
echo "$!" > runaway
while :; do sleep 0.02; done"#;
    let submission = cluster.job("deaf", lines, 3000, 1200);
    let id = cluster.submit(&submission);
    let jobs = cluster.wait_over("deaf");
    assert_eq!((jobs.len(), &jobs[0].state, jobs[0].ended()), (1, &JobState::Error, None), "{jobs:#?}");
    assert!(was(&jobs[0], |how| *how == How::Walltime));
    let output = cluster.read(&format!("deaf.{id}.out"));
    assert!(output.matches("signal\n").count() >= 2, "{output}");
    assert!(!output.contains("child signalled"));
    assert!(!is_alive(&cluster.read("child")) && !is_alive(&cluster.read("runaway")));
}

#[test]
fn a_deleted_job_is_killed_at_once_and_not_resubmitted() {
    let mut cluster = Cluster::new(|c| c.nodes.truncate(1));
    let first = cluster.job(
        "first",
        "trap 'sleep 0.2; exit 99' TERM USR2; echo $$ > pid; while :; do sleep 0.02; done",
        90000,
        60,
    );
    let second = cluster.job("second", "exit 0", 90000, 60);
    let running = cluster.submit(&first);
    cluster.wait_file("pid", |t| t.ends_with('\n'));
    let waiting = cluster.submit(&second);
    let view = cluster.wait("second", "a place in the queue", |j| j[0].expected_start.is_some());
    assert_eq!(view[0].state, JobState::Waiting);
    cluster.client.delete(waiting).unwrap();
    cluster.client.delete(running).unwrap();
    for token in ["first", "second"] {
        let jobs = cluster.wait_over(token);
        assert!(
            jobs.len() == 1 && jobs[0].state == JobState::Error && jobs[0].ended().is_none(),
            "{jobs:#?}"
        );
        assert!(was(&jobs[0], |how| matches!(how, How::Deleted(_))));
    }
    assert!(!is_alive(&cluster.read("pid")));
    assert_eq!(cluster.client.delete(running), Ok(()), "deleting again changes nothing");
    assert_eq!(cluster.client.delete(JobId(99)), Err(BatchError::UnknownJob(JobId(99))));
    assert!(!cluster.path("second.2.out").exists());
}

#[test]
fn a_held_job_starts_only_when_it_is_resumed() {
    let mut cluster = Cluster::new(|c| c.nodes.truncate(1));
    let first = cluster.job("first", "echo $$ > pid; while :; do sleep 0.02; done", 90000, 60);
    let second = cluster.job("second", "exit 0", 90000, 60);
    let running = cluster.submit(&first);
    cluster.wait_file("pid", |t| t.ends_with('\n'));
    let waiting = cluster.submit(&second);
    assert!(matches!(cluster.client.hold(running), Err(BatchError::Refused(_))));
    assert!(matches!(cluster.client.resume(waiting), Err(BatchError::Refused(_))));
    cluster.client.hold(waiting).unwrap();
    // Another server must know it too.
    cluster.kill_server();
    // A server that is just dying may still take the connection.
    persistent(|| cluster.client.delete(running));
    cluster.wait_over("first");
    let mut passes = cluster.job("third", "exit 0", 90000, 60);
    passes.checkpoint = 0;
    cluster.submit(&passes);
    cluster.wait_over("third");
    assert_eq!(cluster.find("second")[0].state, JobState::Hold, "a later job passed it");
    cluster.client.resume(waiting).unwrap();
    assert_eq!(cluster.wait_over("second")[0].ended(), Some(Ending::Code(0)));
}

#[test]
fn a_signal_on_demand_reaches_the_job() {
    let mut cluster = Cluster::new(|_| ());
    let submission =
        cluster.job("asked", "trap 'exit 3' USR2; echo ready; while :; do sleep 0.02; done", 90000, 60);
    let id = cluster.submit(&submission);
    cluster.wait_running("asked");
    cluster.wait_file(&format!("asked.{id}.out"), |t| t.contains("ready"));
    cluster.client.checkpoint(id).unwrap();
    let jobs = cluster.wait_over("asked");
    assert_eq!(jobs[0].ended(), Some(Ending::Code(3)));
    assert!(matches!(cluster.client.checkpoint(id), Err(BatchError::Refused(_))));
    assert_eq!(cluster.client.checkpoint(JobId(7)), Err(BatchError::UnknownJob(JobId(7))));
}

#[test]
fn a_dead_node_keeps_its_job_running_until_long_after_the_walltime() {
    let fault = Fault { job_name_contains: "victim".to_owned(), nth: 1, after_seconds: 3.0 };
    let mut cluster = Cluster::new(|c| c.faults.push(fault));
    let submission = cluster.job("victim", "echo $$ > pid; while :; do sleep 0.02; done", 3600, 60);
    cluster.submit(&submission);
    let pid = cluster.wait_file("pid", |t| t.ends_with('\n'));
    let until = Instant::now() + PATIENCE;
    while is_alive(&pid) {
        assert!(Instant::now() < until, "the node keeps its power");
        std::thread::sleep(Duration::from_millis(5));
    }
    let dead = cluster.find("victim");
    let node = dead[0].node.clone().unwrap();
    // Seen after the death; the walltime is still to come unless this machine is very slow.
    if dead[0].state == JobState::Running {
        assert!(dead[0].end.is_none());
    }
    let jobs = cluster.wait_over("victim");
    assert_eq!((jobs.len(), &jobs[0].state, jobs[0].ended()), (1, &JobState::Error, None));
    assert!(was(&jobs[0], |how| *how == How::NodeDied));
    assert!(jobs[0].message.contains("exterminated by Leon"));
    let state = |c: &mut Cluster| {
        c.client
            .nodes()
            .unwrap()
            .into_iter()
            .find(|n| n.name == node)
            .map(|n| n.state.word().to_owned())
            .unwrap()
    };
    assert_eq!(state(&mut cluster), "Suspected");
    // The fault happens once; the node takes no job before it is back.
    let again = cluster.job("victim-again", "sleep 0.5", 90000, 60);
    cluster.submit(&again);
    let jobs = cluster.wait_over("victim-again");
    assert_eq!(jobs[0].ended(), Some(Ending::Code(0)));
    assert_ne!(jobs[0].node.as_ref(), Some(&node));
    cluster.client.set_power(&node, true).unwrap();
    assert_eq!(state(&mut cluster), "Alive");
    assert!(matches!(cluster.client.set_power("none", true), Err(BatchError::Refused(_))));
}

#[test]
fn jobs_outlive_a_stopped_server_and_the_next_one_adopts_them() {
    let mut cluster = Cluster::new(|_| ());
    let short = cluster.job(
        "short",
        "touch begun; while [ ! -e go ]; do sleep 0.02; done; touch gone; exit 5",
        90000,
        60,
    );
    let long =
        cluster.job("long", "trap 'exit 6' USR2; touch ready; while :; do sleep 0.02; done", 90000, 60);
    cluster.submit(&short);
    let id = cluster.submit(&long);
    for name in ["begun", "ready"] {
        let until = Instant::now() + PATIENCE;
        while !cluster.path(name).exists() {
            assert!(Instant::now() < until, "no {name}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
    cluster.wait_running("long");
    cluster.client.stop_server().unwrap();
    assert_eq!(cluster.client.server_pid().unwrap(), None);
    std::fs::write(cluster.path("go"), "").unwrap();
    let until = Instant::now() + PATIENCE;
    while !cluster.path("gone").exists() {
        assert!(Instant::now() < until, "the job did not outlive the server");
        std::thread::sleep(Duration::from_millis(20));
    }
    assert_eq!(cluster.wait_over("short")[0].ended(), Some(Ending::Code(5)));
    cluster.client.checkpoint(id).unwrap();
    assert_eq!(cluster.wait_over("long")[0].ended(), Some(Ending::Code(6)));
}

#[test]
fn clients_that_start_servers_at_once_end_with_one() {
    let cluster = Cluster::new(|_| ());
    let directory = cluster.path("cluster");
    let start = std::sync::Barrier::new(4);
    let pids: BTreeSet<u32> = std::thread::scope(|scope| {
        let client = || {
            let mut client = Embedded::with_program(&directory, Path::new(PROGRAM));
            start.wait();
            client.info().unwrap();
            client.server_pid().unwrap().unwrap()
        };
        let clients: Vec<_> = (0..4).map(|_| scope.spawn(client)).collect();
        clients.into_iter().map(|c| c.join().unwrap()).collect()
    });
    assert_eq!(pids.len(), 1, "{}", cluster.read("cluster/server.log"));
}

#[test]
fn a_directory_with_a_path_too_long_for_a_socket_works() {
    let cluster = Cluster::new(|_| ());
    let directory = cluster.path(&"deep/".repeat(30));
    let mut client = Embedded::with_program(&directory, Path::new(PROGRAM));
    let found = client.info().map(|i| i.name);
    client.shutdown(true).unwrap();
    assert_eq!(found.as_deref(), Ok("embedded cluster"));
}

/// What a job says of what it inherited: umask, open files, niceness, processors, time zone, ignored signals, descriptors.
const INHERITED: &str = r#"exec 3>&-
umask; ulimit -S -n; ulimit -H -n; nice; grep Cpus_allowed_list /proc/self/status; echo "$TZ"
grep SigIgn /proc/self/status | tr -d '[:blank:]'
[ -e /proc/$$/fd/9 ] && echo 'a descriptor of another shell'
echo said"#;

#[test]
fn a_job_has_what_its_client_hands_down_and_nothing_of_who_started_the_server() {
    if !have_programs("a_job_has_what_its_client_hands_down", &["taskset", "nice"]) {
        return;
    }
    let mut cluster = Cluster::new(|_| ());
    let narrow = r#"trap "" HUP USR1; umask 077; ulimit -n 200; ulimit -S -t 1; exec 9>held; export TZ=Mars/Base
exec taskset -c "$(taskset -cp $$ | grep -o '[0-9]*$')" nice -n 4 "$0" cluster status --dir "$1""#;
    let directory = cluster.path("cluster");
    let start = |script: &str| {
        let mut shell = std::process::Command::new("bash");
        shell
            .args(["-c", script, PROGRAM])
            .arg(&directory)
            .current_dir(cluster.folder.path())
            .output()
            .unwrap()
    };
    let started = start(narrow);
    assert!(started.status.success(), "{started:?}");
    let server = cluster.client.server_pid().unwrap().unwrap();
    let held = std::fs::read_dir(format!("/proc/{server}/fd")).unwrap();
    let held: Vec<PathBuf> = held.filter_map(|fd| std::fs::read_link(fd.unwrap().path()).ok()).collect();
    assert!(!held.contains(&cluster.path("held")), "{held:?}");

    let submission = cluster.job("mine", INHERITED, 90000, 60);
    let id = cluster.submit(&submission);
    let found = cluster.wait_file(&format!("mine.{id}.out"), |text| text.contains("said"));
    let mut own = std::process::Command::new("bash");
    let own = own.args(["-c", INHERITED]).output().unwrap();
    let own = String::from_utf8(own.stdout).unwrap();
    // A test may be run with signals ignored; a job never is.
    let same =
        |text: &str| text.lines().filter(|l| !l.starts_with("SigIgn")).map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(same(&found), same(&own));
    let ignored = found.lines().find_map(|line| line.strip_prefix("SigIgn:")).unwrap();
    // The C library keeps two real-time signals for itself, which no program can set.
    let ignored = u64::from_str_radix(ignored, 16).unwrap() & 0x7fff_ffff;
    assert_eq!(ignored, 0, "{found}");
    assert!(!found.contains("another shell") && !found.contains("Mars"), "{found}");
}

#[test]
fn from_another_pid_namespace_a_job_is_neither_dead_nor_beyond_a_kill() {
    let name = "from_another_pid_namespace";
    if !nix::unistd::geteuid().is_root() {
        return skip(name, "only root may make PID namespaces here");
    }
    if !have_programs(name, &["unshare"]) || !can_unshare(name, "--mount") {
        return;
    }
    let mut cluster = Cluster::new(|_| ());
    let script = "trap 'echo asked >> asked' USR2; echo $$ > pid; while :; do sleep 0.02; done";
    let job = cluster.job("apart", script, 900_000, 60);
    let id = cluster.submit(&job);
    let pid = cluster.wait_file("pid", |text| text.ends_with('\n'));
    cluster.wait_running("apart");
    let directory = cluster.path("cluster");
    let inside = |arguments: &str| {
        let mut unshare = std::process::Command::new("unshare");
        unshare.args(["--pid", "--fork", "--mount-proc", "--kill-child", "sh", "-c", arguments, PROGRAM]);
        let output = unshare.arg(&directory).output().unwrap();
        assert!(output.status.success(), "{arguments}: {output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    let status = r#""$0" cluster status --json --dir "$1""#;
    let has_job = |text: &str| {
        let told: serde_json::Value = serde_json::from_str(text).unwrap();
        told["nodes"].as_array().unwrap().iter().any(|n| n["jobs"].as_array().unwrap().contains(&id.0.into()))
    };
    let server = cluster.client.server_pid().unwrap();
    assert!(has_job(&inside(status)), "the server outside is asked");
    assert_eq!(cluster.client.server_pid().unwrap(), server, "it was not judged by another's number");

    cluster.kill_server();
    let twice = format!("{status} >/dev/null; sleep 0.3; {status}");
    let seen = inside(&twice);
    assert!(has_job(&seen), "a server inside took the living job for dead: {seen}");
    assert!(is_alive(&pid));
    inside(r#""$0" cluster stop --kill-jobs --dir "$1""#);
    assert!(!is_alive(&pid), "an orphan was left behind");
    let jobs = cluster.wait_over("apart");
    assert_eq!(jobs[0].state, JobState::Error);
}

#[test]
fn a_job_whose_cluster_was_removed_ends() {
    let mut cluster = Cluster::new(|_| ());
    let job = cluster.job("left", "echo $$ > pid; while :; do sleep 0.02; done", 900_000, 60);
    cluster.submit(&job);
    let pid = cluster.wait_file("pid", |text| text.ends_with('\n'));
    // The server may be writing into it.
    while std::fs::remove_dir_all(cluster.path("cluster")).is_err() {}
    let until = Instant::now() + PATIENCE;
    while is_alive(&pid) {
        assert!(Instant::now() < until, "a job that nobody can find runs on");
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn settings_changed_by_hand_are_told_and_the_cure_works_as_printed() {
    let mut cluster = Cluster::new(|_| ());
    let folder = cluster.folder.path().to_path_buf();
    let ask = |arguments: &[&str]| {
        let mut command = std::process::Command::new(PROGRAM);
        Answer::of(command.args(arguments).arg("--dir").arg(folder.join("cluster")).output().unwrap())
    };
    let size = "3 nodes, 1 job at a time on each";
    assert!(ask(&["cluster", "status"]).good().stdout.contains(size));
    cluster.client.stop_server().unwrap();
    let settings = cluster.read("cluster/cluster.ron");
    let edit = |to: &str| {
        std::fs::write(folder.join("cluster/cluster.ron"), settings.replace("slots: 1", to)).unwrap();
    };

    edit("slots: 2");
    let told = ask(&["cluster", "status"]);
    told.failed(69, &["cluster.ron", "changed by hand", "as they stand"]);
    run(&told.stderr, &folder);
    assert!(ask(&["cluster", "status"]).good().stdout.contains("3 nodes, 2 jobs at a time"));

    cluster.client.stop_server().unwrap();
    edit("slots: two");
    let told = ask(&["cluster", "status"]);
    told.failed(69, &["cluster.ron", "line 8, \"slots: two,\""]);
    run(&told.stderr, &folder);
    assert!(ask(&["cluster", "status"]).good().stdout.contains(size));

    let answer = ask(&["cluster", "set", "--nodes", "2", "--slots", "2"]);
    assert!(answer.good().stdout.contains("2 nodes, 2 jobs at a time on each"), "{answer}");
    let job = cluster.job("busy", "while :; do sleep 0.02; done", 900_000, 60);
    cluster.submit(&job);
    let node = cluster.wait_running("busy").node.unwrap();
    let answer = ask(&["cluster", "set", "--nodes", "other"]);
    answer.failed(69, &[&node, "has jobs (1)"]);
    ask(&["cluster", "set", "--nodes", &format!("{node},other")]).good();
    assert_eq!(cluster.find("busy")[0].state, JobState::Running, "jobs go on");
}

/// Runs the command in a message, as it is printed.
fn run(message: &str, folder: &Path) {
    let command = message.split('`').find(|part| part.contains("alpsckpt cluster set")).unwrap();
    let output = std::process::Command::new("sh").args(["-c", command]).current_dir(folder).output().unwrap();
    assert!(output.status.success(), "{command}: {output:?}");
}

/// A small generator of pseudo-random numbers (Marsaglia's xorshift64), so that a failure can be repeated.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % bound
    }
}

#[test]
fn a_server_killed_at_random_moments_submits_nothing_twice_and_loses_no_status() {
    const JOBS: u64 = 12;
    const KILLS: u64 = 20;
    let mut cluster = Cluster::new(|c| c.slots = 4);
    let mut random = Random(0x5eed_0a1b);
    let submissions: Vec<Submission> = (0..JOBS)
        .map(|n| {
            let token = format!("job-{n}");
            let lines = format!("echo x >> {token}.runs; sleep 0.{}; exit {n}", n % 7 + 1);
            cluster.job(&token, &lines, 900_000, 60)
        })
        .collect();
    let (directory, done) = (cluster.path("cluster"), std::sync::atomic::AtomicBool::new(false));
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut client = Embedded::with_program(&directory, Path::new(PROGRAM));
            for submission in &submissions {
                let until = Instant::now() + PATIENCE;
                // Each is also sent again after it was answered, as by a client that lost the answer.
                let mut answers = Vec::new();
                while answers.len() < 2 {
                    answers.extend(client.submit(submission).ok());
                    assert!(Instant::now() < until, "no answer to {}", submission.token);
                }
                assert_eq!(answers[0], answers[1]);
            }
            done.store(true, std::sync::atomic::Ordering::SeqCst);
        });
        let mut kills = 0;
        while kills < KILLS && !(done.load(std::sync::atomic::Ordering::SeqCst) && kills >= KILLS / 2) {
            std::thread::sleep(Duration::from_millis(random.below(150)));
            cluster.kill_server();
            kills += 1;
        }
    });
    for n in 0..JOBS {
        let token = format!("job-{n}");
        let jobs = cluster.wait_over(&token);
        assert_eq!(jobs.len(), 1, "{jobs:#?}");
        assert_eq!(jobs[0].ended(), Some(Ending::Code(n as u8)));
        assert_eq!(cluster.read(&format!("{token}.runs")), "x\n", "{token} ran once");
    }
}
