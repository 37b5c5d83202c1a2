//! The fit with one coefficient held, seen through the design of the free one: what tests that impose the null
//! are made of.

use crate::design::ModelMatrix;
use crate::error::Result;
use crate::regression::family::{Family, Link};
use crate::regression::glm::{Glm, Options, glm};
use crate::regression::outcome::Outcome;
use crate::regression::scores::Scores;

/// Scores of the free design at the fit in which coefficient j is held at `value`.
///
/// # Errors
/// Those of the fit.
pub fn restricted(free: &Glm, outcome: &Outcome, j: usize, value: f64, column: &str) -> Result<Scores> {
    if free.family == Family::Gaussian && free.link == Link::Identity {
        return Ok(least_squares(free, outcome, j, value));
    }
    let x: &ModelMatrix = &free.scores.x;
    let held = x.column(j);
    let others: Vec<usize> = (0..x.n_columns()).filter(|&k| k != j).collect();
    let offset: Vec<f64> = (0..outcome.len()).map(|i| outcome.offset(i) + value * held[i]).collect();
    let moved = Outcome { offset: Some(offset.clone()), ..outcome.clone() };
    let eta = if others.is_empty() {
        offset
    } else {
        let options = Options { family: free.family, link: free.link, quasi: false, start: None, column };
        glm(&x.select(&others), &moved, options)?.eta
    };
    let (mut w, mut u) = (Vec::with_capacity(eta.len()), Vec::with_capacity(eta.len()));
    for (i, &e) in eta.iter().enumerate() {
        let at = free.family.point(free.link, e);
        w.push(outcome.prior(i) * outcome.n[i] * at.slope * at.factor);
        u.push(outcome.prior(i) * (outcome.sum[i] - outcome.n[i] * at.mu) * at.factor);
    }
    Scores::new(x.clone(), w, u, vec![0.0; eta.len()], free.scores.rows.clone(), free.n_obs)
}

/// Least squares under β_j = b without another fit: β̂ − Me_j (β̂_j − b)/M_jj with M = (X′WX)⁻¹.
fn least_squares(free: &Glm, outcome: &Outcome, j: usize, value: f64) -> Scores {
    let root = &free.scores.root;
    let along = root.dot(&root.row(j));
    let step: Vec<f64> = along.iter().map(|m| m * (value - free.beta[j]) / along[j]).collect();
    let mut scores = free.scores.clone();
    let mut eta = free.eta.clone();
    scores.x.add_linear(&step, &mut eta);
    for (i, (u, e)) in scores.u.iter_mut().zip(&eta).enumerate() {
        *u = outcome.prior(i) * (outcome.sum[i] - outcome.n[i] * e);
    }
    scores
}
