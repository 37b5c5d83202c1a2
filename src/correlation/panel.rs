//! Many pairs at once: who is missing where, which interval, which p.
//!
//! Null rule: a pair uses the rows on which both its columns have a value (pairwise), and its n is
//! kept; pairs with the same rows share their bootstrap weights. A pair that has no coefficient
//! (constant column, too few rows) gives a row with the reason; the others go on.

use std::collections::BTreeMap;

use crate::correlation::coefficient::{Correlation, Method, correlate, kendall, spearman};
use crate::correlation::kendall::Concordance;
use crate::correlation::ranked::Ranked;
use crate::correlation::ranks::midranks;
use crate::correlation::replicate::{Source, reduce_replicates};
use crate::error::{Error, Result};
use crate::parallel::{Control, map_chunks, map_indexed};
use crate::resample::interval::{Kind, bias_and_error, interval};
use crate::resample::jackknife::jackknife;
use crate::resample::permutation::{self, Alternative};
use crate::rng::Stream;

/// Which interval.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IntervalKind {
    /// Fisher's z with the method's own standard deviation.
    Fisher,
    /// From bootstrap replicates.
    Bootstrap(Kind),
}

/// Which p-value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PKind {
    /// t or z; Kendall exact without ties below 50 rows.
    Analytic,
    /// Monte Carlo permutation with this many draws.
    Permutation(usize),
    /// All n! permutations (at most 9 rows).
    Exact,
}

/// What to compute for every pair.
#[derive(Debug, Clone)]
pub struct Options {
    /// Coefficients, in the order of the rows.
    pub methods: Vec<Method>,
    /// Alternative of the test.
    pub alternative: Alternative,
    /// Level of the intervals.
    pub conf_level: f64,
    /// Kind of interval.
    pub interval: IntervalKind,
    /// Kind of p-value.
    pub p: PKind,
    /// Bootstrap resamples.
    pub n_resamples: usize,
    /// Seed of everything drawn.
    pub seed: u64,
}

/// A column with its mask; values under a null are not read.
#[derive(Debug, Clone, Copy)]
pub struct Column<'a> {
    /// Name for errors and rows.
    pub name: &'a str,
    /// Values.
    pub values: &'a [f64],
    /// `true` where there is a value; `None` without nulls.
    pub valid: Option<&'a [bool]>,
}

/// The answer for one pair and one coefficient.
#[derive(Debug, Clone)]
#[must_use]
pub struct Row {
    /// Indices of the pair's columns.
    pub pair: (usize, usize),
    /// Coefficient.
    pub method: Method,
    /// Estimate, test and interval, or why there is none.
    pub outcome: std::result::Result<Correlation, String>,
    /// Bootstrap standard error, where replicates were drawn.
    pub std_error: Option<f64>,
    /// Why there is an estimate but no interval.
    pub reason: Option<String>,
    /// Rows used and rows dropped.
    pub n: (usize, usize),
    /// Resamples on which the coefficient is undefined.
    pub undefined: usize,
}

/// Coefficients of all `pairs` (indices into `columns`).
///
/// # Errors
/// `Interrupted`; options no row could satisfy (too few resamples for the level).
pub fn panel(
    columns: &[Column<'_>],
    pairs: &[(usize, usize)],
    options: &Options,
    control: &Control,
) -> Result<Vec<Row>> {
    let n_rows = columns.first().map_or(0, |c| c.values.len());
    let mut rows: Vec<Option<Row>> = vec![None; pairs.len() * options.methods.len()];
    for (mask, members) in by_rows(columns, pairs, n_rows) {
        let group = Group::new(columns, pairs, &members, &mask);
        for (m, &method) in options.methods.iter().enumerate() {
            let answers = group.rows(method, options, control, n_rows)?;
            for (&member, answer) in members.iter().zip(answers) {
                rows[member * options.methods.len() + m] = Some(answer);
            }
        }
    }
    Ok(rows.into_iter().flatten().collect())
}

/// Pairs grouped by the rows they can use: mask → positions in `pairs`.
fn by_rows(columns: &[Column<'_>], pairs: &[(usize, usize)], n: usize) -> BTreeMap<Vec<bool>, Vec<usize>> {
    let mut groups: BTreeMap<Vec<bool>, Vec<usize>> = BTreeMap::new();
    for (k, &(x, y)) in pairs.iter().enumerate() {
        let flag = |c: &Column<'_>, i: usize| c.valid.is_none_or(|v| v[i]);
        // An empty mask stands for "every row": the usual case costs no memory.
        let mask = if columns[x].valid.is_none() && columns[y].valid.is_none() {
            Vec::new()
        } else {
            (0..n).map(|i| flag(&columns[x], i) && flag(&columns[y], i)).collect()
        };
        groups.entry(mask).or_default().push(k);
    }
    groups
}

/// Pairs over the same rows, their columns gathered.
struct Group<'a> {
    columns: &'a [Column<'a>],
    used: Vec<usize>,
    values: Vec<Vec<f64>>,
    /// Pairs as indices into `used`, and as given.
    pairs: Vec<(usize, usize)>,
    given: Vec<(usize, usize)>,
}

