//! Distributions: cdf, survival function, their logs, lower and upper quantiles.
//!
//! One module of free functions per distribution. Built on [`crate::num::special`], whose two tails are
//! computed apart: a tail is never `1 - cdf`. A parameter out of its domain or a NaN argument gives
//! NaN; kernels validate before they call. No function here can hang or panic.

pub mod beta;
pub mod binomial;
pub mod chi2;
pub mod f;
pub mod gamma;
pub mod normal;
pub mod poisson;
mod quantile_search;
pub mod t;

#[cfg(test)]
mod tests;
