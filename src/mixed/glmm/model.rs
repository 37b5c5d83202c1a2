//! A generalised linear mixed model before it is fitted.
//!
//! η = o + Xβ + ZΛu, u ~ N(0, I), cells conditionally independent given u. The design of the random effects is the one of the
//! linear model with no fixed columns and no outcome: of Λ′Z′WZΛ + I only the numbers in W move. Slopes are in units
//! of their root mean squares and columns of X are taken from their means, as in [`crate::mixed::problem`].
//!
//! The parameters in the order of the search: β of the centred columns (p), θ (k), ln φ where the family has one.

use crate::design::{ModelMatrix, Rows};
use crate::error::{Error, Result};
use crate::mixed::blocks::{Blocks, Design, Response};
use crate::mixed::glmm::density::Density;
use crate::mixed::problem::{centres, distinct, rescale};
use crate::mixed::structure::Structure;
use crate::mixed::term::RandomTerm;
use crate::regression::outcome::{Kind, Outcome};

/// Design, outcome and family.
#[derive(Debug, Clone)]
pub struct Model {
    /// Random terms (slopes scaled) arranged; no fixed columns.
    pub design: Design,
    /// Fixed columns.
    pub x: ModelMatrix,
    /// What is taken from each column of X.
    pub centre: Vec<f64>,
    /// Per term, per column: its root mean square.
    pub scale: Vec<Vec<f64>>,
    /// Family and link.
    pub density: Density,
    /// Frequency of each cell: its log density counts that often.
    pub frequency: Vec<f64>,
    /// Trials (or rows) of each cell.
    pub trials: Vec<f64>,
    /// Σy of each cell.
    pub sum: Vec<f64>,
    /// Known part of η.
    pub offset: Vec<f64>,
    /// Part of the log likelihood without a parameter; `None` where cells of unequal counts do not hold it.
    pub constant: Option<f64>,
    /// Observations.
    pub n_obs: f64,
}

impl Model {
    /// Arranges a model whose fixed columns are known to be of full rank.
    ///
    /// # Errors
    /// `Constant` for a grouping factor of one level; `InvalidOption` for two factors that group alike;
    /// `Separation` for a factor within whose levels a 0/1 outcome never varies.
    pub fn new(
        mut terms: Vec<RandomTerm>,
        x: ModelMatrix,
        outcome: &Outcome,
        density: Density,
        column: &str,
    ) -> Result<Self> {
        let m = outcome.len();
        for term in &terms {
            // As many levels as rows are allowed: an effect per count is a model of overdispersion.
            if term.n_levels() < 2 {
                return Err(Error::Constant { column: term.name.clone(), n: m });
            }
        }
        distinct(&terms)?;
        let rows: Vec<f64> = (0..m).map(|i| outcome.prior(i) * outcome.n[i]).collect();
        let scale = terms.iter_mut().map(|t| rescale(t, &rows)).collect::<Result<Vec<_>>>()?;
        let p = x.n_columns();
        let has_intercept = x.names().iter().any(|name| name == "(intercept)");
        let centre = if has_intercept { centres(&x, &rows)? } else { vec![0.0; p] };
        let structure = Structure::new(&terms, 0)?;
        let none = ModelMatrix::new(m, Vec::new(), Vec::new(), Vec::new());
        // Poisson counts add up; others need cells that share their count.
        let alike = uniform(outcome);
        let same = outcome.kind == Kind::Same && alike;
        if !alike && density != Density::Poisson {
            let expected = "rows, or cells with the outcome among their keys: this family needs each value";
            return Err(Error::option("table", expected, "cells of different outcomes"));
        }
        let mut out = Self {
            design: Design { terms, x: none, structure, centre: Vec::new() },
            x,
            centre,
            scale,
            density,
            frequency: (0..m).map(|i| outcome.prior(i) * if same { outcome.n[i] } else { 1.0 }).collect(),
            trials: if same { vec![1.0; m] } else { outcome.n.clone() },
            sum: (0..m).map(|i| if same { outcome.sum[i] / outcome.n[i] } else { outcome.sum[i] }).collect(),
            offset: (0..m).map(|i| outcome.offset(i)).collect(),
            constant: None,
            n_obs: outcome.n_obs(),
        };
        let each = |i: usize| out.frequency[i] * density.constant(out.trials[i], out.sum[i], outcome.kind);
        out.constant = alike.then(|| (0..m).map(each).sum());
        out.varies_within(column)?;
        Ok(out)
    }

    /// Fixed effects.
    pub fn p(&self) -> usize {
        self.x.n_columns()
    }

    /// Parts of θ.
    pub fn n_theta(&self) -> usize {
        self.design.terms.iter().map(RandomTerm::n_theta).sum()
    }

    /// Parameters of the likelihood.
    pub fn n_parameters(&self) -> usize {
        self.p() + self.n_theta() + usize::from(self.density.has_dispersion())
    }

    /// Cells.
    pub fn len(&self) -> usize {
        self.sum.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.sum.is_empty()
    }

