//! Theil's indices and their split between and within nested groups.
//!
//! Values x_i ≥ 0 with weights w_i, u_i = x_i/m with m the weighted mean; over a set of rows A = Σw, B = Σwu:
//! * T = Σ w u ln u / B − ln(B/A), 0 at equality, ln(1/share) when one part holds all; 0·ln 0 = 0;
//! * L = ln(B/A) − Σ w ln u / A (mean log deviation), which needs x > 0.
//!
//! With groups g inside a parent p, y_g = B_g/B and s_g = A_g/A of the whole (Theil 1967; Shorrocks 1980):
//! * T = Σ_g y_g ln{(B_g/A_g)/(B_p/A_p)} summed over the levels, + Σ_g y_g T_g over the finest groups;
//! * L the same with s_g and the ratio turned over.
//!
//! u is scaled by the mean of all rows first: ln u is then small where values are alike, and T of 0.006 keeps its
//! digits. Weights multiply: a row of weight 2 is two rows. Nulls are dropped before.

use crate::design::{Groups, Weights};
use crate::error::{Error, Result};

/// Which index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Index {
    /// Theil's T: shares of the value.
    T,
    /// Theil's L, the mean log deviation: shares of the population.
    L,
}

/// A, B and Σ w u ln u (or Σ w ln u) of a set of rows.
#[derive(Debug, Clone, Copy, Default)]
struct Sums {
    a: f64,
    b: f64,
    d: f64,
}

impl Sums {
    fn plus(self, other: Self) -> Self {
        Self { a: self.a + other.a, b: self.b + other.b, d: self.d + other.d }
    }

    fn mean(self) -> f64 {
        self.b / self.a
    }

    /// Whether a set of rows counts at all: one that no resample drew, or that holds nothing, does not.
    fn counts(self) -> bool {
        self.a > 0.0 && self.b > 0.0
    }
}

impl Index {
    fn of(self, s: Sums) -> f64 {
        let level = s.mean().ln();
        match self {
            Self::T => s.d / s.b - level,
            Self::L => level - s.d / s.a,
        }
    }

    /// Share of the whole by which a group counts.
    fn share(self, group: Sums, whole: Sums) -> f64 {
        match self {
            Self::T => group.b / whole.b,
            Self::L => group.a / whole.a,
        }
    }

    /// What a group adds to the part between its parent's groups.
    fn between(self, group: Sums, parent: Sums, whole: Sums) -> f64 {
        let gap = (group.mean() / parent.mean()).ln();
        self.share(group, whole) * if self == Self::T { gap } else { -gap }
    }
}

/// One level of groups, nested in the level before: the parent of each group.
#[derive(Debug, Clone)]
struct Level {
    parent: Vec<usize>,
}

/// Rows ready for any number of weightings.
#[derive(Debug, Clone)]
pub struct Theil {
    index: Index,
    mean: f64,
    order: Vec<usize>,
    starts: Vec<usize>,
    a: Vec<f64>,
    b: Vec<f64>,
    d: Vec<f64>,
    levels: Vec<Level>,
}

/// Total, the part between groups at every level, the part within the finest groups; `None` where undefined.
#[derive(Debug, Clone, PartialEq)]
#[must_use]
pub struct Parts {
    /// The index of all rows.
    pub total: f64,
    /// Between the groups of each level, inside their parents.
    pub between: Vec<f64>,
    /// Within the finest groups.
    pub within: f64,
}

/// One group of one level.
#[derive(Debug, Clone, Copy, PartialEq)]
#[must_use]
pub struct Member {
    /// Level, 0 the coarsest.
    pub level: usize,
    /// Group of that level.
    pub group: usize,
    /// Weighted mean of the values.
    pub mean: f64,
    /// Share of the weights.
    pub weight_share: f64,
    /// Share of the sum of the values.
    pub value_share: f64,
    /// The index inside the group; `None` when all its values are 0.
    pub index: Option<f64>,
    /// What it adds to the total from within (its share times its index).
    pub within: f64,
    /// What it adds to the part between groups.
    pub between: f64,
}

