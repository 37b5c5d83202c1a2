//! Limits of a binomial proportion x/n.
//!
//! Wilson (1927) inverts the score test; Clopper and Pearson (1934) the exact tails (beta quantiles);
//! Jeffreys takes the quantiles of beta(x + ½, n − x + ½), 0 and 1 at the ends (Brown, Cai and DasGupta 2001); Agresti
//! and Coull (1998) adds z²/2 to both; mid-p counts half of P(X = x) in each tail.

use crate::error::Result;
use crate::num::dist::{beta, binomial, normal};
use crate::num::root::brent;

/// Which limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Limits {
    /// Score.
    Wilson,
    /// Exact.
    ClopperPearson,
    /// Equal-tailed Bayesian with Jeffreys' prior.
    Jeffreys,
    /// Adjusted Wald; may leave [0, 1].
    AgrestiCoull,
    /// Mid-p.
    MidP,
}

/// Lower and upper limit of the proportion behind `x` of `n` (0 ≤ x ≤ n, n > 0).
///
/// # Errors
/// `NoConvergence` from the mid-p search.
pub fn limits(x: f64, n: f64, kind: Limits, conf_level: f64) -> Result<(f64, f64)> {
    let alpha = (1.0 - conf_level) / 2.0;
    let at_ends =
        |(low, high): (f64, f64)| (if x == 0.0 { 0.0 } else { low }, if x == n { 1.0 } else { high });
    match kind {
        Limits::Wilson => Ok(at_ends(wilson(x / n, n, normal::isf(alpha)))),
        Limits::ClopperPearson => {
            let low = if x == 0.0 { 0.0 } else { beta::quantile(alpha, x, n - x + 1.0) };
            Ok((low, if x == n { 1.0 } else { beta::isf(alpha, x + 1.0, n - x) }))
        }
        Limits::Jeffreys => {
            Ok(at_ends((beta::quantile(alpha, x + 0.5, n - x + 0.5), beta::isf(alpha, x + 0.5, n - x + 0.5))))
        }
        Limits::AgrestiCoull => {
            let z2 = normal::isf(alpha).powi(2);
            let (m, centre) = (n + z2, (x + z2 / 2.0) / (n + z2));
            let half = (z2 * centre * (1.0 - centre) / m).sqrt();
            Ok((centre - half, centre + half))
        }
        Limits::MidP => mid_p(x, n, alpha),
    }
}

/// Wilson's limits for a share `p` of a (possibly effective) `n`, at critical value `z`.
pub fn wilson(p: f64, n: f64, z: f64) -> (f64, f64) {
    let z2 = z * z;
    let centre = p + z2 / (2.0 * n);
    let half = z * (p * (1.0 - p) / n + z2 / (4.0 * n * n)).sqrt();
    let scale = 1.0 + z2 / n;
    // c/a of the quadratic for the lower root: centre − half cancels when x is small.
    let high = (centre + half) / scale;
    (if p == 0.0 { 0.0 } else { p * p / (scale * high) }, high.min(1.0))
}

fn mid_p(x: f64, n: f64, alpha: f64) -> Result<(f64, f64)> {
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // whole, checked at the door
    let (k, m) = (x as u64, n as u64);
    let below = |p: f64| binomial::cdf(k, m, p) - 0.5 * binomial::pmf(k, m, p);
    let above = |p: f64| binomial::sf(k, m, p) + 0.5 * binomial::pmf(k, m, p);
    let (outer_low, outer_high) = limits(x, n, Limits::ClopperPearson, 1.0 - 2.0 * alpha)?;
    let lower = if k == 0 { 0.0 } else { brent(|p| above(p) - alpha, outer_low, x / n, 1e-16)? };
    let upper = if k == m { 1.0 } else { brent(|p| below(p) - alpha, x / n, outer_high, 1e-16)? };
    Ok((lower, upper))
}

/// Exact two-sided p of k in n against p₀: the outcomes no likelier than k.
pub fn exact_p(k: u64, n: u64, p0: f64) -> f64 {
    let seen = binomial::ln_pmf(k, n, p0) + 1e-7;
    let mean = n as f64 * p0;
    let as_rare = |i: u64| binomial::ln_pmf(i, n, p0) <= seen;
    let total = if k as f64 == mean {
        1.0
    } else if (k as f64) < mean {
        let rare = (k + 1..=n).rev().take_while(|&i| as_rare(i)).count() as u64;
        let upper = if rare == 0 { 0.0 } else { binomial::sf(n - rare, n, p0) };
        binomial::cdf(k, n, p0) + upper
    } else {
        let rare = (0..k).take_while(|&i| as_rare(i)).count() as u64;
        let lower = if rare == 0 { 0.0 } else { binomial::cdf(rare - 1, n, p0) };
        binomial::sf(k - 1, n, p0) + lower
    };
    total.min(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_printed_wilson_limits_of_56_15_and_8_of_79() {
        for (x, low, high) in [(56.0, 60.1, 79.7), (15.0, 11.9, 29.0), (8.0, 5.2, 18.7)] {
            let (l, h) = limits(x, 79.0, Limits::Wilson, 0.95).unwrap();
            assert!((100.0 * l - low).abs() < 0.05 && (100.0 * h - high).abs() < 0.05, "{x} {l} {h}");
        }
    }

    #[test]
    fn exact_limits_cover_at_least_their_level() {
        for p in [0.03, 0.2, 0.5, 0.81] {
            let covered: f64 = (0..=22_u64)
                .filter(|&k| {
                    let (l, h) = limits(k as f64, 22.0, Limits::ClopperPearson, 0.95).unwrap();
                    l <= p && p <= h
                })
                .map(|k| binomial::pmf(k, 22, p))
                .sum();
            assert!(covered >= 0.95, "{p} {covered}");
        }
    }
}
