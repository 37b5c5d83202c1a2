//! A content hash of named columns: the data id of a result.
//!
//! 64 bits, for telling two inputs apart, not for security. It depends on names, values, nulls and row order, not
//! on chunking, on the integer or float width the numbers come in, on whether text comes as a dictionary, or on the number
//! of threads.
//!
//! A column is Σ_i h(v_i) c_i modulo 2⁶⁴ with c_i a fixed number of row i and h a mixing of the value: a sum, so that
//! any cut of the rows gives it, and a value of a dictionary or of a byte is mixed once, not once a row.

use std::sync::{Arc, OnceLock};

use arrow_array::cast::AsArray;
use arrow_array::types::{
    ArrowDictionaryKeyType, Int8Type, Int16Type, Int32Type, Int64Type, UInt8Type, UInt16Type, UInt32Type,
    UInt64Type,
};
use arrow_array::{Array, ArrayRef};
use arrow_buffer::{ArrowNativeType, BooleanBuffer};
use arrow_schema::DataType;

use super::Frame;
use super::numeric::{append, mask};
use crate::error::{Error, Result};
use crate::parallel::{CHUNK, map_chunks};

const NULL: u64 = 0x9e37_79b9_7f4a_7c15;
/// Rows of a task; a multiple of the rows that share a factor.
const TASK: usize = 64 * CHUNK;

/// The hash of `columns`, 16 hexadecimal digits.
///
/// # Errors
/// `UnknownColumn`; `WrongType` for dates and nested types.
pub fn fingerprint(frame: &Frame, columns: &[String]) -> Result<String> {
    let mut state = mix(NULL, frame.n_rows() as u64);
    for name in columns {
        state = name.bytes().fold(state, |s, b| mix(s, u64::from(b)));
        state = mix(state, column(frame, name)?);
    }
    Ok(format!("{state:016x}"))
}

fn column(frame: &Frame, name: &str) -> Result<u64> {
    let chunks = frame.chunks(name)?;
    let (mut starts, mut tables) = (Vec::with_capacity(chunks.len()), Vec::with_capacity(chunks.len()));
    let mut next = 0;
    for (i, chunk) in chunks.iter().enumerate() {
        starts.push(next);
        next += chunk.len();
        let same = i > 0 && same_dictionary(chunk, &chunks[i - 1]);
        let table = if same { Arc::clone(&tables[i - 1]) } else { Arc::new(table(name, chunk)?) };
        tables.push(table);
    }
    let parts = map_chunks(next, TASK, |rows| {
        let mut total = 0_u64;
        let mut at = starts.partition_point(|s| *s <= rows.start) - 1;
        let mut row = rows.start;
        while row < rows.end {
            let left = starts[at] + chunks[at].len() - row;
            // Rows of one block of CHUNK share a factor.
            let length = left.min(rows.end - row).min(CHUNK - row % CHUNK);
            if length == 0 {
                at += 1;
                continue;
            }
            let places = &places()[row % CHUNK..row % CHUNK + length];
            let piece = chunks[at].slice(row - starts[at], length);
            let sum = hashed(name, &piece, &tables[at], places)?;
            total = total.wrapping_add(sum.wrapping_mul(mix(4, (row / CHUNK) as u64) | 1));
            row += length;
        }
        Ok(total)
    })?;
    Ok(parts.into_iter().fold(0, u64::wrapping_add))
}

/// c_i of the rows of a block.
fn places() -> &'static [u64] {
    static PLACES: OnceLock<Vec<u64>> = OnceLock::new();
    PLACES.get_or_init(|| (0..CHUNK as u64).map(|i| mix(5, i)).collect())
}

fn same_dictionary(a: &ArrayRef, b: &ArrayRef) -> bool {
    match (a.as_any_dictionary_opt(), b.as_any_dictionary_opt()) {
        (Some(a), Some(b)) => a.values().to_data().ptr_eq(&b.values().to_data()),
        _ => false,
    }
}

/// Mixed values by key, of a dictionary, or by byte; empty for other types.
fn table(name: &str, chunk: &ArrayRef) -> Result<Vec<u64>> {
    if let Some(dictionary) = chunk.as_any_dictionary_opt() {
        return values(name, dictionary.values());
    }
    let byte = |k: u8| match chunk.data_type() {
        DataType::Int8 => number(f64::from(k.cast_signed())),
        _ => number(f64::from(k)),
    };
    match chunk.data_type() {
        DataType::Int8 | DataType::UInt8 => Ok((0..=u8::MAX).map(byte).collect()),
        _ => Ok(Vec::new()),
    }
}

