//! Variance of the random effects in words that travel: shares of variance and ratios between groups.
//!
//! Latent scale: the variance of a level-1 error that the link implies: π²/3 (logit), 1 (probit), π²/6 (cloglog; Goldstein,
//! Browne and Rasbash 2002); of a count with mean λ and dispersion φ, ψ′((1/λ + 1/φ)⁻¹) (Nakagawa, Johnson and Schielzeth
//! 2017, the trigamma form). Observed scale: the correlation of two outcomes that share a group. With η = c + Σ u_t,
//! m = E g⁻¹(η) and total latent variance s² = Σ σ_t²:
//!   binary   cov_t = E[(E[μ | u_t])²] − m², var = m(1 − m)                       (by Gauss-Hermite quadrature)
//!   counts   m = e^(c + s²/2), cov_t = m²(e^(σ_t²) − 1), var = m + m²(e^(s²) − 1) + m² e^(s²)/φ   (exact; Stryhn et al. 2006;
//!            Leckie, Browne, Goldstein, Merlo and Austin 2020), 1/φ = 0 for Poisson.
//! Median odds (or rate) ratio: e^(√(2σ²) z_0.75) (Larsen and Merlo 2005). Interval odds ratio: e^(β ± √(2σ²) z_0.90) and
//! the share of opposed ratios Φ(−|β|/√(2σ²)) (Larsen, Petersen, Budtz-Jørgensen and Endahl 2000; Merlo et al. 2016).

use crate::error::Result;
use crate::mixed::glmm::density::Density;
use crate::num::dist::normal;
use crate::num::quadrature::GaussHermite;
use crate::num::special::polygamma;
use crate::regression::family::Link;

/// Nodes for integrals over a normal random effect.
const NODES: usize = 64;

/// Shares of variance.
#[derive(Debug, Clone, PartialEq)]
pub struct Shares {
    /// Variance of level 1 on the chosen scale.
    pub residual: f64,
    /// Variance (or covariance) of each term on that scale.
    pub parts: Vec<f64>,
    /// That of two outcomes that share every group.
    pub all: f64,
    /// Total variance.
    pub total: f64,
}

/// On the scale of the link; `mean` is λ, the mean count (not read for binary outcomes).
pub fn latent(density: Density, variances: &[f64], mean: f64, phi: f64) -> Shares {
    let residual = match density {
        Density::Binomial(Link::Probit) => 1.0,
        Density::Binomial(Link::Cloglog) => std::f64::consts::PI.powi(2) / 6.0,
        Density::Binomial(_) | Density::BetaBinomial => std::f64::consts::PI.powi(2) / 3.0,
        Density::Poisson => polygamma(mean)[1],
        Density::NegativeBinomial => polygamma(1.0 / (1.0 / mean + 1.0 / phi))[1],
    };
    let all: f64 = variances.iter().sum();
    Shares { residual, parts: variances.to_vec(), all, total: all + residual }
}

/// On the scale of the outcome, where the fixed part of η is c.
///
/// # Errors
/// Those of the quadrature rule.
pub fn observed(density: Density, variances: &[f64], c: f64, phi: f64) -> Result<Shares> {
    let s2: f64 = variances.iter().sum();
    if density.link() == Link::Log {
        let inverse = if density == Density::NegativeBinomial { 1.0 / phi } else { 0.0 };
        let m = (c + 0.5 * s2).exp();
        let part = |v: f64| m * m * v.exp_m1();
        let residual = m + m * m * s2.exp() * inverse;
        let all = part(s2);
        return Ok(Shares {
            residual,
            parts: variances.iter().map(|v| part(*v)).collect(),
            all,
            total: all + residual,
        });
    }
    let rule = GaussHermite::new(NODES)?;
    let mu = |eta: f64| density.link().mean(eta).0;
    let m = rule.normal_mean(|z| mu(c + s2.sqrt() * z));
    let shared = |v: f64| {
        let rest = (s2 - v).max(0.0).sqrt();
        // E[μ | u] less m: the difference is squared, so that a small variance keeps its digits.
        let given = |u: f64| if rest == 0.0 { mu(c + u) } else { rule.normal_mean(|z| mu(c + u + rest * z)) };
        rule.normal_mean(|z| (given(v.sqrt() * z) - m).powi(2))
    };
    let all = shared(s2);
    let total = m * (1.0 - m);
    Ok(Shares { residual: total - all, parts: variances.iter().map(|v| shared(*v)).collect(), all, total })
}

