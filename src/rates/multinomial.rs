//! Simultaneous limits of the shares of a multinomial count (Goodman 1965): Wilson's limits at the
//! critical value √χ²_{α/k}(1), k categories, so that all hold together at the level (Bonferroni).

use crate::num::dist::chi2;
use crate::rates::proportion::wilson;

/// Limits of each share of `counts` (k ≥ 2 categories, Σ > 0) at joint level `conf_level`.
pub fn goodman(counts: &[f64], conf_level: f64) -> Vec<(f64, f64)> {
    let n: f64 = counts.iter().sum();
    let z = chi2::isf((1.0 - conf_level) / counts.len() as f64, 1.0).sqrt();
    counts.iter().map(|x| wilson(x / n, n, z)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn joint_limits_are_wider_than_single_ones() {
        let joint = goodman(&[56.0, 15.0, 8.0], 0.95);
        let (low, high) = crate::rates::proportion::wilson(56.0 / 79.0, 79.0, 1.959_963_984_540_054);
        assert!(joint[0].0 < low && high < joint[0].1);
        assert_eq!(joint.len(), 3);
    }
}
