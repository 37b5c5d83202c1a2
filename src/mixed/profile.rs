//! The profile likelihood of one number of a linear mixed model.
//!
//! D(θ, σ²) = log|Λ′Z′WZΛ + I| [+ log|X′V⁻¹X|] + ν₀ (log(2πσ²) − 1) + r²(θ)/σ² + ν₀, ν₀ = n − p (REML) or n. Fixing
//! * a standard deviation s of column k of a term: σ² = s²/‖Λ_k·‖², θ free (for σ itself σ² = s²);
//! * a share v of the variance of a row: θ of its terms lengthened until Σ tr(ΛΛ′M) = v/(1 − v)(1 + the same of the others), M the
//!   mean of zz′, and σ² profiled out;
//! * the correlation c of a pair: Λ₂₁ = Bc, Λ₂₂ = B√(1 − c²), σ² profiled out;
//!
//! is a change of variables η → (θ, σ²); the search of `num::bounded` runs in η with the gradient carried through by the
//! chain rule (Bates, Mächler, Bolker and Walker 2015, section 5.1, do it by a profile of each θ).

use crate::error::{Error, Result};
use crate::mixed::factor::Factor;
use crate::mixed::lmm::Lmm;
use crate::mixed::problem::Problem;
use crate::mixed::term::Basis;
use crate::num::bounded::{Evaluation, minimise};

const FLOOR: f64 = 1e-6;

/// What is held fixed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// Standard deviation of a column of a term.
    Sd(usize, usize),
    /// Residual standard deviation.
    Sigma,
    /// Share of the variance of a row: of a term, or of all of them.
    Share(Option<usize>),
    /// Correlation of the two columns of a term.
    Correlation(usize),
}

/// The profile of one target of one problem.
#[derive(Debug, Clone)]
pub struct Profile<'a> {
    problem: &'a Problem,
    reml: bool,
    target: Target,
    /// Where the search starts: θ̂ of the search away from 0, and σ̂².
    start: (Vec<f64>, f64),
    /// Per term: mean of zz′ over the rows, q × q.
    means: Vec<Vec<f64>>,
}

/// θ and log σ² as functions of η.
struct Point {
    theta: Vec<f64>,
    /// ∂θ_i/∂η_j, k × k.
    jacobian: Vec<f64>,
    /// σ² and ∂log σ²/∂η; `None`: profiled out.
    sigma2: Option<(f64, Vec<f64>)>,
    /// A direction of η along which nothing changes; 0 where there is none.
    idle: Vec<f64>,
}

impl<'a> Profile<'a> {
    /// A profile around a fit.
    pub fn new(problem: &'a Problem, fit: &Lmm, target: Target) -> Self {
        let mut theta = problem.scaled(&fit.theta);
        for (v, (_, (i, j))) in theta.iter_mut().zip(problem.entries()) {
            if i == j {
                *v = v.max(1e-2);
            }
        }
        let means = (0..problem.design.terms.len()).map(|t| mean_squares(problem, t)).collect();
        Self { problem, reml: fit.reml, target, start: (theta, fit.sigma * fit.sigma), means }
    }

    /// The least −2 log likelihood with the target at `value`.
    ///
    /// # Errors
    /// `NoConvergence`; `Undefined` where no start exists.
    pub fn at(&self, value: f64) -> Result<f64> {
        let entries = self.problem.entries();
        let diagonal = |e: &(usize, (usize, usize))| e.1.0 == e.1.1;
        let lower: Vec<f64> =
            entries.iter().map(|e| if diagonal(e) { FLOOR } else { f64::NEG_INFINITY }).collect();
        let deviance = self.problem.deviance(self.reml);
        let mut memory: Option<Factor> = None;
        let nowhere = || Error::Undefined {
            what: "a profile likelihood".to_owned(),
            reason: format!("it does not exist with {:?} at {value}", self.target),
        };
        let search = minimise(
            self.first(value),
            &lower,
            |eta| {
                let point = self.point(eta, value);
                let Ok(factor) = deviance.factor(&point.theta, memory.take()) else { return Ok(None) };
                let defined = factor.r2 > self.problem.total * 1e-15 && factor.r2.is_finite();
                let out = defined.then(|| self.evaluate(&point, &factor));
                memory = Some(factor);
                Ok(out)
            },
            nowhere,
        )?;
        if !search.converged() && search.decrement > 1e-5 {
            return Err(Error::NoConvergence {
                what: format!("the profile of {:?} at {value}", self.target),
                n_iter: search.evaluations,
                last: search.decrement,
                tolerance: 1e-5,
            });
        }
        Ok(search.end.value)
    }

