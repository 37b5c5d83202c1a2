//! Bootstrap of what a model says about everybody: rows, or whole clusters, are drawn with replacement, the model is
//! fitted again, and the covariates are those drawn, so that their uncertainty is counted too.
//!
//! Cells are enough: rows of a cell that share their outcome come up together as often as a multinomial count says, and
//! a cluster brings all its cells. BCa takes its acceleration from the empirical influence of a row (or the sum over a
//! cluster), L = ∇θ′dv with dv = a(μ_s − R_s)/A + ∇R_s′M x u (Davison and Hinkley 1997, §5.4).

use ndarray::Array1;

use crate::design::{Groups, ModelMatrix, Rows};
use crate::effects::standardise::{Estimate, risk};
use crate::error::{Error, Result};
use crate::parallel::{Control, map_chunks};
use crate::regression::glm::{Glm, Options, glm};
use crate::regression::outcome::{Kind, Outcome};
use crate::resample::binomial::multinomial;
use crate::resample::interval::{Kind as Interval, bias_and_error, interval};
use crate::resample::jackknife::acceleration_of_influence;
use crate::rng::Stream;

/// Replicates that one thread does in a row.
const BLOCK: usize = 16;
/// Share of the replicates without an estimate above which there is no interval.
const FAILED: f64 = 0.05;

/// A fitted model and the designs of its scenarios.
#[derive(Clone, Copy)]
pub struct Setting<'a> {
    /// The fit.
    pub fit: &'a Glm,
    /// Outcome by cells.
    pub outcome: &'a Outcome,
    /// Options of the fit.
    pub options: Options<'a>,
    /// The design of every scenario, with the columns of the fit.
    pub scenarios: &'a [ModelMatrix],
    /// Clusters to draw, or rows.
    pub clusters: Option<&'a Groups>,
    /// Whether scenarios are compared by their mean linear predictors, not by their mean risks.
    pub predictors: bool,
}

/// How to resample.
#[derive(Debug, Clone, Copy)]
pub struct How {
    /// Percentile or BCa.
    pub kind: Interval,
    /// Replicates.
    pub n_resamples: usize,
    /// Seed.
    pub seed: u64,
    /// Level of the intervals.
    pub conf_level: f64,
}

/// Statistics whose error is that of the logarithm, by their place.
pub type Logs<'a> = &'a [bool];

/// Error and limits of one statistic.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Resampled {
    /// Standard deviation of the replicates.
    pub std_error: Option<f64>,
    /// Limits.
    pub limits: Option<(f64, f64)>,
    /// Replicates without the statistic.
    pub n_failed: usize,
}

/// Statistics of the scenario values; `None` where one does not exist.
pub type Derive<'a> = dyn Fn(&[Estimate]) -> Vec<Option<f64>> + Sync + 'a;

