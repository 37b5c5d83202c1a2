//! Families and links of generalised linear models (McCullagh and Nelder 1989).
//!
//! With η = x′β + offset, μ = g⁻¹(η): V is the variance function, μ′ = dμ/dη. Where the link is canonical
//! the ratio μ′/V is a constant and is not computed from quantities that underflow.

use crate::error::{Error, Result};
use crate::num::dist::normal;
use crate::num::special::ln_gamma;

/// What the outcome is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Family {
    /// A measurement with constant variance.
    Gaussian,
    /// 0 or 1, or successes of trials: V = μ(1 − μ).
    Binomial,
    /// A count: V = μ.
    Poisson,
    /// A positive measurement with constant coefficient of variation: V = μ².
    Gamma,
    /// A count with V = μ + μ²/θ.
    NegativeBinomial(f64),
}

/// g, the function of the mean that is linear.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Link {
    /// η = μ.
    Identity,
    /// η = ln μ.
    Log,
    /// η = ln(μ/(1 − μ)).
    Logit,
    /// η = Φ⁻¹(μ).
    Probit,
    /// η = ln(−ln(1 − μ)).
    Cloglog,
    /// η = 1/μ.
    Inverse,
}

/// μ, μ′ and μ′/V at one η.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    /// Mean.
    pub mu: f64,
    /// dμ/dη.
    pub slope: f64,
    /// μ′/V(μ): what multiplies y − μ in the score.
    pub factor: f64,
}

impl Link {
    /// The link of a name.
    ///
    /// # Errors
    /// `InvalidOption`.
    pub fn named(name: &str) -> Result<Self> {
        Ok(match name {
            "identity" => Self::Identity,
            "log" => Self::Log,
            "logit" => Self::Logit,
            "probit" => Self::Probit,
            "cloglog" => Self::Cloglog,
            "inverse" => Self::Inverse,
            other => {
                return Err(Error::option("link", "identity, log, logit, probit, cloglog or inverse", other));
            }
        })
    }

    /// g(μ).
    pub fn eta(self, mu: f64) -> f64 {
        match self {
            Self::Identity => mu,
            Self::Log => mu.ln(),
            Self::Logit => (mu / (1.0 - mu)).ln(),
            Self::Probit => normal::quantile(mu),
            Self::Cloglog => (-(-mu).ln_1p()).ln(),
            Self::Inverse => 1.0 / mu,
        }
    }

    /// (μ, dμ/dη).
    pub fn mean(self, eta: f64) -> (f64, f64) {
        match self {
            Self::Identity => (eta, 1.0),
            Self::Log => {
                let mu = eta.exp();
                (mu, mu)
            }
            Self::Logit => {
                let e = (-eta.abs()).exp();
                let small = e / (1.0 + e);
                (if eta < 0.0 { small } else { 1.0 / (1.0 + e) }, small / (1.0 + e))
            }
            Self::Probit => {
                let density = (-0.5 * eta * eta).exp() / (2.0 * std::f64::consts::PI).sqrt();
                (normal::cdf(eta), density)
            }
            Self::Cloglog => {
                let hazard = eta.exp();
                (-(-hazard).exp_m1(), hazard * (-hazard).exp())
            }
            Self::Inverse => (1.0 / eta, -1.0 / (eta * eta)),
        }
    }
}

impl Family {
    /// The usual link.
    pub fn canonical(self) -> Link {
        match self {
            Self::Gaussian => Link::Identity,
            Self::Binomial => Link::Logit,
            Self::Poisson | Self::NegativeBinomial(_) => Link::Log,
            Self::Gamma => Link::Inverse,
        }
    }

    /// V(μ).
    pub fn variance(self, mu: f64) -> f64 {
        match self {
            Self::Gaussian => 1.0,
            Self::Binomial => mu * (1.0 - mu),
            Self::Poisson => mu,
            Self::Gamma => mu * mu,
            Self::NegativeBinomial(theta) => mu + mu * mu / theta,
        }
    }

    /// Whether μ is a mean that this family can have.
    pub fn allows(self, mu: f64) -> bool {
        match self {
            Self::Gaussian => mu.is_finite(),
            Self::Binomial => mu > 0.0 && mu < 1.0,
            Self::Poisson | Self::Gamma | Self::NegativeBinomial(_) => mu > 0.0 && mu.is_finite(),
        }
    }

    /// μ, μ′, μ′/V.
    #[inline]
    pub fn point(self, link: Link, eta: f64) -> Point {
        let (mu, slope) = link.mean(eta);
        let factor = match (self, link) {
            (Self::Gaussian, Link::Identity) | (Self::Binomial, Link::Logit) | (Self::Poisson, Link::Log) => {
                1.0
            }
            (Self::NegativeBinomial(theta), Link::Log) => theta / (theta + mu),
            (Self::Gamma, Link::Log) => 1.0 / mu,
            (Self::Gamma, Link::Inverse) => -1.0,
            _ => slope / self.variance(mu),
        };
        Point { mu, slope, factor }
    }

    /// μ′/V(μ) alone: 1 under the canonical links, whatever η.
    pub fn factor(self, link: Link, eta: f64) -> f64 {
        match (self, link) {
            (Self::Gaussian, Link::Identity) | (Self::Binomial, Link::Logit) | (Self::Poisson, Link::Log) => {
                1.0
            }
            _ => self.point(link, eta).factor,
        }
    }

    /// Whether the dispersion is 1 by definition (z inference) or estimated (t inference).
    pub fn fixed_dispersion(self) -> bool {
        matches!(self, Self::Binomial | Self::Poisson | Self::NegativeBinomial(_))
    }

    /// Log density of one y at mean μ with dispersion φ (Gaussian, gamma) or trials 1.
    pub fn ln_density(self, y: f64, mu: f64, phi: f64) -> f64 {
        match self {
            Self::Gaussian => -0.5 * ((2.0 * std::f64::consts::PI * phi).ln() + (y - mu) * (y - mu) / phi),
            Self::Binomial => {
                // 0·ln 0 = 0: a fitted probability of 1 explains a 1 fully.
                let one = if y > 0.0 { y * mu.ln() } else { 0.0 };
                one + if y < 1.0 { (1.0 - y) * (-mu).ln_1p() } else { 0.0 }
            }
            Self::Poisson => y * mu.ln() - mu - ln_gamma(y + 1.0),
            Self::Gamma => {
                let shape = 1.0 / phi;
                shape * (shape * y / mu).ln() - shape * y / mu - y.ln() - ln_gamma(shape)
            }
            Self::NegativeBinomial(theta) => {
                ln_gamma(theta + y) - ln_gamma(theta) - ln_gamma(y + 1.0)
                    + theta * (theta / (theta + mu)).ln()
                    + if y > 0.0 { y * (mu / (theta + mu)).ln() } else { 0.0 }
            }
        }
    }

    /// Unit deviance d(y, μ).
    pub fn deviance(self, y: f64, mu: f64) -> f64 {
        let ratio = |y: f64, mu: f64| if y > 0.0 { y * (y / mu).ln() } else { 0.0 };
        2.0 * match self {
            Self::Gaussian => (y - mu) * (y - mu) / 2.0,
            Self::Binomial => ratio(y, mu) + ratio(1.0 - y, 1.0 - mu),
            Self::Poisson => ratio(y, mu) - (y - mu),
            Self::Gamma => (y - mu) / mu - (y / mu).ln(),
            Self::NegativeBinomial(theta) => ratio(y, mu) - (y + theta) * ((y + theta) / (mu + theta)).ln(),
        }
    }
}
