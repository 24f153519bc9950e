use std::fs;
use std::io::Write;
use std::path::Path;

use super::*;

fn reader(file: &Path, pattern: Option<&str>) -> ProgressReader {
    let file = file.to_path_buf();
    let source = match pattern {
        None => ProgressSource::Lines { file, total: 10 },
        Some(pattern) => ProgressSource::Pattern { file, pattern: pattern.to_owned() },
    };
    ProgressReader::new(&source).unwrap()
}

fn add(file: &Path, text: &[u8]) {
    fs::OpenOptions::new().append(true).create(true).open(file).unwrap().write_all(text).unwrap();
}

#[test]
fn lines_are_counted_on_and_anew_after_a_cut_or_a_replacement() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("log");
    let mut reader = reader(&file, None);
    let mut done = || reader.read().unwrap().map(|p| (p.done, p.total));
    assert_eq!(done(), None);
    add(&file, b"one\ntwo\nthr");
    assert_eq!(done(), Some((2, 10)));
    add(&file, b"ee\n");
    assert_eq!(done(), Some((3, 10)));
    assert_eq!(done(), Some((3, 10)));
    fs::OpenOptions::new().write(true).open(&file).unwrap().set_len(4).unwrap();
    assert_eq!(done(), Some((1, 10)), "it was rolled back");
    fs::rename(&file, folder.path().join("log.1")).unwrap();
    add(&file, &b"\n".repeat(12));
    assert_eq!(done(), Some((10, 10)), "another file, with more lines than were said");
}

#[test]
fn only_what_is_new_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("log");
    add(&file, b"a\nb\n");
    let mut reader = reader(&file, None);
    assert_eq!(reader.read().unwrap().unwrap().done, 2);
    // What stands before is not looked at again.
    fs::OpenOptions::new().write(true).open(&file).unwrap().write_all(b"abcd").unwrap();
    add(&file, b"c\n");
    assert_eq!(reader.read().unwrap().unwrap().done, 3);
}

#[test]
fn the_last_place_that_fits_tells_also_in_a_large_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("out");
    let mut reader = reader(&file, Some(r"(\d+(?:[.,]\d+)?)%"));
    let mut done = || reader.read().unwrap().map(|p| p.done);
    assert_eq!(done(), None);
    add(&file, b"starting \xff\n");
    assert_eq!(done(), None);
    add(&file, b"\r  7%\r 12.9%\r");
    assert_eq!(done(), Some(12));
    add(&file, b" 37,5%\r");
    assert_eq!(done(), Some(37));
    add(&file, &b"no number here\n".repeat(10_000));
    assert_eq!(done(), Some(37), "what was found before holds");
    let mut late = super::ProgressReader::new(&ProgressSource::Pattern {
        file: file.clone(),
        pattern: r"(\d+)%".to_owned(),
    })
    .unwrap();
    assert_eq!(late.read().unwrap().map(|p| p.done), Some(5), "of 37,5%");
    fs::write(&file, b"begun again: 3%").unwrap();
    assert_eq!(done(), Some(3));
    fs::write(&file, b"").unwrap();
    assert_eq!(done(), None);
    add(&file, b"812%");
    assert_eq!(done(), Some(100));
}

#[test]
fn a_number_that_was_cut_by_the_window_is_none() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("out");
    let tail = TAILS[1] as usize;
    // The window begins between the 1 and the 00%.
    add(&file, b"100%");
    add(&file, &vec![b' '; tail - 3]);
    assert_eq!(reader(&file, Some(r"(\d+)%")).read().unwrap(), None);
}

#[test]
fn a_second_group_is_the_whole() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("out");
    add(&file, b"step 3 of 0\nstep 3 of 8\n");
    let told = reader(&file, Some(r"step (\d+) of (\d+)")).read().unwrap();
    assert_eq!(told, Some(ProgramProgress { done: 37, total: 100 }));
    add(&file, b"step 4 of 0\n");
    assert_eq!(reader(&file, Some(r"step (\d+) of (\d+)")).read().unwrap().map(|p| p.done), Some(37));
}

#[test]
fn what_is_no_expression_or_has_no_group_is_told() {
    for (text, why) in
        [(r"(\d+", "unclosed group"), (r"\d+%", "no group"), (r"(\d{1000}){1000}", "too large")]
    {
        let told = pattern(text).unwrap_err();
        assert!(told.contains(why) && told.contains(&format!("{text:?}")), "{told}");
    }
}

#[test]
fn what_is_no_file_is_an_error_and_does_not_hold_up() {
    let folder = tempfile::tempdir().unwrap();
    assert!(reader(folder.path(), None).read().is_err());
    let pipe = folder.path().join("pipe");
    nix::unistd::mkfifo(&pipe, nix::sys::stat::Mode::S_IRWXU).unwrap();
    assert!(reader(&pipe, Some("(x)")).read().is_err());
}
