//! Fully conditional specification (van Buuren and Groothuis-Oudshoorn 2011).
//!
//! Start: every missing value is a random observed one. Then `n_iter` times, variable by variable from the
//! fewest missing values to the most, values are drawn anew from a model of that variable on all the
//! others as they stand. Imputation k of seed s draws from stream (s, k) alone, so it is the same at any
//! number of threads and for any m > k. Values are taken to be missing at random given the other
//! variables; nothing here can check that.

use crate::error::{Error, Result};
use crate::parallel::{Control, map_indexed};
use crate::rng::Stream;

use super::{cluster_level, linear, logit, predictors, two_level};

/// How a variable is imputed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Linear; matched to that many donors, or drawn from the normal when `None`.
    Numeric(Option<usize>),
    /// Logit over that many categories, coded from 0.
    Categories(usize),
    /// Linear with a random intercept for each cluster.
    TwoLevel,
    /// 0 or 1: probit with a random intercept for each cluster.
    TwoLevelBinary,
    /// One value for each cluster, matched to that many donors among the clusters.
    Cluster(usize),
}

/// One variable: values (anything where missing), which are missing, and how to impute.
#[derive(Debug, Clone)]
pub struct Variable {
    /// Column name.
    pub name: String,
    /// Values or codes.
    pub values: Vec<f64>,
    /// `true` where missing.
    pub missing: Vec<bool>,
    /// How.
    pub kind: Kind,
}

impl Variable {
    fn n_missing(&self) -> usize {
        self.missing.iter().filter(|m| **m).count()
    }

    fn observed(&self) -> Vec<f64> {
        self.values.iter().zip(&self.missing).filter(|(_, m)| !**m).map(|(v, _)| *v).collect()
    }
}

/// How many imputations, iterations; the seed.
#[derive(Debug, Clone, Copy)]
pub struct Plan {
    /// Completed data sets.
    pub m: usize,
    /// Sweeps over the variables.
    pub n_iter: usize,
    /// Seed of the streams.
    pub seed: u64,
}

/// One completed data set.
#[derive(Debug, Clone, PartialEq)]
#[must_use]
pub struct Completed {
    /// Per variable, the imputed values of its missing rows, in row order.
    pub imputed: Vec<Vec<f64>>,
    /// Per iteration and variable, the mean of the imputed values (of the codes, for categories): `None`
    /// where nothing is missing.
    pub trace: Vec<Vec<Option<f64>>>,
}

/// Imputes `variables`; `clusters` are codes below the number given.
///
/// # Errors
/// `TooFew` for fewer than two variables, or a variable without enough observed rows; `Length`;
/// `Constant` for a category variable with one level; `InvalidOption` for a two-level variable without
/// clusters; `NoConvergence`; `Interrupted`.
pub fn impute(
    variables: &[Variable],
    clusters: Option<(&[u32], usize)>,
    plan: Plan,
    control: &Control,
) -> Result<Vec<Completed>> {
    check(variables, clusters)?;
    let mut order: Vec<usize> = (0..variables.len()).filter(|&j| variables[j].n_missing() > 0).collect();
    order.sort_by_key(|&j| variables[j].n_missing());
    control.announce((plan.m * plan.n_iter) as u64);
    map_indexed(plan.m, |k| {
        let mut stream = Stream::new(plan.seed, k as u64);
        let mut values = start(variables, &mut stream);
        let mut trace = Vec::with_capacity(plan.n_iter);
        for _ in 0..plan.n_iter {
            for &j in &order {
                let drawn = redraw(variables, &values, j, clusters, &mut stream)?;
                place(&mut values[j], &variables[j].missing, &drawn);
            }
            trace.push(variables.iter().zip(&values).map(|(v, x)| mean_imputed(v, x)).collect());
            control.tick(1)?;
        }
        let imputed = variables.iter().zip(&values).map(|(v, x)| taken(x, &v.missing)).collect();
        Ok(Completed { imputed, trace })
    })
}

