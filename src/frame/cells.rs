//! From a table to cells: one parallel pass over the rows.
//!
//! Rows are taken in parts that depend on the data alone, each with its own numbering of levels and its own table; the
//! parts merge in order as they are done, so a few tables are held at a time, however many rows there are. Levels end up sorted, so the cells do not depend on which part met a level first.

use arrow_array::{Array, ArrayRef, RecordBatch};

use super::coder::{Coder, levels};
use super::numeric::{append, mask};
use super::{Frame, position};
use crate::design::{CellTable, Levels, Sums};
use crate::error::{Error, Result};
use crate::parallel::{Control, pipeline};

/// Rows of a part at least: its table is merged once.
const PART: usize = 1 << 20;
/// Parts at most: more rows make larger parts, so that merging stays a small share of the work.
const PARTS: usize = 64;
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

/// Names of the columns: keys, outcome, frequency weight; of cells: keys, Σy, n, Σy².
#[derive(Debug, Clone, Copy, Default)]
pub struct Columns<'a> {
    /// Keys, the first varies slowest in the result.
    pub keys: &'a [String],
    /// Outcome; without one only rows are counted.
    pub outcome: Option<&'a str>,
    /// How many rows a row stands for.
    pub weight: Option<&'a str>,
    /// Σy² of cells; the outcome is then their Σy, the weight their n.
    pub squares: Option<&'a str>,
}

/// Rows of a part of a table of `n_rows`.
pub(super) fn part_rows(n_rows: usize) -> usize {
    PART.max(n_rows.div_ceil(PARTS))
}

impl<'a> Columns<'a> {
    /// Every column, each once.
    pub fn all(&self) -> Vec<&'a str> {
        let mut names: Vec<&str> = Vec::new();
        let keys = self.keys.iter().map(String::as_str);
        for name in keys.chain(self.measures().into_iter().flatten()) {
            if !names.contains(&name) {
                names.push(name);
            }
        }
        names
    }

    /// What is summed: outcome, weight, squares.
    fn measures(&self) -> [Option<&'a str>; 3] {
        [self.outcome, self.weight, self.squares]
    }
}

impl Part {
    pub fn new(columns: Columns<'_>, first: usize) -> Self {
        let coders: Vec<Coder> = columns.keys.iter().map(|n| Coder::new(n)).collect();
        let table = CellTable::new(coders.len());
        Self { coders, table, first, n_rows: 0, n_missing: 0, binary: true }
    }

    /// Whether no row came.
    pub fn is_empty(&self) -> bool {
        self.n_rows == 0
    }

    /// Adds the rows of a batch.
    pub fn push_batch(&mut self, batch: &RecordBatch, columns: Columns<'_>) -> Result<()> {
        let column = |n: &str| position(batch.schema_ref(), n).map(|i| ArrayRef::clone(batch.column(i)));
        let keys: Vec<ArrayRef> = columns.keys.iter().map(|n| column(n)).collect::<Result<_>>()?;
        let mut measures = [const { None }; 3];
        for (m, name) in measures.iter_mut().zip(columns.measures()) {
            *m = name.map(column).transpose()?;
        }
        self.push(&keys, &measures, columns)
    }

    /// Adds rows: the key columns, then what is summed.
    pub fn push(
        &mut self,
        keys: &[ArrayRef],
        measures: &[Option<ArrayRef>; 3],
        columns: Columns<'_>,
    ) -> Result<()> {
        let n = keys.iter().chain(measures.iter().flatten()).next().map_or(0, Array::len);
        let mut codes: Vec<Vec<u32>> = vec![Vec::with_capacity(STRETCH); keys.len()];
        let (mut joint, mut held) = (Vec::new(), [const { Vec::new() }; 3]);
        for start in (0..n).step_by(STRETCH) {
            let length = STRETCH.min(n - start);
            for (j, key) in keys.iter().enumerate() {
                let coded = self.coders[j].codes(&key.slice(start, length), &mut codes[j]);
                coded.map_err(|e| e.shifted(self.first + self.n_rows))?;
            }
            let radix: Vec<u32> = self.coders.iter().map(Coder::radix).collect();
            self.table.widen(&radix)?;
            joint.clear();
            joint.resize(length, 0_u64);
            for (column, stride) in codes.iter().zip(self.table.strides()) {
                joint.iter_mut().zip(column).for_each(|(k, &c)| *k += u64::from(c) * stride);
            }
            let mut masks = [const { None }; 3];
            for k in 0..3 {
                masks[k] = numbers(columns.measures()[k], measures[k].as_ref(), start, length, &mut held[k])?;
            }
            self.n_rows += length;
            if columns.squares.is_some() {
                self.add_sums(&joint, &held, &masks, columns)?;
            } else {
                let [y, w, _] = &held;
                self.add(&joint, (y, masks[0].as_deref()), (w, masks[1].as_deref()), columns)?;
            }
        }
        Ok(())
    }

