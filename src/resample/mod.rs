//! L3. Resampling under the other families: bootstrap, jackknife, permutation.
//!
//! | file | what |
//! | --- | --- |
//! | [`plan`] | which rows a replicate draws: simple, stratified, by cluster |
//! | [`binomial`] | binomial and multinomial counts: rows of cells redrawn without touching a row |
//! | [`bootstrap`] | replicates of any statistic of resampling weights |
//! | [`interval`] | normal, basic, percentile, BCa and studentised intervals |
//! | [`jackknife`] | leave-one-out values, bias, standard error, acceleration |
//! | [`summary`] | errors and intervals of a statistic of resampling weights in one call |
//! | [`permutation`] | Monte Carlo and exact permutation p-values of a sum of products |
//!
//! Replicate i of seed s draws from stream (s, i): the same bits on 1 or 64 threads.

pub mod binomial;
pub mod bootstrap;
pub mod interval;
pub mod jackknife;
pub mod permutation;
pub mod plan;
pub mod summary;
