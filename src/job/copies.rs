//! Copies of the finished maps as plain float32, for programs that take the integers of a map for its values.

use std::path::{Path, PathBuf};

use rayon::prelude::*;

use super::draft::{Draft, Spill};
use super::{maps, request, verify};
use crate::campaign::chains::{self, ChainError};
use crate::campaign::spec::Spec;
use crate::checkpoint::{CampaignDir, Complete, MapRecord, form};
use crate::durable::{DurableError, atomic, beneath};
use crate::engine::geotiff::{Encoding, Pyramid, Raster, cut_block, encode_block, lay_out};
use crate::engine::{self, Compression, Layer, Problem, Storage, Tiling};

/// Edge of a block of a copy, cells; so many rows are in memory at once.
const BLOCK: u32 = 256;

/// A finished map with what its chain has recorded of it.
#[derive(Debug)]
pub struct Finished {
    map: PathBuf,
    layer: Layer,
    record: MapRecord,
    /// Length and checksum of each block.
    blocks: Vec<(u32, u32)>,
}

/// What became of a copy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Copied {
    /// It was written.
    Written,
    /// It was there already, with the values of the map.
    There,
}

/// Why a map has no copy.
#[derive(Debug, thiserror::Error)]
pub enum CopyError {
    /// The map cannot be read, or is not what was computed.
    #[error(transparent)]
    Map(#[from] Problem),
    /// The copy cannot be written.
    #[error(transparent)]
    File(#[from] DurableError),
    /// Another file has the copy's name; it stays as it is.
    #[error("{} exists, and is no copy of {}: {why}", file.display(), map.display())]
    Taken {
        /// The file.
        file: PathBuf,
        /// The map.
        map: PathBuf,
        /// How one sees it.
        why: String,
    },
    /// It was asked to stop; nothing is left of this copy.
    #[error("stopped, as asked")]
    Stopped,
}

/// Asks whether to stop; tells how many rows of how many are done.
pub type Watch<'a> = &'a dyn Fn(usize, usize) -> bool;

/// The maps of all chains that are complete, chain by chain.
///
/// # Errors
/// When a chain's record of its maps is there and cannot be read.
pub fn finished(campaign: &CampaignDir, spec: &Spec) -> Result<Vec<Finished>, ChainError> {
    let mut finished = Vec::new();
    for chain in chains::of(campaign, spec)? {
        let complete: Complete = match form::read(&campaign.chain(&chain.id).complete()) {
            Ok(complete) => complete,
            Err(e) if e.is_missing() => continue,
            Err(e) => return Err(e.into()),
        };
        let layers = engine::layers_of(&request::of_chain(spec, &chain));
        let maps = layers.into_iter().zip(complete.maps).zip(complete.blocks);
        finished.extend(maps.map(|((layer, record), blocks)| Finished {
            map: campaign.maps().join(&record.file),
            layer,
            record,
            blocks,
        }));
    }
    Ok(finished)
}

impl Finished {
    /// Its file name, also that of its copy.
    #[must_use]
    pub fn file(&self) -> &str {
        &self.record.file
    }

    /// Writes a copy into a folder: the values as [`Raster`] reads them, bit by bit, float32 without a scale, NaN as nodata,
    /// with overviews, cloud-optimised. No file that has the name already is changed.
    ///
    /// It has its name only when it was read back and compared with the map. In memory are some rows of blocks.
    ///
    /// # Errors
    /// When the map is not what was computed, the name is taken, or the copy cannot be written.
    pub fn copy_into(&self, folder: &Path, watch: Watch<'_>) -> Result<Copied, CopyError> {
        let never = || false;
        verify::verify_bytes(&self.map, &self.record, &self.blocks, &never)
            .map_err(|why| Problem::new(&self.map, why, "see what is wrong by `alpsckpt verify`"))?;
        let map = maps::open(&self.map)?;
        let copy = folder.join(self.file());
        if beneath::exists(&copy) {
            let taken = |why: String| CopyError::Taken { file: copy.clone(), map: self.map.clone(), why };
            let there = Raster::open(&copy).map_err(|e| taken(e.what))?;
            return match difference(&map, &there, watch)? {
                None => Ok(Copied::There),
                Some(why) => Err(taken(why)),
            };
        }
        atomic::create_folder(folder)?;
        let mut draft = Draft::create(folder, self.file())?;
        self.write(&map, &mut draft, folder, watch)?;
        draft.sync()?;
        if let Some(why) = difference(&map, &Raster::open(draft.path())?, watch)? {
            let cure = "check the disk, then try again";
            return Err(Problem::new(&copy, format!("is not what was written: {why}"), cure).into());
        }
        if draft.publish_new(self.file().as_ref())? {
            Ok(Copied::Written)
        } else {
            let why = "it appeared meanwhile".to_owned();
            Err(CopyError::Taken { file: copy, map: self.map.clone(), why })
        }
    }

    fn write(
        &self,
        map: &Raster,
        draft: &mut Draft,
        folder: &Path,
        watch: Watch<'_>,
    ) -> Result<(), CopyError> {
        let place = map.placement();
        // A map of ours has no more cells than that each way.
        let (width, height) = (place.width as u32, place.height as u32);
        let tiling = Tiling { width, height, tile: BLOCK, block: BLOCK };
        let encoding = Encoding::of(&self.layer, Storage::Float32, Compression::Zstd);
        let mut pyramid = Pyramid::new(tiling, encoding);
        let levels = 1 + pyramid.as_ref().map_or(0, Pyramid::levels);
        let mut spill = Spill::create(folder, &format!("{}.blocks", self.file()), levels)?;
        for top in (0..height).step_by(BLOCK as usize) {
            let rows = BLOCK.min(height - top) as usize;
            let cells = map.window(0, top as isize, place.width, rows)?.values;
            let encode = |column: u32| {
                let cells = cut_block(&cells, width, (column * BLOCK, 0), BLOCK);
                let nothing = cells.iter().all(|cell| cell.is_nan());
                if nothing { Vec::new() } else { encode_block(&cells, BLOCK, encoding) }
            };
            let blocks: Vec<Vec<u8>> = (0..tiling.blocks_across()).into_par_iter().map(encode).collect();
            blocks.iter().try_for_each(|block| spill.push(0, block))?;
            if let Some(pyramid) = &mut pyramid {
                let made = pyramid.push(&blocks).map_err(|(_, why)| {
                    Problem::new(&self.map, why, "report this as a fault of the program")
                })?;
                made.iter().try_for_each(|made| spill.push(made.level, &made.bytes))?;
            }
            if watch(top as usize + rows, place.height) {
                return Err(CopyError::Stopped);
            }
        }
        let lengths: Vec<Vec<u32>> = spill.lengths().collect();
        draft.write(&lay_out(&self.layer, place, tiling, encoding, &lengths))?;
        for block in spill.blocks() {
            draft.write(&block?)?;
        }
        Ok(())
    }
}

/// What is different in a copy; `None`: it holds, as plain float32, the very values of the map in the same place.
fn difference(map: &Raster, copy: &Raster, watch: Watch<'_>) -> Result<Option<String>, CopyError> {
    if !copy.is_plain_float32() {
        return Ok(Some("its cells are not plain float32".to_owned()));
    }
    let place = map.placement();
    if copy.placement() != place {
        return Ok(Some("it lies elsewhere or has another size".to_owned()));
    }
    for top in (0..place.height).step_by(BLOCK as usize) {
        let rows = (BLOCK as usize).min(place.height - top);
        let read = |raster: &Raster| raster.window(0, top as isize, place.width, rows);
        let (ours, theirs) = (read(map)?.values, read(copy)?.values);
        let same =
            |(one, other): (&f32, &f32)| one.to_bits() == other.to_bits() || one.is_nan() && other.is_nan();
        if let Some(at) = ours.iter().zip(&theirs).position(|pair| !same(pair)) {
            let (column, row) = (at % place.width, top + at / place.width);
            let (one, other) = (ours.get(at).unwrap_or(&f32::NAN), theirs.get(at).unwrap_or(&f32::NAN));
            return Ok(Some(format!("column {column}, row {row} holds {other} instead of {one}")));
        }
        if watch(top + rows, place.height) {
            return Err(CopyError::Stopped);
        }
    }
    Ok(None)
}
