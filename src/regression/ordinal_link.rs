//! Distribution functions behind ordered outcomes, and P(a < Z ≤ b) without cancellation.

use crate::num::dist::normal;

/// F of the cumulative link model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Link {
    /// Logistic: proportional odds.
    Logit,
    /// Normal.
    Probit,
    /// F(η) = 1 − exp(−e^η): proportional hazards of a grouped time.
    Cloglog,
}

impl Link {
    /// η with F(η) = p.
    pub fn quantile(self, p: f64) -> f64 {
        match self {
            Self::Logit => (p / (1.0 - p)).ln(),
            Self::Probit => normal::quantile(p),
            Self::Cloglog => (-(-p).ln_1p()).ln(),
        }
    }

    /// f = F′ and f′ at η; both 0 where η is infinite.
    pub fn density(self, eta: f64) -> (f64, f64) {
        if eta.is_infinite() {
            return (0.0, 0.0);
        }
        match self {
            Self::Logit => {
                let e = (-eta.abs()).exp();
                let f = e / ((1.0 + e) * (1.0 + e));
                // f′ = f(1 − 2F), and 1 − 2F = −tanh(η/2).
                (f, -f * (0.5 * eta).tanh())
            }
            Self::Probit => {
                let f = (-0.5 * eta * eta).exp() / (2.0 * std::f64::consts::PI).sqrt();
                (f, -eta * f)
            }
            Self::Cloglog => {
                let e = eta.exp();
                let f = (eta - e).exp();
                (f, f * (1.0 - e))
            }
        }
    }

    /// F(high) − F(low) for low < high, either infinite.
    pub fn between(self, low: f64, high: f64) -> f64 {
        match self {
            Self::Logit => {
                let factor =
                    if low.is_infinite() || high.is_infinite() { 1.0 } else { -(low - high).exp_m1() };
                factor / ((1.0 + (-high).exp()) * (1.0 + low.exp()))
            }
            // From the tail the interval lies in.
            Self::Probit if low > 0.0 => upper(low) - upper(high),
            Self::Probit => upper(-high) - upper(-low),
            Self::Cloglog => {
                let (a, b) = (low.exp(), high.exp());
                (-a).exp() * -(a - b).exp_m1()
            }
        }
    }
}

/// P(Z > z), z possibly infinite.
fn upper(z: f64) -> f64 {
    match z {
        f64::INFINITY => 0.0,
        f64::NEG_INFINITY => 1.0,
        _ => normal::sf(z),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pieces_add_up_and_derivatives_fit() {
        for link in [Link::Logit, Link::Probit, Link::Cloglog] {
            let cuts = [f64::NEG_INFINITY, -2.0, 0.3, 1.1, f64::INFINITY];
            let total: f64 = cuts.windows(2).map(|c| link.between(c[0], c[1])).sum();
            assert!((total - 1.0).abs() < 1e-15, "{link:?} {total}");
            for eta in [-1.5, 0.2, 0.9] {
                let h = 1e-5;
                let (f, slope) = link.density(eta);
                assert!((link.between(eta - h, eta + h) / (2.0 * h) - f).abs() < 1e-9);
                let difference = (link.density(eta + h).0 - link.density(eta - h).0) / (2.0 * h);
                assert!((difference - slope).abs() < 1e-9, "{link:?} {eta}");
                let p = link.between(f64::NEG_INFINITY, eta);
                assert!((link.quantile(p) - eta).abs() < 1e-13);
            }
        }
    }
}
