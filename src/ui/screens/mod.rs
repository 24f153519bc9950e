//! The screens, a folder each: the state of its own, what its keys do with it, and how it is drawn. None knows the model that
//! holds them all; [`super::faces`] has a row for each.

pub(crate) mod jobs;
pub(crate) mod log;
pub(crate) mod map;
pub(crate) mod months;
