//! Conditional logistic regression of matched data.
//!
//! Stratum g has n_g rows of which d_g are cases. Given d_g the stratum's own intercept cancels:
//! l(β) = Σ_g [Σ_cases x′β − ln e_d(θ)], θ_i = exp(x_i′β), e_d the elementary symmetric function:
//! the sum over all sets of d_g rows (Gail, Lubin and Rubinstein 1981), exact whatever the number
//! of ties. Row by row, e_k ← e_k + θ e_{k−1} (Howard 1972). It is kept as ln e_k with its gradient
//! G_k and Hessian H_k: with π = θe_{k−1}/(e_k + θe_{k−1}) and u = x + G_{k−1} − G_k, G_k ← G_k +
//! πu, H_k ← (1 − π)H_k + πH_{k−1} + π(1 − π)uu′; nothing overflows or cancels. Where cases
//! outnumber controls the two change places (x → −x), so k ≤ n_g/2.
//!
//! Strata in which all rows are cases, or none, say nothing about β: dropped and counted.
//! Covariance: observed information, or a sandwich by strata or by clusters of strata. Unweighted.

use std::collections::HashMap;

use ndarray::{Array1, Array2, ArrayView2};

use crate::error::{Error, Result};
use crate::num::linalg::SmallCholesky;
use crate::regression::ascent::{Model, Point};
use crate::regression::rank::{full_rank, spans};
use crate::regression::sandwich::Contributions;

/// A fitted model.
#[derive(Debug, Clone)]
#[must_use]
pub struct Clogit {
    /// Columns.
    pub names: Vec<String>,
    /// Coefficients: log odds ratios (p).
    pub beta: Array1<f64>,
    /// Inverse observed information (p × p).
    pub vcov: Array2<f64>,
    /// l(β̂).
    pub log_lik: f64,
    /// l(0).
    pub log_lik_null: f64,
    /// 2(l(β̂) − l(0)).
    pub lr: f64,
    /// U(0)′A(0)⁻¹U(0).
    pub score: f64,
    /// β̂′A(β̂)β̂.
    pub wald: f64,
    /// Rows, those of dropped strata included.
    pub n: usize,
    /// Cases, those of dropped strata included.
    pub events: usize,
    /// Strata with both cases and controls.
    pub n_strata: usize,
    /// Strata with only one of them.
    pub n_dropped: usize,
    /// Newton steps.
    pub n_iter: usize,
    used: Vec<Stratum>,
}

/// One stratum: columns centred on its mean, the fewer of cases and controls called cases.
#[derive(Debug, Clone)]
struct Stratum {
    /// Its first row in the table.
    first: usize,
    /// n_g × p, row after row.
    x: Vec<f64>,
    d: usize,
    /// Σ x over the cases.
    total: Vec<f64>,
}

/// Fits `case` (n) on `x` (n × p, without an intercept) within `strata` (n codes).
///
/// # Errors
/// `Length`; `TooFew` when no stratum varies; `Aliased` for columns that do not vary within strata or are
/// combinations of others there; `Separation`; `NoConvergence`.
pub fn clogit(case: &[bool], x: ArrayView2<'_, f64>, names: &[String], strata: &[u32]) -> Result<Clogit> {
    let n = case.len();
    for (what, got) in [("design", x.nrows()), ("strata", strata.len())] {
        if got != n {
            return Err(Error::Length { what: what.to_owned(), expected: n, got });
        }
    }
    let (used, n_dropped) = split(case, x, strata);
    if used.is_empty() {
        let what = "strata with both cases and controls, for a conditional regression".to_owned();
        return Err(Error::TooFew { what, needed: 1, got: 0 });
    }
    let p = names.len();
    let rows: Vec<f64> = used.iter().flat_map(|s| s.x.iter().copied()).collect();
    let within = Array2::from_shape_vec((rows.len() / p.max(1), p), rows)
        .map_err(|e| Error::Internal { message: e.to_string() })?;
    full_rank(within.view(), names)?;
    let spans = spans(within.view());
    let model = Model { what: "conditional logistic regression", names, spans: &spans };
    let at = |beta: &[f64]| {
        let mut point = Point::zero(p);
        for s in &used {
            s.add_to(&mut point, beta);
        }
        point.mirror();
        point.log_lik.is_finite().then_some(point)
    };
    let null = at(&vec![0.0; p]).ok_or_else(|| Error::Internal { message: "l(0) not finite".to_owned() })?;
    let mut u = null.score.clone();
    SmallCholesky::new(&null.information, p)
        .map_err(|pivot| Error::NotPositiveDefinite { pivot, column: names[pivot].clone() })?
        .solve(&mut u);
    let score = u.iter().zip(&null.score).map(|(a, b)| a * b).sum();
    let best = model.maximise(vec![0.0; p], at)?;
    let (beta, a) = (&best.theta, &best.point.information);
    let wald = (0..p).map(|j| beta[j] * (0..p).map(|k| a[j * p + k] * beta[k]).sum::<f64>()).sum();
    Ok(Clogit {
        names: names.to_vec(),
        beta: Array1::from(best.theta),
        vcov: best.vcov,
        log_lik: best.point.log_lik,
        log_lik_null: null.log_lik,
        lr: 2.0 * (best.point.log_lik - null.log_lik),
        score,
        wald,
        n,
        events: case.iter().filter(|c| **c).count(),
        n_strata: used.len(),
        n_dropped,
        n_iter: best.n_iter,
        used,
    })
}

