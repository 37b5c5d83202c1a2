//! Binding of Firth's logistic regression.

use pyo3::prelude::*;

use crate::error::{Error, Result};
use crate::frame::{Rows, TableBuilder};
use crate::parallel::Control;
use crate::python::door::{enter, enter_short};
use crate::python::input::InRows;
use crate::python::outcome::{Fit, Read, criteria, rows_of, walds};
use crate::python::output::OutTable;
use crate::python::regression::tests;
use crate::python::spec::{Parts, Spec, covariance, groups_of};
use crate::regression::firth::{Firth, Flic, firth as fitted};
use crate::regression::inference::Inference;

/// A helper thread that watches for Ctrl-C is worth its start above this many rows.
const SHORT: usize = 5_000;

/// Fits the model; `profile` takes tests and limits from the penalised likelihood, `flic` corrects the intercept.
#[pyfunction]
#[pyo3(signature = (table, spec, profile, flic, conf_level, threads=0, progress=None))]
#[allow(clippy::too_many_arguments)]
pub fn firth(
    py: Python<'_>,
    table: InRows,
    spec: Spec,
    profile: bool,
    flic: bool,
    conf_level: f64,
    threads: usize,
    progress: Option<&Bound<'_, PyAny>>,
) -> PyResult<Fit> {
    let wanted = Wanted { profile, flic, conf_level };
    if matches!(&table.0, Rows::Held(frame) if frame.n_rows() <= SHORT) {
        return enter_short(py, threads, || wanted.run(table.0, spec, &Control::new()));
    }
    enter(py, threads, progress, |control| wanted.run(table.0, spec, control))
}

struct Wanted {
    profile: bool,
    flic: bool,
    conf_level: f64,
}

impl Wanted {
    fn run(&self, rows: Rows, spec: Spec, control: &Control) -> Result<Fit> {
        let read = Read::new(rows, spec, &Parts::new(), control)?;
        read.binary()?;
        let x = read.matrix()?;
        let [n, sum, _] = &read.data.sums;
        let fit = fitted(sum, n, x.to_dense().view(), x.names(), read.data.offset.as_deref())
            .map_err(|e| read.placed(e))?;
        let inference = if read.spec.vcov == "classical" {
            Inference::normal(fit.vcov.clone())
        } else {
            let groups = groups_of(&read.data)?;
            let trials = read.spec.trials.is_some();
            Inference::of_scores(&fit.scores(x, trials)?, covariance(&read.spec.vcov, &groups, &[], None)?)?
        };
        let flic = self.flic.then(|| corrected(&fit)).transpose()?;
        let mut facts = read.facts(fit.n_iter);
        criteria(&mut facts, fit.log_lik, fit.beta.len(), fit.n_obs);
        facts.push(("penalised_log_lik", fit.penalised_log_lik));
        facts.extend(inference.n_clusters.map(|g| ("n_clusters", g as f64)));
        let table = self.table(&fit, &inference, flic.as_ref().map(|(j, f)| (*j, f)))?;
        let by_row = rows_table(&read, &fit, flic.as_ref().map(|(_, f)| f))?;
        let more = by_row.map(|t| ("augment", t)).into_iter().collect();
        Ok((table, rows_of(&inference.vcov), facts, more))
    }

    fn table(&self, fit: &Firth, inference: &Inference, flic: Option<(usize, &Flic)>) -> Result<OutTable> {
        let mut rows = walds(inference, &fit.beta.to_vec(), self.conf_level);
        if self.profile {
            for (row, p) in rows.iter_mut().zip(fit.profiles(self.conf_level)?) {
                (row.statistic, row.p, row.low, row.high) = (Some(p.chi2), p.p_value, p.lower, p.upper);
            }
        }
        if let Some((j, flic)) = flic {
            let variance = ndarray::Array2::from_elem((1, 1), flic.std_error * flic.std_error);
            let one = ndarray::Array1::ones(1);
            rows[j] = Inference::normal(variance).wald(flic.beta[j], one.view(), self.conf_level);
        }
        Ok(OutTable::from(tests(&fit.names, &rows).build()?))
    }
}

fn corrected(fit: &Firth) -> Result<(usize, Flic)> {
    let Some(j) = fit.names.iter().position(|n| n == "(intercept)") else {
        return Err(Error::option("flic", "a formula with an intercept", fit.names.join(", ")));
    };
    Ok((j, fit.flic(j)?))
}

/// One row per input row: fitted probability and leverage. Not of cells.
fn rows_table(read: &Read, fit: &Firth, flic: Option<&Flic>) -> Result<Option<OutTable>> {
    if read.data.original.is_empty() || read.spec.cells.is_some() {
        return Ok(None);
    }
    let fitted = flic.map_or(&fit.fitted, |f| &f.fitted);
    let table = TableBuilder::new()
        .count("row", &read.data.original)
        .f64("fitted", fitted.clone())
        .f64("leverage", fit.hat.clone());
    Ok(Some(OutTable::from(table.build()?)))
}
