//! The cluster jackknife (MacKinnon, Nielsen and Webb 2023, CV3): V = (G−1)/G Σ_g (β̂₍g₎ − β̂)(β̂₍g₎ − β̂)′, β̂₍g₎ the fit
//! without cluster g.
//!
//! Of least squares that is (G−1)/G times CR3, in closed form; a cluster that alone determines a coefficient takes
//! the Moore-Penrose inverse, as there. A likelihood is fitted G times, from β̂; CR3 is then its first Newton step.

use ndarray::Array2;

use crate::design::Groups;
use crate::error::{Error, Result};
use crate::parallel::map_indexed;
use crate::regression::clustered::{Clustered, Kind, clustered};
use crate::regression::family::{Family, Link};
use crate::regression::glm::{Glm, Options, glm};
use crate::regression::outcome::Outcome;

/// The covariance of `fit`, whose clusters are `groups`, called `labels`.
///
/// # Errors
/// `TooFew` clusters; `Undefined` where a fit without a cluster does not exist.
pub fn jackknife(
    fit: &Glm,
    outcome: &Outcome,
    options: Options<'_>,
    groups: &Groups,
    labels: &[String],
) -> Result<Clustered> {
    let mut about = clustered(&fit.scores, groups, Kind::Cr3)?;
    let g = about.n_clusters as f64;
    if fit.family == Family::Gaussian && fit.link == Link::Identity {
        about.vcov *= (g - 1.0) / g;
        return Ok(about);
    }
    let options = Options { family: fit.family, link: fit.link, start: Some(&fit.beta), ..options };
    let filled: Vec<usize> = (0..groups.len()).filter(|&k| !groups.rows(k).is_empty()).collect();
    let steps = map_indexed(filled.len(), |at| {
        let k = filled[at];
        let undefined = |reason: String| Error::Undefined {
            what: "the cluster jackknife".to_owned(),
            reason: format!("without {:?} {reason}; use kind=\"CR3\", its first step", labels[k]),
        };
        let mut stays = vec![true; outcome.len()];
        groups.rows(k).iter().for_each(|&i| stays[i] = false);
        let rows: Vec<usize> = (0..stays.len()).filter(|&i| stays[i]).collect();
        let without = glm(&fit.scores.x.take(&rows), &outcome.take(&rows), options)
            .map_err(|e| undefined(format!("there is no fit ({e})")))?;
        if !without.aliased.is_empty() {
            return Err(undefined(format!("nothing tells about {}", without.aliased.join(", "))));
        }
        Ok(without.beta.iter().zip(&fit.beta).map(|(b, a)| b - a).collect::<Vec<f64>>())
    })?;
    let p = fit.beta.len();
    let moved = Array2::from_shape_fn((steps.len(), p), |(k, j)| steps[k][j]);
    about.vcov = moved.t().dot(&moved) * ((g - 1.0) / g);
    Ok(about)
}
