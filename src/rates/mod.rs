//! L3. Rates and proportions with their intervals, and funnel limits.
//!
//! | file | what |
//! | --- | --- |
//! | [`count`] | limits of a Poisson count: exact, mid-p, Byar; ratio of two rates |
//! | [`proportion`] | limits of a binomial proportion: Wilson, Clopper-Pearson, Jeffreys, mid-p, Agresti-Coull |
//! | [`finite`] | a proportion of a sample without replacement from a finite population |
//! | [`multinomial`] | simultaneous limits of several shares |
//! | [`funnel`] | control limits by size |
//! | [`dispersion`] | overdispersion, multiplicative and additive |
//!
//! Alpha is split evenly between the tails everywhere; tails by survival functions.

pub mod count;
pub mod dispersion;
pub mod finite;
pub mod funnel;
pub mod multinomial;
pub mod proportion;
