//! Categories k = 0 … K − 1: P(y = k) ∝ exp(x′β_k), β₀ = 0; K = 2 is logistic regression.
//!
//! β̂ by Newton, β* ~ N(β̂, I(β̂)⁻¹), then a category by its probabilities under β* (Rubin 1987, p. 169).
//!
//! Separation (a predictor that foretells the category) would send β̂ to infinity, so few rows are
//! added (White, Daniel and Royston 2010): for each predictor and category two, half a standard deviation to
//! each side of the predictor's mean, all others at their means, total weight p over the predictors.

use ndarray::{Array1, Array2, Axis, concatenate};

use crate::error::{Error, Result};
use crate::num::linalg::Cholesky;
use crate::rng::Stream;

use super::draws::{category, standard_normals};

const MAX_ITER: usize = 100;
const TOLERANCE: f64 = 1e-10;

/// Codes for the rows of `missing`, from codes `y` below `levels` on `observed` (first column 1).
///
/// # Errors
/// `NoConvergence`; `NotPositiveDefinite`.
pub fn draw(
    y: &[f64],
    levels: usize,
    observed: &Array2<f64>,
    missing: &Array2<f64>,
    name: &str,
    stream: &mut Stream,
) -> Result<Vec<f64>> {
    let (x, y, w) = augmented(observed, y, levels)?;
    let (beta, information) = fit(&x, &y, &w, levels, name)?;
    let factor = Cholesky::new(information.view(), &[])?;
    let drawn = &beta + &factor.solve_upper(&standard_normals(beta.len(), stream));
    let probabilities = shares(missing, &drawn, levels);
    Ok(probabilities.axis_iter(Axis(0)).map(|p| category(&p.to_vec(), stream) as f64).collect())
}

/// A design, its codes and its weights.
type Augmented = (Array2<f64>, Vec<f64>, Vec<f64>);

/// The rows with the added ones.
fn augmented(x: &Array2<f64>, y: &[f64], levels: usize) -> Result<Augmented> {
    let (n, p) = x.dim();
    let slopes = p - 1;
    let added = 2 * slopes * levels;
    let column = |j: usize| x.column(j).to_vec();
    let mean: Vec<f64> = (0..p).map(|j| column(j).iter().sum::<f64>() / n as f64).collect();
    let mut rows = Array2::from_shape_fn((added, p), |(_, j)| mean[j]);
    let (mut codes, mut weights) = (y.to_vec(), vec![1.0; n]);
    let mut at = 0;
    for j in 1..p {
        let values = column(j);
        let ss: f64 = values.iter().map(|v| (v - mean[j]).powi(2)).sum();
        let sd = (ss / (n as f64 - 1.0).max(1.0)).sqrt();
        let (low, high) =
            values.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), v| (v.min(l), v.max(h)));
        for k in 0..levels {
            for side in [0.5, -0.5] {
                rows[[at, j]] = (mean[j] + side * sd).clamp(low, high);
                codes.push(k as f64);
                at += 1;
            }
        }
    }
    weights.extend(vec![p as f64 / added.max(1) as f64; added]);
    let all = concatenate(Axis(0), &[x.view(), rows.view()])
        .map_err(|e| Error::Internal { message: e.to_string() })?;
    Ok((all, codes, weights))
}

/// P(y = k) for every row (n × K); `beta` holds β₁ … β_{K−1} one after the other.
fn shares(x: &Array2<f64>, beta: &Array1<f64>, levels: usize) -> Array2<f64> {
    let (n, p) = x.dim();
    let mut out = Array2::zeros((n, levels));
    for (i, row) in x.axis_iter(Axis(0)).enumerate() {
        for k in 1..levels {
            out[[i, k]] = (0..p).map(|j| row[j] * beta[(k - 1) * p + j]).sum();
        }
        let mut target = out.row_mut(i);
        let top = target.iter().copied().fold(0.0, f64::max);
        target.mapv_inplace(|v| (v - top).exp());
        let total = target.sum();
        target /= total;
    }
    out
}

/// Weighted log-likelihood.
fn log_likelihood(probabilities: &Array2<f64>, y: &[f64], w: &[f64]) -> f64 {
    // a code is a whole number below the number of levels
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let at = |i: usize| probabilities[[i, y[i] as usize]].max(f64::MIN_POSITIVE);
    (0..y.len()).map(|i| w[i] * at(i).ln()).sum()
}

