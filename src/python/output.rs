//! Tables out.

use arrow_array::RecordBatch;
use pyo3::prelude::*;
use pyo3::types::PyCapsule;

use crate::python::capsule;

/// A result table: hand it to anything that reads the Arrow C stream protocol.
#[pyclass(frozen, name = "Table", module = "gofal._core")]
pub struct OutTable(RecordBatch);

impl From<RecordBatch> for OutTable {
    fn from(batch: RecordBatch) -> Self {
        Self(batch)
    }
}

#[pymethods]
impl OutTable {
    /// Rows.
    #[getter]
    fn num_rows(&self) -> usize {
        self.0.num_rows()
    }

    /// Column names, in order.
    #[getter]
    fn column_names(&self) -> Vec<String> {
        self.0.schema().fields().iter().map(|f| f.name().clone()).collect()
    }

    #[pyo3(signature = (requested_schema=None))]
    fn __arrow_c_stream__<'py>(
        &self,
        py: Python<'py>,
        requested_schema: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyCapsule>> {
        // A requested schema is best effort in the protocol; these tables have one type only.
        let _ = requested_schema;
        capsule::write_stream(py, &self.0)
    }

    fn __arrow_c_schema__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyCapsule>> {
        capsule::write_schema(py, &self.0)
    }
}
