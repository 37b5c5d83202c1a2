//! Bindings of the rates family and of possible counts.

use pyo3::prelude::*;

use crate::disclosure;
use crate::error::{Error, Result};
use crate::frame::{NumericColumn, TableBuilder};
use crate::parallel::{CHUNK, map_chunks};
use crate::python::door::enter_short;
use crate::python::input::InTable;
use crate::python::output::OutTable;
use crate::rates::dispersion::{Scale, Trim, dispersion};
use crate::rates::{count, finite, funnel, multinomial, proportion};

/// Refuses values where `bad` holds, naming the rows; nulls are let through.
fn refuse(column: &NumericColumn<'_>, expected: &str, bad: impl Fn(f64) -> bool) -> Result<()> {
    let rows: Vec<usize> = (0..column.values.len()).filter(|&i| column.get(i).is_some_and(&bad)).collect();
    match rows.first() {
        None => Ok(()),
        Some(&first) => {
            Err(Error::values(&column.name, rows.iter().copied(), expected, column.values[first]))
        }
    }
}

/// Reads events and population and checks them; `whole` when the method counts events.
fn read<'a>(
    frame: &'a crate::frame::Frame,
    events: &str,
    population: &str,
    whole: bool,
    inside: bool,
) -> Result<(NumericColumn<'a>, NumericColumn<'a>)> {
    let (x, n) = (frame.finite(events)?, frame.finite(population)?);
    refuse(&x, "counts of 0 or more", |v| v < 0.0)?;
    refuse(&n, "a population above 0; drop or correct these rows", |v| v <= 0.0)?;
    if whole {
        refuse(&x, "whole numbers of events (or interval=\"byar\")", |v| v.fract() != 0.0)?;
    }
    if inside {
        let rows: Vec<usize> = (0..x.values.len())
            .filter(|&i| matches!((x.get(i), n.get(i)), (Some(a), Some(b)) if a > b))
            .collect();
        if let Some(&first) = rows.first() {
            let got = format!("{} of {}", x.values[first], n.values[first]);
            return Err(Error::values(events, rows, "no more events than the denominator", got));
        }
    }
    Ok((x, n))
}

/// Value and limits of every row (nulls stay null), in chunks.
fn each(
    x: &NumericColumn<'_>,
    n: &NumericColumn<'_>,
    f: impl Fn(f64, f64) -> Result<(f64, f64, f64)> + Sync,
) -> Result<arrow_array::RecordBatch> {
    let parts = map_chunks(x.values.len(), CHUNK, |rows| {
        rows.map(|i| match (x.get(i), n.get(i)) {
            (Some(a), Some(b)) => f(a, b).map(Some),
            _ => Ok(None),
        })
        .collect::<Result<Vec<_>>>()
    })?;
    let rows: Vec<Option<(f64, f64, f64)>> = parts.into_iter().flatten().collect();
    TableBuilder::new()
        .f64_opt("estimate", rows.iter().map(|r| r.map(|r| r.0)).collect())
        .f64_opt("conf_low", rows.iter().map(|r| r.map(|r| r.1)).collect())
        .f64_opt("conf_high", rows.iter().map(|r| r.map(|r| r.2)).collect())
        .text_opt("reason", rows.iter().map(|r| r.is_none().then_some("missing")))
        .build()
}

/// Rates per `base` with limits, one row per row of the table.
#[pyfunction]
#[pyo3(signature = (table, events, population, base, interval, conf_level, threads=0))]
#[allow(clippy::too_many_arguments)]
pub fn rate(
    py: Python<'_>,
    table: InTable,
    events: &str,
    population: &str,
    base: f64,
    interval: &str,
    conf_level: f64,
    threads: usize,
) -> PyResult<OutTable> {
    enter_short(py, threads, || {
        let frame = table.0.not_empty()?;
        let kind = match interval {
            "byar" => count::Limits::Byar,
            "exact" => count::Limits::Exact,
            "midp" => count::Limits::MidP,
            "phe" => count::Limits::Phe,
            other => {
                return Err(Error::option("interval", "\"byar\", \"exact\", \"midp\" or \"phe\"", other));
            }
        };
        let (x, n) = read(&frame, events, population, interval != "byar", false)?;
        each(&x, &n, |x, n| {
            let (low, high) = count::limits(x, kind, conf_level)?;
            Ok((x / n * base, low / n * base, high / n * base))
        })
    })
    .map(OutTable::from)
}

/// Proportions times `base` with limits; `size` is the finite population sampled from.
#[pyfunction]
#[pyo3(signature = (table, numerator, denominator, base, interval, conf_level, size=None, threads=0))]
#[allow(clippy::too_many_arguments)]
pub fn proportion_limits(
    py: Python<'_>,
    table: InTable,
    numerator: &str,
    denominator: &str,
    base: f64,
    interval: &str,
    conf_level: f64,
    size: Option<f64>,
    threads: usize,
) -> PyResult<OutTable> {
    enter_short(py, threads, || {
        let frame = table.0.not_empty()?;
        let (x, n) = read(&frame, numerator, denominator, true, true)?;
        refuse(&n, "whole denominators", |v| v.fract() != 0.0)?;
        if let Some(size) = size {
            refuse(&n, "a sample no larger than population_size", |v| v > size)?;
        }
        let kind = match interval {
            "wilson" => proportion::Limits::Wilson,
            "exact" => proportion::Limits::ClopperPearson,
            "jeffreys" => proportion::Limits::Jeffreys,
            "agresti_coull" => proportion::Limits::AgrestiCoull,
            "midp" => proportion::Limits::MidP,
            other => {
                return Err(Error::option(
                    "interval",
                    "wilson, exact, jeffreys, agresti_coull or midp",
                    other,
                ));
            }
        };
        each(&x, &n, |x, n| {
            let (low, high) = match size {
                None => proportion::limits(x, n, kind, conf_level)?,
                #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
                // whole and positive, checked
                Some(total) if interval == "exact" => {
                    finite::exact(x as u64, n as u64, total as u64, conf_level)
                }
                Some(total) => finite::corrected_wilson(x, n, total, conf_level),
            };
            Ok((x / n * base, low * base, high * base))
        })
    })
    .map(OutTable::from)
}

