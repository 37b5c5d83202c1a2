//! Binding of the bootstrap of standardised risks, interaction and attributable fractions: the rows of the tables in
//! `effects`, in their order.

use ndarray::Array2;
use pyo3::prelude::*;

use crate::design::ModelMatrix;
use crate::effects::attributable::{average, by_subset, sequential};
use crate::effects::interaction::interaction as measures;
use crate::effects::resampled::{How, Resampled, Setting};
use crate::effects::standardise::{Estimate, contrast};
use crate::error::{Error, Result};
use crate::frame::TableBuilder;
use crate::parallel::Control;
use crate::python::door::enter;
use crate::python::effects::{Assigned, log_ratios, patterns, removals};
use crate::python::output::OutTable;
use crate::python::regression::Model;
use crate::regression::glm::Options;
use crate::regression::inference::Inference;
use crate::resample::interval::Kind as Interval;

/// What is resampled.
enum What {
    Risks,
    Interaction { standardised: bool },
    Attributable,
}

/// Standard errors and limits, row for row of `standardised`, `interaction` or `attributable`.
#[allow(clippy::too_many_arguments)]
#[pyfunction]
pub fn effects_resampled(
    py: Python<'_>,
    model: &Model,
    what: &str,
    scenarios: Vec<(String, Assigned)>,
    factors: Vec<(String, String, String)>,
    logs: Vec<bool>,
    interval: &str,
    n_resamples: usize,
    seed: u64,
    conf_level: f64,
    threads: usize,
    progress: Option<&Bound<'_, PyAny>>,
) -> PyResult<(OutTable, usize)> {
    enter(py, threads, progress, |control| {
        let kind = if interval == "bca" { Interval::Bca } else { Interval::Percentile };
        let how = How { kind, n_resamples, seed, conf_level };
        let (what, assigned) = match what {
            "risk" => (What::Risks, scenarios.iter().map(|s| s.1.clone()).collect()),
            "attributable" => (What::Attributable, removals(&factors)),
            other => (What::Interaction { standardised: other == "standardised" }, patterns(&factors)),
        };
        let rows = run(model, &what, &assigned, (factors.len(), &logs), how, control)?;
        let failed = rows.iter().map(|r| r.n_failed).max().unwrap_or(0);
        let reason = |r: &Resampled| {
            r.limits.is_none().then_some("more than 5% of the resamples have no estimate: no interval")
        };
        let table = TableBuilder::new()
            .f64_opt("std_error", rows.iter().map(|r| r.std_error).collect())
            .f64_opt("conf_low", rows.iter().map(|r| r.limits.map(|l| l.0)).collect())
            .f64_opt("conf_high", rows.iter().map(|r| r.limits.map(|l| l.1)).collect())
            .text_opt("reason", rows.iter().map(reason))
            .build()?;
        Ok((table, failed))
    })
    .map(|(table, failed)| (OutTable::from(table), failed))
}

fn run(
    model: &Model,
    what: &What,
    assigned: &[Assigned],
    (k, logs): (usize, &[bool]),
    how: How,
    control: &Control,
) -> Result<Vec<Resampled>> {
    if model.groups.len() > 1 {
        return Err(Error::option("vcov", "one cluster column for a bootstrap", "two"));
    }
    let designs: Vec<ModelMatrix> = assigned.iter().map(|a| model.design(a)).collect::<Result<_>>()?;
    let fit = model.fit.glm();
    let setting = Setting {
        fit,
        outcome: &model.outcome,
        options: Options { family: fit.family, link: fit.link, ..model.spec.options()? },
        scenarios: &designs,
        clusters: model.groups.first(),
        predictors: matches!(what, What::Interaction { standardised: false }),
    };
    // Values without errors: what is tested for is never looked at.
    let none = Inference::normal(Array2::zeros((0, 0)));
    let level = how.conf_level;
    let derive = |values: &[Estimate]| -> Vec<Option<f64>> {
        match what {
            What::Risks => values
                .iter()
                .enumerate()
                .flat_map(|(s, v)| {
                    let found = contrast(v, &values[0], &none, level).ok();
                    let all = found.map(|c| [c.risk, c.ratio, c.odds, c.difference].map(|w| w.estimate));
                    (0..if s == 0 { 1 } else { 4 }).map(move |m| all.map(|a| a[m]))
                })
                .collect(),
            What::Interaction { standardised } => {
                let ratios = if *standardised { log_ratios(values) } else { values.to_vec() };
                let found = measures(&ratios, &none, level);
                let pair = |set: &usize| set.count_ones() == 2;
                let reri =
                    |set: usize| found.iter().find(|m| m.of == set && m.name == "reri").and_then(|m| m.wald);
                let first = ratios.iter().skip(1).map(|r| Some(r.value.exp()));
                let rest = found.iter().map(|m| m.wald.map(|w| w.estimate));
                let again = (0..ratios.len()).filter(pair).map(|s| reri(s).map(|w| w.estimate));
                first.chain(rest).chain(again).collect()
            }
            What::Attributable => {
                let all = by_subset(values);
                let alone = (0..k).map(|i| all[1 << i].value);
                let parts = [sequential(&all, k), average(&all, k)].concat();
                let total = all[(1 << k) - 1].value;
                alone.chain(parts.iter().map(|e| e.value)).chain([total]).map(Some).collect()
            }
        }
    };
    setting.resample(how, control, &derive, logs)
}
