use std::fs::{self, File, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use super::*;
use crate::engine::fixtures;

fn terrain(path: &Path, west: f64, height: f32) {
    let placement = fixtures::place(3035, (west, 2_420_000.0), 25.0, (64, 64));
    fixtures::write(path, &placement, "m", |x, y| height + ((64 * y + x) % 37) as f32);
}

/// A file of zeros that takes no room.
fn sparse(path: &Path, bytes: u64) -> PathBuf {
    File::create(path).unwrap().set_len(bytes).unwrap();
    path.to_path_buf()
}

#[test]
fn a_record_has_the_names_by_which_former_programs_read_it() {
    let folder = tempfile::tempdir().unwrap();
    let identity = quick(&sparse(&folder.path().join("a"), 100)).unwrap();
    let named =
        ron::ser::to_string_pretty(&identity, ron::ser::PrettyConfig::new().struct_names(true)).unwrap();
    assert!(named.starts_with("Identity(") && named.contains("stamp: Stamp("), "{named}");
    assert_eq!(ron::from_str::<FileIdentity>(&named).unwrap(), identity);
}

#[test]
fn a_copy_that_was_touched_and_renamed_is_the_same_and_another_place_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    terrain(&at("a.tif"), 4_020_000.0, 1000.0);
    let first = quick(&at("a.tif")).unwrap();
    fs::copy(at("a.tif"), at("b.tif")).unwrap();
    fs::rename(at("b.tif"), at("c.tif")).unwrap();
    File::options().append(true).open(at("c.tif")).unwrap().set_modified(std::time::UNIX_EPOCH).unwrap();
    let second = quick(&at("c.tif")).unwrap();
    assert_eq!(first, second);
    assert_eq!(first.short(), second.short());
    assert_ne!(first.stamp, second.stamp);
    assert_eq!((first.difference(&second), second.stamp.written_ms()), (None, 0));

    terrain(&at("place.tif"), 4_020_025.0, 1000.0);
    terrain(&at("heights.tif"), 4_020_000.0, 1001.0);
    for (name, word) in [("place.tif", "directory"), ("heights.tif", "")] {
        let other = quick(&at(name)).unwrap();
        assert_ne!(first, other, "{name}");
        let difference = first.difference(&other).unwrap();
        assert!(difference.contains(word) || first.bytes != other.bytes, "{name}: {difference}");
        assert_ne!(first.short(), other.short());
    }
}

#[test]
fn a_large_file_is_told_by_its_ends_and_by_samples_between() {
    let folder = tempfile::tempdir().unwrap();
    let bytes = 5 << 30;
    let path = sparse(&folder.path().join("large"), bytes);
    let zeros = quick(&path).unwrap();
    let file = OpenOptions::new().write(true).open(&path).unwrap();
    let mut seen = 0;
    // The last byte, the first, and the first of a sample in the middle; between two samples nothing is seen.
    for (offset, is_seen) in [
        (bytes - 1, true),
        (0, true),
        (spread(100, bytes - SAMPLE), true),
        (spread(100, bytes - SAMPLE) + SAMPLE, false),
    ] {
        file.write_all_at(&[1], offset).unwrap();
        let changed = quick(&path).unwrap();
        assert_eq!(changed != zeros, is_seen, "byte {offset}");
        assert_ne!(changed.stamp, zeros.stamp);
        seen += u32::from(is_seen);
        file.write_all_at(&[0], offset).unwrap();
    }
    assert_eq!((seen, quick(&path).unwrap()), (3, zeros));
}

#[test]
fn what_is_no_file_is_refused_and_what_is_no_tiff_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let error = quick(folder.path()).unwrap_err();
    assert!(error.what.contains("folder"), "{error}");
    let error = quick(&folder.path().join("none")).unwrap_err();
    assert!(error.what.contains("no such file"), "{error}");
    let error = quick(Path::new("/dev/zero")).unwrap_err();
    assert!(error.what.contains("not a regular file"), "{error}");
    let path = folder.path().join("odd");
    // Nothing, text, and a TIFF whose directory lies beyond its end or tells of itself as the next.
    for bytes in
        [&b""[..], b"text", b"II*\0\xff\xff\xff\xff", b"II*\0\x08\0\0\0\0\0\x08\0\0\0", b"MM\0+\0\x08\0\0"]
    {
        fs::write(&path, bytes).unwrap();
        assert_eq!(quick(&path).unwrap(), quick(&path).unwrap());
    }
}
