//! The blocked Cholesky factor of the scaled, inflated products:
//!
//! | Λ′Z′WZΛ + I   Λ′Z′WX   Λ′Z′Wy |
//! |              X′WX     X′Wy   |  =  L·L′,        with log|Λ′Z′WZΛ + I|, log|R_X|² and r² on its diagonal.
//! |                       y′Wy   |
//!
//! r² = min over u, β of ‖W^½(y − Xβ − ZΛu)‖² + ‖u‖² (Bates, Mächler, Bolker and Walker 2015, eq. 15-20, 33-35): scale, inflate,
//! eliminate level by level, factor what is left. Levels of a stage touch only their ancestors and the tail.

use crate::error::{Error, Result};
use crate::mixed::blocks::Blocks;
use crate::mixed::structure::{Stage, Structure};
use crate::num::linalg::packed;

/// L at one θ.
#[derive(Debug, Clone)]
pub struct Factor {
    /// L in the shape of the products; `diagonal` holds the lower q × q factors, `rows` are L⁻¹ applied.
    pub blocks: Blocks,
    /// log|Λ′Z′WZΛ + I|.
    pub ln_det_random: f64,
    /// log|X′V⁻¹X| of the columns as taken from their centres, with V = W⁻¹ + ZΛΛ′Z′.
    pub ln_det_fixed: f64,
    /// r².
    pub r2: f64,
}

/// Factors the products at Λ (row-major q × q, one per term). `reuse` gives its memory to the new factor.
///
/// # Errors
/// `NotPositiveDefinite` where a pivot is not positive: columns of X in the span of others, or a Λ beyond
/// what rounding bears.
pub fn factor(
    structure: &Structure,
    products: &Blocks,
    lambda: &[Vec<f64>],
    reuse: Option<Factor>,
) -> Result<Factor> {
    let mut blocks = match reuse {
        Some(old) => {
            let mut blocks = old.blocks;
            blocks
                .diagonal
                .iter_mut()
                .zip(&products.diagonal)
                .for_each(|(to, from)| to.copy_from_slice(from));
            blocks.rows.iter_mut().zip(&products.rows).for_each(|(to, from)| to.copy_from_slice(from));
            blocks.tail.copy_from_slice(&products.tail);
            blocks
        }
        None => products.clone(),
    };
    scale_and_inflate(structure, lambda, &mut blocks);
    let mut ln_det_random = 0.0;
    for s in 0..structure.stages.len() {
        ln_det_random += eliminate(structure, s, &mut blocks)?;
    }
    let (t, m) = (structure.tail(), structure.m);
    let k = t - 1;
    packed::factor_leading(&mut blocks.tail, t, k).map_err(|pivot| not_definite(structure, pivot))?;
    let mut y: Vec<f64> = (0..k).map(|j| blocks.tail[j * t + k]).collect();
    packed::solve_lower(&blocks.tail, t, &mut y);
    let r2 = blocks.tail[t * t - 1] - y.iter().map(|v| v * v).sum::<f64>();
    y.iter().enumerate().for_each(|(j, v)| blocks.tail[j * t + k] = *v);
    let ln_det = |from: usize, to: usize| (from..to).map(|j| 2.0 * blocks.tail[j * t + j].ln()).sum::<f64>();
    ln_det_random += ln_det(0, m);
    let ln_det_fixed = ln_det(m, k);
    Ok(Factor { blocks, ln_det_random, ln_det_fixed, r2 })
}

fn not_definite(structure: &Structure, pivot: usize) -> Error {
    let column = if pivot < structure.m { "a random effect" } else { "a fixed effect" };
    Error::NotPositiveDefinite { pivot, column: column.to_owned() }
}

/// row ← row·Λ, in place: entry c needs entries r ≥ c only.
fn right(row: &mut [f64], lambda: &[f64], q: usize) {
    for c in 0..q {
        row[c] = (c..q).map(|r| row[r] * lambda[r * q + c]).sum();
    }
}

/// rows ← Λ′·rows for q rows of `width` columns, in place.
fn left(rows: &mut [f64], width: usize, lambda: &[f64], q: usize) {
    for k in 0..q {
        let (head, tail) = rows.split_at_mut((k + 1) * width);
        let row = &mut head[k * width..];
        let own = lambda[k * q + k];
        row.iter_mut().for_each(|v| *v *= own);
        for r in k + 1..q {
            let factor = lambda[r * q + k];
            if factor != 0.0 {
                let other = &tail[(r - k - 1) * width..(r - k) * width];
                row.iter_mut().zip(other).for_each(|(o, v)| *o += factor * v);
            }
        }
    }
}

