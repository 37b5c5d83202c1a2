//! Student's t distribution with `df` > 0 degrees of freedom; infinite df is the normal.

use super::normal;
use super::quantile_search::solve;
use crate::num::special::ln_beta_tails;

/// ln P(T > t) for t ≥ 0: half of I at df/(df + t²), both arguments free of cancellation.
fn ln_upper(t: f64, df: f64) -> f64 {
    let (x, y) = if t.is_infinite() {
        (0.0, 1.0)
    } else {
        let t2 = t * t;
        // t² overflows or swamps df only where the tail is 0 anyway; the ratios stay defined.
        if t2.is_infinite() { (df / t / t, 1.0) } else { (df / (df + t2), t2 / (df + t2)) }
    };
    ln_beta_tails(x, y, df / 2.0, 0.5).0 - std::f64::consts::LN_2
}

/// ln P(T > t).
pub fn ln_sf(t: f64, df: f64) -> f64 {
    if df.is_infinite() && df > 0.0 {
        return normal::ln_sf(t);
    }
    if t.is_nan() || df.is_nan() || df <= 0.0 {
        return f64::NAN;
    }
    if t >= 0.0 { ln_upper(t, df) } else { (-ln_upper(-t, df).exp()).ln_1p() }
}

/// P(T > t).
pub fn sf(t: f64, df: f64) -> f64 {
    ln_sf(t, df).exp()
}

/// ln P(T ≤ t).
pub fn ln_cdf(t: f64, df: f64) -> f64 {
    ln_sf(-t, df)
}

/// P(T ≤ t).
pub fn cdf(t: f64, df: f64) -> f64 {
    sf(-t, df)
}

/// P(|T| > |t|), by the survival function.
pub fn two_sided_p(t: f64, df: f64) -> f64 {
    (2.0 * sf(t.abs(), df)).min(1.0)
}

/// t with P(T ≤ t) = p.
pub fn quantile(p: f64, df: f64) -> f64 {
    if p > 0.5 { isf(1.0 - p, df) } else { -isf(p, df) }
}

/// t with P(T > t) = q.
pub fn isf(q: f64, df: f64) -> f64 {
    if q.is_nan() || df.is_nan() || !(0.0..=1.0).contains(&q) || df <= 0.0 {
        return f64::NAN;
    }
    if df.is_infinite() {
        return normal::isf(q);
    }
    if q > 0.5 {
        return -isf(1.0 - q, df);
    }
    if q == 0.0 {
        return f64::INFINITY;
    }
    if q == 0.5 {
        return 0.0;
    }
    // Search in u = ln t. Towards the centre the upper tail is flat, so the central mass
    // P(0 < T < t) = ½ − q is matched there instead.
    let start = normal::isf(q).max(1e-300).ln();
    if q > 0.25 {
        let central = (1.0 - 2.0 * q).ln();
        let mass = |u: f64| {
            let t2 = (2.0 * u).exp();
            ln_beta_tails(t2 / (df + t2), df / (df + t2), 0.5, df / 2.0).0 - central
        };
        return solve(mass, start, 0.25, -360.0, 354.0).exp();
    }
    let ln_q = q.ln();
    // For small df the tail is a power, t^(−df): that inverse is the better start.
    let power = (-(ln_q + df.ln()) / df).max(start);
    let from = if df < 4.0 { power } else { start };
    solve(|u: f64| ln_upper(u.exp(), df) - ln_q, from.min(700.0), 0.25, -360.0, 709.0).exp()
}
