//! What an image asks of the node that it is restored on: written down while the program stands.

mod pending;

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use nix::fcntl::OFlag;
use nix::sys::resource::{Resource, getrlimit};
use serde::{Deserialize, Serialize};

use super::cpu::Processor;
use super::tasks::proc::{self, Open, TaskMapping};
use super::tasks::{self, TaskMemory};

pub use pending::Pending;
pub(super) use pending::is_gone;

/// What an image asks of the node that it is restored on, and what the program had come to.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
#[serde(rename = "Record")]
pub struct ImageRecord {
    /// The version of the CRIU that has dumped it; zeros for another tool.
    pub criu: (u32, u32, u32),
    /// The node it was dumped on.
    pub node: NodeTraits,
    /// What it needs of the limits of a job.
    pub limits: ResourceLimits,
    /// Bytes of memory that it takes.
    pub memory: u64,
    /// Bytes of the largest file of its image, as far as can be told before.
    pub largest: u64,
    /// Bytes of memory that its tasks may write, together: what the system commits itself to where `overcommit` is 2.
    pub writable: u64,
    /// CPU time of its tasks since they were started or restored, with that of children that ended; ms.
    pub cpu_ms: u64,
    /// The program was kept from AVX-512 since its start. Whoever started it knows.
    pub avx512_masked: bool,
    /// The files that it has open or mapped.
    pub files: Vec<Recorded>,
}

/// What is compared of a node.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
#[serde(rename = "Node")]
pub struct NodeTraits {
    /// Its name.
    pub host: String,
    /// The release of its kernel.
    pub kernel: String,
    /// Its processor.
    pub processor: Processor,
    /// How many supplementary groups the user has.
    pub groups: usize,
    /// Its `vm.overcommit_memory`.
    pub overcommit: u8,
}

impl NodeTraits {
    /// This one.
    ///
    /// # Errors
    /// When the system does not tell.
    pub fn here() -> io::Result<Self> {
        let overcommit = std::fs::read_to_string("/proc/sys/vm/overcommit_memory")?;
        Ok(Self {
            host: crate::host::name(),
            kernel: std::fs::read_to_string("/proc/sys/kernel/osrelease")?.trim().to_owned(),
            processor: Processor::here()?,
            groups: nix::unistd::getgroups()?.len(),
            overcommit: overcommit.trim().parse().unwrap_or(0),
        })
    }
}

/// Hard limits, and how much of each is in use by the task that uses most. `None`: no limit.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
#[serde(rename = "Limits")]
pub struct ResourceLimits {
    /// Bytes of address space.
    pub addresses: ResourceLimit,
    /// Bytes of data.
    pub data: ResourceLimit,
    /// Open files.
    pub files: ResourceLimit,
    /// Processes and threads of the user.
    pub tasks: ResourceLimit,
    /// Bytes of a file.
    pub file_size: ResourceLimit,
}

/// One limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
#[serde(rename = "Limit")]
pub struct ResourceLimit {
    /// The hard limit; `None`: none.
    pub hard: Option<u64>,
    /// What is in use.
    pub used: u64,
}

/// How a file is in use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Opening {
    /// Open for writing at its end.
    Append,
    /// Open for writing anywhere, or mapped so.
    Write,
    /// Open for reading.
    Read,
    /// Mapped, for itself.
    Private,
    /// Mapped, together with others.
    Shared,
    /// Its instructions are run.
    Executable,
    /// A folder that is open, or the working folder.
    Folder,
    /// A FIFO.
    Fifo,
}

/// A checksum of a file's content.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Checksum {
    /// The CRC32 of all of it.
    Whole(u32),
    /// The CRC32 of its first and its last [`EDGE`] bytes.
    Edges(u32),
}

/// Half of what is read of a large file.
pub const EDGE: u64 = 512 << 10;

/// A file that the program has open or mapped.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recorded {
    /// Where; absolute.
    #[serde(with = "super::written")]
    pub path: PathBuf,
    /// Bytes.
    #[serde(default)]
    pub size: u64,
    /// When it was written last, ns since 1970.
    #[serde(default)]
    pub modified: i64,
    /// Its mode with its kind, as the system has it.
    #[serde(default)]
    pub mode: u32,
    /// Of its content.
    #[serde(default)]
    pub sum: Option<Checksum>,
    /// How it is in use.
    #[serde(default)]
    pub openings: BTreeSet<Opening>,
    /// The name of its copy in the folder of copies.
    #[serde(default)]
    pub copy: Option<String>,
    /// Which parts of it the copy has, one after the other, as begins and lengths in bytes: between them it has holes. `None`: all of it.
    #[serde(default)]
    pub parts: Option<Vec<(u64, u64)>>,
}

