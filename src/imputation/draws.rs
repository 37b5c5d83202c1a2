//! Random numbers by inversion: one uniform each, so a stream is consumed the same way everywhere.

use crate::num::dist::{chi2, normal};
use crate::rng::Stream;

/// A uniform number strictly inside (0, 1).
fn inside(stream: &mut Stream) -> f64 {
    stream.uniform() + 0.5 / 9_007_199_254_740_992.0
}

/// A standard normal number.
pub fn standard_normal(stream: &mut Stream) -> f64 {
    normal::quantile(inside(stream))
}

/// `n` standard normal numbers.
pub fn standard_normals(n: usize, stream: &mut Stream) -> Vec<f64> {
    (0..n).map(|_| standard_normal(stream)).collect()
}

/// A chi-square number with `df` > 0 degrees of freedom.
pub fn chi_square(df: f64, stream: &mut Stream) -> f64 {
    chi2::quantile(inside(stream), df)
}

/// The index of a category drawn with the probabilities given (they sum to 1).
pub fn category(probabilities: &[f64], stream: &mut Stream) -> usize {
    let u = inside(stream);
    let mut below = 0.0;
    for (k, p) in probabilities.iter().enumerate() {
        below += p;
        if u < below {
            return k;
        }
    }
    probabilities.len().saturating_sub(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_moments_are_right() {
        let mut s = Stream::new(1, 0);
        let z = standard_normals(20_000, &mut s);
        let mean = z.iter().sum::<f64>() / 2e4;
        let variance = z.iter().map(|v| v * v).sum::<f64>() / 2e4;
        assert!(mean.abs() < 0.03 && (variance - 1.0).abs() < 0.04, "{mean} {variance}");
        let c = (0..5000).map(|_| chi_square(7.0, &mut s)).sum::<f64>() / 5000.0;
        assert!((c - 7.0).abs() < 0.2, "{c}");
        let share = (0..5000).filter(|_| category(&[0.2, 0.5, 0.3], &mut s) == 1).count();
        assert!((share as f64 / 5000.0 - 0.5).abs() < 0.03);
    }
}
