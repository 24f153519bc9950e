//! Renews a lease while its holder is busy: a submission may take a minute.

use std::io;
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use super::Holder;
use crate::durable::sealed;

/// The thread that renews; it ends when this is dropped.
#[derive(Debug)]
pub(super) struct Keeper {
    over: Arc<(Mutex<bool>, Condvar)>,
    thread: Option<JoinHandle<()>>,
}

impl Keeper {
    /// Renews the lease at `path` as long as it bears this nonce.
    ///
    /// # Errors
    /// When no thread can be had.
    pub(super) fn start(path: &Path, nonce: &str, every: Duration) -> io::Result<Self> {
        let over = Arc::new((Mutex::new(false), Condvar::new()));
        let (of_thread, path, nonce) = (Arc::clone(&over), path.to_path_buf(), nonce.to_owned());
        let thread = std::thread::Builder::new()
            .name("lease".to_owned())
            .spawn(move || keep(&of_thread, &path, &nonce, every))?;
        Ok(Self { over, thread: Some(thread) })
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        *self.over.0.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.over.1.notify_all();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn keep(over: &(Mutex<bool>, Condvar), path: &Path, nonce: &str, every: Duration) {
    loop {
        let guard = over.0.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = over.1.wait_timeout_while(guard, every, |over| !*over);
        if *waited.unwrap_or_else(PoisonError::into_inner).0 {
            return;
        }
        match sealed::read::<Holder>(path) {
            Ok(found) if found.nonce == nonce => {
                // What cannot be written now is tried again; the holder verifies before each append.
                let _ = sealed::replace(path, &Holder { counter: found.counter + 1, ..found });
            }
            // Taken over: its holder notices.
            Ok(_) => return,
            Err(_) => {}
        }
    }
}
