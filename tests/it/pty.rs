//! The screens behind a pseudo-terminal: keys, pastes, sizes, signals and the terminal's end, byte by byte.
//!
//! What is asserted is the order of things, never a time: a scheduler that hangs and a tick of ten minutes are still to
//! come when the key is on the screen.

use std::fs;
use std::num::NonZero;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use nix::fcntl::OFlag;
use nix::poll::{PollFd, PollFlags, poll};
use nix::pty::{grantpt, posix_openpt, ptsname_r, unlockpt};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use rustix::termios::{LocalModes, Winsize, tcgetattr, tcsetwinsize};

use crate::scene::{PROGRAM, Scene, apart, sky};
use crate::support::have_programs;

/// Only against hangs.
const PATIENCE: Duration = Duration::from_mins(2);
/// So long that it never comes.
const NO_TICK: &str = "600";
const SIZE: (u16, u16) = (120, 30);

/// A campaign of twelve months on an OAR whose commands are scripts: `oarstat` says what is in the file `words`, or hangs
/// on a FIFO once there is a file `hang`.
struct Campaign {
    scene: Scene,
}

impl Campaign {
    fn new() -> Self {
        let scene = Scene::new(16);
        scene.campaign(
            "my.ron",
            "out",
            &sky(&["products: [Total],", "months: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12],"]),
        );
        let oarstat = "[ \"$1\" = --version ] && { echo 'OAR version : 2.5.9'; exit 0; }\n\
             [ -e hang ] && { echo $$ >> hanging; read never < fifo; }\n\
             cat words >&2; exit 3";
        fs::create_dir(scene.path("bin")).unwrap();
        for (name, body) in [("oarstat", oarstat), ("oarsub", "echo OAR_JOB_ID=12"), ("oarnodes", "exit 3")] {
            let text = format!("#!/bin/sh\ncd '{}'\n{body}\n", scene.path("").display());
            fs::write(scene.path("text"), text).unwrap();
            // Not written by this process: a child that another test just starts would hold it open for writing.
            let mut install = Command::new("install");
            install.args(["-m", "755"]).arg(scene.path("text")).arg(scene.path("bin").join(name));
            assert!(install.status().unwrap().success());
        }
        fs::write(scene.path("words"), "the-first-words").unwrap();
        nix::unistd::mkfifo(&scene.path("fifo"), nix::sys::stat::Mode::S_IRWXU).unwrap();
        let campaign = Self { scene };
        let submit = ["submit", "my.ron", "--cluster", "oar", "--months", "1"];
        let done = campaign.in_its_place(campaign.scene.alpsckpt(&submit)).output().unwrap();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        campaign
    }

    /// With the scripts before all other programs.
    fn in_its_place(&self, mut command: Command) -> Command {
        let path = std::env::var("PATH").unwrap();
        command.env("PATH", format!("{}:{path}", self.scene.path("bin").display()));
        command.env("TERM", "xterm-256color").env("LC_ALL", "C.UTF-8");
        command
    }

    /// The screens in a terminal of their own that nobody else knows.
    fn opened(&self, tick: &str) -> Screens {
        let open = self.scene.alpsckpt(&["open", "my.ron", "--tick", tick]);
        Screens::start(self.in_its_place(open))
    }

    /// The screens by another program that ends by becoming them.
    fn opened_by(&self, program: &[&str], tick: &str) -> Screens {
        let inner = self.scene.alpsckpt(&["open", "my.ron", "--tick", tick]);
        let mut outer = Command::new(program[0]);
        outer.args(&program[1..]).arg(PROGRAM).args(inner.get_args());
        apart(&mut outer, &self.scene.path(""));
        Screens::start(self.in_its_place(outer))
    }

    /// From now on `oarstat` hangs; waits until it does. Its process.
    fn hangs(&self) -> Pid {
        fs::write(self.scene.path("hang"), "").unwrap();
        wait_for("oarstat to hang", || {
            fs::read_to_string(self.scene.path("hanging"))
                .ok()?
                .lines()
                .next()?
                .parse()
                .ok()
                .map(Pid::from_raw)
        })
    }
}

impl Drop for Campaign {
    fn drop(&mut self) {
        let hanging = fs::read_to_string(self.scene.path("hanging")).unwrap_or_default();
        for pid in hanging.lines().filter_map(|line| line.parse().ok()) {
            let _ = kill(Pid::from_raw(pid), Signal::SIGKILL);
        }
    }
}