/// Σ h(v) c over a piece.
fn hashed(name: &str, piece: &ArrayRef, table: &[u64], places: &[u64]) -> Result<u64> {
    if piece.null_count() == 0 {
        macro_rules! by_key {
            ($($t:ty),*) => {$(
                if let Some(d) = piece.as_dictionary_opt::<$t>() {
                    return Ok(keyed::<$t>(d.keys().values(), table, places));
                }
            )*};
        }
        by_key!(Int8Type, Int32Type, UInt32Type, UInt8Type, Int16Type, UInt16Type, Int64Type, UInt64Type);
        if let Some(bytes) = piece.as_primitive_opt::<Int8Type>() {
            let index = bytes.values().iter().map(|v| usize::from(v.cast_unsigned()));
            return Ok(looked_up(index, table, places));
        }
        if let Some(bytes) = piece.as_primitive_opt::<UInt8Type>() {
            return Ok(looked_up(bytes.values().iter().map(|v| usize::from(*v)), table, places));
        }
        if let Some(bits) = piece.as_boolean_opt() {
            return Ok(bitwise(bits.values(), places));
        }
    }
    let all = values(name, piece)?;
    Ok(all.iter().zip(places).fold(0, |s, (h, c)| s.wrapping_add(h.wrapping_mul(*c))))
}

fn keyed<K: ArrowDictionaryKeyType>(keys: &[K::Native], table: &[u64], places: &[u64]) -> u64 {
    looked_up(keys.iter().map(|k| k.as_usize()), table, places)
}

fn looked_up(index: impl Iterator<Item = usize>, table: &[u64], places: &[u64]) -> u64 {
    // A table of 256 has every byte: the look-up needs no check.
    if let Ok(whole) = <&[u64; 256]>::try_from(table) {
        return index.zip(places).fold(0, |s, (k, c)| s.wrapping_add(whole[k & 255].wrapping_mul(*c)));
    }
    index
        .zip(places)
        .fold(0, |s, (k, c)| s.wrapping_add(table.get(k).copied().unwrap_or(NULL).wrapping_mul(*c)))
}

/// h(0) Σ c + (h(1) − h(0)) Σ c over the bits that are set.
fn bitwise(bits: &BooleanBuffer, places: &[u64]) -> u64 {
    let (no, yes) = (number(0.0), number(1.0));
    let words = bits.bit_chunks();
    let (whole, rest) = places.split_at(places.len() / 64 * 64);
    let (mut all, mut set) = (0_u64, 0_u64);
    let mut add = |word: u64, places: &[u64]| {
        for (i, c) in places.iter().enumerate() {
            all = all.wrapping_add(*c);
            set = set.wrapping_add(c & 0_u64.wrapping_sub(word >> i & 1));
        }
    };
    for (word, places) in words.iter().zip(whole.chunks_exact(64)) {
        add(word, places);
    }
    add(words.remainder_bits(), rest);
    no.wrapping_mul(all).wrapping_add(yes.wrapping_sub(no).wrapping_mul(set))
}

/// The mixed value of every row; nulls are a value of their own.
fn values(name: &str, array: &ArrayRef) -> Result<Vec<u64>> {
    let mut out: Vec<u64> = match array.data_type() {
        DataType::Utf8 => array.as_string::<i32>().iter().map(text).collect(),
        DataType::LargeUtf8 => array.as_string::<i64>().iter().map(text).collect(),
        DataType::Utf8View => array.as_string_view().iter().map(text).collect(),
        DataType::Int64 => {
            array.as_primitive::<Int64Type>().values().iter().map(|v| integer(i128::from(*v))).collect()
        }
        DataType::UInt64 => {
            array.as_primitive::<UInt64Type>().values().iter().map(|v| integer(i128::from(*v))).collect()
        }
        DataType::Dictionary(_, _) => {
            let dictionary = array.as_any_dictionary();
            let levels = values(name, dictionary.values())?;
            let level = |k: &usize| levels.get(*k).copied().unwrap_or(NULL);
            dictionary.normalized_keys().iter().map(level).collect()
        }
        _ => {
            let mut numbers = Vec::with_capacity(array.len());
            append(name, array, &mut numbers).map_err(|_| Error::WrongType {
                column: name.to_owned(),
                expected: "numbers, text or booleans".to_owned(),
                got: array.data_type().to_string(),
            })?;
            numbers.iter().map(|v| number(*v)).collect()
        }
    };
    if let Some(valid) = mask(std::slice::from_ref(array), array.len()) {
        out.iter_mut().zip(valid).filter(|(_, ok)| !ok).for_each(|(h, _)| *h = NULL);
    }
    Ok(out)
}

fn number(v: f64) -> u64 {
    // −0 and 0 are one value.
    mix(1, (v + 0.0).to_bits())
}

