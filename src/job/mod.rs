//! What runs on the node: resume, compute, seal, stop in time, finish the maps.
//!
//! [`entry`] is what a batch job executes; [`run_chain`] is one link of a chain, wherever it runs. A link is a shell, which holds
//! its place in the chain, and a body, which does the work: [`tiles`] of a [`Workload`], such as the engine's. It ends in one of
//! the classes of [`crate::checkpoint::ExitClass`].

pub mod copies;
mod draft;
pub mod entry;
pub mod failure;
mod heart;
mod inputs;
mod log;
mod maps;
pub mod memory;
mod origin;
pub mod pictures;
mod program;
pub mod request;
pub mod run;
pub mod setup;
mod shell;
pub mod signals;
pub mod surroundings;
mod terms;
pub mod tiles;
pub mod verify;
pub mod workload;

pub use origin::Origin;
pub use program::let_images_go;
pub use run::{run_chain, run_with};
pub use terms::{Outcome, Progress, RunOptions, Stop};
pub use workload::Workload;

#[cfg(test)]
mod chain_tests;
#[cfg(test)]
mod disk_tests;
#[cfg(test)]
mod tests;
