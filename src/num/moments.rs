//! Mergeable moments of one and two variables, unweighted and weighted.
//!
//! States combine by Chan, Golub and LeVeque (1979) and their weighted form (West 1979): with
//! δ = m_b − m_a, M2 = M2_a + M2_b + δ²·W_a·W_b/W. Columns are cut into fixed chunks, each chunk is
//! summed with compensation about its own mean (two passes over cached data), chunks merge in order:
//! the same bits at any thread count.

use crate::error::Result;
use crate::num::sum::Compensated;
use crate::parallel::{CHUNK, map_chunks};

/// Count, weight, mean and second moment of one variable.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Moments {
    /// Values with a positive weight.
    pub n: u64,
    /// Σw (n when unweighted).
    pub weight: f64,
    mean: f64,
    /// What the mean lost to rounding: mean + mean_low is the mean to twice the precision.
    mean_low: f64,
    m2: f64,
}

impl Moments {
    /// Moments of a slice, in two compensated passes.
    pub fn of(x: &[f64]) -> Self {
        Self::from_rows(x, |_| 1.0)
    }

    /// Weighted moments of a slice; `w` has the length of `x`, zero weights do not count.
    pub fn of_weighted(x: &[f64], w: &[f64]) -> Self {
        Self::from_rows(x, |i| w[i])
    }

    /// Moments of a long column, chunks in parallel.
    ///
    /// # Errors
    /// Only what the thread pool reports.
    pub fn of_column(x: &[f64]) -> Result<Self> {
        let parts = map_chunks(x.len(), CHUNK, |rows| Ok(Self::of(&x[rows])))?;
        Ok(parts.into_iter().fold(Self::default(), Self::combine))
    }

    fn from_rows(x: &[f64], w: impl Fn(usize) -> f64) -> Self {
        let (mut total, mut sum, mut n) = (Compensated::default(), Compensated::default(), 0);
        for (i, &v) in x.iter().enumerate() {
            if w(i) > 0.0 {
                n += 1;
                total.add(w(i));
                sum.add_product(w(i), v);
            }
        }
        if n == 0 {
            return Self::default();
        }
        let weight = total.value();
        let mean = sum.value() / weight;
        let (mut first, mut second) = (Compensated::default(), Compensated::default());
        for (i, &v) in x.iter().enumerate().filter(|(i, _)| w(*i) > 0.0) {
            let d = v - mean;
            first.add_product(w(i), d);
            second.add_product(w(i) * d, d);
        }
        // `first` is 0 in exact arithmetic: what is left corrects the rounded mean.
        let mean_low = first.value() / weight;
        Self { n, weight, mean, mean_low, m2: (second.value() - weight * mean_low * mean_low).max(0.0) }
    }

    /// The moments of both parts together.
    #[must_use]
    pub fn combine(self, other: Self) -> Self {
        if self.n == 0 {
            return other;
        }
        if other.n == 0 {
            return self;
        }
        let weight = self.weight + other.weight;
        let delta = (other.mean - self.mean) + (other.mean_low - self.mean_low);
        let shift = delta * (other.weight / weight);
        let mean = self.mean + shift;
        let mean_low = (self.mean - mean) + shift + self.mean_low;
        let m2 = self.m2 + other.m2 + delta * shift * self.weight;
        Self { n: self.n + other.n, weight, mean, mean_low, m2 }
    }

    /// Weighted mean; `None` without values.
    pub fn mean(&self) -> Option<f64> {
        (self.n > 0).then_some(self.mean + self.mean_low)
    }

    /// Σ w (x − x̄)².
    pub fn sum_of_squares(&self) -> f64 {
        self.m2
    }

    /// Σ w (x − x̄)² / (Σw − ddof); `None` where the divisor is not positive.
    pub fn variance(&self, ddof: f64) -> Option<f64> {
        let divisor = self.weight - ddof;
        (divisor > 0.0).then(|| self.m2 / divisor)
    }
}

/// Means, second moments and the cross moment of two variables over the same rows.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct CoMoments {
    /// Moments of x.
    pub x: Moments,
    /// Moments of y.
    pub y: Moments,
    cross: f64,
}

impl CoMoments {
    /// Moments of the pairs (x_i, y_i), weighted by `w(i)`.
    pub fn of(x: &[f64], y: &[f64], w: impl Fn(usize) -> f64 + Copy) -> Self {
        let (mx, my) = (Moments::from_rows(x, w), Moments::from_rows(y, w));
        let mut cross = Compensated::default();
        for i in 0..x.len() {
            if w(i) > 0.0 {
                cross.add_product(w(i) * (x[i] - mx.mean), y[i] - my.mean);
            }
        }
        let cross = cross.value() - mx.weight * mx.mean_low * my.mean_low;
        Self { x: mx, y: my, cross }
    }

