//! What cannot be dumped of the tasks themselves.

use std::path::{Path, PathBuf};

use nix::sys::resource::{Resource, getrlimit};

use super::hindrance::{Hindrances, Obstacle, Scene, TaskScene, Tool};
use super::proc;

pub(super) fn look(scene: &Scene<'_>, found: &mut Hindrances) {
    let own_filter = proc::text(std::process::id(), "status").is_ok_and(|status| is_filtered(&status));
    for task in &scene.tasks {
        filter(task, own_filter, found);
        traced(task, found);
        unreadable(task, found);
        container(scene, task, found);
        if scene.look.tool == Tool::Dmtcp {
            static_program(task, found);
        }
    }
    orphans(scene, found);
    size_of_files(scene, found);
}

fn is_filtered(status: &str) -> bool {
    proc::field(status, "Seccomp").is_some_and(|mode| mode != "0")
}

fn filter(task: &TaskScene, own: bool, found: &mut Hindrances) {
    let filtered = |thread: &u32| {
        proc::text(task.number, &format!("task/{thread}/status")).is_ok_and(|s| is_filtered(&s))
    };
    if super::threads(task.number).iter().any(filtered) {
        let what = "it runs under a filter of system calls (seccomp), which cannot be put back without root";
        let cure = if own {
            "the filter was there before the program: it comes from the container or the service that this job runs in; run the \
             job outside of it, or let the program save itself (`checkpoint: Own(…)`)"
        } else {
            "switch the program's sandbox off, or let the program save itself (`checkpoint: Own(…)`)"
        };
        found.certain(task.number, Obstacle::Seccomp, what, cure);
    }
}

fn traced(task: &TaskScene, found: &mut Hindrances) {
    let status = proc::text(task.number, "status").unwrap_or_default();
    let Some(tracer) = proc::field(&status, "TracerPid").and_then(|number| number.parse::<u32>().ok()) else {
        return;
    };
    if tracer != 0 {
        let what = format!("{} (process {tracer}) holds it as a debugger does", proc::name(tracer));
        found.certain(task.number, Obstacle::Traced, what, "end the debugger, strace or profiler");
    }
}

fn unreadable(task: &TaskScene, found: &mut Hindrances) {
    let refused = task.opened.as_ref().is_err_and(|e| e.kind() == std::io::ErrorKind::PermissionDenied);
    if refused {
        let what = "it does not let itself be looked at: it runs as another user, or protects its memory";
        let cure = "start no program by sudo or with the set-user-ID bit, and none that protects secrets (an agent of keys, for example)";
        found.perhaps(task.number, Obstacle::Unreadable, what, cure);
    }
}

/// Namespaces other than those of the tree's first task.
fn container(scene: &Scene<'_>, task: &TaskScene, found: &mut Hindrances) {
    let of = |task: u32, kind: &str| std::fs::read_link(proc::folder(task).join("ns").join(kind)).ok();
    let Some(first) = scene.tasks.first().map(|first| first.number) else { return };
    let differs =
        |kind: &&str| matches!((of(first, kind), of(task.number, kind)), (Some(a), Some(b)) if a != b);
    let all: Vec<&str> =
        ["user", "pid", "mnt", "net", "ipc", "uts", "cgroup", "time"].into_iter().filter(differs).collect();
    if !all.is_empty() {
        let what =
            format!("it runs in namespaces of its own ({}), as a container makes them", all.join(", "));
        let cure = "start the whole job in the container, with this program, or install what is in it on the nodes (a folder with a \
                    conda environment, for example)";
        let certain = all.iter().any(|kind| matches!(*kind, "user" | "pid"));
        found.add(task.number, Obstacle::Container, what, cure, certain);
    }
}

/// A program without a loader runs under DMTCP without it, and without a word.
fn static_program(task: &TaskScene, found: &mut Hindrances) {
    let program = proc::folder(task.number).join("exe");
    let named = std::fs::read_link(&program).unwrap_or_default();
    if is_protected(&named, task.mappings.iter().map(|mapping| mapping.path.as_path())) {
        return;
    }
    if std::fs::File::open(&program).and_then(|mut file| has_loader(&mut file)).is_ok_and(|loader| !loader) {
        let name: PathBuf = std::fs::read_link(program).unwrap_or_default();
        let what = format!("{} is a static program, which DMTCP cannot dump", super::hindrance::shown(&name));
        found.certain(
            task.number,
            Obstacle::Static,
            what,
            "use CRIU (`checkpoint: Criu`), or a program that is linked dynamically",
        );
    }
}

/// Whether DMTCP is in a task already. What it has restored keeps the name of what restored it, which is static itself.
pub(super) fn is_protected<'m>(program: &Path, mut mapped: impl Iterator<Item = &'m Path>) -> bool {
    let begins = |path: &Path, name: &[u8]| {
        path.file_name().is_some_and(|found| found.as_encoded_bytes().starts_with(name))
    };
    begins(program, b"mtcp_restart") || mapped.any(|path| begins(path, b"libdmtcp"))
}

/// Whether an ELF program names a loader; `true` for what is no 64-bit ELF program.
pub(super) fn has_loader(file: &mut std::fs::File) -> std::io::Result<bool> {
    use std::os::unix::fs::FileExt;
    const INTERPRETER: u32 = 3;
    let mut head = [0; 64];
    file.read_exact_at(&mut head, 0)?;
    if !head.starts_with(b"\x7fELF\x02\x01") {
        return Ok(true);
    }
    let short = |at: usize| u16::from_le_bytes([head[at], head[at + 1]]);
    let mut table = [0; 8];
    table.copy_from_slice(&head[32..40]);
    let (table, size, count) = (u64::from_le_bytes(table), short(54), short(56));
    for entry in 0..u64::from(count) {
        let mut kind = [0; 4];
        file.read_exact_at(&mut kind, table + entry * u64::from(size))?;
        if u32::from_le_bytes(kind) == INTERPRETER {
            return Ok(true);
        }
    }
    Ok(false)
}

/// What has left the tree is left out of an image without a word.
fn orphans(scene: &Scene<'_>, found: &mut Hindrances) {
    let Some(init) = scene.look.init else { return };
    for child in super::children(init) {
        if scene.numbers.contains(&child) || proc::stat(child).is_ok_and(|stat| stat.state == 'Z') {
            continue;
        }
        let what = "it has left the program's processes, and would be left out of the image";
        let cure = "let the program wait for what it starts, and start no services from it";
        found.certain(child, Obstacle::Outside, what, cure);
    }
}

/// CRIU is killed when a file of an image grows beyond what files may.
fn size_of_files(scene: &Scene<'_>, found: &mut Hindrances) {
    let Ok((most, _)) = getrlimit(Resource::RLIMIT_FSIZE) else { return };
    let numbers: Vec<u32> = scene.numbers.iter().copied().collect();
    if let Some(first) = numbers.first()
        && let Some(what) = too_large(super::memory(&numbers).largest, most)
    {
        let cure = "raise the job's limit for the size of files (ulimit -f)";
        found.certain(*first, Obstacle::FileSize, what, cure);
    }
}

pub(super) fn too_large(largest: u64, most: u64) -> Option<String> {
    let bytes = crate::quantity::bytes;
    (largest >= most).then(|| {
        format!("a file of the image takes {}, and files may not grow beyond {}", bytes(largest), bytes(most))
    })
}
