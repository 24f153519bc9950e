use super::super::vector::{Kernel, Vectors};
use super::portable::each;
use super::*;

/// All operations on some numbers, one after another.
struct All;

impl Kernel for All {
    type Output = Vec<u32>;

    #[inline(always)]
    fn run<C: Simd>(self, class: C) -> Vec<u32> {
        let numbers = each(|i| i as f32 * 0.37 - 2.5);
        let others = each(|i| (i * i % 7) as f32 * -0.21 + 0.4);
        let integers = std::array::from_fn(|i| i as i16 * 300 - 2_000);
        let (a, b) = (Lanes::load(class, &numbers), Lanes::from(class, &others));
        let c = Lanes::of_i16(class, &integers);
        let less = a.less(b);
        let places = class.places(&[7, 0, 3, 3, 2, 6, 1, 5, 2, 9, 4, 8, 8, 3, 7, 2]);
        let picked = Lanes::pick(class, &numbers, places);
        let results = [
            a + b,
            a - b,
            a * b,
            b.inverse(),
            a.mul_add(b, c),
            a.max(b),
            a.min(b),
            less.select(a, c),
            picked,
        ];
        let mut bits = vec![less.bits()];
        let shorts =
            |step: i16| Shorts::load(class, &std::array::from_fn(|i| (i as i16 - 16).wrapping_mul(step)));
        let (a, b) = (shorts(2047), shorts(-1801));
        for result in [a.sub(b), b.sub(a), a.share(b), a.share(Shorts::splat(class, 20_001)), a.max(b)] {
            let mut integers = [0; SHORTS];
            result.store(&mut integers);
            bits.extend(integers.map(|i| i as u32));
        }
        for result in results {
            let mut floats = [0.0; LANES];
            result.store(&mut floats);
            bits.extend(floats.map(f32::to_bits));
        }
        bits
    }
}

#[test]
fn all_classes_give_the_same_bits() {
    let plain = Vectors::Portable.run(All);
    assert_eq!(plain[1 + 5 * SHORTS], (-2.5_f32 + 0.4).to_bits());
    assert_eq!(plain[plain.len() - LANES], (7.0_f32 * 0.37 - 2.5).to_bits());
    for class in Vectors::here() {
        assert_eq!(class.run(All), plain, "{}", class.name());
    }
}
