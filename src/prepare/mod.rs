//! From a campaign file to a campaign that the controller can take: inputs looked at, what is left open settled, costs told.
//!
//! It stands above `campaign` and `job` and below the faces: nothing here prints or asks. What is worth telling on the way is
//! [`News`], given to whoever asked; what refuses is a [`PrepareError`]. However much is asked at once, the inputs are looked at
//! once and the engine is opened once, on the very files that were looked at.
//!
//! - [`settle()`]: the spec of a campaign to be begun or gone on with; [`begin`] hands it to the controller;
//! - [`examine`], [`verify()`]: what is wrong with a file and its inputs, or may be;
//! - [`planned`], [`program`]: what a campaign will take;
//! - [`window`]: a small square of it, computed at once;
//! - [`plan`]: months, chains, jobs, hours, bytes; pure.

mod begun;
mod check;
mod disk;
mod doubts;
mod error;
mod news;
pub mod plan;
mod probe;
pub mod program;
mod program_doubts;
mod program_problems;
mod seen;
mod settle;
mod verify;
pub mod window;
mod written;

pub use begun::{begin, spec_of};
pub use check::{Examined, ensure_known, examine};
pub use disk::Short;
pub use error::{Placed, PrepareError};
pub use news::{Doubtful, News, Tell};
pub use probe::planned;
pub use settle::{Order, as_begun, settle};
pub use verify::{Verified, verify};
