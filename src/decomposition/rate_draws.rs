//! Parametric bootstrap of a statistic of rates and sizes of cells.
//!
//! Events are drawn anew from their law about what was observed; where the composition is itself a sample, sizes are drawn first,
//! multinomial about the observed ones (binomials, one after the other), and the rate of each cell is drawn at its new size.

use crate::decomposition::counts::Law;
use crate::error::Result;
use crate::parallel::{Control, map_chunks};
use crate::rng::Stream;

/// Observed cells: populations × cells each.
#[derive(Debug, Clone, Copy)]
pub struct Observed<'a> {
    /// Events.
    pub events: &'a [Vec<f64>],
    /// People.
    pub sizes: &'a [Vec<f64>],
    /// How events vary.
    pub law: Law,
    /// Whether sizes are those of a sample.
    pub sampled: bool,
}

/// Replicates of `statistic(rates, sizes)` (rates as events over people), one vector per value of the statistic.
///
/// # Errors
/// Those of the statistic; `Interrupted`.
pub fn replicates(
    observed: Observed<'_>,
    n_resamples: usize,
    seed: u64,
    control: &Control,
    statistic: impl Fn(&[Vec<f64>], &[Vec<f64>]) -> Result<Vec<f64>> + Sync,
) -> Result<Vec<Vec<f64>>> {
    control.announce(n_resamples as u64);
    let parts = map_chunks(n_resamples, 16, |range| {
        control.tick(range.len() as u64)?;
        range
            .map(|replicate| {
                let mut stream = Stream::new(seed, replicate as u64);
                let (rates, sizes) = draw(observed, &mut stream);
                statistic(&rates, &sizes)
            })
            .collect::<Result<Vec<_>>>()
    })?;
    let rows: Vec<Vec<f64>> = parts.into_iter().flatten().collect();
    let width = rows.first().map_or(0, Vec::len);
    Ok((0..width).map(|j| rows.iter().map(|r| r[j]).collect()).collect())
}

fn draw(observed: Observed<'_>, stream: &mut Stream) -> (Vec<Vec<f64>>, Vec<Vec<f64>>) {
    let (mut rates, mut sizes) = (Vec::new(), Vec::new());
    for (events, people) in observed.events.iter().zip(observed.sizes) {
        let drawn = if observed.sampled { multinomial(people, stream) } else { people.clone() };
        let rate = (0..events.len()).map(|c| {
            if drawn[c] <= 0.0 || people[c] <= 0.0 {
                return 0.0;
            }
            observed.law.draw(events[c] * drawn[c] / people[c], drawn[c], stream) / drawn[c]
        });
        rates.push(rate.collect());
        sizes.push(drawn);
    }
    (rates, sizes)
}

fn multinomial(people: &[f64], stream: &mut Stream) -> Vec<f64> {
    let (mut left, mut rest) = (people.iter().sum::<f64>().round(), people.iter().sum::<f64>());
    people
        .iter()
        .map(|n| {
            let share = if rest > 0.0 { (n / rest).min(1.0) } else { 0.0 };
            let drawn = Law::Binomial.draw(left * share, left, stream).min(left);
            (left, rest) = (left - drawn, rest - n);
            drawn
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parallel::with_threads;

    #[test]
    fn same_bits_at_any_thread_count_and_sampled_sizes_keep_their_sum() {
        let (events, sizes) = (vec![vec![5.0, 20.0, 0.0]], vec![vec![100.0, 200.0, 50.0]]);
        let observed = Observed { events: &events, sizes: &sizes, law: Law::Binomial, sampled: true };
        let of = |threads| {
            with_threads(threads, || {
                replicates(observed, 200, 7, &Control::new(), |r, n| {
                    Ok(vec![r[0][1], n[0].iter().sum(), r[0][2]])
                })
                .unwrap()
            })
        };
        let one = of(1);
        assert_eq!(one, of(2));
        assert_eq!(one, of(8));
        assert!(one[1].iter().all(|n| (n - 350.0).abs() < 1e-9));
        assert!(one[2].iter().all(|r| *r == 0.0));
        let mean = one[0].iter().sum::<f64>() / 200.0;
        assert!((mean - 0.1).abs() < 0.01, "{mean}");
    }
}