impl Recorded {
    /// The program writes to it, at its end alone: what was added since can be cut off.
    #[must_use]
    pub fn grows(&self) -> bool {
        self.openings.contains(&Opening::Append) && !self.openings.contains(&Opening::Write)
    }

    /// The program may have changed any part of it.
    #[must_use]
    pub fn changes(&self) -> bool {
        self.openings.contains(&Opening::Write)
    }

    /// The program writes to it.
    #[must_use]
    pub fn is_written(&self) -> bool {
        self.grows() || self.changes()
    }

    /// It has a content that is compared.
    #[must_use]
    pub fn has_content(&self) -> bool {
        !self.openings.contains(&Opening::Folder) && !self.openings.contains(&Opening::Fifo)
    }
}

impl ImageRecord {
    /// Of tasks that stand.
    ///
    /// Files that were removed are left out: what they hold is in the image. So is what has a path and no content to compare: devices,
    /// sockets, the system's own files.
    ///
    /// # Errors
    /// When the system does not tell of the node, or of any of the tasks.
    pub fn of(tasks: &[u32], criu: (u32, u32, u32)) -> io::Result<Self> {
        let mut files = Files::default();
        let mut limits = ResourceLimits::default();
        let mut writable = 0;
        for (number, task) in tasks.iter().enumerate() {
            let (opened, mappings) = (proc::opened(*task)?, proc::mappings(*task)?);
            limits.count(*task, &opened, number == 0)?;
            writable += proc::kilobytes(&proc::text(*task, "status")?, "VmData");
            files.add(*task, &opened, &mappings);
        }
        limits.tasks.used = tasks.iter().map(|task| tasks::threads(*task).len() as u64).sum();
        let TaskMemory { image, largest, .. } = tasks::memory(tasks);
        Ok(Self {
            criu,
            node: NodeTraits::here()?,
            limits,
            memory: image,
            largest,
            writable,
            cpu_ms: tasks::cpu(tasks).as_millis() as u64,
            avx512_masked: false,
            files: files.0.into_values().collect(),
        })
    }

    /// Holds the files open that the program writes to, while it stands: an image is worth nothing until they are on the disk.
    ///
    /// Where the program is not to run on, [`ImageRecord::settle`] instead.
    ///
    /// # Errors
    /// When one cannot be opened.
    pub fn hold(&self, pending: &mut Pending) -> io::Result<()> {
        let mut written = self.files.iter().filter(|file| file.is_written());
        written.try_for_each(|file| pending.add(open_here(&file.path)))
    }

    /// Brings to the disk what the program has written to its files, and notes their times again: some disks tell the time of the last
    /// writing only then. A file that is gone needs nothing.
    ///
    /// # Errors
    /// When one cannot be brought there.
    pub fn settle(&mut self) -> io::Result<()> {
        for file in self.files.iter_mut().filter(|file| file.is_written()) {
            let opened = match open_here(&file.path) {
                Err(e) if is_gone(&e) => continue,
                opened => opened?,
            };
            to_disk(&opened)?;
            file.modified = modified(&opened.metadata()?);
        }
        Ok(())
    }
}

impl ResourceLimits {
    /// This process's own, with nothing in use.
    ///
    /// # Errors
    /// When the system does not tell.
    pub fn here() -> io::Result<Self> {
        let hard = |resource| -> io::Result<ResourceLimit> {
            let (_, hard) = getrlimit(resource)?;
            Ok(ResourceLimit { hard: (hard != nix::sys::resource::RLIM_INFINITY).then_some(hard), used: 0 })
        };
        Ok(Self {
            addresses: hard(Resource::RLIMIT_AS)?,
            data: hard(Resource::RLIMIT_DATA)?,
            files: hard(Resource::RLIMIT_NOFILE)?,
            tasks: hard(Resource::RLIMIT_NPROC)?,
            file_size: hard(Resource::RLIMIT_FSIZE)?,
        })
    }

    /// Those of a task: the highest of all tasks, and what the one that uses most uses.
    fn count(&mut self, task: u32, opened: &[Open], first: bool) -> io::Result<()> {
        let text = proc::text(task, "limits")?;
        let status = proc::text(task, "status")?;
        let descriptors = opened.iter().map(|open| open.number as u64 + 1).max().unwrap_or(0);
        let of = [
            (&mut self.addresses, "Max address space", proc::kilobytes(&status, "VmSize")),
            (&mut self.data, "Max data size", proc::kilobytes(&status, "VmData")),
            (&mut self.files, "Max open files", descriptors),
            (&mut self.tasks, "Max processes", 0),
            (&mut self.file_size, "Max file size", 0),
        ];
        for (limit, name, used) in of {
            let line = text.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
            let hard = line.split_ascii_whitespace().nth(1).and_then(|hard| hard.parse::<u64>().ok());
            limit.hard = if first { hard } else { limit.hard.zip(hard).map(|(a, b)| a.max(b)) };
            limit.used = limit.used.max(used);
        }
        Ok(())
    }
}

