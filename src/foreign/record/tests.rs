use std::collections::BTreeSet;
use std::path::Path;

use super::*;
use crate::foreign::tasks::tests::RunningProgram;

pub(in crate::foreign) const PROGRAM: &str = "
log = open('log', 'ab', 0); log.write(b'one\\n')
out = open('out', 'wb+', 0); out.write(b'two\\n')
data = open('data', 'wb+'); data.write(bytes(8192)); data.flush(); m = mmap.mmap(data.fileno(), 8192); data.close()
given = open('/etc/passwd')
gone = open('gone', 'w+'); os.unlink('gone')
os.mkfifo('fifo'); fifo = os.open('fifo', os.O_RDWR)
ready(); stay()";

#[test]
fn open_and_mapped_files_are_recorded_as_they_are_in_use() {
    let running = RunningProgram::python(PROGRAM);
    let record = ImageRecord::of(&[running.number()], (4, 2, 1)).unwrap();
    let folder = running.folder.path().canonicalize().unwrap();
    let of = |path: &Path| record.files.iter().find(|file| file.path == path);
    let openings =
        |name: &str| of(&folder.join(name)).map(|file| file.openings.iter().copied().collect::<Vec<_>>());
    assert_eq!(openings("log").unwrap(), [Opening::Append]);
    assert_eq!(openings("out").unwrap(), [Opening::Write, Opening::Read]);
    // Python keeps a descriptor of what it maps.
    assert_eq!(openings("data").unwrap(), [Opening::Write, Opening::Read, Opening::Shared]);
    assert_eq!(openings("gone"), None);
    assert_eq!(openings("fifo").unwrap(), [Opening::Fifo]);
    assert_eq!(of(&folder).unwrap().openings, BTreeSet::from([Opening::Folder]));
    assert_eq!(of(Path::new("/etc/passwd")).unwrap().openings, BTreeSet::from([Opening::Read]));
    assert!(record.files.iter().any(|file| file.openings.contains(&Opening::Executable)), "{record:?}");
    assert!(of(Path::new("/dev/null")).is_none());
    let log = of(&folder.join("log")).unwrap();
    assert_eq!((log.size, log.sum), (4, Some(Checksum::Whole(crc32fast::hash(b"one\n")))));
    assert_eq!(log.mode & 0o170_000, 0o100_000);
}

#[test]
fn the_node_and_what_is_needed_are_recorded() {
    let running = RunningProgram::python("kept = b'x' * (8 << 20); fd = os.dup2(0, 77); ready(); stay()");
    let record = ImageRecord::of(&[running.number()], (4, 2, 1)).unwrap();
    assert!(
        record.memory > 8 << 20 && record.largest <= record.memory && record.writable >= 8 << 20,
        "{record:?}"
    );
    assert_eq!(record.limits.files.used, 78);
    assert_eq!(record.limits.tasks.used, 1);
    assert_eq!(record.limits.files.hard, ResourceLimits::here().unwrap().files.hard);
    assert_eq!(record.node, NodeTraits::here().unwrap());
    assert!(!record.node.kernel.is_empty() && !record.avx512_masked);
}

#[test]
fn a_record_comes_back_and_bears_fields_that_are_missing() {
    let running = RunningProgram::python(PROGRAM);
    let record = ImageRecord::of(&[running.number()], (4, 2, 1)).unwrap();
    let text = ron::ser::to_string_pretty(&record, ron::ser::PrettyConfig::new()).unwrap();
    assert_eq!(ron::from_str::<ImageRecord>(&text).unwrap(), record);
    let old: ImageRecord = ron::from_str("(criu: (4, 2, 1), files: [(path: \"/a\")])").unwrap();
    // As former programs named what they recorded, and as those after them read it.
    let named =
        ron::ser::to_string_pretty(&record, ron::ser::PrettyConfig::new().struct_names(true)).unwrap();
    for name in ["Record(", "node: Node(", "limits: Limits(", "addresses: Limit(", "Recorded("] {
        assert!(named.contains(name), "{name} is not in {named}");
    }
    assert_eq!(ron::from_str::<ImageRecord>(&named).unwrap(), record);
    assert_eq!(old.files[0].path, Path::new("/a"));
}

#[test]
fn times_are_noted_when_the_content_is_on_the_disk() {
    let running = RunningProgram::python(PROGRAM);
    let mut record = ImageRecord::of(&[running.number()], (4, 2, 1)).unwrap();
    std::fs::write(running.path("out"), "six\n").unwrap();
    record.settle().unwrap();
    let folder = running.folder.path().canonicalize().unwrap();
    let out = record.files.iter().find(|file| file.path == folder.join("out")).unwrap();
    assert_eq!(out.modified, modified(&std::fs::metadata(&out.path).unwrap()));
}

#[test]
fn what_is_held_reaches_the_disk_under_any_name_or_none() {
    let running = RunningProgram::python(PROGRAM);
    let mut record = ImageRecord::of(&[running.number()], (4, 2, 1)).unwrap();
    let mut pending = Pending::default();
    record.hold(&mut pending).unwrap();
    std::fs::rename(running.path("out"), running.path("renamed")).unwrap();
    std::fs::remove_file(running.path("log")).unwrap();
    pending.sync().unwrap();
    // What is gone when it is looked for needs nothing; what cannot be opened is told.
    let mut later = Pending::default();
    record.hold(&mut later).unwrap();
    record.settle().unwrap();
    later.add(Err(std::io::ErrorKind::PermissionDenied.into())).unwrap_err();
    later.sync().unwrap();
}

#[test]
fn large_files_are_told_by_their_edges() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("large");
    let of = |bytes: &[u8]| {
        std::fs::write(&path, bytes).unwrap();
        sum(&open_here(&path).unwrap(), bytes.len() as u64).unwrap()
    };
    let mut bytes = vec![1; 2 * EDGE as usize + 100];
    let former = of(&bytes);
    assert!(matches!(former, Checksum::Edges(_)));
    bytes[EDGE as usize + 5] = 2;
    assert_eq!(of(&bytes), former);
    bytes[EDGE as usize - 1] = 2;
    assert_ne!(of(&bytes), former);
    assert_eq!(of(b"123456789"), Checksum::Whole(0xcbf4_3926));
}
