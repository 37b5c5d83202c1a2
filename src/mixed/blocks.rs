//! The numbers of the blocks: cross-products first, the Cholesky factor later, in one and the same shape.
//!
//! With C = [Z X y], the products are A = C′WC. Row i adds w z z′, w z x′, w z y and so on to the blocks that its levels
//! meet; nothing n-long is kept. Cells add Σw and Σwy of their rows. Columns of X and y are taken from their
//! weighted means where the model has an intercept: a year near 2,000 would cost six digits otherwise.

use crate::design::ModelMatrix;
use crate::mixed::structure::{List, Structure};
use crate::mixed::term::RandomTerm;

/// Blocks by stage and tail.
#[derive(Debug, Clone, PartialEq)]
pub struct Blocks {
    /// Per stage: the q × q block of every level, row-major.
    pub diagonal: Vec<Vec<f64>>,
    /// Per stage, per level: q rows of its columns (ancestors, list, p fixed, y).
    pub rows: Vec<Vec<f64>>,
    /// t × t, column-major, lower triangle: (border, fixed, y).
    pub tail: Vec<f64>,
}

impl Blocks {
    /// Zeros in the shape of a structure.
    pub fn zeros(structure: &Structure) -> Self {
        let t = structure.tail();
        Self {
            diagonal: structure.stages.iter().map(|s| vec![0.0; s.n * s.q * s.q]).collect(),
            rows: structure.stages.iter().map(|s| vec![0.0; s.offset[s.n]]).collect(),
            tail: vec![0.0; t * t],
        }
    }

    /// Sets every number to zero.
    pub fn clear(&mut self) {
        self.diagonal.iter_mut().chain(&mut self.rows).for_each(|v| v.fill(0.0));
        self.tail.fill(0.0);
    }
}

/// The design of a model: random terms and fixed columns, arranged.
#[derive(Debug, Clone)]
pub struct Design {
    /// Random terms, as written.
    pub terms: Vec<RandomTerm>,
    /// Fixed columns.
    pub x: ModelMatrix,
    /// The arrangement of their blocks.
    pub structure: Structure,
    /// What is taken from each column of X.
    pub centre: Vec<f64>,
}

/// Weights and outcome of every row (or cell), as sums over what it stands for.
#[derive(Debug, Clone, Copy)]
pub struct Response<'a> {
    /// Σw.
    pub w: &'a [f64],
    /// Σwy.
    pub wy: &'a [f64],
    /// Σwy² of all rows together.
    pub yy: f64,
}

/// One coordinate of a row: where it stands and its value.
#[derive(Debug, Clone, Copy)]
struct Entry {
    at: usize,
    value: f64,
}

/// Rows taken together: their fixed columns and y stand side by side, so that sums over rows run in lanes.
const TOGETHER: usize = 128;
const LANES: usize = 8;

impl Design {
    /// Fills `blocks` with C′WC. The shape is that of `self.structure` and its old numbers are lost: a working
    /// response with new weights refills the same memory.
    pub fn fill(&self, response: Response<'_>, blocks: &mut Blocks) {
        blocks.clear();
        let (n, p) = (self.x.n_rows(), self.structure.p);
        let mut fixed = vec![0.0; (p + 1) * TOGETHER];
        let mut random: Vec<Entry> = Vec::new();
        let mut row = vec![0.0; p + 1];
        for first in (0..n).step_by(TOGETHER) {
            let last = (first + TOGETHER).min(n);
            let fixed = &mut fixed[..(p + 1) * (last - first)];
            self.fixed_columns(first, last, response, fixed);
            self.add_fixed(&response.w[first..last], fixed, blocks);
            for i in first..last {
                let w = response.w[i];
                if w == 0.0 {
                    continue;
                }
                row.iter_mut()
                    .zip(fixed[i - first..].iter().step_by(last - first))
                    .for_each(|(to, v)| *to = *v);
                if !self.structure.border.is_empty() {
                    self.border_entries(i, &mut random);
                    self.add_border(w, &random, &row, blocks);
                }
                self.add_stages(i, w, &random, &row, blocks);
            }
        }
        // (Σwy)²/Σw is what the rows of a cell share; their own squares are in Σwy².
        let t = self.structure.tail();
        blocks.tail[t * t - 1] = response.yy;
    }

