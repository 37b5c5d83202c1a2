//! The log-linear line for counts or 0/1 outcomes: E y_i = t_i · exp(a + b·R_i), t the exposure.
//!
//! Weighted Poisson quasi-likelihood by Newton's method; covariance by the sandwich with the
//! n/(n − 2) factor, so that over-dispersed counts and 0/1 outcomes ("modified Poisson", Zou 2004)
//! keep valid standard errors. Zeros are allowed; RII = exp(b) is a rate or risk ratio.

use crate::design::Weights;
use crate::error::{Error, Result};
use crate::inequality::line::Line;

const MAX_ITER: usize = 50;
/// Newton on a concave likelihood of two parameters: quadratic near the end, so 1e-12 costs one step.
const TOLERANCE: f64 = 1e-12;

/// Fits y (counts ≥ 0, or 0/1) with exposure t > 0 on ridits r (n values each).
///
/// # Errors
/// `Values` for negative y or exposure not above 0, `TooFew` below three used rows, `Undefined`
/// when all y are 0, `NoConvergence` when the rates vanish towards one end (separation).
pub fn fit(r: &[f64], y: &[f64], exposure: Option<&[f64]>, weights: Weights<'_>) -> Result<Line> {
    check(y, exposure)?;
    let t = |i: usize| exposure.map_or(1.0, |t| t[i]);
    let w = |i: usize| weights.at(i);
    let used = (0..y.len()).filter(|&i| w(i) > 0.0).count();
    if used < 3 {
        return Err(Error::TooFew { what: "a log-linear line on ridits".to_owned(), needed: 3, got: used });
    }
    let (events, people) = (0..y.len()).fold((0.0, 0.0), |(e, p), i| (e + w(i) * y[i], p + w(i) * t(i)));
    if events == 0.0 {
        let reason = "there are no events".to_owned();
        return Err(Error::Undefined { what: "the log-linear slope".to_owned(), reason });
    }
    let (mut a, mut b) = ((events / people).ln(), 0.0);
    let mut last = f64::INFINITY;
    for _ in 0..MAX_ITER {
        let s = state(r, y, &t, &w, a, b);
        let det = s.h[0] * s.h[2] - s.h[1] * s.h[1];
        if !(det > 0.0 && det.is_finite()) {
            break;
        }
        let step_a = (s.h[2] * s.u[0] - s.h[1] * s.u[1]) / det;
        let step_b = (s.h[0] * s.u[1] - s.h[1] * s.u[0]) / det;
        // Ridits span less than 1: a step above 4 is a runaway, shortened rather than followed.
        let shrink = (4.0 / step_a.abs().max(step_b.abs())).min(1.0);
        a += shrink * step_a;
        b += shrink * step_b;
        last = step_a.abs().max(step_b.abs());
        if last < TOLERANCE {
            return Ok(finish(r, y, &t, weights, a, b, used));
        }
    }
    let what = "the log-linear line (do events vanish towards one end of the ranking?)".to_owned();
    Err(Error::NoConvergence { what, n_iter: MAX_ITER, last, tolerance: TOLERANCE })
}

fn check(y: &[f64], exposure: Option<&[f64]>) -> Result<()> {
    if let Some(&first) = y.iter().find(|v| **v < 0.0) {
        let rows = y.iter().enumerate().filter(|(_, v)| **v < 0.0).map(|(i, _)| i);
        return Err(Error::values("value", rows, "counts that are not negative", first));
    }
    let Some(t) = exposure else { return Ok(()) };
    match t.iter().find(|v| **v <= 0.0) {
        None => Ok(()),
        Some(&first) => {
            let rows = t.iter().enumerate().filter(|(_, v)| **v <= 0.0).map(|(i, _)| i);
            Err(Error::values("population", rows, "a population above 0", first))
        }
    }
}

/// Score u and information h (aa, ab, bb) at (a, b).
struct State {
    u: [f64; 2],
    h: [f64; 3],
}

