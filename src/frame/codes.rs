//! Factors without a string per row: integers by value, dictionaries by key, text by comparison with the row before.

use std::collections::HashMap;

use arrow_array::cast::AsArray;
use arrow_array::types::{Int8Type, Int16Type, Int32Type, Int64Type, UInt8Type, UInt16Type, UInt32Type};
use arrow_array::{Array, ArrayRef};
use arrow_schema::DataType;

use crate::design::Factor;
use crate::error::Result;

/// Levels numbered by first appearance, as [`Factor::from_labels`] numbers them.
#[derive(Default)]
struct Interner {
    levels: Vec<String>,
    index: HashMap<String, u32>,
    last: u32,
}

impl Interner {
    fn code(&mut self, label: &str) -> u32 {
        if self.levels.get(self.last as usize).is_some_and(|l| l == label) {
            return self.last;
        }
        self.last = match self.index.get(label) {
            Some(&code) => code,
            None => {
                // more than u32::MAX - 1 levels would need 100 GB of labels first
                let code = u32::try_from(self.levels.len()).unwrap_or(Factor::NULL);
                self.levels.push(label.to_owned());
                self.index.insert(label.to_owned(), code);
                code
            }
        };
        self.last
    }
}

/// The factor of a column whose chunks are all integers, text, or dictionaries of text; `None` for other types.
pub(super) fn factor(name: &str, chunks: &[ArrayRef]) -> Option<Result<Factor>> {
    if let Some(values) = integers(chunks) {
        return Some(by_value(name, &values));
    }
    let mut interner = Interner::default();
    let mut codes = Vec::with_capacity(chunks.iter().map(Array::len).sum());
    for chunk in chunks {
        match chunk.data_type() {
            DataType::Utf8 => text(chunk.as_string::<i32>().iter(), &mut interner, &mut codes),
            DataType::LargeUtf8 => text(chunk.as_string::<i64>().iter(), &mut interner, &mut codes),
            DataType::Utf8View => text(chunk.as_string_view().iter(), &mut interner, &mut codes),
            DataType::Dictionary(_, _) => dictionary(chunk, &mut interner, &mut codes)?,
            _ => return None,
        }
    }
    Some(Factor::new(name, interner.levels, codes))
}

fn text<'a>(labels: impl Iterator<Item = Option<&'a str>>, interner: &mut Interner, codes: &mut Vec<u32>) {
    codes.extend(labels.map(|l| l.map_or(Factor::NULL, |l| interner.code(l))));
}

/// Each key is looked up once, when it first appears.
fn dictionary(chunk: &ArrayRef, interner: &mut Interner, codes: &mut Vec<u32>) -> Option<()> {
    let held = chunk.as_any_dictionary();
    let labels: Vec<Option<&str>> = match held.values().data_type() {
        DataType::Utf8 => held.values().as_string::<i32>().iter().collect(),
        DataType::LargeUtf8 => held.values().as_string::<i64>().iter().collect(),
        DataType::Utf8View => held.values().as_string_view().iter().collect(),
        _ => return None,
    };
    let mut known: Vec<Option<u32>> = vec![None; labels.len()];
    let nulls = held.keys().nulls();
    for (i, key) in held.normalized_keys().into_iter().enumerate() {
        let valid = nulls.is_none_or(|n| n.is_valid(i));
        codes.push(match labels.get(key).copied().flatten().filter(|_| valid) {
            None => Factor::NULL,
            Some(label) => *known[key].get_or_insert_with(|| interner.code(label)),
        });
    }
    Some(())
}

/// The integers of all chunks; `None` when some chunk is of another type (or of 64 unsigned bits).
fn integers(chunks: &[ArrayRef]) -> Option<Vec<Option<i64>>> {
    let mut out = Vec::with_capacity(chunks.iter().map(Array::len).sum());
    macro_rules! first_of {
        ($chunk:expr, $($t:ty),*) => {$(
            if let Some(a) = $chunk.as_primitive_opt::<$t>() {
                out.extend(a.iter().map(|v| v.map(i64::from)));
                continue;
            }
        )*};
    }
    for chunk in chunks {
        first_of!(chunk, Int64Type, Int32Type, Int16Type, Int8Type, UInt32Type, UInt16Type, UInt8Type);
        return None;
    }
    Some(out)
}

/// Through a table where the values lie close together, through a hash map where they do not.
fn by_value(name: &str, values: &[Option<i64>]) -> Result<Factor> {
    let (low, high) = values.iter().flatten().fold((i64::MAX, i64::MIN), |(l, h), &v| (l.min(v), h.max(v)));
    let span = high.checked_sub(low).and_then(|s| usize::try_from(s).ok());
    let mut levels = Vec::new();
    let mut new = |value: i64| {
        levels.push(value.to_string());
        u32::try_from(levels.len() - 1).unwrap_or(Factor::NULL)
    };
    let codes = if let Some(span) = span.filter(|s| *s <= 4 * values.len() + 1024) {
        let mut table = vec![Factor::NULL; span + 1];
        let code = |v: &Option<i64>| {
            v.map_or(Factor::NULL, |v| {
                // v lies between low and high, whose distance is a usize
                let slot = &mut table[usize::try_from(v - low).unwrap_or(0)];
                if *slot == Factor::NULL {
                    *slot = new(v);
                }
                *slot
            })
        };
        values.iter().map(code).collect()
    } else {
        let mut index = HashMap::new();
        let code = |v: &Option<i64>| v.map_or(Factor::NULL, |v| *index.entry(v).or_insert_with(|| new(v)));
        values.iter().map(code).collect()
    };
    Factor::new(name, levels, codes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow_array::{DictionaryArray, Int64Array, StringArray};
    use std::sync::Arc;

    fn read(chunk: ArrayRef) -> Factor {
        factor("f", &[chunk]).unwrap().unwrap()
    }

    #[test]
    fn all_routes_number_levels_by_first_appearance() {
        let want = Factor::from_labels("f", [Some("7"), None, Some("-3"), Some("7")]);
        let near = Int64Array::from(vec![Some(7), None, Some(-3), Some(7)]);
        assert_eq!(read(Arc::new(near)), want);
        let text = StringArray::from(vec![Some("7"), None, Some("-3"), Some("7")]);
        assert_eq!(read(Arc::new(text)), want);
        let dictionary: DictionaryArray<Int32Type> =
            [Some("7"), None, Some("-3"), Some("7")].into_iter().collect();
        assert_eq!(read(Arc::new(dictionary)), want);
        let far = Int64Array::from(vec![Some(i64::MAX), None, Some(i64::MIN), Some(i64::MAX)]);
        assert_eq!(read(Arc::new(far)).codes(), want.codes());
    }
}
