//! What keys do, and the names of the screens.

use crate::keys::{Command, Screen};

spoken! { commands:
    /// The name of a screen.
    fn title(screen: Screen) -> &'static str;
    /// What a key does in one or two words, for the bar.
    fn name(command: Command) -> &'static str;
    /// What a key does in a sentence, for the help.
    fn what(command: Command) -> &'static str;
}
