//! Cluster bootstrap of functions of a fitted model (pairs by cluster: Cameron, Gelbach and Miller 2008, sec. II;
//! Efron 1987 for BCa).
//!
//! A replicate draws G of the G clusters with replacement, each with all its rows: the rows keep their place and get
//! the number of times their cluster was drawn as weight. The model is fitted anew from β̂, and the quantities t* are
//! computed on the replicate's own rows. Limits are BCa with the acceleration of the leave-one-cluster-out values.
//! Replicates whose model cannot be fitted (a pattern that lost its events) are left out and counted; a quantity that
//! fewer than nine in ten replicates have gets no limits.

use crate::design::{Groups, ModelMatrix};
use crate::error::{Error, Result};
use crate::parallel::{Control, map_indexed};
use crate::regression::glm::{Glm, Options, glm};
use crate::regression::outcome::Outcome;
use crate::resample::interval::{Kind, bias_and_error, interval};
use crate::resample::jackknife::jackknife;
use crate::resample::plan::Plan;

/// The model that is fitted anew, and its clusters.
#[derive(Debug, Clone, Copy)]
pub struct Refit<'a> {
    /// Design, without aliased columns.
    pub x: &'a ModelMatrix,
    /// Outcome.
    pub outcome: &'a Outcome,
    /// Family and link; `start` is the estimate.
    pub options: Options<'a>,
    /// Clusters.
    pub groups: &'a Groups,
}

/// How often, and from which stream.
#[derive(Debug, Clone, Copy)]
pub struct Draws {
    /// Replicates.
    pub n: usize,
    /// Seed; replicate b draws from stream (seed, b).
    pub seed: u64,
    /// Level of the limits.
    pub conf_level: f64,
}

/// Limits and error of every quantity, and how many replicates had no fit.
#[derive(Debug, Clone)]
#[must_use]
pub struct Bootstrapped {
    /// (low, high, standard error), `None` where there are too few values.
    pub limits: Vec<Option<(f64, f64, f64)>>,
    /// Replicates without a fit.
    pub n_failed: usize,
}

/// Limits of t = `of(fit, outcome)`, whose values on the data are `values`; a quantity that does not exist is NaN.
///
/// # Errors
/// `TooFew` below two clusters; `Interrupted`.
pub fn bootstrap(
    model: Refit<'_>,
    values: &[f64],
    draws: Draws,
    control: &Control,
    of: impl Fn(&Glm, &Outcome) -> Result<Vec<f64>> + Sync,
) -> Result<Bootstrapped> {
    let rows = model.outcome.len();
    let plan = Plan::Cluster(model.groups.clone(), rows);
    plan.check()?;
    control.announce((draws.n + model.groups.len()) as u64);
    let again = |weights: &[f64]| -> Result<Option<Vec<f64>>> {
        control.tick(1)?;
        let outcome = weighted(model.outcome, weights);
        let found = glm(model.x, &outcome, model.options)
            .and_then(|fit| if fit.aliased.is_empty() { of(&fit, &outcome).map(Some) } else { Ok(None) });
        match found {
            Err(Error::Interrupted) => Err(Error::Interrupted),
            // A replicate may lose what the model needs; that is counted, not fatal.
            Err(_) => Ok(None),
            Ok(found) => Ok(found),
        }
    };
    let replicates = map_indexed(draws.n, |b| {
        let mut counts = vec![0.0; rows];
        plan.draw(draws.seed, b as u64, &mut counts);
        again(&counts)
    })?;
    let left_out = map_indexed(model.groups.len(), |g| {
        let mut counts = vec![1.0; rows];
        model.groups.rows(g).iter().for_each(|&i| counts[i] = 0.0);
        again(&counts)
    })?;
    let limits =
        (0..values.len()).map(|j| of_one(&column(&replicates, j), &column(&left_out, j), values[j], draws));
    Ok(Bootstrapped { limits: limits.collect(), n_failed: replicates.iter().filter(|r| r.is_none()).count() })
}

/// Finite values of quantity j.
fn column(all: &[Option<Vec<f64>>], j: usize) -> Vec<f64> {
    all.iter().flatten().map(|v| v[j]).filter(|v| v.is_finite()).collect()
}

fn of_one(replicates: &[f64], left_out: &[f64], t: f64, draws: Draws) -> Option<(f64, f64, f64)> {
    if !t.is_finite() || replicates.len() * 10 < draws.n * 9 {
        return None;
    }
    let (_, error) = bias_and_error(replicates, t)?;
    let acceleration = jackknife(left_out, t).map_or(0.0, |j| j.acceleration);
    let (low, high) =
        interval(Kind::Bca, &mut replicates.to_vec(), t, draws.conf_level, acceleration).ok()?;
    Some((low, high, error))
}

fn weighted(outcome: &Outcome, weights: &[f64]) -> Outcome {
    let prior = (0..outcome.len()).map(|i| outcome.prior(i) * weights[i]).collect();
    Outcome { prior: Some(prior), ..outcome.clone() }
}