impl Theil {
    /// Prepares `x` (n values) under `weights`, with the nested `groups` from coarse to fine: codes of each row and the
    /// parent of each code in the level before (0 for the coarsest).
    ///
    /// # Errors
    /// `Values` for negative values, and for zeros under L; `Undefined` for a mean of 0; those of the weights.
    pub fn new(
        x: &[f64],
        weights: Weights<'_>,
        groups: &[(Vec<u32>, Vec<usize>)],
        index: Index,
        column: &str,
    ) -> Result<Self> {
        check(x, index, column)?;
        weights.check(x.len(), "weight")?;
        let total: f64 = (0..x.len()).map(|i| weights.at(i)).sum();
        let mean = (0..x.len()).map(|i| weights.at(i) * x[i]).sum::<f64>() / total;
        if mean <= 0.0 {
            let reason = format!("all values of \"{column}\" with a positive weight are 0");
            return Err(Error::Undefined { what: "Theil's index".to_owned(), reason });
        }
        let finest = match groups.last() {
            Some((codes, parents)) => Groups::from_codes(codes, parents.len()),
            None => Groups::from_codes(&vec![0; x.len()], 1),
        };
        let mut out = Self {
            index,
            mean,
            order: Vec::with_capacity(x.len()),
            starts: vec![0],
            a: Vec::with_capacity(x.len()),
            b: Vec::with_capacity(x.len()),
            d: Vec::with_capacity(x.len()),
            levels: groups.iter().map(|(_, parent)| Level { parent: parent.clone() }).collect(),
        };
        for rows in finest.iter() {
            for &i in rows {
                let (w, u) = (weights.at(i), x[i] / mean);
                out.order.push(i);
                out.a.push(w);
                out.b.push(w * u);
                out.d.push(match index {
                    Index::T if u > 0.0 => w * u * u.ln(),
                    Index::T => 0.0,
                    Index::L => w * u.ln(),
                });
            }
            out.starts.push(out.order.len());
        }
        Ok(out)
    }

    /// Sums of the finest groups under counts `c` per row (1 each without).
    fn finest(&self, c: Option<&[f64]>) -> Vec<Sums> {
        self.starts
            .windows(2)
            .map(|range| {
                let mut s = Sums::default();
                for k in range[0]..range[1] {
                    let c = c.map_or(1.0, |c| c[self.order[k]]);
                    s.a += c * self.a[k];
                    s.b += c * self.b[k];
                    s.d += c * self.d[k];
                }
                s
            })
            .collect()
    }

    /// Sums of every level from coarse to fine, and of the whole.
    fn sums(&self, c: Option<&[f64]>) -> (Vec<Vec<Sums>>, Sums) {
        let mut below = self.finest(c);
        let mut all = Vec::with_capacity(self.levels.len());
        for (k, level) in self.levels.iter().enumerate().rev() {
            let n = if k == 0 { 1 } else { self.levels[k - 1].parent.len() };
            let mut above = vec![Sums::default(); n];
            for (s, &parent) in below.iter().zip(&level.parent) {
                above[parent] = above[parent].plus(*s);
            }
            all.push(std::mem::replace(&mut below, above));
        }
        all.reverse();
        (all, below[0])
    }

    /// The decomposition under counts `c` per row; `None` where nothing is left to compare.
    pub fn parts(&self, c: Option<&[f64]>) -> Option<Parts> {
        let (levels, whole) = self.sums(c);
        if !whole.counts() {
            return None;
        }
        let between = (0..levels.len())
            .map(|k| {
                let above = |g: usize| if k == 0 { whole } else { levels[k - 1][self.levels[k].parent[g]] };
                let each = levels[k].iter().enumerate().filter(|(_, s)| s.counts());
                each.map(|(g, s)| self.index.between(*s, above(g), whole)).sum()
            })
            .collect();
        let total = self.index.of(whole);
        let within = match levels.last() {
            None => total,
            Some(finest) => {
                let each = finest.iter().filter(|s| s.counts());
                each.map(|s| self.index.share(*s, whole) * self.index.of(*s)).sum()
            }
        };
        Some(Parts { total, between, within })
    }

