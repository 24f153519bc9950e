//! The script of a job, run as the batch systems run it: when it is signalled, when its setup fails, and how time counts.

use std::fs::{self, File};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use alpsckpt::campaign::controller::{Controller, Reach};
use alpsckpt::campaign::spec;
use alpsckpt::checkpoint::{CampaignDir, ChainDir, ChainId, ExitClass, LinkEnd, LinkNumber, fence};
use alpsckpt::clusters::ClusterChoice;
use alpsckpt::durable::sealed;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::scene::{PROGRAM, Scene, apart, sky, wait_for};

/// A campaign of one chain that has no end by itself, with these lines.
fn chain(scene: &Scene, output: &str, setup: &str) -> ChainDir {
    let lines = sky(&["pace: Some(\"1 tiles/min\"),", setup]);
    let file = scene.campaign(&format!("{output}.ron"), output, &lines);
    let loaded = spec::load(&file).unwrap();
    let reach = Reach { program: Some(PROGRAM.into()), ..Reach::default() };
    let cluster = ClusterChoice::Embedded { directory: scene.path("cluster") };
    Controller::create_with(&loaded, &cluster, reach).unwrap();
    CampaignDir::new(&scene.path(output)).chain(&ChainId::of_months(&[1]))
}

/// A batch system ignores no signal for its jobs, nor does a terminal; whoever runs the tests may (`nohup`, a shell's background).
const DEFAULT_SIGNALS: [&str; 1] = ["--default-signal=HUP,INT,QUIT,TERM"];

/// Starts the chain's script as OAR does: a shell in the script's folder becomes it.
fn start(chain: &ChainDir, environment: &[(&str, &str)]) -> Child {
    fs::create_dir_all(chain.logs()).unwrap();
    let stderr = File::create(chain.logs().join("1.err")).unwrap();
    let mut command = Command::new("env");
    command
        .args(DEFAULT_SIGNALS)
        .args(["bash", "-c", "./job.sh"])
        .current_dir(chain.path())
        .envs(environment.iter().copied());
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(stderr).process_group(0).spawn().unwrap()
}

/// Whether a process has one of these masks of `/proc/PID/status` with this signal in it; `None` when it is gone.
fn treats(process: &Child, masks: &[&str], signal: Signal) -> Option<bool> {
    let status = fs::read_to_string(format!("/proc/{}/status", process.id())).ok()?;
    let has = |mask: &&str| {
        let value = status.lines().find_map(|line| line.strip_prefix(mask)?.strip_prefix(":\t"));
        value.is_some_and(|value| u64::from_str_radix(value, 16).unwrap() & (1 << (signal as i32 - 1)) != 0)
    };
    Some(masks.iter().any(has))
}

fn signal(process: &Child, signal: Signal) {
    kill(Pid::from_raw(process.id().cast_signed()), signal).unwrap();
}

/// Waits for the end of a job; one that does not come within a minute is killed.
fn ends(mut process: Child, each: impl Fn(&Child)) -> ExitStatus {
    for _ in 0..6000 {
        if let Some(status) = process.try_wait().unwrap() {
            return status;
        }
        std::thread::sleep(Duration::from_millis(10));
        each(&process);
    }
    process.kill().unwrap();
    panic!("it does not end: {:?}", process.wait());
}

fn last_end(chain: &ChainDir) -> LinkEnd {
    sealed::read(&chain.link_end(fence::newest(chain).unwrap().unwrap())).unwrap()
}

/// Whether a checkpoint signal may be given now. While the shell gives way to the program a signal is not kept, nor does it kill:
/// the batch system gives it again until the job ends. One that is not given again has to be held back, or the link begun.
fn is_safe(job: &Child, chain: &ChainDir, link: u32, again: bool) -> bool {
    if again {
        return treats(job, &["SigCgt", "SigIgn", "SigBlk"], Signal::SIGUSR2).unwrap();
    }
    treats(job, &["SigBlk"], Signal::SIGUSR2).unwrap() || chain.link_start(LinkNumber(link)).exists()
}

const CHECKPOINTED: Option<i32> = Some(99);

#[test]
fn a_checkpoint_signal_at_any_moment_from_the_scripts_first_lines_on_seals() {
    const TRIALS: u64 = 50;
    // More tiles than links, each of which makes one at most.
    let scene = &Scene::new(128);
    let setup = "setup: [\"sleep 0.01\", \"for i in 1 2 3; do /bin/true; done\", \"module() { sleep 0.01; }; module load x\"],";
    std::thread::scope(|scope| {
        for (at, output) in ["a", "b", "c", "d"].into_iter().enumerate() {
            scope.spawn(move || {
                let chain = chain(scene, output, setup);
                let mut seed = 20_261_127_u64 + at as u64;
                for trial in 1..=TRIALS {
                    let job = start(&chain, &[]);
                    let again = trial % 2 == 0;
                    while !is_safe(&job, &chain, trial as u32, again) {
                        std::hint::spin_loop();
                    }
                    seed =
                        seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                    std::thread::sleep(Duration::from_micros((seed >> 33) % 80_000));
                    signal(&job, Signal::SIGUSR2);
                    let status = ends(job, |job| {
                        if again {
                            signal(job, Signal::SIGUSR2);
                        }
                    });
                    let said = fs::read_to_string(chain.logs().join("1.err")).unwrap();
                    assert_eq!(status.code(), CHECKPOINTED, "{output}, {trial}: {status:?}\n{said}");
                    assert_eq!(last_end(&chain).class, ExitClass::Checkpointed);
                }
                assert_eq!(fence::newest(&chain).unwrap(), Some(LinkNumber(TRIALS as u32)));
            });
        }
    });
}

