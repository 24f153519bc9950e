//! Named semaphores of POSIX as files of the job's folder, for programs whose semaphores could not be dumped otherwise (Python's
//! multiprocessing): see `preload.c`.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use super::{Trouble, TroubleKind};
use crate::durable::{DurableError, atomic, beneath};

/// The library, compiled with this program.
const LIBRARY: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/semaphores.so"));

/// Lays the library and the semaphores' folder into `folder`, and lets a program of this environment use them.
///
/// The folder must be one that the next node has, and stay as long as the program may go on. Its parent must be there. A library
/// of a former version of this program stays beside: images map it.
///
/// # Errors
/// When the path has letters that `LD_PRELOAD` cannot have, or the files cannot be made.
pub fn prepare(folder: &Path, environment: &mut BTreeMap<OsString, OsString>) -> Result<(), Trouble> {
    let unusable = |b: &u8| b.is_ascii_whitespace() || b":$".contains(b);
    if !folder.is_absolute() || folder.as_os_str().as_bytes().iter().any(unusable) {
        let what = format!(
            "{}: semaphores cannot be kept there: the loader takes no path with a blank, a colon or a dollar",
            folder.display()
        );
        return Err(Trouble::new(
            TroubleKind::Unavailable,
            what,
            "choose an output folder without them, or leave out `semaphores: Files`",
        ));
    }
    let library = folder.join(format!("semaphores-{:08x}.so", crc32fast::hash(LIBRARY)));
    lay(folder, &library).map_err(|e| {
        let kind = if e.is_disk_full() { TroubleKind::DiskFull } else { TroubleKind::Other };
        Trouble::new(kind, e.to_string(), "")
    })?;
    let preload = environment.entry("LD_PRELOAD".into()).or_default();
    if !preload.as_bytes().split(|b| b" :".contains(b)).any(|word| word == library.as_os_str().as_bytes()) {
        let others = std::mem::take(preload);
        preload.push(&library);
        if !others.is_empty() {
            preload.push(OsStr::new(":"));
            preload.push(others);
        }
    }
    environment.insert("ALPSCKPT_SEMAPHORES".into(), folder.into());
    Ok(())
}

