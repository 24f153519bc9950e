//! Where a window and a raster overlap, along one axis.

/// What a window and the raster have in common along one axis.
pub(super) struct Overlap {
    /// First and last cell of the raster.
    pub(super) first: usize,
    pub(super) last: usize,
    /// Cells of the window before `first`.
    pub(super) skipped: usize,
}

impl Overlap {
    pub(super) fn of(start: isize, length: usize, size: usize) -> Option<Self> {
        let first = start.max(0) as usize;
        let skipped = first.wrapping_sub(start as usize);
        let end = first.saturating_add(length.checked_sub(skipped)?).min(size);
        (first < end).then(|| Self { first, last: end - 1, skipped })
    }
}
