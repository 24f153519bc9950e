//! GeoTIFF in and out, without libgdal.
//!
//! [`Raster`] reads what GDAL writes for a single band (see `docs/decisions/0020-own-tiff-reader.md`); maps are written
//! block by block: [`encode_block`] compresses one, [`Pyramid`] makes the overviews as they pass by, [`lay_out`] gives
//! what stands before all of them in the file (see `docs/decisions/0024-overviews-first.md`).

mod affine;
mod cache;
mod coding;
mod decode;
mod directory;
mod encode;
mod foreign;
mod ifd;
mod keys;
mod layout;
mod lent;
mod meaning;
mod pyramid;
mod raster;
mod side;
mod structure;
mod system;
mod tags;
mod units;
mod vertical;
mod witness;
mod write;

pub use super::grid::Placement;
pub use coding::Coding;
pub use encode::{Tally, cut_block, encode_block, tally};
pub use layout::{blocks, lay_out};
pub use pyramid::{OverviewBlock, Pyramid};
pub use raster::Raster;
pub use side::{said_beside, side_file};
pub use witness::{ReadBlock, Witness};
pub use write::write_grid;

#[cfg(test)]
mod tests;
