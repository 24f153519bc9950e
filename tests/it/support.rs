//! What all integration tests share.

use std::io::Write;
use std::process::Command;

/// Says loudly that a test cannot run here, and has it counted as skipped by `tests/run`; fails in CI.
///
/// The caller returns at once after this.
pub(crate) fn skip(test: &str, why: &str) {
    assert!(std::env::var_os("CI").is_none(), "{test} may not be skipped in CI: {why}");
    eprintln!("SKIPPED {test}: {why}");
    if let Some(list) = std::env::var_os("ALPSCKPT_SKIPPED") {
        let mut file = std::fs::OpenOptions::new().append(true).create(true).open(list).unwrap();
        writeln!(file, "{test}: {why}").unwrap();
    }
}

/// Whether these programs can be run here; if not, the test is skipped (see [`skip`]).
pub(crate) fn have_programs(test: &str, programs: &[&str]) -> bool {
    for program in programs {
        if Command::new("sh")
            .args(["-c", &format!("command -v {program}")])
            .output()
            .is_ok_and(|o| o.status.success())
        {
            continue;
        }
        skip(test, &format!("`{program}` is not installed; tests/run installs it as root"));
        return false;
    }
    true
}
