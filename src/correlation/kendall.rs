//! Kendall's tau-b.
//!
//! S = concordant − discordant pairs; τ_b = S / √((n₀ − t_x)(n₀ − t_y)), n₀ = n(n−1)/2, t the tied pairs
//! (Kendall 1945). S = n₀ − t_x − t_y + t_xy − 2D with D the discordant pairs in ascending (x, y) (Knight 1966),
//! counted by [`Discordance`]; a column is sorted once for all its partners ([`Ranked`]). The tie-corrected
//! variance of S under independence is Kendall and Gibbons (1990, eq. 4.3). Without ties and below 50
//! rows the null distribution is exact, by the recurrence on the number of inversions (Kendall 1938).

use std::sync::OnceLock;

use crate::correlation::discordance::Discordance;
use crate::correlation::ranked::Ranked;
use crate::resample::permutation::Alternative;

/// Largest n whose exact distribution is used (without ties), as in R.
pub const EXACT_BELOW: usize = 50;

/// Everything about the pairs that inference needs.
#[derive(Debug, Clone, Copy, PartialEq)]
#[must_use]
pub struct Concordance {
    /// Concordant minus discordant pairs.
    pub s: f64,
    /// All pairs.
    pub pairs: f64,
    /// Pairs tied in x, in y.
    pub ties: (f64, f64),
    /// Variance of S under independence, given the ties.
    pub variance: f64,
    /// Rows.
    pub n: usize,
}

impl Concordance {
    /// Counts the pairs of (x, y), n values each.
    pub fn of(x: &[f64], y: &[f64]) -> Self {
        Self::of_ranked(&Ranked::new(x), &Ranked::new(y))
    }

    /// Counts the pairs of two sorted columns.
    pub fn of_ranked(x: &Ranked, y: &Ranked) -> Self {
        let n = x.len() as f64;
        let (tied_x, tied_y) = (tie_sums(x), tie_sums(y));
        let pairs = n * (n - 1.0) / 2.0;
        let order = x.order_with(y);
        let mut scratch = Discordance::new(y.n_levels(), y.len());
        let discordant = scratch.count(order.iter().map(|&i| (y.levels[i as usize], 1)));
        let untied = pairs - tied_x.pairs - tied_y.pairs + joint_ties(x, y, &order);
        Self {
            s: untied - 2.0 * discordant as f64,
            pairs,
            ties: (tied_x.pairs, tied_y.pairs),
            variance: variance(n, &tied_x, &tied_y),
            n: x.len(),
        }
    }

    /// τ_b; `None` when x or y is constant.
    pub fn tau_b(&self) -> Option<f64> {
        let room = (self.pairs - self.ties.0) * (self.pairs - self.ties.1);
        (room > 0.0).then(|| (self.s / room.sqrt()).clamp(-1.0, 1.0))
    }

    /// Whether the exact distribution applies.
    pub fn is_exact(&self) -> bool {
        self.ties == (0.0, 0.0) && self.n < EXACT_BELOW
    }
}

struct Ties {
    pairs: f64,
    /// Σ t(t−1)(2t+5), Σ t(t−1)(t−2), Σ t(t−1).
    sums: [f64; 3],
}

fn tie_sums(column: &Ranked) -> Ties {
    let mut ties = Ties { pairs: 0.0, sums: [0.0; 3] };
    for t in column.starts.windows(2).map(|w| f64::from(w[1] - w[0])) {
        let pairs = t * (t - 1.0);
        ties.pairs += pairs / 2.0;
        ties.sums[0] += pairs * (2.0 * t + 5.0);
        ties.sums[1] += pairs * (t - 2.0);
        ties.sums[2] += pairs;
    }
    ties
}

fn joint_ties(x: &Ranked, y: &Ranked, order: &[u32]) -> f64 {
    if !x.has_ties() || !y.has_ties() {
        return 0.0;
    }
    let (mut pairs, mut run) = (0.0, 1.0);
    let key = |i: u32| (x.levels[i as usize], y.levels[i as usize]);
    for k in 1..order.len() {
        if key(order[k - 1]) == key(order[k]) {
            pairs += run;
            run += 1.0;
        } else {
            run = 1.0;
        }
    }
    pairs
}

