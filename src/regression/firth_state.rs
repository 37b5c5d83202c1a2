//! What Firth's iteration needs at one β: penalised log-likelihood, modified score, curvature.
//!
//! Rows stand in blocks of [`B`], column after column, so that every sum runs over lanes; the
//! third-order sums of the penalty's curvature cost p³/6 products a row and no n × n matrix is
//! formed. With π = 1/(1 + e^−η), w = mπ(1 − π), I = X′WX = LL′, q = x′I⁻¹x and h = wq:
//! * l* = Σ s ln π + (m − s) ln(1 − π) + ½ ln|I|;
//! * U* = Σ (s − mπ + h(½ − π)) x;
//! * −∂U* = I − ½(S − T), S = Σ wq(1 − 6π(1 − π)) xx′, T_rs = tr(I⁻¹D_r I⁻¹D_s), D_r = Σ w(1 − 2π)x_r xx′.

use ndarray::ArrayView2;

use crate::error::{Error, Result};
use crate::num::linalg::SmallCholesky;

/// Rows in a block.
const B: usize = 16;
/// Beyond this many columns p³/6 sums a row cost more than the extra iterations of scoring.
const EXACT_COLUMNS: usize = 24;

type Lane = [f64; B];

/// The data of a grouped logistic regression, padded with empty patterns to whole blocks.
#[derive(Debug, Clone)]
pub struct Patterns {
    x: Vec<Lane>,
    s: Vec<Lane>,
    m: Vec<Lane>,
    offset: Vec<Lane>,
    names: Vec<String>,
    n: usize,
}

/// Everything at one β.
#[derive(Debug, Clone)]
pub struct State {
    /// l* = l + ½ ln|I|.
    pub penalised: f64,
    /// l, without binomial coefficients.
    pub log_lik: f64,
    /// U*.
    pub score: Vec<f64>,
    /// −∂U* (or I, beyond 24 columns), p × p, row-major.
    pub curvature: Vec<f64>,
    /// I, p × p, row-major.
    pub information: Vec<f64>,
    /// Its factor.
    pub factor: SmallCholesky,
}

/// Sums over rows that do not need I⁻¹.
struct First {
    information: Vec<f64>,
    /// D_jkl for l ≤ k ≤ j, one after another.
    third: Vec<f64>,
    log_lik: f64,
}

/// η, π, 1 − π and ln(1 + e^−|η|) of a block.
struct Curve {
    eta: Lane,
    pi: Lane,
    rest: Lane,
    ln_1p: Lane,
}

fn lanes(values: &[f64]) -> Vec<Lane> {
    let mut out = vec![[0.0; B]; values.len().div_ceil(B)];
    for (i, v) in values.iter().enumerate() {
        out[i / B][i % B] = *v;
    }
    out
}

fn dot(a: &Lane, b: &Lane) -> f64 {
    let mut sums = [0.0; 4];
    for k in 0..B / 4 {
        for (i, sum) in sums.iter_mut().enumerate() {
            *sum += a[4 * k + i] * b[4 * k + i];
        }
    }
    (sums[0] + sums[1]) + (sums[2] + sums[3])
}

fn times(a: &Lane, b: &Lane) -> Lane {
    let mut out = *a;
    for (o, v) in out.iter_mut().zip(b) {
        *o *= v;
    }
    out
}

fn curve(eta: Lane) -> Curve {
    let mut c = Curve { eta, pi: [0.0; B], rest: [0.0; B], ln_1p: [0.0; B] };
    for i in 0..B {
        let e = (-eta[i].abs()).exp();
        let (large, small) = (1.0 / (1.0 + e), e / (1.0 + e));
        (c.pi[i], c.rest[i]) = if eta[i] >= 0.0 { (large, small) } else { (small, large) };
        c.ln_1p[i] = e.ln_1p();
    }
    c
}

impl Patterns {
    /// `successes` of `trials` in each of the n rows of `x` (n × p); checked by the caller.
    pub fn new(
        successes: &[f64],
        trials: &[f64],
        x: ArrayView2<'_, f64>,
        names: &[String],
        offset: Option<&[f64]>,
    ) -> Self {
        let (n, p) = x.dim();
        let zero = vec![0.0; n];
        let mut blocks = vec![[0.0; B]; n.div_ceil(B) * p];
        for (i, row) in x.outer_iter().enumerate() {
            for (j, v) in row.iter().enumerate() {
                blocks[i / B * p + j][i % B] = *v;
            }
        }
        Self {
            x: blocks,
            s: lanes(successes),
            m: lanes(trials),
            offset: lanes(offset.unwrap_or(&zero)),
            names: names.to_vec(),
            n,
        }
    }

