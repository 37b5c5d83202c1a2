//! What rounding leaves off the powers of a number, for least squares in twice the working precision.

use crate::design::terms::{Coding, Levels, Part, Piece, Term, Transform, Values, Variable};
use crate::num::extended::Extended;

/// Rows up to which what rounding leaves off a power is kept.
const EXACT: usize = 100_000;

/// What rounding leaves off the columns that are whole powers of a number. Polynomials of a year or an age are nearly
/// collinear: the last digit of x⁴ is in the third of its coefficient.
pub(super) fn remainders(
    n: usize,
    variables: &[Variable],
    columns: &[Vec<(usize, Piece)>],
    terms: &[Term],
) -> Vec<(usize, Vec<f64>)> {
    let mut out = Vec::new();
    for (j, column) in columns.iter().enumerate() {
        let [(v, piece)] = column.as_slice() else { continue };
        let power = terms.iter().find_map(|term| match term.as_slice() {
            [Part { variable, coding: Coding::Number(Transform::Power(k)), label }]
                if variable == v && *label == piece.label && k.fract() == 0.0 && (2.0..=64.0).contains(k) =>
            {
                Some(*k)
            }
            _ => None,
        });
        let Some(k) = power.filter(|_| n <= EXACT) else { continue };
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // 2 ≤ k ≤ 64
        let left =
            |x: f64| (Extended::power(x, k as u32) - Extended::from(Transform::Power(k).of(x))).value();
        out.push((
            j,
            match &variables[*v].values {
                Values::Continuous(x) => x.iter().map(|&x| left(x)).collect(),
                Values::Coded(codes, Levels::Number(x)) => {
                    let by_level: Vec<f64> = x.iter().map(|&x| left(x)).collect();
                    codes.iter().map(|&c| by_level[c as usize]).collect()
                }
                Values::Coded(..) => continue,
            },
        ));
    }
    out
}
