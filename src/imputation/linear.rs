//! Numeric variables: y = Xβ + e, e ~ N(0, σ²), flat prior (Rubin 1987, p. 167).
//!
//! σ*² = RSS/g with g ~ χ²(n − p); β* ~ N(β̂, σ*²(X′X)⁻¹). Then either ŷ* = Xβ* + σ*z, or predictive mean
//! matching (Little 1988; type 1 of van Buuren 2018): for each missing row the k observed rows whose Xβ̂ lies
//! nearest to its Xβ*, and the value of one of them drawn at random. Matching only gives values that
//! occur, so counts stay counts and scores stay in range.

use ndarray::{Array1, Array2};

use crate::error::{Error, Result};
use crate::num::linalg::{Cholesky, PivotedQr};
use crate::rng::Stream;

use super::draws::{chi_square, standard_normal, standard_normals};

/// Values for the rows of `missing`, from `y` on `observed`; `donors` is k, `None` for normal draws.
///
/// # Errors
/// `TooFew` when there are no residual degrees of freedom; `NotPositiveDefinite`.
pub fn draw(
    y: &[f64],
    observed: &Array2<f64>,
    missing: &Array2<f64>,
    donors: Option<usize>,
    name: &str,
    stream: &mut Stream,
) -> Result<Vec<f64>> {
    let (n, p) = observed.dim();
    if n <= p {
        return Err(Error::TooFew { what: format!("imputing \"{name}\""), needed: p + 1, got: n });
    }
    let names: Vec<String> = (0..p).map(|j| format!("column {j}")).collect();
    let beta = Array1::from(PivotedQr::new(observed.view(), &names, 0.0)?.solve_ls(y)?);
    let fitted = observed.dot(&beta);
    let rss: f64 = y.iter().zip(&fitted).map(|(y, f)| (y - f).powi(2)).sum();
    let sigma = (rss / chi_square((n - p) as f64, stream)).sqrt();
    let factor = Cholesky::new(observed.t().dot(observed).view(), &names)?;
    let drawn = &beta + &(factor.solve_upper(&standard_normals(p, stream)) * sigma);
    let predicted = missing.dot(&drawn);
    match donors {
        None => Ok(predicted.iter().map(|v| v + sigma * standard_normal(stream)).collect()),
        Some(k) => Ok(matched(y, &fitted, &predicted, k, stream)),
    }
}

/// One of the k nearest donors' values for each predicted mean; ties in distance by row order.
fn matched(
    y: &[f64],
    fitted: &Array1<f64>,
    predicted: &Array1<f64>,
    k: usize,
    stream: &mut Stream,
) -> Vec<f64> {
    let mut order: Vec<usize> = (0..y.len()).collect();
    order.sort_by(|&i, &j| fitted[i].total_cmp(&fitted[j]));
    let k = k.clamp(1, y.len());
    predicted
        .iter()
        .map(|&target| {
            let at = order.partition_point(|&i| fitted[i] < target);
            // The k nearest of a sorted list lie in one window around the place.
            let (mut low, mut high) = (at, at);
            while high - low < k {
                let left = low.checked_sub(1).map(|i| target - fitted[order[i]]);
                let right = order.get(high).map(|&i| fitted[i] - target);
                match (left, right) {
                    (Some(l), Some(r)) if l <= r => low -= 1,
                    (Some(_), None) => low -= 1,
                    _ => high += 1,
                }
            }
            // k is at most the number of rows, far below 2³².
            let pick = stream.index(u32::try_from(k).unwrap_or(u32::MAX)) as usize;
            y[order[low + pick]]
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn donors_are_the_nearest_rows() {
        let mut s = Stream::new(3, 0);
        let y = [10.0, 20.0, 30.0, 40.0, 50.0];
        let fitted = array![1.0, 2.0, 3.0, 4.0, 5.0];
        for _ in 0..50 {
            let got = matched(&y, &fitted, &array![2.1, -7.0, 9.0], 2, &mut s);
            assert!([20.0, 30.0].contains(&got[0]));
            assert!([10.0, 20.0].contains(&got[1]) && [40.0, 50.0].contains(&got[2]));
        }
    }

    #[test]
    fn an_exact_line_is_continued_exactly() {
        let mut s = Stream::new(3, 0);
        let x = array![[1.0, -1.0], [1.0, 0.0], [1.0, 1.0], [1.0, 2.0]];
        let got = draw(&[1.0, 3.0, 5.0, 7.0], &x, &array![[1.0, 5.0]], None, "y", &mut s).unwrap();
        assert!((got[0] - 13.0).abs() < 1e-10);
        assert!(draw(&[1.0, 3.0], &x.select(ndarray::Axis(0), &[0, 1]), &x, None, "y", &mut s).is_err());
    }
}
