//! L3. Combining estimates of several completed data sets (Rubin 1987).
//!
//! From m estimates q_i with variances u_i: q̄ the mean, ū the mean variance, b the variance (m − 1) of
//! the q_i, t = ū + (1 + 1/m)b. Then r = (1 + 1/m)b/ū (relative increase), λ = (1 + 1/m)b/t, and
//! (q̄ − Q)/√t is t-distributed with ν degrees of freedom:
//!
//! * ν_m = (m − 1)/λ² (Rubin 1987; complete data of any size);
//! * ν_o = (ν_c + 1)/(ν_c + 3)·ν_c(1 − λ), 1/ν = 1/ν_m + 1/ν_o (Barnard and Rubin 1999), ν_c the
//!   degrees of freedom if nothing were missing;
//!
//! and the fraction of missing information is (r + 2/(ν + 3))/(r + 1).
//!
//! k estimates jointly (D₁): r̄ = (1 + 1/m) tr(BŪ⁻¹)/k, D = q̄′Ū⁻¹q̄/(k(1 + r̄)) against F(k, ν₁) with ν₁
//! by Li, Raghunathan and Rubin (1991), or by Reiter (2007) when ν_c is known. Reiter's rule is derived
//! for k(m − 1) above 4; at 4 its limit is 4 (as in mice), below 4 the large-sample rule stands.

use ndarray::{Array1, Array2};

use crate::error::{Error, Result};
use crate::num::dist;
use crate::num::linalg::Cholesky;

/// One pooled estimate.
#[derive(Debug, Clone, Copy, PartialEq)]
#[must_use]
pub struct Pooled {
    /// q̄.
    pub estimate: f64,
    /// ū, variance within.
    pub within: f64,
    /// b, variance between.
    pub between: f64,
    /// t, total variance.
    pub total: f64,
    /// ν; infinite when nothing varies between and the complete data are large.
    pub df: f64,
    /// ν_m, without the small-sample rule.
    pub df_large_sample: f64,
    /// Relative increase in variance due to missing values.
    pub riv: f64,
    /// Share of the variance due to missing values.
    pub lambda: f64,
    /// Fraction of missing information.
    pub fmi: f64,
}

impl Pooled {
    /// √t.
    pub fn std_error(&self) -> f64 {
        self.total.sqrt()
    }

    /// q̄/√t, its two-sided p, and the limits at `conf_level`.
    pub fn inference(&self, conf_level: f64) -> (f64, f64, (f64, f64)) {
        let se = self.std_error();
        let (statistic, alpha) = (self.estimate / se, (1.0 - conf_level) / 2.0);
        let (p, q) = if self.df.is_finite() {
            (dist::t::two_sided_p(statistic, self.df), dist::t::isf(alpha, self.df))
        } else {
            (dist::normal::two_sided_p(statistic), dist::normal::isf(alpha))
        };
        (statistic, p, (self.estimate - q * se, self.estimate + q * se))
    }
}

/// Pools m estimates `q` with variances `u`; `df_complete` is ν_c, infinite for large data.
///
/// # Errors
/// `Length`; `TooFew` for fewer than two; `Values` for a variance that is not positive and finite, an
/// estimate that is not finite, or ν_c not above 0.
pub fn pool(q: &[f64], u: &[f64], df_complete: f64) -> Result<Pooled> {
    check(q, u, df_complete)?;
    let m = q.len() as f64;
    let estimate = q.iter().sum::<f64>() / m;
    let within = u.iter().sum::<f64>() / m;
    let between = q.iter().map(|v| (v - estimate).powi(2)).sum::<f64>() / (m - 1.0);
    let extra = (1.0 + 1.0 / m) * between;
    let total = within + extra;
    let (riv, lambda) = (extra / within, extra / total);
    let df_large_sample = (m - 1.0) / (lambda * lambda);
    let df_observed = (df_complete + 1.0) / (df_complete + 3.0) * df_complete * (1.0 - lambda);
    let df = if df_complete.is_infinite() {
        df_large_sample
    } else {
        1.0 / (1.0 / df_large_sample + 1.0 / df_observed)
    };
    let fmi = (riv + 2.0 / (df + 3.0)) / (riv + 1.0);
    Ok(Pooled { estimate, within, between, total, df, df_large_sample, riv, lambda, fmi })
}

fn check(q: &[f64], u: &[f64], df_complete: f64) -> Result<()> {
    if u.len() != q.len() {
        return Err(Error::Length { what: "variances".to_owned(), expected: q.len(), got: u.len() });
    }
    if q.len() < 2 {
        return Err(Error::TooFew { what: "pooling of imputations".to_owned(), needed: 2, got: q.len() });
    }
    let refuse = |name: &str, values: &[f64], expected: &str, bad: &dyn Fn(f64) -> bool| {
        let rows: Vec<usize> = (0..values.len()).filter(|&i| bad(values[i])).collect();
        rows.first().map_or(Ok(()), |&i| Err(Error::values(name, rows.iter().copied(), expected, values[i])))
    };
    refuse("estimate", q, "finite estimates, one per imputation", &|v| !v.is_finite())?;
    refuse("std_error", u, "positive, finite variances", &|v| !(v > 0.0 && v.is_finite()))?;
    if df_complete.is_nan() || df_complete <= 0.0 {
        return Err(Error::option("df_complete", "a number above 0, or infinity", df_complete));
    }
    Ok(())
}

