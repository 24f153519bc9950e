//! The scripts that tests are run by.

use std::path::Path;
use std::process::Command;

use crate::scene::Answer;
use crate::support::{can_unshare, have_programs, skip};

fn script(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(name)
}

#[test]
fn a_skipped_test_counts_once_and_not_as_passed() {
    let folder = tempfile::tempdir().unwrap();
    let (log, skipped) = (folder.path().join("log"), folder.path().join("skipped"));
    let result = "test result: ok. 10 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out\n";
    let count = |said: &str, skips: &str, ci: bool| {
        std::fs::write(&log, said).unwrap();
        std::fs::write(&skipped, skips).unwrap();
        let mut count = Command::new(script("count"));
        count.arg(&log).arg(&skipped).env_remove("CI");
        if ci {
            count.env("CI", "true");
        }
        Answer::of(count.output().unwrap())
    };
    let answer = count(result, "", true);
    assert_eq!(answer.good().stdout, "10 passed, 0 failed, 0 skipped\n");

    // One test for two reasons, one of which was told by two tries; names with blanks in the reason.
    let skips =
        "oar::one\tno tmux: up: line one line two\na::two\tno gdal\noar::one\tno root\na::two\tno gdal\n";
    let answer = count(&format!("{result}{result}"), skips, false);
    let told: Vec<&str> = answer.good().stdout.lines().collect();
    let expected = [
        "SKIPPED here:",
        "  a::two: no gdal",
        "  oar::one: no tmux: up: line one line two",
        "18 passed, 0 failed, 2 skipped",
        "NOT ALL WAS TESTED: 2 of 20 tests were skipped.",
    ];
    assert_eq!(told, expected);
    let answer = count(&format!("{result}{result}"), skips, true);
    assert_eq!(answer.code, Some(1), "{answer}");
    assert!(answer.stdout.contains("which CI does not allow"), "{answer}");

    let answer = count("error: could not compile\n", "", false);
    assert_eq!(answer.code, Some(1), "{answer}");
    assert!(answer.stdout.ends_with("NO TEST RAN.\n"), "{answer}");
    let ignored = count("test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured\n", "", false);
    assert!(ignored.stdout.ends_with("NOT ALL WAS TESTED: 1 of 4 tests were skipped.\n"), "{ignored}");
}

#[test]
fn a_skip_is_recorded_on_one_line_by_the_tests_name() {
    // In a process of its own, as it reads its environment: this test, told what to do.
    const LIST: &str = "ALPSCKPT_SKIPPED";
    if std::env::var_os("ALPSCKPT_TEST_OF_SKIPS").is_some() {
        skip("a label", "no cluster:\nbecause\tof this\n");
        skip("another label", "no root");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let list = folder.path().join("skipped");
    let name = "scripts::a_skip_is_recorded_on_one_line_by_the_tests_name";
    let mut this = Command::new(std::env::current_exe().unwrap());
    this.args(["--exact", name, "--test-threads", "2"]);
    let done = this.env(LIST, &list).env("ALPSCKPT_TEST_OF_SKIPS", "1").env_remove("CI").output().unwrap();
    assert!(done.status.success(), "{done:?}");
    let recorded = std::fs::read_to_string(list).unwrap();
    assert_eq!(recorded, format!("{name}\tno cluster: because of this\n{name}\tno root\n"));
}

#[test]
fn in_a_chroot_no_command_of_the_cluster_acts_on_the_machine_outside() {
    let name = "in_a_chroot_no_command_of_the_cluster_acts_on_the_machine_outside";
    if !nix::unistd::geteuid().is_root() {
        return skip(name, "only root may change its root");
    }
    if !have_programs(name, &["unshare", "nsenter", "chroot", "mount"]) || !can_unshare(name, "--mount") {
        return;
    }
    let exec = script("cluster/exec");
    let cache = tempfile::tempdir().unwrap();
    let ask = |before: &str| {
        // Mounts end with the namespace.
        let line =
            format!("{before} env XDG_CACHE_HOME={} {} front true", cache.path().display(), exec.display());
        let mut unshare = Command::new("unshare");
        unshare.args(["--mount", "--propagation", "private", "sh", "-c", &line]);
        Answer::of(unshare.output().unwrap())
    };
    ask("").failed(1, &["front is not running"]);
    let root = tempfile::tempdir().unwrap();
    let root = root.path().display();
    let bound = format!("mount --rbind / {root} && chroot {root}");
    let plain = format!(
        "for d in /*; do [ -L $d ] && cp -P $d {root}$d && continue; [ -d $d ] || continue; case {root} in $d/*) continue ;; esac; \
         mkdir -p {root}$d && mount --rbind $d {root}$d || exit 9; done; \
         [ -e {root}{repo} ] || {{ mkdir -p {root}{repo} && mount --rbind {repo} {root}{repo}; }}; chroot {root}",
        repo = env!("CARGO_MANIFEST_DIR"),
    );
    for before in [bound, plain] {
        ask(&before).failed(1, &["this is a chroot", "on the machine itself"]);
    }
}
