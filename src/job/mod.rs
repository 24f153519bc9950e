//! What runs on the node: resume, compute, seal, stop in time, finish the maps.

pub mod request;
pub mod run;
pub mod verify;

pub use run::{Outcome, Progress, RunOptions, Stop, run_chain};
