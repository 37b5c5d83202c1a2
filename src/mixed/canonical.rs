//! One random term of one column: the restricted likelihood as independent sums of squares.
//!
//! With the residual maker of W^½X and the eigenvalues μ_g (k_g of each) of Z′W^½(I − H)W^½Z above 0,
//! U_g = Σ of k_g squares ~ (σ² + τμ_g) χ²(k_g),  E ~ σ² χ²(f),  f = n − p − Σk_g,  all independent, and
//! −2 log L_R = Σ k_g log(σ² + τμ_g) + Σ U_g/(σ² + τμ_g) + f log σ² + E/σ² + constant  (Olsen, Seely and Birkes 1976; Crainiceanu
//! and Ruppert 2004, eq. 7-9). ρ = τ/σ². Equal groups share one eigenvalue: 22 authorities of 7 years are one term with k = 21.

use crate::error::{Error, Result};
use crate::mixed::dense::Dense;
use crate::mixed::problem::Problem;
use crate::num::linalg::{Cholesky, eigen_symmetric};

/// Eigenvalues below this share of the largest are 0.
const ZERO: f64 = 1e-9;
/// Eigenvalues this close count as one.
const SAME: f64 = 1e-9;

/// The sums of squares and what they are sums of.
#[derive(Debug, Clone, PartialEq)]
pub struct Canonical {
    /// μ, ascending.
    pub mu: Vec<f64>,
    /// Degrees of freedom k of each.
    pub k: Vec<f64>,
    /// U.
    pub u: Vec<f64>,
    /// Degrees of freedom f of E.
    pub f: f64,
    /// E.
    pub e: f64,
}

impl Canonical {
    /// The sums of a problem.
    ///
    /// # Errors
    /// `InvalidOption` for several terms or columns; `Undefined` where nothing is left for the residual or the levels are all
    /// taken up by the fixed effects.
    pub fn new(problem: &Problem) -> Result<Self> {
        let terms = &problem.design.terms;
        if terms.len() != 1 || terms[0].q() != 1 {
            let expected = "profile or bootstrap: exact needs a single random term of one column";
            return Err(Error::option("interval", expected, "exact"));
        }
        let d = Dense::new(problem)?;
        let s = Cholesky::new(d.xx.view(), problem.names())?;
        let (inverse, beta) = (s.inverse(), s.solve(&d.xy.to_vec()));
        let a = &d.zz - &d.zx.dot(&inverse).dot(&d.zx.t());
        let c = &d.zy - &d.zx.dot(&beta);
        let rss = d.yy - d.xy.dot(&beta);
        let (values, vectors) = eigen_symmetric(a.view())?;
        let largest = values.last().copied().unwrap_or(0.0);
        let mut out = Self { mu: Vec::new(), k: Vec::new(), u: Vec::new(), f: 0.0, e: rss };
        for (i, &value) in values.iter().enumerate().filter(|(_, v)| **v > ZERO * largest.max(1e-300)) {
            let u = vectors.column(i).dot(&c).powi(2) / value;
            out.e -= u;
            match out.mu.last() {
                Some(&last) if value - last <= SAME * value => {
                    let at = out.mu.len() - 1;
                    out.k[at] += 1.0;
                    out.u[at] += u;
                }
                _ => {
                    out.mu.push(value);
                    out.k.push(1.0);
                    out.u.push(u);
                }
            }
        }
        out.f = problem.n - problem.names().len() as f64 - out.k.iter().sum::<f64>();
        if out.mu.is_empty() || out.f < 1.0 || out.e <= 0.0 {
            return Err(Error::Undefined {
                what: "the ratio of the variances".to_owned(),
                reason: "the groups and the fixed effects leave nothing to compare".to_owned(),
            });
        }
        Ok(out)
    }

    /// n − p.
    pub fn n(&self) -> f64 {
        self.f + self.k.iter().sum::<f64>()
    }

    /// Mean of μ over its degrees of freedom: about the size of a group.
    pub fn scale(&self) -> f64 {
        let total: f64 = self.k.iter().sum();
        self.mu.iter().zip(&self.k).map(|(m, k)| m * k).sum::<f64>() / total
    }

    /// −2 log L_R at ρ, its least over σ², without the constant.
    pub fn at_ratio(&self, rho: f64) -> f64 {
        let (mut ln_det, mut sum) = (0.0, self.e);
        for ((mu, k), u) in self.mu.iter().zip(&self.k).zip(&self.u) {
            let v = 1.0 + rho * mu;
            ln_det += k * v.ln();
            sum += u / v;
        }
        ln_det + self.n() * sum.ln()
    }

    /// σ² that is best at ρ.
    pub fn sigma2_at(&self, rho: f64) -> f64 {
        let sum: f64 = self.mu.iter().zip(&self.u).map(|(m, u)| u / (1.0 + rho * m)).sum();
        (sum + self.e) / self.n()
    }

    /// The least of −2 log L_R over ρ ≥ 0, and ρ there.
    pub fn best(&self) -> (f64, f64) {
        let m = self.scale();
        let rho = |x: f64| x / ((1.0 - x) * m);
        let points: Vec<f64> = (0..GRID).map(grid).collect();
        let values: Vec<f64> = points.iter().map(|&x| self.at_ratio(rho(x))).collect();
        let at = (0..GRID).fold(0, |b, j| if values[j] < values[b] { j } else { b });
        let (mut low, mut high) = (points[at.saturating_sub(1)], points[(at + 1).min(GRID - 1)]);
        // Golden section: the bracket holds the least grid point.
        let g = 0.5 * (5.0_f64.sqrt() - 1.0);
        for _ in 0..60 {
            let (a, b) = (high - g * (high - low), low + g * (high - low));
            if self.at_ratio(rho(a)) <= self.at_ratio(rho(b)) { high = b } else { low = a }
        }
        let x = 0.5 * (low + high);
        let inner = (self.at_ratio(rho(x)), rho(x));
        let zero = (values[0], 0.0);
        if zero.0 <= inner.0 { zero } else { inner }
    }

    /// The least of −2 log L_R over σ² at τ, on the scale of [`Self::at_ratio`], and σ² there.
    pub fn at_between(&self, tau: f64, start: f64) -> (f64, f64) {
        let mut t = start.ln();
        for _ in 0..50 {
            let s = t.exp();
            let (mut g, mut information) = (self.f - self.e / s, self.f);
            for ((mu, k), u) in self.mu.iter().zip(&self.k).zip(&self.u) {
                let v = s + tau * mu;
                g += (k - u / v) * s / v;
                information += k * (s / v).powi(2);
            }
            let step = (-g / information).clamp(-2.0, 2.0);
            t += step;
            if step.abs() < 1e-10 {
                break;
            }
        }
        let s = t.exp();
        let mut value = self.f * t + self.e / s;
        for ((mu, k), u) in self.mu.iter().zip(&self.k).zip(&self.u) {
            let v = s + tau * mu;
            value += k * v.ln() + u / v;
        }
        let n = self.n();
        (value - n + n * n.ln(), s)
    }
}

/// Points of the grid of ρμ̄/(1 + ρμ̄).
pub(super) const GRID: usize = 64;

/// Point j of the grid: 0 to 1, denser at both ends, 1 left out.
#[allow(clippy::cast_precision_loss)]
pub(super) fn grid(j: usize) -> f64 {
    let s = j as f64 / GRID as f64;
    s * s * (3.0 - 2.0 * s)
}
