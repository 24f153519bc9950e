//! How CRIU is called on this node.

pub(in crate::foreign) mod log;
pub(in crate::foreign) mod names;
pub(in crate::foreign) mod rpc;
pub(in crate::foreign) mod swrk;

use std::ffi::OsString;
use std::process::Command;
use std::time::Duration;

use super::backend::{Trouble, TroubleKind};
use super::calls;

pub use names::forget;

/// Older ones do not start on today's kernels, or have no dump without root.
pub const OLDEST: (u32, u32, u32) = (4, 1, 1);

/// Within this time it says its version, also from a slow disk.
const PATIENCE: Duration = Duration::from_mins(1);

/// What cures its absence, in the words of a message.
pub(super) const CURE: &str = "`alpsckpt kit criu --to DIR` makes a newer one in a folder that the nodes see; name that \
folder in ALPSCKPT_CRIU";

/// A CRIU that answers, and is not too old.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Criu {
    /// The words that call it; CRIU's own arguments follow them.
    pub command: Vec<OsString>,
    /// Its version: major, minor, patch.
    pub version: (u32, u32, u32),
    /// Where it comes from, in words.
    pub origin: String,
}

impl Criu {
    /// The CRIU that these words call.
    ///
    /// # Errors
    /// When it does not answer, or is older than [`OLDEST`].
    pub fn of(command: Vec<OsString>, origin: &str) -> Result<Self, Trouble> {
        let unavailable = |what: String| Trouble::new(TroubleKind::Unavailable, what, CURE);
        let mut call = start(&command)
            .ok_or_else(|| unavailable(format!("{origin}: nothing says how CRIU is called")))?;
        let answer = calls::ask(call.arg("--version"), PATIENCE)
            .map_err(|e| unavailable(format!("{origin} does not answer: {e}")))?;
        let Some(version) = version(&answer.stdout) else {
            let said = answer.last_words();
            return Err(unavailable(format!("{origin} does not say its version: {said}")));
        };
        if version < OLDEST {
            let (is, least) = (in_words(version), in_words(OLDEST));
            return Err(unavailable(format!("{origin} is CRIU {is}, too old: at least {least} is needed")));
        }
        Ok(Self { command, version, origin: origin.to_owned() })
    }

    /// Its version in words, such as `4.1.1`.
    #[must_use]
    pub fn version_in_words(&self) -> String {
        in_words(self.version)
    }

    /// A call of it, in an environment of which CRIU's own settings are no part: it reads those of a person's home.
    ///
    /// # Panics
    /// Never: a `Criu` has at least one word.
    #[must_use]
    pub fn call(&self) -> Command {
        start(&self.command).unwrap_or_else(|| Command::new("criu"))
    }
}

fn start(command: &[OsString]) -> Option<Command> {
    let (program, arguments) = command.split_first()?;
    let mut call = Command::new(program);
    call.args(arguments).env_clear().env("LC_ALL", "C");
    Some(call)
}

/// The version in what `criu --version` says.
fn version(said: &str) -> Option<(u32, u32, u32)> {
    let words = said.lines().find_map(|line| line.strip_prefix("Version: "))?;
    let numbers = words.trim().split(['.', '-', '+', ' ']).map_while(|part| part.parse().ok());
    let mut numbers = numbers.fuse();
    Some((numbers.next()?, numbers.next()?, numbers.next().unwrap_or(0)))
}

pub(super) fn in_words((major, minor, patch): (u32, u32, u32)) -> String {
    if patch == 0 { format!("{major}.{minor}") } else { format!("{major}.{minor}.{patch}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn saying(words: &str) -> Vec<OsString> {
        ["/bin/sh", "-c", &format!("echo '{words}'")].map(OsString::from).to_vec()
    }

    #[test]
    fn versions_are_read_as_criu_says_them() {
        for (said, meant) in [
            ("Version: 4.1.1\n", Some((4, 1, 1))),
            ("Version: 4.2\nGitID: v4.2-1-gabc\n", Some((4, 2, 0))),
            ("Warn\nVersion: 4.3-rc1\n", Some((4, 3, 0))),
            ("Version: new\n", None),
            ("cat (GNU coreutils) 9.1\n", None),
        ] {
            assert_eq!(version(said), meant, "{said}");
        }
        assert_eq!([(4, 2, 0), (3, 17, 1)].map(in_words), ["4.2", "3.17.1"]);
    }

    #[test]
    fn one_that_is_too_old_or_does_not_answer_is_told_with_the_cure() {
        let good = Criu::of(saying("Version: 4.1.1"), "the one of the test").unwrap();
        assert_eq!((good.version, good.version_in_words().as_str()), ((4, 1, 1), "4.1.1"));
        for (command, words) in [
            (saying("Version: 3.17.1"), "CRIU 3.17.1, too old: at least 4.1.1 is needed"),
            (saying("Version: 4.1"), "CRIU 4.1, too old"),
            (saying("hello"), "does not say its version: hello"),
            (vec![OsString::from("/nowhere/criu")], "No such file"),
            (Vec::new(), "nothing says how"),
        ] {
            let trouble = Criu::of(command, "it").unwrap_err();
            assert!(trouble.what.contains(words), "{words}: {trouble}");
            assert!(
                trouble.kind == TroubleKind::Unavailable && trouble.cure.contains("alpsckpt kit criu"),
                "{trouble}"
            );
        }
    }

    #[test]
    fn settings_of_a_person_are_no_part_of_a_call() {
        let criu = Criu { command: saying("Version: 4.1.1"), version: OLDEST, origin: String::new() };
        let call = criu.call();
        assert!(call.get_envs().all(|(name, _)| name == "LC_ALL"), "{call:?}");
    }
}
