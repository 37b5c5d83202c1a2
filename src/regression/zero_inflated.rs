//! Counts with more zeros than Poisson: zero-inflated (Lambert 1992) and hurdle (Mullahy 1986).
//!
//! Zero-inflated: with probability φ a structural zero, else Poisson(μ); ln μ = o + x′β and
//! logit φ = z′γ. With e = e^−μ: P(0) = φ + (1 − φ)e, P(y) = (1 − φ)μ^y e/y!. Given a zero, it is
//! structural with probability r, logit r = z′γ + μ, which gives all derivatives:
//! U_γ = Σ (r[y = 0] − φ)z, U_β = Σ (y − μ(1 − r[y = 0]))x.
//!
//! Hurdle: P(y > 0) = π, logit π = z′γ; given y > 0, Poisson(μ) cut off at zero, whose mean is m =
//! μ/(1 − e^−μ). The two parts are separate likelihoods. Note the signs: γ here is about a positive
//! count, in the zero-inflated model about a structural zero.
//!
//! Newton on the exact likelihood; covariance by the observed information. Weights are
//! frequencies: a row stands for w identical ones.

use ndarray::{Array1, Array2, ArrayView2, Axis, s};

use crate::design::Weights;
use crate::error::{Error, Result};
use crate::num::special::ln_gamma;
use crate::regression::ascent::{Maximum, Model, Point};
use crate::regression::rank::{full_rank, spans};
use crate::regression::sandwich::Contributions;

/// Counts and the columns of both parts.
#[derive(Debug, Clone, Copy)]
pub struct Counts<'a> {
    /// Counts (n).
    pub y: &'a [f64],
    /// Columns of the count part (n × p), intercept included.
    pub x: ArrayView2<'a, f64>,
    /// Their names.
    pub names: &'a [String],
    /// Columns of the zero part (n × q), intercept included.
    pub z: ArrayView2<'a, f64>,
    /// Their names.
    pub zero_names: &'a [String],
    /// o (n): the log of an exposure.
    pub offset: Option<&'a [f64]>,
    /// Unit or frequency weights.
    pub weights: Weights<'a>,
}

/// A fitted model.
#[derive(Debug, Clone)]
#[must_use]
pub struct ZeroModel {
    /// Columns of the count part.
    pub names: Vec<String>,
    /// Columns of the zero part.
    pub zero_names: Vec<String>,
    /// β (p).
    pub count: Array1<f64>,
    /// γ (q): of a structural zero (inflated) or of a positive count (hurdle).
    pub zero: Array1<f64>,
    /// Inverse observed information, β first (p + q square).
    pub vcov: Array2<f64>,
    /// l at the maximum.
    pub log_lik: f64,
    /// Σ w.
    pub n_obs: f64,
    /// Newton steps (of both parts).
    pub n_iter: usize,
    hurdle: bool,
}

/// The scores of a model's rows.
#[derive(Debug)]
pub struct ZeroScores<'a> {
    fit: &'a ZeroModel,
    data: &'a Counts<'a>,
}

/// Fits the zero-inflated Poisson model.
///
/// # Errors
/// `Length`, `Values`, `InvalidOption`, `Aliased`; `Undefined` without zeros or without positive counts;
/// `Separation`, with the columns, where φ runs to 0 or 1; `NoConvergence`.
pub fn zero_inflated(data: &Counts<'_>) -> Result<ZeroModel> {
    data.check()?;
    full_rank(data.x, data.names)?;
    full_rank(data.z, data.zero_names)?;
    let p = data.names.len();
    let mut labels: Vec<String> = data.names.iter().map(|n| format!("count:{n}")).collect();
    labels.extend(data.zero_names.iter().map(|n| format!("zero:{n}")));
    let mut sizes = spans(data.x);
    sizes.extend(spans(data.z));
    let model = Model { what: "zero-inflated regression", names: &labels, spans: &sizes };
    let best = model.maximise(data.start(), |theta| data.inflated_at(theta)).map_err(no_excess)?;
    Ok(ZeroModel {
        names: data.names.to_vec(),
        zero_names: data.zero_names.to_vec(),
        count: Array1::from(best.theta[..p].to_vec()),
        zero: Array1::from(best.theta[p..].to_vec()),
        vcov: best.vcov,
        log_lik: best.point.log_lik,
        n_obs: data.n_obs(),
        n_iter: best.n_iter,
        hurdle: false,
    })
}

