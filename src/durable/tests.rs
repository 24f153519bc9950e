use std::path::Path;

use proptest::prelude::*;
use serde::{Deserialize, Serialize};

use super::faults::{self, Step};
use super::{DurableError, atomic, beneath, framed, sealed};

const MAGIC: [u8; 8] = *b"TESTLOG1";

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Value {
    name: String,
    numbers: Vec<f32>,
    nothing: Option<u32>,
}

fn value() -> Value {
    Value {
        name: "Écrins // crc32 00000000\n".to_owned(),
        numbers: vec![0.1, -3.5e-8, 4102.0],
        nothing: None,
    }
}

fn log_of(records: &[Vec<u8>]) -> Vec<u8> {
    let frames = records.iter().flat_map(|r| framed::frame(r));
    MAGIC.into_iter().chain(frames).collect()
}

fn records() -> impl Strategy<Value = Vec<Vec<u8>>> {
    prop::collection::vec(prop::collection::vec(any::<u8>(), 1..40), 0..8)
}

#[test]
fn a_sealed_value_comes_back_and_can_be_read_by_a_person() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("value.ron");
    assert!(sealed::create_exclusive(&path, &value()).unwrap());
    assert!(!sealed::create_exclusive(&path, &value()).unwrap(), "a second creation must not win");
    assert_eq!(sealed::read::<Value>(&path).unwrap(), value());
    sealed::replace(&path, &Value { nothing: Some(7), ..value() }).unwrap();
    sealed::replace_unsynced(&path, &value()).unwrap();
    assert_eq!(sealed::read::<Value>(&path).unwrap(), value());
    assert!(std::fs::read_to_string(&path).unwrap().contains("numbers: ["));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "no temporary file stays");
}

/// A new name is exclusive by a hard link, without them by a rename, without that by an empty file; never is another's file touched.
#[test]
fn a_name_is_new_where_nothing_else_has_it_whatever_the_disk_can_do() {
    use nix::errno::Errno::{EINVAL, EMLINK, ENOSYS, EOPNOTSUPP, EPERM};
    let cannot =
        [vec![], vec![(Step::Link, EPERM)], vec![(Step::Link, EOPNOTSUPP), (Step::RenameNew, EINVAL)]];
    let cannot = cannot.into_iter().chain([
        vec![(Step::Link, ENOSYS), (Step::RenameNew, ENOSYS)],
        vec![(Step::Link, EMLINK), (Step::RenameNew, EOPNOTSUPP)],
    ]);
    for faults in cannot {
        let folder = tempfile::tempdir().unwrap();
        let _planned: Vec<_> =
            faults.iter().map(|(step, e)| faults::plan(folder.path(), *step, *e, 0, u64::MAX)).collect();
        let path = folder.path().join("path");
        assert!(atomic::create_exclusive(&path, b"ours").unwrap(), "{faults:?}");
        assert!(!atomic::create_exclusive(&path, b"another's").unwrap(), "{faults:?}");
        assert_eq!(std::fs::read(&path).unwrap(), b"ours");
        assert_eq!(
            std::fs::read_dir(folder.path()).unwrap().count(),
            1,
            "no temporary file stays: {faults:?}"
        );
        // Of many at once one wins, and what is there then is its content.
        let race = folder.path().join("race");
        let create = |n: u8| atomic::create_exclusive(&race, &[n; 9]).unwrap();
        let won: Vec<u8> = std::thread::scope(|scope| {
            let threads: Vec<_> = (1..9).map(|n| (n, scope.spawn(move || create(n)))).collect();
            threads.into_iter().filter_map(|(n, thread)| thread.join().unwrap().then_some(n)).collect()
        });
        assert_eq!(won.len(), 1, "{faults:?}");
        assert_eq!(std::fs::read(&race).unwrap(), [won[0]; 9], "{faults:?}");
    }
}

