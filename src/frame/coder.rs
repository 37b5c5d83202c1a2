//! One column of a stream of batches as codes: levels are numbered as they are met and sorted at the end.
//!
//! Strings stay dictionary codes where they come so: each distinct dictionary is translated once and recognised by the
//! identity of its data while it is held (an address alone can be reused by the next dictionary). A null is a level of
//! its own, met like any other, so that columns without nulls take no room for one.

use std::collections::HashMap;
use std::hash::BuildHasherDefault;

use arrow_array::cast::AsArray;
use arrow_array::types::{
    ArrowPrimitiveType, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type, UInt8Type,
    UInt16Type, UInt32Type, UInt64Type,
};
use arrow_array::{Array, ArrayRef};
use arrow_schema::DataType;

use crate::design::{Levels, Mix};
use crate::error::{Error, Result};

/// Integers below this magnitude are looked up in a table.
const NEAR: i64 = 4096;
const NONE: u32 = u32::MAX;

/// A level as it was met.
#[derive(Debug, Clone)]
enum Level {
    Null,
    Text(Box<str>),
    /// Bits of the f64.
    Number(u64),
}

type Index<K> = HashMap<K, u32, BuildHasherDefault<Mix>>;

/// The numbering of one column's levels, null among them.
#[derive(Debug, Clone)]
pub(super) struct Coder {
    name: String,
    levels: Vec<Level>,
    texts: Index<Box<str>>,
    numbers: Index<u64>,
    near: Vec<u32>,
    null: Option<u32>,
    /// The last dictionary met and its translation.
    held: Option<(ArrayRef, Vec<u32>)>,
}

