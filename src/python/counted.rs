//! What the bindings of rate decompositions share: counts behind rates, populations, categories, limits.

use pyo3::prelude::*;

use crate::decomposition::cells::Aligned;
use crate::decomposition::counts::Law;
use crate::error::{Error, Result};
use crate::frame::{Complete, Named, TableBuilder};
use crate::resample::interval::{Kind, bias_and_error, interval};

/// What Python says of the counts behind rates and of the interval.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub struct Counts {
    /// Events; without them rates are taken as given and have no errors.
    pub events: Option<String>,
    /// People, or sizes of the cells.
    pub population: Option<String>,
    pub binomial: bool,
    /// Whether the composition is that of a sample.
    pub sampled: bool,
    pub base: f64,
    /// Resamples; 0 for the delta method, none for no interval.
    pub n_resamples: Option<usize>,
    pub seed: u64,
    pub conf_level: f64,
}

impl Counts {
    pub fn law(&self) -> Law {
        if self.binomial { Law::Binomial } else { Law::Poisson }
    }
}

/// Codes of the populations asked for; all of them in order of appearance when none is named.
pub fn chosen(column: &Named, asked: &[String]) -> Result<Vec<u32>> {
    if asked.is_empty() {
        return Ok((0..).take(column.labels.len()).collect());
    }
    let find = |label: &String| {
        let at = column.labels.iter().position(|l| l == label);
        at.and_then(|at| u32::try_from(at).ok()).ok_or_else(|| {
            let known: Vec<&str> = column.labels.iter().take(10).map(String::as_str).collect();
            Error::option(&column.name, &format!("a value that occurs: {}", known.join(", ")), label)
        })
    };
    asked.iter().map(find).collect()
}

/// The categories as one factor: the combinations of the columns that occur.
pub fn joined(factors: &[Named]) -> Named {
    let name = factors.iter().map(|f| f.name.as_str()).collect::<Vec<_>>().join(", ");
    let Some(first) = factors.first() else {
        return Named { name, codes: Vec::new(), labels: Vec::new() };
    };
    let mut place = std::collections::HashMap::new();
    let mut labels = Vec::new();
    let codes = (0..first.codes.len())
        .map(|i| {
            let label = factors.iter().map(|f| f.labels[f.codes[i] as usize].as_str()).collect::<Vec<_>>();
            *place.entry(label.join(", ")).or_insert_with_key(|label| {
                labels.push(label.clone());
                u32::try_from(labels.len() - 1).unwrap_or(u32::MAX)
            })
        })
        .collect();
    Named { name, codes, labels }
}

pub fn align(rows: &Complete, between: &Named, category: &Named, chosen: &[u32]) -> Result<Aligned> {
    let labels = (&between.labels[..], &category.labels[..]);
    let columns = (between.name.as_str(), category.name.as_str());
    Aligned::new(&between.codes, &category.codes, chosen, labels, columns).map_err(|e| rows.place(e))
}

/// Standard error and limits of each of several quantities.
pub type Limits = Vec<Limit>;

/// Standard error and limits.
pub type Limit = (Option<f64>, Option<(f64, f64)>);

/// Errors and percentile limits of replicates about the estimates `at`.
pub fn percentiles(drawn: Vec<Vec<f64>>, at: &[f64], conf_level: f64) -> Result<Limits> {
    let one = |(mut values, t): (Vec<f64>, &f64)| {
        let error = bias_and_error(&values, *t).map(|(_, e)| e);
        Ok((error, Some(interval(Kind::Percentile, &mut values, *t, conf_level, 0.0)?)))
    };
    drawn.into_iter().zip(at).map(one).collect()
}

/// Errors and limits as columns.
pub fn limited(table: TableBuilder, limits: &[Limit]) -> TableBuilder {
    table
        .f64_opt("std_error", limits.iter().map(|l| l.0).collect())
        .f64_opt("conf_low", limits.iter().map(|l| l.1.map(|l| l.0)).collect())
        .f64_opt("conf_high", limits.iter().map(|l| l.1.map(|l| l.1)).collect())
}
