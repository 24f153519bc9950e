//! Predictors undone, row by row.

use super::file::ByteOrder;

/// Undoes horizontal differencing in one row.
pub(super) fn accumulate(row: &mut [u8], size: usize, order: ByteOrder) {
    match (size, order) {
        (1, _) => sums(row, u8::from_le_bytes, u8::to_le_bytes, u8::wrapping_add),
        (2, ByteOrder::Little) => sums(row, u16::from_le_bytes, u16::to_le_bytes, u16::wrapping_add),
        (2, ByteOrder::Big) => sums(row, u16::from_be_bytes, u16::to_be_bytes, u16::wrapping_add),
        (4, ByteOrder::Little) => sums(row, u32::from_le_bytes, u32::to_le_bytes, u32::wrapping_add),
        (4, ByteOrder::Big) => sums(row, u32::from_be_bytes, u32::to_be_bytes, u32::wrapping_add),
        (_, ByteOrder::Little) => sums(row, u64::from_le_bytes, u64::to_le_bytes, u64::wrapping_add),
        (_, ByteOrder::Big) => sums(row, u64::from_be_bytes, u64::to_be_bytes, u64::wrapping_add),
    }
}

fn sums<const N: usize, T: Default + Copy>(
    row: &mut [u8],
    from: impl Fn([u8; N]) -> T,
    to: impl Fn(T) -> [u8; N],
    add: impl Fn(T, T) -> T,
) {
    let mut sum = T::default();
    for cell in row.as_chunks_mut::<N>().0 {
        sum = add(sum, from(*cell));
        *cell = to(sum);
    }
}

/// Undoes the floating-point predictor in one row; the cells come out most significant byte first.
pub(super) fn unsort(row: &mut [u8], sorted: &mut [u8], size: usize) {
    running_sums(row, sorted);
    let columns = row.len() / size;
    if size == 4 {
        let (one, rest) = sorted.split_at(columns);
        let (two, rest) = rest.split_at(columns);
        let (three, four) = rest.split_at(columns);
        let cells = one.iter().zip(two).zip(three).zip(four);
        for (to, (((one, two), three), four)) in row.as_chunks_mut::<4>().0.iter_mut().zip(cells) {
            *to = [*one, *two, *three, *four];
        }
        return;
    }
    for (plane, bytes) in sorted.chunks_exact(columns.max(1)).enumerate() {
        for (to, byte) in row.iter_mut().skip(plane).step_by(size).zip(bytes) {
            *to = *byte;
        }
    }
}

/// The sum of each byte and all before it. Eight at a time, as four pairs in the quarters of a word: adding byte after byte
/// takes three times as long.
fn running_sums(bytes: &[u8], sums: &mut [u8]) {
    const EACH: u64 = 0x0001_0001_0001_0001;
    const LOW: u64 = 0x00ff_00ff_00ff_00ff;
    let mut before = 0_u64;
    let (eights, rest) = bytes.as_chunks::<8>();
    let (to_eights, to_rest) = sums.as_chunks_mut::<8>();
    for (to, from) in to_eights.iter_mut().zip(eights) {
        let word = u64::from_le_bytes(*from);
        let (first, second) = (word & LOW, (word >> 8) & LOW);
        // A quarter holds the sums of all pairs up to its own: at most 8 * 255, so that none runs into the next.
        let pairs = (first + second).wrapping_mul(EACH);
        let seconds = pairs + before * EACH;
        *to = ((seconds - second) & LOW | (seconds & LOW) << 8).to_le_bytes();
        before = (before + (pairs >> 48)) & 0xff;
    }
    let mut sum = before as u8;
    for (to, from) in to_rest.iter_mut().zip(rest) {
        sum = sum.wrapping_add(*from);
        *to = sum;
    }
}

#[cfg(test)]
mod tests;
