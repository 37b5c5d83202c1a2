//! Bindings of the inequality family.

use pyo3::prelude::*;

use crate::design::Weights;
use crate::error::{Error, Result};
use crate::frame::{NumericColumn, TableBuilder};
use crate::inequality::concentration::{StdError, concentration_index as concentration};
use crate::inequality::line::Spread;
use crate::inequality::poisson_line;
use crate::inequality::ridit::Ranking;
use crate::inequality::slope_index::{Estimate, SlopeIndex, Transform, from_line, slope_index as slope};
use crate::inequality::slope_resample::{Draws, resampled};
use crate::python::door::{enter, enter_short};
use crate::python::input::InTable;
use crate::python::output::OutTable;
use crate::resample::interval::Kind;

fn weights<'a>(kind: Option<&str>, w: &'a [f64]) -> Weights<'a> {
    match kind {
        None => Weights::Unit,
        Some("frequency") => Weights::Frequency(w),
        Some("probability") => Weights::Probability(w),
        Some(_) => Weights::Analytic(w),
    }
}

/// A table and how many rows were used and dropped.
type Counted = (OutTable, usize, usize);

/// Slope and relative index; `rank_sign` −1 turns the ranking. Rows sii, rii, rii_mean.
#[pyfunction]
#[pyo3(signature = (table, value, rank, rank_sign, weight, weight_kind, std_error, model, spread, conf_level, threads=0))]
#[allow(clippy::too_many_arguments)]
pub fn slope_index(
    py: Python<'_>,
    table: InTable,
    value: &str,
    rank: &str,
    rank_sign: f64,
    weight: Option<&str>,
    weight_kind: Option<&str>,
    std_error: Option<&str>,
    model: &str,
    spread: &str,
    conf_level: f64,
    threads: usize,
) -> PyResult<Counted> {
    enter_short(py, threads, || {
        let frame = table.0.not_empty()?;
        let names: Vec<&str> = [Some(value), Some(rank), weight, std_error].into_iter().flatten().collect();
        let read: Vec<NumericColumn<'_>> = names.iter().map(|n| frame.finite(n)).collect::<Result<_>>()?;
        let sample = frame.complete(&read.iter().collect::<Vec<_>>());
        let taken: Vec<_> = read.iter().map(|c| sample.take(&c.values)).collect();
        let ranks: Vec<f64> = taken[1].iter().map(|v| v * rank_sign).collect();
        let ranking = Ranking::new(&ranks, rank)?;
        let w = if weight.is_some() { &taken[2][..] } else { &[] };
        let kind = weight.and(weight_kind);
        let weights = weights(kind, w);
        weights.check(taken[0].len(), weight.unwrap_or("weight"))?;
        let fit = if model == "poisson" {
            poisson(&taken[0], &ranking, kind, w, conf_level)?
        } else {
            let transform = transform(model)?;
            let spread = match (std_error, spread) {
                (Some(_), _) => Spread::Known(&taken[taken.len() - 1]),
                (None, "robust") => Spread::Robust,
                _ => Spread::Classical,
            };
            slope(&taken[0], &ranking, weights, transform, spread, conf_level)?
        };
        Ok((rows(&fit)?, sample.n_obs(), sample.n_missing()))
    })
    .map(|(t, n, m)| (OutTable::from(t), n, m))
}

/// Log-linear model: analytic weights are the exposures behind rates, frequency weights repeat rows.
fn poisson(
    y: &[f64],
    ranking: &Ranking,
    kind: Option<&str>,
    w: &[f64],
    conf_level: f64,
) -> Result<SlopeIndex> {
    let mut r = vec![0.0; y.len()];
    let total = ranking.ridits(|i| if kind.is_some() { w[i] } else { 1.0 }, &mut r);
    let mean =
        |y: &[f64]| (0..y.len()).map(|i| if kind.is_some() { w[i] } else { 1.0 } * y[i]).sum::<f64>() / total;
    let line = if kind == Some("analytic") {
        let events: Vec<f64> = y.iter().zip(w).map(|(y, w)| y * w).collect();
        poisson_line::fit(&r, &events, Some(w), Weights::Unit)?
    } else {
        poisson_line::fit(&r, y, None, weights(kind, w))?
    };
    from_line(line, Transform::Log, mean(y), conf_level)
}

fn rows(fit: &SlopeIndex) -> Result<arrow_array::RecordBatch> {
    let all: [&Estimate; 3] = [&fit.sii, &fit.rii, &fit.rii_mean];
    let reason = |e: &&Estimate| {
        e.interval
            .is_none()
            .then_some("unbounded: the fitted value at the less deprived end is not distinguishable from 0")
    };
    TableBuilder::new()
        .text("term", ["sii", "rii", "rii_mean"])
        .f64("estimate", all.iter().map(|e| e.value).collect())
        .f64("std_error", all.iter().map(|e| e.std_error).collect())
        .f64_opt("conf_low", all.iter().map(|e| e.interval.map(|i| i.0)).collect())
        .f64_opt("conf_high", all.iter().map(|e| e.interval.map(|i| i.1)).collect())
        .f64("p_value", vec![fit.p_value; 3])
        .f64_opt("df", vec![Some(fit.line.df).filter(|d| d.is_finite()); 3])
        .text_opt("reason", all.iter().map(reason))
        .build()
}

