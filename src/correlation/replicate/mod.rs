//! Replicates of many pairs and coefficients on shared resampling weights.
//!
//! A resample of n rows is a vector of counts c (Σc = n); every pair and every coefficient of a replicate
//! uses the same c, drawn once. Replicates go in blocks of B = [`block`], counts as an n × B matrix:
//!
//! | file | how |
//! | --- | --- |
//! | [`counts`] | draws: bootstrap by a plan, or each row left out |
//! | [`pearson`] | all weighted moments at once: (K + 2p) × n times n × B |
//! | [`spearman`] | weighted mid-ranks from the presorted order, 16 replicates in the lanes |
//! | [`kendall_signs`] | n ≤ [`PAIRWISE_MAX`]: S is a quadratic form in c: one product of sign products with c_i c_j |
//! | [`kendall_counts`] | larger n: discordant pairs of the resample by running counts |
//!
//! K pairs of p columns are taken so many at a time that their replicates stay below [`MEMORY`], and each pair's
//! replicates are handed to a reducer (an interval, say) and forgotten. Each product runs on one thread, blocks do not
//! depend on the number of threads: the same bits on 1 or 64.

pub mod counts;
mod kendall_counts;
mod kendall_signs;
mod pearson;
mod spearman;

use crate::correlation::coefficient::Method;
use crate::correlation::ranked::Ranked;
use crate::error::Result;
use crate::parallel::{Control, fill_chunks, map_indexed};
use counts::Counts;
pub use counts::Source;

/// Up to this many rows Kendall goes through all pairs of rows at once.
pub const PAIRWISE_MAX: usize = 64;
/// Bytes of replicates held at a time.
pub const MEMORY: usize = 64 << 20;

/// Replicates per block: a function of n alone, so that bits depend on nothing else.
pub const fn block(n: usize) -> usize {
    if n <= PAIRWISE_MAX { 256 } else { 64 }
}

/// The replicates of one pair and one coefficient.
#[derive(Debug)]
pub struct Drawn<'a> {
    /// Index into the pairs asked for.
    pub pair: usize,
    /// The coefficient.
    pub method: Method,
    /// Its values where it is defined, in replicate order.
    pub values: &'a mut [f64],
    /// How many replicates had no value (a column constant on the resample).
    pub undefined: usize,
}

