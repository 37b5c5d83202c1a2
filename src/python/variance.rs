//! Binding of nested variance shares.

use pyo3::prelude::*;

use crate::decomposition::cells::{check_counts, refuse};
use crate::decomposition::counts::Law;
use crate::decomposition::nested::{Components, Nest, shares};
use crate::decomposition::nested_interval::intervals;
use crate::error::Result;
use crate::frame::{Complete, Nested, TableBuilder};
use crate::python::door::enter;
use crate::python::input::InTable;
use crate::python::output::OutTable;
use crate::python::plan::weights_of;

/// Where rates come from, where they are made of counts.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub struct Rated {
    events: String,
    population: String,
    binomial: bool,
    base: f64,
}

/// Values with their sampling variances (0 where there are no counts).
fn outcomes(rows: &Complete, rated: Option<&Rated>) -> Result<(Vec<f64>, Vec<f64>)> {
    let Some(r) = rated else {
        return Ok((rows.numbers[0].clone(), vec![0.0; rows.sample.n_obs()]));
    };
    let (e, people) = (&rows.numbers[0], &rows.numbers[1]);
    check_counts((e, &r.events), (people, &r.population), r.binomial)?;
    refuse(&r.population, people, "populations above 1", |i| people[i] <= 1.0)?;
    // Unbiased: a proportion estimates its own variance with n − 1.
    let unbiased = |n: f64| if r.binomial { n / (n - 1.0) } else { 1.0 };
    let law = if r.binomial { Law::Binomial } else { Law::Poisson };
    let one = |(e, n): (&f64, &f64)| law.variance(*e, *n) * unbiased(*n) * r.base * r.base;
    let y = e.iter().zip(people).map(|(e, n)| e / n * r.base).collect();
    Ok((y, e.iter().zip(people).map(one).collect()))
}

/// Shares by level, facts.
type Split = (OutTable, Vec<(&'static str, f64)>);

/// Variance between nested groups and rows, sampling variance taken away.
#[pyfunction]
#[pyo3(signature = (table, value, rated, groups, weight, weight_kind, conf_level, n_resamples, seed, threads=0, progress=None))]
#[allow(clippy::too_many_arguments)]
pub fn variance_shares(
    py: Python<'_>,
    table: InTable,
    value: Option<&str>,
    rated: Option<Rated>,
    groups: Vec<String>,
    weight: Option<&str>,
    weight_kind: Option<&str>,
    conf_level: f64,
    n_resamples: Option<usize>,
    seed: u64,
    threads: usize,
    progress: Option<&Bound<'_, PyAny>>,
) -> PyResult<Split> {
    enter(py, threads, progress, |control| {
        let frame = table.0.not_empty()?;
        let mut numbers: Vec<&str> = Vec::new();
        numbers.extend(value);
        if let Some(r) = &rated {
            numbers.extend([r.events.as_str(), r.population.as_str()]);
        }
        numbers.extend(weight);
        let factors: Vec<&str> = groups.iter().map(String::as_str).collect();
        let rows = frame.complete_in(&numbers, &factors)?;
        let n = rows.sample.n_obs();
        let weights = weights_of(weight_kind, weight.and(rows.numbers.last()).map(Vec::as_slice));
        weights.check(n, weight.unwrap_or("weight")).map_err(|e| rows.place(e))?;
        let (y, v) = outcomes(&rows, rated.as_ref()).map_err(|e| rows.place(e))?;
        let levels = Nested::of(&rows.factors);
        let codes = levels.iter().map(|l| (l.codes.clone(), l.parent.len())).collect();
        let w = (0..n).map(|i| weights.at(i)).collect();
        let nest = Nest::new(codes, w, v, &groups)?;
        let found = nest.components(&y)?;
        let limits = match n_resamples {
            Some(m) => intervals(&nest, &found.raw, conf_level, m, seed, control)?,
            None => None,
        };
        let signal: f64 = found.raw.iter().map(|v| v.max(0.0)).sum();
        let facts = vec![
            ("sampling_variance", found.sampling),
            ("signal_variance", signal),
            ("n_obs", n as f64),
            ("n_missing", rows.sample.n_missing() as f64),
        ];
        Ok((by_level(&nest, &found, &groups, limits.as_deref())?, facts))
    })
    .map(|(t, f)| (OutTable::from(t), f))
}

fn by_level(
    nest: &Nest,
    found: &Components,
    groups: &[String],
    limits: Option<&[(f64, f64)]>,
) -> Result<arrow_array::RecordBatch> {
    let k = nest.n_levels();
    let share = shares(&found.raw);
    let total: f64 = found.squares.iter().sum();
    let counts: Vec<usize> = (0..k).map(|l| nest.n_groups(l)).collect();
    let zero = |v: &f64| (*v < 0.0).then_some("estimated below 0: set to 0");
    let none = "no variance beyond sampling";
    let table = TableBuilder::new()
        .text("component", (0..k).map(|l| if l + 1 == k { "rows" } else { "between_groups" }))
        .text_opt("level", (0..k).map(|l| groups.get(l)))
        .count("n_groups", &counts)
        .f64("variance", found.raw.iter().map(|v| v.max(0.0)).collect())
        .f64_opt("estimate", (0..k).map(|l| share.as_ref().map(|s| s[l])).collect())
        .f64_opt("observed_share", found.squares.iter().map(|s| (total > 0.0).then(|| s / total)).collect());
    let table = match limits {
        Some(l) => table
            .f64("conf_low", l.iter().map(|l| l.0).collect())
            .f64("conf_high", l.iter().map(|l| l.1).collect()),
        None => table,
    };
    table
        .text_opt("reason", found.raw.iter().map(|v| if share.is_none() { Some(none) } else { zero(v) }))
        .build()
}
