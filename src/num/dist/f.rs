//! F distribution with d1, d2 > 0 degrees of freedom.

use super::beta;
use crate::num::special::ln_beta_tails;

/// (ln P(X ≤ x), ln P(X > x)) through beta(d1/2, d2/2) at d1·x/(d1·x + d2).
fn ln_tails(x: f64, d1: f64, d2: f64) -> (f64, f64) {
    if x <= 0.0 {
        return (f64::NEG_INFINITY, 0.0);
    }
    if x.is_infinite() {
        return (0.0, f64::NEG_INFINITY);
    }
    let (num, den) = (d1 * x, d1.mul_add(x, d2));
    ln_beta_tails(num / den, d2 / den, d1 / 2.0, d2 / 2.0)
}

/// P(X ≤ x).
pub fn cdf(x: f64, d1: f64, d2: f64) -> f64 {
    ln_cdf(x, d1, d2).exp()
}

/// P(X > x).
pub fn sf(x: f64, d1: f64, d2: f64) -> f64 {
    ln_sf(x, d1, d2).exp()
}

/// ln P(X ≤ x).
pub fn ln_cdf(x: f64, d1: f64, d2: f64) -> f64 {
    ln_tails(x, d1, d2).0
}

/// ln P(X > x).
pub fn ln_sf(x: f64, d1: f64, d2: f64) -> f64 {
    ln_tails(x, d1, d2).1
}

/// x with P(X ≤ x) = p.
pub fn quantile(p: f64, d1: f64, d2: f64) -> f64 {
    let (x, y) = beta::pair(p, d1 / 2.0, d2 / 2.0);
    d2 * x / (d1 * y)
}

/// x with P(X > x) = q.
pub fn isf(q: f64, d1: f64, d2: f64) -> f64 {
    // 1/X is F(d2, d1).
    let (x, y) = beta::pair(q, d2 / 2.0, d1 / 2.0);
    d2 * y / (d1 * x)
}
