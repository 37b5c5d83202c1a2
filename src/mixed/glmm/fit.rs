//! Generalised linear mixed models by maximum likelihood: Laplace, or adaptive Gauss-Hermite quadrature.
//!
//! The search runs over (β, θ, ln φ) at once with the exact gradient, from the generalised linear model's β; û is warm from
//! one evaluation to the next. The covariance of all parameters is the inverse of the observed information
//! ½ ∂²d, by central differences of the gradient; beside it stands (X′V⁻¹X)⁻¹, which takes θ as known (what `lme4` prints
//! with `use.hessian = FALSE`). A standard deviation at 0 makes the fit singular: it is then held there.

use ndarray::{Array2, s};

use crate::error::{Error, Result};
use crate::mixed::glmm::model::{Model, times_lambda};
use crate::mixed::glmm::search::{Evaluator, LN_PHI, Start, bounds, first, no_likelihood, record};
use crate::mixed::term::RandomTerm;
use crate::num::bounded::{Search, minimise};
use crate::num::linalg::SmallCholesky;
use crate::parallel::Control;

/// A diagonal entry that ends below this is tried at 0.
const NEAR_ZERO: f64 = 2e-3;
/// Share of its information below which a part of θ is not identified: the differences are good to 10⁻⁶.
const VAGUE: f64 = 2e-5;
/// Cells beyond which the differences in β are one-sided.
const MANY: usize = 20_000;
/// Step of the differences of the gradient, in standard errors.
const STEP: f64 = 1e-3;

/// A fitted model; θ and what follows from it in the units of the data.
#[derive(Debug, Clone)]
pub struct Glmm {
    /// β.
    pub beta: Vec<f64>,
    /// Covariance of β from the observed information of all parameters.
    pub covariance: Array2<f64>,
    /// Covariance of β with θ and φ taken as known.
    pub conditional: Array2<f64>,
    /// θ.
    pub theta: Vec<f64>,
    /// Λ of every term, row-major q × q.
    pub lambda: Vec<Vec<f64>>,
    /// φ, where the family has one.
    pub phi: Option<f64>,
    /// Covariance of (θ, ln φ) from the observed information; 0 for what is held at a bound.
    pub theta_covariance: Array2<f64>,
    /// −2 log likelihood.
    pub deviance: f64,
    /// Conditional modes b per term: level after level, q each.
    pub modes: Vec<Vec<f64>>,
    /// Their conditional covariances, q × q per level.
    pub mode_covariances: Vec<Vec<f64>>,
    /// Per term: whether its Λ has a 0 on the diagonal.
    pub singular: Vec<bool>,
    /// η̂ with the random effects, per cell.
    pub eta: Vec<f64>,
    /// Σ (y − μ̂)²/V at the modes.
    pub pearson: f64,
    /// What the search did.
    pub search: Search,
    /// Nodes per random effect; 1 is Laplace.
    pub nodes: usize,
}

/// Fits a model; `nodes` is 1 for Laplace.
///
/// # Errors
/// `NoConvergence` with the record of the search; `Undefined` where the start has no likelihood, the dispersion is unbounded or
/// the information is not positive definite; `InvalidOption` for nodes that the model cannot use.
pub fn glmm(model: &Model, start: &Start, nodes: usize, control: &Control) -> Result<Glmm> {
    let mut evaluator = Evaluator::new(model, nodes, control)?;
    let lower = bounds(model);
    let start = first(model, start, &lower)?;
    let search = minimise(start, &lower, |psi| evaluator.evaluation(psi), no_likelihood)?;
    let (_, _, phi) = model.split(&search.at);
    if model.density.has_dispersion() && phi.ln() > LN_PHI.1 - 4.0 {
        let reason =
            "given the random effects the outcome varies no more than without one: use the plain family";
        return Err(Error::Undefined { what: "the dispersion".to_owned(), reason: reason.to_owned() });
    }
    if !search.converged() {
        return Err(record(model, &search));
    }
    let psi = to_the_bound(model, &mut evaluator, &search)?;
    assemble(model, &mut evaluator, psi, search, nodes)
}

