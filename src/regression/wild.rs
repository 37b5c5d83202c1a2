//! Wild cluster bootstrap of one coefficient (Cameron, Gelbach and Miller 2008; Roodman, Nielsen, MacKinnon and Webb
//! 2019), and its score version for likelihoods (Kline and Santos 2012).
//!
//! With s_g = X_g′u_g at the restricted fit (β_j = b; or at the free fit), M = (X′WX)⁻¹ and c = e_j, a draw of
//! one weight v_g per cluster gives the numerator Σ v_g a_g, a_g = c′Ms_g, and the squared error
//! f Σ_h (v_h a_h − Σ_g v_g B_hg)², B_hg = c′M(X_h′W_hX_h)Ms_g: nothing of the size of the rows is touched.
//! v = 1 gives the statistic itself. With signs, v and −v give the same |t|, so 2^(G−1) patterns are all there
//! are: up to [`ENUMERATE`] clusters every one is visited, by a Gray code (one sign changes a step), and no
//! Monte Carlo error is left.

use ndarray::{Array1, Array2};

use crate::design::Groups;
use crate::error::{Error, Result};
use crate::parallel::{Control, map_indexed};
use crate::regression::scores::Scores;
use crate::rng::Stream;

/// Clusters up to which all sign patterns are visited.
pub const ENUMERATE: usize = 22;
/// Patterns of one chunk: its first state is computed anew, so rounding cannot accumulate further.
const CHUNK: u64 = 1 << 14;
/// |t*| this close to |t|, relatively, is a tie.
const TIE: f64 = 1e-9;

/// Distribution of the cluster weights.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weights {
    /// ±1.
    Rademacher,
    /// ±√½, ±1, ±√1½ (Webb 2014), for fewer than about ten clusters.
    Webb,
}

/// How to draw where not every pattern is visited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Draws {
    /// Distribution of the weights.
    pub weights: Weights,
    /// Number of draws.
    pub n_draws: u64,
    /// Seed of the streams.
    pub seed: u64,
}

/// What the draws say.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Wild {
    /// The statistic.
    pub t: f64,
    /// Draws (2^G when enumerated).
    pub n_draws: u64,
    /// Draws with |t*| > |t|.
    pub above: u64,
    /// Draws with |t*| = |t| (the identity and its mirror among them).
    pub ties: u64,
    /// Whether every pattern was visited.
    pub enumerated: bool,
}

impl Wild {
    /// Two-sided symmetric p: the share of draws with |t*| ≥ |t|. The data's own pattern is one of all patterns, and is
    /// added to Monte Carlo draws, so p is never 0.
    pub fn p(&self) -> f64 {
        if self.enumerated {
            (self.above + self.ties) as f64 / self.n_draws as f64
        } else {
            ((self.above + self.ties) as f64 + 1.0) / (self.n_draws as f64 + 1.0)
        }
    }
}

/// a (clusters) and C with C_hg = δ_hg a_h − B_hg, scaled by √f.
struct Parts {
    a: Vec<f64>,
    /// Column g of C.
    columns: Vec<Vec<f64>>,
}

/// The bootstrap of coefficient j; `scores` at the fit whose residuals are drawn. Where the null is imposed v = 1
/// gives the statistic; residuals of the free fit have no such draw, and `t` is given.
///
/// # Errors
/// `TooFew` clusters; `Interrupted`.
pub fn wild(
    scores: &Scores,
    groups: &Groups,
    j: usize,
    given: Option<f64>,
    how: Draws,
    control: &Control,
) -> Result<Wild> {
    let parts = parts(scores, groups, j)?;
    let g = parts.a.len();
    let ones = vec![1.0; g];
    let t = given.unwrap_or_else(|| statistic(&parts, &ones));
    let Draws { weights, n_draws, seed } = how;
    let enumerated = weights == Weights::Rademacher && g <= ENUMERATE;
    let (done, total) = if enumerated {
        (enumerate(&parts, t, control)?, 1_u64 << g)
    } else {
        (draw(&parts, t, weights, n_draws, seed, control)?, n_draws)
    };
    let above = done.iter().map(|d| d.0).sum();
    let ties = done.iter().map(|d| d.1).sum();
    Ok(Wild { t, n_draws: total, above, ties, enumerated })
}

