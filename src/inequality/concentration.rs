//! The concentration index of an outcome along a ranking.
//!
//! C = 2·cov_w(y, R)/ȳ with weighted fractional ranks R (Kakwani 1977; Kakwani, Wagstaff and van
//! Doorslaer 1997; O'Donnell et al. 2008, ch. 8): twice the area between the concentration curve
//! and the diagonal. Variants for outcomes with bounds l ≤ y ≤ u:
//! * generalised G = ȳ·C;
//! * Erreygers (2009) E = 4G/(u − l);
//! * Wagstaff (2005) W = (u − l)·G/((u − ȳ)(ȳ − l)), for 0/1 outcomes C/(1 − ȳ).
//!
//! Standard errors: delta method on the regression y = α + βR (ȳ = α + β/2, G = 2σ²_R·β, σ²_R with
//! divisor n − 1, classical or HC1); the convenience regression of 2σ²_R·y/ȳ on R, which ignores the
//! sampling of ȳ; Kakwani et al. (1997), which allows for serial correlation of the ranks.
//! n is Σw for frequency weights, else the number of rows. y ≥ 0 is not required, ȳ ≠ 0 is.

use crate::design::Weights;
use crate::error::{Error, Result};
use crate::inequality::line::{self, Line, Spread};
use crate::inequality::ridit::Ranking;

/// Which standard error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StdError {
    /// Delta method, classical regression variance.
    Delta,
    /// Delta method, HC1 regression variance.
    DeltaRobust,
    /// Convenience regression (variance of the mean ignored).
    Convenience,
    /// Kakwani, Wagstaff and van Doorslaer (1997).
    Kakwani,
}

/// An index and its standard error.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Index {
    /// The index.
    pub value: f64,
    /// Its standard error.
    pub std_error: f64,
}

/// The concentration index and its variants.
#[derive(Debug, Clone, PartialEq)]
#[must_use]
pub struct Concentration {
    /// Standard index, between −1 and 1 for y ≥ 0.
    pub standard: Index,
    /// Generalised index, in the unit of y.
    pub generalised: Index,
    /// Erreygers' corrected index.
    pub erreygers: Index,
    /// Wagstaff's normalised index; `None` when the mean sits on a bound.
    pub wagstaff: Option<Index>,
    /// Weighted mean of y.
    pub mean: f64,
    /// Residual degrees of freedom of the regression.
    pub df: f64,
}

/// Computes the indices of `y` (n values) along `ranking`; `bounds` are the limits of the outcome.
///
/// # Errors
/// `Undefined` for a mean of 0 or bounds that coincide; `Values` for y outside the bounds;
/// `TooFew` below three rows.
pub fn concentration_index(
    y: &[f64],
    ranking: &Ranking,
    weights: Weights<'_>,
    bounds: (f64, f64),
    std_error: StdError,
) -> Result<Concentration> {
    check_bounds(y, bounds)?;
    let mut r = vec![0.0; y.len()];
    let total = ranking.ridits(|i| weights.at(i), &mut r);
    let mean = (0..y.len()).map(|i| weights.at(i) * y[i]).sum::<f64>() / total;
    if mean == 0.0 {
        let reason = "the weighted mean of the outcome is 0".to_owned();
        return Err(Error::Undefined { what: "the concentration index".to_owned(), reason });
    }
    let spread = if std_error == StdError::DeltaRobust { Spread::Robust } else { Spread::Classical };
    let fitted = line::fit(&r, y, weights, spread)?;
    let var_r = (0..y.len()).map(|i| weights.at(i) * (r[i] - 0.5).powi(2)).sum::<f64>() / total;
    let n = fitted.df + 2.0;
    let g = 2.0 * var_r * fitted.slope;
    let scale = 2.0 * var_r * n / (n - 1.0);
    let point = Point { g, g_grad: scale * fitted.slope, mean, width: bounds.1 - bounds.0, bounds, scale };
    let se = |gradient: (f64, f64)| match std_error {
        StdError::Delta | StdError::DeltaRobust => point.delta(&fitted, gradient),
        // The mean is taken as known: only the slope varies.
        StdError::Convenience => point.delta(&fitted, (gradient.0, 0.0)),
        StdError::Kakwani => {
            gradient.0.abs() * mean.abs() * kakwani(y, ranking, weights, &r, g / mean, mean, total, n)
        }
    };
    Ok(point.indices(fitted.df, se))
}

/// What all variants are functions of: G and the mean.
struct Point {
    g: f64,
    g_grad: f64,
    mean: f64,
    width: f64,
    bounds: (f64, f64),
    /// dG/dβ, with the n − 1 divisor in σ²_R that the delta method of O'Donnell et al. uses.
    scale: f64,
}

