//! The Laplace deviance and its exact gradient.
//!
//! d(ψ) = −2 Σ a l(η̂) + ‖û‖² + log|H|,  H = Λ′Z′WZΛ + I at û (Tierney and Kadane 1986; Bates et al., lme4).
//! û moves with ψ: with s = w′h/2, h_i = z_i′ΛH⁻¹Λ′z_i, and v = H⁻¹Λ′Z′s (the adjoint of dû), t = s − w∘ZΛv,
//!
//! ∂d/∂β     = 2 X′(t − g)
//! ∂d/∂Λ     = 2 [Σ_ℓ (Z′(t − g))_ℓ u_ℓ′ + (Z′g)_ℓ v_ℓ′ + T],   T = Σ_ℓ (Z′WZΛH⁻¹)_ℓℓ
//! ∂d/∂ln φ  = 2 [−Σ ∂l + ½ Σ h ∂w + (ZΛv)′∂g]
//!
//! The metric of the search is the information: X′V⁻¹X for β, that of each factor alone for θ.

use crate::error::Result;
use crate::mixed::blocks::{Blocks, Design, Response};
use crate::mixed::deviance::term_metric;
use crate::mixed::factor::factor;
use crate::mixed::glmm::leverage::{Leverage, leverage};
use crate::mixed::glmm::model::{Model, times_lambda_transposed};
use crate::mixed::glmm::modes::Modes;
use crate::mixed::structure::Structure;

/// What an approximation of the likelihood adds to the gradient: the explicit part of each cell and the adjoints of
/// û and of log|H|.
#[derive(Debug, Clone)]
pub struct Adjoint {
    /// The score of each cell in η: g at û, or its mean over the nodes.
    pub g: Vec<f64>,
    /// Per term: what multiplies dΛ beside the score, Σ_ℓ (Z′g)_ℓ u_ℓ′ with its own g and u.
    pub explicit: Vec<Vec<f64>>,
    /// Per cell: what multiplies dη̂ through log|H|.
    pub s: Vec<f64>,
    /// T per term.
    pub t: Vec<Vec<f64>>,
    /// Per term: what multiplies dû directly.
    pub u: Option<Vec<Vec<f64>>>,
    /// −Σ ∂l + ½ Σ h ∂w: the explicit part in ln φ.
    pub dispersion: f64,
}

/// d at the modes.
pub fn deviance(model: &Model, modes: &Modes) -> f64 {
    let penalty: f64 = modes.u.iter().flatten().map(|u| u * u).sum();
    penalty - 2.0 * (modes.cells.l + model.constant.unwrap_or(0.0)) + modes.factor.ln_det_random
}

/// The gradient of d, and H⁻¹'s part in the cells.
///
/// # Errors
/// Those of the thread pool.
pub fn gradient(model: &Model, phi: f64, modes: &Modes) -> Result<(Vec<f64>, Leverage)> {
    let cells = &modes.cells;
    let found = leverage(model, &modes.factor, &modes.lambda, &cells.w);
    let s = cells.w1.iter().zip(&found.h).map(|(w1, h)| 0.5 * w1 * h).collect();
    let explicit = outer_sums(model, &model.random_cross(&cells.g), &modes.u);
    let mut dispersion = 0.0;
    if model.density.has_dispersion() {
        for i in 0..model.len() {
            let by = model.density.by_dispersion(model.trials[i], model.sum[i], cells.eta[i], phi);
            dispersion += model.frequency[i] * (0.5 * found.h[i] * by.w - by.l);
        }
    }
    let adjoint = Adjoint { g: cells.g.clone(), explicit, s, t: found.t.clone(), u: None, dispersion };
    Ok((by_adjoint(model, phi, modes, adjoint)?, found))
}

/// The gradient of −2 log likelihood from the adjoints of û and log|H|.
///
/// # Errors
/// Those of the thread pool.
pub fn by_adjoint(model: &Model, phi: f64, modes: &Modes, adjoint: Adjoint) -> Result<Vec<f64>> {
    let cells = &modes.cells;
    let mut v = model.random_cross(&adjoint.s);
    for ((v, lambda), term) in v.iter_mut().zip(&modes.lambda).zip(&model.design.terms) {
        times_lambda_transposed(v, lambda, term.q());
    }
    if let Some(direct) = &adjoint.u {
        v.iter_mut().zip(direct).for_each(|(v, d)| v.iter_mut().zip(d).for_each(|(v, d)| *v += d));
    }
    modes.factor.solve_random(&model.design.structure, &mut v);
    let mut zv = vec![0.0; model.len()];
    model.add_random(&modes.lambda, &v, &mut zv);
    // t, then t − g.
    let mut t = adjoint.s;
    t.iter_mut().zip(&cells.w).zip(&zv).for_each(|((t, w), z)| *t -= w * z);
    let by_eta: Vec<f64> = t.iter().zip(&adjoint.g).map(|(t, g)| t - g).collect();
    let mut out: Vec<f64> = model.fixed_cross(&by_eta)?.iter().map(|v| 2.0 * v).collect();
    let through_u = outer_sums(model, &model.random_cross(&t), &modes.u);
    let through_v = outer_sums(model, &model.random_cross(&cells.g), &v);
    for (k, term) in model.design.terms.iter().enumerate() {
        out.extend(term.free.iter().map(|&(r, c)| {
            let at = r * term.q() + c;
            2.0 * (through_u[k][at] + through_v[k][at] + adjoint.t[k][at] - adjoint.explicit[k][at])
        }));
    }
    if model.density.has_dispersion() {
        let mut total = adjoint.dispersion;
        for (i, z) in zv.iter().enumerate() {
            let by = model.density.by_dispersion(model.trials[i], model.sum[i], cells.eta[i], phi);
            total += model.frequency[i] * z * by.g;
        }
        out.push(2.0 * total);
    }
    Ok(out)
}

