//! Whether an image fits a node: looked at before a restore, so that it neither fails nor goes on with what is not the program's.

mod files;
mod room;
#[cfg(test)]
mod tests;

use std::io;
use std::path::Path;

use nix::sys::resource::{Resource, getrlimit};

pub use super::misfit::{Misfit, Unfit, tells_of_beginning_anew};
pub use room::Room;

use super::record::{ImageRecord, NodeTraits, ResourceLimit, ResourceLimits};
use crate::quantity::bytes;

/// The node that something is to be restored on, and this process's place on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RestoreSite {
    /// What is compared of the node.
    pub node: NodeTraits,
    /// The version of its CRIU; zeros for another tool.
    pub criu: (u32, u32, u32),
    /// Hard limits of this process.
    pub limits: ResourceLimits,
    /// Bytes that a file of this process may have; `None`: any.
    pub file_size: Option<u64>,
    /// Memory that can be had.
    pub room: Room,
}

impl RestoreSite {
    /// This node, with this CRIU.
    ///
    /// # Errors
    /// When the system does not tell.
    pub fn look(criu: (u32, u32, u32)) -> io::Result<Self> {
        let (soft, _) = getrlimit(Resource::RLIMIT_FSIZE)?;
        Ok(Self {
            node: NodeTraits::here()?,
            criu,
            limits: ResourceLimits::here()?,
            file_size: (soft != nix::sys::resource::RLIM_INFINITY).then_some(soft),
            room: Room::here()?,
        })
    }
}

/// All that does not fit: what refuses comes first.
///
/// Files that [`super::copies::roll_back`] brings back, from the folder `copies` or by cutting, fit. Nothing is changed.
#[must_use]
pub fn unfit(record: &ImageRecord, here: &RestoreSite, copies: &Path) -> Vec<Unfit> {
    let mut all: Vec<Unfit> = record.files.iter().filter_map(|file| files::unfit(file, copies)).collect();
    all.extend(processor(record, here));
    all.extend(kernel(record, here));
    if record.criu != (0, 0, 0) {
        all.extend(criu(record, here));
        all.extend(groups(record, here));
    }
    memory(record, &here.room, &mut all);
    limits(record, here, &mut all);
    all.sort_by_key(|unfit| !unfit.refuses);
    all
}

fn processor(record: &ImageRecord, here: &RestoreSite) -> Option<Unfit> {
    let (there, masked) = (&record.node.processor, record.avx512_masked);
    let lacking = there.beyond(&here.node.processor, masked);
    if lacking.is_empty() {
        return None;
    }
    let what = format!(
        "the program was started on a processor with instructions that this node's lacks: {} ({}: {}, {}; {}: {}, {})",
        lacking.join(", "),
        record.node.host,
        there.name,
        there.class_of_program(masked),
        here.node.host,
        here.node.processor.name,
        here.node.processor.class()
    );
    let cure = if !masked && lacking.iter().all(|flag| flag.starts_with("avx512")) {
        "let the chain's jobs ask for nodes of one class of processors, or begin the chain anew with AVX-512 masked"
    } else {
        "let the chain's jobs ask for nodes of one class of processors (a property of the site's nodes)"
    };
    Some(Unfit::new(Misfit::Processor, what, cure))
}

/// The first two numbers of a kernel's release.
fn release(kernel: &str) -> Option<(u32, u32)> {
    let mut numbers = kernel.split(|c: char| !c.is_ascii_digit());
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}

fn kernel(record: &ImageRecord, here: &RestoreSite) -> Option<Unfit> {
    let (there, now) = (release(&record.node.kernel)?, release(&here.node.kernel)?);
    (now < there).then(|| {
        let what =
            format!("this node's kernel is older: {} instead of {}", here.node.kernel, record.node.kernel);
        Unfit::told(
            Misfit::Kernel,
            what,
            "it goes well as a rule; where it does not, use nodes with one kernel",
        )
    })
}

fn criu(record: &ImageRecord, here: &RestoreSite) -> Option<Unfit> {
    let ((major, minor, patch), (a, b, c)) = (record.criu, here.criu);
    ((a, b) < (major, minor)).then(|| {
        let what = format!(
            "this node's CRIU is older than the image's: {a}.{b}.{c} instead of {major}.{minor}.{patch}"
        );
        Unfit::new(
            Misfit::Criu,
            what,
            "use one CRIU for all nodes: make a kit in a folder that all of them see (`alpsckpt kit criu`)",
        )
    })
}

