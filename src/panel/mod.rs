//! L3. Panels: units (authorities) observed over periods (years).
//!
//! | file | what |
//! | --- | --- |
//! | [`data`], [`index`] | the columns, checked: one row per unit and period |
//! | [`fit`] | the estimators: pooled, within, between, first differences, random, within-between |
//! | [`transform`] | the columns each of them runs least squares on |
//! | [`absorb`] | fixed effects of one or many factors without dummies (`schur`, `conjugate`) |
//! | [`solve`] | least squares on transformed columns |
//! | [`random`] | variance components |
//! | [`cluster`] | CR0 to CR3 with Satterthwaite degrees of freedom (`explicit`: effects across clusters) |
//! | [`driscoll_kraay`] | errors related across units and over time |
//! | [`hausman`] | are unit effects related to the predictors? |

pub mod absorb;
pub mod cluster;
mod conjugate;
pub mod data;
pub mod driscoll_kraay;
mod explicit;
pub mod fit;
pub mod hausman;
pub mod index;
mod mundlak;
pub mod random;
mod schur;
pub mod solve;
pub mod transform;
