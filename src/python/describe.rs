//! Describing columns, and the data id.

use pyo3::prelude::*;

use crate::frame::TableBuilder;
use crate::num::moments::Moments;
use crate::num::quantile::{ascending, median};
use crate::python::door::enter_short;
use crate::python::input::{InRows, InTable};
use crate::python::output::OutTable;

/// Rows dropped, moments, values in ascending order.
type Described = (usize, Moments, Vec<f64>);

/// One row per column: n_obs, n_missing, mean, sd, min, median, max (nulls dropped; NaN refused).
#[pyfunction]
#[pyo3(signature = (table, columns, threads=0))]
pub fn describe(py: Python<'_>, table: InTable, columns: Vec<String>, threads: usize) -> PyResult<OutTable> {
    enter_short(py, threads, || {
        let frame = table.0.not_empty()?;
        let mut rows: Vec<Described> = Vec::with_capacity(columns.len());
        for name in &columns {
            let column = frame.finite(name)?;
            let sample = frame.complete(&[&column]);
            let values = sample.take(&column.values);
            rows.push((sample.n_missing(), Moments::of_column(&values)?, ascending(&values)));
        }
        let each = |f: &dyn Fn(&Described) -> Option<f64>| rows.iter().map(f).collect::<Vec<_>>();
        TableBuilder::new()
            .text("term", &columns)
            .count("n_obs", &rows.iter().map(|r| r.2.len()).collect::<Vec<_>>())
            .count("n_missing", &rows.iter().map(|r| r.0).collect::<Vec<_>>())
            .f64_opt("mean", each(&|r| r.1.mean()))
            .f64_opt("sd", each(&|r| r.1.variance(1.0).map(f64::sqrt)))
            .f64_opt("min", each(&|r| r.2.first().copied()))
            .f64_opt("median", each(&|r| median(&r.2)))
            .f64_opt("max", each(&|r| r.2.last().copied()))
            .build()
    })
    .map(OutTable::from)
}

/// A content hash of the named columns, 16 hexadecimal digits: the same for the same values however they are
/// chunked or typed, on any number of threads.
#[pyfunction]
#[pyo3(signature = (table, columns, threads=0))]
pub fn fingerprint(py: Python<'_>, table: InRows, columns: Vec<String>, threads: usize) -> PyResult<String> {
    enter_short(py, threads, || table.0.fingerprint(&columns))
}

/// Upper tail of the chi-square distribution.
#[pyfunction]
pub fn chi2_sf(statistic: f64, df: f64) -> f64 {
    crate::num::dist::chi2::sf(statistic, df)
}
