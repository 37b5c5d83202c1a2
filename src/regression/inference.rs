//! From a fit to tests and intervals: the covariance, and the distribution its statistics are referred to.
//!
//! | covariance | reference |
//! | --- | --- |
//! | classical, dispersion known | normal |
//! | classical, dispersion estimated; HC0-HC5 of least squares | t with n − p |
//! | HC0-HC5 of a likelihood | normal |
//! | CR0, CR1, CR3, jackknife and two-way | t with G − 1 |
//! | CR2 | t with Satterthwaite's degrees of freedom, one for each contrast |

use ndarray::{Array1, Array2, ArrayView1};

use crate::design::Groups;
use crate::error::{Error, Result};
use crate::num::dist::{normal, t};
use crate::num::linalg::symmetric_function;
use crate::regression::clustered::{Clustered, Kind, clustered, two_way};
use crate::regression::family::Family;
use crate::regression::glm::{Glm, Options};
use crate::regression::jackknife::jackknife;
use crate::regression::outcome::Outcome;
use crate::regression::scores::{Robust, Scores};

/// Which covariance.
#[derive(Debug, Clone, Copy)]
pub enum Covariance<'a> {
    /// From the model.
    Classical,
    /// Heteroskedasticity-consistent.
    Robust(Robust),
    /// By clusters.
    Clustered(Kind, &'a Groups),
    /// By two groupings and their intersection.
    TwoWay(&'a Groups, &'a Groups, &'a Groups),
    /// Leaving out one cluster at a time: groups, their labels, and what to fit again.
    Jackknife(&'a Groups, &'a [String], &'a Outcome, Options<'a>),
}

#[derive(Debug, Clone)]
enum Reference {
    Normal,
    T(f64),
    Clusters(Clustered),
}

/// What a joint statistic is referred to; see [`crate::regression::joint`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum JointReference {
    /// χ².
    Normal,
    /// F with these denominator degrees of freedom.
    F(f64),
    /// Hotelling's T² with η.
    Hotelling(f64),
}

/// Covariance of the coefficients and its reference distribution.
#[derive(Debug, Clone)]
#[must_use]
pub struct Inference {
    /// Covariance (p × p).
    pub vcov: Array2<f64>,
    /// Clusters, where there are any.
    pub n_clusters: Option<usize>,
    reference: Reference,
}

/// One tested quantity.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Wald {
    /// Estimate.
    pub estimate: f64,
    /// Standard error.
    pub std_error: f64,
    /// Estimate over its error; `None` when the error is 0.
    pub statistic: Option<f64>,
    /// Degrees of freedom; infinite for the normal.
    pub df: f64,
    /// Two-sided p.
    pub p: f64,
    /// Lower limit.
    pub low: f64,
    /// Upper limit.
    pub high: f64,
}

impl Inference {
    /// The covariance of a fit.
    ///
    /// # Errors
    /// Those of the covariance.
    pub fn new(fit: &Glm, kind: Covariance<'_>) -> Result<Self> {
        let linear = fit.family == Family::Gaussian;
        Ok(match kind {
            Covariance::Classical => {
                let reference = if fit.family.fixed_dispersion() && fit.dispersion == 1.0 {
                    Reference::Normal
                } else {
                    Reference::T(fit.df)
                };
                Self { vcov: fit.scores.bread() * fit.dispersion, n_clusters: None, reference }
            }
            Covariance::Robust(robust) if linear => {
                Self { vcov: fit.scores.robust(robust)?, n_clusters: None, reference: Reference::T(fit.df) }
            }
            Covariance::Jackknife(groups, labels, outcome, options) => {
                Self::of(jackknife(fit, outcome, options, groups, labels)?)
            }
            other => Self::of_scores(&fit.scores, other)?,
        })
    }

    /// The covariance of an estimating equation Σ xu = 0; a dispersion of 1.
    ///
    /// # Errors
    /// Those of the covariance; `InvalidOption` for the jackknife, which needs the model to fit again.
    pub fn of_scores(scores: &Scores, kind: Covariance<'_>) -> Result<Self> {
        Ok(match kind {
            Covariance::Classical => Self::normal(scores.bread()),
            Covariance::Robust(robust) => Self::normal(scores.robust(robust)?),
            Covariance::Clustered(kind, groups) => Self::of(clustered(scores, groups, kind)?),
            Covariance::TwoWay(a, b, both) => Self::of(two_way(scores, a, b, both)?),
            Covariance::Jackknife(..) => {
                return Err(Error::option("vcov", "CR0 to CR3 for this model", "the jackknife"));
            }
        })
    }

