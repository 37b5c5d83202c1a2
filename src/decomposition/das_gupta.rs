//! Standardisation and decomposition of rates that are functions of K factors, for two or more populations.
//!
//! R = Σ_c Π_k f_kc over cells c (one cell where factors are numbers). For populations a and b, the rate of a
//! standardised for all factors but k (Das Gupta 1993, ch. 2-5) is
//!
//! Q_k(a; b) = Σ_S |S|!(K − 1 − |S|)!/K! · Σ_c f_kc(a) Π_{j∈S} f_jc(a) Π_{j∉S} f_jc(b), S over subsets of the others,
//!
//! and the effect of k is Q_k(a; b) − Q_k(b; a): the Shapley value of k, so the effects sum to R(a) − R(b). Among N
//! populations (ibid., eq. 5.36 as the reference software has it):
//!
//! Q_k(i) = Σ_{j≠i} q_i.j/(N − 1) + Σ_{j≠i} {Σ_{l≠i,j} q_j.l − (N − 2) q_j.i}/{N(N − 1)}, q_i.j = Q_k(i; j),
//!
//! which makes the effects between any two populations consistent with those between all others.
//!
//! A cross-classified structure of sizes N_c over several variables is split into as many factors whose product is N_c/N
//! ([`structure`]; ibid., ch. 6): each is a geometric mean, over the orders in which the variables may be added, of the share that
//! its level adds. The structure is one factor beside the others first; its effect is then split among its variables (an
//! Owen value), so that the effects of rates do not depend on how many variables cross.

use crate::error::{Error, Result};

/// Factors: `values[k][p][c]` of factor k in population p and cell c.
#[derive(Debug, Clone)]
pub struct Factors {
    /// Names of the K factors.
    pub names: Vec<String>,
    /// K × N × cells.
    pub values: Vec<Vec<Vec<f64>>>,
    /// How many of the last factors are the variables of one structure.
    pub structured: usize,
}

/// More factors than this would need more subsets than can be visited.
pub const MOST_FACTORS: usize = 16;

/// Crude rates and standardised rates.
#[derive(Debug, Clone, PartialEq)]
#[must_use]
pub struct Standardised {
    /// R of each population.
    pub crude: Vec<f64>,
    /// K × N: rate of population p standardised for all factors but k.
    pub rates: Vec<Vec<f64>>,
}

impl Factors {
    fn check(&self) -> Result<()> {
        let (k, n) = (self.values.len(), self.values.first().map_or(0, Vec::len));
        if !(1..=MOST_FACTORS).contains(&k) {
            return Err(Error::option("factors", "between 1 and 16 factors", k));
        }
        if n < 2 {
            return Err(Error::TooFew { what: "populations to compare".to_owned(), needed: 2, got: n });
        }
        Ok(())
    }

    fn n_cells(&self) -> usize {
        self.values[0][0].len()
    }

    /// Q_k(a; b) of one cell.
    fn cell(&self, k: usize, (a, b): (usize, usize), c: usize) -> f64 {
        let first = self.values.len() - self.structured;
        let at = |j: usize, p: usize| self.values[j][p][c];
        let whole = |p: usize| (first..self.values.len()).map(|j| at(j, p)).product::<f64>();
        let others = |p: usize| (0..first).filter(|&j| j != k).map(|j| at(j, p)).collect::<Vec<_>>();
        if k >= first {
            let inner = |p: usize| {
                (first..self.values.len()).filter(|&j| j != k).map(|j| at(j, p)).collect::<Vec<_>>()
            };
            let within = symmetric_mean(&inner(a), &inner(b));
            return at(k, a) * within * symmetric_mean(&others(a), &others(b));
        }
        let with = |p: usize| {
            let mut all = others(p);
            if self.structured > 0 {
                all.push(whole(p));
            }
            all
        };
        at(k, a) * symmetric_mean(&with(a), &with(b))
    }

    fn pair(&self, k: usize, at: (usize, usize)) -> f64 {
        (0..self.n_cells()).map(|c| self.cell(k, at, c)).sum()
    }

    /// Effect of every factor in every cell between populations a and b (K × cells).
    pub fn by_cell(&self, a: usize, b: usize) -> Vec<Vec<f64>> {
        let one = |k: usize, c: usize| self.cell(k, (a, b), c) - self.cell(k, (b, a), c);
        (0..self.values.len()).map(|k| (0..self.n_cells()).map(|c| one(k, c)).collect()).collect()
    }

