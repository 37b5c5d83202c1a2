//! Bootstrap intervals of the slope and relative index.
//!
//! Rows are resampled with replacement; each replicate ranks the resampled population anew (ridits of
//! w·c, c the resampling counts) and refits the line. BCa takes its acceleration from the jackknife.

use crate::design::Weights;
use crate::error::{Error, Result};
use crate::inequality::line;
use crate::inequality::ridit::Ranking;
use crate::inequality::slope_index::Transform;
use crate::parallel::Control;
use crate::resample::bootstrap::bootstrap;
use crate::resample::interval::{Kind, bias_and_error, interval};
use crate::resample::jackknife::jackknife;
use crate::resample::plan::Plan;

/// Limits, or the reason there are none, and the standard error of one index.
#[derive(Debug, Clone, PartialEq)]
#[must_use]
pub struct Resampled {
    /// Lower and upper limit.
    pub interval: std::result::Result<(f64, f64), String>,
    /// Bootstrap standard error.
    pub std_error: Option<f64>,
    /// Replicates on which the index is undefined.
    pub undefined: usize,
}

/// What is resampled and how often.
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

/// SII, RII and SII/mean under weights w(i) ≥ 0; `None` where a resample does not define them.
fn indices(
    g: &[f64],
    y: &[f64],
    ranking: &Ranking,
    transform: Transform,
    w: &dyn Fn(usize) -> f64,
) -> [Option<f64>; 3] {
    let mut r = vec![0.0; y.len()];
    let total = ranking.ridits(w, &mut r);
    let Some((a, b)) = line::coefficients(&r, g, w) else { return [None; 3] };
    let (low, high) = (transform.inverse(a), transform.inverse(a + b));
    let mean = (0..y.len()).map(|i| w(i) * y[i]).sum::<f64>() / total;
    let ratio = |top: f64, bottom: f64| (bottom != 0.0).then(|| top / bottom);
    [Some(high - low), ratio(high, low), ratio(high - low, mean)]
}

/// Bootstrap intervals of (SII, RII, SII/mean) for `y` ranked by `ranking` (n rows).
///
/// # Errors
/// `TooFew` below three rows; those of the transform; `Interrupted`.
pub fn resampled(
    y: &[f64],
    ranking: &Ranking,
    weights: Weights<'_>,
    transform: Transform,
    draws: Draws,
    control: &Control,
) -> Result<[Resampled; 3]> {
    let n = y.len();
    if n < 3 {
        return Err(Error::TooFew { what: "a bootstrap of the slope index".to_owned(), needed: 3, got: n });
    }
    transform.check(y, "value")?;
    let g: Vec<f64> = y.iter().map(|&v| transform.forward(v)).collect();
    let at = |w: &dyn Fn(usize) -> f64| indices(&g, y, ranking, transform, w);
    let whole = at(&|i| weights.at(i));
    let drawn = bootstrap(&Plan::Simple(n), 3, draws.n_resamples, draws.seed, control, |c| {
        Ok(at(&|i| weights.at(i) * c[i]).to_vec())
    })?;
    let left: Vec<[Option<f64>; 3]> =
        (0..n).map(|k| at(&|i| if i == k { 0.0 } else { weights.at(i) })).collect();
    let one = |j: usize, mut values: Vec<f64>| {
        let Some(t) = whole[j] else {
            return Resampled {
                interval: Err("undefined".to_owned()),
                std_error: None,
                undefined: draws.n_resamples,
            };
        };
        let without: Vec<f64> = left.iter().filter_map(|v| v[j]).collect();
        let acceleration = jackknife(&without, t).map_or(0.0, |j| j.acceleration);
        Resampled {
            std_error: bias_and_error(&values, t).map(|(_, se)| se),
            interval: interval(draws.kind, &mut values, t, draws.conf_level, acceleration)
                .map_err(|e| e.to_string()),
            undefined: drawn.undefined[j],
        }
    };
    let mut values = drawn.values.clone().into_iter();
    let mut next = |j| one(j, values.next().unwrap_or_default());
    Ok([next(0), next(1), next(2)])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parallel::with_threads;

    #[test]
    fn the_interval_holds_the_index_and_does_not_depend_on_threads() {
        let y: Vec<f64> = (0..22).map(|i| 50.0 + f64::from(i) * 4.0 + f64::from((i * 7) % 5) * 6.0).collect();
        let rank: Vec<f64> = (0..22).map(f64::from).collect();
        let ranking = Ranking::new(&rank, "rank").unwrap();
        let draws = Draws { kind: Kind::Bca, conf_level: 0.95, n_resamples: 2_000, seed: 1 };
        let run = |threads| {
            with_threads(threads, || {
                resampled(&y, &ranking, Weights::Unit, Transform::None, draws, &Control::new()).unwrap()
            })
        };
        let one = run(1);
        assert_eq!(one, run(8));
        let (low, high) = one[0].interval.clone().unwrap();
        assert!(low < 88.0 && 88.0 < high && low > 40.0, "{low} {high}");
    }
}
