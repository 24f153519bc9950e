//! Scripts for a shell.

use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use crate::batch::{CHECKPOINT_SIGNAL, Manner, Submission};
use crate::checkpoint::{ChainId, ExitClass};
use crate::shell_words::quoted;

/// What tells a job's script that the checkpoint signal is held back.
pub(crate) const HELD: &str = "held";

/// A command of the setup that fails ends the job; not one inside of a function or of a file that is read, where scripts of
/// sites have such as mean nothing: there the last one counts (decision 100).
const ON_ERROR: &str = r#"trap 'alpsckpt_status=$?; if [ "${BASH_SOURCE[0]}" = "$0" ]; then mapfile -t -s "$((LINENO - 1))" -n 1 alpsckpt_line <"$alpsckpt_script"; exit "$alpsckpt_status"; fi' ERR"#;

/// However the setup ends the shell, the program tells it.
const ON_EXIT: &str =
    r#"trap 'alpsckpt_go_on --setup-status "$?" --setup-command "${alpsckpt_line:-$BASH_COMMAND}"' EXIT"#;

/// What [`ON_EXIT`] gives for the command when the shell could not read the script.
pub(crate) const UNREADABLE: &str = "trap 'alpsckpt_go_on";

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

/// What a job's script does.
pub(crate) struct JobScript<'a> {
    /// How the batch system behaves that is to run it.
    pub(crate) manner: &'static Manner,
    /// What the batch system is asked for.
    pub(crate) submission: &'a Submission,
    /// What the script is, on one line.
    pub(crate) about: &'a str,
    /// The lines that the site and the campaign want first.
    pub(crate) setup: &'a [&'a str],
    /// This program's copy that the job runs.
    pub(crate) program: &'a Path,
    /// Lines that end a job whose copy is not what was put there: see [`verified`].
    pub(crate) verified: &'a [u8],
    /// Its arguments, words of the shell; with `--setup-status` and `--setup-command` behind them it tells that the setup
    /// has failed.
    pub(crate) arguments: &'a [u8],
    /// The program is of a version before 0.3.0: it cannot hold the signal back, nor tell how the setup went.
    pub(crate) plain: bool,
}