impl Coder {
    pub fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            levels: Vec::new(),
            texts: Index::default(),
            numbers: Index::default(),
            near: vec![NONE; usize::try_from(2 * NEAR).unwrap_or(0)],
            null: None,
            held: None,
        }
    }

    /// Codes below this were met.
    pub fn radix(&self) -> u32 {
        u32::try_from(self.levels.len()).unwrap_or(NONE)
    }

    fn push(&mut self, level: Level) -> u32 {
        self.levels.push(level);
        self.radix() - 1
    }

    fn null(&mut self) -> u32 {
        if let Some(code) = self.null {
            return code;
        }
        let code = self.push(Level::Null);
        self.null = Some(code);
        code
    }

    fn text(&mut self, text: &str) -> u32 {
        if let Some(&code) = self.texts.get(text) {
            return code;
        }
        let code = self.push(Level::Text(text.into()));
        self.texts.insert(text.into(), code);
        code
    }

    fn number(&mut self, v: f64) -> u32 {
        // −0 and 0 are one level.
        self.bits((v + 0.0).to_bits())
    }

    fn bits(&mut self, bits: u64) -> u32 {
        if let Some(&code) = self.numbers.get(&bits) {
            return code;
        }
        let code = self.push(Level::Number(bits));
        self.numbers.insert(bits, code);
        code
    }

    fn integer(&mut self, v: i64) -> u32 {
        let at = v.checked_add(NEAR).and_then(|v| usize::try_from(v).ok());
        match at.and_then(|at| self.near.get(at).map(|code| (at, *code))) {
            Some((at, NONE)) => {
                let code = self.number(v as f64);
                self.near[at] = code;
                code
            }
            Some((_, code)) => code,
            None => self.number(v as f64),
        }
    }

    /// Codes of a stretch of the column into `out`.
    pub fn codes(&mut self, column: &ArrayRef, out: &mut Vec<u32>) -> Result<()> {
        out.clear();
        match column.data_type() {
            DataType::Int8 => self.integers::<Int8Type>(column, out),
            DataType::Int16 => self.integers::<Int16Type>(column, out),
            DataType::Int32 => self.integers::<Int32Type>(column, out),
            DataType::Int64 => self.integers::<Int64Type>(column, out),
            DataType::UInt8 => self.integers::<UInt8Type>(column, out),
            DataType::UInt16 => self.integers::<UInt16Type>(column, out),
            DataType::UInt32 => self.integers::<UInt32Type>(column, out),
            DataType::UInt64 => {
                for v in column.as_primitive::<UInt64Type>() {
                    out.push(match v.map(|v| (v, i64::try_from(v))) {
                        None => self.null(),
                        Some((_, Ok(v))) => self.integer(v),
                        Some((v, Err(_))) => self.number(v as f64),
                    });
                }
            }
            DataType::Float64 => self.floats(column.as_primitive::<Float64Type>().iter(), out)?,
            DataType::Float32 => {
                self.floats(column.as_primitive::<Float32Type>().iter().map(|v| v.map(f64::from)), out)?;
            }
            DataType::Boolean => {
                // A level that does not occur is left out at the end.
                let both = [self.integer(0), self.integer(1)];
                let words = column.as_boolean().values().bit_chunks();
                for word in &words {
                    out.extend((0..64).map(|b| both[usize::from(word >> b & 1 == 1)]));
                }
                let rest = words.remainder_bits();
                out.extend((0..words.remainder_len()).map(|b| both[usize::from(rest >> b & 1 == 1)]));
                self.put_nulls(column, out);
            }
            DataType::Dictionary(_, _) => self.dictionary(column, out)?,
            DataType::Utf8 => self.texts(column.as_string::<i32>().iter(), out),
            DataType::LargeUtf8 => self.texts(column.as_string::<i64>().iter(), out),
            DataType::Utf8View => self.texts(column.as_string_view().iter(), out),
            DataType::Null => {
                let null = self.null();
                out.resize(column.len(), null);
            }
            other => {
                return Err(Error::WrongType {
                    column: self.name.clone(),
                    expected: "names, codes or numbers (text, dictionary, integer, float or boolean)"
                        .to_owned(),
                    got: other.to_string(),
                });
            }
        }
        Ok(())
    }

    /// The value (or key) under a null slot is never used.
    fn put_nulls(&mut self, column: &ArrayRef, out: &mut [u32]) {
        if let Some(nulls) = column.nulls().filter(|n| n.null_count() > 0) {
            let null = self.null();
            out.iter_mut().zip(nulls.iter()).filter(|(_, ok)| !ok).for_each(|(c, _)| *c = null);
        }
    }

    fn integers<T: ArrowPrimitiveType>(&mut self, column: &ArrayRef, out: &mut Vec<u32>)
    where
        T::Native: Into<i64>,
    {
        let values = column.as_primitive::<T>();
        if values.null_count() == 0 {
            // Values met before first, without a branch; then whatever was new.
            let near = self.near.as_slice();
            let known = |v: &T::Native| {
                let at = usize::try_from(Into::<i64>::into(*v).wrapping_add(NEAR)).unwrap_or(usize::MAX);
                near.get(at).copied().unwrap_or(NONE)
            };
            out.extend(values.values().iter().map(known));
            if out.contains(&NONE) {
                let new = out.iter_mut().zip(values.values()).filter(|(code, _)| **code == NONE);
                new.for_each(|(code, &v)| *code = self.integer(v.into()));
            }
            return;
        }
        let code = |v: Option<T::Native>| match v {
            None => self.null(),
            Some(v) => self.integer(v.into()),
        };
        out.extend(values.iter().map(code));
    }

    fn floats(&mut self, values: impl Iterator<Item = Option<f64>>, out: &mut Vec<u32>) -> Result<()> {
        let mut last: Option<(u64, u32)> = None;
        for (i, v) in values.enumerate() {
            let Some(v) = v else {
                out.push(self.null());
                continue;
            };
            if !v.is_finite() {
                let expected = "finite numbers; write a missing value as null, not as NaN";
                return Err(Error::values(&self.name, [i], expected, v));
            }
            let code = match last {
                Some((before, code)) if before == v.to_bits() => code,
                _ => self.number(v),
            };
            last = Some((v.to_bits(), code));
            out.push(code);
        }
        Ok(())
    }

    fn texts<'a>(&mut self, values: impl Iterator<Item = Option<&'a str>>, out: &mut Vec<u32>) {
        // Neighbouring rows often share their text: the last one is compared before it is hashed.
        let mut last: Option<(&'a str, u32)> = None;
        for value in values {
            let code = match (value, last) {
                (None, _) => self.null(),
                (Some(text), Some((before, code))) if text == before => code,
                (Some(text), _) => {
                    let code = self.text(text);
                    last = Some((text, code));
                    code
                }
            };
            out.push(code);
        }
    }

    fn dictionary(&mut self, column: &ArrayRef, out: &mut Vec<u32>) -> Result<()> {
        let dictionary = column.as_any_dictionary();
        let values = dictionary.values();
        let known = self.held.as_ref().is_some_and(|(held, _)| held.to_data().ptr_eq(&values.to_data()));
        if !known {
            let mut translated = Vec::new();
            self.codes(&values.clone(), &mut translated)?;
            out.clear();
            self.held = Some((values.clone(), translated));
        }
        let Some((_, table)) = &self.held else { return Ok(()) };
        macro_rules! keys {
            ($($t:ty),*) => {$(
                if let Some(d) = column.as_dictionary_opt::<$t>() {
                    #[allow(clippy::cast_sign_loss, clippy::cast_possible_truncation, clippy::cast_possible_wrap)]
                    // Under a null the key is anything, also outside the dictionary.
                    out.extend(d.keys().values().iter().map(|&k| table.get(k as usize).copied().unwrap_or(0)));
                }
            )*};
        }
        keys!(Int8Type, Int16Type, Int32Type, Int64Type, UInt8Type, UInt16Type, UInt32Type, UInt64Type);
        self.put_nulls(column, out);
        Ok(())
    }

    /// Takes in the levels of another numbering of the same column: their codes here.
    pub fn absorb(&mut self, other: &Self) -> Vec<u32> {
        let mut code = |level: &Level| match level {
            Level::Null => self.null(),
            Level::Text(text) => self.text(text),
            Level::Number(bits) => self.bits(*bits),
        };
        other.levels.iter().map(&mut code).collect()
    }

    /// Levels in order (numbers ascending, text by code point) and, for every code met, its place among them; null is
    /// code 0 where it was met.
    pub fn finish(&self) -> Result<(Vec<Shown>, Vec<u32>, bool)> {
        let mut all: Vec<Shown> = self.levels.iter().filter_map(Shown::of).collect();
        let text = all.iter().any(|l| matches!(l, Shown::Text(_)));
        if text && all.iter().any(|l| matches!(l, Shown::Number(_))) {
            let (expected, got) = ("one type in all batches".to_owned(), "text and numbers".to_owned());
            return Err(Error::WrongType { column: self.name.clone(), expected, got });
        }
        all.sort_by(Shown::order);
        let shift = u32::from(self.null.is_some());
        let place = |l: &Level| {
            let Some(shown) = Shown::of(l) else { return 0 };
            u32::try_from(all.binary_search_by(|x| x.order(&shown)).unwrap_or(0)).unwrap_or(NONE) + shift
        };
        let translate = self.levels.iter().map(place).collect();
        Ok((all, translate, self.null.is_some()))
    }
}