/// A joint test of k pooled estimates being 0.
#[derive(Debug, Clone, Copy, PartialEq)]
#[must_use]
pub struct JointTest {
    /// D₁.
    pub statistic: f64,
    /// k.
    pub df1: f64,
    /// ν₁.
    pub df2: f64,
    /// P(F(k, ν₁) > D₁).
    pub p_value: f64,
    /// Mean relative increase in variance r̄.
    pub riv: f64,
}

/// D₁ of m estimates `q` (k values each) with covariances `u` (k × k each).
///
/// # Errors
/// `Length`; `TooFew`; `NotPositiveDefinite` for the mean covariance; `Undefined` when ν_c is too small
/// for Reiter's rule.
pub fn pool_joint(q: &[Array1<f64>], u: &[Array2<f64>], df_complete: f64) -> Result<JointTest> {
    let (m, k) = (q.len(), q.first().map_or(0, Array1::len));
    if m < 2 || k == 0 {
        return Err(Error::TooFew { what: "a joint test over imputations".to_owned(), needed: 2, got: m });
    }
    if u.len() != m || q.iter().any(|v| v.len() != k) || u.iter().any(|v| v.dim() != (k, k)) {
        return Err(Error::Length {
            what: "estimates and covariances".to_owned(),
            expected: k,
            got: u.len(),
        });
    }
    let (mf, kf) = (m as f64, k as f64);
    let mean = q.iter().fold(Array1::<f64>::zeros(k), |s, v| s + v) / mf;
    let within = u.iter().fold(Array2::<f64>::zeros((k, k)), |s, v| s + v) / mf;
    let factor = Cholesky::new(within.view(), &[])?;
    // tr(BŪ⁻¹) = Σ_i (q_i − q̄)′Ū⁻¹(q_i − q̄)/(m − 1)
    let trace: f64 = q
        .iter()
        .map(|v| {
            let gap = v - &mean;
            gap.dot(&factor.solve(&gap.to_vec()))
        })
        .sum::<f64>()
        / (mf - 1.0);
    let riv = (1.0 + 1.0 / mf) * trace / kf;
    let statistic = mean.dot(&factor.solve(&mean.to_vec())) / (kf * (1.0 + riv));
    let df2 = joint_df(riv, kf, kf * (mf - 1.0), df_complete)?;
    let p_value =
        if df2.is_finite() { dist::f::sf(statistic, kf, df2) } else { dist::chi2::sf(kf * statistic, kf) };
    Ok(JointTest { statistic, df1: kf, df2, p_value, riv })
}

/// ν₁ with t = k(m − 1).
fn joint_df(r: f64, k: f64, t: f64, df_complete: f64) -> Result<f64> {
    if df_complete.is_infinite() || t < 4.0 {
        return Ok(if t > 4.0 {
            4.0 + (t - 4.0) * (1.0 + (1.0 - 2.0 / t) / r).powi(2)
        } else {
            t * (1.0 + 1.0 / k) * (1.0 + 1.0 / r).powi(2) / 2.0
        });
    }
    if t == 4.0 {
        return Ok(4.0); // the limit of the rule below
    }
    let a = r * t / (t - 2.0);
    let v = (df_complete + 1.0) / (df_complete + 3.0) * df_complete;
    let (c0, c1, c2) = (1.0 / (t - 4.0), v - 2.0 * (1.0 + a), v - 4.0 * (1.0 + a));
    if c2 <= 0.0 {
        let reason = format!("{df_complete} complete-data degrees of freedom are too few");
        return Err(Error::Undefined { what: "Reiter's degrees of freedom".to_owned(), reason });
    }
    let z = 1.0 / c2
        + c0 * (a * a * c1 / ((1.0 + a).powi(2) * c2))
        + c0 * (8.0 * a * a * c1 / ((1.0 + a) * c2 * c2) + 4.0 * a * a / ((1.0 + a) * c2))
        + c0 * (4.0 * a * a / (c2 * c1) + 16.0 * a * a * c1 / c2.powi(3))
        + c0 * (8.0 * a * a / (c2 * c2));
    Ok(4.0 + 1.0 / z)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn equal_imputations_add_nothing() {
        let p = pool(&[2.0; 4], &[0.25; 4], f64::INFINITY).unwrap();
        assert_eq!((p.estimate, p.total, p.riv, p.lambda), (2.0, 0.25, 0.0, 0.0));
        assert!(p.df.is_infinite() && p.fmi == 0.0);
        let p = pool(&[2.0; 4], &[0.25; 4], 20.0).unwrap();
        assert!((p.df - 21.0 / 23.0 * 20.0).abs() < 1e-12);
    }

    #[test]
    fn a_joint_test_of_one_is_the_square_of_its_t() {
        let (q, u) = ([1.0, 1.4, 0.7, 1.2, 1.1, 0.9], [0.2, 0.25, 0.21, 0.22, 0.2, 0.19]);
        let one = pool(&q, &u, f64::INFINITY).unwrap();
        let joint = pool_joint(&q.map(|v| array![v]), &u.map(|v| array![[v]]), f64::INFINITY).unwrap();
        assert!((joint.statistic - one.estimate.powi(2) / one.total).abs() < 1e-13);
        assert!((joint.riv - one.riv).abs() < 1e-13);
    }

    #[test]
    fn single_imputations_and_bad_variances_are_refused() {
        assert!(pool(&[1.0], &[1.0], 10.0).is_err());
        assert!(pool(&[1.0, 2.0], &[1.0, 0.0], 10.0).is_err());
        assert!(pool(&[1.0, 2.0], &[1.0, 1.0], f64::NAN).is_err());
    }
}