/// The strata that vary, in order of first appearance, and how many do not.
fn split(case: &[bool], x: ArrayView2<'_, f64>, strata: &[u32]) -> (Vec<Stratum>, usize) {
    let mut place: HashMap<u32, usize> = HashMap::new();
    let mut members: Vec<Vec<usize>> = Vec::new();
    for (i, code) in strata.iter().enumerate() {
        let next = members.len();
        let at = *place.entry(*code).or_insert(next);
        if at == next {
            members.push(Vec::new());
        }
        members[at].push(i);
    }
    let all = members.len();
    let used: Vec<Stratum> = members.iter().filter_map(|rows| Stratum::new(case, x, rows)).collect();
    let n_dropped = all - used.len();
    (used, n_dropped)
}

impl Stratum {
    fn new(case: &[bool], x: ArrayView2<'_, f64>, rows: &[usize]) -> Option<Self> {
        let (n, p) = (rows.len(), x.ncols());
        let cases = rows.iter().filter(|&&i| case[i]).count();
        if cases == 0 || cases == n {
            return None;
        }
        let flip = 2 * cases > n;
        let sign = if flip { -1.0 } else { 1.0 };
        let mean: Vec<f64> =
            (0..p).map(|j| rows.iter().map(|&i| x[[i, j]]).sum::<f64>() / n as f64).collect();
        let mut centred = Vec::with_capacity(n * p);
        let mut total = vec![0.0; p];
        for &i in rows {
            for j in 0..p {
                let v = sign * (x[[i, j]] - mean[j]);
                centred.push(v);
                total[j] += if case[i] == flip { 0.0 } else { v };
            }
        }
        let first = rows[0];
        Some(Self { first, x: centred, d: if flip { n - cases } else { cases }, total })
    }

    /// Adds this stratum's l, U and A (lower triangle).
    fn add_to(&self, point: &mut Point, beta: &[f64]) {
        let p = beta.len();
        let n = self.x.len() / p;
        let mut sets = Sets::new(self.d, p);
        for (i, x) in self.x.chunks_exact(p).enumerate() {
            let eta: f64 = x.iter().zip(beta).map(|(x, b)| x * b).sum();
            // Sets too small to be filled by the rows that are left are not needed any more.
            let least = (self.d + i + 1).saturating_sub(n).max(1);
            for k in (least..=self.d.min(i + 1)).rev() {
                sets.add(k, i, x, eta);
            }
        }
        let (g, h) = (&sets.gradient[self.d * p..], &sets.hessian[self.d * p * p..]);
        point.log_lik += self.total.iter().zip(beta).map(|(t, b)| t * b).sum::<f64>() - sets.ln[self.d];
        for j in 0..p {
            point.score[j] += self.total[j] - g[j];
            for k in 0..=j {
                point.information[j * p + k] += h[j * p + k];
            }
        }
    }
}

/// ln e_k, G_k and H_k (lower triangles) for k = 0..=d over the rows so far.
struct Sets {
    p: usize,
    ln: Vec<f64>,
    gradient: Vec<f64>,
    hessian: Vec<f64>,
    u: Vec<f64>,
}

impl Sets {
    fn new(d: usize, p: usize) -> Self {
        let mut ln = vec![f64::NEG_INFINITY; d + 1];
        ln[0] = 0.0;
        Self { p, ln, gradient: vec![0.0; (d + 1) * p], hessian: vec![0.0; (d + 1) * p * p], u: vec![0.0; p] }
    }

    /// Sets of k rows once row `i` (x, η) may be one of them.
    fn add(&mut self, k: usize, i: usize, x: &[f64], eta: f64) {
        let p = self.p;
        // ln θe_{k−1} − ln e_k; before the first set of k rows e_k is 0 and π is 1.
        let with = eta + self.ln[k - 1];
        let pi = if i + 1 == k { 1.0 } else { 1.0 / (1.0 + (self.ln[k] - with).exp()) };
        let (high, low) = (with.max(self.ln[k]), with.min(self.ln[k]));
        self.ln[k] = high + (low - high).exp().ln_1p();
        let (smaller, larger) = self.gradient.split_at_mut(k * p);
        let (before, here) = (&smaller[(k - 1) * p..], &mut larger[..p]);
        for j in 0..p {
            self.u[j] = x[j] + before[j] - here[j];
            here[j] += pi * self.u[j];
        }
        let (smaller, larger) = self.hessian.split_at_mut(k * p * p);
        let (before, here) = (&smaller[(k - 1) * p * p..], &mut larger[..p * p]);
        let spread = pi * (1.0 - pi);
        for a in 0..p {
            let factor = spread * self.u[a];
            for b in 0..=a {
                let at = a * p + b;
                here[at] += pi * (before[at] - here[at]) + factor * self.u[b];
            }
        }
    }
}

/// The independent rows are the strata: s_g = Σ_cases x − G_d. Clusters must hold whole strata.
impl Contributions for Clogit {
    fn visit(&self, take: &mut dyn FnMut(usize, f64, &[f64])) {
        let beta = self.beta.to_vec();
        for stratum in &self.used {
            let mut point = Point::zero(beta.len());
            stratum.add_to(&mut point, &beta);
            take(stratum.first, 1.0, &point.score);
        }
    }
}

impl Clogit {
    /// Standard errors (p).
    pub fn std_errors(&self) -> Array1<f64> {
        self.vcov.diag().mapv(f64::sqrt)
    }
}
