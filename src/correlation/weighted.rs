//! Population-weighted Pearson correlation.
//!
//! Moments with weights w / Σw. Inference: Fisher's z with the effective number of rows
//! n_e = (Σw)²/Σw² (Kish 1965) for analytic and probability weights; n = Σw for frequency weights. One large
//! authority lowers n_e: 22 authorities weighted by children are worth about 16.

use crate::correlation::coefficient::{Correlation, fisher, is_constant, t_test};
use crate::design::Weights;
use crate::error::{Error, Result};
use crate::num::moments::CoMoments;
use crate::resample::permutation::Alternative;

/// Rows that equal weights would need for the same precision.
pub fn effective_n(weights: Weights<'_>, n: usize) -> f64 {
    match weights {
        Weights::Unit => n as f64,
        Weights::Frequency(w) => w.iter().sum(),
        Weights::Analytic(w) | Weights::Probability(w) => {
            let (sum, squares) = w.iter().fold((0.0, 0.0), |(s, q), v| (s + v, q + v * v));
            sum * sum / squares
        }
    }
}

/// Weighted Pearson correlation of x and y (n values each).
///
/// # Errors
/// `Constant`; `TooFew` when fewer than three rows have a positive weight; those of [`Weights::check`].
pub fn correlate(
    x: &[f64],
    y: &[f64],
    weights: Weights<'_>,
    names: (&str, &str),
    alternative: Alternative,
    conf_level: f64,
) -> Result<Correlation> {
    weights.check(x.len(), "weight")?;
    let m = CoMoments::of(x, y, |i| weights.at(i));
    if m.x.n < 3 {
        let what = "a weighted correlation (rows with a positive weight)".to_owned();
        return Err(Error::TooFew { what, needed: 3, got: usize::try_from(m.x.n).unwrap_or(usize::MAX) });
    }
    let Some(r) = m.correlation() else {
        let column = if is_constant(x) { names.0 } else { names.1 };
        return Err(Error::Constant { column: column.to_owned(), n: x.len() });
    };
    let n_e = effective_n(weights, x.len());
    let (t, p_value) = t_test(r, (n_e - 2.0).max(1e-9), alternative);
    let interval = (n_e > 3.0).then(|| fisher(r, (1.0 / (n_e - 3.0)).sqrt(), conf_level));
    Ok(Correlation { estimate: r, statistic: Some(t), df: Some(n_e - 2.0), p_value, interval, n: x.len() })
}
