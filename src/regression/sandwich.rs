//! Robust covariances of likelihoods with several linear predictors, from the scores of the rows.
//!
//! θ̂ solves Σ_i w_i s_i(θ) = 0 with A = −∂Σ w s; V = A⁻¹BA⁻¹ (Huber 1967; White 1982):
//! * HC0: B = Σ w_i s_i s_i′, a row of weight w being w independent rows; HC1 times n/(n − q), n = Σw;
//! * CR0: B = Σ_g S_g S_g′, S_g = Σ_{i in g} w_i s_i (Liang and Zeger 1986); CR1 times G/(G − 1); CR1S times
//!   G(n − 1)/((G − 1)(n − q)) (Stata).
//!
//! HC statistics are referred to the normal, CR ones to t with G − 1 degrees of freedom. The leverage corrections
//! (HC2 to HC5, CR2, CR3) are those of one linear predictor and have no agreed form here.

use ndarray::Array2;

use crate::error::{Error, Result};
use crate::regression::inference::Inference;

/// Which covariance.
#[derive(Debug, Clone, Copy)]
pub enum Sandwich<'a> {
    /// A⁻¹.
    Classical,
    /// By rows.
    Hc0,
    /// By rows, n/(n − q).
    Hc1,
    /// By clusters: a code below the number for every row of the table.
    Clusters(Small, &'a [u32], usize),
}

/// The factor of a clustered covariance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Small {
    /// 1.
    Cr0,
    /// G/(G − 1).
    Cr1,
    /// G(n − 1)/((G − 1)(n − q)).
    Cr1s,
}

/// Rows, each with its place in the table, its weight and the score of one copy of it (q).
pub trait Contributions {
    /// Calls `take` for every row with a weight above 0.
    fn visit(&self, take: &mut dyn FnMut(usize, f64, &[f64]));
}

/// The covariance of θ̂ and its reference, from A⁻¹ (q × q).
///
/// # Errors
/// `TooFew` with fewer than two clusters, or no more rows than parameters under HC1 and CR1S; `Length`.
pub fn sandwich(bread: &Array2<f64>, rows: &dyn Contributions, kind: Sandwich<'_>) -> Result<Inference> {
    let q = bread.nrows();
    let mut n = 0.0;
    let mut meat = vec![0.0; q * q];
    match kind {
        Sandwich::Classical => Ok(Inference::normal(bread.clone())),
        Sandwich::Hc0 | Sandwich::Hc1 => {
            rows.visit(&mut |_, w, s| {
                n += w;
                add_outer(&mut meat, s, w);
            });
            let factor = if matches!(kind, Sandwich::Hc1) { n / spare(n, q)? } else { 1.0 };
            Ok(Inference::normal(around(bread, meat, factor)?))
        }
        Sandwich::Clusters(small, codes, n_codes) => {
            let mut sums = vec![0.0; n_codes * q];
            let mut filled = vec![false; n_codes];
            let mut outside = false;
            rows.visit(&mut |i, w, s| {
                n += w;
                let Some(g) = codes.get(i).map(|c| *c as usize).filter(|g| *g < n_codes) else {
                    outside = true;
                    return;
                };
                filled[g] = true;
                sums[g * q..].iter_mut().zip(s).for_each(|(t, v)| *t += w * v);
            });
            if outside {
                return Err(Error::Length {
                    what: "clusters".to_owned(),
                    expected: n_codes,
                    got: codes.len(),
                });
            }
            let got = filled.iter().filter(|f| **f).count();
            if got < 2 {
                let what = "a cluster-robust covariance (clusters, not rows, are counted)".to_owned();
                return Err(Error::TooFew { what, needed: 2, got });
            }
            sums.chunks_exact(q).for_each(|s| add_outer(&mut meat, s, 1.0));
            let g = got as f64;
            let factor = match small {
                Small::Cr0 => 1.0,
                Small::Cr1 => g / (g - 1.0),
                Small::Cr1s => g / (g - 1.0) * (n - 1.0) / spare(n, q)?,
            };
            Ok(Inference::clusters(around(bread, meat, factor)?, got))
        }
    }
}

/// n − q, refused below 1.
fn spare(n: f64, q: usize) -> Result<f64> {
    let left = n - q as f64;
    if left >= 1.0 {
        return Ok(left);
    }
    let what = "a covariance with a correction for the number of parameters".to_owned();
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // a small count
    Err(Error::TooFew { what, needed: q + 1, got: n as usize })
}

fn add_outer(meat: &mut [f64], s: &[f64], w: f64) {
    for (row, a) in meat.chunks_exact_mut(s.len()).zip(s) {
        row.iter_mut().zip(s).for_each(|(o, b)| *o += w * a * b);
    }
}

fn around(bread: &Array2<f64>, meat: Vec<f64>, factor: f64) -> Result<Array2<f64>> {
    let meat =
        Array2::from_shape_vec(bread.dim(), meat).map_err(|e| Error::Internal { message: e.to_string() })?;
    Ok(bread.dot(&meat).dot(bread) * factor)
}