    fn crude(&self, p: usize) -> f64 {
        (0..self.n_cells()).map(|c| self.values.iter().map(|f| f[p][c]).product::<f64>()).sum()
    }
}

/// Σ_S |S|!(m − |S|)!/(m + 1)! Π_{S} x Π_{not S} y over subsets of m: by the elementary sums of products of each size.
fn symmetric_mean(x: &[f64], y: &[f64]) -> f64 {
    // sums[s]: over subsets with s of x.
    let mut sums = vec![1.0];
    for (x, y) in x.iter().zip(y) {
        let mut next = vec![0.0; sums.len() + 1];
        for (s, v) in sums.iter().enumerate() {
            next[s] += v * y;
            next[s + 1] += v * x;
        }
        sums = next;
    }
    let m = x.len() as f64;
    // |S|!(m − |S|)!/(m + 1)! = 1/{(m + 1) C(m, |S|)}.
    let (mut choose, mut total) = (1.0, 0.0);
    for (s, v) in sums.iter().enumerate() {
        total += v / (choose * (m + 1.0));
        choose *= (m - s as f64) / (s as f64 + 1.0);
    }
    total
}

/// Standardises all populations against each other.
///
/// # Errors
/// `InvalidOption` for no or too many factors; `TooFew` below two populations; `Undefined` if the effects between any two
/// populations do not sum to their difference.
pub fn das_gupta(factors: &Factors) -> Result<Standardised> {
    factors.check()?;
    let n = factors.values[0].len();
    let crude: Vec<f64> = (0..n).map(|p| factors.crude(p)).collect();
    let rates: Vec<Vec<f64>> = (0..factors.values.len())
        .map(|k| {
            let q: Vec<Vec<f64>> = (0..n)
                .map(|i| (0..n).map(|j| if i == j { 0.0 } else { factors.pair(k, (i, j)) }).collect())
                .collect();
            (0..n).map(|i| consistent(&q, i)).collect()
        })
        .collect();
    let scale = crude.iter().fold(0.0_f64, |m, r| m.max(r.abs()));
    for p in 1..n {
        let sum: f64 = rates.iter().map(|r| r[0] - r[p]).sum();
        super::adds_up("Das Gupta's decomposition", sum, crude[0] - crude[p], scale)?;
    }
    Ok(Standardised { crude, rates })
}

/// Q_k(i) among N populations from the pairwise q_i.j.
fn consistent(q: &[Vec<f64>], i: usize) -> f64 {
    let n = q.len();
    let size = n as f64;
    let own: f64 = (0..n).filter(|&j| j != i).map(|j| q[i][j]).sum::<f64>() / (size - 1.0);
    let others: f64 = (0..n)
        .filter(|&j| j != i)
        .map(|j| {
            let rest: f64 = (0..n).filter(|&l| l != i && l != j).map(|l| q[j][l]).sum();
            rest - (size - 2.0) * q[j][i]
        })
        .sum();
    own + others / (size * (size - 1.0))
}

/// Splits sizes of cells over K crossed variables into K factors whose product is the cell's share.
///
/// `levels[k][c]` is the level of variable k in cell c. With N_S(c) the size of the margin that shares the levels of the
/// variables in S with cell c, factor k is Π_S {N_{S∪k}/N_S}^{w(|S|)}, S over subsets of the others, w the weights of
/// [`das_gupta`]. An empty margin makes the share, and every factor, 0.
///
/// # Errors
/// `InvalidOption` for more than 16 variables.
pub fn structure(sizes: &[f64], levels: &[Vec<u32>]) -> Result<Vec<Vec<f64>>> {
    let k = levels.len();
    if !(1..=MOST_FACTORS).contains(&k) {
        return Err(Error::option("structure", "between 1 and 16 variables", k));
    }
    let margins: Vec<Vec<f64>> = (0..1_usize << k).map(|set| margin(sizes, levels, set)).collect();
    let weight = |s: u32| {
        let choose = (0..s).fold(1.0, |c, i| c * (k as f64 - 1.0 - f64::from(i)) / f64::from(i + 1));
        1.0 / (choose * k as f64)
    };
    let one = |j: usize, c: usize| {
        if sizes[c] <= 0.0 {
            return 0.0;
        }
        let sets = (0..1_usize << k).filter(|set| set >> j & 1 == 0);
        sets.map(|set| weight(set.count_ones()) * (margins[set | 1 << j][c] / margins[set][c]).ln())
            .sum::<f64>()
            .exp()
    };
    Ok((0..k).map(|j| (0..sizes.len()).map(|c| one(j, c)).collect()).collect())
}

