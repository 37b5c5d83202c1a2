//! Measures common to several strata k, weighted as Mantel and Haenszel (1959).
//!
//! | measure | estimate | variance |
//! | --- | --- | --- |
//! | odds ratio | R/S, R = Σ aₖdₖ/Nₖ, S = Σ bₖcₖ/Nₖ | of the log: Robins, Breslow and Greenland (1986) |
//! | risk ratio | Σ aₖn₀ₖ/Nₖ over Σ cₖn₁ₖ/Nₖ | of the log: Greenland and Robins (1985) |
//! | risk difference | Σ (aₖn₀ₖ − cₖn₁ₖ)/Nₖ over Σ n₁ₖn₀ₖ/Nₖ | Sato (1989) |
//!
//! Test of no association in any stratum: (|Σ aₖ − E(aₖ)| − κ)²/Σ V(aₖ), 1 df, with E = n₁m₁/N and V =
//! n₁n₀m₁m₀/(N²(N − 1)), κ = 0 or ½ (never more than the difference itself).
//!
//! Every variance here holds in both limits: few large strata, many sparse ones. A stratum of one
//! group only, or (for the ratios) of one outcome only, adds nothing.

use super::cells::Cells;
use super::measures::{Measure, NO_VARIATION, ZERO_CELL};
use crate::num::dist::{chi2, normal};

/// Why nothing common can be had.
pub const NO_STRATUM: &str = "no stratum has both exposed and unexposed";

/// Common measures and the test of association.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Common {
    /// Odds ratio.
    pub odds_ratio: Measure,
    /// Risk ratio.
    pub risk_ratio: Measure,
    /// Risk difference.
    pub risk_difference: Measure,
    /// Cochran-Mantel-Haenszel chi-square and its p; `None` without variation.
    pub cmh: Option<(f64, f64)>,
    /// The same with the continuity correction.
    pub cmh_corrected: Option<(f64, f64)>,
    /// Strata in which both outcomes and both groups occur.
    pub n_informative: usize,
}

/// Common measures of `strata` with Wald limits at `conf_level`.
pub fn mantel_haenszel(strata: &[Cells], conf_level: f64) -> Common {
    let z = normal::isf((1.0 - conf_level) / 2.0);
    let both: Vec<Cells> = strata.iter().copied().filter(|t| t.n1() > 0.0 && t.n0() > 0.0).collect();
    let (cmh, cmh_corrected) = association(&both);
    Common {
        odds_ratio: odds_ratio(&both, z),
        risk_ratio: risk_ratio(&both, z),
        risk_difference: risk_difference(&both, z),
        cmh,
        cmh_corrected,
        n_informative: both.iter().filter(|t| t.informative()).count(),
    }
}

fn total(strata: &[Cells], f: impl Fn(&Cells) -> f64) -> f64 {
    strata.iter().map(f).sum()
}

/// R/S; 0, infinite and 0/0 are refused.
fn quotient(strata: &[Cells], r: f64, s: f64) -> Result<f64, Measure> {
    match (strata.is_empty(), r > 0.0 && s > 0.0) {
        (true, _) => Err(Measure::missing(NO_STRATUM)),
        (false, false) => Err(Measure::missing(ZERO_CELL)),
        (false, true) => Ok(r / s),
    }
}

fn odds_ratio(strata: &[Cells], z: f64) -> Measure {
    let (r, s) = (total(strata, |t| t.a * t.d / t.total()), total(strata, |t| t.b * t.c / t.total()));
    let value = match quotient(strata, r, s) {
        Ok(value) => value,
        Err(missing) => return missing,
    };
    let terms = |t: &Cells| {
        let n = t.total();
        ((t.a + t.d) / n, (t.b + t.c) / n, t.a * t.d / n, t.b * t.c / n)
    };
    let pr = total(strata, |t| terms(t).0 * terms(t).2);
    let mixed = total(strata, |t| terms(t).0 * terms(t).3 + terms(t).1 * terms(t).2);
    let qs = total(strata, |t| terms(t).1 * terms(t).3);
    let variance = pr / (2.0 * r * r) + mixed / (2.0 * r * s) + qs / (2.0 * s * s);
    Measure::on_log_scale(value, z * variance.sqrt())
}

