//! Regularised incomplete beta function I_x(a, b).
//!
//! I_x(a, b) = xᵃ(1−x)ᵇ / (B(a, b) · K), K the continued fraction of DiDonato and Morris (1992,
//! eq. 18 ff.), on the side of the mean where it converges fast; the prefix in Loader's form.

use super::saddle_point::{bd0, stirlerr};
use super::{continued_fraction, ln_one_minus_exp};

/// (ln I_x(a, b), ln(1 − I_x(a, b))) for a, b > 0 and 0 ≤ x ≤ 1, with `y` = 1 − x given exactly:
/// near x = 1 the caller knows y to full precision and `1 - x` does not.
pub fn ln_beta_tails(x: f64, y: f64, a: f64, b: f64) -> (f64, f64) {
    if x.is_nan() || y.is_nan() || !(a > 0.0 && b > 0.0) {
        return (f64::NAN, f64::NAN);
    }
    if x <= 0.0 {
        return (f64::NEG_INFINITY, 0.0);
    }
    if y <= 0.0 {
        return (0.0, f64::NEG_INFINITY);
    }
    // a·y − b·x > 0 says x lies below the mean a/(a + b).
    if a * y - b * x >= 0.0 {
        let ln_lower = ln_one_side(x, y, a, b).min(0.0);
        (ln_lower, ln_one_minus_exp(ln_lower))
    } else {
        let ln_upper = ln_one_side(y, x, b, a).min(0.0);
        (ln_one_minus_exp(ln_upper), ln_upper)
    }
}

/// ln I_x(a, b) for x at or below the mean.
fn ln_one_side(x: f64, y: f64, a: f64, b: f64) -> f64 {
    let c = a.mul_add(y, -(b * x)) + 1.0;
    let fraction = continued_fraction(a * c / (a + 1.0), |m| {
        let d = a + 2.0 * m - 1.0;
        // At m = 1 and tiny a, d = a + 1: the products below stay finite for every a, b > 0.
        let num = (a + m - 1.0) * (a + b + m - 1.0) / (d * d) * m * (b - m) * x * x;
        let den = m + m * (b - m) * x / d + (a + m) * (c + m * (2.0 - x)) / (a + 2.0 * m + 1.0);
        (num, den)
    });
    ln_prefix(x, y, a, b) - fraction.ln()
}

/// ln of xᵃ yᵇ / B(a, b) = ln[ab/(a+b)] + ln binomial(a; a + b, x).
fn ln_prefix(x: f64, y: f64, a: f64, b: f64) -> f64 {
    let n = a + b;
    let stirling = stirlerr(n) - stirlerr(a) - stirlerr(b);
    let deviance = bd0(a, n * x) + bd0(b, n * y);
    stirling - deviance + 0.5 * (a / n * b / (2.0 * std::f64::consts::PI)).ln()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn closed_forms_hold() {
        // I_x(1, b) = 1 − (1−x)ᵇ; I_x(½, ½) = (2/π) asin √x; I_x(2, 2) = 3x² − 2x³.
        for x in [1e-12_f64, 0.01, 0.3, 0.5, 0.8, 0.999] {
            let (low, high) = ln_beta_tails(x, 1.0 - x, 1.0, 3.0);
            assert!((high - 3.0 * (-x).ln_1p()).abs() < 1e-13 * high.abs().max(1e-3));
            assert!((low.exp() / -(3.0 * (-x).ln_1p()).exp_m1() - 1.0).abs() < 1e-13);
            let arcsine = 2.0 / std::f64::consts::PI * x.sqrt().asin();
            assert!((ln_beta_tails(x, 1.0 - x, 0.5, 0.5).0.exp() / arcsine - 1.0).abs() < 1e-13);
            let cubic = x * x * (3.0 - 2.0 * x);
            assert!((ln_beta_tails(x, 1.0 - x, 2.0, 2.0).0.exp() / cubic - 1.0).abs() < 1e-13);
        }
    }

    #[test]
    fn the_ends_and_bad_shapes_are_defined() {
        assert_eq!(ln_beta_tails(0.0, 1.0, 2.0, 3.0), (f64::NEG_INFINITY, 0.0));
        assert_eq!(ln_beta_tails(1.0, 0.0, 2.0, 3.0), (0.0, f64::NEG_INFINITY));
        assert!(ln_beta_tails(0.5, 0.5, 0.0, 3.0).0.is_nan());
    }
}
