//! Dense linear algebra for small p; the only importer of faer.

mod cholesky;
mod qr;

pub use cholesky::Cholesky;
pub use qr::PivotedQr;
