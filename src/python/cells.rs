//! Bindings of the compression into cells.

use pyo3::prelude::*;

use crate::design::Levels;
use crate::error::Result;
use crate::frame::{self, Columns, Frame, Grouped, TableBuilder};
use crate::python::door::{enter, enter_short};
use crate::python::input::InTable;
use crate::python::output::OutTable;

/// Cells, rows read, rows left out.
pub type Found = (OutTable, usize, usize);

/// The cells as a table: keys, `n`, `total`, `total_sq`.
pub fn table(found: &Grouped, outcome: bool) -> Result<arrow_array::RecordBatch> {
    let mut out = TableBuilder::new();
    for key in &found.keys {
        let shift = u32::from(key.has_null);
        let codes: Vec<Option<u32>> = key.codes.iter().map(|&c| c.checked_sub(shift)).collect();
        out = match &key.levels {
            Levels::Text(names) => out.dictionary(&key.name, &codes, names),
            Levels::Number(values) => {
                out.numbers(&key.name, codes.iter().map(|c| c.map(|c| values[c as usize])).collect())
            }
        };
    }
    let column = |k: usize| found.sums.iter().map(|s| Some(s[k])).collect();
    out = out.numbers("n", column(0));
    if outcome {
        out = out.numbers("total", column(1)).numbers("total_sq", column(2));
    }
    out.build()
}

/// Groups rows by `by`.
#[pyfunction]
#[pyo3(signature = (table, by, outcome=None, weight=None, threads=0, progress=None))]
pub fn cells(
    py: Python<'_>,
    table: InTable,
    by: Vec<String>,
    outcome: Option<&str>,
    weight: Option<&str>,
    threads: usize,
    progress: Option<&Bound<'_, PyAny>>,
) -> PyResult<Found> {
    enter(py, threads, progress, |control| {
        let frame = table.0.not_empty()?;
        let found = frame.cells(Columns { keys: &by, outcome, weight, squares: None }, control)?;
        Ok((self::table(&found, outcome.is_some())?, found.n_rows, found.n_missing))
    })
    .map(|(t, n, m)| (OutTable::from(t), n, m))
}

/// Merges tables of cells of the same keys; each comes with the names of its n, Σy and Σy².
#[pyfunction]
#[pyo3(signature = (tables, by, outcome, threads=0))]
pub fn merge_cells(
    py: Python<'_>,
    tables: Vec<(InTable, String, Option<String>, Option<String>)>,
    by: Vec<String>,
    outcome: bool,
    threads: usize,
) -> PyResult<OutTable> {
    enter_short(py, threads, || {
        let tables: Vec<(Frame, Columns<'_>)> = tables
            .iter()
            .map(|(table, n, total, squares)| {
                // Of an outcome of 0 and 1 the squares are the sum.
                let (outcome, squares) = (total.as_deref(), squares.as_deref().or(total.as_deref()));
                (table.0.clone(), Columns { keys: &by, outcome, weight: Some(n), squares })
            })
            .collect();
        table(&frame::merge_cells(&tables, &by)?, outcome)
    })
    .map(OutTable::from)
}