fn check(variables: &[Variable], clusters: Option<(&[u32], usize)>) -> Result<()> {
    let n = variables.first().map_or(0, |v| v.values.len());
    if variables.len() < 2 {
        let what = "columns of chained equations".to_owned();
        return Err(Error::TooFew { what, needed: 2, got: variables.len() });
    }
    for v in variables {
        if v.values.len() != n || v.missing.len() != n {
            return Err(Error::Length { what: v.name.clone(), expected: n, got: v.values.len() });
        }
        let got = n - v.n_missing();
        if got < 2 {
            return Err(Error::TooFew { what: format!("imputing \"{}\"", v.name), needed: 2, got });
        }
        if matches!(v.kind, Kind::Categories(levels) if levels < 2) {
            return Err(Error::Constant { column: v.name.clone(), n: got });
        }
        let two_level = matches!(v.kind, Kind::TwoLevel | Kind::TwoLevelBinary | Kind::Cluster(_));
        if two_level && clusters.is_none() {
            let expected = format!("a column of clusters for the two-level variable \"{}\"", v.name);
            return Err(Error::option("cluster", &expected, "none"));
        }
        let levels = match v.kind {
            Kind::Categories(levels) => Some(levels),
            Kind::TwoLevelBinary => Some(2),
            _ => None,
        };
        let bad = |i: &usize| {
            let x = v.values[*i];
            let stray = levels.is_some_and(|l| x < 0.0 || x >= l as f64 || x.fract() != 0.0);
            !v.missing[*i] && (!x.is_finite() || stray)
        };
        if let Some(first) = (0..n).find(bad) {
            let rows = (0..n).filter(bad);
            return Err(Error::values(
                &v.name,
                rows,
                "finite values, or codes of its levels",
                v.values[first],
            ));
        }
    }
    match clusters {
        Some((codes, _)) if codes.len() != n => {
            Err(Error::Length { what: "clusters".to_owned(), expected: n, got: codes.len() })
        }
        _ => Ok(()),
    }
}

/// Missing values filled with random observed ones.
fn start(variables: &[Variable], stream: &mut Stream) -> Vec<Vec<f64>> {
    variables
        .iter()
        .map(|v| {
            let pool = v.observed();
            let size = u32::try_from(pool.len()).unwrap_or(u32::MAX);
            let mut values = v.values.clone();
            for (x, _) in values.iter_mut().zip(&v.missing).filter(|(_, m)| **m) {
                *x = pool[stream.index(size) as usize];
            }
            values
        })
        .collect()
}

/// New values for the missing rows of variable `j`.
fn redraw(
    variables: &[Variable],
    values: &[Vec<f64>],
    j: usize,
    clusters: Option<(&[u32], usize)>,
    stream: &mut Stream,
) -> Result<Vec<f64>> {
    let v = &variables[j];
    let y = v.observed();
    // Random intercepts take the place of the dummies.
    let dummies = clusters.filter(|_| matches!(v.kind, Kind::Numeric(_) | Kind::Categories(_)));
    let x = predictors::design(variables, values, j, dummies);
    if let (Kind::Cluster(donors), Some(clusters)) = (v.kind, clusters) {
        return cluster_level::draw(&v.values, &v.missing, &x, clusters, donors, &v.name, stream);
    }
    let (observed, missing) = predictors::split(&x, &v.missing)?;
    match (v.kind, clusters) {
        (Kind::Categories(levels), _) => logit::draw(&y, levels, &observed, &missing, &v.name, stream),
        (Kind::TwoLevel | Kind::TwoLevelBinary, Some((codes, n_clusters))) => {
            let of =
                |flag: bool| (0..codes.len()).filter(|&i| v.missing[i] == flag).map(|i| codes[i]).collect();
            let rows = two_level::Rows {
                observed: &observed,
                clusters: of(false),
                missing: &missing,
                missing_clusters: of(true),
                n_clusters,
            };
            two_level::draw(&y, &rows, v.kind == Kind::TwoLevelBinary, &v.name, stream)
        }
        (Kind::Numeric(donors), _) => linear::draw(&y, &observed, &missing, donors, &v.name, stream),
        // Refused by the check.
        _ => Err(Error::option("cluster", "a column of clusters", "none")),
    }
}

fn place(values: &mut [f64], missing: &[bool], drawn: &[f64]) {
    for (x, new) in values.iter_mut().zip(missing).filter(|(_, m)| **m).map(|(x, _)| x).zip(drawn) {
        *x = *new;
    }
}

fn taken(values: &[f64], missing: &[bool]) -> Vec<f64> {
    values.iter().zip(missing).filter(|(_, m)| **m).map(|(v, _)| *v).collect()
}

fn mean_imputed(v: &Variable, values: &[f64]) -> Option<f64> {
    let drawn = taken(values, &v.missing);
    (!drawn.is_empty()).then(|| drawn.iter().sum::<f64>() / drawn.len() as f64)
}
