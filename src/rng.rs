//! L0. Counter-based random streams: `(seed, replicate)` names a stream, whoever draws from it.
//!
//! ChaCha8 with `seed` as key and `replicate` as stream number (Bernstein 2008; `rand_chacha`).
//! Threads share nothing, and replicate *i* of seed *s* is the same draw on 1 or 64 threads.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// One independent stream of random numbers.
#[derive(Debug, Clone)]
pub struct Stream(ChaCha8Rng);

impl Stream {
    /// The stream of replicate `replicate` under `seed`.
    pub fn new(seed: u64, replicate: u64) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream(replicate);
        Self(rng)
    }

    /// 64 random bits.
    #[inline]
    pub fn bits(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// A uniform integer in `0..n` without modulo bias (Lemire 2019, multiply and reject).
    ///
    /// `n` must be positive; 0 gives 0.
    #[inline]
    pub fn index(&mut self, n: u32) -> u32 {
        let mut product = u64::from(self.0.next_u32()) * u64::from(n);
        let mut low = low_half(product);
        if low < n {
            let threshold = n.wrapping_neg() % n.max(1);
            while low < threshold {
                product = u64::from(self.0.next_u32()) * u64::from(n);
                low = low_half(product);
            }
        }
        high_half(product)
    }

    /// A uniform number in [0, 1), 53 random bits.
    #[inline]
    pub fn uniform(&mut self) -> f64 {
        (self.bits() >> 11) as f64 * (1.0 / 9_007_199_254_740_992.0)
    }

    /// Shuffles in place (Fisher-Yates from the end; Durstenfeld 1964). Slices above 2^32 - 1
    /// elements are not supported: the tail beyond that stays in place.
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        let n = u32::try_from(items.len()).unwrap_or(u32::MAX);
        for i in (1..n).rev() {
            let j = self.index(i + 1);
            items.swap(i as usize, j as usize);
        }
    }
}

#[inline]
#[allow(clippy::cast_possible_truncation)] // the low half is what is wanted
const fn low_half(x: u64) -> u32 {
    x as u32
}

#[inline]
#[allow(clippy::cast_possible_truncation)] // 32 bits are left after the shift
const fn high_half(x: u64) -> u32 {
    (x >> 32) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_are_reproducible_and_distinct() {
        let draw = |seed, rep| {
            let mut s = Stream::new(seed, rep);
            [s.bits(), s.bits(), u64::from(s.index(22))]
        };
        assert_eq!(draw(1, 7), draw(1, 7));
        assert_ne!(draw(1, 7), draw(1, 8));
        assert_ne!(draw(1, 7), draw(2, 7));
    }

    #[test]
    fn indices_are_uniform_over_22() {
        let mut s = Stream::new(2024, 0);
        let mut counts = [0_u32; 22];
        for _ in 0..220_000 {
            counts[s.index(22) as usize] += 1;
        }
        // chi-square with 21 df: 46.8 is its 0.999 quantile.
        let chi2: f64 = counts.iter().map(|&c| (f64::from(c) - 1e4).powi(2) / 1e4).sum();
        assert!(chi2 < 46.8, "{chi2}");
    }

    #[test]
    fn shuffle_keeps_every_item() {
        let mut items: Vec<u32> = (0..100).collect();
        Stream::new(5, 5).shuffle(&mut items);
        assert_ne!(items, (0..100).collect::<Vec<_>>());
        items.sort_unstable();
        assert_eq!(items, (0..100).collect::<Vec<_>>());
    }
}