/// Size of the margin over the variables in `set` to which each cell belongs.
fn margin(sizes: &[f64], levels: &[Vec<u32>], set: usize) -> Vec<f64> {
    let chosen: Vec<&Vec<u32>> =
        (0..levels.len()).filter(|j| set >> j & 1 == 1).map(|j| &levels[j]).collect();
    let key = |c: usize| chosen.iter().map(|l| l[c]).collect::<Vec<_>>();
    let mut sums = std::collections::HashMap::new();
    for (c, size) in sizes.iter().enumerate() {
        *sums.entry(key(c)).or_insert(0.0) += size;
    }
    (0..sizes.len()).map(|c| sums[&key(c)]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decomposition::kitagawa::{Population, kitagawa};

    #[test]
    fn two_factors_are_kitagawas() {
        let (c1, c2, r1, r2) = (vec![0.3, 0.7], vec![0.6, 0.4], vec![1.0, 4.0], vec![2.0, 3.0]);
        let factors = Factors {
            structured: 0,
            names: vec!["composition".into(), "rate".into()],
            values: vec![vec![c1.clone(), c2.clone()], vec![r1.clone(), r2.clone()]],
        };
        let q = das_gupta(&factors).unwrap();
        let one = |s, r| Population { shares: s, rates: r, variances: None, size: None };
        let k = kitagawa(&one(&c1, &r1), &one(&c2, &r2), false).unwrap();
        assert!((q.rates[0][0] - q.rates[0][1] - k.effects[1].total).abs() < 1e-15);
        assert!((q.rates[1][0] - q.rates[1][1] - k.effects[0].total).abs() < 1e-15);
        let cells = factors.by_cell(0, 1);
        assert!((cells[1][1] - k.effects[0].by_category[1]).abs() < 1e-15);
    }

    #[test]
    fn the_factors_of_a_structure_multiply_to_its_shares() {
        let sizes = [10.0, 20.0, 5.0, 0.0, 30.0, 35.0];
        let levels = [vec![0, 0, 0, 1, 1, 1], vec![0, 1, 2, 0, 1, 2]];
        let f = structure(&sizes, &levels).unwrap();
        for c in 0..6 {
            assert!((f[0][c] * f[1][c] - sizes[c] / 100.0).abs() < 1e-15, "{c}");
        }
    }

    #[test]
    fn splitting_a_structure_leaves_the_other_effects_alone() {
        let (one, two) = ([10.0, 20.0, 30.0, 40.0], [25.0, 15.0, 35.0, 5.0]);
        let levels = [vec![0, 0, 1, 1], vec![0, 1, 0, 1]];
        let (a, b) = (structure(&one, &levels).unwrap(), structure(&two, &levels).unwrap());
        let rate = vec![vec![0.1, 0.5, 0.2, 0.9], vec![0.3, 0.4, 0.1, 0.6]];
        let split = Factors {
            structured: 2,
            names: vec![],
            values: vec![rate.clone(), vec![a[0].clone(), b[0].clone()], vec![a[1].clone(), b[1].clone()]],
        };
        let share = |n: &[f64]| n.iter().map(|v| v / n.iter().sum::<f64>()).collect::<Vec<_>>();
        let whole =
            Factors { structured: 0, names: vec![], values: vec![rate, vec![share(&one), share(&two)]] };
        let (s, w) = (das_gupta(&split).unwrap(), das_gupta(&whole).unwrap());
        let effect = |r: &[f64]| r[0] - r[1];
        assert!((effect(&s.rates[0]) - effect(&w.rates[0])).abs() < 1e-14);
        assert!((effect(&s.rates[1]) + effect(&s.rates[2]) - effect(&w.rates[1])).abs() < 1e-14);
    }

    #[test]
    fn effects_between_many_populations_are_consistent() {
        let of = |v: &[f64]| v.iter().map(|x| vec![*x]).collect::<Vec<_>>();
        let factors = Factors {
            structured: 0,
            names: vec![],
            values: vec![of(&[1.0, 2.0, 4.0]), of(&[3.0, 5.0, 2.0]), of(&[1.5, 0.5, 2.5])],
        };
        let q = das_gupta(&factors).unwrap();
        for (a, b) in [(0, 1), (1, 2), (0, 2)] {
            let sum: f64 = q.rates.iter().map(|r| r[a] - r[b]).sum();
            assert!((sum - (q.crude[a] - q.crude[b])).abs() < 1e-13);
        }
        assert!(das_gupta(&Factors { structured: 0, names: vec![], values: vec![of(&[1.0])] }).is_err());
    }
}
