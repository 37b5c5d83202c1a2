//! A = U·diag(λ)·U′ of a symmetric p × p matrix (only the lower triangle is read).

use faer::linalg::solvers::SelfAdjointEigen;
use faer::{Mat, Side};
use ndarray::{Array2, ArrayView2};

use crate::error::{Error, Result};

/// Eigenvalues in ascending order and, as columns in the same order, orthonormal eigenvectors.
///
/// # Errors
/// `Length` when not square; `Values` when an entry is not finite; `NoConvergence`.
pub fn eigen_symmetric(a: ArrayView2<'_, f64>) -> Result<(Vec<f64>, Array2<f64>)> {
    let p = a.nrows();
    if a.ncols() != p {
        return Err(Error::Length {
            what: "columns of a square matrix".to_owned(),
            expected: p,
            got: a.ncols(),
        });
    }
    if let Some(((row, _), bad)) = a.indexed_iter().find(|(_, v)| !v.is_finite()) {
        return Err(Error::values("a symmetric matrix", [row], "finite numbers", bad));
    }
    let matrix = Mat::from_fn(p, p, |i, j| a[[i, j]]);
    let eigen = SelfAdjointEigen::new(matrix.as_ref(), Side::Lower).map_err(|_| Error::NoConvergence {
        what: "the eigenvalues of a symmetric matrix".to_owned(),
        n_iter: 0,
        last: f64::INFINITY,
        tolerance: f64::EPSILON,
    })?;
    let values = (0..p).map(|i| eigen.S()[i]).collect();
    Ok((values, Array2::from_shape_fn((p, p), |(i, j)| eigen.U()[(i, j)])))
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::{Array1, array};

    #[test]
    fn the_factors_give_the_matrix_back() {
        let a = array![[4.0, 1.0, 0.5], [1.0, 3.0, -1.0], [0.5, -1.0, 2.0]];
        let (values, u) = eigen_symmetric(a.view()).unwrap();
        assert!(values.windows(2).all(|w| w[0] <= w[1]));
        let back = u.dot(&Array2::from_diag(&Array1::from(values))).dot(&u.t());
        assert!((back - &a).iter().all(|v| v.abs() < 1e-14));
        assert!((u.t().dot(&u) - Array2::<f64>::eye(3)).iter().all(|v| v.abs() < 1e-14));
    }

    #[test]
    fn what_is_not_a_matrix_of_numbers_is_refused() {
        assert!(eigen_symmetric(Array2::zeros((2, 3)).view()).is_err());
        assert!(eigen_symmetric(array![[f64::NAN]].view()).is_err());
    }
}
