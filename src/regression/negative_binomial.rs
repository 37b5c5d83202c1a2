//! Negative binomial regression (NB2): log μ = x′β + offset, var y = μ + μ²/θ, θ by maximum likelihood jointly with β.
//!
//! β by iteratively reweighted least squares at fixed θ, θ by Newton on
//! ∂l/∂θ = Σ [Σ_{k<y} 1/(θ+k) + ln θ + 1 − ln(θ+μ) − (y+θ)/(μ+θ)], in turn until neither moves (Lawless 1987;
//! Venables and Ripley 2002, §7.4). Errors: expected information at the estimated θ, or the inverse of the
//! observed information of all parameters.

use ndarray::{Array2, s};

use crate::design::{ModelMatrix, Rows};
use crate::error::{Error, Result};
use crate::num::linalg::Gram;
use crate::regression::family::{Family, Link};
use crate::regression::glm::{Glm, Options, glm};
use crate::regression::outcome::Outcome;

/// Beyond this θ the distribution is Poisson to every digit that data could show.
const POISSON: f64 = 1e7;

/// A fitted model.
#[derive(Debug, Clone)]
#[must_use]
pub struct NegativeBinomial {
    /// The regression at the estimated θ.
    pub fit: Glm,
    /// θ; the variance is μ + μ²/θ.
    pub theta: f64,
    /// Standard error of θ from the observed information of all parameters.
    pub theta_error: f64,
    /// Covariance of β from the observed information of all parameters.
    pub observed: Array2<f64>,
}

/// Fits X to counts (cells that share their outcome).
///
/// # Errors
/// Those of [`glm`]; `Undefined` when the counts vary no more than Poisson counts do.
pub fn negative_binomial(x: &ModelMatrix, outcome: &Outcome, column: &str) -> Result<NegativeBinomial> {
    let options = |family| Options { family, link: Link::Log, quasi: false, start: None, column };
    outcome.check(Family::NegativeBinomial(1.0), column)?;
    let mut fit = glm(x, outcome, options(Family::Poisson))?;
    let mut theta = start(outcome, &fit);
    for n_iter in 1..=200 {
        let before = theta;
        theta = newton(outcome, &fit.mu, theta)?;
        if theta > POISSON {
            let reason =
                "the counts vary no more than Poisson counts do: theta is unbounded; use family=\"poisson\"";
            return Err(Error::Undefined { what: "theta".to_owned(), reason: reason.to_owned() });
        }
        let full = fit.aliased.is_empty().then_some(fit.beta.clone());
        fit =
            glm(x, outcome, Options { start: full.as_deref(), ..options(Family::NegativeBinomial(theta)) })?;
        if ((theta - before) / theta).abs() < 1e-12 {
            let (observed, theta_error) = observed(outcome, &fit, theta)?;
            return Ok(NegativeBinomial { fit, theta, theta_error, observed });
        }
        if n_iter == 200 {
            let last = ((theta - before) / theta).abs();
            return Err(Error::NoConvergence { what: "theta".to_owned(), n_iter, last, tolerance: 1e-12 });
        }
    }
    Err(Error::Internal { message: "the loop over theta ended without an answer".to_owned() })
}

/// Moment estimate: n / Σ (y/μ − 1)².
fn start(outcome: &Outcome, fit: &Glm) -> f64 {
    let (mut n, mut total) = (0.0, 0.0);
    for i in 0..outcome.len() {
        let y = outcome.sum[i] / outcome.n[i];
        n += outcome.n[i];
        total += outcome.n[i] * (y / fit.mu[i] - 1.0).powi(2);
    }
    (n / total).clamp(1e-3, 1e4)
}

/// First and second derivative of the log likelihood in θ.
fn derivatives(outcome: &Outcome, mu: &[f64], theta: f64) -> (f64, f64) {
    let (mut first, mut second) = (0.0, 0.0);
    for i in 0..outcome.len() {
        let (n, mu) = (outcome.prior(i) * outcome.n[i], mu[i]);
        let y = outcome.sum[i] / outcome.n[i];
        let (mut harmonic, mut squares, mut k) = (0.0, 0.0, 0.0);
        while k < y {
            harmonic += 1.0 / (theta + k);
            squares += 1.0 / ((theta + k) * (theta + k));
            k += 1.0;
        }
        first += n * (harmonic + 1.0 - ((theta + mu) / theta).ln() - (y + theta) / (mu + theta));
        second +=
            n * (1.0 / theta - squares - 2.0 / (mu + theta) + (y + theta) / ((mu + theta) * (mu + theta)));
    }
    (first, second)
}

/// Newton in ln θ, which keeps θ positive; steps of at most e².
fn newton(outcome: &Outcome, mu: &[f64], from: f64) -> Result<f64> {
    let mut theta = from;
    for n_iter in 1..=100 {
        let (first, second) = derivatives(outcome, mu, theta);
        let curve = theta * theta * second + theta * first;
        // Where the likelihood is not concave in ln θ, climb by the sign of its slope.
        let step = if curve < 0.0 { -theta * first / curve } else { first.signum() };
        theta *= step.clamp(-2.0, 2.0).exp();
        if step.abs() < 1e-13 || theta > POISSON {
            return Ok(theta);
        }
        if n_iter == 100 {
            return Err(Error::NoConvergence {
                what: "theta".to_owned(),
                n_iter,
                last: step,
                tolerance: 1e-13,
            });
        }
    }
    Ok(theta)
}

/// Inverse observed information: its β block, and the standard error of θ.
fn observed(outcome: &Outcome, fit: &Glm, theta: f64) -> Result<(Array2<f64>, f64)> {
    let m = outcome.len();
    let (mut w, mut cross) = (Vec::with_capacity(m), Vec::with_capacity(m));
    for i in 0..m {
        let (mu, n, sum, a) = (fit.mu[i], outcome.n[i], outcome.sum[i], outcome.prior(i));
        let room = (theta + mu) * (theta + mu);
        w.push(a * mu * theta * (n * theta + sum) / room);
        cross.push(-a * (sum - n * mu) * mu / room);
    }
    let p = fit.beta.len();
    let mut information = Array2::zeros((p + 1, p + 1));
    information.slice_mut(s![..p, ..p]).assign(&fit.scores.x.gram(&w, Rows::All)?);
    for (j, v) in fit.scores.x.cross(&cross, Rows::All)?.into_iter().enumerate() {
        information[[j, p]] = v;
        information[[p, j]] = v;
    }
    information[[p, p]] = -derivatives(outcome, &fit.mu, theta).1;
    let gram = Gram::new(information.view(), 1e-14);
    if gram.kept().len() <= p {
        let reason = "it is not positive definite at the estimate".to_owned();
        return Err(Error::Undefined { what: "the observed information".to_owned(), reason });
    }
    let inverse = gram.inverse();
    Ok((inverse.slice(s![..p, ..p]).to_owned(), inverse[[p, p]].sqrt()))
}
