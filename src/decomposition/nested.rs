//! Variance at nested levels: between groups, between groups inside groups, between rows, and what is sampling alone.
//!
//! y_i = μ + Σ_k a_{k,g(i)} + e_i, var a_k = σ²_k for every level k from coarse to fine (rows last), var e_i = v_i known
//! (0 where none is given, so that the row level then holds everything below the groups). With weights w, W_g = Σ_{i∈g} w and T_k =
//! Σ_g W_g ȳ_g², the squares between the groups of level k inside those of k − 1 are S_k = T_k − T_{k−1}, and
//!
//! E S_k = Σ_{l≥k} (c_{kl} − c_{k−1,l}) σ²_l + s_k − s_{k−1}, c_{kl} = Σ_{g∈k} Σ_{h∈l, h⊂g} W_h²/W_g, s_k = Σ_i w_i² v_i/W_{g(i)}
//!
//! (Henderson 1953, method I; Searle, Casella and McCulloch 1992, ch. 5; the s_k take the sampling variance away). The system
//! is triangular and is solved from the rows up. Estimates below 0 are set to 0 and said to be so.
//!
//! v_i of a rate y = d/n: d/n² under Poisson, y(1 − y)/(n − 1) under binomial counts; both are unbiased.

use crate::error::{Error, Result};

/// Levels of groups from coarse to fine: code of every row, and how many groups.
pub type Levels = Vec<(Vec<u32>, usize)>;

/// Rows, their weights and sampling variances, and the linear system.
#[derive(Debug, Clone)]
pub struct Nest {
    /// Levels; the last has every row as a group of its own.
    levels: Levels,
    w: Vec<f64>,
    v: Vec<f64>,
    /// W_g of every level.
    sizes: Vec<Vec<f64>>,
    /// E S_k = Σ_l system[k][l] σ²_l + noise[k].
    system: Vec<Vec<f64>>,
    noise: Vec<f64>,
}

/// What was found.
#[derive(Debug, Clone, PartialEq)]
#[must_use]
pub struct Components {
    /// S_k: squares observed between the groups of each level.
    pub squares: Vec<f64>,
    /// σ²_k, possibly below 0.
    pub raw: Vec<f64>,
    /// Weighted mean of the sampling variances.
    pub sampling: f64,
}

impl Nest {
    /// Prepares rows with weights `w` and sampling variances `v`; `names` name the levels of `groups`, for errors.
    ///
    /// # Errors
    /// `TooFew` below two rows; `Undefined` for a level that nothing tells from the one above it.
    pub fn new(mut groups: Levels, w: Vec<f64>, v: Vec<f64>, names: &[String]) -> Result<Self> {
        let n = w.len();
        if n < 2 {
            return Err(Error::TooFew { what: "rows to compare".to_owned(), needed: 2, got: n });
        }
        groups.push(((0..).take(n).collect(), n));
        let sizes: Vec<Vec<f64>> = groups
            .iter()
            .map(|(codes, k)| {
                let mut sums = vec![0.0; *k];
                codes.iter().zip(&w).for_each(|(&g, w)| sums[g as usize] += w);
                sums
            })
            .collect();
        let levels = groups.len();
        let total: f64 = w.iter().sum();
        // c_{kl} over the groups of level k (the whole for k = −1) of the groups of level l inside them.
        let above = |k: Option<usize>, i: usize| k.map_or(total, |k| sizes[k][groups[k].0[i] as usize]);
        let c = |k: Option<usize>, l: usize| -> f64 {
            if k.is_some_and(|k| k >= l) {
                return total;
            }
            // Each row adds w_i W_h/W_g: summed over the rows of h, W_h²/W_g.
            (0..n).map(|i| w[i] * sizes[l][groups[l].0[i] as usize] / above(k, i)).sum()
        };
        let s = |k: Option<usize>| (0..n).map(|i| w[i] * w[i] * v[i] / above(k, i)).sum::<f64>();
        let before = |k: usize| k.checked_sub(1);
        let system: Vec<Vec<f64>> =
            (0..levels).map(|k| (0..levels).map(|l| c(Some(k), l) - c(before(k), l)).collect()).collect();
        let noise = (0..levels).map(|k| s(Some(k)) - s(before(k))).collect();
        for (k, row) in system.iter().enumerate() {
            if row[k] <= 1e-10 * total {
                let what = names.get(k).map_or_else(
                    || "the variance between rows".to_owned(),
                    |n| format!("the variance between levels of \"{n}\""),
                );
                let reason = "no group of the level above holds more than one of them".to_owned();
                return Err(Error::Undefined { what, reason });
            }
        }
        Ok(Self { levels: groups, w, v, sizes, system, noise })
    }

    /// Levels, the rows included.
    pub fn n_levels(&self) -> usize {
        self.levels.len()
    }

    /// Groups of level k.
    pub fn n_groups(&self, k: usize) -> usize {
        self.levels[k].1
    }

    /// Sampling variance of row i.
    pub fn sampling(&self) -> &[f64] {
        &self.v
    }

