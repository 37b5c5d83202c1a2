//! Poisson distribution with mean mu ≥ 0.

use crate::num::special::{ln_gamma_tails, ln_poisson_raw};

/// ln P(X = k).
pub fn ln_pmf(k: u64, mu: f64) -> f64 {
    if mu.is_nan() || mu < 0.0 {
        return f64::NAN;
    }
    if k == 0 {
        return -mu;
    }
    if mu == 0.0 {
        return f64::NEG_INFINITY;
    }
    ln_poisson_raw(k as f64, mu)
}

/// P(X = k).
pub fn pmf(k: u64, mu: f64) -> f64 {
    ln_pmf(k, mu).exp()
}

/// (ln P(X ≤ k), ln P(X > k)): P(X > k) = P(k + 1, mu), the incomplete gamma function.
fn ln_tails(k: u64, mu: f64) -> (f64, f64) {
    if mu.is_nan() || mu < 0.0 {
        return (f64::NAN, f64::NAN);
    }
    let (above, below) = ln_gamma_tails(k as f64 + 1.0, mu);
    (below, above)
}

/// P(X ≤ k).
pub fn cdf(k: u64, mu: f64) -> f64 {
    ln_tails(k, mu).0.exp()
}

/// P(X > k).
pub fn sf(k: u64, mu: f64) -> f64 {
    ln_tails(k, mu).1.exp()
}

/// The smallest k with P(X ≤ k) ≥ `prob`; u64::MAX when `prob` is 1 and mu > 0, or on a NaN.
pub fn quantile(prob: f64, mu: f64) -> u64 {
    if prob.is_nan() || mu.is_nan() || mu < 0.0 || (prob >= 1.0 && mu > 0.0) {
        return u64::MAX;
    }
    let (mut low, mut high) = (0_u64, 16_u64);
    while cdf(high, mu) < prob && high < u64::MAX / 4 {
        (low, high) = (high, high * 2);
    }
    while low < high {
        let middle = low + (high - low) / 2;
        if cdf(middle, mu) >= prob {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    low
}
