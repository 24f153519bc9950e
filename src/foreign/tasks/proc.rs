//! The files of `/proc` about one task, read as bytes: names of programs and of files need not be text.

use std::ffi::OsString;
use std::io;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use crate::host::ProcessStat;

/// One task's `/proc/NUMBER`.
pub(in crate::foreign) fn folder(task: u32) -> PathBuf {
    PathBuf::from(format!("/proc/{task}"))
}

/// A file of it, as text; what is no text is replaced.
pub(in crate::foreign) fn text(task: u32, name: &str) -> io::Result<String> {
    Ok(String::from_utf8_lossy(&std::fs::read(folder(task).join(name))?).into_owned())
}

/// What the kernel tells of it.
pub(in crate::foreign) fn stat(task: u32) -> io::Result<ProcessStat> {
    ProcessStat::of(task)
}

/// The value of a line such as `VmRSS:   123 kB` in a text of such lines.
pub(in crate::foreign) fn field<'t>(text: &'t str, name: &str) -> Option<&'t str> {
    text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')).map(str::trim)
}

/// The bytes of such a line in kB; 0 without.
pub(in crate::foreign) fn kilobytes(text: &str, name: &str) -> u64 {
    field(text, name)
        .and_then(|value| value.strip_suffix("kB")?.trim().parse::<u64>().ok())
        .map_or(0, |kilobytes| kilobytes.saturating_mul(1024))
}

/// The name of its program, as people know it.
pub(in crate::foreign) fn name(task: u32) -> String {
    text(task, "comm").map_or_else(|_| "?".into(), |name| crate::quantity::clean(name.trim_end()))
}

/// A part of a task's memory that shows a file.
// Facts that have nothing to do with each other, as the system tells them.
#[allow(clippy::struct_excessive_bools)]
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::foreign) struct TaskMapping {
    /// The file; without the mark of a removed one.
    pub(in crate::foreign) path: PathBuf,
    /// The system says that the file was removed, or another put in its place.
    pub(in crate::foreign) removed: bool,
    /// Its device, as `st_dev` has it, and its inode.
    pub(in crate::foreign) file: (u64, u64),
    /// What is written reaches the file.
    pub(in crate::foreign) shared: bool,
    /// It may be written.
    pub(in crate::foreign) writable: bool,
    /// It may be run.
    pub(in crate::foreign) executable: bool,
}

/// The mark after the path of a removed file.
const REMOVED: &[u8] = b" (deleted)";

/// A task's parts of memory that show files, or what the system names like one.
pub(in crate::foreign) fn mappings(task: u32) -> io::Result<Vec<TaskMapping>> {
    let maps = std::fs::read(folder(task).join("maps"))?;
    let mappings = maps.split(|b| *b == b'\n').filter_map(mapping);
    Ok(mappings.collect())
}

fn mapping(line: &[u8]) -> Option<TaskMapping> {
    let at = line.iter().position(|b| *b == b'/')?;
    let head = std::str::from_utf8(&line[..at]).ok()?;
    let fields: Vec<&str> = head.split_ascii_whitespace().collect();
    let [_, rights, _, device, inode] = fields[..] else { return None };
    let (major, minor) = device.split_once(':')?;
    let [major, minor] = [major, minor].map(|part| u64::from_str_radix(part, 16));
    let (path, removed) = unmarked(&line[at..]);
    Some(TaskMapping {
        path: PathBuf::from(OsString::from_vec(unescaped(path))),
        removed,
        file: (nix::sys::stat::makedev(major.ok()?, minor.ok()?), inode.parse().ok()?),
        shared: rights.ends_with('s'),
        writable: rights.contains('w'),
        executable: rights.contains('x'),
    })
}

fn unmarked(path: &[u8]) -> (&[u8], bool) {
    path.strip_suffix(REMOVED).map_or((path, false), |path| (path, true))
}

/// In `maps` the end of a line within a path is written in digits.
fn unescaped(path: &[u8]) -> Vec<u8> {
    const LINE: &[u8] = b"\\012";
    let mut out = Vec::with_capacity(path.len());
    let mut rest = path;
    while let Some(byte) = rest.first() {
        if let Some(after) = rest.strip_prefix(LINE) {
            out.push(b'\n');
            rest = after;
        } else {
            out.push(*byte);
            rest = &rest[1..];
        }
    }
    out
}

/// An open file.
#[derive(Debug, Clone)]
pub(in crate::foreign) struct Open {
    /// The descriptor's number.
    pub(in crate::foreign) number: i32,
    /// What it leads to in the system's words: a path, `pipe:[123]`, `anon_inode:[eventpoll]` …; `None` where it has more letters
    /// than the system can say.
    pub(in crate::foreign) target: Option<PathBuf>,
    /// The flags that it was opened with.
    pub(in crate::foreign) flags: i32,
    /// The mount that it was opened through.
    pub(in crate::foreign) mount: u64,
    /// The lines of `fdinfo`.
    pub(in crate::foreign) more: String,
}

