//! Minimum of a smooth function with lower bounds: a quasi-Newton search with a given metric.
//!
//! The step solves B d = −g with the metric B that the function supplies (expected information, so that these are
//! scoring steps) as long as whole steps halve the decrement g′B⁻¹g/2; from the first that does not, or once it is
//! below 10⁻², B is kept and improved by BFGS updates (Nocedal and Wright 2006, ch. 6): scoring alone creeps along
//! the valley to a singular covariance. Parameters at their bound with a gradient that pushes outward are held; a
//! step is shortened by projection and quadratic interpolation until the value falls (Armijo, 10⁻⁴). Near the end values
//! differ by rounding only: there a step is also taken when the decrement falls. The path is kept.

use crate::error::Result;
use crate::num::linalg::SmallCholesky;

/// The decrement below which the search ends: the metric knows the curvature to a few digits only, and the parameters
/// should be right to seven.
pub const DECREMENT: f64 = 1e-17;
/// A search that can get no further is still good with a decrement below this.
const GOOD_ENOUGH: f64 = 1e-8;
/// Below this decrement the metric is improved by updates.
const NEAR: f64 = 1e-2;
const MAX_EVALUATIONS: usize = 1000;
const MAX_HALVINGS: usize = 30;

/// The function at a point.
#[derive(Debug, Clone, PartialEq)]
pub struct Evaluation {
    /// f.
    pub value: f64,
    /// ∂f.
    pub gradient: Vec<f64>,
    /// A positive definite approximation of ∂²f, k × k.
    pub metric: Vec<f64>,
}

/// Why a search ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stop {
    /// The decrement fell below its tolerance.
    Decrement,
    /// No shorter step lowers the value: the rest is rounding.
    Rounding,
    /// Too many evaluations.
    Limit,
    /// No step lowers the value although the gradient says there is one.
    Stuck,
}

/// What a search did.
#[derive(Debug, Clone)]
pub struct Search {
    /// Where it ended.
    pub at: Vec<f64>,
    /// The function there.
    pub end: Evaluation,
    /// Largest absolute gradient of the parameters that are not held at a bound.
    pub gradient_norm: f64,
    /// g′B⁻¹g/2 over those.
    pub decrement: f64,
    /// Evaluations of the function.
    pub evaluations: usize,
    /// Why it ended.
    pub stop: Stop,
    /// Points taken and their values, from the start on.
    pub path: Vec<(Vec<f64>, f64)>,
}

impl Search {
    /// Whether the end is a minimum.
    pub fn converged(&self) -> bool {
        matches!(self.stop, Stop::Decrement | Stop::Rounding)
    }
}

/// Minimises f from `start` within `lower`; f gives `None` where it is not defined.
///
/// # Errors
/// Those of f, and those of f where it is not defined at the start.
pub fn minimise(
    start: Vec<f64>,
    lower: &[f64],
    mut f: impl FnMut(&[f64]) -> Result<Option<Evaluation>>,
    undefined: impl FnOnce() -> crate::error::Error,
) -> Result<Search> {
    let mut at = start;
    let Some(mut here) = f(&at)? else { return Err(undefined()) };
    let mut metric = here.metric.clone();
    let mut evaluations = 1;
    let mut path = vec![(at.clone(), here.value)];
    let (mut scoring, mut last) = (true, f64::INFINITY);
    loop {
        let free = free_of(&at, lower, &here.gradient);
        let (step, decrement) = newton(&metric, &here.gradient, &free);
        let done = |stop: Stop, at: Vec<f64>, here: Evaluation, path: Vec<(Vec<f64>, f64)>| {
            let norm = free.iter().map(|&j| here.gradient[j].abs()).fold(0.0, f64::max);
            Search { at, end: here, gradient_norm: norm, decrement, evaluations, stop, path }
        };
        if decrement <= DECREMENT {
            return Ok(done(Stop::Decrement, at, here, path));
        }
        if evaluations >= MAX_EVALUATIONS {
            return Ok(done(Stop::Limit, at, here, path));
        }
        let mut tried = 0;
        let found = descend(
            From { at: &at, lower, here: &here, metric: &metric, decrement },
            &step,
            &mut f,
            &mut tried,
        )?;
        let Some((next, there)) = found else {
            let stop = if decrement <= GOOD_ENOUGH { Stop::Rounding } else { Stop::Stuck };
            return Ok(done(stop, at, here, path));
        };
        evaluations += tried;
        scoring &= tried == 1 && decrement <= 0.5 * last;
        last = decrement;
        if scoring && decrement > NEAR {
            metric.clone_from(&there.metric);
        } else {
            update(&mut metric, &at, &here, &next, &there);
        }
        path.push((next.clone(), there.value));
        (at, here) = (next, there);
    }
}

/// Parameters not held at their bound.
fn free_of(at: &[f64], lower: &[f64], gradient: &[f64]) -> Vec<usize> {
    (0..at.len()).filter(|&j| !(at[j] <= lower[j] && gradient[j] >= 0.0)).collect()
}