/// Bootstrap limits of sii, rii, rii_mean: rows with std_error, conf_low, conf_high, n_failed, reason.
#[pyfunction]
#[pyo3(signature = (table, value, rank, rank_sign, weight, weight_kind, model, interval, conf_level, n_resamples, seed, threads=0, progress=None))]
#[allow(clippy::too_many_arguments)]
pub fn slope_resampled(
    py: Python<'_>,
    table: InTable,
    value: &str,
    rank: &str,
    rank_sign: f64,
    weight: Option<&str>,
    weight_kind: Option<&str>,
    model: &str,
    interval: &str,
    conf_level: f64,
    n_resamples: usize,
    seed: u64,
    threads: usize,
    progress: Option<&Bound<'_, PyAny>>,
) -> PyResult<OutTable> {
    enter(py, threads, progress, |control| {
        let frame = table.0.not_empty()?;
        let names: Vec<&str> = [Some(value), Some(rank), weight].into_iter().flatten().collect();
        let read: Vec<NumericColumn<'_>> = names.iter().map(|n| frame.finite(n)).collect::<Result<_>>()?;
        let sample = frame.complete(&read.iter().collect::<Vec<_>>());
        let taken: Vec<_> = read.iter().map(|c| sample.take(&c.values)).collect();
        let ranks: Vec<f64> = taken[1].iter().map(|v| v * rank_sign).collect();
        let w = if weight.is_some() { &taken[2][..] } else { &[] };
        let kind = match interval {
            "bca" => Kind::Bca,
            "percentile" => Kind::Percentile,
            "basic" => Kind::Basic,
            other => return Err(Error::option("interval", "analytic, bca, percentile or basic", other)),
        };
        let draws = Draws { kind, conf_level, n_resamples, seed };
        let weights = weights(weight.and(weight_kind), w);
        let all =
            resampled(&taken[0], &Ranking::new(&ranks, rank)?, weights, transform(model)?, draws, control)?;
        TableBuilder::new()
            .f64_opt("std_error", all.iter().map(|r| r.std_error).collect())
            .f64_opt("conf_low", all.iter().map(|r| r.interval.as_ref().ok().map(|i| i.0)).collect())
            .f64_opt("conf_high", all.iter().map(|r| r.interval.as_ref().ok().map(|i| i.1)).collect())
            .count("n_failed", &all.iter().map(|r| r.undefined).collect::<Vec<_>>())
            .text_opt("reason", all.iter().map(|r| r.interval.as_ref().err()))
            .build()
    })
    .map(OutTable::from)
}

fn transform(model: &str) -> Result<Transform> {
    match model {
        "linear" => Ok(Transform::None),
        "log" => Ok(Transform::Log),
        "logit" => Ok(Transform::Logit),
        other => Err(Error::option("model", "linear, log or logit", other)),
    }
}

/// Concentration index and variants; rows standard, generalised, erreygers, wagstaff.
#[pyfunction]
#[pyo3(signature = (table, outcome, rank, rank_sign, weight, weight_kind, bounds, std_error, conf_level, threads=0))]
#[allow(clippy::too_many_arguments)]
pub fn concentration_index(
    py: Python<'_>,
    table: InTable,
    outcome: &str,
    rank: &str,
    rank_sign: f64,
    weight: Option<&str>,
    weight_kind: Option<&str>,
    bounds: Option<(f64, f64)>,
    std_error: &str,
    conf_level: f64,
    threads: usize,
) -> PyResult<Counted> {
    enter_short(py, threads, || {
        let frame = table.0.not_empty()?;
        let names: Vec<&str> = [Some(outcome), Some(rank), weight].into_iter().flatten().collect();
        let read: Vec<NumericColumn<'_>> = names.iter().map(|n| frame.finite(n)).collect::<Result<_>>()?;
        let sample = frame.complete(&read.iter().collect::<Vec<_>>());
        let taken: Vec<_> = read.iter().map(|c| sample.take(&c.values)).collect();
        let ranks: Vec<f64> = taken[1].iter().map(|v| v * rank_sign).collect();
        let ranking = Ranking::new(&ranks, rank)?;
        let w = if weight.is_some() { &taken[2][..] } else { &[] };
        let weights = weights(weight.and(weight_kind), w);
        weights.check(taken[0].len(), weight.unwrap_or("weight"))?;
        let ends = taken[0].iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), v| (v.min(l), v.max(h)));
        let kind = match std_error {
            "delta" => StdError::Delta,
            "robust" => StdError::DeltaRobust,
            "convenience" => StdError::Convenience,
            "kakwani" => StdError::Kakwani,
            other => return Err(Error::option("std_error", "delta, robust, convenience or kakwani", other)),
        };
        let c = concentration(&taken[0], &ranking, weights, bounds.unwrap_or(ends), kind)?;
        let q = crate::inequality::slope_index::critical(conf_level, c.df);
        let all = [Some(c.standard), Some(c.generalised), Some(c.erreygers), c.wagstaff];
        let pick = |f: &dyn Fn(crate::inequality::concentration::Index) -> f64| {
            all.iter().map(|i| i.map(f)).collect::<Vec<_>>()
        };
        let table = TableBuilder::new()
            .text("term", ["standard", "generalised", "erreygers", "wagstaff"])
            .f64_opt("estimate", pick(&|i| i.value))
            .f64_opt("std_error", pick(&|i| i.std_error))
            .f64_opt("conf_low", pick(&|i| i.value - q * i.std_error))
            .f64_opt("conf_high", pick(&|i| i.value + q * i.std_error))
            .text_opt("reason", all.iter().map(|i| i.is_none().then_some("the mean sits on a bound")))
            .build()?;
        Ok((table, sample.n_obs(), sample.n_missing()))
    })
    .map(|(t, n, m)| (OutTable::from(t), n, m))
}
