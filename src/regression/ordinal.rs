//! Cumulative link models of an ordered outcome with J levels.
//!
//! P(Y ≤ j) = F(τ_j − x′β − z′γ_j), j = 1 … J − 1, τ_1 < τ_2 < …; F logistic (proportional odds,
//! McCullagh 1980), normal, or 1 − exp(−e^η). Columns z may have a coefficient for each threshold
//! (partial proportional odds, Peterson and Harrell 1990); a step that would give a row a
//! probability below 0 is halved. l = Σ w ln P_y, P_y = F(η_y) − F(η_{y−1}); with u_j = ∂η_j/∂θ
//! and g = (f_y u_y − f_{y−1}u_{y−1})/P: U = Σ w g and A = Σ w [gg′ − (f′_y u_y u_y′ −
//! f′_{y−1}u_{y−1}u_{y−1}′)/P], the observed information; covariance A⁻¹.
//!
//! Parameters stand in the order τ, β, then γ column by column, threshold by threshold. Tests of
//! proportionality: likelihood ratio against the model with every column in z, and the score test,
//! which needs no second fit.
//!
//! Weights are frequencies: a row stands for w identical ones.

use ndarray::{Array1, Array2, ArrayView2, Axis, concatenate};

use crate::design::Weights;
use crate::error::{Error, Result};
use crate::num::dist::chi2;
use crate::num::linalg::SmallCholesky;
use crate::regression::ascent::{Maximum, Model, Point};
use crate::regression::category::{frequencies, totals};
pub use crate::regression::ordinal_link::Link;
use crate::regression::rank::{full_rank, spans};

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
    link: Link,
}

/// A test of the proportionality of some columns.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ProportionalityTest {
    /// Likelihood ratio; `None` where the larger model has no maximum with valid probabilities.
    pub lr: Option<f64>,
    /// p-value of the likelihood ratio.
    pub lr_p_value: Option<f64>,
    /// Score statistic at the proportional fit.
    pub score: f64,
    /// Its p-value.
    pub score_p_value: f64,
    /// Degrees of freedom of both.
    pub df: f64,
}

/// The rows in use and how θ is laid out.
struct Layout<'a> {
    x: Array2<f64>,
    code: Vec<usize>,
    w: Vec<f64>,
    link: Link,
    /// J − 1.
    cuts: usize,
    common: Vec<usize>,
    varying: &'a [usize],
}

/// Fits `codes` (n, numbers of `levels` in their order) on `x` (n × p, no intercept); the columns
/// `nonproportional` have a coefficient for each threshold.
///
/// # Errors
/// `Length`, `Values` for stray codes, `InvalidOption`, `Undefined` for a level nobody has, `Aliased`,
/// `NoConvergence`, with the coefficients, under separation or where probabilities would cross.
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
    let layout = Layout::new(codes, levels.len(), x, weights, link, nonproportional);
    layout.check_rank(names)?;
    let share = cumulative(&totals(codes, levels.len(), weights));
    let mut start: Vec<f64> = share.iter().map(|p| link.quantile(*p)).collect();
    start.resize(layout.q(), 0.0);
    let best = layout.fit(levels, names, start)?;
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
        link,
    })
}

