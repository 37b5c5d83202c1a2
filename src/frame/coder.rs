//! One column of a stream of batches as codes: levels are numbered as they are met and sorted at the end.
//!
//! Strings stay dictionary codes where they come so: each distinct dictionary is translated once and recognised by the
//! identity of its data while it is held (an address alone can be reused by the next dictionary). A null is code 0,
//! a level of its own.

use std::collections::HashMap;

use arrow_array::cast::AsArray;
use arrow_array::types::{
    Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type, UInt8Type, UInt16Type, UInt32Type,
    UInt64Type,
};
use arrow_array::{Array, ArrayRef};
use arrow_schema::DataType;

use crate::design::Levels;
use crate::error::{Error, Result};

/// Integers below this magnitude are looked up in a table.
const NEAR: i64 = 4096;
const NONE: u32 = u32::MAX;

/// A level as it was met.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Level {
    Text(Box<str>),
    /// Bits of the f64.
    Number(u64),
}

/// The numbering of one column's levels; code 0 is null.
#[derive(Debug, Clone)]
pub(super) struct Coder {
    name: String,
    levels: Vec<Level>,
    index: HashMap<Level, u32>,
    near: Vec<u32>,
    /// The last dictionary met and its translation.
    held: Option<(ArrayRef, Vec<u32>)>,
    has_null: bool,
}

