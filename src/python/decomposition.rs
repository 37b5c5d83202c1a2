//! Bindings of Theil's decomposition and of the indices of one column.

use pyo3::prelude::*;

use crate::decomposition::theil::{Index, Parts, Theil};
use crate::error::{Error, Result};
use crate::frame::{Nested, TableBuilder};
use crate::inequality::indices::{Ascending, NAMES};
use crate::python::door::enter;
use crate::python::input::InTable;
use crate::python::output::OutTable;
use crate::python::plan::{Resampling, summarised, weights_of};
use crate::resample::summary::summaries;

/// Parts, groups, rows used, rows dropped.
type Split = (OutTable, Option<OutTable>, usize, usize);

/// Theil's index between and within nested groups.
#[pyfunction]
#[pyo3(signature = (table, value, groups, weight, weight_kind, index, resampling=None, threads=0, progress=None))]
#[allow(clippy::too_many_arguments)]
pub fn theil(
    py: Python<'_>,
    table: InTable,
    value: &str,
    groups: Vec<String>,
    weight: Option<&str>,
    weight_kind: Option<&str>,
    index: &str,
    resampling: Option<Resampling>,
    threads: usize,
    progress: Option<&Bound<'_, PyAny>>,
) -> PyResult<Split> {
    enter(py, threads, progress, |control| {
        let frame = table.0.not_empty()?;
        let index = match index {
            "T" => Index::T,
            "L" => Index::L,
            other => return Err(Error::option("index", "T or L", other)),
        };
        let numbers: Vec<&str> = [Some(value), weight].into_iter().flatten().collect();
        let drawn = resampling.as_ref().map_or_else(Vec::new, Resampling::columns);
        let factors: Vec<&str> = groups.iter().map(String::as_str).chain(drawn).collect();
        let rows = frame.complete_in(&numbers, &factors)?;
        let x = &rows.numbers[0];
        let weights = weights_of(weight_kind, rows.numbers.get(1).map(Vec::as_slice));
        weights.check(x.len(), weight.unwrap_or("weight")).map_err(|e| rows.place(e))?;
        let levels = Nested::of(&rows.factors[..groups.len()]);
        let nests: Vec<_> = levels.iter().map(|l| (l.codes.clone(), l.parent.clone())).collect();
        let theil = Theil::new(x, weights, &nests, index, value).map_err(|e| rows.place(e))?;
        let whole = theil.decompose()?;
        let found = match &resampling {
            None => None,
            Some(how) => {
                let plan = how.plan(x.len(), rows.factors.get(groups.len()));
                let statistic = |c: &[f64]| Ok(values(theil.parts(Some(c)), levels.len()));
                let at = values(Some(whole.clone()), levels.len());
                Some(summaries(&plan, &at, how.draws()?, control, statistic)?)
            }
        };
        let members = (!levels.is_empty()).then(|| members(&theil, &levels)).transpose()?;
        let parts = summarised(parts(&whole, &levels), found.as_deref()).build()?;
        Ok((parts, members, rows.sample.n_obs(), rows.sample.n_missing()))
    })
    .map(|(p, m, n, k)| (OutTable::from(p), m.map(OutTable::from), n, k))
}

/// Total, between by level, within, then each of the latter as a share of the total.
fn values(parts: Option<Parts>, n_levels: usize) -> Vec<Option<f64>> {
    let Some(parts) = parts else { return vec![None; n_levels + 2] };
    let mut out = vec![Some(parts.total)];
    out.extend(parts.between.iter().copied().map(Some));
    out.push(Some(parts.within));
    out
}

fn parts(whole: &Parts, levels: &[Nested]) -> TableBuilder {
    let mut components = vec!["total"];
    components.extend(levels.iter().map(|_| "between_groups"));
    components.push("within_groups");
    let mut names = vec![None];
    names.extend(levels.iter().map(|l| Some(l.name.as_str())));
    names.push(levels.last().map(|l| l.name.as_str()));
    let estimates: Vec<f64> = values(Some(whole.clone()), levels.len()).into_iter().flatten().collect();
    let share = |v: &f64| (whole.total > 0.0).then(|| v / whole.total);
    let shares = estimates.iter().map(share).collect();
    TableBuilder::new()
        .text("component", components)
        .text_opt("level", names)
        .f64("estimate", estimates)
        .f64_opt("share", shares)
}

fn members(theil: &Theil, levels: &[Nested]) -> Result<arrow_array::RecordBatch> {
    let all = theil.members();
    TableBuilder::new()
        .text("level", all.iter().map(|m| &levels[m.level].name))
        .text("group", all.iter().map(|m| &levels[m.level].labels[m.group]))
        .f64("mean", all.iter().map(|m| m.mean).collect())
        .f64("weight_share", all.iter().map(|m| m.weight_share).collect())
        .f64("value_share", all.iter().map(|m| m.value_share).collect())
        .f64_opt("estimate", all.iter().map(|m| m.index).collect())
        .f64("within_groups", all.iter().map(|m| m.within).collect())
        .f64("between_groups", all.iter().map(|m| m.between).collect())
        .text_opt("reason", all.iter().map(|m| m.index.is_none().then_some("all values of the group are 0")))
        .build()
}

/// Indices of inequality of one column.
#[pyfunction]
#[pyo3(signature = (table, value, weight, weight_kind, resampling=None, threads=0, progress=None))]
#[allow(clippy::too_many_arguments)]
pub fn inequality_indices(
    py: Python<'_>,
    table: InTable,
    value: &str,
    weight: Option<&str>,
    weight_kind: Option<&str>,
    resampling: Option<Resampling>,
    threads: usize,
    progress: Option<&Bound<'_, PyAny>>,
) -> PyResult<(OutTable, usize, usize)> {
    enter(py, threads, progress, |control| {
        let frame = table.0.not_empty()?;
        let numbers: Vec<&str> = [Some(value), weight].into_iter().flatten().collect();
        let drawn = resampling.as_ref().map_or_else(Vec::new, Resampling::columns);
        let rows = frame.complete_in(&numbers, &drawn)?;
        let x = &rows.numbers[0];
        let weights = weights_of(weight_kind, rows.numbers.get(1).map(Vec::as_slice));
        weights.check(x.len(), weight.unwrap_or("weight")).map_err(|e| rows.place(e))?;
        let ascending = Ascending::new(x, weights, value).map_err(|e| rows.place(e))?;
        let whole = ascending.indices(None);
        let found = match &resampling {
            None => None,
            Some(how) => {
                let plan = how.plan(x.len(), rows.factors.first());
                let statistic = |c: &[f64]| Ok(ascending.indices(Some(c)).to_vec());
                Some(summaries(&plan, &whole, how.draws()?, control, statistic)?)
            }
        };
        let why = |(name, v): (&&str, &Option<f64>)| match (*name, v) {
            (_, Some(_)) => None,
            ("bottom_fifth_share", None) => Some("defined without weights only"),
            ("gini_corrected", None) => Some("one row only"),
            _ => Some("some values are 0: their logarithm or inverse does not exist"),
        };
        let reasons: Vec<Option<&str>> = NAMES.iter().zip(&whole).map(why).collect();
        let table = TableBuilder::new().text("measure", NAMES).f64_opt("estimate", whole.to_vec());
        let table = match found.as_deref() {
            None => table.text_opt("reason", reasons),
            Some(_) => summarised(table, found.as_deref()),
        };
        Ok((table.build()?, rows.sample.n_obs(), rows.sample.n_missing()))
    })
    .map(|(t, n, m)| (OutTable::from(t), n, m))
}
