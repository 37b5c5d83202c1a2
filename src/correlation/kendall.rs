//! Kendall's tau-b.
//!
//! S = concordant − discordant pairs; τ_b = S / √((n₀ − t_x)(n₀ − t_y)), n₀ = n(n−1)/2, t the tied pairs
//! (Kendall 1945). S by counting exchanges of a merge sort (Knight 1966), O(n log n). The tie-corrected
//! variance of S under independence is Kendall and Gibbons (1990, eq. 4.3). Without ties and below 50
//! rows the null distribution is exact, by the recurrence on the number of inversions (Kendall 1938).

use crate::correlation::ranks::blocks;
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

/// A column ranked once for many pairs: rows in ascending order, their blocks of ties, dense ranks.
#[derive(Debug, Clone)]
pub struct Ranked {
    order: Vec<u32>,
    ties: Vec<std::ops::Range<usize>>,
    dense: Vec<u32>,
    sums: Ties,
}

impl Ranked {
    /// Ranks `x` (fewer than 2^32 finite values).
    pub fn new(x: &[f64]) -> Self {
        let mut order: Vec<usize> = (0..x.len()).collect();
        order.sort_by(|&i, &j| x[i].total_cmp(&x[j]));
        let ties = blocks(x, &order);
        let small = |i: usize| u32::try_from(i).unwrap_or(u32::MAX);
        let mut dense = vec![0; x.len()];
        for (rank, tie) in ties.iter().enumerate() {
            for &i in &order[tie.clone()] {
                dense[i] = small(rank);
            }
        }
        let sums = tie_sums(ties.iter().map(ExactSizeIterator::len));
        Self { order: order.into_iter().map(small).collect(), ties, dense, sums }
    }
}

impl Concordance {
    /// Counts the pairs of (x, y), n values each.
    pub fn of(x: &[f64], y: &[f64]) -> Self {
        Self::of_ranked(&Ranked::new(x), &Ranked::new(y))
    }

    /// Counts the pairs of two ranked columns.
    pub fn of_ranked(x: &Ranked, y: &Ranked) -> Self {
        let n = x.order.len();
        let mut sequence: Vec<u32> = x.order.iter().map(|&i| y.dense[i as usize]).collect();
        let mut both = 0.0;
        for tie in x.ties.iter().filter(|t| t.len() > 1) {
            // Within a block of tied x the order of y must not count as exchanges.
            let block = &mut sequence[tie.clone()];
            block.sort_unstable();
            let mut run = 1.0;
            for k in 1..block.len() {
                run = if block[k] == block[k - 1] { run + 1.0 } else { 1.0 };
                both += run - 1.0;
            }
        }
        let exchanges = merge_count(&mut sequence);
        let pairs = n as f64 * (n as f64 - 1.0) / 2.0;
        let s = pairs - x.sums.pairs - y.sums.pairs + both - 2.0 * exchanges as f64;
        Self {
            s,
            pairs,
            ties: (x.sums.pairs, y.sums.pairs),
            variance: variance(n as f64, &x.sums, &y.sums),
            n,
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

#[derive(Debug, Clone)]
struct Ties {
    pairs: f64,
    /// Σ t(t−1)(2t+5), Σ t(t−1)(t−2), Σ t(t−1).
    sums: [f64; 3],
}

fn tie_sums(sizes: impl Iterator<Item = usize>) -> Ties {
    let mut ties = Ties { pairs: 0.0, sums: [0.0; 3] };
    for t in sizes.map(|t| t as f64) {
        let pairs = t * (t - 1.0);
        ties.pairs += pairs / 2.0;
        ties.sums[0] += pairs * (2.0 * t + 5.0);
        ties.sums[1] += pairs * (t - 2.0);
        ties.sums[2] += pairs;
    }
    ties
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

/// Exchanges a merge sort makes; ties do not exchange. Runs of [`RUN`] by insertion, then merges.
fn merge_count(values: &mut Vec<u32>) -> u64 {
    const RUN: usize = 8;
    let n = values.len();
    let mut exchanges = 0_u64;
    for run in values.chunks_mut(RUN) {
        for i in 1..run.len() {
            let (value, mut j) = (run[i], i);
            while j > 0 && run[j - 1] > value {
                run[j] = run[j - 1];
                j -= 1;
            }
            run[j] = value;
            exchanges += (i - j) as u64;
        }
    }
    let mut buffer = values.clone();
    let mut width = RUN;
    while width < n {
        for start in (0..n).step_by(2 * width) {
            let (middle, end) = ((start + width).min(n), (start + 2 * width).min(n));
            let (mut i, mut j) = (start, middle);
            for slot in &mut buffer[start..end] {
                let from_left = j >= end || (i < middle && values[i] <= values[j]);
                *slot = values[if from_left { i } else { j }];
                exchanges += if from_left { 0 } else { (middle - i) as u64 };
                i += usize::from(from_left);
                j += usize::from(!from_left);
            }
        }
        std::mem::swap(values, &mut buffer);
        width *= 2;
    }
    exchanges
}

/// P(T ≤ t) for T the number of concordant pairs of n untied rows under independence.
fn cdf(t: f64, n: usize) -> f64 {
    let most = n * (n - 1) / 2;
    if t < 0.0 {
        return 0.0;
    }
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // a count of pairs, ≥ 0
    let t = (t + 1e-7).floor() as usize;
    if t >= most {
        return 1.0;
    }
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
    p[..=t].iter().sum()
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

/// τ_b of a resample: rows with dense ranks `x`, `y` and counts `c`; `None` when either is constant.
///
/// Rows enter in ascending x, a block of ties at a time; a Fenwick tree over the ranks of y holds the
/// counts already in. O(n log n).
pub fn weighted_tau(x: &[usize], y: &[usize], c: &[f64]) -> Option<f64> {
    let mut order: Vec<usize> = (0..x.len()).filter(|&i| c[i] > 0.0).collect();
    order.sort_unstable_by_key(|&i| x[i]);
    let levels = y.iter().max().map_or(0, |m| m + 1);
    let mut tree = vec![0.0; levels + 1];
    let mut level_totals = vec![0.0; levels];
    let (mut s, mut entered, mut tied_x) = (0.0, 0.0, 0.0);
    let mut start = 0;
    while start < order.len() {
        let end =
            order[start..].iter().position(|&i| x[i] != x[order[start]]).map_or(order.len(), |k| start + k);
        let block = &order[start..end];
        for &i in block {
            let below = prefix(&tree, y[i]);
            let above = entered - below - level_totals[y[i]];
            s += c[i] * (below - above);
        }
        let own: f64 = block.iter().map(|&i| c[i]).sum();
        for &i in block {
            level_totals[y[i]] += c[i];
            let mut at = y[i] + 1;
            while at < tree.len() {
                tree[at] += c[i];
                at += at & at.wrapping_neg();
            }
        }
        tied_x += own * (own - 1.0) / 2.0;
        entered += own;
        start = end;
    }
    let tied_y: f64 = level_totals.iter().map(|t| t * (t - 1.0) / 2.0).sum();
    let pairs = entered * (entered - 1.0) / 2.0;
    let room = (pairs - tied_x) * (pairs - tied_y);
    (room > 0.0).then(|| (s / room.sqrt()).clamp(-1.0, 1.0))
}

/// Sum of the tree over ranks below `rank`.
fn prefix(tree: &[f64], rank: usize) -> f64 {
    let (mut at, mut sum) = (rank, 0.0);
    while at > 0 {
        sum += tree[at];
        at &= at - 1;
    }
    sum
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
