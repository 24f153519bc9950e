//! Scripts for a shell.

use crate::oar_client::{Submission, oar};

/// The script of a submission: what the batch system is asked for, what the script is, the lines that the site wants first,
/// and the command that it becomes.
pub(crate) fn job_script(submission: &Submission, about: &str, setup: &[&str], command: &[u8]) -> Vec<u8> {
    let mut lines = vec!["#!/bin/bash".to_owned()];
    // What OAR would refuse is told when it is asked; the embedded cluster needs no such lines.
    lines.extend(oar::script_lines(submission).unwrap_or_default());
    lines.push(format!("# {about}"));
    lines.extend(setup.iter().map(|line| (*line).to_owned()));
    lines.push("# `exec`: the batch system signals only the process that this shell is.".to_owned());
    let mut text = lines.join("\n").into_bytes();
    text.extend(b"\nexec ");
    text.extend(command);
    text.push(b'\n');
    text
}

/// A word of the shell that means exactly these bytes.
pub(crate) fn quoted(word: &[u8]) -> Vec<u8> {
    let mut out = vec![b'\''];
    for byte in word {
        if *byte == b'\'' {
            out.extend(b"'\\''");
        } else {
            out.push(*byte);
        }
    }
    out.push(b'\'');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_path_survives_the_shell() {
        for word in
            ["plain", "with space", "it's", "$(rm -rf x)`y`", "a\"b\\c", "new\nline", "-dash", "é*?[x]"]
        {
            let mut script = b"printf %s ".to_vec();
            script.extend(quoted(word.as_bytes()));
            let script = String::from_utf8(script).unwrap();
            let out = std::process::Command::new("bash").args(["-c", &script]).output().unwrap();
            assert_eq!(String::from_utf8(out.stdout).unwrap(), word);
        }
    }
}
