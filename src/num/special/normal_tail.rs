//! The normal tail to 10⁻³⁰⁰ and beyond, and its inverse.

use super::continued_fraction;

/// ln P(Z > z). Above 5 by the scaled continued fraction of Mills' ratio (DLMF 7.9.3), below by erfc.
pub fn ln_normal_sf(z: f64) -> f64 {
    if z > 5.0 {
        // φ(z)/(z + 1/(z + 2/(z + 3/(…))))
        let mills = continued_fraction(z, |m| (m, z));
        return -0.5 * z * z - 0.5 * (2.0 * std::f64::consts::PI).ln() - mills.ln();
    }
    if z < -1.0 {
        // close to 1: ln(1 − small) keeps the small part
        return (-0.5 * libm::erfc(-z * std::f64::consts::FRAC_1_SQRT_2)).ln_1p();
    }
    (0.5 * libm::erfc(z * std::f64::consts::FRAC_1_SQRT_2)).ln()
}

/// z with P(Z ≤ z) = p; −∞ and ∞ at 0 and 1, NaN outside.
///
/// Newton steps on ln of the smaller tail from the classic rational start (Abramowitz and Stegun
/// 26.2.23); the log makes the iteration quadratic at 10⁻³⁰⁰ too.
pub fn normal_quantile(p: f64) -> f64 {
    if p.is_nan() || !(0.0..=1.0).contains(&p) {
        return f64::NAN;
    }
    if p == 0.5 {
        return 0.0;
    }
    if p > 0.5 {
        // 1 − p is exact in binary64 for p ≥ ½ (Sterbenz).
        return -normal_quantile(1.0 - p);
    }
    if p == 0.0 {
        return f64::NEG_INFINITY;
    }
    let ln_p = p.ln();
    let t = (-2.0 * ln_p).sqrt();
    let start = t
        - (2.515_517 + t * (0.802_853 + t * 0.010_328))
            / (1.0 + t * (1.432_788 + t * (0.189_269 + t * 0.001_308)));
    let mut z = start.max(0.0);
    for _ in 0..20 {
        let ln_sf = ln_normal_sf(z);
        // d ln sf/dz = −φ/sf
        let hazard = (-0.5 * z * z - 0.5 * (2.0 * std::f64::consts::PI).ln() - ln_sf).exp();
        let error = ln_sf - ln_p;
        // Halley's correction: f″/f′ of ln sf is (h − z)·(−h)/(−h).
        let newton = error / hazard;
        let step = newton / (1.0 + 0.5 * newton * (hazard - z));
        z += step;
        if step.abs() <= 1e-16 * z.abs().max(1e-3) {
            break;
        }
    }
    -z
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_invert_the_tail() {
        for p in [1e-300, 1e-100, 1e-16, 0.001, 0.025, 0.3, 0.499_999] {
            let z = -normal_quantile(p);
            assert!((ln_normal_sf(z) / p.ln() - 1.0).abs() < 1e-14, "{p}");
        }
        assert!((normal_quantile(0.975) - 1.959_963_984_540_054).abs() < 2e-15);
    }

    #[test]
    fn the_two_forms_of_the_tail_meet_at_five() {
        assert!((ln_normal_sf(5.0) - ln_normal_sf(5.0 + 1e-12)).abs() < 1e-10);
        assert!((ln_normal_sf(10.0).exp() / 7.619_853_024_160_527e-24 - 1.0).abs() < 1e-13);
    }
}
