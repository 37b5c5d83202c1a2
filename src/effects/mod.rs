//! L3, above regression. What a fitted model says about everybody: risks by marginal standardisation and their
//! ratios and differences, interaction on the additive scale, attributable fractions.
//!
//! | module | what |
//! | --- | --- |
//! | [`standardise`] | mean risk had everybody a pattern of exposures, with its gradient |
//! | [`interaction`] | RERI, attributable proportion, synergy index, to order three |
//! | [`resampled`] | bootstrap intervals of all three |
//! | [`attributable`] | fractions by removal: alone, in sequence, averaged over every order |

pub mod attributable;
pub mod interaction;
pub mod resampled;
pub mod standardise;
