//! What of the program cannot be dumped: told while it runs, and asked before each dump.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use super::trouble::NotSaved;
use super::{Session, State};
use crate::checkpoint::Dumper;
use crate::foreign::tasks::{Hindrance, Obstacle, TaskScan, Tool, hindrances, wrong};
use crate::foreign::{Trouble, TroubleKind};

/// A program has most of what it needs after so long: until then it is looked at each time.
const BEGINS: Duration = Duration::from_secs(10);

/// How often it is looked at later, and whenever its memory has doubled.
const LATER: Duration = Duration::from_mins(1);

/// So many are told.
const MOST: usize = 50;

/// What was told.
#[derive(Default)]
pub(super) struct Told {
    /// When the program was looked at last.
    at: Option<Instant>,
    /// Its memory then, bytes.
    memory: u64,
    certain: BTreeSet<(Obstacle, String)>,
    perhaps: BTreeSet<Obstacle>,
}

impl Told {
    /// What of these is new: what is certain by its words, what is not by its kind alone, for a program may open one file after the other.
    fn new_of(&mut self, found: Vec<Hindrance>) -> Vec<Hindrance> {
        let before = self.perhaps.clone();
        self.perhaps
            .extend(found.iter().filter(|hindrance| !hindrance.certain).map(|hindrance| hindrance.kind));
        let is_new = |hindrance: &Hindrance| {
            if !hindrance.certain {
                return !before.contains(&hindrance.kind);
            }
            self.certain.len() < MOST && self.certain.insert((hindrance.kind, hindrance.what.clone()))
        };
        found.into_iter().filter(is_new).collect()
    }
}

impl Session<'_> {
    pub(super) fn look(&self, state: &State) -> TaskScan {
        TaskScan {
            network: state.resolved.program.network,
            tool: if state.by == Dumper::Dmtcp { Tool::Dmtcp } else { Tool::Criu },
            // Whatever goes on there is run by this program.
            everywhere: std::iter::once(self.shell.campaign.output().to_path_buf())
                .chain(std::env::current_exe())
                .collect(),
            init: state.backend.init(),
        }
    }

    /// Says what of the program cannot be dumped, each thing once.
    pub(super) fn tell_hindrances(&self, state: &mut State, tasks: &[u32]) {
        let memory = state.memory.resident;
        let due = state.since.elapsed() < BEGINS
            || memory >= state.hindered.memory.saturating_mul(2)
            || state.hindered.at.is_none_or(|at| at.elapsed() >= LATER);
        if state.by == Dumper::Program || tasks.is_empty() || memory == 0 || !due {
            return;
        }
        (state.hindered.memory, state.hindered.at) = (memory, Some(Instant::now()));
        let found = hindrances(tasks, &self.look(state));
        for hindrance in state.hindered.new_of(found) {
            self.shell.log.say(&format!("{hindrance}."));
        }
    }
}

/// What is dumped without a word and goes wrong is not dumped: before whoever dumps is asked, and once more when the tasks stand.
pub(super) fn ensure_right(tasks: &[u32], look: &TaskScan, standing: bool) -> Result<(), NotSaved> {
    wrong(tasks, look, standing).map_or(Ok(()), |hindrance| {
        let what = format!("{} (process {}): {}", hindrance.name, hindrance.task, hindrance.what);
        Err(NotSaved::Trouble(Trouble::new(TroubleKind::Undumpable, what, hindrance.cure)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_thing_is_told_once() {
        let hindrance = |kind, what: &str, certain| Hindrance {
            task: 1,
            name: "a".into(),
            kind,
            what: what.into(),
            cure: String::new(),
            certain,
        };
        let mut told = Told::default();
        let mut tell = |kind, words: &[&str], certain| {
            told.new_of(words.iter().map(|what| hindrance(kind, what, certain)).collect()).len()
        };
        assert_eq!(tell(Obstacle::LocalFile, &["/tmp/a", "/tmp/b"], false), 2);
        assert_eq!(tell(Obstacle::LocalFile, &["/tmp/c"], false), 0);
        assert_eq!(tell(Obstacle::Pipe, &["a"], true), 1);
        assert_eq!(tell(Obstacle::Pipe, &["a", "b"], true), 1);
        let many: Vec<String> = (0..100).map(|n| n.to_string()).collect();
        assert_eq!(
            tell(Obstacle::Pipe, &many.iter().map(String::as_str).collect::<Vec<_>>(), true),
            MOST - 2
        );
    }
}