/// ψ̂ with the diagonal entries that are 0 set to 0.
fn to_the_bound(model: &Model, evaluator: &mut Evaluator<'_>, search: &Search) -> Result<Vec<f64>> {
    let mut psi = search.at.clone();
    let mut best = search.end.value;
    for (j, (_, (r, c))) in model.entries().into_iter().enumerate() {
        let j = model.p() + j;
        if r != c || psi[j] >= NEAR_ZERO {
            continue;
        }
        let mut tried = psi.clone();
        tried[j] = 0.0;
        let Some(found) = evaluator.at(&tried)? else { continue };
        if found.value <= best + 1e-7 {
            (psi, best) = (tried, found.value);
        }
    }
    Ok(psi)
}

/// Parameters that are not held at 0, and the observed information ½∂²d over them.
fn information(
    model: &Model,
    evaluator: &mut Evaluator<'_>,
    psi: &[f64],
    here: &[f64],
    metric: &[f64],
) -> Result<(Vec<usize>, Vec<f64>)> {
    let k = psi.len();
    let entries = model.entries();
    let held = |j: usize| {
        j >= model.p() && j < model.p() + entries.len() && {
            let (term, (r, c)) = entries[j - model.p()];
            // A column of Λ whose diagonal is 0 is held with it.
            let diagonal = entries.iter().position(|e| *e == (term, (c, c)));
            diagonal.is_some_and(|d| psi[model.p() + d] == 0.0) && (r == c || psi[j] == 0.0)
        }
    };
    let free: Vec<usize> = (0..k).filter(|&j| !held(j)).collect();
    let f = free.len();
    let mut out = vec![0.0; f * f];
    for (a, &j) in free.iter().enumerate() {
        let mut h = STEP / (metric[j * k + j] / 2.0).sqrt();
        let of_theta = j >= model.p() && j < model.p() + entries.len();
        if of_theta {
            // A flat direction bends away within the distance to θ = 0.
            h = h.min(psi[j].abs().max(0.01) / 500.0);
        }
        if of_theta && psi[j] > 0.0 {
            h = h.min(psi[j] / 4.0);
        }
        let mut side = |sign: f64| -> Result<Vec<f64>> {
            let mut at = psi.to_vec();
            at[j] += sign * h;
            let found = evaluator.at(&at)?.ok_or_else(not_definite)?;
            evaluator.memory.keep(found.modes);
            Ok(found.gradient)
        };
        let up = side(1.0)?;
        // β of many cells: the likelihood is so nearly quadratic that one side will do.
        let (down, width) =
            if j < model.p() && model.len() > MANY { (here.to_vec(), h) } else { (side(-1.0)?, 2.0 * h) };
        for (b, &i) in free.iter().enumerate() {
            out[a * f + b] = (up[i] - down[i]) / (2.0 * width);
        }
    }
    for a in 0..f {
        for b in 0..a {
            let mean = f64::midpoint(out[a * f + b], out[b * f + a]);
            (out[a * f + b], out[b * f + a]) = (mean, mean);
        }
    }
    Ok((free, out))
}

fn not_definite() -> Error {
    Error::Undefined {
        what: "the observed information".to_owned(),
        reason: "it is not positive definite at the estimate: a variance or a slope that these data cannot identify"
            .to_owned(),
    }
}

