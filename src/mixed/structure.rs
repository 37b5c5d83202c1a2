//! Which blocks of the normal equations there are: worked out once, before any number.
//!
//! The factor with most effects is eliminated first: its block of Λ′Z′WZΛ + I is diagonal over levels. Every next
//! factor that the earlier ones are nested in keeps a diagonal block after that elimination (areas in authorities
//! in regions): these make the *stages*. All other factors, the fixed effects and y make the *tail*, a dense
//! matrix of order t = m + p + 1 in which the Schur complement is gathered. Per level of a stage the non-zero blocks are
//! its own, those with its ancestors in the later stages, and those with tail coordinates: of the first
//! stage a list per level (a doctor meets few of the wards), of later ones all.

use crate::error::{Error, Result};
use crate::mixed::term::{RandomTerm, nested};

/// Order of the dense part that a machine can factor again and again.
const MOST_TAIL: usize = 6_000;

/// Tail coordinates that a level of a stage meets, apart from the p + 1 fixed ones.
#[derive(Debug, Clone)]
pub enum List {
    /// Those of level ℓ: `index[start[ℓ]..start[ℓ + 1]]`, ascending.
    Own {
        /// Per level, where its part begins; one more at the end.
        start: Vec<usize>,
        /// Tail coordinates.
        index: Vec<u32>,
    },
    /// All m of them for every level.
    Full(Vec<u32>),
}

/// A factor whose block stays diagonal over its levels.
#[derive(Debug, Clone)]
pub struct Stage {
    /// Which random term.
    pub term: usize,
    /// Columns of its basis.
    pub q: usize,
    /// Its levels.
    pub n: usize,
    /// Per later stage: the level there that holds each level here.
    pub ancestors: Vec<Vec<u32>>,
    /// Columns for the ancestors: the sum of their q.
    pub width: usize,
    /// The tail coordinates met.
    pub list: List,
    /// Where the rows of level ℓ begin in the array of rows; one more at the end.
    pub offset: Vec<usize>,
}

impl Stage {
    /// Tail coordinates that level ℓ meets, apart from the fixed ones.
    #[inline]
    pub fn list(&self, level: usize) -> &[u32] {
        match &self.list {
            List::Own { start, index } => &index[start[level]..start[level + 1]],
            List::Full(all) => all,
        }
    }

    /// Whether the lists of the levels are not all the same.
    #[inline]
    pub fn lists_differ(&self) -> bool {
        matches!(&self.list, List::Own { index, .. } if !index.is_empty())
    }

    /// The list that all levels share, where they do.
    pub fn shared(&self) -> &[u32] {
        match &self.list {
            List::Own { .. } => &[],
            List::Full(all) => all,
        }
    }

    /// Columns of the rows of level ℓ: ancestors, list, p + 1.
    #[inline]
    pub fn columns(&self, level: usize) -> usize {
        (self.offset[level + 1] - self.offset[level]) / self.q
    }
}

/// The arrangement of a model.
#[derive(Debug, Clone)]
pub struct Structure {
    /// Factors eliminated by levels, in order.
    pub stages: Vec<Stage>,
    /// Terms in the tail: (term, first coordinate).
    pub border: Vec<(usize, usize)>,
    /// Random coordinates of the tail.
    pub m: usize,
    /// Fixed effects.
    pub p: usize,
    /// Per border term, per row: where in the list of the row's level of the first stage its coordinates begin.
    pub place: Vec<Vec<u32>>,
    /// q of every term.
    pub q: Vec<usize>,
    /// Levels of every term.
    pub n_levels: Vec<usize>,
}

impl Structure {
    /// Arranges the terms of a model with p fixed effects.
    ///
    /// # Errors
    /// `InvalidOption` without terms, or where the crossed factors have more levels than a dense matrix can hold.
    pub fn new(terms: &[RandomTerm], p: usize) -> Result<Self> {
        let mut order: Vec<usize> = (0..terms.len()).collect();
        order.sort_by_key(|&t| std::cmp::Reverse(terms[t].n_levels() * terms[t].q()));
        let Some(&first) = order.first() else {
            return Err(Error::option("formula", "a random term such as (1 | authority)", "none"));
        };
        let (mut chain, mut ups, mut border) = (vec![first], Vec::new(), Vec::new());
        let mut m = 0;
        for &t in &order[1..] {
            let last = chain[chain.len() - 1];
            if let Some(up) = nested(&terms[last], &terms[t]) {
                chain.push(t);
                ups.push(up);
            } else {
                border.push((t, m));
                m += terms[t].n_levels() * terms[t].q();
            }
        }
        if m + p > MOST_TAIL {
            let expected =
                format!("crossed factors and fixed effects of at most {MOST_TAIL} columns together");
            return Err(Error::option("formula", &expected, m + p));
        }
        let (list, place) = meetings(&terms[first], terms, &border);
        let mut lists = vec![list];
        lists.resize_with(chain.len(), || List::Full((0..u32::try_from(m).unwrap_or(u32::MAX)).collect()));
        let stages = lists.into_iter().enumerate().map(|(i, list)| stage(i, list, terms, &chain, &ups, p));
        Ok(Self {
            stages: stages.collect(),
            border,
            m,
            p,
            place,
            q: terms.iter().map(RandomTerm::q).collect(),
            n_levels: terms.iter().map(RandomTerm::n_levels).collect(),
        })
    }

