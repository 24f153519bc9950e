//! What an image asks of the node that it is restored on: written down while the program stands.

mod content;
mod files;
mod limits;
mod node;
mod pending;

use std::io;

use serde::{Deserialize, Serialize};

use super::tasks::{self, TaskMemory, proc};
use files::Files;

pub use content::{Checksum, EDGE};
pub(super) use content::{modified, open_here, sum, to_disk};
pub use files::{Opening, Recorded};
pub use limits::{ResourceLimit, ResourceLimits};
pub use node::NodeTraits;
pub use pending::Pending;
pub(super) use pending::is_gone;

/// What an image asks of the node that it is restored on, and what the program had come to.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
#[serde(rename = "Record")]
pub struct ImageRecord {
    /// The version of the CRIU that has dumped it; zeros for another tool.
    pub criu: (u32, u32, u32),
    /// The node it was dumped on.
    pub node: NodeTraits,
    /// What it needs of the limits of a job.
    pub limits: ResourceLimits,
    /// Bytes of memory that it takes.
    pub memory: u64,
    /// Bytes of the largest file of its image, as far as can be told before.
    pub largest: u64,
    /// Bytes of memory that its tasks may write, together: what the system commits itself to where `overcommit` is 2.
    pub writable: u64,
    /// CPU time of its tasks since they were started or restored, with that of children that ended; ms.
    pub cpu_ms: u64,
    /// The program was kept from AVX-512 since its start. Whoever started it knows.
    pub avx512_masked: bool,
    /// The files that it has open or mapped.
    pub files: Vec<Recorded>,
}

impl ImageRecord {
    /// Of tasks that stand.
    ///
    /// Files that were removed are left out: what they hold is in the image. So is what has a path and no content to compare: devices,
    /// sockets, the system's own files.
    ///
    /// # Errors
    /// When the system does not tell of the node, or of any of the tasks.
    pub fn of(tasks: &[u32], criu: (u32, u32, u32)) -> io::Result<Self> {
        let mut files = Files::default();
        let mut limits = ResourceLimits::default();
        let mut writable = 0;
        for (number, task) in tasks.iter().enumerate() {
            let (opened, mappings) = (proc::opened(*task)?, proc::mappings(*task)?);
            limits.count(*task, &opened, number == 0)?;
            writable += proc::kilobytes(&proc::text(*task, "status")?, "VmData");
            files.add(*task, &opened, &mappings);
        }
        limits.tasks.used = tasks.iter().map(|task| tasks::threads(*task).len() as u64).sum();
        let TaskMemory { image, largest, .. } = tasks::memory(tasks);
        Ok(Self {
            criu,
            node: NodeTraits::here()?,
            limits,
            memory: image,
            largest,
            writable,
            cpu_ms: tasks::cpu(tasks).as_millis() as u64,
            avx512_masked: false,
            files: files.0.into_values().collect(),
        })
    }

    /// Holds the files open that the program writes to, while it stands: an image is worth nothing until they are on the disk.
    ///
    /// Where the program is not to run on, [`ImageRecord::settle`] instead.
    ///
    /// # Errors
    /// When one cannot be opened.
    pub fn hold(&self, pending: &mut Pending) -> io::Result<()> {
        let mut written = self.files.iter().filter(|file| file.is_written());
        written.try_for_each(|file| pending.add(open_here(&file.path)))
    }

    /// Brings to the disk what the program has written to its files, and notes their times again: some disks tell the time of the last
    /// writing only then. A file that is gone needs nothing.
    ///
    /// # Errors
    /// When one cannot be brought there.
    pub fn settle(&mut self) -> io::Result<()> {
        for file in self.files.iter_mut().filter(|file| file.is_written()) {
            let opened = match open_here(&file.path) {
                Err(e) if is_gone(&e) => continue,
                opened => opened?,
            };
            to_disk(&opened)?;
            file.modified = modified(&opened.metadata()?);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
