//! The difference of two crude rates, split into what differs in rates and what differs in composition.
//!
//! Population 1 and 2 have shares c_k and rates r_k in category k, R = Σ c_k r_k. With Δ = first − second
//! (Kitagawa 1955, eq. 5 and 6):
//! * two parts: R₁ − R₂ = Σ Δr_k (c₁ + c₂)/2 + Σ Δc_k (r₁ + r₂)/2;
//! * three parts, the second population as the base: Σ Δr_k c₂ + Σ Δc_k r₂ + Σ Δr_k Δc_k.
//!
//! A category that a population lacks has share 0 there and no rate of its own: with r = 0 all of it is composition
//! only if the caller says so; here it is refused.
//!
//! Errors by the delta method: var r_k is given; the shares are either known (`size` None) or those of a
//! multinomial sample of `size`, for which var Σ g_k c_k = {Σ c g² − (Σ c g)²}/size (Wang, Rahman, Siegel and Fisher 2000
//! reach the same by resampling). The composition effect by category depends on where the rates' zero lies, the total
//! does not.

use crate::error::{Error, Result};

/// One population: shares (which sum to 1), rates, variances of the rates, by category.
#[derive(Debug, Clone)]
pub struct Population<'a> {
    /// c_k.
    pub shares: &'a [f64],
    /// r_k.
    pub rates: &'a [f64],
    /// var r_k; `None` when no errors are wanted.
    pub variances: Option<&'a [f64]>,
    /// Size of the sample behind the shares; `None` when they are known.
    pub size: Option<f64>,
}

/// An effect: in each category and in all.
#[derive(Debug, Clone, PartialEq)]
#[must_use]
pub struct Effect {
    /// Name: rate, composition, interaction.
    pub name: &'static str,
    /// By category.
    pub by_category: Vec<f64>,
    /// Sum.
    pub total: f64,
    /// Standard error of each category's part; empty without variances.
    pub errors: Vec<f64>,
    /// Standard error of the sum.
    pub error: Option<f64>,
}

/// Crude rates, their difference and its effects.
#[derive(Debug, Clone, PartialEq)]
#[must_use]
pub struct Kitagawa {
    /// R₁.
    pub first: f64,
    /// R₂.
    pub second: f64,
    /// R₁ − R₂ and its standard error.
    pub difference: (f64, Option<f64>),
    /// The effects, which sum to the difference.
    pub effects: Vec<Effect>,
}

/// Gradient of one category's part of an effect in (r₁, r₂, c₁, c₂) of that category.
type Gradient = [f64; 4];

/// A part's value and gradient from (r₁, r₂, c₁, c₂).
type PartOf = fn([f64; 4]) -> (f64, Gradient);

const RATE: PartOf = |[r, s, c, d]| {
    let (m, g) = (f64::midpoint(c, d), (r - s) / 2.0);
    ((r - s) * m, [m, -m, g, g])
};
const COMPOSITION: PartOf = |[r, s, c, d]| {
    let (m, g) = (f64::midpoint(r, s), (c - d) / 2.0);
    ((c - d) * m, [g, g, m, -m])
};
const RATE_BASE: PartOf = |[r, s, _, d]| ((r - s) * d, [d, -d, 0.0, r - s]);
const COMPOSITION_BASE: PartOf = |[_, s, c, d]| ((c - d) * s, [0.0, c - d, s, -s]);
const INTERACTION: PartOf = |[r, s, c, d]| ((r - s) * (c - d), [c - d, d - c, r - s, s - r]);

