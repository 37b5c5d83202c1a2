//! Binomial models whose link does not keep the mean inside (0, 1): log (risk ratios; Wacholder 1986) and identity (risk
//! differences). The likelihood is concave in β on the polygon where every mean is in range, and its maximum may lie on
//! the edge of it, where Fisher scoring walks out or stalls.
//!
//! Maximises l(β) + τ Σ ln(slack_i) by Newton's method for τ → 0 (a log barrier; Boyd and Vandenberghe 2004, §11.3),
//! the barrier only on the cells whose own likelihood lets the mean reach the edge: all events (μ = 1) and, under the
//! identity, none (μ = 0). At τ = 10⁻⁹ the coefficients are those of the constrained maximum to about nine digits.

use crate::design::{ModelMatrix, Rows};
use crate::error::{Error, Result};
use crate::num::linalg::Gram;
use crate::regression::family::{Family, Link};
use crate::regression::glm::Options;
use crate::regression::outcome::Outcome;

/// Last weight of the barrier.
const LEAST: f64 = 1e-9;
/// A cell this close to the edge at the last weight is on it.
const EDGE: f64 = 1e-5;
const STEPS: usize = 200;

/// Whether a family and link can have means out of range.
pub fn applies(options: Options<'_>) -> bool {
    options.family == Family::Binomial && matches!(options.link, Link::Log | Link::Identity)
}

/// The maximum, and the cells whose mean is on the edge of its range there.
#[derive(Debug, Clone)]
pub struct Bounded {
    /// Coefficients.
    pub beta: Vec<f64>,
    /// Cells with a fitted mean of 1 (or 0).
    pub edge: Vec<usize>,
}

/// From `start`, with every mean strictly inside.
///
/// # Errors
/// `NoConvergence`.
pub fn bounded(x: &ModelMatrix, outcome: &Outcome, options: Options<'_>, start: &[f64]) -> Result<Bounded> {
    let mut beta = start.to_vec();
    let mut tau = 1.0;
    while tau > LEAST {
        tau = (tau * 0.1_f64).max(LEAST);
        climb(x, outcome, options, tau, &mut beta)?;
    }
    let eta = linear(x, outcome, &beta);
    let edge = (0..eta.len())
        .filter(|&i| {
            let (n, s) = (outcome.n[i], outcome.sum[i]);
            let mu = options.link.mean(eta[i]).0;
            n > 0.0
                && ((s >= n && 1.0 - mu < EDGE) || (s == 0.0 && options.link == Link::Identity && mu < EDGE))
        })
        .collect();
    Ok(Bounded { beta, edge })
}

fn linear(x: &ModelMatrix, outcome: &Outcome, beta: &[f64]) -> Vec<f64> {
    let mut eta = outcome.offset.clone().unwrap_or_else(|| vec![0.0; outcome.len()]);
    x.add_linear(beta, &mut eta);
    eta
}

/// Value, slope and curvature (negated) in η of one cell's penalised log likelihood; `None` out of range.
fn cell(n: f64, s: f64, link: Link, eta: f64, tau: f64) -> Option<(f64, f64, f64)> {
    let (rest, full) = (n - s, if s >= n { tau } else { 0.0 });
    if link == Link::Log {
        if eta >= 0.0 {
            return None;
        }
        let (mu, room) = (eta.exp(), -eta.exp_m1());
        let mut out = (s * eta, s, 0.0);
        if rest > 0.0 {
            out = (out.0 + rest * room.ln(), out.1 - rest * mu / room, rest * mu / (room * room));
        }
        if full > 0.0 {
            out = (out.0 + full * (-eta).ln(), out.1 + full / eta, out.2 + full / (eta * eta));
        }
        return Some(out);
    }
    if eta <= 0.0 || eta >= 1.0 {
        return None;
    }
    let (yes, no) = (s + if s == 0.0 { tau } else { 0.0 }, rest + full);
    let room = 1.0 - eta;
    Some((yes * eta.ln() + no * room.ln(), yes / eta - no / room, yes / (eta * eta) + no / (room * room)))
}

fn value(outcome: &Outcome, link: Link, eta: &[f64], tau: f64) -> Option<f64> {
    let mut total = 0.0;
    for (i, &e) in eta.iter().enumerate().filter(|(i, _)| outcome.n[*i] > 0.0) {
        total += outcome.prior(i) * cell(outcome.n[i], outcome.sum[i], link, e, tau)?.0;
    }
    total.is_finite().then_some(total)
}

/// Newton's method at one weight of the barrier, halved while it does not climb.
fn climb(
    x: &ModelMatrix,
    outcome: &Outcome,
    options: Options<'_>,
    tau: f64,
    beta: &mut Vec<f64>,
) -> Result<()> {
    let failed = |last: f64, n_iter: usize| Error::NoConvergence {
        what: format!("the constrained regression of \"{}\"", options.column),
        n_iter,
        last,
        tolerance: 1e-14,
    };
    for n_iter in 1..=STEPS {
        let eta = linear(x, outcome, beta);
        let Some(now) = value(outcome, options.link, &eta, tau) else { return Err(failed(f64::NAN, n_iter)) };
        let (mut u, mut w) = (vec![0.0; eta.len()], vec![0.0; eta.len()]);
        for i in (0..eta.len()).filter(|&i| outcome.n[i] > 0.0) {
            if let Some((_, slope, curve)) = cell(outcome.n[i], outcome.sum[i], options.link, eta[i], tau) {
                (u[i], w[i]) = (outcome.prior(i) * slope, outcome.prior(i) * curve);
            }
        }
        let gram = Gram::new(x.gram(&w, Rows::All)?.view(), 1e-15);
        if gram.kept().len() < x.n_columns() {
            return Err(failed(f64::NAN, n_iter));
        }
        let score = x.cross(&u, Rows::All)?;
        let step = gram.solve(&score);
        let decrement: f64 = step.iter().zip(&score).map(|(d, g)| d * g).sum();
        let mut share = 1.0;
        let moved = (0..60).find_map(|_| {
            let next: Vec<f64> = beta.iter().zip(&step).map(|(b, d)| b + share * d).collect();
            let better = value(outcome, options.link, &linear(x, outcome, &next), tau)
                .is_some_and(|v| v >= now + 1e-4 * share * decrement - 1e-13 * now.abs());
            share /= 2.0;
            better.then_some(next)
        });
        match moved {
            Some(next) => *beta = next,
            // No step climbs: rounding has the last word, or the start was no start.
            None if decrement < 1e-8 => return Ok(()),
            None => return Err(failed(decrement, n_iter)),
        }
        if decrement < 1e-14 {
            return Ok(());
        }
    }
    Err(failed(f64::NAN, STEPS))
}