#[test]
fn other_signals_that_end_a_job_wait_for_the_program_too() {
    let scene = Scene::new(32);
    let chain = chain(&scene, "out", "setup: [\"touch $OLDPWD/begun\", \"sleep 0.2\"],");
    for ending in [Signal::SIGTERM, Signal::SIGHUP, Signal::SIGINT] {
        let begun = chain.path().join("begun");
        let job = start(&chain, &[]);
        while !begun.exists() {
            std::thread::sleep(Duration::from_millis(1));
        }
        signal(&job, ending);
        let status = ends(job, |_| ());
        assert_eq!((status.code(), status.signal()), (CHECKPOINTED, None), "{ending}");
        assert_eq!(last_end(&chain).class, ExitClass::Checkpointed);
        fs::remove_file(begun).unwrap();
    }
}

#[test]
fn the_time_that_the_setup_takes_counts() {
    let scene = Scene::new(32);
    let chain = chain(&scene, "out", "setup: [\"sleep 0.4\"],");
    // A hundred scheduler seconds a second: by its own clock the link stops 30 s after the margin begins, which is at once.
    let environment =
        [("ALPSCKPT_TIME_SCALE", "100"), ("OAR_JOB_WALLTIME_SECONDS", "1800"), ("OAR_JOB_ID", "7")];
    let status = ends(start(&chain, &environment), |_| ());
    assert_eq!(status.code(), CHECKPOINTED);
    let end = last_end(&chain);
    assert!(end.message.contains("before the inputs were opened"), "{}", end.message);
}

#[test]
fn a_setup_that_fails_ends_the_job_with_a_code_of_its_own_and_the_line_and_its_words_are_told() {
    let scene = Scene::new(32);
    let setup = "setup: [\"module() { echo \\\"ERROR: no such module: $2\\\" >&2; return 1; }\", \"module load gdal/9\"],";
    let chain = chain(&scene, "out", setup);
    let status = ends(start(&chain, &[]), |_| ());
    assert_eq!(status.code(), Some(78));
    let end = last_end(&chain);
    assert_eq!(end.class, ExitClass::Setup);
    for words in ["`module load gdal/9`", "exit status 1", "ERROR: no such module: gdal/9", "|| true"] {
        assert!(end.message.contains(words), "{words}: {}", end.message);
    }
    assert!(fs::read_to_string(chain.log(LinkNumber(1))).unwrap().contains("module load gdal/9"));
    assert!(!chain.parts().exists(), "something was computed");
}

#[test]
fn a_second_run_leaves_the_first_alone_and_a_lost_terminal_seals() {
    let scene = Scene::new(400);
    scene.campaign("my.ron", "out", &["months: [6],", "step_minutes: 10,"]);
    let june = CampaignDir::new(&scene.path("out")).chain(&ChainId::of_months(&[6]));
    let first = || {
        let link = LinkNumber(fence::newest(&june).unwrap_or(None).map_or(1, |link| link.0 + 1));
        let mut command = Command::new("env");
        apart(&mut command, &scene.path("")).args(DEFAULT_SIGNALS).args([PROGRAM, "run", "my.ron"]);
        let run = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        wait_for("the run's link", || june.status(link).exists().then_some(()));
        run
    };
    let run = first();
    let told = format!("another run is at work on it, process {} on ", run.id());
    scene.ask(&["run", "my.ron"]).failed(75, &["m06", &told, "Ctrl-C"]);
    assert_eq!(fence::newest(&june).unwrap(), Some(LinkNumber(1)));
    signal(&run, Signal::SIGHUP);
    assert_eq!(ends(run, |_| ()).code(), CHECKPOINTED);
    assert_eq!(last_end(&june).class, ExitClass::Checkpointed);
    // One that does not beat any more is fenced.
    let run = first();
    signal(&run, Signal::SIGSTOP);
    let second = first();
    assert_eq!(fence::newest(&june).unwrap(), Some(LinkNumber(3)));
    signal(&second, Signal::SIGTERM);
    assert_eq!(ends(second, |_| ()).code(), CHECKPOINTED);
    signal(&run, Signal::SIGCONT);
    assert_eq!(ends(run, |_| ()).code(), Some(75));
}

#[test]
fn a_run_under_nohup_outlives_its_terminal() {
    let scene = Scene::new(400);
    scene.campaign("my.ron", "out", &["months: [6],", "step_minutes: 10,"]);
    let run = Command::new("sh")
        .args(["-c", "trap '' HUP; exec \"$0\" run my.ron", PROGRAM])
        .current_dir(scene.path(""))
        .env("ALPSCKPT_STATE", scene.path("state"))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let june = CampaignDir::new(&scene.path("out")).chain(&ChainId::of_months(&[6]));
    wait_for("its link", || june.status(LinkNumber(1)).exists().then_some(()));
    assert_eq!(treats(&run, &["SigIgn"], Signal::SIGHUP), Some(true));
    assert_eq!(treats(&run, &["SigCgt"], Signal::SIGXFSZ), Some(true));
    signal(&run, Signal::SIGHUP);
    signal(&run, Signal::SIGTERM);
    assert_eq!(ends(run, |_| ()).code(), CHECKPOINTED);
}
