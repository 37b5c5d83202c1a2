//! The parametric bootstrap of linear mixed models: y* = Xβ̂ + Zb* + e*, b* ~ N(0, σ̂²Λ̂Λ̂′), e* ~ N(0, σ̂²W⁻¹), fitted again.
//!
//! A cell of n rows draws Σy* and the squares about its mean, σ̂²/w χ²(n − 1). Replicate i belongs to stream (seed, i), so several
//! models of the same rows see the same draws: a change of variance between them is compared within the draw.

use crate::error::{Error, Result};
use crate::imputation::draws::{chi_square, standard_normal};
use crate::mixed::lmm::{Lmm, lmm};
use crate::mixed::problem::Problem;
use crate::mixed::summary::{components, overall};
use crate::parallel::{Control, map_chunks};
use crate::regression::outcome::{Kind, Outcome};
use crate::rng::Stream;

/// Replicates per unit of parallel work.
const BLOCK: usize = 4;
/// Least start of a diagonal part of θ: the slope of the deviance is 0 at 0.
const START: f64 = 0.5;

/// A number of a fit: where it belongs and what it is.
#[derive(Debug, Clone, PartialEq)]
pub struct Named {
    /// Grouping factor, `fixed`, `residual` or `total`.
    pub factor: String,
    /// Coefficient or column; empty for a share.
    pub term: String,
    /// `estimate`, `variance`, `share`, `criterion`.
    pub measure: &'static str,
    /// The number.
    pub value: f64,
}

/// β, variances and covariances, σ², shares of the terms and of all of them, −2 log likelihood.
pub fn numbers(problem: &Problem, fit: &Lmm) -> Vec<Named> {
    let named = |factor: &str, term: &str, measure, value| Named {
        factor: factor.to_owned(),
        term: term.to_owned(),
        measure,
        value,
    };
    let mut out: Vec<Named> =
        problem.names().iter().zip(&fit.beta).map(|(n, b)| named("fixed", n, "estimate", *b)).collect();
    out.extend(components(problem, fit).iter().map(|c| named(&c.factor, &c.term, "variance", c.variance)));
    let whole = overall(problem, fit);
    let between: f64 = whole.random.iter().sum();
    let total = between + whole.residual;
    let terms = problem.design.terms.iter().zip(&whole.random);
    out.extend(terms.map(|(t, v)| named(&t.name, "", "share", v / total)));
    out.push(named("total", "", "share", between / total));
    out.push(named("total", "", "criterion", fit.criterion));
    out
}

/// An outcome drawn from a fit.
pub fn draw(problem: &Problem, fit: &Lmm, stream: &mut Stream) -> Outcome {
    let rows = problem.w.len();
    let mut mean = vec![0.0; rows];
    problem.design.x.add_linear(&fit.beta, &mut mean);
    for (t, term) in problem.design.terms.iter().enumerate() {
        let (q, lambda) = (term.q(), &fit.lambda[t]);
        let mut b = vec![0.0; q * term.n_levels()];
        for level in b.chunks_exact_mut(q) {
            let z: Vec<f64> = (0..q).map(|_| fit.sigma * standard_normal(stream)).collect();
            level
                .iter_mut()
                .enumerate()
                .for_each(|(i, v)| *v = (0..=i).map(|k| lambda[i * q + k] * z[k]).sum());
        }
        for (i, m) in mean.iter_mut().enumerate() {
            let at = term.codes[i] as usize * q;
            *m += (0..q).map(|k| term.basis[k].at(i) * problem.scale[t][k] * b[at + k]).sum::<f64>();
        }
    }
    let mut out = Outcome {
        kind: Kind::Moments,
        n: problem.rows.clone(),
        sum: vec![0.0; rows],
        sum2: vec![0.0; rows],
        prior: Some(
            problem.w.iter().zip(&problem.rows).map(|(w, n)| if *n > 0.0 { w / n } else { 0.0 }).collect(),
        ),
        offset: None,
    };
    for i in 0..rows {
        let (n, w) = (problem.rows[i], problem.w[i]);
        if w <= 0.0 || n <= 0.0 {
            continue;
        }
        // Of n rows with weight w/n each, the mean has variance σ²/w.
        let y = mean[i] + fit.sigma / w.sqrt() * standard_normal(stream);
        let within = if n > 1.0 { fit.sigma * fit.sigma * n / w * chi_square(n - 1.0, stream) } else { 0.0 };
        out.sum[i] = n * y;
        out.sum2[i] = n * y * y + within;
    }
    out
}

/// A model to be refitted: the problem and its fit.
pub type Model<'a> = (&'a Problem, &'a Lmm);

/// Per replicate, the numbers of every model fitted to the same draw from the first; `None` where a fit failed.
///
/// # Errors
/// `Interrupted`; `Length` where the models have different rows.
pub fn replicates(
    models: &[Model<'_>],
    n_resamples: usize,
    seed: u64,
    control: &Control,
) -> Result<Vec<Option<Vec<f64>>>> {
    let Some(&(problem, fit)) = models.first() else { return Ok(Vec::new()) };
    for (other, _) in models {
        if other.w.len() != problem.w.len() {
            return Err(Error::Length {
                what: "rows of the models".to_owned(),
                expected: problem.w.len(),
                got: other.w.len(),
            });
        }
    }
    control.announce(n_resamples as u64);
    let blocks = map_chunks(n_resamples, BLOCK, |range| {
        let mut own: Vec<Problem> = models.iter().map(|(p, _)| (*p).clone()).collect();
        let mut out = Vec::with_capacity(range.len());
        for i in range {
            control.tick(1)?;
            let outcome = draw(problem, fit, &mut Stream::new(seed, i as u64));
            let mut row = Some(Vec::new());
            for (p, (_, fit)) in own.iter_mut().zip(models) {
                p.refill(&outcome);
                match lmm(p, fit.reml, Some(&start(p, fit))) {
                    Ok(again) => {
                        if let Some(row) = row.as_mut() {
                            row.extend(numbers(p, &again).iter().map(|n| n.value));
                        }
                    }
                    Err(_) => row = None,
                }
            }
            out.push(row);
        }
        Ok(out)
    })?;
    Ok(blocks.into_iter().flatten().collect())
}

/// θ̂ away from its bounds.
fn start(problem: &Problem, fit: &Lmm) -> Vec<f64> {
    let mut scaled = problem.scaled(&fit.theta);
    for (v, (_, (i, j))) in scaled.iter_mut().zip(problem.entries()) {
        if i == j {
            *v = v.max(START);
        }
    }
    problem.unscaled(&scaled)
}
