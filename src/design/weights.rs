//! Weights are types: the same numbers mean different things, so a bare slice is refused.

use crate::error::{Error, Result};

/// Observation weights, named by what they mean. All variants hold one weight per row, ≥ 0.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Weights<'a> {
    /// Every row counts once.
    Unit,
    /// Row *i* stands for `w[i]` identical rows (a count of children): n = Σw.
    Frequency(&'a [f64]),
    /// Row *i* has variance σ²/`w[i]` (a population behind a rate): n = number of rows.
    Analytic(&'a [f64]),
    /// Row *i* was sampled with probability proportional to 1/`w[i]`: n = number of rows.
    Probability(&'a [f64]),
}

impl<'a> Weights<'a> {
    /// The weights as numbers; `None` for [`Weights::Unit`].
    pub const fn values(&self) -> Option<&'a [f64]> {
        match self {
            Self::Unit => None,
            Self::Frequency(w) | Self::Analytic(w) | Self::Probability(w) => Some(w),
        }
    }

    /// Weight of row `i` (1 for unit weights).
    #[inline]
    pub fn at(&self, i: usize) -> f64 {
        self.values().map_or(1.0, |w| w[i])
    }

    /// The same kind of weights over other numbers (after rows were selected).
    #[must_use]
    pub const fn with_values<'b>(&self, w: &'b [f64]) -> Weights<'b> {
        match self {
            Self::Unit => Weights::Unit,
            Self::Frequency(_) => Weights::Frequency(w),
            Self::Analytic(_) => Weights::Analytic(w),
            Self::Probability(_) => Weights::Probability(w),
        }
    }

    /// Checks `n` weights: finite, not negative, whole numbers if they are frequencies, and not all zero.
    ///
    /// # Errors
    /// `Length`, or `Values` naming `column` and the rows.
    pub fn check(&self, n: usize, column: &str) -> Result<()> {
        let Some(w) = self.values() else {
            return Ok(());
        };
        if w.len() != n {
            return Err(Error::Length { what: column.to_owned(), expected: n, got: w.len() });
        }
        let whole = matches!(self, Self::Frequency(_));
        let bad = |v: f64| !v.is_finite() || v < 0.0 || (whole && v.fract() != 0.0);
        let expected = if whole {
            "whole, finite, non-negative numbers (frequency weights); use analytic weights for others"
        } else {
            "finite, non-negative numbers"
        };
        if let Some(&first) = w.iter().find(|&&v| bad(v)) {
            let rows = w.iter().enumerate().filter(|(_, v)| bad(**v)).map(|(i, _)| i);
            return Err(Error::values(column, rows, expected, first));
        }
        if w.iter().all(|&v| v == 0.0) {
            return Err(Error::values(column, 0..n, "at least one positive weight", 0));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wrong_kinds_are_refused() {
        assert!(Weights::Frequency(&[1.0, 2.5]).check(2, "w").is_err());
        assert!(Weights::Analytic(&[1.0, 2.5]).check(2, "w").is_ok());
        assert!(Weights::Analytic(&[0.0, 0.0]).check(2, "w").is_err());
        assert!(Weights::Analytic(&[1.0, f64::NAN]).check(2, "w").is_err());
        assert!(Weights::Analytic(&[1.0]).check(2, "w").is_err());
        assert!(Weights::Unit.check(2, "w").is_ok());
    }
}
