//! Kendall's τ_b on counts c for many rows: S = n₀ − t_x − t_y + t_xy − 2D, all of them sums over the resample:
//! n₀ = Σc(Σc − 1)/2, t the tied pairs (a row drawn twice ties with itself), D the discordant ones
//! ([`Discordance`]). Whole numbers throughout.

use super::counts::Counts;
use super::used;
use crate::correlation::discordance::Discordance;
use crate::correlation::ranked::Ranked;

struct Pair {
    x: usize,
    y: usize,
    /// Rows in ascending (x, y), each with its level of y.
    rows: Vec<(u32, u32)>,
}

pub struct Orders<'a> {
    columns: Vec<&'a Ranked>,
    pairs: Vec<Pair>,
}

impl<'a> Orders<'a> {
    pub fn new(ranked: &'a [Ranked], pairs: &[(usize, usize)]) -> Self {
        let (which, pairs) = used(pairs, ranked.len());
        let columns: Vec<&Ranked> = which.into_iter().map(|j| &ranked[j]).collect();
        let pair = |(x, y): (usize, usize)| {
            let order = columns[x].order_with(columns[y]);
            Pair { x, y, rows: order.into_iter().map(|i| (i, columns[y].levels[i as usize])).collect() }
        };
        let pairs = pairs.into_iter().map(pair).collect();
        Self { columns, pairs }
    }

    pub fn run(&self, counts: &Counts, out: &mut [f64]) {
        let n = self.columns.first().map_or(0, |c| c.len());
        let most = self.columns.iter().map(|c| c.n_levels()).max().unwrap_or(0);
        // Σc may exceed n when whole clusters are drawn.
        let total = (0..counts.b).map(|r| sum(&counts.by_replicate[r * n..(r + 1) * n])).max().unwrap_or(0);
        let mut scratch = Discordance::new(most, usize::try_from(total).unwrap_or(usize::MAX));
        let mut present = vec![(0, 0); n];
        for r in 0..counts.b {
            let c = &counts.by_replicate[r * n..(r + 1) * n];
            let ties: Vec<u64> = self.columns.iter().map(|column| tied(column, c)).collect();
            for (q, pair) in self.pairs.iter().enumerate() {
                let tau = self.tau(pair, c, &ties, &mut present, &mut scratch);
                out[q * counts.b + r] = tau.unwrap_or(f64::NAN);
            }
        }
    }

    fn tau(
        &self,
        pair: &Pair,
        c: &[u32],
        ties: &[u64],
        present: &mut [(u32, u32)],
        scratch: &mut Discordance,
    ) -> Option<f64> {
        // Rows drawn at least once, without a branch that would be mispredicted a third of the time.
        let mut m = 0;
        for &(row, level) in &pair.rows {
            present[m] = (level, c[row as usize]);
            m += usize::from(c[row as usize] > 0);
        }
        let discordant = scratch.count(present[..m].iter().copied());
        let n0 = choose_two(sum(c));
        let (untied_x, untied_y) = (n0 - ties[pair.x], n0 - ties[pair.y]);
        if untied_x == 0 || untied_y == 0 {
            return None;
        }
        // n₀ − t_x − t_y + t_xy pairs are untied in both.
        let both = (n0 + self.tied_in_both(pair, c)) as f64 - (ties[pair.x] + ties[pair.y]) as f64;
        let s = both - 2.0 * discordant as f64;
        Some((s / (untied_x as f64).sqrt() / (untied_y as f64).sqrt()).clamp(-1.0, 1.0))
    }

    fn tied_in_both(&self, pair: &Pair, c: &[u32]) -> u64 {
        let x = self.columns[pair.x];
        if !x.has_ties() || !self.columns[pair.y].has_ties() {
            return c.iter().map(|&c| choose_two(u64::from(c))).sum();
        }
        let (mut tied, mut run, mut last) = (0, 0, (u32::MAX, u32::MAX));
        for &(row, level) in &pair.rows {
            let here = (x.levels[row as usize], level);
            if here != last {
                tied += choose_two(run);
                (run, last) = (0, here);
            }
            run += u64::from(c[row as usize]);
        }
        tied + choose_two(run)
    }
}

fn sum(c: &[u32]) -> u64 {
    c.iter().map(|&c| u64::from(c)).sum()
}

const fn choose_two(m: u64) -> u64 {
    m * m.saturating_sub(1) / 2
}

/// Pairs of the resample that tie in a column.
fn tied(column: &Ranked, c: &[u32]) -> u64 {
    if !column.has_ties() {
        return c.iter().map(|&c| choose_two(u64::from(c))).sum();
    }
    column.ties().map(|rows| choose_two(rows.iter().map(|&i| u64::from(c[i as usize])).sum())).sum()
}
