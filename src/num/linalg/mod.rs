//! Dense linear algebra for small p; the only importer of faer.

mod cholesky;
mod product;
mod qr;
mod small;

pub use cholesky::Cholesky;
pub use product::multiply;
pub use qr::PivotedQr;
pub use small::SmallCholesky;
