//! Replicates of a statistic of resampling weights.

use crate::error::Result;
use crate::parallel::{Control, map_chunks};
use crate::resample::plan::Plan;

/// Replicates per unit of parallel work: fixed, so that errors and ticks come in one order.
const BLOCK: usize = 64;

/// Bootstrap replicates of several statistics at once.
#[derive(Debug, Clone, PartialEq)]
#[must_use]
pub struct Replicates {
    /// One vector per statistic: the replicates on which it is defined, in replicate order.
    pub values: Vec<Vec<f64>>,
    /// Per statistic, how many replicates had no value (a constant resample).
    pub undefined: Vec<usize>,
}

/// Draws `n_resamples` replicates of the `n_statistics` values that `statistic(counts)` gives;
/// `None` for a statistic that the resample does not define.
///
/// # Errors
/// Those of the plan and the statistic; `Interrupted`.
pub fn bootstrap(
    plan: &Plan,
    n_statistics: usize,
    n_resamples: usize,
    seed: u64,
    control: &Control,
    statistic: impl Fn(&[f64]) -> Result<Vec<Option<f64>>> + Sync,
) -> Result<Replicates> {
    plan.check()?;
    control.announce(n_resamples as u64);
    let blocks = map_chunks(n_resamples, BLOCK, |range| {
        let mut counts = vec![0.0; plan.n_rows()];
        let mut rows = Vec::with_capacity(range.len());
        control.tick(range.len() as u64)?;
        for replicate in range {
            plan.draw(seed, replicate as u64, &mut counts);
            rows.push(statistic(&counts)?);
        }
        Ok(rows)
    })?;
    let mut out = Replicates {
        values: vec![Vec::with_capacity(n_resamples); n_statistics],
        undefined: vec![0; n_statistics],
    };
    for row in blocks.into_iter().flatten() {
        for (j, value) in row.into_iter().enumerate() {
            match value {
                Some(v) if v.is_finite() => out.values[j].push(v),
                _ => out.undefined[j] += 1,
            }
        }
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parallel::with_threads;

    fn mean_of(threads: usize) -> Replicates {
        let x: Vec<f64> = (0..22).map(|i| f64::from(i * i)).collect();
        let statistic = |c: &[f64]| {
            let total: f64 = c.iter().sum();
            Ok(vec![
                Some(c.iter().zip(&x).map(|(c, x)| c * x).sum::<f64>() / total),
                (c[0] > 0.0).then_some(1.0),
            ])
        };
        with_threads(threads, || bootstrap(&Plan::Simple(22), 2, 500, 1, &Control::new(), statistic).unwrap())
    }

    #[test]
    fn same_bits_at_any_thread_count_and_undefined_ones_are_counted() {
        let one = mean_of(1);
        assert_eq!(one, mean_of(2));
        assert_eq!(one, mean_of(8));
        assert_eq!(one.values[1].len() + one.undefined[1], 500);
        assert!(one.undefined[1] > 100, "a row is left out of about 36% of resamples");
    }

    #[test]
    fn a_stop_ends_it() {
        let control = Control::new();
        control.stop();
        let got = bootstrap(&Plan::Simple(5), 1, 10, 1, &control, |_| Ok(vec![Some(1.0)]));
        assert_eq!(got, Err(crate::error::Error::Interrupted));
    }
}
