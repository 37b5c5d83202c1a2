//! Refusing designs whose columns are combinations of one another.
//!
//! Iterative models leave nothing out silently: a column that adds nothing has no coefficient to
//! report, and which of a collinear set to drop is the caller's decision.

use ndarray::ArrayView2;

use crate::error::{Error, Result};
use crate::num::linalg::PivotedQr;

/// As in R's `lm`.
const TOLERANCE: f64 = 1e-7;

/// Checks that `x` (rows used × p) is finite and of full rank.
///
/// # Errors
/// `Values` naming the column; `Aliased` naming the columns that earlier ones explain.
pub fn full_rank(x: ArrayView2<'_, f64>, names: &[String]) -> Result<()> {
    let qr = PivotedQr::new(x, names, TOLERANCE)?;
    if qr.aliased().is_empty() {
        return Ok(());
    }
    Err(Error::Aliased { columns: qr.aliased().iter().map(|&j| names[j].clone()).collect() })
}

/// Half the range of each column (at least the smallest positive number): what a unit of its
/// coefficient does to the linear predictors.
pub fn spans(x: ArrayView2<'_, f64>) -> Vec<f64> {
    let span = |column: ndarray::ArrayView1<'_, f64>| {
        let (low, high) =
            column.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), v| (l.min(*v), h.max(*v)));
        // A constant column (an intercept) moves all predictors by its own size.
        let size = if high > low { 0.5 * (high - low) } else { high.abs() };
        size.max(f64::MIN_POSITIVE)
    };
    x.columns().into_iter().map(span).collect()
}
