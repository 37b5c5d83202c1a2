//! Two correlations from the same rows that share a variable: r_xy against r_xz.
//!
//! With r_yz between the other two, n rows:
//! * Williams' t (1959; Steiger 1980, eq. 7): (r_xy − r_xz)·√[(n−1)(1+r_yz)/(2(n−1)/(n−3)·|R| + r̄²(1−r_yz)³)],
//!   r̄ = (r_xy + r_xz)/2, |R| = 1 − r_xy² − r_xz² − r_yz² + 2r_xy r_xz r_yz, n − 3 df;
//! * Steiger's Z (1980, eq. 14): (z_xy − z_xz)·√(n−3)/√(2 − 2s), s the covariance of the two z at the pooled r̄;
//! * interval of the difference: MOVER on the Fisher limits (Zou 2007), with the correlation of the two estimates.

use crate::correlation::coefficient::{fisher, normal_p};
use crate::error::{Error, Result};
use crate::num::dist;
use crate::resample::permutation::Alternative;

/// The comparison.
#[derive(Debug, Clone, Copy, PartialEq)]
#[must_use]
pub struct Comparison {
    /// r_xy − r_xz.
    pub difference: f64,
    /// Zou's limits of the difference.
    pub interval: (f64, f64),
    /// Williams' t and its p, n − 3 df.
    pub williams: (f64, f64),
    /// Steiger's Z and its p.
    pub steiger: (f64, f64),
}

/// Compares r_xy = `xy` with r_xz = `xz`, given r_yz = `yz`, over n rows.
///
/// # Errors
/// `TooFew` below 5 rows; `Undefined` where the three are not a proper correlation matrix or one is ±1.
pub fn compare(
    xy: f64,
    xz: f64,
    yz: f64,
    n: usize,
    alternative: Alternative,
    conf_level: f64,
) -> Result<Comparison> {
    if n < 5 {
        return Err(Error::TooFew { what: "a comparison of two correlations".to_owned(), needed: 5, got: n });
    }
    let determinant = 1.0 - xy * xy - xz * xz - yz * yz + 2.0 * xy * xz * yz;
    if determinant <= 1e-12 || xy.abs() >= 1.0 || xz.abs() >= 1.0 {
        let reason = "the three columns are collinear, or two of them are the same".to_owned();
        return Err(Error::Undefined { what: "the comparison of two correlations".to_owned(), reason });
    }
    let nf = n as f64;
    let mean = f64::midpoint(xy, xz);
    let scale = 2.0 * (nf - 1.0) / (nf - 3.0) * determinant + mean * mean * (1.0 - yz).powi(3);
    let t = (xy - xz) * ((nf - 1.0) * (1.0 + yz) / scale).sqrt();
    let p_t = match alternative {
        Alternative::TwoSided => dist::t::two_sided_p(t, nf - 3.0),
        Alternative::Greater => dist::t::sf(t, nf - 3.0),
        Alternative::Less => dist::t::cdf(t, nf - 3.0),
    };
    let s = covariance(mean, mean, yz);
    let z = (xy.atanh() - xz.atanh()) * (nf - 3.0).sqrt() / (2.0 - 2.0 * s).sqrt();
    let sd = (1.0 / (nf - 3.0)).sqrt();
    let (l1, u1) = fisher(xy, sd, conf_level);
    let (l2, u2) = fisher(xz, sd, conf_level);
    let c = covariance(xy, xz, yz);
    let half = |a: f64, b: f64| (a * a + b * b - 2.0 * c * a * b).max(0.0).sqrt();
    let difference = xy - xz;
    let interval = (difference - half(xy - l1, u2 - xz), difference + half(u1 - xy, xz - l2));
    Ok(Comparison { difference, interval, williams: (t, p_t), steiger: (z, normal_p(z, alternative)) })
}

/// Correlation of the estimates of r_xy and r_xz (Pearson and Filon 1898; Dunn and Clark 1969).
fn covariance(xy: f64, xz: f64, yz: f64) -> f64 {
    let top = yz * (1.0 - xy * xy - xz * xz) - 0.5 * xy * xz * (1.0 - xy * xy - xz * xz - yz * yz);
    top / ((1.0 - xy * xy) * (1.0 - xz * xz))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_worked_example_of_steiger_is_met() {
        // n = 103, r = 0.4, 0.5, between them 0.1: Williams' t = −0.89, Steiger's Z = −0.89 (1980, table 1).
        let c = compare(0.4, 0.5, 0.1, 103, Alternative::TwoSided, 0.95).unwrap();
        assert!((c.williams.0 + 0.89).abs() < 0.01 && (c.steiger.0 + 0.89).abs() < 0.01, "{c:?}");
        assert!(c.interval.0 < -0.1 && c.interval.1 > -0.1);
    }

    #[test]
    fn the_same_column_twice_is_refused() {
        assert!(compare(0.4, 0.4, 1.0, 22, Alternative::TwoSided, 0.95).is_err());
    }
}
