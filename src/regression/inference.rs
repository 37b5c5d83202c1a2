//! From a fit to tests and intervals: the covariance, and the distribution its statistics are referred to.
//!
//! | covariance | reference |
//! | --- | --- |
//! | classical, dispersion known | normal |
//! | classical, dispersion estimated; HC0-HC5 of least squares | t with n − p |
//! | HC0-HC5 of a likelihood | normal |
//! | CR0, CR1, CR3 and two-way | t with G − 1 |
//! | CR2 | t with Satterthwaite's degrees of freedom, one for each contrast |

use ndarray::{Array1, Array2, ArrayView1};

use crate::design::Groups;
use crate::error::Result;
use crate::num::dist::{normal, t};
use crate::regression::clustered::{Clustered, Kind, clustered, two_way};
use crate::regression::family::Family;
use crate::regression::glm::Glm;
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
}

#[derive(Debug, Clone)]
enum Reference {
    Normal,
    T(f64),
    Clusters(Clustered),
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
            other => Self::of_scores(&fit.scores, other)?,
        })
    }

    /// The covariance of an estimating equation Σ xu = 0; a dispersion of 1.
    ///
    /// # Errors
    /// Those of the covariance.
    pub fn of_scores(scores: &Scores, kind: Covariance<'_>) -> Result<Self> {
        Ok(match kind {
            Covariance::Classical => Self::normal(scores.bread()),
            Covariance::Robust(robust) => Self::normal(scores.robust(robust)?),
            Covariance::Clustered(kind, groups) => Self::of(clustered(scores, groups, kind)?),
            Covariance::TwoWay(a, b, both) => Self::of(two_way(scores, a, b, both)?),
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
