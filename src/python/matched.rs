//! Binding of conditional logistic regression.

use ndarray::Axis;
use pyo3::prelude::*;

use crate::error::{Error, Result};
use crate::frame::ModelData;
use crate::python::door::enter;
use crate::python::input::InRows;
use crate::python::outcome::{Fit, Read, estimates, rows_of, walds};
use crate::python::spec::{Parts, Spec};
use crate::regression::clogit::clogit as fitted;
use crate::regression::sandwich::{Sandwich, sandwich};

/// Conditional logistic regression; the first `n_strata` cluster columns of the specification are the strata.
#[pyfunction]
#[pyo3(signature = (table, spec, n_strata, conf_level, threads=0, progress=None))]
pub fn clogit(
    py: Python<'_>,
    table: InRows,
    spec: Spec,
    n_strata: usize,
    conf_level: f64,
    threads: usize,
    progress: Option<&Bound<'_, PyAny>>,
) -> PyResult<Fit> {
    enter(py, threads, progress, |control| {
        let read = Read::new(table.0, spec, &Parts::new(), control)?;
        read.binary()?;
        matched(&read, n_strata, conf_level).map_err(|e| read.placed(e))
    })
}

/// One code per row from several columns.
fn joint(data: &ModelData, n: usize, rows: usize) -> Vec<u32> {
    let mut seen = std::collections::HashMap::new();
    (0..rows)
        .map(|i| {
            let key: Vec<u32> = data.clusters[..n].iter().map(|(codes, _)| codes[i]).collect();
            let next = u32::try_from(seen.len()).unwrap_or(u32::MAX);
            *seen.entry(key).or_insert(next)
        })
        .collect()
}

fn matched(read: &Read, n_strata: usize, conf: f64) -> Result<Fit> {
    let slopes = read.slopes()?;
    let strata = joint(&read.data, n_strata, read.len());
    let mut kind = read.sandwich(n_strata)?;
    // A cell of n children of whom s are cases is s rows of cases and n − s of controls.
    let [n, sum, _] = &read.data.sums;
    let copies = |&i: &usize| {
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // whole and checked
        let (s, all) = (sum[i] as usize, n[i] as usize);
        std::iter::repeat_n((i, true), s).chain(std::iter::repeat_n((i, false), all - s))
    };
    let all: Vec<usize> = (0..read.len()).collect();
    let rows: Vec<(usize, bool)> = all.iter().flat_map(copies).collect();
    let place: Vec<usize> = rows.iter().map(|r| r.0).collect();
    let codes: Vec<u32> = place.iter().map(|&i| strata[i]).collect();
    let moved: Vec<u32>;
    if let Sandwich::Clusters(small, clusters, count) = kind {
        whole_strata(&strata, clusters)?;
        moved = place.iter().map(|&i| clusters[i]).collect();
        kind = Sandwich::Clusters(small, &moved, count);
    }
    let case: Vec<bool> = rows.iter().map(|r| r.1).collect();
    let x = slopes.x.select(Axis(0), &place);
    let fit = fitted(&case, x.view(), &slopes.names, &codes)?;
    let inference = sandwich(&fit.vcov, &fit, kind)?;
    let beta = fit.beta.to_vec();
    let mut facts = read.facts(fit.n_iter);
    facts.retain(|(name, _)| *name != "n_cells");
    let q = beta.len() as f64;
    facts.extend([
        ("events", fit.events as f64),
        ("n_informative", fit.n_strata as f64),
        ("n_groups", (fit.n_strata + fit.n_dropped) as f64),
        ("df_residual", fit.n_strata as f64 - q),
        ("log_lik", fit.log_lik),
        ("log_lik_null", fit.log_lik_null),
        ("aic", 2.0 * (q - fit.log_lik)),
        ("lr", fit.lr),
        ("score", fit.score),
        ("wald", fit.wald),
    ]);
    facts.extend(inference.n_clusters.map(|g| ("n_clusters", g as f64)));
    let table = estimates(&fit.names, &walds(&inference, &beta, conf), Vec::new())?;
    Ok((table, rows_of(&inference.vcov), facts, Vec::new()))
}

/// Refuses a stratum that lies in two clusters: its rows are one term of the likelihood.
fn whole_strata(strata: &[u32], clusters: &[u32]) -> Result<()> {
    let mut held = std::collections::HashMap::new();
    for (i, (s, c)) in strata.iter().zip(clusters).enumerate() {
        if *held.entry(*s).or_insert(*c) != *c {
            let expected = "clusters that hold whole strata";
            return Err(Error::option(
                "vcov",
                expected,
                format!("a stratum in two clusters (row {i} of the rows used)"),
            ));
        }
    }
    Ok(())
}
