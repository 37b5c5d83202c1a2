//! Gauss-Hermite quadrature: ∫ e^(−x²) f(x) dx ≈ Σ w_k f(x_k), exact for polynomials of degree 2n − 1.
//!
//! The nodes are the roots of the Hermite function h_n(x) = c_n H_n(x) e^(−x²/2), found from the eigenvalues of the
//! Jacobi matrix (Golub and Welsch 1969) and sharpened by Newton steps; the weights are the Christoffel numbers
//! w_k e^(x_k²) = 1/Σ_{j<n} h_j(x_k)², sums of squares, so the smallest are as exact as the largest.

use ndarray::Array2;

use crate::error::{Error, Result};
use crate::num::linalg::eigen_symmetric;

/// More nodes than any integrand here can use.
pub const MOST_NODES: usize = 100;

/// Nodes x_k, ascending, and ln(w_k e^(x_k²)).
#[derive(Debug, Clone, PartialEq)]
pub struct GaussHermite {
    /// x_k.
    pub nodes: Vec<f64>,
    /// ln w_k + x_k².
    pub ln_weights: Vec<f64>,
}

impl GaussHermite {
    /// The rule with n nodes.
    ///
    /// # Errors
    /// `InvalidOption` for no nodes or more than [`MOST_NODES`].
    pub fn new(n: usize) -> Result<Self> {
        if n == 0 || n > MOST_NODES {
            return Err(Error::option("n_quadrature", &format!("1 to {MOST_NODES} nodes"), n));
        }
        let jacobi = Array2::from_shape_fn((n, n), |(i, j)| {
            if i.abs_diff(j) == 1 { (i.max(j) as f64 / 2.0).sqrt() } else { 0.0 }
        });
        let (starts, _) = eigen_symmetric(jacobi.view())?;
        let mut nodes: Vec<f64> = starts
            .into_iter()
            .map(|start| {
                (0..3).fold(start, |x, _| {
                    let h = hermite_functions(x, n);
                    x - h[n] / ((2.0 * n as f64).sqrt() * h[n - 1] - x * h[n])
                })
            })
            .collect();
        // The rule is symmetric: so are its bits.
        for k in 0..n / 2 {
            let x = (nodes[n - 1 - k] - nodes[k]) / 2.0;
            (nodes[k], nodes[n - 1 - k]) = (-x, x);
        }
        if n % 2 == 1 {
            nodes[n / 2] = 0.0;
        }
        let ln_weights = nodes
            .iter()
            .map(|&x| -hermite_functions(x, n)[..n].iter().map(|h| h * h).sum::<f64>().ln())
            .collect();
        Ok(Self { nodes, ln_weights })
    }

    /// E f(Z) for a standard normal Z.
    pub fn normal_mean(&self, f: impl Fn(f64) -> f64) -> f64 {
        let terms = self.nodes.iter().zip(&self.ln_weights);
        terms.map(|(x, w)| (w - x * x).exp() * f(std::f64::consts::SQRT_2 * x)).sum::<f64>()
            / std::f64::consts::PI.sqrt()
    }
}

/// h_0 … h_n at x.
fn hermite_functions(x: f64, n: usize) -> Vec<f64> {
    let mut h = Vec::with_capacity(n + 1);
    h.push(std::f64::consts::PI.powf(-0.25) * (-0.5 * x * x).exp());
    for j in 0..n {
        let up = (j + 1) as f64;
        let before = if j == 0 { 0.0 } else { (j as f64 / up).sqrt() * h[j - 1] };
        h.push((2.0 / up).sqrt() * x * h[j] - before);
    }
    h
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_of_the_normal_are_exact() {
        for n in [1, 2, 9, 25, 64, 100] {
            let rule = GaussHermite::new(n).unwrap();
            let mut want = 1.0;
            for power in 0..(2 * n).min(20) {
                let got = rule.normal_mean(|z| z.powi(i32::try_from(power).unwrap()));
                let exact = if power % 2 == 1 { 0.0 } else { want };
                assert!((got - exact).abs() < 2e-11 * want, "{n} {power}: {got} {exact}");
                if power % 2 == 0 {
                    want *= (power + 1) as f64;
                }
            }
        }
    }

    #[test]
    fn two_nodes_are_known() {
        let rule = GaussHermite::new(2).unwrap();
        assert!((rule.nodes[1] - 0.5_f64.sqrt()).abs() < 1e-16);
        assert!((rule.ln_weights[0] - ((std::f64::consts::PI.sqrt() / 2.0).ln() + 0.5)).abs() < 1e-15);
        assert!(GaussHermite::new(0).is_err());
    }
}
