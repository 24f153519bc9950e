//! What the screens tell of themselves, and what to press.

use crate::campaign::snapshot::ChainView;

spoken! { notices:
    /// Stopped by the terminal, nobody could continue the program.
    fn no_shell() -> String;
    /// The terminal has fewer columns and rows than are needed.
    fn too_small(size: (u16, u16), needed: (u16, u16)) -> String;
    /// One of several, as keys: `Esc or n`.
    fn either(these: &[String]) -> String;
    /// A log that does not follow its end; `cut`: it has more than is shown.
    fn log_stays(cut: bool) -> String;
    /// A planned month, and how it is submitted.
    fn not_submitted() -> String;
    /// How a failed month is resubmitted by a key, which acts on the selected month; `named`: another is selected.
    fn resubmit_by(key: &str, chain: &ChainView, named: Option<&str>) -> String;
}
