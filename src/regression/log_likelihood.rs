//! The log likelihood at the estimate.

use crate::num::special::ln_gamma;
use crate::regression::family::Family;
use crate::regression::outcome::{Kind, Outcome};

/// Log likelihood; Gaussian and gamma at their own estimate of the dispersion (deviance over n).
pub(super) fn log_likelihood(outcome: &Outcome, family: Family, mu: &[f64], deviance: f64, n: f64) -> f64 {
    let phi = deviance / n;
    // Of 0/1 rows the saturated likelihood is known: 1 of a Bernoulli, e^(−Σy) of a Poisson outcome.
    match (outcome.kind, family, &outcome.prior) {
        (Kind::Binary, Family::Binomial, _) => return -deviance / 2.0,
        (Kind::Binary, Family::Poisson, None) => return -deviance / 2.0 - outcome.sum.iter().sum::<f64>(),
        _ => {}
    }
    (0..outcome.len())
        .map(|i| {
            let (m, sum, mu) = (outcome.n[i], outcome.sum[i], mu[i]);
            let unit = match (outcome.kind, family) {
                (_, Family::Gaussian) => {
                    let spread = if outcome.prior(i) > 0.0 { m * outcome.prior(i).ln() / 2.0 } else { 0.0 };
                    return spread
                        - 0.5
                            * (m * (2.0 * std::f64::consts::PI * phi).ln()
                                + outcome.prior(i) * outcome.squares(i, mu) / phi);
                }
                (Kind::Trials, Family::Binomial) => {
                    ln_gamma(m + 1.0) - ln_gamma(sum + 1.0) - ln_gamma(m - sum + 1.0)
                        + m * family.ln_density(sum / m, mu, 1.0)
                }
                (Kind::Binary | Kind::Moments, _) => {
                    sum * family.ln_density(1.0, mu, phi) + (m - sum) * family.ln_density(0.0, mu, phi)
                }
                _ => m * family.ln_density(sum / m, mu, phi),
            };
            // A family without a density for weights: each row counts as often as its weight says.
            outcome.prior(i) * unit
        })
        .sum()
}
