//! Numeric columns as f64, viewed where they already are.

use std::borrow::Cow;

use arrow_array::cast::AsArray;
use arrow_array::types::{
    ArrowPrimitiveType, Decimal128Type, Decimal256Type, Float16Type, Float32Type, Float64Type, Int8Type,
    Int16Type, Int32Type, Int64Type, UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};
use arrow_array::{Array, ArrayRef};
use arrow_schema::DataType;

use super::Frame;
use crate::design::Sample;
use crate::error::{Error, Result};

/// No measurement is larger; the cubes that some methods take would overflow to infinity and then NaN.
const LARGEST: f64 = 1e100;

/// Integers beyond 2⁵³ have no exact f64.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// A numeric column: values (anything under a null) and, where there are nulls, the mask.
#[derive(Debug, Clone)]
pub struct NumericColumn<'a> {
    /// The column's name.
    pub name: String,
    /// One value per row; what stands under a null is 0 and must not be used.
    pub values: Cow<'a, [f64]>,
    /// `true` where there is a value; `None` when there are no nulls.
    pub valid: Option<Vec<bool>>,
}

impl NumericColumn<'_> {
    /// The mask, for [`Sample::complete`].
    pub fn mask(&self) -> Option<&[bool]> {
        self.valid.as_deref()
    }

    /// Whether row `i` has a value.
    pub fn is_valid(&self, i: usize) -> bool {
        self.valid.as_ref().is_none_or(|v| v[i])
    }

    /// The value of row `i`, `None` for a null.
    pub fn get(&self, i: usize) -> Option<f64> {
        self.is_valid(i).then(|| self.values[i])
    }

    /// Refuses NaN and infinities, naming the rows.
    ///
    /// # Errors
    /// `Values`.
    pub fn finite(self) -> Result<Self> {
        let bad = |i: usize| self.is_valid(i) && (self.values[i].is_nan() || self.values[i].abs() > LARGEST);
        match (0..self.values.len()).find(|&i| bad(i)) {
            None => Ok(self),
            Some(first) => {
                let rows = (0..self.values.len()).filter(|&i| bad(i));
                let expected = "finite numbers up to 1e100; write a missing value as null, not as NaN";
                Err(Error::values(&self.name, rows, expected, self.values[first]))
            }
        }
    }
}

impl Frame {
    /// A column as f64: any integer, float, decimal or boolean type, or a dictionary of them.
    ///
    /// A single chunk of f64 is viewed, not copied.
    ///
    /// # Errors
    /// `UnknownColumn`; `WrongType`; `Values` for integers that f64 cannot hold.
    pub fn numeric(&self, name: &str) -> Result<NumericColumn<'_>> {
        let chunks = self.chunks(name)?;
        let n = self.n_rows();
        let valid = mask(&chunks, n);
        if let [chunk] = chunks.as_slice()
            && chunk.data_type() == &DataType::Float64
            && let Some(values) = self.view(name)
        {
            return Ok(NumericColumn { name: name.to_owned(), values: Cow::Borrowed(values), valid });
        }
        let mut values = Vec::with_capacity(n);
        for chunk in &chunks {
            append(name, chunk, &mut values)?;
        }
        Ok(NumericColumn { name: name.to_owned(), values: Cow::Owned(values), valid })
    }

    /// [`Frame::numeric`], refusing NaN and infinities.
    ///
    /// # Errors
    /// As there, and `Values`.
    pub fn finite(&self, name: &str) -> Result<NumericColumn<'_>> {
        self.numeric(name)?.finite()
    }

    /// The f64 values of the only batch, where they lie.
    fn view(&self, name: &str) -> Option<&[f64]> {
        let batch = self.batches.first()?;
        let array = batch.column_by_name(name)?;
        array.as_primitive_opt::<Float64Type>().map(|a| &a.values()[..])
    }

    /// The rows that are valid in every one of `columns`.
    pub fn complete(&self, columns: &[&NumericColumn<'_>]) -> Sample {
        let masks: Vec<Option<&[bool]>> = columns.iter().map(|c| c.mask()).collect();
        Sample::complete(self.n_rows(), &masks)
    }
}

