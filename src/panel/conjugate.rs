//! Absorbing without forming S: conjugate gradients on S γ = b, preconditioned by the levels' weights.
//!
//! S is applied in two sweeps over the rows: means over A of Bγ, then sums over the levels of what is left. S is positive
//! semi-definite and the system consistent, so the iteration stays in its range. A second round on what the first left
//! removes the rounding of the first.

use crate::error::{Error, Result};
use crate::panel::absorb::{Plan, divide};

/// Share of the first right-hand side at which a residual counts as solved.
const TOLERANCE: f64 = 1e-13;
const MAX_ITERATIONS: usize = 5000;

/// Absorbs all factors of the plan; the rank of S is not found on the way.
pub(super) fn absorb(plan: &Plan<'_>, z: &mut [f64], k: usize) -> Result<Option<usize>> {
    let diagonal = level_weights(plan);
    let mut goal = vec![0.0; k];
    for round in 0..2 {
        let (mut main, mut other) = plan.sums(z, k);
        divide(&mut main, &plan.total, k);
        for (i, &a) in plan.main.codes.iter().enumerate() {
            let (mean, w) = (&main[a as usize * k..(a as usize + 1) * k], plan.weights.at(i));
            for l in plan.levels(i) {
                for (b, v) in other[l * k..(l + 1) * k].iter_mut().zip(mean) {
                    *b -= w * v;
                }
            }
        }
        for c in 0..k {
            let b: Vec<f64> = other.chunks_exact(k).map(|row| row[c]).collect();
            if round == 0 {
                goal[c] = TOLERANCE * size(&b, &diagonal);
            }
            let gamma = solve(plan, &diagonal, b, goal[c])?;
            let means = means(plan, &gamma);
            for (v, e) in main.chunks_exact_mut(k).zip(&means) {
                v[c] -= e;
            }
            for (v, e) in other.chunks_exact_mut(k).zip(&gamma) {
                v[c] = *e;
            }
        }
        plan.subtract(z, k, &main, &other)?;
    }
    Ok(None)
}

/// Σw over each level of the others.
fn level_weights(plan: &Plan<'_>) -> Vec<f64> {
    let mut diagonal = vec![0.0; plan.m];
    for i in 0..plan.main.codes.len() {
        for l in plan.levels(i) {
            diagonal[l] += plan.weights.at(i);
        }
    }
    diagonal
}

/// √(r′D⁻¹r).
fn size(r: &[f64], diagonal: &[f64]) -> f64 {
    r.iter().zip(diagonal).map(|(r, d)| r * r / d).sum::<f64>().sqrt()
}

/// γ with S γ = b to `goal` in the norm of D⁻¹.
fn solve(plan: &Plan<'_>, diagonal: &[f64], b: Vec<f64>, goal: f64) -> Result<Vec<f64>> {
    let mut gamma = vec![0.0; b.len()];
    let mut r = b;
    let mut step: Vec<f64> = r.iter().zip(diagonal).map(|(r, d)| r / d).collect();
    let mut length = size(&r, diagonal);
    for _ in 0..MAX_ITERATIONS {
        if length <= goal {
            return Ok(gamma);
        }
        let applied = apply(plan, &step);
        let curvature: f64 = step.iter().zip(&applied).map(|(s, a)| s * a).sum();
        let along = length * length / curvature;
        for l in 0..r.len() {
            gamma[l] += along * step[l];
            r[l] -= along * applied[l];
        }
        let next = size(&r, diagonal);
        let keep = (next / length) * (next / length);
        for ((s, r), d) in step.iter_mut().zip(&r).zip(diagonal) {
            *s = r / d + keep * *s;
        }
        length = next;
    }
    Err(Error::NoConvergence {
        what: "absorbing the fixed effects".to_owned(),
        n_iter: MAX_ITERATIONS,
        last: length,
        tolerance: goal,
    })
}

/// Weighted means over the main levels of Bγ.
fn means(plan: &Plan<'_>, gamma: &[f64]) -> Vec<f64> {
    let mut means = vec![0.0; plan.main.n];
    for (i, &a) in plan.main.codes.iter().enumerate() {
        means[a as usize] += plan.weights.at(i) * plan.levels(i).map(|l| gamma[l]).sum::<f64>();
    }
    divide(&mut means, &plan.total, 1);
    means
}

/// S γ.
fn apply(plan: &Plan<'_>, gamma: &[f64]) -> Vec<f64> {
    let means = means(plan, gamma);
    let mut out = vec![0.0; plan.m];
    for (i, &a) in plan.main.codes.iter().enumerate() {
        let left = plan.levels(i).map(|l| gamma[l]).sum::<f64>() - means[a as usize];
        for l in plan.levels(i) {
            out[l] += plan.weights.at(i) * left;
        }
    }
    out
}
