//! What H⁻¹ says about each cell: h_i = z_i′ΛH⁻¹Λ′z_i, the conditional variance of its random part, and the sums
//! T = Σ_i w_i z_i (H⁻¹Λ′z_i)′ within the levels of every term, which are the derivative of log|H|/2 in Λ at fixed W.
//!
//! Both need H⁻¹ only where two coordinates meet in a cell, which is where L has its blocks.

use crate::mixed::factor::Factor;
use crate::mixed::glmm::model::Model;
use crate::mixed::inverse::Known;
use crate::mixed::structure::Structure;
use crate::mixed::term::Basis;

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
    if terms.iter().all(|term| term.q() == 1 && term.basis[0] == Basis::One) {
        let (h, t) = parts.of_intercepts(lambda, w);
        return Leverage { h, t, blocks: known.into_blocks() };
    }
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

    /// h and T where every term is a random intercept: pair after pair of terms over all rows.
    fn of_intercepts(&self, lambda: &[Vec<f64>], w: &[f64]) -> (Vec<f64>, Vec<Vec<f64>>) {
        let scale = |part: &Part| lambda[part.term][0];
        let mut c = vec![vec![0.0; w.len()]; self.list.len()];
        for (x, one) in self.list.iter().enumerate() {
            let own = |i: usize| self.block_of_intercept(one, self.level(i, one));
            c[x].iter_mut().enumerate().for_each(|(i, c)| *c += own(i) * scale(one));
            for (y, two) in self.list.iter().enumerate().skip(x + 1) {
                let value = self.shared(one, two);
                let (before, after) = c.split_at_mut(y);
                for (i, (a, b)) in before[x].iter_mut().zip(&mut after[0]).enumerate() {
                    let v = value(i);
                    *a += v * scale(two);
                    *b += v * scale(one);
                }
            }
        }
        let mut h = vec![0.0; w.len()];
        let mut t = vec![Vec::new(); self.list.len()];
        for (part, c) in self.list.iter().zip(&c) {
            h.iter_mut().zip(c).for_each(|(h, c)| *h += scale(part) * c);
            t[part.term] = vec![c.iter().zip(w).map(|(c, w)| c * w).sum()];
        }
        (h, t)
    }

    /// (H⁻¹)_ℓℓ of a random intercept.
    fn block_of_intercept(&self, part: &Part, level: usize) -> f64 {
        match part.place {
            Place::Stage(s) => self.known.diagonal[s][level],
            Place::Border { first, .. } => self.known.tail[(first + level) * (self.known.k + 1)],
        }
    }

    /// The entry of H⁻¹ that two random intercepts share in row i; stages come before borders.
    fn shared<'b>(&'b self, one: &'b Part, two: &'b Part) -> Box<dyn Fn(usize) -> f64 + 'b> {
        let (first_codes, codes) =
            (&self.model.design.terms[one.term].codes, &self.model.design.terms[two.term].codes);
        let k = self.known.k;
        let (s, place) = match (&one.place, &two.place) {
            (Place::Border { first, .. }, Place::Border { first: second, .. }) => {
                return Box::new(move |i| {
                    self.known.tail[(first + first_codes[i] as usize) * k + second + codes[i] as usize]
                });
            }
            (Place::Border { .. }, Place::Stage(_)) => return Box::new(|_| 0.0),
            (Place::Stage(s), place) => (*s, place),
        };
        let (stage, rows, fixed) = (&self.structure.stages[s], &self.known.rows[s], self.structure.p + 1);
        let begin = move |i: usize| {
            let level = first_codes[i] as usize;
            if s == 0 { stage.offset[level] - level * fixed } else { level * (stage.width + k) }
        };
        match place {
            Place::Stage(later) => {
                let from = later - s - 1;
                Box::new(move |i| rows[begin(i) + from])
            }
            Place::Border { index, .. } if s == 0 => {
                let met = &self.structure.place[*index];
                Box::new(move |i| rows[begin(i) + stage.width + met[i] as usize])
            }
            Place::Border { first, .. } => {
                Box::new(move |i| rows[begin(i) + stage.width + first + codes[i] as usize])
            }
        }
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
