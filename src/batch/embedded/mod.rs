//! The embedded cluster: real processes on this machine under the rules of a batch system, for the demo, tests and small campaigns.
//!
//! ```text
//! client ── JSON lines, Unix socket ──> server ── events, logged first ──> state
//!                                         │ scheduler::step (pure): what follows
//!                                         └─> wrapper (own session) ──> the job's script
//! ```
//!
//! A server may die at any moment: the next one replays the log and adopts the jobs by their wrappers' records.

mod client;
mod config;
mod effects;
mod heartbeat;
mod manner;
mod owner;
mod process;
mod protocol;
mod scheduler;
#[cfg(test)]
mod scheduler_tests;
mod server;
#[cfg(test)]
mod server_tests;
mod setting;
mod state;
mod told;
mod typed;
mod wrapper;

pub use client::Embedded;
pub use config::{Config, Fault, Nodes, default_config};
pub use manner::MANNER;
pub use server::{ServeError, serve};
pub use wrapper::{become_script, wrap};
