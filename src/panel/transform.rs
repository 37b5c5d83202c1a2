//! The columns each estimator runs least squares on.
//!
//! | estimator | columns |
//! | --- | --- |
//! | pooled | √w·(1, x, y) |
//! | within | √w times (x, y) less unit means, period means or both (absorbed) |
//! | between | (1, x̄_i, ȳ_i), one row a unit |
//! | first differences | (1, x_it − x_i,t−1, y_it − y_i,t−1) between adjacent periods; the constant is a common drift |
//! | random | (1 − θ_i, x − θ_i x̄_i, y − θ_i ȳ_i) |

use crate::design::Weights;
use crate::error::{Error, Result};
use crate::panel::absorb::{Absorbed, Coded, absorb};
use crate::panel::data::Panel;
use crate::panel::solve::Design;

/// Share of a column's variation below which nothing of it is left (as the alias tolerance of `lm`).
const NOTHING_LEFT: f64 = 1e-7;

/// The constant's name.
pub const INTERCEPT: &str = "(Intercept)";

fn with_intercept(names: &[String]) -> Vec<String> {
    std::iter::once(INTERCEPT.to_owned()).chain(names.iter().cloned()).collect()
}

/// Pooled least squares.
pub(super) fn pooled(panel: &Panel<'_>) -> Design {
    let mut z = Vec::with_capacity(panel.n() * (panel.p() + 2));
    for i in 0..panel.n() {
        let s = panel.weights.at(i).sqrt();
        z.push(s);
        z.extend(panel.x.iter().map(|c| s * c[i]));
        z.push(s * panel.y[i]);
    }
    Design { z, p: panel.p() + 1, names: with_intercept(panel.names), products: None }
}

/// What is left of the columns once effects are absorbed.
pub(super) struct Within {
    pub(super) design: Design,
    pub(super) absorbed: Absorbed,
    /// Predictors without variation left.
    pub(super) flat: Vec<usize>,
}

/// Absorbs `factors` from predictors and outcome.
pub(super) fn within(panel: &Panel<'_>, factors: &[Coded<'_>]) -> Result<Within> {
    let p = panel.p();
    let k = p + 1;
    let columns: Vec<&[f64]> = panel.x.iter().copied().chain([panel.y]).collect();
    // Effects take up any constant: with the first row as origin, sums lose no digits to a large offset.
    let origin: Vec<f64> = columns.iter().map(|c| c[0]).collect();
    let mut z = vec![0.0; panel.n() * k];
    let (mut sum, mut square) = (vec![0.0; k], vec![0.0; k]);
    let mut total = 0.0;
    for (i, row) in z.chunks_exact_mut(k).enumerate() {
        let w = panel.weights.at(i);
        total += w;
        for j in 0..k {
            let v = columns[j][i] - origin[j];
            row[j] = v;
            sum[j] += w * v;
            square[j] += w * v * v;
        }
    }
    let absorbed = absorb(&mut z, k, factors, panel.weights)?;
    if let Weights::Analytic(w) = panel.weights {
        for (row, w) in z.chunks_exact_mut(k).zip(w) {
            for v in row {
                *v *= w.sqrt();
            }
        }
    }
    let mut design = Design { z, p, names: panel.names.to_vec(), products: None };
    let products = design.gram()?;
    let spread = |j: usize| (square[j] - sum[j] * sum[j] / total).max(0.0);
    let flat = (0..p).filter(|&j| products[[j, j]] <= NOTHING_LEFT * NOTHING_LEFT * spread(j)).collect();
    design.products = Some(products);
    Ok(Within { design, absorbed, flat })
}

/// Refuses predictors that the effects absorb wholly, naming them.
pub(super) fn refuse_flat(panel: &Panel<'_>, flat: &[usize], effects: &str) -> Result<()> {
    if flat.is_empty() {
        return Ok(());
    }
    let named: Vec<String> = flat.iter().map(|&j| format!("\"{}\"", panel.names[j])).collect();
    Err(Error::Undefined {
        what: format!("the coefficient of {}", named.join(", ")),
        reason: format!(
            "it does not vary once the {effects} effects are absorbed; drop it, or use effects \"random\" or \
             \"within-between\" for what is constant over time"
        ),
    })
}

/// Means of every column (predictors, then outcome) over each unit, row by row, and the units' sizes.
pub(super) fn unit_means(panel: &Panel<'_>) -> (Vec<f64>, Vec<f64>) {
    let k = panel.p() + 1;
    let mut means = vec![0.0; panel.unit.n * k];
    let mut size = vec![0.0; panel.unit.n];
    for (i, &u) in panel.unit.codes.iter().enumerate() {
        let row = &mut means[u as usize * k..(u as usize + 1) * k];
        for (m, c) in row.iter_mut().zip(panel.x.iter().chain([&panel.y])) {
            *m += c[i];
        }
        size[u as usize] += 1.0;
    }
    crate::panel::absorb::divide(&mut means, &size, k);
    (means, size)
}

/// Unit means with a constant, each row times `scale` of the unit's size.
pub(super) fn between(panel: &Panel<'_>, scale: impl Fn(f64) -> f64) -> Design {
    let (means, size) = unit_means(panel);
    let mut z = Vec::with_capacity(panel.unit.n * (panel.p() + 2));
    for (row, &t) in means.chunks_exact(panel.p() + 1).zip(&size) {
        let s = scale(t);
        z.push(s);
        z.extend(row.iter().map(|v| s * v));
    }
    Design { z, p: panel.p() + 1, names: with_intercept(panel.names), products: None }
}

/// Differences between adjacent periods of a unit, and the later row of each.
pub(super) fn first_differences(panel: &Panel<'_>) -> Result<(Design, Vec<usize>)> {
    let time = panel.periods()?;
    let mut z = Vec::new();
    let mut rows = Vec::new();
    for unit in panel.by_unit() {
        for pair in unit.windows(2) {
            // over a gap the difference would span two periods or more
            if time.codes[pair[1]] == time.codes[pair[0]] + 1 {
                z.push(1.0);
                z.extend(panel.x.iter().chain([&panel.y]).map(|c| c[pair[1]] - c[pair[0]]));
                rows.push(pair[1]);
            }
        }
    }
    Ok((Design { z, p: panel.p() + 1, names: with_intercept(panel.names), products: None }, rows))
}

/// Quasi-demeaned columns for θ of each unit.
pub(super) fn quasi_demeaned(panel: &Panel<'_>, theta: &[f64]) -> Design {
    let (means, _) = unit_means(panel);
    let k = panel.p() + 1;
    let mut z = Vec::with_capacity(panel.n() * (k + 1));
    for (i, &u) in panel.unit.codes.iter().enumerate() {
        let (theta, mean) = (theta[u as usize], &means[u as usize * k..(u as usize + 1) * k]);
        z.push(1.0 - theta);
        z.extend(panel.x.iter().chain([&panel.y]).zip(mean).map(|(c, m)| c[i] - theta * m));
    }
    Design { z, p: k, names: with_intercept(panel.names), products: None }
}
