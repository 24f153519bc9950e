//! How many maps the disk takes.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use alpsckpt::engine::{Engine, RegionBox};
use alpsckpt::job::request::request;
use alpsckpt::quantity::bytes;

use crate::campaign::Campaign;
use crate::counting::Counts;
use crate::terrain::{CELL, EPSG, Terrain};
use crate::{Outcome, Progress, machine};

/// Cells across and down of the part that is computed to know how large maps become.
const SAMPLE: u32 = 1024;
/// Stays free, bytes.
const RESERVE: u64 = 10_000_000_000;
/// The blocks and the finished map are there at once until all maps are verified; overviews add a third to the map, and
/// something is left for what a sample does not know.
const TIMES: f64 = 1.05 * (1.0 + 4.0 / 3.0);

/// Bytes per cell of each map's blocks, as they are in the middle of the terrain.
pub(crate) fn expected(campaign: &Campaign, terrain: &Terrain) -> Outcome<Vec<f64>> {
    let spec = &campaign.spec;
    let mut request = request(spec, &spec.sorted_months());
    let (off, side) = (f64::from((terrain.size - SAMPLE) / 2) * CELL, f64::from(SAMPLE) * CELL);
    let (xmin, ymax) = (terrain.placement.west + off, terrain.placement.north - off);
    request.region = Some(RegionBox { epsg: EPSG, xmin, ymin: ymax - side, xmax: xmin + side, ymax });
    request.tile = SAMPLE;
    let engine = Engine::open(request).map_err(|e| e.to_string())?;
    let (counts, never) = (Counts::new(), AtomicBool::new(false));
    let tile = engine.tiling().tile(0).ok_or("the terrain has no middle: report this as a fault")?;
    let ground = engine.read(tile, &never).map_err(|e| e.to_string())?;
    engine
        .compute_pieces(&ground, &never, &|piece| counts.count(&engine, piece, 0))
        .map_err(|e| e.to_string())?;
    let cells = f64::from(SAMPLE).powi(2);
    Ok(counts.maps.iter().map(|map| map.bytes.load(Relaxed) as f64 / cells).collect())
}

/// How many maps are written: those wanted, else as many as the disk takes.
pub(crate) fn choose(
    folder: &Path,
    expected: &[f64],
    size: u32,
    wanted: Option<u32>,
    progress: &Progress,
) -> Outcome<usize> {
    let cells = f64::from(size).powi(2);
    let free = machine::free(folder)?;
    let needs: Vec<u64> = expected.iter().map(|bytes| (bytes * cells * TIMES) as u64).collect();
    let count =
        wanted.map_or_else(|| fitting(&needs, free.saturating_sub(RESERVE)), |wanted| wanted as usize);
    let needed = needs.iter().take(count.max(1)).sum();
    if count == 0 {
        return Err(format!(
            "{}: the disk takes no map: {} are free, {} stay so, {} are needed for the first (make room, or name another --folder)",
            folder.display(),
            bytes(free),
            bytes(RESERVE),
            bytes(needed)
        ));
    }
    progress.say(&format!(
        "{count} of {} maps are written: {} at most, {} are free",
        expected.len(),
        bytes(needed),
        bytes(free)
    ));
    Ok(count)
}

/// How many of these fit, one after another.
fn fitting(needs: &[u64], mut room: u64) -> usize {
    let fits = |need: &&u64| {
        let left = room.checked_sub(**need);
        room = left.unwrap_or(room);
        left.is_some()
    };
    needs.iter().take_while(fits).count()
}
