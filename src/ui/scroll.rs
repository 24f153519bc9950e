//! Positions in lists and in logs.

use std::path::PathBuf;

use super::model::{Model, Row, RowName, Tail, logs_of};
use super::{text, view};
use crate::checkpoint::LinkNumber;
use crate::keys::Screen;

/// A position moved by so many rows, kept within `len`.
pub(crate) fn stepped(at: usize, by: isize, len: usize) -> usize {
    at.saturating_add_signed(by).min(len.saturating_sub(1))
}

/// The first of `len` rows to show so that the selected one is among the `height` visible, in the middle if possible.
pub(crate) fn first_visible(selected: usize, len: usize, height: usize) -> usize {
    selected.saturating_sub(height / 2).min(len.saturating_sub(height))
}

/// Rows of a page.
pub(crate) fn page(model: &Model) -> isize {
    let rows = match model.screen {
        Screen::Log => view::log_size(model).1,
        _ => model.size.1.saturating_sub(8),
    };
    isize::from(i16::try_from(rows.saturating_sub(1).max(1)).unwrap_or(1))
}

/// The log of a row of the jobs screen; `None` when it is the newest or is not there.
pub(crate) fn log_of(row: &Row<'_>) -> Option<PathBuf> {
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

/// The rows of a log that are visible, each with the name of its line.
pub(crate) fn visible(tail: &Tail, top: Option<u64>, columns: usize, rows: usize) -> Vec<String> {
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
fn last_top(tail: &Tail, columns: usize, rows: usize) -> usize {
    let mut used = 0;
    for (index, (_, line)) in tail.lines.iter().enumerate().rev() {
        used += text::fold(line, columns).len();
        if used > rows {
            return index + 1;
        }
    }
    0
}

/// Scrolls the log; past its last page it follows the end again.
pub(crate) fn log_by(model: &mut Model, by: isize) {
    let (columns, rows) = view::log_size(model);
    let Some(tail) = &model.log.tail else { return };
    let last = last_top(tail, usize::from(columns), usize::from(rows));
    let at = model.log.top.map_or(last, |top| tail.lines.partition_point(|(name, _)| *name < top).min(last));
    let next = at.saturating_add_signed(by);
    model.log.top = if next >= last { None } else { tail.lines.get(next).map(|(name, _)| *name) };
}

/// Follows the log's end, or stays where it is.
pub(crate) fn toggle_follow(model: &mut Model) {
    let (columns, rows) = view::log_size(model);
    model.log.top = match (&model.log.top, &model.log.tail) {
        (None, Some(tail)) => {
            let last = last_top(tail, usize::from(columns), usize::from(rows));
            tail.lines.get(last).map(|(name, _)| *name)
        }
        _ => None,
    };
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn tail(lines: usize) -> Tail {
        let lines = (0..lines as u64).map(|i| (i * 10, format!("line {i}"))).collect();
        Tail { path: PathBuf::from("0001.log"), cut: false, lines }
    }

    #[test]
    fn a_position_stays_within_its_list() {
        assert_eq!(stepped(0, -1, 5), 0);
        assert_eq!(stepped(4, 1, 5), 4);
        assert_eq!(stepped(2, isize::MAX, 5), 4);
        assert_eq!(stepped(2, isize::MIN, 5), 0);
        assert_eq!(stepped(0, 1, 0), 0);
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

    proptest! {
        #[test]
        fn the_selected_row_is_visible(selected in 0usize..50, extra in 0usize..50, height in 1usize..60) {
            let len = selected + 1 + extra;
            let first = first_visible(selected, len, height);
            prop_assert!(first <= selected && selected < first + height);
            prop_assert!(first == 0 || first + height <= len);
        }
    }
}
