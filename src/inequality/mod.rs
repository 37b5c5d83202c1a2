//! L3. Inequality along a ranking: who carries how much of the rate.
//!
//! | file | what |
//! | --- | --- |
//! | [`ridit`] | fractional ranks of a (weighted) ranking, ties at their mid-point |
//! | [`line`] | the weighted straight line on ridits and its covariances |
//! | [`poisson_line`] | the log-linear counterpart for counts, with a robust covariance |
//! | [`slope_resample`] | their bootstrap intervals |
//! | [`slope_index`] | slope and relative index of inequality |
//! | [`concentration`] | concentration index: standard, generalised, Erreygers, Wagstaff |
//! | [`indices`] | Gini, Theil, Atkinson and others of one column, without a ranking |
//!
//! One sign rule everywhere: the ranking ascends, and an index is positive when the outcome is
//! larger at the upper end of it. The Python face turns the ranking so that the upper end is the
//! more deprived one.

pub mod concentration;
pub mod indices;
pub mod line;
pub mod poisson_line;
pub mod ridit;
pub mod slope_index;
pub mod slope_resample;
