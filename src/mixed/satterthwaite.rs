//! Satterthwaite's degrees of freedom of the fixed effects of a linear mixed model.
//!
//! f(φ) = l′Cov(β̂)l as a function of the variance parameters φ has variance g′Ag with A = 2H⁻¹, H the Hessian of −2 log
//! likelihood in φ; ν = 2f²/(g′Ag) (Satterthwaite 1946; Giesbrecht and Burns 1985). With φ = (θ, log σ²) and σ² profiled out
//! f̃(θ) = (r²/ν₀) l′(X′V⁻¹X)⁻¹l this is, by the inverse of a partitioned matrix,
//! g′Ag = 2(∇f̃′ d_θθ⁻¹ ∇f̃ + f²/ν₀),  ν₀ = n − p (REML) or n:
//! only the profiled deviance d is differentiated, its gradient by central differences of fourth order. Parts of θ at 0
//! are held there: the model without them. Several rows of L: Fai and Cornelius (1996), E F = Σ νₘ/(νₘ − 2)/q.

use ndarray::{Array1, Array2};

use crate::error::{Error, Result};
use crate::mixed::lmm::Lmm;
use crate::mixed::problem::Problem;
use crate::num::linalg::{SmallCholesky, eigen_symmetric};

/// Step of the differences, in units of the search.
const STEP: f64 = 1e-3;
/// What stands for a part of θ at 0, where Λ must have an inverse.
const FLOOR: f64 = 1e-6;

/// How the covariance of β̂ moves with the variance parameters.
#[derive(Debug, Clone)]
pub struct Curvature {
    /// Cov β̂.
    covariance: Array2<f64>,
    /// Per free part of θ: derivative of the profiled covariance.
    slopes: Vec<Array2<f64>>,
    /// d_θθ⁻¹ over the free parts.
    inverse: Array2<f64>,
    /// ν₀.
    df: f64,
}

/// An F test of Lβ = 0.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FTest {
    /// F.
    pub f: f64,
    /// Rows of L.
    pub df: f64,
    /// Denominator degrees of freedom.
    pub df2: f64,
}

impl Curvature {
    /// Differentiates at the estimate.
    ///
    /// # Errors
    /// `NotPositiveDefinite` where the likelihood is flat in a variance parameter.
    pub fn new(problem: &Problem, fit: &Lmm) -> Result<Self> {
        let entries = problem.entries();
        let mut at = problem.scaled(&fit.theta);
        let held = |j: usize, v: f64| {
            let (_, (r, c)) = entries[j];
            r == c && v <= FLOOR
        };
        let free: Vec<usize> = (0..at.len()).filter(|&j| !held(j, at[j])).collect();
        at.iter_mut().enumerate().filter(|(j, _)| !free.contains(j)).for_each(|(_, v)| *v = FLOOR);
        let k = free.len();
        let mut hessian = Array2::zeros((k, k));
        let mut slopes = Vec::with_capacity(k);
        for (b, &j) in free.iter().enumerate() {
            // A diagonal part must stay above 0.
            let (_, (r, c)) = entries[j];
            let h = if r == c { STEP.min(at[j] / 4.0) } else { STEP };
            let (mut slope, mut sum) = (Array2::zeros(fit.covariance.dim()), vec![0.0; at.len()]);
            for (steps, weight) in [(1.0, 8.0), (-1.0, -8.0), (2.0, -1.0), (-2.0, 1.0)] {
                let mut beside = at.clone();
                beside[j] += steps * h;
                let (gradient, covariance) = look(problem, fit, &beside)?;
                slope.scaled_add(weight / (12.0 * h), &covariance);
                sum.iter_mut().zip(gradient).for_each(|(s, g)| *s += weight * g / (12.0 * h));
            }
            slopes.push(slope);
            free.iter().enumerate().for_each(|(a, &i)| hessian[[a, b]] = sum[i]);
        }
        let flat: Vec<f64> =
            (0..k * k).map(|v| 0.5 * (hessian[[v / k, v % k]] + hessian[[v % k, v / k]])).collect();
        let inverse = SmallCholesky::new(&flat, k)
            .map_err(|pivot| Error::NotPositiveDefinite { pivot, column: "a variance parameter".to_owned() })?
            .inverse();
        Ok(Self { covariance: fit.covariance.clone(), slopes, inverse, df: problem.deviance(fit.reml).df() })
    }

    /// ν of l′β.
    pub fn df(&self, l: &[f64]) -> f64 {
        let l = Array1::from(l.to_vec());
        let f = l.dot(&self.covariance.dot(&l));
        let g = Array1::from_iter(self.slopes.iter().map(|s| l.dot(&s.dot(&l))));
        2.0 * f * f / (2.0 * (g.dot(&self.inverse.dot(&g)) + f * f / self.df))
    }

    /// F of Lβ = 0, rows of L independent.
    ///
    /// # Errors
    /// Those of the eigendecomposition.
    pub fn f_test(&self, l: &Array2<f64>, beta: &[f64]) -> Result<FTest> {
        let beta = Array1::from(beta.to_vec());
        let (values, vectors) = eigen_symmetric(l.dot(&self.covariance).dot(&l.t()).view())?;
        let q = l.nrows() as f64;
        let rows = vectors.t().dot(l);
        let each: Vec<(f64, f64)> = (0..l.nrows())
            .map(|m| (rows.row(m).dot(&beta).powi(2) / values[m], self.df(&rows.row(m).to_vec())))
            .collect();
        let f = each.iter().map(|e| e.0).sum::<f64>() / q;
        if each.len() == 1 {
            return Ok(FTest { f, df: q, df2: each[0].1 });
        }
        let excess: f64 = each.iter().filter(|e| e.1 > 2.0).map(|e| e.1 / (e.1 - 2.0)).sum();
        Ok(FTest { f, df: q, df2: if excess > q { 2.0 * excess / (excess - q) } else { 2.0 } })
    }
}

/// Gradient of the profiled deviance and the profiled covariance of β̂ at a scaled θ.
fn look(problem: &Problem, fit: &Lmm, theta: &[f64]) -> Result<(Vec<f64>, Array2<f64>)> {
    let deviance = problem.deviance(fit.reml);
    let factor = deviance.factor(theta, None)?;
    let gradient = deviance.evaluate(theta, &factor, &factor.solve(deviance.structure)).gradient;
    let sigma2 = factor.r2 / deviance.df();
    let scaled: Vec<f64> = factor.fixed_covariance(deviance.structure).iter().map(|v| v * sigma2).collect();
    Ok((gradient, problem.uncentre(&fit.beta, &scaled).1))
}
