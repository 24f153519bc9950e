use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};

use super::*;

const SMALL: Bounds = Bounds { names: 100, file: 100, all: 1 << 30 };

/// A program's folder, as it was kept.
struct ClosedLab {
    place: tempfile::TempDir,
    closed: Closed,
    before: BTreeMap<PathBuf, (u32, Vec<u8>)>,
}

impl ClosedLab {
    /// With a log, a table, an empty file, a large one, a folder and a link.
    fn new(bounds: Bounds) -> Self {
        let place = tempfile::tempdir().unwrap();
        let work = place.path().join("work");
        fs::create_dir_all(work.join("output/step")).unwrap();
        fs::create_dir_all(work.join("dmtcp")).unwrap();
        for (name, content) in
            [("log", "one\n"), ("output/table", "1 2\n"), ("empty", ""), ("output/step/a", "a")]
        {
            fs::write(work.join(name), content).unwrap();
        }
        fs::write(work.join("large"), vec![b'l'; 300]).unwrap();
        fs::set_permissions(work.join("log"), fs::Permissions::from_mode(0o640)).unwrap();
        symlink("log", work.join("link")).unwrap();
        let record = ImageRecord::default();
        let closed = keep(&work, &record, &place.path().join("copies"), bounds).unwrap();
        let before = all(&work);
        Self { place, closed, before }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.place.path().join("work").join(name)
    }

    fn back(&self) -> Vec<String> {
        let copies = self.place.path().join("copies");
        let aside = self.place.path().join("aside");
        assert_eq!(self.closed.unfit(&copies, SMALL), []);
        let done = self.closed.roll_back(&copies, &aside, SMALL).unwrap();
        assert_eq!(all(&self.path("")), self.before);
        assert_eq!(self.closed.roll_back(&copies, &aside, SMALL).unwrap(), [], "done, and not done again");
        let named = |path: &Path| path.strip_prefix(self.path("")).unwrap().to_str().unwrap().to_owned();
        done.iter().map(|one| format!("{}: {}", named(&one.path), one.how)).collect()
    }

    fn refused(&self) -> String {
        let copies = self.place.path().join("copies");
        let now = all(&self.path(""));
        let unfit = self.closed.roll_back(&copies, &self.place.path().join("aside"), SMALL).unwrap_err();
        assert_eq!(all(&self.path("")), now, "nothing is changed");
        assert_eq!(self.closed.unfit(&copies, SMALL), unfit);
        unfit.iter().map(ToString::to_string).collect()
    }
}

/// All in a folder: modes, and contents or where links lead.
fn all(folder: &Path) -> BTreeMap<PathBuf, (u32, Vec<u8>)> {
    let mut found = BTreeMap::new();
    for (path, facts) in walk(folder, 1000).unwrap().0 {
        use std::os::unix::ffi::OsStrExt;
        let at = folder.join(&path);
        let content = if facts.is_symlink() {
            fs::read_link(at).unwrap().as_os_str().as_bytes().to_vec()
        } else if facts.is_file() {
            fs::read(at).unwrap()
        } else {
            Vec::new()
        };
        found.insert(path, (facts.mode(), content));
    }
    found
}

fn add(path: &Path, content: &str) {
    use std::io::Write;
    fs::OpenOptions::new().append(true).open(path).unwrap().write_all(content.as_bytes()).unwrap();
}

#[test]
fn a_folder_that_did_not_change_is_left_alone() {
    let lab = ClosedLab::new(SMALL);
    assert_eq!(lab.back(), Vec::<String>::new());
    let text = ron::to_string(&lab.closed).unwrap();
    assert_eq!(ron::from_str::<Closed>(&text).unwrap(), lab.closed);
    let names = ron::ser::PrettyConfig::new().struct_names(true);
    assert!(ron::ser::to_string_pretty(&lab.closed, names).unwrap().contains("Kept("));
}

#[test]
fn what_was_added_changed_or_removed_is_as_it_was() {
    let lab = ClosedLab::new(SMALL);
    add(&lab.path("log"), "two\n");
    fs::write(lab.path("output/table"), "9").unwrap();
    add(&lab.path("empty"), "no more");
    add(&lab.path("large"), "and more");
    fs::remove_dir_all(lab.path("output/step")).unwrap();
    assert_eq!(
        lab.back(),
        [
            "output/step: made again",
            "empty: put back from its copy",
            "log: put back from its copy",
            "output/step/a: put back from its copy",
            "output/table: put back from its copy",
            "large: cut to its former length",
        ]
    );
}

