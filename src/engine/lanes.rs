//! Sixteen floats at a time, on every class of processors.
//!
//! The compiler makes vector instructions of plain loops only as long as they are simple enough. Where speed must not hang
//! on that, kernels are written with [`Lanes`]. Each operation is rounded as IEEE 754 says, lane by lane: all classes
//! give the same bits.

#![expect(clippy::inline_always, reason = "kernels are compiled as a whole for each class of processors")]

use std::ops::{Add, Mul, Sub};

/// How many.
pub(super) const LANES: usize = 16;

/// How many integers of 16 bits, [`Shorts`].
pub(super) const SHORTS: usize = 32;

/// A class of processors: its registers and what it does with them.
pub(super) trait Simd: Copy {
    /// [`LANES`] floats.
    type Floats: Copy;
    /// A yes or no for each.
    type Mask: Copy;

    fn splat(self, value: f32) -> Self::Floats;
    fn load(self, from: &[f32; LANES]) -> Self::Floats;
    fn store(self, value: Self::Floats, to: &mut [f32; LANES]);
    /// Integers.
    fn load_i16(self, from: &[i16; LANES]) -> Self::Floats;
    fn add(self, a: Self::Floats, b: Self::Floats) -> Self::Floats;
    fn sub(self, a: Self::Floats, b: Self::Floats) -> Self::Floats;
    fn mul(self, a: Self::Floats, b: Self::Floats) -> Self::Floats;
    fn div(self, a: Self::Floats, b: Self::Floats) -> Self::Floats;
    /// `a * b + c`, rounded once.
    fn mul_add(self, a: Self::Floats, b: Self::Floats, c: Self::Floats) -> Self::Floats;
    /// `a` where it is greater, else `b`.
    fn max(self, a: Self::Floats, b: Self::Floats) -> Self::Floats;
    /// `a` where it is less, else `b`.
    fn min(self, a: Self::Floats, b: Self::Floats) -> Self::Floats;
    fn less(self, a: Self::Floats, b: Self::Floats) -> Self::Mask;
    fn select(self, mask: Self::Mask, yes: Self::Floats, no: Self::Floats) -> Self::Floats;
    /// A bit for each lane, the first lowest.
    fn bits(self, mask: Self::Mask) -> u32;
    /// [`SHORTS`] integers.
    type Integers: Copy;
    fn splat_i16(self, value: i16) -> Self::Integers;
    fn load_i16s(self, from: &[i16; SHORTS]) -> Self::Integers;
    fn store_i16s(self, value: Self::Integers, to: &mut [i16; SHORTS]);
    /// Differences that stop at the ends of the range.
    fn sub_i16(self, a: Self::Integers, b: Self::Integers) -> Self::Integers;
    /// `a * b / 2^15`, rounded to the nearest, half upwards.
    fn share_i16(self, a: Self::Integers, b: Self::Integers) -> Self::Integers;
    fn max_i16(self, a: Self::Integers, b: Self::Integers) -> Self::Integers;
    /// Places to pick from.
    type Places: Copy;
    /// For [`Simd::pick`]: the first eight in 0..8, the last eight in 2..10.
    fn places(self, places: &[i32; LANES]) -> Self::Places;
    /// For each lane the float at its place.
    fn pick(self, from: &[f32; LANES], places: Self::Places) -> Self::Floats;
}

/// Sixteen floats in the registers of a class.
#[derive(Clone, Copy)]
pub(super) struct Lanes<C: Simd> {
    class: C,
    floats: C::Floats,
}

/// Sixteen comparisons' outcomes.
#[derive(Clone, Copy)]
pub(super) struct Mask<C: Simd> {
    class: C,
    mask: C::Mask,
}

impl<C: Simd> Lanes<C> {
    #[inline(always)]
    pub(super) fn splat(class: C, value: f32) -> Self {
        Self { class, floats: class.splat(value) }
    }

    #[inline(always)]
    pub(super) fn load(class: C, from: &[f32; LANES]) -> Self {
        Self { class, floats: class.load(from) }
    }

    /// The first sixteen; all zero where there are fewer.
    #[inline(always)]
    pub(super) fn from(class: C, from: &[f32]) -> Self {
        from.first_chunk().map_or(Self::splat(class, 0.0), |from| Self::load(class, from))
    }

    /// For each lane the float at its [place](Class::places); all zero where there are fewer than sixteen.
    #[inline(always)]
    pub(super) fn pick(class: C, from: &[f32], places: C::Places) -> Self {
        from.first_chunk()
            .map_or(Self::splat(class, 0.0), |from| Self { class, floats: class.pick(from, places) })
    }