/// Scores and dispersion of areas about the target (pooled when `None`): per-row z, adjusted z; and (target, phi, tau2).
#[pyfunction]
#[pyo3(signature = (table, events, population, kind, target, trim, threads=0))]
#[allow(clippy::too_many_arguments)]
pub fn funnel_scores(
    py: Python<'_>,
    table: InTable,
    events: &str,
    population: &str,
    kind: &str,
    target: Option<f64>,
    trim: f64,
    threads: usize,
) -> PyResult<(OutTable, f64, f64, f64)> {
    enter_short(py, threads, || {
        let frame = table.0.not_empty()?;
        let (x, n) = read(&frame, events, population, kind != "ratio", kind == "proportion")?;
        let sample = frame.complete(&[&x, &n]);
        let (x, n) = (sample.take(&x.values), sample.take(&n.values));
        let pooled = x.iter().sum::<f64>() / n.iter().sum::<f64>();
        let target = target.unwrap_or(if kind == "ratio" { 1.0 } else { pooled });
        let values: Vec<f64> = x.iter().zip(n.iter()).map(|(x, n)| x / n).collect();
        let d = dispersion(&values, &n, target, scale(kind)?, trim, Trim::Winsorise)?;
        let table = TableBuilder::new()
            .count("row", &(0..values.len()).map(|i| sample.original(i)).collect::<Vec<_>>())
            .f64("estimate", values)
            .f64("z_score", d.z)
            .f64("z_adjusted", d.z_adjusted)
            .build()?;
        Ok((table, target, d.phi, d.tau2))
    })
    .map(|(t, target, phi, tau2)| (OutTable::from(t), target, phi, tau2))
}

fn scale(kind: &str) -> Result<Scale> {
    match kind {
        "rate" => Ok(Scale::RootRate),
        "proportion" => Ok(Scale::ArcsineRoot),
        "ratio" => Ok(Scale::RootRatio),
        other => Err(Error::option("kind", "\"rate\", \"proportion\" or \"ratio\"", other)),
    }
}

/// Funnel limits at each size for a level; phi 1 and tau2 0 are the exact limits, else the dispersed ones.
#[pyfunction]
pub fn funnel_limits(
    py: Python<'_>,
    sizes: Vec<f64>,
    target: f64,
    kind: &str,
    level: f64,
    phi: f64,
    tau2: f64,
) -> PyResult<Vec<(f64, f64)>> {
    enter_short(py, 1, || {
        let scale = scale(kind)?;
        let one = |size: f64| {
            if phi != 1.0 || tau2 != 0.0 {
                return funnel::dispersed(scale, target, size, level, phi, tau2);
            }
            match kind {
                #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // sizes are positive
                "proportion" => funnel::proportion_exact(target, size.round() as u64, level),
                _ => funnel::rate_exact(target, size, level),
            }
        };
        Ok(sizes.iter().map(|&s| one(s)).collect())
    })
}

/// Ratio of two rates with exact limits and p: (ratio, low, high, p).
#[pyfunction]
pub fn rate_ratio(
    py: Python<'_>,
    x1: f64,
    t1: f64,
    x2: f64,
    t2: f64,
    conf_level: f64,
) -> PyResult<(f64, f64, f64, f64)> {
    enter_short(py, 1, || count::rate_ratio(x1, t1, x2, t2, conf_level))
}

/// Goodman's simultaneous limits of the shares of counts.
#[pyfunction]
pub fn goodman(py: Python<'_>, counts: Vec<f64>, conf_level: f64) -> PyResult<Vec<(f64, f64)>> {
    enter_short(py, 1, || Ok(multinomial::goodman(&counts, conf_level)))
}

/// Lowest and highest count that rounds to the percentage, or None.
#[pyfunction]
pub fn possible_counts(py: Python<'_>, percent: f64, n: u64, decimals: u32) -> PyResult<Option<(u64, u64)>> {
    enter_short(py, 1, || {
        let range = disclosure::possible_counts(percent, n, decimals);
        Ok((!range.is_empty()).then(|| (*range.start(), *range.end())))
    })
}

/// Sets of counts that round to the percentages and add up to n.
#[pyfunction]
pub fn possible_sets(
    py: Python<'_>,
    percents: Vec<f64>,
    n: u64,
    decimals: u32,
    limit: usize,
) -> PyResult<Vec<Vec<u64>>> {
    enter_short(py, 1, || Ok(disclosure::possible_sets(&percents, n, decimals, limit)))
}
