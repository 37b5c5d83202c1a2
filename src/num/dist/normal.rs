//! Standard normal distribution.

use crate::num::special::{ln_normal_sf, normal_quantile};

/// P(Z ≤ z).
pub fn cdf(z: f64) -> f64 {
    ln_cdf(z).exp()
}

/// P(Z > z).
pub fn sf(z: f64) -> f64 {
    if z.abs() <= 5.0 { 0.5 * libm::erfc(z * std::f64::consts::FRAC_1_SQRT_2) } else { ln_sf(z).exp() }
}

/// ln P(Z ≤ z).
pub fn ln_cdf(z: f64) -> f64 {
    ln_sf(-z)
}

/// ln P(Z > z).
pub fn ln_sf(z: f64) -> f64 {
    ln_normal_sf(z)
}

/// z with P(Z ≤ z) = p.
pub fn quantile(p: f64) -> f64 {
    normal_quantile(p)
}

/// z with P(Z > z) = q: exact for tiny q, where 1 − q is not.
pub fn isf(q: f64) -> f64 {
    -normal_quantile(q)
}

/// P(|Z| > |z|), by the survival function.
pub fn two_sided_p(z: f64) -> f64 {
    (2.0 * sf(z.abs())).min(1.0)
}
