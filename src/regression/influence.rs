//! What each row does to the fit, without refitting (Belsley, Kuh and Welsch 1980; Cook 1977).
//!
//! With e_i the residual, h_i the leverage and p the number of columns:
//! * coefficients without row i: β̂ − (X′WX)⁻¹ x_i w_i e_i / (1 − h_i);
//! * studentised (external) residual: e_i √w_i / (s_(i) √(1 − h_i)), s_(i) the residual deviation
//!   without row i;
//! * Cook's distance: w_i e_i² h_i / (p σ̂² (1 − h_i)²).

use ndarray::{Array1, Array2, ArrayView2};

use crate::design::Weights;
use crate::regression::lm::Fit;

/// Leave-one-out measures, one per row; `None` where a row has leverage 1.
#[derive(Debug, Clone)]
#[must_use]
pub struct Influence {
    /// Coefficients without row i (n × p); NaN-free rows only where `studentised` is `Some`.
    pub beta_without: Array2<f64>,
    /// Externally studentised residuals.
    pub studentised: Vec<Option<f64>>,
    /// Cook's distances.
    pub cook: Vec<Option<f64>>,
}

/// Influence of every row of `x` (n × p, the kept columns of the fit).
pub fn influence(fit: &Fit, x: ArrayView2<'_, f64>, weights: Weights<'_>) -> Influence {
    let (n, p) = (x.nrows(), fit.beta.len());
    let mut beta_without = Array2::from_shape_fn((n, p), |(_, j)| fit.beta[j]);
    let (mut studentised, mut cook) = (vec![None; n], vec![None; n]);
    let sigma2 = fit.sigma * fit.sigma;
    for i in 0..n {
        let (w, h, e) = (weights.at(i), fit.leverage[i], fit.residuals[i]);
        let room = 1.0 - h;
        if room < 1e-10 || w == 0.0 {
            continue;
        }
        let shift: Array1<f64> = fit.xtx_inverse.dot(&x.row(i)) * (w * e / room);
        for j in 0..p {
            beta_without[[i, j]] -= shift[j];
        }
        let without = (fit.rss - w * e * e / room) / (fit.df - 1.0);
        if without > 0.0 && fit.df > 1.0 {
            studentised[i] = Some(e * w.sqrt() / (without * room).sqrt());
        }
        if sigma2 > 0.0 {
            cook[i] = Some(w * e * e * h / (p as f64 * sigma2 * room * room));
        }
    }
    Influence { beta_without, studentised, cook }
}
