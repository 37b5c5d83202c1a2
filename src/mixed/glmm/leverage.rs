//! What H⁻¹ says about each cell: h_i = z_i′ΛH⁻¹Λ′z_i, the conditional variance of its random part, and the sums
//! T = Σ_i w_i z_i (H⁻¹Λ′z_i)′ within the levels of every term, which are the derivative of log|H|/2 in Λ at fixed W.
//!
//! Both need H⁻¹ only where two coordinates meet in a cell, which is where L has its blocks.

use crate::mixed::factor::Factor;
use crate::mixed::glmm::model::Model;
use crate::mixed::inverse::Known;
use crate::mixed::structure::Structure;

/// h, T and the diagonal blocks of H⁻¹.
#[derive(Debug, Clone)]
pub struct Leverage {
    /// h_i.
    pub h: Vec<f64>,
    /// T per term, row-major q × q.
    pub t: Vec<Vec<f64>>,
    /// (H⁻¹)_ℓℓ per term, q × q per level.
    pub blocks: Vec<Vec<f64>>,
}

/// Leverages of all cells, with the weights w in T.
pub fn leverage(model: &Model, factor: &Factor, lambda: &[Vec<f64>], w: &[f64]) -> Leverage {
    let structure = &model.design.structure;
    let terms = &model.design.terms;
    if let [term] = terms.as_slice()
        && term.q() == 1
    {
        let blocks = factor.inverse_blocks(structure, false);
        let mut h = Vec::with_capacity(w.len());
        let (mut total, scale) = (0.0, lambda[0][0]);
        for (i, (&c, w)) in term.codes.iter().zip(w).enumerate() {
            let z = term.basis[0].at(i);
            let c = scale * z * blocks[0][c as usize];
            h.push(scale * z * c);
            total += w * z * c;
        }
        return Leverage { h, t: vec![vec![total]], blocks };
    }
    let known = factor.inverse_pattern(structure, false, true);
    let mut parts = Parts::new(model, structure, &known);
    let mut h = Vec::with_capacity(w.len());
    let mut t: Vec<Vec<f64>> = terms.iter().map(|term| vec![0.0; term.q() * term.q()]).collect();
    for (i, &w) in w.iter().enumerate() {
        parts.row(i, lambda);
        h.push(parts.a.iter().zip(&parts.c).map(|(a, c)| a * c).sum());
        for part in &parts.list {
            let (term, q) = (&terms[part.term], part.q);
            for r in 0..q {
                let wz = w * term.basis[r].at(i);
                let c = &parts.c[part.at..part.at + q];
                t[part.term][r * q..(r + 1) * q].iter_mut().zip(c).for_each(|(t, c)| *t += wz * c);
            }
        }
    }
    Leverage { h, t, blocks: known.into_blocks() }
}

/// Where a term's coordinates of a row begin.
struct Part {
    term: usize,
    q: usize,
    /// First place in `a` and `c`.
    at: usize,
    /// Stage (its index) or border (its first coordinate).
    place: Place,
}

enum Place {
    Stage(usize),
    Border { index: usize, first: usize },
}

/// a = Λ′z_i and c = H⁻¹a over the coordinates that row i meets.
struct Parts<'a> {
    model: &'a Model,
    structure: &'a Structure,
    known: &'a Known<'a>,
    list: Vec<Part>,
    a: Vec<f64>,
    c: Vec<f64>,
}

impl<'a> Parts<'a> {
    fn new(model: &'a Model, structure: &'a Structure, known: &'a Known<'a>) -> Self {
        let stages = structure.stages.iter().enumerate().map(|(s, stage)| (stage.term, Place::Stage(s)));
        let border = structure.border.iter().enumerate();
        let border = border.map(|(index, &(term, first))| (term, Place::Border { index, first }));
        let mut at = 0;
        let mut list = Vec::new();
        for (term, place) in stages.chain(border) {
            let q = structure.q[term];
            list.push(Part { term, q, at, place });
            at += q;
        }
        Self { model, structure, known, list, a: vec![0.0; at], c: vec![0.0; at] }
    }

    fn row(&mut self, i: usize, lambda: &[Vec<f64>]) {
        for part in &self.list {
            let (term, lambda, q) = (&self.model.design.terms[part.term], &lambda[part.term], part.q);
            for j in 0..q {
                self.a[part.at + j] = (j..q).map(|r| lambda[r * q + j] * term.basis[r].at(i)).sum();
            }
        }
        self.c.fill(0.0);
        let list = std::mem::take(&mut self.list);
        for (x, first) in list.iter().enumerate() {
            self.own(i, first);
            list[x + 1..].iter().for_each(|second| self.pair(i, first, second));
        }
        self.list = list;
    }

    fn level(&self, i: usize, part: &Part) -> usize {
        self.model.design.terms[part.term].codes[i] as usize
    }

    /// The block of a level with itself.
    fn own(&mut self, i: usize, part: &Part) {
        let q = part.q;
        let level = self.level(i, part);
        for r in 0..q {
            for s in 0..q {
                let value = match part.place {
                    Place::Stage(stage) => self.known.diagonal[stage][(level * q + r) * q + s],
                    Place::Border { first, .. } => {
                        let at = first + level * q;
                        self.known.tail[(at + r) * self.known.k + at + s]
                    }
                };
                self.c[part.at + r] += value * self.a[part.at + s];
            }
        }
    }

    /// The block that two terms share in row i; stages come before borders.
    fn pair(&mut self, i: usize, one: &Part, two: &Part) {
        let (level, other) = (self.level(i, one), self.level(i, two));
        for r in 0..one.q {
            let row: &[f64] = match (&one.place, &two.place) {
                (Place::Stage(s), place) => {
                    let stage = &self.structure.stages[*s];
                    let columns = if *s == 0 {
                        stage.columns(level) - self.structure.p - 1
                    } else {
                        stage.width + self.known.k
                    };
                    let begin = if *s == 0 {
                        stage.offset[level] - stage.q * level * (self.structure.p + 1)
                    } else {
                        level * stage.q * columns
                    } + r * columns;
                    let from = match place {
                        Place::Stage(later) => {
                            self.structure.stages[s + 1..*later].iter().map(|between| between.q).sum()
                        }
                        Place::Border { index, .. } if *s == 0 => {
                            stage.width + self.structure.place[*index][i] as usize
                        }
                        Place::Border { first, .. } => stage.width + first + other * two.q,
                    };
                    &self.known.rows[*s][begin + from..begin + from + two.q]
                }
                (Place::Border { first, .. }, Place::Border { first: second, .. }) => {
                    let (at, to) = (first + level * one.q + r, second + other * two.q);
                    &self.known.tail[at * self.known.k + to..at * self.known.k + to + two.q]
                }
                (Place::Border { .. }, Place::Stage(_)) => continue,
            };
            for (s, value) in row.iter().enumerate() {
                self.c[one.at + r] += value * self.a[two.at + s];
                self.c[two.at + s] += value * self.a[one.at + r];
            }
        }
    }
}
