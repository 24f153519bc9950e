//! The operations on any processor, lane by lane.

#![expect(clippy::inline_always, reason = "kernels are compiled as a whole for each class of processors")]

use super::{LANES, SHORTS, Simd};

/// Any processor.
#[derive(Clone, Copy)]
pub(in super::super) struct Portable;

/// Lane by lane.
#[inline(always)]
pub(super) fn each(of: impl Fn(usize) -> f32) -> [f32; LANES] {
    let mut all = [0.0; LANES];
    for (i, value) in all.iter_mut().enumerate() {
        *value = of(i);
    }
    all
}

impl Simd for Portable {
    type Floats = [f32; LANES];
    type Mask = u32;

    #[inline(always)]
    fn splat(self, value: f32) -> Self::Floats {
        [value; LANES]
    }

    #[inline(always)]
    fn load(self, from: &[f32; LANES]) -> Self::Floats {
        *from
    }

    #[inline(always)]
    fn store(self, value: Self::Floats, to: &mut [f32; LANES]) {
        *to = value;
    }

    #[inline(always)]
    fn load_i16(self, from: &[i16; LANES]) -> Self::Floats {
        each(|i| f32::from(from[i]))
    }

    #[inline(always)]
    fn add(self, a: Self::Floats, b: Self::Floats) -> Self::Floats {
        each(|i| a[i] + b[i])
    }

    #[inline(always)]
    fn sub(self, a: Self::Floats, b: Self::Floats) -> Self::Floats {
        each(|i| a[i] - b[i])
    }

    #[inline(always)]
    fn mul(self, a: Self::Floats, b: Self::Floats) -> Self::Floats {
        each(|i| a[i] * b[i])
    }

    #[inline(always)]
    fn div(self, a: Self::Floats, b: Self::Floats) -> Self::Floats {
        each(|i| a[i] / b[i])
    }

    #[inline(always)]
    fn mul_add(self, a: Self::Floats, b: Self::Floats, c: Self::Floats) -> Self::Floats {
        each(|i| a[i].mul_add(b[i], c[i]))
    }

    #[inline(always)]
    fn max(self, a: Self::Floats, b: Self::Floats) -> Self::Floats {
        each(|i| if a[i] > b[i] { a[i] } else { b[i] })
    }

    #[inline(always)]
    fn min(self, a: Self::Floats, b: Self::Floats) -> Self::Floats {
        each(|i| if a[i] < b[i] { a[i] } else { b[i] })
    }

    #[inline(always)]
    fn less(self, a: Self::Floats, b: Self::Floats) -> Self::Mask {
        (0..LANES).fold(0, |mask, i| mask | (u32::from(a[i] < b[i]) << i))
    }

    #[inline(always)]
    fn select(self, mask: Self::Mask, yes: Self::Floats, no: Self::Floats) -> Self::Floats {
        each(|i| if mask >> i & 1 == 1 { yes[i] } else { no[i] })
    }

    #[inline(always)]
    fn bits(self, mask: Self::Mask) -> u32 {
        mask
    }

    type Integers = [i16; SHORTS];

    #[inline(always)]
    fn splat_i16(self, value: i16) -> Self::Integers {
        [value; SHORTS]
    }

    #[inline(always)]
    fn load_i16s(self, from: &[i16; SHORTS]) -> Self::Integers {
        *from
    }

    #[inline(always)]
    fn store_i16s(self, value: Self::Integers, to: &mut [i16; SHORTS]) {
        *to = value;
    }

    #[inline(always)]
    fn sub_i16(self, mut a: Self::Integers, b: Self::Integers) -> Self::Integers {
        a.iter_mut().zip(b).for_each(|(a, b)| *a = a.saturating_sub(b));
        a
    }

    #[inline(always)]
    fn share_i16(self, mut a: Self::Integers, b: Self::Integers) -> Self::Integers {
        a.iter_mut().zip(b).for_each(|(a, b)| *a = ((i32::from(*a) * i32::from(b) + 0x4000) >> 15) as i16);
        a
    }

    #[inline(always)]
    fn max_i16(self, mut a: Self::Integers, b: Self::Integers) -> Self::Integers {
        a.iter_mut().zip(b).for_each(|(a, b)| *a = (*a).max(b));
        a
    }

    type Places = [i32; LANES];

    #[inline(always)]
    fn places(self, places: &[i32; LANES]) -> Self::Places {
        *places
    }

    #[inline(always)]
    fn pick(self, from: &[f32; LANES], places: Self::Places) -> Self::Floats {
        each(|i| from[places[i] as usize & 15])
    }
}
