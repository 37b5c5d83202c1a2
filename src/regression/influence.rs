//! What each row does to the fit, without refitting (Belsley, Kuh and Welsch 1980; Cook 1977).
//!
//! With e_i the residual, h_i the leverage and p the number of columns:
//! * studentised (external) residual: e_i √w_i / (s_(i) √(1 − h_i)), s_(i) the residual deviation
//!   without row i;
//! * Cook's distance: w_i e_i² h_i / (p σ̂² (1 − h_i)²).

use crate::regression::lm::LeastSquares;

/// Leave-one-out measures, one per row; `None` where a row has leverage 1.
#[derive(Debug, Clone)]
#[must_use]
pub struct Influence {
    /// Leverages.
    pub leverage: Vec<f64>,
    /// Residuals y − ŷ.
    pub residuals: Vec<f64>,
    /// Externally studentised residuals.
    pub studentised: Vec<Option<f64>>,
    /// Cook's distances.
    pub cook: Vec<Option<f64>>,
}

/// Influence of every row of a model fitted to single rows with outcomes `y`.
pub fn influence(model: &LeastSquares, y: &[f64]) -> Influence {
    let fit = &model.fit;
    let (n, p) = (y.len(), fit.beta.len() as f64);
    let leverage: Vec<f64> = fit.scores.leverage().iter().map(|h| h.clamp(0.0, 1.0)).collect();
    let residuals: Vec<f64> = y.iter().zip(&fit.mu).map(|(y, m)| y - m).collect();
    let (mut studentised, mut cook) = (vec![None; n], vec![None; n]);
    let sigma2 = model.sigma * model.sigma;
    for i in 0..n {
        let (w, h, e) = (fit.scores.w[i], leverage[i], residuals[i]);
        let room = 1.0 - h;
        if room < 1e-10 || w == 0.0 {
            continue;
        }
        let without = (fit.deviance - w * e * e / room) / (fit.df - 1.0);
        if without > 0.0 && fit.df > 1.0 {
            studentised[i] = Some(e * w.sqrt() / (without * room).sqrt());
        }
        if sigma2 > 0.0 {
            cook[i] = Some(w * e * e * h / (p * sigma2 * room * room));
        }
    }
    Influence { leverage, residuals, studentised, cook }
}
