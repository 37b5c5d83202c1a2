//! From a table to cells: one parallel pass over the rows.
//!
//! Rows are taken in parts of fixed size, each with its own numbering of levels and its own table; the parts merge
//! in order. Levels end up sorted, so the cells do not depend on which part met a level first.

use arrow_array::{Array, ArrayRef};

use super::Frame;
use super::coder::{Coder, levels};
use super::numeric::{append, mask};
use crate::design::{CellTable, Levels, Sums};
use crate::error::{Error, Result};
use crate::parallel::{Control, map_indexed};

/// Rows of a part: its table is merged once.
const PART: usize = 1 << 20;
/// Rows coded together: codes and keys stay in the cache.
const STRETCH: usize = 1 << 13;

/// Grouped rows. A key's code 0 is null where `has_null`; levels follow.
#[derive(Debug, Clone)]
pub struct Grouped {
    /// Key columns: name, levels, whether code 0 is null, one code per cell.
    pub keys: Vec<GroupedKey>,
    /// n, Σy, Σy² per cell.
    pub sums: Vec<Sums>,
    /// Rows read.
    pub n_rows: usize,
    /// Rows left out because the outcome or the weight was missing.
    pub n_missing: usize,
    /// Whether every outcome was 0 or 1 and every weight 1.
    pub binary: bool,
}

/// One key of [`Grouped`].
#[derive(Debug, Clone)]
pub struct GroupedKey {
    /// Column name.
    pub name: String,
    /// Levels without null.
    pub levels: Levels,
    /// Whether code 0 stands for null and code c for level c − 1; otherwise code c is level c.
    pub has_null: bool,
    /// A code per cell.
    pub codes: Vec<u32>,
}

/// What a part of the rows gives.
pub(super) struct Part {
    coders: Vec<Coder>,
    table: CellTable,
    /// Rows of the table before this part.
    first: usize,
    n_rows: usize,
    n_missing: usize,
    binary: bool,
}

/// Names of the columns: keys, outcome, frequency weight.
#[derive(Debug, Clone, Copy)]
pub struct Columns<'a> {
    /// Keys, the first varies slowest in the result.
    pub keys: &'a [String],
    /// Outcome; without one only rows are counted.
    pub outcome: Option<&'a str>,
    /// How many rows a row stands for.
    pub weight: Option<&'a str>,
}

impl Part {
    pub fn new(columns: Columns<'_>, first: usize) -> Self {
        let coders: Vec<Coder> = columns.keys.iter().map(|n| Coder::new(n)).collect();
        let table = CellTable::new(coders.len());
        Self { coders, table, first, n_rows: 0, n_missing: 0, binary: true }
    }

    /// Adds rows: the key columns, then the outcome and the weight if there are any.
    pub fn push(
        &mut self,
        keys: &[ArrayRef],
        outcome: Option<&ArrayRef>,
        weight: Option<&ArrayRef>,
        columns: Columns<'_>,
    ) -> Result<()> {
        let n = keys.first().or(outcome).map_or(0, Array::len);
        let mut codes: Vec<Vec<u32>> = vec![Vec::with_capacity(STRETCH); keys.len()];
        let (mut y, mut w) = (Vec::new(), Vec::new());
        for start in (0..n).step_by(STRETCH) {
            let length = STRETCH.min(n - start);
            for (j, key) in keys.iter().enumerate() {
                let coded = self.coders[j].codes(&key.slice(start, length), &mut codes[j]);
                coded.map_err(|e| e.shifted(self.first + self.n_rows))?;
            }
            let radix: Vec<u32> = self.coders.iter().map(Coder::radix).collect();
            self.table.widen(&radix)?;
            let mut joint = vec![0_u64; length];
            for (column, stride) in codes.iter().zip(self.table.strides()) {
                joint.iter_mut().zip(column).for_each(|(k, &c)| *k += u64::from(c) * stride);
            }
            let valid_y = numbers(columns.outcome, outcome, start, length, &mut y)?;
            let valid_w = numbers(columns.weight, weight, start, length, &mut w)?;
            self.n_rows += length;
            self.add(&joint, (&y, valid_y.as_deref()), (&w, valid_w.as_deref()), columns)?;
        }
        Ok(())
    }

