//! Partial correlation of x and y given k controls, for any of the three coefficients.
//!
//! From the matrix C of pairwise coefficients of (x, y, controls): with P = C⁻¹,
//! r_xy·z = −P_xy/√(P_xx P_yy); the semipartial correlation takes the controls out of y only:
//! r_xy·z · √(1 − R²_x(z)) by the same inverse. Pearson and Spearman: t with n − 2 − k df, Fisher's z with
//! n − 3 − k; Kendall: z = τ·√(9·m(m−1)/(2(2m+5))), m = n − k (Kim 2015).

use ndarray::Array2;

use crate::correlation::coefficient::{Correlation, Method, estimate, fisher, normal_p, t_test};
use crate::error::{Error, Result};
use crate::num::linalg::Cholesky;
use crate::resample::permutation::Alternative;

/// A partial correlation and its one-sided companion.
#[derive(Debug, Clone, Copy, PartialEq)]
#[must_use]
pub struct Partial {
    /// Controls removed from both.
    pub partial: Correlation,
    /// Controls removed from y only.
    pub semipartial: f64,
}

/// Partial correlation of `x` and `y` (n values) given `controls` (each n values).
///
/// # Errors
/// `Constant`; `Aliased` when x, y and the controls are collinear; `TooFew` below k + 4 rows.
pub fn correlate(
    x: &[f64],
    y: &[f64],
    controls: &[&[f64]],
    names: &[String],
    method: Method,
    alternative: Alternative,
    conf_level: f64,
) -> Result<Partial> {
    let (n, k) = (x.len(), controls.len());
    if n < k + 4 {
        return Err(Error::TooFew {
            what: format!("a partial correlation with {k} control(s)"),
            needed: k + 4,
            got: n,
        });
    }
    let columns: Vec<&[f64]> = [x, y].into_iter().chain(controls.iter().copied()).collect();
    let c = matrix(&columns, names, method)?;
    let inverse =
        Cholesky::new(c.view(), names).map_err(|_| Error::Aliased { columns: names.to_vec() })?.inverse();
    // A near-singular matrix passes the factorisation with pivots of rounding size.
    if inverse.diag().iter().any(|v| *v > 1e12) {
        return Err(Error::Aliased { columns: names.to_vec() });
    }
    let r = (-inverse[[0, 1]] / (inverse[[0, 0]] * inverse[[1, 1]]).sqrt()).clamp(-1.0, 1.0);
    // Controls out of y alone: r·√(1 − R²) with 1 − R² of x on the controls, from the matrix without y.
    let without_y: Vec<&[f64]> = std::iter::once(x).chain(controls.iter().copied()).collect();
    let names_x: Vec<String> = std::iter::once(&names[0]).chain(&names[2..]).cloned().collect();
    let share =
        1.0 / Cholesky::new(matrix(&without_y, &names_x, method)?.view(), &names_x)?.inverse()[[0, 0]];
    let semipartial = r * share.min(1.0).sqrt();
    let (nf, kf) = (n as f64, k as f64);
    let partial = match method {
        Method::Kendall => {
            let m = nf - kf;
            let z = r * (9.0 * m * (m - 1.0) / (2.0 * (2.0 * m + 5.0))).sqrt();
            let p_value = normal_p(z, alternative);
            let interval = Some(fisher(r, (0.437 / (m - 4.0).max(1.0)).sqrt(), conf_level));
            Correlation { estimate: r, statistic: Some(z), df: None, p_value, interval, n }
        }
        _ => {
            let df = nf - 2.0 - kf;
            let (t, p_value) = t_test(r, df, alternative);
            let room = nf - 3.0 - kf;
            let interval = (room > 0.0).then(|| fisher(r, (1.0 / room).sqrt(), conf_level));
            Correlation { estimate: r, statistic: Some(t), df: Some(df), p_value, interval, n }
        }
    };
    Ok(Partial { partial, semipartial })
}

/// The matrix of pairwise coefficients.
fn matrix(columns: &[&[f64]], names: &[String], method: Method) -> Result<Array2<f64>> {
    let p = columns.len();
    let mut c = Array2::eye(p);
    for i in 0..p {
        for j in 0..i {
            let Some(r) = estimate(columns[i], columns[j], method) else {
                let constant = if super::coefficient::is_constant(columns[i]) { i } else { j };
                return Err(Error::Constant { column: names[constant].clone(), n: columns[i].len() });
            };
            c[[i, j]] = r;
            c[[j, i]] = r;
        }
    }
    Ok(c)
}