/// A level for people.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Shown {
    Text(String),
    Number(f64),
}

impl Shown {
    fn of(level: &Level) -> Option<Self> {
        match level {
            Level::Null => None,
            Level::Text(t) => Some(Self::Text(t.to_string())),
            Level::Number(bits) => Some(Self::Number(f64::from_bits(*bits))),
        }
    }

    fn order(&self, other: &Self) -> std::cmp::Ordering {
        match (self, other) {
            (Self::Text(a), Self::Text(b)) => a.cmp(b),
            (Self::Number(a), Self::Number(b)) => a.total_cmp(b),
            (Self::Number(_), Self::Text(_)) => std::cmp::Ordering::Less,
            (Self::Text(_), Self::Number(_)) => std::cmp::Ordering::Greater,
        }
    }
}

/// Levels of one kind.
pub(super) fn levels(all: Vec<Shown>) -> Levels {
    if all.iter().all(|l| matches!(l, Shown::Number(_))) && !all.is_empty() {
        Levels::Number(
            all.iter().filter_map(|l| if let Shown::Number(v) = l { Some(*v) } else { None }).collect(),
        )
    } else {
        Levels::Text(
            all.into_iter().filter_map(|l| if let Shown::Text(t) = l { Some(t) } else { None }).collect(),
        )
    }
}
