//! A = L·L′ for the few coefficients of an iteration: plain loops on slices, no set-up cost.
//!
//! [`super::Cholesky`] is the one for single factorisations; a Newton iteration on five columns factors
//! hundreds of times, and then allocation and dispatch would be most of its time.

use ndarray::Array2;

/// The lower factor of a positive definite p × p matrix, row after row.
#[derive(Debug, Clone)]
pub struct SmallCholesky {
    l: Vec<f64>,
    p: usize,
}

/// Pivots below this share of their diagonal entry are rounding, not information.
const PIVOT: f64 = 1e-14;

impl SmallCholesky {
    /// Factors `a` (p × p, row-major, lower triangle read); `Err` holds the first pivot that is not
    /// positive beyond rounding.
    ///
    /// # Errors
    /// The index of that pivot.
    pub fn new(a: &[f64], p: usize) -> std::result::Result<Self, usize> {
        let mut l = vec![0.0; p * p];
        for i in 0..p {
            for j in 0..=i {
                let (ri, rj) = (&l[i * p..i * p + j], &l[j * p..j * p + j]);
                let rest = a[i * p + j] - ri.iter().zip(rj).map(|(x, y)| x * y).sum::<f64>();
                if i > j {
                    l[i * p + j] = rest / l[j * p + j];
                    continue;
                }
                let enough = rest > PIVOT * a[i * p + i];
                if !(enough && rest.is_finite()) {
                    return Err(i);
                }
                l[i * p + i] = rest.sqrt();
            }
        }
        Ok(Self { l, p })
    }

    /// Overwrites b with A⁻¹b.
    pub fn solve(&self, b: &mut [f64]) {
        let (l, p) = (&self.l, self.p);
        for i in 0..p {
            let done: f64 = (0..i).map(|k| l[i * p + k] * b[k]).sum();
            b[i] = (b[i] - done) / l[i * p + i];
        }
        for i in (0..p).rev() {
            let done: f64 = (i + 1..p).map(|k| l[k * p + i] * b[k]).sum();
            b[i] = (b[i] - done) / l[i * p + i];
        }
    }

    /// L⁻¹, lower triangular, row-major.
    pub fn lower_inverse(&self) -> Vec<f64> {
        let (l, p) = (&self.l, self.p);
        let mut m = vec![0.0; p * p];
        for i in 0..p {
            m[i * p + i] = 1.0 / l[i * p + i];
            for j in 0..i {
                let sum: f64 = (j..i).map(|k| l[i * p + k] * m[k * p + j]).sum();
                m[i * p + j] = -sum / l[i * p + i];
            }
        }
        m
    }

    /// A⁻¹.
    pub fn inverse(&self) -> Array2<f64> {
        let (m, p) = (self.lower_inverse(), self.p);
        Array2::from_shape_fn((p, p), |(i, j)| (i.max(j)..p).map(|k| m[k * p + i] * m[k * p + j]).sum())
    }

    /// ln det A.
    pub fn ln_det(&self) -> f64 {
        (0..self.p).map(|i| 2.0 * self.l[i * self.p + i].ln()).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_small_matrix_is_factored_and_solved() {
        let a = [4.0, 2.0, 1.0, 2.0, 5.0, 3.0, 1.0, 3.0, 6.0];
        let c = SmallCholesky::new(&a, 3).unwrap();
        let mut b = [7.0, 10.0, 10.0];
        c.solve(&mut b);
        assert!(b.iter().all(|v| (v - 1.0).abs() < 1e-15), "{b:?}");
        let matrix = Array2::from_shape_vec((3, 3), a.to_vec()).unwrap();
        assert!((c.inverse().dot(&matrix) - Array2::<f64>::eye(3)).iter().all(|v| v.abs() < 1e-15));
        assert!((c.ln_det() - 67.0_f64.ln()).abs() < 1e-14);
        assert_eq!(SmallCholesky::new(&[1.0, 2.0, 2.0, 1.0], 2).unwrap_err(), 1);
    }
}
