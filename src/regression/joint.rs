//! Tests of several coefficients at once: Q = b′V⁻¹b for the q coefficients b with covariance V.
//!
//! | covariance | statistic | reference |
//! | --- | --- | --- |
//! | normal | Q | χ²(q) |
//! | t with n − p | Q/q | F(q, n − p) |
//! | by clusters, CR0, CR1, CR3 | Q/q | F(q, G − 1) |
//! | CR2 | (η − q + 1)/(ηq) Q | F(q, η − q + 1), Hotelling's approximation |
//!
//! η = q(q + 1)/Σ_st var(v_st), v the robust covariance scaled to mean I under independent working errors (Tipton and
//! Pustejovsky 2015, "HTZ"); for q = 1 it is Satterthwaite's degrees of freedom.

use ndarray::{Array2, Axis};

use crate::error::{Error, Result};
use crate::num::dist::{chi2, f};
use crate::num::linalg::Gram;
use crate::regression::inference::{Inference, JointReference};

/// A joint test.
#[derive(Debug, Clone, Copy, PartialEq)]
#[must_use]
pub struct Joint {
    /// χ² or F.
    pub statistic: f64,
    /// Coefficients tested.
    pub df: f64,
    /// Denominator degrees of freedom; infinite for χ².
    pub df2: f64,
    /// p.
    pub p: f64,
}

/// Wald test that the coefficients `which` are zero.
///
/// # Errors
/// `TooFew` clusters for that many coefficients; `Undefined` where V is singular.
pub fn wald(inference: &Inference, beta: &[f64], which: &[usize]) -> Result<Joint> {
    let v = inference.vcov.select(Axis(0), which).select(Axis(1), which);
    let gram = Gram::new(v.view(), 1e-13);
    if gram.kept().len() < which.len() {
        let reason = "their covariance is singular: test fewer together".to_owned();
        return Err(Error::Undefined {
            what: format!("a joint test of {} coefficients", which.len()),
            reason,
        });
    }
    let b: Vec<f64> = which.iter().map(|&j| beta[j]).collect();
    let statistic: f64 = gram.solve(&b).iter().zip(&b).map(|(a, b)| a * b).sum();
    let q = which.len() as f64;
    let mut c = Array2::zeros((which.len(), beta.len()));
    which.iter().enumerate().for_each(|(s, &j)| c[[s, j]] = 1.0);
    Ok(match inference.joint(&c)? {
        JointReference::Normal => Joint { statistic, df: q, df2: f64::INFINITY, p: chi2::sf(statistic, q) },
        JointReference::F(df2) => f_test(statistic / q, q, df2),
        JointReference::Hotelling(eta) => {
            let df2 = eta - q + 1.0;
            if df2 <= 0.0 {
                let what =
                    format!("a joint test of {} coefficients (degrees of freedom of CR2)", which.len());
                #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // below q
                let got = eta.max(0.0) as usize;
                return Err(Error::TooFew { what, needed: which.len(), got });
            }
            f_test(df2 / (eta * q) * statistic, q, df2)
        }
    })
}

fn f_test(statistic: f64, df: f64, df2: f64) -> Joint {
    Joint { statistic, df, df2, p: f::sf(statistic, df, df2) }
}
