//! The Arrow `PyCapsule` interface: the crate's only unsafe code.
//!
//! A capsule holds a C struct that its producer allocated and that must be taken exactly once. What makes the
//! calls sound: the capsule's name is checked before its pointer is read, the struct is *moved* out (its release
//! callback is cleared in place, as the specification asks of consumers), and arrow-rs validates the buffers.
#![allow(unsafe_code)]

use arrow_array::ffi::{FFI_ArrowArray, FFI_ArrowSchema, from_ffi};
use arrow_array::ffi_stream::{FFI_ArrowArrayStream, RecordBatchStreamReader};
use arrow_array::{RecordBatch, RecordBatchIterator, RecordBatchReader, StructArray};
use arrow_schema::{ArrowError, Schema};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::PyCapsule;

fn unusable(error: impl std::fmt::Display) -> PyErr {
    PyTypeError::new_err(format!("not a readable Arrow stream: {error}"))
}

/// The reader of a stream capsule.
pub fn open_stream(capsule: &Bound<'_, PyCapsule>) -> PyResult<RecordBatchStreamReader> {
    let pointer = capsule.pointer_checked(Some(c"arrow_array_stream"))?;
    // SAFETY: the name says what the pointer points to, and `from_raw` moves the struct out of it.
    let stream = unsafe { FFI_ArrowArrayStream::from_raw(pointer.as_ptr().cast()) };
    RecordBatchStreamReader::try_new(stream).map_err(unusable)
}

/// Schema and batches of a stream capsule.
pub fn read_stream(capsule: &Bound<'_, PyCapsule>) -> PyResult<(Schema, Vec<RecordBatch>)> {
    let reader = open_stream(capsule)?;
    let schema = reader.schema().as_ref().clone();
    let batches = reader.collect::<Result<Vec<_>, ArrowError>>().map_err(unusable)?;
    Ok((schema, batches))
}

/// The one batch of a (schema, array) pair of capsules; `None` when it is not a table.
pub fn read_array(
    schema: &Bound<'_, PyCapsule>,
    array: &Bound<'_, PyCapsule>,
) -> PyResult<Option<(Schema, Vec<RecordBatch>)>> {
    let schema = schema.pointer_checked(Some(c"arrow_schema"))?;
    let array = array.pointer_checked(Some(c"arrow_array"))?;
    // SAFETY: names checked; `from_raw` moves both structs; `from_ffi` takes them over and checks the layout.
    let data = unsafe {
        let schema = FFI_ArrowSchema::from_raw(schema.as_ptr().cast());
        let array = FFI_ArrowArray::from_raw(array.as_ptr().cast());
        from_ffi(array, &schema).map_err(unusable)?
    };
    if !matches!(data.data_type(), arrow_schema::DataType::Struct(_)) {
        return Ok(None);
    }
    let batch = RecordBatch::from(StructArray::from(data));
    Ok(Some((batch.schema().as_ref().clone(), vec![batch])))
}

/// A stream capsule over one batch.
pub fn write_stream<'py>(py: Python<'py>, batch: &RecordBatch) -> PyResult<Bound<'py, PyCapsule>> {
    let batches = vec![Ok(batch.clone())].into_iter();
    write_reader(py, Box::new(RecordBatchIterator::new(batches, batch.schema())))
}

/// A stream capsule over a reader.
pub fn write_reader(
    py: Python<'_>,
    reader: Box<dyn RecordBatchReader + Send>,
) -> PyResult<Bound<'_, PyCapsule>> {
    PyCapsule::new_with_value(py, FFI_ArrowArrayStream::new(reader), c"arrow_array_stream")
}

/// A schema capsule.
pub fn write_schema<'py>(py: Python<'py>, batch: &RecordBatch) -> PyResult<Bound<'py, PyCapsule>> {
    let schema = FFI_ArrowSchema::try_from(batch.schema().as_ref()).map_err(unusable)?;
    PyCapsule::new_with_value(py, schema, c"arrow_schema")
}
