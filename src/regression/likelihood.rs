//! Likelihood-ratio and score tests, and intervals from the profile likelihood (Venzon and Moolgavkar 1988).
//!
//! The profile of β_j is the deviance of the model in which β_j is held at b and all else is fitted; its
//! limits are the b at which it exceeds the minimum by the χ²₁ quantile (times the dispersion).

use crate::design::{ModelMatrix, Rows};
use crate::error::{Error, Result};
use crate::num::dist::{chi2, f};
use crate::num::linalg::Gram;
use crate::num::root::brent;
use crate::regression::glm::{Glm, Options, glm};
use crate::regression::outcome::Outcome;

/// A test: statistic, degrees of freedom, p.
pub type Test = (f64, f64, f64);

/// Likelihood-ratio test of a model within another, fitted to the same rows.
///
/// # Errors
/// `Undefined` when the models use different rows or the larger has no more columns.
pub fn likelihood_ratio(small: &Glm, large: &Glm) -> Result<Test> {
    let df = small.df - large.df;
    if small.n_obs != large.n_obs || df <= 0.0 {
        let reason = "the models must use the same rows, and one must have more columns".to_owned();
        return Err(Error::Undefined { what: "a likelihood-ratio test".to_owned(), reason });
    }
    let statistic = (small.deviance - large.deviance) / large.dispersion;
    Ok((statistic, df, chi2::sf(statistic, df)))
}

/// Rao's score test of the columns of `x` beyond those of the fitted model `small`.
///
/// # Errors
/// As [`likelihood_ratio`].
pub fn score_test(small: &Glm, x: &ModelMatrix) -> Result<Test> {
    let gram = Gram::new(x.gram(&small.scores.w, Rows::All)?.view(), 1e-11);
    let df = gram.kept().len() as f64 - small.beta.len() as f64;
    if df <= 0.0 {
        let reason = "the larger model has no columns of its own".to_owned();
        return Err(Error::Undefined { what: "a score test".to_owned(), reason });
    }
    let all = x.cross(&small.scores.u, Rows::All)?;
    let u: Vec<f64> = gram.kept().iter().map(|&j| all[j]).collect();
    let statistic = gram.solve(&u).iter().zip(&u).map(|(a, b)| a * b).sum::<f64>() / small.dispersion;
    Ok((statistic, df, chi2::sf(statistic, df)))
}

/// Profile-likelihood limits of coefficient j; `None` where the profile never rises enough.
///
/// # Errors
/// Those of the fits.
pub fn profile(
    fit: &Glm,
    outcome: &Outcome,
    options: Options<'_>,
    j: usize,
    conf_level: f64,
) -> Result<(Option<f64>, Option<f64>)> {
    let rise = if options.quasi || !fit.family.fixed_dispersion() {
        f::isf(1.0 - conf_level, 1.0, fit.df) * fit.dispersion
    } else {
        chi2::isf(1.0 - conf_level, 1.0)
    };
    let x = &fit.scores.x;
    let column = x.column(j);
    let others: Vec<usize> = (0..x.n_columns()).filter(|&k| k != j).collect();
    let rest = x.select(&others);
    let step = fit.scores.root.row(j).dot(&fit.scores.root.row(j)).sqrt() * rise.sqrt();
    let start: Vec<f64> = others.iter().map(|&k| fit.beta[k]).collect();
    let excess = |b: f64| -> Result<f64> {
        let offset = (0..outcome.len()).map(|i| outcome.offset(i) + b * column[i]).collect();
        let held = Outcome { offset: Some(offset), ..outcome.clone() };
        let at = if others.is_empty() {
            deviance_alone(&held, options)
        } else {
            glm(&rest, &held, Options { start: Some(&start), ..options })?.deviance
        };
        Ok(at - fit.deviance - rise)
    };
    let side = |sign: f64| -> Result<Option<f64>> {
        let mut reach = step;
        for _ in 0..30 {
            let far = fit.beta[j] + sign * reach;
            if excess(far)? > 0.0 {
                let near = fit.beta[j];
                // A fit that fails between two that worked would be a defect: it shows as no root.
                return brent(|b| excess(b).unwrap_or(f64::NAN), near, far, 1e-12).map(Some);
            }
            reach *= 1.6;
        }
        Ok(None)
    };
    Ok((side(-1.0)?, side(1.0)?))
}

/// Deviance of the offset alone, for a model of one column.
fn deviance_alone(outcome: &Outcome, options: Options<'_>) -> f64 {
    (0..outcome.len())
        .map(|i| {
            let (mu, _) = options.link.mean(outcome.offset(i));
            let (n, s) = (outcome.n[i], outcome.sum[i]);
            outcome.prior(i) * n * options.family.deviance(s / n, mu)
        })
        .sum()
}