/// Hands the replicates of each of `pairs` of `columns` (n complete values each) and each of `methods` to
/// `reduce`, in parallel; its answers, `[pair][method]`.
///
/// # Errors
/// Those of the source and of `reduce`; `Interrupted`.
pub fn reduce_replicates<T: Send>(
    columns: &[&[f64]],
    pairs: &[(usize, usize)],
    methods: &[Method],
    source: &Source,
    control: &Control,
    reduce: impl Fn(Drawn<'_>) -> Result<T> + Sync,
) -> Result<Vec<Vec<T>>> {
    let (r, m) = (source.n_replicates(), methods.len());
    source.check()?;
    let at_once = (MEMORY / (8 * r.max(1) * m.max(1))).max(1);
    control.announce((r * pairs.len().div_ceil(at_once)) as u64);
    let ranked: Vec<Ranked> = if methods.iter().any(|m| *m != Method::Pearson) {
        map_indexed(columns.len(), |j| Ok(Ranked::new(columns[j])))?
    } else {
        Vec::new()
    };
    let mut out = Vec::with_capacity(pairs.len());
    let mut replicates = Vec::new();
    for (start, some) in (0..).step_by(at_once).zip(pairs.chunks(at_once)) {
        let kernels: Vec<Kernel<'_>> =
            methods.iter().map(|&method| Kernel::new(columns, &ranked, some, method)).collect();
        fill(&mut replicates, &kernels, some.len(), source, control)?;
        let answers = map_indexed(some.len() * m, |q| {
            let (k, method) = (q / m, q % m);
            let mut values = gather(&replicates, source, (some.len() * m, method * some.len() + k));
            let all = values.len();
            values.retain(|v| !v.is_nan());
            let undefined = all - values.len();
            reduce(Drawn { pair: start + k, method: methods[method], values: &mut values, undefined })
        })?;
        let mut answers = answers.into_iter();
        out.extend(some.iter().map(|_| answers.by_ref().take(m).collect()));
    }
    Ok(out)
}

/// Replicates of `pairs`, per pair a vector of `n_resamples`; NaN marks a replicate on which a column is constant.
///
/// # Errors
/// Those of [`reduce_replicates`].
pub fn replicates(
    columns: &[&[f64]],
    pairs: &[(usize, usize)],
    method: Method,
    source: &Source,
    control: &Control,
) -> Result<Vec<Vec<f64>>> {
    source.check()?;
    let ranked: Vec<Ranked> = columns.iter().map(|c| Ranked::new(c)).collect();
    let kernel = Kernel::new(columns, &ranked, pairs, method);
    let mut drawn = Vec::new();
    control.announce(source.n_replicates() as u64);
    fill(&mut drawn, &[kernel], pairs.len(), source, control)?;
    Ok((0..pairs.len()).map(|k| gather(&drawn, source, (pairs.len(), k))).collect())
}

/// All replicates: block after block, in each the kernels' K × b coefficients one after the other.
fn fill(
    out: &mut Vec<f64>,
    kernels: &[Kernel<'_>],
    k: usize,
    source: &Source,
    control: &Control,
) -> Result<()> {
    let width = block(source.n_rows());
    let rows = k * kernels.len();
    out.clear();
    out.resize(rows * source.n_replicates(), 0.0);
    fill_chunks(out, (rows * width).max(1), |first, piece| {
        let b = piece.len() / rows;
        control.tick(b as u64)?;
        let by_replicate = kernels.iter().any(|kernel| matches!(kernel, Kernel::KendallCounts(_)));
        let counts = Counts::draw(source, first / rows, b, by_replicate);
        for (kernel, slot) in kernels.iter().zip(piece.chunks_mut(k * b)) {
            kernel.run(&counts, slot);
        }
        Ok(())
    })
}

/// The values of row `row` of `rows` over all blocks.
fn gather(drawn: &[f64], source: &Source, (rows, row): (usize, usize)) -> Vec<f64> {
    let mut values = Vec::with_capacity(source.n_replicates());
    for piece in drawn.chunks(rows * block(source.n_rows())) {
        let b = piece.len() / rows;
        values.extend_from_slice(&piece[row * b..(row + 1) * b]);
    }
    values
}

/// What is fixed over replicates, by coefficient; `run` writes K × b coefficients, NaN where undefined.
enum Kernel<'a> {
    Pearson(pearson::Moments<'a>),
    Spearman(spearman::Lanes<'a>),
    KendallSigns(kendall_signs::Signs<'a>),
    KendallCounts(kendall_counts::Orders<'a>),
}

impl<'a> Kernel<'a> {
    fn new(
        columns: &'a [&'a [f64]],
        ranked: &'a [Ranked],
        pairs: &'a [(usize, usize)],
        method: Method,
    ) -> Self {
        let n = columns.first().map_or(0, |c| c.len());
        match method {
            Method::Pearson => Self::Pearson(pearson::Moments::new(columns, pairs)),
            Method::Spearman => Self::Spearman(spearman::Lanes::new(ranked, pairs)),
            Method::Kendall if n <= PAIRWISE_MAX => {
                Self::KendallSigns(kendall_signs::Signs::new(ranked, pairs))
            }
            Method::Kendall => Self::KendallCounts(kendall_counts::Orders::new(ranked, pairs)),
        }
    }

    fn run(&self, counts: &Counts, out: &mut [f64]) {
        match self {
            Self::Pearson(kernel) => kernel.run(counts, out),
            Self::Spearman(kernel) => kernel.run(counts, out),
            Self::KendallSigns(kernel) => kernel.run(counts, out),
            Self::KendallCounts(kernel) => kernel.run(counts, out),
        }
    }
}

/// Which of `p` columns occur in `pairs`, ascending, and the pairs as positions among them.
fn used(pairs: &[(usize, usize)], p: usize) -> (Vec<usize>, Vec<(usize, usize)>) {
    let mut place = vec![usize::MAX; p];
    for &(i, j) in pairs {
        place[i] = 0;
        place[j] = 0;
    }
    let columns: Vec<usize> = (0..p).filter(|&j| place[j] == 0).collect();
    for (at, &j) in columns.iter().enumerate() {
        place[j] = at;
    }
    (columns, pairs.iter().map(|&(i, j)| (place[i], place[j])).collect())
}

/// out_b = xy_b · d_b · e_b within [−1, 1]; NaN stays NaN.
fn scaled(out: &mut [f64], xy: impl Iterator<Item = f64>, d: &[f64], e: &[f64]) {
    for (((slot, xy), d), e) in out.iter_mut().zip(xy).zip(d).zip(e) {
        *slot = (xy * d * e).clamp(-1.0, 1.0);
    }
}
