//! Scripts for a shell.

use std::os::unix::ffi::OsStrExt;

use crate::checkpoint::ExitClass;
use crate::oar_client::{Submission, oar};

/// The script of a submission: what the batch system is asked for, what the script is, the lines that the site wants first,
/// and the command that it becomes.
pub(crate) fn job_script(submission: &Submission, about: &str, setup: &[&str], command: &[u8]) -> Vec<u8> {
    let mut text = b"#!/bin/bash\n".to_vec();
    let mut line = |parts: &[&[u8]]| {
        text.extend(parts.concat());
        text.push(b'\n');
    };
    // What OAR would refuse is told when it is asked; the embedded cluster needs no such lines.
    for wanted in oar::script_lines(submission).unwrap_or_default() {
        line(&[wanted.as_bytes()]);
    }
    line(&[b"# ", about.as_bytes()]);
    // OAR begins it in the script's folder.
    let directory = quoted(submission.directory.as_os_str().as_bytes());
    line(&[b"cd ", &directory, format!(" || exit {}", ExitClass::Output.code()).as_bytes()]);
    for wanted in setup {
        line(&[wanted.as_bytes()]);
    }
    line(&[b"# `exec`: the batch system signals only the process that this shell is."]);
    line(&[b"exec ", command]);
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
    use std::collections::BTreeMap;
    use std::ffi::OsStr;
    use std::process::Command;

    use super::*;
    use crate::oar_client::Token;

    #[test]
    fn a_job_begins_in_its_folder_or_not_at_all() {
        let folder = tempfile::tempdir().unwrap();
        let output = folder.path().join("it's \"$HOME\" é");
        let submission = Submission {
            token: Token("token".to_owned()),
            script: folder.path().join("job.sh"),
            directory: output.clone(),
            walltime: 60,
            checkpoint: 0,
            stdout: folder.path().join("out"),
            stderr: folder.path().join("err"),
            site: BTreeMap::new(),
        };
        let script = job_script(&submission, "A job.", &["here=$PWD"], b"printf %s \"$here\"");
        let run = || Command::new("bash").arg("-c").arg(OsStr::from_bytes(&script)).output().unwrap();
        assert_eq!(run().status.code(), Some(ExitClass::Output.code().into()));
        std::fs::create_dir(&output).unwrap();
        assert_eq!(run().stdout, output.as_os_str().as_bytes());
    }

    #[test]
    fn any_path_survives_the_shell() {
        for word in
            ["plain", "with space", "it's", "$(rm -rf x)`y`", "a\"b\\c", "new\nline", "-dash", "é*?[x]"]
        {
            let mut script = b"printf %s ".to_vec();
            script.extend(quoted(word.as_bytes()));
            let script = String::from_utf8(script).unwrap();
            let out = Command::new("bash").args(["-c", &script]).output().unwrap();
            assert_eq!(String::from_utf8(out.stdout).unwrap(), word);
        }
    }
}
