//! Kendall's τ_b on counts c for few rows: S = Σ_{i<j} c_i c_j s_ij t_ij, untied pairs Σ_{i<j} c_i c_j s_ij², with s, t the
//! signs of x_i − x_j and y_i − y_j. One product of the (K + p) × n(n−1)/2 fixed signs with the n(n−1)/2 × b
//! pair weights gives them all. Single precision holds them exactly: whole numbers below 64²/2 · … ≤ n² < 2^24.

use ndarray::Array2;

use super::counts::Counts;
use super::{scaled, used};
use crate::correlation::ranked::Ranked;
use crate::num::linalg::multiply;

pub struct Signs<'a> {
    pairs: Vec<(usize, usize)>,
    n: usize,
    p: usize,
    fixed: Array2<f32>,
    lifetime: std::marker::PhantomData<&'a ()>,
}

impl Signs<'_> {
    pub fn new(ranked: &[Ranked], pairs: &[(usize, usize)]) -> Self {
        let (which, pairs) = used(pairs, ranked.len());
        let (k, p, n) = (pairs.len(), which.len(), ranked.first().map_or(0, Ranked::len));
        let signs: Vec<Vec<f32>> = which.iter().map(|&j| signs(&ranked[j].levels)).collect();
        let mut fixed = Array2::zeros((k + p, n * n.saturating_sub(1) / 2));
        for (q, mut row) in fixed.outer_iter_mut().enumerate() {
            let (i, j) = if q < k { pairs[q] } else { (q - k, q - k) };
            for ((slot, s), t) in row.iter_mut().zip(&signs[i]).zip(&signs[j]) {
                *slot = s * t;
            }
        }
        Self { pairs, n, p, fixed, lifetime: std::marker::PhantomData }
    }

    pub fn run(&self, counts: &Counts, out: &mut [f64]) {
        let (k, b) = (self.pairs.len(), counts.b);
        let products = multiply(self.fixed.view(), pair_weights(counts, self.n).view());
        let row = |q: usize| products.row(q).to_slice().map_or(&[][..], |all| &all[..b]);
        let inverse: Vec<Vec<f64>> = (0..self.p)
            .map(|j| {
                let untied = row(k + j).iter().map(|&u| f64::from(u));
                untied.map(|u| if u > 0.0 { 1.0 / u.sqrt() } else { f64::NAN }).collect()
            })
            .collect();
        for (slot, (q, &(i, j))) in out.chunks_mut(b).zip(self.pairs.iter().enumerate()) {
            scaled(slot, row(q).iter().map(|&s| f64::from(s)), &inverse[i], &inverse[j]);
        }
    }
}

fn signs(levels: &[u32]) -> Vec<f32> {
    let mut out = Vec::with_capacity(levels.len() * levels.len() / 2);
    for (i, a) in levels.iter().enumerate() {
        out.extend(levels[i + 1..].iter().map(|b| f32::from(a.cmp(b) as i8)));
    }
    out
}

/// c_i c_j over i < j, n(n−1)/2 × width.
fn pair_weights(counts: &Counts, n: usize) -> Array2<f32> {
    #[allow(clippy::cast_possible_truncation)] // whole numbers up to 64
    let c: Vec<Vec<f32>> = (0..n).map(|i| counts.row(i).iter().map(|&c| c as f32).collect()).collect();
    let mut weights = Array2::zeros((n * n.saturating_sub(1) / 2, counts.width()));
    let mut rows = weights.outer_iter_mut();
    for i in 0..n {
        for j in i + 1..n {
            if let Some(mut row) = rows.next() {
                for ((slot, a), b) in row.iter_mut().zip(&c[i]).zip(&c[j]) {
                    *slot = a * b;
                }
            }
        }
    }
    weights
}
