//! How often three binary factors occur together: one latent propensity behind all (one-factor probit model; Lord
//! 1952; Bock and Lieberman 1970).
//!
//! Factor j is present where λ_j Z + √(1−λ_j²) ε_j > Φ⁻¹(1 − p_j), with Z and ε_j standard normal. So P(j) = p_j
//! exactly, the tetrachoric correlation of j and k is λ_j λ_k, and
//! P(f) = ∫ φ(z) Π_j π_j(z)^{f_j} (1 − π_j(z))^{1−f_j} dz with π_j(z) = Φ((λ_j z − Φ⁻¹(1 − p_j))/√(1−λ_j²)).
//! The integral is a sum at steps of 0.05 over ±9: the trapezoid rule converges geometrically for such integrands
//! (Trefethen and Weideman 2014), here to the last digits.

use crate::num::dist::normal;

/// P(f) of the eight patterns, by bits (factor 0 is bit 0), from prevalences p in (0, 1) and loadings λ in (−1, 1).
pub fn patterns(prevalence: &[f64; 3], loading: &[f64; 3]) -> [f64; 8] {
    const STEP: f64 = 0.05;
    let cut = prevalence.map(normal::isf);
    let scale = loading.map(|l| (1.0 - l * l).sqrt());
    let mut out = [0.0; 8];
    for i in -180..=180 {
        let z = f64::from(i) * STEP;
        let weight = STEP * (-0.5 * z * z).exp() / (2.0 * std::f64::consts::PI).sqrt();
        let present: [f64; 3] = std::array::from_fn(|j| normal::cdf((loading[j] * z - cut[j]) / scale[j]));
        for (f, sum) in out.iter_mut().enumerate() {
            let part: f64 =
                (0..3).map(|j| if f >> j & 1 == 1 { present[j] } else { 1.0 - present[j] }).product();
            *sum += weight * part;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn margins_are_the_prevalences_and_patterns_are_everybody() {
        for loading in [[0.0; 3], [0.75, 0.75, 0.65], [0.95, -0.5, 0.3]] {
            let p = [0.06, 0.04, 0.12];
            let out = patterns(&p, &loading);
            assert!((out.iter().sum::<f64>() - 1.0).abs() < 1e-14);
            for j in 0..3 {
                let margin: f64 = (0..8).filter(|f| f >> j & 1 == 1).map(|f| out[f]).sum();
                assert!((margin - p[j]).abs() < 1e-14, "{margin} {}", p[j]);
            }
        }
    }

    #[test]
    fn two_factors_agree_with_the_bivariate_normal() {
        // P(Z₁ > 0, Z₂ > 0) = ¼ + asin(ρ)/2π (Sheppard 1899).
        let out = patterns(&[0.5, 0.5, 0.5], &[0.8, 0.6, 0.0]);
        let both: f64 = out[3] + out[7];
        let exact = 0.25 + (0.48_f64).asin() / (2.0 * std::f64::consts::PI);
        assert!((both - exact).abs() < 1e-14, "{both} {exact}");
    }
}
