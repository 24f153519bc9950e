//! What a look at the inputs finds: faults that refuse them, and doubts that a person may settle.

use serde::{Deserialize, Serialize};

use super::Problem;

/// What is suspicious in an input but possible. A campaign file that lists it in `accept` is checked without it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum InputDoubt {
    /// Heights of 0 beside high ground.
    Zeros,
    /// Another height that repeats beside cliffs.
    Constants,
    /// Steps of a kilometre between neighbouring cells.
    Steps,
    /// Single cells that stand out by a kilometre.
    Spikes,
    /// Holes in the terrain.
    Voids,
    /// Temperatures that look like another unit's.
    Units,
    /// Temperatures that are unlikely at the place in the month.
    Seasons,
    /// A projection that distorts the ground of the region a little.
    Projection,
    /// Coarse grids that end within two nodes of the region.
    Edges,
}

/// How much a finding weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Severity {
    /// The input is unfit.
    Refused,
    /// The input may be right all the same.
    Doubtful(InputDoubt),
}

/// Something that is wrong with an input, or may be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InputFinding {
    /// How much it weighs.
    pub severity: Severity,
    /// What and where it is, and what to do.
    pub problem: Problem,
}

impl InputFinding {
    /// A finding that a person may accept.
    #[must_use]
    pub fn doubtful(doubt: InputDoubt, problem: Problem) -> Self {
        Self { severity: Severity::Doubtful(doubt), problem }
    }

    /// The problem, where it refuses the input.
    #[must_use]
    pub fn refused(self) -> Option<Problem> {
        (self.severity == Severity::Refused).then_some(self.problem)
    }
}

impl From<Problem> for InputFinding {
    /// One that refuses the input.
    fn from(problem: Problem) -> Self {
        Self { severity: Severity::Refused, problem }
    }
}
