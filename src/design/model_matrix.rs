//! The model matrix X (n × p), kept as codes: never a dense n × p array for categorical covariates.
//!
//! Variables that interact form one *block*: a code per row (which combination of levels the row has) and a
//! small contrast table (combination × columns). With one-hot vectors e_b of block b,
//!
//! x_i = Σ_b C_b′ e_b(i) + (dense columns of continuous covariates),
//!
//! so X′WX needs only the two-way tables of W over pairs of blocks, a few additions per row whatever p
//! is, and a small product with the contrasts afterwards. Sums run over fixed chunks combined in order.

use std::ops::Range;

use ndarray::Array2;

use crate::num::extended::Extended;

/// Variables that interact, as one code per row and the columns each code stands for.
#[derive(Debug, Clone)]
pub struct Block {
    /// Combination of levels of every row, below `contrast.len()`.
    pub codes: Vec<u32>,
    /// Per combination: (column of X, value), zeros left out.
    pub contrast: Vec<Vec<(usize, f64)>>,
}

/// X by blocks and dense columns.
#[derive(Debug, Clone)]
pub struct ModelMatrix {
    n: usize,
    names: Vec<String>,
    pub(super) blocks: Vec<Block>,
    pub(super) dense: Vec<(usize, Vec<f64>)>,
    /// What rounding left off a column (powers): by column.
    remainders: Vec<(usize, Vec<f64>)>,
}

/// Which rows a sum runs over.
#[derive(Debug, Clone, Copy)]
pub enum Rows<'a> {
    /// Every row, in parallel chunks.
    All,
    /// These rows, on the calling thread.
    Of(&'a [usize]),
}

impl ModelMatrix {
    /// X from its parts; `names` are its p columns, each filled by some block or dense column.
    pub fn new(n: usize, names: Vec<String>, blocks: Vec<Block>, dense: Vec<(usize, Vec<f64>)>) -> Self {
        Self { n, names, blocks, dense, remainders: Vec::new() }
    }

    /// The matrix with what rounding left off some of its columns: (column, n values).
    #[must_use]
    pub fn with_remainders(mut self, remainders: Vec<(usize, Vec<f64>)>) -> Self {
        self.remainders = remainders;
        self
    }

    /// Column j in twice the precision.
    pub fn extended_column(&self, j: usize) -> Vec<Extended> {
        let column = self.column(j);
        match self.remainders.iter().find(|(k, _)| *k == j) {
            Some((_, rest)) => column.iter().zip(rest).map(|(v, r)| Extended::sum(*v, *r)).collect(),
            None => column.into_iter().map(Extended::from).collect(),
        }
    }

    /// Whether there are columns beyond the coded ones.
    pub fn is_continuous(&self) -> bool {
        !self.dense.is_empty()
    }

    /// A plain dense design, column by column (columns × n).
    pub fn from_columns(names: Vec<String>, columns: Vec<Vec<f64>>) -> Self {
        let n = columns.first().map_or(0, Vec::len);
        Self::new(n, names, Vec::new(), columns.into_iter().enumerate().collect())
    }

    /// A single column of ones.
    pub fn intercept(n: usize) -> Self {
        let block = Block { codes: vec![0; n], contrast: vec![vec![(0, 1.0)]] };
        Self::new(n, vec!["(intercept)".to_owned()], vec![block], Vec::new())
    }

    /// Rows.
    pub fn n_rows(&self) -> usize {
        self.n
    }

    /// Columns.
    pub fn n_columns(&self) -> usize {
        self.names.len()
    }

