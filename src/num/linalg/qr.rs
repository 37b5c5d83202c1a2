//! Householder QR with limited column pivoting, as in LINPACK's `dqrdc2` behind R's `lm`.
//!
//! Columns keep their order; one whose part outside the span of the kept columns before it has
//! shrunk below `tolerance` of its own length is moved to the end and called aliased. So of a set of
//! collinear columns the first stays, and the aliased ones have names. Columns are scaled to unit
//! length first, so that the tolerance does not depend on units. The least-squares solution takes
//! two steps of iterative refinement with residuals in twice the precision.

use ndarray::{Array1, Array2, ArrayView2};

use crate::error::{Error, Result};
use crate::num::sum::Compensated;

/// The factorisation of an n × p design.
#[derive(Debug, Clone)]
pub struct PivotedQr {
    /// Householder vectors below, R on and above the diagonal; column-major, kept columns first.
    columns: Vec<Vec<f64>>,
    /// 2/‖v‖² of each reflection.
    tau: Vec<f64>,
    diagonal: Vec<f64>,
    scale: Vec<f64>,
    kept: Vec<usize>,
    aliased: Vec<usize>,
    /// The design itself (kept columns), for refinement.
    design: Array2<f64>,
    n: usize,
}

impl PivotedQr {
    /// Factors `x` (n × p), whose columns are called `names`.
    ///
    /// # Errors
    /// `Length` when the names do not match; `Empty` without rows or columns; `Values` for a column that
    /// is not finite.
    pub fn new(x: ArrayView2<'_, f64>, names: &[String], tolerance: f64) -> Result<Self> {
        let (n, p) = x.dim();
        if names.len() != p {
            return Err(Error::Length {
                what: "names of the design".to_owned(),
                expected: p,
                got: names.len(),
            });
        }
        if n == 0 || p == 0 {
            return Err(Error::Empty { what: "the design".to_owned() });
        }
        let mut factor = Self {
            columns: Vec::with_capacity(p),
            tau: Vec::with_capacity(p),
            diagonal: Vec::with_capacity(p),
            scale: Vec::with_capacity(p),
            kept: Vec::new(),
            aliased: Vec::new(),
            design: Array2::zeros((0, 0)),
            n,
        };
        for j in 0..p {
            let column: Vec<f64> = x.column(j).to_vec();
            if let Some(row) = column.iter().position(|v| !v.is_finite()) {
                return Err(Error::values(&names[j], [row], "finite numbers", column[row]));
            }
            factor.append(j, column, tolerance);
        }
        factor.design = x.select(ndarray::Axis(1), &factor.kept);
        Ok(factor)
    }

    /// Adds one column, or names it aliased.
    fn append(&mut self, j: usize, mut column: Vec<f64>, tolerance: f64) {
        let length = norm(&column);
        let k = self.kept.len();
        if length == 0.0 || k == self.n {
            self.aliased.push(j);
            return;
        }
        for v in &mut column {
            *v /= length;
        }
        for i in 0..k {
            self.reflect(i, &mut column);
        }
        let rest = norm(&column[k..]);
        if rest < tolerance {
            self.aliased.push(j);
            return;
        }
        // v = x ± ‖x‖e₁ with the sign that adds; R's diagonal is ∓‖x‖.
        let alpha = if column[k] >= 0.0 { rest } else { -rest };
        column[k] += alpha;
        self.tau.push(1.0 / (alpha * column[k]));
        self.diagonal.push(-alpha);
        self.scale.push(length);
        self.kept.push(j);
        self.columns.push(column);
    }

    /// Applies reflection i to `y` (n values).
    fn reflect(&self, i: usize, y: &mut [f64]) {
        let v = &self.columns[i][i..];
        let mut product = Compensated::default();
        for (a, b) in v.iter().zip(&y[i..]) {
            product.add_product(*a, *b);
        }
        let factor = product.value() * self.tau[i];
        for (a, b) in v.iter().zip(&mut y[i..]) {
            *b = (-factor).mul_add(*a, *b);
        }
    }

    /// Kept columns.
    pub fn rank(&self) -> usize {
        self.kept.len()
    }

    /// Least share of a kept column's length that lies outside the span of the earlier ones.
    pub fn least(&self) -> f64 {
        self.diagonal.iter().fold(1.0, |m, d| m.min(d.abs()))
    }

    /// Indices of the kept columns, ascending.
    pub fn kept(&self) -> &[usize] {
        &self.kept
    }

    /// Indices of the aliased columns, ascending.
    pub fn aliased(&self) -> &[usize] {
        &self.aliased
    }

    /// The least-squares coefficients of the kept columns for `y` (n values).
    ///
    /// # Errors
    /// `Length`.
    pub fn solve_ls(&self, y: &[f64]) -> Result<Vec<f64>> {
        if y.len() != self.n {
            return Err(Error::Length { what: "response".to_owned(), expected: self.n, got: y.len() });
        }
        let mut beta = self.solve_once(y.to_vec());
        for _ in 0..2 {
            let residual: Vec<f64> = (0..self.n)
                .map(|i| {
                    let mut acc = Compensated::default();
                    acc.add(y[i]);
                    for (b, x) in beta.iter().zip(self.design.row(i)) {
                        acc.add_product(-b, *x);
                    }
                    acc.value()
                })
                .collect();
            for (b, d) in beta.iter_mut().zip(self.solve_once(residual)) {
                *b += d;
            }
        }
        Ok(beta)
    }

