//! The limits of a job, and what of them is in use.

use std::io;

use nix::sys::resource::{Resource, getrlimit};
use serde::{Deserialize, Serialize};

use crate::foreign::tasks::proc::{self, Open};

/// Hard limits, and how much of each is in use by the task that uses most. `None`: no limit.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
#[serde(rename = "Limits")]
pub struct ResourceLimits {
    /// Bytes of address space.
    pub addresses: ResourceLimit,
    /// Bytes of data.
    pub data: ResourceLimit,
    /// Open files.
    pub files: ResourceLimit,
    /// Processes and threads of the user.
    pub tasks: ResourceLimit,
    /// Bytes of a file.
    pub file_size: ResourceLimit,
}

/// One limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
#[serde(rename = "Limit")]
pub struct ResourceLimit {
    /// The hard limit; `None`: none.
    pub hard: Option<u64>,
    /// What is in use.
    pub used: u64,
}

impl ResourceLimits {
    /// This process's own, with nothing in use.
    ///
    /// # Errors
    /// When the system does not tell.
    pub fn here() -> io::Result<Self> {
        let hard = |resource| -> io::Result<ResourceLimit> {
            let (_, hard) = getrlimit(resource)?;
            Ok(ResourceLimit { hard: (hard != nix::sys::resource::RLIM_INFINITY).then_some(hard), used: 0 })
        };
        Ok(Self {
            addresses: hard(Resource::RLIMIT_AS)?,
            data: hard(Resource::RLIMIT_DATA)?,
            files: hard(Resource::RLIMIT_NOFILE)?,
            tasks: hard(Resource::RLIMIT_NPROC)?,
            file_size: hard(Resource::RLIMIT_FSIZE)?,
        })
    }

    /// Those of a task: the highest of all tasks, and what the one that uses most uses.
    pub(super) fn count(&mut self, task: u32, opened: &[Open], first: bool) -> io::Result<()> {
        let text = proc::text(task, "limits")?;
        let status = proc::text(task, "status")?;
        let descriptors = opened.iter().map(|open| open.number as u64 + 1).max().unwrap_or(0);
        let of = [
            (&mut self.addresses, "Max address space", proc::kilobytes(&status, "VmSize")),
            (&mut self.data, "Max data size", proc::kilobytes(&status, "VmData")),
            (&mut self.files, "Max open files", descriptors),
            (&mut self.tasks, "Max processes", 0),
            (&mut self.file_size, "Max file size", 0),
        ];
        for (limit, name, used) in of {
            let line = text.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
            let hard = line.split_ascii_whitespace().nth(1).and_then(|hard| hard.parse::<u64>().ok());
            limit.hard = if first { hard } else { limit.hard.zip(hard).map(|(a, b)| a.max(b)) };
            limit.used = limit.used.max(used);
        }
        Ok(())
    }
}
