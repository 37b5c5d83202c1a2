//! One draw from k classes in constant time (Walker 1977; construction of Vose 1991).
//!
//! Class i holds its own probability up to 1/k and the rest of one other class; a draw picks i uniformly and keeps it
//! with `keep[i]`/2³². Probabilities are met to 2⁻³².

use crate::error::{Error, Result};

/// Classes ready to be drawn.
#[derive(Debug, Clone)]
pub struct Alias {
    keep: Vec<u64>,
    other: Vec<u32>,
}

impl Alias {
    /// From weights ≥ 0 with a positive sum; null semantics: a weight of 0 is a class that never comes.
    ///
    /// # Errors
    /// `InvalidOption` naming `what` for a weight below 0 or not finite, or a sum of 0.
    pub fn new(what: &str, weights: &[f64]) -> Result<Self> {
        let total: f64 = weights.iter().sum();
        if weights.iter().any(|w| !w.is_finite() || *w < 0.0) || total <= 0.0 || !total.is_finite() {
            return Err(Error::option(what, "shares of 0 or more, not all 0", format!("{weights:?}")));
        }
        let k = weights.len();
        let mut part: Vec<f64> = weights.iter().map(|w| w / total * k as f64).collect();
        let (mut small, mut large): (Vec<usize>, Vec<usize>) = (0..k).partition(|&i| part[i] < 1.0);
        let mut keep = vec![1_u64 << 32; k];
        let mut other: Vec<u32> = (0..u32::try_from(k).unwrap_or(u32::MAX)).collect();
        while let (Some(s), Some(&l)) = (small.pop(), large.last()) {
            keep[s] = threshold(part[s]);
            other[s] = u32::try_from(l).unwrap_or(0);
            part[l] -= 1.0 - part[s];
            if part[l] < 1.0 {
                large.pop();
                small.push(l);
            }
        }
        Ok(Self { keep, other })
    }

    /// The class that 64 random bits name.
    #[inline]
    pub fn pick(&self, bits: u64) -> u32 {
        let (high, low) = (bits >> 32, bits & 0xFFFF_FFFF);
        let i = ((high * self.keep.len() as u64) >> 32) as usize;
        if low < self.keep[i] { u32::try_from(i).unwrap_or(0) } else { self.other[i] }
    }
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // p lies within 0 and 1
fn threshold(p: f64) -> u64 {
    (p.clamp(0.0, 1.0) * 4_294_967_296.0).round() as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::Stream;

    #[test]
    fn shares_of_draws_are_the_weights() {
        let weights = [5.0, 0.0, 1.0, 14.0];
        let alias = Alias::new("w", &weights).unwrap();
        let mut stream = Stream::new(3, 0);
        let mut counts = [0.0; 4];
        let n = 400_000.0;
        for _ in 0..400_000 {
            counts[alias.pick(stream.bits()) as usize] += 1.0;
        }
        assert_eq!(counts[1], 0.0);
        let expected = |w: f64| w / 20.0 * n;
        let chi2: f64 = counts
            .iter()
            .zip(weights)
            .filter(|(_, w)| *w > 0.0)
            .map(|(c, w)| (c - expected(w)).powi(2) / expected(w))
            .sum();
        assert!(chi2 < 13.8, "{chi2}"); // 0.999 quantile with 2 df
    }

    #[test]
    fn weights_that_are_none_are_refused() {
        assert!(Alias::new("w", &[0.0, 0.0]).is_err());
        assert!(Alias::new("w", &[1.0, -1.0]).is_err());
        assert!(Alias::new("w", &[1.0, f64::NAN]).is_err());
    }
}
