//! Which CRIU is taken, and what is said where there is none.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use super::*;

/// A program that says it is this version of CRIU.
fn stand_in(path: &Path, version: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, format!("#!/bin/sh\necho 'Version: {version}'\n")).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}

/// A kit whose loader is a stand-in.
fn kit(folder: &Path, version: &str) {
    stand_in(&folder.join("loader"), version);
    let kit = Kit {
        form: FORM,
        criu: (4, 1, 1),
        loader: PathBuf::from("loader"),
        libraries: vec![PathBuf::from("usr/lib/a"), PathBuf::from("lib/b")],
        program: PathBuf::from("usr/sbin/criu"),
        from: "trixie".to_owned(),
        packages: Vec::new(),
        made: String::new(),
    };
    sealed::replace(&folder.join(RECORD), &kit).unwrap();
}

#[test]
fn the_machines_own_comes_before_the_kit_unless_it_is_too_old() {
    let folder = tempfile::tempdir().unwrap();
    let (bin, own) = (folder.path().join("bin"), folder.path().join("kit"));
    let path = OsString::from(&bin);
    stand_in(&bin.join("criu"), "4.2.1");
    kit(&own, "4.1.1");
    assert_eq!(choose(&path, Some(&own)).unwrap().version, (4, 2, 1));
    stand_in(&bin.join("criu"), "3.17.1");
    let found = choose(&path, Some(&own)).unwrap();
    assert_eq!(found.version, (4, 1, 1));
    assert!(found.origin.starts_with("the kit in /"), "{}", found.origin);
    let words: Vec<String> = found.command.iter().map(|w| w.to_string_lossy().into_owned()).collect();
    let own = own.display();
    assert_eq!(
        words[1..],
        [
            "--library-path",
            &format!("{own}/usr/lib/a:{own}/lib/b"),
            "--argv0",
            "criu",
            &format!("{own}/usr/sbin/criu")
        ]
    );
    let trouble = choose(&path, Some(Path::new("/nowhere/kit"))).unwrap_err();
    for words in ["CRIU 3.17.1, too old", "there is no kit in /nowhere/kit"] {
        assert!(trouble.what.contains(words), "{trouble}");
    }
    assert!(trouble.cure.contains("alpsckpt kit criu"), "{trouble}");
}

#[test]
fn what_is_named_is_taken_or_refused_and_no_other_instead() {
    let folder = tempfile::tempdir().unwrap();
    let (program, own) = (folder.path().join("bin/criu"), folder.path().join("kit"));
    stand_in(&program, "4.3");
    kit(&own, "4.1.1");
    assert_eq!(find(Some(&program)).unwrap().version, (4, 3, 0));
    assert_eq!(find(Some(&own)).unwrap().version, (4, 1, 1));
    let nothing = find(Some(&folder.path().join("bin"))).unwrap_err();
    assert!(nothing.what.contains("no kit of CRIU: it has no kit.ron"), "{nothing}");
    // What lies there is somebody else's: no kit can be made in its place.
    assert!(nothing.cure.contains("name the folder of a kit") && !nothing.cure.contains("--to"), "{nothing}");
    let empty = folder.path().join("empty");
    std::fs::create_dir(&empty).unwrap();
    let nothing = find(Some(&empty)).unwrap_err();
    assert!(nothing.cure.contains("--again --to /"), "{nothing}");
    let missing = find(Some(Path::new("/nowhere/criu"))).unwrap_err();
    assert!(missing.what.contains("/nowhere/criu does not answer: No such file"), "{missing}");
}

#[test]
fn a_kit_with_a_damaged_record_is_told_as_such() {
    let folder = tempfile::tempdir().unwrap();
    kit(folder.path(), "4.1.1");
    let record = folder.path().join(RECORD);
    let text = fs::read_to_string(&record).unwrap();
    fs::write(&record, text.replacen("trixie", "sid", 1)).unwrap();
    let trouble = open(folder.path()).unwrap_err();
    assert!(trouble.kind == TroubleKind::Damaged && trouble.what.contains("checksum"), "{trouble}");
    assert!(trouble.cure.contains("--again"), "{trouble}");
}