    /// Fixed columns from their centres, then the mean outcome, of some rows (column after column).
    fn fixed_columns(&self, first: usize, last: usize, response: Response<'_>, out: &mut [f64]) {
        let (n, p) = (last - first, self.structure.p);
        for (column, c) in out.chunks_exact_mut(n).zip(&self.centre) {
            column.fill(-c);
        }
        self.x.add_rows(first..last, out);
        for ((o, wy), w) in
            out[p * n..].iter_mut().zip(&response.wy[first..last]).zip(&response.w[first..last])
        {
            *o = if *w == 0.0 { 0.0 } else { wy / w };
        }
    }

    /// The fixed columns and y with each other.
    fn add_fixed(&self, w: &[f64], fixed: &[f64], blocks: &mut Blocks) {
        let (t, m, n) = (self.structure.tail(), self.structure.m, w.len());
        let mut weighted = [0.0; TOGETHER];
        for j in 0..=self.structure.p {
            let own = &fixed[j * n..(j + 1) * n];
            weighted.iter_mut().zip(own.iter().zip(w)).for_each(|(o, (f, w))| *o = f * w);
            for (k, other) in fixed.chunks_exact(n).enumerate().skip(j) {
                blocks.tail[(m + j) * t + m + k] += in_lanes(&weighted[..n], other);
            }
        }
    }

    /// The tail coordinates of row i and their values.
    fn border_entries(&self, i: usize, out: &mut Vec<Entry>) {
        out.clear();
        for &(t, first) in &self.structure.border {
            let term = &self.terms[t];
            let at = first + term.codes[i] as usize * term.q();
            out.extend(term.basis.iter().enumerate().map(|(k, b)| Entry { at: at + k, value: b.at(i) }));
        }
    }

    fn add_border(&self, w: f64, random: &[Entry], fixed: &[f64], blocks: &mut Blocks) {
        let (t, m) = (self.structure.tail(), self.structure.m);
        for (s, a) in random.iter().enumerate() {
            let wa = w * a.value;
            for b in &random[s..] {
                let (low, high) = (a.at.min(b.at), a.at.max(b.at));
                blocks.tail[low * t + high] += wa * b.value;
            }
            let column = &mut blocks.tail[a.at * t + m..(a.at + 1) * t];
            column.iter_mut().zip(fixed).for_each(|(o, f)| *o += wa * f);
        }
    }

    fn add_stages(&self, i: usize, w: f64, random: &[Entry], fixed: &[f64], blocks: &mut Blocks) {
        let structure = &self.structure;
        for (s, stage) in structure.stages.iter().enumerate() {
            let term = &self.terms[stage.term];
            let level = term.codes[i] as usize;
            let columns = stage.columns(level);
            for (k, basis) in term.basis.iter().enumerate() {
                let wz = w * basis.at(i);
                for (l, other) in term.basis.iter().enumerate() {
                    blocks.diagonal[s][(level * stage.q + k) * stage.q + l] += wz * other.at(i);
                }
                let from = stage.offset[level] + k * columns;
                let row = &mut blocks.rows[s][from..from + columns];
                let mut at = 0;
                for later in &structure.stages[s + 1..] {
                    for b in &self.terms[later.term].basis {
                        row[at] += wz * b.at(i);
                        at += 1;
                    }
                }
                self.add_met(i, wz, random, &stage.list, &mut row[at..]);
                let end = &mut row[columns - fixed.len()..];
                end.iter_mut().zip(fixed).for_each(|(o, f)| *o += wz * f);
            }
        }
    }

    /// The border coordinates of row i in a row of its level.
    #[inline]
    fn add_met(&self, i: usize, wz: f64, random: &[Entry], list: &List, row: &mut [f64]) {
        match list {
            List::Full(_) => random.iter().for_each(|e| row[e.at] += wz * e.value),
            List::Own { .. } => {
                let mut entry = random.iter();
                for (place, &(t, _)) in self.structure.place.iter().zip(&self.structure.border) {
                    let first = place[i] as usize;
                    let met = &mut row[first..first + self.structure.q[t]];
                    met.iter_mut().zip(entry.by_ref()).for_each(|(o, e)| *o += wz * e.value);
                }
            }
        }
    }
}

/// Σ a b by lanes: the order of the additions is fixed.
fn in_lanes(a: &[f64], b: &[f64]) -> f64 {
    let mut sums = [0.0; LANES];
    let (a, b) = (a.chunks_exact(LANES), b.chunks_exact(LANES));
    let rest: f64 = a.remainder().iter().zip(b.remainder()).map(|(x, y)| x * y).sum();
    for (x, y) in a.zip(b) {
        for l in 0..LANES {
            sums[l] += x[l] * y[l];
        }
    }
    sums.iter().sum::<f64>() + rest
}