impl<'a> Group<'a> {
    fn new(columns: &'a [Column<'a>], pairs: &[(usize, usize)], members: &[usize], mask: &[bool]) -> Self {
        let given: Vec<(usize, usize)> = members.iter().map(|&k| pairs[k]).collect();
        let mut used: Vec<usize> = given.iter().flat_map(|&(x, y)| [x, y]).collect();
        used.sort_unstable();
        used.dedup();
        let gather = |j: &usize| -> Vec<f64> {
            let values = columns[*j].values;
            if mask.is_empty() {
                return values.to_vec();
            }
            values.iter().zip(mask).filter(|(_, keep)| **keep).map(|(v, _)| *v).collect()
        };
        let at = |j: usize| used.partition_point(|&u| u < j);
        let local = given.iter().map(|&(x, y)| (at(x), at(y))).collect();
        Self { columns, values: used.iter().map(gather).collect(), pairs: local, given, used }
    }

    fn rows(&self, method: Method, o: &Options, control: &Control, n_rows: usize) -> Result<Vec<Row>> {
        let n = self.values.first().map_or(0, Vec::len);
        let fresh = |pair| Row {
            pair,
            method,
            outcome: Err(String::new()),
            std_error: None,
            reason: None,
            n: (n, n_rows - n),
            undefined: 0,
        };
        let name = |j: usize| self.columns[self.used[j]].name;
        // Each column is ranked once, whatever the number of its pairs.
        let ranked: Vec<Ranked> = match method {
            Method::Pearson => Vec::new(),
            _ => self.values.iter().map(|v| Ranked::new(v)).collect(),
        };
        let ranks: Vec<Vec<f64>> = match method {
            Method::Spearman => ranked.iter().map(Ranked::midranks).collect(),
            _ => Vec::new(),
        };
        let mut rows: Vec<Row> = map_indexed(self.pairs.len(), |k| {
            let (i, j) = self.pairs[k];
            let mut row = fresh(self.given[k]);
            let (x, y, names) = (&self.values[i], &self.values[j], (name(i), name(j)));
            row.outcome = match method {
                Method::Pearson => correlate(x, y, names, method, o.alternative, o.conf_level),
                Method::Spearman => spearman(&ranks[i], &ranks[j], names, o.alternative, o.conf_level),
                Method::Kendall => {
                    let pairs = Concordance::of_ranked(&ranked[i], &ranked[j]);
                    kendall(&pairs, x, names, o.alternative, o.conf_level)
                }
            }
            .map_err(|e| e.to_string());
            Ok(row)
        })?;
        self.test(&mut rows, method, o, control)?;
        if let IntervalKind::Bootstrap(kind) = o.interval {
            self.bootstrap(&mut rows, method, kind, o, control)?;
        } else {
            for row in &mut rows {
                if matches!(&row.outcome, Ok(c) if c.interval.is_none()) {
                    row.reason = Some(format!("too few rows for an interval ({n})"));
                }
            }
        }
        Ok(rows)
    }

    /// Replaces analytic p-values by permutation ones where asked.
    fn test(&self, rows: &mut [Row], method: Method, o: &Options, control: &Control) -> Result<()> {
        if o.p == PKind::Analytic {
            return Ok(());
        }
        for (row, &(i, j)) in rows.iter_mut().zip(&self.pairs) {
            let Ok(c) = &mut row.outcome else { continue };
            let (x, y) = (&self.values[i], &self.values[j]);
            c.p_value = match (o.p, method) {
                (PKind::Permutation(m), Method::Kendall) => {
                    kendall_p(x, y, o.alternative, m, o.seed, control)?
                }
                (PKind::Permutation(m), _) => {
                    let (x, y) = (scores(x, method), scores(y, method));
                    permutation::monte_carlo(&x, &y, o.alternative, m, o.seed, control)?
                }
                (_, Method::Kendall) => {
                    let pairs = Concordance::of(x, y);
                    if !pairs.is_exact() {
                        return Err(Error::option(
                            "p",
                            "\"permutation\": exact Kendall needs untied data",
                            "exact",
                        ));
                    }
                    c.p_value
                }
                (_, _) => permutation::exact(&scores(x, method), &scores(y, method), o.alternative)?,
            };
        }
        Ok(())
    }

    fn bootstrap(
        &self,
        rows: &mut [Row],
        method: Method,
        kind: Kind,
        o: &Options,
        control: &Control,
    ) -> Result<()> {
        let live: Vec<usize> = (0..rows.len()).filter(|&k| rows[k].outcome.is_ok()).collect();
        if live.is_empty() {
            return Ok(());
        }
        let columns: Vec<&[f64]> = self.values.iter().map(Vec::as_slice).collect();
        let pairs: Vec<(usize, usize)> = live.iter().map(|&k| self.pairs[k]).collect();
        let n = columns.first().map_or(0, |c| c.len());
        let estimate = |q: usize| rows[live[q]].outcome.as_ref().map_or(f64::NAN, |c| c.estimate);
        let accelerations = if kind == Kind::Bca {
            let all = Source::LeaveOneOut(n);
            reduce_replicates(&columns, &pairs, &[method], &all, control, |left| {
                Ok(jackknife(left.values, estimate(left.pair)).map_or(0.0, |j| j.acceleration))
            })?
        } else {
            vec![vec![0.0]; pairs.len()]
        };
        let resamples = Source::simple(n, o.n_resamples, o.seed);
        let answers = reduce_replicates(&columns, &pairs, &[method], &resamples, control, |drawn| {
            let t = estimate(drawn.pair);
            let error = bias_and_error(drawn.values, t).map(|(_, se)| se);
            let limits = if t.abs() >= 1.0 - 1e-12 {
                Err("every resample of a perfect relation is perfect: no bootstrap interval".to_owned())
            } else {
                interval(kind, drawn.values, t, o.conf_level, accelerations[drawn.pair][0])
                    .map(|(low, high)| (low.max(-1.0), high.min(1.0)))
                    .map_err(|e| e.to_string())
            };
            Ok((limits, error, drawn.undefined))
        })?;
        for (k, (limits, error, undefined)) in live.into_iter().zip(answers.into_iter().flatten()) {
            rows[k].std_error = error;
            rows[k].undefined = undefined;
            if let Ok(c) = &mut rows[k].outcome {
                c.interval = limits.as_ref().ok().copied();
            }
            rows[k].reason = limits.err();
        }
        Ok(())
    }
}

/// Centred values or mid-ranks.
fn scores(x: &[f64], method: Method) -> Vec<f64> {
    let values = if method == Method::Spearman { midranks(x) } else { x.to_vec() };
    let mean = crate::num::moments::mean(&values).unwrap_or(0.0);
    values.iter().map(|v| v - mean).collect()
}

fn kendall_p(
    x: &[f64],
    y: &[f64],
    alternative: Alternative,
    m: usize,
    seed: u64,
    control: &Control,
) -> Result<f64> {
    let observed = Concordance::of(x, y).s;
    control.announce(m as u64);
    let counts = map_chunks(m, 64, |range| {
        control.tick(range.len() as u64)?;
        Ok(range
            .filter(|&replicate| {
                let mut shuffled = y.to_vec();
                Stream::new(seed, replicate as u64).shuffle(&mut shuffled);
                let s = Concordance::of(x, &shuffled).s;
                match alternative {
                    Alternative::TwoSided => s.abs() >= observed.abs(),
                    Alternative::Greater => s >= observed,
                    Alternative::Less => s <= observed,
                }
            })
            .count())
    })?;
    Ok((counts.into_iter().sum::<usize>() as f64 + 1.0) / (m as f64 + 1.0))
}
