//! The product of two matrices, on the calling thread.

use faer::linalg::matmul::matmul;
use faer::traits::ComplexField;
use faer::{Accum, MatMut, MatRef, Par};
use ndarray::{Array2, ArrayView2};

/// a·b (m × k times k × n), in single or double precision. One thread: with faer's own threads the bits would
/// depend on their number.
pub fn multiply<T: ComplexField + Copy>(a: ArrayView2<'_, T>, b: ArrayView2<'_, T>) -> Array2<T> {
    let (a, b) = (a.as_standard_layout(), b.as_standard_layout());
    let ((m, k), n) = (a.dim(), b.ncols());
    let mut out = Array2::from_elem((m, n), T::zero_impl());
    if let (Some(x), Some(y), Some(z)) = (a.as_slice(), b.as_slice(), out.as_slice_mut()) {
        let (x, y) = (MatRef::from_row_major_slice(x, m, k), MatRef::from_row_major_slice(y, k, n));
        let z = MatMut::from_row_major_slice_mut(z, m, n);
        matmul(z, Accum::Replace, x, y, T::one_impl(), Par::Seq);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn views_of_any_layout_multiply() {
        let a = array![[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]];
        assert_eq!(multiply(a.view(), a.t()), array![[14.0, 32.0], [32.0, 77.0]]);
        let a = array![[1.0_f32, 2.0, 3.0], [4.0, 5.0, 6.0]];
        assert_eq!(multiply(a.view(), a.t()), array![[14.0_f32, 32.0], [32.0, 77.0]]);
    }
}
