//! What leaving out each row does to a coefficient.
//!
//! Pearson by down-dating the moments: with d_x, d_y the deviations of row i,
//! S_xy(i) = S_xy − d_x d_y·n/(n−1), and likewise S_xx, S_yy: O(1) a row. Spearman and Kendall are recomputed.

use crate::correlation::coefficient::{Method, estimate};
use crate::num::moments::CoMoments;
use crate::num::sum::Compensated;

/// The coefficient without each row (n values); `None` where the rest is constant.
pub fn leave_one_out(x: &[f64], y: &[f64], method: Method) -> Vec<Option<f64>> {
    match method {
        Method::Pearson => pearson(x, y),
        _ => (0..x.len())
            .map(|i| {
                let without = |v: &[f64]| [&v[..i], &v[i + 1..]].concat();
                estimate(&without(x), &without(y), method)
            })
            .collect(),
    }
}

fn pearson(x: &[f64], y: &[f64]) -> Vec<Option<f64>> {
    let n = x.len() as f64;
    let m = CoMoments::of(x, y, |_| 1.0);
    let (Some(mean_x), Some(mean_y)) = (m.x.mean(), m.y.mean()) else { return Vec::new() };
    let factor = n / (n - 1.0);
    let down = |total: f64, a: f64, b: f64| {
        let mut rest = Compensated::default();
        rest.add(total);
        rest.add_product(-a * factor, b);
        rest.value()
    };
    (0..x.len())
        .map(|i| {
            let (dx, dy) = (x[i] - mean_x, y[i] - mean_y);
            let (s_xx, s_yy) = (down(m.x.sum_of_squares(), dx, dx), down(m.y.sum_of_squares(), dy, dy));
            // What is left of a column that only row i made vary is rounding.
            let gone = |left: f64, whole: f64| left <= 1e-14 * whole;
            if gone(s_xx, m.x.sum_of_squares()) || gone(s_yy, m.y.sum_of_squares()) {
                return None;
            }
            Some((down(m.sum_of_products(), dx, dy) / s_xx.sqrt() / s_yy.sqrt()).clamp(-1.0, 1.0))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn down_dating_equals_recomputing() {
        let mut stream = crate::rng::Stream::new(4, 4);
        let x: Vec<f64> = (0..22).map(|_| 100.0 + stream.uniform()).collect();
        let y: Vec<f64> = x.iter().map(|v| v * 3.0 + stream.uniform()).collect();
        for (i, r) in leave_one_out(&x, &y, Method::Pearson).into_iter().enumerate() {
            let without = |v: &[f64]| [&v[..i], &v[i + 1..]].concat();
            let direct = estimate(&without(&x), &without(&y), Method::Pearson).unwrap();
            assert!((r.unwrap() - direct).abs() < 1e-12);
        }
    }

    #[test]
    fn a_column_that_one_row_makes_vary_has_no_correlation_without_it() {
        let r = leave_one_out(&[0.0, 0.0, 0.0, 5.0], &[1.0, 2.0, 4.0, 3.0], Method::Pearson);
        assert_eq!(r[3], None);
        assert!(r[0].is_some());
    }
}
