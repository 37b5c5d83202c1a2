//! One integration binary: reference cases computed by others, identities, determinism.

mod correlation;
mod num;
mod reference;
mod resample;
