//! L3. Mixed models: y = Xβ + Zb + e with random effects b by grouping factors, nested or crossed.
//!
//! | file | what |
//! | --- | --- |
//! | [`term`] | a random term: factor, basis, the pattern of Λ |
//! | [`structure`] | which blocks there are: stages (nested factors), border (crossed ones), tail |
//! | [`blocks`] | the cross-products C′WC with C = [Z X y], from rows or cells |
//! | [`factor`] | scale, inflate, eliminate: the blocked Cholesky factor at θ |
//! | [`solve`] [`inverse`] | modes and coefficients; diagonal blocks of the inverse |
//! | [`deviance`] | the profiled deviance, its gradient and metric |
//! | [`problem`] | a model before it is fitted |
//! | [`lmm`] | linear mixed models by ML and REML |
//! | `again` | one more right-hand side for a factor that stands |
//! | [`glmm`] | generalised linear mixed models |
//! | [`icc`] | intraclass correlations from mean squares |
//! | [`summary`] | variance components, shares, R², fitted values |
//! | [`satterthwaite`] [`kenward_roger`] | degrees of freedom and F tests of the fixed effects |
//! | [`dense`] [`canonical`] | cross-products as plain matrices; one random term as sums of squares |
//! | [`null`] [`exact`] | the likelihood ratio of one variance by simulation: tests and intervals valid at 0 |
//! | [`profile`] [`limits`] | profile likelihood of one number, and where it has risen enough |
//! | [`bootstrap`] | parametric bootstrap of one model or of several on the same draws |
//!
//! Once the products stand, only θ moves: an evaluation costs the sum over levels of the squares of what each meets,
//! whatever the number of rows.

mod again;
pub mod blocks;
pub mod bootstrap;
pub mod canonical;
pub mod dense;
pub mod deviance;
pub mod exact;
pub mod factor;
pub mod glmm;
pub mod icc;
pub mod inverse;
pub mod kenward_roger;
pub mod limits;
pub mod lmm;
pub mod null;
pub mod problem;
pub mod profile;
pub mod satterthwaite;
pub mod solve;
pub mod structure;
pub mod summary;
pub mod term;
