//! Bindings of files and streams that are never held whole.

use std::path::PathBuf;

use pyo3::prelude::*;
use pyo3::types::PyCapsule;

use crate::error::Result;
use crate::frame::{Columns, Scan as Files, stream_cells};
use crate::python::capsule;
use crate::python::cells::{Found, table};
use crate::python::door::{enter, enter_short};
use crate::python::input::InStream;
use crate::python::output::OutTable;

/// Parquet files as one table.
#[pyclass(frozen, name = "Scan", module = "gofal._core")]
pub struct Scan {
    pub(super) files: Files,
    columns: Vec<String>,
}

#[pymethods]
impl Scan {
    /// Opens the files; `columns` are all there are unless named.
    #[new]
    #[pyo3(signature = (files, columns=None))]
    fn new(py: Python<'_>, files: Vec<PathBuf>, columns: Option<Vec<String>>) -> PyResult<Self> {
        enter_short(py, 0, || {
            let files = Files::open(&files)?;
            let all = || files.schema().fields().iter().map(|f| f.name().clone()).collect();
            let columns = columns.unwrap_or_else(all);
            files.reader(&columns)?;
            Ok(Self { files, columns })
        })
    }

    /// Column names, in order.
    #[getter]
    fn columns(&self) -> Vec<String> {
        self.columns.clone()
    }

    /// Rows, as the files say.
    #[getter]
    fn n_rows(&self) -> usize {
        self.files.n_rows()
    }

    /// The same files, fewer columns.
    fn narrowed(&self, py: Python<'_>, columns: Vec<String>) -> PyResult<Self> {
        enter_short(py, 1, || {
            self.files.reader(&columns)?;
            Ok(Self { files: self.files.clone(), columns })
        })
    }

    /// Groups rows by `by`.
    #[pyo3(signature = (by, outcome=None, weight=None, threads=0, progress=None))]
    fn cells(
        &self,
        py: Python<'_>,
        by: Vec<String>,
        outcome: Option<&str>,
        weight: Option<&str>,
        threads: usize,
        progress: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Found> {
        let made = enter(py, threads, progress, |control| -> Result<_> {
            let found = self.files.cells(Columns { keys: &by, outcome, weight, squares: None }, control)?;
            Ok((table(&found, outcome.is_some())?, found.n_rows, found.n_missing))
        });
        made.map(|(t, n, m)| (OutTable::from(t), n, m))
    }

    #[pyo3(signature = (requested_schema=None))]
    fn __arrow_c_stream__<'py>(
        &self,
        py: Python<'py>,
        requested_schema: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyCapsule>> {
        // A requested schema is best effort in the protocol; the files have one type only.
        let _ = requested_schema;
        let reader = enter_short(py, 1, || self.files.reader(&self.columns))?;
        capsule::write_reader(py, Box::new(reader))
    }
}

/// Groups the rows of a stream by `by`, batch after batch.
#[pyfunction]
#[pyo3(signature = (stream, by, outcome=None, weight=None, threads=0, progress=None))]
pub fn cells_of_stream(
    py: Python<'_>,
    stream: InStream,
    by: Vec<String>,
    outcome: Option<&str>,
    weight: Option<&str>,
    threads: usize,
    progress: Option<&Bound<'_, PyAny>>,
) -> PyResult<Found> {
    let mut reader = stream.0;
    let made = enter(py, threads, progress, |control| {
        let found =
            stream_cells(reader.as_mut(), Columns { keys: &by, outcome, weight, squares: None }, control)?;
        Ok((table(&found, outcome.is_some())?, found.n_rows, found.n_missing))
    });
    made.map(|(t, n, m)| (OutTable::from(t), n, m))
}
