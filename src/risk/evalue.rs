//! How strong unmeasured confounding would have to be to explain an association away.
//!
//! A confounder U that raises the outcome by RR_UD at most and is RR_EU times as common (at one of its
//! levels) among the exposed can inflate a risk ratio by BF = RR_EU·RR_UD/(RR_EU + RR_UD − 1) at most
//! (Ding and VanderWeele 2016). The E-value is the strength that both need, when equal, to move an
//! observed RR to a true value T: E = x + √(x(x − 1)), x = RR/T or T/RR, whichever is above 1
//! (VanderWeele and Ding 2017). Of the limits the one nearer to T is used, and E = 1 when T lies between.
//!
//! Other measures are brought to a risk ratio first (same paper, table 2):
//!
//! | measure | rare outcome (below 15%) | common outcome |
//! | --- | --- | --- |
//! | risk ratio, rate ratio | itself | itself |
//! | odds ratio | itself | √OR |
//! | hazard ratio | itself | (1 − 0.5^√HR)/(1 − 0.5^√(1/HR)) |
//! | standardised difference d | e^(0.91 d), limits e^(0.91 d ± 1.78 s) | same |
//!
//! A risk difference needs its counts: see [`risk_difference`].

use super::cells::Cells;
use crate::error::{Error, Result};
use crate::num::dist::normal;
use crate::num::root::brent;

/// What the estimate is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scale {
    /// Ratio of risks, or of rates.
    RiskRatio,
    /// Odds ratio; `rare` when the outcome is below 15%.
    OddsRatio {
        /// Whether the outcome is rare at the end of follow-up.
        rare: bool,
    },
    /// Hazard ratio.
    HazardRatio {
        /// Whether the outcome is rare at the end of follow-up.
        rare: bool,
    },
    /// Difference of means over the standard deviation.
    StandardisedDifference,
}

/// Estimate and limits on the risk-ratio scale, and their E-values.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct EValue {
    /// (Approximate) risk ratio.
    pub risk_ratio: f64,
    /// Its limits, where given.
    pub limits: Option<(f64, f64)>,
    /// E-value of the estimate.
    pub estimate: f64,
    /// E-value of the limit nearer to the true value; 1 when the interval holds it.
    pub limit: Option<f64>,
}

/// The (approximate) risk ratio of a value on `scale`.
///
/// # Errors
/// `Values` for a ratio that is not positive and finite.
pub fn to_risk_ratio(value: f64, scale: Scale) -> Result<f64> {
    if scale == Scale::StandardisedDifference && value.is_finite() {
        return Ok((0.91 * value).exp());
    }
    if !(value > 0.0 && value.is_finite()) {
        return Err(Error::values("estimate", [0], "a positive, finite ratio", value));
    }
    Ok(match scale {
        Scale::OddsRatio { rare: false } => value.sqrt(),
        Scale::HazardRatio { rare: false } => {
            // 1 − 0.5^s without cancellation.
            let share = |s: f64| -(-std::f64::consts::LN_2 * s).exp_m1();
            share(value.sqrt()) / share((1.0 / value).sqrt())
        }
        _ => value,
    })
}

/// E-values of an estimate and of its limits, for a true value on the same scale.
///
/// # Errors
/// As [`to_risk_ratio`]; `Values` for limits out of order or that do not hold the estimate.
pub fn evalue(estimate: f64, limits: Option<(f64, f64)>, true_value: f64, scale: Scale) -> Result<EValue> {
    if let Some((low, high)) = limits
        && !(low <= estimate && estimate <= high)
    {
        let got = format!("{low} to {high} around {estimate}");
        return Err(Error::values("conf_low", [0], "limits on both sides of the estimate", got));
    }
    let risk_ratio = to_risk_ratio(estimate, scale)?;
    let truth = to_risk_ratio(true_value, scale)?;
    let limits = limits
        .map(|(low, high)| match scale {
            // 1.78/0.91: the limits of d are widened for its being turned into odds.
            Scale::StandardisedDifference => {
                let half = |side: f64| (1.78 * side / normal::isf(0.025)).exp();
                Ok((risk_ratio * half(low - estimate), risk_ratio * half(high - estimate)))
            }
            _ => Ok((to_risk_ratio(low, scale)?, to_risk_ratio(high, scale)?)),
        })
        .transpose()?;
    let limit = limits.map(|(low, high)| {
        if low <= truth && truth <= high {
            1.0
        } else {
            of_ratio(if truth < low { low / truth } else { high / truth })
        }
    });
    Ok(EValue { risk_ratio, limits, estimate: of_ratio(risk_ratio / truth), limit })
}

/// E = x + √(x(x − 1)) with x = r or 1/r, whichever is at least 1.
pub fn of_ratio(r: f64) -> f64 {
    let x = if r >= 1.0 { r } else { 1.0 / r };
    x + (x * (x - 1.0)).sqrt()
}

