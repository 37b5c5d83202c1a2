//! Intraclass correlations from the analysis of variance, without a model fitted by likelihood.
//!
//! One way, k groups of n_g: MSB, MSW; ICC(1) = (MSB − MSW)/(MSB + (m − 1)MSW) with the mean size m, or with
//! n0 = (N − Σn²/N)/(k − 1) (Donner 1986); ICC(2) = (MSB − MSW)/MSB, the reliability of a group mean (Bliese 2000). Two way, n
//! targets rated by the same k raters: ICC(1), ICC(A,1), ICC(C,1) and the averages of k (Shrout and Fleiss 1979; limits of McGraw
//! and Wong 1996). They may be negative; none of them needs a variance at its bound.

use crate::error::{Error, Result};
use crate::num::dist::f;

/// Mean squares of a one-way layout.
#[derive(Debug, Clone, PartialEq)]
pub struct OneWay {
    /// Between groups.
    pub ms_between: f64,
    /// Within groups.
    pub ms_within: f64,
    /// Effective group size of unequal groups.
    pub n0: f64,
    /// ICC(1) with the mean size.
    pub icc1: f64,
    /// ICC(2).
    pub icc2: f64,
    /// ICC(1) with n0.
    pub icc1_n0: f64,
    /// Groups and rows.
    pub sizes: (usize, usize),
}

/// One of Shrout and Fleiss's six.
#[derive(Debug, Clone, PartialEq)]
pub struct Agreement {
    /// `icc1`, `icc2`, `icc3`, and the same with `k` for the mean of the raters.
    pub name: &'static str,
    /// Estimate.
    pub estimate: f64,
    /// F against no differences between targets, and its degrees of freedom.
    pub f: (f64, f64, f64),
    /// p of F.
    pub p: f64,
    /// Confidence limits; `None` where a limit for one rater is too low to have one for the mean of all.
    pub limits: (Option<f64>, Option<f64>),
}

/// The one-way analysis; `codes` below `k`.
///
/// # Errors
/// `TooFew` without two groups or without repeats; `Constant` where nothing varies.
pub fn one_way(y: &[f64], codes: &[u32], k: usize) -> Result<OneWay> {
    let n = y.len();
    let (mut size, mut sum) = (vec![0.0; k], vec![0.0; k]);
    let grand = y.iter().sum::<f64>() / n as f64;
    for (v, &c) in y.iter().zip(codes) {
        size[c as usize] += 1.0;
        sum[c as usize] += v - grand;
    }
    let groups = size.iter().filter(|s| **s > 0.0).count();
    if groups < 2 || n <= groups {
        return Err(Error::TooFew { what: "an intraclass correlation".to_owned(), needed: 3, got: n });
    }
    let mean = |c: u32| sum[c as usize] / size[c as usize];
    let between: f64 = size.iter().zip(&sum).filter(|(s, _)| **s > 0.0).map(|(s, t)| t * t / s).sum();
    let within: f64 = y.iter().zip(codes).map(|(v, &c)| (v - grand - mean(c)).powi(2)).sum();
    if between + within <= 0.0 {
        return Err(Error::Constant { column: "the outcome".to_owned(), n });
    }
    let (total, g) = (n as f64, groups as f64);
    let (b, w) = (between / (g - 1.0), within / (total - g));
    let n0 = (total - size.iter().map(|s| s * s).sum::<f64>() / total) / (g - 1.0);
    let icc = |m: f64| (b - w) / (b + (m - 1.0) * w);
    Ok(OneWay {
        ms_between: b,
        ms_within: w,
        n0,
        icc1: icc(total / g),
        icc2: (b - w) / b,
        icc1_n0: icc(n0),
        sizes: (groups, n),
    })
}

