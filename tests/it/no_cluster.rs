//! A batch system without jobs, which takes none.

use alpsckpt::batch::embedded::MANNER;
use alpsckpt::batch::{BatchError, BatchSystem, ClusterInfo, Job, JobId, Manner, Node, Submission, Token};

/// A batch system without jobs, which takes none.
pub(crate) struct Nothing;

impl BatchSystem for Nothing {
    fn manner(&self) -> &'static Manner {
        &MANNER
    }

    fn info(&mut self) -> Result<ClusterInfo, BatchError> {
        Ok(ClusterInfo { name: "nothing".to_owned(), time_scale: 1.0 })
    }

    fn submit(&mut self, _: &Submission) -> Result<JobId, BatchError> {
        Err(BatchError::Refused("not in this test".to_owned()))
    }

    fn find(&mut self, _: &[Token]) -> Result<Vec<Job>, BatchError> {
        Ok(Vec::new())
    }

    fn delete(&mut self, job: JobId) -> Result<(), BatchError> {
        Err(BatchError::UnknownJob(job))
    }

    fn checkpoint(&mut self, job: JobId) -> Result<(), BatchError> {
        Err(BatchError::UnknownJob(job))
    }

    fn hold(&mut self, job: JobId) -> Result<(), BatchError> {
        Err(BatchError::UnknownJob(job))
    }

    fn resume(&mut self, job: JobId) -> Result<(), BatchError> {
        Err(BatchError::UnknownJob(job))
    }

    fn nodes(&mut self) -> Result<Vec<Node>, BatchError> {
        Ok(Vec::new())
    }
}
