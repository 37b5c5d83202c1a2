//! The explained sum of squares of every subset of players, summed by size and by who is in it.
//!
//! With S = X′WX of centred columns and y last, taking column j into the model is one Gaussian pivot, s_kl −= s_jk s_jl / s_jj,
//! and explains s_jy²/s_jj more. Players are decided one after the other, out or in, depth first: a node with k columns
//! left costs a pivot of k²/2, so all 2^p subsets cost about 3·2^p multiplications, not 2^p regressions (the recursion is
//! that of Furnival and Wilson 1974, "leaps and bounds", without bounds). Nothing is kept but
//! T[j][s] = Σ v(S) over subsets of size s with j in them, and T[p][s] over all: enough for every index in [`super::shapley`].
//!
//! A column whose pivot falls below 1e-11 of its own variance adds nothing given those before it: a resample may lack
//! a level. The caller refuses such columns in the data themselves.

use crate::error::Result;
use crate::parallel::{Control, map_indexed};

/// Share of a column's variance below which nothing of it is left.
const LEAST: f64 = 1e-11;
/// Players decided before the work is shared out.
const SPLIT: usize = 6;
/// Below this many players one thread visits all subsets.
const SHARE_ABOVE: usize = 14;

/// Sums of the value over subsets.
#[derive(Debug, Clone, PartialEq)]
#[must_use]
pub struct Totals {
    /// Players.
    pub n_players: usize,
    /// (p + 1) × (p + 1): row j < p over subsets with player j, row p over all; column s the size.
    sums: Vec<f64>,
}

impl Totals {
    /// Nothing added yet.
    pub fn new(n_players: usize) -> Self {
        Self { n_players, sums: vec![0.0; (n_players + 1) * (n_players + 1)] }
    }

    /// From the value of every subset, by bits.
    pub fn of_values(n_players: usize, values: &[f64]) -> Self {
        let mut out = Self::new(n_players);
        for (set, v) in values.iter().enumerate() {
            let size = set.count_ones() as usize;
            *out.at(n_players, size) += v;
            for j in (0..n_players).filter(|j| set >> j & 1 == 1) {
                *out.at(j, size) += v;
            }
        }
        out
    }

    fn at(&mut self, row: usize, size: usize) -> &mut f64 {
        &mut self.sums[row * (self.n_players + 1) + size]
    }

    /// Σ v(S) over subsets of `size` with player `j` (all subsets for j = p).
    pub fn sum(&self, j: usize, size: usize) -> f64 {
        self.sums[j * (self.n_players + 1) + size]
    }

    fn add(&mut self, other: &Self) {
        self.sums.iter_mut().zip(&other.sums).for_each(|(a, b)| *a += b);
    }

    /// Divides by the value that counts as 1.
    pub fn scale(&mut self, by: f64) {
        self.sums.iter_mut().for_each(|v| *v *= by);
    }
}

/// Cross products of the centred columns, y last, row by row, and how many columns each player has, in order.
#[derive(Debug, Clone)]
pub struct Cross {
    /// (m + 1) × (m + 1).
    pub s: Vec<f64>,
    /// Columns of each player; they sum to m.
    pub players: Vec<usize>,
}

impl Cross {
    fn width(&self) -> usize {
        self.players.iter().sum::<usize>() + 1
    }
}

/// One stack of matrices for a depth-first visit: level d holds what is left after d players were taken in.
struct Visit<'a> {
    players: &'a [usize],
    width: usize,
    floor: Vec<f64>,
    levels: Vec<Vec<f64>>,
    totals: Totals,
    /// Sums by size of the subtrees under way, one row a player decided.
    rows: Vec<Vec<f64>>,
}

impl<'a> Visit<'a> {
    fn new(cross: &'a Cross) -> Self {
        let (width, p) = (cross.width(), cross.players.len());
        let floor = (0..width).map(|j| LEAST * cross.s[j * width + j]).collect();
        let mut levels = vec![vec![0.0; width * width]; p + 1];
        levels[0].copy_from_slice(&cross.s);
        Self {
            players: &cross.players,
            width,
            floor,
            levels,
            totals: Totals::new(p),
            rows: vec![vec![0.0; p + 1]; p + 1],
        }
    }

