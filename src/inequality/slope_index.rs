//! Slope and relative index of inequality.
//!
//! Values y (rates by deprivation group, or one outcome per child) are regressed on the ridit R of
//! the ranking, weighted by population, on the scale g:
//!
//! g(y_i) = a + b·R_i,   SII = g⁻¹(a + b) − g⁻¹(a),   RII = g⁻¹(a + b) / g⁻¹(a),   RII_mean = SII / ȳ.
//!
//! SII is the gap between the two ends of the *whole* scale, so it does not depend on where the
//! groups were cut (Preston, Haines and Pamuk 1981; Mackenbach and Kunst 1997; RII_mean is Pamuk's
//! index, RII the ratio of the ends of Kunst and Mackenbach). g is the identity, log (rates) or
//! logit (proportions), the transforms of Public Health England's indicator methods (2018).
//!
//! Intervals: identity scale: SII by t (normal if the standard errors are known), RII by Fieller
//! (1954), which is refused where it is unbounded. Log scale: RII is exp(b ± q·se). Elsewhere: the
//! delta method (on the log of the RII). RII_mean treats the mean as known.
//!
//! Nulls are dropped before this point; weights as in [`crate::design::Weights`].

use crate::design::Weights;
use crate::error::{Error, Result};
use crate::inequality::line::{self, Line, Spread};
use crate::inequality::ridit::Ranking;
use crate::num::dist;

/// The scale the line is straight on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transform {
    /// y itself.
    None,
    /// log y: y > 0.
    Log,
    /// log(y / (1 − y)): 0 < y < 1.
    Logit,
}

impl Transform {
    /// g(y).
    pub fn forward(self, y: f64) -> f64 {
        match self {
            Self::None => y,
            Self::Log => y.ln(),
            Self::Logit => (y / (1.0 - y)).ln(),
        }
    }

    /// g⁻¹(η).
    pub fn inverse(self, eta: f64) -> f64 {
        match self {
            Self::None => eta,
            Self::Log => eta.exp(),
            Self::Logit => 1.0 / (1.0 + (-eta).exp()),
        }
    }

    /// dg⁻¹/dη at η.
    pub fn slope(self, eta: f64) -> f64 {
        match self {
            Self::None => 1.0,
            Self::Log => eta.exp(),
            Self::Logit => {
                let p = self.inverse(eta);
                p * (1.0 - p)
            }
        }
    }

    /// Refuses values that g is not defined for, naming the rows.
    ///
    /// # Errors
    /// `Values`.
    pub fn check(self, y: &[f64], column: &str) -> Result<()> {
        let (bad, expected): (fn(f64) -> bool, _) = match self {
            Self::None => return Ok(()),
            Self::Log => (
                |v| v <= 0.0,
                "positive values for a log transform; use model \"linear\" or \"poisson\" with zeros",
            ),
            Self::Logit => {
                (|v| v <= 0.0 || v >= 1.0, "proportions strictly between 0 and 1 for a logit transform")
            }
        };
        match y.iter().find(|v| bad(**v)) {
            None => Ok(()),
            Some(&first) => {
                let rows = y.iter().enumerate().filter(|(_, v)| bad(**v)).map(|(i, _)| i);
                Err(Error::values(column, rows, expected, first))
            }
        }
    }
}

/// A quantity with its standard error and interval; the interval is `None` where none exists.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Estimate {
    /// The point estimate.
    pub value: f64,
    /// Its standard error on the natural scale (delta method where not linear).
    pub std_error: f64,
    /// Lower and upper limit, or `None` where the interval is unbounded.
    pub interval: Option<(f64, f64)>,
}

