//! The distribution of T = Σ a_k, the exposed cases, given both margins of every stratum.
//!
//! P(T = t; ψ) ∝ w(t) ψᵗ with w the convolution over strata k of C(n₁ₖ, u) C(n₀ₖ, m₁ₖ − u) (Cox and
//! Snell 1989; Gart 1970; algorithm of Mehta, Patel and Gray 1985 in spirit). Everything in logs, so
//! that neither large strata nor far tails underflow. The convolution starts at each t's largest term
//! and stops where terms fall below e⁻⁴⁵ of it: the factors are log-concave, so the terms are unimodal
//! and what is left out is below the rounding of what is kept.

use super::cells::Cells;
use crate::error::{Error, Result};

/// Terms this far below the largest (in logs) cannot change a sum in double precision.
const NEGLIGIBLE: f64 = -45.0;

/// Strata with more possible values of T than this take minutes; large-sample limits serve there.
const LARGEST_SUPPORT: f64 = 2_000_000.0;

/// Why there is no exact estimate.
pub const NOT_INFORMATIVE: &str = "no stratum has exposed, unexposed, cases and others";
/// Why there is no exact estimate.
pub const TOO_LARGE: &str = "too many people for an exact method: use the large-sample limits";

/// ln w(t) over the support of T, and where the observed T stands in it.
#[derive(Debug, Clone)]
pub struct Conditional {
    ln_w: Vec<f64>,
    seen: usize,
}

impl Conditional {
    /// From the strata with no zero margin; the others say nothing about ψ.
    ///
    /// # Errors
    /// `Values` for counts that are not whole; `Undefined` when no stratum is left, or too large.
    pub fn new(strata: &[Cells]) -> Result<Self> {
        if let Some(k) = strata.iter().position(|t| !t.whole()) {
            return Err(Error::values("strata", [k], "whole counts for an exact method", "a fraction"));
        }
        let used: Vec<&Cells> = strata.iter().filter(|t| t.informative()).collect();
        let size: f64 = used.iter().map(|t| support(t).1 - support(t).0).sum();
        if used.is_empty() || size > LARGEST_SUPPORT {
            let reason = if used.is_empty() { NOT_INFORMATIVE } else { TOO_LARGE }.to_owned();
            return Err(Error::Undefined { what: "the exact odds ratio".to_owned(), reason });
        }
        let mut ln_w = vec![0.0];
        let mut seen = 0.0;
        for t in used {
            ln_w = convolve(&ln_w, &hypergeometric(t));
            seen += t.a - support(t).0;
        }
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // whole, within the support
        Ok(Self { ln_w, seen: seen as usize })
    }

    /// Whether T is the least (−1) or greatest (+1) possible value, else 0.
    pub fn end(&self) -> i8 {
        if self.seen == 0 { -1 } else { i8::from(self.seen + 1 == self.ln_w.len()) }
    }

    fn terms(&self, theta: f64) -> Vec<f64> {
        self.ln_w.iter().enumerate().map(|(i, w)| (i as f64 - self.seen as f64).mul_add(theta, *w)).collect()
    }

    /// E(T; e^θ) − t.
    pub fn excess(&self, theta: f64) -> f64 {
        let terms = self.terms(theta);
        let top = largest(&terms);
        let (mut mass, mut moment) = (0.0, 0.0);
        for (i, l) in terms.iter().enumerate() {
            let p = (l - top).exp();
            mass += p;
            moment += p * (i as f64 - self.seen as f64);
        }
        moment / mass
    }

    /// ln P(T ≤ t; e^θ) and ln P(T ≥ t; e^θ); with `share` of P(T = t) counted (1, or ½ for mid-p).
    pub fn ln_tails(&self, theta: f64, share: f64) -> (f64, f64) {
        let terms = self.terms(theta);
        let (total, seen) = (ln_sum(&terms), terms[self.seen] + share.ln());
        let lower = ln_sum(&[ln_sum(&terms[..self.seen]), seen]);
        let upper = ln_sum(&[ln_sum(&terms[self.seen + 1..]), seen]);
        (lower - total, upper - total)
    }

    /// Two-sided p at ψ = 1: all values no likelier than the one seen (R's `fisher.test`).
    pub fn p_value(&self) -> f64 {
        let seen = self.ln_w[self.seen];
        // Ties that rounding splits count as ties.
        let rare: Vec<f64> = self.ln_w.iter().copied().filter(|l| *l <= seen + 1e-7).collect();
        (ln_sum(&rare) - ln_sum(&self.ln_w)).exp().min(1.0)
    }

