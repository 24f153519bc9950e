//! Things kept for their memory: fresh memory costs more than what is done in it.

use std::sync::{Mutex, PoisonError};

/// What nobody uses at the moment. What one finds in it is stale.
#[derive(Debug)]
pub(super) struct BufferPool<T>(Mutex<Vec<T>>);

impl<T> Default for BufferPool<T> {
    fn default() -> Self {
        Self(Mutex::new(Vec::new()))
    }
}

impl<T> BufferPool<T> {
    /// One of them, or a new one.
    pub(super) fn take(&self, new: impl FnOnce() -> T) -> T {
        let spare = self.0.lock().unwrap_or_else(PoisonError::into_inner).pop();
        spare.unwrap_or_else(new)
    }

    /// Keeps one for later.
    pub(super) fn give(&self, spare: T) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(spare);
    }
}