/// BF = RR_EU·RR_UD/(RR_EU + RR_UD − 1): the most by which such a confounder can inflate a risk ratio.
///
/// # Errors
/// `Values` for a strength below 1 (turn the exposure or the confounder round).
pub fn bounding_factor(rr_eu: f64, rr_ud: f64) -> Result<f64> {
    for (name, value) in [("rr_eu", rr_eu), ("rr_ud", rr_ud)] {
        if !(value >= 1.0 && value.is_finite()) {
            return Err(Error::values(name, [0], "a finite ratio of at least 1; use its inverse", value));
        }
    }
    Ok(rr_eu * (rr_ud / (rr_eu + rr_ud - 1.0)))
}

/// E-values of a risk difference above `true_value` ≥ 0 from its counts: the bias that brings the estimate
/// (limit) of the difference, standardised to everybody, down to it (Ding and VanderWeele 2016, appendix).
///
/// With f = n₁/N and bias B: RD(B) = (R₁ − B·R₀)(f + (1 − f)/B), and the lower limit takes off z times
/// the delta error in R₁, R₀ and f. The R package EValue searches B on a grid; here the root is solved.
///
/// # Errors
/// `Undefined` when the exposed risk is the lower one (relabel the exposure) or nobody unexposed is a case.
pub fn risk_difference(t: &Cells, true_value: f64, conf_level: f64) -> Result<EValue> {
    let (n1, n0) = (t.n1(), t.n0());
    let (r1, r0, f) = (t.a / n1, t.c / n0, n1 / t.total());
    if r1 < r0 || r0 == 0.0 || !(0.0..=1.0).contains(&true_value) {
        let reason = "it needs unexposed cases, an exposed risk no lower than the unexposed one (else \
                      relabel the exposure) and a true value of 0 to 1";
        return Err(Error::Undefined {
            what: "the E-value of the risk difference".to_owned(),
            reason: reason.to_owned(),
        });
    }
    let (v1, v0, vf) = (r1 * (1.0 - r1) / n1, r0 * (1.0 - r0) / n0, f * (1.0 - f) / t.total());
    let z = normal::isf((1.0 - conf_level) / 2.0);
    let mix = |b: f64| f + (1.0 - f) / b;
    let difference = |b: f64| (r1 - b * r0) * mix(b);
    let lower = |b: f64| {
        let slope = (r1 - r0 * b) * (1.0 - 1.0 / b);
        let variance = (v1 + v0 * b * b) * mix(b).powi(2) + slope * slope * vf;
        difference(b) - z * variance.sqrt()
    };
    // The difference falls to 0 or below at B = R₁/R₀.
    let bias = |g: &dyn Fn(f64) -> f64| -> Result<f64> {
        if g(1.0) <= true_value { Ok(1.0) } else { brent(|b| g(b) - true_value, 1.0, r1 / r0, 1e-15) }
    };
    let half = z * (v1 + v0).sqrt();
    Ok(EValue {
        risk_ratio: r1 / r0,
        limits: Some((r1 - r0 - half, r1 - r0 + half)),
        estimate: of_ratio(bias(&difference)?),
        limit: Some(of_ratio(bias(&lower)?)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_published_e_values() {
        // VanderWeele and Ding (2017): RR 3.9 (1.8 to 8.7) has E-values 7.26 and 3.0;
        // RR 0.80 (0.71 to 0.91): 1.81 and 1.43.
        let got = evalue(3.9, Some((1.8, 8.7)), 1.0, Scale::RiskRatio).unwrap();
        assert!((got.estimate - 7.26).abs() < 0.005 && (got.limit.unwrap() - 3.0).abs() < 0.005);
        let got = evalue(0.80, Some((0.71, 0.91)), 1.0, Scale::RiskRatio).unwrap();
        assert!((got.estimate - 1.81).abs() < 0.005 && (got.limit.unwrap() - 1.43).abs() < 0.005);
        assert_eq!(evalue(1.4, Some((0.9, 2.0)), 1.0, Scale::RiskRatio).unwrap().limit, Some(1.0));
    }

    #[test]
    fn a_confounder_of_that_strength_bounds_exactly_the_estimate() {
        for rr in [1.2, 2.0, 14.8] {
            let e = of_ratio(rr);
            assert!((bounding_factor(e, e).unwrap() / rr - 1.0).abs() < 1e-13);
        }
        assert!(bounding_factor(0.8, 2.0).is_err());
    }

    #[test]
    fn a_hazard_ratio_of_one_is_a_risk_ratio_of_one() {
        assert_eq!(to_risk_ratio(1.0, Scale::HazardRatio { rare: false }).unwrap(), 1.0);
        let up = to_risk_ratio(2.0, Scale::HazardRatio { rare: false }).unwrap();
        let down = to_risk_ratio(0.5, Scale::HazardRatio { rare: false }).unwrap();
        assert!((up * down - 1.0).abs() < 1e-14);
    }
}
