//! Whose a file is, and how to make it one's own.

use std::os::unix::fs::MetadataExt;
use std::path::Path;

use nix::unistd::{Uid, User};

use crate::shell_words::word;

/// What helps who may not open a file: whose it is, or whose the folder is that cannot be entered, and the command for its
/// owner or root.
pub(super) fn whose(path: &Path) -> String {
    let Some((path, facts)) = path.ancestors().find_map(|at| Some((at, std::fs::metadata(at).ok()?))) else {
        return String::new();
    };
    let name =
        |user: Uid| User::from_uid(user).ok().flatten().map_or_else(|| user.to_string(), |user| user.name);
    let (owner, me) = (Uid::from_raw(facts.uid()), Uid::effective());
    // A campaign belongs to one person: all of it, not the one file that was met first.
    let campaign =
        path.ancestors().find(|at| at.file_name().is_some_and(|n| n == ".alpsckpt")).unwrap_or(path);
    let quoted = word(campaign.as_os_str());
    let mode = facts.mode() & 0o777;
    if owner == me {
        return format!("it is yours, with mode {mode:03o}: chmod -R u+rwX {quoted}");
    }
    format!(
        "it belongs to {}, with mode {mode:03o}; to make it yours, as root: chown -R {} {quoted}",
        name(owner),
        name(me)
    )
}
