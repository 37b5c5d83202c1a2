//! Generalised linear models by iteratively reweighted least squares (Nelder and Wedderburn 1972).
//!
//! Score U = Σ x_i a_i (Σy − nμ)_i μ′/V, expected information X′WX with W = a n μ′²/V (a: prior weight).
//! Steps δ = (X′WX)⁻¹U, halved while the deviance rises or a mean leaves its range; converged when
//! the decrement δ′U, a squared distance in standard errors, falls below 1e-26 of the deviance.
//! Columns that are combinations of earlier ones are left out and named.

use crate::design::{ModelMatrix, Rows};
use crate::error::{Error, Result};
use crate::num::linalg::{Gram, PivotedQr};
use crate::regression::family::{Family, Link};
use crate::regression::outcome::{Kind, Outcome};
use crate::regression::scores::Scores;
use crate::regression::separation;

/// Squared length outside the span of the earlier columns below which a column is aliased.
const ALIAS: f64 = 1e-11;
const MAX_ITER: usize = 100;
/// Entries of a dense design that a QR may take.
const DENSE: usize = 2_000_000;

/// A fitted model; matrices cover the kept columns.
#[derive(Debug, Clone)]
#[must_use]
pub struct Glm {
    /// Family.
    pub family: Family,
    /// Link.
    pub link: Link,
    /// Names of the kept columns.
    pub names: Vec<String>,
    /// Names of the columns left out.
    pub aliased: Vec<String>,
    /// Coefficients.
    pub beta: Vec<f64>,
    /// What covariances are made of.
    pub scores: Scores,
    /// Linear predictor with offset, per cell.
    pub eta: Vec<f64>,
    /// Mean, per cell (per trial).
    pub mu: Vec<f64>,
    /// Deviance.
    pub deviance: f64,
    /// Σ (y − μ)²/V.
    pub pearson: f64,
    /// Pearson over residual degrees of freedom; 1 where the family fixes it.
    pub dispersion: f64,
    /// Log likelihood.
    pub log_lik: f64,
    /// Observations.
    pub n_obs: f64,
    /// Residual degrees of freedom.
    pub df: f64,
    /// Steps made.
    pub n_iter: usize,
}

/// Options of a fit.
#[derive(Debug, Clone, Copy)]
pub struct Options<'a> {
    /// Family.
    pub family: Family,
    /// Link.
    pub link: Link,
    /// Estimate the dispersion (quasi-likelihood) even where the family fixes it.
    pub quasi: bool,
    /// Coefficients to start from (all columns of X).
    pub start: Option<&'a [f64]>,
    /// Name of the outcome, for errors.
    pub column: &'a str,
}

struct State {
    beta: Vec<f64>,
    eta: Vec<f64>,
    deviance: f64,
}

/// Fits X to the outcome.
///
/// # Errors
/// `Values` for outcomes outside the family; `TooFew` without residual degrees of freedom; `Separation`
/// naming columns and pattern; `NoConvergence`.
pub fn glm(x: &ModelMatrix, outcome: &Outcome, options: Options<'_>) -> Result<Glm> {
    outcome.check(options.family, options.column)?;
    let (mut state, x, aliased) = start(x, outcome, options)?;
    let (mut n_iter, mut last) = (0, f64::INFINITY);
    let noise = noise(outcome);
    loop {
        let (w, u) = weights(outcome, options, &state.eta);
        let gram = Gram::new(x.gram(&w, Rows::All)?.view(), 1e-14);
        if gram.kept().len() < x.n_columns() {
            separation::look(&x, outcome, options)?;
            let what = format!("the regression of \"{}\"", options.column);
            return Err(Error::NoConvergence { what, n_iter, last: f64::INFINITY, tolerance: 1e-26 });
        }
        let score = x.cross(&u, Rows::All)?;
        let step = gram.solve(&score);
        let decrement: f64 = step.iter().zip(&score).map(|(d, g)| d * g).sum();
        let tolerance = 1e-26 * (state.deviance.abs() + 1.0);
        // At the floor that rounding of the score sets, steps shrink no further.
        let stuck = decrement > 0.5 * last && decrement < 1e-16 * (state.deviance.abs() + 1.0);
        last = decrement;
        n_iter += 1;
        // Rounding of the score ends the descent too: no step can lower the deviance any more.
        let moved = advance(&x, outcome, options, &mut state, &step, noise);
        if stuck
            || decrement.abs() < tolerance
            || (!moved && decrement.abs() < 1e-9 * (state.deviance.abs() + 1.0))
        {
            return finish(x, outcome, options, state, aliased, n_iter);
        }
        if !moved || n_iter >= MAX_ITER {
            separation::look(&x, outcome, options)?;
            let what = format!("the regression of \"{}\"", options.column);
            return Err(Error::NoConvergence { what, n_iter, last: decrement, tolerance });
        }
        if n_iter == 12 {
            separation::look(&x, outcome, options)?;
        }
    }
}

