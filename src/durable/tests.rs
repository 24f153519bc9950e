use std::path::Path;

use proptest::prelude::*;
use serde::{Deserialize, Serialize};

use super::{DurableError, atomic, framed, sealed};

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

#[test]
fn a_link_is_new_where_nothing_else_has_the_name() {
    let folder = tempfile::tempdir().unwrap();
    let [temporary, path, other] = ["temporary", "path", "other"].map(|name| folder.path().join(name));
    std::fs::write(&temporary, "ours").unwrap();
    std::fs::write(&other, "another's").unwrap();
    assert!(!atomic::link_new(&temporary, &other).unwrap());
    assert!(atomic::link_new(&temporary, &path).unwrap());
    // As a request is answered that is repeated because the first answer was lost.
    assert!(atomic::link_new(&temporary, &path).unwrap());
    assert_eq!(std::fs::read_to_string(&other).unwrap(), "another's");
    let nowhere = folder.path().join("nowhere").join("path");
    std::fs::remove_file(&path).unwrap();
    assert!(atomic::link_new(&temporary, &nowhere).is_err());
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