    /// Names of the columns.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// The matrix with only the columns `kept` (ascending).
    #[must_use]
    pub fn select(&self, kept: &[usize]) -> Self {
        let mut place = vec![usize::MAX; self.names.len()];
        for (to, &from) in kept.iter().enumerate() {
            place[from] = to;
        }
        let moved = |row: &Vec<(usize, f64)>| {
            row.iter().filter(|(j, _)| place[*j] != usize::MAX).map(|(j, v)| (place[*j], *v)).collect()
        };
        Self {
            n: self.n,
            names: kept.iter().map(|&j| self.names[j].clone()).collect(),
            blocks: self
                .blocks
                .iter()
                .map(|b| Block { codes: b.codes.clone(), contrast: b.contrast.iter().map(moved).collect() })
                .collect(),
            dense: self
                .dense
                .iter()
                .filter(|(j, _)| place[*j] != usize::MAX)
                .map(|(j, v)| (place[*j], v.clone()))
                .collect(),
            remainders: self
                .remainders
                .iter()
                .filter(|(j, _)| place[*j] != usize::MAX)
                .map(|(j, v)| (place[*j], v.clone()))
                .collect(),
        }
    }

    /// The matrix with only the rows `rows`.
    #[must_use]
    pub fn take(&self, rows: &[usize]) -> Self {
        let codes = |b: &Block| rows.iter().map(|&i| b.codes[i]).collect();
        Self {
            n: rows.len(),
            names: self.names.clone(),
            blocks: self
                .blocks
                .iter()
                .map(|b| Block { codes: codes(b), contrast: b.contrast.clone() })
                .collect(),
            dense: self.dense.iter().map(|(j, v)| (*j, rows.iter().map(|&i| v[i]).collect())).collect(),
            remainders: Vec::new(),
        }
    }