/// β̂ and the information at it.
fn fit(
    x: &Array2<f64>,
    y: &[f64],
    w: &[f64],
    levels: usize,
    name: &str,
) -> Result<(Array1<f64>, Array2<f64>)> {
    let mut beta = Array1::<f64>::zeros((levels - 1) * x.ncols());
    let mut probabilities = shares(x, &beta, levels);
    let mut height = log_likelihood(&probabilities, y, w);
    let mut last = f64::INFINITY;
    for _ in 0..MAX_ITER {
        let (score, information) = derivatives(x, y, w, &probabilities);
        if last < TOLERANCE {
            return Ok((beta, information));
        }
        let step = Cholesky::new(information.view(), &[])?.solve(&score.to_vec());
        let mut share = 1.0;
        loop {
            let trial = &beta + &(&step * share);
            let at_trial = shares(x, &trial, levels);
            let reached = log_likelihood(&at_trial, y, w);
            // The log-likelihood is concave: a step that lowers it went too far (rounding aside).
            if reached >= height - 1e-12 * height.abs() || share < 1e-6 {
                (beta, probabilities, height) = (trial, at_trial, reached);
                break;
            }
            share /= 2.0;
        }
        last = step.iter().zip(&beta).fold(0.0, |m: f64, (s, b)| m.max(s.abs() / (1.0 + b.abs())));
    }
    let what = format!("the logit model of \"{name}\"");
    Err(Error::NoConvergence { what, n_iter: MAX_ITER, last, tolerance: TOLERANCE })
}

/// Score and information; blocks by category.
fn derivatives(
    x: &Array2<f64>,
    y: &[f64],
    w: &[f64],
    probabilities: &Array2<f64>,
) -> (Array1<f64>, Array2<f64>) {
    let (n, p) = x.dim();
    let k = probabilities.ncols() - 1;
    let mut score = Array1::zeros(k * p);
    let mut information = Array2::zeros((k * p, k * p));
    for a in 0..k {
        let gap: Array1<f64> =
            (0..n).map(|i| w[i] * (f64::from(y[i] == (a + 1) as f64) - probabilities[[i, a + 1]])).collect();
        score.slice_mut(ndarray::s![a * p..(a + 1) * p]).assign(&x.t().dot(&gap));
        for b in 0..=a {
            let weight: Array1<f64> = (0..n)
                .map(|i| {
                    let (pa, pb) = (probabilities[[i, a + 1]], probabilities[[i, b + 1]]);
                    w[i] * pa * (f64::from(a == b) - pb)
                })
                .collect();
            let block = x.t().dot(&(x * &weight.insert_axis(Axis(1))));
            information.slice_mut(ndarray::s![a * p..(a + 1) * p, b * p..(b + 1) * p]).assign(&block);
            information.slice_mut(ndarray::s![b * p..(b + 1) * p, a * p..(a + 1) * p]).assign(&block.t());
        }
    }
    (score, information)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn a_saturated_model_gives_back_the_shares() {
        let x = Array2::from_shape_fn((10, 2), |(i, j)| if j == 0 { 1.0 } else { f64::from(i >= 4) });
        let y = [0.0, 0.0, 1.0, 2.0, 0.0, 1.0, 1.0, 2.0, 2.0, 2.0];
        let (beta, _) = fit(&x, &y, &[1.0; 10], 3, "y").unwrap();
        let p = shares(&array![[1.0, 0.0], [1.0, 1.0]], &beta, 3);
        let want = array![[0.5, 0.25, 0.25], [1.0 / 6.0, 2.0 / 6.0, 0.5]];
        assert!((p - want).iter().all(|d| d.abs() < 1e-9));
    }

    #[test]
    fn separation_does_not_stop_the_draw() {
        let x = Array2::from_shape_fn((12, 2), |(i, j)| if j == 0 { 1.0 } else { i as f64 - 5.5 });
        let y: Vec<f64> = (0..12).map(|i| f64::from(i >= 6)).collect();
        let mut s = Stream::new(5, 0);
        let got = draw(&y, 2, &x, &array![[1.0, -5.0], [1.0, 5.0]], "y", &mut s).unwrap();
        assert!(got.iter().all(|v| *v == 0.0 || *v == 1.0));
    }
}
