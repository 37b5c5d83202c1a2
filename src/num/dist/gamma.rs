//! Gamma distribution with shape a > 0 and scale s > 0 (mean a·s).

use super::quantile_search::solve;
use crate::num::special::ln_gamma_tails;

/// (ln P(X ≤ x), ln P(X > x)).
fn ln_tails(x: f64, shape: f64, scale: f64) -> (f64, f64) {
    if scale.is_nan() || scale <= 0.0 {
        return (f64::NAN, f64::NAN);
    }
    ln_gamma_tails(shape, x / scale)
}

/// P(X ≤ x).
pub fn cdf(x: f64, shape: f64, scale: f64) -> f64 {
    ln_cdf(x, shape, scale).exp()
}

/// P(X > x).
pub fn sf(x: f64, shape: f64, scale: f64) -> f64 {
    ln_sf(x, shape, scale).exp()
}

/// ln P(X ≤ x).
pub fn ln_cdf(x: f64, shape: f64, scale: f64) -> f64 {
    ln_tails(x, shape, scale).0
}

/// ln P(X > x).
pub fn ln_sf(x: f64, shape: f64, scale: f64) -> f64 {
    ln_tails(x, shape, scale).1
}

/// x with P(X ≤ x) = p.
pub fn quantile(p: f64, shape: f64, scale: f64) -> f64 {
    if p.is_nan() || !(0.0..=1.0).contains(&p) {
        return f64::NAN;
    }
    if p > 0.5 { isf(1.0 - p, shape, scale) } else { search(p.ln(), true, shape, scale) }
}

/// x with P(X > x) = q.
pub fn isf(q: f64, shape: f64, scale: f64) -> f64 {
    if q.is_nan() || !(0.0..=1.0).contains(&q) {
        return f64::NAN;
    }
    if q > 0.5 { search((1.0 - q).ln(), true, shape, scale) } else { search(q.ln(), false, shape, scale) }
}

/// Search in ln x for a tail of log-probability `ln_p` (below or above x).
fn search(ln_p: f64, lower: bool, shape: f64, scale: f64) -> f64 {
    if shape.is_nan() || scale.is_nan() || shape <= 0.0 || scale <= 0.0 {
        return f64::NAN;
    }
    if ln_p == f64::NEG_INFINITY {
        return if lower { 0.0 } else { f64::INFINITY };
    }
    // Near 0, P ≈ xᵃ/Γ(a+1): its inverse starts the search where x may be 10⁻³⁰⁰ or less.
    let small = (ln_p + libm::lgamma(shape + 1.0)) / shape;
    let start = if lower { small.min(shape.ln()) } else { shape.max(-ln_p).ln() };
    let tail = |u: f64| {
        let (low, high) = ln_gamma_tails(shape, u.exp());
        if lower { low - ln_p } else { high - ln_p }
    };
    solve(tail, start.max(-700.0), 0.5, -745.0, 709.0).exp() * scale
}