    /// Twice the smaller mid-p tail at ψ = 1.
    pub fn mid_p_value(&self) -> f64 {
        let (lower, upper) = self.ln_tails(0.0, 0.5);
        (2.0 * lower.min(upper).exp()).min(1.0)
    }
}

/// Least and greatest a with the margins of `t`.
fn support(t: &Cells) -> (f64, f64) {
    ((t.m1() - t.n0()).max(0.0), t.n1().min(t.m1()))
}

/// ln of the central hypergeometric weights over the support, by ratios outward from the mode.
fn hypergeometric(t: &Cells) -> Vec<f64> {
    let (low, high) = support(t);
    let (n1, n0, m1) = (t.n1(), t.n0(), t.m1());
    let mode = (((m1 + 1.0) * (n1 + 1.0)) / (n1 + n0 + 2.0)).floor().clamp(low, high);
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // whole, below LARGEST_SUPPORT
    let (size, at) = ((high - low) as usize + 1, (mode - low) as usize);
    let mut ln_w = vec![0.0; size];
    let ratio = |u: f64| ((n1 - u) * (m1 - u)) / ((u + 1.0) * (n0 - m1 + u + 1.0)); // w(u + 1)/w(u)
    for i in at + 1..size {
        ln_w[i] = ln_w[i - 1] + ratio(low + (i - 1) as f64).ln();
    }
    for i in (0..at).rev() {
        ln_w[i] = ln_w[i + 1] - ratio(low + i as f64).ln();
    }
    ln_w
}

/// ln Σ_u exp(x(u) + y(t − u)) for every t; x and y log-concave.
fn convolve(x: &[f64], y: &[f64]) -> Vec<f64> {
    let mut best = 0;
    (0..x.len() + y.len() - 1)
        .map(|t| {
            let (first, last) = ((t + 1).saturating_sub(y.len()), t.min(x.len() - 1));
            let term = |u: usize| x[u] + y[t - u];
            best = best.clamp(first, last);
            // The largest term moves to the right as t grows, by one at most.
            while best < last && term(best + 1) >= term(best) {
                best += 1;
            }
            while best > first && term(best - 1) > term(best) {
                best -= 1;
            }
            let top = term(best);
            let near = |u: &usize| term(*u) - top > NEGLIGIBLE;
            let right: f64 = (best + 1..=last).take_while(near).map(|u| (term(u) - top).exp()).sum();
            let left: f64 = (first..best).rev().take_while(near).map(|u| (term(u) - top).exp()).sum();
            top + (1.0 + left + right).ln()
        })
        .collect()
}

fn largest(terms: &[f64]) -> f64 {
    terms.iter().copied().fold(f64::NEG_INFINITY, f64::max)
}

fn ln_sum(terms: &[f64]) -> f64 {
    let top = largest(terms);
    if top == f64::NEG_INFINITY {
        return top;
    }
    top + terms.iter().map(|l| (l - top).exp()).sum::<f64>().ln()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_convolution_is_the_plain_sum() {
        let tables = [Cells { a: 3.0, b: 4.0, c: 2.0, d: 6.0 }, Cells { a: 1.0, b: 5.0, c: 4.0, d: 2.0 }];
        let (x, y) = (hypergeometric(&tables[0]), hypergeometric(&tables[1]));
        let got = convolve(&x, &y);
        for (t, l) in got.iter().enumerate() {
            let plain: f64 =
                (0..x.len()).filter(|u| t >= *u && t - u < y.len()).map(|u| (x[u] + y[t - u]).exp()).sum();
            assert!((l.exp() - plain).abs() < 1e-14 * plain, "{t}");
        }
    }

    #[test]
    fn tea_tasting_has_its_textbook_p() {
        let tea = Conditional::new(&[Cells { a: 3.0, b: 1.0, c: 1.0, d: 3.0 }]).unwrap();
        assert!((tea.p_value() - 34.0 / 70.0).abs() < 1e-14);
        let (lower, upper) = tea.ln_tails(0.0, 1.0);
        assert!((upper.exp() - 17.0 / 70.0).abs() < 1e-14 && (lower.exp() - 69.0 / 70.0).abs() < 1e-14);
    }
}