impl Point {
    /// sqrt of the variance of f(G, ȳ) with gradient (∂f/∂G, ∂f/∂ȳ): G = scale·β, ȳ = α + β/2.
    fn delta(&self, line: &Line, gradient: (f64, f64)) -> f64 {
        let (by_g, by_mean) = gradient;
        line.variance_of(by_mean, by_g * self.scale + by_mean / 2.0).sqrt()
    }

    fn indices(&self, df: f64, se: impl Fn((f64, f64)) -> f64) -> Concentration {
        let (g, mean, (low, high)) = (self.g, self.mean, self.bounds);
        let room = (high - mean) * (mean - low);
        // In the gradients G has the same n − 1 divisor as its derivative: the published delta method.
        let g_grad = self.g_grad;
        let wagstaff = (room > 0.0).then(|| {
            let by_mean = -self.width * g_grad * (high + low - 2.0 * mean) / (room * room);
            Index { value: self.width * g / room, std_error: se((self.width / room, by_mean)) }
        });
        Concentration {
            standard: Index { value: g / mean, std_error: se((1.0 / mean, -g_grad / (mean * mean))) },
            generalised: Index { value: g, std_error: se((1.0, 0.0)) },
            erreygers: Index { value: 4.0 * g / self.width, std_error: se((4.0 / self.width, 0.0)) },
            wagstaff,
            mean,
            df,
        }
    }
}

fn check_bounds(y: &[f64], (low, high): (f64, f64)) -> Result<()> {
    if low >= high {
        let reason = format!("its bounds coincide or are reversed: {low} and {high}");
        return Err(Error::Undefined { what: "an index for a bounded outcome".to_owned(), reason });
    }
    let outside = |v: f64| v < low || v > high;
    match y.iter().find(|v| outside(**v)) {
        None => Ok(()),
        Some(&first) => {
            let rows = y.iter().enumerate().filter(|(_, v)| outside(**v)).map(|(i, _)| i);
            Err(Error::values("outcome", rows, &format!("values between {low} and {high}"), first))
        }
    }
}

/// sqrt{ [ Σ f a² − (1 + C)² ] / n }, a_i = (y_i/ȳ)(2R_i − 1 − C) + 2 − q_{i−1} − q_i, q the
/// cumulative share of y up to the block of ties i belongs to.
#[allow(clippy::too_many_arguments)] // the letters of the formula
fn kakwani(
    y: &[f64],
    ranking: &Ranking,
    weights: Weights<'_>,
    r: &[f64],
    c: f64,
    mean: f64,
    total: f64,
    n: f64,
) -> f64 {
    let (mut before, mut sum) = (0.0, 0.0);
    for block in ranking.blocks() {
        let own = block.iter().map(|&i| weights.at(i) * y[i]).sum::<f64>() / (total * mean);
        let q = 2.0 * before + own;
        for &i in block {
            let a = y[i] / mean * (2.0 * r[i] - 1.0 - c) + 2.0 - q;
            sum += weights.at(i) / total * a * a;
        }
        before += own;
    }
    ((sum - (1.0 + c).powi(2)).max(0.0) / n).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn index(y: &[f64], bounds: (f64, f64)) -> Concentration {
        let rank: Vec<f64> = (0..y.len()).map(|i| i as f64).collect();
        let ranking = Ranking::new(&rank, "rank").unwrap();
        concentration_index(y, &ranking, Weights::Unit, bounds, StdError::Delta).unwrap()
    }

    #[test]
    fn equality_gives_zero_and_one_holder_gives_the_limit() {
        let equal = index(&[2.0; 5], (0.0, 4.0));
        assert!(equal.standard.value.abs() < 1e-15);
        // All with the top one of n: C = (n − 1)/n.
        let all_top = index(&[0.0, 0.0, 0.0, 0.0, 1.0], (0.0, 1.0));
        assert!((all_top.standard.value - 0.8).abs() < 1e-15);
        assert!((all_top.wagstaff.unwrap().value - 1.0).abs() < 1e-15);
    }

    #[test]
    fn a_mean_of_zero_and_values_outside_the_bounds_are_refused() {
        let ranking = Ranking::new(&[1.0, 2.0, 3.0], "rank").unwrap();
        let zero =
            concentration_index(&[-1.0, 0.0, 1.0], &ranking, Weights::Unit, (-1.0, 1.0), StdError::Delta);
        assert!(matches!(zero, Err(Error::Undefined { .. })));
        let outside =
            concentration_index(&[0.0, 1.0, 2.0], &ranking, Weights::Unit, (0.0, 1.0), StdError::Delta);
        assert!(matches!(outside, Err(Error::Values { ref rows, .. }) if rows == &[2]));
    }
}