/// Σ_ℓ a_ℓ b_ℓ′ per term, row-major q × q.
pub fn outer_sums(model: &Model, a: &[Vec<f64>], b: &[Vec<f64>]) -> Vec<Vec<f64>> {
    let sums = |q: usize, a: &[f64], b: &[f64]| {
        let mut out = vec![0.0; q * q];
        for (a, b) in a.chunks_exact(q).zip(b.chunks_exact(q)) {
            for (o, i) in out.chunks_exact_mut(q).zip(0..q) {
                o.iter_mut().zip(b).for_each(|(o, b)| *o += a[i] * b);
            }
        }
        out
    };
    model.design.terms.iter().zip(a).zip(b).map(|((term, a), b)| sums(term.q(), a, b)).collect()
}

/// The information of β given θ, and the memory to work it out.
#[derive(Debug, Clone)]
pub struct FixedInformation {
    design: Design,
    blocks: Blocks,
}

impl FixedInformation {
    /// Arranges the design with its fixed columns.
    ///
    /// # Errors
    /// Those of [`Structure::new`].
    pub fn new(model: &Model) -> Result<Self> {
        let structure = Structure::new(&model.design.terms, model.p())?;
        let blocks = Blocks::zeros(&structure);
        let terms = model.design.terms.clone();
        Ok(Self {
            design: Design { terms, x: model.x.clone(), structure, centre: model.centre.clone() },
            blocks,
        })
    }

    /// X′V⁻¹X of the centred columns, V = W⁻¹ + ZΛΛ′Z′, row-major p × p.
    ///
    /// # Errors
    /// `NotPositiveDefinite`.
    pub fn at(&mut self, w: &[f64], lambda: &[Vec<f64>]) -> Result<Vec<f64>> {
        let zeros = vec![0.0; w.len()];
        self.design.fill(Response { w, wy: &zeros, yy: 0.0 }, &mut self.blocks);
        let structure = &self.design.structure;
        let found = factor(structure, &self.blocks, lambda, None)?;
        let (t, m, p) = (structure.tail(), structure.m, structure.p);
        let l = |i: usize, j: usize| found.blocks.tail[(m + j) * t + m + i];
        let product = |i: usize, j: usize| (0..=i.min(j)).map(|k| l(i, k) * l(j, k)).sum::<f64>();
        Ok((0..p * p).map(|v| product(v / p, v % p)).collect())
    }
}

/// The metric of the search: twice the information of β and ln φ, and that of each factor alone in θ.
pub fn metric(model: &Model, phi: f64, modes: &Modes, blocks: &[Vec<f64>], fixed: &[f64]) -> Vec<f64> {
    let (p, k) = (model.p(), model.n_parameters());
    let mut out = vec![0.0; k * k];
    for i in 0..p {
        for j in 0..p {
            out[i * k + j] = 2.0 * fixed[i * p + j];
        }
    }
    let mut first = p;
    for ((term, lambda), blocks) in model.design.terms.iter().zip(&modes.lambda).zip(blocks) {
        let q = term.q();
        let mut share = vec![0.0; q * q];
        (0..q).for_each(|a| share[a * q + a] = term.n_levels() as f64);
        for block in blocks.chunks_exact(q * q) {
            share.iter_mut().zip(block).for_each(|(s, v)| *s -= v);
        }
        term_metric(term, lambda, &share, &mut out, k, first);
        first += term.n_theta();
    }
    if model.density.has_dispersion() {
        let cells = (0..model.len()).map(|i| {
            let by = model.density.by_dispersion(model.trials[i], model.sum[i], modes.cells.eta[i], phi);
            model.frequency[i] * by.information
        });
        out[k * k - 1] = 2.0 * cells.sum::<f64>().max(1.0);
    }
    out
}
