//! Firth's logistic regression of grouped outcomes: finite estimates also where groups separate.
//!
//! Row i has s_i successes of m_i trials (m = 1: single children), logit π = o + x′β. β̂ maximises
//! l*(β) = Σ s ln π + (m − s) ln(1 − π) + ½ ln|X′WX|, W = diag(mπ(1 − π)): the likelihood with
//! Jeffreys' prior, which takes away the bias of order 1/n (Firth 1993) and always has a finite
//! maximum (Heinze and Schemper 2002; Kosmidis and Firth 2021). Newton's method on the exact
//! curvature of l*, steps halved until l* rises. Covariance: (X′WX)⁻¹ at β̂.
//!
//! Trials are frequency weights: a row (s, m) equals its m single rows. Binomial coefficients are
//! left out of both log-likelihoods, so grouping does not change them. Profile limits and
//! penalised-likelihood-ratio tests: [`super::firth_profile`].
//!
//! Shrinking pulls the mean prediction towards one half. [`Firth::flic`] (Puhr and others 2017)
//! re-estimates the intercept alone by maximum likelihood, so that it equals the observed share.

use ndarray::{Array1, Array2, ArrayView2, Axis};

use crate::design::ModelMatrix;
use crate::error::{Error, Result};
use crate::num::linalg::SmallCholesky;
use crate::num::root::brent;
use crate::regression::firth_state::{Patterns, State};
use crate::regression::rank;
use crate::regression::scores::Scores;

const MAX_ITER: usize = 200;
const MAX_HALVINGS: usize = 40;
/// A Newton step below this share of every standard error is rounding.
const TOLERANCE: f64 = 1e-11;
/// A longer step in a linear predictor's units is cut: π would jump from 0 to 1.
const LONGEST: f64 = 5.0;

/// A fitted model.
#[derive(Debug, Clone)]
#[must_use]
pub struct Firth {
    /// Columns.
    pub names: Vec<String>,
    /// Coefficients (p).
    pub beta: Array1<f64>,
    /// Inverse Fisher information at β̂ (p × p).
    pub vcov: Array2<f64>,
    /// l*(β̂).
    pub penalised_log_lik: f64,
    /// l(β̂).
    pub log_lik: f64,
    /// Newton steps.
    pub n_iter: usize,
    /// Leverages (n), Σ = p.
    pub hat: Vec<f64>,
    /// Fitted probabilities (n).
    pub fitted: Vec<f64>,
    /// Σ m.
    pub n_obs: f64,
    pub(super) patterns: Patterns,
    pub(super) state: State,
}

/// A fit with the intercept corrected.
#[derive(Debug, Clone)]
pub struct Flic {
    /// Coefficients, the intercept replaced (p).
    pub beta: Array1<f64>,
    /// Fitted probabilities (n), whose mean over trials is the observed share.
    pub fitted: Vec<f64>,
    /// Standard error of the new intercept: from the information at the new coefficients.
    pub std_error: f64,
}

/// A maximum of l*, with one coefficient held where asked.
#[derive(Debug, Clone)]
pub(super) struct Maximum {
    pub beta: Vec<f64>,
    pub state: State,
    pub n_iter: usize,
}

/// Fits `successes` of `trials` (n) on `x` (n × p, with the intercept's column if wanted).
///
/// # Errors
/// `Length`, `Values` for impossible counts or values that are not finite, `Aliased`, `TooFew`,
/// `NoConvergence`.
pub fn firth(
    successes: &[f64],
    trials: &[f64],
    x: ArrayView2<'_, f64>,
    names: &[String],
    offset: Option<&[f64]>,
) -> Result<Firth> {
    check(successes, trials, &x, offset)?;
    full_rank(trials, x, names)?;
    let patterns = Patterns::new(successes, trials, x, names, offset);
    let start = vec![0.0; names.len()];
    let Maximum { beta, state, n_iter } = maximise(&patterns, start, None, TOLERANCE)?;
    let hat = patterns.leverages(&beta, &state.factor);
    let fitted = patterns.linear_predictor(&beta).into_iter().map(expit).collect();
    Ok(Firth {
        names: names.to_vec(),
        vcov: state.factor.inverse(),
        penalised_log_lik: state.penalised,
        log_lik: state.log_lik,
        n_iter,
        hat,
        fitted,
        n_obs: trials.iter().sum(),
        beta: Array1::from(beta),
        patterns,
        state,
    })
}

