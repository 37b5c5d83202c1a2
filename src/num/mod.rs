//! L1. Scalar numerics and linear algebra: no domain words.
//!
//! | module | what |
//! | --- | --- |
//! | [`sum`] | compensated sums |
//! | [`moments`] | mergeable moments of one and two variables |
//! | [`quantile`] | sample quantiles (Hyndman and Fan's nine types) |
//! | [`bounded`] | minimum of a smooth function with lower bounds |
//! | [`extended`] | numbers of twice the working precision |
//! | [`root`] | bracketed roots |
//! | [`special`] | incomplete beta and gamma functions, both tails, in logs |
//! | [`dist`] | distributions built on them: cdf, survival, quantiles |
//! | [`exponential`] | e^x and ln(1 + e) for lanes |
//! | [`lanes`] | loops compiled for every instruction set, chosen at run time |
//! | [`quadrature`] | Gauss-Hermite nodes |
//! | [`linalg`] | Cholesky; QR that names aliased columns |

pub mod bounded;
pub mod dist;
pub mod exponential;
pub mod extended;
pub mod lanes;
pub mod linalg;
pub mod moments;
pub mod quadrature;
pub mod quantile;
pub mod root;
pub mod special;
pub mod sum;
