//! Least squares: y = Xβ + e.
//!
//! β̂ = argmin Σ w_i (y_i − x_i′β)² by a rank-revealing QR of √W·X; columns that are linear
//! combinations of those before them are aliased: named, and left out, as in R.
//!
//! Covariances, with e the residuals, h the leverages of √W·X and n − p = df:
//! * classical: σ̂²(X′WX)⁻¹, σ̂² = Σ w e²/df;
//! * HC0-HC3: (X′WX)⁻¹ X′W diag(u_i) W X (X′WX)⁻¹ with u = e² · {1, n/df, 1/(1−h), 1/(1−h)²}
//!   (White 1980; MacKinnon and White 1985). HC3 is close to the jackknife.
//!
//! Weights: analytic (variance σ²/w); frequency (n = Σw; classical covariance only: the rows that
//! a weight stands for would each need their own leverage). Inference is by t with df.
//! Log-likelihood is the Gaussian ML one; AIC and BIC count σ as a parameter.

use ndarray::{Array1, Array2, ArrayView2, Axis};

use crate::design::Weights;
use crate::error::{Error, Result};
use crate::num::dist;
use crate::num::linalg::PivotedQr;

/// Columns whose part outside the span of the earlier ones is below this share of their length are
/// aliased (R's `lm` uses 1e-7).
const ALIAS_TOLERANCE: f64 = 1e-7;

/// Which covariance of the coefficients.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Vcov {
    /// Equal variances (over the weights).
    Classical,
    /// White's estimator.
    Hc0,
    /// HC0 times n/(n − p).
    Hc1,
    /// Residuals scaled by 1/√(1 − h): unbiased under equal variances.
    Hc2,
    /// Residuals scaled by 1/(1 − h): close to the jackknife, safest of the four in small samples.
    Hc3,
}

/// A fitted linear model; `names` and the matrices cover the kept columns only.
#[derive(Debug, Clone)]
#[must_use]
pub struct Fit {
    /// Kept columns, in the design's order.
    pub names: Vec<String>,
    /// Columns left out as linear combinations of earlier ones.
    pub aliased: Vec<String>,
    /// Coefficients (p).
    pub beta: Array1<f64>,
    /// Covariance of the coefficients (p × p).
    pub vcov: Array2<f64>,
    /// Residual degrees of freedom n − p.
    pub df: f64,
    /// Observations: Σw for frequency weights, else rows with a positive weight.
    pub n_obs: f64,
    /// Residual standard deviation.
    pub sigma: f64,
    /// Residual sum of squares Σ w e².
    pub rss: f64,
    /// Share of variation about the mean explained (about 0 without an intercept).
    pub r_squared: f64,
    /// The same, adjusted for the number of columns.
    pub adj_r_squared: f64,
    /// Overall F, its degrees of freedom and p (classical); `None` without slopes.
    pub f: Option<(f64, f64, f64, f64)>,
    /// Gaussian log-likelihood at its maximum.
    pub log_lik: f64,
    /// Fitted values (n).
    pub fitted: Array1<f64>,
    /// Residuals y − ŷ (n).
    pub residuals: Array1<f64>,
    /// Leverages h (n).
    pub leverage: Array1<f64>,
    /// (X′WX)⁻¹ of the kept columns (p × p).
    pub xtx_inverse: Array2<f64>,
}

/// Fits `y` (n) on `x` (n × p, intercept column included if wanted; `names` are its p columns).
///
/// # Errors
/// `Length`; `TooFew` when there are no residual degrees of freedom; `InvalidOption` for a robust
/// covariance with frequency weights; `Undefined` for HC2/HC3 where a row has leverage 1.
pub fn lm(
    y: &[f64],
    x: ArrayView2<'_, f64>,
    names: &[String],
    has_intercept: bool,
    weights: Weights<'_>,
    vcov: Vcov,
) -> Result<Fit> {
    check(y, &x, weights, vcov)?;
    let root: Array1<f64> = (0..y.len()).map(|i| weights.at(i).sqrt()).collect();
    let xw = scaled(x, &root);
    let yw: Vec<f64> = y.iter().zip(&root).map(|(y, s)| y * s).collect();
    let used = root.iter().filter(|s| **s > 0.0).count();
    let qr = PivotedQr::new(xw.view(), names, ALIAS_TOLERANCE)?;
    let (kept, p) = (qr.kept().to_vec(), qr.rank());
    let n_obs = match weights {
        Weights::Frequency(w) => w.iter().sum(),
        _ => used as f64,
    };
    let df = n_obs - p as f64;
    if df <= 0.0 {
        return Err(Error::TooFew { what: format!("a regression on {p} columns"), needed: p + 1, got: used });
    }
    let beta = Array1::from(qr.solve_ls(&yw)?);
    let xk = x.select(Axis(1), &kept);
    let fitted = xk.dot(&beta);
    let residuals = &Array1::from(y.to_vec()) - &fitted;
    let rss: f64 = residuals.iter().zip(&root).map(|(e, s)| (e * s) * (e * s)).sum();
    let sigma2 = rss / df;
    let xtx_inverse = qr.xtx_inverse();
    let leverage = Array1::from(qr.leverage());
    let bread =
        Bread { xw: xw.select(Axis(1), &kept), root: &root, residuals: &residuals, leverage: &leverage };
    let covariance = bread.covariance(&xtx_inverse, vcov, sigma2, n_obs / df)?;
    let total = total_ss(y, &root, has_intercept);
    let slopes = p as f64 - f64::from(u8::from(has_intercept));
    let r_squared = if total > 0.0 { 1.0 - rss / total } else { 0.0 };
    let f = (slopes > 0.0 && rss > 0.0).then(|| {
        let f = (total - rss) / slopes / sigma2;
        (f, slopes, df, dist::f::sf(f, slopes, df))
    });
    Ok(Fit {
        names: kept.iter().map(|&j| names[j].clone()).collect(),
        aliased: qr.aliased().iter().map(|&j| names[j].clone()).collect(),
        beta,
        vcov: covariance,
        df,
        n_obs,
        sigma: sigma2.sqrt(),
        rss,
        r_squared,
        adj_r_squared: 1.0 - (1.0 - r_squared) * (df + slopes) / df,
        f,
        log_lik: log_likelihood(rss, n_obs, weights),
        fitted,
        residuals,
        leverage,
        xtx_inverse,
    })
}

