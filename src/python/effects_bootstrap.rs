//! Bindings of the cluster bootstrap of effects.

use ndarray::Array2;
use pyo3::prelude::*;

use crate::design::ModelMatrix;
use crate::effects::bootstrap::{Draws, Refit, bootstrap};
use crate::effects::interaction::interaction as measures;
use crate::effects::ratios::log_ratios;
use crate::error::{Error, Result};
use crate::frame::TableBuilder;
use crate::python::door::enter;
use crate::python::effects::patterns;
use crate::python::output::OutTable;
use crate::python::regression::Model;
use crate::regression::glm::{Glm, Options};
use crate::regression::inference::Inference;
use crate::regression::outcome::Outcome;

/// Ratios of the patterns and the measures of interaction, in the order of `interaction`; NaN for one that does not
/// exist.
fn values(designs: &[ModelMatrix], fit: &Glm, outcome: &Outcome, standardised: bool) -> Result<Vec<f64>> {
    let ratios = log_ratios(designs, fit, outcome, standardised)?;
    // Errors are not asked for here: a covariance of 0 serves.
    let none = Inference::normal(Array2::zeros((fit.beta.len(), fit.beta.len())));
    let mut out: Vec<f64> = ratios.iter().skip(1).map(|r| r.value.exp()).collect();
    out.extend(
        measures(&ratios, &none, 0.95).iter().map(|m| m.wald.as_ref().map_or(f64::NAN, |w| w.estimate)),
    );
    Ok(out)
}

/// Limits of the ratios and measures of interaction by the cluster bootstrap, and replicates without a fit.
#[allow(clippy::too_many_arguments)]
#[pyfunction]
#[pyo3(signature = (model, factors, standardised, conf_level, n_resamples, seed, threads=0, progress=None))]
pub fn interaction_bootstrap(
    py: Python<'_>,
    model: &Model,
    factors: Vec<(String, String, String)>,
    standardised: bool,
    conf_level: f64,
    n_resamples: usize,
    seed: u64,
    threads: usize,
    progress: Option<&Bound<'_, PyAny>>,
) -> PyResult<(OutTable, usize)> {
    enter(py, threads, progress, |control| {
        let fit = model.fit.glm();
        let groups = model.groups.first().ok_or_else(|| Error::option("cluster", "a column", "none"))?;
        let sets = patterns(&factors, |set, i| set >> i & 1 == 1);
        let designs: Vec<ModelMatrix> = sets.iter().map(|s| model.design(s)).collect::<Result<_>>()?;
        let x = model.design(&Vec::new())?;
        let options = Options { start: Some(&fit.beta), ..model.spec.options()? };
        let refit = Refit { x: &x, outcome: &model.outcome, options, groups };
        let draws = Draws { n: n_resamples, seed, conf_level };
        let observed = values(&designs, fit, &model.outcome, standardised)?;
        let of = |fit: &Glm, outcome: &Outcome| values(&designs, fit, outcome, standardised);
        let found = bootstrap(refit, &observed, draws, control, of)?;
        let column = |k: usize| {
            let pick = |l: &Option<(f64, f64, f64)>| l.map(|(low, high, error)| [low, high, error][k]);
            found.limits.iter().map(pick).collect::<Vec<_>>()
        };
        let table = TableBuilder::new()
            .f64_opt("conf_low", column(0))
            .f64_opt("conf_high", column(1))
            .f64_opt("std_error", column(2))
            .build()?;
        Ok((table, found.n_failed))
    })
    .map(|(table, failed)| (OutTable::from(table), failed))
}
