use super::*;

#[test]
fn sums_of_eight_bytes_at_a_time_are_those_of_one_after_another() {
    for length in [0, 1, 7, 8, 9, 64, 1023] {
        let bytes: Vec<u8> = (0..length).map(|i: u32| (i.wrapping_mul(0x9e37_79b9) >> 13) as u8).collect();
        for bytes in [bytes, vec![255; length as usize]] {
            let mut sums = vec![0; bytes.len()];
            running_sums(&bytes, &mut sums);
            let add = |sum: &mut u8, byte: &u8| {
                *sum = sum.wrapping_add(*byte);
                Some(*sum)
            };
            assert_eq!(sums, bytes.iter().scan(0, add).collect::<Vec<u8>>());
        }
    }
}