/// What rounding leaves of a deviance of 0: cells that hold many rows each are fitted exactly by a saturated model, and
/// the deviance is then a difference of equal logarithms times the counts.
fn noise(outcome: &Outcome) -> f64 {
    let size = |i: usize| outcome.prior(i) * outcome.n[i].max(outcome.sum[i].abs());
    4.0 * f64::EPSILON * (0..outcome.len()).map(size).sum::<f64>()
}

/// Takes the step, halved until the deviance does not rise beyond `noise`; whether it moved.
fn advance(
    x: &ModelMatrix,
    outcome: &Outcome,
    options: Options<'_>,
    state: &mut State,
    step: &[f64],
    noise: f64,
) -> bool {
    let mut share = 1.0;
    for _ in 0..40 {
        let beta: Vec<f64> = state.beta.iter().zip(step).map(|(b, d)| b + share * d).collect();
        let eta = linear(x, outcome, &beta);
        let deviance = deviance(outcome, options, &eta);
        if deviance.is_some_and(|d| d <= state.deviance + 1e-11 * (state.deviance.abs() + 0.1) + noise) {
            *state = State { beta, eta, deviance: deviance.unwrap_or(state.deviance) };
            return true;
        }
        share /= 2.0;
    }
    false
}

/// The starting point and the design without its aliased columns.
fn start(
    x: &ModelMatrix,
    outcome: &Outcome,
    options: Options<'_>,
) -> Result<(State, ModelMatrix, Vec<String>)> {
    let bounded = options.family == Family::Binomial && matches!(options.link, Link::Log | Link::Identity);
    let mean = outcome.mean();
    let first = |i: usize| -> f64 {
        let y = outcome.sum[i] / outcome.n[i];
        match options.family {
            // A start inside the range: from the raw data a log link would begin above 1.
            Family::Binomial if bounded => mean,
            Family::Binomial => (outcome.sum[i] + 0.5) / (outcome.n[i] + 1.0),
            Family::Poisson => y + 0.1,
            Family::NegativeBinomial(_) => y + 1.0 / 6.0,
            Family::Gaussian | Family::Gamma => y,
        }
    };
    let points: Vec<f64> = (0..outcome.len()).map(|i| options.link.eta(first(i))).collect();
    let w: Vec<f64> = (0..outcome.len()).map(|i| weight(outcome, options, points[i], i)).collect();
    let raw =
        x.gram(&(0..outcome.len()).map(|i| outcome.prior(i) * outcome.n[i]).collect::<Vec<_>>(), Rows::All)?;
    let kept = kept_columns(x, outcome, &Gram::new(raw.view(), ALIAS))?;
    let aliased: Vec<String> =
        (0..x.n_columns()).filter(|j| !kept.contains(j)).map(|j| x.names()[j].clone()).collect();
    let x = if aliased.is_empty() { x.clone() } else { x.select(&kept) };
    let p = x.n_columns();
    let n_obs = outcome.n_obs();
    let estimated = options.quasi || !options.family.fixed_dispersion();
    // A saturated model of counts or shares is a model: only a dispersion needs degrees of freedom.
    if n_obs < p as f64 || (estimated && n_obs <= p as f64) {
        let (needed, got) = (p + 1, outcome.len().min(p));
        return Err(Error::TooFew { what: format!("a regression on {p} columns"), needed, got });
    }
    let beta = match options.start {
        Some(given) => kept.iter().map(|&j| given[j]).collect(),
        None => {
            let z = |i: usize| {
                let working = if bounded {
                    0.0
                } else {
                    (outcome.sum[i] / outcome.n[i] - first(i)) / options.link.mean(points[i]).1
                };
                w[i] * (points[i] + working - outcome.offset(i))
            };
            let right = x.cross(&(0..outcome.len()).map(z).collect::<Vec<_>>(), Rows::All)?;
            let gram = Gram::new(x.gram(&w, Rows::All)?.view(), 0.0);
            if gram.kept().len() < p { vec![0.0; p] } else { gram.solve(&right) }
        }
    };
    let eta = linear(&x, outcome, &beta);
    match deviance(outcome, options, &eta) {
        Some(deviance) => Ok((State { beta, eta, deviance }, x, aliased)),
        None => flat(x, outcome, options, aliased),
    }
}

