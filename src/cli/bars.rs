//! Progress of several chains: bars in a terminal, plain lines elsewhere.

use std::io::IsTerminal;
use std::sync::Mutex;

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use super::output;
use crate::quantity::Unit;

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
    pub(super) fn add(&self, name: &str, unit: Unit) -> Bar {
        let bar = if self.terminal { self.all.add(ProgressBar::new(0)) } else { ProgressBar::hidden() };
        bar.set_style(style(match unit {
            Unit::Tiles => "{prefix:8} {wide_bar:.yellow} {pos:>6}/{len:<6} tiles  {msg:24}",
            Unit::Lines => "{prefix:8} {wide_bar:.yellow} {pos:>6}/{len:<6} lines  {msg:24}",
            Unit::Percent => "{prefix:8} {wide_bar:.yellow} {percent:>3} %  {msg:24}",
            // Of what nobody knows the whole there is no bar.
            Unit::CpuSeconds => "{prefix:8} {wide_msg}",
        }));
        bar.set_prefix(name.to_owned());
        Bar { shown: bar, name: name.to_owned(), unit, terminal: self.terminal, said: Mutex::default() }
    }

    /// Says a line above the bars.
    pub(super) fn say(&self, line: &str) {
        if !self.terminal || self.all.println(output::told(line)).is_err() {
            output::note(line);
        }
    }
}

/// A bar for one thing that takes its time, in a terminal; elsewhere nothing is seen of it. Its prefix says what is done.
pub(super) fn alone() -> ProgressBar {
    let bar = if std::io::stderr().is_terminal() { ProgressBar::new(0) } else { ProgressBar::hidden() };
    bar.set_style(style("{prefix} {wide_bar:.yellow} {percent:>3} %"));
    bar
}

/// How a bar is drawn, in characters that the terminal has.
fn style(template: &str) -> ProgressStyle {
    let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
    if output::glyphs().unicode { style } else { style.progress_chars("#-") }
}

/// The progress of one chain.
pub(super) struct Bar {
    shown: ProgressBar,
    name: String,
    unit: Unit,
    terminal: bool,
    said: Mutex<Said>,
}

/// What the last line said of a chain.
#[derive(Default)]
struct Said {
    tenths: u64,
    states: Vec<String>,
}

impl Said {
    /// Whether a line is due: at each new tenth, and at a state for the first time. Every seal goes back to the state before
    /// it, some times a minute.
    fn is_news(&mut self, tiles: u64, total: u64, state: &str) -> bool {
        let tenths = (tiles * 10).checked_div(total).unwrap_or(0);
        let new = !self.states.iter().any(|known| known == state);
        if new {
            self.states.push(state.to_owned());
        }
        let news = tenths > self.tenths || new;
        self.tenths = self.tenths.max(tenths);
        news
    }
}

impl Bar {
    /// Shows where the chain stands; as a line only now and then: see [`Said::is_news`].
    pub(super) fn show(&self, tiles: u64, total: u64, state: &str) {
        if self.terminal {
            self.shown.set_length(total);
            self.shown.set_position(tiles);
            let said = match self.unit {
                Unit::CpuSeconds => format!("{}, {state}", self.unit.amount(tiles)),
                _ => state.to_owned(),
            };
            self.shown.set_message(output::told(&said));
            return;
        }
        let Ok(mut said) = self.said.lock() else { return };
        if said.is_news(tiles, total, state) {
            let known = total > 0 || (!self.unit.is_tiles() && tiles > 0);
            let done = if known { format!("{}, ", self.unit.part(tiles, total)) } else { String::new() };
            output::note(format!("{}: {done}{state}", self.name));
        }
    }

    /// The bar stays as it is.
    pub(super) fn end(&self) {
        self.shown.abandon();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outside_a_terminal_a_long_run_says_some_lines_and_not_one_a_seal() {
        let mut said = Said::default();
        let mut lines = Vec::new();
        let mut show = |tiles, state: &str| {
            if said.is_news(tiles, 1000, state) {
                lines.push(format!("{tiles} {state}"));
            }
        };
        show(0, "opening");
        for tiles in 0..=1000 {
            show(tiles, "computing");
            show(tiles, "sealing");
        }
        show(1000, "finishing");
        show(1000, "sealing");
        show(1000, "finishing");
        let tenths = (1..=10).map(|tenth| format!("{} computing", 100 * tenth));
        let first = ["0 opening", "0 computing", "0 sealing"].map(str::to_owned);
        let expected: Vec<String> =
            first.into_iter().chain(tenths).chain(["1000 finishing".to_owned()]).collect();
        assert_eq!(lines, expected);
    }
}
