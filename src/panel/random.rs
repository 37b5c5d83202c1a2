//! Variance components of Swamy and Arora (1972), for unbalanced panels as Baltagi and Chang (1994).
//!
//! y_it = x_it′β + u_i + e_it. σ̂²_e = RSS(within)/(N − n − K_w), K_w the predictors that vary within units.
//! σ̂²_u = [RSS_B − (n − K) σ̂²_e]/(N − tr{(X′PX)⁻¹X′ZZ′X}), RSS_B from unit means weighted by T_i, X′PX = Σ T_i x̄x̄′,
//! X′ZZ′X = Σ T_i² x̄x̄′; with T_i = T this is RSS(between)/(n − K) − σ̂²_e/T. A negative σ̂²_u is set to 0 (the pooled
//! estimator). θ_i = 1 − σ_e/√(σ²_e + T_i σ²_u).

use ndarray::Array2;

use crate::error::{Error, Result};
use crate::panel::absorb::Coded;
use crate::panel::data::Panel;
use crate::panel::solve::{Design, solve};
use crate::panel::transform::{between, unit_means, within};

/// Variances of a one-way error model.
#[derive(Debug, Clone, PartialEq)]
pub struct Components {
    /// σ²_e, within units.
    pub idiosyncratic: f64,
    /// σ²_u, between units; 0 where the estimate was negative.
    pub unit: f64,
    /// θ_i by unit.
    pub theta: Vec<f64>,
    /// Predictors that do not vary within units.
    pub constant: Vec<usize>,
}

/// Estimates the components.
///
/// # Errors
/// `TooFew` units or rows; `Aliased` predictors, within or between units.
pub fn components(panel: &Panel<'_>) -> Result<Components> {
    let (n_rows, units) = (panel.n() as f64, panel.unit.n as f64);
    let factor = Coded { codes: &panel.unit.codes, n: panel.unit.n };
    let made = within(panel, &[factor])?;
    let varying: Vec<usize> = (0..panel.p()).filter(|j| !made.flat.contains(j)).collect();
    let left = n_rows - units - varying.len() as f64;
    if left <= 0.0 {
        let what = format!("rows of {} units for the variance within units", panel.unit.n);
        let needed = panel.unit.n + varying.len() + 1;
        return Err(Error::TooFew { what, needed, got: panel.n() });
    }
    let within_rss = if varying.is_empty() {
        made.design.rows().map(|row| row[panel.p()] * row[panel.p()]).sum()
    } else {
        solve(&select(&made.design, &varying))?.rss
    };
    let idiosyncratic = within_rss / left;
    let design = between(panel, f64::sqrt);
    let k = design.p as f64;
    if units <= k {
        let what = format!("units for {} columns between units", design.p);
        return Err(Error::TooFew { what, needed: design.p + 1, got: panel.unit.n });
    }
    let solved = solve(&design)?;
    let (_, size) = unit_means(panel);
    let mut squares = Array2::<f64>::zeros((design.p, design.p));
    for (row, t) in design.rows().zip(&size) {
        // the rows carry √T_i already
        for a in 0..design.p {
            for b in 0..design.p {
                squares[[a, b]] += t * row[a] * row[b];
            }
        }
    }
    let trace = solved.bread().dot(&squares).diag().sum();
    let unit = ((solved.rss - (units - k) * idiosyncratic) / (n_rows - trace)).max(0.0);
    // Without any error at all every θ would do: 0/0 is taken as the pooled estimator.
    let share = |t: &f64| match idiosyncratic + t * unit {
        0.0 => 1.0,
        all => idiosyncratic / all,
    };
    let theta = size.iter().map(|t| 1.0 - share(t).sqrt()).collect();
    Ok(Components { idiosyncratic, unit, theta, constant: made.flat })
}

/// The chosen regressors of a design, with its outcome.
fn select(design: &Design, columns: &[usize]) -> Design {
    if columns.len() == design.p {
        return design.clone();
    }
    let z = design.rows().flat_map(|row| columns.iter().map(|&j| row[j]).chain([row[design.p]])).collect();
    let names = columns.iter().map(|&j| design.names[j].clone()).collect();
    Design { z, p: columns.len(), names, products: None }
}