fn parts(scores: &Scores, groups: &Groups, j: usize) -> Result<Parts> {
    let filled: Vec<usize> = (0..groups.len()).filter(|&g| !groups.rows(g).is_empty()).collect();
    let g = filled.len();
    if g < 2 {
        return Err(Error::TooFew {
            what: "a wild cluster bootstrap (clusters)".to_owned(),
            needed: 2,
            got: g,
        });
    }
    let bread = scores.bread();
    let c: Array1<f64> = bread.row(j).to_owned();
    let s = scores.by_cluster(groups)?;
    let grams = scores.x.gram_by(&scores.w, groups)?;
    let moved: Array2<f64> = s.dot(&bread);
    let (n, p, big) = (scores.n_obs, scores.x.n_columns() as f64, g as f64);
    let f = (big / (big - 1.0) * (n - 1.0) / (n - p)).sqrt();
    let a: Vec<f64> = filled.iter().map(|&k| s.row(k).dot(&c)).collect();
    let left: Vec<Array1<f64>> = filled.iter().map(|&h| grams[h].dot(&c)).collect();
    let columns = filled
        .iter()
        .enumerate()
        .map(|(at, &k)| {
            (0..g).map(|h| f * (if h == at { a[h] } else { 0.0 } - left[h].dot(&moved.row(k)))).collect()
        })
        .collect();
    Ok(Parts { a, columns })
}

/// t at weights v.
fn statistic(parts: &Parts, v: &[f64]) -> f64 {
    let numerator: f64 = parts.a.iter().zip(v).map(|(a, v)| a * v).sum();
    let square: f64 = state(parts, v).iter().map(|z| z * z).sum();
    numerator / square.sqrt()
}

/// C·v.
fn state(parts: &Parts, v: &[f64]) -> Vec<f64> {
    let mut z = vec![0.0; v.len()];
    for (column, v) in parts.columns.iter().zip(v) {
        z.iter_mut().zip(column).for_each(|(z, c)| *z += c * v);
    }
    z
}

/// How a draw compares: above, tied.
#[inline]
fn compare(numerator: f64, square: f64, limit: f64) -> (u64, u64) {
    let (left, right) = (numerator * numerator, limit * square);
    let tie = (left - right).abs() <= 2.0 * TIE * right;
    (u64::from(!tie && left > right), u64::from(tie))
}

/// Every sign pattern with the last sign held at +1, by a Gray code in chunks; counted twice.
fn enumerate(parts: &Parts, t: f64, control: &Control) -> Result<Vec<(u64, u64)>> {
    let g = parts.a.len();
    let patterns = 1_u64 << (g - 1);
    let chunks = patterns.div_ceil(CHUNK);
    control.announce(chunks);
    let limit = t * t;
    map_indexed(usize::try_from(chunks).unwrap_or(usize::MAX), |chunk| {
        control.tick(1)?;
        let first = chunk as u64 * CHUNK;
        let gray = first ^ (first >> 1);
        let mut v: Vec<f64> = (0..g).map(|k| if gray >> k & 1 == 1 { -1.0 } else { 1.0 }).collect();
        let mut z = state(parts, &v);
        let mut numerator: f64 = parts.a.iter().zip(&v).map(|(a, v)| a * v).sum();
        let (mut above, mut ties) = (0, 0);
        let last = (first + CHUNK).min(patterns);
        for i in first..last {
            let (more, tie) = compare(numerator, z.iter().map(|z| z * z).sum(), limit);
            above += 2 * more;
            ties += 2 * tie;
            if i + 1 < last {
                // Gray codes of i and i + 1 differ in the lowest set bit of i + 1.
                let k = (i + 1).trailing_zeros() as usize;
                let change = -2.0 * v[k];
                v[k] = -v[k];
                numerator += change * parts.a[k];
                z.iter_mut().zip(&parts.columns[k]).for_each(|(z, c)| *z += change * c);
            }
        }
        Ok((above, ties))
    })
}

fn draw(
    parts: &Parts,
    t: f64,
    weights: Weights,
    n_draws: u64,
    seed: u64,
    control: &Control,
) -> Result<Vec<(u64, u64)>> {
    let g = parts.a.len();
    let limit = t * t;
    let chunks = usize::try_from(n_draws.div_ceil(1024)).unwrap_or(usize::MAX);
    control.announce(chunks as u64);
    let webb = [1.5_f64.sqrt(), 1.0, 0.5_f64.sqrt(), -(0.5_f64.sqrt()), -1.0, -(1.5_f64.sqrt())];
    map_indexed(chunks, |chunk| {
        control.tick(1)?;
        let mut stream = Stream::new(seed, chunk as u64);
        let (mut above, mut ties) = (0, 0);
        let here = 1024.min(n_draws - chunk as u64 * 1024);
        let mut v = vec![0.0; g];
        for _ in 0..here {
            for v in &mut v {
                *v = match weights {
                    Weights::Webb => webb[stream.index(6) as usize],
                    Weights::Rademacher => [1.0, -1.0][stream.index(2) as usize],
                };
            }
            let numerator: f64 = parts.a.iter().zip(&v).map(|(a, v)| a * v).sum();
            let (more, tie) = compare(numerator, state(parts, &v).iter().map(|z| z * z).sum(), limit);
            above += more;
            ties += tie;
        }
        Ok((above, ties))
    })
}
