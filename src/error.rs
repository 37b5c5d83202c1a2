//! L0. One error type for the whole crate.
//!
//! | stage | variants | Python exception |
//! | --- | --- | --- |
//! | validation | `UnknownColumn` … `InvalidOption` | `InputError` (a `ValueError`) |
//! | numerical | `NotPositiveDefinite`, `Aliased`, `Undefined` | `NumericalError` |
//! | convergence | `NoConvergence` | `ConvergenceError` |
//! | separation | `Separation` | `SeparationError` |
//! | control | `Interrupted` | the pending signal's exception (`KeyboardInterrupt`) |
//! | defect | `Internal` | `InternalError` |
//!
//! Variants carry data (column, rows, expected, got), not prose: the border turns them into
//! attributes of the Python exception, so a caller can act on them without parsing a message.
//! Row numbers are 0-based positions in the caller's table, at most [`MAX_ROWS`] of them listed.

use thiserror::Error as ThisError;

/// Shorthand for results of this crate.
pub type Result<T> = std::result::Result<T, Error>;

/// How many offending row numbers an error lists; `n` always holds the full count.
pub const MAX_ROWS: usize = 10;

/// Everything that can go wrong in a kernel or at the table door.
#[derive(Debug, Clone, PartialEq, ThisError)]
#[non_exhaustive]
pub enum Error {
    /// A column name that the table does not have.
    #[error("no column named \"{column}\"{}; the table has: {}", hint(nearest.as_ref()), available.join(", "))]
    UnknownColumn {
        /// The name asked for.
        column: String,
        /// The closest name by edit distance, where one is close.
        nearest: Option<String>,
        /// The names there are.
        available: Vec<String>,
    },
    /// A column of a type the function cannot use.
    #[error("column \"{column}\" has type {got}; expected {expected}")]
    WrongType {
        /// The column.
        column: String,
        /// What would do, in words.
        expected: String,
        /// The Arrow type it has.
        got: String,
    },
    /// Values outside what the method is defined for (negative events, zero population, NaN …).
    #[error(
        "column \"{column}\": {n} value(s) not allowed, first at row(s) {}: got {got}; expected {expected}",
        rows_text(rows)
    )]
    Values {
        /// The column.
        column: String,
        /// The first [`MAX_ROWS`] offending rows (0-based).
        rows: Vec<usize>,
        /// How many rows offend.
        n: usize,
        /// What is allowed, and what to do.
        expected: String,
        /// The first offending value, as text.
        got: String,
    },
    /// The same key more than once (for example an authority twice in one year).
    #[error("duplicate rows for key ({}): {n} row(s), first at row(s) {}: {got}; expected one row per key: filter or aggregate first", columns.join(", "), rows_text(rows))]
    Duplicate {
        /// The key columns.
        columns: Vec<String>,
        /// The first offending rows (0-based), later occurrences.
        rows: Vec<usize>,
        /// How many rows repeat an earlier key.
        n: usize,
        /// The first repeated key, as text.
        got: String,
    },
    /// A column without variation where the method needs some.
    #[error("column \"{column}\" is constant over the {n} rows used; the statistic is undefined")]
    Constant {
        /// The column.
        column: String,
        /// Rows used.
        n: usize,
    },
    /// Fewer usable rows than the method needs.
    #[error("{what}: {got} usable row(s); at least {needed} are needed")]
    TooFew {
        /// The method or quantity.
        what: String,
        /// The smallest number that works.
        needed: usize,
        /// What there was after nulls were dropped.
        got: usize,
    },
    /// Two inputs that must have the same length do not.
    #[error("{what}: length {got}; expected {expected}")]
    Length {
        /// The input.
        what: String,
        /// Expected length.
        expected: usize,
        /// Actual length.
        got: usize,
    },
    /// A table or column with no rows at all (also: a record-batch reader already consumed).
    #[error("{what} has no rows; if it is a record-batch reader it may have been consumed already")]
    Empty {
        /// Which input.
        what: String,
    },
    /// A file that cannot be read, or whose columns are not those of the files before it.
    #[error("{file}: {}{reason}", column.as_ref().map_or_else(String::new, |c| format!("column \"{c}\": ")))]
    File {
        /// The file.
        file: String,
        /// The column, where one is to blame.
        column: Option<String>,
        /// What is wrong, and what to do.
        reason: String,
    },
    /// An option outside its allowed values.
    #[error("option {option}: got {got}; expected {expected}")]
    InvalidOption {
        /// The option's name as the caller spells it.
        option: String,
        /// What is allowed.
        expected: String,
        /// What was given.
        got: String,
    },
    /// Columns of a design that are linear combinations of others.
    #[error("aliased column(s): {} (linear combinations of the columns before them); drop them", columns.join(", "))]
    Aliased {
        /// The names of the aliased columns.
        columns: Vec<String>,
    },
    /// A matrix that had to be positive definite and is not.
    #[error("matrix not positive definite at pivot {pivot} (\"{column}\")")]
    NotPositiveDefinite {
        /// Index of the first non-positive pivot.
        pivot: usize,
        /// The column it belongs to, or its index as text.
        column: String,
    },
    /// A quantity that does not exist for these data (0/0 and its kin).
    #[error("{what} is undefined: {reason}")]
    Undefined {
        /// The quantity.
        what: String,
        /// Why.
        reason: String,
    },
    /// An iteration that stopped before it met its tolerance.
    #[error("{what} did not converge in {n_iter} iterations: last change {last:e}, tolerance {tolerance:e}")]
    NoConvergence {
        /// The iteration.
        what: String,
        /// Iterations made.
        n_iter: usize,
        /// Size of the last change.
        last: f64,
        /// What it had to fall below.
        tolerance: f64,
    },
    /// A combination of covariates predicts the outcome without error: no finite estimate exists.
    #[error("separation: \"{outcome}\" is predicted without error by {} ({pattern}); no finite estimate exists: merge levels, drop the term, or use gf.firth", columns.join(", "))]
    Separation {
        /// The outcome.
        outcome: String,
        /// Columns whose coefficients would be infinite.
        columns: Vec<String>,
        /// The first cells of the pattern (rows of the rows used).
        rows: Vec<usize>,
        /// What happens there, in words.
        pattern: String,
    },
    /// The caller asked to stop (Ctrl-C).
    #[error("interrupted")]
    Interrupted,
    /// A defect of gofal itself: a caught panic. Please report it.
    #[error("internal error in gofal, please report it: {message}")]
    Internal {
        /// The panic's message.
        message: String,
    },
}

