//! L3. Regression: least squares with covariances that hold in small samples and the influence of
//! every row; likelihood models of binary, matched, ordered, unordered and zero-heavy outcomes.
//!
//! | file | what |
//! | --- | --- |
//! | [`lm`], [`influence`] | least squares; what leaving out each row does |
//! | [`firth`], [`firth_profile`] | logistic regression that stays finite; its limits and tests |
//! | [`clogit`] | matched data, exact conditional likelihood |
//! | [`ordinal`], [`ordinal_link`] | cumulative links, proportional or not |
//! | [`multinomial`] | baseline-category logit |
//! | [`zero_inflated`] | zero-inflated and hurdle counts |
//!
//! Inside: `likelihood` (Newton), `rank` (aliased columns), `category` (checks of outcomes).

pub(crate) mod category;
pub mod clogit;
pub mod firth;
pub mod firth_profile;
pub(crate) mod firth_state;
pub mod influence;
pub(crate) mod likelihood;
pub mod lm;
pub mod multinomial;
pub mod ordinal;
pub mod ordinal_link;
pub(crate) mod rank;
pub mod zero_inflated;
