//! What a panel is: an outcome and predictors observed on units over periods, each pair at most once.

use crate::design::{Groups, Weights};
use crate::error::{Error, MAX_ROWS, Result};
use crate::panel::index::Index;

/// Tables of marks up to this many unit-period cells find duplicates; beyond it the keys are sorted.
const MARKS: usize = 1 << 26;

/// A panel's columns; rows in any order, units observed in any number of periods.
#[derive(Debug, Clone)]
pub struct Panel<'a> {
    /// Outcome (n).
    pub y: &'a [f64],
    /// Predictors, one slice of n each.
    pub x: Vec<&'a [f64]>,
    /// Names of the predictors.
    pub names: &'a [String],
    /// Units.
    pub unit: Index<'a>,
    /// Periods, where there are any.
    pub time: Option<Index<'a>>,
    /// Unit or analytic weights.
    pub weights: Weights<'a>,
}

impl Panel<'_> {
    /// Rows.
    pub fn n(&self) -> usize {
        self.y.len()
    }

    /// Predictors.
    pub fn p(&self) -> usize {
        self.x.len()
    }

    /// Checks lengths and weights, and that no unit is seen twice in a period.
    ///
    /// # Errors
    /// `Length`; `Values` for weights; `InvalidOption` for frequency and probability weights, whose variance
    /// is not defined here; `Duplicate` naming the rows; `TooFew` with a single unit or no predictor.
    pub fn check(&self) -> Result<()> {
        let n = self.n();
        let time = self.time.iter().map(|t| (t.name, t.codes.len()));
        let columns = self.names.iter().map(String::as_str).zip(self.x.iter().map(|c| c.len()));
        for (what, got) in columns.chain([(self.unit.name, self.unit.codes.len())]).chain(time) {
            if got != n {
                return Err(Error::Length { what: what.to_owned(), expected: n, got });
            }
        }
        self.weights.check(n, "weight")?;
        if matches!(self.weights, Weights::Frequency(_) | Weights::Probability(_)) {
            return Err(Error::option("weight", "analytic weights (variance σ²/w)", "another kind"));
        }
        if let Some(w) = self.weights.values()
            && let Some(first) = w.iter().position(|&w| w == 0.0)
        {
            let zero = (first..n).filter(|&i| w[i] == 0.0);
            return Err(Error::values(
                "weight",
                zero,
                "positive weights; leave out rows that do not count",
                0,
            ));
        }
        if self.p() == 0 {
            return Err(Error::TooFew { what: "predictors of a panel".to_owned(), needed: 1, got: 0 });
        }
        if self.unit.n < 2 {
            let what = format!("units in column \"{}\"", self.unit.name);
            return Err(Error::TooFew { what, needed: 2, got: self.unit.n });
        }
        self.check_unique()
    }

    /// The periods.
    ///
    /// # Errors
    /// `InvalidOption` when the panel has none; `TooFew` when there is only one.
    pub fn periods(&self) -> Result<&Index<'_>> {
        let Some(time) = &self.time else {
            return Err(Error::option("time", "the name of the column of periods", "None"));
        };
        if time.n < 2 {
            let what = format!("periods in column \"{}\"", time.name);
            return Err(Error::TooFew { what, needed: 2, got: time.n });
        }
        Ok(time)
    }

    /// The rows of each unit, in the order of time where there are periods.
    pub fn by_unit(&self) -> Vec<Vec<usize>> {
        let groups = Groups::from_codes(&self.unit.codes, self.unit.n);
        let sorted = |rows: &[usize]| {
            let mut rows = rows.to_vec();
            if let Some(time) = &self.time {
                rows.sort_by_key(|&i| time.codes[i]);
            }
            rows
        };
        groups.iter().map(sorted).collect()
    }

    fn check_unique(&self) -> Result<()> {
        let Some(time) = &self.time else { return Ok(()) };
        let key = |i: usize| self.unit.codes[i] as usize * time.n + time.codes[i] as usize;
        let repeats = if self.unit.n.saturating_mul(time.n) <= MARKS {
            let mut seen = vec![false; self.unit.n * time.n];
            (0..self.n()).filter(|&i| std::mem::replace(&mut seen[key(i)], true)).collect::<Vec<_>>()
        } else {
            let mut order: Vec<usize> = (0..self.n()).collect();
            order.sort_by_key(|&i| (key(i), i));
            let mut later: Vec<usize> =
                order.windows(2).filter(|w| key(w[0]) == key(w[1])).map(|w| w[1]).collect();
            later.sort_unstable();
            later
        };
        let Some(&first) = repeats.first() else { return Ok(()) };
        let labels = (self.unit.label(self.unit.codes[first]), time.label(time.codes[first]));
        Err(Error::Duplicate {
            columns: vec![self.unit.name.to_owned(), time.name.to_owned()],
            n: repeats.len(),
            rows: repeats.into_iter().take(MAX_ROWS).collect(),
            got: format!("{}, {}", labels.0, labels.1),
        })
    }
}
