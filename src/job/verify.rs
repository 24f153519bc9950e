//! Are the maps what was computed?

use std::path::{Path, PathBuf};

use rayon::prelude::*;

use super::maps::{self, Contents};
use crate::checkpoint::{CampaignDir, ChainId, Complete, MapRecord, Place, form};
use crate::durable::{DurableError, beneath, checksum};
use crate::engine::Problem;
use crate::engine::geotiff::{Placement, Raster};

/// One map, reopened and compared with the record of its chain.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Verified {
    /// The map.
    pub path: PathBuf,
    /// Its valid pixels.
    pub valid: u64,
    /// Lowest and highest value.
    pub range: Option<(f32, f32)>,
    /// What does not fit, in words; empty for a good map.
    pub problems: Vec<String>,
    /// It is missing, or its bytes are not what was computed.
    #[serde(skip)]
    pub damaged: bool,
}

/// Of a program's files their lengths and checksums: what they hold it alone knows.
fn verify_files(folder: &Path, complete: &Complete) -> Vec<Verified> {
    let verify = |file: &MapRecord| {
        let path = folder.join(&file.file);
        let problems: Vec<String> = verify_bytes(&path, file, &[], &|| false).err().into_iter().collect();
        Verified { path, valid: 0, range: None, damaged: !problems.is_empty(), problems }
    };
    complete.maps.par_iter().map(verify).collect()
}

/// Reopens every map of a chain: every block's checksum as recorded when computed, valid pixels = the DEM's, values
/// within the layer's physical range.
///
/// The DEM's valid cells are counted anew in `dem`, in the window that the map covers.
///
/// # Errors
/// When the chain has no readable record of its maps.
pub fn verify_chain(
    campaign: &CampaignDir,
    chain: &ChainId,
    dem: &Path,
) -> Result<Vec<Verified>, DurableError> {
    let complete: Complete = form::read(&campaign.chain(chain).complete())?;
    if complete.place == Place::Results {
        return Ok(verify_files(&campaign.results(), &complete));
    }
    let mut verified = verify_complete(&campaign.maps(), &complete, &maps::read, &|| false);
    // What is damaged tells nothing of the DEM, and the DEM nothing of it.
    let expected = verified.iter().find(|map| !map.damaged).map(|map| valid_cells(dem, &map.path));
    for map in verified.iter_mut().filter(|map| !map.damaged) {
        match &expected {
            Some(Ok(expected)) if *expected == map.valid => {}
            Some(Ok(expected)) => {
                map.problems.push(format!("{} valid pixels, the DEM has {expected}", map.valid));
            }
            Some(Err(problem)) => map.problems.push(format!("not comparable with the DEM: {problem}")),
            None => {}
        }
    }
    Ok(verified)
}

/// Reads a map as any other program would, unless asked to stop.
type Reopen<'a> = &'a (dyn Fn(&Path, &dyn Fn() -> bool) -> Result<Contents, Problem> + Sync);

/// Reopens every map in `folder`, in parallel, and compares it with `complete`; the result does not count on `stop`.
pub(super) fn verify_complete(
    folder: &Path,
    complete: &Complete,
    reopen: Reopen<'_>,
    stop: &(dyn Fn() -> bool + Sync),
) -> Vec<Verified> {
    let verify = |(at, map): (usize, &MapRecord)| {
        let blocks = complete.blocks.get(at).map(Vec::as_slice).unwrap_or_default();
        let mut verified = Verified {
            path: folder.join(&map.file),
            valid: 0,
            range: None,
            problems: Vec::new(),
            damaged: false,
        };
        // What does not even have its bytes is not decoded.
        let contents = verify_bytes(&verified.path, map, blocks, stop)
            .and_then(|()| reopen(&verified.path, stop).map_err(|p| p.what));
        match contents {
            Ok(contents) => {
                (verified.valid, verified.range) = (contents.valid, contents.range);
                verified.problems = misfits(complete, map, contents);
            }
            Err(problem) => {
                verified.problems.push(problem);
                verified.damaged = true;
            }
        }
        verified
    };
    complete.maps.par_iter().enumerate().map(verify).collect()
}

