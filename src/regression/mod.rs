//! L3. Linear regression for tables of areas: least squares with covariances that hold in small
//! samples, and the influence of every row.

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
