//! Cross products of columns under any number of resampling weights.
//!
//! The products z_j z_k of every row, with z = (1, x₁ …, y), are made once and laid out in blocks of lanes; a resample is then
//! one weighted sum of rows, S = Σ_i c_i w_i z_i z_i′, without gathering rows or squaring again. Columns are centred at the mean of
//! all rows first, so that the correction for the mean of a resample takes little away. Tables too large to keep are
//! multiplied out anew each time.

#![allow(clippy::inline_always)] // a function that is not inlined loses the instruction set

use crate::decomposition::subsets::Cross;
use crate::num::lanes;

const LANES: usize = 16;
/// Doubles that the table of products may take (64 MB).
const LARGEST: usize = 1 << 23;

/// Rows ready to be summed under weights.
#[derive(Debug, Clone)]
pub struct Products {
    n: usize,
    /// Columns of z, the leading 1 included.
    width: usize,
    players: Vec<usize>,
    /// Centred columns with y last, one after the other.
    columns: Vec<Vec<f64>>,
    w: Vec<f64>,
    /// Blocks × rows × lanes; empty when too large.
    table: Vec<[f64; LANES]>,
}

struct Sum<'a> {
    rows: &'a [[f64; LANES]],
    c: &'a [f64],
}

impl lanes::Kernel for Sum<'_> {
    type Output = [f64; LANES];

    #[inline(always)]
    fn run(self) -> [f64; LANES] {
        let mut total = [0.0; LANES];
        for (row, c) in self.rows.iter().zip(self.c) {
            for (t, v) in total.iter_mut().zip(row) {
                *t += c * v;
            }
        }
        total
    }
}

impl Products {
    /// Takes the `columns` of all players in order, then `y`; `w` are weights of the rows.
    pub fn new(mut columns: Vec<Vec<f64>>, players: Vec<usize>, y: Vec<f64>, w: Vec<f64>) -> Self {
        columns.push(y);
        let total: f64 = w.iter().sum();
        for column in &mut columns {
            let mean = column.iter().zip(&w).map(|(v, w)| v * w).sum::<f64>() / total;
            column.iter_mut().for_each(|v| *v -= mean);
        }
        let (n, width) = (w.len(), columns.len() + 1);
        let mut out = Self { n, width, players, columns, w, table: Vec::new() };
        let blocks = out.pairs().len().div_ceil(LANES);
        if blocks * LANES * n <= LARGEST {
            out.table = (0..blocks).flat_map(|block| out.block(block)).collect();
        }
        out
    }

    /// Pairs (j, k), j ≤ k, of columns of z.
    fn pairs(&self) -> Vec<(usize, usize)> {
        (0..self.width).flat_map(|j| (j..self.width).map(move |k| (j, k))).collect()
    }

    /// w_i z_ij z_ik of every row for one block of pairs.
    fn block(&self, block: usize) -> Vec<[f64; LANES]> {
        let pairs = self.pairs();
        let mut rows = vec![[0.0; LANES]; self.n];
        for (lane, &(j, k)) in pairs[block * LANES..].iter().take(LANES).enumerate() {
            for (i, row) in rows.iter_mut().enumerate() {
                let z = |j: usize| if j == 0 { 1.0 } else { self.columns[j - 1][i] };
                row[lane] = self.w[i] * z(j) * z(k);
            }
        }
        rows
    }

    /// Centred cross products under counts `c` per row; `None` when no row is left.
    pub fn cross(&self, c: &[f64]) -> Option<Cross> {
        let pairs = self.pairs();
        let mut sums = Vec::with_capacity(pairs.len() + LANES);
        for block in 0..pairs.len().div_ceil(LANES) {
            let total = if self.table.is_empty() {
                lanes::run(Sum { rows: &self.block(block), c })
            } else {
                lanes::run(Sum { rows: &self.table[block * self.n..(block + 1) * self.n], c })
            };
            sums.extend_from_slice(&total);
        }
        let weight = sums[0];
        if weight.is_nan() || weight <= 0.0 {
            return None;
        }
        let q = self.width - 1;
        let mut s = vec![0.0; q * q];
        for (&(j, k), &sum) in pairs.iter().zip(&sums).skip(self.width) {
            let value = sum - sums[j] * sums[k] / weight;
            s[(j - 1) * q + k - 1] = value;
            s[(k - 1) * q + j - 1] = value;
        }
        Some(Cross { s, players: self.players.clone() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_resample_is_the_centred_cross_product_of_its_rows() {
        let x = vec![vec![1.0, 2.0, 4.0, 7.0], vec![3.0, 1.0, 0.0, 2.0]];
        let y = vec![1.0, 3.0, 2.0, 5.0];
        let products = Products::new(x.clone(), vec![1, 1], y.clone(), vec![1.0, 2.0, 1.0, 1.0]);
        let c = [1.0, 0.0, 2.0, 3.0];
        let s = products.cross(&c).unwrap();
        let w = [1.0, 0.0, 2.0, 3.0];
        let mean = |v: &[f64]| v.iter().zip(w).map(|(v, w)| v * w).sum::<f64>() / 6.0;
        let all = [&x[0], &x[1], &y];
        for (j, a) in all.iter().enumerate() {
            for (k, b) in all.iter().enumerate() {
                let want: f64 = (0..4).map(|i| w[i] * (a[i] - mean(a)) * (b[i] - mean(b))).sum();
                assert!((s.s[j * 3 + k] - want).abs() < 1e-12);
            }
        }
        assert!(products.cross(&[0.0; 4]).is_none());
    }
}
