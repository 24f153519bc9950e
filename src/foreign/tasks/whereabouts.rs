//! What a path alone tells of a file in use: it is too long, leads to a device, or to this node alone.

use std::path::Path;

use super::hindrance::{Hindrances, Obstacle, Scene, Tool, shown};
use super::proc::Mount;

/// A path of this many bytes and its end are more than the system can say.
pub(super) const LONGEST_PATH: usize = 4095;

pub(super) const SHORTER: &str = "use shorter names, or an output folder with a shorter path";

/// A file that lies in this node's memory, or in its folder for what is temporary.
pub(super) fn local(
    scene: &Scene<'_>,
    task: u32,
    path: &Path,
    mount: Option<&Mount>,
    found: &mut Hindrances,
) {
    // DMTCP keeps its own log and what its processes share there, and makes them anew.
    let of_dmtcp =
        |part: std::path::Component<'_>| part.as_os_str().as_encoded_bytes().starts_with(b"dmtcp-");
    if scene.look.tool == Tool::Dmtcp && path.components().any(of_dmtcp) {
        return;
    }
    let in_memory = mount.is_some_and(|mount| matches!(mount.kind.as_str(), "tmpfs" | "ramfs"));
    let temporary = ["/tmp", "/var/tmp", "/dev/shm"].iter().any(|folder| path.starts_with(folder));
    if (in_memory || temporary) && !path.starts_with("/proc") && !scene.is_everywhere(path) {
        let what =
            format!("{} lies on this node alone: it is missing where the program goes on", shown(path));
        let cure = "let the program keep its files below its working folder (`{work}`; TMPDIR leads to a folder in it)";
        found.perhaps(task, Obstacle::LocalFile, what, cure);
    }
}

/// What a device holds is lost.
pub(super) fn unknown_device(task: u32, path: &Path, found: &mut Hindrances) {
    let what = format!("it uses the device {}, whose state cannot be dumped", shown(path));
    let cure = "run the program without it (on the CPUs, where it is a GPU), or let the program save itself (`checkpoint: Own(…)`)";
    found.certain(task, Obstacle::Device, what, cure);
}
