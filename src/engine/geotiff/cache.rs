//! The decoded chunks of a raster that were used last.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

/// A raster keeps at most this many cells: 128 MiB. Neighbouring work tiles share chunks through their halos.
const MOST_CELLS: usize = 1 << 25;

/// A raster that is read without surroundings keeps at most this many: 16 MiB. There may be one for each month.
const FEW_CELLS: usize = 1 << 22;

/// The cells of a chunk, row by row.
pub(super) type Chunk = Arc<Vec<f32>>;

#[derive(Debug)]
pub(super) struct Cache {
    inner: Mutex<Inner>,
    /// The most cells that it keeps.
    most: usize,
}

impl Default for Cache {
    fn default() -> Self {
        Self { inner: Mutex::default(), most: MOST_CELLS }
    }
}

#[derive(Debug, Default)]
struct Inner {
    /// When each kept chunk was last used.
    chunks: HashMap<usize, (u64, Chunk)>,
    /// The same the other way, to find the oldest.
    ages: BTreeMap<u64, usize>,
    cells: usize,
    clock: u64,
}

impl Cache {
    /// One for what is read without surroundings.
    pub(super) fn small() -> Self {
        Self { inner: Mutex::default(), most: FEW_CELLS }
    }

    /// The most cells that it keeps.
    pub(super) fn most(&self) -> usize {
        self.most
    }

    pub(super) fn get(&self, index: usize) -> Option<Chunk> {
        // A thread that panicked cannot have left the maps half-changed in a way that matters: chunks are immutable.
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        let now = inner.tick();
        let (age, chunk) = inner.chunks.get_mut(&index)?;
        let (before, chunk) = (std::mem::replace(age, now), Arc::clone(chunk));
        inner.ages.remove(&before);
        inner.ages.insert(now, index);
        Some(chunk)
    }

    pub(super) fn put(&self, index: usize, chunk: &Chunk) {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        inner.forget(index);
        let now = inner.tick();
        inner.cells += chunk.len();
        inner.chunks.insert(index, (now, Arc::clone(chunk)));
        inner.ages.insert(now, index);
        while inner.cells > self.most
            && let Some((_, oldest)) = inner.ages.first_key_value()
        {
            let oldest = *oldest;
            inner.forget(oldest);
        }
    }
}

impl Inner {
    fn tick(&mut self) -> u64 {
        self.clock += 1;
        self.clock
    }

    fn forget(&mut self, index: usize) {
        if let Some((age, chunk)) = self.chunks.remove(&index) {
            self.ages.remove(&age);
            self.cells -= chunk.len();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_chunk_unused_for_longest_goes_first() {
        let cache = Cache::default();
        let third: Chunk = Arc::new(vec![0.0; MOST_CELLS / 3]);
        (0..3).for_each(|index| cache.put(index, &third));
        assert!(cache.get(0).is_some());
        cache.put(3, &third);
        let kept: Vec<bool> = (0..4).map(|index| cache.get(index).is_some()).collect();
        assert_eq!(kept, [true, false, true, true]);
    }

    #[test]
    fn a_chunk_larger_than_the_cache_is_not_kept() {
        let cache = Cache::default();
        cache.put(0, &Arc::new(vec![0.0; MOST_CELLS + 1]));
        assert!(cache.get(0).is_none());
        assert_eq!(cache.inner.lock().unwrap().cells, 0);
    }
}
