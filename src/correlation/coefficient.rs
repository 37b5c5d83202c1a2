//! Pearson, Spearman and Kendall: estimate, test, analytic interval.
//!
//! | method | estimate | test | interval on Fisher's z = atanh r, sd |
//! | --- | --- | --- | --- |
//! | Pearson | Σ(x−x̄)(y−ȳ)/√(ΣΣ) | t, n − 2 df | 1/√(n − 3) (Fisher 1921) |
//! | Spearman | Pearson of mid-ranks | t, n − 2 df | √((1 + r²/2)/(n − 3)) (Bonett and Wright 2000) |
//! | Kendall | tau-b | z by the tie-corrected variance of S, or exact | √(0.437/(n − 4)) (Fieller, Hartley and Pearson 1957) |
//!
//! n ≥ 3 for an estimate, n ≥ 4 (5 for Kendall) for an interval. At |r| = 1 the interval is the point.

use crate::correlation::kendall::{Concordance, exact_p};
use crate::correlation::ranks::midranks;
use crate::error::{Error, Result};
use crate::num::dist;
use crate::num::moments::CoMoments;
use crate::resample::permutation::Alternative;

/// Which coefficient.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// Product-moment.
    Pearson,
    /// Rank.
    Spearman,
    /// Tau-b.
    Kendall,
}

/// One coefficient with its test and interval.
#[derive(Debug, Clone, Copy, PartialEq)]
#[must_use]
pub struct Correlation {
    /// The coefficient.
    pub estimate: f64,
    /// t (Pearson, Spearman) or z (Kendall); `None` where the p-value is exact.
    pub statistic: Option<f64>,
    /// Degrees of freedom of t.
    pub df: Option<f64>,
    /// p-value for the alternative.
    pub p_value: f64,
    /// Analytic limits; `None` for too few rows.
    pub interval: Option<(f64, f64)>,
    /// Rows.
    pub n: usize,
}

/// The coefficient alone; `None` for a constant column.
pub fn estimate(x: &[f64], y: &[f64], method: Method) -> Option<f64> {
    match method {
        Method::Pearson => CoMoments::of(x, y, |_| 1.0).correlation(),
        Method::Spearman => CoMoments::of(&midranks(x), &midranks(y), |_| 1.0).correlation(),
        Method::Kendall => Concordance::of(x, y).tau_b(),
    }
}

/// The coefficient with test and analytic interval.
///
/// # Errors
/// `TooFew` below three rows; `Constant` naming the column.
pub fn correlate(
    x: &[f64],
    y: &[f64],
    names: (&str, &str),
    method: Method,
    alternative: Alternative,
    conf_level: f64,
) -> Result<Correlation> {
    let n = x.len();
    if n < 3 {
        let what = format!("the correlation of \"{}\" and \"{}\"", names.0, names.1);
        return Err(Error::TooFew { what, needed: 3, got: n });
    }
    let pairs = (method == Method::Kendall).then(|| Concordance::of(x, y));
    let r = pairs.map_or_else(|| estimate(x, y, method), |p| p.tau_b());
    let Some(r) = r else { return Err(constant(x, names, n)) };
    Ok(infer(r, n, method, pairs.as_ref(), alternative, conf_level))
}

/// Kendall's tau-b from pairs already counted.
///
/// # Errors
/// `TooFew`, `Constant`, as [`correlate`].
pub fn kendall(
    pairs: &Concordance,
    x: &[f64],
    names: (&str, &str),
    alternative: Alternative,
    conf_level: f64,
) -> Result<Correlation> {
    if pairs.n < 3 {
        let what = format!("the correlation of \"{}\" and \"{}\"", names.0, names.1);
        return Err(Error::TooFew { what, needed: 3, got: pairs.n });
    }
    let r = pairs.tau_b().ok_or_else(|| constant(x, names, pairs.n))?;
    Ok(infer(r, pairs.n, Method::Kendall, Some(pairs), alternative, conf_level))
}

/// Spearman's coefficient from mid-ranks already taken.
///
/// # Errors
/// `TooFew`, `Constant`, as [`correlate`].
pub fn spearman(
    x: &[f64],
    y: &[f64],
    names: (&str, &str),
    alternative: Alternative,
    conf_level: f64,
) -> Result<Correlation> {
    let n = x.len();
    if n < 3 {
        let what = format!("the correlation of \"{}\" and \"{}\"", names.0, names.1);
        return Err(Error::TooFew { what, needed: 3, got: n });
    }
    let r = CoMoments::of(x, y, |_| 1.0).correlation().ok_or_else(|| constant(x, names, n))?;
    Ok(infer(r, n, Method::Spearman, None, alternative, conf_level))
}