    /// Cells of cells: n, Σy and Σy² are added as they are.
    fn add_sums(
        &mut self,
        keys: &[u64],
        held: &[Vec<f64>; 3],
        masks: &[Option<Vec<bool>>; 3],
        columns: Columns<'_>,
    ) -> Result<()> {
        for (i, &key) in keys.iter().enumerate() {
            let row = self.first + self.n_rows - keys.len() + i;
            for (k, name) in columns.measures().into_iter().enumerate() {
                let known = masks[k].as_ref().is_none_or(|m| m[i]);
                let v = held[k].get(i).copied().unwrap_or(0.0);
                if !known || !v.is_finite() || (k == 1 && (v < 0.0 || v.fract() != 0.0)) {
                    let expected = "sums of cells: n a whole number, all of them finite and without nulls";
                    let got = if known { v.to_string() } else { "null".to_owned() };
                    return Err(Error::values(name.unwrap_or("n"), [row], expected, got));
                }
            }
            let n = held[1].get(i).copied().unwrap_or(0.0);
            self.binary &= held[0].get(i) == held[2].get(i);
            if n > 0.0 {
                self.table.add(key, [n, held[0].get(i).copied().unwrap_or(0.0), held[2][i]]);
            }
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

impl Part {
    /// Takes in the part that follows.
    pub fn absorb(&mut self, next: &Self) -> Result<()> {
        let moved: Vec<Vec<u32>> =
            self.coders.iter_mut().zip(&next.coders).map(|(here, there)| here.absorb(there)).collect();
        let radix: Vec<u32> = self.coders.iter().map(Coder::radix).collect();
        self.table.merge(&next.table, &moved, &radix)?;
        self.n_rows += next.n_rows;
        self.n_missing += next.n_missing;
        self.binary &= next.binary;
        Ok(())
    }

    /// The cells, their levels in order; levels without a cell are left out.
    pub fn finish(self, columns: Columns<'_>) -> Result<Grouped> {
        let mut sorted = CellTable::new(self.coders.len());
        let (mut keys, mut radix, mut moved) = (Vec::new(), Vec::new(), Vec::new());
        for (coder, name) in self.coders.iter().zip(columns.keys) {
            let (all, table, has_null) = coder.finish()?;
            radix.push(coder.radix().max(1));
            moved.push(table);
            keys.push(GroupedKey { name: name.clone(), levels: levels(all), has_null, codes: Vec::new() });
        }
        sorted.merge(&self.table, &moved, &radix)?;
        let (codes, sums) = sorted.cells();
        keys.iter_mut().zip(codes).for_each(|(k, c)| k.hold(c));
        let Self { n_rows, n_missing, binary, .. } = self;
        Ok(Grouped { keys, sums, n_rows, n_missing, binary })
    }
}

impl GroupedKey {
    /// Takes the codes, and keeps the levels that occur.
    fn hold(&mut self, codes: Vec<u32>) {
        let shift = usize::from(self.has_null);
        let mut occurs = vec![false; self.levels.len() + shift];
        codes.iter().for_each(|&c| occurs[c as usize] = true);
        self.codes = codes;
        if occurs.iter().all(|o| *o) {
            return;
        }
        let before = |next: &mut u32, &o: &bool| {
            *next += u32::from(o);
            Some(*next - u32::from(o))
        };
        let place: Vec<u32> = occurs.iter().scan(0, before).collect();
        self.codes.iter_mut().for_each(|c| *c = place[*c as usize]);
        let mut kept = occurs[shift..].iter();
        match &mut self.levels {
            Levels::Text(names) => names.retain(|_| kept.next() == Some(&true)),
            Levels::Number(values) => values.retain(|_| kept.next() == Some(&true)),
        }
        self.has_null &= occurs[0];
    }
}

/// Merges tables of cells: `columns` names the keys, and each table's own Σy, n and Σy².
///
/// # Errors
/// As [`Frame::cells`]; `Values` for sums with nulls.
pub fn merge_cells(tables: &[(Frame, Columns<'_>)], keys: &[String]) -> Result<Grouped> {
    let columns = Columns { keys, ..Columns::default() };
    let mut all = Part::new(columns, 0);
    for (frame, own) in tables {
        let mut part = Part::new(columns, 0);
        for batch in &frame.batches {
            part.push_batch(batch, Columns { keys, ..*own })?;
        }
        all.absorb(&part)?;
    }
    all.finish(columns)
}

impl Frame {
    /// Groups the rows by `columns.keys`.
    ///
    /// # Errors
    /// `UnknownColumn`; `WrongType`; `Values` for outcomes that are not finite or weights that are not counts.
    pub fn cells(&self, columns: Columns<'_>, control: &Control) -> Result<Grouped> {
        let read = |name: &str| self.chunks(name);
        let keys: Vec<Vec<ArrayRef>> = columns.keys.iter().map(|n| read(n)).collect::<Result<_>>()?;
        let mut measures = [const { None }; 3];
        for (m, name) in measures.iter_mut().zip(columns.measures()) {
            *m = name.map(read).transpose()?;
        }
        let size = part_rows(self.n_rows());
        let mut parts: Vec<Vec<(usize, usize, usize)>> = vec![Vec::new()];
        let mut filled = 0;
        for (c, batch) in self.batches.iter().enumerate() {
            let mut start = 0;
            while start < batch.num_rows() {
                if filled == size {
                    parts.push(Vec::new());
                    filled = 0;
                }
                let length = (size - filled).min(batch.num_rows() - start);
                if let Some(last) = parts.last_mut() {
                    last.push((c, start, length));
                }
                start += length;
                filled += length;
            }
        }
        control.announce(parts.len() as u64);
        let (mut i, mut all) = (0, Part::new(columns, 0));
        let next = || {
            i += 1;
            Ok((i <= parts.len()).then_some(i - 1))
        };
        let make = |i: usize| {
            let mut part = Part::new(columns, i * size);
            for &(c, start, length) in &parts[i] {
                let piece = |chunks: &Vec<ArrayRef>| chunks[c].slice(start, length);
                let cut: Vec<ArrayRef> = keys.iter().map(&piece).collect();
                part.push(&cut, &measures.each_ref().map(|m| m.as_ref().map(&piece)), columns)?;
            }
            control.tick(1)?;
            Ok(part)
        };
        pipeline(next, make, |part: Part| all.absorb(&part))?;
        all.finish(columns)
    }
}
