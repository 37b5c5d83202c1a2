//! The one match from Rust errors to Python exceptions.
//!
//! `gofal.errors` builds the exception from (kind, message, fields): an exception with two bases must
//! be a Python class, and fields become attributes there.

use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::error::Error;

/// The Python exception for an error.
pub fn to_python(py: Python<'_>, error: &Error) -> PyErr {
    match exception(py, error) {
        Ok(value) => PyErr::from_value(value),
        Err(failure) => failure,
    }
}

fn exception<'py>(py: Python<'py>, error: &Error) -> PyResult<Bound<'py, PyAny>> {
    let fields = PyDict::new(py);
    let kind = describe(error, &fields)?;
    py.import("gofal.errors")?.call_method1("_from_core", (kind, error.to_string(), fields))
}

/// Fills the attributes and names the kind.
fn describe(error: &Error, f: &Bound<'_, PyDict>) -> PyResult<&'static str> {
    Ok(match error {
        Error::UnknownColumn { column, nearest, available } => {
            f.set_item("column", column)?;
            f.set_item("nearest", nearest)?;
            f.set_item("available", available)?;
            "unknown_column"
        }
        Error::WrongType { column, expected, got } => {
            f.set_item("column", column)?;
            f.set_item("expected", expected)?;
            f.set_item("got", got)?;
            "wrong_type"
        }
        Error::Values { column, rows, n, expected, got } => {
            f.set_item("column", column)?;
            f.set_item("rows", rows)?;
            f.set_item("n", n)?;
            f.set_item("expected", expected)?;
            f.set_item("got", got)?;
            "values"
        }
        Error::Duplicate { columns, rows, n, got } => {
            f.set_item("columns", columns)?;
            f.set_item("rows", rows)?;
            f.set_item("n", n)?;
            f.set_item("got", got)?;
            "duplicate"
        }
        Error::Constant { column, n } => {
            f.set_item("column", column)?;
            f.set_item("n", n)?;
            "constant"
        }
        Error::TooFew { what, needed, got } => {
            f.set_item("column", what)?;
            f.set_item("expected", needed)?;
            f.set_item("got", got)?;
            "too_few"
        }
        other => return describe_rest(other, f),
    })
}

/// The variants that are not about values of a column.
fn describe_rest(error: &Error, f: &Bound<'_, PyDict>) -> PyResult<&'static str> {
    Ok(match error {
        Error::Length { what, expected, got } => {
            f.set_item("column", what)?;
            f.set_item("expected", expected)?;
            f.set_item("got", got)?;
            "length"
        }
        Error::Empty { what } => {
            f.set_item("column", what)?;
            "empty"
        }
        Error::File { file, column, reason } => {
            f.set_item("column", column)?;
            f.set_item("expected", reason)?;
            f.set_item("got", file)?;
            "file"
        }
        Error::InvalidOption { option, expected, got } => {
            f.set_item("column", option)?;
            f.set_item("expected", expected)?;
            f.set_item("got", got)?;
            "option"
        }
        Error::Aliased { columns } => {
            f.set_item("columns", columns)?;
            "aliased"
        }
        Error::NotPositiveDefinite { pivot, column } => {
            f.set_item("column", column)?;
            f.set_item("got", pivot)?;
            "not_positive_definite"
        }
        Error::Undefined { what, .. } => {
            f.set_item("column", what)?;
            "undefined"
        }
        Error::NoConvergence { n_iter, last, tolerance, .. } => {
            f.set_item("n", n_iter)?;
            f.set_item("expected", tolerance)?;
            f.set_item("got", last)?;
            "no_convergence"
        }
        Error::Separation { outcome, columns, rows, pattern } => {
            f.set_item("column", outcome)?;
            f.set_item("columns", columns)?;
            f.set_item("rows", rows)?;
            f.set_item("got", pattern)?;
            "separation"
        }
        Error::Interrupted => "interrupted",
        _ => "internal",
    })
}

/// One example of every variant, for the test that each of them reaches Python.
pub fn examples() -> Vec<(&'static str, Error)> {
    let s = str::to_owned;
    vec![
        ("unknown_column", Error::unknown_column("raet", &[s("rate"), s("area")])),
        ("wrong_type", Error::WrongType { column: s("x"), expected: s("a number"), got: s("Date32") }),
        ("values", Error::values("x", [1, 2], "finite numbers", "NaN")),
        ("duplicate", Error::Duplicate { columns: vec![s("area")], rows: vec![3], n: 1, got: s("Powys") }),
        ("constant", Error::Constant { column: s("x"), n: 22 }),
        ("too_few", Error::TooFew { what: s("a line"), needed: 3, got: 2 }),
        ("length", Error::Length { what: s("y"), expected: 3, got: 2 }),
        ("empty", Error::Empty { what: s("the table") }),
        ("file", Error::File { file: s("b.parquet"), column: Some(s("x")), reason: s("text, not numbers") }),
        ("option", Error::option("interval", "\"byar\"", "byer")),
        ("aliased", Error::Aliased { columns: vec![s("b")] }),
        ("not_positive_definite", Error::NotPositiveDefinite { pivot: 1, column: s("b") }),
        ("undefined", Error::Undefined { what: s("the ratio"), reason: s("0/0") }),
        ("no_convergence", Error::NoConvergence { what: s("search"), n_iter: 9, last: 0.1, tolerance: 1e-9 }),
        (
            "separation",
            Error::Separation {
                outcome: s("care"),
                columns: vec![s("a")],
                rows: vec![1],
                pattern: s("0 of 7 rows have the outcome, for example where a"),
            },
        ),
        ("interrupted", Error::Interrupted),
        ("internal", Error::Internal { message: s("index out of bounds") }),
    ]
}
