//! L3, above regression. What a fitted model says about everybody: risks by marginal standardisation and their
//! ratios and differences, interaction on the additive scale, attributable fractions.
//!
//! | module | what |
//! | --- | --- |
//! | [`standardise`] | mean risk had everybody a pattern of exposures, with its gradient |
//! | [`interaction`] | RERI, attributable proportion, synergy index, to order three |
//! | [`ratios`] | log ratios of every pattern to none |
//! | [`bootstrap`] | limits from resampled clusters |
//! | [`attributable`] | fractions by removal: alone, in sequence, averaged over every order |

pub mod attributable;
pub mod bootstrap;
pub mod interaction;
pub mod ratios;
pub mod standardise;