fn expit(eta: f64) -> f64 {
    1.0 / (1.0 + (-eta).exp())
}

fn check(s: &[f64], m: &[f64], x: &ArrayView2<'_, f64>, offset: Option<&[f64]>) -> Result<()> {
    let n = s.len();
    let lengths = [("trials", m.len()), ("design", x.nrows()), ("offset", offset.map_or(n, <[f64]>::len))];
    if let Some((what, got)) = lengths.into_iter().find(|(_, got)| *got != n) {
        return Err(Error::Length { what: what.to_owned(), expected: n, got });
    }
    let refuse = |column: &str, expected: &str, v: &[f64], bad: &dyn Fn(usize) -> bool| {
        let first = (0..n).find(|&i| bad(i));
        first.map_or(Ok(()), |i| Err(Error::values(column, (0..n).filter(|&i| bad(i)), expected, v[i])))
    };
    refuse("trials", "finite, non-negative numbers", m, &|i| !(m[i].is_finite() && m[i] >= 0.0))?;
    refuse("successes", "numbers from 0 to the trials", s, &|i| !(s[i] >= 0.0 && s[i] <= m[i]))?;
    for (row, x) in x.outer_iter().enumerate() {
        if let Some(v) = x.iter().find(|v| !v.is_finite()) {
            return Err(Error::values("design", [row], "finite numbers", v));
        }
    }
    if let Some(o) = offset {
        refuse("offset", "finite numbers", o, &|i| !o[i].is_finite())?;
    }
    Ok(())
}

/// Refuses columns that are combinations of others over the rows with trials.
fn full_rank(trials: &[f64], x: ArrayView2<'_, f64>, names: &[String]) -> Result<()> {
    let used: Vec<usize> = (0..trials.len()).filter(|&i| trials[i] > 0.0).collect();
    if used.is_empty() {
        return Err(Error::TooFew { what: "a Firth regression".to_owned(), needed: 1, got: 0 });
    }
    rank::full_rank(x.select(Axis(0), &used).view(), names)
}

/// Maximises l* from `start`; coefficient `held` keeps its value.
pub(super) fn maximise(
    patterns: &Patterns,
    start: Vec<f64>,
    held: Option<usize>,
    tolerance: f64,
) -> Result<Maximum> {
    let p = patterns.p();
    let free: Vec<usize> = (0..p).filter(|j| Some(*j) != held).collect();
    let mut beta = start;
    let mut here = patterns.state(&beta)?;
    let mut last = f64::INFINITY;
    for n_iter in 0..MAX_ITER {
        let step = newton_step(&here, &free, p)?;
        let size = in_errors(&here, &free, &step, p);
        // Sums of rounded residuals keep steps of 1e-10 alive in millions of rows: not worth a failure.
        if size < tolerance || (size < 1e-8 && size >= 0.5 * last) {
            return Ok(Maximum { beta, state: here, n_iter });
        }
        last = size;
        (beta, here) = climb(patterns, &beta, &here, &free, &step)
            .ok_or_else(|| failed("Firth's iteration", n_iter, last))?;
    }
    Err(failed("Firth's iteration", MAX_ITER, last))
}

fn failed(what: &str, n_iter: usize, last: f64) -> Error {
    Error::NoConvergence { what: what.to_owned(), n_iter, last, tolerance: TOLERANCE }
}

/// The rows and columns `free` of a p × p matrix.
pub(super) fn sub_matrix(a: &[f64], free: &[usize], p: usize) -> Vec<f64> {
    free.iter().flat_map(|&j| free.iter().map(move |&k| a[j * p + k])).collect()
}

/// The factor of the curvature over `free`, or of the information where l* is not concave; and
/// whether it is.
pub(super) fn free_factor(state: &State, free: &[usize], p: usize) -> Result<(SmallCholesky, bool)> {
    if let Ok(factor) = SmallCholesky::new(&sub_matrix(&state.curvature, free, p), free.len()) {
        return Ok((factor, true));
    }
    SmallCholesky::new(&sub_matrix(&state.information, free, p), free.len())
        .map(|factor| (factor, false))
        .map_err(|pivot| Error::NotPositiveDefinite { pivot: free[pivot], column: free[pivot].to_string() })
}