    /// β, θ, φ of a parameter vector (φ is 1 where there is none).
    pub fn split<'a>(&self, psi: &'a [f64]) -> (&'a [f64], &'a [f64], f64) {
        let (beta, rest) = psi.split_at(self.p());
        let (theta, phi) = rest.split_at(self.n_theta());
        (beta, theta, phi.first().map_or(1.0, |v| v.exp()))
    }

    /// Per part of θ: its term and its place (row, column) in Λ.
    pub fn entries(&self) -> Vec<(usize, (usize, usize))> {
        let terms = self.design.terms.iter().enumerate();
        terms.flat_map(|(t, term)| term.free.iter().map(move |&e| (t, e))).collect()
    }

    /// Λ of every term.
    pub fn lambda(&self, theta: &[f64]) -> Vec<Vec<f64>> {
        let mut rest = theta;
        let mut out = Vec::with_capacity(self.design.terms.len());
        for term in &self.design.terms {
            let (own, later) = rest.split_at(term.n_theta());
            out.push(term.lambda(own));
            rest = later;
        }
        out
    }

    /// o + (X − 1c′)β, added to `out`.
    pub fn fixed_part(&self, beta: &[f64]) -> Vec<f64> {
        let shift: f64 = beta.iter().zip(&self.centre).map(|(b, c)| b * c).sum();
        let mut out: Vec<f64> = self.offset.iter().map(|o| o - shift).collect();
        self.x.add_linear(beta, &mut out);
        out
    }

    /// ZΛu, added to `out`.
    pub fn add_random(&self, lambda: &[Vec<f64>], u: &[Vec<f64>], out: &mut [f64]) {
        for ((term, lambda), u) in self.design.terms.iter().zip(lambda).zip(u) {
            let q = term.q();
            if q == 1 {
                let b: Vec<f64> = u.iter().map(|u| lambda[0] * u).collect();
                match &term.basis[0] {
                    crate::mixed::term::Basis::One => {
                        out.iter_mut().zip(&term.codes).for_each(|(o, &c)| *o += b[c as usize]);
                    }
                    crate::mixed::term::Basis::Column(x) => {
                        out.iter_mut()
                            .zip(&term.codes)
                            .zip(x)
                            .for_each(|((o, &c), x)| *o += b[c as usize] * x);
                    }
                }
                continue;
            }
            let b = times_lambda(u, lambda, q);
            for (i, (o, &c)) in out.iter_mut().zip(&term.codes).enumerate() {
                let own = &b[c as usize * q..(c as usize + 1) * q];
                *o += term.basis.iter().zip(own).map(|(z, b)| z.at(i) * b).sum::<f64>();
            }
        }
    }

    /// Z′v per term.
    pub fn random_cross(&self, v: &[f64]) -> Vec<Vec<f64>> {
        let sums = |term: &RandomTerm| {
            let q = term.q();
            let mut out = vec![0.0; q * term.n_levels()];
            for (k, basis) in term.basis.iter().enumerate() {
                match basis {
                    crate::mixed::term::Basis::One => {
                        term.codes.iter().zip(v).for_each(|(&c, v)| out[c as usize * q + k] += v);
                    }
                    crate::mixed::term::Basis::Column(x) => {
                        let rows = term.codes.iter().zip(v).zip(x);
                        rows.for_each(|((&c, v), x)| out[c as usize * q + k] += v * x);
                    }
                }
            }
            out
        };
        self.design.terms.iter().map(sums).collect()
    }

    /// (X − 1c′)′v.
    ///
    /// # Errors
    /// Those of the thread pool.
    pub fn fixed_cross(&self, v: &[f64]) -> Result<Vec<f64>> {
        let total: f64 = v.iter().sum();
        let mut out = self.x.cross(v, Rows::All)?;
        out.iter_mut().zip(&self.centre).for_each(|(o, c)| *o -= c * total);
        Ok(out)
    }

    /// Λ′Z′WZΛ + I before scaling, from the weights of the cells.
    pub fn fill(&self, w: &[f64], zeros: &[f64], blocks: &mut Blocks) {
        self.design.fill(Response { w, wy: zeros, yy: 0.0 }, blocks);
    }

    /// A factor within whose levels the outcome is always 0 or always 1 has no finite variance.
    fn varies_within(&self, column: &str) -> Result<()> {
        if !matches!(self.density, Density::Binomial(_)) {
            return Ok(());
        }
        for term in &self.design.terms {
            let mut totals = vec![(0.0, 0.0); term.n_levels()];
            for (i, &c) in term.codes.iter().enumerate() {
                totals[c as usize].0 += self.frequency[i] * self.trials[i];
                totals[c as usize].1 += self.frequency[i] * self.sum[i];
            }
            let pure = |t: &(f64, f64)| t.1 == 0.0 || t.1 >= t.0;
            if totals.iter().all(pure) {
                let pattern = format!("within every level of \"{}\" it is always 0 or always 1", term.name);
                return Err(Error::Separation {
                    outcome: column.to_owned(),
                    columns: vec![term.name.clone()],
                    rows: Vec::new(),
                    pattern,
                });
            }
        }
        Ok(())
    }
}

/// Whether the rows of every cell share their outcome (0/1 rows and trials need not).
fn uniform(outcome: &Outcome) -> bool {
    if outcome.kind == Kind::Sums {
        return false;
    }
    outcome.kind != Kind::Same
        || (0..outcome.len()).all(|i| {
            let (n, s, s2) = (outcome.n[i], outcome.sum[i], outcome.sum2[i]);
            (s2 * n - s * s).abs() <= 1e-9 * (s2 * n).abs()
        })
}

/// Λu of every level.
pub fn times_lambda(u: &[f64], lambda: &[f64], q: usize) -> Vec<f64> {
    let row = |u: &[f64], i: usize| (0..=i).map(|k| lambda[i * q + k] * u[k]).sum::<f64>();
    u.chunks_exact(q).flat_map(|u| (0..q).map(move |i| row(u, i))).collect()
}

/// Λ′r of every level, in place.
pub fn times_lambda_transposed(r: &mut [f64], lambda: &[f64], q: usize) {
    for r in r.chunks_exact_mut(q) {
        for j in 0..q {
            r[j] = (j..q).map(|i| lambda[i * q + j] * r[i]).sum();
        }
    }
}