    /// Columns.
    pub fn p(&self) -> usize {
        self.names.len()
    }

    fn eta(&self, block: usize, beta: &[f64]) -> Lane {
        let mut eta = self.offset[block];
        for (x, b) in self.columns(block).iter().zip(beta) {
            for (e, x) in eta.iter_mut().zip(x) {
                *e += b * x;
            }
        }
        eta
    }

    fn columns(&self, block: usize) -> &[Lane] {
        &self.x[block * self.p()..(block + 1) * self.p()]
    }

    /// Linear predictors, offset included (n).
    pub fn linear_predictor(&self, beta: &[f64]) -> Vec<f64> {
        let mut eta: Vec<f64> = (0..self.s.len()).flat_map(|b| self.eta(b, beta)).collect();
        eta.truncate(self.n);
        eta
    }

    /// Successes and trials of the n rows.
    pub fn counts(&self) -> (Vec<f64>, Vec<f64>) {
        let flat = |lanes: &[Lane]| lanes.iter().flatten().take(self.n).copied().collect();
        (flat(&self.s), flat(&self.m))
    }

    /// The largest change of a linear predictor when the coefficients `free` change by `step`.
    pub fn largest_change(&self, free: &[usize], step: &[f64]) -> f64 {
        let mut largest = 0.0_f64;
        for block in 0..self.s.len() {
            let mut eta = [0.0; B];
            for (&j, d) in free.iter().zip(step) {
                for (e, x) in eta.iter_mut().zip(&self.columns(block)[j]) {
                    *e += d * x;
                }
            }
            largest = eta.iter().fold(largest, |a, e| a.max(e.abs()));
        }
        largest
    }

    /// The state at `beta`.
    ///
    /// # Errors
    /// `NotPositiveDefinite` naming the column where the information vanishes.
    pub fn state(&self, beta: &[f64]) -> Result<State> {
        let p = self.p();
        let exact = p <= EXACT_COLUMNS;
        let curves: Vec<Curve> = (0..self.s.len()).map(|b| curve(self.eta(b, beta))).collect();
        let first = self.first(&curves, exact);
        let factor = SmallCholesky::new(&first.information, p)
            .map_err(|pivot| Error::NotPositiveDefinite { pivot, column: self.names[pivot].clone() })?;
        let inverse = factor.lower_inverse();
        let mut score = vec![0.0; p];
        let mut second = vec![0.0; p * p];
        for (block, c) in curves.iter().enumerate() {
            let (x, s, m) = (self.columns(block), &self.s[block], &self.m[block]);
            let q = quadratic(x, &inverse);
            let (mut residual, mut bend) = ([0.0; B], [0.0; B]);
            for i in 0..B {
                let w = m[i] * c.pi[i] * c.rest[i];
                let h = w * q[i];
                residual[i] = s[i] * c.rest[i] - (m[i] - s[i]) * c.pi[i] + h * 0.5 * (c.rest[i] - c.pi[i]);
                bend[i] = h * (1.0 - 6.0 * c.pi[i] * c.rest[i]);
            }
            for j in 0..p {
                score[j] += dot(&residual, &x[j]);
                if exact {
                    let bent = times(&bend, &x[j]);
                    for k in 0..=j {
                        second[j * p + k] += dot(&bent, &x[k]);
                    }
                }
            }
        }
        let mut curvature = first.information.clone();
        if exact {
            let t = traces(&first.third, &inverse, p);
            for j in 0..p {
                for k in 0..=j {
                    curvature[j * p + k] -= 0.5 * (second[j * p + k] - t[j * p + k]);
                    curvature[k * p + j] = curvature[j * p + k];
                }
            }
        }
        let penalised = first.log_lik + 0.5 * factor.ln_det();
        let information = first.information;
        Ok(State { penalised, log_lik: first.log_lik, score, curvature, information, factor })
    }