/// The indices of one fit.
#[derive(Debug, Clone, PartialEq)]
#[must_use]
pub struct SlopeIndex {
    /// Gap between the ends of the scale, in the unit of y.
    pub sii: Estimate,
    /// Ratio of the ends.
    pub rii: Estimate,
    /// SII over the weighted mean of y.
    pub rii_mean: Estimate,
    /// Fitted value at the lower end, in the unit of y.
    pub low_end: f64,
    /// Weighted mean of y.
    pub mean: f64,
    /// The line on the fitted scale.
    pub line: Line,
    /// Two-sided p of slope = 0 (t, or normal where the spread is known).
    pub p_value: f64,
}

/// Fits the index for `y` ranked by `ranking` (n rows each).
///
/// # Errors
/// `Values` for y outside the transform's domain, `TooFew` (see [`line::fit`]), `Undefined` for a
/// weighted mean or low end of 0, where the relative index does not exist.
pub fn slope_index(
    y: &[f64],
    ranking: &Ranking,
    weights: Weights<'_>,
    transform: Transform,
    spread: Spread<'_>,
    conf_level: f64,
) -> Result<SlopeIndex> {
    transform.check(y, "value")?;
    let mut r = vec![0.0; y.len()];
    let total = ranking.ridits(|i| weights.at(i), &mut r);
    let g: Vec<f64> = y.iter().map(|&v| transform.forward(v)).collect();
    let scaled;
    let spread = match spread {
        Spread::Known(se) if transform != Transform::None => {
            // Standard errors come in the unit of y; dη = dy / g⁻¹′(η).
            scaled = se.iter().zip(&g).map(|(s, &eta)| s / transform.slope(eta)).collect::<Vec<_>>();
            Spread::Known(&scaled)
        }
        other => other,
    };
    let fitted = line::fit(&r, &g, weights, spread)?;
    let mean = y.iter().enumerate().map(|(i, v)| weights.at(i) * v).sum::<f64>() / total;
    from_line(fitted, transform, mean, conf_level)
}

/// The indices of a line fitted on the scale g; shared with the Poisson model (g = log).
///
/// # Errors
/// `Undefined` where a ratio has a zero denominator.
pub fn from_line(line: Line, transform: Transform, mean: f64, conf_level: f64) -> Result<SlopeIndex> {
    let (low, high) = (transform.inverse(line.intercept), transform.inverse(line.at(1.0)));
    let undefined =
        |what: &str, reason: &str| Error::Undefined { what: what.to_owned(), reason: reason.to_owned() };
    if low == 0.0 {
        return Err(undefined("the relative index", "the fitted value at the lower end of the ranking is 0"));
    }
    if mean == 0.0 {
        return Err(undefined("the relative index", "the weighted mean of the values is 0"));
    }
    let q = critical(conf_level, line.df);
    let sii = high - low;
    let (slope_low, slope_high) = (transform.slope(line.intercept), transform.slope(line.at(1.0)));
    let se_sii = line.variance_of(slope_high - slope_low, slope_high).sqrt();
    // Gradient of ln RII = ln g⁻¹(a + b) − ln g⁻¹(a).
    let (k_low, k_high) = (slope_low / low, slope_high / high);
    let rii = high / low;
    let se_ln_rii = line.variance_of(k_high - k_low, k_high).sqrt();
    let rii_interval = match transform {
        Transform::None => fieller(&line, q),
        Transform::Log | Transform::Logit => {
            Some((rii * (-q * se_ln_rii).exp(), rii * (q * se_ln_rii).exp()))
        }
    };
    let around = |value: f64, se: f64| Estimate {
        value,
        std_error: se,
        interval: Some((value - q * se, value + q * se)),
    };
    let statistic = line.slope / line.vcov[2].sqrt();
    Ok(SlopeIndex {
        sii: around(sii, se_sii),
        rii: Estimate { value: rii, std_error: rii.abs() * se_ln_rii, interval: rii_interval },
        rii_mean: around(sii / mean, se_sii / mean.abs()),
        low_end: low,
        mean,
        line,
        p_value: if line.df.is_finite() {
            dist::t::two_sided_p(statistic, line.df)
        } else {
            dist::normal::two_sided_p(statistic)
        },
    })
}

