//! Funnel limits: where an area of a given size would lie if it shared the common value (Spiegelhalter 2005).
//!
//! * proportion, score: θ ± z√(θ(1 − θ)/n), within [0, 1];
//! * proportion and rate, exact: the target-tail quantiles of the binomial or Poisson count, interpolated between
//!   whole numbers so that the tails are exact (Spiegelhalter 2005, app. A.1.1): y − (P(Y≤y) − p)/P(Y=y);
//! * ratio: 100·x/E with E solving the exact Poisson tail at x (chi-square quantiles).
//!
//! Overdispersed: the standard score is shrunk by √φ, or its variance raised by τ² (see [`super::dispersion`]).

use crate::num::dist::{binomial, chi2, normal, poisson};

/// Limits for a proportion θ at size n by the score: θ ± z√(θ(1 − θ)/n), within [0, 1].
pub fn proportion_score(target: f64, n: f64, level: f64) -> (f64, f64) {
    let half = normal::isf((1.0 - level) / 2.0) * (target * (1.0 - target) / n).sqrt();
    ((target - half).max(0.0), (target + half).min(1.0))
}

/// Interpolated exact limits of a proportion θ at size n (whole).
pub fn proportion_exact(target: f64, n: u64, level: f64) -> (f64, f64) {
    let at = |p: f64| {
        let k = binomial::quantile(p, n, target);
        k as f64 - (binomial::cdf(k, n, target) - p) / binomial::pmf(k, n, target)
    };
    let alpha = (1.0 - level) / 2.0;
    let nf = n as f64;
    ((at(alpha) / nf).clamp(0.0, 1.0), (at(1.0 - alpha) / nf).clamp(0.0, 1.0))
}

/// Interpolated exact limits of a rate θ (per person) at population t.
pub fn rate_exact(target: f64, population: f64, level: f64) -> (f64, f64) {
    let mu = target * population;
    let at = |p: f64| {
        let k = poisson::quantile(p, mu);
        k as f64 - (poisson::cdf(k, mu) - p) / poisson::pmf(k, mu)
    };
    let alpha = (1.0 - level) / 2.0;
    (at(alpha).max(0.0) / population, at(1.0 - alpha) / population)
}

/// Limits of a standardised ratio O/E at observed count x: x/E with the exact Poisson tail at E.
pub fn ratio(x: f64, level: f64) -> (f64, f64) {
    let alpha = (1.0 - level) / 2.0;
    let upper_mean = 0.5 * chi2::isf(alpha, 2.0 * x + 2.0);
    let lower_mean = 0.5 * chi2::quantile(alpha, 2.0 * x);
    (x / upper_mean, if x == 0.0 { f64::INFINITY } else { x / lower_mean })
}

/// Limits on a variance-stabilised scale: g⁻¹(g(θ) ± z·√(φ·s² + τ²)).
pub fn dispersed(
    scale: super::dispersion::Scale,
    target: f64,
    size: f64,
    level: f64,
    phi: f64,
    tau2: f64,
) -> (f64, f64) {
    let z = normal::isf((1.0 - level) / 2.0);
    let s = scale.std_error(target, size);
    let half = z * (phi * s * s + tau2).sqrt();
    let centre = scale.forward(target);
    (scale.inverse(centre - half), scale.inverse(centre + half))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn interpolated_limits_narrow_with_size_and_hold_the_target() {
        let mut last = (0.0, 1.0);
        for n in [20_u64, 100, 1_000, 20_000] {
            let (low, high) = proportion_exact(0.3, n, 0.95);
            assert!(low < 0.3 && 0.3 < high && low >= last.0 && high <= last.1, "{n} {low} {high}");
            last = (low, high);
            let (low, high) = rate_exact(0.012, n as f64, 0.998);
            assert!(low <= 0.012 && 0.012 < high);
        }
    }
}
