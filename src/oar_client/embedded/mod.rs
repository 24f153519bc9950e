//! The embedded cluster: real processes on this machine under OAR's rules, for the demo, tests and small campaigns.

use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

use super::{BatchError, BatchSystem, ClusterInfo, Job, JobId, Node, Submission, Token};

/// The cluster's settings, `cluster.ron` in its state directory; written once, when the cluster is made.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Config {
    /// The nodes' names.
    pub nodes: Vec<String>,
    /// Jobs that a node takes at a time.
    pub slots: u32,
    /// Scheduler seconds that pass in one real second; at 1 the constants are OAR's.
    pub time_scale: f64,
    /// Prefer a node other than the chain's last one (OAR takes any, usually the same).
    pub prefer_other_node: bool,
    /// Nodes that lose power by plan: for the demo and tests.
    pub faults: Vec<Fault>,
}

/// A node loses power by plan, once.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Fault {
    /// When a job whose name contains this runs …
    pub job_name_contains: String,
    /// … as the n-th job of its attempt (from 1) …
    pub nth: u32,
    /// … this many real seconds after its start.
    pub after_seconds: f64,
}

/// A client of the embedded cluster in a state directory; starts the server when it finds none.
#[derive(Debug)]
pub struct Embedded {
    directory: PathBuf,
}

impl Embedded {
    /// Makes the cluster's state directory with these settings, if it is not there.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn create(_directory: &Path, _config: &Config) -> Result<(), crate::durable::DurableError> {
        unimplemented!()
    }

    /// A client of the cluster in `directory`.
    #[must_use]
    pub fn new(directory: &Path) -> Self {
        Self { directory: directory.to_path_buf() }
    }

    /// Ends the server, its jobs going on; they are adopted by the next.
    ///
    /// # Errors
    /// When it does not answer.
    pub fn stop_server(&mut self) -> Result<(), BatchError> {
        let _ = &self.directory;
        unimplemented!()
    }

    /// Cuts the power of a node, or brings it back.
    ///
    /// # Errors
    /// When it does not answer or has no such node.
    pub fn set_power(&mut self, _node: &str, _on: bool) -> Result<(), BatchError> {
        unimplemented!()
    }
}

/// Runs the server in this process until it is told to end: `alpsckpt cluster serve`.
///
/// # Errors
/// When another server holds the directory, or its files cannot be read or written.
pub fn serve(_directory: &Path) -> Result<(), crate::durable::DurableError> {
    unimplemented!()
}

impl BatchSystem for Embedded {
    fn info(&mut self) -> Result<ClusterInfo, BatchError> {
        unimplemented!()
    }
    fn submit(&mut self, _submission: &Submission) -> Result<JobId, BatchError> {
        unimplemented!()
    }
    fn find(&mut self, _tokens: &[Token]) -> Result<Vec<Job>, BatchError> {
        unimplemented!()
    }
    fn delete(&mut self, _job: JobId) -> Result<(), BatchError> {
        unimplemented!()
    }
    fn checkpoint(&mut self, _job: JobId) -> Result<(), BatchError> {
        unimplemented!()
    }
    fn nodes(&mut self) -> Result<Vec<Node>, BatchError> {
        unimplemented!()
    }
}
