//! Which rows a bootstrap replicate draws, as a count per row.
//!
//! A sample with replacement is a vector of counts c with Σc = n (within each stratum, or over whole
//! clusters): statistics that take weights never need the rows gathered.

use crate::design::Groups;
use crate::error::{Error, Result};
use crate::rng::Stream;

/// How rows are drawn.
#[derive(Debug, Clone)]
pub enum Plan {
    /// n of n rows.
    Simple(usize),
    /// Within each group as many rows as it has (`rows` in all).
    Stratified(Groups, usize),
    /// As many whole groups as there are, each with all its rows (`rows` in all).
    Cluster(Groups, usize),
}

impl Plan {
    /// Checks that there is something to draw.
    ///
    /// # Errors
    /// `TooFew` below two rows (or two clusters).
    pub fn check(&self) -> Result<()> {
        let (what, got) = match self {
            Self::Simple(n) | Self::Stratified(_, n) => ("rows to resample", *n),
            Self::Cluster(groups, _) => ("clusters to resample", groups.len()),
        };
        if got < 2 {
            return Err(Error::TooFew { what: what.to_owned(), needed: 2, got });
        }
        Ok(())
    }

    /// Rows of the table.
    pub fn n_rows(&self) -> usize {
        match self {
            Self::Simple(n) | Self::Stratified(_, n) | Self::Cluster(_, n) => *n,
        }
    }

    /// Writes the counts of replicate `replicate` under `seed` into `counts` (one per row).
    pub fn draw(&self, seed: u64, replicate: u64, counts: &mut [f64]) {
        counts.fill(0.0);
        let mut stream = Stream::new(seed, replicate);
        // Tables above 2^32 rows are resampled among the first 2^32; no 22-authority table is near.
        let size = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        match self {
            Self::Simple(n) => {
                for _ in 0..*n {
                    counts[stream.index(size(*n)) as usize] += 1.0;
                }
            }
            Self::Stratified(groups, _) => {
                for rows in groups.iter() {
                    for _ in 0..rows.len() {
                        counts[rows[stream.index(size(rows.len())) as usize]] += 1.0;
                    }
                }
            }
            Self::Cluster(groups, _) => {
                for _ in 0..groups.len() {
                    for &row in groups.rows(stream.index(size(groups.len())) as usize) {
                        counts[row] += 1.0;
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strata_keep_their_sizes_and_clusters_stay_whole() {
        let groups = Groups::from_codes(&[0, 0, 0, 1, 1, 2], 3);
        let mut c = [0.0; 6];
        for i in 0..50 {
            Plan::Stratified(groups.clone(), 6).draw(7, i, &mut c);
            assert_eq!([c[0] + c[1] + c[2], c[3] + c[4], c[5]], [3.0, 2.0, 1.0]);
            Plan::Cluster(groups.clone(), 6).draw(7, i, &mut c);
            assert!(c[0] == c[1] && c[1] == c[2] && c[3] == c[4]);
            assert_eq!(c[0] + c[3] + c[5], 3.0);
        }
    }

    #[test]
    fn one_row_cannot_be_resampled() {
        assert!(Plan::Simple(1).check().is_err());
        assert!(Plan::Cluster(Groups::from_codes(&[0, 0], 1), 2).check().is_err());
    }
}
