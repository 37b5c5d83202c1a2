//! A = L·L′ of a symmetric positive definite p × p matrix (only the lower triangle is read).

use faer::Mat;
use faer::Side;
use faer::linalg::solvers::{Llt, Solve};
use ndarray::{Array1, Array2, ArrayView2};

use crate::error::{Error, Result};

/// The factor of a positive definite matrix.
#[derive(Debug, Clone)]
pub struct Cholesky {
    factor: Llt<f64>,
    p: usize,
}

impl Cholesky {
    /// Factors `a` (p × p); `names` label the columns in the error.
    ///
    /// # Errors
    /// `Length` when not square; `NotPositiveDefinite` with the first pivot that is not positive.
    pub fn new(a: ArrayView2<'_, f64>, names: &[String]) -> Result<Self> {
        let p = a.nrows();
        if a.ncols() != p {
            return Err(Error::Length {
                what: "columns of a square matrix".to_owned(),
                expected: p,
                got: a.ncols(),
            });
        }
        let matrix = Mat::from_fn(p, p, |i, j| a[[i, j]]);
        let factor = matrix.llt(Side::Lower).map_err(|error| {
            let faer::linalg::solvers::LltError::NonPositivePivot { index } = error;
            let column = names.get(index).cloned().unwrap_or_else(|| index.to_string());
            Error::NotPositiveDefinite { pivot: index, column }
        })?;
        Ok(Self { factor, p })
    }

    /// x with A·x = b (p values).
    pub fn solve(&self, b: &[f64]) -> Array1<f64> {
        let x = self.factor.solve(Mat::from_fn(self.p, 1, |i, _| b[i]));
        Array1::from_shape_fn(self.p, |i| x[(i, 0)])
    }

    /// x with L′·x = z (p values): of covariance A⁻¹ when z is standard normal.
    pub fn solve_upper(&self, z: &[f64]) -> Array1<f64> {
        let l = self.factor.L();
        let mut x = Array1::from(z.to_vec());
        for i in (0..self.p).rev() {
            let known: f64 = (i + 1..self.p).map(|j| l[(j, i)] * x[j]).sum();
            x[i] = (x[i] - known) / l[(i, i)];
        }
        x
    }

    /// A⁻¹ (p × p).
    pub fn inverse(&self) -> Array2<f64> {
        let inverse = self.factor.solve(Mat::<f64>::identity(self.p, self.p));
        Array2::from_shape_fn((self.p, self.p), |(i, j)| inverse[(i, j)])
    }

    /// ln det A.
    pub fn ln_det(&self) -> f64 {
        let l = self.factor.L();
        (0..self.p).map(|i| 2.0 * l[(i, i)].ln()).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn a_small_matrix_is_factored() {
        let a = array![[4.0, 2.0], [2.0, 3.0]];
        let c = Cholesky::new(a.view(), &[]).unwrap();
        assert!((c.ln_det() - 8.0_f64.ln()).abs() < 1e-15);
        assert!((c.inverse().dot(&a) - Array2::<f64>::eye(2)).iter().all(|v| v.abs() < 1e-15));
        assert!((c.solve(&[2.0, 3.0]) - array![0.0, 1.0]).iter().all(|v| v.abs() < 1e-15));
        // L = [2 0; 1 √2], so L′x = (2, √2) has x = (½, 1).
        let x = c.solve_upper(&[2.0, 2.0_f64.sqrt()]);
        assert!((x - array![0.5, 1.0]).iter().all(|v| v.abs() < 1e-15));
    }

    #[test]
    fn the_failing_pivot_is_named() {
        let a = array![[1.0, 2.0], [2.0, 1.0]];
        let got = Cholesky::new(a.view(), &["x".to_owned(), "z".to_owned()]);
        let Err(Error::NotPositiveDefinite { pivot: 1, column }) = got else { panic!("{got:?}") };
        assert_eq!(column, "z");
    }
}