fn groups(record: &ImageRecord, here: &RestoreSite) -> Option<Unfit> {
    let (there, now) = (record.node.groups, here.node.groups);
    (there != now).then(|| {
        let what = format!(
            "the user has {now} supplementary groups on this node, and had {there} on {}",
            record.node.host
        );
        let cure = "use the nodes that know the same groups (`id -G`), or ask the site to make them agree";
        Unfit::new(Misfit::Groups, what, cure)
    })
}

fn memory(record: &ImageRecord, room: &Room, all: &mut Vec<Unfit>) {
    let need = record.memory;
    let mut lacks = |room: u64, of: &str, need: u64, cure: &str| {
        if room < need {
            let what = format!("the program needs {}, and {of} has {}", bytes(need), bytes(room));
            all.push(Unfit::new(Misfit::Memory, what, cure));
        }
    };
    if let Some(cgroup) = room.cgroup {
        let cure = "ask for more memory: with OAR it comes with the cores, so ask for more of them";
        lacks(cgroup, "the job's share of this node's memory", need, cure);
    }
    lacks(
        room.available,
        "this node's free memory",
        need,
        "use a larger node, or whole nodes, so that no other job shares the memory",
    );
    if let Some(commit) = room.commit {
        let cure = "use a node that commits memory as it is used (vm.overcommit_memory is 2 here)";
        lacks(commit, "what this node still commits itself to", record.writable, cure);
    }
}

/// So many descriptors CRIU keeps above the highest of a task while it makes that.
const CRIU_DESCRIPTORS: u64 = 31;

/// It keeps them below the limit in whole blocks of so many.
const CRIU_BLOCK: u64 = 128;

/// A number in the words of its unit.
type InUnit = fn(u64) -> String;

fn limits(record: &ImageRecord, here: &RestoreSite, all: &mut Vec<Unfit>) {
    let count: InUnit = |n| n.to_string();
    let (there, now) = (&record.limits, &here.limits);
    let each: [(&str, &str, ResourceLimit, ResourceLimit, InUnit); 5] = [
        ("address space", "-v", there.addresses, now.addresses, bytes),
        ("data", "-d", there.data, now.data, bytes),
        ("open files", "-n", there.files, now.files, count),
        ("processes", "-u", there.tasks, now.tasks, count),
        ("the size of files", "-f", there.file_size, now.file_size, bytes),
    ];
    for (name, letter, there, now, shown) in each {
        let Some(hard) = now.hard else { continue };
        let cure = format!("raise the job's limit (`ulimit -H {letter}`), or use nodes with the former one");
        if hard < there.used {
            let what = format!(
                "the job's limit for {name} is {}, and the program uses {}",
                shown(hard),
                shown(there.used)
            );
            all.push(Unfit::new(Misfit::Limit, what, cure));
        } else if there.hard.is_none_or(|former| hard < former) {
            let former = there.hard.map_or_else(|| "none".into(), shown);
            let what = format!(
                "the job's limit for {name} is {}, and was {former}: the program keeps the lower one",
                shown(hard)
            );
            all.push(Unfit::told(Misfit::Limit, what, cure));
        }
    }
    let used = there.files.used;
    let least = (used + CRIU_DESCRIPTORS).next_multiple_of(CRIU_BLOCK);
    if let Some(hard) = now.files.hard
        && record.criu != (0, 0, 0)
        && (used..least).contains(&hard)
    {
        all.push(Unfit::new(
            Misfit::Limit,
            format!(
                "the job's limit for open files is {hard}, and CRIU needs {least} to restore the program"
            ),
            "raise the job's limit (`ulimit -H -n`), or use nodes with the former one",
        ));
    }
    if let Some(most) = here.file_size.filter(|most| *most < record.largest) {
        let (most, largest) = (bytes(most), bytes(record.largest));
        let what =
            format!("files may not grow beyond {most} here, and a file of the next image takes {largest}");
        all.push(Unfit::new(
            Misfit::Limit,
            what,
            "raise the job's limit for the size of files (`ulimit -f`)",
        ));
    }
}