impl Setting<'_> {
    /// Values of the scenarios at a fit of `outcome`: mean risks, or mean linear predictors less that of the first.
    fn values(&self, fit: &Glm, outcome: &Outcome) -> Result<Vec<Estimate>> {
        if !self.predictors {
            return self.scenarios.iter().map(|x| risk(x, fit, outcome)).collect();
        }
        let n: Vec<f64> = (0..outcome.len()).map(|i| outcome.prior(i) * outcome.n[i]).collect();
        let total: f64 = n.iter().sum();
        let means: Vec<Vec<f64>> =
            self.scenarios.iter().map(|x| x.cross(&n, Rows::All)).collect::<Result<_>>()?;
        Ok(means
            .iter()
            .map(|m| {
                let gradient: Array1<f64> = m.iter().zip(&means[0]).map(|(a, b)| (a - b) / total).collect();
                let value = gradient.iter().zip(&fit.beta).map(|(g, b)| g * b).sum();
                Estimate { value, gradient }
            })
            .collect())
    }

    /// The outcome with every cell's rows counted as often as they were drawn.
    fn drawn(&self, seed: u64, replicate: usize) -> Outcome {
        let mut stream = Stream::new(seed, replicate as u64);
        let mut out = self.outcome.clone();
        match self.clusters {
            Some(groups) => {
                let filled: Vec<usize> = (0..groups.len()).filter(|&g| !groups.rows(g).is_empty()).collect();
                let mut times = vec![0.0; out.len()];
                for _ in 0..filled.len() {
                    let at = stream.index(u32::try_from(filled.len()).unwrap_or(u32::MAX)) as usize;
                    groups.rows(filled[at]).iter().for_each(|&i| times[i] += 1.0);
                }
                for v in [&mut out.n, &mut out.sum, &mut out.sum2] {
                    v.iter_mut().zip(&times).for_each(|(v, t)| *v *= t);
                }
            }
            None => {
                let counts: Vec<f64> = (0..out.len())
                    .flat_map(|i| [self.outcome.sum[i], self.outcome.n[i] - self.outcome.sum[i]])
                    .collect();
                let mut times = vec![0.0; counts.len()];
                multinomial(&mut stream, &counts, &mut times);
                for (i, pair) in times.chunks(2).enumerate() {
                    out.n[i] = pair[0] + pair[1];
                    (out.sum[i], out.sum2[i]) = (pair[0], pair[0]);
                }
            }
        }
        out
    }

    /// A replicate; `None` where the model cannot be fitted to it.
    fn replicate(
        &self,
        seed: u64,
        replicate: usize,
        derive: &Derive<'_>,
    ) -> Result<Option<Vec<Option<f64>>>> {
        let outcome = self.drawn(seed, replicate);
        let rows: Vec<usize> = (0..outcome.len()).filter(|&i| outcome.n[i] > 0.0).collect();
        let outcome = outcome.take(&rows);
        let x = self.fit.scores.x.take(&rows);
        let options = Options { start: Some(&self.fit.beta), ..self.options };
        let fit = match glm(&x, &outcome, options) {
            Ok(fit) if fit.aliased.is_empty() => fit,
            Ok(_) | Err(Error::Separation { .. } | Error::NoConvergence { .. } | Error::TooFew { .. }) => {
                return Ok(None);
            }
            Err(Error::Undefined { .. } | Error::Aliased { .. }) => return Ok(None),
            Err(other) => return Err(other),
        };
        let scenarios: Vec<ModelMatrix> = self.scenarios.iter().map(|x| x.take(&rows)).collect();
        let values = Setting { scenarios: &scenarios, ..*self }.values(&fit, &outcome)?;
        Ok(Some(derive(&bare(values))))
    }

    /// dv of one more row in each cell, per scenario and cell: the part that does not depend on its outcome, and the
    /// slope in its score residual.
    fn influence(&self, base: &[Estimate]) -> (Vec<Vec<f64>>, Vec<Vec<f64>>) {
        let bread = self.fit.scores.bread();
        let total: f64 = (0..self.outcome.len()).map(|i| self.outcome.prior(i) * self.outcome.n[i]).sum();
        let n = self.outcome.len();
        let (mut flat, mut slope) = (Vec::new(), Vec::new());
        let mean = |eta: f64| if self.predictors { eta } else { self.options.link.mean(eta).0 };
        let mut reference = vec![0.0; n];
        for (s, (x, e)) in self.scenarios.iter().zip(base).enumerate() {
            let mut eta = self.outcome.offset.clone().unwrap_or_else(|| vec![0.0; n]);
            x.add_linear(&self.fit.beta, &mut eta);
            if s == 0 {
                reference.clone_from(&eta);
            }
            let from = |i: usize| if self.predictors { reference[i] } else { 0.0 };
            flat.push(
                (0..n)
                    .map(|i| self.outcome.prior(i) * (mean(eta[i]) - from(i) - e.value) / total)
                    .collect::<Vec<_>>(),
            );
            let mut along = vec![0.0; n];
            self.fit.scores.x.add_linear(&bread.dot(&e.gradient).to_vec(), &mut along);
            slope.push(along);
        }
        (flat, slope)
    }

    /// Acceleration of every statistic.
    fn accelerations(&self, derive: &Derive<'_>) -> Result<Vec<f64>> {
        let base = self.values(self.fit, self.outcome)?;
        let (flat, slope) = self.influence(&base);
        let n = self.outcome.len();
        let gradients = numeric_gradients(&base, derive);
        let at = |i: usize, y: f64| -> Vec<f64> {
            let point = self.fit.family.point(self.fit.link, self.fit.eta[i]);
            let u = self.outcome.prior(i) * (y - point.mu) * point.factor;
            (0..base.len()).map(|s| flat[s][i] + slope[s][i] * u).collect()
        };
        let units: Vec<(Vec<f64>, f64)> = match self.clusters {
            None => (0..n)
                .flat_map(|i| {
                    let (yes, all) = (self.outcome.sum[i], self.outcome.n[i]);
                    [(at(i, 1.0), yes), (at(i, 0.0), all - yes)]
                })
                .collect(),
            Some(groups) => groups
                .iter()
                .map(|rows| {
                    let mut sum = vec![0.0; base.len()];
                    for &i in rows {
                        // Σ over the cell's rows: n at its mean outcome.
                        let y = self.outcome.sum[i] / self.outcome.n[i].max(f64::MIN_POSITIVE);
                        for (s, v) in sum.iter_mut().zip(at(i, y)) {
                            *s += self.outcome.n[i] * v;
                        }
                    }
                    (sum, 1.0)
                })
                .collect(),
        };
        Ok(gradients
            .iter()
            .map(|g| {
                let l: Vec<f64> =
                    units.iter().map(|(dv, _)| dv.iter().zip(g).map(|(d, g)| d * g).sum()).collect();
                weighted_acceleration(&l, &units)
            })
            .collect())
    }

    /// Errors and intervals of every statistic.
    ///
    /// # Errors
    /// `TooFew` rows or clusters, or replicates for the level; `Undefined` for rows of counts; `Interrupted`.
    pub fn resample(
        &self,
        how: How,
        control: &Control,
        derive: &Derive<'_>,
        logs: Logs<'_>,
    ) -> Result<Vec<Resampled>> {
        self.check()?;
        let found = derive(&bare(self.values(self.fit, self.outcome)?));
        let acceleration = match how.kind {
            Interval::Bca => self.accelerations(derive)?,
            _ => vec![0.0; found.len()],
        };
        control.announce(how.n_resamples as u64);
        let blocks = map_chunks(how.n_resamples, BLOCK, |range| {
            control.tick(range.len() as u64)?;
            range.map(|i| self.replicate(how.seed, i, derive)).collect::<Result<Vec<_>>>()
        })?;
        let replicates: Vec<_> = blocks.into_iter().flatten().collect();
        found
            .iter()
            .enumerate()
            .map(|(j, estimate)| {
                let get =
                    |r: &Option<Vec<Option<f64>>>| r.as_ref().and_then(|v| v[j]).filter(|v| v.is_finite());
                let mut values: Vec<f64> = replicates.iter().filter_map(get).collect();
                let n_failed = replicates.len() - values.len();
                let (Some(t), true) = (*estimate, n_failed as f64 <= FAILED * replicates.len() as f64) else {
                    return Ok(Resampled { n_failed, ..Resampled::default() });
                };
                let std_error = if logs.get(j) == Some(&true) {
                    let log: Vec<f64> = values.iter().map(|v| v.ln()).collect();
                    bias_and_error(&log, t.ln()).map(|(_, e)| e)
                } else {
                    bias_and_error(&values, t).map(|(_, e)| e)
                };
                let limits = interval(how.kind, &mut values, t, how.conf_level, acceleration[j])?;
                Ok(Resampled { std_error, limits: Some(limits), n_failed })
            })
            .collect()
    }

    fn check(&self) -> Result<()> {
        let (what, got) = match self.clusters {
            Some(groups) => ("clusters to resample", groups.iter().filter(|rows| !rows.is_empty()).count()),
            None if self.outcome.kind != Kind::Binary => {
                return Err(Error::Undefined {
                    what: "a bootstrap of rows".to_owned(),
                    reason: "the outcome is not 0 and 1; resample clusters: vcov=gf.Cluster(…)".to_owned(),
                });
            }
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // a number of rows
            None => ("rows to resample", self.outcome.n_obs() as usize),
        };
        if got < 2 {
            return Err(Error::TooFew { what: what.to_owned(), needed: 2, got });
        }
        Ok(())
    }
}

