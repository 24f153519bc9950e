//! What of running tasks cannot be dumped, in words for whoever wrote the program.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::io;
use std::path::{Path, PathBuf};

use super::super::Network;
use super::proc::{self, Mount, Open, TaskMapping};

/// What is to dump the tasks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Tool {
    /// CRIU without root.
    #[default]
    Criu,
    /// DMTCP.
    Dmtcp,
}

/// How tasks are looked at.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TaskScan {
    /// What the program sees of the network.
    pub network: Network,
    /// What is to dump it.
    pub tool: Tool,
    /// The process that the orphans of the program's namespace go to, beside the roots of the tree; `None` without one.
    pub init: Option<u32>,
    /// Folders that the next node has, too, such as the output folder: files in them are not reported for lying on this node alone.
    pub everywhere: Vec<PathBuf>,
}

/// What stands in the way of a dump.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Obstacle {
    /// A process of the program that is no part of the tree.
    Outside,
    /// A pipe or FIFO with an end in another program.
    Pipe,
    /// A Unix socket that leads to another program.
    Socket,
    /// A TCP connection that cannot be dumped.
    Tcp,
    /// A socket of a rare kind.
    OtherSocket,
    /// The kernel's list of Unix sockets cannot be had on this node.
    Diagnosis,
    /// A terminal.
    Terminal,
    /// A device, such as a GPU.
    Device,
    /// Watched files (inotify, fanotify).
    Watch,
    /// An `io_uring`.
    Uring,
    /// Page faults handled by the program (userfaultfd).
    Faults,
    /// Asynchronous reads and writes of the kernel (aio).
    Aio,
    /// A message queue of POSIX.
    Queue,
    /// Shared memory of System V.
    SharedMemory,
    /// Semaphores of System V.
    SystemSemaphores,
    /// Message queues of System V.
    SystemQueue,
    /// A named semaphore of POSIX, as Python's multiprocessing makes them.
    Semaphore,
    /// A mapped file that was removed.
    Removed,
    /// A mapped file in whose place another was put.
    Replaced,
    /// Memory in huge pages that the program asked for.
    Huge,
    /// A path of more letters than the system can say.
    LongPath,
    /// A task that a debugger holds.
    Traced,
    /// A filter of system calls.
    Seccomp,
    /// Namespaces that the program made, as containers do.
    Container,
    /// A program without a dynamic loader (DMTCP only).
    Static,
    /// A file that other nodes do not have.
    LocalFile,
    /// A file that was opened before the program had its own view of the file systems.
    OtherMount,
    /// Something that is not known to be dumpable.
    Unknown,
    /// Files may not grow to the size that an image needs.
    FileSize,
    /// A task that does not let itself be looked at.
    Unreadable,
}

/// Something that cannot be dumped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hindrance {
    /// The number of a task that has it.
    pub task: u32,
    /// The name of its program.
    pub name: String,
    /// Which kind of obstacle it is.
    pub kind: Obstacle,
    /// What it is, as a whole sentence without its full stop.
    pub what: String,
    /// What can be done about it.
    pub cure: String,
    /// A dump fails, or what is restored does not work; else it may.
    pub certain: bool,
}

impl std::fmt::Display for Hindrance {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} (process {}): {}: {}", self.name, self.task, self.what, self.cure)
    }
}

/// All that is looked at, read once.
pub(super) struct Scene<'l> {
    pub(super) look: &'l TaskScan,
    /// The tasks stand, and are dumped by a child of their namespace's first process.
    pub(super) standing: bool,
    pub(super) numbers: BTreeSet<u32>,
    pub(super) tasks: Vec<TaskScene>,
}

pub(super) struct TaskScene {
    pub(super) number: u32,
    pub(super) opened: io::Result<Vec<Open>>,
    pub(super) mappings: Vec<TaskMapping>,
    /// By their numbers; shared by tasks that see the same.
    pub(super) mounts: std::rc::Rc<BTreeMap<u64, Mount>>,
}

