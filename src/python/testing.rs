//! Hidden hooks for the door's own tests: every error, a panic, a slow kernel, a parallel sum.

use pyo3::prelude::*;

use crate::error::Error;
use crate::parallel::{CHUNK, map_chunks};
use crate::python::door::{enter, enter_short};
use crate::python::errors::examples;

/// The kinds of error there are.
#[pyfunction]
pub fn _error_kinds() -> Vec<&'static str> {
    examples().into_iter().map(|(kind, _)| kind).collect()
}

/// Raises one example of a kind of error.
#[pyfunction]
pub fn _raise_for_test(py: Python<'_>, kind: &str) -> PyResult<()> {
    let found = examples().into_iter().find(|(k, _)| *k == kind).map(|(_, e)| e);
    enter_short(py, 1, || Err(found.unwrap_or(Error::Empty { what: "an unknown kind".to_owned() })))
}

/// Panics inside the door.
#[pyfunction]
pub fn _panic_for_test(py: Python<'_>) -> PyResult<()> {
    #[allow(clippy::panic)] // its purpose
    enter_short(py, 1, || panic!("on purpose"))
}

/// Works for `blocks` times 10 ms unless stopped.
#[pyfunction]
#[pyo3(signature = (blocks, progress=None))]
pub fn _spin_for_test(py: Python<'_>, blocks: u64, progress: Option<&Bound<'_, PyAny>>) -> PyResult<()> {
    enter(py, 1, progress, |control| {
        control.announce(blocks);
        (0..blocks).try_for_each(|_| {
            std::thread::sleep(std::time::Duration::from_millis(10));
            control.tick(1)
        })
    })
}

/// Σ 1/(i + 1) over 0..n by chunks in the pool.
#[pyfunction]
pub fn _sum_for_test(py: Python<'_>, n: usize, threads: usize) -> PyResult<f64> {
    enter_short(py, threads, || {
        let parts = map_chunks(n, CHUNK, |rows| Ok(rows.map(|i| 1.0 / (i as f64 + 1.0)).sum::<f64>()))?;
        Ok(parts.into_iter().sum())
    })
}
