//! Fractional ranks ("ridits", Bross 1958): the share of the population ranked below the middle
//! of one's own group.
//!
//! With weights w (population) and rows in ascending order of the ranking variable,
//! R_i = (Σ_{j before i} w_j + w_i/2) / Σ w. Rows that tie in the ranking form one block and share
//! the block's mid-point, so the answer does not depend on the order of the rows.

use crate::error::{Error, Result};

/// A ranking worked out once, so that ridits for other weights (a resample) cost one pass.
#[derive(Debug, Clone)]
pub struct Ranking {
    order: Vec<usize>,
    /// Start of each block of ties in `order`, and the end of the last one.
    blocks: Vec<usize>,
}

impl Ranking {
    /// Ranks `rank` ascending (n values, all finite).
    ///
    /// # Errors
    /// `TooFew` when fewer than two distinct ranks exist: no inequality can be seen then.
    pub fn new(rank: &[f64], column: &str) -> Result<Self> {
        let mut order: Vec<usize> = (0..rank.len()).collect();
        order.sort_by(|&i, &j| rank[i].total_cmp(&rank[j]));
        let mut blocks = vec![0];
        for k in 1..order.len() {
            if rank[order[k]] != rank[order[k - 1]] {
                blocks.push(k);
            }
        }
        blocks.push(order.len());
        let distinct = blocks.len() - 1;
        if distinct < 2 || order.is_empty() {
            let what = format!("distinct values of the ranking column \"{column}\"");
            return Err(Error::TooFew { what, needed: 2, got: if order.is_empty() { 0 } else { distinct } });
        }
        Ok(Self { order, blocks })
    }

    /// Rows ranked.
    pub fn len(&self) -> usize {
        self.order.len()
    }

    /// Whether nothing is ranked (never true: `new` refuses).
    pub fn is_empty(&self) -> bool {
        self.order.is_empty()
    }

    /// The blocks of tied rows, ascending.
    pub fn blocks(&self) -> impl Iterator<Item = &[usize]> {
        self.blocks.windows(2).map(|b| &self.order[b[0]..b[1]])
    }

    /// Writes the ridit of every row into `out` (n values) and returns Σ w; `w(i)` ≥ 0.
    pub fn ridits(&self, w: impl Fn(usize) -> f64, out: &mut [f64]) -> f64 {
        let total: f64 = self.order.iter().map(|&i| w(i)).sum();
        let mut below = 0.0;
        for block in self.blocks() {
            let own: f64 = block.iter().map(|&i| w(i)).sum();
            let ridit = (below + own / 2.0) / total;
            for &i in block {
                out[i] = ridit;
            }
            below += own;
        }
        total
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_weights_give_mid_points_and_ties_share() {
        let ranking = Ranking::new(&[30.0, 10.0, 20.0, 20.0], "rank").unwrap();
        let mut r = [0.0; 4];
        assert_eq!(ranking.ridits(|_| 1.0, &mut r), 4.0);
        assert_eq!(r, [0.875, 0.125, 0.5, 0.5]);
    }

    #[test]
    fn the_weighted_mean_ridit_is_one_half() {
        let w = [3.0, 1.0, 4.0, 1.0, 5.0];
        let ranking = Ranking::new(&[2.0, 7.0, 1.0, 8.0, 2.0], "rank").unwrap();
        let mut r = [0.0; 5];
        let total = ranking.ridits(|i| w[i], &mut r);
        let mean: f64 = r.iter().zip(&w).map(|(r, w)| r * w).sum::<f64>() / total;
        assert!((mean - 0.5).abs() < 1e-15);
    }

    #[test]
    fn one_distinct_rank_is_refused() {
        assert!(matches!(Ranking::new(&[1.0, 1.0], "rank"), Err(Error::TooFew { got: 1, .. })));
        assert!(matches!(Ranking::new(&[], "rank"), Err(Error::TooFew { got: 0, .. })));
    }
}
