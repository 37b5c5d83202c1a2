//! X′v and X′WX of a [`ModelMatrix`] by tables: a few additions per row, then the contrasts.

use std::ops::Range;

use ndarray::Array2;

use super::{Block, ModelMatrix, Rows};
use crate::error::Result;
use crate::parallel::map_chunks;

/// Rows per chunk of a pass: tables of a chunk must be worth making.
const ROWS: usize = 1 << 16;

impl ModelMatrix {
    /// X′v (p) over some rows.
    ///
    /// # Errors
    /// Those of the thread pool.
    pub fn cross(&self, v: &[f64], rows: Rows<'_>) -> Result<Vec<f64>> {
        let mut total = vec![0.0; self.n_columns()];
        let parts = match rows {
            Rows::Of(list) => vec![self.cross_of(v, list.len(), |k| list[k])],
            Rows::All => map_chunks(self.n_rows(), ROWS, |range: Range<usize>| {
                Ok(self.cross_of(v, range.len(), |k| range.start + k))
            })?,
        };
        for part in parts {
            for (t, p) in total.iter_mut().zip(part) {
                *t += p;
            }
        }
        Ok(total)
    }

    fn cross_of(&self, v: &[f64], n: usize, row: impl Fn(usize) -> usize + Copy) -> Vec<f64> {
        let mut out = vec![0.0; self.n_columns()];
        for block in &self.blocks {
            let mut sums = vec![0.0; block.contrast.len()];
            tabulate(n, row, |i| block.codes[i] as usize, |i| v[i], &mut sums);
            for (row, sum) in block.contrast.iter().zip(&sums) {
                for (j, c) in row {
                    out[*j] += c * sum;
                }
            }
        }
        for (j, column) in &self.dense {
            out[*j] += (0..n).map(|k| column[row(k)] * v[row(k)]).sum::<f64>();
        }
        out
    }

    /// X′diag(w)X (p × p) over some rows.
    ///
    /// # Errors
    /// Those of the thread pool.
    pub fn gram(&self, w: &[f64], rows: Rows<'_>) -> Result<Array2<f64>> {
        let p = self.n_columns();
        let mut total = Array2::zeros((p, p));
        let parts = match rows {
            Rows::Of(list) => vec![self.gram_of(w, list.len(), |k| list[k])],
            Rows::All => map_chunks(self.n_rows(), ROWS, |range: Range<usize>| {
                Ok(self.gram_of(w, range.len(), |k| range.start + k))
            })?,
        };
        for part in parts {
            total += &part;
        }
        for i in 0..p {
            for j in 0..i {
                total[[i, j]] += total[[j, i]];
                total[[j, i]] = total[[i, j]];
            }
        }
        Ok(total)
    }

    /// The same, each product on one side of the diagonal only.
    fn gram_of(&self, w: &[f64], n: usize, row: impl Fn(usize) -> usize + Copy) -> Array2<f64> {
        let p = self.n_columns();
        let mut out = Array2::zeros((p, p));
        let mut own: Vec<Vec<f64>> = self.blocks.iter().map(|b| vec![0.0; b.contrast.len()]).collect();
        if let [block] = self.blocks.as_slice() {
            tabulate(n, row, |i| block.codes[i] as usize, |i| w[i], &mut own[0]);
        }
        for a in 0..self.blocks.len() {
            for b in a + 1..self.blocks.len() {
                let table = pair(&self.blocks[a], &self.blocks[b], w, n, row, &mut out);
                // The sums of a block are the margins of a table it is in.
                let width = own[b].len();
                for (c, cells) in table.chunks_exact(width).enumerate().filter(|_| a == 0) {
                    if b == 1 {
                        own[0][c] = cells.iter().sum();
                    }
                    own[b].iter_mut().zip(cells).for_each(|(o, t)| *o += t);
                }
            }
        }
        for (block, own) in self.blocks.iter().zip(&own) {
            within(block, own, &mut out);
            for (k, column) in &self.dense {
                let mut sums = vec![0.0; block.contrast.len()];
                tabulate(n, row, |i| block.codes[i] as usize, |i| w[i] * column[i], &mut sums);
                for (row, sum) in block.contrast.iter().zip(&sums) {
                    for (j, u) in row {
                        out[[*j, *k]] += u * sum;
                    }
                }
            }
        }
        for (a, (j, x)) in self.dense.iter().enumerate() {
            for (k, y) in &self.dense[a..] {
                out[[*j, *k]] += (0..n).map(|r| w[row(r)] * x[row(r)] * y[row(r)]).sum::<f64>();
            }
        }
        out
    }
}

/// Adds `value` of every row to the entry `entry` of the table. Four runs of rows go side by side: rows in order often
/// share an entry, and each sum would wait for the one before.
#[inline]
fn tabulate(
    n: usize,
    row: impl Fn(usize) -> usize,
    entry: impl Fn(usize) -> usize,
    value: impl Fn(usize) -> f64,
    table: &mut [f64],
) {
    let quarter = n / 4;
    let mut add = |k: usize| {
        let i = row(k);
        table[entry(i)] += value(i);
    };
    for k in 0..quarter {
        add(k);
        add(quarter + k);
        add(2 * quarter + k);
        add(3 * quarter + k);
    }
    (4 * quarter..n).for_each(add);
}

/// The products of a block's columns with each other, from its sums.
fn within(block: &Block, own: &[f64], out: &mut Array2<f64>) {
    for (row, sum) in block.contrast.iter().zip(own) {
        for (s, (j, u)) in row.iter().enumerate() {
            out[[*j, *j]] += u * u * sum;
            for (k, v) in &row[s + 1..] {
                out[[*j, *k]] += u * v * sum;
            }
        }
    }
}

/// The cross product of two blocks: a two-way table of w, then the contrasts. Returns the table.
fn pair(
    a: &Block,
    b: &Block,
    w: &[f64],
    n: usize,
    row: impl Fn(usize) -> usize,
    out: &mut Array2<f64>,
) -> Vec<f64> {
    let width = b.contrast.len();
    let mut table = vec![0.0; a.contrast.len() * width];
    tabulate(n, row, |i| a.codes[i] as usize * width + b.codes[i] as usize, |i| w[i], &mut table);
    let p = out.ncols();
    let mut along = vec![0.0; p];
    for (c, left) in a.contrast.iter().enumerate().filter(|(_, left)| !left.is_empty()) {
        // Σ_d t_cd C_d over the second block's columns, once for all columns of the first.
        along.fill(0.0);
        for (right, sum) in b.contrast.iter().zip(&table[c * width..(c + 1) * width]) {
            right.iter().for_each(|(k, v)| along[*k] += v * sum);
        }
        for (j, u) in left {
            for (k, x) in along.iter().enumerate().filter(|(_, x)| **x != 0.0) {
                out[[*j, k]] += u * x;
            }
        }
    }
    table
}
