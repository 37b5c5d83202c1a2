//! Pearson's r on counts c: with columns centred and scaled to Σx² = 1, all Σcx, Σcx², Σcxy are products of fixed
//! n-vectors with c.
//!
//! s_xx = Σcx² − (Σcx)²/Σc loses digits when the resample misses the rows that make x vary. Below [`THIN`] of the whole
//! column's spread the replicate is computed again from deviations, which also tells a constant from a small spread.

use ndarray::Array2;

use super::counts::Counts;
use super::{scaled, used};
use crate::num::linalg::multiply;
use crate::num::moments::{CoMoments, Moments as OneColumn};

/// Share of the spread below which moments are taken from deviations: above, 1e-16/1e-4 leaves 12 digits.
const THIN: f64 = 1e-4;

/// The fixed vectors: products of each pair, then each column, then its squares, (K + 2p) × n.
pub struct Moments<'a> {
    columns: Vec<&'a [f64]>,
    pairs: Vec<(usize, usize)>,
    fixed: Array2<f64>,
}

impl<'a> Moments<'a> {
    pub fn new(columns: &'a [&'a [f64]], pairs: &[(usize, usize)]) -> Self {
        let (which, pairs) = used(pairs, columns.len());
        let columns: Vec<&[f64]> = which.into_iter().map(|j| columns[j]).collect();
        let unit: Vec<Vec<f64>> = columns.iter().map(|c| unit(c)).collect();
        let (k, p, n) = (pairs.len(), columns.len(), columns.first().map_or(0, |c| c.len()));
        let mut fixed = Array2::zeros((k + 2 * p, n));
        for (q, &(i, j)) in pairs.iter().enumerate() {
            for r in 0..n {
                fixed[[q, r]] = unit[i][r] * unit[j][r];
            }
        }
        for (j, column) in unit.iter().enumerate() {
            for r in 0..n {
                fixed[[k + j, r]] = column[r];
                fixed[[k + p + j, r]] = column[r] * column[r];
            }
        }
        Self { columns, pairs, fixed }
    }

    pub fn run(&self, counts: &Counts, out: &mut [f64]) {
        let (k, p, b) = (self.pairs.len(), self.columns.len(), counts.b);
        let products = multiply(self.fixed.view(), counts.by_row.view());
        let row = |q: usize| products.row(q).to_slice().map_or(&[][..], |all| &all[..b]);
        // Per column: Σcx/√Σc, 1/√s_xx, and the replicates with too little spread.
        let (mut sums, mut inverse, mut thin) = (vec![0.0; p * b], vec![0.0; p * b], vec![Vec::new(); p]);
        for j in 0..p {
            let (plain, squares) = (row(k + j), row(k + p + j));
            for r in 0..b {
                let sum = plain[r] / counts.totals[r].sqrt();
                let spread = squares[r] - sum * sum;
                sums[j * b + r] = sum;
                inverse[j * b + r] = 1.0 / spread.max(THIN).sqrt();
                if spread < THIN {
                    thin[j].push(r);
                }
            }
        }
        for (slot, (q, &(i, j))) in out.chunks_mut(b).zip(self.pairs.iter().enumerate()) {
            let (at_i, at_j) = (i * b..(i + 1) * b, j * b..(j + 1) * b);
            let (si, sj) = (&sums[at_i.clone()], &sums[at_j.clone()]);
            let xy = row(q).iter().zip(si.iter().zip(sj)).map(|(xy, (x, y))| xy - x * y);
            scaled(slot, xy, &inverse[at_i], &inverse[at_j]);
            for &r in thin[i].iter().chain(&thin[j]) {
                let c = |row: usize| counts.by_row[[row, r]];
                slot[r] =
                    CoMoments::of(self.columns[i], self.columns[j], c).correlation().unwrap_or(f64::NAN);
            }
        }
    }
}

fn unit(x: &[f64]) -> Vec<f64> {
    let m = OneColumn::of(x);
    let (mean, length) = (m.mean().unwrap_or(0.0), m.sum_of_squares().sqrt());
    x.iter().map(|v| if length > 0.0 { (v - mean) / length } else { 0.0 }).collect()
}
