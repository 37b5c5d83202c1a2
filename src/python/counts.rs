//! Bindings of zero-inflated and hurdle counts.

use pyo3::prelude::*;

use crate::design::Weights;
use crate::error::{Error, Result};
use crate::python::door::enter;
use crate::python::input::InRows;
use crate::python::outcome::{Fit, Read, criteria, estimates, rows_of, walds};
use crate::python::spec::{Parts, Spec};
use crate::regression::sandwich::{Sandwich, sandwich};
use crate::regression::zero_inflated::{Counts, hurdle, zero_inflated};

/// Poisson counts with more zeros; `zero_terms` are those of the zero part.
#[pyfunction]
#[pyo3(signature = (table, spec, zero_terms, is_hurdle, conf_level, threads=0, progress=None))]
#[allow(clippy::too_many_arguments)]
pub fn zero_counts(
    py: Python<'_>,
    table: InRows,
    spec: Spec,
    zero_terms: Parts,
    is_hurdle: bool,
    conf_level: f64,
    threads: usize,
    progress: Option<&Bound<'_, PyAny>>,
) -> PyResult<Fit> {
    enter(py, threads, progress, |control| {
        let read = Read::new(table.0, spec, &zero_terms, control)?;
        counts(&read, &zero_terms, is_hurdle, conf_level).map_err(|e| read.placed(e))
    })
}

/// Rows of one count each: the cell they come from, y, and how many.
struct Split {
    from: Vec<usize>,
    y: Vec<f64>,
    n: Vec<f64>,
}

/// Cells of 0 and 1 hold both; every other cell holds one count.
fn split(read: &Read) -> Split {
    let [n, sum, _] = &read.data.sums;
    let mut out = Split { from: Vec::new(), y: Vec::new(), n: Vec::new() };
    let mut push = |i: usize, y: f64, n: f64| {
        if n > 0.0 {
            out.from.push(i);
            out.y.push(y);
            out.n.push(n);
        }
    };
    for i in 0..n.len() {
        if read.data.grouped && read.data.binary {
            push(i, 1.0, sum[i]);
            push(i, 0.0, n[i] - sum[i]);
        } else {
            push(i, sum[i] / n[i], n[i]);
        }
    }
    out
}

/// Rows of an error counted in cells.
fn of_cells(error: Error, from: &[usize]) -> Error {
    match error {
        Error::Values { column, rows, n, expected, got } => {
            Error::Values { column, rows: rows.into_iter().map(|i| from[i]).collect(), n, expected, got }
        }
        other => other,
    }
}

fn counts(read: &Read, zero_terms: &Parts, is_hurdle: bool, conf: f64) -> Result<Fit> {
    let (x, z) = (read.matrix()?, read.matrix_of(zero_terms)?);
    let rows = split(read);
    let take = |m: &crate::design::ModelMatrix| m.to_dense().select(ndarray::Axis(0), &rows.from);
    let (dense_x, dense_z) = (take(&x), take(&z));
    let offset = read.data.offset.as_ref().map(|o| rows.from.iter().map(|&i| o[i]).collect::<Vec<f64>>());
    let data = Counts {
        y: &rows.y,
        x: dense_x.view(),
        names: x.names(),
        z: dense_z.view(),
        zero_names: z.names(),
        offset: offset.as_deref(),
        weights: Weights::Frequency(&rows.n),
    };
    let fit = if is_hurdle { hurdle(&data) } else { zero_inflated(&data) };
    let fit = fit.map_err(|e| of_cells(e, &rows.from))?;
    let moved: Vec<u32>;
    let mut kind = read.sandwich(0)?;
    if let Sandwich::Clusters(small, clusters, count) = kind {
        moved = rows.from.iter().map(|&i| clusters[i]).collect();
        kind = Sandwich::Clusters(small, &moved, count);
    }
    let inference = sandwich(&fit.vcov, &fit.scores(&data), kind)?;
    let theta: Vec<f64> = fit.count.iter().chain(&fit.zero).copied().collect();
    let terms: Vec<String> = fit.names.iter().chain(&fit.zero_names).cloned().collect();
    let word = |w: &str, n: usize| std::iter::repeat_n(Some(w.to_owned()), n);
    let part = word("count", fit.names.len()).chain(word("zero", fit.zero_names.len())).collect();
    let mut facts = read.facts(fit.n_iter);
    criteria(&mut facts, fit.log_lik, theta.len(), fit.n_obs);
    facts.extend(inference.n_clusters.map(|g| ("n_clusters", g as f64)));
    let table = estimates(&terms, &walds(&inference, &theta, conf), vec![("part", part)])?;
    Ok((table, rows_of(&inference.vcov), facts, Vec::new()))
}
