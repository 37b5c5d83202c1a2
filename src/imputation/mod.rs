//! L3. Multiple imputation by chained equations.
//!
//! | file | what |
//! | --- | --- |
//! | [`chain`] | the loop over variables, iterations and imputations |
//! | [`predictors`] | the design of one variable from all the others |
//! | [`linear`] | Bayesian linear draws and predictive mean matching |
//! | [`logit`] | Bayesian logit draws, two or more categories |
//! | [`draws`] | normal, chi-square and categorical random numbers |

pub mod chain;
pub mod draws;
pub mod linear;
pub mod logit;
pub mod predictors;
