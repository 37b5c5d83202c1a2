//! All coefficients between p columns, without tests or intervals.
//!
//! Pearson: Z′Z of columns centred and scaled to unit length (p × n times n × p, on one thread); Spearman: the same of
//! mid-ranks; Kendall: each column sorted once, then O(n log n) a pair.

use ndarray::Array2;

use crate::correlation::coefficient::Method;
use crate::correlation::kendall::Concordance;
use crate::correlation::ranked::Ranked;
use crate::error::{Error, Result};
use crate::num::linalg::multiply;
use crate::num::moments::CoMoments;
use crate::parallel::map_indexed;

/// The p × p matrix of coefficients of `columns` (n complete values each), ones on the diagonal.
///
/// # Errors
/// `Constant` naming the first column without variation; `TooFew` below two rows; `Length`.
pub fn matrix(columns: &[&[f64]], names: &[String], method: Method) -> Result<Array2<f64>> {
    let (p, n) = (columns.len(), columns.first().map_or(0, |c| c.len()));
    if n < 2 {
        return Err(Error::TooFew { what: "a correlation matrix".to_owned(), needed: 2, got: n });
    }
    for (j, column) in columns.iter().enumerate() {
        let name = || names.get(j).cloned().unwrap_or_else(|| j.to_string());
        if column.len() != n {
            return Err(Error::Length { what: name(), expected: n, got: column.len() });
        }
        if CoMoments::of(column, column, |_| 1.0).correlation().is_none() {
            return Err(Error::Constant { column: name(), n });
        }
    }
    if method == Method::Pearson {
        return Ok(products(columns));
    }
    let ranked = map_indexed(p, |j| Ok(Ranked::new(columns[j])))?;
    if method == Method::Spearman {
        let ranks: Vec<Vec<f64>> = ranked.iter().map(Ranked::midranks).collect();
        return Ok(products(&ranks.iter().map(Vec::as_slice).collect::<Vec<_>>()));
    }
    let rows = map_indexed(p, |i| {
        // A column of distinct values may still differ by rounding only; its levels then differ too.
        Ok((0..i).map(|j| Concordance::of_ranked(&ranked[i], &ranked[j]).tau_b()).collect::<Vec<_>>())
    })?;
    let mut out = Array2::eye(p);
    for (i, row) in rows.into_iter().enumerate() {
        for (j, tau) in row.into_iter().enumerate() {
            let tau = tau.ok_or_else(|| Error::Constant { column: names[i].clone(), n })?;
            out[[i, j]] = tau;
            out[[j, i]] = tau;
        }
    }
    Ok(out)
}

fn products(columns: &[&[f64]]) -> Array2<f64> {
    let (p, n) = (columns.len(), columns.first().map_or(0, |c| c.len()));
    let mut z = Array2::zeros((p, n));
    for (mut row, column) in z.outer_iter_mut().zip(columns) {
        let m = crate::num::moments::Moments::of(column);
        let (mean, length) = (m.mean().unwrap_or(0.0), m.sum_of_squares().sqrt());
        for (slot, v) in row.iter_mut().zip(*column) {
            *slot = (v - mean) / length;
        }
    }
    let mut out = multiply(z.view(), z.t());
    for i in 0..p {
        for j in 0..i {
            let r = out[[i, j]].clamp(-1.0, 1.0);
            out[[i, j]] = r;
            out[[j, i]] = r;
        }
        out[[i, i]] = 1.0;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::correlation::coefficient::estimate;

    #[test]
    fn the_matrix_holds_the_coefficients_of_the_pairs() {
        let mut stream = crate::rng::Stream::new(8, 8);
        let data: Vec<Vec<f64>> =
            (0..4).map(|_| (0..70).map(|_| f64::from(stream.index(20)) + 0.5).collect()).collect();
        let views: Vec<&[f64]> = data.iter().map(Vec::as_slice).collect();
        let names: Vec<String> = (0..4).map(|j| j.to_string()).collect();
        for method in [Method::Pearson, Method::Spearman, Method::Kendall] {
            let got = matrix(&views, &names, method).unwrap();
            for i in 0..4 {
                for j in 0..4 {
                    let want = estimate(&data[i], &data[j], method).unwrap();
                    assert!((got[[i, j]] - want).abs() < 1e-14, "{method:?}");
                }
            }
        }
        let flat = [1.0; 70];
        let got = matrix(&[&data[0], &flat], &names, Method::Kendall);
        assert_eq!(got, Err(Error::Constant { column: "1".into(), n: 70 }));
    }
}
