//! Parts that several screens show.

pub(crate) mod events;
pub(crate) mod month;
pub(crate) mod nodes;
