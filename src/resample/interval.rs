//! Intervals from bootstrap replicates (Davison and Hinkley 1997, ch. 5; Efron 1987 for BCa).
//!
//! With R replicates t*, estimate t and z = Φ⁻¹:
//! * normal: t − bias ± z·sd(t*);   * basic: 2t − t*_(1−α), 2t − t*_(α);
//! * percentile: t*_(α), t*_(1−α);
//! * BCa: percentiles at Φ(w + (w + z_α)/(1 − a(w + z_α))), w = Φ⁻¹(#{t* < t}/R), a the acceleration;
//! * studentised: t − se·z*_(1−α), t − se·z*_(α) with z* = (t* − t)/se*.
//!
//! Order statistics are interpolated on the normal-quantile scale at (R + 1)p, as in R's boot.

use crate::error::{Error, Result};
use crate::num::dist::normal;

/// Which bootstrap interval.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Normal with bias correction.
    Normal,
    /// Basic ("reverse percentile").
    Basic,
    /// Percentile.
    Percentile,
    /// Bias-corrected and accelerated.
    Bca,
}

/// Bias and standard error of replicates about the estimate `t`: mean(t*) − t, sd with R − 1.
pub fn bias_and_error(replicates: &[f64], t: f64) -> Option<(f64, f64)> {
    if replicates.len() < 2 {
        return None;
    }
    // Plain sums about the estimate, in four lanes: replicates scatter about t, nothing cancels, and
    // compensation would take longer than drawing them.
    let n = replicates.len() as f64;
    let (mut sums, mut squares) = ([0.0; 4], [0.0; 4]);
    for chunk in replicates.chunks(4) {
        for (l, v) in chunk.iter().enumerate() {
            let d = v - t;
            sums[l] += d;
            squares[l] += d * d;
        }
    }
    let total = |s: [f64; 4]| (s[0] + s[1]) + (s[2] + s[3]);
    let bias = total(sums) / n;
    let variance = (total(squares) - n * bias * bias) / (n - 1.0);
    Some((bias, variance.max(0.0).sqrt()))
}

/// The interval of `kind` at `conf_level`; `acceleration` is used by BCa only. Reorders `replicates`.
///
/// # Errors
/// `TooFew` where the level asks for order statistics beyond the replicates, or BCa finds the
/// estimate outside all of them.
pub fn interval(
    kind: Kind,
    replicates: &mut [f64],
    t: f64,
    conf_level: f64,
    acceleration: f64,
) -> Result<(f64, f64)> {
    let alpha = (1.0 - conf_level) / 2.0;
    match kind {
        Kind::Normal => {
            let (bias, error) = bias_and_error(replicates, t).ok_or_else(|| too_few(2, replicates.len()))?;
            let half = normal::isf(alpha) * error;
            Ok((t - bias - half, t - bias + half))
        }
        Kind::Percentile => quantiles(replicates, alpha, 1.0 - alpha),
        Kind::Basic => {
            quantiles(replicates, alpha, 1.0 - alpha).map(|(low, high)| (2.0 * t - high, 2.0 * t - low))
        }
        Kind::Bca => {
            let r = replicates.len();
            let below = replicates.iter().filter(|&&v| v < t).count();
            let ties = replicates.iter().filter(|&&v| v == t).count();
            if r == 0 || below + ties == 0 || below == r {
                return Err(too_few(r.max(1) * 2, r));
            }
            // Half of the ties count as below: a discrete statistic (Kendall at n = 5) sits on them.
            let share = if below == 0 { 0.5 / r as f64 } else { below as f64 / r as f64 };
            let w = normal::quantile(share);
            let adjusted = |z: f64| normal::cdf(w + (w + z) / (1.0 - acceleration * (w + z)));
            quantiles(replicates, adjusted(normal::quantile(alpha)), adjusted(normal::isf(alpha)))
        }
    }
}

/// Limits of the studentised interval from z* = (t* − t)/se*.
///
/// # Errors
/// `TooFew` as [`interval`].
pub fn studentised(z: &mut [f64], t: f64, std_error: f64, conf_level: f64) -> Result<(f64, f64)> {
    let alpha = (1.0 - conf_level) / 2.0;
    let (low, high) = quantiles(z, alpha, 1.0 - alpha)?;
    Ok((t - std_error * high, t - std_error * low))
}

fn too_few(needed: usize, got: usize) -> Error {
    Error::TooFew {
        what: "bootstrap replicates for this interval (raise n_resamples)".to_owned(),
        needed,
        got,
    }
}

/// The p- and q-quantiles of the replicates, p < q, by selection rather than a full sort.
fn quantiles(replicates: &mut [f64], p: f64, q: f64) -> Result<(f64, f64)> {
    let r = replicates.len();
    let place = |p: f64| {
        // 0.05 comes out of a level of 0.9 as 0.04999…: a whole position a rounding error away is meant.
        let exact = (r as f64 + 1.0) * p;
        let position = if (exact - exact.round()).abs() < 1e-9 { exact.round() } else { exact };
        let k = position.floor();
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // 1 ≤ k ≤ r, checked next
        (position >= 1.0 && position < r as f64 + 1.0).then_some((k as usize, position))
    };
    let needed = || {
        let tail = p.min(1.0 - q).max(1e-9);
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // 1/tail ≤ 1e9
        too_few((1.0 / tail).ceil() as usize, r)
    };
    let (Some((i, at_low)), Some((j, at_high))) = (place(p), place(q)) else { return Err(needed()) };
    // The upper pair first; what is left of it then holds the lower pair.
    let high = pair(replicates, j);
    let low = pair(&mut replicates[..(j + 1).min(r)], i.min(j + 1));
    Ok((between(low, i, at_low, r), between(high, j, at_high, r)))
}

/// The k-th and (k+1)-th smallest (1-based); the largest twice when k is the last.
fn pair(values: &mut [f64], k: usize) -> (f64, f64) {
    let (_, &mut low, above) = values.select_nth_unstable_by(k - 1, f64::total_cmp);
    let high = above.iter().copied().min_by(f64::total_cmp).unwrap_or(low);
    (low, high)
}

/// Normal-quantile interpolation between order statistics k and k + 1 of R at position (R + 1)p.
fn between((low, high): (f64, f64), k: usize, position: f64, r: usize) -> f64 {
    let scale = r as f64 + 1.0;
    if position.fract() == 0.0 || k >= r {
        return low;
    }
    let z = |k: f64| normal::quantile(k / scale);
    let (from, to) = (z(k as f64), z(k as f64 + 1.0));
    low + (z(position) - from) / (to - from) * (high - low)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn symmetric_replicates_give_symmetric_intervals() {
        let t: Vec<f64> = (1..=999).map(|i| normal::quantile(f64::from(i) / 1000.0)).collect();
        for kind in [Kind::Normal, Kind::Basic, Kind::Percentile, Kind::Bca] {
            let mut values = t.clone();
            let (low, high) = interval(kind, &mut values, 0.0, 0.95, 0.0).unwrap();
            assert!((low + high).abs() < 0.01 && (high - 1.96).abs() < 0.02, "{kind:?} {low} {high}");
        }
    }

    #[test]
    fn too_few_replicates_are_refused() {
        let mut values: Vec<f64> = (0..19).map(f64::from).collect();
        assert!(interval(Kind::Percentile, &mut values, 9.0, 0.95, 0.0).is_err());
        assert!(interval(Kind::Percentile, &mut values, 9.0, 0.90, 0.0).is_ok());
        assert!(interval(Kind::Bca, &mut values, -5.0, 0.9, 0.0).is_err());
    }
}
