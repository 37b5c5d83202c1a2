//! The diagonal blocks of the inverse, without the inverse (Takahashi's recursion on the blocked factor).
//!
//! With M = L·L′ and, for a level, rows R = L⁻¹-applied and own factor D: G = D⁻ᵀR, and for the coordinates r it meets
//! (M⁻¹)_{ℓr} = −G (M⁻¹)_{rr},  (M⁻¹)_{ℓℓ} = D⁻ᵀD⁻¹ + G (M⁻¹)_{rr} G′.
//! Run backwards from the tail this needs nothing outside the pattern of L. M is Λ′Z′WZΛ + I (the blocks are then the
//! conditional variances of u over σ²) or, with the fixed effects, the whole matrix (REML's trace).

use crate::mixed::factor::Factor;
use crate::mixed::solve::backward;
use crate::mixed::structure::{Stage, Structure};
use crate::num::linalg::packed;

/// M⁻¹ on the pattern of L: what the recursion keeps of the tail and of the stages already done.
pub(super) struct Known<'a> {
    structure: &'a Structure,
    /// Inverse over the first k tail coordinates, k × k.
    pub tail: Vec<f64>,
    /// m, or m + p with the fixed effects.
    pub k: usize,
    /// Per stage: inverse blocks of its levels, q × q.
    pub diagonal: Vec<Vec<f64>>,
    /// Per stage: (M⁻¹)_{ℓr} by levels, q rows of width + k columns (of the first: those of its rows, if kept).
    pub rows: Vec<Vec<f64>>,
    /// Whether the rows of the first stage are kept.
    keep_first: bool,
}

impl Factor {
    /// Per term, per level, the q × q block of M⁻¹; `with_fixed` takes the fixed effects into M.
    pub fn inverse_blocks(&self, structure: &Structure, with_fixed: bool) -> Vec<Vec<f64>> {
        self.inverse_pattern(structure, with_fixed, false).into_blocks()
    }

    /// M⁻¹ on the pattern of L; `keep_first` keeps what levels of the first stage share with later coordinates.
    pub(super) fn inverse_pattern<'a>(
        &self,
        structure: &'a Structure,
        with_fixed: bool,
        keep_first: bool,
    ) -> Known<'a> {
        let t = structure.tail();
        let k = if with_fixed { t - 1 } else { structure.m };
        let tail = packed::inverse_leading(&self.blocks.tail, t, k);
        let none = || vec![Vec::new(); structure.stages.len()];
        let mut known = Known { structure, tail, k, diagonal: none(), rows: none(), keep_first };
        for s in (0..structure.stages.len()).rev() {
            self.invert_stage(s, &mut known);
        }
        known
    }

    fn invert_stage(&self, s: usize, known: &mut Known<'_>) {
        let structure = known.structure;
        let stage = &structure.stages[s];
        let q = stage.q;
        let mut diagonal = vec![0.0; stage.n * q * q];
        let mut rows = Vec::new();
        let (m, k) = (structure.m, known.k);
        let fixed = (m..k).map(|j| u32::try_from(j).unwrap_or(u32::MAX));
        let mut coordinates: Vec<u32> = stage.shared().iter().copied().chain(fixed.clone()).collect();
        let (mut g, mut h) = (Vec::new(), Vec::new());
        for level in 0..stage.n {
            let columns = stage.columns(level);
            if stage.lists_differ() {
                coordinates.clear();
                coordinates.extend_from_slice(stage.list(level));
                coordinates.extend(fixed.clone());
            }
            let width = stage.width + coordinates.len();
            let own = &self.blocks.diagonal[s][level * q * q..(level + 1) * q * q];
            let lower = &self.blocks.rows[s][stage.offset[level]..stage.offset[level + 1]];
            g.clear();
            for row in lower.chunks_exact(columns) {
                g.extend_from_slice(&row[..width]);
            }
            backward_rows(own, &mut g, width, q);
            h.clear();
            h.resize(q * width, 0.0);
            // A lone factor without the fixed effects meets nothing: chunks of no columns do not exist.
            if width > 0 {
                for (g, h) in g.chunks_exact(width).zip(h.chunks_exact_mut(width)) {
                    known.apply(s, level, &coordinates, g, h);
                }
            }
            let block = &mut diagonal[level * q * q..(level + 1) * q * q];
            own_inverse(own, block, q);
            for a in 0..q {
                for b in 0..q {
                    let (ga, hb) = (&g[a * width..(a + 1) * width], &h[b * width..(b + 1) * width]);
                    block[a * q + b] += super::solve::dot(ga, hb);
                }
            }
            if s > 0 || known.keep_first {
                rows.extend(h.iter().map(|v| -v));
            }
        }
        known.diagonal[s] = diagonal;
        known.rows[s] = rows;
    }
}

