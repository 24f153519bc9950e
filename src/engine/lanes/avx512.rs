//! The operations in the registers of AVX-512, sixteen floats in each.

#![expect(clippy::inline_always, reason = "kernels are compiled as a whole for each class of processors")]

use pulp::x86::V4;
use pulp::{b16, cast, f32x16, i16x16, i16x32, i32x16};

use super::{LANES, SHORTS, Simd};

impl Simd for V4 {
    type Floats = f32x16;
    type Mask = b16;

    #[inline(always)]
    fn splat(self, value: f32) -> f32x16 {
        self.splat_f32x16(value)
    }

    #[inline(always)]
    fn load(self, from: &[f32; LANES]) -> f32x16 {
        cast(*from)
    }

    #[inline(always)]
    fn store(self, value: f32x16, to: &mut [f32; LANES]) {
        *to = cast(value);
    }

    #[inline(always)]
    fn load_i16(self, from: &[i16; LANES]) -> f32x16 {
        self.convert_i32x16_to_f32x16(self.convert_i16x16_to_i32x16(cast::<_, i16x16>(*from)))
    }

    #[inline(always)]
    fn add(self, a: f32x16, b: f32x16) -> f32x16 {
        self.add_f32x16(a, b)
    }

    #[inline(always)]
    fn sub(self, a: f32x16, b: f32x16) -> f32x16 {
        self.sub_f32x16(a, b)
    }

    #[inline(always)]
    fn mul(self, a: f32x16, b: f32x16) -> f32x16 {
        self.mul_f32x16(a, b)
    }

    #[inline(always)]
    fn div(self, a: f32x16, b: f32x16) -> f32x16 {
        self.div_f32x16(a, b)
    }

    #[inline(always)]
    fn mul_add(self, a: f32x16, b: f32x16, c: f32x16) -> f32x16 {
        self.mul_add_f32x16(a, b, c)
    }

    #[inline(always)]
    fn max(self, a: f32x16, b: f32x16) -> f32x16 {
        self.max_f32x16(a, b)
    }

    #[inline(always)]
    fn min(self, a: f32x16, b: f32x16) -> f32x16 {
        self.min_f32x16(a, b)
    }

    #[inline(always)]
    fn less(self, a: f32x16, b: f32x16) -> b16 {
        self.cmp_lt_f32x16(a, b)
    }

    #[inline(always)]
    fn select(self, mask: b16, yes: f32x16, no: f32x16) -> f32x16 {
        self.select_f32x16(mask, yes, no)
    }

    #[inline(always)]
    fn bits(self, mask: b16) -> u32 {
        u32::from(mask.0)
    }

    type Integers = i16x32;

    #[inline(always)]
    fn splat_i16(self, value: i16) -> i16x32 {
        self.splat_i16x32(value)
    }

    #[inline(always)]
    fn load_i16s(self, from: &[i16; SHORTS]) -> i16x32 {
        cast(*from)
    }

    #[inline(always)]
    fn store_i16s(self, value: i16x32, to: &mut [i16; SHORTS]) {
        *to = cast(value);
    }

    #[inline(always)]
    fn sub_i16(self, a: i16x32, b: i16x32) -> i16x32 {
        cast(self.avx512bw._mm512_subs_epi16(cast(a), cast(b)))
    }

    #[inline(always)]
    fn share_i16(self, a: i16x32, b: i16x32) -> i16x32 {
        cast(self.avx512bw._mm512_mulhrs_epi16(cast(a), cast(b)))
    }

    #[inline(always)]
    fn max_i16(self, a: i16x32, b: i16x32) -> i16x32 {
        cast(self.avx512bw._mm512_max_epi16(cast(a), cast(b)))
    }

    type Places = i32x16;

    #[inline(always)]
    fn places(self, places: &[i32; LANES]) -> i32x16 {
        cast(*places)
    }

    #[inline(always)]
    fn pick(self, from: &[f32; LANES], places: i32x16) -> f32x16 {
        cast(self.avx512f._mm512_permutexvar_ps(cast(places), cast(*from)))
    }
}
