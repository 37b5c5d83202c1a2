//! Binomial distribution: k successes in n trials of probability p.

use crate::num::special::{ln_beta_tails, ln_binomial_raw};

/// ln P(X = k).
pub fn ln_pmf(k: u64, n: u64, p: f64) -> f64 {
    if p.is_nan() || !(0.0..=1.0).contains(&p) {
        return f64::NAN;
    }
    if k > n {
        return f64::NEG_INFINITY;
    }
    let (kf, nf) = (k as f64, n as f64);
    if k == 0 {
        return if n == 0 { 0.0 } else { nf * (-p).ln_1p() };
    }
    if k == n {
        return nf * p.ln();
    }
    if p == 0.0 || p == 1.0 {
        return f64::NEG_INFINITY;
    }
    ln_binomial_raw(kf, nf, p, 1.0 - p)
}

/// P(X = k).
pub fn pmf(k: u64, n: u64, p: f64) -> f64 {
    ln_pmf(k, n, p).exp()
}

/// (ln P(X ≤ k), ln P(X > k)): P(X > k) = I_p(k + 1, n − k).
fn ln_tails(k: u64, n: u64, p: f64) -> (f64, f64) {
    if p.is_nan() || !(0.0..=1.0).contains(&p) {
        return (f64::NAN, f64::NAN);
    }
    if k >= n {
        return (0.0, f64::NEG_INFINITY);
    }
    let (above, below) = ln_beta_tails(p, 1.0 - p, k as f64 + 1.0, (n - k) as f64);
    (below, above)
}

/// P(X ≤ k).
pub fn cdf(k: u64, n: u64, p: f64) -> f64 {
    ln_tails(k, n, p).0.exp()
}

/// P(X > k).
pub fn sf(k: u64, n: u64, p: f64) -> f64 {
    ln_tails(k, n, p).1.exp()
}

/// The smallest k with P(X ≤ k) ≥ `prob`; n for a NaN.
pub fn quantile(prob: f64, n: u64, p: f64) -> u64 {
    let (mut low, mut high) = (0, n);
    while low < high {
        let middle = low + (high - low) / 2;
        if cdf(middle, n, p) >= prob {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    low
}