/// Shrout and Fleiss's six for n targets × k raters, row after row, one rating each.
///
/// # Errors
/// `TooFew` below two targets or raters; `Undefined` where the error mean square is 0.
pub fn agreement(ratings: &[f64], raters: usize, level: f64) -> Result<Vec<Agreement>> {
    let targets = ratings.len() / raters.max(1);
    if targets < 2 || raters < 2 {
        return Err(Error::TooFew {
            what: "agreement of raters".to_owned(),
            needed: 2,
            got: targets.min(raters),
        });
    }
    let (n, k) = (targets as f64, raters as f64);
    let grand = ratings.iter().sum::<f64>() / (n * k);
    let row = |i: usize| ratings[i * raters..(i + 1) * raters].iter().sum::<f64>() / k - grand;
    let column = |j: usize| (0..targets).map(|i| ratings[i * raters + j]).sum::<f64>() / n - grand;
    let total: f64 = ratings.iter().map(|v| (v - grand).powi(2)).sum();
    let ss_rows: f64 = k * (0..targets).map(|i| row(i).powi(2)).sum::<f64>();
    let ss_columns: f64 = n * (0..raters).map(|j| column(j).powi(2)).sum::<f64>();
    let (df_b, df_e) = (n - 1.0, (n - 1.0) * (k - 1.0));
    let ms = Squares {
        n,
        k,
        b: ss_rows / df_b,
        w: (total - ss_rows) / (n * (k - 1.0)),
        j: ss_columns / (k - 1.0),
        e: (total - ss_rows - ss_columns) / df_e,
    };
    if ms.e <= 0.0 || ms.w <= 0.0 {
        return Err(Error::Undefined {
            what: "agreement of raters".to_owned(),
            reason: "the raters differ by a constant only: the error mean square is 0".to_owned(),
        });
    }
    let tail = (1.0 - level) / 2.0;
    let one = (ms.b / ms.w, df_b, n * (k - 1.0));
    let two = (ms.b / ms.e, df_b, df_e);
    let (absolute, mean_absolute) = (ms.absolute(), (ms.b - ms.e) / (ms.b + (ms.j - ms.e) / n));
    let limits = ms.absolute_limits(absolute, tail);
    // Increasing only above its pole.
    let of_mean = |v: f64| (v > -1.0 / (k - 1.0)).then(|| v * k / (1.0 + v * (k - 1.0)));
    let both = |(low, high): (f64, f64)| (Some(low), Some(high));
    let single = |(f, a, b): (f64, f64, f64)| scaled((f, a, b), tail, |v| (v - 1.0) / (v + k - 1.0));
    let mean = |f: (f64, f64, f64)| scaled(f, tail, |v| 1.0 - 1.0 / v);
    let point = |f: f64| (f - 1.0) / (f + k - 1.0);
    let made = |name, estimate, f: (f64, f64, f64), limits| Agreement {
        name,
        estimate,
        f,
        p: f::sf(f.0, f.1, f.2),
        limits,
    };
    Ok(vec![
        made("icc1", point(one.0), one, both(single(one))),
        made("icc2", absolute, two, both(limits)),
        made("icc3", point(two.0), two, both(single(two))),
        made("icc1k", 1.0 - 1.0 / one.0, one, both(mean(one))),
        made("icc2k", mean_absolute, two, (of_mean(limits.0), of_mean(limits.1))),
        made("icc3k", 1.0 - 1.0 / two.0, two, both(mean(two))),
    ])
}

/// Mean squares of a two-way layout.
struct Squares {
    n: f64,
    k: f64,
    b: f64,
    w: f64,
    j: f64,
    e: f64,
}

impl Squares {
    fn absolute(&self) -> f64 {
        (self.b - self.e) / (self.b + (self.k - 1.0) * self.e + self.k * (self.j - self.e) / self.n)
    }

    /// Satterthwaite's degrees of freedom for the denominator (McGraw and Wong 1996, table 7).
    fn absolute_limits(&self, icc: f64, tail: f64) -> (f64, f64) {
        let Self { n, k, b, j, e, .. } = self;
        let ratio = j / e;
        let rest = n * (1.0 + (k - 1.0) * icc) - k * icc;
        let v = (k - 1.0) * (n - 1.0) * (k * icc * ratio + rest).powi(2)
            / ((n - 1.0) * (k * icc * ratio).powi(2) + rest.powi(2));
        let (high, low) = (f::isf(tail, n - 1.0, v), f::isf(tail, v, n - 1.0));
        let both = k * j + (k * n - k - n) * e;
        (n * (b - high * e) / (high * both + n * b), n * (low * b - e) / (both + n * low * b))
    }
}

/// Limits of F carried through an increasing function.
fn scaled((f, a, b): (f64, f64, f64), tail: f64, to: impl Fn(f64) -> f64) -> (f64, f64) {
    (to(f / f::isf(tail, a, b)), to(f * f::isf(tail, b, a)))
}
