//! L3. Risk of an outcome with and without an exposure, from counts: no regression model.
//!
//! | file | what |
//! | --- | --- |
//! | [`cells`] | the four counts of a 2 × 2 table, alone or by stratum |
//! | [`measures`] | odds ratio, risk ratio, risk difference, attributable fractions |
//! | [`conditional`] | the distribution of the exposed cases given both margins |
//! | [`exact`] | odds ratio by conditional likelihood with exact or mid-p limits |
//! | [`mantel_haenszel`] | the same measures common to several strata |
//! | [`homogeneity`] | whether one odds ratio fits all strata |
//! | [`evalue`] | how strong an unmeasured confounder would have to be |
//!
//! Notation throughout, as in Rothman, Greenland and Lash (2008):
//!
//! | | cases | others | total |
//! | --- | --- | --- | --- |
//! | exposed | a | b | n₁ |
//! | unexposed | c | d | n₀ |
//! | | m₁ | m₀ | N |

pub mod cells;
pub mod conditional;
pub mod evalue;
pub mod exact;
pub mod homogeneity;
pub mod mantel_haenszel;
pub mod measures;