/// The median ratio of two groups drawn at random, the higher over the lower.
pub fn median_ratio(variance: f64) -> f64 {
    ((2.0 * variance).sqrt() * normal::quantile(0.75)).exp()
}

/// Middle 80% of the ratios for a covariate of groups with coefficient β, and the share on the other side of 1.
pub fn interval_ratio(beta: f64, variance: f64) -> (f64, f64, f64) {
    let spread = (2.0 * variance).sqrt();
    let reach = spread * normal::quantile(0.9);
    let opposed = if spread == 0.0 { 0.0 } else { normal::cdf(-beta.abs() / spread) };
    ((beta - reach).exp(), (beta + reach).exp(), opposed)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOGIT: Density = Density::Binomial(Link::Logit);

    #[test]
    fn latent_shares_of_a_logit_are_those_of_the_book() {
        let found = latent(LOGIT, &[0.225_855_359_241_601_36], 1.0, 1.0);
        assert!((found.all / found.total - 0.064_241_502_409_183_01).abs() < 1e-15);
        assert!((median_ratio(0.225_855_359_241_601_36) - 1.573_528_738_879_616).abs() < 1e-14);
    }

    /// P(both 1) of a probit with one factor is the orthant of a bivariate normal.
    #[test]
    fn observed_probit_is_an_orthant_probability() {
        let found = observed(Density::Binomial(Link::Probit), &[1.0, 1.0], 0.0, 1.0).unwrap();
        for (part, rho) in found.parts.iter().chain([&found.all]).zip([1.0 / 3.0, 1.0 / 3.0, 2.0 / 3.0]) {
            let orthant = 0.25 + f64::asin(rho) / (2.0 * std::f64::consts::PI);
            assert!((part - (orthant - 0.25)).abs() < 1e-9, "{part} {orthant}");
        }
        assert!((found.total - 0.25).abs() < 1e-12);
    }

    #[test]
    fn count_shares_are_those_of_the_moments() {
        // Poisson-lognormal by quadrature against the closed form.
        let rule = GaussHermite::new(64).unwrap();
        let (c, v) = (0.7, 0.3_f64);
        let m = rule.normal_mean(|z| (c + v.sqrt() * z).exp());
        let between = rule.normal_mean(|z| ((c + v.sqrt() * z).exp() - m).powi(2));
        let found = observed(Density::Poisson, &[v], c, 1.0).unwrap();
        assert!((found.all - between).abs() < 1e-12 && (found.residual - m).abs() < 1e-12);
        let noisy = observed(Density::NegativeBinomial, &[v], c, 2.0).unwrap();
        let second = rule.normal_mean(|z| (2.0 * (c + v.sqrt() * z)).exp());
        assert!((noisy.residual - (m + second / 2.0)).abs() < 1e-11);
        let limit = observed(Density::NegativeBinomial, &[v], c, 1e12).unwrap();
        assert!((limit.total - found.total).abs() < 1e-9);
    }

    #[test]
    fn no_variance_no_ratio() {
        assert_eq!(median_ratio(0.0), 1.0);
        assert_eq!(interval_ratio(0.5, 0.0), (0.5_f64.exp(), 0.5_f64.exp(), 0.0));
        let (low, high, opposed) = interval_ratio(0.0, 0.5);
        assert!((low * high - 1.0).abs() < 1e-15 && (opposed - 0.5).abs() < 1e-15);
        let small = observed(LOGIT, &[1e-12], -3.0, 1.0).unwrap();
        let slope = LOGIT.link().mean(-3.0).1;
        assert!((small.all / (slope * slope * 1e-12) - 1.0).abs() < 1e-4);
    }
}
