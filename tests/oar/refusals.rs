//! Machines that cannot have a cluster, as far as one that can is able to look like them.

use std::process::Command;

use crate::cluster::{Cluster, VERSIONS, script};
use crate::scene::Answer;
use crate::support;

/// Each in one sentence that says what to do.
pub(crate) fn sentences() {
    if let Err(why) = Cluster::get(VERSIONS[0]) {
        return support::skip("a_machine_that_cannot_have_a_cluster_is_told_why", why);
    }
    let cache = tempfile::tempdir().unwrap();
    let up = script("up", VERSIONS[0]);
    let refuses = |before: &[&str], folder: &str, sentence: &str| {
        let mut command = Command::new("env");
        command.arg(format!("XDG_CACHE_HOME={}/{folder}", cache.path().display())).args(before);
        command.arg(up.get_program()).args(up.get_args());
        let answer = Answer::of(command.output().unwrap());
        assert_eq!(answer.code, Some(1), "{answer}");
        assert_eq!(answer.stderr, format!("up: {sentence}\n"), "{answer}");
    };
    refuses(
        &["setpriv", "--reuid=65534", "--clear-groups"],
        "",
        "namespaces, mounts and control groups need root",
    );
    refuses(
        &["setpriv", "--bounding-set=-sys_admin", "--inh-caps=-sys_admin"],
        "",
        "this root may not make namespaces: enable the kernel's (CONFIG_NAMESPACES), or give the container CAP_SYS_ADMIN",
    );
    refuses(
        &["setpriv", "--bounding-set=-net_admin", "--inh-caps=-net_admin"],
        "",
        "no bridge can be made: load the kernel's modules bridge and veth, or give the container CAP_NET_ADMIN",
    );
    let path = cache.path().join("a:b/alpsckpt/oar-cluster");
    refuses(
        &[],
        "a:b",
        &format!(
            "overlayfs cannot take \"{}\": set XDG_CACHE_HOME to a path without :,\\ and spaces",
            path.display()
        ),
    );
    let left = std::fs::read_dir(cache.path().join("alpsckpt/oar-cluster")).unwrap();
    let left: Vec<_> = left.map(|entry| entry.unwrap().file_name()).filter(|n| n != "2.5.lock").collect();
    assert!(left.is_empty(), "a refusal leaves {left:?}");
}