#[test]
fn a_lost_answer_to_a_link_is_taken_for_what_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let [temporary, path] = ["temporary", "path"].map(|name| folder.path().join(name));
    std::fs::write(&temporary, "ours").unwrap();
    std::fs::hard_link(&temporary, &path).unwrap();
    // As a request is answered that is repeated because the first answer was lost.
    let (held, _) = beneath::Folder::of(&path).unwrap();
    assert!(atomic::name_new(&held, "temporary".as_ref(), "path".as_ref()).unwrap());
    assert!(!temporary.exists());
    std::fs::write(&temporary, "ours").unwrap();
    assert!(!atomic::name_new(&held, "temporary".as_ref(), "path".as_ref()).unwrap());
    assert!(temporary.exists());
    assert!(atomic::name_new(&held, "nothing".as_ref(), "free".as_ref()).is_err());
}

/// Each passing error of a shared disk, at each step; one that lasts is told, and others are not tried again.
#[test]
fn what_passes_is_tried_again_and_what_lasts_is_told() {
    use nix::errno::Errno::{EACCES, EAGAIN, EIO, EREMOTEIO, ESTALE, ETIMEDOUT};
    for error in [ESTALE, EIO, EAGAIN, ETIMEDOUT, EREMOTEIO] {
        for after in 0..5 {
            let folder = tempfile::tempdir().unwrap();
            let planned = faults::plan(folder.path(), Step::Any, error, after, 1);
            let path = folder.path().join("value.ron");
            sealed::replace(&path, &value()).unwrap();
            assert!(!sealed::create_exclusive(&path, &value()).unwrap(), "it was there");
            assert!(
                sealed::create_exclusive(&folder.path().join("new"), &value()).unwrap(),
                "{error} after {after}"
            );
            assert_eq!(sealed::read::<Value>(&path).unwrap(), value());
            assert_eq!(beneath::names(folder.path()).unwrap().len(), 2, "no temporary file stays");
            assert!(planned.met() > after + 1, "the fault was met");
        }
    }
    for (error, tries) in [(EACCES, 1..2), (ESTALE, 3..1000)] {
        let folder = tempfile::tempdir().unwrap();
        let planned = faults::plan(folder.path(), Step::Any, error, 0, u64::MAX);
        let told = sealed::read::<Value>(&folder.path().join("value.ron")).unwrap_err();
        assert_eq!(told.is_passing(), error == ESTALE);
        assert!(tries.contains(&planned.met()), "{error}: {} times", planned.met());
    }
}

#[test]
fn an_intact_value_of_another_form_is_told_apart_from_damage() {
    let bytes = sealed::encode(Path::new("v"), &(1, 2)).unwrap();
    let error = sealed::decode::<Value>(Path::new("v"), &bytes).unwrap_err();
    assert!(matches!(error, DurableError::UnknownForm { .. }), "{error}");
}

#[test]
fn a_missing_file_and_a_full_disk_are_told_apart() {
    let missing = sealed::read::<Value>(Path::new("/nowhere/at/all")).unwrap_err();
    assert!(missing.is_missing() && !missing.is_disk_full());
    for code in [nix::errno::Errno::ENOSPC, nix::errno::Errno::EDQUOT] {
        let full = DurableError::io(Path::new("x"), "write", std::io::Error::from_raw_os_error(code as i32));
        assert!(full.is_disk_full(), "{code}");
    }
}