fn assemble(
    model: &Model,
    evaluator: &mut Evaluator<'_>,
    mut psi: Vec<f64>,
    search: Search,
    nodes: usize,
) -> Result<Glmm> {
    let (p, k) = (model.p(), psi.len());
    let here = evaluator.at(&psi)?.ok_or_else(not_definite)?;
    evaluator.memory.keep(here.modes);
    let (free, observed) = information(model, evaluator, &psi, &here.gradient, &search.end.metric)?;
    let root = identified(&observed, &free, p)?;
    // The last Newton step, for digits that the search need not reach.
    let mut step: Vec<f64> = free.iter().map(|&j| -0.5 * here.gradient[j]).collect();
    root.solve(&mut step);
    free.iter().zip(&step).for_each(|(&j, d)| psi[j] += d);
    let found = evaluator.at(&psi)?.ok_or_else(not_definite)?;
    let all = spread(&root.inverse(), &free, k);
    let fixed = evaluator.fixed.at(&found.modes.cells.w, &found.modes.lambda)?;
    let conditional = SmallCholesky::new(&fixed, p).map_err(|_| not_definite())?.inverse();
    let (beta_c, scaled, phi) = model.split(&psi);
    let (beta, shift) = uncentred(model, beta_c);
    // θ and ln φ in the units of the data.
    let mut unit: Vec<f64> = model.entries().iter().map(|&(t, (r, _))| 1.0 / model.scale[t][r]).collect();
    let theta: Vec<f64> = scaled.iter().zip(&unit).map(|(v, u)| v * u).collect();
    unit.resize(k - p, 1.0);
    let lambda = model.lambda(&theta);
    let q: Vec<usize> = model.design.terms.iter().map(RandomTerm::q).collect();
    let blocks = found.leverage.blocks.iter().zip(&lambda).zip(&q);
    let u = found.modes.u.iter().zip(&lambda).zip(&q);
    let within = all.slice(s![..p, ..p]).to_owned();
    Ok(Glmm {
        covariance: shift.dot(&within).dot(&shift.t()),
        conditional: shift.dot(&conditional).dot(&shift.t()),
        beta,
        modes: u.map(|((u, l), &q)| times_lambda(u, l, q)).collect(),
        mode_covariances: blocks.map(|((b, l), &q)| conjugate(b, l, q)).collect(),
        singular: lambda.iter().zip(&q).map(|(l, &q)| (0..q).any(|j| l[j * q + j] == 0.0)).collect(),
        theta_covariance: Array2::from_shape_fn((k - p, k - p), |(i, j)| {
            all[[p + i, p + j]] * unit[i] * unit[j]
        }),
        theta,
        lambda,
        phi: model.density.has_dispersion().then_some(phi),
        deviance: found.value,
        pearson: pearson(model, &found.modes.cells.eta, phi),
        eta: found.modes.cells.eta,
        search,
        nodes,
    })
}

/// A matrix over the free parameters as one over all k, with 0 for those held.
fn spread(inverse: &Array2<f64>, free: &[usize], k: usize) -> Array2<f64> {
    let mut all = Array2::zeros((k, k));
    for (a, &i) in free.iter().enumerate() {
        free.iter().enumerate().for_each(|(b, &j)| all[[i, j]] = inverse[[a, b]]);
    }
    all
}

/// The factor of the information, refused where a part of θ is a combination of the other parameters: a pivot of the
/// unit-diagonal matrix there is what is left of a parameter's information once the others are taken out.
fn identified(observed: &[f64], free: &[usize], p: usize) -> Result<SmallCholesky> {
    let f = free.len();
    let root = |a: usize| observed[a * f + a].sqrt();
    let unit: Vec<f64> = (0..f * f).map(|v| observed[v] / (root(v / f) * root(v % f))).collect();
    let inverse = SmallCholesky::new(&unit, f).map_err(|_| not_definite())?.lower_inverse();
    let vague = |a: usize| free[a] >= p && inverse[a * f + a].powi(-2) < VAGUE;
    if (0..f).any(vague) {
        return Err(not_definite());
    }
    SmallCholesky::new(observed, f).map_err(|_| not_definite())
}

/// β in the units of the data, and the matrix that takes centred coefficients there.
fn uncentred(model: &Model, beta: &[f64]) -> (Vec<f64>, Array2<f64>) {
    let (p, mut out) = (beta.len(), beta.to_vec());
    let mut shift = Array2::eye(p);
    if let Some(j) = model.x.names().iter().position(|name| name == "(intercept)") {
        out[j] -= model.centre.iter().zip(beta).map(|(c, b)| c * b).sum::<f64>();
        (0..p).filter(|&k| k != j).for_each(|k| shift[[j, k]] = -model.centre[k]);
    }
    (out, shift)
}

/// ΛBΛ′ of every level.
fn conjugate(blocks: &[f64], lambda: &[f64], q: usize) -> Vec<f64> {
    let mut out = Vec::with_capacity(blocks.len());
    for block in blocks.chunks_exact(q * q) {
        let half = |i: usize, j: usize| (0..=i).map(|k| lambda[i * q + k] * block[k * q + j]).sum::<f64>();
        out.extend(
            (0..q * q).map(|v| (0..=v % q).map(|k| half(v / q, k) * lambda[v % q * q + k]).sum::<f64>()),
        );
    }
    out
}

fn pearson(model: &Model, eta: &[f64], phi: f64) -> f64 {
    let link = model.density.link();
    (0..model.len())
        .map(|i| {
            let (n, mu) = (model.trials[i], link.mean(eta[i]).0);
            let resid = model.sum[i] - n * mu;
            model.frequency[i] * resid * resid / model.density.variance(n, mu, phi)
        })
        .sum()
}
