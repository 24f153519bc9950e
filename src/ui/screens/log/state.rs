//! Which log, which of its lines, and what was read of it.

use std::path::PathBuf;

use crate::campaign::snapshot::ChainView;
use crate::checkpoint::LinkNumber;
use crate::ui::screens::jobs::{Row, RowName};
use crate::ui::scroll;
use crate::ui::shared::Shared;
use crate::ui::text;

/// The end of a log file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Tail {
    /// The file.
    pub(crate) path: PathBuf,
    /// Whether the file has more before the first line.
    pub(crate) cut: bool,
    /// Lines with the position of their first byte in the file, which names them while the file grows.
    pub(crate) lines: Vec<(u64, String)>,
}

/// What the log screen shows.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct State {
    /// The chosen file; `None`: the newest of the selected chain.
    pub(crate) chosen: Option<PathBuf>,
    /// The name (position) of the first line shown; `None`: follow the end.
    pub(crate) top: Option<u64>,
    /// What was read last.
    pub(crate) tail: Option<Tail>,
    /// The file that could not be read, and why.
    pub(crate) error: Option<(PathBuf, String)>,
}

/// The logs of a chain: first what its jobs wrote on their outputs, then what its links said, each newest last.
pub(super) fn logs_of(chain: &ChainView) -> Vec<&PathBuf> {
    let mut logs: Vec<&PathBuf> = chain.logs.iter().collect();
    logs.sort_by_key(|path| path.extension().is_some_and(|e| e == "log"));
    logs
}

/// The log of a row of the jobs screen; `None` when it is the newest or is not there.
pub(crate) fn of_row(row: &Row<'_>) -> Option<PathBuf> {
    let logs = logs_of(row.chain);
    let at = log_position(row, &logs)?;
    logs.get(at).filter(|_| at + 1 < logs.len()).map(|path| (*path).clone())
}

/// Whether anything was written by a row's link or job.
pub(crate) fn has_log(row: &Row<'_>) -> bool {
    log_position(row, &logs_of(row.chain)).is_some()
}

/// Where the log of a link stands among the logs; of a job without one, what it wrote on its outputs.
fn log_position(row: &Row<'_>, logs: &[&PathBuf]) -> Option<usize> {
    let name = match row.name() {
        RowName::Link(number) => LinkNumber(number).to_string(),
        RowName::Job(number) => number.to_string(),
    };
    logs.iter().rposition(|p| p.file_stem().is_some_and(|s| s.to_string_lossy() == name))
}

impl State {
    /// Goes to another file. What was read last is kept: the reader does not send an unchanged file twice.
    pub(crate) fn choose(&mut self, chosen: Option<PathBuf>) {
        self.chosen = chosen;
        self.top = None;
    }

    /// Goes to the log so many further; `false` where there is none.
    pub(crate) fn step(&mut self, shared: &Shared, by: isize) -> bool {
        let Some(chain) = shared.chain() else { return true };
        let logs = logs_of(chain);
        let now = self.position(shared).unwrap_or(0);
        let at = scroll::stepped(now, by, logs.len());
        if at == now {
            return false;
        }
        // The newest is not held by name, so that the next job's log is followed too.
        let chosen = logs.get(at).filter(|_| at + 1 < logs.len()).map(|path| (*path).clone());
        self.choose(chosen);
        true
    }

    /// The log to show: the chosen one, else the newest of the selected chain.
    pub(crate) fn path<'s>(&self, shared: &'s Shared) -> Option<&'s PathBuf> {
        let logs = logs_of(shared.chain()?);
        let chosen = self.chosen.as_ref().and_then(|c| logs.iter().find(|l| **l == c));
        chosen.or_else(|| logs.last()).copied()
    }

    /// Where the log to show stands among those of the selected chain.
    pub(super) fn position(&self, shared: &Shared) -> Option<usize> {
        let path = self.path(shared)?;
        logs_of(shared.chain()?).iter().position(|log| *log == path)
    }

    /// A log was read, or could not be.
    pub(crate) fn take(&mut self, path: PathBuf, result: Result<Tail, String>) {
        match result {
            Ok(tail) => {
                self.tail = Some(tail);
                self.error = None;
            }
            Err(why) => self.error = Some((path, why)),
        }
    }

    /// Scrolls the log in so many columns and rows; past its last page it follows the end again.
    pub(crate) fn scroll(&mut self, by: isize, size: (u16, u16)) {
        let Some(tail) = &self.tail else { return };
        let last = last_top(tail, size);
        let at = self.top.map_or(last, |top| tail.lines.partition_point(|(name, _)| *name < top).min(last));
        let next = at.saturating_add_signed(by);
        self.top = if next >= last { None } else { tail.lines.get(next).map(|(name, _)| *name) };
    }

    /// Follows the log's end, or stays where it is.
    pub(crate) fn toggle_follow(&mut self, size: (u16, u16)) {
        self.top = match (&self.top, &self.tail) {
            (None, Some(tail)) => tail.lines.get(last_top(tail, size)).map(|(name, _)| *name),
            _ => None,
        };
    }
}

/// The rows of a log that are visible, each with the name of its line.
pub(super) fn visible(tail: &Tail, top: Option<u64>, columns: usize, rows: usize) -> Vec<String> {
    let from = match top {
        Some(top) => tail.lines.partition_point(|(at, _)| *at < top),
        None => return last_rows(tail, columns, rows),
    };
    let lines = tail.lines.get(from..).unwrap_or(&[]);
    lines.iter().flat_map(|(_, line)| text::fold(line, columns)).take(rows).collect()
}

fn last_rows(tail: &Tail, columns: usize, rows: usize) -> Vec<String> {
    let mut kept: Vec<String> = Vec::new();
    for (_, line) in tail.lines.iter().rev() {
        kept.extend(text::fold(line, columns).into_iter().rev());
        if kept.len() >= rows {
            break;
        }
    }
    kept.truncate(rows);
    kept.reverse();
    kept
}

/// The index of the line that begins the last page.
fn last_top(tail: &Tail, (columns, rows): (u16, u16)) -> usize {
    let mut used = 0;
    for (index, (_, line)) in tail.lines.iter().enumerate().rev() {
        used += text::fold(line, usize::from(columns)).len();
        if used > usize::from(rows) {
            return index + 1;
        }
    }
    0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tail(lines: usize) -> Tail {
        let lines = (0..lines as u64).map(|i| (i * 10, format!("line {i}"))).collect();
        Tail { path: PathBuf::from("0001.log"), cut: false, lines }
    }

    #[test]
    fn following_shows_the_last_rows_of_folded_lines() {
        let mut log = tail(3);
        log.lines.push((30, "abcdefgh".to_owned()));
        assert_eq!(visible(&log, None, 6, 3), ["line 2", "abcdef", "gh"]);
        assert_eq!(visible(&log, Some(0), 6, 2), ["line 0", "line 1"]);
    }

    #[test]
    fn a_line_that_left_the_window_is_replaced_by_the_next_one() {
        let mut log = tail(5);
        log.lines.remove(0);
        assert_eq!(visible(&log, Some(0), 20, 1), ["line 1"]);
    }
}
