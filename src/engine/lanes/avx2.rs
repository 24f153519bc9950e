//! The operations in the registers of AVX2, in two halves of eight floats.

#![expect(clippy::inline_always, reason = "kernels are compiled as a whole for each class of processors")]

use pulp::x86::V3;
use pulp::{cast, f32x8, i16x8, i16x16, i32x8, m32x8};

use super::{LANES, SHORTS, Simd};

impl Simd for V3 {
    type Floats = [f32x8; 2];
    type Mask = [m32x8; 2];

    #[inline(always)]
    fn splat(self, value: f32) -> [f32x8; 2] {
        [self.splat_f32x8(value); 2]
    }

    #[inline(always)]
    fn load(self, from: &[f32; LANES]) -> [f32x8; 2] {
        cast(*from)
    }

    #[inline(always)]
    fn store(self, value: [f32x8; 2], to: &mut [f32; LANES]) {
        *to = cast(value);
    }

    #[inline(always)]
    fn load_i16(self, from: &[i16; LANES]) -> [f32x8; 2] {
        let [a, b]: [i16x8; 2] = cast(*from);
        let floats = |half| self.convert_i32x8_to_f32x8(self.convert_i16x8_to_i32x8(half));
        [floats(a), floats(b)]
    }

    #[inline(always)]
    fn add(self, a: [f32x8; 2], b: [f32x8; 2]) -> [f32x8; 2] {
        [self.add_f32x8(a[0], b[0]), self.add_f32x8(a[1], b[1])]
    }

    #[inline(always)]
    fn sub(self, a: [f32x8; 2], b: [f32x8; 2]) -> [f32x8; 2] {
        [self.sub_f32x8(a[0], b[0]), self.sub_f32x8(a[1], b[1])]
    }

    #[inline(always)]
    fn mul(self, a: [f32x8; 2], b: [f32x8; 2]) -> [f32x8; 2] {
        [self.mul_f32x8(a[0], b[0]), self.mul_f32x8(a[1], b[1])]
    }

    #[inline(always)]
    fn div(self, a: [f32x8; 2], b: [f32x8; 2]) -> [f32x8; 2] {
        [self.div_f32x8(a[0], b[0]), self.div_f32x8(a[1], b[1])]
    }

    #[inline(always)]
    fn mul_add(self, a: [f32x8; 2], b: [f32x8; 2], c: [f32x8; 2]) -> [f32x8; 2] {
        [self.mul_add_f32x8(a[0], b[0], c[0]), self.mul_add_f32x8(a[1], b[1], c[1])]
    }

    #[inline(always)]
    fn max(self, a: [f32x8; 2], b: [f32x8; 2]) -> [f32x8; 2] {
        [self.max_f32x8(a[0], b[0]), self.max_f32x8(a[1], b[1])]
    }

    #[inline(always)]
    fn min(self, a: [f32x8; 2], b: [f32x8; 2]) -> [f32x8; 2] {
        [self.min_f32x8(a[0], b[0]), self.min_f32x8(a[1], b[1])]
    }

    #[inline(always)]
    fn less(self, a: [f32x8; 2], b: [f32x8; 2]) -> [m32x8; 2] {
        [self.cmp_lt_f32x8(a[0], b[0]), self.cmp_lt_f32x8(a[1], b[1])]
    }

    #[inline(always)]
    fn select(self, mask: [m32x8; 2], yes: [f32x8; 2], no: [f32x8; 2]) -> [f32x8; 2] {
        [self.select_f32x8(mask[0], yes[0], no[0]), self.select_f32x8(mask[1], yes[1], no[1])]
    }

    #[inline(always)]
    fn bits(self, mask: [m32x8; 2]) -> u32 {
        let half = |mask: m32x8| self.avx._mm256_movemask_ps(cast(mask)) as u32;
        half(mask[0]) | half(mask[1]) << 8
    }

    type Integers = [i16x16; 2];

    #[inline(always)]
    fn splat_i16(self, value: i16) -> [i16x16; 2] {
        [self.splat_i16x16(value); 2]
    }

    #[inline(always)]
    fn load_i16s(self, from: &[i16; SHORTS]) -> [i16x16; 2] {
        cast(*from)
    }

    #[inline(always)]
    fn store_i16s(self, value: [i16x16; 2], to: &mut [i16; SHORTS]) {
        *to = cast(value);
    }

    #[inline(always)]
    fn sub_i16(self, a: [i16x16; 2], b: [i16x16; 2]) -> [i16x16; 2] {
        let half = |i: usize| cast(self.avx2._mm256_subs_epi16(cast(a[i]), cast(b[i])));
        [half(0), half(1)]
    }

    #[inline(always)]
    fn share_i16(self, a: [i16x16; 2], b: [i16x16; 2]) -> [i16x16; 2] {
        let half = |i: usize| cast(self.avx2._mm256_mulhrs_epi16(cast(a[i]), cast(b[i])));
        [half(0), half(1)]
    }

    #[inline(always)]
    fn max_i16(self, a: [i16x16; 2], b: [i16x16; 2]) -> [i16x16; 2] {
        let half = |i: usize| cast(self.avx2._mm256_max_epi16(cast(a[i]), cast(b[i])));
        [half(0), half(1)]
    }

    type Places = [i32x8; 2];

    #[inline(always)]
    fn places(self, places: &[i32; LANES]) -> [i32x8; 2] {
        let mut places = *places;
        // The last eight are picked from what begins two further on.
        places[8..].iter_mut().for_each(|place| *place -= 2);
        cast(places)
    }

    #[inline(always)]
    fn pick(self, from: &[f32; LANES], places: [i32x8; 2]) -> [f32x8; 2] {
        let eight = |at: usize| from[at..].first_chunk::<8>().copied().unwrap_or_default();
        let picked = |at, places| cast(self.avx2._mm256_permutevar8x32_ps(cast(eight(at)), cast(places)));
        [picked(0, places[0]), picked(2, places[1])]
    }
}