fn variance(n: f64, x: &Ties, y: &Ties) -> f64 {
    if n < 3.0 {
        return n * (n - 1.0) * (2.0 * n + 5.0) / 18.0;
    }
    let pairs = n * (n - 1.0);
    (pairs * (2.0 * n + 5.0) - x.sums[0] - y.sums[0]) / 18.0
        + x.sums[1] * y.sums[1] / (9.0 * pairs * (n - 2.0))
        + x.sums[2] * y.sums[2] / (2.0 * pairs)
}

/// P(inversions ≤ i) for i = 0..=n(n−1)/2, n untied rows under independence.
fn null_distribution(n: usize) -> Vec<f64> {
    // Probabilities of 0..most inversions, one more row at a time: a running mean over k + 1 values.
    let mut p = vec![1.0];
    for k in 2..=n {
        let mut next = vec![0.0; p.len() + k - 1];
        for (i, slot) in next.iter_mut().enumerate() {
            let from = i.saturating_sub(k - 1);
            *slot = p[from..=i.min(p.len() - 1)].iter().sum::<f64>() / k as f64;
        }
        p = next;
    }
    let mut sum = 0.0;
    for v in &mut p {
        sum += *v;
        *v = sum;
    }
    p
}

/// P(T ≤ t) for T the number of concordant pairs of n untied rows under independence.
fn cdf(t: f64, n: usize) -> f64 {
    // A panel asks 780 times for the same n.
    static KNOWN: [OnceLock<Vec<f64>>; EXACT_BELOW] = [const { OnceLock::new() }; EXACT_BELOW];
    if t < 0.0 {
        return 0.0;
    }
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // a count of pairs, ≥ 0
    let t = (t + 1e-7).floor() as usize;
    let at = |p: &[f64]| if t + 1 >= p.len() { 1.0 } else { p[t] };
    KNOWN
        .get(n)
        .map_or_else(|| at(&null_distribution(n)), |known| at(known.get_or_init(|| null_distribution(n))))
}

/// Exact p-value of T concordant pairs (R's convention: twice the smaller tail, at most 1).
pub fn exact_p(s: f64, n: usize, alternative: Alternative) -> f64 {
    let most = n as f64 * (n as f64 - 1.0) / 2.0;
    let t = f64::midpoint(s, most);
    // The upper tail by symmetry, never by 1 − cdf.
    let (lower, upper) = (cdf(t, n), cdf(most - t, n));
    match alternative {
        Alternative::TwoSided => (2.0 * lower.min(upper)).min(1.0),
        Alternative::Greater => upper,
        Alternative::Less => lower,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn brute(x: &[f64], y: &[f64]) -> f64 {
        let sign = |a: f64, b: f64| {
            if a > b {
                1.0
            } else if a < b {
                -1.0
            } else {
                0.0
            }
        };
        let mut s = 0.0;
        for i in 0..x.len() {
            for j in 0..i {
                s += sign(x[i], x[j]) * sign(y[i], y[j]);
            }
        }
        s
    }

    #[test]
    fn counting_equals_brute_force_with_ties() {
        let mut stream = crate::rng::Stream::new(11, 0);
        for n in [2_u32, 3, 7, 22, 61] {
            let x: Vec<f64> = (0..n).map(|_| f64::from(stream.index(9))).collect();
            let y: Vec<f64> = (0..n).map(|_| f64::from(stream.index(5))).collect();
            assert_eq!(Concordance::of(&x, &y).s, brute(&x, &y));
        }
    }

    #[test]
    fn four_rows_have_24_orders() {
        // S = 6 happens once in 24; S ≥ 4 four times.
        assert!((exact_p(6.0, 4, Alternative::Greater) - 1.0 / 24.0).abs() < 1e-15);
        assert!((exact_p(4.0, 4, Alternative::TwoSided) - 8.0 / 24.0).abs() < 1e-15);
    }
}
