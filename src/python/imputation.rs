//! Binding of imputation.

use arrow_array::RecordBatch;
use pyo3::prelude::*;

use crate::error::{Error, Result};
use crate::frame::{Frame, TableBuilder};
use crate::imputation::chain::{Completed, Kind, Plan, Variable, impute as chained};
use crate::python::door::enter;
use crate::python::input::InTable;
use crate::python::output::OutTable;

/// A variable and, for categories, its labels by code.
struct Read {
    variable: Variable,
    levels: Vec<String>,
}

/// Labels of a column, by text or by number; `None` for a null.
fn labels(frame: &Frame, name: &str) -> Result<Vec<Option<String>>> {
    match frame.text(name) {
        Err(Error::WrongType { .. }) => {
            let column = frame.finite(name)?;
            Ok((0..frame.n_rows()).map(|i| column.get(i).map(|v| v.to_string())).collect())
        }
        other => other,
    }
}

fn read(frame: &Frame, name: &str, method: &str, donors: usize) -> Result<Read> {
    if method == "logit" || method == "two-level-probit" {
        let found = labels(frame, name)?;
        let mut levels: Vec<String> = found.iter().flatten().cloned().collect();
        levels.sort_unstable();
        levels.dedup();
        let code = |label: &String| levels.binary_search(label).map_or(0.0, |k| k as f64);
        let values = found.iter().map(|l| l.as_ref().map_or(0.0, code)).collect();
        let missing = found.iter().map(Option::is_none).collect();
        let kind = if method == "logit" { Kind::Categories(levels.len()) } else { Kind::TwoLevelBinary };
        if kind == Kind::TwoLevelBinary && levels.len() != 2 {
            let expected =
                format!("a column of two values for \"two-level-probit\", which \"{name}\" is not");
            return Err(Error::option("method", &expected, format!("{} values", levels.len())));
        }
        return Ok(Read { variable: Variable { name: name.to_owned(), values, missing, kind }, levels });
    }
    let kind = match method {
        "pmm" => Kind::Numeric(Some(donors)),
        "normal" => Kind::Numeric(None),
        "two-level" => Kind::TwoLevel,
        "cluster-pmm" => Kind::Cluster(donors),
        other => {
            let expected = "pmm, normal, logit, two-level, two-level-probit or cluster-pmm";
            return Err(Error::option("method", expected, other));
        }
    };
    let column = frame.finite(name)?;
    let missing = (0..frame.n_rows()).map(|i| !column.is_valid(i)).collect();
    let values = column.values.to_vec();
    Ok(Read { variable: Variable { name: name.to_owned(), values, missing, kind }, levels: Vec::new() })
}

/// Cluster codes and how many there are.
fn clusters(frame: &Frame, name: Option<&str>) -> Result<Option<(Vec<u32>, usize)>> {
    let Some(name) = name else { return Ok(None) };
    let factor = frame.factor(name)?;
    let nulls = || (0..factor.len()).filter(|&i| factor.label(i).is_none());
    if nulls().next().is_some() {
        return Err(Error::values(name, nulls(), "a cluster for every row", "null"));
    }
    Ok(Some((factor.codes().to_vec(), factor.levels().len())))
}

/// Imputed cells, and the means of every iteration.
#[pyfunction]
#[pyo3(signature = (table, columns, methods, cluster, m, n_iter, donors, seed, threads=0, progress=None))]
#[allow(clippy::too_many_arguments)]
pub fn impute(
    py: Python<'_>,
    table: InTable,
    columns: Vec<String>,
    methods: Vec<String>,
    cluster: Option<&str>,
    m: usize,
    n_iter: usize,
    donors: usize,
    seed: u64,
    threads: usize,
    progress: Option<&Bound<'_, PyAny>>,
) -> PyResult<(OutTable, OutTable)> {
    enter(py, threads, progress, |control| {
        let frame = table.0.not_empty()?;
        let read: Vec<Read> = columns
            .iter()
            .zip(&methods)
            .map(|(name, method)| read(&frame, name, method, donors))
            .collect::<Result<_>>()?;
        let codes = clusters(&frame, cluster)?;
        let variables: Vec<Variable> = read.iter().map(|r| r.variable.clone()).collect();
        let codes = codes.as_ref().map(|(codes, n)| (&codes[..], *n));
        let sets = chained(&variables, codes, Plan { m, n_iter, seed }, control)?;
        Ok((cells(&read, &sets)?, trace(&read, &sets)?))
    })
    .map(|(cells, trace)| (OutTable::from(cells), OutTable::from(trace)))
}

/// One row per imputation and missing cell: the number, or the label of the category.
fn cells(read: &[Read], sets: &[Completed]) -> Result<RecordBatch> {
    let (mut imputation, mut row) = (Vec::new(), Vec::new());
    let (mut term, mut value, mut category) = (Vec::new(), Vec::new(), Vec::new());
    for (k, set) in sets.iter().enumerate() {
        for (r, drawn) in read.iter().zip(&set.imputed) {
            let at = (0..r.variable.missing.len()).filter(|&i| r.variable.missing[i]);
            for (i, &x) in at.zip(drawn) {
                imputation.push(k + 1);
                row.push(i);
                term.push(r.variable.name.as_str());
                #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // a code
                let label = r.levels.get(x as usize);
                category.push(label.map(String::as_str));
                value.push(label.is_none().then_some(x));
            }
        }
    }
    TableBuilder::new()
        .count("imputation", &imputation)
        .count("row", &row)
        .text("term", term)
        .f64_opt("value", value)
        .text_opt("category", category)
        .build()
}

/// One row per imputation, iteration and incomplete variable: the mean of what was imputed (of codes).
fn trace(read: &[Read], sets: &[Completed]) -> Result<RecordBatch> {
    let (mut imputation, mut iteration) = (Vec::new(), Vec::new());
    let (mut term, mut mean) = (Vec::new(), Vec::new());
    for (k, set) in sets.iter().enumerate() {
        for (t, means) in set.trace.iter().enumerate() {
            for (r, value) in read.iter().zip(means) {
                if let Some(value) = value {
                    imputation.push(k + 1);
                    iteration.push(t + 1);
                    term.push(r.variable.name.as_str());
                    mean.push(*value);
                }
            }
        }
    }
    TableBuilder::new()
        .count("imputation", &imputation)
        .count("iteration", &iteration)
        .text("term", term)
        .f64("mean", mean)
        .build()
}
