//! How much of R² each predictor explains: the subset indices of least squares, with Pratt's beside them.
//!
//! R²(S) = explained squares of S over Σ w (y − ȳ)². Predictors named as always in the model are taken in first; R² is
//! then what the others add. Pratt (1987): β̂_j s_j r_jy/s_y, which also sums to R² but may be negative.

use ndarray::Array2;

use crate::decomposition::cross::Products;
use crate::decomposition::shapley::{Importance, importance};
use crate::decomposition::subsets::{Cross, in_order, totals, totals_shared};
use crate::error::{Error, Result};
use crate::num::linalg::Gram;
use crate::parallel::Control;

/// Squares of y that are left, as a share of them, below which y counts as constant.
const CONSTANT: f64 = 1e-24;

/// Total squares of y.
fn squares(cross: &Cross) -> Option<f64> {
    let last = *cross.s.last()?;
    (last > 0.0).then_some(last)
}

impl Cross {
    /// What is left once the first player's columns are in the model, and the squares they explain.
    fn beyond_first(&self) -> (Self, f64) {
        let (m, q) = (self.players[0], self.players.iter().sum::<usize>() + 1);
        let mut s = self.s.clone();
        let mut gain = 0.0;
        for j in 0..m {
            let row = s[j * q..(j + 1) * q].to_vec();
            if row[j] <= 1e-11 * self.s[j * q + j] {
                continue;
            }
            gain += row[q - 1] * row[q - 1] / row[j];
            for k in j + 1..q {
                for l in j + 1..q {
                    s[k * q + l] -= row[k] * row[l] / row[j];
                }
            }
        }
        let left = (m..q).flat_map(|k| s[k * q + m..(k + 1) * q].to_vec()).collect();
        (Self { s: left, players: self.players[1..].to_vec() }, gain)
    }
}

/// The indices under counts `c` per row; `always` says that the first player is in every model. `None` where the rows drawn leave y
/// constant.
pub fn explained(products: &Products, c: &[f64], always: bool) -> Option<Importance> {
    let cross = products.cross(c)?;
    let total = squares(&cross)?;
    let cross = if always { cross.beyond_first().0 } else { cross };
    let mut sums = totals(&cross);
    sums.scale(total.recip());
    Some(importance(&sums))
}

/// The indices of all rows (many predictors are shared out among threads), R² with everything in, and the R² of what is always in.
///
/// # Errors
/// `Constant` for y; `Aliased` naming columns that the others give; `Interrupted`; `Undefined` if the shares do not add up.
pub fn explained_by_all(
    products: &Products,
    n: usize,
    names: &[String],
    always: bool,
    column: &str,
    control: &Control,
) -> Result<(Importance, f64, f64)> {
    let (cross, total) = checked(products, n, names, column)?;
    let (left, before) = if always { cross.beyond_first() } else { (cross, 0.0) };
    let mut sums = totals_shared(&left, control)?;
    sums.scale(total.recip());
    let found = importance(&sums);
    super::adds_up("the decomposition of R squared", found.shapley.iter().sum(), found.total, 1.0)?;
    let before = before / total;
    Ok((found.clone(), before + found.total, before))
}

/// Cross products of all rows and the total squares of y, with a design of full rank.
///
/// # Errors
/// `Constant` for y; `Aliased`.
pub fn checked(products: &Products, n: usize, names: &[String], column: &str) -> Result<(Cross, f64)> {
    let constant = || Error::Constant { column: column.to_owned(), n };
    let cross = products.cross(&vec![1.0; n]).ok_or_else(constant)?;
    let total = squares(&cross).filter(|t| *t > CONSTANT).ok_or_else(constant)?;
    refuse_aliased(&cross, names)?;
    Ok((cross, total))
}

/// R² after each player is added in order, under counts `c`.
pub fn cumulative(products: &Products, c: &[f64]) -> Option<Vec<f64>> {
    let cross = products.cross(c)?;
    let total = squares(&cross)?;
    let mut sum = 0.0;
    let step = |gain: &f64| {
        sum += gain / total;
        sum
    };
    Some(in_order(&cross).iter().map(step).collect())
}

