//! Marginal standardisation (G-computation; Greenland 2004; Muller and MacLehose 2014).
//!
//! R_s = Σ a_i n_i μ(x_i(s)′β + o_i) / Σ a_i n_i: the mean risk had every row the exposures of scenario s and kept its
//! other covariates. Its gradient Σ a_i n_i μ′ x_i(s) / Σ a_i n_i gives errors by the delta method, covariates held
//! fixed, under whatever covariance the coefficients have.

use ndarray::Array1;

use crate::design::{ModelMatrix, Rows};
use crate::error::{Error, Result};
use crate::regression::glm::Glm;
use crate::regression::inference::{Inference, Wald};
use crate::regression::outcome::Outcome;

/// A quantity and its gradient in the coefficients.
#[derive(Debug, Clone)]
#[must_use]
pub struct Estimate {
    /// Value.
    pub value: f64,
    /// d value / dβ.
    pub gradient: Array1<f64>,
}

/// Mean risk under the design `x` of a scenario (same columns as the fit).
///
/// # Errors
/// Those of the thread pool.
pub fn risk(x: &ModelMatrix, fit: &Glm, outcome: &Outcome) -> Result<Estimate> {
    let mut eta = outcome.offset.clone().unwrap_or_else(|| vec![0.0; outcome.len()]);
    x.add_linear(&fit.beta, &mut eta);
    let (mut total, mut sum) = (0.0, 0.0);
    let mut slopes = Vec::with_capacity(eta.len());
    for (i, &e) in eta.iter().enumerate() {
        let a = outcome.prior(i) * outcome.n[i];
        let (mu, slope) = fit.link.mean(e);
        total += a;
        sum += a * mu;
        slopes.push(a * slope);
    }
    let gradient = Array1::from(x.cross(&slopes, Rows::All)?) / total;
    Ok(Estimate { value: sum / total, gradient })
}

/// Risk of a scenario with its interval on the scale of the log odds (inside 0 and 1), and against a reference:
/// risk ratio and odds ratio on the log scale, risk difference as it is.
#[derive(Debug, Clone, Copy)]
#[must_use]
pub struct Contrast {
    /// R.
    pub risk: Wald,
    /// R/R₀.
    pub ratio: Wald,
    /// Odds of R over odds of R₀.
    pub odds: Wald,
    /// R − R₀.
    pub difference: Wald,
}

/// A scenario against the reference.
///
/// # Errors
/// `Undefined` when a risk is not inside (0, 1), so that ratios of odds do not exist.
pub fn contrast(
    of: &Estimate,
    reference: &Estimate,
    inference: &Inference,
    conf_level: f64,
) -> Result<Contrast> {
    for r in [of.value, reference.value] {
        if r <= 0.0 || r.is_nan() || r >= 1.0 {
            let what = "a ratio of standardised risks".to_owned();
            return Err(Error::Undefined {
                what,
                reason: format!("a standardised mean is {r}, outside (0, 1)"),
            });
        }
    }
    let (r, r0) = (of.value, reference.value);
    let logit = |v: f64| (v / (1.0 - v)).ln();
    let per_logit = |e: &Estimate| &e.gradient / (e.value * (1.0 - e.value));
    let own = inference.wald(logit(r), per_logit(of).view(), conf_level);
    let back = |e: f64| 1.0 / (1.0 + (-e).exp());
    let risk = Wald {
        estimate: r,
        std_error: inference.std_error(of.gradient.view()),
        low: back(own.low),
        high: back(own.high),
        ..own
    };
    let log_ratio = &of.gradient / r - &reference.gradient / r0;
    let odds = per_logit(of) - per_logit(reference);
    let difference = &of.gradient - &reference.gradient;
    Ok(Contrast {
        risk,
        ratio: exponent(inference.wald((r / r0).ln(), log_ratio.view(), conf_level)),
        odds: exponent(inference.wald(logit(r) - logit(r0), odds.view(), conf_level)),
        difference: inference.wald(r - r0, difference.view(), conf_level),
    })
}

/// A test on the log scale with estimate and limits on the natural one; the error stays that of the logarithm.
pub fn exponent(w: Wald) -> Wald {
    Wald { estimate: w.estimate.exp(), low: w.low.exp(), high: w.high.exp(), ..w }
}
