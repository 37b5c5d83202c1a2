//! QR in twice the working precision, for designs so ill-conditioned that a QR in working precision loses digits the
//! data have (powers of a year; NIST's Filip, condition 10¹⁵).
//!
//! Modified Gram-Schmidt, the response orthogonalised as a last column (Björck 1967): X = QR, z = Q′y, β̂ = R⁻¹z.
//! Every column is projected twice: once leaves it orthogonal to condition times 10⁻³² only, which powers of degree
//! nine of a year feel; twice is enough (Giraud, Langou, Rozložník and van den Eshof 2005). Columns must be
//! independent: [`super::PivotedQr`] says which are.

use ndarray::Array2;

use crate::num::extended::Extended;

/// The factors of an n × p design, p columns of n values.
#[derive(Debug, Clone)]
pub struct ExtendedQr {
    q: Vec<Vec<Extended>>,
    /// Row-packed upper triangle: `r[j][i]` for i ≤ j.
    r: Vec<Vec<Extended>>,
}

impl ExtendedQr {
    /// Factors columns of full rank.
    pub fn new(columns: Vec<Vec<Extended>>) -> Self {
        let (mut q, mut r): (Vec<Vec<Extended>>, Vec<Vec<Extended>>) = (Vec::new(), Vec::new());
        for mut column in columns {
            let mut above = project(&q, &mut column);
            let again = project(&q, &mut column);
            above.iter_mut().zip(again).for_each(|(a, b)| *a = *a + b);
            let length = dot(&column, &column).sqrt();
            column.iter_mut().for_each(|v| *v = *v / length);
            above.push(length);
            r.push(above);
            q.push(column);
        }
        Self { q, r }
    }

    /// Least-squares coefficients for the response `y`.
    pub fn solve(&self, mut y: Vec<Extended>) -> Vec<Extended> {
        let z = project(&self.q, &mut y);
        self.back_substitute(z)
    }

    fn back_substitute(&self, mut b: Vec<Extended>) -> Vec<Extended> {
        for j in (0..b.len()).rev() {
            b[j] = b[j] / self.r[j][j];
            let (head, tail) = b.split_at_mut(j);
            for (v, r) in head.iter_mut().zip(&self.r[j]) {
                *v = *v - *r * tail[0];
            }
        }
        b
    }

    /// R⁻¹, whose product with its transpose is (X′X)⁻¹.
    pub fn inverse_root(&self) -> Array2<f64> {
        let p = self.r.len();
        let mut out = Array2::zeros((p, p));
        for j in 0..p {
            let mut unit = vec![Extended::default(); p];
            unit[j] = Extended::from(1.0);
            for (i, v) in self.back_substitute(unit).into_iter().enumerate() {
                out[[i, j]] = v.value();
            }
        }
        out
    }

    /// Q (n × p).
    pub fn basis(&self) -> Array2<f64> {
        let n = self.q.first().map_or(0, Vec::len);
        Array2::from_shape_fn((n, self.q.len()), |(i, j)| self.q[j][i].value())
    }
}

/// Takes from `y` its part along each column of `q`, in turn; the lengths of the parts.
fn project(q: &[Vec<Extended>], y: &mut [Extended]) -> Vec<Extended> {
    q.iter()
        .map(|q| {
            let z = dot(q, y);
            y.iter_mut().zip(q).for_each(|(y, q)| *y = *y - z * *q);
            z
        })
        .collect()
}

/// Σ a·b.
pub fn dot(a: &[Extended], b: &[Extended]) -> Extended {
    a.iter().zip(b).fold(Extended::default(), |sum, (a, b)| sum + *a * *b)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_polynomial_of_degree_nine_is_recovered() {
        let x: Vec<f64> = (0..40).map(|i| 2000.0 + f64::from(i)).collect();
        let columns: Vec<Vec<Extended>> =
            (0..=9).map(|k| x.iter().map(|&v| Extended::power(v / 2000.0, k)).collect()).collect();
        let y = (0..40).map(|i| columns[9][i] - columns[4][i] * Extended::from(2.0)).collect();
        let qr = ExtendedQr::new(columns);
        let beta = qr.solve(y);
        for (k, want) in [0.0, 0.0, 0.0, 0.0, -2.0, 0.0, 0.0, 0.0, 0.0, 1.0].iter().enumerate() {
            assert!((beta[k].value() - want).abs() < 1e-3, "{k}: {:?}", beta[k]);
        }
        let identity = qr.basis().t().dot(&qr.basis());
        assert!((identity - Array2::<f64>::eye(10)).iter().all(|v| v.abs() < 1e-12));
    }
}
