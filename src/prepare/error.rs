//! Why a campaign cannot be prepared.

use crate::campaign::controller::ControlError;
use crate::campaign::spec::SpecError;
use crate::checkpoint::Chain;
use crate::durable::DurableError;
use crate::engine::{EngineError, Problem};

/// A problem of a file, with where the campaign file names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placed {
    /// The line of the campaign file and the file, in words: `my.ron:3: /data/dem.tif`.
    pub place: String,
    /// The problem.
    pub problem: Problem,
}

/// Why a campaign cannot be prepared.
#[derive(Debug, thiserror::Error)]
pub enum PrepareError {
    /// The campaign file asks for what cannot be.
    #[error("{0}")]
    Spec(SpecError),
    /// Inputs are unfit, or something lies in the way of what will be made.
    #[error("{}", .problems.iter().map(|p| p.problem.to_string()).collect::<Vec<_>>().join("; "))]
    Unfit {
        /// All of them, what can be read and is unfit first.
        problems: Vec<Placed>,
        /// Nothing is wrong but with the output folder.
        of_output: bool,
    },
    /// An input is not what a chain's sealed tiles were computed from.
    #[error("{problem}")]
    Changed {
        /// The chain.
        chain: Box<Chain>,
        /// What is changed.
        problem: Box<Problem>,
    },
    /// A file of the campaign.
    #[error(transparent)]
    File(#[from] DurableError),
    /// The engine.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// There is no batch system to begin the campaign on: nothing was written.
    #[error("{0}")]
    NoBatch(#[source] ControlError),
    /// The controller.
    #[error(transparent)]
    Control(#[from] ControlError),
    /// A window reaches beyond the terrain.
    #[error("a window of {size} cells around {:.0},{:.0} reaches beyond the terrain", .centre.0, .centre.1)]
    BeyondTerrain {
        /// Its middle, in the terrain's coordinates.
        centre: (f64, f64),
        /// Its cells across and down.
        size: u32,
    },
    /// No thread to measure with can be started.
    #[error("{0}")]
    NoThread(#[from] rayon::ThreadPoolBuildError),
}