impl Error {
    /// `Values` from an iterator of offending rows: counts them all, keeps the first few.
    pub fn values(
        column: &str,
        offending: impl IntoIterator<Item = usize>,
        expected: &str,
        got: impl std::fmt::Display,
    ) -> Self {
        let mut rows = Vec::with_capacity(MAX_ROWS);
        let mut n = 0;
        for row in offending {
            if rows.len() < MAX_ROWS {
                rows.push(row);
            }
            n += 1;
        }
        Self::Values {
            column: column.to_owned(),
            rows,
            n,
            expected: expected.to_owned(),
            got: got.to_string(),
        }
    }

    /// The same error with its rows counted from `by` rows further up, for errors found in a part of a table.
    #[must_use]
    pub fn shifted(mut self, by: usize) -> Self {
        if let Self::Values { rows, .. } = &mut self {
            rows.iter_mut().for_each(|row| *row += by);
        }
        self
    }

    /// `UnknownColumn` with the nearest available name worked out.
    pub fn unknown_column(column: &str, available: &[String]) -> Self {
        Self::UnknownColumn {
            column: column.to_owned(),
            nearest: nearest(column, available),
            available: available.to_vec(),
        }
    }

    /// `File`, of the file as a whole.
    pub fn file(file: &std::path::Path, reason: impl std::fmt::Display) -> Self {
        Self::File { file: file.display().to_string(), column: None, reason: reason.to_string() }
    }

    /// `InvalidOption` without ceremony.
    pub fn option(option: &str, expected: &str, got: impl std::fmt::Display) -> Self {
        Self::InvalidOption { option: option.to_owned(), expected: expected.to_owned(), got: got.to_string() }
    }
}

fn hint(nearest: Option<&String>) -> String {
    nearest.map_or_else(String::new, |name| format!(" (did you mean \"{name}\"?)"))
}

fn rows_text(rows: &[usize]) -> String {
    let shown: Vec<String> = rows.iter().map(ToString::to_string).collect();
    shown.join(", ")
}

/// The closest name by Levenshtein distance, ignoring case; none further than a third of the length.
fn nearest(name: &str, available: &[String]) -> Option<String> {
    let wanted = name.to_lowercase();
    let limit = (name.chars().count() / 3).max(2);
    available
        .iter()
        .map(|candidate| (edit_distance(&wanted, &candidate.to_lowercase()), candidate))
        .filter(|(distance, _)| *distance <= limit)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate.clone())
}

fn edit_distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, ca) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, cb) in b.iter().enumerate() {
            let substitution = diagonal + usize::from(ca != *cb);
            diagonal = row[j + 1];
            row[j + 1] = substitution.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nearest_name_is_offered_only_when_close() {
        let names = ["rate_per_10k".to_owned(), "wimd_score".to_owned()];
        let close = Error::unknown_column("wimd_scroe", &names).to_string();
        assert!(close.contains("did you mean \"wimd_score\"?"), "{close}");
        let far = Error::unknown_column("spend", &names).to_string();
        assert!(!far.contains("did you mean"), "{far}");
    }

    #[test]
    fn offending_rows_are_counted_beyond_the_list() {
        let Error::Values { rows, n, .. } = Error::values("x", 0..25, "a finite number", "NaN") else {
            unreachable!()
        };
        assert_eq!((rows.len(), n), (MAX_ROWS, 25));
    }
}
