//! A mixed model before it is fitted: the design in units that the search likes, and the cross-products.
//!
//! Columns of a random slope are divided by their root mean square, so that every part of θ is of the order of one;
//! θ in the units of the data is Λ with its rows divided by the same numbers. Columns of X and y are taken from
//! their weighted means where there is an intercept. Analytic weights w: variance σ²/w, with Σ log w in the likelihood;
//! frequency weights and cells: Σ over the rows they stand for.

use ndarray::Array2;

use crate::design::ModelMatrix;
use crate::error::{Error, Result};
use crate::mixed::blocks::{Blocks, Design, Response};
use crate::mixed::deviance::Deviance;
use crate::mixed::structure::Structure;
use crate::mixed::term::{Basis, RandomTerm, nested};
use crate::num::linalg::Gram;
use crate::regression::outcome::Outcome;

/// A column whose part outside the span of the earlier ones is below this share of its squared length is aliased.
const ALIAS: f64 = 1e-11;
/// A column is constant where its squares about the mean are below this share of those about 0.
const CONSTANT: f64 = 1e-22;

/// Design and cross-products of a linear mixed model.
#[derive(Debug, Clone)]
pub struct Problem {
    /// The design, its slopes scaled.
    pub design: Design,
    /// C′WC.
    pub products: Blocks,
    /// Per term, per column: its root mean square.
    pub scale: Vec<Vec<f64>>,
    /// What was taken from y.
    pub y_centre: f64,
    /// Observations.
    pub n: f64,
    /// Σ log w.
    pub ln_weights: f64,
    /// Σw(y − centre)².
    pub total: f64,
    /// Weight of each row or cell.
    pub w: Vec<f64>,
    /// Rows that each row or cell stands for.
    pub rows: Vec<f64>,
    /// Σw(y − centre) of each row or cell.
    pub wy: Vec<f64>,
}

impl Problem {
    /// Arranges a model; `column` names the outcome in errors.
    ///
    /// # Errors
    /// `Constant` for a grouping factor of one level or a constant outcome; `InvalidOption` for as many random effects
    /// as rows, or two factors that group alike; `Aliased` for columns in the span of others; `TooFew`.
    pub fn new(mut terms: Vec<RandomTerm>, x: ModelMatrix, outcome: &Outcome, column: &str) -> Result<Self> {
        let (n, p) = (outcome.n_obs(), x.n_columns());
        terms.iter().try_for_each(|t| t.check(n))?;
        distinct(&terms)?;
        enough(n, p)?;
        let w: Vec<f64> = (0..outcome.len()).map(|i| outcome.prior(i) * outcome.n[i]).collect();
        let scale = terms.iter_mut().map(|t| rescale(t, &w)).collect::<Result<Vec<_>>>()?;
        let has_intercept = x.names().iter().any(|name| name == "(intercept)");
        let centre = if has_intercept { centres(&x, &w)? } else { vec![0.0; p] };
        let structure = Structure::new(&terms, p)?;
        let products = Blocks::zeros(&structure);
        let ln_weights = outcome.prior.as_ref().map_or(0.0, |prior| {
            prior.iter().zip(&outcome.n).filter(|(w, _)| **w > 0.0).map(|(w, n)| n * w.ln()).sum()
        });
        let y_centre = if has_intercept { outcome.mean() } else { 0.0 };
        let design = Design { terms, x, structure, centre };
        let mut out = Self {
            design,
            products,
            scale,
            y_centre,
            n,
            ln_weights,
            total: 0.0,
            w,
            rows: outcome.n.clone(),
            wy: Vec::new(),
        };
        out.refill(outcome);
        if out.total <= 0.0 || !out.total.is_finite() {
            return Err(Error::Constant { column: column.to_owned(), n: outcome.len() });
        }
        out.full_rank()?;
        Ok(out)
    }

    /// Takes another outcome on the same rows and weights.
    pub fn refill(&mut self, outcome: &Outcome) {
        let c = self.y_centre;
        let sums: Vec<f64> =
            (0..outcome.len()).map(|i| outcome.prior(i) * (outcome.sum[i] - outcome.n[i] * c)).collect();
        self.total = (0..outcome.len()).map(|i| outcome.prior(i) * outcome.squares(i, c)).sum();
        let response = Response { w: &self.w, wy: &sums, yy: self.total };
        self.design.fill(response, &mut self.products);
        self.wy = sums;
    }

