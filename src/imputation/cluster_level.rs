//! Variables of the cluster itself (an authority's spending): one value for all its rows.
//!
//! Imputed on the clusters, not on the rows: the predictors are the cluster means of the other variables, and each
//! cluster without a value takes that of a cluster whose prediction is near (predictive mean matching as in
//! [`super::linear`]). A cluster with a value keeps it for its incomplete rows.

use ndarray::{Array2, Axis};

use crate::design::Groups;
use crate::error::{Error, Result};
use crate::rng::Stream;

use super::{linear, predictors};

/// Values of the rows whose `missing` is true, from `x` (n × p, first column 1).
///
/// # Errors
/// `Values` where a cluster has two values; `TooFew` with no more clusters than predictors.
pub fn draw(
    y: &[f64],
    missing: &[bool],
    x: &Array2<f64>,
    (codes, n_clusters): (&[u32], usize),
    donors: usize,
    name: &str,
    stream: &mut Stream,
) -> Result<Vec<f64>> {
    let groups = Groups::from_codes(codes, n_clusters);
    let mut known: Vec<Option<f64>> = Vec::with_capacity(n_clusters);
    let mut means = Array2::zeros((n_clusters, x.ncols()));
    for (g, rows) in groups.iter().enumerate() {
        let mut seen = rows.iter().filter(|&&i| !missing[i]);
        let first = seen.next().map(|&i| y[i]);
        if let Some(&other) = seen.find(|&&i| Some(y[i]) != first) {
            return Err(Error::values(name, [other], "one value for all rows of a cluster", y[other]));
        }
        known.push(first);
        if let Some(mean) = x.select(Axis(0), rows).mean_axis(Axis(0)) {
            means.row_mut(g).assign(&mean);
        }
    }
    let filled: Vec<usize> = (0..n_clusters).filter(|&g| !groups.rows(g).is_empty()).collect();
    let absent: Vec<bool> = filled.iter().map(|&g| known[g].is_none()).collect();
    let values: Vec<f64> = filled.iter().filter_map(|&g| known[g]).collect();
    if absent.iter().any(|a| *a) {
        let (observed, wanted) = predictors::split(&means.select(Axis(0), &filled), &absent)?;
        let drawn = linear::draw(&values, &observed, &wanted, Some(donors), name, stream)?;
        let places = filled.iter().zip(&absent).filter(|(_, a)| **a).map(|(g, _)| *g);
        places.zip(drawn).for_each(|(g, v)| known[g] = Some(v));
    }
    Ok((0..y.len()).filter(|&i| missing[i]).map(|i| known[codes[i] as usize].unwrap_or(0.0)).collect())
}
