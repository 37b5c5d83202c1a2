//! Log densities of one cell as functions of its linear predictor η, with the derivatives that a Laplace
//! approximation and its gradient need.
//!
//! g = ∂l/∂η, w = −∂²l/∂η² (observed, not expected: it is what the Laplace approximation is made of; the two
//! agree under a canonical link), w′ = ∂w/∂η; and the derivatives of l, g, w in ln φ for the families with a dispersion φ:
//! negative binomial, V = μ + μ²/φ (Lawless 1987), and beta-binomial with precision φ, V = nμ(1 − μ)(φ + n)/(φ + 1)
//! (Crowder 1978). A cell is n trials (or rows) with Σy = s; terms without a parameter are in [`Density::constant`].

use crate::error::{Error, Result};
use crate::num::special::{ln_gamma, ln_normal_sf, rise};
use crate::regression::family::Link;
use crate::regression::outcome::Kind;

/// What the outcome is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Density {
    /// s successes of n, by a link.
    Binomial(Link),
    /// A count with log link; of n rows their sum.
    Poisson,
    /// A count with log link and V = μ + μ²/φ.
    NegativeBinomial,
    /// s successes of n whose chance varies from cell to cell, logit link, precision φ.
    BetaBinomial,
}

/// l and its derivatives in η.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Point {
    /// l.
    pub l: f64,
    /// ∂l/∂η.
    pub g: f64,
    /// −∂²l/∂η².
    pub w: f64,
    /// −∂³l/∂η³.
    pub w1: f64,
}

/// ∂/∂ln φ of l, g, w, and −∂²l/∂(ln φ)².
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct ByDispersion {
    /// ∂l.
    pub l: f64,
    /// ∂g.
    pub g: f64,
    /// ∂w.
    pub w: f64,
    /// −∂²l.
    pub information: f64,
}

impl Density {
    /// The density of a family and a link.
    ///
    /// # Errors
    /// `InvalidOption` for one that is not there.
    pub fn named(family: &str, link: Option<&str>) -> Result<Self> {
        let link = link.map(Link::named).transpose()?;
        let only = |wanted: Link, name: &str, found: Self| {
            if link.is_none_or(|l| l == wanted) {
                return Ok(found);
            }
            Err(Error::option("link", &format!("\"{name}\" for this family"), format!("{link:?}")))
        };
        match family {
            "binomial" => match link.unwrap_or(Link::Logit) {
                link @ (Link::Logit | Link::Probit | Link::Cloglog) => Ok(Self::Binomial(link)),
                other => Err(Error::option("link", "logit, probit or cloglog", format!("{other:?}"))),
            },
            "poisson" => only(Link::Log, "log", Self::Poisson),
            "negative-binomial" => only(Link::Log, "log", Self::NegativeBinomial),
            "beta-binomial" => only(Link::Logit, "logit", Self::BetaBinomial),
            other => {
                let known = "binomial, poisson, negative-binomial or beta-binomial";
                Err(Error::option("family", known, other))
            }
        }
    }

    /// Whether there is a φ.
    pub fn has_dispersion(self) -> bool {
        matches!(self, Self::NegativeBinomial | Self::BetaBinomial)
    }

    /// The link.
    pub fn link(self) -> Link {
        match self {
            Self::Binomial(link) => link,
            Self::BetaBinomial => Link::Logit,
            Self::Poisson | Self::NegativeBinomial => Link::Log,
        }
    }

    /// Var y of a cell of n trials with mean μ per trial.
    pub fn variance(self, n: f64, mu: f64, phi: f64) -> f64 {
        match self {
            Self::Binomial(_) => n * mu * (1.0 - mu),
            Self::Poisson => n * mu,
            Self::NegativeBinomial => mu + mu * mu / phi,
            Self::BetaBinomial => n * mu * (1.0 - mu) * (phi + n) / (phi + 1.0),
        }
    }

    /// The part of l without a parameter: of trials the binomial coefficient, of a count −ln s!; 0 of 0/1 rows.
    pub fn constant(self, n: f64, s: f64, kind: Kind) -> f64 {
        match (self, kind) {
            (Self::Binomial(_) | Self::BetaBinomial, Kind::Trials) => {
                rise(1.0, n)[0] - rise(1.0, s)[0] - rise(1.0, n - s)[0]
            }
            (Self::Binomial(_) | Self::BetaBinomial, _) | (_, Kind::Binary) => 0.0,
            (Self::Poisson | Self::NegativeBinomial, _) => -ln_gamma(s + 1.0),
        }
    }

