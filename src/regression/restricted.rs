//! The fit with one coefficient held, seen through the design of the free one: what tests that impose the null
//! are made of.

use crate::design::ModelMatrix;
use crate::error::Result;
use crate::regression::family::{Family, Link};
use crate::regression::glm::{Glm, Options, glm};
use crate::regression::lm::lm;
use crate::regression::outcome::Outcome;
use crate::regression::scores::Scores;

/// Scores of the free design at the fit in which coefficient j is held at `value`.
///
/// # Errors
/// Those of the fit.
pub fn restricted(free: &Glm, outcome: &Outcome, j: usize, value: f64, column: &str) -> Result<Scores> {
    let x: &ModelMatrix = &free.scores.x;
    let held = x.column(j);
    let others: Vec<usize> = (0..x.n_columns()).filter(|&k| k != j).collect();
    let offset: Vec<f64> = (0..outcome.len()).map(|i| outcome.offset(i) + value * held[i]).collect();
    let moved = Outcome { offset: Some(offset.clone()), ..outcome.clone() };
    let linear = free.family == Family::Gaussian && free.link == Link::Identity;
    let eta = if others.is_empty() {
        offset
    } else if linear {
        lm(&x.select(&others), &moved, column)?.fit.eta
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
    let rows = free.scores.rows.clone();
    if linear {
        return Ok(Scores { w, u, rows, ..free.scores.clone() });
    }
    Scores::new(x.clone(), w, u, vec![0.0; eta.len()], rows, free.n_obs)
}
