//! What an analysis of synthetic children should find, exactly: sums over every combination of covariates.
//!
//! With P the distribution of the covariates and p the model's probability, the standardised risk of pattern f is
//! R(f) = E_P[p(f, ·)]; of the removal of the factors in S, R∖S = E_P[p(F∖S, ·)]. Ratios, differences, RERI and
//! attributable fractions are functions of these. Everything is over the distribution, not over a sample.

use ndarray::Array1;

use crate::effects::attributable::{average, by_subset, sequential};
use crate::effects::standardise::Estimate;
use crate::error::Result;
use crate::parallel::map_indexed;
use crate::simulate::spec::{FIFTHS, PATTERNS};
use crate::simulate::world::World;

/// Exact answers.
#[derive(Debug, Clone)]
#[must_use]
pub struct Truth {
    /// Share of children with each pattern.
    pub share: [f64; PATTERNS],
    /// Expected share looked after of those who have the pattern.
    pub crude: [f64; PATTERNS],
    /// R(f): expected share looked after had everybody the pattern.
    pub risk: [f64; PATTERNS],
    /// Expected share looked after of all children.
    pub overall: f64,
    /// AF(S) by bits of S; then the parts in order and averaged over orders.
    pub fractions: Vec<f64>,
    /// Fractions when factors are removed in order.
    pub sequential: Vec<f64>,
    /// Fractions averaged over every order.
    pub average: Vec<f64>,
    /// Expected share looked after in each authority.
    pub by_authority: Vec<f64>,
    /// Share of children and share looked after in each fifth.
    pub by_fifth: [(f64, f64); FIFTHS],
}

/// The exact answers of a world.
///
/// # Errors
/// Those of the thread pool.
pub fn truth(world: &World) -> Result<Truth> {
    let k = world.spec.places.len();
    let parts = map_indexed(k, |a| Ok(world.risks(a, world.intercept[a])))?;
    let mut out = Truth {
        share: [0.0; PATTERNS],
        crude: [0.0; PATTERNS],
        risk: [0.0; PATTERNS],
        overall: 0.0,
        fractions: Vec::new(),
        sequential: Vec::new(),
        average: Vec::new(),
        by_authority: Vec::with_capacity(k),
        by_fifth: [(0.0, 0.0); FIFTHS],
    };
    let mut removed = [0.0; PATTERNS];
    for part in &parts {
        let (mut here, mut events) = (0.0, 0.0);
        for (q, (mass, risk)) in part.iter().enumerate() {
            here += mass;
            out.by_fifth[q].0 += mass;
            for f in 0..PATTERNS {
                let joint = mass * world.patterns[q][f];
                out.share[f] += joint;
                out.crude[f] += joint * risk[f];
                out.risk[f] += mass * risk[f];
                out.by_fifth[q].1 += joint * risk[f];
                events += joint * risk[f];
                for (s, sum) in removed.iter_mut().enumerate() {
                    *sum += joint * risk[f & !s];
                }
            }
        }
        out.by_authority.push(events / here);
        out.overall += events;
    }
    for f in 0..PATTERNS {
        out.crude[f] /= out.share[f];
    }
    for (mass, events) in &mut out.by_fifth {
        *events /= if *mass > 0.0 { *mass } else { 1.0 };
    }
    let risks: Vec<Estimate> =
        removed.iter().map(|&value| Estimate { value, gradient: Array1::zeros(0) }).collect();
    let all = by_subset(&risks);
    let values = |parts: &[Estimate]| parts.iter().map(|e| e.value).collect::<Vec<f64>>();
    out.fractions = values(&all);
    out.sequential = values(&sequential(&all, 3));
    out.average = values(&average(&all, 3));
    Ok(out)
}
