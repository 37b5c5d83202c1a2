//! L3. Multiple imputation by chained equations.
//!
//! | file | what |
//! | --- | --- |
//! | [`chain`] | the loop over variables, iterations and imputations |
//! | [`predictors`] | the design of one variable from all the others |
//! | [`linear`] | Bayesian linear draws and predictive mean matching |
//! | [`logit`] | Bayesian logit draws, two or more categories |
//! | [`two_level`] | random intercepts by cluster, linear and probit |
//! | [`cluster_level`] | variables of the cluster itself |
//! | [`draws`] | normal, chi-square and categorical random numbers |

pub mod chain;
pub mod cluster_level;
pub mod draws;
pub mod linear;
pub mod logit;
pub mod predictors;
pub mod two_level;
