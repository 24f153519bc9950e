//! The screens in a real terminal: tmux on a socket of its own, the real program, a real campaign, real keys.

use std::path::{Path, PathBuf};

use alpsckpt::batch::embedded::Embedded;

use crate::support::have_programs;
use crate::terminal::Terminal;

const PROGRAM: &str = env!("CARGO_BIN_EXE_alpsckpt");
/// What stands at the beginning of the shell's lines.
const PROMPT: &str = "prompt>";

/// A shell in a terminal, and a demo's folder. Leaves no process behind.
struct Shell {
    folder: tempfile::TempDir,
    terminal: Terminal,
}

impl std::ops::Deref for Shell {
    type Target = Terminal;

    fn deref(&self) -> &Terminal {
        &self.terminal
    }
}

impl Drop for Shell {
    fn drop(&mut self) {
        self.tmux(&["kill-server"]);
        let cluster = self.demo().join("cluster");
        if cluster.is_dir()
            && let Err(e) = Embedded::with_program(&cluster, Path::new(PROGRAM)).shutdown(true)
        {
            eprintln!("the cluster in {} may be left running: {e}", cluster.display());
        }
    }
}

impl Shell {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let shell = format!(
            "exec env HOME={0} ALPSCKPT_STATE={0}/state LC_ALL=C.UTF-8 PS1='{PROMPT} ' bash --norc --noprofile -i",
            folder.path().display()
        );
        let shell = Self { folder, terminal: Terminal::new(110, 32, &shell) };
        shell.wait("the shell", |text| text.contains(PROMPT));
        shell
    }

    fn demo(&self) -> PathBuf {
        self.folder.path().join("demo")
    }

    fn type_line(&self, line: &str) {
        self.keys(&["-l", line]);
        self.keys(&["Enter"]);
    }

    /// The process of the program in front, a child of the shell.
    fn program(&self) -> i32 {
        let shell = self.tmux(&["display-message", "-p", "#{pane_pid}"]);
        let shell = String::from_utf8_lossy(&shell.stdout).trim().to_owned();
        let children = std::fs::read_to_string(format!("/proc/{shell}/task/{shell}/children")).unwrap();
        let mut children = children.split_whitespace();
        let child = children.next().unwrap().parse().unwrap();
        assert_eq!(children.next(), None, "one program in front");
        child
    }

    fn signal(&self, signal: nix::sys::signal::Signal) {
        nix::sys::signal::kill(nix::unistd::Pid::from_raw(self.program()), signal).unwrap();
    }

    /// The shell takes lines, and shows what is typed, as if nothing had been.
    fn is_sane(&self, after: &str) {
        self.keys(&["C-l"]);
        self.wait("a prompt of its own", |text| text.trim_end().ends_with(PROMPT));
        self.type_line("echo sane-$((40 + 2)); stty -a | grep -o -- '-*echo ' | tr '\\n' '.'; tput cols");
        let text = self.wait(after, |text| text.contains("sane-42") && text.contains("110"));
        assert!(text.contains("echo sane-$((40 + 2))"), "{after}: what is typed is not shown:\n{text}");
        assert!(text.contains("\necho ."), "{after}: the terminal does not echo:\n{text}");
        assert!(!text.contains("1 Months"), "{after}: the screens are still there:\n{text}");
    }

    fn waits_for_months(&self) -> String {
        self.wait("the first screen", |text| text.contains("1 Months") && percent(text).is_some())
    }
}

/// The campaign's progress, from the line of the tabs.
fn percent(text: &str) -> Option<u64> {
    let line = text.lines().find(|l| l.contains("1 Months"))?;
    line.rsplit_once(" %")?.0.rsplit(' ').next()?.parse().ok()
}

#[test]
fn a_campaign_is_followed_left_and_found_again_in_a_real_terminal() {
    if !have_programs("ui_tmux", &["tmux", "bash", "stty", "tput"]) {
        return;
    }
    let terminal = Shell::new();
    terminal.type_line(&format!("'{PROGRAM}' demo --dir '{}'; echo left with $?", terminal.demo().display()));
    let first = percent(&terminal.waits_for_months()).unwrap();
    for word in ["Parc des Écrins", "synthetic terrain", "1 s = 3 h", "January", "July", "? help", "q quit"]
    {
        terminal.says(word);
    }
    let grown = terminal.wait("progress", |text| percent(text).is_some_and(|now| now > first));
    let grown = percent(&grown).unwrap();

    terminal.keys(&["3"]);
    terminal.wait("a log", |text| text.contains("Log of") && text.contains(".log"));
    terminal.keys(&["2"]);
    terminal.wait("the jobs", |text| text.contains("Jobs of") && text.contains("Checkpoints"));
    terminal.keys(&["?"]);
    terminal.wait("the help", |text| text.contains("submit every planned month"));
    terminal.keys(&["Escape"]);
    // An Escape with a key right behind it is Alt and that key.
    terminal.wait("the jobs again", |text| !text.contains("submit every planned month"));
    terminal.keys(&["4"]);
    terminal.wait("the map", |text| text.contains("Map of") && text.contains('▀'));
    terminal.keys(&["q"]);
    terminal.wait("the end", |text| text.contains("left with 0"));
    terminal.is_sane("after quitting");

    // Opened again, it is where it was, and the jobs have gone on.
    terminal.type_line(&format!("'{PROGRAM}'; echo left again with $?"));
    let text = terminal.wait("the same screen", |text| text.contains("Map of") && percent(text).is_some());
    assert!(percent(&text) >= Some(grown), "progress was lost:\n{text}");
    terminal.signal(nix::sys::signal::Signal::SIGTERM);
    terminal.wait("the end by SIGTERM", |text| text.contains("left again with"));
    terminal.is_sane("after SIGTERM");

    // Killed, it leaves a terminal that the shell puts right, and a campaign that can be steered again.
    terminal.type_line(&format!("'{PROGRAM}'"));
    terminal.wait("the same screen", |text| text.contains("Map of") && percent(text).is_some());
    terminal.signal(nix::sys::signal::Signal::SIGKILL);
    terminal.wait("the kill", |text| text.contains("Killed"));
    terminal.keys(&["-l", "tput rmcup; tput cnorm\n"]);
    terminal.is_sane("after a kill");
    terminal.type_line(&format!("'{PROGRAM}'; echo left at last with $?"));
    terminal.keys(&["1"]);
    terminal.wait("the months", |text| percent(text) >= Some(grown) && !text.contains("read-only"));
    terminal.keys(&["q"]);
    terminal.wait("the end", |text| text.contains("left at last with 0"));
}
