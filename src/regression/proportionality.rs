//! Whether effects are the same at every threshold of an ordered outcome.
//!
//! H0: γ_1 = … = γ_{J−1} = β for the columns tested, (J − 2) degrees of freedom each. Likelihood ratio
//! 2(l₁ − l₀) against the model that lets them differ; score test U′A⁻¹U at the proportional fit, with
//! the observed information, which needs no second fit (Peterson and Harrell 1990; Brant 1990 tests the
//! same by separate binary fits).

use std::cell::Cell;

use crate::error::{Error, Result};
use crate::num::dist::chi2;
use crate::num::linalg::SmallCholesky;
use crate::regression::ordinal::Ordinal;

/// A test of the proportionality of some columns.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ProportionalityTest {
    /// Likelihood ratio; `None` where the larger model has no maximum with valid probabilities.
    pub lr: Option<f64>,
    /// p-value of the likelihood ratio.
    pub lr_p_value: Option<f64>,
    /// Score statistic at the proportional fit.
    pub score: f64,
    /// Its p-value.
    pub score_p_value: f64,
    /// Degrees of freedom of both.
    pub df: f64,
}

/// Tests that the coefficients of `columns` (places among the names of the fit) are the same at every
/// threshold, given the fit in which all are.
///
/// # Errors
/// `InvalidOption` for a fit with effects by threshold; `Undefined` with two levels (one threshold);
/// `NotPositiveDefinite`.
pub fn proportionality(null: &Ordinal, columns: &[usize]) -> Result<ProportionalityTest> {
    let cuts = null.thresholds.len();
    if !null.nonproportional.is_empty() {
        let got = null.nonproportional.join(", ");
        return Err(Error::option("partial", "a fit in which every effect is proportional", got));
    }
    if cuts < 2 || columns.is_empty() {
        let reason = "it takes three levels and a column".to_owned();
        return Err(Error::Undefined { what: "the test of proportionality".to_owned(), reason });
    }
    let layout = null.layout.varied(columns);
    let mut theta = null.thresholds.to_vec();
    theta.extend(layout.common.iter().map(|&j| null.beta[j]));
    theta.extend(columns.iter().flat_map(|&j| std::iter::repeat_n(null.beta[j], cuts)));
    let at_null = layout
        .at(&theta, &Cell::new(None))
        .ok_or_else(|| Error::Internal { message: "the null is not admissible".to_owned() })?;
    let mut step = at_null.score.clone();
    SmallCholesky::new(&at_null.information, layout.q())
        .map_err(|pivot| Error::NotPositiveDefinite { pivot, column: layout.labels()[pivot].clone() })?
        .solve(&mut step);
    let score: f64 = step.iter().zip(&at_null.score).map(|(a, b)| a * b).sum();
    let df = (columns.len() * (cuts - 1)) as f64;
    let lr = match layout.fit(theta) {
        Ok(full) => Some((2.0 * (full.point.log_lik - null.log_lik)).max(0.0)),
        Err(
            Error::NoConvergence { .. }
            | Error::NotPositiveDefinite { .. }
            | Error::Separation { .. }
            | Error::Undefined { .. },
        ) => None,
        Err(other) => return Err(other),
    };
    Ok(ProportionalityTest {
        lr,
        lr_p_value: lr.map(|v| chi2::sf(v, df)),
        score,
        score_p_value: chi2::sf(score, df),
        df,
    })
}