#[test]
fn what_came_later_is_moved_aside_and_not_lost() {
    let lab = ClosedLab::new(SMALL);
    fs::create_dir_all(lab.path("new/deep")).unwrap();
    fs::write(lab.path("new/deep/file"), "new").unwrap();
    fs::write(lab.path("output/done"), "yes").unwrap();
    symlink("log", lab.path("second")).unwrap();
    // What is of the tool that dumps is none of the program's.
    fs::write(lab.path("dmtcp/ended"), "0").unwrap();
    fs::remove_file(lab.path("log")).unwrap();
    fs::create_dir(lab.path("log")).unwrap();
    let said = lab.back();
    assert_eq!(said.len(), 5, "{said:?}");
    let aside = lab.place.path().join("aside/1");
    assert_eq!(fs::read(aside.join("new/deep/file")).unwrap(), b"new");
    assert_eq!(fs::read(aside.join("output/done")).unwrap(), b"yes");
    assert!(aside.join("log").is_dir() && aside.join("second").is_symlink());
    assert_eq!(fs::read(lab.path("dmtcp/ended")).unwrap(), b"0");
}

#[test]
fn a_large_file_that_got_another_name_gets_its_own_again() {
    let lab = ClosedLab::new(SMALL);
    fs::rename(lab.path("large"), lab.path("output/final")).unwrap();
    assert_eq!(lab.back(), ["large: given its former name again"]);
}

#[test]
fn what_cannot_be_brought_back_is_refused_by_name() {
    for change in ["shorter", "other", "gone"] {
        let lab = ClosedLab::new(SMALL);
        add(&lab.path("log"), "two\n");
        let large = lab.path("large");
        match change {
            "shorter" => fs::write(&large, "l").unwrap(),
            "other" => fs::write(&large, vec![b'x'; 400]).unwrap(),
            _ => fs::remove_file(&large).unwrap(),
        }
        let said = lab.refused();
        assert!(said.contains("/work/large: it") && said.contains("too large to be copied"), "{said}");
    }
}

#[test]
fn what_is_open_is_not_looked_at() {
    let place = tempfile::tempdir().unwrap();
    fs::write(place.path().join("open"), "1").unwrap();
    fs::write(place.path().join("twice"), "1").unwrap();
    fs::hard_link(place.path().join("twice"), place.path().join("second")).unwrap();
    let open = record::Recorded {
        path: place.path().join("open"),
        size: 1,
        modified: 0,
        mode: 0,
        sum: None,
        openings: [record::Opening::Append].into(),
        copy: None,
        parts: None,
    };
    let record = ImageRecord { files: vec![open], ..ImageRecord::default() };
    let elsewhere = tempfile::tempdir().unwrap();
    let copies = elsewhere.path().join("copies");
    let closed = keep(place.path(), &record, &copies, SMALL).unwrap();
    assert!(closed.things.iter().all(|thing| thing.what == What::Other), "{closed:?}");
    assert!(!copies.exists());
    add(&place.path().join("open"), "2");
    add(&place.path().join("twice"), "2");
    assert_eq!(closed.roll_back(&copies, &copies, SMALL).unwrap(), []);
}

#[test]
fn what_is_beyond_the_bounds_is_told_and_left() {
    let lab = ClosedLab::new(Bounds { names: 2, ..SMALL });
    assert!(lab.closed.more && lab.closed.things.len() == 2);
    let said = lab.closed.beyond(Bounds { names: 2, ..SMALL });
    assert!(said.contains("more than 2 names"), "{said}");
    fs::write(lab.path("new"), "").unwrap();
    let aside = lab.place.path().join("aside");
    assert_eq!(lab.closed.roll_back(&lab.place.path().join("copies"), &aside, SMALL).unwrap(), []);
    assert!(lab.path("new").exists(), "nobody knows what is new");
    let lab = ClosedLab::new(SMALL);
    let said = lab.closed.beyond(SMALL);
    assert!(said.starts_with("Of the program's closed files 1 (300 B) have no copy"), "{said}");
    let copied = ClosedLab::new(Bounds { file: 1000, ..SMALL });
    assert_eq!(copied.closed.beyond(SMALL), "");
    // Those written last are copied.
    let few = ClosedLab::new(Bounds { all: 4, file: 4, names: 100 });
    assert!(
        few.closed
            .things
            .iter()
            .any(|t| matches!(&t.what, What::File(kept) if kept.size > 0 && kept.copy.is_some()))
    );
}
