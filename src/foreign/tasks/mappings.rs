//! What cannot be dumped of mapped files.

use std::collections::HashSet;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::Path;

use super::hindrance::{Hindrances, Obstacle, Scene, TaskScene, Tool, shown};
use super::proc::{self, TaskMapping};
use super::whereabouts::{LONGEST_PATH, SHORTER, local, unknown_device};

pub(super) fn look(scene: &Scene<'_>, found: &mut Hindrances) {
    let mut seen = HashSet::new();
    for task in &scene.tasks {
        for mapping in &task.mappings {
            if seen.insert((mapping.path.clone(), mapping.file, mapping.removed)) {
                one(scene, task, mapping, found);
            }
        }
    }
}

/// Paths of the system's own: memory that never was a file.
pub(in crate::foreign) fn is_memory(mapping: &TaskMapping) -> bool {
    let path = mapping.path.as_os_str().as_bytes();
    mapping.removed
        && (path == b"/dev/zero"
            || path == b"/anon_hugepage"
            || path == b"/[aio]"
            || path.starts_with(b"/memfd:")
            || path.starts_with(b"/SYSV"))
}

fn one(scene: &Scene<'_>, task: &TaskScene, mapping: &TaskMapping, found: &mut Hindrances) {
    let (path, number) = (&mapping.path, task.number);
    let bytes = path.as_os_str().as_bytes();
    if is_memory(mapping) {
        memory(scene, number, bytes, found);
    } else if bytes.len() > LONGEST_PATH {
        found.certain(
            number,
            Obstacle::LongPath,
            "a file is mapped whose path has more than 4095 letters",
            SHORTER,
        );
    } else if mapping.removed && !is_named_so(task, mapping) {
        removed(number, path, found);
    } else {
        standing(scene, task, mapping, found);
    }
}

fn memory(scene: &Scene<'_>, task: u32, path: &[u8], found: &mut Hindrances) {
    if path.starts_with(b"/SYSV") {
        let what = "it has shared memory of System V (shmget), which cannot be put back without root";
        let cure = "use the shared memory of POSIX (shm_open) or mapped files, by the program's options";
        found.certain(task, Obstacle::SharedMemory, what, cure);
    } else if path == b"/[aio]" {
        let what = "it reads or writes files asynchronously by the kernel (aio), which is lost when something is on its way";
        found.perhaps(
            task,
            Obstacle::Aio,
            what,
            "choose another way of input and output in the program's options",
        );
    } else if path == b"/anon_hugepage" && scene.look.tool == Tool::Criu {
        found.perhaps(task, Obstacle::Huge, HUGE, HUGE_CURE);
    }
}

const HUGE: &str =
    "it has memory in huge pages that it asked for (hugetlb), of which another node may not have enough";
const HUGE_CURE: &str = "let it use ordinary memory, which the system puts into large pages by itself";

/// A file whose name really ends in the system's mark of a removed one.
fn is_named_so(task: &TaskScene, mapping: &TaskMapping) -> bool {
    let mut name = mapping.path.clone().into_os_string();
    name.push(" (deleted)");
    facts(task, Path::new(&name)).is_some_and(|facts| facts.ino() == mapping.file.1)
}

/// What the task sees under a path.
fn facts(task: &TaskScene, path: &Path) -> Option<std::fs::Metadata> {
    let seen = proc::folder(task.number).join("root").join(path.strip_prefix("/").ok()?);
    std::fs::symlink_metadata(seen).ok()
}

fn removed(task: u32, path: &Path, found: &mut Hindrances) {
    let path_shown = shown(path);
    if path.starts_with("/dev/shm")
        && path.file_name().is_some_and(|name| name.as_bytes().starts_with(b"sem."))
    {
        let what = format!(
            "it uses the named semaphore {path_shown}, whose file was removed (Python's multiprocessing makes such ones)"
        );
        found.certain(
            task,
            Obstacle::Semaphore,
            what,
            "keep semaphores as files of the job: `semaphores: Files`",
        );
        return;
    }
    let what = format!("{path_shown} was removed or replaced while it is in use");
    let cure = if path.starts_with("/dev/shm") {
        "let the program keep the shared memory's name while it uses it, or share no memory by names (one process, or threads)"
    } else {
        "where an upgrade of the node's software did it, start the program anew; else let the program keep its file while it uses it"
    };
    found.certain(task, Obstacle::Removed, what, cure);
}

fn standing(scene: &Scene<'_>, task: &TaskScene, mapping: &TaskMapping, found: &mut Hindrances) {
    let path = &mapping.path;
    let Some(facts) = facts(task, path) else { return };
    if path.starts_with("/dev") && (facts.file_type().is_char_device() || facts.file_type().is_block_device())
    {
        if path != Path::new("/dev/zero") {
            unknown_device(task.number, path, found);
        }
        return;
    }
    // Some file systems (btrfs, old overlays) tell another device here than there: their numbers cannot be compared.
    if facts.dev() == mapping.file.0 && facts.ino() != mapping.file.1 {
        let what = format!("another file was put in the place of {}, which is in use", shown(path));
        let cure = "where an upgrade of the node's software did it, start the program anew";
        found.certain(task.number, Obstacle::Replaced, what, cure);
        return;
    }
    let mount = task
        .mounts
        .values()
        .filter(|mount| path.starts_with(&mount.at))
        .max_by_key(|mount| (mount.at.as_os_str().len(), mount.id));
    if mount.is_some_and(|mount| mount.kind == "hugetlbfs") {
        found.perhaps(task.number, Obstacle::Huge, HUGE, HUGE_CURE);
    } else {
        local(scene, task.number, path, mount, found);
    }
}
