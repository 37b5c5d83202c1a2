//! Regularised incomplete gamma functions P(a, x) and Q(a, x) = 1 − P(a, x).
//!
//! Below the mean P by its power series, above it Q by Legendre's continued fraction (Temme 1994;
//! DLMF 8.7.1, 8.9.2); the common factor xᵃe⁻ˣ/Γ(a+1) in Loader's form.

use super::saddle_point::ln_poisson_raw;
use super::{continued_fraction, ln_one_minus_exp};

/// (ln P(a, x), ln Q(a, x)) for a > 0, x ≥ 0.
pub fn ln_gamma_tails(a: f64, x: f64) -> (f64, f64) {
    if x.is_nan() || a.is_nan() || a <= 0.0 {
        return (f64::NAN, f64::NAN);
    }
    if x <= 0.0 {
        return (f64::NEG_INFINITY, 0.0);
    }
    if x.is_infinite() {
        return (0.0, f64::NEG_INFINITY);
    }
    let ln_factor = ln_poisson_raw(a, x);
    if x < a + 1.0 {
        let ln_p = (ln_factor + series(a, x).ln()).min(0.0);
        (ln_p, ln_one_minus_exp(ln_p))
    } else {
        // Q = factor · a / (x + 1 − a − 1(1−a)/(x + 3 − a − …)).
        let fraction = continued_fraction(x + 1.0 - a, |m| (-m * (m - a), x + 2.0 * m + 1.0 - a));
        let ln_q = (ln_factor + (a / fraction).ln()).min(0.0);
        (ln_one_minus_exp(ln_q), ln_q)
    }
}

/// Σ_k x^k / ((a+1)…(a+k)): positive terms, about 8√a of them at worst for x ≈ a.
fn series(a: f64, x: f64) -> f64 {
    let (mut term, mut sum, mut k) = (1.0, 1.0, a);
    for _ in 0..1_000_000 {
        k += 1.0;
        term *= x / k;
        sum += term;
        if term < sum * (f64::EPSILON / 4.0) {
            break;
        }
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn closed_forms_hold() {
        // Q(1, x) = e⁻ˣ; Q(2, x) = (1 + x)e⁻ˣ; P(½, x) = erf √x.
        for x in [1e-10_f64, 0.2, 1.0, 1.9, 2.1, 30.0, 600.0] {
            assert!((ln_gamma_tails(1.0, x).1 + x).abs() <= 4e-14 * x.max(1e-3));
            assert!((ln_gamma_tails(2.0, x).1 - (x.ln_1p() - x)).abs() <= 1e-13 * x.max(1e-3));
            assert!((ln_gamma_tails(0.5, x).0.exp() / libm::erf(x.sqrt()) - 1.0).abs() < 1e-13);
        }
    }
}