/// √W·X.
fn scaled(x: ArrayView2<'_, f64>, root: &Array1<f64>) -> Array2<f64> {
    let mut xw = x.to_owned();
    for (mut row, &s) in xw.axis_iter_mut(Axis(0)).zip(root) {
        row *= s;
    }
    xw
}

/// Lengths, weights, and that the covariance exists for this kind of weights.
fn check(y: &[f64], x: &ArrayView2<'_, f64>, weights: Weights<'_>, vcov: Vcov) -> Result<()> {
    if x.nrows() != y.len() {
        return Err(Error::Length { what: "design".to_owned(), expected: y.len(), got: x.nrows() });
    }
    weights.check(y.len(), "weight")?;
    if matches!(weights, Weights::Frequency(_)) && vcov != Vcov::Classical {
        let expected = "\"classical\" with frequency weights; repeat the rows or use analytic weights";
        return Err(Error::option("vcov", expected, format!("{vcov:?}").to_lowercase()));
    }
    Ok(())
}

impl Fit {
    /// Akaike's criterion, σ counted.
    pub fn aic(&self) -> f64 {
        2.0 * (self.beta.len() as f64 + 1.0) - 2.0 * self.log_lik
    }

    /// The Bayesian criterion, σ counted.
    pub fn bic(&self) -> f64 {
        self.n_obs.ln() * (self.beta.len() as f64 + 1.0) - 2.0 * self.log_lik
    }

    /// Standard errors (p).
    pub fn std_errors(&self) -> Array1<f64> {
        self.vcov.diag().mapv(f64::sqrt)
    }
}

/// What a heteroskedasticity-consistent covariance is made of.
struct Bread<'a> {
    /// √W·X, kept columns.
    xw: Array2<f64>,
    root: &'a Array1<f64>,
    residuals: &'a Array1<f64>,
    leverage: &'a Array1<f64>,
}

impl Bread<'_> {
    fn covariance(
        &self,
        xtx_inverse: &Array2<f64>,
        kind: Vcov,
        sigma2: f64,
        correction: f64,
    ) -> Result<Array2<f64>> {
        match kind {
            Vcov::Classical => Ok(xtx_inverse * sigma2),
            _ => self.sandwich(xtx_inverse, kind, correction),
        }
    }

    fn sandwich(&self, xtx_inverse: &Array2<f64>, kind: Vcov, correction: f64) -> Result<Array2<f64>> {
        if matches!(kind, Vcov::Hc2 | Vcov::Hc3) {
            // h = 1: the row has a column of its own, its residual is 0 and 0/0 would follow.
            if let Some(row) = self.leverage.iter().position(|h| 1.0 - h < 1e-10) {
                let reason = format!("row {row} has leverage 1 (it alone determines a coefficient)");
                return Err(Error::Undefined { what: "the HC2/HC3 covariance".to_owned(), reason });
            }
        }
        let mut scores = self.xw.clone();
        for (i, mut row) in scores.axis_iter_mut(Axis(0)).enumerate() {
            let room = 1.0 - self.leverage[i];
            let factor = match kind {
                Vcov::Classical | Vcov::Hc0 => 1.0,
                Vcov::Hc1 => correction.sqrt(),
                Vcov::Hc2 => 1.0 / room.sqrt(),
                Vcov::Hc3 => 1.0 / room,
            };
            row *= self.root[i] * self.residuals[i] * factor;
        }
        let half = scores.dot(xtx_inverse);
        Ok(half.t().dot(&half))
    }
}

/// Σ w (y − ȳ)² with an intercept, Σ w y² without.
fn total_ss(y: &[f64], root: &Array1<f64>, has_intercept: bool) -> f64 {
    let weight = |i: usize| root[i] * root[i];
    let total: f64 = (0..y.len()).map(weight).sum();
    let centre =
        if has_intercept { (0..y.len()).map(|i| weight(i) * y[i]).sum::<f64>() / total } else { 0.0 };
    (0..y.len()).map(|i| weight(i) * (y[i] - centre).powi(2)).sum()
}

/// −n/2·(ln 2π + ln(rss/n) + 1) + ½ Σ ln w over rows with a positive analytic weight.
fn log_likelihood(rss: f64, n: f64, weights: Weights<'_>) -> f64 {
    let precision: f64 = match weights {
        Weights::Analytic(w) => w.iter().filter(|w| **w > 0.0).map(|w| w.ln()).sum(),
        _ => 0.0,
    };
    -n / 2.0 * ((2.0 * std::f64::consts::PI).ln() + (rss / n).ln() + 1.0) + precision / 2.0
}
