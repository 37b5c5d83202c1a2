//! L3. Decompositions: a whole into parts that add up.
//!
//! | file | what |
//! | --- | --- |
//! | [`theil`] | Theil's T and L between and within nested groups |
//! | [`kitagawa`] | difference of two rates: rates and composition |
//! | [`das_gupta`] | rates that are products of factors, two or more populations |
//! | [`cells`] | rows of population and category, aligned |
//! | [`counts`] [`rate_draws`] | counts drawn anew, for intervals of rates |
//! | [`cross`] [`subsets`] [`shapley`] [`explained`] | R² of every subset of predictors: LMG, first, last, dominance |
//! | [`likelihood`] | the same for the fit of a generalised linear model |
//! | [`oaxaca`] [`oaxaca_fit`] [`traced`] | gap between two groups: explained and unexplained |
//! | [`nested`] [`nested_interval`] | variance at nested levels, sampling variance taken away |
//!
//! Every kernel proves its identity ([`adds_up`]) before it answers.

pub mod cells;
pub mod counts;
pub mod cross;
pub mod das_gupta;
pub mod explained;
pub mod kitagawa;
pub mod likelihood;
pub mod nested;
pub mod nested_interval;
pub mod oaxaca;
pub mod oaxaca_fit;
pub mod rate_draws;
pub mod shapley;
pub mod subsets;
pub mod theil;
pub mod traced;

use crate::error::{Error, Result};

/// Checks that parts sum to the whole, to rounding of quantities of size `scale`.
///
/// # Errors
/// `Undefined` when they do not: an overflow, or a defect.
pub fn adds_up(what: &str, sum: f64, whole: f64, scale: f64) -> Result<()> {
    let gap = (sum - whole).abs();
    if gap <= 1e-9 * scale.max(whole.abs()).max(f64::MIN_POSITIVE) {
        return Ok(());
    }
    let reason = format!("its parts sum to {sum}, the whole is {whole}");
    Err(Error::Undefined { what: what.to_owned(), reason })
}
