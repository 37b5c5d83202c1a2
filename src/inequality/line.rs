//! The weighted straight line y = a + b·R on ridits R, and the covariance of (a, b).
//!
//! Least squares with weights w, computed about the weighted means: b = S_Ry / S_RR,
//! a = ȳ − b·R̄ (R̄ = ½ for ridits of the same weights). Covariances:
//! * [`Spread::Classical`]: σ²(X′WX)⁻¹ with σ² = Σ w e² / df;
//! * [`Spread::Robust`]: HC1, (X′WX)⁻¹ X′diag(w²e²)X (X′WX)⁻¹ · n/(n − 2) (White 1980; MacKinnon and
//!   White 1985);
//! * [`Spread::Known`]: each y has its own standard error, and (a, b) is linear in y
//!   (as in Public Health England's slope index, 2018).
//!
//! df = n − 2, where n is Σw for frequency weights and the number of rows otherwise.

use crate::design::Weights;
use crate::error::{Error, Result};

/// Where the uncertainty of the line comes from.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Spread<'a> {
    /// Scatter about the line, the same variance (over the weight) everywhere.
    Classical,
    /// Scatter about the line, any variance pattern (HC1).
    Robust,
    /// The standard error of every value, on the scale the line is fitted on.
    Known(&'a [f64]),
}

/// A fitted line and the covariance of its two coefficients.
#[derive(Debug, Clone, Copy, PartialEq)]
#[must_use]
pub struct Line {
    /// Fitted value at ridit 0.
    pub intercept: f64,
    /// Fitted value at ridit 1 minus that at ridit 0.
    pub slope: f64,
    /// Variance of the intercept, covariance, variance of the slope.
    pub vcov: [f64; 3],
    /// Residual degrees of freedom; infinite where the spread is known.
    pub df: f64,
}

impl Line {
    /// Fitted value at ridit `r`.
    pub fn at(&self, r: f64) -> f64 {
        self.slope.mul_add(r, self.intercept)
    }

    /// Variance of g_a·a + g_b·b.
    pub fn variance_of(&self, g_a: f64, g_b: f64) -> f64 {
        let [v_aa, v_ab, v_bb] = self.vcov;
        (g_a * g_a * v_aa + 2.0 * g_a * g_b * v_ab + g_b * g_b * v_bb).max(0.0)
    }
}

/// Weighted sums about the means: Σw, R̄, ȳ, S_RR, S_Ry.
struct Centred {
    total: f64,
    mean_r: f64,
    mean_y: f64,
    s_rr: f64,
    s_ry: f64,
}

fn centre(r: &[f64], y: &[f64], w: impl Fn(usize) -> f64) -> Centred {
    let (mut total, mut sum_r, mut sum_y) = (0.0, 0.0, 0.0);
    for i in 0..r.len() {
        total += w(i);
        sum_r += w(i) * r[i];
        sum_y += w(i) * y[i];
    }
    let (mean_r, mean_y) = (sum_r / total, sum_y / total);
    let (mut s_rr, mut s_ry) = (0.0, 0.0);
    for i in 0..r.len() {
        let d = r[i] - mean_r;
        s_rr += w(i) * d * d;
        s_ry += w(i) * d * (y[i] - mean_y);
    }
    Centred { total, mean_r, mean_y, s_rr, s_ry }
}

/// Intercept and slope alone: what a resample needs. `None` when all ridits coincide.
pub fn coefficients(r: &[f64], y: &[f64], w: impl Fn(usize) -> f64) -> Option<(f64, f64)> {
    let c = centre(r, y, w);
    if c.s_rr.is_nan() || c.s_rr <= 0.0 {
        return None;
    }
    let slope = c.s_ry / c.s_rr;
    Some((c.mean_y - slope * c.mean_r, slope))
}

