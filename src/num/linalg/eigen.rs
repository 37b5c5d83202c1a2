//! A = V·diag(s)·V′ of a symmetric p × p matrix, and functions of such matrices.

use faer::{Mat, Side};
use ndarray::{Array2, ArrayView2};

use crate::error::{Error, Result};

/// Eigenvalues (ascending) and eigenvectors (columns) of the symmetric matrix `a`.
///
/// # Errors
/// `Length` when not square; `Undefined` when the iteration fails (a matrix that is not finite).
pub fn eigen_symmetric(a: ArrayView2<'_, f64>) -> Result<(Vec<f64>, Array2<f64>)> {
    let p = a.nrows();
    if a.ncols() != p {
        let what = "columns of a square matrix".to_owned();
        return Err(Error::Length { what, expected: p, got: a.ncols() });
    }
    let matrix = Mat::from_fn(p, p, |i, j| f64::midpoint(a[[i, j]], a[[j, i]]));
    let parts = matrix.self_adjoint_eigen(Side::Lower).map_err(|_| Error::Undefined {
        what: "an eigendecomposition".to_owned(),
        reason: "the matrix is not finite".to_owned(),
    })?;
    let (values, vectors) = (parts.S(), parts.U());
    Ok(((0..p).map(|i| values[i]).collect(), Array2::from_shape_fn((p, p), |(i, j)| vectors[(i, j)])))
}

/// V·diag(f(s))·V′.
///
/// # Errors
/// As [`eigen_symmetric`].
pub fn symmetric_function(a: ArrayView2<'_, f64>, f: impl Fn(f64) -> f64) -> Result<Array2<f64>> {
    let (values, vectors) = eigen_symmetric(a)?;
    let mut scaled = vectors.clone();
    for (mut column, s) in scaled.columns_mut().into_iter().zip(&values) {
        column *= f(*s);
    }
    Ok(scaled.dot(&vectors.t()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn a_square_root_squares_back() {
        let a = array![[4.0, 1.0], [1.0, 3.0]];
        let root = symmetric_function(a.view(), f64::sqrt).unwrap();
        assert!((root.dot(&root) - a).iter().all(|v| v.abs() < 1e-14));
    }
}
