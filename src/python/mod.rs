//! L4. The bindings: convert, detach, kernel, convert. One thin file per family.

use pyo3::prelude::*;

/// The extension module `gofal._core`.
#[pymodule]
mod _core {
    use super::*;

    /// The crate's version.
    #[pymodule_init]
    fn init(m: &Bound<'_, PyModule>) -> PyResult<()> {
        m.add("__version__", env!("CARGO_PKG_VERSION"))
    }
}
