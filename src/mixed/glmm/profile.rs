//! Limits of a standard deviation from its profile likelihood, valid at 0.
//!
//! {σ : d_p(σ) − d(ψ̂) ≤ χ²_1(level)} with d_p the deviance minimised over all other parameters (Pawitan 2001). The lower end is 0
//! where d_p(0) does not rise that far: the test of σ = 0 that is inverted there is conservative (its null is half a point
//! mass at 0; Self and Liang 1987), so the interval covers 0 at least as often as it says.

use crate::error::Result;
use crate::mixed::glmm::fit::Glmm;
use crate::mixed::glmm::model::Model;
use crate::mixed::glmm::search::{Evaluator, FLOOR, Start, bounds, first, no_likelihood, record};
use crate::mixed::term::RandomTerm;
use crate::num::bounded::minimise;
use crate::num::dist::chi2;
use crate::num::root::brent;
use crate::parallel::Control;

/// Factor, lower limit, upper limit (`None` where the profile never rises enough).
pub type Limits = (String, f64, Option<f64>);

/// Limits for every factor with a single random effect.
///
/// # Errors
/// Those of the fits with σ held.
pub fn profile_sd(model: &Model, fit: &Glmm, conf_level: f64, control: &Control) -> Result<Vec<Limits>> {
    let rise = chi2::isf(1.0 - conf_level, 1.0);
    let mut out = Vec::new();
    for (t, term) in model.design.terms.iter().enumerate() {
        if term.q() != 1 {
            continue;
        }
        let mut held = Held::new(model, fit, t, control)?;
        let top = fit.lambda[t][0] * model.scale[t][0];
        let mut excess = |sd: f64| -> Result<f64> { Ok(held.deviance(sd)? - fit.deviance - rise) };
        let low = if top == 0.0 || excess(0.0)? <= 0.0 { 0.0 } else { root(&mut excess, 0.0, top)? };
        let mut reach = (top * 1.5).max(0.1);
        let mut high = None;
        for _ in 0..12 {
            if excess(reach)? > 0.0 {
                high = Some(root(&mut excess, top, reach)?);
                break;
            }
            reach *= 2.0;
        }
        let unit = model.scale[t][0];
        out.push((term.name.clone(), low / unit, high.map(|h| h / unit)));
    }
    Ok(out)
}

/// Where the excess changes sign between two standard deviations.
fn root(excess: &mut impl FnMut(f64) -> Result<f64>, a: f64, b: f64) -> Result<f64> {
    let cell = std::cell::RefCell::new(excess);
    let mut failure = std::cell::RefCell::new(None);
    let found = brent(
        |sd| match (cell.borrow_mut())(sd) {
            Ok(value) => value,
            Err(error) => {
                failure.borrow_mut().get_or_insert(error);
                f64::NAN
            }
        },
        a,
        b,
        1e-6 * b,
    );
    failure.get_mut().take().map_or(found, Err)
}

/// The deviance with the standard deviation of one factor held, minimised over everything else.
struct Held<'a> {
    evaluator: Evaluator<'a>,
    /// Where θ of the factor stands in ψ.
    at: usize,
    psi: Vec<f64>,
    lower: Vec<f64>,
}

impl<'a> Held<'a> {
    /// Starts from a fit; `term` has one random effect.
    ///
    /// # Errors
    /// Those of the quadrature rule.
    fn new(model: &'a Model, fit: &Glmm, term: usize, control: &'a Control) -> Result<Self> {
        let before: usize = model.design.terms[..term].iter().map(RandomTerm::n_theta).sum();
        let start =
            Start { beta: fit.beta.clone(), phi: fit.phi.unwrap_or(1.0), theta: Some(fit.theta.clone()) };
        let lower = bounds(model);
        let psi = first(model, &start, &lower)?;
        Ok(Self { evaluator: Evaluator::new(model, fit.nodes, control)?, at: model.p() + before, psi, lower })
    }

    /// d_p(σ), σ in scaled units.
    ///
    /// # Errors
    /// `NoConvergence`; those of the evaluations.
    fn deviance(&mut self, sd: f64) -> Result<f64> {
        let (j, k) = (self.at, self.psi.len());
        let mut start = self.psi.clone();
        start[j] = sd;
        let mut lower = self.lower.clone();
        lower[j] = sd;
        let evaluator = &mut self.evaluator;
        let search = minimise(
            start,
            &lower,
            |psi| {
                // At 0 the metric in θ does not exist; what is held needs none.
                let mut tried = psi.to_vec();
                tried[j] = sd.max(FLOOR);
                let Some(mut found) = evaluator.evaluation(&tried)? else { return Ok(None) };
                found.gradient[j] = 0.0;
                for i in 0..k {
                    (found.metric[i * k + j], found.metric[j * k + i]) = (0.0, 0.0);
                }
                found.metric[j * k + j] = 1.0;
                Ok(Some(found))
            },
            no_likelihood,
        )?;
        if !search.converged() {
            return Err(record(evaluator.model, &search));
        }
        self.psi = search.at;
        Ok(search.end.value)
    }
}
