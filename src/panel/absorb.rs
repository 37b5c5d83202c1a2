//! Absorbing fixed effects: the part of each column outside the span of the dummies of one or more factors.
//!
//! With D = [D_A, B], A the factor with the most levels and B the dummies of the others, Frisch and Waugh (1933)
//! give M_D z = M_A z − M_A B γ with γ solving the normal equations S γ = B′W M_A z, S = B′W M_A B. M_A subtracts group
//! means; S (m × m, m the levels of the others) is formed and factored when m is small and solved by conjugate
//! gradients, one sweep over the rows a step, when it is not. So no matrix ever has a column per unit.
//!
//! Absorbed degrees of freedom are exact: the rank of D is levels(A) + levels(B) − components for two factors
//! (components of the graph in which a row joins its two levels; Abowd, Creecy and Kramarz 2002), and
//! levels(A) + rank(S) for more. Only with three or more factors of many levels is the rank a bound.
//!
//! Weights: analytic; means and normal equations are weighted by w.

use crate::design::Weights;
use crate::error::Result;
use crate::panel::conjugate;
use crate::panel::schur;
use crate::parallel::{CHUNK, fill_chunks};

/// A factor as the kernel sees it: codes below `n`, all of which occur.
#[derive(Debug, Clone, Copy)]
pub struct Coded<'a> {
    /// One code per row.
    pub codes: &'a [u32],
    /// Levels.
    pub n: usize,
}

/// What absorbing cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Absorbed {
    /// Rank of the dummies: degrees of freedom absorbed, the constant among them.
    pub rank: usize,
    /// Connected components of the first two factors; 1 with one factor.
    pub components: usize,
    /// Levels seen in one row only, which they fit exactly.
    pub singletons: usize,
    /// Whether `rank` is exact; with three or more large factors it is an upper bound.
    pub exact: bool,
}

/// The factors in the order of elimination, and sums of the weights.
pub(super) struct Plan<'a> {
    /// The factor eliminated by group means.
    pub(super) main: Coded<'a>,
    /// The others, each with the place of its first level among all their levels.
    pub(super) others: Vec<(Coded<'a>, usize)>,
    /// Levels of the others.
    pub(super) m: usize,
    pub(super) weights: Weights<'a>,
    /// Σw over each level of the main factor.
    pub(super) total: Vec<f64>,
}

