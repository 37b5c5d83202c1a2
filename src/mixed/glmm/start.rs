//! Where the search begins: the generalised linear model without random effects.
//!
//! It also finds what would have no finite estimate with random effects either: columns in the span of others, and
//! patterns of covariates that predict the outcome without error.

use crate::design::ModelMatrix;
use crate::error::{Error, Result};
use crate::mixed::glmm::density::Density;
use crate::mixed::glmm::fit::{Glmm, glmm};
use crate::mixed::glmm::model::Model;
use crate::mixed::glmm::search::Start;
use crate::mixed::term::RandomTerm;
use crate::parallel::Control;
use crate::regression::family::Family;
use crate::regression::glm::{Glm, Options, glm};
use crate::regression::outcome::{Kind, Outcome};

/// β and φ of the model without random effects.
///
/// # Errors
/// Those of [`glm`]; `Aliased` naming columns in the span of others.
pub fn start(x: &ModelMatrix, outcome: &Outcome, density: Density, column: &str) -> Result<Start> {
    let family = match density {
        Density::Binomial(_) | Density::BetaBinomial => Family::Binomial,
        Density::Poisson | Density::NegativeBinomial => Family::Poisson,
    };
    let options = Options { family, link: density.link(), quasi: false, start: None, column };
    let plain = glm(x, outcome, options)?;
    if !plain.aliased.is_empty() {
        return Err(Error::Aliased { columns: plain.aliased });
    }
    let phi = dispersion(&plain, outcome, density);
    Ok(Start { beta: plain.beta, phi, theta: None })
}

/// Half of the overdispersion by the method of moments is left to the random effects.
fn dispersion(plain: &Glm, outcome: &Outcome, density: Density) -> f64 {
    let cells = 0..outcome.len();
    match density {
        Density::NegativeBinomial => {
            let excess: f64 = cells
                .map(|i| outcome.n[i] * (outcome.sum[i] / outcome.n[i] / plain.mu[i] - 1.0).powi(2))
                .sum();
            (2.0 * outcome.n.iter().sum::<f64>() / excess).clamp(0.1, 100.0)
        }
        Density::BetaBinomial => {
            let mean_trials = outcome.n.iter().sum::<f64>() / outcome.len() as f64;
            let ratio = plain.pearson / plain.df.max(1.0);
            (2.0 * (mean_trials - 1.0) / (ratio - 1.0).max(0.05)).clamp(0.5, 200.0)
        }
        Density::Binomial(_) | Density::Poisson => 1.0,
    }
}

/// What is asked of a fit.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// Family and link.
    pub density: Density,
    /// Name of the outcome, for errors.
    pub column: &'a str,
    /// Nodes per random effect; 1 is Laplace.
    pub nodes: usize,
    /// θ in the units of the data, for a warm start.
    pub warm: Option<&'a [f64]>,
}

/// Arranges, starts and fits.
///
/// # Errors
/// Those of [`start`], [`Model::new`] and [`glmm`]; `InvalidOption` for a beta-binomial outcome without trials.
pub fn fit(
    terms: Vec<RandomTerm>,
    x: &ModelMatrix,
    outcome: &Outcome,
    asked: Asked<'_>,
    control: &Control,
) -> Result<(Model, Glmm)> {
    let Asked { density, column, nodes, warm } = asked;
    let outcome = &told_apart(outcome, density);
    check(outcome, density, column)?;
    let mut from = start(x, outcome, density, column)?;
    from.theta = warm.map(<[f64]>::to_vec);
    let model = Model::new(terms, x.clone(), outcome, density, column)?;
    let fitted = glmm(&model, &from, nodes, control)?;
    Ok((model, fitted))
}

/// Cells of 0/1 rows are such whatever they came as: Σy² = Σy.
fn told_apart(outcome: &Outcome, density: Density) -> Outcome {
    let mut out = outcome.clone();
    let zero_one = out.sum.iter().zip(&out.sum2).all(|(s, s2)| s == s2);
    if out.kind == Kind::Same && zero_one && density != Density::NegativeBinomial {
        out.kind = Kind::Binary;
    }
    out
}

/// Outcomes that the family cannot have, beyond those of the plain regression.
fn check(outcome: &Outcome, density: Density, column: &str) -> Result<()> {
    let rows = outcome.kind == Kind::Binary;
    if density == Density::BetaBinomial && outcome.kind != Kind::Trials {
        return Err(Error::option(
            "family",
            "trials with \"beta-binomial\": a 0/1 row has no dispersion",
            "rows",
        ));
    }
    if density == Density::NegativeBinomial && rows {
        let expected = "counts with \"negative-binomial\": a 0/1 outcome has no dispersion";
        return Err(Error::option("family", expected, "0/1 rows"));
    }
    if matches!(density, Density::Binomial(_)) && outcome.kind == Kind::Same {
        let bad = (0..outcome.len()).filter(|&i| outcome.sum[i] != 0.0 && outcome.sum[i] != outcome.n[i]);
        if let Some(i) = bad.clone().next() {
            let expected = "0 and 1 (or successes with trials=…)";
            return Err(Error::values(column, bad, expected, outcome.sum[i] / outcome.n[i]));
        }
    }
    let fraction = |i: &usize| outcome.sum[*i].fract() != 0.0;
    if let Some(i) = (0..outcome.len()).find(fraction) {
        return Err(Error::values(
            column,
            (0..outcome.len()).filter(fraction),
            "whole counts",
            outcome.sum[i],
        ));
    }
    Ok(())
}
