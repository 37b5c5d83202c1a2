//! Loader's saddle-point form of the binomial and Poisson densities (Loader 2000).
//!
//! Written through the deviance bd0 and the error of Stirling's formula, the density keeps its
//! relative accuracy where x, n are 10⁶ and where it is 10⁻³⁰⁰, which factorials do not.

use std::f64::consts::PI;

/// ln Γ(n + 1) − [(n + ½) ln n − n + ½ ln 2π], n > 0.
pub fn stirlerr(n: f64) -> f64 {
    if n < 16.0 {
        let ln_gamma = libm::lgamma(n + 1.0);
        return ln_gamma - (n + 0.5) * n.ln() + n - 0.5 * (2.0 * PI).ln();
    }
    // 1/(12n) − 1/(360n³) + …: the next term is below 1e-17 from n = 16 on.
    const S: [f64; 8] = [
        1.0 / 12.0,
        1.0 / 360.0,
        1.0 / 1260.0,
        1.0 / 1680.0,
        1.0 / 1188.0,
        691.0 / 360_360.0,
        1.0 / 156.0,
        3617.0 / 122_400.0,
    ];
    let n2 = n * n;
    let tail = S.iter().rev().fold(0.0, |acc, s| s - acc / n2);
    tail / n
}

/// Deviance term x ln(x/np) + np − x, accurate where x is close to np.
pub fn bd0(x: f64, np: f64) -> f64 {
    if x == 0.0 {
        return np;
    }
    let d = x - np;
    if d.abs() < 0.1 * (x + np) {
        // Series in v = (x − np)/(x + np): x ln(x/np) cancels against np − x otherwise.
        let v = d / (x + np);
        let mut s = d * v;
        let mut ej = 2.0 * x * v;
        let v2 = v * v;
        for j in 1..1000 {
            ej *= v2;
            let next = s + ej / f64::from(2 * j + 1);
            if next == s {
                return next;
            }
            s = next;
        }
        return s;
    }
    x * (x / np).ln() + np - x
}

/// ln of Γ(n+1)/(Γ(x+1)Γ(n−x+1)) pˣ q^{n−x} for real 0 < x < n, q = 1 − p given separately.
pub fn ln_binomial_raw(x: f64, n: f64, p: f64, q: f64) -> f64 {
    let y = n - x;
    stirlerr(n) - stirlerr(x) - stirlerr(y) - bd0(x, n * p) - bd0(y, n * q)
        + 0.5 * (n / (2.0 * PI * x * y)).ln()
}

/// ln of λˣ e^{−λ}/Γ(x+1) for real x > 0, λ > 0.
pub fn ln_poisson_raw(x: f64, lambda: f64) -> f64 {
    -stirlerr(x) - bd0(x, lambda) - 0.5 * (2.0 * PI * x).ln()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_two_forms_of_stirlings_error_meet() {
        let below = stirlerr(16.0 - 1e-9);
        let above = stirlerr(16.0);
        assert!((below / above - 1.0).abs() < 1e-9);
        assert!((stirlerr(1.0) - 0.081_061_466_795_327_26).abs() < 1e-15);
    }

    #[test]
    fn densities_agree_with_factorials() {
        // C(10, 3) 0.2³ 0.8⁷ and 4² e⁻⁴ / 2!
        assert!((ln_binomial_raw(3.0, 10.0, 0.2, 0.8).exp() - 0.201_326_592).abs() < 1e-14);
        assert!((ln_poisson_raw(2.0, 4.0).exp() - 0.146_525_111_109_873_43).abs() < 1e-15);
    }
}
