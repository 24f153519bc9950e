//! The commands that messages print, run as they are printed.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// The command in a message or a cure: what stands between backticks.
pub(crate) fn command_in(message: &str) -> &str {
    let mut parts = message.split('`');
    let (_, command) = (parts.next(), parts.next());
    let command = command.unwrap_or_else(|| panic!("there is no command in: {message}"));
    assert!(
        parts.next().is_some() && parts.next().is_none(),
        "not just one command between backticks in: {message}"
    );
    assert!(
        !["FILE", "OUT.tif", "CODE", "VALUE", "in.tif"].iter().any(|word| command.contains(word)),
        "a word to be replaced by hand in: {command}"
    );
    command
}

/// Runs the command of a message by a shell in `folder`; where its result lies.
///
/// That is its last argument, or what follows `--outfile=`.
pub(crate) fn run_cure(message: &str, folder: &Path) -> PathBuf {
    let command = command_in(message);
    let done = shell(command, folder);
    assert!(done.status.success(), "{command}\n{}", String::from_utf8_lossy(&done.stderr));
    // The shell that splits the command also says which words it has.
    let words = shell(&format!("for word in {command}; do printf '%s\\n' \"$word\"; done"), folder);
    let words = String::from_utf8(words.stdout).unwrap();
    let named = words.lines().find_map(|word| word.strip_prefix("--outfile="));
    let result = folder.join(named.or(words.lines().last()).unwrap());
    assert!(result.is_file(), "{command} leaves no {}", result.display());
    result
}

fn shell(command: &str, folder: &Path) -> Output {
    Command::new("sh").args(["-c", command]).current_dir(folder).env("LC_ALL", "C").output().unwrap()
}
