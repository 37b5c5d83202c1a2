//! One integration binary: reference cases computed by others, identities, determinism.

mod correlation;
mod design;
mod inequality;
mod num;
mod outcome_identities;
mod outcomes;
mod rates;
mod reference;
mod resample;
