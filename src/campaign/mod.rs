//! The brain: what a campaign is, what is to be done next, and what was done.
//!
//! - [`spec`]: the campaign file (RON), with errors that name line, field and cure;
//! - [`event`] and [`journal`]: the append-only record of everything decided and seen, intents before outside effects;
//! - [`chains`]: what each chain is, by the frozen spec and its own record;
//! - [`identity`]: what survives the loss of the journal: the campaign's name for its tokens, a file an attempt;
//! - [`lease`]: which session may write the journal;
//! - [`machine`]: the pure state machine that decides;
//! - [`controller`]: reads links, generations and the scheduler, feeds the machine, does its effects;
//! - [`actions`]: what can be done with a chain now, and why not;
//! - [`registry`]: the list of a person's campaigns;
//! - [`snapshot`]: a coherent picture of the campaign for the faces.

pub mod actions;
pub mod cause;
pub mod chains;
pub mod clock;
pub mod controller;
pub mod event;
#[cfg(test)]
pub(crate) mod fixtures;
pub mod identity;
pub mod inputs;
pub mod journal;
pub mod lease;
pub mod machine;
pub mod notice;
pub mod registry;
pub(crate) mod shell;
pub mod snapshot;
pub mod spec;
