//! Spearman's r on counts c: r = Σcuv/√(Σcu² Σcv²) with u_i = ½Σ_j c_j sign(x_i − x_j), the mid-rank in the
//! resample less its mean. u comes from the presorted order by running counts. Sixteen replicates lie side by side, so one pass over
//! the rows serves them all. Every quantity is a multiple of ¼ below 2^53: sums are exact in any order.

#![allow(clippy::inline_always)] // see `num::lanes`

use super::counts::{Counts, LANES};
use super::{scaled, used};
use crate::correlation::ranked::Ranked;
use crate::num::lanes::{self, Kernel};

type Lane = [f64; LANES];

pub struct Lanes<'a> {
    columns: Vec<&'a Ranked>,
    pairs: Vec<(usize, usize)>,
    n: usize,
}

impl<'a> Lanes<'a> {
    pub fn new(ranked: &'a [Ranked], pairs: &[(usize, usize)]) -> Self {
        let (which, pairs) = used(pairs, ranked.len());
        let n = ranked.first().map_or(0, Ranked::len);
        Self { columns: which.into_iter().map(|j| &ranked[j]).collect(), pairs, n }
    }

    pub fn run(&self, counts: &Counts, out: &mut [f64]) {
        lanes::run(Run { lanes: self, counts, out });
    }
}

struct Run<'r, 'a> {
    lanes: &'r Lanes<'a>,
    counts: &'r Counts,
    out: &'r mut [f64],
}

impl Kernel for Run<'_, '_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let (n, b, p) = (self.lanes.n, self.counts.b, self.lanes.columns.len());
        let mut c = vec![[0.0; LANES]; n];
        let mut u = vec![[0.0; LANES]; n * p];
        let mut weighted = vec![[0.0; LANES]; n * p];
        let mut inverse = vec![[0.0; LANES]; p];
        for start in (0..b).step_by(LANES) {
            for (i, lane) in c.iter_mut().enumerate() {
                lane.copy_from_slice(&self.counts.row(i)[start..start + LANES]);
            }
            for (j, column) in self.lanes.columns.iter().enumerate() {
                let own = j * n..(j + 1) * n;
                inverse[j] = ranks(column, &c, &mut u[own.clone()], &mut weighted[own]);
            }
            let width = LANES.min(b - start);
            for (q, &(i, j)) in self.lanes.pairs.iter().enumerate() {
                let products = dot(&weighted[i * n..(i + 1) * n], &u[j * n..(j + 1) * n]);
                let slot = &mut self.out[q * b + start..q * b + start + width];
                scaled(slot, products.into_iter(), &inverse[i], &inverse[j]);
            }
        }
    }
}

/// Writes u and cu by row; gives 1/√Σcu², NaN where that is 0.
#[inline(always)]
fn ranks(column: &Ranked, c: &[Lane], u: &mut [Lane], weighted: &mut [Lane]) -> Lane {
    let mut half = [0.0; LANES];
    for lane in c {
        for l in 0..LANES {
            half[l] += 0.5 * lane[l];
        }
    }
    let (mut below, mut spread) = ([0.0; LANES], [0.0; LANES]);
    for level in column.starts.windows(2) {
        let rows = &column.order[level[0] as usize..level[1] as usize];
        let mut own = [0.0; LANES];
        for &i in rows {
            for l in 0..LANES {
                own[l] += c[i as usize][l];
            }
        }
        let mut rank = [0.0; LANES];
        for l in 0..LANES {
            rank[l] = below[l] + 0.5 * own[l] - half[l];
            below[l] += own[l];
            spread[l] += own[l] * rank[l] * rank[l];
        }
        for &i in rows {
            let i = i as usize;
            u[i] = rank;
            for l in 0..LANES {
                weighted[i][l] = c[i][l] * rank[l];
            }
        }
    }
    spread.map(|s| if s > 0.0 { 1.0 / s.sqrt() } else { f64::NAN })
}

#[inline(always)]
fn dot(x: &[Lane], y: &[Lane]) -> Lane {
    let mut sum = [0.0; LANES];
    for (a, b) in x.iter().zip(y) {
        for l in 0..LANES {
            sum[l] += a[l] * b[l];
        }
    }
    sum
}
