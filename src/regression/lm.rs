//! Least squares: y = Xβ + e, on rows or on cells (n, Σy, Σy²).
//!
//! β̂ = argmin Σ w_i (y_i − x_i′β)². Small designs go through a rank-revealing QR of √W·X with two steps of
//! refinement, and through a QR in twice the precision where columns are nearly combinations of others (NIST's
//! Filip, condition 10¹⁵, keeps thirteen digits); large ones through the normal equations by blocks. Columns that are combinations of those before them are aliased: named, and left out, as in R.
//! Weights: analytic (variance σ²/w, in `Outcome::prior`), frequency (n of the cell). The log likelihood is the
//! Gaussian ML one; AIC and BIC count σ as a parameter.

use ndarray::Array2;

use crate::design::{ModelMatrix, Rows};
use crate::error::{Error, Result};
use crate::num::dist;
use crate::num::extended::Extended;
use crate::num::linalg::{ExtendedQr, Gram, PivotedQr};
use crate::regression::family::{Family, Link};
use crate::regression::glm::Glm;
use crate::regression::outcome::Outcome;
use crate::regression::scores::Scores;

/// Columns whose part outside the span of the earlier ones is below this share of their length are aliased.
const ALIAS: f64 = 1e-11;
/// Entries of a design that is fitted by QR.
const DENSE: usize = 2_000_000;
/// Share of a column outside the span of the earlier ones below which working precision loses digits that matter.
const CLOSE: f64 = 1e-2;
/// n·p² up to which a QR in twice the precision takes less than about a second.
const EXTENDED: usize = 20_000_000;

/// A linear model: the fit, and what only least squares has.
#[derive(Debug, Clone)]
#[must_use]
pub struct LeastSquares {
    /// Coefficients, residual scores, likelihood.
    pub fit: Glm,
    /// Residual standard deviation.
    pub sigma: f64,
    /// Share of variation about the mean explained (about 0 without an intercept).
    pub r_squared: f64,
    /// The same, adjusted for the number of columns.
    pub adj_r_squared: f64,
    /// Overall F, its degrees of freedom and p (classical); `None` without slopes.
    pub f: Option<(f64, f64, f64, f64)>,
}

/// Fits X to the outcome; `column` names the outcome in errors.
///
/// # Errors
/// `Values` for outcomes that are not finite; `TooFew` without residual degrees of freedom.
pub fn lm(x: &ModelMatrix, outcome: &Outcome, column: &str) -> Result<LeastSquares> {
    outcome.check(Family::Gaussian, column)?;
    let w: Vec<f64> = (0..outcome.len()).map(|i| outcome.prior(i) * outcome.n[i]).collect();
    let solved =
        if x.n_rows() * x.n_columns() <= DENSE { by_qr(x, outcome, &w)? } else { by_gram(x, outcome, &w)? };
    let aliased = (0..x.n_columns()).filter(|j| !solved.kept.contains(j));
    let aliased: Vec<String> = aliased.map(|j| x.names()[j].clone()).collect();
    let x = if aliased.is_empty() { x.clone() } else { x.select(&solved.kept) };
    Ok(assemble(x, outcome, w, solved, aliased))
}

struct Solved {
    kept: Vec<usize>,
    beta: Vec<f64>,
    root: Array2<f64>,
    /// Xβ̂ and Q, where they were found in twice the precision.
    extended: Option<(Vec<f64>, Array2<f64>)>,
}

/// Mean outcome of cell i, less its offset.
fn target(outcome: &Outcome, i: usize) -> f64 {
    if outcome.n[i] > 0.0 { outcome.sum[i] / outcome.n[i] - outcome.offset(i) } else { 0.0 }
}

fn by_qr(x: &ModelMatrix, outcome: &Outcome, w: &[f64]) -> Result<Solved> {
    let mut dense = x.to_dense();
    for (mut row, w) in dense.rows_mut().into_iter().zip(w) {
        row *= w.sqrt();
    }
    let qr = PivotedQr::new(dense.view(), x.names(), ALIAS)?;
    enough(outcome, qr.rank())?;
    if qr.least() < CLOSE && x.n_rows() * qr.rank() * qr.rank() <= EXTENDED {
        return Ok(by_extended_qr(x, outcome, w, qr.kept()));
    }
    let y: Vec<f64> = w.iter().enumerate().map(|(i, w)| w.sqrt() * target(outcome, i)).collect();
    Ok(Solved { kept: qr.kept().to_vec(), beta: qr.solve_ls(&y)?, root: qr.inverse_root(), extended: None })
}

fn by_extended_qr(x: &ModelMatrix, outcome: &Outcome, w: &[f64], kept: &[usize]) -> Solved {
    let columns: Vec<Vec<Extended>> = kept.iter().map(|&j| x.extended_column(j)).collect();
    let half: Vec<Extended> = w.iter().map(|&w| Extended::from(w).sqrt()).collect();
    let weighted = |v: &[Extended]| v.iter().zip(&half).map(|(v, h)| *v * *h).collect::<Vec<_>>();
    let qr = ExtendedQr::new(columns.iter().map(|c| weighted(c)).collect());
    let y: Vec<Extended> = (0..w.len()).map(|i| Extended::from(target(outcome, i))).collect();
    let beta = qr.solve(weighted(&y));
    let mean = |i: usize| {
        let sum = columns.iter().zip(&beta).fold(Extended::default(), |s, (c, b)| s + c[i] * *b);
        (sum + Extended::from(outcome.offset(i))).value()
    };
    let mu = (0..w.len()).map(mean).collect();
    Solved {
        kept: kept.to_vec(),
        beta: beta.iter().map(|b| b.value()).collect(),
        root: qr.inverse_root(),
        extended: Some((mu, qr.basis())),
    }
}

