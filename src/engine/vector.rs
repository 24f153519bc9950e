//! The vector instructions that the kernels run with.
//!
//! A kernel is compiled once for each class and chosen at run time. All its operations
//! (multiply-add, comparison, division) are rounded as IEEE 754 says, in an order that does not depend on the class:
//! the classes differ in speed alone, and a chain may hop between them.

#![expect(clippy::inline_always, reason = "kernels are compiled as a whole for each class of processors")]

use super::lanes::{Portable, Simd};

/// Work that is compiled for each class; all that it calls must be inlined into it.
pub(super) trait Kernel {
    type Output;

    fn run<C: Simd>(self, class: C) -> Self::Output;
}

/// A class of processors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Vectors {
    /// Any processor; slow where it has no fused multiply-add.
    Portable,
    /// x86-64 with AVX2 and FMA.
    Avx2,
    /// x86-64 with AVX-512 (F, BW, CD, DQ, VL).
    Avx512,
}

impl Vectors {
    /// The best that this processor has.
    #[must_use]
    pub fn best() -> Self {
        *Self::here().last().unwrap_or(&Self::Portable)
    }

    /// All that this processor has, the best last.
    #[must_use]
    pub fn here() -> Vec<Self> {
        [Self::Portable, Self::Avx2, Self::Avx512].into_iter().filter(|class| class.is_here()).collect()
    }

    /// Its name for people: `AVX2`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Portable => "portable",
            Self::Avx2 => "AVX2",
            Self::Avx512 => "AVX-512",
        }
    }

    #[cfg(target_arch = "x86_64")]
    fn is_here(self) -> bool {
        match self {
            Self::Portable => true,
            Self::Avx2 => pulp::x86::V3::is_available(),
            Self::Avx512 => pulp::x86::V4::is_available(),
        }
    }

    #[cfg(not(target_arch = "x86_64"))]
    fn is_here(self) -> bool {
        self == Self::Portable
    }

    /// Runs a kernel compiled for this class. On a processor without the class the portable one runs.
    #[cfg(target_arch = "x86_64")]
    #[inline]
    pub(super) fn run<K: Kernel>(self, kernel: K) -> K::Output {
        use pulp::x86::{V3, V4};
        match self {
            Self::Avx512 if let Some(class) = V4::try_new() => class.vectorize(KernelCall { kernel, class }),
            Self::Avx2 if let Some(class) = V3::try_new() => class.vectorize(KernelCall { kernel, class }),
            _ => kernel.run(Portable),
        }
    }

    /// Runs a kernel.
    #[cfg(not(target_arch = "x86_64"))]
    #[inline]
    pub(super) fn run<K: Kernel>(self, kernel: K) -> K::Output {
        kernel.run(Portable)
    }
}

/// A kernel and the class it is compiled for.
#[cfg(target_arch = "x86_64")]
struct KernelCall<K, C> {
    kernel: K,
    class: C,
}

#[cfg(target_arch = "x86_64")]
impl<K: Kernel, C: Simd> pulp::NullaryFnOnce for KernelCall<K, C> {
    type Output = K::Output;

    #[inline(always)]
    fn call(self) -> K::Output {
        self.kernel.run(self.class)
    }
}
