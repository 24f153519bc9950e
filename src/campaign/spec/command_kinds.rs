//! What the fields of a command may be: signals, semaphores, processors.

use std::fmt;
use std::str::FromStr;

use nix::sys::signal;
use serde::{Deserialize, Serialize};

/// A signal by its name: `"USR1"`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Signal(signal::Signal);

impl Signal {
    /// Its number.
    #[must_use]
    pub fn number(self) -> i32 {
        self.0 as i32
    }
}

impl FromStr for Signal {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let name = text.trim().to_ascii_uppercase();
        let full = if name.starts_with("SIG") { name } else { format!("SIG{name}") };
        match full.parse() {
            Ok(no @ (signal::Signal::SIGKILL | signal::Signal::SIGSTOP)) => Err(format!(
                "no program can act upon {no}: write \"USR1\", \"USR2\", \"TERM\", \"INT\" or \"HUP\""
            )),
            Ok(signal) => Ok(Self(signal)),
            Err(_) => Err(format!(
                "\"{text}\" is no signal: write \"USR1\", \"USR2\", \"TERM\", \"INT\" or \"HUP\""
            )),
        }
    }
}

impl fmt::Display for Signal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.0.as_str();
        f.pad(name.strip_prefix("SIG").unwrap_or(name))
    }
}

/// What becomes of a program's named semaphores.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Semaphores {
    /// They are the kernel's: a program that has one cannot be dumped.
    #[default]
    Kernel,
    /// They are files of its folder, by a library that is loaded before all others.
    Files,
}

/// Which instructions a program may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Processors {
    /// All that its first node has: it goes on only where they are.
    #[default]
    Native,
    /// No AVX-512: it goes on wherever AVX2 is.
    Avx2,
    /// All that nodes of this class have: its jobs go to no others.
    Class(Class),
}

/// A class of processors, a level of x86-64, written `"x86-64-v4"`: those that have it, and not the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    /// SSE 4.2.
    V2,
    /// AVX2.
    V3,
    /// AVX-512.
    V4,
}

impl Class {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::V2, Self::V3, Self::V4];

    /// As it is written.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::V2 => "x86-64-v2",
            Self::V3 => "x86-64-v3",
            Self::V4 => "x86-64-v4",
        }
    }
}

impl FromStr for Class {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let known = Self::ALL.into_iter().find(|class| class.as_str() == text.trim().to_ascii_lowercase());
        known.ok_or_else(|| {
            format!("\"{text}\" is no class of processors: write \"x86-64-v2\", \"x86-64-v3\" (AVX2) or \"x86-64-v4\" (AVX-512)")
        })
    }
}

impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