    fn of(found: Clustered) -> Self {
        Self {
            vcov: found.vcov.clone(),
            n_clusters: Some(found.n_clusters),
            reference: Reference::Clusters(found),
        }
    }

    /// A covariance from elsewhere, referred to the normal.
    pub fn normal(vcov: Array2<f64>) -> Self {
        Self { vcov, n_clusters: None, reference: Reference::Normal }
    }

    /// A covariance by clusters from elsewhere, referred to t with G − 1.
    pub fn clusters(vcov: Array2<f64>, n_clusters: usize) -> Self {
        Self { vcov, n_clusters: Some(n_clusters), reference: Reference::T(n_clusters as f64 - 1.0) }
    }

    /// Degrees of freedom of c′β̂; infinite for the normal.
    pub fn df(&self, c: ArrayView1<'_, f64>) -> f64 {
        match &self.reference {
            Reference::Normal => f64::INFINITY,
            Reference::T(df) => *df,
            Reference::Clusters(found) => found.df(c),
        }
    }

    /// Reference of a joint test of the contrasts in the rows of `c`.
    ///
    /// # Errors
    /// Those of an eigendecomposition.
    pub fn joint(&self, c: &Array2<f64>) -> Result<JointReference> {
        let found = match &self.reference {
            Reference::Normal => return Ok(JointReference::Normal),
            Reference::T(df) => return Ok(JointReference::F(*df)),
            Reference::Clusters(found) => found,
        };
        let rows: Vec<_> = c.rows().into_iter().collect();
        match found.working(&rows) {
            None => Ok(JointReference::F(found.n_clusters as f64 - 1.0)),
            Some(omega) => hotelling(&omega, rows.len(), c, found),
        }
    }

    /// Standard error of c′β̂ (or of a function with gradient c, by the delta method).
    pub fn std_error(&self, c: ArrayView1<'_, f64>) -> f64 {
        c.dot(&self.vcov.dot(&c)).max(0.0).sqrt()
    }

    /// Test of `estimate` = 0 and interval, for a quantity with gradient c.
    pub fn wald(&self, estimate: f64, c: ArrayView1<'_, f64>, conf_level: f64) -> Wald {
        let (std_error, df) = (self.std_error(c), self.df(c));
        let statistic = (std_error > 0.0).then(|| estimate / std_error);
        let q = quantile(conf_level, df);
        let p = statistic
            .map_or(1.0, |z| if df.is_finite() { t::two_sided_p(z, df) } else { normal::two_sided_p(z) });
        Wald {
            estimate,
            std_error,
            statistic,
            df,
            p,
            low: estimate - q * std_error,
            high: estimate + q * std_error,
        }
    }

    /// [`Inference::wald`] of coefficient j.
    pub fn coefficient(&self, beta: &[f64], j: usize, conf_level: f64) -> Wald {
        let mut c = Array1::zeros(beta.len());
        c[j] = 1.0;
        self.wald(beta[j], c.view(), conf_level)
    }
}

/// Two-sided critical value: normal where df is infinite.
pub fn quantile(conf_level: f64, df: f64) -> f64 {
    let tail = (1.0 - conf_level) / 2.0;
    if df.is_finite() { t::isf(tail, df) } else { normal::isf(tail) }
}

/// η: the contrasts turned so that the robust covariance has mean I, then its variance under normal working errors.
fn hotelling(omega: &[Array2<f64>], q: usize, c: &Array2<f64>, found: &Clustered) -> Result<JointReference> {
    let mean = Array2::from_shape_fn((q, q), |(s, t)| omega[s * q + t].diag().sum());
    let turn = symmetric_function(mean.view(), |v| if v > 0.0 { v.powf(-0.5) } else { 0.0 })?;
    let turned = turn.dot(c);
    let rows: Vec<_> = turned.rows().into_iter().collect();
    let Some(omega) = found.working(&rows) else {
        return Err(Error::Internal { message: "a covariance lost its working model".to_owned() });
    };
    let mut total = 0.0;
    for s in 0..q {
        for t in 0..q {
            // var Σ_g a_g b_g over normal a, b: Σ_gh cov(a_g, a_h)cov(b_g, b_h) + cov(a_g, b_h)cov(b_g, a_h).
            let (ss, tt, st) = (&omega[s * q + s], &omega[t * q + t], &omega[s * q + t]);
            total += (ss * tt).sum() + (st * &st.t()).sum();
        }
    }
    let k = q as f64;
    Ok(JointReference::Hotelling(k * (k + 1.0) / total))
}
