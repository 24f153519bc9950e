//! `alpsckpt` computes 25 m maps of solar radiation and land-surface temperature over mountains, as campaigns of
//! checkpointed jobs on an OAR cluster, steered from one terminal screen.
//!
//! # The house
//!
//! Two faces, one brain, one hand on the node:
//!
//! | module | what it is | may use |
//! |---|---|---|
//! | [`ui`] | the terminal screens: a pure `update`, a pure `view`, one loop that does effects | `batch` (states of nodes and jobs), `campaign`, `checkpoint`, `durable`, `engine` (pictures), `glyphs`, `keys`, `quantity`, `words` |
//! | [`cli`] | the same abilities headless, and the entry point of every process | `batch`, `campaign`, `checkpoint`, `clusters`, `durable`, `engine`, `foreign`, `glyphs`, `grid_file`, `host`, `job`, `prepare`, `quantity`, `shell_words`, `ui`, `words` |
//! | `words` | every sentence and number form for people, a folder a language | `batch`, `campaign`, `checkpoint`, `foreign` (what they tell), `durable`, `glyphs`, `keys`, `quantity` |
//! | `keys` | what can be pressed: one table | `campaign` (its actions), `glyphs` |
//! | [`prepare`] | from a campaign file to one that the controller takes: inputs looked at, what is open settled, costs told | `campaign`, `checkpoint`, `clusters`, `durable`, `engine`, `foreign` (its kit), `host`, `job`, `shell_words` |
//! | [`job`] | what runs on the node: resume, compute, seal, stop in time, finish the maps | `batch`, `campaign` (the spec, the records of inputs and of who the campaign and its attempts are), `checkpoint`, `clusters` (what it finds of itself), `durable`, `engine`, `foreign`, `host`, `quantity`, `shell_words` |
//! | [`campaign`] | spec, journal, state machine, controller: the brain | `batch`, `checkpoint` (reads its files), `clusters`, `durable`, `engine`, `foreign` (what a program is), `host`, `quantity`, `shell_words` |
//! | [`clusters`] | which batch systems there are: the one room that knows all clients | `batch`, `oar_client` |
//! | [`oar_client`] | real OAR, by its commands | `batch`, `host`, `quantity`, `shell_words` |
//! | [`checkpoint`] | what a chain leaves on disk: links, generations, status, tiles with checksums | `batch` (the exit code of who goes on), `durable`, `layout`, `quantity` |
//! | [`batch`] | the seam to any batch system: one trait, what is asked and answered, how each behaves; and the embedded cluster | `durable`, `host`, `shell_words` |
//! | [`foreign`] | programs that cannot save themselves: run, dumped to an image, restored elsewhere | `durable`, `host`, `quantity`, `shell_words` |
//! | [`grid_file`] | a whole grid as a file, put in place whole: fixtures, synthetic terrain | `durable`, `engine` |
//! | [`engine`] | the science: rasters, sun, horizons, radiation, temperature; knows no campaign and no screen | `quantity`, `shell_words` |
//! | [`durable`] | files that survive a crash: atomic replacement, sealed records, framed logs | `host` |
//! | [`layout`] | where the files of a campaign lie, and what chains, links and generations are called | - |
//! | [`host`] | which machine and PID namespace a record speaks of | - |
//! | [`quantity`] | quantities written for people, also by what knows no words | - |
//! | `shell_words` | words of commands, for scripts and for people | - |
//! | `glyphs` | signs that are no letters | - |
//!
//! From the faces down; nothing points back, and a test holds the table true. `docs/architecture.md` fixes the terms
//! (chain, attempt, link, hop, generation), the files and who may write which.

// The tests of links share a workload with those outside the library, which knows it by its name.
#[cfg(test)]
extern crate self as alpsckpt;

/// Writes a line to the error stream. `eprintln!` would panic where that is a file on a full disk, and a job would end with
/// the exit code of a defect.
macro_rules! tell {
    ($($words:tt)*) => {{
        use std::io::Write as _;
        let _ = writeln!(std::io::stderr(), $($words)*);
    }};
}

/// This program, even after the file that it was started from was replaced or removed.
pub(crate) const THIS_PROGRAM: &str = "/proc/self/exe";

pub mod batch;
pub mod campaign;
pub mod checkpoint;
pub mod cli;
pub mod clusters;
pub mod durable;
pub mod engine;
pub mod foreign;
mod glyphs;
pub mod grid_file;
pub mod host;
pub mod job;
mod keys;
pub mod layout;
#[cfg(test)]
mod literals;
pub mod oar_client;
pub mod prepare;
pub mod quantity;
mod shell_words;
pub mod ui;
mod words;
