//! Building a result table, column by column.

use std::sync::Arc;

use arrow_array::{ArrayRef, BooleanArray, Float64Array, Int64Array, RecordBatch, StringArray};
use arrow_schema::{DataType, Field, Schema};

use crate::error::{Error, Result};

/// Columns in the order they are added. A null float is a value that does not exist; say why in a
/// `reason` column beside it.
#[derive(Debug, Default)]
pub struct TableBuilder {
    fields: Vec<Field>,
    columns: Vec<ArrayRef>,
}

impl TableBuilder {
    /// No columns yet.
    pub fn new() -> Self {
        Self::default()
    }

    fn push(mut self, name: &str, kind: DataType, column: ArrayRef) -> Self {
        self.fields.push(Field::new(name, kind, true));
        self.columns.push(column);
        self
    }

    /// Numbers, all present.
    #[must_use]
    pub fn f64(self, name: &str, values: Vec<f64>) -> Self {
        self.push(name, DataType::Float64, Arc::new(Float64Array::from(values)))
    }

    /// Numbers, some of which do not exist.
    #[must_use]
    pub fn f64_opt(self, name: &str, values: Vec<Option<f64>>) -> Self {
        self.push(name, DataType::Float64, Arc::new(Float64Array::from(values)))
    }

    /// Counts.
    #[must_use]
    pub fn count(self, name: &str, values: &[usize]) -> Self {
        // A count of rows or groups fits i64 on every machine there is.
        let values: Vec<i64> = values.iter().map(|&v| i64::try_from(v).unwrap_or(i64::MAX)).collect();
        self.push(name, DataType::Int64, Arc::new(Int64Array::from(values)))
    }

    /// Text, all present.
    #[must_use]
    pub fn text<S: AsRef<str>>(self, name: &str, values: impl IntoIterator<Item = S>) -> Self {
        let column: StringArray = values.into_iter().map(|v| Some(v.as_ref().to_owned())).collect();
        self.push(name, DataType::Utf8, Arc::new(column))
    }

    /// Text, some of it missing.
    #[must_use]
    pub fn text_opt<S: AsRef<str>>(self, name: &str, values: impl IntoIterator<Item = Option<S>>) -> Self {
        let column: StringArray = values.into_iter().map(|v| v.map(|s| s.as_ref().to_owned())).collect();
        self.push(name, DataType::Utf8, Arc::new(column))
    }

    /// Flags.
    #[must_use]
    pub fn flag(self, name: &str, values: Vec<bool>) -> Self {
        self.push(name, DataType::Boolean, Arc::new(BooleanArray::from(values)))
    }

    /// The table.
    ///
    /// # Errors
    /// `Internal` if columns differ in length: a defect of the caller.
    pub fn build(self) -> Result<RecordBatch> {
        RecordBatch::try_new(Arc::new(Schema::new(self.fields)), self.columns)
            .map_err(|e| Error::Internal { message: e.to_string() })
    }
}
