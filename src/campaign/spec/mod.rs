//! The campaign file, version 1. Later versions add fields and never rename.

mod atmosphere;
mod chains;
mod changes;
mod check;
mod check_command;
mod check_science;
mod command;
mod command_kinds;
mod faults;
mod fields;
mod file;
mod forms;
mod freeze;
mod inputs;
mod kinds;
mod load;
mod loaded;
mod placeholders;
mod reading;
mod resolve;
mod site;
#[cfg(test)]
mod tests;
mod texts;
mod values;
mod words;

pub use atmosphere::Atmosphere;
pub use changes::{Change, Changed, changes};
pub use check::MOST_THREADS;
pub use command::{Checkpoint, Command, ProgressOf, Run};
pub use command_kinds::{Class, Processors, Semaphores, Signal};
pub use fields::line_of_field;
pub use file::Spec;
pub(crate) use freeze::short_hash;
pub use freeze::{Frozen, extend_lineage, freeze, frozen, lineage};
pub use inputs::of_month;
pub use kinds::{
    Azimuths, Cloud, Computing, Duration, Mode, Monthly, MonthsPerChain, Pace, Region, Temperature,
    TemperatureUnit,
};
pub use load::{load, parse};
pub use loaded::{Loaded, SpecError};
pub use resolve::{Places, Resolved};
pub use site::Profile;

/// The commented campaign file that `alpsckpt new` writes.
#[must_use]
pub fn template() -> &'static str {
    include_str!("../../../assets/campaign-template.ron")
}

/// The commented campaign file that `alpsckpt new --command` writes.
#[must_use]
pub fn template_of_command() -> &'static str {
    include_str!("../../../assets/command-template.ron")
}