/// Fits y on ridits r (n values each).
///
/// # Errors
/// `TooFew` below three rows with positive weight unless the spread is known (then two).
pub fn fit(r: &[f64], y: &[f64], weights: Weights<'_>, spread: Spread<'_>) -> Result<Line> {
    let used = (0..r.len()).filter(|&i| weights.at(i) > 0.0).count();
    let needed = if matches!(spread, Spread::Known(_)) { 2 } else { 3 };
    if used < needed {
        return Err(Error::TooFew { what: "a line on ridits".to_owned(), needed, got: used });
    }
    let w = |i: usize| weights.at(i);
    let c = centre(r, y, w);
    if c.s_rr.is_nan() || c.s_rr <= 0.0 {
        return Err(Error::TooFew { what: "distinct ridits".to_owned(), needed: 2, got: 1 });
    }
    let slope = c.s_ry / c.s_rr;
    let intercept = c.mean_y - slope * c.mean_r;
    let n = if matches!(weights, Weights::Frequency(_)) { c.total } else { used as f64 };
    let df = n - 2.0;
    // About the mean (ȳ, b) the design is orthogonal: v = [var ȳ, cov(ȳ, b), var b].
    let [v_y, v_yb, v_bb] = match spread {
        Spread::Classical => {
            let sigma2 =
                (0..r.len()).map(|i| w(i) * residual(r, y, i, intercept, slope).powi(2)).sum::<f64>() / df;
            [sigma2 / c.total, 0.0, sigma2 / c.s_rr]
        }
        Spread::Robust => {
            let frequency = matches!(weights, Weights::Frequency(_));
            let weight2 = |i: usize| if frequency { w(i) } else { w(i) * w(i) };
            let e2 = |i: usize| weight2(i) * residual(r, y, i, intercept, slope).powi(2);
            quadratic(r, &c, e2).map(|v| v * n / df)
        }
        Spread::Known(se) => quadratic(r, &c, |i| (w(i) * se[i]).powi(2)),
    };
    let m = c.mean_r;
    Ok(Line {
        intercept,
        slope,
        vcov: [v_y - 2.0 * m * v_yb + m * m * v_bb, v_yb - m * v_bb, v_bb],
        df: if matches!(spread, Spread::Known(_)) { f64::INFINITY } else { df },
    })
}

fn residual(r: &[f64], y: &[f64], i: usize, intercept: f64, slope: f64) -> f64 {
    y[i] - slope.mul_add(r[i], intercept)
}

/// The sandwich about the means for squared row contributions q: [var ȳ, cov(ȳ, b), var b].
fn quadratic(r: &[f64], c: &Centred, q: impl Fn(usize) -> f64) -> [f64; 3] {
    let mut s = [0.0; 3];
    for i in 0..r.len() {
        let d = r[i] - c.mean_r;
        let q = q(i);
        s[0] += q;
        s[1] += q * d;
        s[2] += q * d * d;
    }
    [s[0] / (c.total * c.total), s[1] / (c.total * c.s_rr), s[2] / (c.s_rr * c.s_rr)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_exact_line_is_found_with_no_spread() {
        let r = [0.1, 0.3, 0.5, 0.7, 0.9];
        let y = r.map(|r| 2.0 + 3.0 * r);
        let line = fit(&r, &y, Weights::Unit, Spread::Classical).unwrap();
        assert!((line.intercept - 2.0).abs() < 1e-14 && (line.slope - 3.0).abs() < 1e-14);
        assert!(line.variance_of(1.0, 1.0) < 1e-28);
    }

    #[test]
    fn frequency_weights_equal_repeated_rows() {
        let (r, y, w) = ([0.2, 0.6, 0.9], [1.0, 4.0, 3.0], [2.0, 1.0, 3.0]);
        let (long_r, long_y) = ([0.2, 0.2, 0.6, 0.9, 0.9, 0.9], [1.0, 1.0, 4.0, 3.0, 3.0, 3.0]);
        for spread in [Spread::Classical, Spread::Robust] {
            let short = fit(&r, &y, Weights::Frequency(&w), spread).unwrap();
            let long = fit(&long_r, &long_y, Weights::Unit, spread).unwrap();
            for (a, b) in short.vcov.iter().zip(long.vcov) {
                assert!((a - b).abs() < 1e-13, "{spread:?} {a} {b}");
            }
        }
    }

    #[test]
    fn analytic_weights_do_not_depend_on_their_unit() {
        let (r, y) = ([0.2, 0.4, 0.6, 0.9], [1.0, 4.0, 3.0, 6.0]);
        let (w, k) = ([2.0, 1.0, 3.0, 2.0], [2e4, 1e4, 3e4, 2e4]);
        for spread in [Spread::Classical, Spread::Robust] {
            let a = fit(&r, &y, Weights::Analytic(&w), spread).unwrap();
            let b = fit(&r, &y, Weights::Analytic(&k), spread).unwrap();
            assert!((a.vcov[2] / b.vcov[2] - 1.0).abs() < 1e-13);
        }
    }

    #[test]
    fn two_rows_are_too_few_unless_the_spread_is_known() {
        let (r, y) = ([0.25, 0.75], [1.0, 2.0]);
        assert!(matches!(fit(&r, &y, Weights::Unit, Spread::Classical), Err(Error::TooFew { .. })));
        assert!(fit(&r, &y, Weights::Unit, Spread::Known(&[0.1, 0.1])).is_ok());
    }
}