/// Where only the zero part runs, φ goes to 0 or 1: that is said in the field's words.
fn no_excess(error: Error) -> Error {
    match error {
        Error::Separation { outcome, columns, rows, .. }
            if columns.iter().all(|c| c.starts_with("zero:")) =>
        {
            let pattern = "no structural zeros are left there, or nothing else: the zeros may be those of Poisson \
                           counts; try fewer columns in the zero part, or gf.glm and gf.hurdle";
            Error::Separation { outcome, columns, rows, pattern: pattern.to_owned() }
        }
        other => other,
    }
}

/// Fits the hurdle model: logit of a positive count, cut-off Poisson of its size.
///
/// # Errors
/// As [`zero_inflated`].
pub fn hurdle(data: &Counts<'_>) -> Result<ZeroModel> {
    data.check()?;
    full_rank(data.z, data.zero_names)?;
    let count = data.truncated()?;
    let sizes = spans(data.z);
    let model = Model { what: "the zero part of a hurdle model", names: data.zero_names, spans: &sizes };
    let zero = model.maximise(vec![0.0; data.zero_names.len()], |gamma| data.positive_at(gamma))?;
    let (p, q) = (data.names.len(), data.zero_names.len());
    let mut vcov = Array2::zeros((p + q, p + q));
    vcov.slice_mut(s![..p, ..p]).assign(&count.vcov);
    vcov.slice_mut(s![p.., p..]).assign(&zero.vcov);
    Ok(ZeroModel {
        names: data.names.to_vec(),
        zero_names: data.zero_names.to_vec(),
        count: Array1::from(count.theta),
        zero: Array1::from(zero.theta),
        vcov,
        log_lik: count.point.log_lik + zero.point.log_lik,
        n_obs: data.n_obs(),
        n_iter: count.n_iter + zero.n_iter,
        hurdle: true,
    })
}

impl ZeroModel {
    /// Standard errors, β first.
    pub fn std_errors(&self) -> Array1<f64> {
        self.vcov.diag().mapv(f64::sqrt)
    }

    /// Scores by row, for the data of the fit.
    pub fn scores<'a>(&'a self, data: &'a Counts<'a>) -> ZeroScores<'a> {
        ZeroScores { fit: self, data }
    }
}

impl Contributions for ZeroScores<'_> {
    fn visit(&self, take: &mut dyn FnMut(usize, f64, &[f64])) {
        let (beta, gamma) = (self.fit.count.to_vec(), self.fit.zero.to_vec());
        let mut score = vec![0.0; beta.len() + gamma.len()];
        for i in (0..self.data.y.len()).filter(|&i| self.data.weights.at(i) > 0.0) {
            let (eta, zeta) = (self.data.eta(i, &beta), self.data.zeta(i, &gamma));
            let row = if self.fit.hurdle {
                let y = self.data.y[i];
                let positive = if y > 0.0 { expit(-zeta) } else { -expit(zeta) };
                Row {
                    eta: if y > 0.0 { y - truncated_mean(eta).0 } else { 0.0 },
                    zeta: positive,
                    ..Row::default()
                }
            } else {
                inflated(self.data.y[i], eta, zeta)
            };
            let (count, zero) = score.split_at_mut(beta.len());
            count.iter_mut().zip(self.data.x.row(i)).for_each(|(s, x)| *s = row.eta * x);
            zero.iter_mut().zip(self.data.z.row(i)).for_each(|(s, z)| *s = row.zeta * z);
            take(i, self.data.weights.at(i), &score);
        }
    }
}

/// First and second derivatives of one row's ln P by its predictors η (count) and ζ (zero).
#[derive(Debug, Clone, Copy, Default)]
struct Row {
    value: f64,
    eta: f64,
    zeta: f64,
    eta_eta: f64,
    eta_zeta: f64,
    zeta_zeta: f64,
}

fn expit(v: f64) -> f64 {
    1.0 / (1.0 + (-v).exp())
}

