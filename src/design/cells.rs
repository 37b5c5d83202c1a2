//! Cells: unique patterns of coded columns with n, Σy, Σy².
//!
//! A row's pattern is one mixed-radix number. While the product of the radices is small the number is an address;
//! beyond that it is the key of a hash table. A column that meets a new level gets a larger radix and the
//! table is laid out anew (levels are met early, so that is rare). Tables of parts of the rows merge in a fixed order,
//! so sums associate the same way at any thread count.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use crate::error::{Error, Result};

/// Bytes of a directly addressed table at most; a thread has one, and a few wait to be merged.
const DIRECT: u64 = 1 << 24;
/// Patterns of a table of 0/1 outcomes, and of any outcomes, that fit.
const BINARY_SPACE: u64 = DIRECT / 8;
const SUMS_SPACE: u64 = DIRECT / 24;
/// A column beyond this many levels takes some room in advance: met one by one, its levels would move the table
/// every time.
const FEW: u32 = 16;

/// n, Σy, Σy².
pub type Sums = [f64; 3];

/// Multiply-rotate: a fast hash for keys that nobody chose to collide.
#[derive(Debug, Default)]
pub struct Mix(u64);

impl Hasher for Mix {
    fn finish(&self) -> u64 {
        self.0
    }
    fn write(&mut self, bytes: &[u8]) {
        let (words, rest) = bytes.as_chunks::<8>();
        words.iter().for_each(|w| self.write_u64(u64::from_le_bytes(*w)));
        if !rest.is_empty() {
            self.write_u64(rest.iter().fold(rest.len() as u64, |v, &b| v << 8 | u64::from(b)));
        }
    }
    fn write_u8(&mut self, v: u8) {
        self.write_u64(u64::from(v));
    }
    fn write_u64(&mut self, v: u64) {
        self.0 = (self.0 ^ v).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29);
    }
}

#[derive(Debug, Clone)]
enum Store {
    /// (n, Σy) of rows that are all 0 or 1.
    Binary(Vec<[u32; 2]>),
    Direct(Vec<Sums>),
    Hashed(HashMap<u64, Sums, BuildHasherDefault<Mix>>),
}

/// A table under construction.
#[derive(Debug, Clone)]
pub struct CellTable {
    radix: Vec<u32>,
    store: Store,
}

impl CellTable {
    /// No cells yet, over `n_keys` columns.
    pub fn new(n_keys: usize) -> Self {
        Self { radix: vec![1; n_keys], store: Store::Binary(vec![[0; 2]]) }
    }

    /// Makes room for codes below `radix` in every column; what is there is moved.
    ///
    /// # Errors
    /// `InvalidOption` when the number of possible patterns exceeds 2⁶³.
    pub fn widen(&mut self, radix: &[u32]) -> Result<()> {
        let room = |(&held, &met): (&u32, &u32)| match met > held {
            true if held > FEW => met.max(held.saturating_add(held / 4)),
            true => met,
            false => held,
        };
        let wanted: Vec<u32> = self.radix.iter().zip(radix).map(room).collect();
        if wanted == self.radix {
            return Ok(());
        }
        let space = wanted
            .iter()
            .try_fold(1_u64, |p, &r| p.checked_mul(u64::from(r)))
            .filter(|p| *p < 1 << 63)
            .ok_or_else(|| {
                Error::option("by", "fewer or coarser columns: under 2^63 possible patterns", "more")
            })?;
        let old = std::mem::replace(&mut self.radix, wanted);
        let moved = |key: u64| relay(key, &old, &self.radix);
        let size = usize::try_from(space).unwrap_or(usize::MAX);
        self.store = match std::mem::replace(&mut self.store, Store::Binary(Vec::new())) {
            Store::Binary(cells) if space <= BINARY_SPACE => {
                let mut next = vec![[0; 2]; size];
                for (key, c) in cells.iter().enumerate().filter(|(_, c)| c[0] > 0) {
                    next[address(moved(key as u64))] = *c;
                }
                Store::Binary(next)
            }
            Store::Direct(cells) if space <= SUMS_SPACE => {
                let mut next = vec![[0.0; 3]; size];
                for (key, c) in cells.iter().enumerate().filter(|(_, c)| c[0] != 0.0) {
                    next[address(moved(key as u64))] = *c;
                }
                Store::Direct(next)
            }
            other => Store::Hashed(each(&other).map(|(k, c)| (moved(k), c)).collect()),
        };
        Ok(())
    }

    /// Radices, one per column.
    pub fn radix(&self) -> &[u32] {
        &self.radix
    }

