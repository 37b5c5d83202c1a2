//! One integration binary: reference cases computed by others, identities, determinism.

mod correlation;
mod inequality;
mod num;
mod panel;
mod panel_dense;
mod rates;
mod reference;
mod resample;
