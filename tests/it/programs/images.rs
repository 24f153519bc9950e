//! Images that are not what was written, or that somebody else wrote.

use std::fs;
use std::path::Path;

use super::{Programs, counter, numbers_to};
use crate::support;

#[test]
fn a_damaged_image_is_passed_over_for_the_one_before() {
    let Some(programs) = Programs::new("a_damaged_image_is_passed_over_for_the_one_before") else { return };
    let file = programs.campaign("count", &counter(50, "0.05"), &["sum.txt", "kept.txt"], "");
    programs.cut(&file, || programs.said(&file) >= 20);
    programs.cut(&file, || programs.said(&file) >= 60);
    let images = programs.chain(&file).join("images");
    assert_eq!(
        fs::read_dir(&images).unwrap().count(),
        2,
        "the older one stays until the newer was gone on from"
    );
    let pages = images.join("0002-1/files/pages-1.img");
    let mut bytes = fs::read(&pages).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&pages, bytes).unwrap();
    programs.run(&file).good();
    let log = programs.log(&file);
    assert!(
        log.contains("Generation 000002 rejected") && log.contains("pages-1.img: not what was written"),
        "{log}"
    );
    assert!(log.contains("Resumes generation 000001"), "{log}");
    // What it had written after the older one is cut off, and written again.
    assert_eq!(programs.result(&file, "sum.txt"), b"1275\n");
    assert_eq!(String::from_utf8(programs.result(&file, "kept.txt")).unwrap(), numbers_to(50), "{log}");
}

#[test]
fn an_image_that_somebody_else_wrote_is_not_restored() {
    let test = "an_image_that_somebody_else_wrote_is_not_restored";
    let Some(programs) = Programs::new(test) else { return };
    if !nix::unistd::geteuid().is_root() {
        return support::skip(test, "only root can give files away");
    }
    let file = programs.campaign("count", &counter(30, "0.05"), &["sum.txt", "kept.txt"], "");
    programs.cut(&file, || programs.said(&file) >= 10);
    let generation = &programs.generations(&file)[0];
    let give = |path: &Path| std::os::unix::fs::chown(path, Some(65534), None).unwrap();
    give(generation);
    programs.run(&file).good();
    let log = programs.log(&file);
    assert!(
        log.contains("belongs to user 65534, not to this one") && !log.contains("Resumes generation"),
        "{log}"
    );
    assert_eq!(programs.result(&file, "sum.txt"), b"465\n");
}
