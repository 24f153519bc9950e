//! The integration tests: one program, so that they link once.

mod checkpoint;
mod cluster;
mod geotiff;
mod support;
mod toy;