fn scale_and_inflate(structure: &Structure, lambda: &[Vec<f64>], blocks: &mut Blocks) {
    // Per border coordinate of an intercept-like term, its factor; wider terms go block by block.
    let term_of = BorderTerms::new(structure);
    for (s, stage) in structure.stages.iter().enumerate() {
        let (q, own) = (stage.q, &lambda[stage.term]);
        if q == 1 && stage.width == 0 && structure.m == 0 {
            // The most levels there can be, and nothing to do but multiply.
            blocks.diagonal[s].iter_mut().for_each(|v| *v = *v * own[0] * own[0] + 1.0);
            blocks.rows[s].iter_mut().for_each(|v| *v *= own[0]);
            continue;
        }
        for level in 0..stage.n {
            let block = &mut blocks.diagonal[s][level * q * q..(level + 1) * q * q];
            (0..q).for_each(|k| right(&mut block[k * q..(k + 1) * q], own, q));
            left(block, q, own, q);
            (0..q).for_each(|k| block[k * q + k] += 1.0);
            let columns = stage.columns(level);
            let rows = &mut blocks.rows[s][stage.offset[level]..stage.offset[level + 1]];
            left(rows, columns, own, q);
            for row in rows.chunks_exact_mut(columns) {
                let mut at = 0;
                for later in &structure.stages[s + 1..] {
                    right(&mut row[at..at + later.q], &lambda[later.term], later.q);
                    at += later.q;
                }
                let list = stage.list(level);
                let mut j = 0;
                while j < list.len() {
                    let term = term_of.at(list[j] as usize);
                    let width = structure.q[term];
                    right(&mut row[at + j..at + j + width], &lambda[term], width);
                    j += width;
                }
            }
        }
    }
    scale_tail(structure, lambda, &term_of, &mut blocks.tail);
}

/// Which term a tail coordinate belongs to.
struct BorderTerms(Vec<u32>);

impl BorderTerms {
    fn new(structure: &Structure) -> Self {
        let mut of = vec![0; structure.m];
        for &(t, first) in &structure.border {
            let width = structure.n_levels[t] * structure.q[t];
            of[first..first + width].fill(u32::try_from(t).unwrap_or(0));
        }
        Self(of)
    }

    fn at(&self, coordinate: usize) -> usize {
        self.0[coordinate] as usize
    }
}

fn scale_tail(structure: &Structure, lambda: &[Vec<f64>], term_of: &BorderTerms, tail: &mut [f64]) {
    let (t, m) = (structure.tail(), structure.m);
    let mut j = 0;
    while j < m {
        let term = term_of.at(j);
        let q = structure.q[term];
        // The upper half of the diagonal block is needed while both sides are scaled.
        for a in 0..q {
            for b in a + 1..q {
                tail[(j + b) * t + j + a] = tail[(j + a) * t + j + b];
            }
        }
        left(&mut tail[j * t..(j + q) * t], t, &lambda[term], q);
        for c in 0..q {
            let column = &mut tail[(j + c) * t..(j + c + 1) * t];
            let mut i = j;
            while i < m {
                let other = term_of.at(i);
                right(&mut column[i..i + structure.q[other]], &lambda[other], structure.q[other]);
                i += structure.q[other];
            }
            column[j + c] += 1.0;
        }
        j += q;
    }
}