fn risk_ratio(strata: &[Cells], z: f64) -> Measure {
    let r = total(strata, |t| t.a * t.n0() / t.total());
    let s = total(strata, |t| t.c * t.n1() / t.total());
    let value = match quotient(strata, r, s) {
        Ok(value) => value,
        Err(missing) => return missing,
    };
    let spread = total(strata, |t| (t.m1() * t.n1() * t.n0() - t.a * t.c * t.total()) / t.total().powi(2));
    let variance = spread.max(0.0) / (r * s);
    let measure = Measure::on_log_scale(value, z * variance.sqrt());
    if variance > 0.0 { measure } else { without_limits(measure) }
}

fn risk_difference(strata: &[Cells], z: f64) -> Measure {
    if strata.is_empty() {
        return Measure::missing(NO_STRATUM);
    }
    let weight = total(strata, |t| t.n1() * t.n0() / t.total());
    let value = total(strata, |t| (t.a * t.n0() - t.c * t.n1()) / t.total()) / weight;
    let p = total(strata, |t| {
        let (n1, n0) = (t.n1(), t.n0());
        (n1 * n1 * t.c - n0 * n0 * t.a + n1 * n0 * (n0 - n1) / 2.0) / t.total().powi(2)
    });
    let q = total(strata, |t| (t.a * t.d + t.c * t.b) / (2.0 * t.total()));
    let variance = (value * p + q) / (weight * weight);
    let half = z * variance.max(0.0).sqrt();
    let measure = Measure::new(value, value - half, value + half);
    if variance > 0.0 { measure } else { without_limits(measure) }
}

fn without_limits(measure: Measure) -> Measure {
    Measure { limits: None, reason: Some(NO_VARIATION), ..measure }
}

/// Chi-square with its p.
type Test = Option<(f64, f64)>;

/// Without and with the continuity correction.
fn association(strata: &[Cells]) -> (Test, Test) {
    let variance = total(strata, |t| {
        let n = t.total();
        if n > 1.0 { t.n1() / n * (t.n0() / n) * t.m1() * (t.m0() / (n - 1.0)) } else { 0.0 }
    });
    if variance <= 0.0 {
        return (None, None);
    }
    let delta = total(strata, |t| t.a - t.n1() * t.m1() / t.total()).abs();
    let test = |kappa: f64| {
        let x = (delta - kappa).powi(2) / variance;
        Some((x, chi2::sf(x, 1.0)))
    };
    (test(0.0), test(delta.min(0.5)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::risk::measures::{Zero, measures};

    #[test]
    fn one_stratum_gives_back_its_own_measures() {
        let t = Cells { a: 12.0, b: 5.0, c: 6.0, d: 14.0 };
        let (one, pooled) = (measures(&t, Zero::NotAvailable, 0.95).unwrap(), mantel_haenszel(&[t], 0.95));
        let same = |a: Measure, b: Measure| (a.value.unwrap() - b.value.unwrap()).abs() < 1e-14;
        assert!(same(one.odds_ratio, pooled.odds_ratio) && same(one.risk_ratio, pooled.risk_ratio));
        assert!(same(one.risk_difference, pooled.risk_difference));
        // Robins-Breslow-Greenland and Greenland-Robins reduce to Woolf and Katz in one stratum.
        let (a, b) = (one.odds_ratio.limits.unwrap(), pooled.odds_ratio.limits.unwrap());
        assert!((a.0 - b.0).abs() < 1e-13 && (a.1 - b.1).abs() < 1e-12);
        let (a, b) = (one.risk_ratio.limits.unwrap(), pooled.risk_ratio.limits.unwrap());
        assert!((a.0 - b.0).abs() < 1e-13 && (a.1 - b.1).abs() < 1e-12);
    }

    #[test]
    fn strata_of_one_group_say_nothing() {
        let one_group = Cells { a: 4.0, b: 3.0, c: 0.0, d: 0.0 };
        let got = mantel_haenszel(&[one_group], 0.95);
        assert_eq!((got.odds_ratio.reason, got.cmh), (Some(NO_STRATUM), None));
        let t = Cells { a: 12.0, b: 5.0, c: 6.0, d: 14.0 };
        assert_eq!(mantel_haenszel(&[t, one_group], 0.95), mantel_haenszel(&[t], 0.95));
    }
}
