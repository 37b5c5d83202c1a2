//! What a fitted mixed model says: variance components, shares, R², fitted values.
//!
//! The variance that a term puts into a row is z_i′Σz_i; its share is the weighted mean of that over the rows (Johnson 2014; for a
//! random intercept Σ itself) over the sum of all terms' means and σ²: the variance partition coefficient. Marginal and
//! conditional R² (Nakagawa and Schielzeth 2013; Johnson 2014) put the variance of Xβ̂ over the rows beside them.

use crate::mixed::lmm::Lmm;
use crate::mixed::problem::Problem;

/// A variance, or a covariance (no standard deviation, no share).
#[derive(Debug, Clone, PartialEq)]
pub struct Component {
    /// Grouping factor; `residual` for the last.
    pub factor: String,
    /// Column of the basis, or two of them.
    pub term: String,
    /// Variance or covariance.
    pub variance: f64,
    /// Its root; `None` for a covariance.
    pub sd: Option<f64>,
    /// Correlation of two columns, where it exists.
    pub correlation: Option<f64>,
    /// Share of the variance of a row.
    pub share: Option<f64>,
}

/// Parts of the variance of a row.
#[derive(Debug, Clone, PartialEq)]
pub struct Overall {
    /// Per term: mean of z′Σz.
    pub random: Vec<f64>,
    /// Variance of Xβ̂ over the rows.
    pub fixed: f64,
    /// σ².
    pub residual: f64,
    /// Share of the fixed effects.
    pub r2_marginal: f64,
    /// Share of fixed and random effects.
    pub r2_conditional: f64,
}

/// Means over the rows of what each part adds to the variance of y.
pub fn overall(problem: &Problem, fit: &Lmm) -> Overall {
    let rows = problem.w.len();
    // Rows count as often as they stand for, whatever their precision: σ²/w is the residual's affair.
    let n: f64 = problem.rows.iter().sum();
    let mean = |f: &dyn Fn(usize) -> f64| (0..rows).map(|i| problem.rows[i] * f(i)).sum::<f64>() / n;
    let random = (0..problem.design.terms.len())
        .map(|t| {
            let term = &problem.design.terms[t];
            let (q, sigma) = (term.q(), fit.random_covariance(t));
            if q == 1 && term.basis[0] == crate::mixed::term::Basis::One {
                return sigma[0];
            }
            let z = |i: usize, k: usize| term.basis[k].at(i) * problem.scale[t][k];
            let part = |a: usize, b: usize| sigma[a * q + b] * mean(&|i| z(i, a) * z(i, b));
            (0..q * q).map(|v| part(v / q, v % q)).sum()
        })
        .collect::<Vec<f64>>();
    let mut eta = vec![0.0; rows];
    problem.design.x.add_linear(&fit.beta, &mut eta);
    let centre = mean(&|i| eta[i]);
    // The sample variance, divisor n − 1, as var() in R.
    let fixed = mean(&|i| (eta[i] - centre).powi(2)) * n / (n - 1.0);
    let residual = fit.sigma * fit.sigma;
    let between: f64 = random.iter().sum();
    let total = fixed + between + residual;
    Overall { fixed, residual, r2_marginal: fixed / total, r2_conditional: (fixed + between) / total, random }
}

/// Variances, covariances after them, and σ².
pub fn components(problem: &Problem, fit: &Lmm) -> Vec<Component> {
    let whole = overall(problem, fit);
    let total: f64 = whole.random.iter().sum::<f64>() + whole.residual;
    let mut out = Vec::new();
    for (t, term) in problem.design.terms.iter().enumerate() {
        let (q, sigma) = (term.q(), fit.random_covariance(t));
        for k in 0..q {
            let variance = sigma[k * q + k];
            out.push(Component {
                factor: term.name.clone(),
                term: term.columns[k].clone(),
                variance,
                sd: Some(variance.sqrt()),
                correlation: None,
                // The share is the term's: it stands with the first column.
                share: (k == 0).then(|| whole.random[t] / total),
            });
        }
        for &(i, j) in term.free.iter().filter(|(i, j)| i != j) {
            let product = sigma[i * q + i] * sigma[j * q + j];
            out.push(Component {
                factor: term.name.clone(),
                term: format!("{}:{}", term.columns[j], term.columns[i]),
                variance: sigma[i * q + j],
                sd: None,
                correlation: (product > 0.0).then(|| sigma[i * q + j] / product.sqrt()),
                share: None,
            });
        }
    }
    out.push(Component {
        factor: "residual".to_owned(),
        term: String::new(),
        variance: whole.residual,
        sd: Some(fit.sigma),
        correlation: None,
        share: Some(whole.residual / total),
    });
    out
}

/// Xβ̂ + Zb̃ of every row.
pub fn linear(problem: &Problem, fit: &Lmm) -> Vec<f64> {
    let mut eta = vec![0.0; problem.w.len()];
    problem.design.x.add_linear(&fit.beta, &mut eta);
    for (t, term) in problem.design.terms.iter().enumerate() {
        let q = term.q();
        for (i, e) in eta.iter_mut().enumerate() {
            let level = term.codes[i] as usize * q;
            let b = &fit.modes[t][level..level + q];
            *e += (0..q).map(|k| term.basis[k].at(i) * problem.scale[t][k] * b[k]).sum::<f64>();
        }
    }
    eta
}
