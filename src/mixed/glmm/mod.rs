//! Generalised linear mixed models: y | u from a family with η = o + Xβ + ZΛu, u ~ N(0, I).
//!
//! | file | what |
//! | --- | --- |
//! | [`density`] | log densities by cell, with derivatives in η and in the dispersion |
//! | [`model`] | a model before it is fitted |
//! | [`modes`] | conditional modes: penalised iteratively reweighted least squares |
//! | [`leverage`] | what H⁻¹ says about each cell |
//! | [`quadrature`] | adaptive Gauss-Hermite quadrature for one random effect |
//! | [`summary`] [`profile`] | variance components; limits of a standard deviation |
//! | [`scale`] | shares of variance and median ratios |
//! | [`start`] | the model without random effects, from which the search begins |
//! | `search` [`fit`] | the search, the information, the fitted model |
//! | [`laplace`] | the Laplace deviance, its exact gradient and metric |

pub mod density;
pub mod fit;
pub mod laplace;
pub mod leverage;
pub mod model;
pub mod modes;
pub mod profile;
pub mod quadrature;
pub mod scale;
mod search;
pub mod start;
pub mod summary;
