//! A proportion in a sample without replacement from a finite population: n of N.
//!
//! * exact: the whole numbers K of the population for which the hypergeometric tails at x exceed α/2 (Wright 1991;
//!   the finite counterpart of Clopper and Pearson), divided by N;
//! * Wilson with the effective sample size n* = n(N − 1)/(N − n): the finite-population correction of the variance.
//!
//! Both become certain, a point, when the whole population is sampled.

use crate::num::dist::normal;
use crate::num::special::ln_gamma;
use crate::rates::proportion::wilson;

/// ln of C(n, k) by Γ.
fn ln_choose(n: f64, k: f64) -> f64 {
    ln_gamma(n + 1.0) - ln_gamma(k + 1.0) - ln_gamma(n - k + 1.0)
}

/// P(X ≤ x) and P(X ≥ x) for X hypergeometric: n drawn of `total`, `marked` of them marked.
fn tails(x: u64, n: u64, marked: u64, total: u64) -> (f64, f64) {
    let (low, high) = ((n + marked).saturating_sub(total), n.min(marked));
    let mass = |k: u64| {
        (ln_choose(marked as f64, k as f64) + ln_choose((total - marked) as f64, (n - k) as f64)
            - ln_choose(total as f64, n as f64))
        .exp()
    };
    let below = (low..=high).filter(|&k| k <= x).map(mass).sum();
    let above = (low..=high).filter(|&k| k >= x).map(mass).sum();
    (below, above)
}

/// Exact limits of the population's share behind `x` of `n` sampled from `total`.
pub fn exact(x: u64, n: u64, total: u64, conf_level: f64) -> (f64, f64) {
    let alpha = (1.0 - conf_level) / 2.0;
    // At least the x seen are marked, at most all but the n − x seen unmarked; the tails are monotone.
    let (first, last) = (x, total - (n - x));
    let search = |accept: &dyn Fn(u64) -> bool, from: u64, to: u64| {
        let (mut low, mut high) = (from, to);
        while low < high {
            let middle = low + (high - low) / 2;
            if accept(middle) {
                high = middle;
            } else {
                low = middle + 1;
            }
        }
        low
    };
    let lower = search(&|k| tails(x, n, k, total).1 > alpha, first, last);
    let beyond = search(&|k| tails(x, n, k, total).0 <= alpha, first, last + 1);
    (lower as f64 / total as f64, (beyond - 1) as f64 / total as f64)
}

/// Wilson's limits with the finite-population correction; the point itself for a whole population.
pub fn corrected_wilson(x: f64, n: f64, total: f64, conf_level: f64) -> (f64, f64) {
    if n >= total {
        return (x / n, x / n);
    }
    let effective = n * (total - 1.0) / (total - n);
    wilson(x / n, effective, normal::isf((1.0 - conf_level) / 2.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sampling_everybody_leaves_no_doubt() {
        assert_eq!(exact(26, 79, 79, 0.95), (26.0 / 79.0, 26.0 / 79.0));
        assert_eq!(corrected_wilson(26.0, 79.0, 79.0, 0.95), (26.0 / 79.0, 26.0 / 79.0));
    }

    #[test]
    fn the_interval_is_narrower_than_for_an_endless_population() {
        let (low, high) = exact(26, 79, 1076, 0.95);
        let (wide_low, wide_high) = crate::rates::proportion::limits(
            26.0,
            79.0,
            crate::rates::proportion::Limits::ClopperPearson,
            0.95,
        )
        .unwrap();
        assert!(wide_low < low && low < 26.0 / 79.0 && 26.0 / 79.0 < high && high < wide_high);
    }

    #[test]
    fn ten_of_twenty_can_be_enumerated() {
        // 2 of 5 drawn of 20: P(X ≥ 2 | K) passes 0.025 from K = 2 (0.0526); P(X ≤ 2 | K) until K = 16 (0.0320; 0.0088 at 17).
        assert_eq!(exact(2, 5, 20, 0.95), (2.0 / 20.0, 16.0 / 20.0));
    }
}
