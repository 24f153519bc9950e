//! What a link said: the end of its log.

mod draw;
mod state;

pub(crate) use draw::{draw, text_size};
pub(crate) use state::{State, Tail, has_log, of_row};