fn wait_for<T>(what: &str, mut ready: impl FnMut() -> Option<T>) -> T {
    let until = Instant::now() + PATIENCE;
    loop {
        if let Some(ready) = ready() {
            return ready;
        }
        assert!(Instant::now() < until, "{what}: did not come");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// What came from the program: on the screen, and all of it.
struct Shown {
    screen: vt100::Parser,
    bytes: Vec<u8>,
}

/// The program at one end of a pseudo-terminal, this process at the other.
struct Screens {
    child: Child,
    master: Option<Arc<OwnedFd>>,
    shown: Arc<Mutex<Shown>>,
    reader: Option<(Arc<AtomicBool>, JoinHandle<()>)>,
}

impl Drop for Screens {
    fn drop(&mut self) {
        self.stop_reading();
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Screens {
    /// Starts it in a terminal that shows what it is told.
    fn start(command: Command) -> Self {
        let mut screens = Self::start_unread(command, SIZE);
        let (master, shown) = (Arc::clone(screens.master()), Arc::clone(&screens.shown));
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let thread = std::thread::spawn(move || {
            let mut buffer = [0; 8192];
            while !stopped.load(Ordering::SeqCst) {
                let mut watched = [PollFd::new(master.as_fd(), PollFlags::POLLIN)];
                if poll(&mut watched, 20_u8).unwrap() == 0 {
                    continue;
                }
                let Ok(read @ 1..) = nix::unistd::read(&master, &mut buffer) else { return };
                let mut shown = shown.lock().unwrap();
                shown.screen.process(&buffer[..read]);
                shown.bytes.extend(&buffer[..read]);
            }
        });
        screens.reader = Some((stop, thread));
        screens
    }

    /// Starts it in a terminal that takes nothing.
    fn start_unread(mut command: Command, (columns, rows): (u16, u16)) -> Self {
        // Neither end may leak into what other tests start meanwhile: the terminal would not go away.
        let flags = OFlag::O_RDWR | OFlag::O_NOCTTY;
        let master = posix_openpt(flags | OFlag::O_CLOEXEC).unwrap();
        grantpt(&master).unwrap();
        unlockpt(&master).unwrap();
        let name = ptsname_r(&master).unwrap();
        let slave = fs::File::options().read(true).write(true).custom_flags(flags.bits()).open(name).unwrap();
        tcsetwinsize(&slave, size(columns, rows)).unwrap();
        let end = || Stdio::from(slave.try_clone().unwrap());
        let child = command.stdin(end()).stdout(end()).stderr(end()).spawn().unwrap();
        let shown =
            Shown { screen: vt100::Parser::new(nonzero(rows), nonzero(columns), 0), bytes: Vec::new() };
        let master = Some(Arc::new(OwnedFd::from(master)));
        Self { child, master, shown: Arc::new(Mutex::new(shown)), reader: None }
    }

    fn master(&self) -> &Arc<OwnedFd> {
        self.master.as_ref().unwrap()
    }

    fn stop_reading(&mut self) {
        if let Some((stop, thread)) = self.reader.take() {
            stop.store(true, Ordering::SeqCst);
            let _ = thread.join();
        }
    }

    /// The terminal goes away.
    fn hang_up(&mut self) {
        self.stop_reading();
        self.master = None;
    }

    /// Types all of this at once.
    fn keys(&self, keys: &[u8]) {
        let mut left = keys;
        while !left.is_empty() {
            let written = nix::unistd::write(self.master(), left).unwrap();
            left = &left[written..];
        }
    }

    /// The terminal gets another size.
    fn resize(&self, columns: u16, rows: u16) {
        self.shown.lock().unwrap().screen.screen_mut().set_size(nonzero(rows), nonzero(columns));
        tcsetwinsize(self.master(), size(columns, rows)).unwrap();
    }

    fn text(&self) -> String {
        self.shown.lock().unwrap().screen.screen().contents()
    }

    /// Waits until the screen is as wanted; returns it.
    fn wait(&mut self, what: &str, wanted: impl Fn(&str) -> bool) -> String {
        let until = Instant::now() + PATIENCE;
        loop {
            let text = self.text();
            if wanted(&text) {
                return text;
            }
            let ended = self.child.try_wait().unwrap();
            assert!(ended.is_none() && Instant::now() < until, "{what} did not come ({ended:?}):\n{text}");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Waits until the months are there, with their scheduler's answer.
    fn waits_for_months(&mut self) -> String {
        self.wait("the months", |text| text.contains("January") && text.contains("words"))
    }

    /// Waits until this month is the selected one.
    fn selects(&mut self, month: &str) -> String {
        self.wait(month, |text| text.contains(&format!("▸ {month} ")))
    }

    fn pid(&self) -> Pid {
        Pid::from_raw(self.child.id() as i32)
    }

    fn signal(&self, signal: Signal) {
        kill(self.pid(), signal).unwrap();
    }

    /// Fields of the process in `/proc`, from its state on.
    fn stat(&self) -> Vec<String> {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.pid())).unwrap();
        stat.rsplit_once(')').unwrap().1.split_whitespace().map(str::to_owned).collect()
    }

    /// Ticks of the processor that it has used.
    fn used(&self) -> u64 {
        let stat = self.stat();
        stat[11].parse::<u64>().unwrap() + stat[12].parse::<u64>().unwrap()
    }

    /// Waits for its end, not yet taking it away.
    fn ends(&self, after: &str) {
        wait_for(&format!("the end after {after}"), || (self.stat()[0] == "Z").then_some(()));
    }

    /// Leaves as a person does, who presses the key again where nothing comes of it: the machine may be so busy that it
    /// takes this key and those before it for one burst.
    fn quit(&self) {
        wait_for("the end", || {
            let ended = self.stat()[0] == "Z";
            if !ended {
                self.keys(b"q");
                std::thread::sleep(Duration::from_millis(200));
            }
            ended.then_some(())
        });
    }

    fn status(&mut self) -> ExitStatus {
        self.child.wait().unwrap()
    }
}

fn nonzero(number: u16) -> NonZero<u16> {
    NonZero::new(number).unwrap()
}

fn size(columns: u16, rows: u16) -> Winsize {
    Winsize { ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 }
}

/// Whether a process still runs.
fn lives(pid: Pid) -> bool {
    fs::read_to_string(format!("/proc/{pid}/stat"))
        .is_ok_and(|stat| stat.rsplit_once(')').is_some_and(|(_, rest)| !rest.starts_with(" Z")))
}

#[test]
fn keys_are_drawn_while_the_scheduler_hangs_and_no_tick_comes() {
    let campaign = Campaign::new();
    let mut screens = campaign.opened(NO_TICK);
    screens.waits_for_months();
    let oarstat = campaign.hangs();
    // Each has its effect on the screen before the scheduler answers or the tick comes, whichever way it is typed.
    for (keys, month) in
        [(&b"g"[..], "January"), (b"j", "February"), (b"\x1b[B", "March"), (b"k", "February")]
    {
        screens.keys(keys);
        screens.selects(month);
        assert!(lives(oarstat), "{month} came only when the scheduler had ended");
    }
    // Five within a moment, each read by itself.
    for _ in 0..5 {
        screens.keys(b"j");
        std::thread::sleep(Duration::from_millis(1));
    }
    screens.selects("July");
    screens.keys(b"?");
    screens.wait("the help", |text| text.contains("submit every planned month"));
    assert!(lives(oarstat), "the help came only when the scheduler had ended");
    // It leaves although its scheduler hangs.
    screens.keys(b" ");
    screens.wait("the months", |text| !text.contains("submit every planned month"));
    screens.quit();
    assert!(lives(oarstat), "it waited for the scheduler");
    assert!(screens.status().success());
}

#[test]
fn no_byte_of_a_flood_is_lost_and_none_acts() {
    let campaign = Campaign::new();
    let mut screens = campaign.opened(NO_TICK);
    screens.waits_for_months();
    screens.keys(b"g");
    screens.selects("January");
    let mut flood = vec![b'\t'; 4_998];
    flood.extend(b"xj");
    screens.keys(&flood);
    // 4998 turns lead to the third of four screens, where the last key has nothing to scroll.
    screens.wait("the screen of the last byte", |text| text.contains("Log of January"));
    screens.keys(b"\x1b[C");
    let text = screens.wait("the next month", |text| text.contains("Log of February"));
    assert!(!text.contains("Sure?"), "{text}");
}

#[test]
fn a_new_size_and_a_key_of_one_moment_are_both_taken() {
    if !have_programs("pty", &["setsid"]) {
        return;
    }
    let campaign = Campaign::new();
    let mut screens = campaign.opened_by(&["setsid", "--ctty"], NO_TICK);
    screens.waits_for_months();
    screens.keys(b"g");
    screens.selects("January");
    screens.resize(100, 40);
    screens.keys(b"j");
    let text = screens.wait("both", |text| {
        text.contains("▸ February ") && text.lines().nth(39).is_some_and(|last| last.contains("q quit"))
    });
    assert!(text.lines().all(|line| line.chars().count() <= 100), "{text}");
    // Stopped, made smaller meanwhile and continued, it asks anew.
    screens.signal(Signal::SIGSTOP);
    screens.resize(80, 24);
    screens.signal(Signal::SIGCONT);
    screens.wait("the smaller size", |text| {
        text.contains("▸ February ") && text.lines().nth(23).is_some_and(|last| last.contains("q quit"))
    });
}

#[test]
fn half_a_sequence_holds_nothing_up() {
    if !have_programs("pty", &["setsid"]) {
        return;
    }
    let campaign = Campaign::new();
    for half in [&b"\x1b["[..], b"\x1b[200~the xylo"] {
        let mut screens = campaign.opened_by(&["setsid", "--ctty"], "1");
        screens.waits_for_months();
        screens.keys(half);
        fs::write(campaign.scene.path("words"), "other words").unwrap();
        screens.wait("news of the scheduler", |text| text.contains("other words"));
        screens.resize(100, 40);
        screens.wait("another size", |text| text.lines().nth(39).is_some_and(|last| last.contains("q quit")));
        screens.signal(Signal::SIGTERM);
        screens.ends("SIGTERM");
        assert!(screens.status().success());
    }
}

#[test]
fn pasted_words_do_nothing_with_brackets_or_without() {
    let campaign = Campaign::new();
    let mut screens = campaign.opened(NO_TICK);
    screens.waits_for_months();
    assert!(contains(&screens.shown.lock().unwrap().bytes, b"\x1b[?2004h"), "brackets are asked for");
    screens.keys(b"gj");
    screens.selects("February");
    // `s` would ask whether to submit February, `y` or Enter would answer.
    screens.keys(b"\x1b[200~s yes, submit\r\x1b[201~");
    screens.wait("the notice", |text| text.contains("what is pasted does nothing here"));
    for words in ["submissions yes\ry\ryyyyy", "sy\rsy\rsy\rsy\r"] {
        // A notice of a key that does nothing else shows that all before it was taken.
        screens.keys(words.as_bytes());
        std::thread::sleep(Duration::from_millis(300));
        screens.keys(b"\x1b");
        std::thread::sleep(Duration::from_millis(300));
        screens.keys(b"1]");
        let text = screens.wait("the months", |text| text.contains("▸ February "));
        assert!(!text.contains("submitting February"), "{text}");
    }
    screens.quit();
    let attempts = campaign.scene.path("out/.alpsckpt/chains/m02/attempts");
    let made = fs::read_dir(attempts).map_or(0, Iterator::count);
    assert_eq!(made, 0, "February was submitted by a paste");
}

#[test]
fn without_its_terminal_it_is_gone_at_once_and_uses_no_processor() {
    if !have_programs("pty", &["setsid", "sh"]) {
        return;
    }
    let ignored = "trap '' HUP; exec \"$@\"";
    for (how, by) in [
        ("a terminal that is not its own, so that no SIGHUP comes", &["env"][..]),
        ("SIGHUP ignored", &["setsid", "--ctty", "sh", "-c", ignored, "sh"]),
        ("SIGHUP", &["setsid", "--ctty"]),
    ] {
        let campaign = Campaign::new();
        // From its first question on: the program waits some time before it asks again.
        fs::write(campaign.scene.path("hang"), "").unwrap();
        let mut screens = campaign.opened_by(by, NO_TICK);
        screens.wait("the screens", |text| text.contains("1 Months"));
        let oarstat = campaign.hangs();
        let used = screens.used();
        screens.hang_up();
        screens.ends(how);
        let used = screens.used() - used;
        assert!(lives(oarstat), "{how}: it waited for the scheduler");
        assert!(used <= 30, "{how}: {used} ticks of the processor");
    }
}

#[test]
fn half_a_sequence_and_then_no_terminal_is_an_end_too() {
    let campaign = Campaign::new();
    let mut screens = campaign.opened(NO_TICK);
    screens.waits_for_months();
    screens.keys(b"\x1b[");
    let used = screens.used();
    screens.hang_up();
    screens.ends("the terminal's end");
    assert!(screens.used() - used <= 30, "{} ticks of the processor", screens.used() - used);
}

#[test]
fn signals_that_end_it_leave_the_terminal_as_it_was() {
    let campaign = Campaign::new();
    for (signal, ends_by_it) in
        [(Signal::SIGTERM, false), (Signal::SIGINT, false), (Signal::SIGQUIT, true), (Signal::SIGABRT, true)]
    {
        let no_core = "ulimit -c 0; exec \"$@\"";
        let mut screens = campaign.opened_by(&["sh", "-c", no_core, "sh"], NO_TICK);
        screens.waits_for_months();
        let modes = || tcgetattr(screens.master()).unwrap().local_modes;
        assert!(!modes().contains(LocalModes::ECHO), "{signal}: not in raw mode");
        screens.signal(signal);
        screens.ends(signal.as_str());
        assert!(modes().contains(LocalModes::ECHO | LocalModes::ICANON), "{signal}: still in raw mode");
        wait_for("the last words", || {
            contains(&screens.shown.lock().unwrap().bytes, b"\x1b[?2004l\x1b[?1049l").then_some(())
        });
        let status = screens.status();
        assert_eq!(status.signal() == Some(signal as i32), ends_by_it, "{signal}: {status}");
    }
}

#[test]
fn a_terminal_that_takes_nothing_stops_neither_signals_nor_the_end() {
    let campaign = Campaign::new();
    let open = campaign.scene.alpsckpt(&["open", "my.ron", "--tick", NO_TICK]);
    // Several frames of this size fill any buffer between the two.
    let screens = Screens::start_unread(campaign.in_its_place(open), (400, 200));
    let tasks = format!("/proc/{}/task", screens.pid());
    wait_for("a write that hangs", || {
        // Drawn anew, whole, as long as it goes out.
        screens.keys(b"\x0c");
        let tasks = fs::read_dir(&tasks).unwrap().map(|task| task.unwrap().path());
        let output =
            tasks.filter(|task| fs::read_to_string(task.join("comm")).is_ok_and(|c| c == "output\n"));
        let wrote = |task: PathBuf| fs::read_to_string(task.join("syscall")).unwrap_or_default();
        // 1 is write(2).
        let writes = |call: String| call.starts_with("1 ");
        let now: Vec<PathBuf> = output.filter(|task| writes(wrote(task.clone()))).collect();
        std::thread::sleep(Duration::from_millis(50));
        now.into_iter().any(|task| writes(wrote(task))).then_some(())
    });
    screens.signal(Signal::SIGTERM);
    screens.ends("SIGTERM");
}

#[test]
fn a_terminal_that_only_prints_is_told_what_to_do() {
    let campaign = Campaign::new();
    for (term, arguments) in
        [("dumb", &["open", "my.ron"][..]), ("", &["open", "my.ron"]), ("dumb", &["demo", "--dir", "demo"])]
    {
        let mut command = campaign.in_its_place(campaign.scene.alpsckpt(arguments));
        command.env("TERM", term);
        let mut screens = Screens::start(command);
        screens.ends("a refusal");
        let text =
            wait_for("the refusal", || Some(screens.text()).filter(|text| text.contains("--headless")));
        assert!(text.contains("status --watch") && text.contains("TERM"), "{text}");
        assert!(!contains(&screens.shown.lock().unwrap().bytes, b"\x1b["), "{text}");
        assert_eq!(screens.status().code(), Some(2), "{text}");
    }
    assert!(!campaign.scene.path("demo").exists(), "the demo was begun");
}

#[test]
fn a_preview_is_drawn_in_colours_and_says_no_other_sequence() {
    let scene = Scene::new(48);
    scene.campaign(
        "my.ron",
        "out",
        &["months: [6],", "products: [Total],", "terrain_note: Some(\"a \\u{1b}[2Jnote\"),"],
    );
    let mut command = scene.alpsckpt(&["preview", "my.ron", "--size", "32"]);
    command.env("TERM", "xterm-256color").env_remove("NO_COLOR");
    let mut screens = Screens::start(command);
    screens.ends("a preview");
    let text = wait_for("the preview", || Some(screens.text()).filter(|text| text.contains("32 x 32 cells")));
    let bytes = screens.shown.lock().unwrap().bytes.clone();
    assert!(contains(&bytes, b"\x1b[38;5;") && text.contains('▀'), "{text}");
    assert!(!text.contains("{1b}[38") && !contains(&bytes, b"\x1b[2J"), "{text}");
    assert_eq!(screens.status().code(), Some(0), "{text}");
}

fn contains(bytes: &[u8], wanted: &[u8]) -> bool {
    bytes.windows(wanted.len()).any(|window| window == wanted)
}
