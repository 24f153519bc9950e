use std::path::Path;

use proptest::prelude::*;

use super::{BlockRecord, ChainId, ExitClass, Quicklook, TileRecord, fence};
use crate::durable::DurableError;

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
fn the_numbers_of_files_are_their_first_digits() {
    let cases = [("0007.ron", Some(7)), ("0012.total_m01.part", Some(12)), ("123456.ron", Some(123_456))];
    let none = [(".0007.ron.host.1.tmp", None), ("ron", None), ("x1.ron", None), ("99999999999.ron", None)];
    for (name, number) in cases.into_iter().chain(none) {
        assert_eq!(fence::number_of(name), number, "{name}");
    }
}

#[test]
fn exit_codes_and_classes_are_one_to_one() {
    let classes: Vec<ExitClass> = (0..=255).filter_map(ExitClass::of_code).collect();
    assert_eq!(classes.len(), 11);
    for class in classes {
        assert_eq!(ExitClass::of_code(class.code()), Some(class));
        let page = include_str!("../../docs/exit-codes.md");
        assert!(page.contains(&format!("| {} | `{class:?}` |", class.code())), "{class:?} is not documented");
    }
}

#[test]
fn a_chain_is_named_by_its_months() {
    let id = ChainId::of_months(&[6, 7, 12]);
    assert_eq!((id.as_str(), id.months()), ("m06-m07-m12", vec![6, 7, 12]));
    assert_eq!(ChainId::parse("m06-m07-m12"), Some(id));
    for wrong in ["", "m13", "m1", "m01-", "m00", "01", "../m01"] {
        assert_eq!(ChainId::parse(wrong), None, "{wrong}");
    }
}