    /// The decomposition of all rows, proved to add up.
    ///
    /// # Errors
    /// `Undefined` if the parts do not add up to the total.
    pub fn decompose(&self) -> Result<Parts> {
        let nothing = || Error::Undefined {
            what: "Theil's index".to_owned(),
            reason: "no row has a positive weight and value".to_owned(),
        };
        let parts = self.parts(None).ok_or_else(nothing)?;
        let sum = parts.between.iter().sum::<f64>() + parts.within;
        super::adds_up("Theil's index", sum, parts.total, 1.0)?;
        Ok(parts)
    }

    /// Every group of every level.
    pub fn members(&self) -> Vec<Member> {
        let (levels, whole) = self.sums(None);
        let mut out = Vec::new();
        for (k, sums) in levels.iter().enumerate() {
            for (g, s) in sums.iter().enumerate().filter(|(_, s)| s.a > 0.0) {
                let parent = if k == 0 { whole } else { levels[k - 1][self.levels[k].parent[g]] };
                let counts = s.counts();
                let index = counts.then(|| self.index.of(*s));
                out.push(Member {
                    level: k,
                    group: g,
                    mean: s.mean() * self.mean,
                    weight_share: s.a / whole.a,
                    value_share: s.b / whole.b,
                    index,
                    within: index.map_or(0.0, |t| self.index.share(*s, whole) * t),
                    between: if counts { self.index.between(*s, parent, whole) } else { 0.0 },
                });
            }
        }
        out
    }
}

fn check(x: &[f64], index: Index, column: &str) -> Result<()> {
    let (expected, bad): (&str, fn(f64) -> bool) = match index {
        Index::T => ("values of 0 or more", |v| v < 0.0),
        Index::L => ("values above 0 (Theil's L takes logarithms; index=\"T\" allows zeros)", |v| v <= 0.0),
    };
    match x.iter().find(|v| bad(**v)) {
        None => Ok(()),
        Some(&first) => {
            let rows = x.iter().enumerate().filter(|(_, v)| bad(**v)).map(|(i, _)| i);
            Err(Error::values(column, rows, expected, first))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(x: &[f64], groups: &[(Vec<u32>, Vec<usize>)], index: Index) -> Parts {
        Theil::new(x, Weights::Unit, groups, index, "x").unwrap().decompose().unwrap()
    }

    #[test]
    fn equality_is_zero_and_one_holder_is_the_log_of_n() {
        assert!(parts(&[3.0; 5], &[], Index::T).total.abs() < 1e-15);
        assert!((parts(&[0.0, 0.0, 0.0, 9.0], &[], Index::T).total - 4.0_f64.ln()).abs() < 1e-15);
    }

    #[test]
    fn nested_levels_add_up() {
        let x = [1.0, 2.0, 4.0, 8.0, 3.0, 5.0, 7.0, 9.0];
        let levels =
            [(vec![0, 0, 0, 0, 1, 1, 1, 1], vec![0, 0]), (vec![0, 0, 1, 1, 2, 2, 3, 3], vec![0, 0, 1, 1])];
        for index in [Index::T, Index::L] {
            let nested = parts(&x, &levels, index);
            let flat =
                parts(&x, &levels[1..].iter().map(|l| (l.0.clone(), vec![0; 4])).collect::<Vec<_>>(), index);
            assert!((nested.between.iter().sum::<f64>() - flat.between[0]).abs() < 1e-15);
            assert!((nested.within - flat.within).abs() < 1e-15);
            assert!(nested.between.iter().all(|b| *b > 0.0));
        }
    }

    #[test]
    fn a_group_of_zeros_counts_and_has_no_index() {
        let theil = Theil::new(
            &[0.0, 0.0, 1.0, 3.0],
            Weights::Unit,
            &[(vec![0, 0, 1, 1], vec![0, 0])],
            Index::T,
            "x",
        )
        .unwrap();
        let parts = theil.decompose().unwrap();
        assert!((parts.between[0] - 2.0_f64.ln()).abs() < 1e-15);
        assert_eq!(theil.members()[0].index, None);
        assert!(Theil::new(&[0.0, 1.0], Weights::Unit, &[], Index::L, "x").is_err());
        assert!(Theil::new(&[0.0, 0.0], Weights::Unit, &[], Index::T, "x").is_err());
    }
}