#[test]
fn a_failed_replacement_leaves_the_old_file_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("kept");
    // A folder in the place of the file: the rename fails after everything else went well.
    std::fs::create_dir_all(path.join("inside")).unwrap();
    assert!(atomic::replace(&path, b"new").is_err());
    assert!(path.join("inside").exists());
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn a_writer_goes_on_after_the_last_good_record_of_a_torn_log() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log");
    let mut writer = framed::Writer::open(&path, MAGIC, None).unwrap();
    writer.append(b"one").unwrap();
    writer.append(b"two").unwrap();
    assert!(writer.push(b"").is_err(), "an empty record cannot be told from zeros");
    let length = writer.length();
    drop(writer);
    std::fs::OpenOptions::new().write(true).open(&path).unwrap().set_len(length - 1).unwrap();
    let torn = framed::read(&path, MAGIC).unwrap();
    assert_eq!((torn.records, torn.damage.unwrap().offset), (vec![b"one".to_vec()], torn.good));
    framed::Writer::open(&path, MAGIC, Some(torn.good)).unwrap().append(b"three").unwrap();
    let whole = framed::read(&path, MAGIC).unwrap();
    assert_eq!((whole.records, whole.damage), (vec![b"one".to_vec(), b"three".to_vec()], None));
}

proptest! {
    #[test]
    fn a_log_comes_back_whole(records in records()) {
        let reading = framed::decode(Path::new("log"), &log_of(&records), MAGIC).unwrap();
        prop_assert_eq!(reading.records, records);
        prop_assert_eq!(reading.damage, None);
    }

    #[test]
    fn a_cut_log_gives_the_records_before_the_cut(records in records(), at in any::<prop::sample::Index>()) {
        let bytes = log_of(&records);
        let cut = 8 + at.index(bytes.len() - 7);
        let reading = framed::decode(Path::new("log"), &bytes[..cut], MAGIC).unwrap();
        prop_assert_eq!(&reading.records[..], &records[..reading.records.len()]);
        prop_assert_eq!(reading.damage.is_none(), reading.good == cut as u64);
        prop_assert_eq!(reading.good as usize, log_of(&reading.records).len());
    }

    #[test]
    fn a_flipped_or_zeroed_log_never_gives_a_record_that_was_not_written(
        records in records(),
        at in any::<prop::sample::Index>(),
        harm in prop_oneof![(0_u8..8).prop_map(Ok), (1_usize..60).prop_map(Err)],
    ) {
        let before = log_of(&records);
        let (mut bytes, at) = (before.clone(), at.index(before.len()));
        match harm {
            Ok(bit) => bytes[at] ^= 1 << bit,
            Err(zeros) => bytes.iter_mut().skip(at).take(zeros).for_each(|b| *b = 0),
        }
        let first = bytes.iter().zip(&before).position(|(a, b)| a != b);
        prop_assume!(first.is_some());
        let first = first.unwrap_or_default();
        match framed::decode(Path::new("log"), &bytes, MAGIC) {
            Err(error) => prop_assert!(first < 8 && error.to_string().contains("log")),
            Ok(reading) => {
                prop_assert!(reading.records.len() < records.len());
                prop_assert_eq!(&reading.records[..], &records[..reading.records.len()]);
                prop_assert!(reading.damage.is_some_and(|d| d.offset <= first as u64));
            }
        }
    }

    #[test]
    fn a_harmed_sealed_file_is_damaged_and_named(
        at in any::<prop::sample::Index>(),
        harm in prop_oneof![(0_u8..8).prop_map(Some), Just(None)],
    ) {
        let mut bytes = sealed::encode(Path::new("v"), &value()).unwrap();
        let at = at.index(bytes.len());
        match harm {
            Some(bit) => bytes[at] ^= 1 << bit,
            None => bytes.truncate(at),
        }
        let error = sealed::decode::<Value>(Path::new("some/file.ron"), &bytes).unwrap_err();
        let damaged = matches!(error, DurableError::Damaged { .. });
        prop_assert!(damaged);
        prop_assert!(error.to_string().starts_with("some/file.ron: damaged: "));
    }

    #[test]
    fn any_bytes_are_read_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(sealed::decode::<Value>(Path::new("v"), &bytes).is_err());
        let log: Vec<u8> = MAGIC.into_iter().chain(bytes).collect();
        let reading = framed::decode(Path::new("log"), &log, MAGIC).unwrap();
        prop_assert!(reading.good as usize <= log.len());
    }
}
