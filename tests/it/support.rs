//! What all integration tests share.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use alpsckpt::engine::Problem;
use alpsckpt::engine::geotiff::Raster;
use alpsckpt::engine::grid::Grid;
use serde_json::Value;

/// Says loudly that a test cannot run here, and has it counted as skipped by `tests/run`; fails in CI.
///
/// The caller returns at once after this. The record is one line, by the test's own name where its thread has that.
pub(crate) fn skip(test: &str, why: &str) {
    assert!(std::env::var_os("CI").is_none(), "{test} may not be skipped in CI: {why}");
    eprintln!("SKIPPED {test}: {why}");
    if let Some(list) = std::env::var_os("ALPSCKPT_SKIPPED") {
        let mut file = std::fs::OpenOptions::new().append(true).create(true).open(list).unwrap();
        let thread = std::thread::current();
        let name = thread.name().filter(|name| name.contains("::")).unwrap_or(test);
        let why: Vec<&str> = why.split_whitespace().collect();
        file.write_all(format!("{name}\t{}\n", why.join(" ")).as_bytes()).unwrap();
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

/// The kit of CRIU that `tests/run` makes; without one the test is skipped (see [`skip`]).
///
/// Who becomes another user copies it, for this folder may be closed to him: it may be moved.
pub(crate) fn kit_of_tests(test: &str) -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/criu-kit");
    let named = std::env::var_os(alpsckpt::foreign::kit::VARIABLE).map_or(folder, PathBuf::from);
    kit_in(named, test)
}

/// The kit of a CRIU of 4.2 or newer: older ones dump no socket of TCP on kernel 6.18.
pub(crate) fn newer_kit(test: &str) -> Option<PathBuf> {
    kit_in(Path::new(env!("CARGO_MANIFEST_DIR")).join("target/criu-kit-newer"), test)
}

fn kit_in(named: PathBuf, test: &str) -> Option<PathBuf> {
    match alpsckpt::foreign::kit::open(&named) {
        Ok(_) => can_unshare(test, "--user").then_some(named),
        Err(e) => {
            skip(test, &format!("{e}; tests/run makes one"));
            None
        }
    }
}

/// Whether namespaces of this kind can be made here; if not, the test is skipped (see [`skip`]). A plain chroot can have neither
/// user namespaces nor, unless its root folder is a mount point, mounts of its own.
pub(crate) fn can_unshare(test: &str, kind: &str) -> bool {
    let tried = Command::new("unshare").args([kind, "true"]).output();
    let why = match tried {
        Ok(output) if output.status.success() => return true,
        Ok(output) => String::from_utf8_lossy(&output.stderr).into_owned(),
        Err(e) => e.to_string(),
    };
    skip(test, &format!("`unshare {kind} true` does not work here ({}); is this a chroot?", why.trim()));
    false
}

/// What a program says, run in `folder` in the language of the tests; it must end well.
pub(crate) fn said<S: AsRef<OsStr>>(program: &str, arguments: &[S], folder: &Path) -> String {
    let mut command = Command::new(program);
    let output = command.args(arguments).current_dir(folder).env("LC_ALL", "C").output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {}: {stderr}", output.status);
    String::from_utf8(output.stdout).unwrap()
}

/// What `gdalinfo` finds in a file.
pub(crate) fn gdalinfo(path: &Path, arguments: &[&str]) -> Value {
    let arguments = [&["-json"], arguments, &[path.to_str().unwrap()]].concat();
    serde_json::from_str(&said("gdalinfo", &arguments, Path::new("."))).unwrap()
}

/// All cells of a raster.
pub(crate) fn cells(raster: &Raster) -> Result<Grid, Problem> {
    raster.window(0, 0, raster.placement().width, raster.placement().height)
}

/// What is wrong with a file that must not be read; these words are in it.
pub(crate) fn refused<T>(read: Result<T, Problem>, words: &str) -> Problem {
    let problem = read.map(drop).expect_err(words);
    assert!(problem.what.contains(words), "{words:?} is not in: {problem}");
    problem
}

/// Copies a folder with all that is in it.
pub(crate) fn copy_all(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_all(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// All files of a folder with their bytes: two that are equal differ in nothing.
pub(crate) fn contents(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        if entry.file_type().unwrap().is_dir() {
            found.extend(contents(&entry.path()));
        } else {
            found.insert(entry.path(), fs::read(entry.path()).unwrap());
        }
    }
    found
}
