//! Generalised linear models by iteratively reweighted least squares (Nelder and Wedderburn 1972).
//!
//! Score U = Σ x_i a_i (Σy − nμ)_i μ′/V, expected information X′WX with W = a n μ′²/V (a: prior weight).
//! Steps δ = (X′WX)⁻¹U, halved while the deviance rises or a mean leaves its range; converged when
//! the decrement δ′U, a squared distance in standard errors, falls below 1e-26 of the deviance.
//! Columns that are combinations of earlier ones are left out and named.

use crate::design::{ModelMatrix, Rows};
use crate::error::{Error, Result};
use crate::num::linalg::Gram;
use crate::regression::bounded;
use crate::regression::family::{Family, Link};
use crate::regression::log_likelihood::log_likelihood;
use crate::regression::outcome::{Kind, Outcome};
use crate::regression::passes;
use crate::regression::scores::Scores;
use crate::regression::separation;
use crate::regression::start::{flat, independent, start, whole};

const MAX_ITER: usize = 100;

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
    /// Cells whose mean is on the edge of its range: then no error of the coefficients is known.
    pub edge: Vec<usize>,
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

pub(super) struct State {
    pub beta: Vec<f64>,
    pub eta: Vec<f64>,
    pub deviance: f64,
}

/// Fits X to the outcome.
///
/// # Errors
/// `Values` for outcomes outside the family; `TooFew` without residual degrees of freedom; `Separation`
/// naming columns and pattern; `NoConvergence`.
pub fn glm(x: &ModelMatrix, outcome: &Outcome, options: Options<'_>) -> Result<Glm> {
    outcome.check(options.family, options.column)?;
    whole(outcome, options)?;
    match descend(x, outcome, options) {
        Err(Error::NoConvergence { .. } | Error::Undefined { .. }) if bounded::applies(options) => {
            within(x, outcome, options)
        }
        found => found,
    }
}

/// The maximum over the means in range: a barrier gets near it, and scoring ends it unless it is on the edge.
fn within(x: &ModelMatrix, outcome: &Outcome, options: Options<'_>) -> Result<Glm> {
    let (kept, aliased) = independent(x, outcome)?;
    let (state, x, aliased) = flat(x.select(&kept), outcome, options, aliased)?;
    let found = bounded::bounded(&x, outcome, options, &state.beta)?;
    if found.edge.is_empty() {
        let fit = descend(&x, outcome, Options { start: Some(&found.beta), ..options })?;
        return Ok(Glm { aliased, ..fit });
    }
    let eta = linear(&x, outcome, &found.beta);
    let deviance = deviance(outcome, options, &eta).unwrap_or(f64::NAN);
    let fit = finish(x, outcome, options, State { beta: found.beta, eta, deviance }, aliased, 1)?;
    Ok(Glm { edge: found.edge, ..fit })
}

fn descend(x: &ModelMatrix, outcome: &Outcome, options: Options<'_>) -> Result<Glm> {
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

pub(super) fn linear(x: &ModelMatrix, outcome: &Outcome, beta: &[f64]) -> Vec<f64> {
    let mut eta = outcome.offset.clone().unwrap_or_else(|| vec![0.0; outcome.len()]);
    x.add_linear(beta, &mut eta);
    eta
}

pub(super) fn weight(outcome: &Outcome, options: Options<'_>, eta: f64, i: usize) -> f64 {
    let at = options.family.point(options.link, eta);
    outcome.prior(i) * outcome.n[i] * at.slope * at.factor
}

/// The deviance of the model of an intercept alone (with the offset, if any). Without an offset its fitted mean is the
/// weighted mean, under every link.
///
/// # Errors
/// Those of a fit.
pub fn null_deviance(outcome: &Outcome, options: Options<'_>) -> Result<f64> {
    let eta = vec![options.link.eta(outcome.mean()); outcome.len()];
    match deviance(outcome, options, &eta) {
        Some(found) if outcome.offset.is_none() => Ok(found),
        _ => glm(&ModelMatrix::intercept(outcome.len()), outcome, options).map(|fit| fit.deviance),
    }
}

/// Working weights and score residuals of every cell.
fn weights(outcome: &Outcome, options: Options<'_>, eta: &[f64]) -> (Vec<f64>, Vec<f64>) {
    if let Some([_, w, u]) = passes::working(outcome, options.family, options.link, eta) {
        return (w, u);
    }
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
pub(super) fn deviance(outcome: &Outcome, options: Options<'_>, eta: &[f64]) -> Option<f64> {
    if let Some(found) = passes::deviance(outcome, options.family, options.link, eta) {
        return found.is_finite().then_some(found);
    }
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
            Kind::Same | Kind::Trials | Kind::Sums => {
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
    let [mu, w, u] =
        passes::working(outcome, options.family, options.link, &state.eta).unwrap_or_else(|| {
            let (w, u) = weights(outcome, options, &state.eta);
            [state.eta.iter().map(|&e| options.link.mean(e).0).collect(), w, u]
        });
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
            let factor = options.family.factor(options.link, state.eta[i]) * outcome.prior(i);
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
        edge: Vec::new(),
    })
}
