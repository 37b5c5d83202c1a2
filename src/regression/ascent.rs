//! Newton's method on a log-likelihood with its exact gradient and curvature.
//!
//! θ ← θ + A⁻¹U, U = ∂l, A = −∂²l; steps are halved until l does not fall and the parameters are
//! admissible; where A is not positive definite its diagonal is raised (Levenberg). The end: a step
//! below 10⁻¹¹ of every standard error. Separation shows as a likelihood that no longer rises while
//! a linear predictor still runs: l is flat to 10⁻⁹ and yet a step moves η by more than 0.1, which
//! for an estimate that exists would mean a standard error of η above 1,000.

use ndarray::Array2;

use crate::error::{Error, Result};
use crate::num::linalg::SmallCholesky;

const MAX_ITER: usize = 200;
const MAX_HALVINGS: usize = 50;
const TOLERANCE: f64 = 1e-11;
/// A change of l below this share of it is flat …
const FLAT: f64 = 1e-9;
/// … and a change of η above this is running.
const RUNNING: f64 = 0.1;
/// What [`Error::Separation`] calls the outcome: a kernel does not know the column's name.
pub const OUTCOME: &str = "the outcome";
/// A longer step in η is cut before it is tried.
const LONGEST: f64 = 10.0;

/// l, U and A (p × p, row-major) at one θ.
#[derive(Debug, Clone)]
pub struct Point {
    /// l.
    pub log_lik: f64,
    /// U.
    pub score: Vec<f64>,
    /// A, both triangles.
    pub information: Vec<f64>,
}

/// The maximum.
#[derive(Debug, Clone)]
pub struct Maximum {
    /// θ̂.
    pub theta: Vec<f64>,
    /// l, U and A there.
    pub point: Point,
    /// A⁻¹: the covariance by the observed information.
    pub vcov: Array2<f64>,
    /// Newton steps.
    pub n_iter: usize,
}

/// What the iteration is about, for its messages and its sense of size.
#[derive(Debug, Clone, Copy)]
pub struct Model<'a> {
    /// The model, in words.
    pub what: &'a str,
    /// Names of the parameters.
    pub names: &'a [String],
    /// What a unit of each parameter does to a linear predictor.
    pub spans: &'a [f64],
}

impl Point {
    /// Zeros for p parameters.
    pub fn zero(p: usize) -> Self {
        Self { log_lik: 0.0, score: vec![0.0; p], information: vec![0.0; p * p] }
    }

    /// Copies the lower triangle of A to the upper one.
    pub fn mirror(&mut self) {
        let p = self.score.len();
        for j in 0..p {
            for k in 0..j {
                self.information[k * p + j] = self.information[j * p + k];
            }
        }
    }
}

impl Model<'_> {
    /// Maximises l from `start`; `at` gives `None` where θ is not admissible.
    ///
    /// # Errors
    /// `Separation` with the parameters that have no finite estimate; `NoConvergence`;
    /// `NotPositiveDefinite` where the curvature at the maximum leaves a parameter undetermined.
    pub fn maximise(&self, start: Vec<f64>, at: impl Fn(&[f64]) -> Option<Point>) -> Result<Maximum> {
        let p = start.len();
        let mut theta = start;
        let mut here = at(&theta).ok_or_else(|| self.failed(0, f64::INFINITY))?;
        let (mut last, mut risen) = (f64::INFINITY, f64::INFINITY);
        for n_iter in 0..MAX_ITER {
            let step = raised_step(&here, p).ok_or_else(|| self.failed(n_iter, last))?;
            let size = (0..p)
                .map(|j| step[j].abs() * here.information[j * p + j].max(0.0).sqrt())
                .fold(0.0, f64::max);
            let change = (0..p).map(|j| step[j].abs() * self.spans[j]).fold(0.0, f64::max);
            if change > RUNNING && risen <= FLAT * (1.0 + here.log_lik.abs()) {
                return Err(self.separated(&step, change));
            }
            if size < TOLERANCE || (size < 1e-8 && size >= 0.5 * last) {
                return self.finished(theta, here, n_iter);
            }
            last = size;
            let length = if change > LONGEST { LONGEST / change } else { 1.0 };
            let next = climb(&at, &theta, &here, &step, length);
            let (moved, point, whole) = next.ok_or_else(|| self.failed(n_iter, last))?;
            // A halved step may rise little for other reasons: an edge of what is admissible.
            risen = if whole { point.log_lik - here.log_lik } else { f64::INFINITY };
            (theta, here) = (moved, point);
        }
        Err(self.failed(MAX_ITER, last))
    }

    fn finished(&self, theta: Vec<f64>, point: Point, n_iter: usize) -> Result<Maximum> {
        let p = theta.len();
        let factor = SmallCholesky::new(&point.information, p)
            .map_err(|pivot| Error::NotPositiveDefinite { pivot, column: self.names[pivot].clone() })?;
        Ok(Maximum { theta, point, vcov: factor.inverse(), n_iter })
    }

    fn failed(&self, n_iter: usize, last: f64) -> Error {
        Error::NoConvergence { what: self.what.to_owned(), n_iter, last, tolerance: TOLERANCE }
    }

    /// Names the parameters that run: those whose part of the step is not small beside the largest.
    fn separated(&self, step: &[f64], change: f64) -> Error {
        let runs = |j: &usize| step[*j].abs() * self.spans[*j] > 0.05 * change;
        Error::Separation {
            outcome: OUTCOME.to_owned(),
            columns: (0..step.len()).filter(runs).map(|j| self.names[j].clone()).collect(),
            rows: Vec::new(),
            pattern: format!("the likelihood of {} rises without end along them", self.what),
        }
    }
}

/// A⁻¹U, the diagonal of A raised where A is not positive definite.
fn raised_step(here: &Point, p: usize) -> Option<Vec<f64>> {
    let mut step = here.score.clone();
    let largest = (0..p).map(|j| here.information[j * p + j].abs()).fold(0.0, f64::max);
    let mut raise = 0.0;
    for _ in 0..30 {
        let mut a = here.information.clone();
        for j in 0..p {
            a[j * p + j] += raise * (a[j * p + j].abs() + 1e-8 * largest);
        }
        if let Ok(factor) = SmallCholesky::new(&a, p) {
            factor.solve(&mut step);
            return step.iter().all(|v| v.is_finite()).then_some(step);
        }
        raise = if raise == 0.0 { 1e-6 } else { raise * 4.0 };
    }
    None
}

/// The step halved until l does not fall, and whether it is whole.
fn climb(
    at: &impl Fn(&[f64]) -> Option<Point>,
    theta: &[f64],
    here: &Point,
    step: &[f64],
    mut length: f64,
) -> Option<(Vec<f64>, Point, bool)> {
    let slack = 1e-12 * here.log_lik.abs().max(1.0);
    for halvings in 0..MAX_HALVINGS {
        let next: Vec<f64> = theta.iter().zip(step).map(|(t, d)| t + length * d).collect();
        match at(&next) {
            Some(point) if point.log_lik >= here.log_lik - slack => {
                return Some((next, point, halvings == 0));
            }
            _ => length *= 0.5,
        }
    }
    None
}
