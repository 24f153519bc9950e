//! Sixteen floats at a time, on every class of processors.
//!
//! The compiler makes vector instructions of plain loops only as long as they are simple enough. Where speed must not hang
//! on that, kernels are written with [`Lanes`]. Each operation is rounded as IEEE 754 says, lane by lane: all classes
//! give the same bits.

#![expect(clippy::inline_always, reason = "kernels are compiled as a whole for each class of processors")]

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
mod portable;

use std::ops::{Add, Mul, Sub};

pub(super) use portable::Portable;

/// Floats that are worked on at a time.
pub(super) const LANES: usize = 16;

/// Integers of 16 bits that are worked on at a time, [`Shorts`].
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

    /// For each lane the float at its [place](Simd::places); all zero where there are fewer than sixteen.
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

#[cfg(test)]
mod tests;
