//! What a fitted model says of its variances: components, and the level at which shares are taken.

use crate::mixed::glmm::fit::Glmm;
use crate::mixed::glmm::model::Model;
use crate::mixed::glmm::scale::latent;
use crate::mixed::term::Basis;
use crate::regression::family::Link;

pub use crate::mixed::summary::Component;

/// Means over the rows: what the factors add to the variance of η, and where η lies.
#[derive(Debug, Clone, PartialEq)]
pub struct Level {
    /// Per term: mean of z′ΛΛ′z (for a random intercept its variance).
    pub random: Vec<f64>,
    /// Mean of o + Xβ̂ over the rows.
    pub eta: f64,
    /// Mean count of the marginal model at that η: e^(η + s²/2). 0 for binary outcomes.
    pub mean: f64,
    /// Variance of level 1 on the latent scale.
    pub residual: f64,
}

/// ΛΛ′ of a term, row-major q × q.
fn covariance(lambda: &[f64], q: usize) -> Vec<f64> {
    let at = |i: usize, j: usize| (0..q).map(|k| lambda[i * q + k] * lambda[j * q + k]).sum::<f64>();
    (0..q * q).map(|v| at(v / q, v % q)).collect()
}

/// Where the shares of variance are taken.
pub fn level(model: &Model, fit: &Glmm) -> Level {
    let rows: Vec<f64> = model.frequency.iter().zip(&model.trials).map(|(a, n)| a * n).collect();
    let total: f64 = rows.iter().sum();
    let mean = |f: &dyn Fn(usize) -> f64| (0..rows.len()).map(|i| rows[i] * f(i)).sum::<f64>() / total;
    let random: Vec<f64> = (0..model.design.terms.len())
        .map(|t| {
            let term = &model.design.terms[t];
            let (q, sigma) = (term.q(), covariance(&fit.lambda[t], term.q()));
            if q == 1 && term.basis[0] == Basis::One {
                return sigma[0];
            }
            let z = |i: usize, k: usize| term.basis[k].at(i) * model.scale[t][k];
            let part = |a: usize, b: usize| sigma[a * q + b] * mean(&|i| z(i, a) * z(i, b));
            (0..q * q).map(|v| part(v / q, v % q)).sum()
        })
        .collect();
    let mut fixed = model.offset.clone();
    model.x.add_linear(&fit.beta, &mut fixed);
    let eta = mean(&|i| fixed[i]);
    let counts = model.density.link() == Link::Log;
    let count = if counts { (eta + 0.5 * random.iter().sum::<f64>()).exp() } else { 0.0 };
    let residual = latent(model.density, &random, count, fit.phi.unwrap_or(1.0)).residual;
    Level { random, eta, mean: count, residual }
}

/// Variances, covariances after them, and the variance of level 1 on the latent scale.
pub fn components(model: &Model, fit: &Glmm) -> Vec<Component> {
    let whole = level(model, fit);
    let total: f64 = whole.random.iter().sum::<f64>() + whole.residual;
    let mut out = Vec::new();
    for (t, term) in model.design.terms.iter().enumerate() {
        let (q, sigma) = (term.q(), covariance(&fit.lambda[t], term.q()));
        out.extend((0..q).map(|k| Component {
            factor: term.name.clone(),
            term: term.columns[k].clone(),
            variance: sigma[k * q + k],
            sd: Some(sigma[k * q + k].sqrt()),
            correlation: None,
            share: (k == 0).then(|| whole.random[t] / total),
        }));
        out.extend(term.free.iter().filter(|(i, j)| i != j).map(|&(i, j)| {
            let product = sigma[i * q + i] * sigma[j * q + j];
            Component {
                factor: term.name.clone(),
                term: format!("{}:{}", term.columns[j], term.columns[i]),
                variance: sigma[i * q + j],
                sd: None,
                correlation: (product > 0.0).then(|| sigma[i * q + j] / product.sqrt()),
                share: None,
            }
        }));
    }
    out.push(Component {
        factor: "residual".to_owned(),
        term: String::new(),
        variance: whole.residual,
        sd: Some(whole.residual.sqrt()),
        correlation: None,
        share: Some(whole.residual / total),
    });
    out
}