fn constant(x: &[f64], names: (&str, &str), n: usize) -> Error {
    let column = if is_constant(x) { names.0 } else { names.1 };
    Error::Constant { column: column.to_owned(), n }
}

/// Test and analytic interval of a coefficient over n rows.
fn infer(
    r: f64,
    n: usize,
    method: Method,
    pairs: Option<&Concordance>,
    alternative: Alternative,
    conf_level: f64,
) -> Correlation {
    let nf = n as f64;
    let (statistic, df, p_value) = match pairs {
        Some(pairs) if pairs.is_exact() => (None, None, exact_p(pairs.s, n, alternative)),
        Some(pairs) => {
            let z = pairs.s / pairs.variance.sqrt();
            (Some(z), None, normal_p(z, alternative))
        }
        None => {
            let (t, p) = t_test(r, nf - 2.0, alternative);
            (Some(t), Some(nf - 2.0), p)
        }
    };
    let sd = match method {
        Method::Pearson => (1.0 / (nf - 3.0)).sqrt(),
        Method::Spearman => ((1.0 + r * r / 2.0) / (nf - 3.0)).sqrt(),
        Method::Kendall => (0.437 / (nf - 4.0)).sqrt(),
    };
    let room = if method == Method::Kendall { n > 4 } else { n > 3 };
    let interval = room.then(|| fisher(r, sd, conf_level));
    Correlation { estimate: r, statistic, df, p_value, interval, n }
}

/// Whether all values are equal.
pub fn is_constant(x: &[f64]) -> bool {
    CoMoments::of(x, x, |_| 1.0).correlation().is_none()
}

/// t = r√(df/(1 − r²)) and its p; infinite at |r| = 1.
pub fn t_test(r: f64, df: f64, alternative: Alternative) -> (f64, f64) {
    // (1 − r)(1 + r) keeps the digits of r near ±1.
    let t = r * (df / ((1.0 - r) * (1.0 + r))).sqrt();
    let p = match alternative {
        Alternative::TwoSided => dist::t::two_sided_p(t, df),
        Alternative::Greater => dist::t::sf(t, df),
        Alternative::Less => dist::t::cdf(t, df),
    };
    (t, p)
}

/// p of a standard normal z.
pub fn normal_p(z: f64, alternative: Alternative) -> f64 {
    match alternative {
        Alternative::TwoSided => dist::normal::two_sided_p(z),
        Alternative::Greater => dist::normal::sf(z),
        Alternative::Less => dist::normal::cdf(z),
    }
}

/// tanh(atanh r ± q·sd).
pub fn fisher(r: f64, sd: f64, conf_level: f64) -> (f64, f64) {
    if r.abs() >= 1.0 {
        return (r, r);
    }
    let half = dist::normal::isf((1.0 - conf_level) / 2.0) * sd;
    ((r.atanh() - half).tanh(), (r.atanh() + half).tanh())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_perfect_line_is_one_with_a_point_interval() {
        let x = [1.0, 2.0, 3.0, 4.0, 5.0];
        let y = x.map(|v| 2.0 * v + 1.0);
        for method in [Method::Pearson, Method::Spearman, Method::Kendall] {
            let c = correlate(&x, &y, ("x", "y"), method, Alternative::TwoSided, 0.95).unwrap();
            assert!((c.estimate - 1.0).abs() < 1e-15, "{method:?}");
            assert!(c.p_value < 0.02);
        }
    }

    #[test]
    fn constants_and_two_rows_are_refused_by_name() {
        let c = correlate(
            &[1.0; 4],
            &[1.0, 2.0, 3.0, 4.0],
            ("a", "b"),
            Method::Pearson,
            Alternative::TwoSided,
            0.95,
        );
        assert_eq!(c, Err(Error::Constant { column: "a".into(), n: 4 }));
        let c = correlate(&[1.0, 2.0], &[1.0, 2.0], ("a", "b"), Method::Kendall, Alternative::TwoSided, 0.95);
        assert!(matches!(c, Err(Error::TooFew { got: 2, .. })));
    }
}
