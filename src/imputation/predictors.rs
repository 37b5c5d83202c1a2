//! The design that predicts one variable from all the others.
//!
//! Columns: 1; each numeric variable standardised; each category but the first of a categorical one; each
//! cluster but the first. Cluster dummies stand for random intercepts: with many children per cluster the two
//! agree, with few the dummies are noisier and imputed clusters differ a little too much (Drechsler
//! 2015). Columns without information among the rows that are observed are left out.

use ndarray::{Array2, Axis};

use crate::error::Result;
use crate::num::linalg::PivotedQr;

use super::chain::{Kind, Variable};

/// Share of a column's length outside the span of the earlier ones below which it is left out.
const ALIAS_TOLERANCE: f64 = 1e-7;

/// The design over all rows, for the target `target`; `values` are the current completed columns.
pub fn design(
    variables: &[Variable],
    values: &[Vec<f64>],
    target: usize,
    clusters: Option<(&[u32], usize)>,
) -> Array2<f64> {
    let n = values[target].len();
    let mut columns: Vec<Vec<f64>> = vec![vec![1.0; n]];
    for (j, v) in variables.iter().enumerate().filter(|(j, _)| *j != target) {
        match v.kind {
            Kind::Numeric(_) | Kind::TwoLevel | Kind::Cluster(_) => columns.push(standardised(&values[j])),
            Kind::TwoLevelBinary => columns.push(values[j].clone()),
            Kind::Categories(levels) => columns
                .extend((1..levels).map(|k| values[j].iter().map(|c| f64::from(*c == k as f64)).collect())),
        }
    }
    if let Some((codes, n_clusters)) = clusters {
        columns.extend(
            (1..n_clusters).map(|k| codes.iter().map(|c| f64::from(*c as usize == k)).collect::<Vec<f64>>()),
        );
    }
    Array2::from_shape_fn((n, columns.len()), |(i, j)| columns[j][i])
}

/// (x − mean)/sd; a constant column becomes 0 and drops out.
fn standardised(x: &[f64]) -> Vec<f64> {
    let n = x.len() as f64;
    let mean = x.iter().sum::<f64>() / n;
    let sd = (x.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / n).sqrt();
    x.iter().map(|v| if sd > 0.0 { (v - mean) / sd } else { 0.0 }).collect()
}

/// The design of the observed and of the missing rows, informative columns only.
///
/// # Errors
/// Those of the factorisation.
pub fn split(x: &Array2<f64>, missing: &[bool]) -> Result<(Array2<f64>, Array2<f64>)> {
    let rows = |flag: bool| (0..missing.len()).filter(|&i| missing[i] == flag).collect::<Vec<_>>();
    let observed = x.select(Axis(0), &rows(false));
    let names: Vec<String> = (0..x.ncols()).map(|j| format!("column {j}")).collect();
    let kept = PivotedQr::new(observed.view(), &names, ALIAS_TOLERANCE)?.kept().to_vec();
    Ok((observed.select(Axis(1), &kept), x.select(Axis(0), &rows(true)).select(Axis(1), &kept)))
}
