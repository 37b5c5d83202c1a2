//! Beta distribution with shapes a, b > 0 on [0, 1].

use super::quantile_search::solve;
use crate::num::special::ln_beta_tails;

/// (ln P(X ≤ x), ln P(X > x)).
fn ln_tails(x: f64, a: f64, b: f64) -> (f64, f64) {
    ln_beta_tails(x, 1.0 - x, a, b)
}

/// P(X ≤ x).
pub fn cdf(x: f64, a: f64, b: f64) -> f64 {
    ln_cdf(x, a, b).exp()
}

/// P(X > x).
pub fn sf(x: f64, a: f64, b: f64) -> f64 {
    ln_sf(x, a, b).exp()
}

/// ln P(X ≤ x).
pub fn ln_cdf(x: f64, a: f64, b: f64) -> f64 {
    ln_tails(x, a, b).0
}

/// ln P(X > x).
pub fn ln_sf(x: f64, a: f64, b: f64) -> f64 {
    ln_tails(x, a, b).1
}

/// x with P(X ≤ x) = p.
pub fn quantile(p: f64, a: f64, b: f64) -> f64 {
    pair(p, a, b).0
}

/// x with P(X > x) = q.
pub fn isf(q: f64, a: f64, b: f64) -> f64 {
    // X > x for beta(a, b) is 1 − X < 1 − x for beta(b, a).
    pair(q, b, a).1
}

/// (x, 1 − x) with P(X ≤ x) = p, each to full relative precision.
pub(super) fn pair(p: f64, a: f64, b: f64) -> (f64, f64) {
    if p.is_nan() || !(0.0..=1.0).contains(&p) || !(a > 0.0 && b > 0.0) {
        return (f64::NAN, f64::NAN);
    }
    if p == 0.0 {
        return (0.0, 1.0);
    }
    if p == 1.0 {
        return (1.0, 0.0);
    }
    let (ln_p, lower) = if p <= 0.5 { (p.ln(), true) } else { ((1.0 - p).ln(), false) };
    // u = logit x; x and 1 − x both come from u without cancellation.
    let split = |u: f64| {
        let e = (-u.abs()).exp();
        let (small, large) = (e / (1.0 + e), 1.0 / (1.0 + e));
        if u < 0.0 { (small, large) } else { (large, small) }
    };
    let tail = |u: f64| {
        let (x, y) = split(u);
        let (low, high) = ln_beta_tails(x, y, a, b);
        if lower { low - ln_p } else { high - ln_p }
    };
    let centre = (a / b).ln();
    let ln_beta = libm::lgamma(a) + libm::lgamma(b) - libm::lgamma(a + b);
    // Near 0 the lower tail is xᵃ/(a·B), near 1 the upper is (1−x)ᵇ/(b·B).
    let start = if lower {
        ((ln_p + a.ln() + ln_beta) / a).min(centre)
    } else {
        (-(ln_p + b.ln() + ln_beta) / b).max(centre)
    };
    split(solve(tail, start.clamp(-700.0, 700.0), 0.25, -745.0, 745.0))
}
