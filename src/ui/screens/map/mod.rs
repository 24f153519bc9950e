//! The map as it fills: two pixels in a cell, a colour scale with its unit.

mod draw;
mod state;

pub(crate) use draw::draw;
pub(crate) use state::{Picture, State};