    /// The profiled deviance in scaled θ.
    pub fn deviance(&self, reml: bool) -> Deviance<'_> {
        Deviance {
            terms: &self.design.terms,
            structure: &self.design.structure,
            products: &self.products,
            n: self.n,
            ln_weights: self.ln_weights,
            reml,
        }
    }

    /// Names of the fixed columns.
    pub fn names(&self) -> &[String] {
        self.design.x.names()
    }

    /// Number of parts of θ.
    pub fn n_theta(&self) -> usize {
        self.design.terms.iter().map(RandomTerm::n_theta).sum()
    }

    /// Per part of θ: its term and its place (row, column) in Λ.
    pub fn entries(&self) -> Vec<(usize, (usize, usize))> {
        let terms = self.design.terms.iter().enumerate();
        terms.flat_map(|(t, term)| term.free.iter().map(move |&e| (t, e))).collect()
    }

    /// θ of the data's units from scaled θ, or back.
    pub fn unscaled(&self, theta: &[f64]) -> Vec<f64> {
        self.entries().iter().zip(theta).map(|(&(t, (i, _)), v)| v / self.scale[t][i]).collect()
    }

    /// Scaled θ from θ in the units of the data.
    pub fn scaled(&self, theta: &[f64]) -> Vec<f64> {
        self.entries().iter().zip(theta).map(|(&(t, (i, _)), v)| v * self.scale[t][i]).collect()
    }

    /// β and its covariance (p × p) in the units of the data, from those of centred columns.
    pub fn uncentre(&self, beta: &[f64], covariance: &[f64]) -> (Vec<f64>, Array2<f64>) {
        let (p, centre) = (beta.len(), &self.design.centre);
        let mut out = beta.to_vec();
        if let Some(j) = self.names().iter().position(|name| name == "(intercept)") {
            out[j] += self.y_centre - centre.iter().zip(beta).map(|(c, b)| c * b).sum::<f64>();
        }
        let (shift, v) = (self.shift(), Array2::from_shape_fn((p, p), |(i, j)| covariance[i * p + j]));
        (out, shift.dot(&v).dot(&shift.t()))
    }

    /// S with β = S β_c + constant: from coefficients of centred columns to those of the data's.
    pub fn shift(&self) -> Array2<f64> {
        let p = self.names().len();
        let mut shift = Array2::eye(p);
        if let Some(j) = self.names().iter().position(|name| name == "(intercept)") {
            (0..p).filter(|&k| k != j).for_each(|k| shift[[j, k]] = -self.design.centre[k]);
        }
        shift
    }

    fn full_rank(&self) -> Result<()> {
        let (t, m, p) = (self.design.structure.tail(), self.design.structure.m, self.design.structure.p);
        let at = |i: usize, j: usize| self.products.tail[(m + i.min(j)) * t + m + i.max(j)];
        let mut gram = Array2::from_shape_fn((p, p), |(i, j)| at(i, j));
        let weight: f64 = self.w.iter().sum();
        for j in 0..p {
            if gram[[j, j]] <= CONSTANT * weight * self.design.centre[j].powi(2) {
                gram[[j, j]] = 0.0;
            }
        }
        let gram = Gram::new(gram.view(), ALIAS);
        if gram.aliased().is_empty() {
            return Ok(());
        }
        Err(Error::Aliased { columns: gram.aliased().iter().map(|&j| self.names()[j].clone()).collect() })
    }
}

fn enough(n: f64, p: usize) -> Result<()> {
    if n > p as f64 + 1.0 {
        return Ok(());
    }
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // a count of rows
    let got = n as usize;
    Err(Error::TooFew { what: format!("a mixed model with {p} fixed effects"), needed: p + 2, got })
}

/// Weighted means of the columns that do not code levels; 0 for those that do, and for the intercept.
pub(super) fn centres(x: &ModelMatrix, w: &[f64]) -> Result<Vec<f64>> {
    let sums = x.cross(w, crate::design::Rows::All)?;
    let total: f64 = w.iter().sum();
    let kept = x.indicators().into_iter().zip(x.names()).map(|(plain, name)| plain || name == "(intercept)");
    Ok(kept.zip(sums).map(|(kept, s)| if kept { 0.0 } else { s / total }).collect())
}

/// Divides the columns of the basis by their root mean squares, and returns these.
pub(super) fn rescale(term: &mut RandomTerm, w: &[f64]) -> Result<Vec<f64>> {
    let q = term.q();
    let total: f64 = w.iter().sum();
    let gram = Array2::from_shape_fn((q, q), |(a, b)| {
        (0..w.len()).map(|i| w[i] * term.basis[a].at(i) * term.basis[b].at(i)).sum::<f64>() / total
    });
    let found = Gram::new(gram.view(), ALIAS);
    if let Some(&j) = found.aliased().first() {
        return Err(Error::Aliased { columns: vec![format!("{} | {}", term.columns[j], term.name)] });
    }
    let scale: Vec<f64> = (0..q).map(|a| gram[[a, a]].sqrt()).collect();
    for (basis, scale) in term.basis.iter_mut().zip(&scale) {
        if let Basis::Column(x) = basis {
            x.iter_mut().for_each(|v| *v /= scale);
        }
    }
    Ok(term.basis.iter().zip(scale).map(|(b, s)| if *b == Basis::One { 1.0 } else { s }).collect())
}

/// Two factors that group the rows alike cannot both have a variance.
pub(super) fn distinct(terms: &[RandomTerm]) -> Result<()> {
    for (s, a) in terms.iter().enumerate() {
        for b in &terms[s + 1..] {
            if a.n_levels() == b.n_levels() && nested(a, b).is_some() && nested(b, a).is_some() {
                let expected = "grouping factors that differ: two with the same groups share one variance";
                return Err(Error::option("formula", expected, format!("\"{}\" and \"{}\"", a.name, b.name)));
            }
        }
    }
    Ok(())
}
