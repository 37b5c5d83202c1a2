//! Kenward and Roger's covariance and degrees of freedom of the fixed effects.
//!
//! V = Σψ_r V_r, linear in the variances and covariances ψ, the last V_e = W⁻¹ with ψ_e = σ². With Φ = (X′V⁻¹X)⁻¹,
//! P_r = −X′V⁻¹V_rV⁻¹X, Q_rs = X′V⁻¹V_rV⁻¹V_sV⁻¹X, K_rs = tr(V⁻¹V_rV⁻¹V_s) and the expected information
//! (K_rs − 2tr(ΦQ_rs) + tr(ΦP_rΦP_s))/2 with inverse W,
//! Φ_A = Φ + 2Φ{Σ W_rs (Q_rs − P_rΦP_s)}Φ,
//! and F = (λ/q)(Lβ)′(LΦ_AL′)⁻¹Lβ on q and ν degrees of freedom (Kenward and Roger 1997, eq. 3-7; restricted likelihood).
//! With G = Z′V⁻¹Z and B = Z′V⁻¹X everything of the random terms is a product of M × M matrices; what belongs to σ² follows from
//! Σψ_rV_r = V, so that rows do not matter and cells serve.

use ndarray::{Array1, Array2};

use crate::error::{Error, Result};
use crate::mixed::dense::Dense;
use crate::mixed::lmm::Lmm;
use crate::mixed::problem::Problem;
use crate::mixed::satterthwaite::FTest;
use crate::num::linalg::{Cholesky, Gram, multiply};

/// Φ, Φ_A and what the degrees of freedom need, for coefficients in the data's units.
#[derive(Debug, Clone)]
pub struct KenwardRoger {
    /// Φ_A.
    pub adjusted: Array2<f64>,
    phi: Array2<f64>,
    /// ΦP_rΦ.
    moved: Vec<Array2<f64>>,
    /// W.
    w: Array2<f64>,
}

/// One V_r of a random term: V_r = Z E_r Z′, E_r pairing columns i and j of every level.
struct Component {
    first: usize,
    q: usize,
    n: usize,
    pair: (usize, usize),
    psi: f64,
}

impl Component {
    /// E_r·b.
    fn times(&self, b: &Array2<f64>) -> Array2<f64> {
        let mut out = Array2::zeros(b.dim());
        let (i, j) = self.pair;
        for level in 0..self.n {
            let at = self.first + level * self.q;
            out.row_mut(at + i).assign(&b.row(at + j));
            out.row_mut(at + j).assign(&b.row(at + i));
        }
        out
    }
}

impl KenwardRoger {
    /// The adjustment at a fit by restricted likelihood.
    ///
    /// # Errors
    /// `InvalidOption` for a fit by full likelihood or too many random effects; `NotPositiveDefinite`.
    pub fn new(problem: &Problem, fit: &Lmm) -> Result<Self> {
        if !fit.reml {
            return Err(Error::option("df", "a fit by restricted likelihood (reml=True)", "full likelihood"));
        }
        let sums = Sums::new(problem, fit)?;
        let (k, p) = (sums.p.len(), fit.beta.len());
        let phi = &sums.phi;
        let moved: Vec<Array2<f64>> = sums.p.iter().map(|m| phi.dot(m).dot(phi)).collect();
        let information = Array2::from_shape_fn((k, k), |(r, s)| {
            let trace = sums.k[[r, s]] - 2.0 * trace(phi, &sums.q[r * k + s]) + trace(&moved[r], &sums.p[s]);
            0.5 * trace
        });
        // Entries are of the order ψ⁻²: a slope's may be far from an intercept's.
        let root: Vec<f64> = (0..k).map(|r| information[[r, r]].sqrt()).collect();
        let equal = Array2::from_shape_fn((k, k), |(r, s)| information[[r, s]] / (root[r] * root[s]));
        let gram = Gram::new(equal.view(), 1e-10);
        if !gram.aliased().is_empty() {
            let column = "the information on the variances".to_owned();
            return Err(Error::NotPositiveDefinite { pivot: gram.aliased()[0], column });
        }
        let w = gram.inverse();
        let w = Array2::from_shape_fn((k, k), |(r, s)| w[[r, s]] / (root[r] * root[s]));
        let mut u = Array2::zeros((p, p));
        for r in 0..k {
            for s in 0..k {
                let part = &sums.q[r * k + s] - &sums.p[r].dot(phi).dot(&sums.p[s]);
                u.scaled_add(w[[r, s]], &part);
            }
        }
        let adjusted = phi + &(phi.dot(&u).dot(phi) * 2.0);
        let shift = problem.shift();
        let out = |m: &Array2<f64>| shift.dot(m).dot(&shift.t());
        Ok(Self { adjusted: out(&adjusted), phi: out(phi), moved: moved.iter().map(out).collect(), w })
    }

