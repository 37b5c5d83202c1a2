//! Counts drawn anew: Poisson or binomial about what was observed, by the quantile of one uniform each.
//!
//! One uniform for every count, in the order of the cells, whatever the count: a cell that grows does not move the
//! draws of the others.

use crate::num::dist::{binomial, normal, poisson};
use crate::rng::Stream;

/// How a count varies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Law {
    /// Poisson with the observed count as mean.
    Poisson,
    /// Binomial with the observed proportion.
    Binomial,
}

/// Above this mean a normal quantile, corrected for skewness, is exact to far less than one count's worth of spread.
const LARGE: f64 = 1e6;

impl Law {
    /// A count about `events` of `population`.
    pub fn draw(self, events: f64, population: f64, stream: &mut Stream) -> f64 {
        // Half a step away from 0: its quantile is then finite.
        let u = stream.uniform() + 0.5 / 9_007_199_254_740_992.0;
        if events <= 0.0 {
            return 0.0;
        }
        match self {
            Self::Poisson if events > LARGE => {
                let z = normal::quantile(u);
                (events + z * events.sqrt() + (z * z - 1.0) / 6.0).round().max(0.0)
            }
            Self::Poisson => poisson::quantile(u, events) as f64,
            Self::Binomial if population > LARGE => {
                let (z, p) = (normal::quantile(u), events / population);
                let sd = (events * (1.0 - p)).sqrt();
                (events + z * sd + (1.0 - 2.0 * p) * (z * z - 1.0) / 6.0).round().clamp(0.0, population)
            }
            Self::Binomial => {
                #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // whole and at most LARGE
                let n = population.round() as u64;
                binomial::quantile(u, n, (events / population).min(1.0)) as f64
            }
        }
    }

    /// Variance of the rate events/population.
    pub fn variance(self, events: f64, population: f64) -> f64 {
        let r = events / population;
        match self {
            Self::Poisson => r / population,
            Self::Binomial => r * (1.0 - r).max(0.0) / population,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_have_the_mean_and_variance_of_their_law() {
        for (law, events, population) in
            [(Law::Poisson, 7.0, 100.0), (Law::Binomial, 30.0, 100.0), (Law::Poisson, 4e6, 9e6)]
        {
            let mut stream = Stream::new(5, 0);
            let draws: Vec<f64> = (0..4000).map(|_| law.draw(events, population, &mut stream)).collect();
            let mean = draws.iter().sum::<f64>() / 4000.0;
            let variance = draws.iter().map(|d| (d - mean).powi(2)).sum::<f64>() / 3999.0;
            let want = law.variance(events, population) * population * population;
            assert!((mean - events).abs() < 4.0 * (want / 4000.0).sqrt(), "{law:?} {mean}");
            assert!((variance / want - 1.0).abs() < 0.1, "{law:?} {variance} {want}");
        }
        assert_eq!(Law::Poisson.draw(0.0, 10.0, &mut Stream::new(1, 1)), 0.0);
    }
}