    /// What a code of column j is multiplied by in a pattern's number: the first column varies slowest.
    pub fn strides(&self) -> Vec<u64> {
        let mut strides = vec![1; self.radix.len()];
        for j in (0..self.radix.len().saturating_sub(1)).rev() {
            strides[j] = strides[j + 1] * u64::from(self.radix[j + 1]);
        }
        strides
    }

    /// Adds rows of outcome 0 or 1; `y[i]` is 0, 1 or 2 (left out).
    pub fn add_binary(&mut self, keys: &[u64], y: &[u8]) {
        match &mut self.store {
            Store::Binary(cells) => {
                for (&key, &y) in keys.iter().zip(y) {
                    if y < 2 {
                        let cell = &mut cells[address(key)];
                        cell[0] += 1;
                        cell[1] += u32::from(y);
                    }
                }
            }
            _ => {
                for (&key, &y) in keys.iter().zip(y).filter(|(_, y)| **y < 2) {
                    self.add(key, [1.0, f64::from(y), f64::from(y)]);
                }
            }
        }
    }

    /// Adds sums to one pattern.
    pub fn add(&mut self, key: u64, sums: Sums) {
        if let Store::Binary(cells) = &self.store {
            self.store = if cells.len() as u64 <= SUMS_SPACE {
                let full = |c: &[u32; 2]| [f64::from(c[0]), f64::from(c[1]), f64::from(c[1])];
                Store::Direct(cells.iter().map(full).collect())
            } else {
                Store::Hashed(each(&self.store).collect())
            };
        }
        let cell = match &mut self.store {
            Store::Direct(cells) => &mut cells[address(key)],
            Store::Hashed(cells) => cells.entry(key).or_default(),
            Store::Binary(_) => return,
        };
        for (c, s) in cell.iter_mut().zip(sums) {
            *c += s;
        }
    }

    /// Merges a table whose codes are translated: code c of column j there is `translate[j][c]` here.
    ///
    /// # Errors
    /// As [`CellTable::widen`].
    pub fn merge(&mut self, other: &Self, translate: &[Vec<u32>], radix: &[u32]) -> Result<()> {
        self.widen(radix)?;
        let plain = matches!((&self.store, &other.store), (Store::Binary(_), Store::Binary(_)));
        let strides = self.strides();
        let moved = Move::new(&other.radix, translate, &strides);
        for (key, sums) in sorted(&other.store) {
            let here = moved.key(key);
            match &mut self.store {
                // Counts of 0 and 1 are exact in u32 until a table holds four billion rows.
                Store::Binary(cells)
                    if plain && sums[0] + f64::from(cells[address(here)][0]) < f64::from(u32::MAX) =>
                {
                    let cell = &mut cells[address(here)];
                    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
                    {
                        cell[0] += sums[0] as u32;
                        cell[1] += sums[1] as u32;
                    }
                }
                _ => self.add(here, sums),
            }
        }
        Ok(())
    }

    /// The patterns with rows, in ascending order: codes per column, and sums.
    pub fn cells(&self) -> (Vec<Vec<u32>>, Vec<Sums>) {
        let list = sorted(&self.store);
        let mut codes = vec![Vec::with_capacity(list.len()); self.radix.len()];
        let mut sums = Vec::with_capacity(list.len());
        for (key, s) in list {
            for (column, c) in codes.iter_mut().zip(split(key, &self.radix)) {
                column.push(c);
            }
            sums.push(s);
        }
        (codes, sums)
    }
}

/// Keys of one table as keys of another. The columns fall into two halves of few patterns each, looked up with one
/// division instead of one a column; a half of too many patterns is worked out column by column.
struct Move<'a> {
    /// Patterns of the second half.
    low: u64,
    halves: [Half<'a>; 2],
}

struct Half<'a> {
    radix: &'a [u32],
    translate: &'a [Vec<u32>],
    strides: &'a [u64],
    /// The new part of the key by the old one.
    known: Vec<u64>,
}

impl<'a> Move<'a> {
    const KNOWN: u64 = 1 << 12;

