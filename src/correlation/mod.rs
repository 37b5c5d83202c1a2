//! L3. Correlation between the columns of a table of areas.
//!
//! | file | what |
//! | --- | --- |
//! | [`ranks`] | mid-ranks and ties |
//! | [`ranked`] | a column sorted once for all its partners |
//! | [`discordance`] | discordant pairs by running counts |
//! | [`coefficient`] | Pearson, Spearman, Kendall: estimate, test, analytic interval |
//! | [`kendall`] | tau-b in O(n log n), exact null distribution |
//! | [`weighted`] | population-weighted Pearson |
//! | [`partial`] | partial correlation with several controls |
//! | [`dependent`] | two correlations that share a variable |
//! | [`influence`] | what leaving out each area does |
//! | [`replicate`] | bootstrap replicates of many pairs on shared resampling weights |
//! | [`matrix`] | all coefficients between p columns |
//! | [`panel`] | many pairs at once: nulls, intervals, p-values |
//!
//! All of them describe areas, not the people in them: an ecological association.

pub mod coefficient;
pub mod dependent;
pub mod discordance;
pub mod influence;
pub mod kendall;
pub mod matrix;
pub mod panel;
pub mod partial;
pub mod ranked;
pub mod ranks;
pub mod replicate;
pub mod weighted;
