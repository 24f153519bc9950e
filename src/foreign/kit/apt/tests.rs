use super::*;

#[test]
fn a_mirror_is_one_of_the_whole_archive_and_debians_comes_first() {
    let lines = "\
https://packages.example.org/apt/|cloud-sdk|main
http://security.example.org/debian-security/|bookworm-security|main
http://mirror.example.org/debian/|bookworm|main
http://mirror.example.org/debian/|bookworm|main
http://mirror.example.org/debian/|bookworm|contrib
http://updates.example.org/debian/|bookworm-updates|main
cdrom:[Debian 12]/|bookworm|main
mirror+file:/etc/apt/mirrors/debian.list/|bookworm|main
";
    assert_eq!(
        likely(lines),
        [
            "http://mirror.example.org/debian",
            "mirror+file:/etc/apt/mirrors/debian.list",
            "https://packages.example.org/apt"
        ]
    );
    assert!(likely("").is_empty());
}

#[test]
fn what_apt_refuses_is_told_by_its_kind_with_a_cure() {
    use std::os::unix::process::ExitStatusExt;
    for (said, words, cure, kind) in [
        (
            "E: The repository 'x' does not have a Release file.",
            "no such suite",
            "--suite",
            TroubleKind::Unavailable,
        ),
        (
            "W: GPG error: x: NO_PUBKEY 6ED0\nE: The repository 'x' is not signed.",
            "verified by /k",
            "--keyring",
            TroubleKind::Unavailable,
        ),
        (
            "W: Failed to fetch x  Could not resolve 'nowhere'",
            "cannot be reached",
            "--from",
            TroubleKind::Unavailable,
        ),
        ("E: Unable to locate package criu", "no package criu", "--suite", TroubleKind::Unavailable),
        ("E: Write error - write (28: No space left on device)", "full", "--to", TroubleKind::DiskFull),
        (
            "E: The package lists or status file could not be parsed",
            "apt refuses\nE: The package",
            "--from",
            TroubleKind::Unavailable,
        ),
    ] {
        let answer = CallOutput {
            status: std::process::ExitStatus::from_raw(100 << 8),
            stdout: String::new(),
            stderr: said.to_owned(),
        };
        let trouble = refused(&answer, "m trixie", Some(Path::new("/k")));
        assert!(trouble.what.contains(words) && trouble.cure.contains(cure), "{said}: {trouble}");
        assert_eq!(trouble.kind, kind, "{said}");
    }
}

#[test]
fn a_file_of_keys_that_is_not_there_is_named() {
    let trouble = keyring(Some(Path::new("/nowhere/keys.gpg"))).unwrap_err();
    assert!(trouble.what.starts_with("/nowhere/keys.gpg: No such file"), "{trouble}");
}