    /// Row i as (column, value) pairs.
    pub fn row(&self, i: usize) -> impl Iterator<Item = (usize, f64)> + '_ {
        let coded = self.blocks.iter().flat_map(move |b| b.contrast[b.codes[i] as usize].iter().copied());
        coded.chain(self.dense.iter().map(move |(j, v)| (*j, v[i])))
    }

    /// Adds rows `range` to `out` (columns × length of the range, column after column).
    pub fn add_rows(&self, range: Range<usize>, out: &mut [f64]) {
        let n = range.len();
        for block in &self.blocks {
            for (r, &c) in block.codes[range.clone()].iter().enumerate() {
                for (j, v) in &block.contrast[c as usize] {
                    out[j * n + r] += v;
                }
            }
        }
        for (j, column) in &self.dense {
            for (o, v) in out[j * n..(j + 1) * n].iter_mut().zip(&column[range.clone()]) {
                *o += v;
            }
        }
    }

    /// Per column, whether it holds only 0 and 1 because it codes levels.
    pub fn indicators(&self) -> Vec<bool> {
        let mut out = vec![true; self.n_columns()];
        for (j, v) in self.blocks.iter().flat_map(|b| b.contrast.iter().flatten()) {
            out[*j] &= *v == 1.0;
        }
        self.dense.iter().for_each(|(j, _)| out[*j] = false);
        out
    }

    /// Column j (n).
    pub fn column(&self, j: usize) -> Vec<f64> {
        let mut unit = vec![0.0; self.n_columns()];
        unit[j] = 1.0;
        let mut out = vec![0.0; self.n];
        self.add_linear(&unit, &mut out);
        out
    }

    /// X as a dense array, for small designs.
    pub fn to_dense(&self) -> Array2<f64> {
        let mut x = Array2::zeros((self.n, self.names.len()));
        for i in 0..self.n {
            for (j, v) in self.row(i) {
                x[[i, j]] += v;
            }
        }
        x
    }

    /// X·β (n), added to `out`.
    pub fn add_linear(&self, beta: &[f64], out: &mut [f64]) {
        for block in &self.blocks {
            let value: Vec<f64> =
                block.contrast.iter().map(|row| row.iter().map(|(j, v)| beta[*j] * v).sum()).collect();
            for (o, &c) in out.iter_mut().zip(&block.codes) {
                *o += value[c as usize];
            }
        }
        for (j, column) in &self.dense {
            for (o, v) in out.iter_mut().zip(column) {
                *o += beta[*j] * v;
            }
        }
    }

    /// x_i′ A x_i of every row, for a symmetric p × p matrix (leverages).
    pub fn quadratic(&self, a: &Array2<f64>) -> Vec<f64> {
        if self.dense.is_empty() {
            return self.quadratic_coded(a);
        }
        (0..self.n)
            .map(|i| {
                let row: Vec<(usize, f64)> = self.row(i).collect();
                row.iter().map(|(j, u)| row.iter().map(|(k, v)| u * v * a[[*j, *k]]).sum::<f64>()).sum()
            })
            .collect()
    }

    /// By tables over pairs of blocks: no product per row.
    fn quadratic_coded(&self, a: &Array2<f64>) -> Vec<f64> {
        let mut out = vec![0.0; self.n];
        for (s, x) in self.blocks.iter().enumerate() {
            for (t, y) in self.blocks.iter().enumerate().skip(s) {
                let width = y.contrast.len();
                let twice = if s == t { 1.0 } else { 2.0 };
                let mut table = vec![0.0; x.contrast.len() * width];
                for (c, row) in x.contrast.iter().enumerate() {
                    for (d, other) in y.contrast.iter().enumerate() {
                        if s == t && c != d {
                            continue;
                        }
                        let sum: f64 = row
                            .iter()
                            .map(|(j, u)| other.iter().map(|(k, v)| u * v * a[[*j, *k]]).sum::<f64>())
                            .sum();
                        table[c * width + d] = twice * sum;
                    }
                }
                for ((o, &c), &d) in out.iter_mut().zip(&x.codes).zip(&y.codes) {
                    *o += table[c as usize * width + d as usize];
                }
            }
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn example() -> ModelMatrix {
        let names = ["(intercept)", "a=y", "g=2", "x"].map(str::to_owned).to_vec();
        let first =
            Block { codes: vec![0, 1, 1, 0, 1], contrast: vec![vec![(0, 1.0)], vec![(0, 1.0), (1, 1.0)]] };
        let second = Block { codes: vec![0, 0, 1, 1, 1], contrast: vec![vec![], vec![(2, 1.0)]] };
        ModelMatrix::new(5, names, vec![first, second], vec![(3, vec![0.5, 1.0, -2.0, 3.0, 4.0])])
    }

    #[test]
    fn sums_by_tables_equal_the_dense_products() {
        let x = example();
        let dense = x.to_dense();
        let w = [1.0, 2.0, 0.5, 3.0, 1.5];
        let weighted = ndarray::Array2::from_diag(&ndarray::Array1::from(w.to_vec()));
        let want = dense.t().dot(&weighted).dot(&dense);
        assert!((x.gram(&w, Rows::All).unwrap() - &want).iter().all(|v| v.abs() < 1e-12));
        assert!((x.gram(&w, Rows::Of(&[0, 1, 2, 3, 4])).unwrap() - &want).iter().all(|v| v.abs() < 1e-12));
        let cross = dense.t().dot(&ndarray::Array1::from(w.to_vec()));
        assert!(x.cross(&w, Rows::All).unwrap().iter().zip(&cross).all(|(a, b)| (a - b).abs() < 1e-12));
        let h = x.quadratic(&want);
        for i in 0..5 {
            assert!((h[i] - dense.row(i).dot(&want.dot(&dense.row(i)))).abs() < 1e-9);
        }
        let coded = x.select(&[0, 1, 2]);
        let part = want.select(ndarray::Axis(0), &[0, 1, 2]).select(ndarray::Axis(1), &[0, 1, 2]);
        let mut rows = vec![0.0; 8];
        x.add_rows(1..3, &mut rows);
        assert_eq!(rows, [1.0, 1.0, 1.0, 1.0, 0.0, 1.0, 1.0, -2.0]);
        assert_eq!(x.indicators(), [true, true, true, false]);
        for (i, h) in coded.quadratic(&part).iter().enumerate() {
            let row = dense.row(i).select(ndarray::Axis(0), &[0, 1, 2]);
            assert!((h - row.dot(&part.dot(&row))).abs() < 1e-9);
        }
    }
}
