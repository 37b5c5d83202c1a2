//! Linear mixed models by maximum or restricted likelihood.
//!
//! y | b ~ N(Xβ + Zb, σ²W⁻¹), b ~ N(0, σ²ΛΛ′). θ̂ minimises the profiled deviance (`deviance`) by scoring and BFGS
//! steps; β̂, σ̂² = r²/n or r²/(n − p), Cov β̂ = σ̂²(X′V⁻¹X)⁻¹, b̃ = Λũ with conditional variance σ̂²Λ(M⁻¹)_ℓℓΛ′ given β̂ (Bates,
//! Mächler, Bolker and Walker 2015). A standard deviation at 0, or a correlation at ±1, makes the fit singular: a
//! diagonal entry of Λ is then exactly 0, which is tried whenever the search ends near its bound.

use ndarray::Array2;

use crate::error::{Error, Result};
use crate::mixed::factor::Factor;
use crate::mixed::problem::Problem;
use crate::num::bounded::{DECREMENT, Search, minimise};

/// Least diagonal entry of Λ during the search: Λ⁻¹ exists, and d is that of 0 but for 10⁻¹².
const FLOOR: f64 = 1e-6;
/// A diagonal entry that ends below this is tried at 0.
const NEAR_ZERO: f64 = 1e-3;

/// A search that ends beyond this ran after a residual variance of 0.
const ENDLESS: f64 = 1e4;

/// A fitted linear mixed model.
#[derive(Debug, Clone)]
pub struct Lmm {
    /// Restricted likelihood.
    pub reml: bool,
    /// θ in the units of the data.
    pub theta: Vec<f64>,
    /// Λ of every term in the units of the data, row-major q × q.
    pub lambda: Vec<Vec<f64>>,
    /// β.
    pub beta: Vec<f64>,
    /// Covariance of β (p × p).
    pub covariance: Array2<f64>,
    /// Residual standard deviation.
    pub sigma: f64,
    /// −2 log likelihood, or the restricted one.
    pub criterion: f64,
    /// Conditional modes b per term: level after level, q each.
    pub modes: Vec<Vec<f64>>,
    /// Their conditional covariances, q × q per level.
    pub mode_covariances: Vec<Vec<f64>>,
    /// Per term: whether its Λ has a 0 on the diagonal.
    pub singular: Vec<bool>,
    /// What the search did, in scaled θ.
    pub search: Search,
    /// Observations.
    pub n: f64,
}

impl Lmm {
    /// Parameters of the likelihood: β, θ, σ.
    pub fn n_parameters(&self) -> usize {
        self.beta.len() + self.theta.len() + 1
    }

    /// Log likelihood (restricted under REML).
    pub fn log_lik(&self) -> f64 {
        -self.criterion / 2.0
    }

    /// σ²ΛΛ′ of a term, row-major q × q.
    pub fn random_covariance(&self, term: usize) -> Vec<f64> {
        let lambda = &self.lambda[term];
        outer(lambda, self.sigma * self.sigma)
    }
}

/// s ΛΛ′.
fn outer(lambda: &[f64], s: f64) -> Vec<f64> {
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // the order of a small square
    let q = (lambda.len() as f64).sqrt().round() as usize;
    let at = |i: usize, j: usize| (0..q).map(|k| lambda[i * q + k] * lambda[j * q + k]).sum::<f64>() * s;
    (0..q * q).map(|v| at(v / q, v % q)).collect()
}

/// Fits a problem; `start` is a θ in the units of the data (a warm start), 1 on the diagonals by default.
///
/// # Errors
/// `NoConvergence` with the record of the search; `Undefined` where nothing is left for the residual.
pub fn lmm(problem: &Problem, reml: bool, start: Option<&[f64]>) -> Result<Lmm> {
    let search = search(problem, reml, start)?;
    if !search.converged() && search.at.iter().any(|t| t.abs() > ENDLESS) {
        return Err(no_residual());
    }
    if !search.converged() {
        return Err(Error::NoConvergence {
            what: format!(
                "the search for the variance parameters ({:?}; gradient {:.3e} at theta {:?})",
                search.stop,
                search.gradient_norm,
                problem.unscaled(&search.at)
            ),
            n_iter: search.evaluations,
            last: search.decrement,
            tolerance: DECREMENT,
        });
    }
    let (theta, factor) = to_the_bound(problem, reml, &search)?;
    assemble(problem, reml, theta, &factor, search)
}

