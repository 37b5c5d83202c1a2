//! The value of every subset of predictors by refitting a generalised linear model.
//!
//! McFadden (1974): 1 − ln L(S)/ln L(∅); deviance explained: 1 − D(S)/D(∅) (Cameron and Windmeijer 1997). ∅ is the
//! intercept with what is always in the model.

use crate::decomposition::subsets::Totals;
use crate::design::ModelMatrix;
use crate::error::{Error, Result};
use crate::parallel::{Control, map_indexed};
use crate::regression::glm::{Options, glm};
use crate::regression::outcome::Outcome;

/// Which share of fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fit {
    /// From log likelihoods.
    McFadden,
    /// From deviances.
    Deviance,
}

/// Sums over all subsets of `players` (columns of X each; the columns in `always` are in every model).
///
/// # Errors
/// Those of the fits; `Undefined` when the model without predictors fits perfectly; `Interrupted`.
pub fn refitted(
    x: &ModelMatrix,
    always: &[usize],
    players: &[Vec<usize>],
    outcome: &Outcome,
    options: Options<'_>,
    fit: Fit,
    control: &Control,
) -> Result<Totals> {
    let p = players.len();
    let one = |set: usize| -> Result<f64> {
        control.tick(1)?;
        let mut columns = always.to_vec();
        for (_, list) in players.iter().enumerate().filter(|(j, _)| set >> j & 1 == 1) {
            columns.extend(list);
        }
        columns.sort_unstable();
        let found = glm(&x.select(&columns), outcome, options)?;
        Ok(if fit == Fit::McFadden { found.log_lik } else { found.deviance })
    };
    control.announce(1 << p);
    let mut values = map_indexed(1 << p, one)?;
    let null = values[0];
    if null == 0.0 || !null.is_finite() {
        let reason = "the model without predictors fits the outcome perfectly".to_owned();
        return Err(Error::Undefined { what: "the share of fit".to_owned(), reason });
    }
    values.iter_mut().for_each(|v| *v = 1.0 - *v / null);
    Ok(Totals::of_values(p, &values))
}