fn newton_step(state: &State, free: &[usize], p: usize) -> Result<Vec<f64>> {
    let mut step: Vec<f64> = free.iter().map(|&j| state.score[j]).collect();
    free_factor(state, free, p)?.0.solve(&mut step);
    Ok(step)
}

/// The largest step as a share of its coefficient's smallest possible standard error 1/√I_jj.
fn in_errors(state: &State, free: &[usize], step: &[f64], p: usize) -> f64 {
    let sizes = free.iter().zip(step).map(|(&j, d)| d.abs() * state.information[j * p + j].sqrt());
    sizes.fold(0.0, f64::max)
}

/// The step, cut and halved until l* does not fall; `None` where no length helps.
fn climb(
    patterns: &Patterns,
    beta: &[f64],
    here: &State,
    free: &[usize],
    step: &[f64],
) -> Option<(Vec<f64>, State)> {
    let longest = patterns.largest_change(free, step);
    let mut length = if longest > LONGEST { LONGEST / longest } else { 1.0 };
    let slack = 1e-12 * here.penalised.abs().max(1.0);
    for _ in 0..MAX_HALVINGS {
        let mut next = beta.to_vec();
        for (&j, d) in free.iter().zip(step) {
            next[j] += length * d;
        }
        match patterns.state(&next) {
            Ok(state) if state.penalised >= here.penalised - slack => return Some((next, state)),
            _ => length *= 0.5,
        }
    }
    None
}

impl Firth {
    /// Standard errors (p).
    pub fn std_errors(&self) -> Array1<f64> {
        self.vcov.diag().mapv(f64::sqrt)
    }

    /// What robust covariances are made of: scores (s − mπ + h(½ − π))x of l* on the design `x` of the fit, the
    /// leverage h taken as given. Where `trials`, a row is one observation; otherwise m of them.
    ///
    /// # Errors
    /// Those of [`Scores::new`].
    pub fn scores(&self, x: ModelMatrix, trials: bool) -> Result<Scores> {
        let (s, m) = self.patterns.counts();
        let n = self.fitted.len();
        let (mut w, mut u, mut squares) =
            (Vec::with_capacity(n), Vec::with_capacity(n), Vec::with_capacity(n));
        for i in 0..n {
            let pi = self.fitted[i];
            w.push(m[i] * pi * (1.0 - pi));
            let pull = self.hat[i] * (0.5 - pi);
            u.push(s[i] - m[i] * pi + pull);
            let each = if m[i] > 0.0 { pull / m[i] } else { 0.0 };
            let rows = s[i] * (1.0 - pi + each).powi(2) + (m[i] - s[i]) * (each - pi).powi(2);
            squares.push(if trials { u[i] * u[i] } else { rows });
        }
        let n_obs = if trials { m.iter().filter(|m| **m > 0.0).count() as f64 } else { self.n_obs };
        Scores::new(x, w, u, squares, if trials { vec![1.0; n] } else { m[..n].to_vec() }, n_obs)
    }

    /// The fit with the coefficient `intercept` re-estimated so that Σ mπ = Σ s.
    ///
    /// # Errors
    /// `Undefined` where nobody or everybody succeeded: no finite intercept gives that share.
    pub fn flic(&self, intercept: usize) -> Result<Flic> {
        let (successes, trials) = self.patterns.counts();
        let (total, tried) = (successes.iter().sum::<f64>(), trials.iter().sum::<f64>());
        if total <= 0.0 || total >= tried {
            let reason = format!("{total} of {tried} trials succeeded");
            return Err(Error::Undefined { what: "the corrected intercept".to_owned(), reason });
        }
        let eta = self.patterns.linear_predictor(&self.beta.to_vec());
        let wanted = (total / (tried - total)).ln();
        let (low, high) =
            eta.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), e| (l.min(*e), h.max(*e)));
        let excess =
            |shift: f64| eta.iter().zip(&trials).map(|(e, m)| m * expit(e + shift)).sum::<f64>() - total;
        // Shifted so far, all predictions lie on one side of the share; a little further against rounding.
        let shift = brent(excess, wanted - high - 1e-6, wanted - low + 1e-6, 1e-15)?;
        let mut beta = self.beta.clone();
        beta[intercept] += shift;
        let state = self.patterns.state(&beta.to_vec())?;
        let std_error = state.factor.inverse()[[intercept, intercept]].sqrt();
        Ok(Flic { beta, fitted: eta.iter().map(|e| expit(e + shift)).collect(), std_error })
    }
}
