//! GeoTIFF in and out, without libgdal.
//!
//! [`Raster`] reads what GDAL writes for a single band (see `docs/decisions/0020-own-tiff-reader.md`); maps are written
//! block by block: [`encode_block`] compresses one, [`Pyramid`] makes the overviews as they pass by, [`lay_out`] gives
//! what stands before all of them in the file (see `docs/decisions/0024-overviews-first.md`).

mod affine;
mod cache;
mod chunk_layout;
mod crate_reader;
mod decode;
mod decompress;
mod directory;
mod encode;
mod encoding;
mod file;
mod ifd;
mod keys;
mod layout;
mod lent;
mod other_formats;
mod overlap;
mod placed;
mod predictor;
mod pyramid;
mod raster;
mod read_block;
mod reread;
mod sample;
mod side;
mod system;
mod tags;
mod units;
mod value_scale;
mod vertical;
mod witness;
mod write;

pub use super::beside::side_file;
pub use super::grid::Placement;
pub use encode::{Tally, cut_block, encode_block, tally};
pub use encoding::Encoding;
pub use layout::{blocks, lay_out};
pub use pyramid::{OverviewBlock, Pyramid};
pub use raster::Raster;
pub use read_block::ReadBlock;
pub use reread::first_changed;
pub use side::said_beside;
pub use witness::Witness;
pub use write::whole_file;

#[cfg(test)]
mod tests;