impl<'l> Scene<'l> {
    pub(super) fn of(tasks: &[u32], look: &'l TaskScan) -> Self {
        let mut views = BTreeMap::new();
        let mut all = Vec::new();
        for number in tasks.iter().copied() {
            let view = std::fs::read_link(proc::folder(number).join("ns/mnt")).unwrap_or_default();
            let mounts = views.entry(view).or_insert_with(|| {
                let mounts = proc::mounts(&proc::folder(number)).unwrap_or_default();
                std::rc::Rc::new(
                    mounts.into_iter().map(|mount| (mount.id, mount)).collect::<BTreeMap<_, _>>(),
                )
            });
            let mounts = mounts.clone();
            let mappings = proc::mappings(number).unwrap_or_default();
            all.push(TaskScene { number, opened: proc::opened(number), mappings, mounts });
        }
        Self { look, standing: false, numbers: tasks.iter().copied().collect(), tasks: all }
    }

    /// All open files of all tasks.
    pub(super) fn opened(&self) -> impl Iterator<Item = (&TaskScene, &Open)> {
        self.tasks.iter().flat_map(|task| task.opened.iter().flatten().map(move |open| (task, open)))
    }

    /// The next node has what lies there.
    pub(super) fn is_everywhere(&self, path: &Path) -> bool {
        self.look.everywhere.iter().any(|folder| path.starts_with(folder))
    }

    /// It dumps the tasks, and has what they have open in its hands meanwhile.
    fn is_at_work(&self, number: u32) -> bool {
        let Some(init) = self.look.init.filter(|_| self.standing) else { return false };
        number == init || proc::stat(number).is_ok_and(|stat| stat.parent == init)
    }

    /// Processes outside the tree that have these open: by the system's words for them, such as `pipe:[123]`.
    ///
    /// Those of other users cannot be looked into.
    pub(super) fn outside(&self, wanted: &HashSet<PathBuf>) -> BTreeMap<PathBuf, (u32, String)> {
        let mut found = BTreeMap::new();
        if wanted.is_empty() {
            return found;
        }
        for entry in std::fs::read_dir("/proc").into_iter().flatten().flatten() {
            let Some(number) = entry.file_name().to_str().and_then(|name| name.parse::<u32>().ok()) else {
                continue;
            };
            if self.numbers.contains(&number) || self.is_at_work(number) {
                continue;
            }
            for open in std::fs::read_dir(proc::folder(number).join("fd")).into_iter().flatten().flatten() {
                if let Ok(target) = std::fs::read_link(open.path())
                    && wanted.contains(&target)
                {
                    found.entry(target).or_insert_with(|| (number, proc::name(number)));
                }
            }
        }
        found
    }
}

/// What was found.
#[derive(Default)]
pub(super) struct Hindrances {
    pub(super) all: Vec<Hindrance>,
    said: HashSet<(Obstacle, String)>,
}

impl Hindrances {
    /// Something that cannot be dumped.
    pub(super) fn certain(&mut self, task: u32, kind: Obstacle, what: impl Into<String>, cure: &str) {
        self.add(task, kind, what.into(), cure, true);
    }

    /// Something that may not be dumped.
    pub(super) fn perhaps(&mut self, task: u32, kind: Obstacle, what: impl Into<String>, cure: &str) {
        self.add(task, kind, what.into(), cure, false);
    }

    pub(super) fn add(&mut self, task: u32, kind: Obstacle, what: String, cure: &str, certain: bool) {
        if self.said.insert((kind, what.clone())) {
            self.all.push(Hindrance { task, name: proc::name(task), kind, what, cure: cure.into(), certain });
        }
    }
}

/// A path for people.
pub(in crate::foreign) fn shown(path: &Path) -> String {
    crate::quantity::clean(&path.to_string_lossy())
}
