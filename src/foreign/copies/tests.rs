use std::fs::{OpenOptions, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::PathBuf;

use super::*;
use crate::foreign::fitness::{RestoreSite, unfit};
use crate::foreign::record::ImageRecord;
use crate::foreign::tasks::tests::RunningProgram;

/// A program that has written to files in each way, and stands.
const PROGRAM: &str = "
log = open('log', 'ab', 0); log.write(b'one\\n')
out = open('out', 'wb+', 0); out.write(b'two\\n')
big = open('big', 'wb+', 0); big.write(b'b' * 4096); big.seek(3 << 20); big.write(b'e' * 4096); os.chmod('big', 0o640)
empty = open('empty', 'ab')
ready(); stay()";

struct CopiesLab {
    running: RunningProgram,
    record: ImageRecord,
    copies: PathBuf,
}

impl CopiesLab {
    fn new(most: u64) -> Self {
        let running = RunningProgram::python(PROGRAM);
        let mut record = ImageRecord::of(&[running.number()], (4, 2, 1)).unwrap();
        record.settle().unwrap();
        // What is read only is looked at elsewhere.
        record.files.retain(|file| file.grows() || file.changes());
        let copies = running.path("copies");
        let most = Most { written: most, ..Most::default() };
        take(&mut record, Path::new("/nowhere"), &copies, most).unwrap();
        Self { running, record, copies }
    }

    fn put(&self, name: &str, content: &[u8]) {
        std::fs::write(self.running.path(name), content).unwrap();
    }

    fn add(&self, name: &str, content: &[u8]) {
        use std::io::Write;
        let mut file = OpenOptions::new().append(true).open(self.running.path(name)).unwrap();
        file.write_all(content).unwrap();
    }

    fn read(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.running.path(name)).unwrap()
    }

    fn brought_back(&self) -> Vec<String> {
        assert_eq!(self.misfits(), Vec::<String>::new());
        let done = roll_back(&self.record, &self.copies).unwrap();
        assert_eq!(roll_back(&self.record, &self.copies).unwrap(), [], "it is done, and not done again");
        done.iter().map(|one| one.path.file_name().unwrap().to_str().unwrap().to_owned()).collect()
    }

    /// What the look before a restore says of files.
    fn misfits(&self) -> Vec<String> {
        let mut record = self.record.clone();
        record.memory = 0;
        unfit(&record, &RestoreSite::look((4, 2, 1)).unwrap(), &self.copies)
            .iter()
            .map(ToString::to_string)
            .collect()
    }
}

fn big() -> Vec<u8> {
    let mut bytes = vec![0; (3 << 20) + 4096];
    bytes[..4096].fill(b'b');
    bytes[3 << 20..].fill(b'e');
    bytes
}

#[test]
fn untouched_outputs_stay() {
    let lab = CopiesLab::new(u64::MAX);
    assert_eq!(lab.brought_back(), Vec::<String>::new());
    let copied: Vec<_> = lab.record.files.iter().filter_map(|file| file.copy.clone()).collect();
    assert_eq!(copied.len(), 2, "{:?}", lab.record);
}

#[test]
fn what_was_written_since_is_taken_back() {
    let lab = CopiesLab::new(u64::MAX);
    lab.add("log", b"later\n");
    lab.add("out", b"later\n");
    lab.add("big", b"later\n");
    lab.add("empty", b"later\n");
    assert_eq!(lab.brought_back(), ["big", "empty", "log", "out"]);
    assert_eq!(
        (lab.read("log"), lab.read("out"), lab.read("empty")),
        (b"one\n".to_vec(), b"two\n".to_vec(), vec![])
    );
    assert!(lab.read("big") == big());
    let facts = std::fs::metadata(lab.running.path("big")).unwrap();
    assert_eq!(facts.mode() & 0o7777, 0o640);
}

#[test]
fn holes_are_neither_copied_nor_read_and_come_back_as_holes() {
    let lab = CopiesLab::new(u64::MAX);
    let file = lab.record.files.iter().find(|file| file.path.ends_with("big")).unwrap();
    let copy = std::fs::metadata(lab.copies.join(file.copy.as_ref().unwrap())).unwrap();
    let made = std::fs::metadata(lab.running.path("big")).unwrap();
    assert!(copy.len() < 1 << 20 && file.parts.as_ref().is_some_and(|parts| parts.len() == 2), "{file:?}");
    lab.put("big", b"gone");
    assert_eq!(lab.brought_back(), ["big"]);
    assert!(lab.read("big") == big());
    let back = std::fs::metadata(lab.running.path("big")).unwrap();
    assert!(back.blocks() <= made.blocks() + 8, "{} {}", back.blocks(), made.blocks());
}

#[test]
fn a_file_of_holes_alone_is_copied_at_once_whatever_its_length() {
    let running = RunningProgram::python("f = open('out', 'wb+', 0); f.truncate(1 << 40); ready(); stay()");
    let mut record = ImageRecord::of(&[running.number()], (4, 2, 1)).unwrap();
    record.files.retain(Recorded::changes);
    let copies = running.path("copies");
    assert_eq!(take(&mut record, Path::new("/nowhere"), &copies, Most::default()).unwrap(), 0);
    assert_eq!(record.files[0].parts, Some(Vec::new()));
    std::fs::write(running.path("out"), "later").unwrap();
    assert_eq!(roll_back(&record, &copies).unwrap().len(), 1);
    let facts = std::fs::metadata(running.path("out")).unwrap();
    assert_eq!((facts.len(), facts.blocks()), (1 << 40, 0));
    assert_eq!(beyond(&record, Path::new("/nowhere"), Most::default()), "");
}

