//! Bindings of the correlation family.

use pyo3::prelude::*;

use crate::correlation::coefficient::Method;
use crate::correlation::panel::{Column, IntervalKind, Options, PKind, Row, panel};
use crate::correlation::{dependent, influence, partial, weighted};
use crate::design::Weights;
use crate::error::{Error, Result};
use crate::frame::{NumericColumn, TableBuilder};
use crate::multiplicity::{self, Adjust};
use crate::python::door::{enter, enter_short};
use crate::python::input::InTable;
use crate::python::output::OutTable;
use crate::resample::interval::Kind;
use crate::resample::permutation::Alternative;

fn method(word: &str) -> Result<Method> {
    match word {
        "pearson" => Ok(Method::Pearson),
        "spearman" => Ok(Method::Spearman),
        "kendall" => Ok(Method::Kendall),
        other => Err(Error::option("method", "\"pearson\", \"spearman\" or \"kendall\"", other)),
    }
}

fn word(method: Method) -> &'static str {
    match method {
        Method::Pearson => "pearson",
        Method::Spearman => "spearman",
        Method::Kendall => "kendall",
    }
}

fn alternative(word: &str) -> Result<Alternative> {
    match word {
        "two-sided" => Ok(Alternative::TwoSided),
        "greater" => Ok(Alternative::Greater),
        "less" => Ok(Alternative::Less),
        other => Err(Error::option("alternative", "\"two-sided\", \"greater\" or \"less\"", other)),
    }
}

fn interval(word: &str) -> Result<IntervalKind> {
    Ok(match word {
        "fisher" => IntervalKind::Fisher,
        "normal" => IntervalKind::Bootstrap(Kind::Normal),
        "basic" => IntervalKind::Bootstrap(Kind::Basic),
        "percentile" => IntervalKind::Bootstrap(Kind::Percentile),
        "bca" => IntervalKind::Bootstrap(Kind::Bca),
        other => {
            return Err(Error::option(
                "interval",
                "\"fisher\", \"bca\", \"percentile\", \"basic\" or \"normal\"",
                other,
            ));
        }
    })
}

/// Coefficients of pairs (x[i], y[i]) for each method: one row per pair and method.
#[pyfunction]
#[pyo3(signature = (table, x, y, methods, alternative_, conf_level, interval_, p, n_permutations, n_resamples, seed, threads=0, progress=None))]
#[allow(clippy::too_many_arguments)] // the options of the public function, one to one
pub fn correlate(
    py: Python<'_>,
    table: InTable,
    x: Vec<String>,
    y: Vec<String>,
    methods: Vec<String>,
    alternative_: &str,
    conf_level: f64,
    interval_: &str,
    p: &str,
    n_permutations: usize,
    n_resamples: usize,
    seed: u64,
    threads: usize,
    progress: Option<&Bound<'_, PyAny>>,
) -> PyResult<OutTable> {
    enter(py, threads, progress, |control| {
        let frame = table.0.not_empty()?;
        let options = Options {
            methods: methods.iter().map(|m| method(m)).collect::<Result<_>>()?,
            alternative: alternative(alternative_)?,
            conf_level,
            interval: interval(interval_)?,
            p: match p {
                "analytic" => PKind::Analytic,
                "permutation" => PKind::Permutation(n_permutations),
                "exact" => PKind::Exact,
                other => return Err(Error::option("p", "\"permutation\", \"analytic\" or \"exact\"", other)),
            },
            n_resamples,
            seed,
        };
        let mut names: Vec<&String> = x.iter().chain(&y).collect();
        names.sort_unstable();
        names.dedup();
        let read: Vec<NumericColumn<'_>> = names.iter().map(|n| frame.finite(n)).collect::<Result<_>>()?;
        let columns: Vec<Column<'_>> =
            read.iter().map(|c| Column { name: &c.name, values: &c.values, valid: c.mask() }).collect();
        let at = |name: &String| names.partition_point(|n| *n < name);
        let pairs: Vec<(usize, usize)> = x.iter().zip(&y).map(|(a, b)| (at(a), at(b))).collect();
        output(&panel(&columns, &pairs, &options, control)?, &columns)
    })
    .map(OutTable::from)
}

