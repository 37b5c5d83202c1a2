//! Profile-likelihood limits: where −2 log likelihood has risen by the quantile of χ²₁ (Venzon and Moolgavkar 1988).
//!
//! A limit that the likelihood does not reach is open: 0 for a variance, ±1 for a correlation. At a bound the
//! ratio is ½χ²₀ + ½χ²₁ rather than χ²₁, so limits near 0 err to the wide side.

use crate::error::{Error, Result};
use crate::mixed::lmm::{Lmm, lmm};
use crate::mixed::problem::Problem;
use crate::mixed::profile::{Profile, Target};
use crate::num::dist::chi2;
use crate::regression::outcome::{Kind, Outcome};

const MAX_STEPS: usize = 60;
/// Limits are found to this share of their distance from the estimate.
const CLOSE: f64 = 1e-7;
/// A correlation is not taken beyond this.
const ALMOST_ONE: f64 = 1.0 - 1e-8;

/// Lower and upper limit; `None` is an open end.
pub type Limits = (Option<f64>, Option<f64>);

/// Limits of a variance parameter.
///
/// # Errors
/// Those of the profile.
pub fn of_target(problem: &Problem, fit: &Lmm, target: Target, estimate: f64, level: f64) -> Result<Limits> {
    let profile = Profile::new(problem, fit, target);
    let quantile = chi2::quantile(level, 1.0);
    let rise = |v: f64| Ok(profile.at(v)? - fit.criterion - quantile);
    match target {
        Target::Correlation(_) => {
            let down = outward(&rise, estimate, |v| f64::midpoint(v, -1.0), Some(-ALMOST_ONE))?;
            let up = outward(&rise, estimate, |v| f64::midpoint(v, 1.0), Some(ALMOST_ONE))?;
            Ok((down.or(Some(-1.0)), up.or(Some(1.0))))
        }
        Target::Share(_) => {
            // Far below what rounding of the criterion could show; at 0 itself Λ has no inverse.
            let least = 1e-6;
            let down =
                if estimate <= least { None } else { outward(&rise, estimate, |v| v / 2.0, Some(least))? };
            let up = outward(&rise, estimate, |v| f64::midpoint(v, 1.0), None)?;
            Ok((down.or(Some(0.0)), up.or(Some(1.0))))
        }
        Target::Sd(..) => {
            // Far below what rounding of the criterion could show.
            let least = 1e-4 * fit.sigma;
            let down =
                if estimate <= least { None } else { outward(&rise, estimate, |v| v / 2.0, Some(least))? };
            let up = outward(&rise, estimate.max(least), |v| 2.0 * v + 0.1 * fit.sigma, None)?;
            Ok((down.or(Some(0.0)), up))
        }
        // Without a residual variance there is no likelihood: the lower limit is never at 0.
        Target::Sigma => {
            let down = outward(&rise, estimate, |v| v / 1.3, None)?;
            Ok((down, outward(&rise, estimate, |v| 1.3 * v, None)?))
        }
    }
}

/// Limits of coefficient j; full likelihood only.
///
/// # Errors
/// `InvalidOption` under restricted likelihood; those of the fits.
pub fn of_coefficient(problem: &Problem, fit: &Lmm, j: usize, level: f64) -> Result<Limits> {
    if fit.reml {
        let expected =
            "a fit by full likelihood (reml=False): restricted ones with other fixed parts do not compare";
        return Err(Error::option("interval", expected, "profile"));
    }
    let p = problem.names().len();
    let kept: Vec<usize> = (0..p).filter(|&k| k != j).collect();
    let x = problem.design.x.column(j);
    let reduced = |b: f64| -> Result<f64> {
        let outcome = without(problem, &x, b);
        let within = problem.total - between(problem);
        let columns = problem.design.x.select(&kept);
        let mut again = Problem::new(problem.design.terms.clone(), columns, &outcome, "the outcome")?;
        again.total += within;
        let t = again.design.structure.tail();
        again.products.tail[t * t - 1] += within;
        again.ln_weights = problem.ln_weights;
        Ok(lmm(&again, false, None)?.criterion)
    };
    let quantile = chi2::quantile(level, 1.0);
    let rise = |b: f64| Ok(reduced(b)? - fit.criterion - quantile);
    let step = 2.0 * fit.covariance[[j, j]].sqrt();
    let low = outward(&rise, fit.beta[j], |v| v - step, None)?;
    Ok((low, outward(&rise, fit.beta[j], |v| v + step, None)?))
}