impl Open {
    /// The path of a file, without the mark of a removed one.
    pub(in crate::foreign) fn path(&self) -> Option<(PathBuf, bool)> {
        let target = self.target.as_ref()?.as_os_str().as_bytes();
        if !target.starts_with(b"/") {
            return None;
        }
        let (path, removed) = unmarked(target);
        Some((PathBuf::from(std::ffi::OsStr::from_bytes(path)), removed))
    }

    /// Where the system shows the open file itself.
    pub(in crate::foreign) fn door(&self, task: u32) -> PathBuf {
        folder(task).join("fd").join(self.number.to_string())
    }

    /// The number in `pipe:[123]` where `kind` is `pipe`.
    pub(in crate::foreign) fn inode(&self, kind: &str) -> Option<u64> {
        let target = self.target.as_ref()?.to_str()?;
        target.strip_prefix(kind)?.strip_prefix(":[")?.strip_suffix(']')?.parse().ok()
    }

    pub(in crate::foreign) fn reads(&self) -> bool {
        matches!(self.flags & 3, 0 | 2)
    }

    pub(in crate::foreign) fn writes(&self) -> bool {
        matches!(self.flags & 3, 1 | 2)
    }
}

/// A task's open files. One that is closed meanwhile is left out.
pub(in crate::foreign) fn opened(task: u32) -> io::Result<Vec<Open>> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(folder(task).join("fd"))? {
        let Ok(entry) = entry else { continue };
        let Some(number) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else { continue };
        let target = match std::fs::read_link(entry.path()) {
            Ok(target) => Some(target),
            Err(e)
                if nix::errno::Errno::from_raw(e.raw_os_error().unwrap_or(0))
                    == nix::errno::Errno::ENAMETOOLONG =>
            {
                None
            }
            Err(_) => continue,
        };
        let Ok(more) = text(task, &format!("fdinfo/{number}")) else { continue };
        let flags = field(&more, "flags").and_then(|flags| i32::from_str_radix(flags, 8).ok()).unwrap_or(0);
        let mount = field(&more, "mnt_id").and_then(|id| id.parse().ok()).unwrap_or(0);
        all.push(Open { number, target, flags, mount, more });
    }
    Ok(all)
}

/// A mount that a task sees.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::foreign) struct Mount {
    /// Its number in `/proc/NUMBER/mountinfo`.
    pub(in crate::foreign) id: u64,
    /// The folder of the file system that it shows.
    pub(in crate::foreign) root: PathBuf,
    /// Where it is mounted.
    pub(in crate::foreign) at: PathBuf,
    /// The kind of file system.
    pub(in crate::foreign) kind: String,
    /// The file system's own options.
    pub(in crate::foreign) options: String,
}

/// The mounts that a task sees; of this process with `self`.
pub(in crate::foreign) fn mounts(of: &Path) -> io::Result<Vec<Mount>> {
    let mounts = std::fs::read(of.join("mountinfo"))?;
    Ok(mounts.split(|b| *b == b'\n').filter_map(mount).collect())
}

fn mount(line: &[u8]) -> Option<Mount> {
    let words: Vec<&[u8]> = line.split(|b| *b == b' ').collect();
    let text = |of: usize| words.get(of).map(|word| String::from_utf8_lossy(word).into_owned());
    let path = |of: usize| Some(PathBuf::from(OsString::from_vec(octal(words.get(of)?))));
    let end = words.iter().position(|word| *word == b"-")?;
    Some(Mount {
        id: text(0)?.parse().ok()?,
        root: path(3)?,
        at: path(4)?,
        kind: text(end + 1)?,
        options: text(end + 3).unwrap_or_default(),
    })
}

/// Blanks and the like stand in `mountinfo` as `\040`.
fn octal(word: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(word.len());
    let mut rest = word;
    while let [first, after @ ..] = rest {
        let digits = after.get(..3).and_then(|digits| std::str::from_utf8(digits).ok());
        match digits.and_then(|digits| u8::from_str_radix(digits, 8).ok()) {
            Some(byte) if *first == b'\\' => {
                out.push(byte);
                rest = &after[3..];
            }
            _ => {
                out.push(*first);
                rest = after;
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_in_maps_may_hold_anything() {
        let line = b"7f00-7f01 rw-s 00000000 fe:01 4711                       /tmp/a  b\\012\xff (deleted)";
        let mapping = mapping(line).unwrap();
        assert_eq!(mapping.path.as_os_str().as_bytes(), b"/tmp/a  b\n\xff");
        assert!(mapping.removed && mapping.shared && mapping.writable && !mapping.executable);
        assert_eq!(mapping.file, (nix::sys::stat::makedev(0xfe, 1), 4711));
        assert_eq!(super::mapping(b"7f00-7f01 rw-p 00000000 00:00 0     [heap]"), None);
    }

    #[test]
    fn mounts_have_blanks_in_digits() {
        let line = b"36 35 98:0 /sub /mnt/a\\040b rw,noatime master:1 - cgroup cgroup rw,memory";
        let mount = mount(line).unwrap();
        assert_eq!((mount.id, mount.at.to_str()), (36, Some("/mnt/a b")));
        assert_eq!((mount.kind.as_str(), mount.options.as_str()), ("cgroup", "rw,memory"));
    }
}