fn output(rows: &[Row], columns: &[Column<'_>]) -> Result<arrow_array::RecordBatch> {
    let each = |f: &dyn Fn(&Row) -> Option<f64>| rows.iter().map(f).collect::<Vec<_>>();
    let ok = |row: &Row| row.outcome.as_ref().ok().copied();
    TableBuilder::new()
        .text("x", rows.iter().map(|r| columns[r.pair.0].name))
        .text("y", rows.iter().map(|r| columns[r.pair.1].name))
        .text("method", rows.iter().map(|r| word(r.method)))
        .f64_opt("estimate", each(&|r| ok(r).map(|c| c.estimate)))
        .f64_opt("std_error", each(&|r| r.std_error))
        .f64_opt("conf_low", each(&|r| ok(r).and_then(|c| c.interval).map(|i| i.0)))
        .f64_opt("conf_high", each(&|r| ok(r).and_then(|c| c.interval).map(|i| i.1)))
        .f64_opt("statistic", each(&|r| ok(r).and_then(|c| c.statistic).filter(|t| t.is_finite())))
        .f64_opt("df", each(&|r| ok(r).and_then(|c| c.df)))
        .f64_opt("p_value", each(&|r| ok(r).map(|c| c.p_value)))
        .count("n_obs", &rows.iter().map(|r| r.n.0).collect::<Vec<_>>())
        .count("n_missing", &rows.iter().map(|r| r.n.1).collect::<Vec<_>>())
        .text_opt("reason", rows.iter().map(|r| r.outcome.as_ref().err().or(r.reason.as_ref())))
        .build()
}

/// One pair with weights ("frequency", "analytic", "probability") or controls.
#[pyfunction]
#[pyo3(signature = (table, x, y, weight, weight_kind, controls, method_, alternative_, conf_level, threads=0))]
#[allow(clippy::too_many_arguments)]
pub fn correlate_adjusted(
    py: Python<'_>,
    table: InTable,
    x: &str,
    y: &str,
    weight: Option<&str>,
    weight_kind: &str,
    controls: Vec<String>,
    method_: &str,
    alternative_: &str,
    conf_level: f64,
    threads: usize,
) -> PyResult<OutTable> {
    enter_short(py, threads, || {
        let frame = table.0.not_empty()?;
        let mut names = vec![x.to_owned(), y.to_owned()];
        names.extend(controls.iter().cloned());
        names.extend(weight.map(str::to_owned));
        let read: Vec<NumericColumn<'_>> = names.iter().map(|n| frame.finite(n)).collect::<Result<_>>()?;
        let sample = frame.complete(&read.iter().collect::<Vec<_>>());
        let taken: Vec<_> = read.iter().map(|c| sample.take(&c.values)).collect();
        let (method, alternative) = (method(method_)?, alternative(alternative_)?);
        let (c, semipartial) = if weight.is_some() {
            let w = &taken[taken.len() - 1];
            let weights = match weight_kind {
                "frequency" => Weights::Frequency(w),
                "analytic" => Weights::Analytic(w),
                _ => Weights::Probability(w),
            };
            (weighted::correlate(&taken[0], &taken[1], weights, (x, y), alternative, conf_level)?, None)
        } else {
            let others: Vec<&[f64]> = taken[2..].iter().map(|c| &c[..]).collect();
            let p =
                partial::correlate(&taken[0], &taken[1], &others, &names, method, alternative, conf_level)?;
            (p.partial, Some(p.semipartial))
        };
        let reason = c.interval.is_none().then_some("too few rows for an interval");
        TableBuilder::new()
            .text("x", [x])
            .text("y", [y])
            .text("method", [word(method)])
            .f64("estimate", vec![c.estimate])
            .f64_opt("semipartial", vec![semipartial])
            .f64_opt("conf_low", vec![c.interval.map(|i| i.0)])
            .f64_opt("conf_high", vec![c.interval.map(|i| i.1)])
            .f64_opt("statistic", vec![c.statistic.filter(|t| t.is_finite())])
            .f64_opt("df", vec![c.df])
            .f64("p_value", vec![c.p_value])
            .count("n_obs", &[sample.n_obs()])
            .count("n_missing", &[sample.n_missing()])
            .text_opt("reason", [reason])
            .build()
    })
    .map(OutTable::from)
}

/// The coefficient of x and y without each row: row (0-based, in the caller's table), estimate.
#[pyfunction]
#[pyo3(signature = (table, x, y, method_, threads=0))]
pub fn leave_one_out(
    py: Python<'_>,
    table: InTable,
    x: &str,
    y: &str,
    method_: &str,
    threads: usize,
) -> PyResult<OutTable> {
    enter_short(py, threads, || {
        let frame = table.0.not_empty()?;
        let (cx, cy) = (frame.finite(x)?, frame.finite(y)?);
        let sample = frame.complete(&[&cx, &cy]);
        if sample.n_obs() < 4 {
            return Err(Error::TooFew {
                what: "leave-one-out influence".to_owned(),
                needed: 4,
                got: sample.n_obs(),
            });
        }
        let left =
            influence::leave_one_out(&sample.take(&cx.values), &sample.take(&cy.values), method(method_)?);
        let reasons = left.iter().map(|r| r.is_none().then_some("constant without this row"));
        TableBuilder::new()
            .count("row", &(0..left.len()).map(|i| sample.original(i)).collect::<Vec<_>>())
            .text_opt("reason", reasons)
            .f64_opt("estimate", left.clone())
            .build()
    })
    .map(OutTable::from)
}

/// Compares r_xy with r_xz given r_yz over n rows: one row for Williams' t, one for Steiger's Z.
#[pyfunction]
pub fn compare_dependent(
    py: Python<'_>,
    r: (f64, f64, f64),
    n: usize,
    alternative_: &str,
    conf_level: f64,
) -> PyResult<OutTable> {
    enter_short(py, 1, || {
        let c = dependent::compare(r.0, r.1, r.2, n, alternative(alternative_)?, conf_level)?;
        TableBuilder::new()
            .text("term", ["williams_t", "steiger_z"])
            .f64("estimate", vec![c.difference; 2])
            .f64("conf_low", vec![c.interval.0; 2])
            .f64("conf_high", vec![c.interval.1; 2])
            .f64("statistic", vec![c.williams.0, c.steiger.0])
            .f64_opt("df", vec![Some(n as f64 - 3.0), None])
            .f64("p_value", vec![c.williams.1, c.steiger.1])
            .build()
    })
    .map(OutTable::from)
}

/// Adjusted p-values in the order given.
#[pyfunction]
pub fn adjust_p(py: Python<'_>, p: Vec<f64>, how: &str) -> PyResult<Vec<f64>> {
    enter_short(py, 1, || {
        let how = match how {
            "none" => Adjust::None,
            "bonferroni" => Adjust::Bonferroni,
            "holm" => Adjust::Holm,
            "hochberg" => Adjust::Hochberg,
            "hommel" => Adjust::Hommel,
            "bh" => Adjust::BenjaminiHochberg,
            "by" => Adjust::BenjaminiYekutieli,
            other => {
                return Err(Error::option(
                    "adjust",
                    "none, bonferroni, holm, hochberg, hommel, bh or by",
                    other,
                ));
            }
        };
        multiplicity::adjust(&p, how)
    })
}
