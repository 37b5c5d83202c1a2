//! Least squares on transformed columns: β̂ = (X′X)⁻¹X′y with everything later covariances need.
//!
//! The normal equations of unit-length columns are factored and β̂ refined with the residuals (corrected seminormal
//! equations, Björck 1987), one sweep a step, which reaches the accuracy of a QR for the designs that pass; a design
//! whose columns are closer to collinear than [`CLOSE`] goes through the rank-revealing QR, which names what is aliased.

use ndarray::{Array2, ArrayView1, ArrayView2};

use crate::error::{Error, Result};
use crate::num::linalg::{Cholesky, PivotedQr};
use crate::parallel::{CHUNK, map_chunks};

/// A column whose part outside the span of those before it is below this share of its length (squared) is taken
/// through the QR.
const CLOSE: f64 = 1e-5;

/// A refinement that moves fitted values by less than this share of the outcome's length is not made.
const SETTLED: f64 = 1e-14;

/// As R's `lm`: below this share a column is aliased.
const ALIAS_TOLERANCE: f64 = 1e-7;

/// A design: n rows of p regressors followed by the outcome, already transformed and scaled by √w.
#[derive(Debug, Clone)]
pub struct Design {
    /// Row by row, p + 1 values each.
    pub z: Vec<f64>,
    /// Regressors.
    pub p: usize,
    /// Names of the regressors.
    pub names: Vec<String>,
    /// Z′Z, where it is known already.
    pub products: Option<Array2<f64>>,
}

impl Design {
    /// Rows.
    pub fn n(&self) -> usize {
        self.z.len() / (self.p + 1)
    }

    /// The rows, p + 1 values each.
    pub fn rows(&self) -> std::slice::ChunksExact<'_, f64> {
        self.z.chunks_exact(self.p + 1)
    }

    /// Row `i`.
    pub fn row(&self, i: usize) -> &[f64] {
        &self.z[i * (self.p + 1)..(i + 1) * (self.p + 1)]
    }

    /// Z′Z of regressors and outcome ((p + 1)², lower triangle).
    pub(super) fn gram(&self) -> Result<Array2<f64>> {
        let k = self.p + 1;
        let parts = map_chunks(self.n(), CHUNK, |range| {
            let rows = &self.z[range.start * k..range.end * k];
            // loops of known length stay in registers
            Ok(match k {
                2 => products::<2>(rows),
                3 => products::<3>(rows),
                4 => products::<4>(rows),
                5 => products::<5>(rows),
                6 => products::<6>(rows),
                7 => products::<7>(rows),
                8 => products::<8>(rows),
                _ => any_products(rows, k),
            })
        })?;
        let mut total = Array2::zeros((k, k));
        for part in parts {
            for (sum, v) in total.iter_mut().zip(part) {
                *sum += v;
            }
        }
        Ok(total)
    }
}

fn products<const K: usize>(rows: &[f64]) -> Vec<f64> {
    let mut g = [[0.0; K]; K];
    for row in rows.as_chunks::<K>().0 {
        for a in 0..K {
            for b in 0..K {
                g[a][b] += row[a] * row[b];
            }
        }
    }
    g.into_iter().flatten().collect()
}

fn any_products(rows: &[f64], k: usize) -> Vec<f64> {
    let mut g = vec![0.0; k * k];
    for row in rows.chunks_exact(k) {
        for (a, &left) in row.iter().enumerate() {
            for (sum, right) in g[a * k..].iter_mut().zip(&row[..=a]) {
                *sum += left * right;
            }
        }
    }
    g
}

/// A solved design.
#[derive(Debug, Clone)]
pub struct Solved {
    /// Coefficients (p).
    pub beta: Vec<f64>,
    /// R (p × p) with R·R′ = (X′X)⁻¹.
    pub root: Array2<f64>,
    /// Residuals of the transformed rows (n).
    pub residuals: Vec<f64>,
    /// Σ e².
    pub rss: f64,
    /// Σ y² of the transformed outcome.
    pub yy: f64,
}

impl Solved {
    /// (X′X)⁻¹.
    pub fn bread(&self) -> Array2<f64> {
        self.root.dot(&self.root.t())
    }
}

/// Solves a design of full column rank.
///
/// # Errors
/// `TooFew` rows; `Aliased` naming the columns.
pub fn solve(design: &Design) -> Result<Solved> {
    let (n, p) = (design.n(), design.p);
    if n < p {
        return Err(Error::TooFew { what: format!("a regression on {p} columns"), needed: p, got: n });
    }
    let gram = match &design.products {
        Some(known) => known.clone(),
        None => design.gram()?,
    };
    let yy = gram[[p, p]];
    let (mut beta, root) = match normal(&gram, p) {
        Some(found) => found,
        None => orthogonal(design)?,
    };
    let length: Vec<f64> = (0..p).map(|j| gram[[j, j]].sqrt()).collect();
    let (mut residuals, mut score) = residual(design, &beta)?;
    for _ in 0..3 {
        let half = root.t().dot(&ArrayView1::from(&score));
        let change = root.dot(&half);
        if (0..p).all(|j| change[j].abs() * length[j] <= SETTLED * yy.sqrt()) {
            break;
        }
        for (b, c) in beta.iter_mut().zip(&change) {
            *b += c;
        }
        (residuals, score) = residual(design, &beta)?;
    }
    let rss = residuals.iter().map(|e| e * e).sum();
    Ok(Solved { beta, root, residuals, rss, yy })
}

