//! L4. The bindings: convert, detach, kernel, convert. One thin file per family.
//!
//! | Python | Rust |
//! | --- | --- |
//! | anything with `__arrow_c_stream__` or `__arrow_c_array__` | [`input::InTable`] → [`crate::frame::Frame`] |
//! | `_core.Table` (speaks `__arrow_c_stream__`) | [`output::OutTable`] ← a record batch |
//! | `gofal.errors.*` | [`crate::error::Error`], mapped once in [`errors`] |
//! | `KeyboardInterrupt` | [`crate::error::Error::Interrupted`] |
//!
//! Every call goes through [`door`]: it detaches from Python, sets the number of threads, catches panics,
//! watches for Ctrl-C and reports progress.

mod capsule;
mod categories;
mod cells;
mod correlation;
mod counted;
mod counts;
mod das_gupta;
mod decomposition;
mod describe;
mod door;
mod effects;
mod errors;
mod firth;
mod glmm;
mod hazard;
mod icc;
mod importance;
mod imputation;
mod inequality;
mod input;
mod joint;
mod kitagawa;
mod matched;
mod mixed;
mod mixed_inference;
mod oaxaca;
mod outcome;
mod output;
mod panel;
mod plan;
mod rates;
mod regression;
mod resampled;
mod risk;
mod scan;
mod simulate;
mod spec;
mod testing;
mod variance;

use pyo3::prelude::*;

/// The extension module `gofal._core`.
#[pymodule]
mod _core {
    use super::{Bound, PyModule, PyModuleMethods, PyResult};

    #[pymodule_export]
    use super::categories::{multinomial, ordinal};
    #[pymodule_export]
    use super::cells::{cells, merge_cells};
    #[pymodule_export]
    use super::correlation::{adjust_p, compare_dependent, correlate, correlate_adjusted, leave_one_out};
    #[pymodule_export]
    use super::counts::zero_counts;
    #[pymodule_export]
    use super::das_gupta::das_gupta;
    #[pymodule_export]
    use super::decomposition::{inequality_indices, theil};
    #[pymodule_export]
    use super::describe::{chi2_sf, describe, fingerprint};
    #[pymodule_export]
    use super::effects::{attributable, guess, interaction, standardised, wild_bootstrap};
    #[pymodule_export]
    use super::firth::firth;
    #[pymodule_export]
    use super::glmm::{Glmm, observed_shares, variance_ratios};
    #[pymodule_export]
    use super::hazard::discrete_hazard;
    #[pymodule_export]
    use super::icc::icc;
    #[pymodule_export]
    use super::importance::{sequential, shapley};
    #[pymodule_export]
    use super::imputation::impute;
    #[pymodule_export]
    use super::inequality::{concentration_index, slope_index, slope_resampled};
    #[pymodule_export]
    use super::joint::joint_test;
    #[pymodule_export]
    use super::kitagawa::kitagawa;
    #[pymodule_export]
    use super::matched::clogit;
    #[pymodule_export]
    use super::mixed::{Mixed, mixed_predict};
    #[pymodule_export]
    use super::mixed_inference::{
        mixed_bootstrap, mixed_coefficients, mixed_criterion, mixed_exact, mixed_exact_test, mixed_f,
        mixed_profile, replicate_limits,
    };
    #[pymodule_export]
    use super::oaxaca::oaxaca;
    #[pymodule_export]
    use super::output::OutTable;
    #[pymodule_export]
    use super::panel::panel;
    #[pymodule_export]
    use super::rates::{
        funnel_limits, funnel_scores, goodman, possible_counts, possible_sets, proportion_limits, rate,
        rate_ratio,
    };
    #[pymodule_export]
    use super::regression::Model;
    #[pymodule_export]
    use super::resampled::effects_resampled;
    #[pymodule_export]
    use super::risk::{
        bounding_factor, evalue, evalue_difference, mantel_haenszel, pool, pool_joint, risk_cells,
        risk_measures, risk_ranges,
    };
    #[pymodule_export]
    use super::scan::{Scan, cells_of_stream};
    #[pymodule_export]
    use super::simulate::World;
    #[pymodule_export]
    use super::testing::{_error_kinds, _panic_for_test, _raise_for_test, _spin_for_test, _sum_for_test};
    #[pymodule_export]
    use super::variance::variance_shares;

    #[pymodule_init]
    fn init(m: &Bound<'_, PyModule>) -> PyResult<()> {
        m.add("__version__", env!("CARGO_PKG_VERSION"))
    }
}
