//! Are the unit effects related to the predictors? If so, random effects are biased.
//!
//! Hausman (1978): H = d′(V_w − V_r)⁻¹d, d = β̂_within − β̂_random over the predictors that vary within units, χ² with as many
//! degrees of freedom. V_w − V_r need not be positive definite in a sample: H is then taken all the same (as R's plm and Stata
//! do) and is undefined where it comes out negative. The regression form below has no such trouble.
//! Regression form (Mundlak 1978; Wooldridge 2010, section 10.7.3): the Wald test that the unit means add nothing to
//! random effects, with cluster-robust errors (CR1): F(q, G − 1). It holds with unequal variances and related errors.

use ndarray::{Array1, Array2};

use crate::design::Weights;
use crate::error::{Error, Result};
use crate::num::dist;
use crate::num::linalg::{Cholesky, eigen_symmetric};
use crate::panel::cluster::Kind;
use crate::panel::data::Panel;
use crate::panel::fit::{Effects, Fit, Vcov, fit};
use crate::panel::index::Index;
use crate::panel::random::components;

/// Eigenvalues of V_w − V_r (at unit diagonal) nearer to 0 than this leave it without an inverse.
const SINGULAR: f64 = 1e-12;

/// A test statistic.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Test {
    /// χ² (Hausman) or F (regression form).
    pub statistic: f64,
    /// Degrees of freedom.
    pub df: f64,
    /// Denominator degrees of freedom of F.
    pub df2: Option<f64>,
    /// p.
    pub p_value: f64,
}

/// Hausman's test.
///
/// # Errors
/// Those of the two fits; `Undefined` when V_w − V_r is not positive definite or no predictor varies within units.
pub fn hausman(panel: &Panel<'_>) -> Result<Test> {
    let constant = components(panel)?.constant;
    let varying: Vec<usize> = (0..panel.p()).filter(|j| !constant.contains(j)).collect();
    if varying.is_empty() {
        return Err(undefined("no predictor varies within units"));
    }
    let names: Vec<String> = varying.iter().map(|&j| panel.names[j].clone()).collect();
    let kept = Panel {
        x: varying.iter().map(|&j| panel.x[j]).collect(),
        names: &names,
        weights: Weights::Unit,
        ..panel.clone()
    };
    let within = fit(&kept, Effects::Unit, Vcov::Classical)?;
    let random = fit(panel, Effects::Random, Vcov::Classical)?;
    let at: Vec<usize> = varying.iter().map(|j| j + 1).collect();
    let d: Array1<f64> = (0..at.len()).map(|a| within.beta[a] - random.beta[at[a]]).collect();
    let gap = Array2::from_shape_fn((at.len(), at.len()), |(a, b)| {
        within.vcov[[a, b]] - random.vcov[[at[a], at[b]]]
    });
    let statistic = indefinite(&gap, &d)?;
    if statistic.is_nan() || statistic < 0.0 {
        return Err(undefined("the variance of the difference of the two estimates is not positive"));
    }
    let df = at.len() as f64;
    Ok(Test { statistic, df, df2: None, p_value: dist::chi2::sf(statistic, df) })
}

/// The regression form.
///
/// # Errors
/// Those of the fit; `Undefined` when no predictor varies within units or the clusters are fewer than the means.
pub fn regression_form(panel: &Panel<'_>, clusters: &Index<'_>) -> Result<Test> {
    let vcov = Vcov::Cluster { kind: Kind::Cr1, clusters };
    let fitted: Fit = fit(panel, Effects::WithinBetween, vcov)?;
    let from = panel.p() + 1;
    let q = fitted.beta.len() - from;
    if q == 0 {
        return Err(undefined("no predictor varies within units"));
    }
    let means: Array1<f64> = fitted.beta[from..].iter().copied().collect();
    let block = fitted.vcov.slice(ndarray::s![from.., from..]).to_owned();
    let wald =
        quadratic(&block, &means).map_err(|_| undefined("there are fewer clusters than unit means"))?;
    let (df, df2) = (q as f64, fitted.n_clusters.unwrap_or(0) as f64 - 1.0);
    let statistic = wald / df;
    Ok(Test { statistic, df, df2: Some(df2), p_value: dist::f::sf(statistic, df, df2) })
}

/// d′A⁻¹d of a symmetric A that need not be positive definite; NaN when it is singular.
fn indefinite(a: &Array2<f64>, d: &Array1<f64>) -> Result<f64> {
    let scale: Vec<f64> = a.diag().iter().map(|v| v.abs().sqrt()).collect();
    let unit = Array2::from_shape_fn(a.dim(), |(i, j)| a[[i, j]] / (scale[i] * scale[j]));
    if unit.iter().any(|v| !v.is_finite()) {
        return Ok(f64::NAN);
    }
    let (values, u) = eigen_symmetric(unit.view())?;
    if values.iter().any(|v| v.abs() < SINGULAR) {
        return Ok(f64::NAN);
    }
    let scaled: Array1<f64> = d.iter().zip(&scale).map(|(d, s)| d / s).collect();
    let turned = u.t().dot(&scaled);
    Ok(turned.iter().zip(&values).map(|(t, v)| t * t / v).sum())
}

/// d′A⁻¹d of a positive definite A, at unit diagonal so that the units of the predictors do not matter.
fn quadratic(a: &Array2<f64>, d: &Array1<f64>) -> Result<f64> {
    let scale: Vec<f64> = a.diag().iter().map(|v| v.sqrt()).collect();
    if scale.iter().any(|s| s.is_nan() || *s == 0.0) {
        return Err(Error::NotPositiveDefinite { pivot: 0, column: "a variance".to_owned() });
    }
    let unit = Array2::from_shape_fn(a.dim(), |(i, j)| a[[i, j]] / (scale[i] * scale[j]));
    let d: Array1<f64> = d.iter().zip(&scale).map(|(d, s)| d / s).collect();
    let solved = Cholesky::new(unit.view(), &[])?.solve(&d.to_vec());
    Ok(d.dot(&solved))
}

fn undefined(reason: &str) -> Error {
    Error::Undefined { what: "the Hausman test".to_owned(), reason: reason.to_owned() }
}
