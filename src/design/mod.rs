//! L2. What a kernel needs, as plain types: no Arrow, no Python.

mod factor;
mod groups;
mod sample;
mod weights;

pub use factor::Factor;
pub use groups::Groups;
pub use sample::Sample;
pub use weights::Weights;
