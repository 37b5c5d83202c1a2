//! L3. Regression: least squares and generalised linear models on rows or cells, with covariances that hold in
//! small samples and with few clusters, and the influence of every row.
//!
//! | module | what |
//! | --- | --- |
//! | [`family`] [`outcome`] | families and links; n, Σy, Σy² by cell |
//! | [`lm`] [`influence`] | least squares by QR; leave-one-out measures |
//! | [`glm`] [`separation`] | iteratively reweighted least squares; outcomes predicted without error |
//! | `start` | where a fit begins: admissible outcomes, independent columns |
//! | [`bounded`] | log and identity links of a binomial outcome, up to the edge of their range |
//! | `passes` | a pass over the cells in lanes, for logit and log links |
//! | [`likelihood`] | likelihood-ratio and score tests, profile limits |
//! | [`negative_binomial`] | counts that vary more than Poisson counts |
//! | [`inference`] | tests and intervals: which covariance goes with which distribution |
//! | [`wild`] [`restricted`] | wild cluster bootstrap, by enumeration of the sign patterns; fits under the null |
//! | [`joint`] | tests of several coefficients at once |
//! | [`firth`] [`firth_profile`] | logistic regression that stays finite; its limits and tests |
//! | [`clogit`] | matched data, exact conditional likelihood |
//! | [`ordinal`] [`ordinal_link`] [`proportionality`] [`multinomial`] | ordered and unordered outcomes |
//! | [`zero_inflated`] | zero-inflated and hurdle counts |
//! | [`person_period`] | spells in whole periods, for discrete-time hazards |
//! | [`sandwich`] | robust covariances of the models of the three rows above |
//! | [`scores`] [`clustered`] | HC0-HC5; CR0-CR3 with Satterthwaite degrees of freedom; two-way clusters |
//! | [`jackknife`] | leaving out one cluster at a time |

pub(crate) mod ascent;
pub mod bounded;
pub(crate) mod category;
pub mod clogit;
pub mod clustered;
mod clustered_identity;
pub mod family;
pub mod firth;
pub mod firth_profile;
pub(crate) mod firth_state;
pub mod glm;
pub mod inference;
pub mod influence;
pub mod jackknife;
pub mod joint;
pub mod likelihood;
pub mod lm;
mod log_likelihood;
pub mod multinomial;
pub mod negative_binomial;
pub mod ordinal;
pub mod ordinal_link;
pub mod outcome;
mod passes;
pub mod person_period;
pub mod proportionality;
pub(crate) mod rank;
pub mod restricted;
pub mod sandwich;
pub mod scores;
pub mod separation;
pub(crate) mod start;
pub mod wild;
pub mod zero_inflated;
