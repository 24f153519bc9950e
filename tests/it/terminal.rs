//! A real terminal: tmux on a socket of its own.

use std::process::{Command, Output};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

/// Only against hangs.
const PATIENCE: Duration = Duration::from_mins(10);

/// A tmux server with one program in it; ends with it.
pub(crate) struct Terminal {
    socket: String,
}

impl Drop for Terminal {
    fn drop(&mut self) {
        self.tmux(&["kill-server"]);
    }
}

impl Terminal {
    /// Of so many columns and lines, in which the shell runs `command`.
    pub(crate) fn new(columns: u32, lines: u32, command: &str) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let terminal = Self { socket: format!("alpsckpt-test-{}-{count}", std::process::id()) };
        let (x, y) = (columns.to_string(), lines.to_string());
        let made = terminal.tmux(&["-f", "/dev/null", "new-session", "-d", "-x", &x, "-y", &y, command]);
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        terminal
    }

    pub(crate) fn tmux(&self, arguments: &[&str]) -> Output {
        Command::new("tmux").args(["-L", &self.socket]).args(arguments).output().unwrap()
    }

    /// Presses keys, not so soon after what was last seen that no person could mean it.
    pub(crate) fn keys(&self, keys: &[&str]) {
        std::thread::sleep(Duration::from_millis(150));
        let sent = self.tmux(&[&["send-keys"], keys].concat());
        assert!(sent.status.success(), "{}", String::from_utf8_lossy(&sent.stderr));
    }

    pub(crate) fn shows(&self) -> String {
        String::from_utf8_lossy(&self.tmux(&["capture-pane", "-p"]).stdout).into_owned()
    }

    /// Waits until the terminal shows these words, wherever it breaks their lines; returns what it shows.
    pub(crate) fn says(&self, words: &str) -> String {
        self.wait(words, |text| text.split_whitespace().collect::<Vec<_>>().join(" ").contains(words))
    }

    /// Waits until the terminal shows what is wanted; returns it.
    pub(crate) fn wait(&self, what: &str, wanted: impl Fn(&str) -> bool) -> String {
        let began = Instant::now();
        loop {
            let text = self.shows();
            if wanted(&text) {
                return text;
            }
            assert!(began.elapsed() < PATIENCE, "{what} did not come:\n{text}");
            std::thread::sleep(Duration::from_millis(100));
        }
    }
}
