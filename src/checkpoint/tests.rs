use std::path::Path;

use proptest::prelude::*;

use super::fence::Kind;
use super::form::FORM;
use super::{
    BlockRecord, CampaignDir, ChainId, ExitClass, Generation, GenerationNumber, LinkNumber, LinkStart,
    Quicklook, TileRecord, fence, seal,
};
use crate::durable::{DurableError, numbered};
use crate::quantity::Unit;

fn record() -> impl Strategy<Value = TileRecord> {
    let block = (any::<u16>(), any::<u32>(), any::<u64>(), any::<u32>(), any::<u32>(), any::<u32>())
        .prop_map(|(layer, block, offset, bytes, crc, valid)| BlockRecord {
            layer,
            block,
            offset,
            bytes,
            crc,
            valid,
        });
    let samples = prop::collection::vec(any::<f32>(), 0..9);
    (any::<u64>(), prop::collection::vec(block, 0..6), samples)
        .prop_map(|(tile, blocks, samples)| TileRecord { tile, blocks, samples })
}

fn look() -> Quicklook {
    Quicklook {
        layer: "quotient_m01".to_owned(),
        unit: "1".to_owned(),
        width: 3,
        height: 2,
        values: vec![0.5, f32::NAN, 1.5, 2.0, -0.0, 7.0],
    }
}

proptest! {
    #[test]
    fn a_tile_record_comes_back_bit_by_bit(record in record()) {
        let bytes = record.encode();
        prop_assert_eq!(TileRecord::decode(&bytes).unwrap().encode(), bytes);
    }

    #[test]
    fn a_tile_record_of_another_length_is_none(record in record(), cut in any::<prop::sample::Index>()) {
        let mut bytes = record.encode();
        prop_assert!(TileRecord::decode(&bytes[..cut.index(bytes.len())]).is_none());
        bytes.push(0);
        prop_assert!(TileRecord::decode(&bytes).is_none());
    }

    #[test]
    fn any_bytes_are_decoded_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..120)) {
        if let Some(record) = TileRecord::decode(&bytes) {
            prop_assert_eq!(record.encode(), bytes.clone());
        }
        prop_assert!(Quicklook::decode(Path::new("q"), &bytes).is_err());
    }

    #[test]
    fn a_harmed_quicklook_is_damaged_and_named(at in any::<prop::sample::Index>(), bit in prop::option::of(0_u8..8)) {
        let mut bytes = look().encode();
        let at = at.index(bytes.len());
        match bit {
            Some(bit) => bytes[at] ^= 1 << bit,
            None => bytes.truncate(at),
        }
        let error = Quicklook::decode(Path::new("0001.quicklook"), &bytes).unwrap_err();
        let damaged = matches!(error, DurableError::Damaged { .. });
        prop_assert!(damaged);
        prop_assert!(error.to_string().starts_with("0001.quicklook: damaged: "));
    }
}

#[test]
fn a_quicklook_comes_back_with_its_gaps() {
    let back = Quicklook::decode(Path::new("q"), &look().encode()).unwrap();
    assert_eq!(
        (back.layer.as_str(), back.unit.as_str(), back.width, back.height),
        ("quotient_m01", "1", 3, 2)
    );
    let bits = |q: &Quicklook| q.values.iter().map(|v| v.to_bits()).collect::<Vec<_>>();
    assert_eq!(bits(&back), bits(&look()));
}

#[test]
fn only_names_of_the_programs_own_form_have_a_number() {
    for (kind, name, number) in [
        (Kind::Link, "0007.ron", Some(7)),
        (Kind::Link, "12345.resume.ron", Some(12_345)),
        (Kind::Link, "0007.total_m01.map.ron", Some(7)),
        (Kind::Generation, "000123.ron", Some(123)),
        (Kind::Part, "0012.total_m01.part", Some(12)),
        (Kind::Part, "0012.index", Some(12)),
        (Kind::Part, "0012.inputs", Some(12)),
        (Kind::Link, "4294967295.ron", None),
        (Kind::Link, "0002.ron.bak", None),
        (Kind::Link, "0002.ron~", None),
        (Kind::Link, "0002 (copy).ron", None),
        (Kind::Link, "00002.ron", None),
        (Kind::Link, "0002.sync-conflict-20261127-101010-ABCDEF.ron", None),
        (Kind::Link, ".0007.ron.host.1.tmp", None),
        (Kind::Generation, "0123.ron", None),
        (Kind::Generation, "000999.ron.bak", None),
        (Kind::Generation, "000001.end.ron", None),
        (Kind::Part, "0012.total_m01.part.bak", None),
        (Kind::Part, "0012.ron", None),
    ] {
        assert_eq!(kind.number_of(name), number, "{name}");
    }
}

/// What editors, synchronising programs and other people leave among the numbered files fences nothing and moves no number.
#[test]
fn strangers_among_the_numbered_files_change_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let dir = CampaignDir::new(folder.path()).chain(&ChainId::of_months(&[1]));
    for (folder, names) in [
        (dir.links(), ["0002.ron.bak", "0002.ron~", "00003.ron", "4294967295.ron"]),
        (dir.generations(), ["000999.ron.bak", "4294967295.ron", "7.ron", "000007.ron.sync-conflict-1.ron"]),
    ] {
        std::fs::create_dir_all(&folder).unwrap();
        for name in names {
            std::fs::write(folder.join(name), "a stranger's").unwrap();
        }
    }
    assert_eq!(fence::begin(&dir, LinkStart::unreadable).unwrap().link, LinkNumber(1));
    assert_eq!(fence::newer(&dir, LinkNumber(1)).unwrap(), None);
    assert_eq!(fence::generations(&dir).unwrap(), []);
    let draft = || Generation {
        form: FORM,
        written_by: String::new(),
        number: GenerationNumber(0),
        link: LinkNumber(1),
        spec: String::new(),
        sealed_ms: 0,
        tiles: 0,
        total: 1,
        unit: Unit::Tiles,
        bytes: 0,
        segments: Vec::new(),
        numerics: 1,
        maps: Vec::new(),
        image: None,
    };
    assert_eq!(seal::seal(&dir, draft(), None).unwrap().number, GenerationNumber(1));
    // The highest number of all leaves none for the next: that is told, not tried for ever.
    let last = numbered::MOST;
    std::fs::write(dir.generation(GenerationNumber(last)), "a stranger's").unwrap();
    let told = seal::seal(&dir, draft(), None).unwrap_err().to_string();
    assert!(told.contains("the numbers end at 999999"), "{told}");
    std::fs::write(dir.link_start(LinkNumber(last)), "a stranger's").unwrap();
    let told = fence::begin(&dir, LinkStart::unreadable).unwrap_err().to_string();
    assert!(told.contains("the numbers end at 999999"), "{told}");
}

#[test]
fn exit_codes_and_classes_are_one_to_one() {
    let classes: Vec<ExitClass> = (0..=255).filter_map(ExitClass::of_code).collect();
    assert_eq!(classes.len(), 12);
    for class in classes {
        assert_eq!(ExitClass::of_code(class.code()), Some(class));
        let page = include_str!("../../docs/exit-codes.md");
        assert!(page.contains(&format!("| {} | `{class:?}` |", class.code())), "{class:?} is not documented");
    }
}