    /// l (without its constant) and its derivatives.
    #[inline]
    pub fn point(self, n: f64, s: f64, eta: f64, phi: f64) -> Point {
        match self {
            Self::Binomial(Link::Probit) => probit(n, s, eta),
            Self::Binomial(Link::Cloglog) => cloglog(n, s, eta),
            Self::Binomial(_) => {
                let e = (-eta.abs()).exp();
                let small = e / (1.0 + e);
                let mu = if eta < 0.0 { small } else { 1.0 / (1.0 + e) };
                let w = n * small / (1.0 + e);
                // ln(1 + e^η) = max(η, 0) + ln(1 + e^−|η|).
                let l = s * eta - n * (eta.max(0.0) + e.ln_1p());
                Point { l, g: s - n * mu, w, w1: w * (1.0 - 2.0 * mu) }
            }
            Self::Poisson => {
                let mu = n * eta.exp();
                Point { l: s * eta - mu, g: s - mu, w: mu, w1: mu }
            }
            Self::NegativeBinomial => {
                let mu = eta.exp();
                let room = phi + mu;
                let share = mu / room;
                let w = (s + phi) * phi / room * share;
                // s η − (s + φ) ln(φ + μ) + φ ln φ, without the difference of large logarithms.
                let l = rise(phi, s)[0] + s * (eta - room.ln()) - phi * (mu / phi).ln_1p();
                Point { l, g: phi * (s - mu) / room, w, w1: w * (phi - mu) / room }
            }
            Self::BetaBinomial => beta_binomial(n, s, eta, phi).0,
        }
    }

    /// What φ does; zero for the families without one.
    pub fn by_dispersion(self, n: f64, s: f64, eta: f64, phi: f64) -> ByDispersion {
        match self {
            Self::NegativeBinomial => {
                let mu = eta.exp();
                let room = phi + mu;
                let [_, r1, r2, _] = rise(phi, s);
                let first = r1 - (mu / phi).ln_1p() + (mu - s) / room;
                let second = r2 + mu / (phi * room) - (mu - s) / (room * room);
                ByDispersion {
                    l: phi * first,
                    g: phi * (s - mu) * mu / (room * room),
                    w: phi * mu * (s * mu - s * phi + 2.0 * phi * mu) / (room * room * room),
                    information: -(phi * phi * second + phi * first),
                }
            }
            Self::BetaBinomial => beta_binomial(n, s, eta, phi).1,
            Self::Binomial(_) | Self::Poisson => ByDispersion::default(),
        }
    }
}

/// s ln Φ(η) + (n − s) ln Φ(−η), with m = φ/Φ and m′ = −m(η + m).
fn probit(n: f64, s: f64, eta: f64) -> Point {
    let side = |x: f64| {
        let ln_cdf = ln_normal_sf(-x);
        let m = (-0.5 * x * x - 0.5 * (2.0 * std::f64::consts::PI).ln() - ln_cdf).exp();
        let w = m * (x + m);
        (ln_cdf, m, w, m * (1.0 - w) - w * (x + m))
    };
    let (up, down) = (side(eta), side(-eta));
    let rest = n - s;
    Point {
        l: s * up.0 + rest * down.0,
        g: s * up.1 - rest * down.1,
        w: s * up.2 + rest * down.2,
        w1: s * up.3 - rest * down.3,
    }
}

/// s ln(1 − e^−λ) − (n − s)λ with λ = e^η; r = λ/(e^λ − 1) is ∂ ln(1 − e^−λ)/∂η, and r′ = r(1 − r − λ).
fn cloglog(n: f64, s: f64, eta: f64) -> Point {
    let lambda = eta.exp();
    let rest = n - s;
    if s == 0.0 {
        return Point { l: -rest * lambda, g: -rest * lambda, w: rest * lambda, w1: rest * lambda };
    }
    let r = if lambda < 700.0 { lambda / lambda.exp_m1() } else { 0.0 };
    // 1 − r − λ cancels near 0: −λ/2 − λ²/12 + λ⁴/720.
    let k = if lambda < 0.01 {
        -lambda * (0.5 + lambda / 12.0 * (1.0 - lambda * lambda / 60.0))
    } else {
        1.0 - r - lambda
    };
    let r1 = r * k;
    let r2 = r * (k * k - r1 - lambda);
    Point {
        l: s * (-(-lambda).exp_m1()).ln() - rest * lambda,
        g: s * r - rest * lambda,
        w: rest * lambda - s * r1,
        w1: rest * lambda - s * r2,
    }
}

