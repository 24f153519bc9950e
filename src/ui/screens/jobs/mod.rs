//! The jobs: every link of the selected month or of all, and every job that never became one; what the selected one said of its
//! end, checkpoints, nodes.

mod cells;
mod draw;
mod state;

pub(crate) use draw::draw;
pub(crate) use state::{Row, RowName, State};
