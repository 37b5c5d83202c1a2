//! Dense linear algebra for small p; the only importer of faer.

mod cholesky;
mod eigen;
mod product;
mod qr;

pub use cholesky::Cholesky;
pub use eigen::eigen_symmetric;
pub use product::multiply;
pub use qr::PivotedQr;
