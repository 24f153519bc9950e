//! The signals that ask a link to checkpoint: SIGUSR2 (the batch system's), SIGTERM, SIGINT; and one that must not kill.

use std::sync::atomic::AtomicBool;
use std::sync::{Arc, OnceLock};

use signal_hook::consts::{SIGINT, SIGTERM, SIGUSR2, SIGXFSZ};

/// The flag that these signals set, installing their handlers at the first call. Repeated signals change nothing.
///
/// To be called as the first thing of a process that a batch system may signal: before, SIGUSR2 kills it.
pub fn stop_flag() -> Arc<AtomicBool> {
    static FLAG: OnceLock<Arc<AtomicBool>> = OnceLock::new();
    let flag = FLAG.get_or_init(|| {
        let flag = Arc::new(AtomicBool::new(false));
        for signal in [SIGUSR2, SIGTERM, SIGINT] {
            if let Err(e) = signal_hook::flag::register(signal, Arc::clone(&flag)) {
                tell!("alpsckpt: signal {signal} cannot be caught: {e}");
            }
        }
        flag
    });
    Arc::clone(flag)
}

/// Has a write beyond the limit of a file's size fail with an error, which has words, instead of killing the process.
pub fn survive_file_limit() {
    let _ = signal_hook::flag::register(SIGXFSZ, Arc::default());
}
