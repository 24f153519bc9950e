//! The brain: what a campaign is, what is to be done next, and what was done.
//!
//! - [`spec`]: the campaign file (RON), with errors that name line, field and cure;
//! - [`plan`]: chains, jobs, hours, bytes; pure;
//! - [`journal`]: the append-only record of everything decided and seen, with intents before outside effects;
//! - [`lease`]: which frontend may write the journal;
//! - [`machine`]: the pure state machine that decides;
//! - [`controller`]: reads links, generations and the scheduler, feeds the machine, does its effects;
//! - [`snapshot`]: a coherent picture of the campaign for the faces.

pub mod controller;
pub mod journal;
pub mod lease;
pub mod machine;
pub mod plan;
pub mod registry;
pub mod snapshot;
pub mod spec;