#[test]
fn a_file_is_put_back_into_the_one_that_is_there() {
    let lab = CopiesLab::new(u64::MAX);
    let numbers = || ["out", "big"].map(|name| std::fs::metadata(lab.running.path(name)).unwrap().ino());
    let before = numbers();
    lab.put("out", b"something longer");
    lab.put("big", b"half");
    assert_eq!(lab.brought_back(), ["big", "out"]);
    assert_eq!(numbers(), before);
    // One that is half put back is put back again.
    std::fs::write(lab.running.path("big"), &big()[..1 << 20]).unwrap();
    assert_eq!(lab.brought_back(), ["big"]);
    assert!(lab.read("big") == big());
}

/// What is read only, and added to, in the program's own folder.
#[test]
fn small_files_of_its_own_folder_are_put_back_when_it_has_removed_them() {
    let script = "
open('read', 'w').write('three'); f = open('read'); f.read(2)
log = open('log', 'ab', 0); log.write(b'one\\n')
wide = open('wide', 'wb'); wide.write(b'w' * 100); wide.close(); wide = open('wide', 'rb')
ready(); stay()";
    let running = RunningProgram::python(script);
    let own = running.path("").canonicalize().unwrap();
    let mut record = ImageRecord::of(&[running.number()], (4, 2, 1)).unwrap();
    let all = record.files.clone();
    let copies = running.path("copies");
    let most = Most { file: 50, ..Most::default() };
    assert_eq!(take(&mut record, &own, &copies, most).unwrap(), 9);
    let said = beyond(&record, &own, most);
    assert!(said.contains("has open 1 (100 B), such as") && said.contains("/wide"), "{said}");
    for name in ["read", "log"] {
        std::fs::remove_file(running.path(name)).unwrap();
    }
    let done = roll_back(&record, &copies).unwrap();
    assert_eq!(done.len(), 2, "{done:?}");
    assert_eq!(roll_back(&record, &copies).unwrap(), []);
    let read = |name| std::fs::read_to_string(running.path(name)).unwrap();
    assert_eq!((read("read").as_str(), read("log").as_str()), ("three", "one\n"));
    // Elsewhere such files are somebody else's.
    let mut elsewhere = ImageRecord { files: all, ..ImageRecord::default() };
    assert_eq!(take(&mut elsewhere, Path::new("/nowhere"), &running.path("none"), most).unwrap(), 0);
    assert!(!running.path("none").exists());
}

#[test]
fn changed_at_equal_size_and_removed_come_back_from_the_copy() {
    let lab = CopiesLab::new(u64::MAX);
    lab.put("out", b"six\n");
    std::fs::remove_file(lab.running.path("big")).unwrap();
    std::fs::remove_file(lab.running.path("empty")).unwrap();
    assert_eq!(lab.brought_back(), ["big", "empty", "out"]);
    assert_eq!(lab.read("out"), b"two\n");
    assert!(lab.read("big") == big());
}

#[test]
fn without_a_copy_they_are_refused_and_nothing_is_touched() {
    let lab = CopiesLab::new(0);
    assert!(!lab.copies.exists());
    lab.put("out", b"six\n");
    lab.add("log", b"later\n");
    std::fs::remove_file(lab.running.path("big")).unwrap();
    let said = lab.misfits().join("\n");
    assert!(
        said.contains("/out: its content is another one")
            && said.contains("/big: it is missing on this node"),
        "{said}"
    );
    assert_eq!(roll_back(&lab.record, &lab.copies).unwrap_err().len(), 2);
    assert_eq!(lab.read("log"), b"one\nlater\n");
    // A small one that only grew is known to have kept its begin.
    lab.put("out", b"two\nthree\n");
    lab.put("big", &big());
    std::fs::set_permissions(lab.running.path("big"), Permissions::from_mode(0o640)).unwrap();
    let said = lab.misfits().join("\n");
    assert!(said.contains("/big: it was written at"), "{said}");
}

#[test]
fn an_output_that_lost_lines_is_refused() {
    let lab = CopiesLab::new(u64::MAX);
    lab.put("log", b"o");
    assert!(lab.misfits()[0].contains("/log: it has 1 B"), "{:?}", lab.misfits());
    lab.put("log", b"ONE\nmore");
    assert!(lab.misfits()[0].contains("/log: its content is another one"), "{:?}", lab.misfits());
}

#[test]
fn a_damaged_copy_is_none_and_no_link_is_followed() {
    let lab = CopiesLab::new(u64::MAX);
    lab.put("out", b"six\n");
    for name in std::fs::read_dir(&lab.copies).unwrap() {
        std::fs::write(name.unwrap().path(), "cut").unwrap();
    }
    assert_eq!(roll_back(&lab.record, &lab.copies).unwrap_err().len(), 1);
    let lab = CopiesLab::new(u64::MAX);
    let victim = lab.running.path("victim");
    std::fs::write(&victim, "one\nof another\n").unwrap();
    std::fs::remove_file(lab.running.path("log")).unwrap();
    symlink(&victim, lab.running.path("log")).unwrap();
    let unfit = roll_back(&lab.record, &lab.copies).unwrap_err();
    assert!(unfit[0].what.contains("something else"), "{unfit:?}");
    assert_eq!(std::fs::read(&victim).unwrap(), b"one\nof another\n");
}
