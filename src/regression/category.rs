//! What models of a categorical outcome ask of it.

use crate::design::Weights;
use crate::error::{Error, Result};

/// Σ w of each of the `k` levels.
pub fn totals(codes: &[u32], k: usize, weights: Weights<'_>) -> Vec<f64> {
    let mut out = vec![0.0; k];
    for (i, c) in codes.iter().enumerate() {
        out[*c as usize] += weights.at(i);
    }
    out
}

/// Checks codes against levels and rows, that weights are frequencies, and that no level is empty.
///
/// # Errors
/// `Length`, `Values`, `InvalidOption`, `TooFew` below two levels, `Undefined` naming an empty level.
pub fn frequencies(codes: &[u32], levels: &[String], rows: usize, weights: Weights<'_>) -> Result<()> {
    if rows != codes.len() {
        return Err(Error::Length { what: "design".to_owned(), expected: codes.len(), got: rows });
    }
    if !matches!(weights, Weights::Unit | Weights::Frequency(_)) {
        return Err(Error::option("weights", "frequency weights", "weights of another kind"));
    }
    weights.check(codes.len(), "weight")?;
    let stray = |i: &usize| codes[*i] as usize >= levels.len();
    if let Some(first) = (0..codes.len()).find(stray) {
        let rows = (0..codes.len()).filter(stray);
        return Err(Error::values("outcome", rows, "codes of its levels", codes[first]));
    }
    if levels.len() < 2 {
        let what = "levels of the outcome".to_owned();
        return Err(Error::TooFew { what, needed: 2, got: levels.len() });
    }
    match totals(codes, levels.len(), weights).iter().position(|t| *t == 0.0) {
        None => Ok(()),
        Some(k) => {
            let reason = "no row has it; drop the level".to_owned();
            Err(Error::Undefined { what: format!("the probability of level \"{}\"", levels[k]), reason })
        }
    }
}
