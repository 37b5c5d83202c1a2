//! One integration binary: reference cases computed by others, identities, determinism.

mod correlation;
mod imputation;
mod inequality;
mod num;
mod rates;
mod reference;
mod resample;
mod risk_tables;
