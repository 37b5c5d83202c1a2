//! Where iteratively reweighted least squares begins: outcomes the likelihood can have, independent columns, first
//! coefficients.

use crate::design::{ModelMatrix, Rows};
use crate::error::{Error, Result};
use crate::num::linalg::{Gram, PivotedQr};
use crate::regression::family::{Family, Link};
use crate::regression::glm::{Options, State, deviance, linear, weight};
use crate::regression::outcome::{Kind, Outcome};

/// Squared length outside the span of the earlier columns below which a column is aliased.
const ALIAS: f64 = 1e-11;
/// Entries of a dense design that a QR may take.
const DENSE: usize = 2_000_000;

/// Refuses shares as outcomes of a binomial likelihood; a quasi-likelihood takes them.
pub(super) fn whole(outcome: &Outcome, options: Options<'_>) -> Result<()> {
    if options.family != Family::Binomial || options.quasi || outcome.kind == Kind::Binary {
        return Ok(());
    }
    let share = |i: usize| match outcome.kind {
        Kind::Same => outcome.sum[i] != 0.0 && outcome.sum[i] != outcome.n[i],
        _ => outcome.sum[i].fract() != 0.0,
    };
    match (0..outcome.len()).find(|&i| share(i)) {
        None => Ok(()),
        Some(first) => Err(Error::values(
            options.column,
            (0..outcome.len()).filter(|&i| share(i)),
            "0 and 1, or whole successes with trials=… (shares without their trials: family=\"quasi-binomial\")",
            outcome.sum[first],
        )),
    }
}

/// The starting point and the design without its aliased columns.
pub(super) fn start(
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
    let (kept, aliased) = independent(x, outcome)?;
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

/// Columns that are no combinations of earlier ones; names of the others.
pub(super) fn independent(x: &ModelMatrix, outcome: &Outcome) -> Result<(Vec<usize>, Vec<String>)> {
    let w: Vec<f64> = (0..outcome.len()).map(|i| outcome.prior(i) * outcome.n[i]).collect();
    let kept = kept_columns(x, outcome, &Gram::new(x.gram(&w, Rows::All)?.view(), ALIAS))?;
    let aliased = (0..x.n_columns()).filter(|j| !kept.contains(j)).map(|j| x.names()[j].clone()).collect();
    Ok((kept, aliased))
}

/// A start at the overall mean, for when the data's own start leaves the range.
pub(super) fn flat(
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
