//! Memory that this process can have.

use std::io;
use std::path::{Path, PathBuf};

use procfs::{Current, Meminfo};

use crate::foreign::tasks::proc;

/// Memory that can be had, bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Room {
    /// Within the limits of the job's control groups, of either version; `None` without one.
    pub cgroup: Option<u64>,
    /// Of the node.
    pub available: u64,
    /// That the system still commits itself to, where it counts what it commits itself to; `None` elsewhere.
    pub commit: Option<u64>,
}

/// More than this is how control groups say "no limit".
const NO_LIMIT: u64 = 1 << 60;

impl Room {
    /// Of this process.
    ///
    /// # Errors
    /// When the system does not tell.
    pub fn here() -> io::Result<Self> {
        let memory = Meminfo::current().map_err(io::Error::other)?;
        let strict = std::fs::read_to_string("/proc/sys/vm/overcommit_memory")?.trim() == "2";
        let itself = Path::new("/proc/self");
        let groups = std::fs::read_to_string(itself.join("cgroup")).unwrap_or_default();
        let limited = folders(&groups, &proc::mounts(itself)?);
        Ok(Self {
            cgroup: limited.iter().flat_map(|(folder, top)| within(folder, top)).min(),
            available: memory.mem_available.unwrap_or(memory.mem_free),
            commit: memory
                .commit_limit
                .filter(|_| strict)
                .map(|limit| limit.saturating_sub(memory.committed_as)),
        })
    }
}

/// The folders of the control groups for memory of a process, each with the top of its tree.
fn folders(groups: &str, mounts: &[proc::Mount]) -> Vec<(PathBuf, PathBuf)> {
    let mut all = Vec::new();
    for line in groups.lines() {
        let mut words = line.splitn(3, ':').skip(1);
        let (Some(controllers), Some(path)) = (words.next(), words.next()) else { continue };
        let fits = |mount: &&proc::Mount| match controllers {
            "" => mount.kind == "cgroup2",
            _ => mount.kind == "cgroup" && mount.options.split(',').any(|option| option == "memory"),
        };
        if !controllers.is_empty() && !controllers.split(',').any(|controller| controller == "memory") {
            continue;
        }
        let Some(mount) = mounts.iter().find(fits) else { continue };
        // In a container the mount shows a part of the tree alone.
        let below = Path::new(path).strip_prefix(&mount.root).unwrap_or(Path::new(""));
        all.push((mount.at.join(below), mount.at.clone()));
    }
    all
}

/// What a control group and those above it leave.
fn within(folder: &Path, top: &Path) -> Vec<u64> {
    let groups = folder.ancestors().take_while(|group| group.starts_with(top));
    groups.filter_map(left).collect()
}

/// What one control group leaves; `None` without a limit.
fn left(group: &Path) -> Option<u64> {
    let number = |name: &str| std::fs::read_to_string(group.join(name)).ok()?.trim().parse::<u64>().ok();
    let limit =
        number("memory.max").or_else(|| number("memory.limit_in_bytes")).filter(|limit| *limit < NO_LIMIT)?;
    let used = number("memory.current").or_else(|| number("memory.usage_in_bytes")).unwrap_or(0);
    let stat = std::fs::read_to_string(group.join("memory.stat")).unwrap_or_default();
    let of = |names: [&str; 2]| {
        let value = |name: &str| {
            stat.lines()
                .find_map(|line| line.strip_prefix(name)?.strip_prefix(' ')?.trim().parse::<u64>().ok())
        };
        names.into_iter().find_map(value).unwrap_or(0)
    };
    // Pages of files go when memory is wanted; those of shared memory do not.
    let files = of(["total_cache", "file"]).saturating_sub(of(["total_shmem", "shmem"]));
    Some(limit.saturating_sub(used.saturating_sub(files)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tightest_group_of_either_version_counts() {
        let top = tempfile::tempdir().unwrap();
        let job = top.path().join("oar/job");
        std::fs::create_dir_all(&job).unwrap();
        let put = |group: &Path, name: &str, value: &str| std::fs::write(group.join(name), value).unwrap();
        put(&job, "memory.max", "max\n");
        put(&top.path().join("oar"), "memory.max", "1000000\n");
        put(&top.path().join("oar"), "memory.current", "700000\n");
        put(&top.path().join("oar"), "memory.stat", "anon 100\nfile 500000\nshmem 100000\n");
        assert_eq!(within(&job, top.path()), [700_000]);
        put(&job, "memory.limit_in_bytes", "9223372036854771712\n");
        assert_eq!(within(&job, top.path()), [700_000]);
        put(&job, "memory.limit_in_bytes", "400\n");
        put(&job, "memory.usage_in_bytes", "300\n");
        put(&job, "memory.stat", "cache 1\ntotal_cache 200\ntotal_shmem 50\n");
        assert_eq!(within(&job, top.path()).into_iter().min(), Some(250));
    }

    #[test]
    fn groups_are_found_by_their_mounts() {
        let mount = |root: &str, at: &str, kind: &str, options: &str| proc::Mount {
            id: 1,
            root: root.into(),
            at: at.into(),
            kind: kind.into(),
            options: options.into(),
        };
        let mounts = [
            mount("/", "/c/cpu", "cgroup", "rw,cpu"),
            mount("/lxc/7", "/c/m", "cgroup", "rw,memory"),
            mount("/", "/u", "cgroup2", "rw"),
        ];
        let found = folders("4:memory:/lxc/7/job\n3:cpu:/a\n1:name=systemd:/x\n0::/user/b:c\n", &mounts);
        assert_eq!(found, [("/c/m/job".into(), "/c/m".into()), ("/u/user/b:c".into(), PathBuf::from("/u"))]);
        assert_eq!(folders("4:memory:/elsewhere\n", &mounts), [("/c/m".into(), PathBuf::from("/c/m"))]);
    }

    #[test]
    fn this_nodes_memory_is_told() {
        let room = Room::here().unwrap();
        assert!(room.available > 1 << 20, "{room:?}");
    }
}
