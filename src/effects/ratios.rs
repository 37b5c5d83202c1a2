//! Log ratios of every pattern of exposures to none, on either scale, from the designs of the patterns.
//!
//! Standardised: ln R_p − ln R_∅ with R the mean risk (see [`super::standardise`]). Of the model: the mean difference of
//! linear predictors, Σ a_i n_i (x_i(p) − x_i(∅))′β / Σ a_i n_i: a log odds ratio of a logistic model.

use ndarray::Array1;

use crate::design::{ModelMatrix, Rows};
use crate::effects::standardise::{Estimate, risk};
use crate::error::Result;
use crate::regression::glm::Glm;
use crate::regression::outcome::Outcome;

/// ln RR of each design against the first, with gradients.
///
/// # Errors
/// Those of the thread pool.
pub fn log_ratios(
    designs: &[ModelMatrix],
    fit: &Glm,
    outcome: &Outcome,
    standardised: bool,
) -> Result<Vec<Estimate>> {
    if standardised {
        let risks: Vec<Estimate> = designs.iter().map(|x| risk(x, fit, outcome)).collect::<Result<_>>()?;
        let log = |r: &Estimate| Estimate {
            value: (r.value / risks[0].value).ln(),
            gradient: &r.gradient / r.value - &risks[0].gradient / risks[0].value,
        };
        return Ok(risks.iter().map(log).collect());
    }
    let n: Vec<f64> = (0..outcome.len()).map(|i| outcome.prior(i) * outcome.n[i]).collect();
    let total: f64 = n.iter().sum();
    let sums: Vec<Vec<f64>> = designs.iter().map(|x| x.cross(&n, Rows::All)).collect::<Result<_>>()?;
    let of = |s: &Vec<f64>| {
        let gradient: Array1<f64> = s.iter().zip(&sums[0]).map(|(a, b)| (a - b) / total).collect();
        let value = gradient.iter().zip(&fit.beta).map(|(g, b)| g * b).sum();
        Estimate { value, gradient }
    };
    Ok(sums.iter().map(of).collect())
}
