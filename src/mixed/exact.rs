//! Tests and intervals of one random term's variance that hold at 0 and in few groups.
//!
//! Likelihood ratio: {ρ₀: LR(ρ₀) ≤ q(ρ₀)} with LR the restricted likelihood ratio and q the quantile of its exact distribution
//! under ρ₀ (`null`): coverage is the level at every ρ, 0 included, and the set always holds ρ̂. For τ = ρσ² the
//! distribution depends on ρ₀ = τ₀/σ̃²(τ₀), σ̃² the best under τ₀. F: Wald's pivot (1947; Seely and El-Bassiouni 1983; Harville and
//! Fenech 1985) {Σ U_g/(1 + ρμ_g)/Σk_g}/{E/f} ~ F(Σk, f), decreasing in ρ; limits below 0 are 0, so coverage at ρ = 0
//! is that of one tail.

use crate::error::Result;
use crate::mixed::canonical::Canonical;
use crate::mixed::limits::crossing;
use crate::mixed::null::{Fixed, Null};
use crate::num::dist::f;
use crate::num::root::brent;
use crate::parallel::Control;

const MAX_STEPS: usize = 60;

/// A restricted likelihood-ratio test of ρ = 0 with its simulated p.
///
/// # Errors
/// `Interrupted`.
pub fn test(model: &Canonical, null: &Null, control: &Control) -> Result<(f64, f64)> {
    let ratio = (model.at_ratio(0.0) - model.best().0).max(0.0);
    let chance = null.ratios(0.0, Fixed::Ratio, control)?;
    let above = chance.len() - chance.partition_point(|&v| v < ratio);
    // ρ̂ = 0 is no evidence at all; otherwise the data count among the draws.
    let p = if ratio > 0.0 { (above as f64 + 1.0) / (chance.len() as f64 + 1.0) } else { 1.0 };
    Ok((ratio, p))
}

/// The interval of ρ or τ by inversion of the likelihood-ratio test.
///
/// # Errors
/// `Interrupted`.
pub fn interval(
    model: &Canonical,
    null: &Null,
    fixed: Fixed,
    level: f64,
    control: &Control,
) -> Result<(f64, f64)> {
    let (least, rho) = model.best();
    let sigma2 = model.sigma2_at(rho);
    // x in [0, 1): ρμ̄/(1 + ρμ̄), or τμ̄/(σ̂² + τμ̄).
    let unit = model.scale() / if fixed == Fixed::Between { sigma2 } else { 1.0 };
    let value = |x: f64| x / ((1.0 - x) * unit);
    let excess = |x: f64| -> Result<f64> {
        let v = value(x);
        let (here, under) = match fixed {
            Fixed::Ratio => (model.at_ratio(v), v),
            Fixed::Between => {
                let (here, s) = model.at_between(v, sigma2);
                (here, v / s)
            }
        };
        let chance = null.ratios(under, fixed, control)?;
        Ok(here - least - quantile(&chance, level))
    };
    let estimate = if fixed == Fixed::Between { rho * sigma2 } else { rho };
    let best = estimate * unit / (1.0 + estimate * unit);
    let at_zero = excess(0.0)?;
    let low =
        if at_zero <= 0.0 { 0.0 } else { value(crossing(&excess, (0.0, at_zero), (best, excess(best)?))?) };
    let mut inside = (best, excess(best)?);
    let mut outside = inside;
    for _ in 0..MAX_STEPS {
        let next = 1.0 - (1.0 - outside.0) / 2.0;
        outside = (next, excess(next)?);
        if outside.1 > 0.0 {
            break;
        }
        inside = outside;
    }
    Ok((low, value(crossing(&excess, inside, outside)?)))
}

/// The order statistic that at least `level` of the draws do not exceed.
fn quantile(sorted: &[f64], level: f64) -> f64 {
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // below the number of draws
    let at = (level * (sorted.len() as f64 + 1.0)).ceil() as usize;
    sorted[at.clamp(1, sorted.len()) - 1]
}

/// The interval of ρ from the F pivot.
///
/// # Errors
/// Those of the root.
pub fn pivot(model: &Canonical, level: f64) -> Result<(f64, f64)> {
    let s: f64 = model.k.iter().sum();
    let m = model.scale();
    let pivot = |x: f64| {
        let rho = x / ((1.0 - x) * m);
        let sum: f64 = model.mu.iter().zip(&model.u).map(|(mu, u)| u / (1.0 + rho * mu)).sum();
        sum / s / (model.e / model.f)
    };
    let tail = (1.0 - level) / 2.0;
    let limit = |target: f64| {
        if pivot(0.0) <= target {
            return Ok(0.0);
        }
        let x = brent(|x| (pivot(x) / target).ln(), 0.0, 1.0 - 1e-12, 1e-14)?;
        Ok(x / ((1.0 - x) * m))
    };
    Ok((limit(f::isf(tail, s, model.f))?, limit(1.0 / f::isf(tail, model.f, s))?))
}
