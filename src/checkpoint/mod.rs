//! What a chain leaves on disk, and how it is read back and trusted.
//!
//! ```text
//! <output>/.alpsckpt/chains/<id>/
//!   chain.ron                  what the chain is: months, year, scenario, products
//!   job.sh                     the script the batch system runs, at each link the same
//!   inputs.ron                 what the inputs were when the campaign was made, or when the chain was begun anew
//!   links/0001.ron             link 1 began (created exclusively: the fence)
//!   links/0001.resume.ron      what it found: the generation it goes on from, those it rejected
//!   links/0001.inputs.ron      what its inputs were
//!   links/0001.<layer>.map.ron a finished map that it was about to give its name
//!   links/0001.end.ron         how it ended
//!   status/0001.ron            its heartbeat: counter, progress
//!   status/0001.quicklook      a small picture of the map as it fills
//!   parts/0001.<layer>.part    the encoded blocks it computed, one file a layer
//!   parts/0001.index           a framed record a tile: where its blocks lie, with checksums
//!   parts/0001.inputs          the blocks of the inputs that it read, with checksums
//!   generations/000001.ron     a checkpoint: which parts, up to which lengths, or which image
//!   images/0001-1/             the first image that link 1 made of a program
//!   program/0001/              the working folder of a program that link 1 started
//!   made.ron                   the files of a program that has ended well, before they get their final names
//!   complete.ron               the finished maps, block by block
//!   logs/0001.log              what it said
//! ```
//! A link writes only to files named by its number; nothing is ever appended to another link's file.

pub mod blocks;
pub mod chain;
pub mod fence;
pub mod form;
pub mod generation;
pub mod image;
mod index;
pub mod inputs;
pub mod link;
pub mod resume;
pub mod seal;
pub mod segment;
pub mod shape;
pub mod status;
mod tile_record;

pub use crate::layout::{CampaignDir, ChainDir, ChainId, GenerationNumber, LinkNumber};
pub use chain::{Chain, ChainWork};
pub use generation::{
    BlockRecord, Complete, Dumper, Generation, Image, ImageFile, MapRecord, Place, Segment, TileRecord,
};
pub use inputs::{InputBlock, InputBlocks};
pub use link::{ExitClass, LOCAL, LinkEnd, LinkResume, LinkStart, Lost, Rejected, UnfitNode};
pub use resume::Resumed;
pub use shape::{HeldTile, Shape};
pub use status::{Phase, Quicklook, Saving, Status};
pub use tile_record::INDEX_MAGIC;

#[cfg(test)]
mod tests;
