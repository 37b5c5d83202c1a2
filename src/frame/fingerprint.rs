//! A content hash of named columns: the data id of a result.
//!
//! 64 bits, for telling two inputs apart, not for security. It depends on names, values, nulls and row order, not
//! on chunking, on the integer or float width the numbers come in, or on the number of threads.

use super::Frame;
use crate::error::Result;
use crate::parallel::{CHUNK, map_chunks};

const NULL: u64 = 0x9e37_79b9_7f4a_7c15;

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
    let parts = if let Ok(numbers) = frame.numeric(name) {
        map_chunks(numbers.values.len(), CHUNK, |rows| {
            Ok(rows.fold(1, |s, i| mix(s, numbers.get(i).map_or(NULL, |v| (v + 0.0).to_bits()))))
        })?
    } else {
        let text = frame.text(name)?;
        map_chunks(text.len(), CHUNK, |rows| {
            Ok(rows.fold(2, |s, i| match &text[i] {
                None => mix(s, NULL),
                Some(t) => t.bytes().fold(mix(s, t.len() as u64), |s, b| mix(s, u64::from(b))),
            }))
        })?
    };
    Ok(parts.into_iter().fold(3, mix))
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