/// ln B(s + μφ, n − s + (1 − μ)φ) − ln B(μφ, (1 − μ)φ), by the rises of ln Γ and its derivatives.
fn beta_binomial(n: f64, s: f64, eta: f64, phi: f64) -> (Point, ByDispersion) {
    let e = (-eta.abs()).exp();
    let (small, large) = (e / (1.0 + e), 1.0 / (1.0 + e));
    let (mu, nu) = if eta < 0.0 { (small, large) } else { (large, small) };
    let (a, b, c) = (rise(mu * phi, s), rise(nu * phi, n - s), rise(phi, n));
    // In μ.
    let d1 = phi * (a[1] - b[1]);
    let d2 = phi * phi * (a[2] + b[2]);
    let d3 = phi * phi * phi * (a[3] - b[3]);
    // μ′, μ″, μ‴ in η.
    let v = mu * nu;
    let (v2, v3) = (v * (nu - mu), v * (1.0 - 6.0 * v));
    let point = Point {
        l: a[0] + b[0] - c[0],
        g: d1 * v,
        w: -(d2 * v * v + d1 * v2),
        w1: -(d3 * v * v * v + 3.0 * d2 * v * v2 + d1 * v3),
    };
    let first = mu * a[1] + nu * b[1] - c[1];
    let second = mu * mu * a[2] + nu * nu * b[2] - c[2];
    let d1_phi = a[1] - b[1] + phi * (mu * a[2] - nu * b[2]);
    let d2_phi = 2.0 * phi * (a[2] + b[2]) + phi * phi * (mu * a[3] + nu * b[3]);
    let by = ByDispersion {
        l: phi * first,
        g: phi * d1_phi * v,
        w: -phi * (d2_phi * v * v + d1_phi * v2),
        information: -(phi * phi * second + phi * first),
    };
    (point, by)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Density; 6] = [
        Density::Binomial(Link::Logit),
        Density::Binomial(Link::Probit),
        Density::Binomial(Link::Cloglog),
        Density::Poisson,
        Density::NegativeBinomial,
        Density::BetaBinomial,
    ];

    fn near(got: f64, want: f64, scale: f64, what: &str) {
        assert!((got - want).abs() < 2e-8 * scale.max(1.0), "{what}: {got} {want}");
    }

    #[test]
    fn derivatives_are_those_of_the_log_density() {
        let h = 1e-5;
        for d in ALL {
            for (n, s) in [(7.0, 3.0), (1.0, 0.0), (1.0, 1.0), (9.0, 9.0), (120.0, 70.0)] {
                for eta in [-4.0, -0.3, 0.0, 1.2] {
                    let at = |eta: f64, phi: f64| d.point(n, s, eta, phi);
                    let (low, here, high) = (at(eta - h, 2.5), at(eta, 2.5), at(eta + h, 2.5));
                    let name = format!("{d:?} {n} {s} {eta}");
                    near((high.l - low.l) / (2.0 * h), here.g, here.l.abs(), &name);
                    near(-(high.g - low.g) / (2.0 * h), here.w, here.g.abs() + here.w.abs(), &name);
                    near((high.w - low.w) / (2.0 * h), here.w1, here.w.abs(), &name);
                    if d.has_dispersion() {
                        let by = d.by_dispersion(n, s, eta, 2.5);
                        let (down, up) = (at(eta, 2.5 * (-h).exp()), at(eta, 2.5 * h.exp()));
                        near((up.l - down.l) / (2.0 * h), by.l, here.l.abs(), &name);
                        near((up.g - down.g) / (2.0 * h), by.g, here.g.abs(), &name);
                        near((up.w - down.w) / (2.0 * h), by.w, here.w.abs(), &name);
                        let first = |phi: f64| d.by_dispersion(n, s, eta, phi).l;
                        let second = (first(2.5 * h.exp()) - first(2.5 * (-h).exp())) / (2.0 * h);
                        near(-second, by.information, by.l.abs(), &name);
                    }
                }
            }
        }
    }

    #[test]
    fn densities_sum_to_one() {
        for d in ALL {
            for eta in [-2.0, 0.4] {
                let n = 6.0;
                let top = if d.has_dispersion() && d.link() == Link::Log { 400 } else { 120 };
                let top = if d.link() == Link::Log { top } else { 6 };
                let n = if d.link() == Link::Log { 1.0 } else { n };
                let total: f64 = (0..=top)
                    .map(|s| {
                        (d.point(n, f64::from(s), eta, 1.7).l + d.constant(n, f64::from(s), Kind::Trials))
                            .exp()
                    })
                    .sum();
                assert!((total - 1.0).abs() < 1e-12, "{d:?} {eta}: {total}");
            }
        }
    }

    #[test]
    fn tails_stay_finite() {
        for d in ALL {
            for eta in [-35.0, 35.0] {
                for s in [0.0, 2.0] {
                    let p = d.point(2.0, s, eta, 3.0);
                    assert!(
                        p.l.is_finite() && p.g.is_finite() && p.w.is_finite() && p.w1.is_finite(),
                        "{d:?} {eta} {p:?}"
                    );
                }
            }
        }
    }
}