    /// Order of the tail: m + p + 1.
    #[inline]
    pub fn tail(&self) -> usize {
        self.m + self.p + 1
    }
}

fn stage(i: usize, list: List, terms: &[RandomTerm], chain: &[usize], ups: &[Vec<u32>], p: usize) -> Stage {
    let term = &terms[chain[i]];
    let (q, n) = (term.q(), term.n_levels());
    let mut ancestors: Vec<Vec<u32>> = Vec::new();
    for up in &ups[i..] {
        let next =
            ancestors.last().map_or_else(|| up.clone(), |a| a.iter().map(|&l| up[l as usize]).collect());
        ancestors.push(next);
    }
    let width: usize = chain[i + 1..].iter().map(|&t| terms[t].q()).sum();
    let mut out = Stage { term: chain[i], q, n, ancestors, width, list, offset: Vec::new() };
    let mut offset = Vec::with_capacity(n + 1);
    offset.push(0);
    for level in 0..n {
        offset.push(offset[level] + q * (width + out.list(level).len() + p + 1));
    }
    out.offset = offset;
    out
}

/// The border coordinates that each level of the first factor meets, and where each row finds its own.
fn meetings(first: &RandomTerm, terms: &[RandomTerm], border: &[(usize, usize)]) -> (List, Vec<Vec<u32>>) {
    let n = first.n_levels();
    // Rows by level of the first factor, in their order (a counting sort).
    let mut begin = vec![0_usize; n + 1];
    first.codes.iter().for_each(|&c| begin[c as usize + 1] += 1);
    for l in 0..n {
        begin[l + 1] += begin[l];
    }
    let mut next = begin.clone();
    let mut rows = vec![0_usize; if border.is_empty() { 0 } else { first.codes.len() }];
    if !border.is_empty() {
        for (i, &c) in first.codes.iter().enumerate() {
            rows[next[c as usize]] = i;
            next[c as usize] += 1;
        }
    }
    let mut place: Vec<Vec<u32>> = border.iter().map(|_| vec![0; first.codes.len()]).collect();
    let (mut start, mut index) = (vec![0], Vec::new());
    let mut seen: Vec<Vec<u32>> = border.iter().map(|&(t, _)| vec![u32::MAX; terms[t].n_levels()]).collect();
    for level in 0..n {
        let base = index.len();
        for (f, &(t, at)) in border.iter().enumerate() {
            let mut met: Vec<u32> =
                rows[begin[level]..begin[level + 1]].iter().map(|&i| terms[t].codes[i]).collect();
            met.sort_unstable();
            met.dedup();
            let q = terms[t].q();
            for &c in &met {
                seen[f][c as usize] = u32::try_from(index.len() - base).unwrap_or(u32::MAX);
                index.extend((0..q).map(|k| u32::try_from(at + c as usize * q + k).unwrap_or(u32::MAX)));
            }
            for &i in &rows[begin[level]..begin[level + 1]] {
                place[f][i] = seen[f][terms[t].codes[i] as usize];
            }
        }
        start.push(index.len());
    }
    (List::Own { start, index }, place)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn term(codes: &[u32]) -> RandomTerm {
        let n = codes.iter().max().map_or(0, |m| m + 1);
        RandomTerm::intercept("g", codes.to_vec(), (0..n).map(|i| i.to_string()).collect())
    }

    #[test]
    fn nested_factors_become_stages_and_crossed_ones_the_border() {
        let area = term(&[0, 1, 2, 3, 0, 1, 2, 3]);
        let authority = term(&[0, 0, 1, 1, 0, 0, 1, 1]);
        let year = term(&[0, 0, 0, 1, 1, 1, 2, 2]);
        let s = Structure::new(&[authority, year, area], 2).unwrap();
        assert_eq!(s.stages.iter().map(|s| s.term).collect::<Vec<_>>(), [2, 0]);
        assert_eq!((s.border.as_slice(), s.m, s.tail()), ([(1, 0)].as_slice(), 3, 6));
        assert_eq!(s.stages[0].ancestors, [[0, 0, 1, 1]]);
        // Area 0 is seen in years 0 and 1, area 2 in years 0 and 2.
        assert_eq!((s.stages[0].list(0), s.stages[0].list(2)), ([0, 1].as_slice(), [0, 2].as_slice()));
        assert_eq!(s.place[0], [0, 0, 0, 0, 1, 1, 1, 1]);
    }
}
