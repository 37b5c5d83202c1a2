//! A = L·L′ in place, for a matrix that is refilled and factored many times.
//!
//! The storage is column-major n × n, lower triangle: entry (i, j), i ≥ j, stands at `a[j·n + i]`. Only the
//! leading k columns and rows are factored; the rest of the storage is left alone, so that a border (a
//! right-hand side, say) can share it.

use faer::dyn_stack::{MemBuffer, MemStack};
use faer::linalg::cholesky::llt::{factor, inverse};
use faer::{MatMut, MatRef, Par};

/// Below this order plain loops cost less than a call of the blocked routine.
const SMALL: usize = 24;

/// Overwrites the leading k × k lower triangle of `a` (column-major, leading dimension n) with L.
///
/// # Errors
/// The index of a pivot that is not positive.
pub fn factor_leading(a: &mut [f64], n: usize, k: usize) -> std::result::Result<(), usize> {
    if k <= SMALL {
        return by_loops(a, n, k);
    }
    let mut whole = MatMut::from_column_major_slice_mut(a, n, n);
    let block = whole.as_mut().submatrix_mut(0, 0, k, k);
    let mut memory =
        MemBuffer::new(factor::cholesky_in_place_scratch::<f64>(k, Par::Seq, faer::Spec::default()));
    factor::cholesky_in_place(
        block,
        factor::LltRegularization::default(),
        Par::Seq,
        MemStack::new(&mut memory),
        faer::Spec::default(),
    )
    .map(|_| ())
    .map_err(|error| {
        let factor::LltError::NonPositivePivot { index } = error;
        index
    })
}

fn by_loops(a: &mut [f64], n: usize, k: usize) -> std::result::Result<(), usize> {
    for j in 0..k {
        for s in 0..j {
            let (before, here) = a.split_at_mut(j * n);
            let factor = before[s * n + j];
            for i in j..k {
                here[i] -= factor * before[s * n + i];
            }
        }
        let pivot = a[j * n + j];
        if pivot.is_nan() || pivot <= 0.0 || !pivot.is_finite() {
            return Err(j);
        }
        let root = pivot.sqrt();
        a[j * n + j] = root;
        for i in j + 1..k {
            a[j * n + i] /= root;
        }
    }
    Ok(())
}

/// Overwrites b (k values) with L⁻¹b.
pub fn solve_lower(l: &[f64], n: usize, b: &mut [f64]) {
    for j in 0..b.len() {
        let (head, rest) = b.split_at_mut(j + 1);
        let value = head[j] / l[j * n + j];
        head[j] = value;
        for (v, f) in rest.iter_mut().zip(&l[j * n + j + 1..]) {
            *v -= f * value;
        }
    }
}

/// Overwrites b (k values) with L⁻ᵀb.
pub fn solve_upper(l: &[f64], n: usize, b: &mut [f64]) {
    let k = b.len();
    for j in (0..k).rev() {
        let known: f64 = l[j * n + j + 1..j * n + k].iter().zip(&b[j + 1..]).map(|(f, v)| f * v).sum();
        b[j] = (b[j] - known) / l[j * n + j];
    }
}

/// A⁻¹ of the leading k × k block, both triangles, column-major k × k.
pub fn inverse_leading(l: &[f64], n: usize, k: usize) -> Vec<f64> {
    let mut out = vec![0.0; k * k];
    if k == 0 {
        return out;
    }
    let whole = MatRef::from_column_major_slice(l, n, n);
    let mut memory = MemBuffer::new(inverse::inverse_scratch::<f64>(k, Par::Seq));
    inverse::inverse(
        MatMut::from_column_major_slice_mut(&mut out, k, k),
        whole.submatrix(0, 0, k, k),
        Par::Seq,
        MemStack::new(&mut memory),
    );
    for j in 0..k {
        for i in 0..j {
            out[j * k + i] = out[i * k + j];
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A well conditioned matrix of order n with a border column that must stay as it is.
    fn example(n: usize) -> Vec<f64> {
        let mut a = vec![0.0; n * n];
        for j in 0..n {
            for i in j..n {
                a[j * n + i] =
                    if i == j { n as f64 + 1.0 } else { ((i * 7 + j * 3) % 11) as f64 / 11.0 - 0.3 };
            }
        }
        a
    }

    #[test]
    fn both_routes_factor_solve_and_invert() {
        for n in [5, 60] {
            let a = example(n);
            let mut l = a.clone();
            let k = n - 1;
            factor_leading(&mut l, n, k).unwrap();
            assert_eq!(l[n * n - 1], a[n * n - 1]);
            let inverse = inverse_leading(&l, n, k);
            let at = |i: usize, j: usize| if i >= j { a[j * n + i] } else { a[i * n + j] };
            for i in 0..k {
                for j in 0..k {
                    let got: f64 = (0..k).map(|s| at(i, s) * inverse[j * k + s]).sum();
                    assert!((got - f64::from(u8::from(i == j))).abs() < 1e-12);
                }
            }
            let mut b: Vec<f64> = (0..k).map(|i| (0..k).map(|j| at(i, j)).sum()).collect();
            solve_lower(&l, n, &mut b);
            solve_upper(&l, n, &mut b);
            assert!(b.iter().all(|v| (v - 1.0).abs() < 1e-12));
        }
    }

    #[test]
    fn a_pivot_that_is_not_positive_is_named() {
        assert_eq!(factor_leading(&mut [1.0, 2.0, 0.0, 1.0], 2, 2), Err(1));
    }
}