impl<'a> Plan<'a> {
    fn new(factors: &[Coded<'a>], weights: Weights<'a>) -> Self {
        let mut order: Vec<usize> = (0..factors.len()).collect();
        order.sort_by_key(|&f| (std::cmp::Reverse(factors[f].n), f));
        let main = factors[order[0]];
        let mut m = 0;
        let others = order[1..]
            .iter()
            .map(|&f| {
                let start = m;
                m += factors[f].n;
                (factors[f], start)
            })
            .collect();
        let mut total = vec![0.0; main.n];
        for (i, &a) in main.codes.iter().enumerate() {
            total[a as usize] += weights.at(i);
        }
        Self { main, others, m, weights, total }
    }

    /// The places of row `i` among the levels of the others.
    pub(super) fn levels(&self, i: usize) -> impl Iterator<Item = usize> {
        self.others.iter().map(move |(f, start)| start + f.codes[i] as usize)
    }

    /// Weighted sums of the rows of `z` (n × k) by main level and by level of the others.
    pub(super) fn sums(&self, z: &[f64], k: usize) -> (Vec<f64>, Vec<f64>) {
        // loops of known length stay in registers
        match k {
            1 => self.sums_of::<1>(z),
            2 => self.sums_of::<2>(z),
            3 => self.sums_of::<3>(z),
            4 => self.sums_of::<4>(z),
            5 => self.sums_of::<5>(z),
            6 => self.sums_of::<6>(z),
            7 => self.sums_of::<7>(z),
            8 => self.sums_of::<8>(z),
            _ => self.sums_any(z, k),
        }
    }

    fn sums_of<const K: usize>(&self, z: &[f64]) -> (Vec<f64>, Vec<f64>) {
        let (mut main, mut other) = (vec![[0.0; K]; self.main.n], vec![[0.0; K]; self.m]);
        for (i, row) in z.as_chunks::<K>().0.iter().enumerate() {
            let w = self.weights.at(i);
            let into = &mut main[self.main.codes[i] as usize];
            for j in 0..K {
                into[j] += w * row[j];
            }
            for (f, start) in &self.others {
                let into = &mut other[start + f.codes[i] as usize];
                for j in 0..K {
                    into[j] += w * row[j];
                }
            }
        }
        (main.into_flattened(), other.into_flattened())
    }

    fn sums_any(&self, z: &[f64], k: usize) -> (Vec<f64>, Vec<f64>) {
        let (mut main, mut other) = (vec![0.0; self.main.n * k], vec![0.0; self.m * k]);
        for (i, row) in z.chunks_exact(k).enumerate() {
            let w = self.weights.at(i);
            add(&mut main, self.main.codes[i] as usize, w, row);
            for (f, start) in &self.others {
                add(&mut other, start + f.codes[i] as usize, w, row);
            }
        }
        (main, other)
    }

    /// z_i −= main effect + other effects.
    pub(super) fn subtract(&self, z: &mut [f64], k: usize, main: &[f64], other: &[f64]) -> Result<()> {
        fill_chunks(z, CHUNK * k, |start, piece| {
            let first = start / k;
            match k {
                2 => self.subtract_of::<2>(first, piece, main, other),
                3 => self.subtract_of::<3>(first, piece, main, other),
                4 => self.subtract_of::<4>(first, piece, main, other),
                5 => self.subtract_of::<5>(first, piece, main, other),
                6 => self.subtract_of::<6>(first, piece, main, other),
                7 => self.subtract_of::<7>(first, piece, main, other),
                8 => self.subtract_of::<8>(first, piece, main, other),
                _ => self.subtract_any(first, piece, k, main, other),
            }
            Ok(())
        })
    }

    fn subtract_of<const K: usize>(&self, first: usize, piece: &mut [f64], main: &[f64], other: &[f64]) {
        let (main, other) = (main.as_chunks::<K>().0, other.as_chunks::<K>().0);
        for (i, row) in (first..).zip(piece.as_chunks_mut::<K>().0) {
            let mut effect = main[self.main.codes[i] as usize];
            for (f, start) in &self.others {
                let more = &other[start + f.codes[i] as usize];
                for j in 0..K {
                    effect[j] += more[j];
                }
            }
            for j in 0..K {
                row[j] -= effect[j];
            }
        }
    }

    fn subtract_any(&self, first: usize, piece: &mut [f64], k: usize, main: &[f64], other: &[f64]) {
        for (i, row) in (first..).zip(piece.chunks_exact_mut(k)) {
            let a = self.main.codes[i] as usize * k;
            for (v, e) in row.iter_mut().zip(&main[a..a + k]) {
                *v -= e;
            }
            for l in self.levels(i) {
                for (v, e) in row.iter_mut().zip(&other[l * k..(l + 1) * k]) {
                    *v -= e;
                }
            }
        }
    }
}

#[inline]
fn add(into: &mut [f64], level: usize, w: f64, row: &[f64]) {
    let k = row.len();
    for (s, v) in into[level * k..(level + 1) * k].iter_mut().zip(row) {
        *s += w * v;
    }
}

/// Replaces the rows of `z` (n × k, row by row) by their part outside the span of the factors' dummies.
///
/// # Errors
/// `NoConvergence` from the conjugate gradients of large factors.
pub fn absorb(z: &mut [f64], k: usize, factors: &[Coded<'_>], weights: Weights<'_>) -> Result<Absorbed> {
    if factors.is_empty() {
        return Ok(Absorbed { rank: 0, components: 0, singletons: 0, exact: true });
    }
    let plan = Plan::new(factors, weights);
    let singletons = factors.iter().map(singletons).sum();
    if plan.others.is_empty() {
        let (mut means, _) = plan.sums(z, k);
        divide(&mut means, &plan.total, k);
        plan.subtract(z, k, &means, &[])?;
        return Ok(Absorbed { rank: plan.main.n, components: 1, singletons, exact: true });
    }
    let components = components(plan.main, plan.others[0].0);
    let dense = schur::fits(&plan);
    let solved = if dense { schur::absorb(&plan, z, k)? } else { conjugate::absorb(&plan, z, k)? };
    let (rank, exact) = match solved {
        _ if plan.others.len() == 1 => (plan.m - components, true),
        Some(rank) => (rank, true),
        None => (plan.m + 1 - components - plan.others.len(), false),
    };
    Ok(Absorbed { rank: plan.main.n + rank, components, singletons, exact })
}

/// Divides the rows of `sums` (levels × k) by `total`.
pub(super) fn divide(sums: &mut [f64], total: &[f64], k: usize) {
    for (row, t) in sums.chunks_exact_mut(k).zip(total) {
        for v in row {
            *v /= t;
        }
    }
}

fn singletons(factor: &Coded<'_>) -> usize {
    let mut seen = vec![0_u32; factor.n];
    for &c in factor.codes {
        seen[c as usize] += 1;
    }
    seen.iter().filter(|&&s| s == 1).count()
}

/// Connected components of the graph whose edges are the rows: levels of `b` are joined through the levels of
/// `a`, each of which is joined to its first. Stops as soon as everything hangs together.
fn components(a: Coded<'_>, b: Coded<'_>) -> usize {
    const NONE: u32 = u32::MAX;
    let mut parent: Vec<u32> = (0..).take(b.n).collect();
    let mut first = vec![NONE; a.n];
    let mut left = b.n;
    for (&u, &v) in a.codes.iter().zip(b.codes) {
        let known = &mut first[u as usize];
        if *known == NONE {
            *known = v;
            continue;
        }
        let (x, y) = (find(&mut parent, *known), find(&mut parent, v));
        if x != y {
            parent[x.max(y) as usize] = x.min(y);
            left -= 1;
            if left == 1 {
                break;
            }
        }
    }
    left
}

fn find(parent: &mut [u32], mut x: u32) -> u32 {
    while parent[x as usize] != x {
        let up = parent[x as usize];
        parent[x as usize] = parent[up as usize];
        x = parent[x as usize];
    }
    x
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn components_are_counted_on_both_sides() {
        let a = Coded { codes: &[0, 0, 1, 2, 2, 3], n: 4 };
        let b = Coded { codes: &[0, 1, 1, 2, 3, 3], n: 4 };
        assert_eq!(components(a, b), 2);
        assert_eq!(singletons(&a), 2);
    }

    #[test]
    fn both_routes_give_the_same_residuals() {
        let (n, k) = (400, 2);
        let code = |i: usize, by: usize, m: usize| u32::try_from(((i * by) >> 9) % m).unwrap_or(0);
        let a: Vec<u32> = (0..n).map(|i| code(i, 40_503, 40)).collect();
        let b: Vec<u32> = (0..n).map(|i| code(i, 30_011, 12)).collect();
        let c: Vec<u32> = (0..n).map(|i| code(i, 51_787, 7)).collect();
        let (fa, fb, fc) =
            (Coded { codes: &a, n: 40 }, Coded { codes: &b, n: 12 }, Coded { codes: &c, n: 7 });
        let w: Vec<f64> = (0..n).map(|i| 1.0 + (i % 5) as f64).collect();
        let z: Vec<f64> = (0..n * k).map(|i| ((i * i) as f64).sin() + (i % 40) as f64).collect();
        let plan = Plan::new(&[fa, fb, fc], Weights::Analytic(&w));
        let (mut direct, mut steps) = (z.clone(), z);
        let rank = schur::absorb(&plan, &mut direct, k).unwrap();
        conjugate::absorb(&plan, &mut steps, k).unwrap();
        assert!(direct.iter().zip(&steps).all(|(x, y)| (x - y).abs() < 1e-11));
        assert_eq!(rank, Some(12 + 7 - 2));
        let (main, other) = plan.sums(&direct, k);
        assert!(main.iter().chain(&other).all(|s| s.abs() < 1e-11));
    }
}