/// e = y − Xβ, and X′e.
fn residual(design: &Design, beta: &[f64]) -> Result<(Vec<f64>, Vec<f64>)> {
    let (k, p) = (design.p + 1, design.p);
    let parts = map_chunks(design.n(), CHUNK, |range| {
        let mut score = vec![0.0; p];
        let mut piece = Vec::with_capacity(range.len());
        for row in design.z[range.start * k..range.end * k].chunks_exact(k) {
            let e = row[p] - row.iter().zip(beta).map(|(x, b)| x * b).sum::<f64>();
            for (s, x) in score.iter_mut().zip(row) {
                *s += x * e;
            }
            piece.push(e);
        }
        Ok((piece, score))
    })?;
    let mut residuals = Vec::with_capacity(design.n());
    let mut score = vec![0.0; p];
    for (piece, part) in parts {
        residuals.extend(piece);
        for (s, v) in score.iter_mut().zip(part) {
            *s += v;
        }
    }
    Ok((residuals, score))
}

/// β̂ and R from the normal equations; `None` when they are too close to singular.
fn normal(gram: &Array2<f64>, p: usize) -> Option<(Vec<f64>, Array2<f64>)> {
    let scale: Vec<f64> = (0..p).map(|j| 1.0 / gram[[j, j]].sqrt()).collect();
    if scale.iter().any(|s| !s.is_finite()) {
        return None;
    }
    let mut l = Array2::<f64>::zeros((p, p));
    for i in 0..p {
        for j in 0..=i {
            let inner: f64 = (0..j).map(|c| l[[i, c]] * l[[j, c]]).sum();
            let value = gram[[i, j]] * scale[i] * scale[j] - inner;
            if i == j {
                if value < CLOSE {
                    return None;
                }
                l[[i, i]] = value.sqrt();
            } else {
                l[[i, j]] = value / l[[j, j]];
            }
        }
    }
    let root = root_of(&l, &scale);
    let score: Vec<f64> = (0..p).map(|j| gram[[p, j]]).collect();
    let beta = root.dot(&root.t().dot(&ndarray::Array1::from(score)));
    Some((beta.to_vec(), root))
}

/// R = diag(scale)·L⁻ᵀ: upper triangular, R·R′ = (X′X)⁻¹ where L·L′ is the scaled X′X.
fn root_of(l: &Array2<f64>, scale: &[f64]) -> Array2<f64> {
    let p = scale.len();
    let mut inverse = Array2::<f64>::zeros((p, p));
    for j in 0..p {
        for i in j..p {
            let unit = f64::from(u8::from(i == j));
            let inner: f64 = (j..i).map(|c| l[[i, c]] * inverse[[c, j]]).sum();
            inverse[[i, j]] = (unit - inner) / l[[i, i]];
        }
    }
    Array2::from_shape_fn((p, p), |(i, j)| scale[i] * inverse[[j, i]])
}

/// The same through the QR.
fn orthogonal(design: &Design) -> Result<(Vec<f64>, Array2<f64>)> {
    let (n, p) = (design.n(), design.p);
    let all = ArrayView2::from_shape((n, p + 1), &design.z)
        .map_err(|e| Error::Internal { message: e.to_string() })?;
    let x = all.slice(ndarray::s![.., ..p]);
    let y: Vec<f64> = all.column(p).to_vec();
    let qr = PivotedQr::new(x, &design.names, ALIAS_TOLERANCE)?;
    if !qr.aliased().is_empty() {
        let columns = qr.aliased().iter().map(|&j| design.names[j].clone()).collect();
        return Err(Error::Aliased { columns });
    }
    let inverse = qr.xtx_inverse();
    Ok((qr.solve_ls(&y)?, lower_root(&inverse, &design.names)?))
}

/// Lower triangular R with R·R′ = the positive definite `a`, factored at unit diagonal.
fn lower_root(a: &Array2<f64>, names: &[String]) -> Result<Array2<f64>> {
    let p = a.nrows();
    let scale: Vec<f64> = a.diag().iter().map(|d| d.sqrt()).collect();
    let unit = Array2::from_shape_fn((p, p), |(i, j)| a[[i, j]] / (scale[i] * scale[j]));
    Cholesky::new(unit.view(), names)?;
    let mut l = Array2::<f64>::zeros((p, p));
    for i in 0..p {
        for j in 0..=i {
            let inner: f64 = (0..j).map(|c| l[[i, c]] * l[[j, c]]).sum();
            let value = unit[[i, j]] - inner;
            l[[i, j]] = if i == j { value.max(0.0).sqrt() } else { value / l[[j, j]] };
        }
    }
    for (mut row, s) in l.rows_mut().into_iter().zip(&scale) {
        row *= *s;
    }
    Ok(l)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn design(offset: f64) -> Design {
        let z = (0..50).flat_map(|i| {
            let x = f64::from(i).sin() + offset;
            [1.0, x, 2.0 - 3.0 * x + f64::from(i % 3)]
        });
        Design { z: z.collect(), p: 2, names: vec!["a".to_owned(), "b".to_owned()], products: None }
    }

    #[test]
    fn both_routes_agree() {
        let near = solve(&design(0.0)).unwrap();
        let far = solve(&design(1e5)).unwrap();
        assert!(normal(&design(1e5).gram().unwrap(), 2).is_none());
        assert!((near.beta[1] - far.beta[1]).abs() < 1e-9 && (near.rss - far.rss).abs() < 1e-9 * near.rss);
        let (a, b) = (near.bread()[[1, 1]], far.bread()[[1, 1]]);
        assert!((a - b).abs() < 1e-8 * a, "{a} {b}");
    }

    #[test]
    fn collinear_columns_are_named() {
        let z = (0..9).flat_map(|i| [1.0, 2.0, f64::from(i)]).collect();
        let design = Design { z, p: 2, names: vec!["a".to_owned(), "b".to_owned()], products: None };
        assert_eq!(solve(&design).unwrap_err(), Error::Aliased { columns: vec!["b".to_owned()] });
    }
}