/// Eliminates every level of stage s; returns its part of the log determinant.
fn eliminate(structure: &Structure, s: usize, blocks: &mut Blocks) -> Result<f64> {
    let stage = &structure.stages[s];
    let (q, t, m) = (stage.q, structure.tail(), structure.m);
    // Pivots are 1 at least: their product is gathered before the logarithm.
    let (mut ln_det, mut gathered) = (0.0, 1.0);
    let (own_diagonal, later_diagonal) = blocks.diagonal.split_at_mut(s + 1);
    let (own_rows, later_rows) = blocks.rows.split_at_mut(s + 1);
    let fixed = (m..t).map(|j| u32::try_from(j).unwrap_or(u32::MAX));
    let mut coordinates: Vec<u32> = stage.shared().iter().copied().chain(fixed.clone()).collect();
    for level in 0..stage.n {
        let block = &mut own_diagonal[s][level * q * q..(level + 1) * q * q];
        let columns = stage.columns(level);
        let rows = &mut own_rows[s][stage.offset[level]..stage.offset[level + 1]];
        let product = cholesky(block, q).map_err(|pivot| not_definite(structure, pivot))?;
        gathered *= product;
        if gathered > 1e100 {
            ln_det += 2.0 * gathered.ln();
            gathered = 1.0;
        }
        forward(block, rows, columns, q);
        if stage.lists_differ() {
            coordinates.clear();
            coordinates.extend_from_slice(stage.list(level));
            coordinates.extend(fixed.clone());
        }
        for row in rows.chunks_exact(columns) {
            if stage.width > 0 {
                update_ancestors(structure, s, level, row, &coordinates, later_diagonal, later_rows);
            }
            update_tail(&row[stage.width..], &coordinates, t, &mut blocks.tail);
        }
    }
    Ok(ln_det + 2.0 * gathered.ln())
}

/// The q × q block to its lower factor, row-major; the product of the pivots.
fn cholesky(a: &mut [f64], q: usize) -> std::result::Result<f64, usize> {
    if let ([v], true) = (&mut *a, q == 1) {
        let good = *v > 0.0 && v.is_finite();
        *v = v.sqrt();
        return if good { Ok(*v) } else { Err(0) };
    }
    let mut product = 1.0;
    for i in 0..q {
        for j in 0..=i {
            let done: f64 = (0..j).map(|k| a[i * q + k] * a[j * q + k]).sum();
            let rest = a[i * q + j] - done;
            if i > j {
                a[i * q + j] = rest / a[j * q + j];
            } else if rest > 0.0 && rest.is_finite() {
                a[i * q + i] = rest.sqrt();
                product *= a[i * q + i];
            } else {
                return Err(0);
            }
        }
    }
    Ok(product)
}

/// rows ← L⁻¹·rows.
fn forward(l: &[f64], rows: &mut [f64], width: usize, q: usize) {
    for k in 0..q {
        let (head, tail) = rows.split_at_mut(k * width);
        let row = &mut tail[..width];
        for j in 0..k {
            let factor = l[k * q + j];
            row.iter_mut().zip(&head[j * width..(j + 1) * width]).for_each(|(o, v)| *o -= factor * v);
        }
        let scale = 1.0 / l[k * q + k];
        row.iter_mut().for_each(|v| *v *= scale);
    }
}

/// Takes one row of a level from the blocks of its ancestors.
fn update_ancestors(
    structure: &Structure,
    s: usize,
    level: usize,
    row: &[f64],
    coordinates: &[u32],
    later_diagonal: &mut [Vec<f64>],
    later_rows: &mut [Vec<f64>],
) {
    let stage: &Stage = &structure.stages[s];
    let m = structure.m;
    let mut at = 0;
    for (j, later) in structure.stages[s + 1..].iter().enumerate() {
        let (q, above) = (later.q, stage.ancestors[j][level] as usize);
        let columns = later.columns(above);
        for a in 0..q {
            let value = row[at + a];
            for b in 0..q {
                later_diagonal[j][(above * q + a) * q + b] -= value * row[at + b];
            }
            let from = later.offset[above] + a * columns;
            let target = &mut later_rows[j][from..from + columns];
            let beyond = &row[at + q..stage.width];
            target.iter_mut().zip(beyond).for_each(|(o, v)| *o -= value * v);
            let target = &mut target[later.width..];
            debug_assert_eq!(target.len(), m + structure.p + 1);
            for (&c, v) in coordinates.iter().zip(&row[stage.width..]) {
                target[c as usize] -= value * v;
            }
        }
        at += q;
    }
}

/// tail ← tail − row·row′ at these coordinates.
#[inline]
fn update_tail(row: &[f64], coordinates: &[u32], t: usize, tail: &mut [f64]) {
    if coordinates.len() == t {
        for (j, v) in row.iter().enumerate() {
            let column = &mut tail[j * t + j..(j + 1) * t];
            column.iter_mut().zip(&row[j..]).for_each(|(o, r)| *o -= v * r);
        }
        return;
    }
    for (j, (&c, v)) in coordinates.iter().zip(row).enumerate() {
        let column = &mut tail[c as usize * t..(c as usize + 1) * t];
        for (&i, r) in coordinates[j..].iter().zip(&row[j..]) {
            column[i as usize] -= v * r;
        }
    }
}