/// A start at the overall mean, for when the data's own start leaves the range.
fn flat(
    x: ModelMatrix,
    outcome: &Outcome,
    options: Options<'_>,
    aliased: Vec<String>,
) -> Result<(State, ModelMatrix, Vec<String>)> {
    let level = options.link.eta(outcome.mean());
    let w: Vec<f64> = outcome.n.clone();
    let right: Vec<f64> = (0..outcome.len()).map(|i| w[i] * (level - outcome.offset(i))).collect();
    let beta = Gram::new(x.gram(&w, Rows::All)?.view(), 0.0).solve(&x.cross(&right, Rows::All)?);
    let eta = linear(&x, outcome, &beta);
    let deviance = deviance(outcome, options, &eta).ok_or_else(|| Error::Undefined {
        what: "a starting value".to_owned(),
        reason: "the means leave the range of the family with this link and offset; use the canonical link"
            .to_owned(),
    })?;
    Ok((State { beta, eta, deviance }, x, aliased))
}

/// Columns to keep: by the Gram matrix, and by a QR where squares leave doubt and the design is small.
fn kept_columns(x: &ModelMatrix, outcome: &Outcome, gram: &Gram) -> Result<Vec<usize>> {
    if gram.aliased().is_empty() || x.n_rows() * x.n_columns() > DENSE {
        return Ok(gram.kept().to_vec());
    }
    let mut dense = x.to_dense();
    for (i, mut row) in dense.rows_mut().into_iter().enumerate() {
        row *= (outcome.prior(i) * outcome.n[i]).sqrt();
    }
    Ok(PivotedQr::new(dense.view(), x.names(), 1e-9)?.kept().to_vec())
}

fn linear(x: &ModelMatrix, outcome: &Outcome, beta: &[f64]) -> Vec<f64> {
    let mut eta = outcome.offset.clone().unwrap_or_else(|| vec![0.0; outcome.len()]);
    x.add_linear(beta, &mut eta);
    eta
}

fn weight(outcome: &Outcome, options: Options<'_>, eta: f64, i: usize) -> f64 {
    let at = options.family.point(options.link, eta);
    outcome.prior(i) * outcome.n[i] * at.slope * at.factor
}

/// Working weights and score residuals of every cell.
fn weights(outcome: &Outcome, options: Options<'_>, eta: &[f64]) -> (Vec<f64>, Vec<f64>) {
    let (mut w, mut u) = (Vec::with_capacity(eta.len()), Vec::with_capacity(eta.len()));
    for (i, &e) in eta.iter().enumerate() {
        let at = options.family.point(options.link, e);
        let prior = outcome.prior(i);
        w.push(prior * outcome.n[i] * at.slope * at.factor);
        u.push(prior * (outcome.sum[i] - outcome.n[i] * at.mu) * at.factor);
    }
    (w, u)
}