/// ln(1 + e^v).
fn softplus(v: f64) -> f64 {
    v.max(0.0) + (-v.abs()).exp().ln_1p()
}

/// m, the mean of a Poisson number above 0, and m − μ = μ/(e^μ − 1), whose limit at 0 is 1.
fn truncated_mean(eta: f64) -> (f64, f64) {
    let mu = eta.exp();
    let added = if mu > 0.0 { mu / mu.exp_m1() } else { 1.0 };
    (mu + added, added)
}

/// The zero-inflated likelihood of one row.
fn inflated(y: f64, eta: f64, zeta: f64) -> Row {
    let (mu, phi) = (eta.exp(), expit(zeta));
    let spread = phi * expit(-zeta);
    if y > 0.0 {
        let value = y * eta - mu - ln_gamma(y + 1.0) - softplus(zeta);
        return Row { value, eta: y - mu, zeta: -phi, eta_eta: -mu, eta_zeta: 0.0, zeta_zeta: -spread };
    }
    let (r, other) = (expit(zeta + mu), expit(-zeta - mu));
    Row {
        value: softplus(zeta + mu) - mu - softplus(zeta),
        eta: -mu * other,
        zeta: r - phi,
        eta_eta: mu * other * (r * mu - 1.0),
        eta_zeta: r * other * mu,
        zeta_zeta: r * other - spread,
    }
}

