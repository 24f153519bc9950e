//! `--steps`: how the steps of a month are summed.

use crate::engine::Summing;

/// As [`Summing`], in words of the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub(super) enum Steps {
    /// Suns that shine on all of a block of cells, or on none, together.
    #[default]
    LookUp,
    /// One by one, in double precision: a hundred times slower, to measure the other by.
    Exact,
}

impl From<Steps> for Summing {
    fn from(steps: Steps) -> Self {
        match steps {
            Steps::LookUp => Self::LookUp,
            Steps::Exact => Self::Exact,
        }
    }
}
