//! Bootstrap replicates of many pairs on shared resampling weights.
//!
//! A resample of n rows is a vector of counts c (Σc = n); every pair and every coefficient of a replicate
//! uses the same c. With K = number of pairs and blocks of B replicates:
//! * Pearson: all weighted moments are products of fixed n-vectors with c: (K + 2p) × n times n × B;
//! * Kendall, n ≤ [`PAIRWISE_MAX`]: S and the untied pair counts are quadratic forms Σ_{i<j} c_i c_j s_ij t_ij, so one
//!   product of the K × n(n−1)/2 signs with the n(n−1)/2 × B pair weights; above, a weighted merge per pair and replicate;
//! * Spearman: centred weighted mid-ranks ½Σ_j c_j sign(x_i − x_j) from the presorted order, then moments.
//!
//! Both matrix products run on one thread per block: the bits do not depend on the number of threads.

use ndarray::{Array2, s};

use crate::correlation::coefficient::Method;
use crate::correlation::ranks::blocks;
use crate::error::Result;
use crate::num::linalg::multiply;
use crate::parallel::{Control, map_chunks};
use crate::resample::plan::Plan;

/// Up to this many rows Kendall goes through all pairs of rows at once.
pub const PAIRWISE_MAX: usize = 64;
/// Replicates per block.
const BLOCK: usize = 256;

/// Replicates of `pairs` of `columns` (each n values, complete), per pair a vector of `n_resamples`;
/// NaN marks a replicate on which a column is constant.
///
/// # Errors
/// Those of the plan; `Interrupted`.
pub fn replicates(
    columns: &[&[f64]],
    pairs: &[(usize, usize)],
    method: Method,
    n_resamples: usize,
    seed: u64,
    control: &Control,
) -> Result<Vec<Vec<f64>>> {
    let n = columns.first().map_or(0, |c| c.len());
    let plan = Plan::Simple(n);
    plan.check()?;
    control.announce(n_resamples as u64);
    let kernel = Kernel::new(columns, pairs, method);
    let blocks = map_chunks(n_resamples, BLOCK, |range| {
        control.tick(range.len() as u64)?;
        let mut counts = Array2::zeros((range.len(), n));
        for (mut row, replicate) in counts.outer_iter_mut().zip(range) {
            if let Some(row) = row.as_slice_mut() {
                plan.draw(seed, replicate as u64, row);
            }
        }
        Ok(kernel.run(&counts))
    })?;
    let mut out = vec![Vec::with_capacity(n_resamples); pairs.len()];
    for block in blocks {
        for (k, row) in block.outer_iter().enumerate() {
            out[k].extend(row.iter());
        }
    }
    Ok(out)
}

/// What is fixed over replicates.
struct Kernel<'a> {
    pairs: &'a [(usize, usize)],
    p: usize,
    form: Form,
}

enum Form {
    /// Rows: products of each pair, then each column, then its squares ((K + 2p) × n).
    Moments(Array2<f64>),
    /// Rows: sign products of each pair, then squared signs of each column ((K + p) × n(n−1)/2).
    Signs(Array2<f64>),
    /// Ascending orders with their blocks of ties.
    Orders(Vec<Order>),
    /// For Kendall above [`PAIRWISE_MAX`]: dense ranks of each column.
    Ranks(Vec<Vec<usize>>),
}

struct Order {
    rows: Vec<usize>,
    ties: Vec<std::ops::Range<usize>>,
}

impl Order {
    fn new(x: &[f64]) -> Self {
        let mut rows: Vec<usize> = (0..x.len()).collect();
        rows.sort_by(|&i, &j| x[i].total_cmp(&x[j]));
        let ties = blocks(x, &rows);
        Self { rows, ties }
    }

    /// ½Σ_j c_j sign(x_i − x_j): weighted mid-rank less its mean.
    fn centred_ranks(&self, counts: &[f64], out: &mut [f64]) {
        let total: f64 = counts.iter().sum();
        let mut below = 0.0;
        for tie in &self.ties {
            let own: f64 = self.rows[tie.clone()].iter().map(|&i| counts[i]).sum();
            let rank = below + 0.5 * own - 0.5 * total;
            for &i in &self.rows[tie.clone()] {
                out[i] = rank;
            }
            below += own;
        }
    }

