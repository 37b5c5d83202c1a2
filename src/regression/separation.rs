//! Separation: a combination of covariates that predicts the outcome without error, so that a coefficient
//! has no finite estimate (Albert and Anderson 1984).
//!
//! Found by the iterative rectifier of Correia, Guimarães and Zylkin (2019): z = Xγ with z = 0 where
//! the outcome varies, z ≤ 0 in cells without events and z ≥ 0 in cells with nothing else. Regress the
//! wish u on X (weight K where the outcome varies), cut it back to the allowed side, repeat: a fixed point that is not
//! zero is such a combination, and the cells where it is not zero are the pattern.

use crate::design::{ModelMatrix, Rows};
use crate::error::{Error, Result};
use crate::num::linalg::Gram;
use crate::regression::family::{Family, Link};
use crate::regression::glm::Options;
use crate::regression::outcome::Outcome;

const MAX_ITER: usize = 200;

/// The side on which a cell may lie: −1 without events, 1 without non-events, 0 where both are, and where the edge of
/// the link's range stops it: a mean of 1 under the log link, both ends under the identity.
fn sides(outcome: &Outcome, family: Family, link: Link) -> Vec<f64> {
    (0..outcome.len())
        .map(|i| {
            let (n, s) = (outcome.n[i], outcome.sum[i]);
            if n == 0.0 || outcome.prior(i) == 0.0 {
                f64::NAN
            } else if s == 0.0 && link != Link::Identity {
                -1.0
            } else if family == Family::Binomial && s >= n && !matches!(link, Link::Log | Link::Identity) {
                1.0
            } else {
                0.0
            }
        })
        .collect()
}

/// Raises `Separation` if there is any.
///
/// # Errors
/// `Separation` with the columns without a finite estimate and the first cells.
pub fn look(x: &ModelMatrix, outcome: &Outcome, options: Options<'_>) -> Result<()> {
    if !matches!(options.family, Family::Binomial | Family::Poisson | Family::NegativeBinomial(_)) {
        return Ok(());
    }
    let side = sides(outcome, options.family, options.link);
    if side.iter().all(|s| *s == 0.0 || s.is_nan()) {
        return Ok(());
    }
    let w: Vec<f64> = side
        .iter()
        .map(|s| {
            if s.is_nan() {
                0.0
            } else if *s == 0.0 {
                1e6
            } else {
                1.0
            }
        })
        .collect();
    let gram = Gram::new(x.gram(&w, Rows::All)?.view(), 1e-13);
    let kept = gram.kept().to_vec();
    let mut wish: Vec<f64> = side.iter().map(|s| if s.is_nan() { 0.0 } else { *s }).collect();
    for _ in 0..MAX_ITER {
        let right: Vec<f64> = wish.iter().zip(&w).map(|(u, w)| u * w).collect();
        let cross = x.cross(&right, Rows::All)?;
        let short = gram.solve(&kept.iter().map(|&j| cross[j]).collect::<Vec<_>>());
        let mut gamma = vec![0.0; x.n_columns()];
        kept.iter().zip(&short).for_each(|(&j, v)| gamma[j] = *v);
        let mut z = vec![0.0; outcome.len()];
        x.add_linear(&gamma, &mut z);
        let size = z.iter().zip(&side).filter(|(_, s)| !s.is_nan()).fold(0.0_f64, |m, (v, _)| m.max(v.abs()));
        if size < 1e-7 {
            return Ok(());
        }
        // A fixed point: every cell on its side, and nothing where the outcome varies.
        let wrong = z.iter().zip(&side).map(|(v, s)| match s {
            s if s.is_nan() => 0.0,
            0.0 => v.abs(),
            s => (-v * s).max(0.0),
        });
        if wrong.fold(0.0, f64::max) < 1e-5 * size {
            return Err(found(x, outcome, options, &gamma, &z, size));
        }
        for ((u, v), s) in wish.iter_mut().zip(&z).zip(&side) {
            *u = if s.is_nan() || *s == 0.0 { 0.0 } else { s * (s * v).max(0.0) };
        }
    }
    Ok(())
}

/// After convergence: fitted means at the edge of their range are looked into.
///
/// # Errors
/// As [`look`].
pub fn confirm_finite(x: &ModelMatrix, outcome: &Outcome, options: Options<'_>, eta: &[f64]) -> Result<()> {
    let far = |e: &f64| match options.family {
        Family::Binomial => e.abs() > 16.0,
        _ => *e < -16.0,
    };
    if eta.iter().any(far) { look(x, outcome, options) } else { Ok(()) }
}

/// The columns that are not 0 in cell i, in words.
pub fn pattern(x: &ModelMatrix, i: usize) -> String {
    let shown = |(j, v): (usize, f64)| {
        let name = &x.names()[j];
        if v == 1.0 { name.clone() } else { format!("{name} = {v}") }
    };
    let on: Vec<String> =
        x.row(i).filter(|(j, v)| *v != 0.0 && x.names()[*j] != "(intercept)").map(shown).collect();
    if on.is_empty() { "the reference levels".to_owned() } else { on.join(", ") }
}

fn found(
    x: &ModelMatrix,
    outcome: &Outcome,
    options: Options<'_>,
    gamma: &[f64],
    z: &[f64],
    size: f64,
) -> Error {
    let largest = gamma.iter().fold(0.0_f64, |m, v| m.max(v.abs()));
    let columns: Vec<String> = x
        .names()
        .iter()
        .zip(gamma)
        .filter(|(_, g)| g.abs() > 1e-4 * largest)
        .map(|(name, _)| name.clone())
        .collect();
    let rows: Vec<usize> = (0..z.len()).filter(|&i| z[i].abs() > 1e-4 * size).collect();
    let n: f64 = rows.iter().map(|&i| outcome.n[i]).sum();
    let events: f64 = rows.iter().map(|&i| outcome.sum[i]).sum();
    let pattern = rows.first().map_or_else(String::new, |&i| pattern(x, i));
    let what = if options.family == Family::Binomial && events > 0.0 && events < n {
        format!("{n} rows are told apart without error")
    } else {
        format!("{events} of {n} rows have the outcome")
    };
    Error::Separation {
        outcome: options.column.to_owned(),
        columns,
        rows: rows.into_iter().take(crate::error::MAX_ROWS).collect(),
        pattern: format!("{what}, for example where {pattern}"),
    }
}
