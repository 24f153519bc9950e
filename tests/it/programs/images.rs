//! Images that are not what was written, or that somebody else wrote.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

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

/// The worst moment: the image was verified, and CRIU has not opened it yet.
#[test]
fn an_image_that_is_exchanged_after_it_was_verified_is_not_restored() {
    let test = "an_image_that_is_exchanged_after_it_was_verified_is_not_restored";
    let Some(mut programs) = Programs::new(test).filter(|_| support::have_programs(test, &["setpriv"]))
    else {
        return;
    };
    if !nix::unistd::geteuid().is_root() {
        return support::skip(test, "only root can become a second user");
    }
    let [file, other] = ["count", "other"].map(|name| {
        let file = programs.campaign(name, &counter(30, "0.05"), &["sum.txt", "kept.txt"], "");
        programs.cut(&file, || programs.said(&file) >= 10);
        file
    });
    let image = programs.scene.path("image");
    support::copy_all(&programs.chain(&other).join("images/0001-1"), &image);
    let chain = programs.chain(&file);
    // The second user may do anything in the chain's folder, as in one that belongs to a group.
    let opened = Command::new("chmod").arg("-R").arg("a+rX").arg(&image).status().unwrap();
    assert!(opened.success());
    for (folder, mode) in [(programs.scene.path(""), 0o755), (chain.clone(), 0o777)] {
        fs::set_permissions(folder, fs::Permissions::from_mode(mode)).unwrap();
    }
    let criu = alpsckpt::foreign::kit::open(&programs.kit).unwrap().1;
    let words: Vec<String> =
        criu.command.iter().map(|word| format!("'{}'", word.to_str().unwrap())).collect();
    let wrapper = programs.scene.path("criu");
    let exchange = format!(
        "cd {} && mv images aside && mkdir images && cp -r {} images/0001-1 && touch exchanged",
        chain.display(),
        image.display()
    );
    let script = format!(
        "#!/bin/bash\nPATH=/usr/sbin:/usr/bin:/sbin:/bin\nif [ \"$1\" = --version ] && grep -q 'Image 0001-1 verified' {}/logs/*.log; then\n\
         setpriv --reuid 1000 --regid 1000 --clear-groups bash -c {exchange:?} >/dev/null 2>&1\nfi\nexec {} \"$@\"\n",
        chain.display(),
        words.join(" ")
    );
    fs::write(&wrapper, script).unwrap();
    fs::set_permissions(&wrapper, fs::Permissions::from_mode(0o755)).unwrap();
    programs.kit = wrapper;
    programs.run(&file).good();
    let log = programs.log(&file);
    assert!(chain.join("exchanged").exists(), "{log}");
    assert!(log.contains("Resumes generation 000001"), "{log}");
    assert_eq!(programs.result(&file, "sum.txt"), b"465\n");
    let others = programs.chain(&other).join("program/0001/output");
    assert!(others.is_dir() && !others.join("sum.txt").exists(), "another image's program has run");
}