    fn dense_ranks(&self) -> Vec<usize> {
        let mut ranks = vec![0; self.rows.len()];
        for (rank, tie) in self.ties.iter().enumerate() {
            for &i in &self.rows[tie.clone()] {
                ranks[i] = rank;
            }
        }
        ranks
    }
}

impl<'a> Kernel<'a> {
    fn new(columns: &[&[f64]], pairs: &'a [(usize, usize)], method: Method) -> Self {
        let n = columns.first().map_or(0, |c| c.len());
        let form = match method {
            Method::Pearson => Form::Moments(moments(columns, pairs, n)),
            Method::Spearman => Form::Orders(columns.iter().map(|c| Order::new(c)).collect()),
            Method::Kendall if n <= PAIRWISE_MAX => Form::Signs(signs(columns, pairs, n)),
            Method::Kendall => Form::Ranks(columns.iter().map(|c| Order::new(c).dense_ranks()).collect()),
        };
        Self { pairs, p: columns.len(), form }
    }

    /// K × B coefficients for B × n counts.
    fn run(&self, counts: &Array2<f64>) -> Array2<f64> {
        match &self.form {
            Form::Moments(fixed) => self.pearson(&multiply(fixed.view(), counts.t()), counts.ncols() as f64),
            Form::Signs(fixed) => self.kendall(&multiply(fixed.view(), pair_weights(counts).view())),
            Form::Orders(orders) => self.spearman(orders, counts),
            Form::Ranks(ranks) => self.kendall_by_merge(ranks, counts),
        }
    }

    fn pearson(&self, m: &Array2<f64>, n: f64) -> Array2<f64> {
        let (k, b) = (self.pairs.len(), m.ncols());
        let mut inverse_sd = Array2::zeros((self.p, b));
        for j in 0..self.p {
            let (sums, squares) = (m.row(k + j), m.row(k + self.p + j));
            for r in 0..b {
                let spread = squares[r] - sums[r] * sums[r] / n;
                // Columns are centred and scaled to Σx² = 1: below this the resample is constant.
                inverse_sd[[j, r]] = if spread > 1e-13 { 1.0 / spread.sqrt() } else { f64::NAN };
            }
        }
        let mut out = Array2::zeros((k, b));
        for (q, &(i, j)) in self.pairs.iter().enumerate() {
            let (si, sj) = (m.row(k + i), m.row(k + j));
            let (di, dj, xy) = (inverse_sd.row(i), inverse_sd.row(j), m.row(q));
            for (r, slot) in out.row_mut(q).iter_mut().enumerate() {
                *slot = ((xy[r] - si[r] * sj[r] / n) * di[r] * dj[r]).clamp(-1.0, 1.0);
            }
        }
        out
    }

    fn kendall(&self, m: &Array2<f64>) -> Array2<f64> {
        let (k, b) = (self.pairs.len(), m.ncols());
        let inverse =
            m.slice(s![k.., ..]).mapv(|untied| if untied > 0.0 { 1.0 / untied.sqrt() } else { f64::NAN });
        let mut out = Array2::zeros((k, b));
        for (q, &(i, j)) in self.pairs.iter().enumerate() {
            let (di, dj, xy) = (inverse.row(i), inverse.row(j), m.row(q));
            for (r, slot) in out.row_mut(q).iter_mut().enumerate() {
                *slot = (xy[r] * di[r] * dj[r]).clamp(-1.0, 1.0);
            }
        }
        out
    }

    fn spearman(&self, orders: &[Order], counts: &Array2<f64>) -> Array2<f64> {
        let (b, n) = counts.dim();
        let mut out = Array2::zeros((self.pairs.len(), b));
        let mut ranks = vec![0.0; self.p * n];
        let mut weighted = vec![0.0; self.p * n];
        for (r, row) in counts.outer_iter().enumerate() {
            let c: Vec<f64> = row.to_vec();
            for (j, order) in orders.iter().enumerate() {
                let own = &mut ranks[j * n..(j + 1) * n];
                order.centred_ranks(&c, own);
                let spread: f64 = own.iter().zip(&c).map(|(x, c)| c * x * x).sum();
                let scale = if spread > 0.0 { 1.0 / spread.sqrt() } else { f64::NAN };
                for i in 0..n {
                    own[i] *= scale;
                    weighted[j * n + i] = own[i] * c[i];
                }
            }
            for (q, &(i, j)) in self.pairs.iter().enumerate() {
                let (x, y) = (&weighted[i * n..(i + 1) * n], &ranks[j * n..(j + 1) * n]);
                out[[q, r]] = lanes_dot(x, y).clamp(-1.0, 1.0);
            }
        }
        out
    }

