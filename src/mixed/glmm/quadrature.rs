//! Adaptive Gauss-Hermite quadrature for one grouping factor with one random effect.
//!
//! With f_ℓ(u) = −Σ_{i in ℓ} a l(η_i) + u²/2, û its minimum and τ = f″(û)^(−½), the likelihood of level ℓ is
//! L_ℓ = (2π)^(−½) ∫ e^(−f) du ≈ τ π^(−½) Σ_k w_k e^(x_k²) e^(−f(u_k)),   u_k = û + √2 τ x_k
//! (Liu and Pierce 1994; Pinheiro and Bates 1995). One node, x = 0, is Laplace. The nodes move with the parameters: with
//! p_k the shares of the nodes and A = Σ p_k f′(u_k), B = 1 − √2 τ Σ p_k f′(u_k) x_k,
//! −d ln L_ℓ = Σ_k p_k ∂f(u_k) + A dû − B d ln τ,  d ln τ = −d ln H/2, so the adjoints of Laplace take the factors A and B.

use crate::error::{Error, Result};
use crate::mixed::glmm::laplace::{Adjoint, by_adjoint};
use crate::mixed::glmm::leverage::{Leverage, leverage};
use crate::mixed::glmm::model::Model;
use crate::mixed::glmm::modes::Modes;
use crate::num::quadrature::GaussHermite;

/// The rule, and the rows of each level.
#[derive(Debug, Clone)]
pub struct Quadrature {
    rule: GaussHermite,
    /// Rows of level ℓ: `rows[start[ℓ]..start[ℓ + 1]]`.
    start: Vec<usize>,
    rows: Vec<u32>,
}

/// What the nodes of one level give.
struct Level {
    ln_likelihood: f64,
    /// A and B.
    by_u: f64,
    by_ln_tau: f64,
    /// Σ_k p_k u_k Σ_i a z_i g_i(u_k).
    explicit: f64,
    /// Σ_k p_k ∂l in ln φ.
    dispersion: f64,
}

impl Quadrature {
    /// The rule for a model.
    ///
    /// # Errors
    /// `InvalidOption` for several random effects, or a number of nodes that is not there.
    pub fn new(model: &Model, nodes: usize) -> Result<Self> {
        let [term] = model.design.terms.as_slice() else { return Err(several(nodes)) };
        if term.q() != 1 {
            return Err(several(nodes));
        }
        let mut start = vec![0_usize; term.n_levels() + 1];
        term.codes.iter().for_each(|&c| start[c as usize + 1] += 1);
        for l in 0..term.n_levels() {
            start[l + 1] += start[l];
        }
        let mut next = start.clone();
        let mut rows = vec![0_u32; term.codes.len()];
        for (i, &c) in term.codes.iter().enumerate() {
            rows[next[c as usize]] = u32::try_from(i).unwrap_or(u32::MAX);
            next[c as usize] += 1;
        }
        Ok(Self { rule: GaussHermite::new(nodes)?, start, rows })
    }

    /// −2 log likelihood, its gradient, and the leverages at the modes.
    ///
    /// # Errors
    /// Those of the thread pool.
    pub fn evaluate(&self, model: &Model, phi: f64, modes: &Modes) -> Result<(f64, Vec<f64>, Leverage)> {
        let found = leverage(model, &modes.factor, &modes.lambda, &modes.cells.w);
        let term = &model.design.terms[0];
        let scale = modes.lambda[0][0];
        let mut g = vec![0.0; model.len()];
        let (mut total, mut t, mut explicit, mut dispersion) = (0.0, 0.0, 0.0, 0.0);
        let (mut direct, mut s) = (Vec::with_capacity(term.n_levels()), vec![0.0; model.len()]);
        let at = At { model, modes, phi };
        for l in 0..term.n_levels() {
            let rows = &self.rows[self.start[l]..self.start[l + 1]];
            let level = self.level(&at, l, found.blocks[0][l], &mut g);
            total += level.ln_likelihood;
            explicit += level.explicit;
            // −∂ ln L = … + A dû: the adjoint of û is A; log|H| enters B/2 times.
            direct.push(level.by_u);
            let mut by_dispersion = 0.0;
            for &i in rows {
                let i = i as usize;
                let z = term.basis[0].at(i);
                s[i] = 0.5 * level.by_ln_tau * modes.cells.w1[i] * found.h[i];
                t += level.by_ln_tau * modes.cells.w[i] * z * z * scale * found.blocks[0][l];
                if model.density.has_dispersion() {
                    let by =
                        model.density.by_dispersion(model.trials[i], model.sum[i], modes.cells.eta[i], phi);
                    by_dispersion += model.frequency[i] * 0.5 * found.h[i] * by.w;
                }
            }
            dispersion += level.by_ln_tau * by_dispersion - level.dispersion;
        }
        let adjoint = Adjoint {
            g,
            explicit: vec![vec![explicit]],
            s,
            t: vec![vec![t]],
            u: Some(vec![direct]),
            dispersion,
        };
        let gradient = by_adjoint(model, phi, modes, adjoint)?;
        Ok((-2.0 * (total + model.constant.unwrap_or(0.0)), gradient, found))
    }

