//! Cells: unique patterns of coded columns with n, Σy, Σy².
//!
//! A row's pattern is one mixed-radix number. While the product of the radices is small the number is an address;
//! beyond that it is the key of a hash table. A column that meets a new level gets a larger radix and the
//! table is laid out anew (levels are met early, so that is rare). Tables of parts of the rows merge in a fixed order,
//! so sums associate the same way at any thread count.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use crate::error::{Error, Result};

/// Addresses of a directly addressed table: 2²² of 24 bytes are 100 MB at most.
const DIRECT: u64 = 1 << 22;

/// n, Σy, Σy².
pub type Sums = [f64; 3];

/// Multiply-rotate: keys are already spread by the mixed radix.
#[derive(Default)]
struct Mix(u64);

impl Hasher for Mix {
    fn finish(&self) -> u64 {
        self.0
    }
    fn write(&mut self, bytes: &[u8]) {
        for &b in bytes {
            self.write_u64(u64::from(b));
        }
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
        let wanted: Vec<u32> = self.radix.iter().zip(radix).map(|(a, b)| *a.max(b)).collect();
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
            Store::Binary(cells) if space <= DIRECT => {
                let mut next = vec![[0; 2]; size];
                for (key, c) in cells.iter().enumerate().filter(|(_, c)| c[0] > 0) {
                    next[address(moved(key as u64))] = *c;
                }
                Store::Binary(next)
            }
            Store::Direct(cells) if space <= DIRECT => {
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
            let full = cells.iter().map(|c| [f64::from(c[0]), f64::from(c[1]), f64::from(c[1])]).collect();
            self.store = Store::Direct(full);
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
        let strides = self.strides();
        let plain = matches!((&self.store, &other.store), (Store::Binary(_), Store::Binary(_)));
        for (key, sums) in sorted(&other.store) {
            let codes = split(key, &other.radix);
            let here = codes
                .iter()
                .zip(translate)
                .zip(&strides)
                .map(|((&c, t), s)| u64::from(t[c as usize]) * s)
                .sum();
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

#[allow(clippy::cast_possible_truncation)] // below DIRECT
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