fn search(problem: &Problem, reml: bool, start: Option<&[f64]>) -> Result<Search> {
    let deviance = problem.deviance(reml);
    let entries = problem.entries();
    let diagonal = |e: &(usize, (usize, usize))| e.1.0 == e.1.1;
    let lower: Vec<f64> =
        entries.iter().map(|e| if diagonal(e) { FLOOR } else { f64::NEG_INFINITY }).collect();
    let start = match start {
        Some(theta) if theta.len() != entries.len() => {
            return Err(Error::Length {
                what: "theta".to_owned(),
                expected: entries.len(),
                got: theta.len(),
            });
        }
        Some(theta) => problem.scaled(theta).iter().zip(&lower).map(|(v, low)| v.max(*low)).collect(),
        None => entries.iter().map(|e| if diagonal(e) { 1.0 } else { 0.0 }).collect(),
    };
    let mut memory: Option<Factor> = None;
    let perfect = problem.total * 1e-15;
    minimise(
        start,
        &lower,
        |theta| {
            let Ok(factor) = deviance.factor(theta, memory.take()) else { return Ok(None) };
            let defined = factor.r2 > perfect && factor.r2.is_finite();
            let value = defined.then(|| deviance.evaluate(theta, &factor, &factor.solve(deviance.structure)));
            memory = Some(factor);
            Ok(value)
        },
        no_residual,
    )
}

fn no_residual() -> Error {
    Error::Undefined {
        what: "the residual variance".to_owned(),
        reason: "the fixed and random effects fit every row without error".to_owned(),
    }
}

/// θ̂ with the diagonal entries that are 0 set to 0, and L there.
fn to_the_bound(problem: &Problem, reml: bool, search: &Search) -> Result<(Vec<f64>, Factor)> {
    let deviance = problem.deviance(reml);
    let mut theta = search.at.clone();
    let mut best = deviance.factor(&theta, None)?;
    for (j, &(_, (r, c))) in problem.entries().iter().enumerate() {
        if r != c || theta[j] >= NEAR_ZERO {
            continue;
        }
        let mut tried = theta.clone();
        tried[j] = 0.0;
        let factor = deviance.factor(&tried, None)?;
        if deviance.value(&factor) <= deviance.value(&best) + 1e-12 * search.end.value.abs().max(1.0) {
            (theta, best) = (tried, factor);
        }
    }
    Ok((theta, best))
}

fn assemble(problem: &Problem, reml: bool, scaled: Vec<f64>, factor: &Factor, search: Search) -> Result<Lmm> {
    let deviance = problem.deviance(reml);
    let (structure, terms) = (&problem.design.structure, &problem.design.terms);
    let solution = factor.solve(structure);
    let sigma2 = factor.r2 / deviance.df();
    if !(sigma2.is_finite() && sigma2 > 0.0) {
        return Err(Error::Undefined {
            what: "the residual variance".to_owned(),
            reason: format!("its estimate is {sigma2}"),
        });
    }
    let fixed: Vec<f64> = factor.fixed_covariance(structure).iter().map(|v| v * sigma2).collect();
    let (beta, covariance) = problem.uncentre(&solution.beta, &fixed);
    let theta = problem.unscaled(&scaled);
    let lambda = deviance.lambda(&theta);
    let inverse = factor.inverse_blocks(structure, false);
    let mut modes = Vec::with_capacity(terms.len());
    let mut mode_covariances = Vec::with_capacity(terms.len());
    for ((term, lambda), (u, inverse)) in terms.iter().zip(&lambda).zip(solution.u.iter().zip(&inverse)) {
        let q = term.q();
        let times = |u: &[f64], i: usize| (0..=i).map(|k| lambda[i * q + k] * u[k]).sum::<f64>();
        modes.push(u.chunks_exact(q).flat_map(|u| (0..q).map(|i| times(u, i)).collect::<Vec<_>>()).collect());
        let mut all = Vec::with_capacity(inverse.len());
        for block in inverse.chunks_exact(q * q) {
            // σ²ΛBΛ′: first ΛB, then its rows times Λ′.
            let half: Vec<f64> = (0..q * q)
                .map(|v| (0..=v / q).map(|k| lambda[v / q * q + k] * block[k * q + v % q]).sum())
                .collect();
            all.extend((0..q * q).map(|v| sigma2 * times(&half[v / q * q..(v / q + 1) * q], v % q)));
        }
        mode_covariances.push(all);
    }
    let singular = lambda
        .iter()
        .zip(terms)
        .map(|(lambda, term)| (0..term.q()).any(|k| lambda[k * term.q() + k] == 0.0))
        .collect();
    Ok(Lmm {
        reml,
        theta,
        lambda,
        beta,
        covariance,
        sigma: sigma2.sqrt(),
        criterion: deviance.value(factor),
        modes,
        mode_covariances,
        singular,
        search,
        n: problem.n,
    })
}
