//! Building a result table, column by column.

use std::sync::Arc;

use arrow_array::types::ArrowDictionaryKeyType;
use arrow_array::{
    Array, ArrayRef, BooleanArray, DictionaryArray, Float64Array, Int8Array, Int16Array, Int32Array,
    Int64Array, PrimitiveArray, RecordBatch, StringArray,
};
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

    /// Names by code; a missing code is null.
    #[must_use]
    pub fn dictionary(self, name: &str, codes: &[Option<u32>], names: &[String]) -> Self {
        let keys: Int32Array = codes.iter().map(|c| c.and_then(|c| i32::try_from(c).ok())).collect();
        let values = Arc::new(StringArray::from_iter_values(names));
        match DictionaryArray::try_new(keys, values) {
            Ok(column) => {
                let kind = column.data_type().clone();
                self.push(name, kind, Arc::new(column))
            }
            // A code beyond the names is a defect of the caller: `build` reports the missing column's length.
            Err(_) => self.push(name, DataType::Utf8, Arc::new(StringArray::from(Vec::<String>::new()))),
        }
    }

    /// Numbers, as integers where all of them are whole.
    #[must_use]
    pub fn numbers(self, name: &str, values: Vec<Option<f64>>) -> Self {
        let whole = values.iter().flatten().all(|v| v.fract() == 0.0 && v.abs() < 9e15);
        if !whole {
            return self.f64_opt(name, values);
        }
        #[allow(clippy::cast_possible_truncation)] // whole and small
        let column: Int64Array = values.into_iter().map(|v| v.map(|v| v as i64)).collect();
        self.push(name, DataType::Int64, Arc::new(column))
    }

    /// Names by code in as few bytes as K has; every code must have a name.
    #[must_use]
    pub fn keyed<K: ArrowDictionaryKeyType>(
        self,
        name: &str,
        keys: Vec<K::Native>,
        names: &[String],
    ) -> Self {
        let keys = PrimitiveArray::<K>::new(keys.into(), None);
        let values = Arc::new(StringArray::from_iter_values(names));
        match DictionaryArray::try_new(keys, values) {
            Ok(column) => {
                let kind = column.data_type().clone();
                self.push(name, kind, Arc::new(column))
            }
            // As in `dictionary`: `build` reports the length.
            Err(_) => self.push(name, DataType::Utf8, Arc::new(StringArray::from(Vec::<String>::new()))),
        }
    }

    /// Small whole numbers, all present.
    #[must_use]
    pub fn i8(self, name: &str, values: Vec<i8>) -> Self {
        self.push(name, DataType::Int8, Arc::new(Int8Array::from(values)))
    }

    /// Whole numbers of two bytes, all present.
    #[must_use]
    pub fn i16(self, name: &str, values: Vec<i16>) -> Self {
        self.push(name, DataType::Int16, Arc::new(Int16Array::from(values)))
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