impl Known<'_> {
    /// The diagonal blocks by term.
    pub(super) fn into_blocks(self) -> Vec<Vec<f64>> {
        let (structure, k) = (self.structure, self.k);
        let mut out: Vec<Vec<f64>> =
            structure.q.iter().zip(&structure.n_levels).map(|(q, n)| Vec::with_capacity(q * q * n)).collect();
        for &(term, first) in &structure.border {
            let q = structure.q[term];
            for level in 0..structure.n_levels[term] {
                let at = first + level * q;
                (0..q).for_each(|a| {
                    out[term].extend_from_slice(&self.tail[(at + a) * k + at..(at + a) * k + at + q]);
                });
            }
        }
        for (stage, block) in structure.stages.iter().zip(self.diagonal) {
            out[stage.term] = block;
        }
        out
    }

    /// h ← (M⁻¹)_{rr} g for the coordinates r that a level meets: ancestors, then the tail's.
    fn apply(&self, s: usize, level: usize, coordinates: &[u32], g: &[f64], h: &mut [f64]) {
        let stages = &self.structure.stages;
        let stage: &Stage = &stages[s];
        let (g_tail, h_tail) = (&g[stage.width..], stage.width);
        for (&c, v) in coordinates.iter().zip(g_tail) {
            let column = &self.tail[c as usize * self.k..(c as usize + 1) * self.k];
            let out = &mut h[h_tail..];
            if coordinates.len() == self.k {
                out.iter_mut().zip(column).for_each(|(o, x)| *o += v * x);
            } else {
                out.iter_mut().zip(coordinates).for_each(|(o, &i)| *o += v * column[i as usize]);
            }
        }
        let mut at = 0;
        for (j, later) in stages[s + 1..].iter().enumerate() {
            let (q, above) = (later.q, stage.ancestors[j][level] as usize);
            let block = &self.diagonal[s + 1 + j][above * q * q..(above + 1) * q * q];
            let width = later.width + self.k;
            for a in 0..q {
                let row = &self.rows[s + 1 + j][(above * q + a) * width..(above * q + a + 1) * width];
                let (mut sum, value) = (0.0, g[at + a]);
                for b in 0..q {
                    sum += block[a * q + b] * g[at + b];
                }
                for (b, x) in row[..later.width].iter().enumerate() {
                    sum += x * g[at + q + b];
                    h[at + q + b] += x * value;
                }
                for (i, &c) in coordinates.iter().enumerate() {
                    let x = row[later.width + c as usize];
                    sum += x * g_tail[i];
                    h[h_tail + i] += x * value;
                }
                h[at + a] += sum;
            }
            at += q;
        }
    }
}

/// rows ← L⁻ᵀ·rows.
fn backward_rows(l: &[f64], rows: &mut [f64], width: usize, q: usize) {
    for k in (0..q).rev() {
        let (head, tail) = rows.split_at_mut((k + 1) * width);
        let row = &mut head[k * width..];
        for j in k + 1..q {
            let factor = l[j * q + k];
            row.iter_mut()
                .zip(&tail[(j - k - 1) * width..(j - k) * width])
                .for_each(|(o, v)| *o -= factor * v);
        }
        let scale = 1.0 / l[k * q + k];
        row.iter_mut().for_each(|v| *v *= scale);
    }
}

/// L⁻ᵀL⁻¹ of a row-major lower factor.
fn own_inverse(l: &[f64], out: &mut [f64], q: usize) {
    if q == 1 {
        out[0] = 1.0 / (l[0] * l[0]);
        return;
    }
    for j in 0..q {
        let mut column = vec![0.0; q];
        column[j] = 1.0;
        for i in 0..q {
            let done: f64 = (0..i).map(|k| l[i * q + k] * column[k]).sum();
            column[i] = (column[i] - done) / l[i * q + i];
        }
        backward(l, &mut column, q);
        (0..q).for_each(|i| out[i * q + j] = column[i]);
    }
}