impl Coder {
    pub fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            levels: Vec::new(),
            index: HashMap::new(),
            near: vec![NONE; usize::try_from(2 * NEAR).unwrap_or(0)],
            held: None,
            has_null: false,
        }
    }

    /// Codes below this were met.
    pub fn radix(&self) -> u32 {
        u32::try_from(self.levels.len()).unwrap_or(NONE - 1) + 1
    }

    fn code(&mut self, level: Level) -> u32 {
        if let Some(&c) = self.index.get(&level) {
            return c;
        }
        self.levels.push(level.clone());
        let code = self.radix() - 1;
        self.index.insert(level, code);
        code
    }

    fn number(&mut self, v: f64) -> u32 {
        // −0 and 0 are one level.
        self.code(Level::Number((v + 0.0).to_bits()))
    }

    fn integer(&mut self, v: i64) -> u32 {
        let Ok(at) = usize::try_from(v + NEAR) else { return self.number(v as f64) };
        match self.near.get(at) {
            Some(&NONE) => {
                let code = self.number(v as f64);
                self.near[at] = code;
                code
            }
            Some(&code) => code,
            None => self.number(v as f64),
        }
    }

    /// Codes of a stretch of the column into `out`.
    pub fn codes(&mut self, column: &ArrayRef, out: &mut Vec<u32>) -> Result<()> {
        out.clear();
        macro_rules! integers {
            ($t:ty) => {{
                let values = column.as_primitive::<$t>().values();
                #[allow(clippy::cast_lossless)] // one loop for every width
                out.extend(values.iter().map(|&v| {
                    // A level met before costs one look-up.
                    let near = i64::try_from(v).ok().filter(|v| (-NEAR..NEAR).contains(v));
                    match near {
                        Some(v) => self.integer(v),
                        None => self.number(v as f64),
                    }
                }));
            }};
        }
        match column.data_type() {
            DataType::Int8 => integers!(Int8Type),
            DataType::Int16 => integers!(Int16Type),
            DataType::Int32 => integers!(Int32Type),
            DataType::Int64 => integers!(Int64Type),
            DataType::UInt8 => integers!(UInt8Type),
            DataType::UInt16 => integers!(UInt16Type),
            DataType::UInt32 => integers!(UInt32Type),
            DataType::UInt64 => integers!(UInt64Type),
            DataType::Float64 => {
                let values = column.as_primitive::<Float64Type>();
                self.floats(values.values().iter().copied(), column, out)?;
            }
            DataType::Float32 => {
                let values = column.as_primitive::<Float32Type>();
                self.floats(values.values().iter().map(|v| f64::from(*v)), column, out)?;
            }
            DataType::Boolean => {
                let bits = column.as_boolean().values();
                let both = [self.integer(0), self.integer(1)];
                out.extend(bits.iter().map(|b| both[usize::from(b)]));
            }
            DataType::Dictionary(_, _) => self.dictionary(column, out)?,
            DataType::Utf8 => self.texts(column.as_string::<i32>().iter(), out),
            DataType::LargeUtf8 => self.texts(column.as_string::<i64>().iter(), out),
            DataType::Utf8View => self.texts(column.as_string_view().iter(), out),
            DataType::Null => out.resize(column.len(), 0),
            other => {
                return Err(Error::WrongType {
                    column: self.name.clone(),
                    expected: "names, codes or numbers (text, dictionary, integer, float or boolean)"
                        .to_owned(),
                    got: other.to_string(),
                });
            }
        }
        // The key under a null slot is never used.
        if let Some(nulls) = column.nulls() {
            self.has_null |= nulls.null_count() > 0;
            out.iter_mut().zip(nulls.iter()).filter(|(_, ok)| !ok).for_each(|(c, _)| *c = 0);
        }
        self.has_null |= column.data_type() == &DataType::Null;
        Ok(())
    }

    fn floats(
        &mut self,
        values: impl Iterator<Item = f64>,
        column: &ArrayRef,
        out: &mut Vec<u32>,
    ) -> Result<()> {
        for (i, v) in values.enumerate() {
            if !v.is_finite() && column.is_valid(i) {
                let expected = "finite numbers; write a missing value as null, not as NaN";
                return Err(Error::values(&self.name, [i], expected, v));
            }
            out.push(if v.is_finite() { self.number(v) } else { 0 });
        }
        Ok(())
    }

    fn texts<'a>(&mut self, values: impl Iterator<Item = Option<&'a str>>, out: &mut Vec<u32>) {
        // Neighbouring rows often share their text: the last one is compared before it is hashed.
        let mut last: Option<(&'a str, u32)> = None;
        for value in values {
            let code = match (value, last) {
                (None, _) => 0,
                (Some(text), Some((before, code))) if text == before => code,
                (Some(text), _) => {
                    let code = self.code(Level::Text(text.into()));
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
            let had = self.has_null;
            self.codes(&values.clone(), &mut translated)?;
            // A null among the dictionary's values counts only where a row points to it.
            self.has_null = had;
            out.clear();
            self.held = Some((values.clone(), translated));
        }
        let Some((_, table)) = &self.held else { return Ok(()) };
        macro_rules! keys {
            ($($t:ty),*) => {$(
                if let Some(d) = column.as_dictionary_opt::<$t>() {
                    #[allow(clippy::cast_sign_loss, clippy::cast_possible_truncation, clippy::cast_possible_wrap)]
                    // Under a null the key is anything: a key outside the dictionary becomes code 0.
                    out.extend(d.keys().values().iter().map(|&k| table.get(k as usize).copied().unwrap_or(0)));
                }
            )*};
        }
        keys!(Int8Type, Int16Type, Int32Type, Int64Type, UInt8Type, UInt16Type, UInt32Type, UInt64Type);
        self.has_null |= out.contains(&0);
        Ok(())
    }

    /// Levels in order (numbers ascending, text by code point) and, for every code met, its place among them.
    pub fn finish(coders: &[Self]) -> Result<(Vec<Shown>, Vec<Vec<u32>>, bool)> {
        let mut all: Vec<Shown> = coders.iter().flat_map(|c| c.levels.iter().map(Shown::of)).collect();
        let has_null = coders.iter().any(|c| c.has_null);
        let text = all.iter().any(|l| matches!(l, Shown::Text(_)));
        if text && all.iter().any(|l| matches!(l, Shown::Number(_))) {
            let column = coders.first().map_or_else(String::new, |c| c.name.clone());
            let (expected, got) = ("one type in all batches".to_owned(), "text and numbers".to_owned());
            return Err(Error::WrongType { column, expected, got });
        }
        all.sort_by(Shown::order);
        all.dedup();
        let shift = u32::from(has_null);
        let translate = coders
            .iter()
            .map(|c| {
                let place = |l: &Level| {
                    let at = all.binary_search_by(|x| x.order(&Shown::of(l))).unwrap_or(0);
                    u32::try_from(at).unwrap_or(NONE) + shift
                };
                std::iter::once(0).chain(c.levels.iter().map(place)).collect()
            })
            .collect();
        Ok((all, translate, has_null))
    }
}

/// A level for people.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Shown {
    Text(String),
    Number(f64),
}

impl Shown {
    fn of(level: &Level) -> Self {
        match level {
            Level::Text(t) => Self::Text(t.to_string()),
            Level::Number(bits) => Self::Number(f64::from_bits(*bits)),
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
