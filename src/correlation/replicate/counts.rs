//! The counts of a block of replicates: how often each row is in each.

use ndarray::Array2;

use crate::error::{Error, Result};
use crate::resample::plan::Plan;

/// Lanes that a block's width is filled up to.
pub const LANES: usize = 16;

/// Where replicates come from.
#[derive(Debug, Clone)]
pub enum Source {
    /// Replicate i of seed s is the plan's draw from stream (s, i).
    Bootstrap {
        /// How rows are drawn.
        plan: Plan,
        /// How many replicates.
        n_resamples: usize,
        /// Seed.
        seed: u64,
    },
    /// Replicate i is all n rows but row i.
    LeaveOneOut(usize),
}

impl Source {
    /// Simple resamples of n rows.
    pub const fn simple(n: usize, n_resamples: usize, seed: u64) -> Self {
        Self::Bootstrap { plan: Plan::Simple(n), n_resamples, seed }
    }

    /// How many replicates.
    pub const fn n_replicates(&self) -> usize {
        match self {
            Self::Bootstrap { n_resamples, .. } => *n_resamples,
            Self::LeaveOneOut(n) => *n,
        }
    }

    /// Rows of the table.
    pub fn n_rows(&self) -> usize {
        match self {
            Self::Bootstrap { plan, .. } => plan.n_rows(),
            Self::LeaveOneOut(n) => *n,
        }
    }

    /// Checks that there is something to draw.
    ///
    /// # Errors
    /// Those of the plan; `TooFew` below two rows.
    pub fn check(&self) -> Result<()> {
        match self {
            Self::Bootstrap { plan, .. } => plan.check(),
            Self::LeaveOneOut(n) if *n < 2 => {
                Err(Error::TooFew { what: "leaving out each row".to_owned(), needed: 2, got: *n })
            }
            Self::LeaveOneOut(_) => Ok(()),
        }
    }

    fn write(&self, replicate: usize, counts: &mut [f64]) {
        match self {
            Self::Bootstrap { plan, seed, .. } => plan.draw(*seed, replicate as u64, counts),
            Self::LeaveOneOut(_) => {
                counts.fill(1.0);
                counts[replicate] = 0.0;
            }
        }
    }
}

/// Counts of b replicates of n rows.
#[derive(Debug)]
pub struct Counts {
    /// n × b, filled up with columns of zeros to a multiple of [`LANES`].
    pub by_row: Array2<f64>,
    /// The same as b × n whole numbers, where a kernel asked for them.
    pub by_replicate: Vec<u32>,
    /// Σc of each column of `by_row`; 1 in the fill.
    pub totals: Vec<f64>,
    /// Replicates.
    pub b: usize,
}

impl Counts {
    /// Replicates `first..first + b` of a source.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // whole counts of at most n < 2^32 rows
    pub fn draw(source: &Source, first: usize, b: usize, by_replicate: bool) -> Self {
        let (n, width) = (source.n_rows(), b.next_multiple_of(LANES));
        let mut out = Self {
            by_row: Array2::zeros((n, width)),
            by_replicate: Vec::with_capacity(if by_replicate { b * n } else { 0 }),
            totals: vec![1.0; width],
            b,
        };
        let mut counts = vec![0.0; n];
        for at in 0..b {
            source.write(first + at, &mut counts);
            for (slot, c) in out.by_row.column_mut(at).iter_mut().zip(&counts) {
                *slot = *c;
            }
            out.totals[at] = counts.iter().sum();
            if by_replicate {
                out.by_replicate.extend(counts.iter().map(|c| *c as u32));
            }
        }
        out
    }

    /// The counts of row i, [`Counts::width`] values.
    pub fn row(&self, i: usize) -> &[f64] {
        let width = self.width();
        self.by_row.as_slice().map_or(&[], |all| &all[i * width..(i + 1) * width])
    }

    /// Columns, fill included.
    pub fn width(&self) -> usize {
        self.totals.len()
    }
}