    /// F of Lβ = 0, rows of L independent.
    ///
    /// # Errors
    /// `NotPositiveDefinite` for rows that are not.
    pub fn f_test(&self, l: &Array2<f64>, beta: &[f64]) -> Result<FTest> {
        let q = l.nrows() as f64;
        let inverse = |m: &Array2<f64>| Cholesky::new(l.dot(m).dot(&l.t()).view(), &[]).map(|c| c.inverse());
        let theta = l.t().dot(&inverse(&self.phi)?).dot(l);
        let parts: Vec<Array2<f64>> = self.moved.iter().map(|m| theta.dot(m)).collect();
        let traces: Vec<f64> = parts.iter().map(|m| m.diag().sum()).collect();
        let (mut a1, mut a2) = (0.0, 0.0);
        for (r, x) in parts.iter().enumerate() {
            for (s, y) in parts.iter().enumerate() {
                a1 += self.w[[r, s]] * traces[r] * traces[s];
                a2 += self.w[[r, s]] * (x * &y.t()).sum();
            }
        }
        let (df2, lambda) = scale_and_df(q, a1, a2);
        let estimate = l.dot(&Array1::from(beta.to_vec()));
        let f = lambda / q * estimate.dot(&inverse(&self.adjusted)?.dot(&estimate));
        Ok(FTest { f, df: q, df2 })
    }
}

/// ν and λ (Kenward and Roger 1997, section 3).
fn scale_and_df(q: f64, a1: f64, a2: f64) -> (f64, f64) {
    let b = (a1 + 6.0 * a2) / (2.0 * q);
    let g = ((q + 1.0) * a1 - (q + 4.0) * a2) / ((q + 2.0) * a2);
    let d = 3.0 * q + 2.0 * (1.0 - g);
    let (c1, c2, c3) = (g / d, (q - g) / d, (q + 2.0 - g) / d);
    let mean = 1.0 / (1.0 - a2 / q);
    let (v0, v1, v2) = (1.0 + c1 * b, 1.0 - c2 * b, 1.0 - c3 * b);
    // V*/(2E*²), each factor before it can overflow.
    let rho = ((1.0 - a2 / q) / v1).powi(2) * v0 / v2 / q;
    let df2 = 4.0 + (q + 2.0) / (q * rho - 1.0);
    (df2, df2 / (mean * (df2 - 2.0)))
}

fn trace(a: &Array2<f64>, b: &Array2<f64>) -> f64 {
    (a * &b.t()).sum()
}

/// Φ, P, Q and K of all components, the residual last; columns of X as taken from their centres.
struct Sums {
    phi: Array2<f64>,
    p: Vec<Array2<f64>>,
    q: Vec<Array2<f64>>,
    k: Array2<f64>,
}