/// Pratt's index of every player.
///
/// # Errors
/// As [`explained_by_all`].
pub fn pratt(products: &Products, n: usize, names: &[String]) -> Result<Vec<f64>> {
    let (cross, total) = checked(products, n, names, "the outcome")?;
    let (m, q) = (names.len(), names.len() + 1);
    let a = Array2::from_shape_fn((m, m), |(j, k)| cross.s[j * q + k]);
    let c: Vec<f64> = (0..m).map(|j| cross.s[j * q + m]).collect();
    let beta = Gram::new(a.view(), 0.0).solve(&c);
    let mut at = 0;
    let each = cross.players.iter().map(|&k| {
        let sum = (at..at + k).map(|j| beta[j] * c[j]).sum::<f64>() / total;
        at += k;
        sum
    });
    Ok(each.collect())
}

fn refuse_aliased(cross: &Cross, names: &[String]) -> Result<()> {
    let (m, q) = (names.len(), names.len() + 1);
    let a = Array2::from_shape_fn((m, m), |(j, k)| cross.s[j * q + k]);
    let gram = Gram::new(a.view(), 1e-11);
    if gram.aliased().is_empty() {
        return Ok(());
    }
    Err(Error::Aliased { columns: gram.aliased().iter().map(|&j| names[j].clone()).collect() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orthogonal_predictors_have_their_squared_correlations() {
        let x = vec![vec![1.0, 1.0, -1.0, -1.0], vec![1.0, -1.0, 1.0, -1.0]];
        let y = vec![5.0, 2.0, 1.0, -3.0];
        let products = Products::new(x.clone(), vec![1, 1], y.clone(), vec![1.0; 4]);
        let names = ["a".to_owned(), "b".to_owned()];
        let (found, r2, _) = explained_by_all(&products, 4, &names, false, "y", &Control::new()).unwrap();
        let mean = 1.25;
        let ss: f64 = y.iter().map(|y| (y - mean) * (y - mean)).sum();
        for j in 0..2 {
            let r = x[j].iter().zip(&y).map(|(x, y)| x * y).sum::<f64>().powi(2) / (4.0 * ss);
            assert!((found.shapley[j] - r).abs() < 1e-14 && (found.last[j] - r).abs() < 1e-14);
        }
        assert!((found.total - r2).abs() < 1e-15);
        assert!((pratt(&products, 4, &names).unwrap()[0] - found.first[0]).abs() < 1e-14);
        assert!((cumulative(&products, &[1.0; 4]).unwrap()[1] - r2).abs() < 1e-14);
    }

    #[test]
    fn collinear_columns_and_constants_are_refused_and_always_is_taken_out_first() {
        let x = vec![vec![1.0, 2.0, 3.0, 5.0], vec![2.0, 4.0, 6.0, 10.0]];
        let names = ["a".to_owned(), "b".to_owned()];
        let y = vec![1.0, 0.0, 2.0, 2.0];
        let products = Products::new(x, vec![1, 1], y.clone(), vec![1.0; 4]);
        let got = explained_by_all(&products, 4, &names, false, "y", &Control::new());
        assert!(matches!(got, Err(Error::Aliased { .. })));
        let flat = Products::new(vec![vec![1.0, 2.0, 3.0, 5.0]], vec![1], vec![2.0; 4], vec![1.0; 4]);
        let got = explained_by_all(&flat, 4, &names[..1], false, "y", &Control::new());
        assert!(matches!(got, Err(Error::Constant { .. })));
        let two = Products::new(
            vec![vec![1.0, 2.0, 3.0, 5.0], vec![1.0, 0.0, 0.0, 1.0]],
            vec![1, 1],
            y,
            vec![1.0; 4],
        );
        let (with, r2, before) = explained_by_all(&two, 4, &names, true, "y", &Control::new()).unwrap();
        let steps = cumulative(&two, &[1.0; 4]).unwrap();
        assert!((before - steps[0]).abs() < 1e-14 && (r2 - steps[1]).abs() < 1e-14);
        assert!((with.shapley[0] - (steps[1] - steps[0])).abs() < 1e-14);
    }
}