/// Σ over rows or cells of w(mean − centre)²: what is left of the total when cells forget their squares.
fn between(problem: &Problem) -> f64 {
    problem.w.iter().zip(&problem.wy).filter(|(w, _)| **w > 0.0).map(|(w, wy)| wy * wy / w).sum()
}

/// y − b x, as means of rows or cells.
fn without(problem: &Problem, x: &[f64], b: f64) -> Outcome {
    let rows = problem.w.len();
    let counted = |i: usize| problem.w[i] > 0.0 && problem.rows[i] > 0.0;
    let mean =
        |i: usize| if counted(i) { problem.wy[i] / problem.w[i] + problem.y_centre - b * x[i] } else { 0.0 };
    Outcome {
        kind: Kind::Same,
        n: problem.rows.clone(),
        sum: (0..rows).map(|i| problem.rows[i] * mean(i)).collect(),
        sum2: (0..rows).map(|i| problem.rows[i] * mean(i).powi(2)).collect(),
        prior: Some(
            (0..rows).map(|i| if counted(i) { problem.w[i] / problem.rows[i] } else { 0.0 }).collect(),
        ),
        offset: None,
    }
}

/// Goes from the estimate by `next` until the likelihood has risen enough, then back to where it has; `None` where it
/// has not at `end`.
fn outward(
    rise: &dyn Fn(f64) -> Result<f64>,
    estimate: f64,
    next: impl Fn(f64) -> f64,
    end: Option<f64>,
) -> Result<Option<f64>> {
    if let Some(end) = end
        && rise(end)? <= 0.0
    {
        return Ok(None);
    }
    let beyond = |v: f64| end.is_some_and(|end| if end < estimate { v <= end } else { v >= end });
    let mut inside = (estimate, rise_at_estimate(rise, estimate)?);
    for _ in 0..MAX_STEPS {
        let at = next(inside.0);
        let at = if beyond(at) { end.unwrap_or(at) } else { at };
        let here = (at, rise(at)?);
        if here.1 > 0.0 {
            return crossing(rise, inside, here).map(Some);
        }
        inside = here;
    }
    Ok(None)
}

/// At an estimate on its bound the profile is that of the bound.
fn rise_at_estimate(rise: &dyn Fn(f64) -> Result<f64>, estimate: f64) -> Result<f64> {
    rise(estimate).map(|v| v.min(-1e-12))
}

/// A sign change between two points: false position, the older end halved (Illinois).
pub(super) fn crossing(f: &dyn Fn(f64) -> Result<f64>, a: (f64, f64), b: (f64, f64)) -> Result<f64> {
    let ((mut a, mut fa), (mut b, mut fb)) = (a, b);
    let close = CLOSE * (b - a).abs();
    for _ in 0..MAX_STEPS {
        if (b - a).abs() <= close || fb == 0.0 {
            break;
        }
        let mut c = (a * fb - b * fa) / (fb - fa);
        if !(c > a.min(b) && c < a.max(b)) {
            c = 0.5 * (a + b);
        }
        let fc = f(c)?;
        if (fc > 0.0) == (fb > 0.0) {
            fa *= 0.5;
        } else {
            (a, fa) = (b, fb);
        }
        (b, fb) = (c, fc);
    }
    Ok(b)
}
