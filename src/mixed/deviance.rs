//! The profiled deviance of a linear mixed model, its gradient and its metric.
//!
//! d(θ)  = log|Λ′Z′WZΛ + I| + n (1 + log(2π r²/n)) − Σ log w                                  (ML)
//! dR(θ) = log|Λ′Z′WZΛ + I| + log|X′V⁻¹X| + (n − p)(1 + log(2π r²/(n − p))) − Σ log w          (REML)
//! (Bates, Mächler, Bolker and Walker 2015, eq. 34 and 41). With M the matrix whose log determinant stands there and k
//! levels of a factor, the derivative in its Λ is
//! ∂d/∂Λ = 2 Λ⁻ᵀ(k I − Σ_ℓ (M⁻¹)_ℓℓ − Σ_ℓ u_ℓ u_ℓ′/σ²),   σ² = r²/n (or r²/(n − p)):
//! of Λ′Z′WZΛ = M − I and Λ′Z′W(y − Xβ − ZΛu) = u only the diagonal blocks of the inverse are left. The metric is
//! the expected information of a factor alone, k tr(PSPS) with P = I − Σ(M⁻¹)_ℓℓ/k and S = Λ⁻¹dΛ + (Λ⁻¹dΛ)′.

use crate::error::Result;
use crate::mixed::blocks::Blocks;
use crate::mixed::factor::{Factor, factor};
use crate::mixed::solve::Solution;
use crate::mixed::structure::Structure;
use crate::mixed::term::RandomTerm;
use crate::num::bounded::Evaluation;

/// The profiled deviance as a function of θ.
#[derive(Debug, Clone, Copy)]
pub struct Deviance<'a> {
    /// Random terms.
    pub terms: &'a [RandomTerm],
    /// Their arrangement.
    pub structure: &'a Structure,
    /// C′WC.
    pub products: &'a Blocks,
    /// Observations.
    pub n: f64,
    /// Σ log w over the observations.
    pub ln_weights: f64,
    /// The restricted likelihood.
    pub reml: bool,
}

impl Deviance<'_> {
    /// n, or n − p under REML.
    pub fn df(&self) -> f64 {
        if self.reml { self.n - self.structure.p as f64 } else { self.n }
    }

    /// Λ of every term.
    pub fn lambda(&self, theta: &[f64]) -> Vec<Vec<f64>> {
        let mut rest = theta;
        let mut out = Vec::with_capacity(self.terms.len());
        for term in self.terms {
            let (own, later) = rest.split_at(term.n_theta());
            out.push(term.lambda(own));
            rest = later;
        }
        out
    }

    /// L at θ.
    ///
    /// # Errors
    /// Those of [`factor`].
    pub fn factor(&self, theta: &[f64], reuse: Option<Factor>) -> Result<Factor> {
        factor(self.structure, self.products, &self.lambda(theta), reuse)
    }

    /// The deviance from L.
    pub fn value(&self, factor: &Factor) -> f64 {
        let df = self.df();
        let fixed = if self.reml { factor.ln_det_fixed } else { 0.0 };
        let scale = 2.0 * std::f64::consts::PI * factor.r2 / df;
        factor.ln_det_random + fixed + df * (1.0 + scale.ln()) - self.ln_weights
    }

    /// Value, gradient and metric at θ, whose diagonal entries are above 0.
    pub fn evaluate(&self, theta: &[f64], factor: &Factor, solution: &Solution) -> Evaluation {
        let Slopes { ln_det, r2, metric } = self.slopes(theta, factor, solution);
        let sigma2 = factor.r2 / self.df();
        let gradient = ln_det.iter().zip(&r2).map(|(a, b)| a + b / sigma2).collect();
        Evaluation { value: self.value(factor), gradient, metric }
    }

    /// The parts of the gradient at θ, whose diagonal entries are above 0, and the metric.
    pub fn slopes(&self, theta: &[f64], factor: &Factor, solution: &Solution) -> Slopes {
        let inverse = factor.inverse_blocks(self.structure, self.reml);
        let k = theta.len();
        let (mut ln_det, mut r2) = (Vec::with_capacity(k), Vec::with_capacity(k));
        let mut metric = vec![0.0; k * k];
        for ((term, lambda), (u, inverse)) in
            self.terms.iter().zip(self.lambda(theta)).zip(solution.u.iter().zip(&inverse))
        {
            let q = term.q();
            let levels = term.n_levels() as f64;
            // p = k I − Σ(M⁻¹)_ℓℓ, g = −Σuu′.
            let mut p = vec![0.0; q * q];
            (0..q).for_each(|a| p[a * q + a] = levels);
            for block in inverse.chunks_exact(q * q) {
                p.iter_mut().zip(block).for_each(|(p, v)| *p -= v);
            }
            let mut g = vec![0.0; q * q];
            for u in u.chunks_exact(q) {
                for a in 0..q {
                    for b in 0..q {
                        g[a * q + b] -= u[a] * u[b];
                    }
                }
            }
            let first = ln_det.len();
            term_metric(term, &lambda, &p, &mut metric, k, first);
            upper_solve(&lambda, &mut g, q);
            upper_solve(&lambda, &mut p, q);
            ln_det.extend(term.free.iter().map(|&(i, j)| 2.0 * p[i * q + j]));
            r2.extend(term.free.iter().map(|&(i, j)| 2.0 * g[i * q + j]));
        }
        Slopes { ln_det, r2, metric }
    }
}

/// Derivatives in θ.
#[derive(Debug, Clone, PartialEq)]
pub struct Slopes {
    /// Of the log determinants.
    pub ln_det: Vec<f64>,
    /// Of r².
    pub r2: Vec<f64>,
    /// The metric, k × k.
    pub metric: Vec<f64>,
}

/// g ← Λ⁻ᵀg.
fn upper_solve(lambda: &[f64], g: &mut [f64], q: usize) {
    for i in (0..q).rev() {
        for c in 0..q {
            let known: f64 = (i + 1..q).map(|k| lambda[k * q + i] * g[k * q + c]).sum();
            g[i * q + c] = (g[i * q + c] - known) / lambda[i * q + i];
        }
    }
}

/// k tr(P S_a P S_b) over the free entries of a term, with P = p/k.
pub(super) fn term_metric(
    term: &RandomTerm,
    lambda: &[f64],
    p: &[f64],
    metric: &mut [f64],
    width: usize,
    first: usize,
) {
    let q = term.q();
    let levels = term.n_levels() as f64;
    let products: Vec<Vec<f64>> = term
        .free
        .iter()
        .map(|&(i, j)| {
            // Λ⁻¹E_ij has Λ⁻¹e_i in column j.
            let mut column = vec![0.0; q];
            column[i] = 1.0;
            for r in i..q {
                let done: f64 = (i..r).map(|c| lambda[r * q + c] * column[c]).sum();
                column[r] = (column[r] - done) / lambda[r * q + r];
            }
            let mut s = vec![0.0; q * q];
            for r in 0..q {
                s[r * q + j] += column[r];
                s[j * q + r] += column[r];
            }
            let at = |a: usize, b: usize| (0..q).map(|c| p[a * q + c] / levels * s[c * q + b]).sum::<f64>();
            (0..q * q).map(|v| at(v / q, v % q)).collect()
        })
        .collect();
    for (a, x) in products.iter().enumerate() {
        for (b, y) in products.iter().enumerate() {
            let trace: f64 = (0..q).map(|r| (0..q).map(|c| x[r * q + c] * y[c * q + r]).sum::<f64>()).sum();
            metric[(first + a) * width + first + b] = levels * trace;
        }
    }
}
