//! From a statistic of resampling weights to standard errors and intervals, in one call.
//!
//! Replicates come from [`super::bootstrap`]; BCa takes its acceleration from leaving out what the plan draws:
//! one row, or one whole cluster.

use crate::error::Result;
use crate::parallel::{Control, map_chunks};
use crate::resample::bootstrap::bootstrap;
use crate::resample::interval::{Kind, bias_and_error, interval};
use crate::resample::jackknife::jackknife;
use crate::resample::plan::Plan;

/// What is drawn and what is made of it.
#[derive(Debug, Clone, Copy)]
pub struct Draws {
    /// Kind of interval.
    pub kind: Kind,
    /// Level.
    pub conf_level: f64,
    /// Replicates.
    pub n_resamples: usize,
    /// Seed.
    pub seed: u64,
}

/// What resampling says about one statistic.
#[derive(Debug, Clone, PartialEq)]
#[must_use]
pub struct Summary {
    /// Standard deviation of the replicates; `None` below two of them.
    pub std_error: Option<f64>,
    /// Limits, or why there are none.
    pub interval: std::result::Result<(f64, f64), String>,
    /// Replicates without a value.
    pub undefined: usize,
}

/// Summaries of the statistics `whole` (their values on all rows), recomputed by `statistic(counts)`.
///
/// # Errors
/// Those of the plan and of the statistic; `Interrupted`.
pub fn summaries(
    plan: &Plan,
    whole: &[Option<f64>],
    draws: Draws,
    control: &Control,
    statistic: impl Fn(&[f64]) -> Result<Vec<Option<f64>>> + Sync,
) -> Result<Vec<Summary>> {
    let drawn = bootstrap(plan, whole.len(), draws.n_resamples, draws.seed, control, &statistic)?;
    let left = if draws.kind == Kind::Bca { left_out(plan, &statistic)? } else { Vec::new() };
    let each = drawn.values.into_iter().zip(drawn.undefined).enumerate();
    Ok(each
        .map(|(j, (mut values, undefined))| {
            let Some(t) = whole[j] else {
                let interval = Err("the statistic is undefined".to_owned());
                return Summary { std_error: None, interval, undefined: draws.n_resamples };
            };
            let column: Vec<f64> = left.iter().filter_map(|row: &Vec<Option<f64>>| row[j]).collect();
            let acceleration = jackknife(&column, t).map_or(0.0, |found| found.acceleration);
            let std_error = bias_and_error(&values, t).map(|(_, error)| error);
            // A statistic that no resample changes has no spread to make an interval of.
            let limits = if values.iter().all(|v| *v == t) && !values.is_empty() {
                Ok((t, t))
            } else {
                interval(draws.kind, &mut values, t, draws.conf_level, acceleration)
                    .map_err(|e| e.to_string())
            };
            Summary { std_error, interval: limits, undefined }
        })
        .collect())
}

/// The statistic without each row (or cluster) in turn.
fn left_out(
    plan: &Plan,
    statistic: &(impl Fn(&[f64]) -> Result<Vec<Option<f64>>> + Sync),
) -> Result<Vec<Vec<Option<f64>>>> {
    let (n, clusters) = match plan {
        Plan::Simple(n) | Plan::Stratified(_, n) => (*n, None),
        Plan::Cluster(groups, n) => (*n, Some(groups)),
    };
    let units = clusters.map_or(n, crate::design::Groups::len);
    let parts = map_chunks(units, 64, |range| {
        let mut weights = vec![1.0; n];
        let mut out = Vec::with_capacity(range.len());
        for unit in range {
            let one = [unit];
            let rows = clusters.map_or(&one[..], |groups| groups.rows(unit));
            rows.iter().for_each(|&row| weights[row] = 0.0);
            out.push(statistic(&weights)?);
            rows.iter().for_each(|&row| weights[row] = 1.0);
        }
        Ok(out)
    })?;
    Ok(parts.into_iter().flatten().collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::design::Groups;
    use crate::error::Error;
    use crate::parallel::with_threads;

    const X: [f64; 8] = [1.0, 4.0, 2.0, 8.0, 5.0, 7.0, 3.0, 6.0];

    #[allow(clippy::unnecessary_wraps)] // the shape of a statistic
    fn mean(c: &[f64]) -> Result<Vec<Option<f64>>> {
        let total: f64 = c.iter().sum();
        Ok(vec![Some(c.iter().zip(&X).map(|(c, x)| c * x).sum::<f64>() / total), None])
    }

    #[test]
    fn the_mean_has_its_error_and_what_is_undefined_says_so() {
        let draws = Draws { kind: Kind::Bca, conf_level: 0.9, n_resamples: 4000, seed: 3 };
        let of = |threads| {
            with_threads(threads, || {
                summaries(&Plan::Simple(8), &[Some(4.5), None], draws, &Control::new(), mean).unwrap()
            })
        };
        let found = of(1);
        assert_eq!(found, of(2));
        assert_eq!(found, of(8));
        // sd of 1..8 with divisor n, over the root of n.
        let error = (5.25_f64 / 8.0).sqrt();
        assert!((found[0].std_error.unwrap() - error).abs() < 0.03, "{found:?}");
        let (low, high) = found[0].interval.clone().unwrap();
        assert!(low < 4.5 && high > 4.5);
        assert!(found[1].interval.is_err());
    }

    #[test]
    fn clusters_are_left_out_whole() {
        let groups = Groups::from_codes(&[0, 0, 0, 0, 1, 1, 1, 1], 2);
        let left = left_out(&Plan::Cluster(groups, 8), &mean).unwrap();
        assert_eq!(left.iter().map(|row| row[0]).collect::<Vec<_>>(), [Some(5.25), Some(3.75)]);
    }

    #[test]
    fn errors_of_the_statistic_come_back() {
        let draws = Draws { kind: Kind::Percentile, conf_level: 0.9, n_resamples: 40, seed: 3 };
        let got = summaries(&Plan::Simple(8), &[Some(1.0)], draws, &Control::new(), |_| {
            Err(Error::option("x", "y", "z"))
        });
        assert!(got.is_err());
    }
}
