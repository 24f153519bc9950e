//! `alpsckpt kit criu`: a CRIU in a folder, made whole or not at all, by anybody.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use alpsckpt::foreign::kit::{self, Kit, PACKAGES, RECORD};

use crate::scene::{Answer, PROGRAM, apart, names_in};
use crate::support::{kit_of_tests, skip};

/// An ordinary user, if this process may become one.
const USER: u32 = 1000;

/// A folder that is the ordinary user's where this is root, and calls of the program by him in it.
pub(crate) struct Place(tempfile::TempDir);

impl Place {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        if nix::unistd::geteuid().is_root() {
            chown(folder.path(), Some(USER), Some(USER)).unwrap();
        }
        let this = Self(folder);
        // The build folder may be root's alone.
        fs::copy(PROGRAM, this.path("alpsckpt")).unwrap();
        this
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn command(&self, arguments: &[&str]) -> Command {
        self.alpsckpt(&[&["kit", "criu"], arguments].concat())
    }

    pub(crate) fn alpsckpt(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(self.path("alpsckpt"));
        apart(&mut command, self.0.path()).args(arguments).env_remove(kit::VARIABLE);
        command.env("HOME", self.0.path());
        if nix::unistd::geteuid().is_root() {
            command.uid(USER).gid(USER);
        }
        command
    }

    fn ask(&self, arguments: &[&str]) -> Answer {
        Answer::of(self.command(arguments).output().unwrap())
    }

    /// The packages of the tests' kit, in a folder that the ordinary user can read.
    fn packages(&self, kit: &Path) -> PathBuf {
        let folder = self.path("packages");
        crate::support::copy_all(&kit.join(PACKAGES), &folder);
        folder
    }

    /// What lies beside the kits: nothing half made.
    fn drafts(&self) -> Vec<String> {
        names_in(self.0.path(), &[]).into_iter().filter(|name| name.starts_with('.')).collect()
    }
}

fn record(folder: &Path) -> Kit {
    alpsckpt::durable::sealed::read(&folder.join(RECORD)).unwrap()
}

#[test]
fn an_ordinary_user_makes_a_kit_from_packages_keeps_it_and_makes_it_anew() {
    const TEST: &str = "an_ordinary_user_makes_a_kit_from_packages_keeps_it_and_makes_it_anew";
    let Some(of_tests) = kit_of_tests(TEST) else { return };
    let place = Place::new();
    let packages = place.packages(&of_tests);
    let from = ["--from", packages.to_str().unwrap()];
    let made = place.ask(&from);
    assert!(made.good().stdout.contains("is now in"), "{made}");
    let folder = place.path("data/alpsckpt/criu-kit");
    let first = record(&folder);
    let original = record(&of_tests);
    assert_eq!((first.criu, &first.packages), (original.criu, &original.packages));
    assert!(first.packages.iter().any(|package| package.name == "libc6" && package.sha256.len() == 64));

    // It runs, and says what its record says.
    let (_, criu) = kit::open(&folder).unwrap();
    let output = criu.call().arg("--version").output().unwrap();
    let version = format!("Version: {}", criu.version_in_words());
    assert!(
        output.status.success() && String::from_utf8_lossy(&output.stdout).contains(&version),
        "{output:?}"
    );

    let inode = || fs::metadata(&folder).unwrap().ino();
    let before = inode();
    let kept = place.ask(&from);
    assert!(kept.good().stdout.contains("was already in") && inode() == before, "{kept}");
    let again = place.ask(&[&from[..], &["--again"]].concat());
    assert!(again.good().stdout.contains("is now in") && inode() != before, "{again}");
    assert_eq!(record(&folder).packages, first.packages);
    assert_eq!(names_in(folder.parent().unwrap(), &[]), ["criu-kit"], "something half made stays");

    // Moved, it runs as before.
    let elsewhere = place.path("elsewhere");
    fs::rename(&folder, &elsewhere).unwrap();
    assert_eq!(kit::find(Some(&elsewhere)).unwrap().version, first.criu);
}

#[test]
fn unfit_packages_make_no_kit_and_are_named() {
    const TEST: &str = "unfit_packages_make_no_kit_and_are_named";
    let Some(of_tests) = kit_of_tests(TEST) else { return };
    let place = Place::new();
    let packages = place.packages(&of_tests);
    let file = |name: &str| {
        let names = names_in(&packages, &[]);
        packages.join(names.iter().find(|file| file.starts_with(&format!("{name}_"))).unwrap())
    };
    let from = ["--to", "kit", "--from", packages.to_str().unwrap()];
    let without = |name: &str, words: &str| {
        let (lies, away) = (file(name), place.path("away"));
        fs::rename(&lies, &away).unwrap();
        let answer = place.ask(&from);
        fs::rename(&away, &lies).unwrap();
        answer.failed(65, &[words]);
    };
    without("libnl-3-200", "lack libraries that criu needs: libnl-3.so.200");
    without("libc6", "the packages lack libc6");
    without("criu", "the packages lack criu");
    let damaged = file("libnet1");
    let whole = fs::read(&damaged).unwrap();
    fs::write(&damaged, &whole[..whole.len() / 2]).unwrap();
    place.ask(&from).failed(65, &["libnet1_"]);
    place.ask(&["--to", "kit", "--from", "nowhere"]).failed(74, &["nowhere: No such file", "--from"]);
    fs::create_dir(place.path("empty")).unwrap();
    place.ask(&["--to", "kit", "--from", "empty"]).failed(74, &["empty: no packages (*.deb)"]);
    assert!(!place.path("kit").exists() && place.drafts().is_empty(), "{:?}", place.drafts());
}

