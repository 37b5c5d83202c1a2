//! One integration binary: reference cases computed by others, identities, determinism.

mod correlation;
mod design;
mod glmm;
mod imputation;
mod inequality;
mod mixed;
mod mixed_inference;
mod num;
mod outcome_identities;
mod outcomes;
mod panel;
mod panel_dense;
mod rates;
mod reference;
mod regression;
mod resample;
mod risk_tables;
mod scan;
mod simulate;