/// One flag per row over all chunks; `None` without nulls.
pub(super) fn mask(chunks: &[ArrayRef], n: usize) -> Option<Vec<bool>> {
    if chunks.iter().all(|c| c.logical_null_count() == 0) {
        return None;
    }
    let mut valid = Vec::with_capacity(n);
    for chunk in chunks {
        match chunk.logical_nulls() {
            None => valid.resize(valid.len() + chunk.len(), true),
            Some(nulls) => valid.extend(nulls.iter()),
        }
    }
    Some(valid)
}

/// Appends one chunk; a null becomes 0.
pub(super) fn append(name: &str, chunk: &ArrayRef, out: &mut Vec<f64>) -> Result<()> {
    match chunk.data_type() {
        DataType::Float64 => primitive::<Float64Type>(name, chunk, |v| v, out),
        DataType::Float32 => primitive::<Float32Type>(name, chunk, f64::from, out),
        DataType::Float16 => primitive::<Float16Type>(name, chunk, f64::from, out),
        DataType::Int8 => primitive::<Int8Type>(name, chunk, f64::from, out),
        DataType::Int16 => primitive::<Int16Type>(name, chunk, f64::from, out),
        DataType::Int32 => primitive::<Int32Type>(name, chunk, f64::from, out),
        DataType::Int64 => primitive::<Int64Type>(name, chunk, |v| v as f64, out),
        DataType::UInt8 => primitive::<UInt8Type>(name, chunk, f64::from, out),
        DataType::UInt16 => primitive::<UInt16Type>(name, chunk, f64::from, out),
        DataType::UInt32 => primitive::<UInt32Type>(name, chunk, f64::from, out),
        DataType::UInt64 => primitive::<UInt64Type>(name, chunk, |v| v as f64, out),
        DataType::Decimal128(_, scale) => {
            let unit = 10_f64.powi(i32::from(*scale));
            primitive::<Decimal128Type>(name, chunk, |v| v as f64 / unit, out)
        }
        DataType::Decimal256(_, scale) => {
            let unit = 10_f64.powi(i32::from(*scale));
            primitive::<Decimal256Type>(
                name,
                chunk,
                |v| v.to_string().parse::<f64>().unwrap_or(f64::NAN) / unit,
                out,
            )
        }
        DataType::Boolean => {
            let array = chunk.as_boolean();
            out.extend((0..array.len()).map(|i| f64::from(u8::from(array.is_valid(i) && array.value(i)))));
            Ok(())
        }
        DataType::Null => {
            out.resize(out.len() + chunk.len(), 0.0);
            Ok(())
        }
        DataType::Dictionary(_, value) if value.is_numeric() || **value == DataType::Boolean => {
            let dictionary = chunk.as_any_dictionary();
            let mut levels = Vec::new();
            append(name, dictionary.values(), &mut levels)?;
            let keys = dictionary.normalized_keys();
            out.extend(keys.iter().map(|&k| levels.get(k).copied().unwrap_or(0.0)));
            Ok(())
        }
        other => Err(Error::WrongType {
            column: name.to_owned(),
            expected: "a numeric column (integer, float, decimal or boolean)".to_owned(),
            got: other.to_string(),
        }),
    }
}

fn primitive<T: ArrowPrimitiveType>(
    name: &str,
    chunk: &ArrayRef,
    convert: impl Fn(T::Native) -> f64,
    out: &mut Vec<f64>,
) -> Result<()> {
    let Some(array) = chunk.as_primitive_opt::<T>() else {
        let got = chunk.data_type().to_string();
        return Err(Error::WrongType {
            column: name.to_owned(),
            expected: "a numeric column".to_owned(),
            got,
        });
    };
    let start = out.len();
    match array.nulls() {
        None => out.extend(array.values().iter().map(|&v| convert(v))),
        Some(nulls) => {
            out.extend(
                array.values().iter().zip(nulls.iter()).map(|(&v, ok)| if ok { convert(v) } else { 0.0 }),
            );
        }
    }
    let wide = matches!(T::DATA_TYPE, DataType::Int64 | DataType::UInt64);
    if wide && let Some(at) = out[start..].iter().position(|v| v.abs() > EXACT) {
        let expected = "integers up to 2^53; this looks like an identifier, not a number";
        return Err(Error::values(name, [start + at], expected, out[start + at]));
    }
    Ok(())
}
