//! Vector lanes without unsafe code: a kernel is compiled for each instruction set and the widest that the
//! machine has is chosen at run time.
//!
//! Kernels are plain loops over arrays of fixed width which the compiler puts into lanes; it neither reorders nor fuses
//! floating-point operations, so every instruction set gives the same bits.

#![allow(clippy::inline_always)] // a function that is not inlined loses the instruction set

use std::sync::OnceLock;

use pulp::Arch;

/// A loop worth compiling for wide lanes. Mark `run` and all it calls `#[inline(always)]`: a call
/// out of it falls back to the baseline instruction set.
pub trait Kernel {
    /// What it gives.
    type Output;
    /// The loop.
    fn run(self) -> Self::Output;
}

struct Adapter<K>(K);

impl<K: Kernel> pulp::NullaryFnOnce for Adapter<K> {
    type Output = K::Output;

    #[inline(always)]
    fn call(self) -> K::Output {
        self.0.run()
    }
}

/// Runs a kernel with the widest lanes there are.
pub fn run<K: Kernel>(kernel: K) -> K::Output {
    static ARCH: OnceLock<Arch> = OnceLock::new();
    ARCH.get_or_init(Arch::new).dispatch(Adapter(kernel))
}
