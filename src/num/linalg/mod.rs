//! Dense linear algebra for small p; the only importer of faer.

mod cholesky;
mod eigen;
mod extended_qr;
mod gram;
pub mod packed;
mod product;
mod qr;
mod small;

pub use cholesky::Cholesky;
pub use eigen::{eigen_symmetric, symmetric_function};
pub use extended_qr::ExtendedQr;
pub use gram::Gram;
pub use product::multiply;
pub use qr::PivotedQr;
pub use small::SmallCholesky;
