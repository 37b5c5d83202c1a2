//! Chi-square distribution with `df` > 0 degrees of freedom: gamma of shape df/2 and scale 2.

use super::gamma;

/// P(X ≤ x).
pub fn cdf(x: f64, df: f64) -> f64 {
    gamma::cdf(x, df / 2.0, 2.0)
}

/// P(X > x).
pub fn sf(x: f64, df: f64) -> f64 {
    gamma::sf(x, df / 2.0, 2.0)
}

/// ln P(X ≤ x).
pub fn ln_cdf(x: f64, df: f64) -> f64 {
    gamma::ln_cdf(x, df / 2.0, 2.0)
}

/// ln P(X > x).
pub fn ln_sf(x: f64, df: f64) -> f64 {
    gamma::ln_sf(x, df / 2.0, 2.0)
}

/// x with P(X ≤ x) = p.
pub fn quantile(p: f64, df: f64) -> f64 {
    gamma::quantile(p, df / 2.0, 2.0)
}

/// x with P(X > x) = q.
pub fn isf(q: f64, df: f64) -> f64 {
    gamma::isf(q, df / 2.0, 2.0)
}
