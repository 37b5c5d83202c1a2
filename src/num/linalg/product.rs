//! The product of two matrices, on the calling thread.

use faer::linalg::matmul::matmul;
use faer::{Accum, MatMut, MatRef, Par};
use ndarray::{Array2, ArrayView2};

/// a·b (m × k times k × n). One thread: with faer's own threads the bits would depend on their number.
pub fn multiply(a: ArrayView2<'_, f64>, b: ArrayView2<'_, f64>) -> Array2<f64> {
    let (a, b) = (a.as_standard_layout(), b.as_standard_layout());
    let ((m, k), n) = (a.dim(), b.ncols());
    let mut out = Array2::zeros((m, n));
    if let (Some(x), Some(y), Some(z)) = (a.as_slice(), b.as_slice(), out.as_slice_mut()) {
        let (x, y) = (MatRef::from_row_major_slice(x, m, k), MatRef::from_row_major_slice(y, k, n));
        matmul(MatMut::from_row_major_slice_mut(z, m, n), Accum::Replace, x, y, 1.0, Par::Seq);
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
    }
}
