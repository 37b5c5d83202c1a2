//! Back-substitution in L: the conditional modes u and the coefficients β that attain r².

use crate::mixed::factor::Factor;
use crate::mixed::structure::Structure;
use crate::num::linalg::packed;

/// The solution of the penalised least-squares problem.
#[derive(Debug, Clone, PartialEq)]
pub struct Solution {
    /// u per term, level after level, q values each.
    pub u: Vec<Vec<f64>>,
    /// β of the columns as taken from their centres.
    pub beta: Vec<f64>,
}

impl Factor {
    /// Solves L′(u, β) = L⁻¹(Λ′Z′Wy, X′Wy).
    pub fn solve(&self, structure: &Structure) -> Solution {
        let (t, m) = (structure.tail(), structure.m);
        let k = t - 1;
        let mut tail: Vec<f64> = (0..k).map(|j| self.blocks.tail[j * t + k]).collect();
        packed::solve_upper(&self.blocks.tail, t, &mut tail);
        let mut u: Vec<Vec<f64>> =
            structure.q.iter().zip(&structure.n_levels).map(|(q, n)| vec![0.0; q * n]).collect();
        for &(term, first) in &structure.border {
            let width = u[term].len();
            u[term].copy_from_slice(&tail[first..first + width]);
        }
        for s in (0..structure.stages.len()).rev() {
            let stage = &structure.stages[s];
            let (q, mut own) = (stage.q, std::mem::take(&mut u[stage.term]));
            for level in 0..stage.n {
                let columns = stage.columns(level);
                let rows = &self.blocks.rows[s][stage.offset[level]..stage.offset[level + 1]];
                let value = &mut own[level * q..(level + 1) * q];
                for (v, row) in value.iter_mut().zip(rows.chunks_exact(columns)) {
                    let mut rest = row[columns - 1];
                    let mut at = 0;
                    for (j, later) in structure.stages[s + 1..].iter().enumerate() {
                        let above = stage.ancestors[j][level] as usize;
                        let known = &u[later.term][above * later.q..(above + 1) * later.q];
                        rest -= dot(&row[at..at + later.q], known);
                        at += later.q;
                    }
                    let list = stage.list(level);
                    rest -= list.iter().zip(&row[at..]).map(|(&c, r)| r * tail[c as usize]).sum::<f64>();
                    rest -= dot(&row[at + list.len()..columns - 1], &tail[m..]);
                    *v = rest;
                }
                backward(&self.blocks.diagonal[s][level * q * q..(level + 1) * q * q], value, q);
            }
            u[stage.term] = own;
        }
        Solution { u, beta: tail[m..].to_vec() }
    }

    /// (X′V⁻¹X)⁻¹ of the centred columns, p × p.
    pub fn fixed_covariance(&self, structure: &Structure) -> Vec<f64> {
        let (t, m, p) = (structure.tail(), structure.m, structure.p);
        // R_X′ stands alone below the border: its inverse needs no other block.
        let mut own = vec![0.0; p * p];
        for j in 0..p {
            own[j * p + j..(j + 1) * p]
                .copy_from_slice(&self.blocks.tail[(m + j) * t + m + j..(m + j) * t + m + p]);
        }
        packed::inverse_leading(&own, p, p)
    }
}

/// Overwrites b with L⁻ᵀb for a row-major q × q lower factor.
pub(super) fn backward(l: &[f64], b: &mut [f64], q: usize) {
    for i in (0..q).rev() {
        let known: f64 = (i + 1..q).map(|k| l[k * q + i] * b[k]).sum();
        b[i] = (b[i] - known) / l[i * q + i];
    }
}

pub(super) fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(x, y)| x * y).sum()
}