    fn add(&mut self, keys: &[u64], y: Numbers<'_>, w: Numbers<'_>, columns: Columns<'_>) -> Result<()> {
        let ok = |m: Option<&[bool]>, i: usize| m.is_none_or(|m| m[i]);
        let zero_one = y.0.iter().all(|v| *v == 0.0 || *v == 1.0);
        if w.0.is_empty() && zero_one {
            let marks: Vec<u8> = if y.0.is_empty() {
                vec![0; keys.len()]
            } else {
                let mark = |i: usize| if ok(y.1, i) { u8::from(y.0[i] > 0.0) } else { 2 };
                (0..keys.len()).map(mark).collect()
            };
            self.n_missing += marks.iter().map(|m| usize::from(*m == 2)).sum::<usize>();
            self.table.add_binary(keys, &marks);
            return Ok(());
        }
        self.binary = self.binary && zero_one && w.0.is_empty();
        for (i, &key) in keys.iter().enumerate() {
            if !ok(y.1, i) || !ok(w.1, i) {
                self.n_missing += 1;
                continue;
            }
            let (y, m) = (y.0.get(i).copied().unwrap_or(0.0), w.0.get(i).copied().unwrap_or(1.0));
            let column = if y.is_finite() { columns.weight } else { columns.outcome };
            if !y.is_finite() || m.is_nan() || m < 0.0 || m.fract() != 0.0 {
                let expected = "finite outcomes, and weights that are whole numbers of rows (0 or more)";
                let row = self.first + self.n_rows - keys.len() + i;
                return Err(Error::values(
                    column.unwrap_or("n"),
                    [row],
                    expected,
                    if y.is_finite() { m } else { y },
                ));
            }
            if m > 0.0 {
                self.table.add(key, [m, m * y, m * y * y]);
            }
        }
        Ok(())
    }
}

type Numbers<'a> = (&'a [f64], Option<&'a [bool]>);

/// A stretch of a numeric column into `out`; its mask.
fn numbers(
    name: Option<&str>,
    column: Option<&ArrayRef>,
    start: usize,
    length: usize,
    out: &mut Vec<f64>,
) -> Result<Option<Vec<bool>>> {
    out.clear();
    let (Some(name), Some(column)) = (name, column) else { return Ok(None) };
    let piece = column.slice(start, length);
    append(name, &piece, out)?;
    Ok(mask(&[piece], length))
}

/// Parts in order, as one.
pub(super) fn combine(parts: &[Part], columns: Columns<'_>) -> Result<Grouped> {
    let mut merged = CellTable::new(columns.keys.len());
    let mut translate: Vec<Vec<Vec<u32>>> = vec![Vec::new(); parts.len()];
    let (mut keys, mut radix) = (Vec::new(), Vec::new());
    for (j, name) in columns.keys.iter().enumerate() {
        let coders: Vec<Coder> = parts.iter().map(|p| p.coders[j].clone()).collect();
        let (all, moved, has_null) = Coder::finish(&coders)?;
        for (t, m) in translate.iter_mut().zip(moved) {
            t.push(m);
        }
        radix.push(u32::try_from(all.len()).unwrap_or(u32::MAX - 1) + u32::from(has_null));
        keys.push(GroupedKey { name: name.clone(), levels: levels(all), has_null, codes: Vec::new() });
    }
    let radix: Vec<u32> = radix.into_iter().map(|r| r.max(1)).collect();
    for (part, moved) in parts.iter().zip(&translate) {
        merged.merge(&part.table, moved, &radix)?;
    }
    let (codes, sums) = merged.cells();
    keys.iter_mut().zip(codes).for_each(|(k, c)| k.codes = c);
    let total = |f: fn(&Part) -> usize| parts.iter().map(f).sum();
    Ok(Grouped {
        keys,
        sums,
        n_rows: total(|p| p.n_rows),
        n_missing: total(|p| p.n_missing),
        binary: parts.iter().all(|p| p.binary),
    })
}

impl Frame {
    /// Groups the rows by `columns.keys`.
    ///
    /// # Errors
    /// `UnknownColumn`; `WrongType`; `Values` for outcomes that are not finite or weights that are not counts.
    pub fn cells(&self, columns: Columns<'_>, control: &Control) -> Result<Grouped> {
        let read = |name: &str| self.chunks(name);
        let keys: Vec<Vec<ArrayRef>> = columns.keys.iter().map(|n| read(n)).collect::<Result<_>>()?;
        let outcome = columns.outcome.map(read).transpose()?;
        let weight = columns.weight.map(read).transpose()?;
        // Parts: stretches of at most PART rows, none across a chunk.
        let mut parts: Vec<Vec<(usize, usize, usize)>> = vec![Vec::new()];
        let mut filled = 0;
        for (c, batch) in self.batches.iter().enumerate() {
            let mut start = 0;
            while start < batch.num_rows() {
                if filled == PART {
                    parts.push(Vec::new());
                    filled = 0;
                }
                let length = (PART - filled).min(batch.num_rows() - start);
                if let Some(last) = parts.last_mut() {
                    last.push((c, start, length));
                }
                start += length;
                filled += length;
            }
        }
        control.announce(parts.len() as u64);
        let done = map_indexed(parts.len(), |i| {
            let mut part = Part::new(columns, i * PART);
            for &(c, start, length) in &parts[i] {
                let piece = |chunks: &Vec<ArrayRef>| chunks[c].slice(start, length);
                let cut: Vec<ArrayRef> = keys.iter().map(&piece).collect();
                part.push(
                    &cut,
                    outcome.as_ref().map(&piece).as_ref(),
                    weight.as_ref().map(&piece).as_ref(),
                    columns,
                )?;
            }
            control.tick(1)?;
            Ok(part)
        })?;
        combine(&done, columns)
    }
}
