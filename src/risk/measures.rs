//! Measures of association of one 2 × 2 table, Wald limits as in epiR.
//!
//! With R₁ = a/n₁, R₀ = c/n₀, R = m₁/N and z the normal quantile:
//!
//! | measure | estimate | limits |
//! | --- | --- | --- |
//! | odds ratio | ad/(bc) | exp(ln OR ± z√(1/a + 1/b + 1/c + 1/d)) (Woolf 1955) |
//! | risk ratio | R₁/R₀ | exp(ln RR ± z√(1/a − 1/n₁ + 1/c − 1/n₀)) (Katz and others 1978) |
//! | risk difference | R₁ − R₀ | ± z√(R₁(1 − R₁)/n₁ + R₀(1 − R₀)/n₀) |
//! | attributable fraction, exposed | (RR − 1)/RR | from the limits of RR |
//! | attributable fraction, population | (R − R₀)/R | 1 − exp(ln(1 − PAF) ± z√V), V = (b + PAF(a + d))/(Nc) |
//!
//! The last as Jewell (2004, p. 84). The odds ratio of the outcome by exposure is the odds ratio of
//! exposure by outcome: it alone can be read from a case-control sample.
//!
//! Zero cells: a log of 0 has no limits, so the measure is not available and says why; or, when
//! asked, ½ is added to all four cells (Haldane 1956; Anscombe 1956). The risk difference is never
//! corrected.

use super::cells::Cells;
use crate::error::{Error, Result};
use crate::num::dist::{chi2, normal};

/// Why a ratio is not available.
pub const ZERO_CELL: &str = "a cell is zero: the ratio and its log have no finite value";
/// Why an attributable fraction is not available.
pub const NO_CASES: &str = "no cases in one group: the risk ratio is 0, infinite or 0/0";
/// Why limits are missing.
pub const NO_VARIATION: &str = "no variation in the outcome: no Wald interval";

/// What becomes of ratios when a cell is 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Zero {
    /// Not available, with the reason.
    NotAvailable,
    /// ½ added to all four cells.
    Haldane,
}

/// An estimate with its limits, or the reason why it (or they) cannot be had.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Measure {
    /// The estimate.
    pub value: Option<f64>,
    /// Lower and upper limit.
    pub limits: Option<(f64, f64)>,
    /// Why one of them is missing.
    pub reason: Option<&'static str>,
    /// Whether ½ was added to the cells.
    pub corrected: bool,
}

impl Measure {
    /// Estimate and limits.
    pub const fn new(value: f64, low: f64, high: f64) -> Self {
        Self { value: Some(value), limits: Some((low, high)), reason: None, corrected: false }
    }

    /// Nothing, and why.
    pub const fn missing(reason: &'static str) -> Self {
        Self { value: None, limits: None, reason: Some(reason), corrected: false }
    }

    /// exp(ln value ± half), half a standard error times z.
    pub fn on_log_scale(value: f64, half: f64) -> Self {
        Self::new(value, value * (-half).exp(), value * half.exp())
    }

    /// The estimate without limits when these have no width for want of variation.
    fn or_pointwise(self, width: f64) -> Self {
        if width > 0.0 { self } else { Self { limits: None, reason: Some(NO_VARIATION), ..self } }
    }
}

/// All measures of one table.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Measures {
    /// Odds ratio.
    pub odds_ratio: Measure,
    /// Risk ratio.
    pub risk_ratio: Measure,
    /// Risk difference, per person.
    pub risk_difference: Measure,
    /// Share of the exposed cases in excess of the unexposed risk.
    pub af_exposed: Measure,
    /// Share of all cases in excess of it.
    pub af_population: Measure,
    /// Pearson's chi-square, 1 df, without continuity correction; `None` when a margin is 0.
    pub chi2: Option<f64>,
    /// Its p-value.
    pub p_value: Option<f64>,
}

/// The measures of `cells` with limits at `conf_level`.
///
/// # Errors
/// `Undefined` when nobody is exposed or nobody is unexposed.
pub fn measures(cells: &Cells, zero: Zero, conf_level: f64) -> Result<Measures> {
    if cells.n1() <= 0.0 || cells.n0() <= 0.0 {
        let reason = "it needs both exposed and unexposed".to_owned();
        return Err(Error::Undefined { what: "a comparison of risks".to_owned(), reason });
    }
    let z = normal::isf((1.0 - conf_level) / 2.0);
    let corrected = zero == Zero::Haldane && cells.has_zero();
    let used = if corrected { cells.plus(0.5) } else { *cells };
    let mark = |m: Measure| Measure { corrected, ..m };
    let risk_ratio = risk_ratio(&used, z);
    let chi2 = cells.informative().then(|| pearson(cells));
    Ok(Measures {
        odds_ratio: mark(odds_ratio(&used, z)),
        risk_ratio: mark(risk_ratio),
        risk_difference: risk_difference(cells, z),
        af_exposed: mark(af_exposed(risk_ratio)),
        af_population: mark(af_population(&used, z)),
        chi2,
        p_value: chi2.map(|x| chi2::sf(x, 1.0)),
    })
}