/// The two-sided critical value at `conf_level`: t with `df`, normal where df is infinite.
pub fn critical(conf_level: f64, df: f64) -> f64 {
    let upper = (1.0 - conf_level) / 2.0;
    if df.is_finite() { dist::t::isf(upper, df) } else { dist::normal::isf(upper) }
}

/// Fieller's limits of (a + b)/a: the roots in θ of (N − θD)² = q²·var(N − θD). `None` where D is
/// not distinguishable from 0, since the set of compatible ratios is then unbounded.
fn fieller(line: &Line, q: f64) -> Option<(f64, f64)> {
    let (n, d) = (line.at(1.0), line.intercept);
    let [v_aa, v_ab, _] = line.vcov;
    let (v_nn, v_dd, v_nd) = (line.variance_of(1.0, 1.0), v_aa, v_aa + v_ab);
    let a = d * d - q * q * v_dd;
    if a <= 0.0 {
        return None;
    }
    let half_b = n * d - q * q * v_nd;
    let c = n * n - q * q * v_nn;
    let root = (half_b * half_b - a * c).max(0.0).sqrt();
    // The larger root by addition of like signs, the other by c/(a·x): no cancellation.
    let far = half_b + half_b.signum() * root;
    if far == 0.0 {
        return Some((-root / a, root / a));
    }
    let (x, y) = (far / a, c / far);
    Some((x.min(y), x.max(y)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Looked-after rates by deprivation tenth, least to most deprived (English sample of 2015).
    const RATES: [f64; 10] = [15.0, 17.0, 25.0, 34.0, 34.0, 47.0, 64.0, 75.0, 100.0, 159.0];

    fn tenths() -> Ranking {
        Ranking::new(&(1..=10).map(f64::from).collect::<Vec<_>>(), "tenth").unwrap()
    }

    #[test]
    fn the_english_tenths_give_the_printed_indices() {
        let linear =
            slope_index(&RATES, &tenths(), Weights::Unit, Transform::None, Spread::Classical, 0.95).unwrap();
        assert!((linear.sii.value - 135.151_515).abs() < 1e-6);
        assert!((linear.rii_mean.value - 2.371_079).abs() < 1e-6);
        let log =
            slope_index(&RATES, &tenths(), Weights::Unit, Transform::Log, Spread::Classical, 0.95).unwrap();
        assert!((log.rii.value - 12.268_293).abs() < 1e-6);
        // The straight line is negative at the lower end: no finite Fieller interval there.
        assert!(linear.low_end < 0.0);
    }

    #[test]
    fn fieller_brackets_the_ratio_and_narrows_to_it() {
        let y = [10.0, 12.0, 13.0, 15.0, 18.0];
        let ranking = Ranking::new(&[1.0, 2.0, 3.0, 4.0, 5.0], "q").unwrap();
        let wide = slope_index(&y, &ranking, Weights::Unit, Transform::None, Spread::Known(&[0.5; 5]), 0.95)
            .unwrap();
        let thin = slope_index(&y, &ranking, Weights::Unit, Transform::None, Spread::Known(&[1e-9; 5]), 0.95)
            .unwrap();
        let (low, high) = wide.rii.interval.unwrap();
        assert!(low < wide.rii.value && wide.rii.value < high);
        let (low, high) = thin.rii.interval.unwrap();
        assert!((high - low).abs() < 1e-7);
    }

    #[test]
    fn zeros_cannot_be_logged() {
        let y = [0.0, 1.0, 2.0];
        let ranking = Ranking::new(&[1.0, 2.0, 3.0], "q").unwrap();
        let got = slope_index(&y, &ranking, Weights::Unit, Transform::Log, Spread::Classical, 0.95);
        assert!(matches!(got, Err(Error::Values { ref rows, .. }) if rows == &[0]));
    }
}
