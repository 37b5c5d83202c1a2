//! The outcome by cells: rows that share every covariate are kept as n, Σy, Σy².
//!
//! Cells give exactly the estimates and the cluster-robust errors of the rows they stand for (Wong,
//! Forsell, Lewis, Mao and Wardrop 2021): the score of a cell is Σ over its rows, and what a
//! heteroskedasticity-robust covariance needs beyond it is Σ(y − μ)² = Σy² − 2μΣy + nμ².

use crate::error::{Error, Result};
use crate::regression::family::Family;

/// What the sums stand for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Rows are 0 or 1: Σy² = Σy.
    Binary,
    /// All rows of a cell have the same y (counts: the outcome is one of the cell's keys).
    Same,
    /// Anything, for least squares.
    Moments,
    /// Counts that differ within a cell: estimates and robust errors follow from the sums, the likelihood does not.
    Sums,
    /// A cell is one observation of Σy successes in n trials.
    Trials,
}

/// n, Σy, Σy² per cell, a prior weight and an offset per row.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// What the sums stand for.
    pub kind: Kind,
    /// Rows (or trials) of each cell.
    pub n: Vec<f64>,
    /// Σy.
    pub sum: Vec<f64>,
    /// Σy².
    pub sum2: Vec<f64>,
    /// Weight of each row of the cell (analytic or probability), if any.
    pub prior: Option<Vec<f64>>,
    /// Known part of η.
    pub offset: Option<Vec<f64>>,
}

impl Outcome {
    /// One row per cell.
    pub fn rows(y: &[f64]) -> Self {
        Self {
            kind: Kind::Same,
            n: vec![1.0; y.len()],
            sum: y.to_vec(),
            sum2: y.iter().map(|v| v * v).collect(),
            prior: None,
            offset: None,
        }
    }

    /// Some of the cells.
    #[must_use]
    pub fn take(&self, rows: &[usize]) -> Self {
        let of = |v: &[f64]| rows.iter().map(|&i| v[i]).collect::<Vec<f64>>();
        Self {
            kind: self.kind,
            n: of(&self.n),
            sum: of(&self.sum),
            sum2: of(&self.sum2),
            prior: self.prior.as_deref().map(of),
            offset: self.offset.as_deref().map(of),
        }
    }

    /// Cells.
    pub fn len(&self) -> usize {
        self.n.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.n.is_empty()
    }

    /// Prior weight of the rows of cell i.
    #[inline]
    pub fn prior(&self, i: usize) -> f64 {
        self.prior.as_ref().map_or(1.0, |w| w[i])
    }

    /// Offset of cell i.
    #[inline]
    pub fn offset(&self, i: usize) -> f64 {
        self.offset.as_ref().map_or(0.0, |o| o[i])
    }

    /// Observations: rows with a positive prior weight; cells when they are trials.
    pub fn n_obs(&self) -> f64 {
        let counted = |i: usize| self.prior(i) > 0.0 && self.n[i] > 0.0;
        if self.kind == Kind::Trials {
            (0..self.len()).filter(|&i| counted(i)).count() as f64
        } else {
            (0..self.len()).filter(|&i| counted(i)).map(|i| self.n[i]).sum()
        }
    }

    /// Weighted mean of the outcome (per trial).
    pub fn mean(&self) -> f64 {
        let total: f64 = (0..self.len()).map(|i| self.prior(i) * self.n[i]).sum();
        (0..self.len()).map(|i| self.prior(i) * self.sum[i]).sum::<f64>() / total
    }

    /// Σ over the rows of cell i of (y − μ)²; a cell of trials is one row.
    #[inline]
    pub fn squares(&self, i: usize, mu: f64) -> f64 {
        if matches!(self.kind, Kind::Trials | Kind::Same) {
            let e = self.sum[i] - self.n[i] * mu;
            return if self.kind == Kind::Same { e * e / self.n[i] } else { e * e };
        }
        (self.sum2[i] - 2.0 * mu * self.sum[i] + self.n[i] * mu * mu).max(0.0)
    }

    /// Refuses outcomes that the family cannot have; `column` names the outcome.
    ///
    /// # Errors
    /// `Values` with the offending cells, `Constant` when all outcomes are equal.
    pub fn check(&self, family: Family, column: &str) -> Result<()> {
        let (expected, bad): (&str, Box<dyn Fn(usize) -> bool>) = match family {
            Family::Gaussian => ("finite numbers", Box::new(|i| !self.sum[i].is_finite())),
            Family::Binomial => (
                "0 and 1 (or successes with trials=…, no more than the trials)",
                Box::new(|i| self.sum[i] < 0.0 || self.sum[i] > self.n[i]),
            ),
            Family::Poisson | Family::NegativeBinomial(_) => {
                ("counts of 0 or more", Box::new(|i| self.sum[i] < 0.0))
            }
            Family::Gamma => ("positive numbers", Box::new(|i| self.sum[i] <= 0.0)),
        };
        if self.kind == Kind::Sums && !matches!(family, Family::Poisson) {
            let reason = "it depends on the outcome of every row, and these cells hold sums only: put the \
                          outcome among the columns of gf.cells(by=…)";
            return Err(Error::Undefined {
                what: format!("a likelihood of \"{column}\""),
                reason: reason.to_owned(),
            });
        }
        let (expected, bad): (&str, Box<dyn Fn(usize) -> bool>) =
            if self.kind == Kind::Binary && family != Family::Gamma {
                (
                    "0 and 1 (of cells: no more than their rows, or total_sq given)",
                    Box::new(|i| self.sum[i] < 0.0 || self.sum[i] > self.n[i]),
                )
            } else {
                (expected, bad)
            };
        let rows: Vec<usize> = (0..self.len()).filter(|&i| bad(i)).collect();
        if let Some(&first) = rows.first() {
            return Err(Error::values(
                column,
                rows.iter().copied(),
                expected,
                self.sum[first] / self.n[first],
            ));
        }
        Ok(())
    }
}