    fn new(radix: &'a [u32], translate: &'a [Vec<u32>], strides: &'a [u64]) -> Self {
        let mut cut = radix.len();
        let mut low = 1_u64;
        while cut > 0 && low.saturating_mul(u64::from(radix[cut - 1])) <= Self::KNOWN {
            cut -= 1;
            low *= u64::from(radix[cut]);
        }
        let half = |range: std::ops::Range<usize>| {
            let mut half = Half {
                radix: &radix[range.clone()],
                translate: &translate[range.clone()],
                strides: &strides[range],
                known: Vec::new(),
            };
            let size = half.radix.iter().fold(1_u64, |p, &r| p.saturating_mul(u64::from(r)));
            if size <= Self::KNOWN {
                half.known = (0..size).map(|k| half.work_out(k)).collect();
            }
            half
        };
        Self { low, halves: [half(0..cut), half(cut..radix.len())] }
    }

    fn key(&self, key: u64) -> u64 {
        self.halves[0].key(key / self.low) + self.halves[1].key(key % self.low)
    }
}

impl Half<'_> {
    fn key(&self, part: u64) -> u64 {
        let known = usize::try_from(part).ok().and_then(|p| self.known.get(p));
        known.copied().unwrap_or_else(|| self.work_out(part))
    }

    fn work_out(&self, part: u64) -> u64 {
        let codes = split(part, self.radix);
        // A pattern that room was taken for in advance, but that never came, has no translation.
        let place = |(&c, t): (&u32, &Vec<u32>)| u64::from(t.get(c as usize).copied().unwrap_or(0));
        codes.iter().zip(self.translate).map(place).zip(self.strides).map(|(p, s)| p * s).sum()
    }
}

#[allow(clippy::cast_possible_truncation)] // within BINARY_SPACE
fn address(key: u64) -> usize {
    key as usize
}

fn split(key: u64, radix: &[u32]) -> Vec<u32> {
    let mut rest = key;
    let mut codes = vec![0; radix.len()];
    for (c, &r) in codes.iter_mut().zip(radix).rev() {
        #[allow(clippy::cast_possible_truncation)] // a remainder below a u32
        {
            *c = (rest % u64::from(r)) as u32;
        }
        rest /= u64::from(r);
    }
    codes
}

fn relay(key: u64, old: &[u32], new: &[u32]) -> u64 {
    split(key, old).iter().zip(new).fold(0, |k, (&c, &r)| k * u64::from(r) + u64::from(c))
}

fn each(store: &Store) -> Box<dyn Iterator<Item = (u64, Sums)> + '_> {
    match store {
        Store::Binary(cells) => Box::new(
            cells
                .iter()
                .enumerate()
                .filter(|(_, c)| c[0] > 0)
                .map(|(k, c)| (k as u64, [f64::from(c[0]), f64::from(c[1]), f64::from(c[1])])),
        ),
        Store::Direct(cells) => {
            Box::new(cells.iter().enumerate().filter(|(_, c)| c[0] != 0.0).map(|(k, c)| (k as u64, *c)))
        }
        Store::Hashed(cells) => Box::new(cells.iter().map(|(k, c)| (*k, *c))),
    }
}

fn sorted(store: &Store) -> Vec<(u64, Sums)> {
    let mut list: Vec<(u64, Sums)> = each(store).collect();
    if matches!(store, Store::Hashed(_)) {
        list.sort_unstable_by_key(|(k, _)| *k);
    }
    list
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn widening_moves_what_is_there_and_merging_translates() {
        let mut a = CellTable::new(2);
        a.widen(&[2, 1]).unwrap();
        a.add_binary(&[0, 1, 1], &[1, 0, 1]);
        a.widen(&[2, 3]).unwrap();
        assert_eq!(a.strides(), [3, 1]);
        a.add_binary(&[5], &[1]);
        let mut b = CellTable::new(2);
        b.widen(&[2, 2]).unwrap();
        b.add(3, [2.0, 5.0, 13.0]);
        a.merge(&b, &[vec![1, 0], vec![2, 0]], &[2, 3]).unwrap();
        let (codes, sums) = a.cells();
        assert_eq!(codes, [vec![0, 1, 1], vec![0, 0, 2]]);
        assert_eq!(sums, [[3.0, 6.0, 14.0], [2.0, 1.0, 1.0], [1.0, 1.0, 1.0]]);
    }

    #[test]
    fn a_wide_table_is_hashed_and_gives_the_same_cells() {
        let mut a = CellTable::new(3);
        a.widen(&[5000, 5000, 5000]).unwrap();
        let keys = [7_u64, 1 << 36, 7, 123_456_789];
        a.add_binary(&keys, &[1, 1, 0, 1]);
        let (codes, sums) = a.cells();
        assert_eq!(sums, [[2.0, 1.0, 1.0], [1.0, 1.0, 1.0], [1.0, 1.0, 1.0]]);
        assert_eq!(codes[2][0], 7);
    }
}
