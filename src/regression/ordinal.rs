//! Cumulative link models of an ordered outcome with J levels.
//!
//! P(Y ≤ j) = F(τ_j − x′β − z′γ_j), j = 1 … J − 1, τ_1 < τ_2 < …; F logistic (proportional odds,
//! McCullagh 1980), normal, or 1 − exp(−e^η). Columns z may have a coefficient for each threshold
//! (partial proportional odds, Peterson and Harrell 1990); a step that would give a row a
//! probability below 0 is halved. l = Σ w ln P_y, P_y = F(η_y) − F(η_{y−1}); with u_j = ∂η_j/∂θ
//! and g = (f_y u_y − f_{y−1}u_{y−1})/P: U = Σ w g and A = Σ w [gg′ − (f′_y u_y u_y′ −
//! f′_{y−1}u_{y−1}u_{y−1}′)/P], the observed information; covariance A⁻¹.
//!
//! Parameters stand in the order τ, β, then γ column by column, threshold by threshold. Where the
//! maximum lies at thresholds that cross for some row there is no such model: `Undefined` says so.
//! Tests of proportionality: [`super::proportionality`].
//!
//! Weights are frequencies: a row stands for w identical ones.

use std::cell::Cell;

use ndarray::{Array1, Array2, ArrayView2, Axis, concatenate};

use crate::design::Weights;
use crate::error::{Error, Result};
use crate::regression::ascent::{Maximum, Model, Point};
use crate::regression::category::{frequencies, totals};
pub use crate::regression::ordinal_link::Link;
use crate::regression::rank::{full_rank, spans};
use crate::regression::sandwich::Contributions;

/// A fitted model.
#[derive(Debug, Clone)]
#[must_use]
pub struct Ordinal {
    /// Columns with one coefficient.
    pub names: Vec<String>,
    /// Their coefficients β.
    pub beta: Array1<f64>,
    /// Thresholds τ (J − 1), increasing.
    pub thresholds: Array1<f64>,
    /// "Low|Medium" and so on (J − 1).
    pub threshold_names: Vec<String>,
    /// Columns with a coefficient for each threshold.
    pub nonproportional: Vec<String>,
    /// Their coefficients γ, a row per column, a column per threshold.
    pub gamma: Array2<f64>,
    /// Inverse observed information: τ, β, γ by rows.
    pub vcov: Array2<f64>,
    /// l at the maximum.
    pub log_lik: f64,
    /// Σ w.
    pub n_obs: f64,
    /// Newton steps.
    pub n_iter: usize,
    pub(super) theta: Vec<f64>,
    pub(super) layout: Layout,
}

/// The rows in use and how θ is laid out.
#[derive(Debug, Clone)]
pub(super) struct Layout {
    /// Places of the rows in the table.
    place: Vec<usize>,
    x: Array2<f64>,
    code: Vec<usize>,
    w: Vec<f64>,
    link: Link,
    pub(super) levels: Vec<String>,
    pub(super) names: Vec<String>,
    /// J − 1.
    pub(super) cuts: usize,
    pub(super) common: Vec<usize>,
    varying: Vec<usize>,
}

/// η above and below the row's level with their derivatives, and P between them.
#[derive(Debug, Default)]
struct Row {
    above: Vec<(usize, f64)>,
    below: Vec<(usize, f64)>,
    high: f64,
    low: f64,
    probability: f64,
    /// ∂ ln P, as (index, value); indices may repeat.
    g: Vec<(usize, f64)>,
}

/// Fits `codes` (n, numbers of `levels` in their order) on `x` (n × p, no intercept); the columns
/// `nonproportional` have a coefficient for each threshold.
///
/// # Errors
/// `Length`, `Values` for stray codes, `InvalidOption`, `Undefined` for a level nobody has or thresholds
/// that cross, `Aliased`, `Separation`, `NoConvergence`.
pub fn ordinal(
    codes: &[u32],
    levels: &[String],
    x: ArrayView2<'_, f64>,
    names: &[String],
    weights: Weights<'_>,
    link: Link,
    nonproportional: &[usize],
) -> Result<Ordinal> {
    frequencies(codes, levels, x.nrows(), weights)?;
    let p = names.len();
    if let Some(j) = nonproportional.iter().find(|j| **j >= p) {
        return Err(Error::option("nonproportional", "columns of the design", j));
    }
    let layout = Layout::new(codes, (levels, names), x, weights, link, nonproportional);
    layout.check_rank()?;
    let share = cumulative(&totals(codes, levels.len(), weights));
    let mut start: Vec<f64> = share.iter().map(|p| link.quantile(*p)).collect();
    start.resize(layout.q(), 0.0);
    let best = layout.fit(start)?;
    let cuts = layout.cuts;
    let b = cuts + layout.common.len();
    let gamma = Array2::from_shape_vec((nonproportional.len(), cuts), best.theta[b..].to_vec())
        .map_err(|e| Error::Internal { message: e.to_string() })?;
    Ok(Ordinal {
        names: layout.common.iter().map(|&j| names[j].clone()).collect(),
        beta: Array1::from(best.theta[cuts..b].to_vec()),
        thresholds: Array1::from(best.theta[..cuts].to_vec()),
        threshold_names: between(levels),
        nonproportional: nonproportional.iter().map(|&j| names[j].clone()).collect(),
        gamma,
        vcov: best.vcov,
        log_lik: best.point.log_lik,
        n_obs: layout.w.iter().sum(),
        n_iter: best.n_iter,
        theta: best.theta,
        layout,
    })
}