    /// Moments of two long columns, chunks in parallel.
    ///
    /// # Errors
    /// Only what the thread pool reports.
    pub fn of_columns(x: &[f64], y: &[f64], w: Option<&[f64]>) -> Result<Self> {
        let parts = map_chunks(x.len(), CHUNK, |rows| {
            let (x, y) = (&x[rows.clone()], &y[rows.clone()]);
            let w = w.map(|w| &w[rows]);
            Ok(w.map_or_else(|| Self::of(x, y, |_| 1.0), |w| Self::of(x, y, |i| w[i])))
        })?;
        Ok(parts.into_iter().fold(Self::default(), Self::combine))
    }

    /// The moments of both parts together.
    #[must_use]
    pub fn combine(self, other: Self) -> Self {
        if self.x.n == 0 {
            return other;
        }
        if other.x.n == 0 {
            return self;
        }
        let dx = (other.x.mean - self.x.mean) + (other.x.mean_low - self.x.mean_low);
        let dy = (other.y.mean - self.y.mean) + (other.y.mean_low - self.y.mean_low);
        let factor = self.x.weight * (other.x.weight / (self.x.weight + other.x.weight));
        Self {
            x: self.x.combine(other.x),
            y: self.y.combine(other.y),
            cross: self.cross + other.cross + dx * dy * factor,
        }
    }

    /// Σ w (x − x̄)(y − ȳ).
    pub fn sum_of_products(&self) -> f64 {
        self.cross
    }

    /// Σ w (x − x̄)(y − ȳ) / (Σw − ddof); `None` where the divisor is not positive.
    pub fn covariance(&self, ddof: f64) -> Option<f64> {
        let divisor = self.x.weight - ddof;
        (divisor > 0.0).then(|| self.cross / divisor)
    }

    /// Pearson's r within [−1, 1]; `None` when either variable is constant.
    ///
    /// A variable whose spread is below the rounding of its mean counts as constant: 0.1 + 0.2 and
    /// 0.3 differ in the last bit and must not correlate with anything.
    pub fn correlation(&self) -> Option<f64> {
        let constant = |m: &Moments| m.m2 <= m.weight * (4.0 * f64::EPSILON * m.mean).powi(2);
        if self.x.n < 2 || constant(&self.x) || constant(&self.y) {
            return None;
        }
        Some((self.cross / self.x.m2.sqrt() / self.y.m2.sqrt()).clamp(-1.0, 1.0))
    }
}

/// Mean of a slice; `None` when empty.
pub fn mean(x: &[f64]) -> Option<f64> {
    Moments::of(x).mean()
}

/// Variance with divisor n − 1; `None` below two values.
pub fn variance(x: &[f64]) -> Option<f64> {
    Moments::of(x).variance(1.0)
}

/// Standard deviation with divisor n − 1; `None` below two values.
pub fn sd(x: &[f64]) -> Option<f64> {
    variance(x).map(f64::sqrt)
}

/// Σ_t (y_t − ȳ)(y_{t+1} − ȳ) / Σ_t (y_t − ȳ)²; `None` for a constant or too short series.
pub fn autocorrelation_lag1(y: &[f64]) -> Option<f64> {
    let m = Moments::of(y);
    if m.n < 2 || m.m2 == 0.0 {
        return None;
    }
    let d = |v: f64| (v - m.mean) - m.mean_low;
    let mut acc = Compensated::default();
    for pair in y.windows(2) {
        acc.add_product(d(pair[0]), d(pair[1]));
    }
    Some(acc.value() / m.m2)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parallel::with_threads;

    #[test]
    fn parts_combine_to_the_whole() {
        let x: Vec<f64> = (0..10_000).map(|i| 1e9 + f64::from(i % 37) * 0.1).collect();
        let y: Vec<f64> = (0..10_000).map(|i| f64::from(i % 11)).collect();
        let whole = CoMoments::of(&x, &y, |_| 1.0);
        let parts = CoMoments::of_columns(&x, &y, None).unwrap();
        assert!((whole.x.variance(1.0).unwrap() / parts.x.variance(1.0).unwrap() - 1.0).abs() < 1e-12);
        assert!((whole.correlation().unwrap() - parts.correlation().unwrap()).abs() < 1e-12);
    }

    #[test]
    fn same_bits_at_any_thread_count() {
        let x: Vec<f64> = (0..50_000).map(|i| (f64::from(i) * 0.7).sin()).collect();
        let bits = |threads| {
            with_threads(threads, || Moments::of_column(&x).unwrap().variance(1.0).unwrap().to_bits())
        };
        assert_eq!(bits(1), bits(2));
        assert_eq!(bits(1), bits(8));
    }

    #[test]
    fn constants_do_not_correlate() {
        let almost = [0.1 + 0.2, 0.3, 0.3];
        assert_eq!(CoMoments::of(&almost, &[1.0, 2.0, 3.0], |_| 1.0).correlation(), None);
        assert_eq!(mean(&[]), None);
        assert_eq!(variance(&[1.0]), None);
    }

    #[test]
    fn zero_weights_do_not_count() {
        let m = Moments::of_weighted(&[1.0, f64::MAX, 3.0], &[1.0, 0.0, 1.0]);
        assert_eq!((m.n, m.mean(), m.variance(0.0)), (2, Some(2.0), Some(1.0)));
    }
}