/// −B⁻¹g over the free parameters (0 for the others) and g′B⁻¹g/2.
fn newton(metric: &[f64], gradient: &[f64], free: &[usize]) -> (Vec<f64>, f64) {
    let (k, f) = (gradient.len(), free.len());
    let mut step = vec![0.0; k];
    let largest = free.iter().map(|&j| metric[j * k + j].abs()).fold(1e-300, f64::max);
    let mut raise = 0.0;
    for _ in 0..40 {
        let mut a: Vec<f64> = Vec::with_capacity(f * f);
        for &i in free {
            a.extend(free.iter().map(|&j| metric[i * k + j]));
        }
        (0..f).for_each(|i| a[i * f + i] += raise * (a[i * f + i].abs() + 1e-8 * largest));
        let mut d: Vec<f64> = free.iter().map(|&j| -gradient[j]).collect();
        if let Ok(factor) = SmallCholesky::new(&a, f) {
            factor.solve(&mut d);
            let decrement = -0.5 * free.iter().zip(&d).map(|(&j, d)| gradient[j] * d).sum::<f64>();
            free.iter().zip(d).for_each(|(&j, d)| step[j] = d);
            return (step, decrement);
        }
        raise = if raise == 0.0 { 1e-10 } else { raise * 10.0 };
    }
    (step, 0.0)
}

/// Where a step starts.
#[derive(Clone, Copy)]
struct From<'a> {
    at: &'a [f64],
    lower: &'a [f64],
    here: &'a Evaluation,
    metric: &'a [f64],
    decrement: f64,
}

/// The projected step, shortened until the value falls or, among values equal but for rounding, the decrement does.
fn descend(
    from: From<'_>,
    step: &[f64],
    f: &mut impl FnMut(&[f64]) -> Result<Option<Evaluation>>,
    tried: &mut usize,
) -> Result<Option<(Vec<f64>, Evaluation)>> {
    let From { at, lower, here, metric, decrement } = from;
    let rounding = 1e-13 * here.value.abs().max(1.0);
    let mut length = 1.0;
    for _ in 0..MAX_HALVINGS {
        let next: Vec<f64> =
            at.iter().zip(step).zip(lower).map(|((x, d), low)| (x + length * d).max(*low)).collect();
        if next == at {
            return Ok(None);
        }
        *tried += 1;
        let mut shorter = 0.5;
        if let Some(there) = f(&next)?.filter(|e| e.value.is_finite()) {
            let slope: f64 =
                here.gradient.iter().zip(next.iter().zip(at)).map(|(g, (n, x))| g * (n - x)).sum();
            if there.value <= here.value + 1e-4 * slope {
                return Ok(Some((next, there)));
            }
            if there.value <= here.value + rounding {
                let free = free_of(&next, lower, &there.gradient);
                if newton(metric, &there.gradient, &free).1 < 0.5 * decrement {
                    return Ok(Some((next, there)));
                }
            }
            let excess = there.value - here.value - slope;
            if excess > 0.0 {
                shorter = (-0.5 * slope / excess).clamp(0.1, 0.5);
            }
        }
        length *= shorter;
    }
    Ok(None)
}

/// The BFGS update of B; left out where the curvature along the step is not positive.
fn update(b: &mut [f64], at: &[f64], here: &Evaluation, next: &[f64], there: &Evaluation) {
    let k = at.len();
    let s: Vec<f64> = next.iter().zip(at).map(|(n, x)| n - x).collect();
    let y: Vec<f64> = there.gradient.iter().zip(&here.gradient).map(|(n, g)| n - g).collect();
    let bs: Vec<f64> = (0..k).map(|i| (0..k).map(|j| b[i * k + j] * s[j]).sum()).collect();
    let sy: f64 = s.iter().zip(&y).map(|(a, b)| a * b).sum();
    let sbs: f64 = s.iter().zip(&bs).map(|(a, b)| a * b).sum();
    if sy <= 1e-10 * sbs || sbs <= 0.0 {
        return;
    }
    for i in 0..k {
        for j in 0..k {
            b[i * k + j] += y[i] * y[j] / sy - bs[i] * bs[j] / sbs;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Error;

    fn banana(x: &[f64]) -> Evaluation {
        let (a, b) = (x[0], x[1]);
        Evaluation {
            value: 10.0 * (b - a * a).powi(2) + (1.0 - a).powi(2),
            gradient: vec![-40.0 * a * (b - a * a) - 2.0 * (1.0 - a), 20.0 * (b - a * a)],
            metric: vec![80.0 * a * a + 2.0, -40.0 * a, -40.0 * a, 20.0],
        }
    }

    fn none() -> Error {
        Error::Internal { message: "undefined".to_owned() }
    }

    #[test]
    fn a_curved_valley_is_followed_to_its_end() {
        let low = [f64::NEG_INFINITY; 2];
        let found = minimise(vec![-1.2, 1.0], &low, |x| Ok(Some(banana(x))), none).unwrap();
        assert!(found.converged() && found.at.iter().all(|v| (v - 1.0).abs() < 1e-6), "{found:?}");
        assert_eq!(found.path.first().map(|p| p.0.clone()), Some(vec![-1.2, 1.0]));
    }

    #[test]
    fn a_bound_in_the_way_is_the_minimum() {
        let low = [1.5, f64::NEG_INFINITY];
        let found = minimise(vec![3.0, 1.0], &low, |x| Ok(Some(banana(x))), none).unwrap();
        assert!(found.converged() && found.at[0] == 1.5 && (found.at[1] - 2.25).abs() < 1e-7, "{found:?}");
    }

    #[test]
    fn a_false_gradient_is_not_called_a_minimum() {
        let uphill = |x: &[f64]| Evaluation { value: x[0], gradient: vec![-1.0], metric: vec![1.0] };
        let found = minimise(vec![0.0], &[f64::NEG_INFINITY], |x| Ok(Some(uphill(x))), none).unwrap();
        assert_eq!((found.stop, found.converged()), (Stop::Stuck, false));
    }
}
