//! Scripts for a shell.

use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use crate::checkpoint::{ChainId, ExitClass};
use crate::oar_client::{Submission, oar};

/// Lines that end a job, with a code that no batch system resubmits, whose copy of the program is not what its name says: a
/// damaged one would crash at each link, or worse, compute. `sum`: the first digits of its SHA-256.
pub(crate) fn verified(program: &Path, sum: &str, chain: &ChainId) -> Vec<u8> {
    let code = ExitClass::Output.code();
    let path = quoted(program.as_os_str().as_bytes());
    let mut lines =
        b"# A system without sha256sum says nothing here, and the job goes on.\ncase \"$(sha256sum <"
            .to_vec();
    lines.extend(&path);
    lines.extend(
        format!(" 2>/dev/null)\" in {sum}* | '') ;; *)\n    printf 'alpsckpt: %s: damaged: it is not ")
            .into_bytes(),
    );
    lines.extend(b"the program that was put there; it is put there anew by: alpsckpt resubmit ");
    lines.extend(format!("{chain}\\n' ").into_bytes());
    lines.extend(&path);
    lines.extend(format!(" >&2\n    exit {code} ;;\nesac").into_bytes());
    lines
}

/// The script of a submission: what the batch system is asked for, what the script is, the lines that the site wants first,
/// and the command that it becomes.
///
/// `verified`: see [`verified()`].
pub(crate) fn job_script(
    submission: &Submission,
    about: &str,
    verified: &[u8],
    setup: &[&str],
    command: &[u8],
) -> Vec<u8> {
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
    line(&[verified]);
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
        let script = job_script(&submission, "A job.", b"", &["here=$PWD"], b"printf %s \"$here\"");
        let run = || Command::new("bash").arg("-c").arg(OsStr::from_bytes(&script)).output().unwrap();
        assert_eq!(run().status.code(), Some(ExitClass::Output.code().into()));
        std::fs::create_dir(&output).unwrap();
        assert_eq!(run().stdout, output.as_os_str().as_bytes());
    }

    #[test]
    fn a_damaged_program_is_not_begun() {
        let folder = tempfile::tempdir().unwrap();
        let program = folder.path().join("it's a program");
        std::fs::write(&program, "whole").unwrap();
        let sum = crate::campaign::spec::short_hash(b"whole");
        let run = |path: &str| {
            let mut script = verified(&program, &sum, &ChainId::of_months(&[1]));
            script.extend(b"\nprintf begun");
            Command::new("/bin/bash")
                .arg("-c")
                .arg(OsStr::from_bytes(&script))
                .env("PATH", path)
                .output()
                .unwrap()
        };
        let path = std::env::var("PATH").unwrap();
        assert_eq!(run(&path).stdout, b"begun");
        std::fs::write(&program, "while").unwrap();
        let refused = run(&path);
        assert_eq!((refused.status.code(), &refused.stdout[..]), (Some(74), &b""[..]));
        let said = String::from_utf8(refused.stderr).unwrap();
        assert!(said.contains("it's a program: damaged") && said.contains("alpsckpt resubmit m01"), "{said}");
        // Where nothing can tell, nothing is refused.
        assert_eq!(run("/nowhere").stdout, b"begun");
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