fn lay(folder: &Path, library: &Path) -> Result<(), DurableError> {
    atomic::create_folder_within(folder)?;
    atomic::create_folder_within(&folder.join("gone"))?;
    if beneath::read(library).is_ok_and(|bytes| bytes == LIBRARY) {
        return Ok(());
    }
    atomic::replace_executable(library, LIBRARY)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::foreign::record::{ImageRecord, Opening, Recorded};
    use crate::foreign::tasks::tests::{RunningProgram, without_system_v};
    use crate::foreign::tasks::{Obstacle, TaskScan, hindrances, tree};

    /// Python's pool in each of its ways; `stay` as soon as it has computed.
    const POOL: &str = "
import multiprocessing
multiprocessing.set_executable(sys.executable)
context = multiprocessing.get_context('fork')
pool = context.Pool(2)
assert pool.map(abs, range(-100, 0), chunksize=1) == list(range(100, 0, -1))
queue = context.Queue()
ready(); stay()
pool.close(); pool.join(); del pool, queue";

    #[test]
    fn pools_of_python_can_be_dumped() {
        let folder = tempfile::tempdir().unwrap();
        let at = folder.path().join("semaphores");
        let mut environment = BTreeMap::new();
        prepare(&at, &mut environment).unwrap();
        let running = RunningProgram::with(POOL, |command| {
            command.envs(&environment);
        });
        assert_eq!(running.refusal(), None);
        let look = TaskScan { everywhere: vec![folder.path().to_path_buf()], ..TaskScan::default() };
        let tasks = tree(&[running.number()]);
        assert!(tasks.len() >= 3, "{tasks:?}");
        let none = without_system_v();
        assert_eq!(
            hindrances(&tasks, &look).iter().map(ToString::to_string).collect::<Vec<_>>(),
            Vec::<String>::new()
        );
        drop(none);
        let record = ImageRecord::of(&tasks, (4, 2, 1)).unwrap();
        let kept = record.files.iter().filter(|file| file.path.starts_with(at.join("gone"))).count();
        assert!(kept >= 3, "{record:?}");
        assert!(
            record.files.iter().filter(|file| file.path.starts_with(at.join("gone"))).all(Recorded::changes)
        );
        let library = record
            .files
            .iter()
            .find(|file| file.path.starts_with(&at) && file.openings.contains(&Opening::Executable));
        assert!(library.is_some(), "{record:?}");
        drop(running);
        assert_eq!(
            std::fs::read_dir(at.join("gone")).unwrap().count(),
            0,
            "what nobody uses any more is removed"
        );

        let without = RunningProgram::python(POOL);
        let _none = without_system_v();
        let kinds: BTreeSet<_> =
            hindrances(&tree(&[without.number()]), &look).iter().map(|one| (one.kind, one.certain)).collect();
        assert_eq!(kinds, BTreeSet::from([(Obstacle::Semaphore, true)]));
    }

    #[test]
    fn semaphores_do_what_the_standard_says() {
        let folder = tempfile::tempdir().unwrap();
        let at = folder.path().join("semaphores");
        let mut environment = BTreeMap::new();
        prepare(&at, &mut environment).unwrap();
        let running = RunningProgram::with(
            "c.sem_open.restype = ctypes.c_void_p
for f in (c.sem_close, c.sem_post, c.sem_trywait, c.sem_wait): f.argtypes = [ctypes.c_void_p]
EXIST, NONE, INVALID, LONG = 17, 2, 22, 36
def fails(number, result): assert result in (None, -1) and ctypes.get_errno() == number, (result, ctypes.get_errno())
def make(name, flags, value=0): return c.sem_open(name, flags, 0o600, value)
CREATE, ONLY = os.O_CREAT, os.O_CREAT | os.O_EXCL
fails(NONE, make(b'/a', 0)); fails(NONE, c.sem_unlink(b'/a'))
a = make(b'/a', ONLY, 2); assert a and make(b'/a', CREATE, 9) == a and make(b'a', 0) == a
fails(EXIST, make(b'/a', ONLY)); fails(INVALID, make(b'/a/b', CREATE)); fails(INVALID, make(b'/', CREATE))
fails(INVALID, make(b'/z', CREATE, 1 << 31)); fails(LONG, make(b'/' + b'n' * 300, CREATE))
assert c.sem_trywait(a) == c.sem_trywait(a) == 0; fails(11, c.sem_trywait(a))
r, w = os.pipe()
if os.fork() == 0:
    assert c.sem_post(a) == 0
    other = make(b'/a', 0); assert other == a
    os.write(w, b'x'); os._exit(0)
assert c.sem_wait(a) == 0 and os.read(r, 1) == b'x'; os.wait()
assert c.sem_unlink(b'/a') == 0; fails(NONE, make(b'/a', 0)); fails(NONE, c.sem_unlink(b'/a'))
b = make(b'/a', ONLY, 1); assert b != a and c.sem_post(a) == 0 and c.sem_trywait(a) == 0
assert len(os.listdir(os.environ['ALPSCKPT_SEMAPHORES'] + '/gone')) == 1
assert c.sem_close(a) == c.sem_close(a) == c.sem_close(a) == 0; fails(INVALID, c.sem_close(a))
assert os.listdir(os.environ['ALPSCKPT_SEMAPHORES'] + '/gone') == []
assert c.sem_close(b) == 0; b = make(b'/a', CREATE, 7); assert c.sem_trywait(b) == 0; fails(11, c.sem_trywait(b))
ready(); stay()",
            |command| {
                command.envs(&environment);
            },
        );
        assert_eq!(running.refusal(), None);
        let names: Vec<_> = std::fs::read_dir(&at).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert!(names.contains(&OsString::from("sem.a")) && names.len() == 3, "{names:?}");
    }

    #[test]
    fn the_users_own_libraries_stay_and_paths_that_cannot_be_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let at = folder.path().join("s");
        let mut environment = BTreeMap::from([(OsString::from("LD_PRELOAD"), OsString::from("/own.so"))]);
        prepare(&at, &mut environment).unwrap();
        let once = environment.clone();
        let preload = once[OsStr::new("LD_PRELOAD")].to_str().unwrap();
        assert!(preload.starts_with(at.to_str().unwrap()) && preload.ends_with(".so:/own.so"), "{preload}");
        let library = Path::new(preload.split(':').next().unwrap());
        let before = std::fs::metadata(library).unwrap().modified().unwrap();
        prepare(&at, &mut environment).unwrap();
        assert_eq!(environment, once);
        assert_eq!(std::fs::metadata(library).unwrap().modified().unwrap(), before, "images map it");
        for bad in ["a b", "a:b", "a$b"] {
            let trouble = prepare(&folder.path().join(bad), &mut BTreeMap::new()).unwrap_err();
            assert_eq!(trouble.kind, TroubleKind::Unavailable);
        }
        assert_eq!(
            prepare(&folder.path().join("no/such"), &mut BTreeMap::new()).unwrap_err().kind,
            TroubleKind::Other
        );
    }
}