#[test]
fn what_is_no_kit_is_left_alone() {
    let place = Place::new();
    fs::create_dir(place.path("maps")).unwrap();
    fs::write(place.path("maps/july.tif"), "").unwrap();
    place.ask(&["--to", "maps", "--again", "--from", "."]).failed(74, &["there is something else", "--to"]);
    place.ask(&["--to", "a:b", "--from", "."]).failed(74, &["a colon in its path"]);
    assert_eq!(names_in(&place.path("maps"), &[]), ["july.tif"]);
}

#[test]
fn a_mirror_that_cannot_serve_is_told_by_its_kind_and_nothing_stays() {
    const TEST: &str = "a_mirror_that_cannot_serve_is_told_by_its_kind_and_nothing_stays";
    if !crate::support::have_programs(TEST, &["apt-get", "dpkg-deb"]) {
        return;
    }
    let place = Place::new();
    let mirror = place.path("mirror");
    let url = format!("file:{}", mirror.display());
    fs::create_dir_all(mirror.join("dists/unsigned")).unwrap();
    fs::write(
        mirror.join("dists/unsigned/Release"),
        "Suite: unsigned\nDate: Sat, 01 Jan 2022 00:00:00 UTC\n",
    )
    .unwrap();
    for (suite, mirror, words) in [
        ("none", url.as_str(), ["there is no such suite", "name another suite with --suite"]),
        ("unsigned", &url, ["its signature cannot be verified", "--keyring FILE"]),
        ("trixie", "http://127.0.0.1:9/debian", ["it cannot be reached", "--from DIR"]),
    ] {
        place.ask(&["--to", "kit", "--suite", suite, "--mirror", mirror]).failed(69, &words);
    }
    assert!(!place.path("kit").exists() && place.drafts().is_empty(), "{:?}", place.drafts());
    let mut command = place.command(&["--to", "kit"]);
    Answer::of(command.env("PATH", "/nowhere").output().unwrap())
        .failed(69, &["no `dpkg` here: this is no Debian", "--from DIR"]);
}

#[test]
fn hooks_and_choices_of_the_system_have_no_part_in_it() {
    const TEST: &str = "hooks_and_choices_of_the_system_have_no_part_in_it";
    if !crate::support::have_programs(TEST, &["apt-get", "dpkg-deb"]) {
        return;
    }
    let place = Place::new();
    let trace = place.path("trace");
    let hook = |event: &str| format!("{event} {{ \"touch {}\"; }};\n", trace.display());
    let settings = [
        hook("APT::Update::Pre-Invoke"),
        hook("APT::Update::Post-Invoke"),
        "Acquire::AllowInsecureRepositories \"true\";\nAPT::Get::AllowUnauthenticated \"true\";\n".to_owned(),
    ];
    fs::write(place.path("system.conf"), settings.concat()).unwrap();
    fs::create_dir_all(place.path("mirror/dists/unsigned")).unwrap();
    fs::write(place.path("mirror/dists/unsigned/Release"), "Suite: unsigned\n").unwrap();
    let mirror = format!("file:{}", place.path("mirror").display());
    let mut command = place.command(&["--to", "kit", "--suite", "unsigned", "--mirror", &mirror]);
    let answer = Answer::of(command.env("APT_CONFIG", place.path("system.conf")).output().unwrap());
    answer.failed(69, &["its signature cannot be verified"]);
    assert!(!trace.exists(), "{answer}");
}

#[test]
fn a_disk_that_is_full_is_told_and_nothing_stays() {
    const TEST: &str = "a_disk_that_is_full_is_told_and_nothing_stays";
    let Some(of_tests) = kit_of_tests(TEST) else { return };
    if !nix::unistd::geteuid().is_root() {
        return skip(TEST, "only root can mount a small disk");
    }
    let place = Place::new();
    let packages = place.packages(&of_tests);
    let small = place.path("small");
    fs::create_dir(&small).unwrap();
    let script = "mount -t tmpfs -o size=12m,mode=777 none small && exec setpriv --reuid 1000 --regid 1000 --clear-groups \
                  ./alpsckpt kit criu --to small/kit --from \"$0\"; ls -A small";
    let mut command = Command::new("unshare");
    apart(command.args(["--mount", "sh", "-c"]), place.0.path())
        .arg(format!("({script}); code=$?; ls -A small >&2; exit $code"));
    let answer = Answer::of(command.arg(&packages).output().unwrap());
    answer.failed(73, &["No space left on device", "--to"]);
    assert!(!answer.stderr.contains("kit\n"), "{answer}");
}

#[test]
fn the_tests_kit_is_only_ours_to_write() {
    const TEST: &str = "the_tests_kit_is_only_ours_to_write";
    let Some(of_tests) = kit_of_tests(TEST) else { return };
    for part in ["", RECORD, "usr/sbin/criu"] {
        let mode = fs::metadata(of_tests.join(part)).unwrap().permissions().mode();
        assert_eq!(mode & 0o022, 0, "others may write {part:?}: {mode:o}");
    }
}