impl Sums {
    fn new(problem: &Problem, fit: &Lmm) -> Result<Self> {
        let dense = Dense::new(problem)?;
        let sigma2 = fit.sigma * fit.sigma;
        let components = components(problem, fit, &dense);
        let (g, b, inner) = inverse_products(problem, fit, &dense)?;
        let phi = Cholesky::new(inner.view(), problem.names())?.inverse();
        let eb: Vec<Array2<f64>> = components.iter().map(|c| c.times(&b)).collect();
        let eg: Vec<Array2<f64>> = components.iter().map(|c| c.times(&g)).collect();
        let psi: Vec<f64> = components.iter().map(|c| c.psi).collect();
        let r = components.len();
        let mut p: Vec<Array2<f64>> = eb.iter().map(|e| -b.t().dot(e)).collect();
        let geb: Vec<Array2<f64>> = eb.iter().map(|e| multiply(g.view(), e.view())).collect();
        let own = |a: usize, c: usize| eb[a].t().dot(&geb[c]);
        let sum = |parts: &[Array2<f64>]| {
            parts.iter().zip(&psi).fold(Array2::<f64>::zeros(phi.dim()), |s, (m, w)| s + m * *w)
        };
        p.push(-(&inner + &sum(&p)) / sigma2);
        let n = r + 1;
        let mut q = vec![Array2::zeros(phi.dim()); n * n];
        for a in 0..r {
            let row: Vec<Array2<f64>> = (0..r).map(|c| own(a, c)).collect();
            let last = -(&p[a] + &sum(&row)) / sigma2;
            row.into_iter().enumerate().for_each(|(c, m)| q[a * n + c] = m);
            q[r * n + a] = last.t().to_owned();
            q[a * n + r] = last;
        }
        q[r * n + r] = -(&p[r] + &sum(&q[r * n..r * n + r])) / sigma2;
        let mut k = Array2::zeros((n, n));
        for a in 0..r {
            for c in 0..=a {
                k[[a, c]] = trace(&eg[a], &eg[c]);
                k[[c, a]] = k[[a, c]];
            }
        }
        let single: Vec<f64> = eg.iter().map(|m| m.diag().sum()).collect();
        let along = |v: &[f64]| v.iter().zip(&psi).map(|(x, w)| x * w).sum::<f64>();
        for a in 0..r {
            k[[a, r]] = (single[a] - along(&(0..r).map(|c| k[[a, c]]).collect::<Vec<_>>())) / sigma2;
            k[[r, a]] = k[[a, r]];
        }
        let residual = (problem.n - along(&single)) / sigma2;
        k[[r, r]] = (residual - along(&(0..r).map(|a| k[[r, a]]).collect::<Vec<_>>())) / sigma2;
        Ok(Self { phi, p, q, k })
    }
}

fn components(problem: &Problem, fit: &Lmm, dense: &Dense) -> Vec<Component> {
    let mut out = Vec::new();
    for (t, term) in problem.design.terms.iter().enumerate() {
        let (q, sigma) = (term.q(), fit.random_covariance(t));
        for &(i, j) in &term.free {
            let psi = sigma[i * q + j] * problem.scale[t][i] * problem.scale[t][j];
            out.push(Component { first: dense.first[t], q, n: term.n_levels(), pair: (i, j), psi });
        }
    }
    out
}

/// Z′V⁻¹Z, Z′V⁻¹X and X′V⁻¹X, from V⁻¹ = σ⁻²(W − WZΛ(Λ′Z′WZΛ + I)⁻¹Λ′Z′W).
fn inverse_products(
    problem: &Problem,
    fit: &Lmm,
    dense: &Dense,
) -> Result<(Array2<f64>, Array2<f64>, Array2<f64>)> {
    let m = dense.zz.nrows();
    let mut lambda = Array2::zeros((m, m));
    for (t, term) in problem.design.terms.iter().enumerate() {
        let (q, own) = (term.q(), &fit.lambda[t]);
        for level in 0..term.n_levels() {
            let at = dense.first[t] + level * q;
            (0..q * q).for_each(|v| lambda[[at + v / q, at + v % q]] = own[v] * problem.scale[t][v / q]);
        }
    }
    let lz = multiply(lambda.t(), dense.zz.view());
    let lx = multiply(lambda.t(), dense.zx.view());
    let h = multiply(lz.view(), lambda.view()) + Array2::<f64>::eye(m);
    let inverse = Cholesky::new(h.view(), &[])?.inverse();
    let s = 1.0 / (fit.sigma * fit.sigma);
    let (hz, hx) = (multiply(inverse.view(), lz.view()), multiply(inverse.view(), lx.view()));
    Ok((
        (&dense.zz - &multiply(lz.t(), hz.view())) * s,
        (&dense.zx - &multiply(lz.t(), hx.view())) * s,
        (&dense.xx - &multiply(lx.t(), hx.view())) * s,
    ))
}
