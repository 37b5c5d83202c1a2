//! Normal equations A·b = c with A = X′WX: Cholesky in the order of the columns, which names the
//! columns that are linear combinations of those before them.
//!
//! Columns are scaled to unit diagonal first, so the tolerance does not depend on units: a column whose
//! part outside the span of the earlier ones has a squared length below `tolerance` of its own is
//! aliased. Squares lose half of the digits that a QR keeps: for ill-conditioned small designs use
//! [`super::PivotedQr`].

use ndarray::{Array2, ArrayView2};

/// The factor of a p × p Gram matrix over its kept columns.
#[derive(Debug, Clone)]
pub struct Gram {
    /// Row-packed lower triangle over the kept columns, of the scaled matrix.
    factor: Vec<Vec<f64>>,
    scale: Vec<f64>,
    kept: Vec<usize>,
    aliased: Vec<usize>,
    least: f64,
}

impl Gram {
    /// Factors `a` (p × p, both triangles filled).
    pub fn new(a: ArrayView2<'_, f64>, tolerance: f64) -> Self {
        let p = a.nrows();
        let mut out = Self {
            factor: Vec::with_capacity(p),
            scale: Vec::new(),
            kept: vec![],
            aliased: vec![],
            least: 1.0,
        };
        for j in 0..p {
            let length = a[[j, j]];
            if length.is_nan() || length <= 0.0 || !length.is_finite() {
                out.aliased.push(j);
                continue;
            }
            let own = length.sqrt().recip();
            let mut row: Vec<f64> = Vec::with_capacity(out.kept.len() + 1);
            for (i, &k) in out.kept.iter().enumerate() {
                let done: f64 = row.iter().zip(&out.factor[i]).map(|(x, y)| x * y).sum();
                row.push((a[[j, k]] * own * out.scale[i] - done) / out.factor[i][i]);
            }
            let rest = 1.0 - row.iter().map(|v| v * v).sum::<f64>();
            if rest < tolerance {
                out.aliased.push(j);
                continue;
            }
            out.least = out.least.min(rest);
            row.push(rest.sqrt());
            out.factor.push(row);
            out.scale.push(own);
            out.kept.push(j);
        }
        out
    }

    /// Kept columns, ascending.
    pub fn kept(&self) -> &[usize] {
        &self.kept
    }

    /// Columns that are linear combinations of earlier ones, ascending.
    pub fn aliased(&self) -> &[usize] {
        &self.aliased
    }

    /// Least share of a kept column's squared length that lies outside the span of the earlier ones.
    pub fn least(&self) -> f64 {
        self.least
    }

    /// ln det of the kept part.
    pub fn ln_det(&self) -> f64 {
        self.factor.iter().zip(&self.scale).map(|(row, s)| 2.0 * (row[row.len() - 1] / s).ln()).sum()
    }

    /// b over the kept columns with A·b = c; `c` holds the kept entries.
    pub fn solve(&self, c: &[f64]) -> Vec<f64> {
        let k = self.kept.len();
        let mut b: Vec<f64> = c.iter().zip(&self.scale).map(|(v, s)| v * s).collect();
        for i in 0..k {
            let done: f64 = self.factor[i][..i].iter().zip(&b[..i]).map(|(l, v)| l * v).sum();
            b[i] = (b[i] - done) / self.factor[i][i];
        }
        for i in (0..k).rev() {
            b[i] /= self.factor[i][i];
            let (head, tail) = b.split_at_mut(i);
            for (v, l) in head.iter_mut().zip(&self.factor[i]) {
                *v -= l * tail[0];
            }
        }
        for (v, s) in b.iter_mut().zip(&self.scale) {
            *v *= s;
        }
        b
    }

    /// R = D·L⁻ᵀ (k × k) with R·R′ = A⁻¹ over the kept columns.
    pub fn inverse_root(&self) -> Array2<f64> {
        let k = self.kept.len();
        // Column j of L⁻¹ by forward substitution; R is its transpose, scaled.
        let mut root = Array2::zeros((k, k));
        for j in 0..k {
            let mut column = vec![0.0; k];
            column[j] = 1.0 / self.factor[j][j];
            for i in j + 1..k {
                let done: f64 = (j..i).map(|m| self.factor[i][m] * column[m]).sum();
                column[i] = -done / self.factor[i][i];
            }
            for i in j..k {
                root[[j, i]] = column[i] * self.scale[j];
            }
        }
        root
    }

    /// A⁻¹ over the kept columns.
    pub fn inverse(&self) -> Array2<f64> {
        let root = self.inverse_root();
        root.dot(&root.t())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn solves_inverts_and_names_the_collinear_column() {
        let x =
            array![[1.0, 2.0, 0.0, 3.0], [1.0, 2.0, 1.0, -1.0], [1.0, 2.0, 3.0, 0.5], [1.0, 2.0, 0.1, 2.0]];
        let a = x.t().dot(&x);
        let gram = Gram::new(a.view(), 1e-11);
        assert_eq!((gram.kept(), gram.aliased()), (&[0, 2, 3][..], &[1][..]));
        let kept = a.select(ndarray::Axis(0), gram.kept()).select(ndarray::Axis(1), gram.kept());
        let identity = gram.inverse().dot(&kept);
        assert!((identity - Array2::<f64>::eye(3)).iter().all(|v| v.abs() < 1e-12));
        let b = gram.solve(&[1.0, 2.0, 3.0]);
        let back = kept.dot(&ndarray::Array1::from(b));
        assert!((back - array![1.0, 2.0, 3.0]).iter().all(|v| v.abs() < 1e-12));
    }
}
