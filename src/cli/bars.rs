//! Progress of several chains: bars in a terminal, plain lines elsewhere.

use std::io::IsTerminal;
use std::sync::Mutex;

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use super::output;

/// The progress of several chains.
pub(super) struct Bars {
    all: MultiProgress,
    terminal: bool,
}

impl Bars {
    pub(super) fn new() -> Self {
        Self { all: MultiProgress::new(), terminal: std::io::stderr().is_terminal() }
    }

    /// A bar for one chain.
    pub(super) fn add(&self, name: &str) -> Bar {
        let bar = if self.terminal { self.all.add(ProgressBar::new(0)) } else { ProgressBar::hidden() };
        let style = ProgressStyle::with_template("{prefix:8} {wide_bar:.yellow} {pos:>6}/{len:<6} {msg:24}");
        if let Ok(style) = style {
            bar.set_style(style);
        }
        bar.set_prefix(name.to_owned());
        Bar { shown: bar, name: name.to_owned(), terminal: self.terminal, said: Mutex::new(String::new()) }
    }

    /// Says a line above the bars.
    pub(super) fn say(&self, line: &str) {
        if !self.terminal || self.all.println(line).is_err() {
            output::note(line);
        }
    }
}

/// A bar for one thing that takes its time, in a terminal; elsewhere nothing is seen of it. Its prefix says what is done.
pub(super) fn alone() -> ProgressBar {
    let bar = if std::io::stderr().is_terminal() { ProgressBar::new(0) } else { ProgressBar::hidden() };
    if let Ok(style) = ProgressStyle::with_template("{prefix} {wide_bar:.yellow} {percent:>3} %") {
        bar.set_style(style);
    }
    bar
}

/// The progress of one chain.
pub(super) struct Bar {
    shown: ProgressBar,
    name: String,
    terminal: bool,
    said: Mutex<String>,
}

impl Bar {
    /// Shows where the chain stands; as a line only at a new state or a new tenth.
    pub(super) fn show(&self, tiles: u64, total: u64, state: &str) {
        if self.terminal {
            self.shown.set_length(total);
            self.shown.set_position(tiles);
            self.shown.set_message(state.to_owned());
            return;
        }
        let tenths = (tiles * 10).checked_div(total).unwrap_or(0);
        let stands = format!("{tenths} {state}");
        let Ok(mut said) = self.said.lock() else { return };
        if *said != stands {
            let done = if total == 0 { String::new() } else { format!("{tiles}/{total} tiles, ") };
            output::note(format!("{}: {done}{state}", self.name));
            *said = stands;
        }
    }

    /// The bar stays as it is.
    pub(super) fn end(&self) {
        self.shown.abandon();
    }
}
