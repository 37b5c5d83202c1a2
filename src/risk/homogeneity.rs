//! Whether one odds ratio ψ fits every stratum: Breslow and Day (1980), Tarone (1985).
//!
//! With Aₖ(ψ) the exposed cases that give stratum k the odds ratio ψ at its own margins (the root in
//! range of A(m₀ − n₁ + A) = ψ(n₁ − A)(m₁ − A)) and Vₖ = 1/(1/A + 1/B + 1/C + 1/D):
//!
//! BD = Σ (aₖ − Aₖ)²/Vₖ, Tarone = BD − (Σ (aₖ − Aₖ))²/Σ Vₖ, both chi-square with K − 1 df at ψ = ψ_MH.
//!
//! K counts the strata with both groups and both outcomes. Large strata are assumed; with many sparse
//! ones neither holds. Tarone's subtraction corrects for ψ_MH not being the efficient estimate.

use super::cells::Cells;
use crate::num::dist::chi2;

/// Both statistics, their p-values and the degrees of freedom.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Homogeneity {
    /// Breslow and Day's chi-square.
    pub breslow_day: f64,
    /// Its p-value.
    pub p_breslow_day: f64,
    /// Tarone's chi-square.
    pub tarone: f64,
    /// Its p-value.
    pub p_tarone: f64,
    /// K − 1.
    pub df: f64,
}

/// The tests at ψ; `None` with fewer than two informative strata.
pub fn homogeneity(strata: &[Cells], psi: f64) -> Option<Homogeneity> {
    let used: Vec<&Cells> = strata.iter().filter(|t| t.informative()).collect();
    if used.len() < 2 || !(psi > 0.0 && psi.is_finite()) {
        return None;
    }
    let (mut breslow_day, mut gap, mut spread) = (0.0, 0.0, 0.0);
    for t in &used {
        let (at, variance) = fitted(t, psi);
        breslow_day += (t.a - at).powi(2) / variance;
        gap += t.a - at;
        spread += variance;
    }
    let df = used.len() as f64 - 1.0;
    let tarone = (breslow_day - gap * gap / spread).max(0.0);
    Some(Homogeneity {
        breslow_day,
        p_breslow_day: chi2::sf(breslow_day, df),
        tarone,
        p_tarone: chi2::sf(tarone, df),
        df,
    })
}

/// A(ψ) and V(ψ) of one stratum.
fn fitted(t: &Cells, psi: f64) -> (f64, f64) {
    let (n1, m1, n0) = (t.n1(), t.m1(), t.n0());
    // (1 − ψ)A² + (n₀ − m₁ + ψ(n₁ + m₁))A − ψn₁m₁ = 0; the root in range, in the form that does not
    // cancel: 2C/(B + √(B² − 4AC)) holds at ψ = 1 too.
    let (square, linear) = (1.0 - psi, n0 - m1 + psi * (n1 + m1));
    let constant = psi * n1 * m1;
    let root = (linear * linear + 4.0 * square * constant).max(0.0).sqrt();
    let at = 2.0 * constant / (linear + root);
    let inverse = 1.0 / at + 1.0 / (n1 - at) + 1.0 / (m1 - at) + 1.0 / (n0 - m1 + at);
    (at, 1.0 / inverse)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fitted_cell_has_the_odds_ratio_asked_for() {
        let t = Cells { a: 3.0, b: 9.0, c: 14.0, d: 5.0 };
        for psi in [0.01, 0.4, 1.0, 3.0, 250.0] {
            let (a, v) = fitted(&t, psi);
            let (b, c) = (t.n1() - a, t.m1() - a);
            assert!((a * (t.n0() - c) / (b * c) / psi - 1.0).abs() < 1e-12, "{psi}");
            assert!(a > 0.0 && b > 0.0 && c > 0.0 && v > 0.0);
        }
    }

    #[test]
    fn equal_odds_ratios_are_homogeneous() {
        let t = Cells { a: 12.0, b: 6.0, c: 6.0, d: 12.0 };
        let got = homogeneity(&[t, Cells { a: 24.0, b: 12.0, c: 12.0, d: 24.0 }], 4.0).unwrap();
        assert!(got.breslow_day < 1e-20 && got.p_tarone > 0.999 && got.df == 1.0);
        assert!(homogeneity(&[t], 4.0).is_none());
    }
}