    /// A start that suits the value: a small deviation starts small.
    fn first(&self, value: f64) -> Vec<f64> {
        let (mut eta, sigma2) = self.start.clone();
        if let Target::Sd(t, k) = self.target {
            let wanted = value * self.problem.scale[t][k] / sigma2.sqrt();
            let row = self.row(t, k);
            let length = row.iter().map(|&j| eta[j] * eta[j]).sum::<f64>().sqrt();
            row.iter().for_each(|&j| eta[j] *= wanted / length);
        }
        eta
    }

    /// Parts of θ in row k of a term's Λ.
    fn row(&self, t: usize, k: usize) -> Vec<usize> {
        let entries = self.problem.entries();
        (0..entries.len()).filter(|&j| entries[j].0 == t && entries[j].1.0 == k).collect()
    }

    fn point(&self, eta: &[f64], value: f64) -> Point {
        let k = eta.len();
        let mut jacobian = vec![0.0; k * k];
        (0..k).for_each(|j| jacobian[j * k + j] = 1.0);
        let mut out = Point { theta: eta.to_vec(), jacobian, sigma2: None, idle: vec![0.0; k] };
        match self.target {
            Target::Sigma => out.sigma2 = Some((value * value, vec![0.0; k])),
            Target::Sd(t, column) => {
                let row = self.row(t, column);
                let length: f64 = row.iter().map(|&j| eta[j] * eta[j]).sum();
                let mut slope = vec![0.0; k];
                row.iter().for_each(|&j| slope[j] = -2.0 * eta[j] / length);
                out.sigma2 = Some(((value * self.problem.scale[t][column]).powi(2) / length, slope));
            }
            Target::Correlation(t) => {
                let entries = self.problem.entries();
                let place = |e| entries.iter().position(|v| *v == (t, e));
                if let (Some(a), Some(b)) = (place((1, 0)), place((1, 1))) {
                    let root = (1.0 - value * value).sqrt();
                    (out.theta[a], out.theta[b]) = (eta[b] * value, eta[b] * root);
                    out.idle[a] = 1.0;
                    (out.jacobian[a * k + a], out.jacobian[a * k + b]) = (0.0, value);
                    out.jacobian[b * k + b] = root;
                }
            }
            Target::Share(which) => self.lengthen(eta, value, which, &mut out),
        }
        out
    }

    fn lengthen(&self, eta: &[f64], value: f64, which: Option<usize>, out: &mut Point) {
        let (k, entries) = (eta.len(), self.problem.entries());
        let inside = |j: usize| which.is_none_or(|t| entries[j].0 == t);
        let (part, slopes) = self.variances(eta);
        let own = |inside: bool| {
            part.iter()
                .enumerate()
                .filter(|(t, _)| which.is_none_or(|w| w == *t) == inside)
                .map(|v| v.1)
                .sum::<f64>()
        };
        let odds = value / (1.0 - value);
        let wanted = (odds * (1.0 + own(false))).max(1e-12);
        let c = (wanted / own(true)).sqrt();
        for j in 0..k {
            let slope = if inside(j) {
                -c / (2.0 * own(true)) * slopes[j]
            } else {
                c / (2.0 * wanted) * odds * slopes[j]
            };
            for i in (0..k).filter(|&i| inside(i)) {
                out.jacobian[i * k + j] = eta[i] * slope + if i == j { c } else { 0.0 };
            }
        }
        (0..k).filter(|&i| inside(i)).for_each(|i| (out.theta[i], out.idle[i]) = (c * eta[i], eta[i]));
    }