    /// Takes the columns `first..first + m` of level `from` into level `from + 1`; gives what they explain.
    fn take(&mut self, from: usize, first: usize, m: usize) -> f64 {
        let width = self.width;
        let (below, above) = self.levels.split_at_mut(from + 1);
        let (source, target) = (&below[from], &mut above[0]);
        let row = &source[first * width..(first + 1) * width];
        let inverse = inverse_of(row[first], self.floor[first]);
        for k in first + 1..width {
            let factor = row[k] * inverse;
            let (old, new) =
                (&source[k * width + k..(k + 1) * width], &mut target[k * width + k..(k + 1) * width]);
            for ((new, old), r) in new.iter_mut().zip(old).zip(&row[k..]) {
                *new = old - factor * r;
            }
        }
        let mut gain = row[width - 1] * row[width - 1] * inverse;
        for j in first + 1..first + m {
            let (done, rest) = target.split_at_mut((j + 1) * width);
            let row = &done[j * width..];
            let inverse = inverse_of(row[j], self.floor[j]);
            gain += row[width - 1] * row[width - 1] * inverse;
            for k in j + 1..width {
                let factor = row[k] * inverse;
                let at = (k - j - 1) * width;
                for (new, r) in rest[at + k..at + width].iter_mut().zip(&row[k..]) {
                    *new -= factor * r;
                }
            }
        }
        gain
    }

    /// What the single column `j` explains at `level`.
    #[inline]
    fn gain(&self, level: usize, j: usize) -> f64 {
        let row = &self.levels[level][j * self.width..(j + 1) * self.width];
        row[self.width - 1] * row[self.width - 1] * inverse_of(row[j], self.floor[j])
    }

    /// Visits all subsets of the players from `player` on, given a set of `size` players with value `value` whose matrix is at
    /// `level`: their values by how many were added go into `self.rows[player]`.
    fn descend(&mut self, player: usize, column: usize, level: usize, size: usize, value: f64) {
        let p = self.players.len();
        if player == p {
            self.rows[p][0] = value;
            return;
        }
        let m = self.players[player];
        if player + 1 == p && m == 1 {
            let with = value + self.gain(level, column);
            self.rows[player][..2].copy_from_slice(&[value, with]);
            *self.totals.at(player, size + 1) += with;
            return;
        }
        let left = p - player;
        self.descend(player + 1, column + m, level, size, value);
        let (own, child) = self.rows.split_at_mut(player + 1);
        own[player][..left].copy_from_slice(&child[0][..left]);
        own[player][left] = 0.0;
        let gain = self.take(level, column, m);
        self.descend(player + 1, column + m, level + 1, size + 1, value + gain);
        let (own, child) = self.rows.split_at_mut(player + 1);
        let at = player * (p + 1) + size + 1;
        let totals = &mut self.totals.sums[at..at + left];
        for ((sum, total), v) in own[player][1..].iter_mut().zip(totals).zip(&child[0][..left]) {
            *sum += v;
            *total += v;
        }
    }

    /// Decides the first players as the bits of `set` say, then visits the rest.
    fn below(&mut self, decided: usize, set: usize) {
        let (mut column, mut level, mut value) = (0, 0, 0.0);
        for player in 0..decided {
            let m = self.players[player];
            if set >> player & 1 == 1 {
                value += self.take(level, column, m);
                level += 1;
            }
            column += m;
        }
        self.descend(decided, column, level, level, value);
        let p = self.players.len();
        for added in 0..=p - decided {
            let (v, s) = (self.rows[decided][added], level + added);
            *self.totals.at(p, s) += v;
            for player in (0..decided).filter(|j| set >> j & 1 == 1) {
                *self.totals.at(player, s) += v;
            }
        }
    }
}

