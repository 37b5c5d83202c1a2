//! Text, dictionary, integer and boolean columns as factors.

use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef};
use arrow_schema::DataType;

use super::Frame;
use crate::design::Factor;
use crate::error::{Error, Result};

impl Frame {
    /// A column as a factor; levels numbered by first appearance, nulls are [`Factor::NULL`].
    ///
    /// # Errors
    /// `UnknownColumn`; `WrongType` for floats, dates and nested types.
    pub fn factor(&self, name: &str) -> Result<Factor> {
        if let Some(factor) = super::codes::factor(name, &self.chunks(name)?) {
            return factor;
        }
        let labels = self.text(name)?;
        Ok(Factor::from_labels(name, labels.iter().map(Option::as_deref)))
    }

    /// A column as text, one entry per row; `None` for a null.
    ///
    /// # Errors
    /// As [`Frame::factor`].
    pub fn text(&self, name: &str) -> Result<Vec<Option<String>>> {
        let mut out = Vec::with_capacity(self.n_rows());
        for chunk in self.chunks(name)? {
            append(name, &chunk, &mut out)?;
        }
        Ok(out)
    }
}

fn append(name: &str, chunk: &ArrayRef, out: &mut Vec<Option<String>>) -> Result<()> {
    match chunk.data_type() {
        DataType::Utf8 => out.extend(chunk.as_string::<i32>().iter().map(|v| v.map(str::to_owned))),
        DataType::LargeUtf8 => out.extend(chunk.as_string::<i64>().iter().map(|v| v.map(str::to_owned))),
        DataType::Utf8View => out.extend(chunk.as_string_view().iter().map(|v| v.map(str::to_owned))),
        DataType::Boolean => out.extend(chunk.as_boolean().iter().map(|v| v.map(|b| b.to_string()))),
        DataType::Null => out.resize(out.len() + chunk.len(), None),
        DataType::Dictionary(_, _) => {
            let dictionary = chunk.as_any_dictionary();
            let mut levels = Vec::new();
            append(name, dictionary.values(), &mut levels)?;
            let nulls = chunk.logical_nulls();
            for (i, &key) in dictionary.normalized_keys().iter().enumerate() {
                let valid = nulls.as_ref().is_none_or(|n| n.is_valid(i));
                out.push(if valid { levels.get(key).cloned().flatten() } else { None });
            }
        }
        kind if kind.is_integer() => integers(chunk, out),
        other => {
            return Err(Error::WrongType {
                column: name.to_owned(),
                expected: "a column of names or codes (text, dictionary, integer or boolean)".to_owned(),
                got: other.to_string(),
            });
        }
    }
    Ok(())
}

/// Integers of any width by their digits (through i128, which holds them all).
fn integers(chunk: &ArrayRef, out: &mut Vec<Option<String>>) {
    use arrow_array::types::{
        Int8Type, Int16Type, Int32Type, Int64Type, UInt8Type, UInt16Type, UInt32Type, UInt64Type,
    };
    macro_rules! try_types {
        ($($t:ty),*) => {$(
            if let Some(a) = chunk.as_primitive_opt::<$t>() {
                out.extend(a.iter().map(|v| v.map(|n| n.to_string())));
                return;
            }
        )*};
    }
    try_types!(Int64Type, Int32Type, Int16Type, Int8Type, UInt64Type, UInt32Type, UInt16Type, UInt8Type);
}
