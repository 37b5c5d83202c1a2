//! The search over ψ = (β, θ, ln φ): one evaluation of −2 log likelihood with gradient and metric, and its bounds.
//!
//! û, the factor of H and the information of β are kept from one evaluation to the next.

use crate::error::{Error, Result};
use crate::mixed::glmm::laplace::{self, FixedInformation};
use crate::mixed::glmm::leverage::Leverage;
use crate::mixed::glmm::model::Model;
use crate::mixed::glmm::modes::{Memory, Modes, modes};
use crate::mixed::glmm::quadrature::Quadrature;
use crate::num::bounded::{DECREMENT, Evaluation, Search};
use crate::parallel::Control;

/// Least diagonal entry of Λ during the search.
pub(super) const FLOOR: f64 = 1e-5;
/// Beyond these ln φ the dispersion is that of the family without one.
pub(super) const LN_PHI: (f64, f64) = (-12.0, 16.0);

/// One evaluation of −2 log likelihood.
pub(super) struct Found {
    pub value: f64,
    pub gradient: Vec<f64>,
    pub modes: Modes,
    pub leverage: Leverage,
}

/// Evaluates, keeping û, the factor and the information of β between calls.
pub(super) struct Evaluator<'a> {
    pub model: &'a Model,
    rule: Option<Quadrature>,
    pub memory: Memory,
    pub fixed: FixedInformation,
    known: Option<(Vec<f64>, Vec<f64>)>,
    control: &'a Control,
}

impl<'a> Evaluator<'a> {
    pub fn new(model: &'a Model, nodes: usize, control: &'a Control) -> Result<Self> {
        Ok(Self {
            model,
            rule: if nodes > 1 { Some(Quadrature::new(model, nodes)?) } else { None },
            memory: Memory::new(model),
            fixed: FixedInformation::new(model)?,
            known: None,
            control,
        })
    }

    pub fn at(&mut self, psi: &[f64]) -> Result<Option<Found>> {
        let Some(modes) = modes(self.model, psi, &mut self.memory, self.control)? else { return Ok(None) };
        let (_, _, phi) = self.model.split(psi);
        let (value, gradient, leverage) = match &self.rule {
            None => {
                let (gradient, leverage) = laplace::gradient(self.model, phi, &modes)?;
                (laplace::deviance(self.model, &modes), gradient, leverage)
            }
            Some(rule) => rule.evaluate(self.model, phi, &modes)?,
        };
        if !value.is_finite() || gradient.iter().any(|g| !g.is_finite()) {
            return Ok(None);
        }
        Ok(Some(Found { value, gradient, modes, leverage }))
    }

    /// The same with a metric, for the search.
    pub fn evaluation(&mut self, psi: &[f64]) -> Result<Option<Evaluation>> {
        let Some(found) = self.at(psi)? else { return Ok(None) };
        let fixed = match &self.known {
            Some((at, fixed)) if self.near(at, psi, fixed) => fixed.clone(),
            _ => {
                let Ok(fixed) = self.fixed.at(&found.modes.cells.w, &found.modes.lambda) else {
                    return Ok(None);
                };
                self.known = Some((psi.to_vec(), fixed.clone()));
                fixed
            }
        };
        let (_, _, phi) = self.model.split(psi);
        let metric = laplace::metric(self.model, phi, &found.modes, &found.leverage.blocks, &fixed);
        self.memory.keep(found.modes);
        Ok(Some(Evaluation { value: found.value, gradient: found.gradient, metric }))
    }

    /// Whether the information at one point serves at another: β within a third of a standard error, θ and φ within
    /// three parts in a hundred.
    fn near(&self, at: &[f64], psi: &[f64], fixed: &[f64]) -> bool {
        let p = self.model.p();
        let d: Vec<f64> = psi.iter().zip(at).map(|(a, b)| a - b).collect();
        let length: f64 = (0..p).map(|i| (0..p).map(|j| d[i] * fixed[i * p + j] * d[j]).sum::<f64>()).sum();
        length < 0.1 && d[p..].iter().zip(&at[p..]).all(|(d, a)| d.abs() < 0.03 * (a.abs() + 0.1))
    }
}

/// Where a search begins: β in the units of the data, φ.
#[derive(Debug, Clone)]
pub struct Start {
    /// β.
    pub beta: Vec<f64>,
    /// φ (not read for a family without one).
    pub phi: f64,
    /// θ in the units of the data, for a warm start.
    pub theta: Option<Vec<f64>>,
}

/// Lower bounds of ψ.
pub(super) fn bounds(model: &Model) -> Vec<f64> {
    let mut lower = vec![f64::NEG_INFINITY; model.p()];
    lower.extend(model.entries().iter().map(|(_, (r, c))| if r == c { FLOOR } else { f64::NEG_INFINITY }));
    if model.density.has_dispersion() {
        lower.push(LN_PHI.0);
    }
    lower
}

/// ψ to start from.
pub(super) fn first(model: &Model, start: &Start, lower: &[f64]) -> Result<Vec<f64>> {
    let p = model.p();
    if start.beta.len() != p {
        return Err(Error::Length { what: "beta".to_owned(), expected: p, got: start.beta.len() });
    }
    let mut psi = start.beta.clone();
    if let Some(j) = model.x.names().iter().position(|name| name == "(intercept)") {
        psi[j] += model.centre.iter().zip(&start.beta).map(|(c, b)| c * b).sum::<f64>();
    }
    let entries = model.entries();
    match &start.theta {
        Some(theta) => {
            let scaled = entries.iter().zip(theta).map(|(&(t, (r, _)), v)| v * model.scale[t][r]);
            psi.extend(scaled.zip(&lower[p..]).map(|(v, low)| v.max(*low)));
        }
        None => psi.extend(entries.iter().map(|(_, (r, c))| if r == c { 0.5 } else { 0.0 })),
    }
    if model.density.has_dispersion() {
        psi.push(start.phi.ln().clamp(LN_PHI.0 + 1.0, LN_PHI.1 - 6.0));
    }
    Ok(psi)
}

/// Where the start has no likelihood.
pub(super) fn no_likelihood() -> Error {
    Error::Undefined {
        what: "the likelihood".to_owned(),
        reason: "it is not finite at the coefficients of the model without random effects".to_owned(),
    }
}

/// The error of a search that did not end at a minimum, with its record.
pub(super) fn record(model: &Model, search: &Search) -> Error {
    let (_, theta, _) = model.split(&search.at);
    Error::NoConvergence {
        what: format!(
            "the search for the parameters ({:?}; gradient {:.3e}; theta {theta:?}; value {:.6})",
            search.stop, search.gradient_norm, search.end.value
        ),
        n_iter: search.evaluations,
        last: search.decrement,
        tolerance: DECREMENT,
    }
}