    /// Code of row i at level k.
    pub fn code(&self, k: usize, i: usize) -> usize {
        self.levels[k].0[i] as usize
    }

    /// Weighted group means of level k.
    pub fn means(&self, k: usize, y: &[f64]) -> Vec<f64> {
        let (codes, n) = &self.levels[k];
        let mut sums = vec![0.0; *n];
        codes.iter().zip(y).zip(&self.w).for_each(|((&g, y), w)| sums[g as usize] += w * y);
        sums.iter().zip(&self.sizes[k]).map(|(s, w)| if *w > 0.0 { s / w } else { 0.0 }).collect()
    }

    /// S_k as a bilinear form of the group means of two vectors (both centred or not: the mean is taken out).
    pub fn squares(&self, x: &[Vec<f64>], y: &[Vec<f64>]) -> Vec<f64> {
        let total: f64 = self.sizes[0].iter().sum();
        let whole = |m: &[Vec<f64>]| self.sizes[0].iter().zip(&m[0]).map(|(w, v)| w * v).sum::<f64>() / total;
        let (mx, my) = (whole(x), whole(y));
        let mut last = 0.0;
        (0..self.levels.len())
            .map(|k| {
                let t: f64 = self.sizes[k]
                    .iter()
                    .zip(&x[k])
                    .zip(&y[k])
                    .map(|((w, x), y)| w * (x - mx) * (y - my))
                    .sum();
                let own = t - last;
                last = t;
                own
            })
            .collect()
    }

    /// σ² with S = system·σ² (+ noise where `noisy`), from the rows up.
    pub fn solve(&self, squares: &[f64], noisy: bool) -> Vec<f64> {
        let n = self.levels.len();
        let mut out = vec![0.0; n];
        for k in (0..n).rev() {
            let below: f64 = (k + 1..n).map(|l| self.system[k][l] * out[l]).sum();
            let noise = if noisy { self.noise[k] } else { 0.0 };
            out[k] = (squares[k] - noise - below) / self.system[k][k];
        }
        out
    }

    /// Components of `y`.
    ///
    /// # Errors
    /// `Undefined` if the squares do not add up to the total.
    pub fn components(&self, y: &[f64]) -> Result<Components> {
        let means: Vec<Vec<f64>> = (0..self.levels.len()).map(|k| self.means(k, y)).collect();
        let squares = self.squares(&means, &means);
        let total: f64 = self.w.iter().sum();
        let mean = self.w.iter().zip(y).map(|(w, y)| w * y).sum::<f64>() / total;
        let direct = self.w.iter().zip(y).map(|(w, y)| w * (y - mean).powi(2)).sum::<f64>();
        super::adds_up("the decomposition of variance", squares.iter().sum(), direct, direct)?;
        let raw = self.solve(&squares, true);
        let sampling = self.w.iter().zip(&self.v).map(|(w, v)| w * v).sum::<f64>() / total;
        Ok(Components { squares, raw, sampling })
    }
}

/// Shares of the components with those below 0 set to 0; `None` when nothing is left.
pub fn shares(raw: &[f64]) -> Option<Vec<f64>> {
    let total: f64 = raw.iter().map(|v| v.max(0.0)).sum();
    (total > 0.0).then(|| raw.iter().map(|v| v.max(0.0) / total).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_balanced_table_gives_the_anova_estimates() {
        // Three groups of two: MSB = 2·var of means, MSW; σ²_g = (MSB − MSW)/2.
        let y = [1.0, 3.0, 6.0, 8.0, 2.0, 6.0];
        let nest =
            Nest::new(vec![(vec![0, 0, 1, 1, 2, 2], 3)], vec![1.0; 6], vec![0.0; 6], &["g".to_owned()])
                .unwrap();
        let found = nest.components(&y).unwrap();
        let means = [2.0, 7.0, 4.0];
        let grand = 13.0 / 3.0;
        let msb = 2.0 * means.iter().map(|m| (m - grand) * (m - grand)).sum::<f64>() / 2.0;
        let msw = (2.0 + 2.0 + 8.0) / 3.0;
        assert!((found.raw[1] - msw).abs() < 1e-12);
        assert!((found.raw[0] - (msb - msw) / 2.0).abs() < 1e-12);
    }

    #[test]
    fn sampling_variance_is_taken_away() {
        let y = [1.0, 3.0, 6.0, 8.0];
        let nest = Nest::new(Vec::new(), vec![1.0; 4], vec![0.5, 1.0, 1.5, 1.0], &[]).unwrap();
        let found = nest.components(&y).unwrap();
        let variance = y.iter().map(|y| (y - 4.5) * (y - 4.5)).sum::<f64>() / 3.0;
        assert!((found.raw[0] - (variance - 1.0)).abs() < 1e-12 && (found.sampling - 1.0).abs() < 1e-15);
        assert!(Nest::new(vec![(vec![0, 1, 2], 3)], vec![1.0; 3], vec![0.0; 3], &["g".to_owned()]).is_err());
        assert_eq!(shares(&[3.0, -1.0]), Some(vec![1.0, 0.0]));
        assert_eq!(shares(&[-3.0, -1.0]), None);
    }
}