/// Integers that an f64 holds are mixed as one; identifiers beyond are not rounded into each other.
fn integer(v: i128) -> u64 {
    if v.unsigned_abs() <= 1 << 53 {
        return number(v as f64);
    }
    v.to_le_bytes().as_chunks::<8>().0.iter().fold(6, |s, w| mix(s, u64::from_le_bytes(*w)))
}

fn text(value: Option<&str>) -> u64 {
    let Some(value) = value else { return NULL };
    let (words, rest) = value.as_bytes().as_chunks::<8>();
    let mut last = [0; 8];
    last[..rest.len()].copy_from_slice(rest);
    let state = words.iter().fold(mix(2, value.len() as u64), |s, w| mix(s, u64::from_le_bytes(*w)));
    mix(state, u64::from_le_bytes(last))
}

/// Multiply-xorshift (the finaliser of SplitMix64, Steele, Lea and Flood 2014).
pub(super) fn mix(state: u64, value: u64) -> u64 {
    let mut z = (state ^ value).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 29)).wrapping_mul(0x94d0_49bb_1331_11eb).rotate_left(23);
    z ^ (z >> 32)
}

/// Bytes mixed in, eight at a time.
pub(super) fn bytes_of(state: u64, bytes: &[u8]) -> u64 {
    let (words, rest) = bytes.as_chunks::<8>();
    let state = words.iter().fold(state, |s, w| mix(s, u64::from_le_bytes(*w)));
    rest.iter().fold(mix(state, bytes.len() as u64), |s, &b| mix(s, u64::from(b)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow_array::{
        BooleanArray, DictionaryArray, Float64Array, Int8Array, Int64Array, RecordBatch, StringArray,
    };
    use arrow_schema::{Field, Schema};

    fn id(chunks: Vec<ArrayRef>) -> String {
        let schema = Arc::new(Schema::new(vec![Field::new("x", chunks[0].data_type().clone(), true)]));
        let batches =
            chunks.into_iter().map(|c| RecordBatch::try_new(Arc::clone(&schema), vec![c]).unwrap()).collect();
        fingerprint(&Frame::new(schema, batches), &["x".to_owned()]).unwrap()
    }

    fn bit(i: usize) -> bool {
        i % 7 < 2 || i % 11 == 3
    }

    #[test]
    fn neither_cuts_nor_types_change_it() {
        let n = 3 * CHUNK + 77;
        let bytes: Int8Array = (0..n).map(|i| Some(i8::from(bit(i)))).collect();
        let whole = id(vec![Arc::new(bytes.clone())]);
        let cut: Vec<ArrayRef> = [(0, 5), (5, 0), (5, CHUNK), (CHUNK + 5, n - CHUNK - 5)]
            .iter()
            .map(|(a, l)| Arc::new(bytes.slice(*a, *l)) as ArrayRef)
            .collect();
        assert_eq!(whole, id(cut));
        let flags: BooleanArray = (0..n).map(|i| Some(bit(i))).collect();
        assert_eq!(whole, id(vec![Arc::new(flags.slice(0, 100)), Arc::new(flags.slice(100, n - 100))]));
        let floats: Float64Array = (0..n).map(|i| Some(f64::from(u8::from(bit(i))))).collect();
        assert_eq!(whole, id(vec![Arc::new(floats)]));
        let wide: Int64Array = (0..n).map(|i| Some(i64::from(bit(i)))).collect();
        assert_eq!(whole, id(vec![Arc::new(wide)]));
    }

    #[test]
    fn values_nulls_and_order_count() {
        let text = |v: &[Option<&str>]| id(vec![Arc::new(v.iter().copied().collect::<StringArray>())]);
        let keyed = |v: &[Option<&str>]| {
            id(vec![Arc::new(v.iter().copied().collect::<DictionaryArray<Int32Type>>())])
        };
        let v = [Some("Abertawe"), None, Some("Sir y Fflint"), Some("")];
        assert_eq!(text(&v), keyed(&v));
        let mut others = vec![text(&v)];
        others.push(text(&[Some("Abertawe"), Some(""), Some("Sir y Fflint"), None]));
        others.push(text(&[Some("Sir y Fflint"), None, Some("Abertawe"), Some("")]));
        others.push(text(&[Some("Abertawe"), None, Some("Sir y Fflinu"), Some("")]));
        others.push(text(&v[..3]));
        let large = |v: i64| id(vec![Arc::new(Int64Array::from(vec![v]))]);
        others.extend([large(1 << 60), large((1 << 60) + 1), large(-(1 << 60))]);
        let n = others.len();
        others.sort();
        others.dedup();
        assert_eq!(others.len(), n);
    }
}