/// "a|b" between neighbouring levels.
fn between(levels: &[String]) -> Vec<String> {
    levels.windows(2).map(|l| format!("{}|{}", l[0], l[1])).collect()
}

/// The shares up to each level but the last.
fn cumulative(totals: &[f64]) -> Vec<f64> {
    let n: f64 = totals.iter().sum();
    let mut up_to = 0.0;
    totals[..totals.len() - 1]
        .iter()
        .map(|t| {
            up_to += t / n;
            up_to
        })
        .collect()
}

impl Layout {
    fn new(
        codes: &[u32],
        (levels, names): (&[String], &[String]),
        x: ArrayView2<'_, f64>,
        weights: Weights<'_>,
        link: Link,
        varying: &[usize],
    ) -> Self {
        let place: Vec<usize> = (0..codes.len()).filter(|&i| weights.at(i) > 0.0).collect();
        Self {
            x: x.select(Axis(0), &place),
            code: place.iter().map(|&i| codes[i] as usize).collect(),
            w: place.iter().map(|&i| weights.at(i)).collect(),
            link,
            levels: levels.to_vec(),
            names: names.to_vec(),
            cuts: levels.len() - 1,
            common: (0..x.ncols()).filter(|j| !varying.contains(j)).collect(),
            varying: varying.to_vec(),
            place,
        }
    }

    /// The same rows with other columns varying.
    pub(super) fn varied(&self, varying: &[usize]) -> Self {
        let common = (0..self.names.len()).filter(|j| !varying.contains(j)).collect();
        Self { common, varying: varying.to_vec(), ..self.clone() }
    }

    /// Parameters.
    pub(super) fn q(&self) -> usize {
        self.cuts + self.common.len() + self.cuts * self.varying.len()
    }

    pub(super) fn labels(&self) -> Vec<String> {
        let cuts = between(&self.levels);
        let common = self.common.iter().map(|&j| self.names[j].clone());
        let varying =
            self.varying.iter().flat_map(|&j| cuts.iter().map(move |c| format!("{}:{c}", self.names[j])));
        cuts.iter().cloned().chain(common).chain(varying).collect()
    }

    /// The thresholds take the place of an intercept.
    fn check_rank(&self) -> Result<()> {
        let ones = Array2::ones((self.x.nrows(), 1));
        let with = concatenate(Axis(1), &[ones.view(), self.x.view()])
            .map_err(|e| Error::Internal { message: e.to_string() })?;
        let mut all = vec!["(thresholds)".to_owned()];
        all.extend_from_slice(&self.names);
        full_rank(with.view(), &all)
    }

    pub(super) fn fit(&self, start: Vec<f64>) -> Result<Maximum> {
        let own = spans(self.x.view());
        let mut sizes = vec![1.0; self.cuts];
        sizes.extend(self.common.iter().map(|&j| own[j]));
        sizes.extend(self.varying.iter().flat_map(|&j| std::iter::repeat_n(own[j], self.cuts)));
        let labels = self.labels();
        let model = Model { what: "ordinal regression", names: &labels, spans: &sizes };
        // The last row at which a step was refused because its thresholds crossed.
        let crossed = Cell::new(None);
        model.maximise(start, |theta| self.at(theta, &crossed)).map_err(|error| {
            match (error, crossed.get()) {
                (Error::NoConvergence { .. }, Some(row)) => self.crossing(row),
                (other, _) => other,
            }
        })
    }

    /// The likelihood rises up to the edge where some level of a row's would have a negative probability.
    fn crossing(&self, row: usize) -> Error {
        let columns: Vec<&str> = self.varying.iter().map(|&j| self.names[j].as_str()).collect();
        Error::Undefined {
            what: format!("the model with effects by threshold of {}", columns.join(", ")),
            reason: format!(
                "its thresholds cross (a probability below 0), for example for row {} of the rows used; \
                 leave a column proportional, merge levels or use a multinomial model",
                self.place[row]
            ),
        }
    }