    #[inline(always)]
    pub(super) fn of_i16(class: C, from: &[i16; LANES]) -> Self {
        Self { class, floats: class.load_i16(from) }
    }

    #[inline(always)]
    pub(super) fn store(self, to: &mut [f32; LANES]) {
        self.class.store(self.floats, to);
    }

    /// To the first sixteen; nowhere where there are fewer.
    #[inline(always)]
    pub(super) fn put(self, to: &mut [f32]) {
        if let Some(to) = to.first_chunk_mut() {
            self.store(to);
        }
    }

    #[inline(always)]
    fn with(self, floats: C::Floats) -> Self {
        Self { class: self.class, floats }
    }

    /// `self * b + c`, rounded once.
    #[inline(always)]
    pub(super) fn mul_add(self, b: Self, c: Self) -> Self {
        self.with(self.class.mul_add(self.floats, b.floats, c.floats))
    }

    /// One over each.
    #[inline(always)]
    pub(super) fn inverse(self) -> Self {
        self.with(self.class.div(self.class.splat(1.0), self.floats))
    }

    /// The greater; `other` where neither is.
    #[inline(always)]
    pub(super) fn max(self, other: Self) -> Self {
        self.with(self.class.max(self.floats, other.floats))
    }

    /// The lesser; `other` where neither is.
    #[inline(always)]
    pub(super) fn min(self, other: Self) -> Self {
        self.with(self.class.min(self.floats, other.floats))
    }

    #[inline(always)]
    pub(super) fn less(self, other: Self) -> Mask<C> {
        Mask { class: self.class, mask: self.class.less(self.floats, other.floats) }
    }
}

/// Thirty-two integers of 16 bits in the registers of a class.
#[derive(Clone, Copy)]
pub(super) struct Shorts<C: Simd> {
    class: C,
    integers: C::Integers,
}

impl<C: Simd> Shorts<C> {
    #[inline(always)]
    pub(super) fn splat(class: C, value: i16) -> Self {
        Self { class, integers: class.splat_i16(value) }
    }

    #[inline(always)]
    pub(super) fn load(class: C, from: &[i16; SHORTS]) -> Self {
        Self { class, integers: class.load_i16s(from) }
    }

    #[inline(always)]
    pub(super) fn store(self, to: &mut [i16; SHORTS]) {
        self.class.store_i16s(self.integers, to);
    }

    #[inline(always)]
    fn with(self, integers: C::Integers) -> Self {
        Self { class: self.class, integers }
    }

    /// Differences that stop at the ends of the range.
    #[inline(always)]
    pub(super) fn sub(self, other: Self) -> Self {
        self.with(self.class.sub_i16(self.integers, other.integers))
    }

    /// `self * share / 2^15`, rounded to the nearest, half upwards.
    #[inline(always)]
    pub(super) fn share(self, share: Self) -> Self {
        self.with(self.class.share_i16(self.integers, share.integers))
    }

    #[inline(always)]
    pub(super) fn max(self, other: Self) -> Self {
        self.with(self.class.max_i16(self.integers, other.integers))
    }
}

impl<C: Simd> Mask<C> {
    /// `yes` where it holds, else `no`.
    #[inline(always)]
    pub(super) fn select(self, yes: Lanes<C>, no: Lanes<C>) -> Lanes<C> {
        yes.with(self.class.select(self.mask, yes.floats, no.floats))
    }

    /// A bit for each lane, the first lowest.
    #[inline(always)]
    pub(super) fn bits(self) -> u32 {
        self.class.bits(self.mask)
    }
}

impl<C: Simd> Add for Lanes<C> {
    type Output = Self;

    #[inline(always)]
    fn add(self, other: Self) -> Self {
        self.with(self.class.add(self.floats, other.floats))
    }
}

impl<C: Simd> Sub for Lanes<C> {
    type Output = Self;

    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        self.with(self.class.sub(self.floats, other.floats))
    }
}

impl<C: Simd> Mul for Lanes<C> {
    type Output = Self;

    #[inline(always)]
    fn mul(self, other: Self) -> Self {
        self.with(self.class.mul(self.floats, other.floats))
    }
}

/// Any processor.
#[derive(Clone, Copy)]
pub(super) struct Portable;

/// Lane by lane.
#[inline(always)]
fn each(of: impl Fn(usize) -> f32) -> [f32; LANES] {
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

#[cfg(target_arch = "x86_64")]
mod x86 {
    use pulp::x86::{V3, V4};
    use pulp::{b16, cast, f32x8, f32x16, i16x8, i16x16, i16x32, i32x8, i32x16, m32x8};

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
}

#[cfg(test)]
mod tests {
    use super::super::vector::{Kernel, Vectors};
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
}
