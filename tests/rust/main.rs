//! One integration binary: reference cases computed by others, identities, determinism.

mod num;
mod reference;