/// Files by their paths.
#[derive(Default)]
struct Files(BTreeMap<PathBuf, Recorded>);

impl Files {
    fn add(&mut self, task: u32, opened: &[Open], mappings: &[TaskMapping]) {
        for open in opened {
            let Some((path, _)) = open.path() else { continue };
            let Ok(facts) = std::fs::metadata(open.door(task)) else { continue };
            let append = open.flags & OFlag::O_APPEND.bits() != 0;
            let mut openings = BTreeSet::new();
            openings.extend(open.reads().then_some(Opening::Read));
            openings.extend(open.writes().then_some(if append { Opening::Append } else { Opening::Write }));
            self.one(&path, &facts, &openings);
        }
        for mapping in mappings.iter().filter(|mapping| !mapping.removed) {
            let Ok(facts) = std::fs::metadata(&mapping.path) else { continue };
            let mut openings =
                BTreeSet::from([if mapping.shared { Opening::Shared } else { Opening::Private }]);
            openings.extend((mapping.shared && mapping.writable).then_some(Opening::Write));
            openings.extend(mapping.executable.then_some(Opening::Executable));
            self.one(&mapping.path, &facts, &openings);
        }
        if let Ok(folder) = std::fs::read_link(proc::folder(task).join("cwd"))
            && let Ok(facts) = std::fs::metadata(&folder)
        {
            self.one(&folder, &facts, &BTreeSet::new());
        }
    }

    fn one(&mut self, path: &Path, facts: &std::fs::Metadata, openings: &BTreeSet<Opening>) {
        use std::os::unix::fs::FileTypeExt;
        let kind = facts.file_type();
        let special = ["/proc", "/sys", "/dev/null"].iter().any(|folder| path.starts_with(folder));
        // What has no name any more is in the image; what has another file's name is none of the two.
        let other = std::fs::metadata(path)
            .map_or(true, |named| (named.dev(), named.ino()) != (facts.dev(), facts.ino()));
        if special || other || facts.nlink() == 0 || !(kind.is_file() || kind.is_dir() || kind.is_fifo()) {
            return;
        }
        let file = self.0.entry(path.to_path_buf()).or_insert_with(|| Recorded {
            path: path.to_path_buf(),
            size: if kind.is_file() { facts.len() } else { 0 },
            modified: modified(facts),
            mode: facts.mode(),
            sum: None,
            openings: BTreeSet::new(),
            copy: None,
            parts: None,
        });
        if kind.is_dir() {
            file.openings.insert(Opening::Folder);
        } else if kind.is_fifo() {
            file.openings.insert(Opening::Fifo);
        } else {
            file.openings.extend(openings);
            if file.sum.is_none() {
                file.sum = open_here(path).and_then(|content| sum(&content, file.size)).ok();
            }
        }
    }
}

/// When a file was written last, ns since 1970.
pub(super) fn modified(facts: &std::fs::Metadata) -> i64 {
    facts.mtime().saturating_mul(1_000_000_000).saturating_add(facts.mtime_nsec())
}

/// Opens a regular file for reading, wherever its path leads; no FIFO is waited for.
pub(super) fn open_here(path: &Path) -> io::Result<File> {
    let flags = OFlag::O_NONBLOCK | OFlag::O_NOCTTY;
    let file = OpenOptions::new().read(true).custom_flags(flags.bits()).open(path)?;
    if file.metadata()?.is_file() {
        return Ok(file);
    }
    Err(io::Error::new(io::ErrorKind::InvalidInput, "not a regular file"))
}

/// Brings a file to the disk, where its file system can be asked to.
pub(super) fn to_disk(file: &File) -> io::Result<()> {
    match file.sync_all() {
        Err(e) if e.kind() == io::ErrorKind::InvalidInput => Ok(()),
        synced => synced,
    }
}

/// The checksum of the first `size` bytes of a file.
pub(super) fn sum(file: &File, size: u64) -> io::Result<Checksum> {
    let mut crc = crc32fast::Hasher::new();
    let mut part = |from: u64, to: u64| -> io::Result<()> {
        let mut bytes = vec![0; (to - from) as usize];
        file.read_exact_at(&mut bytes, from)?;
        crc.update(&bytes);
        Ok(())
    };
    if size <= 2 * EDGE {
        part(0, size)?;
        return Ok(Checksum::Whole(crc.finalize()));
    }
    part(0, EDGE)?;
    part(size - EDGE, size)?;
    Ok(Checksum::Edges(crc.finalize()))
}

#[cfg(test)]
mod tests;
