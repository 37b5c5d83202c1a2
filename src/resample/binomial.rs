//! Binomial and multinomial counts: how often each kind of row comes up when N rows are drawn with replacement, in time
//! that grows with the number of kinds, not with N.

use crate::num::special::ln_gamma;
use crate::rng::Stream;

/// Mean up to which a count is found by walking the distribution from 0.
const WALK: f64 = 10.0;

/// Successes of `n` trials of probability `p`.
///
/// Small means by inversion; others by transformed rejection (Hörmann 1993, BTRS), whose draws are exact and whose
/// cost does not grow with n.
pub fn binomial(stream: &mut Stream, n: f64, p: f64) -> f64 {
    if n <= 0.0 || p <= 0.0 {
        return 0.0;
    }
    if p >= 1.0 {
        return n;
    }
    if p > 0.5 {
        return n - binomial(stream, n, 1.0 - p);
    }
    if n * p < WALK { walk(stream, n, p) } else { reject(stream, n, p) }
}

fn walk(stream: &mut Stream, n: f64, p: f64) -> f64 {
    let odds = p / (1.0 - p);
    let mut mass = (n * (-p).ln_1p()).exp();
    let mut left = stream.uniform();
    let mut k = 0.0;
    while left > mass && k < n {
        left -= mass;
        mass *= odds * (n - k) / (k + 1.0);
        k += 1.0;
    }
    k
}

fn reject(stream: &mut Stream, n: f64, p: f64) -> f64 {
    let spread = (n * p * (1.0 - p)).sqrt();
    let b = 1.15 + 2.53 * spread;
    let a = -0.0873 + 0.0248 * b + 0.01 * p;
    let centre = n * p + 0.5;
    let inside = 0.92 - 4.2 / b;
    let alpha = (2.83 + 5.1 / b) * spread;
    let log_odds = (p / (1.0 - p)).ln();
    let mode = ((n + 1.0) * p).floor();
    let height = ln_gamma(mode + 1.0) + ln_gamma(n - mode + 1.0);
    loop {
        let v = stream.uniform();
        let u = stream.uniform() - 0.5;
        let us = 0.5 - u.abs();
        let k = ((2.0 * a / us + b) * u + centre).floor();
        if us >= 0.07 && v <= inside {
            return k;
        }
        if !(0.0..=n).contains(&k) {
            continue;
        }
        let v = (v * alpha / (a / (us * us) + b)).ln();
        if v <= height - ln_gamma(k + 1.0) - ln_gamma(n - k + 1.0) + (k - mode) * log_odds {
            return k;
        }
    }
}

/// How often each kind comes up in Σ counts draws with replacement, `counts` of each kind being there.
pub fn multinomial(stream: &mut Stream, counts: &[f64], out: &mut [f64]) {
    let mut rows: f64 = counts.iter().sum();
    let mut draws = rows;
    for (c, o) in counts.iter().zip(out) {
        *o = if rows > 0.0 { binomial(stream, draws, c / rows) } else { 0.0 };
        draws -= *o;
        rows -= c;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_have_the_moments_of_the_binomial() {
        for (n, p) in [(12.0, 0.3), (400.0, 0.02), (5000.0, 0.4), (80.0, 0.9)] {
            let mut stream = Stream::new(3, 1);
            let draws: Vec<f64> = (0..20_000).map(|_| binomial(&mut stream, n, p)).collect();
            let mean = draws.iter().sum::<f64>() / 2e4;
            let variance = draws.iter().map(|d| (d - mean) * (d - mean)).sum::<f64>() / 2e4;
            let sd = (n * p * (1.0 - p)).sqrt();
            assert!((mean - n * p).abs() < 5.0 * sd / 2e4_f64.sqrt(), "{n} {p} {mean}");
            assert!((variance / (sd * sd) - 1.0).abs() < 0.06, "{n} {p} {variance}");
        }
    }

    #[test]
    fn a_draw_of_all_rows_keeps_their_number() {
        let counts = [3.0, 0.0, 1e6, 17.0, 250.0];
        let mut out = [0.0; 5];
        for i in 0..50 {
            multinomial(&mut Stream::new(1, i), &counts, &mut out);
            assert_eq!(out.iter().sum::<f64>(), counts.iter().sum::<f64>());
            assert_eq!(out[1], 0.0);
        }
    }
}