    /// l, I and the third-order sums.
    fn first(&self, curves: &[Curve], exact: bool) -> First {
        let p = self.p();
        let mut out = First {
            information: vec![0.0; p * p],
            third: vec![0.0; p * (p + 1) * (p + 2) / 6],
            log_lik: 0.0,
        };
        for (block, c) in curves.iter().enumerate() {
            let (x, s, m) = (self.columns(block), &self.s[block], &self.m[block]);
            let (mut w, mut v, mut l) = ([0.0; B], [0.0; B], [0.0; B]);
            for i in 0..B {
                w[i] = m[i] * c.pi[i] * c.rest[i];
                v[i] = c.rest[i] - c.pi[i];
                // ln π and ln(1 − π) one by one: their difference from sη would cancel for large η.
                let (up, down) = (c.eta[i].min(0.0) - c.ln_1p[i], (-c.eta[i]).min(0.0) - c.ln_1p[i]);
                l[i] = s[i] * up + (m[i] - s[i]) * down;
            }
            out.log_lik += l.iter().sum::<f64>();
            let mut at = 0;
            for j in 0..p {
                let wx = times(&w, &x[j]);
                let vx = times(&wx, &v);
                for k in 0..=j {
                    out.information[j * p + k] += dot(&wx, &x[k]);
                    if exact {
                        let pair = times(&vx, &x[k]);
                        for column in &x[..=k] {
                            out.third[at] += dot(&pair, column);
                            at += 1;
                        }
                    }
                }
            }
        }
        for j in 0..p {
            for k in 0..j {
                out.information[k * p + j] = out.information[j * p + k];
            }
        }
        out
    }

    /// Leverages h = w·x′I⁻¹x at `beta` (n).
    pub fn leverages(&self, beta: &[f64], factor: &SmallCholesky) -> Vec<f64> {
        let inverse = factor.lower_inverse();
        let mut out = Vec::with_capacity(self.s.len() * B);
        for block in 0..self.s.len() {
            let c = curve(self.eta(block, beta));
            let q = quadratic(self.columns(block), &inverse);
            out.extend((0..B).map(|i| self.m[block][i] * c.pi[i] * c.rest[i] * q[i]));
        }
        out.truncate(self.n);
        out
    }
}

/// q = |L⁻¹x|² of each row of a block.
fn quadratic(x: &[Lane], inverse: &[f64]) -> Lane {
    let p = x.len();
    let mut q = [0.0; B];
    for j in 0..p {
        let mut z = [0.0; B];
        for k in 0..=j {
            let f = inverse[j * p + k];
            for (z, x) in z.iter_mut().zip(&x[k]) {
                *z += f * x;
            }
        }
        for (q, z) in q.iter_mut().zip(&z) {
            *q += z * z;
        }
    }
    q
}

/// T_rs = tr(I⁻¹D_r I⁻¹D_s) as inner products of E_r = L⁻¹D_r L⁻ᵀ.
fn traces(third: &[f64], inverse: &[f64], p: usize) -> Vec<f64> {
    // Where D_jkl stands, for any order of the indices.
    let place = |a: usize, b: usize, c: usize| {
        let (high, low) = (a.max(b).max(c), a.min(b).min(c));
        let middle = a + b + c - high - low;
        high * (high + 1) * (high + 2) / 6 + middle * (middle + 1) / 2 + low
    };
    let mut e = vec![0.0; p * p * p];
    let mut half = vec![0.0; p * p];
    for (r, e) in e.chunks_exact_mut(p * p).enumerate() {
        for i in 0..p {
            for j in 0..p {
                half[i * p + j] = (0..=i).map(|k| inverse[i * p + k] * third[place(r, k, j)]).sum();
            }
        }
        for i in 0..p {
            for j in 0..p {
                e[i * p + j] = (0..=j).map(|k| half[i * p + k] * inverse[j * p + k]).sum();
            }
        }
    }
    let mut out = vec![0.0; p * p];
    for r in 0..p {
        for s in 0..=r {
            let (a, b) = (&e[r * p * p..(r + 1) * p * p], &e[s * p * p..(s + 1) * p * p]);
            out[r * p + s] = a.iter().zip(b).map(|(x, y)| x * y).sum();
        }
    }
    out
}
