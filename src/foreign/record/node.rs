//! A node, as far as images are compared by it.

use std::io;

use serde::{Deserialize, Serialize};

use crate::foreign::cpu::Processor;

/// What is compared of a node.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
#[serde(rename = "Node")]
pub struct NodeTraits {
    /// Its host name.
    pub host: String,
    /// The release of its kernel.
    pub kernel: String,
    /// Its processor and the instructions that it has.
    pub processor: Processor,
    /// How many supplementary groups the user has.
    pub groups: usize,
    /// Its `vm.overcommit_memory`.
    pub overcommit: u8,
}

impl NodeTraits {
    /// The node that this process runs on.
    ///
    /// # Errors
    /// When the system does not tell.
    pub fn here() -> io::Result<Self> {
        let overcommit = std::fs::read_to_string("/proc/sys/vm/overcommit_memory")?;
        Ok(Self {
            host: crate::host::name(),
            kernel: std::fs::read_to_string("/proc/sys/kernel/osrelease")?.trim().to_owned(),
            processor: Processor::here()?,
            groups: nix::unistd::getgroups()?.len(),
            overcommit: overcommit.trim().parse().unwrap_or(0),
        })
    }
}
