//! Baseline-category logit of an unordered outcome with K levels.
//!
//! ln(π_k/π_r) = x′β_k for the K − 1 levels k other than the reference r; l = Σ w ln π_y. U_k = Σ
//! w(1[y = k] − π_k)x; A_kl = Σ w π_k(1[k = l] − π_l)xx′ (expected and observed information are the
//! same). Full Newton on all (K − 1)p coefficients; covariance A⁻¹ (Agresti 2013, ch. 8).
//! Coefficients are grouped by level: all of the first level's, then the second's.
//!
//! Weights are frequencies: a row stands for w identical ones.

use ndarray::{Array1, Array2, ArrayView2, Axis};

use crate::design::Weights;
use crate::error::{Error, Result};
use crate::regression::ascent::{Model, Point};
use crate::regression::category::{frequencies, totals};
use crate::regression::rank::{full_rank, spans};
use crate::regression::sandwich::Contributions;

/// A fitted model.
#[derive(Debug, Clone)]
#[must_use]
pub struct Multinomial {
    /// Columns.
    pub names: Vec<String>,
    /// The K − 1 levels with coefficients, in the outcome's order.
    pub levels: Vec<String>,
    /// The reference level.
    pub reference: String,
    /// Coefficients, a row per level of `levels` (K − 1 × p).
    pub beta: Array2<f64>,
    /// Inverse information, level by level ((K − 1)p square).
    pub vcov: Array2<f64>,
    /// l at the maximum.
    pub log_lik: f64,
    /// Σ w.
    pub n_obs: f64,
    /// Fitted probabilities, a column per level of the outcome (n × K).
    pub fitted: Array2<f64>,
    /// Newton steps.
    pub n_iter: usize,
    rows: Rows,
}

/// The rows in use.
#[derive(Debug, Clone)]
struct Rows {
    /// Their places in the table.
    place: Vec<usize>,
    x: Array2<f64>,
    /// The equation of each row's level; none for the reference.
    equation: Vec<Option<usize>>,
    w: Vec<f64>,
}

/// Fits `codes` (n, numbers of `levels`) on `x` (n × p, intercept included if wanted).
///
/// # Errors
/// `Length`, `Values` for stray codes, `InvalidOption` for a reference that is no level or weights
/// that are no frequencies, `Undefined` for a level nobody has, `Aliased`, `Separation`,
/// `NoConvergence`.
pub fn multinomial(
    codes: &[u32],
    levels: &[String],
    x: ArrayView2<'_, f64>,
    names: &[String],
    weights: Weights<'_>,
    reference: usize,
) -> Result<Multinomial> {
    frequencies(codes, levels, x.nrows(), weights)?;
    if reference >= levels.len() {
        return Err(Error::option("reference", "a level of the outcome", reference));
    }
    let used: Vec<usize> = (0..codes.len()).filter(|&i| weights.at(i) > 0.0).collect();
    let rows = x.select(Axis(0), &used);
    full_rank(rows.view(), names)?;
    let others: Vec<usize> = (0..levels.len()).filter(|k| *k != reference).collect();
    let labels: Vec<String> =
        others.iter().flat_map(|&k| names.iter().map(move |n| format!("{}:{n}", levels[k]))).collect();
    let spans = spans(rows.view()).repeat(others.len());
    let model = Model { what: "multinomial regression", names: &labels, spans: &spans };
    let equation: Vec<Option<usize>> =
        used.iter().map(|&i| others.iter().position(|k| *k == codes[i] as usize)).collect();
    let w: Vec<f64> = used.iter().map(|&i| weights.at(i)).collect();
    let best = model.maximise(vec![0.0; labels.len()], |theta| {
        let point = at(theta, &rows, &equation, &w);
        point.log_lik.is_finite().then_some(point)
    })?;
    let beta = Array2::from_shape_vec((others.len(), names.len()), best.theta)
        .map_err(|e| Error::Internal { message: e.to_string() })?;
    Ok(Multinomial {
        names: names.to_vec(),
        levels: others.iter().map(|&k| levels[k].clone()).collect(),
        reference: levels[reference].clone(),
        fitted: predict(x, &beta, reference),
        beta,
        vcov: best.vcov,
        log_lik: best.point.log_lik,
        n_obs: totals(codes, levels.len(), weights).iter().sum(),
        n_iter: best.n_iter,
        rows: Rows { place: used, x: rows, equation, w },
    })
}