/// 1/pivot, or 0 where nothing is left of the column.
#[inline]
fn inverse_of(pivot: f64, floor: f64) -> f64 {
    if pivot > floor { pivot.recip() } else { 0.0 }
}

/// Squares explained by the players taken in one after the other: what each adds.
pub fn in_order(cross: &Cross) -> Vec<f64> {
    let mut visit = Visit::new(cross);
    let mut column = 0;
    let each = cross.players.iter().enumerate().map(|(level, &m)| {
        let gain = visit.take(level, column, m);
        column += m;
        gain
    });
    each.collect()
}

/// Sums of explained squares over all subsets, on the calling thread.
pub fn totals(cross: &Cross) -> Totals {
    let mut visit = Visit::new(cross);
    visit.below(0, 0);
    visit.totals
}

/// The same, shared out among threads where there are many players; same bits at any number of threads.
///
/// # Errors
/// `Interrupted`; those of the thread pool.
pub fn totals_shared(cross: &Cross, control: &Control) -> Result<Totals> {
    let p = cross.players.len();
    if p <= SHARE_ABOVE {
        return Ok(totals(cross));
    }
    let parts = map_indexed(1 << SPLIT, |set| {
        control.tick(0)?;
        let mut visit = Visit::new(cross);
        visit.below(SPLIT, set);
        Ok(visit.totals)
    })?;
    let mut all = Totals::new(p);
    parts.iter().for_each(|part| all.add(part));
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parallel::with_threads;

    /// A positive definite matrix that mixes everything.
    fn cross(players: &[usize]) -> Cross {
        let m: usize = players.iter().sum::<usize>() + 1;
        let x: Vec<Vec<f64>> = (0..3 * m)
            .map(|i| {
                (0..m)
                    .map(|j| ((i * 7 + j * j * 3 + i * j) % 11) as f64 - 5.0 + f64::from(u8::from(i == j)))
                    .collect()
            })
            .collect();
        let mut s = vec![0.0; m * m];
        for row in &x {
            for j in 0..m {
                for k in 0..m {
                    s[j * m + k] += row[j] * row[k];
                }
            }
        }
        Cross { s, players: players.to_vec() }
    }

    /// Explained squares of one subset by solving its own normal equations.
    fn explained(c: &Cross, set: usize) -> f64 {
        let (m, mut columns, mut at) = (c.width(), Vec::new(), 0);
        for (j, k) in c.players.iter().enumerate() {
            if set >> j & 1 == 1 {
                columns.extend(at..at + k);
            }
            at += k;
        }
        let mut visit = c.s.clone();
        let mut gain = 0.0;
        for &j in &columns {
            let row: Vec<f64> = visit[j * m..(j + 1) * m].to_vec();
            gain += row[m - 1] * row[m - 1] / row[j];
            for k in 0..m {
                for l in 0..m {
                    visit[k * m + l] -= row[k] * row[l] / row[j];
                }
            }
        }
        gain
    }

    #[test]
    fn the_visit_finds_every_subset() {
        for players in [vec![1, 1, 1, 1], vec![2, 1, 3], vec![1]] {
            let c = cross(&players);
            let p = players.len();
            let values: Vec<f64> = (0..1 << p).map(|set| explained(&c, set)).collect();
            let (got, want) = (totals(&c), Totals::of_values(p, &values));
            for (g, w) in got.sums.iter().zip(&want.sums) {
                assert!((g - w).abs() < 1e-9 * w.abs().max(1.0), "{players:?} {g} {w}");
            }
        }
    }

    #[test]
    fn sharing_out_gives_the_same_bits_at_any_number_of_threads() {
        let c = cross(&[1; 15]);
        let of = |n| with_threads(n, || totals_shared(&c, &Control::new()).unwrap());
        assert_eq!(of(1), of(2));
        assert_eq!(of(1), of(8));
        let alone = totals(&c);
        let far = of(1).sums.iter().zip(&alone.sums).any(|(a, b)| (a - b).abs() > 1e-9 * b.abs().max(1.0));
        assert!(!far);
    }
}
