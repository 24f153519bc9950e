//! `oar.log` in the user's state folder: each command that was run, for a person who asks what became of it.

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;

use super::Logged;
use crate::quantity;

/// A longer log becomes `oar.log.1`.
const LONGEST: u64 = 1 << 20;

/// Adds a line. A log that cannot be written stops nothing.
pub(super) fn write(folder: &Path, logged: &Logged) {
    let path = folder.join("oar.log");
    let Logged { command, code, seconds, complaint } = logged;
    let code = code.map_or_else(|| "no exit code".to_owned(), |code| format!("exit code {code}"));
    let when = quantity::now();
    let line =
        format!("{when}  {seconds:6.2} s  {code}  {command}  {complaint}").trim_end().to_owned() + "\n";
    if fs::metadata(&path).is_ok_and(|m| m.len() > LONGEST) {
        let _ = fs::rename(&path, folder.join("oar.log.1"));
    }
    let _ = fs::create_dir_all(folder);
    // One write a line: sessions beside each other do not mix theirs.
    let _ =
        File::options().append(true).create(true).open(&path).and_then(|mut f| f.write_all(line.as_bytes()));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_command_is_a_line_and_a_long_log_is_put_aside() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path().join("state");
        let mut logged = Logged {
            command: "oarsub -n x".to_owned(),
            code: Some(254),
            seconds: 0.5,
            complaint: "No project".to_owned(),
        };
        write(&folder, &logged);
        (logged.code, logged.complaint) = (None, String::new());
        write(&folder, &logged);
        let log = || fs::read_to_string(folder.join("oar.log")).unwrap();
        let text = log();
        let lines: Vec<&str> = text.lines().collect();
        assert!(lines[0].ends_with("0.50 s  exit code 254  oarsub -n x  No project"), "{text}");
        assert!(lines[1].ends_with("0.50 s  no exit code  oarsub -n x"), "{text}");
        logged.complaint = "x".repeat(2 << 20);
        write(&folder, &logged);
        write(&folder, &logged);
        assert_eq!(log().lines().count(), 1);
        assert_eq!(fs::read_to_string(folder.join("oar.log.1")).unwrap().lines().count(), 3);
    }
}
