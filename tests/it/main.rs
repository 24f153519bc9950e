//! The integration tests: one program, so that they link once.

mod checkpoint;
mod cluster;
mod support;
mod toy;