/// Decomposes first − second; `three` parts or two.
///
/// # Errors
/// `Length` for unequal categories; `Undefined` if the parts do not add up.
pub fn kitagawa(first: &Population<'_>, second: &Population<'_>, three: bool) -> Result<Kitagawa> {
    let n = first.shares.len();
    for got in [first.rates.len(), second.shares.len(), second.rates.len()] {
        if got != n {
            return Err(Error::Length { what: "categories of a population".to_owned(), expected: n, got });
        }
    }
    let parts: &[(&'static str, PartOf)] = if three {
        &[("rate", RATE_BASE), ("composition", COMPOSITION_BASE), ("interaction", INTERACTION)]
    } else {
        &[("rate", RATE), ("composition", COMPOSITION)]
    };
    let at = |k: usize| [first.rates[k], second.rates[k], first.shares[k], second.shares[k]];
    let effects: Vec<Effect> = parts
        .iter()
        .map(|(name, part)| {
            let found: Vec<(f64, Gradient)> = (0..n).map(|k| part(at(k))).collect();
            effect(name, &found, first, second)
        })
        .collect();
    let crude = |p: &Population<'_>| p.shares.iter().zip(p.rates).map(|(c, r)| c * r).sum::<f64>();
    let (r1, r2) = (crude(first), crude(second));
    let sum: f64 = effects.iter().map(|e| e.total).sum();
    super::adds_up("Kitagawa's decomposition", sum, r1 - r2, r1.abs().max(r2.abs()))?;
    let whole: Vec<(f64, Gradient)> = (0..n)
        .map(|k| {
            let [r, s, c, d] = at(k);
            (c * r - d * s, [c, -d, r, -s])
        })
        .collect();
    let error = effect("difference", &whole, first, second).error;
    Ok(Kitagawa { first: r1, second: r2, difference: (r1 - r2, error), effects })
}

fn effect(
    name: &'static str,
    parts: &[(f64, Gradient)],
    first: &Population<'_>,
    second: &Population<'_>,
) -> Effect {
    let by_category: Vec<f64> = parts.iter().map(|p| p.0).collect();
    let total = by_category.iter().sum();
    let (Some(v1), Some(v2)) = (first.variances, second.variances) else {
        return Effect { name, by_category, total, errors: Vec::new(), error: None };
    };
    let rates = |k: usize| parts[k].1[0].powi(2) * v1[k] + parts[k].1[1].powi(2) * v2[k];
    let one = |k: usize| {
        let share = |p: &Population<'_>, g: f64| {
            p.size.map_or(0.0, |n| g * g * p.shares[k] * (1.0 - p.shares[k]) / n)
        };
        (rates(k) + share(first, parts[k].1[2]) + share(second, parts[k].1[3])).max(0.0).sqrt()
    };
    let multinomial = |p: &Population<'_>, at: usize| {
        p.size.map_or(0.0, |n| {
            let mean: f64 = parts.iter().zip(p.shares).map(|(g, c)| c * g.1[at]).sum();
            parts.iter().zip(p.shares).map(|(g, c)| c * (g.1[at] - mean).powi(2)).sum::<f64>() / n
        })
    };
    let all: f64 = (0..parts.len()).map(rates).sum();
    Effect {
        name,
        total,
        errors: (0..parts.len()).map(one).collect(),
        error: Some((all + multinomial(first, 2) + multinomial(second, 3)).sqrt()),
        by_category,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn population<'a>(shares: &'a [f64], rates: &'a [f64]) -> Population<'a> {
        Population { shares, rates, variances: Some(&[0.01, 0.02]), size: None }
    }

    #[test]
    fn swapping_the_populations_turns_the_sign() {
        let (a, b) = (population(&[0.3, 0.7], &[1.0, 4.0]), population(&[0.6, 0.4], &[2.0, 3.0]));
        let (one, two) = (kitagawa(&a, &b, false).unwrap(), kitagawa(&b, &a, false).unwrap());
        for (e, f) in one.effects.iter().zip(&two.effects) {
            assert!((e.total + f.total).abs() < 1e-15);
            assert!((e.error.unwrap() - f.error.unwrap()).abs() < 1e-15);
        }
    }

    #[test]
    fn equal_rates_leave_composition_and_equal_shares_leave_rates() {
        let (a, b) = (population(&[0.3, 0.7], &[1.0, 4.0]), population(&[0.6, 0.4], &[1.0, 4.0]));
        let found = kitagawa(&a, &b, true).unwrap();
        assert_eq!((found.effects[0].total, found.effects[2].total), (0.0, 0.0));
        let (c, d) = (population(&[0.5, 0.5], &[1.0, 4.0]), population(&[0.5, 0.5], &[1.0, 3.0]));
        assert!((kitagawa(&c, &d, false).unwrap().effects[1].total).abs() < 1e-15);
    }

    #[test]
    fn sampled_shares_add_to_the_error() {
        let (mut a, b) = (population(&[0.3, 0.7], &[1.0, 4.0]), population(&[0.6, 0.4], &[2.0, 3.0]));
        let known = kitagawa(&a, &b, false).unwrap();
        a.size = Some(100.0);
        let sampled = kitagawa(&a, &b, false).unwrap();
        // var of a mean of rates 1 and 4 with probability 0.3 and 0.7, over 100, on top of the rates' own.
        let more = sampled.difference.1.unwrap().powi(2) - known.difference.1.unwrap().powi(2);
        assert!((more - 0.21 * 9.0 / 100.0).abs() < 1e-12, "{more}");
    }
}
