//! L2. What a kernel needs, as plain types: no Arrow, no Python.

mod blocks;
mod by_cluster;
mod cells;
mod factor;
mod groups;
mod model_matrix;
mod powers;
mod products;
mod sample;
mod terms;
mod weights;

pub use cells::{CellTable, Mix, Sums};
pub use factor::Factor;
pub use groups::Groups;
pub use model_matrix::{Block, ModelMatrix, Rows};
pub use sample::Sample;
pub use terms::{Coding, Levels, Part, Term, Transform, Values, Variable, model_matrix, term_of_columns};
pub use weights::Weights;
