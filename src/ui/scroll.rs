//! Positions in lists.

use crate::keys::Command;

/// A position moved by so many rows, kept within `len`.
pub(crate) fn stepped(at: usize, by: isize, len: usize) -> usize {
    at.saturating_add_signed(by).min(len.saturating_sub(1))
}

/// The first of `len` rows to show so that the selected one is among the `height` visible, in the middle if possible.
pub(crate) fn first_visible(selected: usize, len: usize, height: usize) -> usize {
    selected.saturating_sub(height / 2).min(len.saturating_sub(height))
}

/// By how many rows a command moves where so many are visible; `None` for one that does not move.
pub(crate) fn moved(command: Command, visible: u16) -> Option<isize> {
    let page = isize::from(i16::try_from(visible.saturating_sub(1).max(1)).unwrap_or(1));
    match command {
        Command::Up => Some(-1),
        Command::Down => Some(1),
        Command::PageUp => Some(-page),
        Command::PageDown => Some(page),
        Command::First => Some(isize::MIN),
        Command::Last => Some(isize::MAX),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_position_stays_within_its_list() {
        assert_eq!(stepped(0, -1, 5), 0);
        assert_eq!(stepped(4, 1, 5), 4);
        assert_eq!(stepped(2, isize::MAX, 5), 4);
        assert_eq!(stepped(2, isize::MIN, 5), 0);
        assert_eq!(stepped(0, 1, 0), 0);
    }

    #[test]
    fn a_page_leaves_a_row_of_the_one_before_and_is_never_none() {
        assert_eq!(
            [16, 2, 1, 0].map(|rows| moved(Command::PageDown, rows)),
            [Some(15), Some(1), Some(1), Some(1)]
        );
        assert_eq!((moved(Command::Up, 9), moved(Command::Open, 9)), (Some(-1), None));
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
