//! Special functions with both tails in logs, so that nothing is lost by `1 - p`.

mod incomplete_beta;
mod incomplete_gamma;
mod normal_tail;
mod polygamma;
mod saddle_point;

pub use incomplete_beta::ln_beta_tails;
pub use incomplete_gamma::ln_gamma_tails;
pub use normal_tail::{ln_normal_sf, normal_quantile};
pub use polygamma::{polygamma, rise};
pub use saddle_point::{bd0, ln_binomial_raw, ln_poisson_raw, stirlerr};

/// ln(1 − eˣ) for x ≤ 0 without cancellation at either end (Mächler 2012).
pub fn ln_one_minus_exp(x: f64) -> f64 {
    if x > -std::f64::consts::LN_2 { (-x.exp_m1()).ln() } else { (-x.exp()).ln_1p() }
}

/// Modified Lentz evaluation of b₀ + a₁/(b₁ + a₂/(b₂ + …)); `term(m)` gives (a_m, b_m), m ≥ 1.
///
/// Stops when a step changes nothing, or after `MAX_TERMS` (incomplete beta with both shapes at
/// 10⁶ needs a few hundred): it never hangs.
fn continued_fraction(b0: f64, term: impl Fn(f64) -> (f64, f64)) -> f64 {
    const MAX_TERMS: u32 = 100_000;
    const TINY: f64 = 1e-300;
    let guard = |v: f64| if v.abs() < TINY { TINY } else { v };
    let mut value = guard(b0);
    let (mut c, mut d) = (value, 0.0);
    for m in 1..MAX_TERMS {
        let (a, b) = term(f64::from(m));
        d = 1.0 / guard(a.mul_add(d, b));
        c = guard(b + a / c);
        let step = c * d;
        value *= step;
        if (step - 1.0).abs() <= f64::EPSILON {
            break;
        }
    }
    value
}

/// ln Γ(x), x > 0.
pub fn ln_gamma(x: f64) -> f64 {
    libm::lgamma(x)
}
