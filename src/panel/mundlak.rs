//! Unit means beside the predictors (Mundlak 1978; Bell and Jones 2015).
//!
//! y_it = α + x_it′β + x̄_i′δ + u_i + e_it by random effects. β is the within estimate exactly; δ, the contextual effect,
//! is between less within. Predictors constant within units have no within part and enter once.

use crate::panel::data::Panel;
use crate::panel::transform::unit_means;

/// The added columns and all names.
pub(super) struct Means {
    columns: Vec<Vec<f64>>,
    names: Vec<String>,
}

impl Means {
    /// Means of the predictors that vary within units.
    pub(super) fn of(panel: &Panel<'_>, constant: &[usize]) -> Self {
        let (means, _) = unit_means(panel);
        let k = panel.p() + 1;
        let varying: Vec<usize> = (0..panel.p()).filter(|j| !constant.contains(j)).collect();
        let column = |j: &usize| panel.unit.codes.iter().map(|&u| means[u as usize * k + j]).collect();
        let added = varying.iter().map(|&j| format!("mean({})", panel.names[j]));
        Self {
            columns: varying.iter().map(column).collect(),
            names: panel.names.iter().cloned().chain(added).collect(),
        }
    }

    /// The panel with the means as further predictors.
    pub(super) fn panel<'s>(&'s self, panel: &'s Panel<'_>) -> Panel<'s> {
        let x = panel.x.iter().copied().chain(self.columns.iter().map(Vec::as_slice)).collect();
        Panel {
            y: panel.y,
            x,
            names: &self.names,
            unit: panel.unit.clone(),
            time: panel.time.clone(),
            weights: panel.weights,
        }
    }
}