impl Counts<'_> {
    fn check(&self) -> Result<()> {
        let n = self.y.len();
        let lengths = [
            ("count design", self.x.nrows()),
            ("zero design", self.z.nrows()),
            ("offset", self.offset.map_or(n, <[f64]>::len)),
        ];
        if let Some((what, got)) = lengths.into_iter().find(|(_, got)| *got != n) {
            return Err(Error::Length { what: what.to_owned(), expected: n, got });
        }
        if !matches!(self.weights, Weights::Unit | Weights::Frequency(_)) {
            return Err(Error::option("weights", "frequency weights", "weights of another kind"));
        }
        self.weights.check(n, "weight")?;
        let bad = |i: &usize| !(self.y[*i] >= 0.0 && self.y[*i].fract() == 0.0);
        if let Some(first) = (0..n).find(bad) {
            return Err(Error::values("count", (0..n).filter(bad), "whole numbers from 0", self.y[first]));
        }
        if let Some(row) = self.offset.and_then(|o| o.iter().position(|v| !v.is_finite())) {
            return Err(Error::values("offset", [row], "finite numbers", "a number that is not finite"));
        }
        let zeros: f64 = (0..n).filter(|&i| self.y[i] == 0.0).map(|i| self.weights.at(i)).sum();
        let reason = match zeros {
            0.0 => "no count is zero",
            z if z == self.n_obs() => "every count is zero",
            _ => return Ok(()),
        };
        Err(Error::Undefined { what: "the zero part of the model".to_owned(), reason: reason.to_owned() })
    }

    fn n_obs(&self) -> f64 {
        (0..self.y.len()).map(|i| self.weights.at(i)).sum()
    }

    fn eta(&self, i: usize, beta: &[f64]) -> f64 {
        let sum: f64 = self.x.row(i).iter().zip(beta).map(|(x, b)| x * b).sum();
        self.offset.map_or(sum, |o| o[i] + sum)
    }

    fn zeta(&self, i: usize, gamma: &[f64]) -> f64 {
        self.z.row(i).iter().zip(gamma).map(|(z, g)| z * g).sum()
    }

    /// The cut-off Poisson fit, and the φ that makes both parts agree on the share of zeros.
    fn start(&self) -> Vec<f64> {
        let (p, q) = (self.names.len(), self.zero_names.len());
        let mut start = vec![0.0; p + q];
        let Ok(count) = self.truncated() else { return start };
        start[..p].copy_from_slice(&count.theta);
        let (mut positive, mut expected) = (0.0, 0.0);
        for i in 0..self.y.len() {
            let w = self.weights.at(i);
            positive += if self.y[i] > 0.0 { w } else { 0.0 };
            expected += w * -(-self.eta(i, &count.theta).exp()).exp_m1();
        }
        let phi = (1.0 - positive / expected).clamp(0.05, 0.95);
        let constant = |j: &usize| self.z.column(*j).iter().all(|v| *v == 1.0);
        if let Some(j) = (0..q).find(constant) {
            start[p + j] = (phi / (1.0 - phi)).ln();
        }
        start
    }

    fn inflated_at(&self, theta: &[f64]) -> Option<Point> {
        let (beta, gamma) = theta.split_at(self.names.len());
        self.gather(theta.len(), |i| inflated(self.y[i], self.eta(i, beta), self.zeta(i, gamma)))
    }

    /// l of y > 0 against y = 0.
    fn positive_at(&self, gamma: &[f64]) -> Option<Point> {
        let mut point = Point::zero(gamma.len());
        for i in 0..self.y.len() {
            let zeta = self.zeta(i, gamma);
            let positive = self.y[i] > 0.0;
            let w = self.weights.at(i);
            point.log_lik -= w * softplus(if positive { -zeta } else { zeta });
            let residual = if positive { expit(-zeta) } else { -expit(zeta) };
            let z = self.z.row(i).to_vec();
            add(&mut point, 0, &z, w * residual);
            bend(&mut point, (0, &z), (0, &z), w * expit(zeta) * expit(-zeta));
        }
        point.mirror();
        point.log_lik.is_finite().then_some(point)
    }

    /// The cut-off Poisson part of the hurdle model, over rows with a positive count.
    fn truncated(&self) -> Result<Maximum> {
        let rows: Vec<usize> =
            (0..self.y.len()).filter(|&i| self.y[i] > 0.0 && self.weights.at(i) > 0.0).collect();
        let x = self.x.select(Axis(0), &rows);
        full_rank(x.view(), self.names)?;
        let sizes = spans(x.view());
        let model = Model { what: "the count part of a hurdle model", names: self.names, spans: &sizes };
        model.maximise(vec![0.0; self.names.len()], |beta| {
            let mut point = Point::zero(beta.len());
            for &i in &rows {
                let eta = self.eta(i, beta);
                let (mu, y, w) = (eta.exp(), self.y[i], self.weights.at(i));
                let (m, added) = truncated_mean(eta);
                point.log_lik += w * (y * eta - mu - ln_gamma(y + 1.0) - (-(-mu).exp_m1()).ln());
                let x = self.x.row(i).to_vec();
                add(&mut point, 0, &x, w * (y - m));
                bend(&mut point, (0, &x), (0, &x), w * m * (1.0 - added));
            }
            point.mirror();
            point.log_lik.is_finite().then_some(point)
        })
    }

    /// Sums rows' values and derivatives.
    fn gather(&self, q: usize, row: impl Fn(usize) -> Row) -> Option<Point> {
        let p = self.names.len();
        let mut point = Point::zero(q);
        for i in (0..self.y.len()).filter(|&i| self.weights.at(i) > 0.0) {
            let (w, r) = (self.weights.at(i), row(i));
            let (x, z) = (self.x.row(i).to_vec(), self.z.row(i).to_vec());
            point.log_lik += w * r.value;
            add(&mut point, 0, &x, w * r.eta);
            add(&mut point, p, &z, w * r.zeta);
            bend(&mut point, (0, &x), (0, &x), -w * r.eta_eta);
            bend(&mut point, (p, &z), (p, &z), -w * r.zeta_zeta);
            bend(&mut point, (p, &z), (0, &x), -w * r.eta_zeta);
        }
        point.mirror();
        let finite = point.log_lik.is_finite() && point.information.iter().all(|v| v.is_finite());
        finite.then_some(point)
    }
}

/// U += f·v from parameter `first` on.
fn add(point: &mut Point, first: usize, v: &[f64], f: f64) {
    for (u, v) in point.score[first..].iter_mut().zip(v) {
        *u += f * v;
    }
}

/// A += f·ab′ at the rows of a and the columns of b.
fn bend(point: &mut Point, a: (usize, &[f64]), b: (usize, &[f64]), f: f64) {
    let q = point.score.len();
    for (j, v) in a.1.iter().enumerate() {
        let row = &mut point.information[(a.0 + j) * q + b.0..];
        for (o, x) in row.iter_mut().zip(b.1) {
            *o += f * v * x;
        }
    }
}