    /// η_j of row i (cut j = 0 … J − 2) and ∂η_j/∂θ as (index, value) pairs.
    fn predictor(&self, i: usize, cut: usize, theta: &[f64], to: &mut Vec<(usize, f64)>) -> f64 {
        to.clear();
        to.push((cut, 1.0));
        to.extend(self.common.iter().enumerate().map(|(k, &j)| (self.cuts + k, -self.x[[i, j]])));
        let first = self.cuts + self.common.len() + cut;
        to.extend(self.varying.iter().enumerate().map(|(k, &j)| (first + k * self.cuts, -self.x[[i, j]])));
        to.iter().map(|(k, v)| theta[*k] * v).sum()
    }

    /// Whether every level of row i, had or not, has a positive probability: γ may bring thresholds
    /// to cross.
    fn in_order(&self, i: usize, theta: &[f64]) -> bool {
        if self.varying.is_empty() {
            return (1..self.cuts).all(|j| theta[j - 1] < theta[j]);
        }
        let first = self.cuts + self.common.len();
        let cut = |j: usize| {
            let moved = |(k, c): (usize, &usize)| theta[first + k * self.cuts + j] * self.x[[i, *c]];
            theta[j] - self.varying.iter().enumerate().map(moved).sum::<f64>()
        };
        (1..self.cuts).all(|j| cut(j - 1) < cut(j))
    }

    /// The row's probability and derivatives into `to`; `false` where it is not positive.
    fn row(&self, i: usize, theta: &[f64], to: &mut Row) -> bool {
        let y = self.code[i];
        to.above.clear();
        to.below.clear();
        (to.high, to.low) = (f64::INFINITY, f64::NEG_INFINITY);
        if y < self.cuts {
            to.high = self.predictor(i, y, theta, &mut to.above);
        }
        if y > 0 {
            to.low = self.predictor(i, y - 1, theta, &mut to.below);
        }
        to.probability = if to.low < to.high { self.link.between(to.low, to.high) } else { 0.0 };
        let (fh, fl, p) = (self.link.density(to.high).0, self.link.density(to.low).0, to.probability);
        to.g.clear();
        to.g.extend(to.above.iter().map(|(k, v)| (*k, v * fh / p)));
        to.g.extend(to.below.iter().map(|(k, v)| (*k, -v * fl / p)));
        p > 0.0
    }

    /// l, U and A; `None` where a row would have a probability that is not positive.
    pub(super) fn at(&self, theta: &[f64], crossed: &Cell<Option<usize>>) -> Option<Point> {
        let q = theta.len();
        let mut point = Point::zero(q);
        let mut row = Row::default();
        for i in 0..self.code.len() {
            let positive = self.row(i, theta, &mut row);
            if !self.in_order(i, theta) {
                crossed.set(Some(i));
                return None;
            }
            if !positive {
                return None;
            }
            let (w, p) = (self.w[i], row.probability);
            let (dh, dl) = (self.link.density(row.high).1, self.link.density(row.low).1);
            point.log_lik += w * p.ln();
            for (k, v) in &row.g {
                point.score[*k] += w * v;
            }
            outer(&mut point.information, q, &row.g, w);
            outer(&mut point.information, q, &row.above, -w * dh / p);
            outer(&mut point.information, q, &row.below, w * dl / p);
        }
        (point.log_lik.is_finite() && point.information.iter().all(|v| v.is_finite())).then_some(point)
    }
}

impl Contributions for Ordinal {
    /// s = g of the header.
    fn visit(&self, take: &mut dyn FnMut(usize, f64, &[f64])) {
        let mut row = Row::default();
        let mut score = vec![0.0; self.theta.len()];
        for i in 0..self.layout.code.len() {
            self.layout.row(i, &self.theta, &mut row);
            score.fill(0.0);
            row.g.iter().for_each(|(k, v)| score[*k] += v);
            take(self.layout.place[i], self.layout.w[i], &score);
        }
    }
}

/// A += factor·vv′ for a sparse v, whose indices may repeat.
fn outer(a: &mut [f64], q: usize, v: &[(usize, f64)], factor: f64) {
    for (j, x) in v {
        for (k, y) in v {
            a[j * q + k] += factor * x * y;
        }
    }
}

impl Ordinal {
    /// Standard errors: of τ, β, γ by rows.
    pub fn std_errors(&self) -> Array1<f64> {
        self.vcov.diag().mapv(f64::sqrt)
    }

    /// P(Y = j) for rows of x (m × p in the fit's order of common, then varying columns): (m × J).
    pub fn probabilities(&self, common: ArrayView2<'_, f64>, varying: ArrayView2<'_, f64>) -> Array2<f64> {
        let cuts = self.thresholds.len();
        let eta = |i: usize, j: usize| {
            self.thresholds[j] - common.row(i).dot(&self.beta) - varying.row(i).dot(&self.gamma.column(j))
        };
        Array2::from_shape_fn((common.nrows(), cuts + 1), |(i, j)| {
            let low = if j == 0 { f64::NEG_INFINITY } else { eta(i, j - 1) };
            let high = if j == cuts { f64::INFINITY } else { eta(i, j) };
            self.layout.link.between(low, high)
        })
    }
}
