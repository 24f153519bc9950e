//! GeoTIFF in and out, without libgdal.
//!
//! [`Raster`] reads what GDAL writes for a single band (see `docs/decisions/0020-own-tiff-reader.md`); maps are written
//! block by block: [`encode_block`] compresses one, [`lay_out`] gives what stands around all of them in the file.

mod cache;
mod coding;
mod decode;
mod encode;
mod ifd;
mod keys;
mod layout;
mod meaning;
mod raster;
mod structure;
mod tags;
mod write;

pub use super::grid::Placement;
pub use coding::Coding;
pub use encode::encode_block;
pub use layout::{MapFile, blocks, lay_out};
pub use raster::Raster;
pub use write::write_grid;

#[cfg(test)]
mod tests;