/// Tests that the coefficients of `columns` are the same at every threshold, given the fit of the
/// model in which all are.
///
/// # Errors
/// As [`ordinal`]; `Undefined` with two levels (one threshold).
pub fn proportionality_test(
    codes: &[u32],
    levels: &[String],
    x: ArrayView2<'_, f64>,
    names: &[String],
    weights: Weights<'_>,
    link: Link,
    columns: &[usize],
) -> Result<ProportionalityTest> {
    let null = ordinal(codes, levels, x, names, weights, link, &[])?;
    let cuts = null.thresholds.len();
    if cuts < 2 || columns.is_empty() {
        let reason = "it takes three levels and a column".to_owned();
        return Err(Error::Undefined { what: "the test of proportionality".to_owned(), reason });
    }
    let layout = Layout::new(codes, levels.len(), x, weights, link, columns);
    let mut theta = null.thresholds.to_vec();
    theta.extend(layout.common.iter().map(|&j| null.beta[j]));
    theta.extend(columns.iter().flat_map(|&j| std::iter::repeat_n(null.beta[j], cuts)));
    let at_null =
        layout.at(&theta).ok_or_else(|| Error::Internal { message: "null not admissible".into() })?;
    let mut step = at_null.score.clone();
    SmallCholesky::new(&at_null.information, layout.q())
        .map_err(|pivot| Error::NotPositiveDefinite {
            pivot,
            column: layout.labels(levels, names)[pivot].clone(),
        })?
        .solve(&mut step);
    let score: f64 = step.iter().zip(&at_null.score).map(|(a, b)| a * b).sum();
    let df = (columns.len() * (cuts - 1)) as f64;
    let lr = match layout.fit(levels, names, theta) {
        Ok(full) => Some((2.0 * (full.point.log_lik - null.log_lik)).max(0.0)),
        Err(Error::NoConvergence { .. } | Error::NotPositiveDefinite { .. }) => None,
        Err(other) => return Err(other),
    };
    Ok(ProportionalityTest {
        lr,
        lr_p_value: lr.map(|v| chi2::sf(v, df)),
        score,
        score_p_value: chi2::sf(score, df),
        df,
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

impl<'a> Layout<'a> {
    fn new(
        codes: &[u32],
        levels: usize,
        x: ArrayView2<'_, f64>,
        weights: Weights<'_>,
        link: Link,
        varying: &'a [usize],
    ) -> Self {
        let used: Vec<usize> = (0..codes.len()).filter(|&i| weights.at(i) > 0.0).collect();
        Self {
            x: x.select(Axis(0), &used),
            code: used.iter().map(|&i| codes[i] as usize).collect(),
            w: used.iter().map(|&i| weights.at(i)).collect(),
            link,
            cuts: levels - 1,
            common: (0..x.ncols()).filter(|j| !varying.contains(j)).collect(),
            varying,
        }
    }

    /// Parameters.
    fn q(&self) -> usize {
        self.cuts + self.common.len() + self.cuts * self.varying.len()
    }

    fn labels(&self, levels: &[String], names: &[String]) -> Vec<String> {
        let cuts = between(levels);
        let common = self.common.iter().map(|&j| names[j].clone());
        let varying =
            self.varying.iter().flat_map(|&j| cuts.iter().map(move |c| format!("{}:{c}", names[j])));
        cuts.iter().cloned().chain(common).chain(varying).collect()
    }

    /// The thresholds take the place of an intercept.
    fn check_rank(&self, names: &[String]) -> Result<()> {
        let ones = Array2::ones((self.x.nrows(), 1));
        let with = concatenate(Axis(1), &[ones.view(), self.x.view()])
            .map_err(|e| Error::Internal { message: e.to_string() })?;
        let mut all = vec!["(thresholds)".to_owned()];
        all.extend_from_slice(names);
        full_rank(with.view(), &all)
    }

    fn fit(&self, levels: &[String], names: &[String], start: Vec<f64>) -> Result<Maximum> {
        let own = spans(self.x.view());
        let mut sizes = vec![1.0; self.cuts];
        sizes.extend(self.common.iter().map(|&j| own[j]));
        sizes.extend(self.varying.iter().flat_map(|&j| std::iter::repeat_n(own[j], self.cuts)));
        let labels = self.labels(levels, names);
        let model = Model { what: "ordinal regression", names: &labels, spans: &sizes };
        model.maximise(start, |theta| self.at(theta))
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
        let first = self.cuts + self.common.len();
        let cut = |j: usize| {
            let moved = |(k, c): (usize, &usize)| theta[first + k * self.cuts + j] * self.x[[i, *c]];
            theta[j] - self.varying.iter().enumerate().map(moved).sum::<f64>()
        };
        (1..self.cuts).all(|j| cut(j - 1) < cut(j))
    }

    /// l, U and A; `None` where a row would have a probability that is not positive.
    fn at(&self, theta: &[f64]) -> Option<Point> {
        let q = theta.len();
        let mut point = Point::zero(q);
        let (mut above, mut below) = (Vec::new(), Vec::new());
        let mut g: Vec<(usize, f64)> = Vec::new();
        for i in 0..self.code.len() {
            let y = self.code[i];
            above.clear();
            below.clear();
            let (mut high, mut low) = (f64::INFINITY, f64::NEG_INFINITY);
            if y < self.cuts {
                high = self.predictor(i, y, theta, &mut above);
            }
            if y > 0 {
                low = self.predictor(i, y - 1, theta, &mut below);
            }
            let probability = if low < high { self.link.between(low, high) } else { 0.0 };
            if !(probability > 0.0 && self.in_order(i, theta)) {
                return None;
            }
            let (w, (fh, dh), (fl, dl)) = (self.w[i], self.link.density(high), self.link.density(low));
            point.log_lik += w * probability.ln();
            g.clear();
            g.extend(above.iter().map(|(k, v)| (*k, v * fh / probability)));
            g.extend(below.iter().map(|(k, v)| (*k, -v * fl / probability)));
            for (k, v) in &g {
                point.score[*k] += w * v;
            }
            outer(&mut point.information, q, &g, w);
            outer(&mut point.information, q, &above, -w * dh / probability);
            outer(&mut point.information, q, &below, w * dl / probability);
        }
        (point.log_lik.is_finite() && point.information.iter().all(|v| v.is_finite())).then_some(point)
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
            self.link.between(low, high)
        })
    }
}