impl JobScript<'_> {
    /// The script.
    ///
    /// The batch system signals the process that this shell is, and no other: so its program does not become a child of it,
    /// and holds the checkpoint signal back while the shell works (see [`crate::job::signals`]).
    pub(crate) fn text(&self) -> Vec<u8> {
        let mut text = b"#!/bin/bash\n".to_vec();
        let mut line = |parts: &[&[u8]]| {
            text.extend(parts.concat());
            text.push(b'\n');
        };
        // What the batch system would refuse is told when it is asked.
        for wanted in (self.manner.requests.lines)(self.submission).unwrap_or_default() {
            line(&[wanted.as_bytes()]);
        }
        line(&[b"# ", self.about.as_bytes()]);
        let program = quoted(self.program.as_os_str().as_bytes());
        let directory = quoted(self.submission.directory.as_os_str().as_bytes());
        // A batch system may begin it in the script's folder.
        let go_there =
            [b"cd ", &directory[..], format!(" || exit {}", ExitClass::Output.code()).as_bytes()].concat();
        if self.plain {
            line(&[self.verified]);
            line(&[&go_there]);
            self.setup.iter().for_each(|wanted| line(&[wanted.as_bytes()]));
            line(&[b"exec ", &program, b" ", self.arguments]);
            return text;
        }
        let signal = CHECKPOINT_SIGNAL.as_str().trim_start_matches("SIG").as_bytes();
        line(&[b"# The checkpoint signal waits from here on until the program takes it."]);
        line(&[b"if [ \"$1\" != ", HELD.as_bytes(), b" ]; then"]);
        line(&[b"    trap 'export ALPSCKPT_ASKED=1' ", signal]);
        line(&[self.verified]);
        line(&[b"    trap '' ", signal]);
        line(&[b"    exec ", &program, b" job hold \"$0\""]);
        line(&[b"fi"]);
        line(&[b"set --"]);
        line(&[b"trap 'export ALPSCKPT_ASKED=1' TERM INT HUP"]);
        line(&[&go_there]);
        line(&[b"alpsckpt_go_on() { trap - ERR EXIT; exec ", &program, b" ", self.arguments, b" \"$@\"; }"]);
        if !self.setup.is_empty() {
            let script = quoted(self.submission.script.as_os_str().as_bytes());
            line(&[b"alpsckpt_script=", &script]);
            line(&[ON_ERROR.as_bytes()]);
            line(&[ON_EXIT.as_bytes()]);
            self.setup.iter().for_each(|wanted| line(&[wanted.as_bytes()]));
            // The last of them may end with a backslash.
            line(&[]);
        }
        line(&[b"alpsckpt_go_on"]);
        text
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};
    use std::ffi::OsStr;
    use std::process::Command;

    use super::*;
    use crate::batch::Token;

    /// A job's script of these setup lines, run without a program to hold the signal; what it says, and how it ends.
    fn run(folder: &Path, setup: &[&str], arguments: &[u8]) -> (String, Option<i32>) {
        let script = folder.join("job's.sh");
        let submission = Submission {
            token: Token("token".to_owned()),
            script: script.clone(),
            directory: folder.join("it's \"$HOME\" é"),
            walltime: 60,
            checkpoint: 0,
            stdout: folder.join("out"),
            stderr: folder.join("err"),
            site: BTreeMap::new(),
            not_on: BTreeSet::new(),
        };
        let job = JobScript {
            manner: &crate::batch::embedded::MANNER,
            submission: &submission,
            about: "A job.",
            setup,
            program: Path::new("printf"),
            verified: b"",
            arguments,
            plain: false,
        };
        std::fs::write(&script, job.text()).unwrap();
        let out = Command::new("bash").arg(&script).arg(HELD).output().unwrap();
        (String::from_utf8(out.stdout).unwrap(), out.status.code())
    }

    #[test]
    fn a_job_begins_in_its_folder_or_not_at_all() {
        let folder = tempfile::tempdir().unwrap();
        let output = folder.path().join("it's \"$HOME\" é");
        let run = || run(folder.path(), &["here=$PWD"], b"%s \"$here\"");
        assert_eq!(run().1, Some(ExitClass::Output.code().into()));
        std::fs::create_dir(&output).unwrap();
        assert_eq!(run(), (output.to_str().unwrap().to_owned(), Some(0)));
    }

    /// What fails, with which status, and what the program is told of it.
    #[test]
    fn a_setup_line_that_fails_ends_the_job_and_is_told() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("it's \"$HOME\" é")).unwrap();
        std::fs::write(folder.path().join("site.sh"), "false\n[ -e /nowhere ] && true\ntrue\n").unwrap();
        std::fs::write(folder.path().join("bad.sh"), "true\nfalse\n").unwrap();
        let module = "module() { [ \"$2\" = gdal ] || return 7; }";
        let site = format!("source '{}/site.sh'", folder.path().display());
        let bad = format!("source '{}/bad.sh'", folder.path().display());
        for good in [
            &["true"][..],
            &[module, "module load gdal"],
            &[&site, "export A=1 \\"],
            &["if false; then", "  false", "fi"],
            &[
                "false || true",
                "false | true",
                "f() { false; true; }; f",
                "( false; true )",
                "x=$(false; echo 1)",
            ],
            &["cat >/dev/null <<END", "a heredoc: false", "END"],
        ] {
            assert_eq!(run(folder.path(), good, b"%s gone-on"), ("gone-on".to_owned(), Some(0)), "{good:?}");
        }
        for (setup, status, line) in [
            (&["false"][..], 1, "false"),
            (&["true", "exit 3", "true"], 3, "exit 3"),
            (&["exit"], 0, "exit"),
            (
                &[module, "module load gdal", "module load nosuch 2>/dev/null", "true"],
                7,
                "module load nosuch 2>/dev/null",
            ),
            (&["if true; then", "  false", "fi"], 1, "  false"),
            (&["grep -q nothing <<END", "a heredoc", "END"], 1, "grep -q nothing <<END"),
            (&[&bad], 1, &bad),
            (&["source /nowhere/at/all 2>/dev/null"], 1, "source /nowhere/at/all 2>/dev/null"),
            (&["set -u", "echo $nosuch"], 1, "echo $nosuch"),
        ] {
            let told = format!("<--setup-status><{status}><--setup-command><{line}>");
            assert_eq!(run(folder.path(), setup, b"'<%s>'"), (told, Some(0)), "{setup:?}");
        }
        // What the shell itself cannot read has no command; its words are in the error stream.
        for setup in [&["if true; then"][..], &["echo )"]] {
            let (told, _) = run(folder.path(), setup, b"'<%s>'");
            assert!(
                told.starts_with("<--setup-status><2><--setup-command><trap 'alpsckpt_"),
                "{setup:?}: {told}"
            );
        }
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
}
