//! A column sorted once: what Spearman and Kendall need of it, for any number of partners and resamples.

/// Ascending order and dense ranks of a column of n finite values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ranked {
    /// Rows in ascending order of value; tied rows in row order.
    pub order: Vec<u32>,
    /// Dense rank (0-based level) of each row.
    pub levels: Vec<u32>,
    /// Where the rows of each level start in `order`; one more entry than levels.
    pub starts: Vec<u32>,
}

impl Ranked {
    /// Sorts a column. Columns above 2^32 − 1 rows are not supported (32 GB of values).
    #[allow(clippy::cast_possible_truncation)]
    pub fn new(x: &[f64]) -> Self {
        // + 0.0 turns −0.0 into 0.0, which total_cmp would tell apart.
        let mut keyed: Vec<(f64, u32)> = x.iter().zip(0_u32..).map(|(v, i)| (v + 0.0, i)).collect();
        keyed.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        let (mut levels, mut starts) = (vec![0; x.len()], Vec::new());
        for (k, &(value, row)) in keyed.iter().enumerate() {
            if k == 0 || value != keyed[k - 1].0 {
                starts.push(k as u32);
            }
            levels[row as usize] = starts.len() as u32 - 1;
        }
        starts.push(x.len() as u32);
        Self { order: keyed.into_iter().map(|(_, row)| row).collect(), levels, starts }
    }

    /// Rows.
    pub fn len(&self) -> usize {
        self.order.len()
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.order.is_empty()
    }

    /// Distinct values.
    pub fn n_levels(&self) -> usize {
        self.starts.len() - 1
    }

    /// Whether two rows share a value.
    pub fn has_ties(&self) -> bool {
        self.n_levels() < self.len()
    }

    /// The rows of each level, ascending.
    pub fn ties(&self) -> impl Iterator<Item = &[u32]> {
        self.starts.windows(2).map(|w| &self.order[w[0] as usize..w[1] as usize])
    }

    /// Rows in ascending (x, y): x this column, y the other.
    pub fn order_with(&self, y: &Self) -> Vec<u32> {
        if !self.has_ties() {
            return self.order.clone();
        }
        // Rows in y-order dealt into the levels of x: a counting sort, stable.
        let (mut next, mut out) = (self.starts.clone(), vec![0; self.len()]);
        for &row in &y.order {
            let place = &mut next[self.levels[row as usize] as usize];
            out[*place as usize] = row;
            *place += 1;
        }
        out
    }

    /// Mid-ranks (1-based) by row.
    pub fn midranks(&self) -> Vec<f64> {
        let mut ranks = vec![0.0; self.len()];
        for w in self.starts.windows(2) {
            let rank = f64::from(w[0] + w[1] + 1) / 2.0;
            for &row in &self.order[w[0] as usize..w[1] as usize] {
                ranks[row as usize] = rank;
            }
        }
        ranks
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_orders_and_midranks() {
        let x = Ranked::new(&[10.0, 20.0, 10.0, -0.0, 0.0]);
        assert_eq!((x.order.as_slice(), x.levels.as_slice()), (&[3, 4, 0, 2, 1][..], &[1, 2, 1, 0, 0][..]));
        assert_eq!(x.midranks(), [3.5, 5.0, 3.5, 1.5, 1.5]);
        let y = Ranked::new(&[2.0, 1.0, 1.0, 5.0, 4.0]);
        assert_eq!(x.order_with(&y), [4, 3, 2, 0, 1]);
        assert!(Ranked::new(&[]).is_empty());
    }
}
