//! What the system tells of running tasks: which there are, their memory and CPU time, and what of them cannot be dumped.
//!
//! Tasks are known by their numbers as this process sees them, also where they live in namespaces of their own. All of it bears
//! that tasks end while they are looked at: those are left out.

mod descriptors;
mod hindrance;
mod mappings;
pub(in crate::foreign) mod proc;
mod sockets;
mod state;
mod sysv;
#[cfg(test)]
pub(in crate::foreign) mod tests;
mod undumpable;
mod whereabouts;

use std::collections::BTreeSet;
use std::time::Duration;

pub(in crate::foreign) use hindrance::shown;
pub use hindrance::{Hindrance, Obstacle, TaskScan, Tool};
pub use undumpable::{hindrances, wrong};

/// The tasks of these roots: themselves and all that descends from them, without those that have ended; in order of their numbers.
#[must_use]
pub fn tree(roots: &[u32]) -> Vec<u32> {
    // While children end the system may leave out others: those are then seen in the second walk.
    let mut seen = BTreeSet::new();
    for _ in 0..2 {
        let mut next: Vec<u32> = roots.to_vec();
        let mut walked = BTreeSet::new();
        while let Some(task) = next.pop() {
            if walked.insert(task) {
                next.extend(children(task));
            }
        }
        seen.extend(walked);
    }
    seen.retain(|task| proc::stat(*task).is_ok_and(|stat| !matches!(stat.state, 'Z' | 'X')));
    seen.into_iter().collect()
}

/// The children of all threads of a task.
fn children(task: u32) -> Vec<u32> {
    let mut all = Vec::new();
    for thread in threads(task) {
        let children = proc::text(task, &format!("task/{thread}/children")).unwrap_or_default();
        all.extend(children.split_ascii_whitespace().filter_map(|number| number.parse::<u32>().ok()));
    }
    all
}

/// The threads of a task; none when it has ended.
pub(in crate::foreign) fn threads(task: u32) -> Vec<u32> {
    let Ok(entries) = std::fs::read_dir(proc::folder(task).join("task")) else { return Vec::new() };
    entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok()).collect()
}

/// What tasks hold in memory, bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TaskMemory {
    /// Resident: what was written by each task and what they share, once. The pages of files that are only read belong to the
    /// system.
    pub resident: u64,
    /// What an image of them takes: what is resident or swapped out.
    pub image: u64,
    /// The largest part of it that belongs to one task: the size of the largest file of an image.
    pub largest: u64,
}

/// What these tasks hold in memory.
#[must_use]
pub fn memory(tasks: &[u32]) -> TaskMemory {
    let mut memory = TaskMemory::default();
    let mut sharing = Vec::new();
    for task in tasks {
        let Ok(status) = proc::text(*task, "status") else { continue };
        let [own, swapped, shared] =
            ["RssAnon", "VmSwap", "RssShmem"].map(|name| proc::kilobytes(&status, name));
        memory.resident += own;
        memory.image += own + swapped;
        memory.largest = memory.largest.max(own + swapped);
        if shared > 0 {
            sharing.push((*task, shared));
        }
    }
    let shared = match sharing[..] {
        [(_, alone)] => alone,
        // Each has its share of a page that several have.
        _ => sharing.iter().map(|(task, all)| share(*task).unwrap_or(*all)).sum(),
    };
    memory.resident += shared;
    memory.image += shared;
    memory.largest = memory.largest.max(shared);
    memory
}

/// A task's share of memory that it has together with others.
fn share(task: u32) -> Option<u64> {
    let rollup = proc::text(task, "smaps_rollup").ok()?;
    proc::field(&rollup, "Pss_Shmem").map(|_| proc::kilobytes(&rollup, "Pss_Shmem"))
}

/// How long these tasks, and the children that they have waited for, have computed.
#[must_use]
pub fn cpu(tasks: &[u32]) -> Duration {
    let ticks: u64 = tasks.iter().filter_map(|task| proc::stat(*task).ok()).map(|stat| stat.ticks).sum();
    Duration::from_secs_f64(ticks as f64 / procfs::ticks_per_second().max(1) as f64)
}
