//! Binding of discrete-time hazards: a binomial model on cells of person-periods.

use std::collections::HashMap;

use pyo3::prelude::*;

use crate::design::{Levels, Values, Variable};
use crate::error::{Error, Result};
use crate::frame::{ModelData, Rows};
use crate::parallel::Control;
use crate::python::door::enter;
use crate::python::input::InRows;
use crate::python::regression::{Model, fitted};
use crate::python::spec::Spec;
use crate::regression::person_period::{AtRisk, Spells, person_periods};

/// Fits the hazards of spells; `period` is what the terms of the specification call time.
#[pyfunction]
#[pyo3(signature = (table, spec, exit, entry, period, threads=0, progress=None))]
#[allow(clippy::too_many_arguments)]
pub fn discrete_hazard(
    py: Python<'_>,
    table: InRows,
    spec: Spec,
    exit: &str,
    entry: Option<&str>,
    period: &str,
    threads: usize,
    progress: Option<&Bound<'_, PyAny>>,
) -> PyResult<Model> {
    enter(py, threads, progress, |control| {
        let data = expanded(table.0, &spec, exit, entry, period, control)?;
        fitted(data, spec)
    })
}

fn expanded(
    rows: Rows,
    spec: &Spec,
    exit: &str,
    entry: Option<&str>,
    period: &str,
    control: &Control,
) -> Result<ModelData> {
    let mut roles = spec.roles();
    roles.variables.retain(|name| name != period);
    roles.factors.retain(|name| name != period);
    for name in std::iter::once(exit).chain(entry) {
        if !roles.variables.iter().any(|v| v == name) {
            roles.variables.push(name.to_owned());
        }
        roles.factors.push(name.to_owned());
    }
    let data = rows.model(&roles, control)?;
    let times = (numbers(&data, exit)?, entry.map(|name| numbers(&data, name)).transpose()?);
    let (pattern, first) =
        patterns(&data, &spec.terms.iter().flatten().map(|p| p.0.as_str()).collect::<Vec<_>>());
    let [n, events, squares] = &data.sums;
    let bad = |i: &usize| events[*i] != squares[*i] || events[*i] < 0.0 || events[*i] > n[*i];
    if let Some(at) = (0..n.len()).find(bad) {
        let places = (0..n.len()).filter(bad).map(|i| data.original.get(i).copied().unwrap_or(i));
        return Err(Error::values(
            &spec.outcome,
            places,
            "0 (no event by the exit) and 1 (event)",
            events[at] / n[at],
        ));
    }
    let spells = Spells {
        pattern: &pattern,
        n_patterns: first.len(),
        entry: times.1.as_deref(),
        exit: &times.0,
        n,
        events,
    };
    let cells = person_periods(&spells).map_err(|e| named(e, exit, entry, &data))?;
    Ok(cells_of(data, &cells, &first, period))
}

/// The names of the table's columns and its rows in an error of the kernel.
fn named(error: Error, exit: &str, entry: Option<&str>, data: &ModelData) -> Error {
    match error {
        Error::Values { column, rows, n, expected, got } => Error::Values {
            column: if column == "exit" { exit } else { entry.unwrap_or("entry") }.to_owned(),
            rows: rows.into_iter().map(|i| data.original.get(i).copied().unwrap_or(i)).collect(),
            n,
            expected,
            got,
        },
        other => other,
    }
}

fn numbers(data: &ModelData, name: &str) -> Result<Vec<f64>> {
    match data.variables.iter().find(|v| v.name == name).map(|v| &v.values) {
        Some(Values::Continuous(values)) => Ok(values.clone()),
        Some(Values::Coded(codes, Levels::Number(values))) => {
            Ok(codes.iter().map(|&c| values[c as usize]).collect())
        }
        _ => Err(Error::WrongType {
            column: name.to_owned(),
            expected: "whole numbers of periods".to_owned(),
            got: "text".to_owned(),
        }),
    }
}

/// Patterns of the columns of the terms and of the clusters: one for each row, and a row that has it.
fn patterns(data: &ModelData, used: &[&str]) -> (Vec<u32>, Vec<usize>) {
    let columns: Vec<&Values> =
        data.variables.iter().filter(|v| used.contains(&v.name.as_str())).map(|v| &v.values).collect();
    let mut seen: HashMap<Vec<u64>, u32> = HashMap::new();
    let mut first = Vec::new();
    let pattern = (0..data.sums[0].len())
        .map(|i| {
            let key: Vec<u64> = columns
                .iter()
                .map(|values| match values {
                    Values::Coded(codes, _) => u64::from(codes[i]),
                    Values::Continuous(x) => x[i].to_bits(),
                })
                .chain(data.clusters.iter().map(|(codes, _)| u64::from(codes[i])))
                .collect();
            *seen.entry(key).or_insert_with(|| {
                first.push(i);
                u32::try_from(first.len() - 1).unwrap_or(u32::MAX)
            })
        })
        .collect();
    (pattern, first)
}

/// The model's data with a row for each cell of person-periods.
fn cells_of(data: ModelData, cells: &[AtRisk], first: &[usize], period: &str) -> ModelData {
    let from: Vec<usize> = cells.iter().map(|c| first[c.pattern as usize]).collect();
    let mut variables: Vec<Variable> = data
        .variables
        .iter()
        .map(|v| Variable {
            name: v.name.clone(),
            values: match &v.values {
                Values::Coded(codes, levels) => {
                    Values::Coded(from.iter().map(|&i| codes[i]).collect(), levels.clone())
                }
                Values::Continuous(x) => Values::Continuous(from.iter().map(|&i| x[i]).collect()),
            },
        })
        .collect();
    let mut periods: Vec<f64> = cells.iter().map(|c| c.period).collect();
    periods.sort_by(f64::total_cmp);
    periods.dedup();
    let code = |v: f64| u32::try_from(periods.partition_point(|p| *p < v)).unwrap_or(u32::MAX);
    let codes = cells.iter().map(|c| code(c.period)).collect();
    variables
        .push(Variable { name: period.to_owned(), values: Values::Coded(codes, Levels::Number(periods)) });
    let events: Vec<f64> = cells.iter().map(|c| c.events).collect();
    let clusters = data
        .clusters
        .iter()
        .map(|(codes, labels)| (from.iter().map(|&i| codes[i]).collect(), labels.clone()));
    ModelData {
        variables,
        sums: [cells.iter().map(|c| c.n).collect(), events.clone(), events],
        clusters: clusters.collect(),
        original: Vec::new(),
        binary: true,
        grouped: true,
        ..data
    }
}
