//! The four counts of a 2 × 2 table.
//!
//! Weights: frequency (row *i* stands for w identical rows); others have no binomial variance here.

use crate::design::Weights;
use crate::error::{Error, Result};

/// Counts of a 2 × 2 table; whole numbers except where a caller works from percentages.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Cells {
    /// Exposed with the outcome.
    pub a: f64,
    /// Exposed without it.
    pub b: f64,
    /// Unexposed with it.
    pub c: f64,
    /// Unexposed without it.
    pub d: f64,
}

impl Cells {
    /// From cases and totals of both groups.
    ///
    /// # Errors
    /// `Values` where a count is negative or not finite, a total is 0, or cases exceed their total.
    pub fn from_totals(a: f64, n1: f64, c: f64, n0: f64) -> Result<Self> {
        for (x, n, name) in [(a, n1, "exposed"), (c, n0, "unexposed")] {
            if !(n > 0.0 && n.is_finite() && (0.0..=n).contains(&x)) {
                let expected = "a total above 0 and from 0 to that many cases";
                return Err(Error::values(name, [0], expected, format!("{x} of {n}")));
            }
        }
        Ok(Self { a, b: n1 - a, c, d: n0 - c })
    }

    /// Exposed, n₁.
    pub fn n1(&self) -> f64 {
        self.a + self.b
    }

    /// Unexposed, n₀.
    pub fn n0(&self) -> f64 {
        self.c + self.d
    }

    /// Cases, m₁.
    pub fn m1(&self) -> f64 {
        self.a + self.c
    }

    /// Others, m₀.
    pub fn m0(&self) -> f64 {
        self.b + self.d
    }

    /// Everybody, N.
    pub fn total(&self) -> f64 {
        self.n1() + self.n0()
    }

    /// Whether the table says anything about association: no margin is 0.
    pub fn informative(&self) -> bool {
        self.n1() > 0.0 && self.n0() > 0.0 && self.m1() > 0.0 && self.m0() > 0.0
    }

    /// Whether any cell is 0.
    pub fn has_zero(&self) -> bool {
        [self.a, self.b, self.c, self.d].contains(&0.0)
    }

    /// Every cell with `x` added.
    #[must_use]
    pub fn plus(&self, x: f64) -> Self {
        Self { a: self.a + x, b: self.b + x, c: self.c + x, d: self.d + x }
    }

    /// Whether all four are whole numbers that a `u64` holds.
    pub fn whole(&self) -> bool {
        [self.a, self.b, self.c, self.d].iter().all(|v| v.fract() == 0.0 && *v < 9.0e15)
    }

    fn add(&mut self, outcome: f64, exposure: f64, weight: f64) {
        let cell = match (exposure == 1.0, outcome == 1.0) {
            (true, true) => &mut self.a,
            (true, false) => &mut self.b,
            (false, true) => &mut self.c,
            (false, false) => &mut self.d,
        };
        *cell += weight;
    }
}

/// One table per stratum; `strata` holds codes below `n_strata`. Without strata: all codes 0.
///
/// # Errors
/// `Length`; `Values` naming the column and rows of anything but 0 and 1, or of bad weights.
pub fn by_stratum(
    outcome: (&[f64], &str),
    exposure: (&[f64], &str),
    strata: &[u32],
    n_strata: usize,
    weights: Weights<'_>,
    weight_name: &str,
) -> Result<Vec<Cells>> {
    let n = outcome.0.len();
    for (got, what) in [(exposure.0.len(), exposure.1), (strata.len(), "strata")] {
        if got != n {
            return Err(Error::Length { what: what.to_owned(), expected: n, got });
        }
    }
    if n == 0 {
        return Err(Error::TooFew { what: "a 2 × 2 table".to_owned(), needed: 1, got: 0 });
    }
    binary(outcome.0, outcome.1)?;
    binary(exposure.0, exposure.1)?;
    weights.check(n, weight_name)?;
    let mut tables = vec![Cells::default(); n_strata];
    for i in 0..n {
        let Some(cells) = tables.get_mut(strata[i] as usize) else {
            return Err(Error::values("strata", [i], "a code below the number of strata", strata[i]));
        };
        cells.add(outcome.0[i], exposure.0[i], weights.at(i));
    }
    Ok(tables)
}

/// Refuses anything but 0 and 1.
fn binary(values: &[f64], name: &str) -> Result<()> {
    let bad = |v: f64| v != 0.0 && v != 1.0;
    match values.iter().find(|v| bad(**v)) {
        None => Ok(()),
        Some(&first) => {
            let rows = values.iter().enumerate().filter(|(_, v)| bad(**v)).map(|(i, _)| i);
            Err(Error::values(name, rows, "0 or 1 (or false and true)", first))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_counted_by_stratum_and_weight() {
        let (y, x) = ([1.0, 0.0, 1.0, 0.0, 1.0], [1.0, 1.0, 0.0, 0.0, 1.0]);
        let w = [2.0, 1.0, 1.0, 4.0, 3.0];
        let got = by_stratum((&y, "y"), (&x, "x"), &[0, 0, 0, 0, 1], 2, Weights::Frequency(&w), "w").unwrap();
        assert_eq!(got[0], Cells { a: 2.0, b: 1.0, c: 1.0, d: 4.0 });
        assert_eq!(got[1], Cells { a: 3.0, ..Cells::default() });
        assert!(!got[1].informative() && got[0].informative());
    }

    #[test]
    fn codes_other_than_0_and_1_are_named() {
        let got = by_stratum((&[1.0, 2.0], "y"), (&[0.0, 1.0], "x"), &[0, 0], 1, Weights::Unit, "w");
        assert!(matches!(got, Err(Error::Values { ref rows, .. }) if rows == &[1]));
        assert!(Cells::from_totals(5.0, 4.0, 1.0, 3.0).is_err());
    }
}
