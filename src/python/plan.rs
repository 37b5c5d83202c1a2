//! What Python says of resampling, in the kernels' words.

use pyo3::prelude::*;

use crate::design::Weights;
use crate::error::{Error, Result};
use crate::frame::{Named, TableBuilder};
use crate::resample::interval::Kind;
use crate::resample::plan::Plan;
use crate::resample::summary::{Draws, Summary};

/// How to resample and what to make of it.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub struct Resampling {
    pub interval: String,
    pub conf_level: f64,
    pub n_resamples: usize,
    pub seed: u64,
    pub cluster: Option<String>,
    pub stratify: Option<String>,
}

impl Resampling {
    /// The columns that say what is drawn.
    pub fn columns(&self) -> Vec<&str> {
        [self.cluster.as_deref(), self.stratify.as_deref()].into_iter().flatten().collect()
    }

    /// What is drawn from `n` rows; `groups` is the column that [`Resampling::columns`] named, if any.
    pub fn plan(&self, n: usize, groups: Option<&Named>) -> Plan {
        match groups {
            None => Plan::Simple(n),
            Some(named) if self.cluster.is_some() => Plan::Cluster(named.groups(), n),
            Some(named) => Plan::Stratified(named.groups(), n),
        }
    }

    pub fn draws(&self) -> Result<Draws> {
        let kind = match self.interval.as_str() {
            "percentile" => Kind::Percentile,
            "basic" => Kind::Basic,
            "normal" => Kind::Normal,
            "bca" => Kind::Bca,
            other => return Err(Error::option("interval", "percentile, basic, normal or bca", other)),
        };
        Ok(Draws { kind, conf_level: self.conf_level, n_resamples: self.n_resamples, seed: self.seed })
    }
}

/// Weights by their kind.
pub fn weights_of<'a>(kind: Option<&str>, w: Option<&'a [f64]>) -> Weights<'a> {
    match (kind, w) {
        (Some("frequency"), Some(w)) => Weights::Frequency(w),
        (Some("probability"), Some(w)) => Weights::Probability(w),
        (_, Some(w)) => Weights::Analytic(w),
        (_, None) => Weights::Unit,
    }
}

/// Errors, limits and failed replicates as columns; nothing is added where nothing was resampled.
pub fn summarised(table: TableBuilder, found: Option<&[Summary]>) -> TableBuilder {
    let Some(found) = found else { return table };
    let limit = |pick: fn(&(f64, f64)) -> f64| {
        found.iter().map(|s| s.interval.as_ref().ok().map(pick)).collect::<Vec<_>>()
    };
    table
        .f64_opt("std_error", found.iter().map(|s| s.std_error).collect())
        .f64_opt("conf_low", limit(|l| l.0))
        .f64_opt("conf_high", limit(|l| l.1))
        .count("n_failed", &found.iter().map(|s| s.undefined).collect::<Vec<_>>())
        .text_opt("reason", found.iter().map(|s| s.interval.as_ref().err()))
}
