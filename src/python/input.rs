//! Tables in: whatever speaks the Arrow C stream or array protocol.

use std::sync::Arc;

use arrow_array::RecordBatchReader;
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyCapsule, PyTuple};

use crate::frame::{Frame, Rows};
use crate::python::capsule;
use crate::python::scan::Scan;

/// A table handed over from Python: pandas, polars, pyarrow, `DuckDB`, a record-batch reader …
pub struct InTable(pub Frame);

impl<'py> FromPyObject<'_, 'py> for InTable {
    type Error = PyErr;

    fn extract(object: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        // The stream first: a table that offers both may copy itself into one chunk for the array.
        let read = if object.hasattr("__arrow_c_stream__")? {
            let stream = object.call_method0("__arrow_c_stream__")?;
            Some(capsule::read_stream(stream.cast::<PyCapsule>()?)?)
        } else if object.hasattr("__arrow_c_array__")? {
            let pair = object.call_method0("__arrow_c_array__")?;
            let pair = pair.cast::<PyTuple>()?;
            let (schema, array) = (pair.get_item(0)?, pair.get_item(1)?);
            capsule::read_array(schema.cast::<PyCapsule>()?, array.cast::<PyCapsule>()?)?
        } else {
            None
        };
        match read {
            Some((schema, batches)) => Ok(Self(Frame::new(Arc::new(schema), batches))),
            None => Err(PyTypeError::new_err(format!(
                "expected a table (pandas or polars DataFrame, pyarrow Table, DuckDB relation, …), got {}",
                object.get_type().name()?
            ))),
        }
    }
}

/// A table, or files that stand for one.
pub struct InRows(pub Rows);

impl<'py> FromPyObject<'_, 'py> for InRows {
    type Error = PyErr;

    fn extract(object: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        if let Ok(scan) = object.cast::<Scan>() {
            return Ok(Self(Rows::Files(scan.get().files.clone())));
        }
        InTable::extract(object).map(|table| Self(Rows::Held(table.0)))
    }
}

/// A stream to be read once.
pub struct InStream(pub Box<dyn RecordBatchReader + Send>);

impl<'py> FromPyObject<'_, 'py> for InStream {
    type Error = PyErr;

    fn extract(object: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        let stream = object.call_method0("__arrow_c_stream__")?;
        Ok(Self(Box::new(capsule::open_stream(stream.cast::<PyCapsule>()?)?)))
    }
}
