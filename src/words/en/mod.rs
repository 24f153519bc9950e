//! English.

pub(super) mod actions;
pub(super) mod advice;
pub(super) mod commands;
pub(super) mod details;
pub(super) mod events;
pub(super) mod failures;
pub(super) mod labels;
pub(super) mod notices;
pub(super) mod screens;
pub(super) mod states;
pub(super) mod times;
