//! Programs that cannot save themselves: a process tree that runs, is dumped to an image, and goes on from it elsewhere.
//!
//! [`Backend`] is what a link needs of whatever can do that; it knows no campaign and no chain.

mod backend;
mod calls;
pub mod closed;
pub mod copies;
pub mod cpu;
pub mod criu;
pub mod dmtcp;
mod elf;
pub mod fitness;
pub mod inside;
pub mod kit;
mod misfit;
mod own_folder;
pub mod plain;
pub mod progress;
pub mod record;
pub mod semaphores;
pub mod tasks;
pub mod trial;
mod written;

pub use backend::{Backend, Clocks, Ended, Network, Program, Then, Trouble, TroubleKind};
pub use criu::Criu;
pub use inside::Supervised;