fn misfits(complete: &Complete, map: &MapRecord, contents: Contents) -> Vec<String> {
    let mut problems = Vec::new();
    if contents.valid != map.valid {
        problems.push(format!("{} valid pixels, {} were computed", contents.valid, map.valid));
    }
    if contents.valid != complete.valid {
        problems.push(format!("{} valid pixels, the DEM has {}", contents.valid, complete.valid));
    }
    if let Some((low, high)) = contents.range {
        let (least, most) = map.range;
        if !(low >= least && high <= most) {
            problems.push(format!("values from {low} to {high}, possible are {least} to {most}"));
        }
    }
    problems
}

/// Length, checksum of the whole and checksum of each block.
pub(super) fn verify_bytes(
    path: &Path,
    map: &MapRecord,
    blocks: &[(u32, u32)],
    stop: &dyn Fn() -> bool,
) -> Result<(), String> {
    let file = beneath::open(path).map_err(|e| format!("cannot be opened: {e}"))?;
    let length = file.metadata().map_err(|e| e.to_string())?.len();
    if length != map.bytes {
        return Err(format!("{length} bytes, {} were written", map.bytes));
    }
    let mut whole = crc32fast::Hasher::new();
    let mut at = 0;
    let mut piece = |bytes: u64| -> Result<u32, String> {
        let end = map.bytes.min(at + bytes);
        let crc = checksum::of_part(&file, at, end, stop).map_err(|e| format!("cannot be read: {e}"))?;
        let crc = crc.ok_or("not verified to its end")?;
        whole.combine(&crc);
        at = end;
        Ok(crc.finalize())
    };
    piece(map.head)?;
    for (number, (bytes, crc)) in blocks.iter().enumerate().filter(|(_, (bytes, _))| *bytes > 0) {
        if piece(u64::from(*bytes))? != *crc {
            return Err(format!("the checksum of block {number} does not fit"));
        }
    }
    piece(u64::MAX - map.bytes)?;
    if whole.finalize() == map.crc {
        Ok(())
    } else {
        Err("the checksum of the whole file does not fit".to_owned())
    }
}

/// Valid cells of the DEM in the window that a map covers.
fn valid_cells(dem: &Path, map: &Path) -> Result<u64, Problem> {
    let place = maps::open(map)?.placement().clone();
    let dem = Raster::open(dem)?;
    let (x, y) = first_cell(dem.placement(), &place);
    Ok(maps::count(&dem, (x, y), (place.width, place.height), &|| false)?.valid)
}

/// The DEM's cell under the map's first.
fn first_cell(dem: &Placement, map: &Placement) -> (isize, isize) {
    let (x, y) = map.centre(0.0, 0.0);
    let (column, row) = dem.cell_of(x, y);
    (column.round() as isize, row.round() as isize)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checkpoint::LinkNumber;
    use crate::durable::{atomic, sealed};

    #[test]
    fn a_programs_files_are_verified_by_length_and_checksum() {
        let folder = tempfile::tempdir().unwrap();
        let campaign = CampaignDir::new(folder.path());
        let chain = ChainId::of_months(&[3]);
        let text = b"month,value\n3,1.5\n";
        let map = MapRecord {
            file: "more/result_03.csv".to_owned(),
            bytes: text.len() as u64,
            crc: crc32fast::hash(text),
            head: 0,
            range: (0.0, 0.0),
            valid: 0,
        };
        let complete = Complete {
            form: form::FORM,
            written_by: String::new(),
            link: LinkNumber(1),
            spec: String::new(),
            tiles: 7,
            maps: vec![map],
            blocks: Vec::new(),
            valid: 0,
            place: Place::Results,
        };
        let file = campaign.results().join("more/result_03.csv");
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        atomic::create_folder(campaign.chain(&chain).path()).unwrap();
        sealed::replace(&campaign.chain(&chain).complete(), &complete).unwrap();
        let problems = || verify_chain(&campaign, &chain, Path::new("")).unwrap().remove(0).problems;
        assert!(problems()[0].contains("cannot be opened"), "{:?}", problems());
        std::fs::write(&file, text).unwrap();
        assert!(problems().is_empty(), "{:?}", problems());
        std::fs::write(&file, text.to_ascii_uppercase()).unwrap();
        assert!(problems()[0].contains("checksum of the whole file"), "{:?}", problems());
    }
}
