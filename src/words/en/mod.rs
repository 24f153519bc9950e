//! English.

pub(super) mod actions;
pub(super) mod commands;
pub(super) mod notices;
pub(super) mod states;
pub(super) mod times;
