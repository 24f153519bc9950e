//! Many small reads at once: on a shared disk each call waits for the network, and the waits can overlap.

use std::sync::Mutex;
use std::sync::PoisonError;

/// Threads at most. They wait, they do not compute.
const THREADS: usize = 32;
/// Fewer things to do are done one after the other.
const FEW: usize = 4;

/// `f` of each item, in the items' order.
pub(super) fn each<T: Send, R: Send>(items: Vec<T>, f: impl Fn(T) -> R + Sync) -> Vec<R> {
    if items.len() < FEW {
        return items.into_iter().map(f).collect();
    }
    let threads = items.len().min(THREADS);
    let queue = Mutex::new(items.into_iter().enumerate());
    let done = Mutex::new(Vec::new());
    let next = || queue.lock().unwrap_or_else(PoisonError::into_inner).next();
    let work = || {
        let mut mine = Vec::new();
        while let Some((at, item)) = next() {
            mine.push((at, f(item)));
        }
        done.lock().unwrap_or_else(PoisonError::into_inner).append(&mut mine);
    };
    std::thread::scope(|scope| {
        for _ in 1..threads {
            // Where no thread can be had the others do its part.
            let _ = std::thread::Builder::new().spawn_scoped(scope, work);
        }
        work();
    });
    let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    done.sort_by_key(|(at, _)| *at);
    done.into_iter().map(|(_, result)| result).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_come_in_the_order_of_the_items_however_many_there_are() {
        for n in [0, 1, FEW, 7, 1000] {
            let squares: Vec<usize> = (0..n).map(|i| i * i).collect();
            assert_eq!(each((0..n).collect(), |i: usize| i * i), squares);
        }
    }
}
