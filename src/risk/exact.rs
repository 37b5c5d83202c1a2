//! The odds ratio ψ by conditional likelihood, common to one or more strata.
//!
//! ψ̂ solves E(T; ψ) = t. Limits solve P(T ≥ t; ψ) = α/2 and P(T ≤ t; ψ) = α/2 (Cornfield 1956; Gart
//! 1970), with half of P(T = t) for mid-p (Lancaster 1961). All three are solved in ln ψ to the last
//! digits; R's `fisher.test` stops after two to five. Where T is at the end of its support ψ̂ is 0 or
//! infinite and one limit with it: that is the answer of the method, not a failure.

use super::cells::Cells;
use super::conditional::Conditional;
use crate::error::{Error, Result};
use crate::num::root::brent;

/// Which tail probability the limits solve.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Limits {
    /// Whole tails: coverage never below the level.
    Fisher,
    /// Half of P(T = t): coverage near the level.
    MidP,
}

/// Conditional estimate with its limits and p-value.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Exact {
    /// ψ̂; 0 or infinite at the end of the support.
    pub odds_ratio: f64,
    /// Lower limit.
    pub low: f64,
    /// Upper limit.
    pub high: f64,
    /// Two-sided p of ψ = 1: values no likelier than t, or twice the smaller mid-p tail.
    pub p_value: f64,
}

/// The common odds ratio of `strata` (one table is one stratum).
///
/// # Errors
/// `Values` for counts that are not whole; `Undefined` when no stratum has all four margins;
/// `NoConvergence` from the root search.
pub fn exact(strata: &[Cells], limits: Limits, conf_level: f64) -> Result<Exact> {
    let t = Conditional::new(strata)?;
    let goal = ((1.0 - conf_level) / 2.0).ln();
    let share = if limits == Limits::MidP { 0.5 } else { 1.0 };
    let (first, last) = (t.end() == -1, t.end() == 1);
    let estimate = if first {
        f64::NEG_INFINITY
    } else if last {
        f64::INFINITY
    } else {
        rising(|theta| t.excess(theta), 0.0)?
    };
    let start = if estimate.is_finite() { estimate } else { 0.0 };
    let low =
        if first { f64::NEG_INFINITY } else { rising(|theta| t.ln_tails(theta, share).1 - goal, start)? };
    let high = if last { f64::INFINITY } else { rising(|theta| goal - t.ln_tails(theta, share).0, start)? };
    let p_value = if limits == Limits::MidP { t.mid_p_value() } else { t.p_value() };
    Ok(Exact { odds_ratio: estimate.exp(), low: low.exp(), high: high.exp(), p_value })
}

/// The root of a rising function of θ = ln ψ, by doubling steps away from `start`, then Brent.
fn rising(f: impl Fn(f64) -> f64, start: f64) -> Result<f64> {
    let up = f(start) < 0.0;
    let (mut near, mut step) = (start, 0.5);
    for _ in 0..40 {
        let far = if up { near + step } else { near - step };
        if (f(far) < 0.0) != up {
            return brent(&f, near.min(far), near.max(far), 1e-15);
        }
        near = far;
        step *= 2.0;
    }
    Err(Error::NoConvergence {
        what: "the bracket of an exact limit".to_owned(),
        n_iter: 40,
        last: near,
        tolerance: 0.0,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limits_solve_their_equations_and_mid_p_lies_inside() {
        let table = [Cells { a: 12.0, b: 5.0, c: 6.0, d: 14.0 }];
        let f = exact(&table, Limits::Fisher, 0.95).unwrap();
        let t = Conditional::new(&table).unwrap();
        assert!((t.ln_tails(f.low.ln(), 1.0).1.exp() - 0.025).abs() < 1e-13);
        assert!((t.ln_tails(f.high.ln(), 1.0).0.exp() - 0.025).abs() < 1e-13);
        assert!(t.excess(f.odds_ratio.ln()).abs() < 1e-12);
        let m = exact(&table, Limits::MidP, 0.95).unwrap();
        assert!(f.low < m.low && m.low < m.odds_ratio && m.odds_ratio < m.high && m.high < f.high);
    }

    #[test]
    fn an_empty_cell_gives_one_sided_limits() {
        let none = exact(&[Cells { a: 0.0, b: 9.0, c: 4.0, d: 6.0 }], Limits::Fisher, 0.95).unwrap();
        assert_eq!((none.odds_ratio, none.low), (0.0, 0.0));
        assert!(none.high.is_finite());
        let turned = exact(&[Cells { a: 9.0, b: 0.0, c: 6.0, d: 4.0 }], Limits::Fisher, 0.95).unwrap();
        assert!(turned.high.is_infinite() && (turned.low * none.high - 1.0).abs() < 1e-12);
    }
}