    fn kendall_by_merge(&self, ranks: &[Vec<usize>], counts: &Array2<f64>) -> Array2<f64> {
        let mut out = Array2::zeros((self.pairs.len(), counts.nrows()));
        for (r, row) in counts.outer_iter().enumerate() {
            let c = row.to_vec();
            for (q, &(i, j)) in self.pairs.iter().enumerate() {
                out[[q, r]] = super::kendall::weighted_tau(&ranks[i], &ranks[j], &c).unwrap_or(f64::NAN);
            }
        }
        out
    }
}

/// Dot product in four lanes: the compiler may not reorder a plain float sum.
fn lanes_dot(x: &[f64], y: &[f64]) -> f64 {
    let mut lanes = [0.0; 4];
    let (xs, ys) = (x.chunks_exact(4), y.chunks_exact(4));
    let rest: f64 = xs.remainder().iter().zip(ys.remainder()).map(|(a, b)| a * b).sum();
    for (a, b) in xs.zip(ys) {
        for l in 0..4 {
            lanes[l] += a[l] * b[l];
        }
    }
    (lanes[0] + lanes[1]) + (lanes[2] + lanes[3]) + rest
}

/// Columns centred and scaled to unit length; rows are pair products, columns, squares.
fn moments(columns: &[&[f64]], pairs: &[(usize, usize)], n: usize) -> Array2<f64> {
    let scaled: Vec<Vec<f64>> = columns.iter().map(|c| unit(c)).collect();
    let (k, p) = (pairs.len(), columns.len());
    let mut fixed = Array2::zeros((k + 2 * p, n));
    for (q, &(i, j)) in pairs.iter().enumerate() {
        for r in 0..n {
            fixed[[q, r]] = scaled[i][r] * scaled[j][r];
        }
    }
    for (j, column) in scaled.iter().enumerate() {
        for r in 0..n {
            fixed[[k + j, r]] = column[r];
            fixed[[k + p + j, r]] = column[r] * column[r];
        }
    }
    fixed
}

fn unit(x: &[f64]) -> Vec<f64> {
    let m = crate::num::moments::Moments::of(x);
    let (mean, length) = (m.mean().unwrap_or(0.0), m.sum_of_squares().sqrt());
    x.iter().map(|v| if length > 0.0 { (v - mean) / length } else { 0.0 }).collect()
}

/// Signs of x_i − x_j over i < j: products of pairs, then squares of columns.
fn signs(columns: &[&[f64]], pairs: &[(usize, usize)], n: usize) -> Array2<f64> {
    let (k, m) = (pairs.len(), n * (n - 1) / 2);
    let mut sign = Array2::zeros((columns.len(), m));
    for (j, column) in columns.iter().enumerate() {
        let mut at = 0;
        for a in 0..n {
            for b in a + 1..n {
                sign[[j, at]] = match column[a].total_cmp(&column[b]) {
                    std::cmp::Ordering::Less => -1.0,
                    std::cmp::Ordering::Equal => 0.0,
                    std::cmp::Ordering::Greater => 1.0,
                };
                at += 1;
            }
        }
    }
    let mut fixed = Array2::zeros((k + columns.len(), m));
    for (q, &(i, j)) in pairs.iter().enumerate() {
        fixed.row_mut(q).assign(&(&sign.row(i) * &sign.row(j)));
    }
    for j in 0..columns.len() {
        fixed.row_mut(k + j).assign(&sign.row(j).mapv(|v| v * v));
    }
    fixed
}

/// n(n−1)/2 × B products c_i c_j over i < j.
fn pair_weights(counts: &Array2<f64>) -> Array2<f64> {
    let (b, n) = counts.dim();
    let mut weights = Array2::zeros((n * (n - 1) / 2, b));
    let mut at = 0;
    for i in 0..n {
        for j in i + 1..n {
            let (ci, cj) = (counts.column(i), counts.column(j));
            weights.row_mut(at).assign(&(&ci * &cj));
            at += 1;
        }
    }
    weights
}