/// π of the equations' levels, with the reference's π last; and ln Σ exp η.
fn shares(eta: &mut [f64]) -> f64 {
    let largest = eta.iter().fold(0.0_f64, |a, e| a.max(*e));
    let sum: f64 = eta.iter().map(|e| (e - largest).exp()).sum::<f64>() + (-largest).exp();
    let ln_sum = largest + sum.ln();
    for e in eta.iter_mut() {
        *e = (*e - ln_sum).exp();
    }
    ln_sum
}

fn at(theta: &[f64], x: &Array2<f64>, equation: &[Option<usize>], w: &[f64]) -> Point {
    let p = x.ncols();
    let q = theta.len();
    let k = q / p;
    let mut point = Point::zero(q);
    let mut pi = vec![0.0; k];
    for (i, row) in x.outer_iter().enumerate() {
        for (a, eta) in pi.iter_mut().enumerate() {
            *eta = row.iter().zip(&theta[a * p..]).map(|(x, b)| x * b).sum();
        }
        let own = equation[i].map_or(0.0, |a| pi[a]);
        point.log_lik += w[i] * (own - shares(&mut pi));
        for a in 0..k {
            let e = w[i] * (f64::from(u8::from(equation[i] == Some(a))) - pi[a]);
            for b in 0..=a {
                let v = w[i] * pi[a] * (f64::from(u8::from(a == b)) - pi[b]);
                for j in 0..p {
                    let vx = v * row[j];
                    let out = &mut point.information[(a * p + j) * q + b * p..][..p];
                    for (o, x) in out.iter_mut().zip(row.iter()) {
                        *o += vx * x;
                    }
                }
            }
            for j in 0..p {
                point.score[a * p + j] += e * row[j];
            }
        }
    }
    point.mirror();
    point
}

/// Probabilities (n × K).
fn predict(x: ArrayView2<'_, f64>, beta: &Array2<f64>, reference: usize) -> Array2<f64> {
    let k = beta.nrows() + 1;
    let mut out = Array2::zeros((x.nrows(), k));
    for (row, mut to) in x.outer_iter().zip(out.outer_iter_mut()) {
        let mut pi: Vec<f64> = beta.outer_iter().map(|b| row.dot(&b)).collect();
        let ln_sum = shares(&mut pi);
        pi.insert(reference, (-ln_sum).exp());
        to.assign(&Array1::from(pi));
    }
    out
}

impl Contributions for Multinomial {
    /// s = (1[y = k] − π_k)x for every k.
    fn visit(&self, take: &mut dyn FnMut(usize, f64, &[f64])) {
        let p = self.names.len();
        let mut score = vec![0.0; self.beta.len()];
        for (i, row) in self.rows.x.outer_iter().enumerate() {
            let mut pi: Vec<f64> = self.beta.outer_iter().map(|b| row.dot(&b)).collect();
            shares(&mut pi);
            for (k, part) in score.chunks_exact_mut(p).enumerate() {
                let e = f64::from(u8::from(self.rows.equation[i] == Some(k))) - pi[k];
                part.iter_mut().zip(row).for_each(|(s, x)| *s = e * x);
            }
            take(self.rows.place[i], self.rows.w[i], &score);
        }
    }
}

impl Multinomial {
    /// Standard errors, shaped as the coefficients.
    pub fn std_errors(&self) -> Array2<f64> {
        let p = self.names.len();
        Array2::from_shape_fn(self.beta.dim(), |(k, j)| self.vcov[[k * p + j, k * p + j]].sqrt())
    }
}