fn state(
    r: &[f64],
    y: &[f64],
    t: &impl Fn(usize) -> f64,
    w: &impl Fn(usize) -> f64,
    a: f64,
    b: f64,
) -> State {
    let mut s = State { u: [0.0; 2], h: [0.0; 3] };
    for i in 0..y.len() {
        let mu = t(i) * b.mul_add(r[i], a).exp();
        let e = w(i) * (y[i] - mu);
        s.u[0] += e;
        s.u[1] += e * r[i];
        let m = w(i) * mu;
        s.h[0] += m;
        s.h[1] += m * r[i];
        s.h[2] += m * r[i] * r[i];
    }
    s
}

/// H⁻¹ (Σ e² x x′) H⁻¹ · n/(n − 2).
fn finish(
    r: &[f64],
    y: &[f64],
    t: &impl Fn(usize) -> f64,
    weights: Weights<'_>,
    a: f64,
    b: f64,
    used: usize,
) -> Line {
    let w = |i: usize| weights.at(i);
    let h = state(r, y, t, &w, a, b).h;
    let det = h[0] * h[2] - h[1] * h[1];
    let inv = [h[2] / det, -h[1] / det, h[0] / det];
    let frequency = matches!(weights, Weights::Frequency(_));
    let (mut m, mut total) = ([0.0; 3], 0.0);
    for i in 0..y.len() {
        let e = y[i] - t(i) * b.mul_add(r[i], a).exp();
        let q = e * e * if frequency { w(i) } else { w(i) * w(i) };
        m[0] += q;
        m[1] += q * r[i];
        m[2] += q * r[i] * r[i];
        total += w(i);
    }
    let n = if frequency { total } else { used as f64 };
    let scale = n / (n - 2.0);
    let row = |p: f64, q: f64| [p * m[0] + q * m[1], p * m[1] + q * m[2]];
    let (top, bottom) = (row(inv[0], inv[1]), row(inv[1], inv[2]));
    let vcov = [
        scale * (top[0] * inv[0] + top[1] * inv[1]),
        scale * (top[0] * inv[1] + top[1] * inv[2]),
        scale * (bottom[0] * inv[1] + bottom[1] * inv[2]),
    ];
    Line { intercept: a, slope: b, vcov, df: n - 2.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_on_a_log_line_are_found_exactly() {
        let r = [0.1, 0.3, 0.5, 0.7, 0.9];
        let t = [1000.0, 2000.0, 1500.0, 900.0, 1200.0];
        let y: Vec<f64> = r.iter().zip(t).map(|(r, t): (&f64, f64)| t * (2.0 * r - 5.0).exp()).collect();
        let line = fit(&r, &y, Some(&t), Weights::Unit).unwrap();
        assert!((line.intercept + 5.0).abs() < 1e-12 && (line.slope - 2.0).abs() < 1e-12);
    }

    #[test]
    fn grouped_zero_one_outcomes_equal_repeated_rows() {
        let (r, y, w) = ([0.2, 0.2, 0.7, 0.7], [0.0, 1.0, 0.0, 1.0], [8.0, 2.0, 5.0, 5.0]);
        let (mut long_r, mut long_y) = (Vec::new(), Vec::new());
        for i in 0..4 {
            for _ in 0..[8, 2, 5, 5][i] {
                long_r.push(r[i]);
                long_y.push(y[i]);
            }
        }
        let short = fit(&r, &y, None, Weights::Frequency(&w)).unwrap();
        let long = fit(&long_r, &long_y, None, Weights::Unit).unwrap();
        assert!((short.slope - long.slope).abs() < 1e-12);
        assert!((short.vcov[2] - long.vcov[2]).abs() < 1e-12);
        // Two points on the log line: the ratio is that of the risks, (0.5/0.2)^(1/0.5).
        assert!((short.slope - 2.0 * 2.5_f64.ln()).abs() < 1e-11);
    }

    #[test]
    fn no_events_and_negative_counts_are_refused() {
        let r = [0.2, 0.5, 0.8];
        assert!(matches!(fit(&r, &[0.0; 3], None, Weights::Unit), Err(Error::Undefined { .. })));
        assert!(matches!(fit(&r, &[1.0, -1.0, 2.0], None, Weights::Unit), Err(Error::Values { .. })));
    }
}