    fn level(&self, at: &At<'_>, l: usize, variance: f64, g: &mut [f64]) -> Level {
        let rows = &self.rows[self.start[l]..self.start[l + 1]];
        let basis = &at.model.design.terms[0].basis[0];
        let (u, tau) = (at.modes.u[0][l], variance.sqrt());
        let n = self.rule.nodes.len();
        // Per node: the scores of the rows, ln of its term, f′ and ∂l in ln φ.
        let mut scores = Vec::with_capacity(n * rows.len());
        let mut nodes = Vec::with_capacity(n);
        for (x, ln_w) in self.rule.nodes.iter().zip(&self.rule.ln_weights) {
            let shift = std::f64::consts::SQRT_2 * tau * x;
            let (f, slope, by_phi) = at.node(rows, u + shift, shift, &mut scores);
            nodes.push((ln_w - f, slope, by_phi, shift));
        }
        let top = nodes.iter().map(|node| node.0).fold(f64::NEG_INFINITY, f64::max);
        let sum: f64 = nodes.iter().map(|node| (node.0 - top).exp()).sum();
        let mut out = Level {
            ln_likelihood: top + sum.ln() + tau.ln() - 0.5 * std::f64::consts::PI.ln(),
            by_u: 0.0,
            by_ln_tau: 1.0,
            explicit: 0.0,
            dispersion: 0.0,
        };
        for (k, &(ln_term, slope, by_phi, shift)) in nodes.iter().enumerate() {
            let share = (ln_term - top).exp() / sum;
            out.by_u += share * slope;
            out.by_ln_tau -= share * slope * shift;
            out.dispersion += share * by_phi;
            let mut own = 0.0;
            for (&i, score) in rows.iter().zip(&scores[k * rows.len()..]) {
                g[i as usize] += share * score;
                own += basis.at(i as usize) * score;
            }
            out.explicit += share * (u + shift) * own;
        }
        out
    }
}

/// The model at its modes.
struct At<'a> {
    model: &'a Model,
    modes: &'a Modes,
    phi: f64,
}

impl At<'_> {
    /// f, f′ and ∂l in ln φ of one level at u; the scores of its rows are added to `scores`.
    fn node(&self, rows: &[u32], u: f64, shift: f64, scores: &mut Vec<f64>) -> (f64, f64, f64) {
        let (model, density) = (self.model, self.model.density);
        let (basis, scale) = (&model.design.terms[0].basis[0], self.modes.lambda[0][0]);
        let (mut f, mut slope, mut by_phi) = (0.5 * u * u, u, 0.0);
        for &i in rows {
            let i = i as usize;
            let z = scale * basis.at(i);
            let eta = self.modes.cells.eta[i] + z * shift;
            let (n, s, a) = (model.trials[i], model.sum[i], model.frequency[i]);
            let p = density.point(n, s, eta, self.phi);
            f -= a * p.l;
            slope -= a * p.g * z;
            scores.push(a * p.g);
            if density.has_dispersion() {
                by_phi += a * density.by_dispersion(n, s, eta, self.phi).l;
            }
        }
        (f, slope, by_phi)
    }
}

fn several(nodes: usize) -> Error {
    let expected =
        "1 (Laplace) where there are several random effects: adaptive quadrature is for one (1 | group)";
    Error::option("n_quadrature", expected, nodes)
}
