//! One more right-hand side for a factor that stands: x = (Λ′Z′WZΛ + I)⁻¹ r, by levels.

use crate::mixed::factor::Factor;
use crate::mixed::solve::{backward, dot};
use crate::mixed::structure::Structure;
use crate::num::linalg::packed;

impl Factor {
    /// Overwrites r (per term, level after level, q each) with x.
    pub fn solve_random(&self, structure: &Structure, r: &mut [Vec<f64>]) {
        let (t, m) = (structure.tail(), structure.m);
        let mut tail = vec![0.0; m];
        for &(term, first) in &structure.border {
            tail[first..first + r[term].len()].copy_from_slice(&r[term]);
        }
        for s in 0..structure.stages.len() {
            self.forward_stage(structure, s, r, &mut tail);
        }
        packed::solve_lower(&self.blocks.tail, t, &mut tail);
        packed::solve_upper(&self.blocks.tail, t, &mut tail);
        for &(term, first) in &structure.border {
            let width = r[term].len();
            r[term].copy_from_slice(&tail[first..first + width]);
        }
        for s in (0..structure.stages.len()).rev() {
            self.backward_stage(structure, s, r, &tail);
        }
    }

    /// r ← L⁻¹r over the levels of stage s; what they hold of later coordinates is taken from those.
    fn forward_stage(&self, structure: &Structure, s: usize, r: &mut [Vec<f64>], tail: &mut [f64]) {
        let stage = &structure.stages[s];
        let (q, mut own) = (stage.q, std::mem::take(&mut r[stage.term]));
        for (level, value) in own.chunks_exact_mut(q).enumerate() {
            forward(&self.blocks.diagonal[s][level * q * q..(level + 1) * q * q], value, q);
            let columns = stage.columns(level);
            let rows = &self.blocks.rows[s][stage.offset[level]..stage.offset[level + 1]];
            for (v, row) in value.iter().zip(rows.chunks_exact(columns)) {
                let mut at = 0;
                for (j, later) in structure.stages[s + 1..].iter().enumerate() {
                    let above = stage.ancestors[j][level] as usize;
                    let known = &mut r[later.term][above * later.q..(above + 1) * later.q];
                    known.iter_mut().zip(&row[at..]).for_each(|(k, x)| *k -= v * x);
                    at += later.q;
                }
                stage.list(level).iter().zip(&row[at..]).for_each(|(&c, x)| tail[c as usize] -= v * x);
            }
        }
        r[stage.term] = own;
    }

    /// r ← L⁻ᵀr over the levels of stage s, everything later being solved.
    fn backward_stage(&self, structure: &Structure, s: usize, r: &mut [Vec<f64>], tail: &[f64]) {
        let stage = &structure.stages[s];
        let (q, mut own) = (stage.q, std::mem::take(&mut r[stage.term]));
        for (level, value) in own.chunks_exact_mut(q).enumerate() {
            let columns = stage.columns(level);
            let rows = &self.blocks.rows[s][stage.offset[level]..stage.offset[level + 1]];
            for (v, row) in value.iter_mut().zip(rows.chunks_exact(columns)) {
                let mut at = 0;
                for (j, later) in structure.stages[s + 1..].iter().enumerate() {
                    let above = stage.ancestors[j][level] as usize;
                    let known = &r[later.term][above * later.q..(above + 1) * later.q];
                    *v -= dot(&row[at..at + later.q], known);
                    at += later.q;
                }
                *v -=
                    stage.list(level).iter().zip(&row[at..]).map(|(&c, x)| x * tail[c as usize]).sum::<f64>();
            }
            backward(&self.blocks.diagonal[s][level * q * q..(level + 1) * q * q], value, q);
        }
        r[stage.term] = own;
    }
}

/// Overwrites b with L⁻¹b for a row-major q × q lower factor.
fn forward(l: &[f64], b: &mut [f64], q: usize) {
    for i in 0..q {
        let known: f64 = (0..i).map(|k| l[i * q + k] * b[k]).sum();
        b[i] = (b[i] - known) / l[i * q + i];
    }
}
