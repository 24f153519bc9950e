//! Lines of the screens that are no facts of a month: header, pages, and what stands where there is nothing to show.

use crate::keys::Screen;

/// What stands where there is nothing to show yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Empty {
    /// No job of the month.
    Jobs,
    /// No log of the month.
    Logs,
    /// A log without a line.
    Log,
    /// No tile of the map.
    Map,
    /// No valid pixel of the map.
    Pixels,
    /// No checkpoint.
    Checkpoints,
}

spoken! { screens:
    /// There is nothing yet.
    fn empty(what: Empty) -> &'static str;
    /// A file or the campaign is being read.
    fn reading(ellipsis: &str) -> String;
    /// The campaign is being read for the first time.
    fn reading_campaign(ellipsis: &str) -> String;
    /// The batch system's last answer is so old, seconds.
    fn answered(age: u64) -> String;
    /// The batch system does not answer.
    fn no_answer() -> &'static str;
    /// The wait between tiles.
    fn paced(pace: &str) -> String;
    /// So many months have failed.
    fn months_failed(months: usize) -> String;
    /// So many months are silent.
    fn months_silent(months: usize) -> String;
    /// So many months of all are complete.
    fn months_complete(done: usize, all: usize) -> String;
    /// So many months are left out above.
    fn more_above(months: usize) -> String;
    /// So many months are left out below.
    fn more_below(months: usize) -> String;
    /// So many nodes are left out.
    fn more_nodes(nodes: usize) -> String;
    /// A node on which nothing runs.
    fn free() -> &'static str;
    /// A page's title, and that it can be scrolled by these keys.
    fn scrolled(title: &str, keys: &str) -> String;
    /// How a page is closed.
    fn closes() -> &'static str;
    /// How the help is closed, and that jobs go on.
    fn help_closes() -> &'static str;
    /// Whose keys the help tells.
    fn on_the_screen(screen: Screen) -> String;
    /// A key that does nothing now, and why.
    fn not_now(what: &str, why: &str) -> String;
    /// A log that follows its end.
    fn log_follows() -> &'static str;
    /// A log that does not follow its end; `cut`: it has more than is shown.
    fn log_stays(cut: bool) -> String;
}
