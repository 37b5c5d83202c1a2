//! Permutation p-values of T = Σ x_i y_π(i): correlation under exchangeability (Pitman 1937).
//!
//! Monte Carlo: p = (b + 1)/(m + 1) with b of m permutations at least as extreme (Phipson and Smyth 2010): never 0.
//! Exact: all n! permutations, for n ≤ 9. "As extreme" allows for rounding: 1e-10 of the scale of T.

use crate::error::{Error, Result};
use crate::parallel::{Control, map_chunks};
use crate::rng::Stream;

/// Largest n for which all n! (362,880) permutations are visited.
pub const EXACT_MAX: usize = 9;
const BLOCK: usize = 256;

/// Which tail counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Alternative {
    /// |T| at least as large.
    TwoSided,
    /// T at least as large.
    Greater,
    /// T at least as small.
    Less,
}

/// T observed, and the test of whether another is as extreme. `x` must sum to 0.
struct Extreme {
    observed: f64,
    slack: f64,
    alternative: Alternative,
}

impl Extreme {
    fn new(x: &[f64], y: &[f64], alternative: Alternative) -> Self {
        let observed = x.iter().zip(y).map(|(x, y)| x * y).sum();
        let scale = (x.iter().map(|v| v * v).sum::<f64>() * y.iter().map(|v| v * v).sum::<f64>()).sqrt();
        Self { observed, slack: 1e-10 * scale, alternative }
    }

    fn reached(&self, t: f64) -> bool {
        match self.alternative {
            Alternative::TwoSided => t.abs() >= self.observed.abs() - self.slack,
            Alternative::Greater => t >= self.observed - self.slack,
            Alternative::Less => t <= self.observed + self.slack,
        }
    }
}

/// Monte Carlo p of Σ xy over `n_permutations`; x and y are centred scores of equal length.
///
/// # Errors
/// `TooFew` below two values; `Interrupted`.
pub fn monte_carlo(
    x: &[f64],
    y: &[f64],
    alternative: Alternative,
    n_permutations: usize,
    seed: u64,
    control: &Control,
) -> Result<f64> {
    check(x, y)?;
    let extreme = Extreme::new(x, y, alternative);
    control.announce(n_permutations as u64);
    let counts = map_chunks(n_permutations, BLOCK, |range| {
        control.tick(range.len() as u64)?;
        let mut shuffled = y.to_vec();
        let mut reached = 0_u64;
        for replicate in range {
            shuffled.copy_from_slice(y);
            let t = shuffled_product(x, &mut shuffled, &mut Stream::new(seed, replicate as u64));
            reached += u64::from(extreme.reached(t));
        }
        Ok(reached)
    })?;
    let b: u64 = counts.into_iter().sum();
    Ok((b as f64 + 1.0) / (n_permutations as f64 + 1.0))
}

/// Shuffles y and sums x·y as each place is settled: one pass over both.
fn shuffled_product(x: &[f64], y: &mut [f64], stream: &mut Stream) -> f64 {
    let n = u32::try_from(y.len()).unwrap_or(u32::MAX);
    let mut t = 0.0;
    for i in (1..n).rev() {
        let j = stream.index(i + 1) as usize;
        let settled = y[j];
        y[j] = y[i as usize];
        t += x[i as usize] * settled;
    }
    t + x[0] * y[0]
}

/// Exact p over all n! permutations (Heap 1963).
///
/// # Errors
/// `TooFew` below two values; `InvalidOption` above [`EXACT_MAX`].
pub fn exact(x: &[f64], y: &[f64], alternative: Alternative) -> Result<f64> {
    check(x, y)?;
    let n = y.len();
    if n > EXACT_MAX {
        return Err(Error::option("p_method", "\"permutation\" above 9 rows; \"exact\" enumerates n!", n));
    }
    let extreme = Extreme::new(x, y, alternative);
    let product = |y: &[f64]| x.iter().zip(y).map(|(x, y)| x * y).sum::<f64>();
    let (mut y, mut stack) = (y.to_vec(), vec![0_usize; n]);
    let (mut reached, mut total, mut i) = (u64::from(extreme.reached(product(&y))), 1_u64, 1);
    while i < n {
        if stack[i] < i {
            y.swap(if i % 2 == 0 { 0 } else { stack[i] }, i);
            reached += u64::from(extreme.reached(product(&y)));
            total += 1;
            stack[i] += 1;
            i = 1;
        } else {
            stack[i] = 0;
            i += 1;
        }
    }
    Ok(reached as f64 / total as f64)
}

fn check(x: &[f64], y: &[f64]) -> Result<()> {
    if x.len() != y.len() {
        return Err(Error::Length { what: "y".to_owned(), expected: x.len(), got: y.len() });
    }
    if y.len() < 2 {
        return Err(Error::TooFew { what: "a permutation test".to_owned(), needed: 2, got: y.len() });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parallel::with_threads;

    #[test]
    fn three_values_can_be_counted_by_hand() {
        let (x, y) = ([-1.0, 0.0, 1.0], [-1.0, 0.0, 1.0]);
        assert_eq!(exact(&x, &y, Alternative::Greater), Ok(1.0 / 6.0));
        assert_eq!(exact(&x, &y, Alternative::TwoSided), Ok(2.0 / 6.0));
        assert_eq!(exact(&x, &y, Alternative::Less), Ok(1.0));
    }

    #[test]
    fn monte_carlo_nears_the_exact_answer_and_does_not_depend_on_threads() {
        let x = [-3.0, -2.0, -1.0, 0.0, 1.0, 2.0, 3.0];
        let y = [-2.0, -3.0, 0.0, -1.0, 2.0, 1.0, 3.0];
        let p = exact(&x, &y, Alternative::TwoSided).unwrap();
        let run = |threads| {
            with_threads(threads, || {
                monte_carlo(&x, &y, Alternative::TwoSided, 20_000, 3, &Control::new()).unwrap()
            })
        };
        assert!((run(1) - p).abs() < 0.003, "{} {p}", run(1));
        assert_eq!(run(1).to_bits(), run(8).to_bits());
    }

    #[test]
    fn ten_rows_are_too_many_to_enumerate() {
        assert!(exact(&[0.0; 10], &[0.0; 10], Alternative::TwoSided).is_err());
    }
}