    /// Per term tr(ΛΛ′M), and its derivative in every part of θ.
    fn variances(&self, theta: &[f64]) -> (Vec<f64>, Vec<f64>) {
        let lambda = self.problem.deviance(self.reml).lambda(theta);
        let (mut parts, mut slopes) = (Vec::new(), Vec::with_capacity(theta.len()));
        for ((term, lambda), mean) in self.problem.design.terms.iter().zip(&lambda).zip(&self.means) {
            let q = term.q();
            let product =
                |i: usize, j: usize| (0..q).map(|r| mean[i * q + r] * lambda[r * q + j]).sum::<f64>();
            parts.push((0..q * q).map(|v| lambda[v] * product(v / q, v % q)).sum());
            slopes.extend(term.free.iter().map(|&(i, j)| 2.0 * product(i, j)));
        }
        (parts, slopes)
    }

    fn evaluate(&self, point: &Point, factor: &Factor) -> Evaluation {
        let deviance = self.problem.deviance(self.reml);
        let (k, df) = (point.theta.len(), deviance.df());
        let slopes = deviance.slopes(&point.theta, factor, &factor.solve(deviance.structure));
        let best = factor.r2 / df;
        let sigma2 = point.sigma2.as_ref().map_or(best, |s| s.0);
        // The profiled deviance, and what a σ² other than the best adds.
        let excess = df * (sigma2 / best).ln() + factor.r2 / sigma2 - df;
        let g: Vec<f64> = slopes.ln_det.iter().zip(&slopes.r2).map(|(a, b)| a + b / sigma2).collect();
        let tilt = df - factor.r2 / sigma2;
        let none = vec![0.0; k];
        let ln_sigma2 = point.sigma2.as_ref().map_or(&none, |s| &s.1);
        let j = |i: usize, c: usize| point.jacobian[i * k + c];
        let gradient =
            (0..k).map(|c| (0..k).map(|i| g[i] * j(i, c)).sum::<f64>() + tilt * ln_sigma2[c]).collect();
        let half: Vec<f64> =
            (0..k * k).map(|v| (0..k).map(|i| slopes.metric[v / k * k + i] * j(i, v % k)).sum()).collect();
        let mut metric: Vec<f64> = (0..k * k)
            .map(|v| {
                let (a, b) = (v / k, v % k);
                (0..k).map(|i| j(i, a) * half[i * k + b]).sum::<f64>() + df * ln_sigma2[a] * ln_sigma2[b]
            })
            .collect();
        // Lengthening η changes nothing: without curvature along it rounding would be taken for a slope.
        let largest = (0..k).map(|i| metric[i * k + i]).fold(1e-8, f64::max);
        let length: f64 = point.idle.iter().map(|v| v * v).sum::<f64>().max(1e-300);
        (0..k * k).for_each(|v| metric[v] += largest * point.idle[v / k] * point.idle[v % k] / length);
        Evaluation { value: deviance.value(factor) + excess, gradient, metric }
    }
}

/// The mean of zz′ of a term over the rows, in units of the search; 1 for an intercept.
fn mean_squares(problem: &Problem, t: usize) -> Vec<f64> {
    let term = &problem.design.terms[t];
    let q = term.q();
    if q == 1 && term.basis[0] == Basis::One {
        return vec![1.0];
    }
    let n: f64 = problem.rows.iter().sum();
    let mean = |a: usize, b: usize| {
        let each = |(i, r): (usize, &f64)| r * term.basis[a].at(i) * term.basis[b].at(i);
        problem.rows.iter().enumerate().map(each).sum::<f64>() / n
    };
    (0..q * q).map(|v| mean(v / q, v % q)).collect()
}