/// Values alone: a replicate needs no gradients.
fn bare(values: Vec<Estimate>) -> Vec<Estimate> {
    values.into_iter().map(|e| Estimate { value: e.value, gradient: Array1::zeros(0) }).collect()
}

/// Slope of every statistic in every scenario value, by central differences.
fn numeric_gradients(base: &[Estimate], derive: &Derive<'_>) -> Vec<Vec<f64>> {
    let moved = |s: usize, by: f64| {
        let mut at = bare(base.to_vec());
        at[s].value += by;
        derive(&at)
    };
    let columns: Vec<Vec<f64>> = (0..base.len())
        .map(|s| {
            let h = 1e-5 * base[s].value.abs().max(1e-4);
            let slope = |(a, b): (&Option<f64>, &Option<f64>)| match (a, b) {
                (Some(a), Some(b)) => (a - b) / (2.0 * h),
                _ => 0.0,
            };
            moved(s, h).iter().zip(&moved(s, -h)).map(slope).collect()
        })
        .collect();
    let k = columns.first().map_or(0, Vec::len);
    (0..k).map(|j| columns.iter().map(|c| c[j]).collect()).collect()
}

/// Σ c L³/(6 (Σ c L²)^1.5), a unit of count c being c units.
fn weighted_acceleration(l: &[f64], units: &[(Vec<f64>, f64)]) -> f64 {
    if units.iter().all(|(_, c)| *c == 1.0) {
        return acceleration_of_influence(l);
    }
    let (squares, cubes) =
        l.iter().zip(units).fold((0.0, 0.0), |(s, t), (l, (_, c))| (s + c * l * l, t + c * l * l * l));
    if squares > 0.0 { cubes / (6.0 * squares.powf(1.5)) } else { 0.0 }
}