fn odds_ratio(t: &Cells, z: f64) -> Measure {
    if t.has_zero() {
        return Measure::missing(ZERO_CELL);
    }
    let variance = 1.0 / t.a + 1.0 / t.b + 1.0 / t.c + 1.0 / t.d;
    Measure::on_log_scale((t.a * t.d) / (t.b * t.c), z * variance.sqrt())
}

fn risk_ratio(t: &Cells, z: f64) -> Measure {
    if t.a == 0.0 || t.c == 0.0 {
        return Measure::missing(ZERO_CELL);
    }
    // 1/a − 1/n₁ = b/(a n₁): no cancellation.
    let variance = t.b / (t.a * t.n1()) + t.d / (t.c * t.n0());
    Measure::on_log_scale((t.a / t.n1()) / (t.c / t.n0()), z * variance.sqrt()).or_pointwise(variance)
}

fn risk_difference(t: &Cells, z: f64) -> Measure {
    let (n1, n0) = (t.n1(), t.n0());
    let variance = t.a * t.b / n1.powi(3) + t.c * t.d / n0.powi(3);
    let (difference, half) = (t.a / n1 - t.c / n0, z * variance.sqrt());
    Measure::new(difference, difference - half, difference + half).or_pointwise(variance)
}

fn af_exposed(risk_ratio: Measure) -> Measure {
    let fraction = |rr: f64| (rr - 1.0) / rr;
    match risk_ratio.value {
        None => Measure::missing(NO_CASES),
        Some(rr) => Measure {
            value: Some(fraction(rr)),
            limits: risk_ratio.limits.map(|(low, high)| (fraction(low), fraction(high))),
            ..risk_ratio
        },
    }
}

fn af_population(t: &Cells, z: f64) -> Measure {
    if t.a == 0.0 || t.c == 0.0 {
        return Measure::missing(NO_CASES);
    }
    let kept = (t.c / t.n0()) / (t.m1() / t.total()); // 1 − PAF = R₀/R
    let fraction = 1.0 - kept;
    let variance = ((t.b + fraction * (t.a + t.d)) / (t.total() * t.c)).max(0.0);
    let half = z * variance.sqrt();
    Measure::new(fraction, 1.0 - kept * half.exp(), 1.0 - kept * (-half).exp()).or_pointwise(variance)
}

/// Σ (observed − expected)²/expected = N(ad − bc)²/(n₁n₀m₁m₀).
fn pearson(t: &Cells) -> f64 {
    let cross = t.a * t.d - t.b * t.c;
    t.total() * (cross / (t.n1() * t.n0())) * (cross / (t.m1() * t.m0()))
}

/// The estimates alone, in the order of [`Measures`]; infinite where a denominator is 0, `None` where
/// they are 0/0. For the ends of a range of tables.
pub fn estimates(t: &Cells) -> [Option<f64>; 5] {
    let (r1, r0, r) = (t.a / t.n1(), t.c / t.n0(), t.m1() / t.total());
    [(t.a * t.d) / (t.b * t.c), r1 / r0, r1 - r0, 1.0 - r0 / r1, 1.0 - r0 / r]
        .map(|v| (!v.is_nan()).then_some(v))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn published_odds_ratios_follow_from_the_printed_percentages() {
        for (p1, p0, want) in [(43.6, 16.0, 4.06), (19.4, 1.6, 14.80), (41.5, 23.6, 2.30), (59.3, 37.0, 2.48)]
        {
            let t = Cells::from_totals(p1 * 88.21, 8821.0, p0 * 320.06, 32_006.0).unwrap();
            let or = measures(&t, Zero::NotAvailable, 0.95).unwrap().odds_ratio.value.unwrap();
            assert!((or - want).abs() < 0.005, "{p1} {p0} {or}");
        }
    }

    #[test]
    fn zero_cells_say_why_or_are_corrected_on_request() {
        let t = Cells { a: 3.0, b: 0.0, c: 2.0, d: 7.0 };
        let m = measures(&t, Zero::NotAvailable, 0.95).unwrap();
        assert_eq!((m.odds_ratio.value, m.odds_ratio.reason), (None, Some(ZERO_CELL)));
        assert!(m.risk_ratio.value.is_some() && m.risk_difference.limits.is_some());
        let h = measures(&t, Zero::Haldane, 0.95).unwrap().odds_ratio;
        assert!(h.corrected && (h.value.unwrap() - 3.5 * 7.5 / (0.5 * 2.5)).abs() < 1e-12);
        let all = Cells { a: 3.0, b: 0.0, c: 5.0, d: 0.0 };
        let m = measures(&all, Zero::NotAvailable, 0.95).unwrap();
        assert_eq!((m.risk_ratio.value, m.risk_ratio.limits), (Some(1.0), None));
        assert_eq!((m.risk_difference.value, m.chi2), (Some(0.0), None));
    }
}
