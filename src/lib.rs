//! gofal: statistical kernels for research on children looked after.
//!
//! The questions are few: how far does deprivation explain the rate at which children are in
//! care, and what is left between authorities? The data are small (22 authorities), suppressed,
//! and confidential; so the answers must be exact, hold in small samples, and come out the same
//! next year. This crate computes them; a Python package (feature `python`) puts them in a
//! notebook.
//!
//! # Layers, lowest first (a module never looks up)
//!
//! | layer | module | what it holds |
//! | --- | --- | --- |
//! | L0 | [`error`] | one error type; variants carry data |
//! | L0 | [`parallel`] | the thread pool, fixed chunks in order, stop and progress |
//! | L0 | [`rng`] | (seed, replicate) → stream |
//! | L1 | [`num`] | sums, moments, roots, special functions, distributions, linear algebra |
//! | L2 | [`design`] | factors, groups, typed weights, samples: what a kernel needs |
//! | L2 | [`frame`] | the only importer of Arrow: columns in, tables out |
//! | L3 | [`rates`] [`correlation`] [`inequality`] [`regression`] [`panel`] | one folder per family of methods |
//! | L3 | [`mixed`] | mixed models: random terms, blocked Cholesky, profiled deviance |
//! | L3 | [`effects`] | what a fitted model says about everybody: standardised risks, interaction, attributable fractions |
//! | L3 | [`decomposition`] | a whole into parts that add up: Theil, Kitagawa, Das Gupta, Oaxaca-Blinder, Shapley, nested variance |
//! | L3 | [`simulate`] | synthetic children with known truth |
//! | L3 | [`risk`] [`imputation`] | 2 × 2 tables, strata, E-values; chained equations |
//! | L3 | [`resample`] [`multiplicity`] [`disclosure`] [`pooling`] | what the families share |
//! | L4 | `python` | bindings: convert, detach, kernel, convert (feature `python`) |
//!
//! # Where to start
//!
//! * A method: its file under `src/<family>/`; the header gives the estimator and its source.
//! * A number that looks wrong: the reference cases in `tests/rust/`.
//! * A new binding: `src/python/door.rs`, then any family beside it.

pub mod correlation;
pub mod decomposition;
pub mod design;
pub mod disclosure;
pub mod effects;
pub mod error;
pub mod frame;
pub mod imputation;
pub mod inequality;
pub mod mixed;
pub mod multiplicity;
pub mod num;
pub mod panel;
pub mod parallel;
pub mod pooling;
pub mod rates;
pub mod regression;
pub mod resample;
pub mod risk;
pub mod rng;
pub mod simulate;

#[cfg(feature = "python")]
mod python;
