//! L3, above effects. Synthetic children of Wales whose truth is known exactly.
//!
//! | module | what |
//! | --- | --- |
//! | [`co_occurrence`] | how often the three factors occur together |
//! | [`spec`] | what is assumed, checked |
//! | [`world`] | effects drawn, intercepts solved so that the expected rates are the published ones |
//! | [`alias`] [`draw`] | children, one by one |
//! | [`truth`] | what an analysis should find, by enumeration |

pub mod alias;
pub mod co_occurrence;
pub mod draw;
pub mod spec;
pub mod truth;
pub mod world;
