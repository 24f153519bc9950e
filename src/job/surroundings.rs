//! What a machine is like where campaigns are to run: its cores, its clock, whether a folder keeps what checkpoints rely
//! on, and which programs it can checkpoint. `alpsckpt doctor` asks both the login node and a node.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

use super::entry::host_name;
use crate::durable::{DurableError, atomic, sealed};
use crate::foreign::trial::{self, Ability};

/// A machine and a folder as it sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeSurvey {
    /// Its name.
    pub host: String,
    /// Cores that this process may use.
    pub cores: u32,
    /// Cores that it has; 0 where it does not tell.
    #[serde(default)]
    pub online: u32,
    /// How far the machine's clock is ahead of the folder's, ms.
    pub clock_ahead_ms: i64,
    /// What was tried in the folder.
    pub trials: Vec<Trial>,
    /// What each backend can do here for programs that cannot save themselves.
    #[serde(default)]
    pub abilities: Vec<Ability>,
}

/// Something that checkpoints rely on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trial {
    /// What was tried.
    pub what: String,
    /// What went wrong.
    pub fault: Option<String>,
}

/// A node's answer to the login node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeAnswer {
    /// What the login node had written for it to read.
    pub challenge: String,
    /// What the node is like.
    pub node: NodeSurvey,
}

/// File of the challenge, a text.
pub const CHALLENGE: &str = "challenge";

/// File of the [`NodeAnswer`].
pub const ANSWER: &str = "answer.ron";

/// Reads the challenge in a folder and answers it. The CRIU that is tried is that of `kit`: see [`look`].
///
/// # Errors
/// When the folder, as this machine sees it, has no challenge, or the answer cannot be written.
pub fn answer(folder: &Path, kit: Option<&Path>) -> Result<(), DurableError> {
    let path = folder.join(CHALLENGE);
    let challenge = fs::read_to_string(&path).map_err(|e| DurableError::io(&path, "read", e))?;
    sealed::replace(&folder.join(ANSWER), &NodeAnswer { challenge, node: look(folder, kit) })
}

/// Looks around; what it writes into the folder is removed again. The CRIU that is tried is the one that `kit` names, else the
/// machine's own or the user's.
#[must_use]
pub fn look(folder: &Path, kit: Option<&Path>) -> NodeSurvey {
    let host = host_name();
    let place = folder.join(format!("{host}-{}", std::process::id()));
    let begun = fs::create_dir_all(&place);
    let mut trials = vec![tried("a folder can be made", begun)];
    if trials[0].fault.is_none() {
        trials.extend([
            tried("what is written and synced is read back", written_is_read(&place)),
            tried("a rename replaces a file at once", rename_replaces(&place)),
            tried("a file that is there is not created again", exclusive(&place)),
            tried("of several that give a file the same name one does", one_wins(&place)),
            tried("a folder can be synced", File::open(&place).and_then(|folder| folder.sync_all())),
        ]);
    }
    let clock_ahead_ms = ahead(&place).unwrap_or(0);
    let abilities = if trials[0].fault.is_none() { trial::abilities(&place, kit) } else { Vec::new() };
    let removed = fs::remove_dir_all(&place);
    if trials[0].fault.is_none() {
        trials.push(tried("a folder can be removed", removed));
    }
    let cores = std::thread::available_parallelism().map_or(1, |cores| cores.get() as u32);
    let online = fs::read_to_string("/sys/devices/system/cpu/online").map_or(0, |list| counted(&list));
    NodeSurvey { host, cores, online, clock_ahead_ms, trials, abilities }
}

/// How many numbers a list like `0-3,8` has.
fn counted(list: &str) -> u32 {
    let of = |range: &str| {
        let (first, last) = range.split_once('-').unwrap_or((range, range));
        Some(last.parse::<u32>().ok()?.saturating_sub(first.parse().ok()?) + 1)
    };
    list.trim().split(',').filter_map(of).sum()
}

fn tried(what: &str, result: io::Result<()>) -> Trial {
    Trial { what: what.to_owned(), fault: result.err().map(|e| e.to_string()) }
}

fn put(path: &Path, content: &[u8]) -> io::Result<()> {
    let mut file = File::create(path)?;
    file.write_all(content)?;
    file.sync_all()
}

fn holds(path: &Path, content: &[u8]) -> io::Result<()> {
    if fs::read(path)? == content { Ok(()) } else { Err(io::Error::other("it reads back differently")) }
}

fn written_is_read(place: &Path) -> io::Result<()> {
    let (path, content) = (place.join("written"), vec![0x5a; 1 << 20]);
    put(&path, &content)?;
    holds(&path, &content)
}

fn rename_replaces(place: &Path) -> io::Result<()> {
    let (old, new) = (place.join("final"), place.join("temporary"));
    put(&old, b"old")?;
    put(&new, b"new")?;
    fs::rename(&new, &old)?;
    holds(&old, b"new")?;
    if new.exists() { Err(io::Error::other("the old name is still there")) } else { Ok(()) }
}

fn exclusive(place: &Path) -> io::Result<()> {
    let create = || OpenOptions::new().write(true).create_new(true).open(place.join("lock"));
    create()?;
    match create() {
        Err(e) if e.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(e) => Err(e),
        Ok(_) => Err(io::Error::other("it was created twice")),
    }
}

/// Records of links and attempts get their names so: by a hard link where the disk has them, else by what it has.
fn one_wins(place: &Path) -> io::Result<()> {
    let path = place.join("taken");
    let mut won = 0;
    for content in [&b"first"[..], b"second"] {
        let created = atomic::create_exclusive(&path, content);
        won += u32::from(created.map_err(|e| match e {
            DurableError::Io { source, .. } => source,
            other => io::Error::other(other),
        })?);
    }
    holds(&path, b"first")?;
    if won == 1 { Ok(()) } else { Err(io::Error::other("it was given twice")) }
}

/// How far the clock is ahead of the one that dates files here, ms.
fn ahead(place: &Path) -> io::Result<i64> {
    let path = place.join("clock");
    let before = now_ms(SystemTime::now());
    put(&path, b"now")?;
    let after = now_ms(SystemTime::now());
    let dated = now_ms(fs::metadata(&path)?.modified()?);
    // Within the time that writing took nothing is known.
    Ok(if dated < before { before - dated } else { (after - dated).min(0) })
}

fn now_ms(time: SystemTime) -> i64 {
    time.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernels_list_of_processors_is_counted() {
        assert_eq!([counted("0-3,8\n"), counted("0\n"), counted("")], [5, 1, 0]);
    }

    #[test]
    fn a_good_folder_passes_all_trials_and_is_left_clean() {
        let folder = tempfile::tempdir().unwrap();
        let seen = look(folder.path(), None);
        assert_eq!(seen.trials.len(), 7);
        let backends: Vec<&str> = seen.abilities.iter().map(|ability| ability.backend.as_str()).collect();
        assert_eq!(backends, ["CRIU", "DMTCP"]);
        assert!(seen.abilities.iter().all(|ability| ability.can || !ability.found.is_empty()), "{seen:?}");
        assert!(seen.trials.iter().all(|trial| trial.fault.is_none()), "{seen:?}");
        assert!(seen.clock_ahead_ms.abs() < 1000 && seen.cores > 0, "{seen:?}");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_folder_that_is_not_there_is_a_fault() {
        let seen = look(Path::new("/proc/nowhere"), None);
        assert!(seen.trials.len() == 1 && seen.trials[0].fault.is_some(), "{seen:?}");
        assert!(answer(Path::new("/proc/nowhere"), None).is_err());
    }
}