/// Deviance (−2 log likelihood for 0/1 rows); `None` where a mean leaves its range.
fn deviance(outcome: &Outcome, options: Options<'_>, eta: &[f64]) -> Option<f64> {
    let mut total = 0.0;
    for (i, &e) in eta.iter().enumerate() {
        let (n, sum) = (outcome.n[i], outcome.sum[i]);
        if n == 0.0 {
            continue;
        }
        let (mu, _) = options.link.mean(e);
        let logit = options.link == Link::Logit;
        let unit = match outcome.kind {
            // ln(1 + e^η) − yη is exact where μ itself rounds to 0 or 1.
            Kind::Binary if logit && options.family == Family::Binomial => {
                2.0 * (n * (e.max(0.0) + (-e.abs()).exp().ln_1p()) - sum * e)
            }
            Kind::Moments => outcome.squares(i, mu),
            Kind::Binary => {
                if !options.family.allows(mu) {
                    return None;
                }
                sum * options.family.deviance(1.0, mu) + (n - sum) * options.family.deviance(0.0, mu)
            }
            Kind::Same | Kind::Trials => {
                if !options.family.allows(mu) && !logit {
                    return None;
                }
                n * options.family.deviance(
                    sum / n,
                    mu.clamp(f64::MIN_POSITIVE, if logit { 1.0 - 1e-16 } else { f64::MAX }),
                )
            }
        };
        total += outcome.prior(i) * unit;
    }
    total.is_finite().then_some(total)
}

fn finish(
    x: ModelMatrix,
    outcome: &Outcome,
    options: Options<'_>,
    state: State,
    aliased: Vec<String>,
    n_iter: usize,
) -> Result<Glm> {
    separation::confirm_finite(&x, outcome, options, &state.eta)?;
    let (w, u) = weights(outcome, options, &state.eta);
    let mu: Vec<f64> = state.eta.iter().map(|&e| options.link.mean(e).0).collect();
    let n_obs = outcome.n_obs();
    let df = n_obs - x.n_columns() as f64;
    let pearson: f64 = (0..mu.len())
        .map(|i| {
            let v = options.family.variance(mu[i]);
            let per = if outcome.kind == Kind::Trials { outcome.n[i] * v } else { v };
            outcome.prior(i) * outcome.squares(i, mu[i]) / per
        })
        .sum();
    let estimated = options.quasi || !options.family.fixed_dispersion();
    let dispersion = if estimated { pearson / df } else { 1.0 };
    let squares = (0..mu.len())
        .map(|i| {
            let factor = options.family.point(options.link, state.eta[i]).factor * outcome.prior(i);
            outcome.squares(i, mu[i]) * factor * factor
        })
        .collect();
    let names = x.names().to_vec();
    let log_lik = log_likelihood(outcome, options.family, &mu, state.deviance, n_obs);
    let rows = if outcome.kind == Kind::Trials { vec![1.0; mu.len()] } else { outcome.n.clone() };
    let scores = Scores::new(x, w, u, squares, rows, n_obs)?;
    Ok(Glm {
        family: options.family,
        link: options.link,
        names,
        aliased,
        beta: state.beta,
        scores,
        eta: state.eta,
        mu,
        deviance: state.deviance,
        pearson,
        dispersion,
        log_lik,
        n_obs,
        df,
        n_iter,
    })
}

/// Log likelihood; Gaussian and gamma at their own estimate of the dispersion (deviance over n).
fn log_likelihood(outcome: &Outcome, family: Family, mu: &[f64], deviance: f64, n: f64) -> f64 {
    use crate::num::special::ln_gamma;
    let phi = deviance / n;
    (0..outcome.len())
        .map(|i| {
            let (m, sum, mu) = (outcome.n[i], outcome.sum[i], mu[i]);
            let unit = match (outcome.kind, family) {
                (_, Family::Gaussian) => {
                    let spread = if outcome.prior(i) > 0.0 { m * outcome.prior(i).ln() / 2.0 } else { 0.0 };
                    return spread
                        - 0.5
                            * (m * (2.0 * std::f64::consts::PI * phi).ln()
                                + outcome.prior(i) * outcome.squares(i, mu) / phi);
                }
                (Kind::Trials, Family::Binomial) => {
                    ln_gamma(m + 1.0) - ln_gamma(sum + 1.0) - ln_gamma(m - sum + 1.0)
                        + m * family.ln_density(sum / m, mu, 1.0)
                }
                (Kind::Binary | Kind::Moments, _) => {
                    sum * family.ln_density(1.0, mu, phi) + (m - sum) * family.ln_density(0.0, mu, phi)
                }
                _ => m * family.ln_density(sum / m, mu, phi),
            };
            // A family without a density for weights: each row counts as often as its weight says.
            outcome.prior(i) * unit
        })
        .sum()
}