fn by_gram(x: &ModelMatrix, outcome: &Outcome, w: &[f64]) -> Result<Solved> {
    let gram = Gram::new(x.gram(w, Rows::All)?.view(), 1e-11);
    enough(outcome, gram.kept().len())?;
    let kept = gram.kept().to_vec();
    let mut beta = vec![0.0; kept.len()];
    let mut rest: Vec<f64> = (0..outcome.len()).map(|i| target(outcome, i)).collect();
    // The second pass solves for what rounding left of the residual's cross products.
    for _ in 0..2 {
        let right: Vec<f64> = rest.iter().zip(w).map(|(r, w)| r * w).collect();
        let cross = x.cross(&right, Rows::All)?;
        let step = gram.solve(&kept.iter().map(|&j| cross[j]).collect::<Vec<_>>());
        let mut full = vec![0.0; x.n_columns()];
        kept.iter().zip(&step).for_each(|(&j, d)| full[j] = -d);
        x.add_linear(&full, &mut rest);
        beta.iter_mut().zip(&step).for_each(|(b, d)| *b += d);
    }
    Ok(Solved { kept, beta, root: gram.inverse_root(), extended: None })
}

fn enough(outcome: &Outcome, p: usize) -> Result<()> {
    let n = outcome.n_obs();
    if n > p as f64 {
        return Ok(());
    }
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // a count of rows
    let got = n as usize;
    Err(Error::TooFew { what: format!("a regression on {p} columns"), needed: p + 1, got })
}

fn assemble(
    x: ModelMatrix,
    outcome: &Outcome,
    w: Vec<f64>,
    solved: Solved,
    aliased: Vec<String>,
) -> LeastSquares {
    let m = outcome.len();
    let (mu, basis) = match solved.extended {
        Some((mu, basis)) => (mu, Some(basis)),
        None => (fitted(&x, outcome, &solved.beta), None),
    };
    let u: Vec<f64> = (0..m).map(|i| outcome.prior(i) * (outcome.sum[i] - outcome.n[i] * mu[i])).collect();
    let within: Vec<f64> = (0..m).map(|i| outcome.squares(i, mu[i])).collect();
    let rss: f64 = (0..m).map(|i| outcome.prior(i) * within[i]).sum();
    let squares = (0..m).map(|i| outcome.prior(i).powi(2) * within[i]).collect();
    let (n_obs, p) = (outcome.n_obs(), x.n_columns() as f64);
    let df = n_obs - p;
    let has_intercept = x.names().iter().any(|n| n == "(intercept)");
    let total = total_ss(outcome, has_intercept);
    let slopes = p - f64::from(u8::from(has_intercept));
    let sigma2 = rss / df;
    let r_squared = if total > 0.0 { 1.0 - rss / total } else { 0.0 };
    let f = (slopes > 0.0 && rss > 0.0).then(|| {
        let f = (total - rss) / slopes / sigma2;
        (f, slopes, df, dist::f::sf(f, slopes, df))
    });
    let names = x.names().to_vec();
    let scores = Scores {
        x,
        root: solved.root,
        w,
        u,
        squares,
        rows: outcome.n.clone(),
        n_obs,
        identity: outcome.prior.clone(),
        basis,
    };
    let fit = Glm {
        family: Family::Gaussian,
        link: Link::Identity,
        names,
        aliased,
        beta: solved.beta,
        scores,
        eta: mu.clone(),
        mu,
        deviance: rss,
        pearson: rss,
        dispersion: sigma2,
        log_lik: log_likelihood(rss, n_obs, outcome),
        n_obs,
        df,
        n_iter: 1,
        edge: Vec::new(),
    };
    let adj_r_squared = 1.0 - (1.0 - r_squared) * (df + slopes) / df;
    LeastSquares { fit, sigma: sigma2.sqrt(), r_squared, adj_r_squared, f }
}

fn fitted(x: &ModelMatrix, outcome: &Outcome, beta: &[f64]) -> Vec<f64> {
    let mut mu = outcome.offset.clone().unwrap_or_else(|| vec![0.0; outcome.len()]);
    x.add_linear(beta, &mut mu);
    mu
}

/// Σ w (y − ȳ)² with an intercept, Σ w y² without.
fn total_ss(outcome: &Outcome, has_intercept: bool) -> f64 {
    let centre = if has_intercept { outcome.mean() } else { 0.0 };
    (0..outcome.len()).map(|i| outcome.prior(i) * outcome.squares(i, centre)).sum()
}

/// −n/2·(ln 2π + ln(rss/n) + 1) + ½ Σ ln w over rows with a positive analytic weight.
fn log_likelihood(rss: f64, n: f64, outcome: &Outcome) -> f64 {
    let precision: f64 = outcome
        .prior
        .as_ref()
        .map_or(0.0, |w| w.iter().zip(&outcome.n).filter(|(w, _)| **w > 0.0).map(|(w, n)| n * w.ln()).sum());
    -n / 2.0 * ((2.0 * std::f64::consts::PI).ln() + (rss / n).ln() + 1.0) + precision / 2.0
}