    /// R⁻¹ Q′y without refinement, scaling undone.
    fn solve_once(&self, mut y: Vec<f64>) -> Vec<f64> {
        for i in 0..self.rank() {
            self.reflect(i, &mut y);
        }
        let mut beta = self.back_substitute(&y);
        for (b, s) in beta.iter_mut().zip(&self.scale) {
            *b /= s;
        }
        beta
    }

    /// b with R·b = the first `rank` values of z (scaled columns).
    fn back_substitute(&self, z: &[f64]) -> Vec<f64> {
        let k = self.rank();
        let mut b = z[..k].to_vec();
        for j in (0..k).rev() {
            b[j] /= self.diagonal[j];
            let (head, tail) = b.split_at_mut(j);
            for (i, v) in head.iter_mut().enumerate() {
                *v -= self.columns[j][i] * tail[0];
            }
        }
        b
    }

    /// (X′X)⁻¹ of the kept columns: R⁻¹R⁻′ with the scaling undone.
    pub fn xtx_inverse(&self) -> Array2<f64> {
        let root = self.inverse_root();
        root.dot(&root.t())
    }

    /// R⁻¹ (rank × rank, upper triangular) with the scaling undone: its product with its transpose is (X′X)⁻¹.
    pub fn inverse_root(&self) -> Array2<f64> {
        let k = self.rank();
        let mut inverse = Array2::zeros((k, k));
        for j in 0..k {
            let mut unit = vec![0.0; k];
            unit[j] = 1.0;
            let column = self.back_substitute(&unit);
            for i in 0..k {
                inverse[[i, j]] = column[i] / self.scale[i];
            }
        }
        inverse
    }

    /// Leverages: squared length of each row of Q (n values in [0, 1]).
    pub fn leverage(&self) -> Vec<f64> {
        let mut h = vec![0.0; self.n];
        for j in 0..self.rank() {
            let mut q = vec![0.0; self.n];
            q[j] = 1.0;
            for i in (0..self.rank()).rev() {
                self.reflect(i, &mut q);
            }
            for (h, q) in h.iter_mut().zip(&q) {
                *h += q * q;
            }
        }
        h.iter().map(|h| h.min(1.0)).collect()
    }

    /// Q′y (n values): its first `rank` squares are the explained sum of squares, the rest the residual.
    pub fn q_t_y(&self, y: &[f64]) -> Array1<f64> {
        let mut z = y.to_vec();
        for i in 0..self.rank() {
            self.reflect(i, &mut z);
        }
        Array1::from(z)
    }
}

fn norm(x: &[f64]) -> f64 {
    let largest = x.iter().fold(0.0_f64, |m, v| m.max(v.abs()));
    if largest == 0.0 {
        return 0.0;
    }
    let mut acc = Compensated::default();
    for v in x {
        acc.add_product(v / largest, v / largest);
    }
    largest * acc.value().sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    fn names(p: usize) -> Vec<String> {
        (0..p).map(|j| format!("x{j}")).collect()
    }

    #[test]
    fn the_second_of_two_collinear_columns_is_aliased() {
        let x = array![[1.0, 2.0, 0.0], [1.0, 2.0, 1.0], [1.0, 2.0, 3.0]];
        let qr = PivotedQr::new(x.view(), &names(3), 1e-7).unwrap();
        assert_eq!((qr.kept(), qr.aliased()), (&[0, 2][..], &[1][..]));
    }

    #[test]
    fn an_exact_fit_is_found_and_leverages_sum_to_the_rank() {
        let x = array![[1.0, 1.0], [1.0, 2.0], [1.0, 4.0], [1.0, 7.0]];
        let y: Vec<f64> = x.column(1).iter().map(|v| 3.0 - 2.0 * v).collect();
        let qr = PivotedQr::new(x.view(), &names(2), 1e-7).unwrap();
        let beta = qr.solve_ls(&y).unwrap();
        assert!((beta[0] - 3.0).abs() < 1e-14 && (beta[1] + 2.0).abs() < 1e-14);
        assert!((qr.leverage().iter().sum::<f64>() - 2.0).abs() < 1e-14);
        let identity = qr.xtx_inverse().dot(&x.t().dot(&x));
        assert!((identity - Array2::<f64>::eye(2)).iter().all(|v| v.abs() < 1e-13));
    }

    #[test]
    fn tiny_units_do_not_alias() {
        let x = array![[1.0, 1e-12], [1.0, 2e-12], [1.0, 5e-12]];
        assert_eq!(PivotedQr::new(x.view(), &names(2), 1e-7).unwrap().rank(), 2);
    }
}
