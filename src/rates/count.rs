//! Limits of the mean of a Poisson count x.
//!
//! * exact (Garwood 1936): ½χ²_{α/2}(2x), ½χ²_{1−α/2}(2x + 2);
//! * Byar (Breslow and Day 1987, p. 69): x(1 − 1/(9x) − z/(3√x))³ and the same at x + 1 with +z;
//! * mid-p (Berry and Armitage 1995): half of P(X = x) counts in each tail;
//! * PHE: exact below 10, Byar from 10 on, the rule of England's public-health indicators.
//!
//! A rate is limits / population × base. Byar needs no whole number; the others do.

use crate::error::{Error, Result};
use crate::num::dist::{beta, chi2, normal, poisson};
use crate::num::root::brent;

/// Which limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Limits {
    /// Garwood's exact limits.
    Exact,
    /// Mid-p.
    MidP,
    /// Byar's approximation.
    Byar,
    /// Exact below 10 events, Byar above.
    Phe,
}

/// Lower and upper limit of the mean of a count `x` ≥ 0 at `conf_level`.
///
/// # Errors
/// `NoConvergence` from the mid-p search.
pub fn limits(x: f64, kind: Limits, conf_level: f64) -> Result<(f64, f64)> {
    let alpha = (1.0 - conf_level) / 2.0;
    match kind {
        Limits::Exact => Ok(exact(x, alpha)),
        Limits::Phe if x < 10.0 => Ok(exact(x, alpha)),
        // At one event and 99.8% Byar's lower limit falls a hair below 0, where no mean can be.
        Limits::Byar | Limits::Phe => Ok(byar(x, conf_level)).map(|(low, high)| (low.max(0.0), high)),
        Limits::MidP => mid_p(x, alpha),
    }
}

fn exact(x: f64, alpha: f64) -> (f64, f64) {
    let lower = if x == 0.0 { 0.0 } else { 0.5 * chi2::quantile(alpha, 2.0 * x) };
    (lower, 0.5 * chi2::isf(alpha, 2.0 * x + 2.0))
}

/// Byar's limits as the formula gives them.
pub fn byar(x: f64, conf_level: f64) -> (f64, f64) {
    let z = normal::isf((1.0 - conf_level) / 2.0);
    let cube = |x: f64, z: f64| x * (1.0 - 1.0 / (9.0 * x) + z / (3.0 * x.sqrt())).powi(3);
    let lower = if x == 0.0 { 0.0 } else { cube(x, -z) };
    (lower, cube(x + 1.0, z))
}

fn mid_p(x: f64, alpha: f64) -> Result<(f64, f64)> {
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // whole, checked at the door
    let k = x as u64;
    let below = |mu: f64| poisson::cdf(k, mu) - 0.5 * poisson::pmf(k, mu);
    let above = |mu: f64| poisson::sf(k, mu) + 0.5 * poisson::pmf(k, mu);
    // The mid-p limits lie inside the exact ones.
    let (outer_low, outer_high) = exact(x, alpha);
    let lower = if k == 0 { 0.0 } else { brent(|mu| above(mu) - alpha, outer_low, x, 1e-14 * x)? };
    let upper = brent(|mu| below(mu) - alpha, x.max(1e-9), outer_high, 1e-14 * outer_high)?;
    Ok((lower, upper))
}

/// Exact comparison of two Poisson rates given their sum: (ratio, lower, upper, two-sided p).
///
/// x₁ given x₁ + x₂ is binomial with odds ratio·t₁/t₂; Clopper-Pearson limits carry over. The p-value
/// sums the outcomes no likelier than the one seen.
///
/// # Errors
/// `Undefined` when both counts are 0.
pub fn rate_ratio(x1: f64, t1: f64, x2: f64, t2: f64, conf_level: f64) -> Result<(f64, f64, f64, f64)> {
    if x1 + x2 == 0.0 {
        let reason = "there are no events in either group".to_owned();
        return Err(Error::Undefined { what: "the rate ratio".to_owned(), reason });
    }
    let alpha = (1.0 - conf_level) / 2.0;
    let to_ratio = |p: f64| if p >= 1.0 { f64::INFINITY } else { p / (1.0 - p) * (t2 / t1) };
    let lower = if x1 == 0.0 { 0.0 } else { to_ratio(beta::quantile(alpha, x1, x2 + 1.0)) };
    let upper = if x2 == 0.0 { f64::INFINITY } else { to_ratio(beta::isf(alpha, x1 + 1.0, x2)) };
    let ratio = if x2 == 0.0 { f64::INFINITY } else { (x1 / t1) / (x2 / t2) };
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // whole, checked at the door
    let (k, n) = (x1 as u64, (x1 + x2) as u64);
    Ok((ratio, lower, upper, super::proportion::exact_p(k, n, t1 / (t1 + t2))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // whole counts
    fn exact_limits_leave_alpha_in_each_tail() {
        for x in [1.0_f64, 4.0, 27.0, 310.0] {
            let (low, high) = limits(x, Limits::Exact, 0.95).unwrap();
            assert!((poisson::sf(x as u64 - 1, low) - 0.025).abs() < 1e-13);
            assert!((poisson::cdf(x as u64, high) - 0.025).abs() < 1e-13);
            let (mid_low, mid_high) = limits(x, Limits::MidP, 0.95).unwrap();
            assert!(low < mid_low && mid_high < high);
        }
        assert_eq!(limits(0.0, Limits::Exact, 0.95).unwrap().0, 0.0);
    }
}
