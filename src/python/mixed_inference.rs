//! Bindings of inference for mixed models: degrees of freedom, exact intervals, the parametric bootstrap.

use ndarray::Array2;
use pyo3::prelude::*;

use crate::error::{Error, Result};
use crate::frame::TableBuilder;
use crate::mixed::bootstrap::{Model, numbers, replicates};
use crate::mixed::canonical::Canonical;
use crate::mixed::exact;
use crate::mixed::kenward_roger::KenwardRoger;
use crate::mixed::limits::{of_coefficient, of_target};
use crate::mixed::null::{Fixed, Null};
use crate::mixed::profile::Target;
use crate::mixed::satterthwaite::{Curvature, FTest};
use crate::mixed::summary::overall;
use crate::num::dist::{f, normal, t};
use crate::parallel::map_indexed;
use crate::python::door::{enter, enter_short};
use crate::python::mixed::Mixed;
use crate::python::output::OutTable;
use crate::resample::interval::{Kind, interval};

/// Name, place and values of one number over the replicates: (model, factor, term, measure, estimate, values).
type Column = (usize, String, String, String, f64, Vec<Option<f64>>);

/// A profiled number: (factor, term, quantity, estimate, low, high).
type Limit = (String, String, String, f64, Option<f64>, Option<f64>);

fn unknown(got: &str) -> Error {
    Error::option("df", "satterthwaite, kenward-roger, residual or none", got)
}

fn unit(p: usize, j: usize) -> Array2<f64> {
    Array2::from_shape_fn((1, p), |(_, c)| if c == j { 1.0 } else { 0.0 })
}

/// Per coefficient: standard error and degrees of freedom.
fn spread(model: &Mixed, how: &str) -> Result<Vec<(f64, Option<f64>)>> {
    let (fit, p) = (&model.fit, model.fit.beta.len());
    let error = |m: &Array2<f64>, j: usize| m[[j, j]].sqrt();
    match how {
        "none" => Ok((0..p).map(|j| (error(&fit.covariance, j), None)).collect()),
        "residual" => Ok((0..p).map(|j| (error(&fit.covariance, j), Some(fit.n - p as f64))).collect()),
        "satterthwaite" => {
            let curvature = Curvature::new(&model.problem, fit)?;
            let row = |j: usize| unit(p, j).row(0).to_vec();
            Ok((0..p).map(|j| (error(&fit.covariance, j), Some(curvature.df(&row(j))))).collect())
        }
        "kenward-roger" => {
            let adjusted = KenwardRoger::new(&model.problem, fit)?;
            let df = |j: usize| adjusted.f_test(&unit(p, j), &fit.beta).map(|f| f.df2);
            (0..p).map(|j| Ok((error(&adjusted.adjusted, j), Some(df(j)?)))).collect()
        }
        other => Err(unknown(other)),
    }
}

/// Fixed effects with t tests and limits; normal where there are no degrees of freedom.
#[pyfunction]
pub fn mixed_coefficients(py: Python<'_>, model: &Mixed, how: &str, conf_level: f64) -> PyResult<OutTable> {
    enter_short(py, 0, || {
        let rows = spread(model, how)?;
        let beta = &model.fit.beta;
        let tail = (1.0 - conf_level) / 2.0;
        let each = |g: &dyn Fn(f64, f64, Option<f64>) -> f64| {
            beta.iter().zip(&rows).map(|(b, (s, df))| g(*b, *s, *df)).collect::<Vec<f64>>()
        };
        let half = |s: f64, df: Option<f64>| s * df.map_or_else(|| normal::isf(tail), |v| t::isf(tail, v));
        let p = |z: f64, df: Option<f64>| df.map_or_else(|| normal::two_sided_p(z), |v| t::two_sided_p(z, v));
        let mut table = TableBuilder::new()
            .text("term", model.problem.names())
            .f64("estimate", beta.clone())
            .f64("std_error", each(&|_, s, _| s))
            .f64("statistic", each(&|b, s, _| b / s));
        if how != "none" {
            table = table.f64_opt("df", rows.iter().map(|r| r.1).collect());
        }
        table
            .f64("p_value", each(&|b, s, df| p(b / s, df)))
            .f64("conf_low", each(&|b, s, df| b - half(s, df)))
            .f64("conf_high", each(&|b, s, df| b + half(s, df)))
            .build()
    })
    .map(OutTable::from)
}

/// F, its degrees of freedom and p for rows of L.
#[pyfunction]
pub fn mixed_f(
    py: Python<'_>,
    model: &Mixed,
    how: &str,
    rows: Vec<Vec<f64>>,
) -> PyResult<(f64, f64, f64, f64)> {
    enter_short(py, 0, || {
        let l = Array2::from_shape_fn((rows.len(), model.fit.beta.len()), |(i, j)| rows[i][j]);
        let FTest { f: value, df, df2 } = match how {
            "satterthwaite" => Curvature::new(&model.problem, &model.fit)?.f_test(&l, &model.fit.beta)?,
            "kenward-roger" => KenwardRoger::new(&model.problem, &model.fit)?.f_test(&l, &model.fit.beta)?,
            other => return Err(unknown(other)),
        };
        Ok((value, df, df2, f::sf(value, df, df2)))
    })
}

/// Limits of ρ = τ/σ² by the F pivot (`f`) or the likelihood ratio (`ratio`), or of τ by the latter (`between`).
#[pyfunction]
#[pyo3(signature = (model, how, conf_level, n_draws, seed, threads=0, progress=None))]
#[allow(clippy::too_many_arguments)]
pub fn mixed_exact(
    py: Python<'_>,
    model: &Mixed,
    how: &str,
    conf_level: f64,
    n_draws: usize,
    seed: u64,
    threads: usize,
    progress: Option<&Bound<'_, PyAny>>,
) -> PyResult<(f64, f64)> {
    enter(py, threads, progress, |control| {
        let sums = Canonical::new(&model.problem)?;
        let fixed = match how {
            "f" => return exact::pivot(&sums, conf_level),
            "ratio" => Fixed::Ratio,
            "between" => Fixed::Between,
            other => return Err(Error::option("interval", "f, ratio or between", other)),
        };
        let null = Null::new(&sums, n_draws, seed, control)?;
        exact::interval(&sums, &null, fixed, conf_level, control)
    })
}

/// The restricted likelihood ratio of a variance of 0, and its simulated p.
#[pyfunction]
#[pyo3(signature = (model, n_draws, seed, threads=0, progress=None))]
pub fn mixed_exact_test(
    py: Python<'_>,
    model: &Mixed,
    n_draws: usize,
    seed: u64,
    threads: usize,
    progress: Option<&Bound<'_, PyAny>>,
) -> PyResult<(f64, f64)> {
    enter(py, threads, progress, |control| {
        let sums = Canonical::new(&model.problem)?;
        exact::test(&sums, &Null::new(&sums, n_draws, seed, control)?, control)
    })
}

/// Replicates of the numbers of a model, and of another on the same draws.
#[pyfunction]
#[pyo3(signature = (model, other, n_resamples, seed, threads=0, progress=None))]
pub fn mixed_bootstrap(
    py: Python<'_>,
    model: &Mixed,
    other: Option<&Mixed>,
    n_resamples: usize,
    seed: u64,
    threads: usize,
    progress: Option<&Bound<'_, PyAny>>,
) -> PyResult<Vec<Column>> {
    enter(py, threads, progress, |control| {
        let models: Vec<Model<'_>> =
            std::iter::once(model).chain(other).map(|m| (&m.problem, &m.fit)).collect();
        let rows = replicates(&models, n_resamples, seed, control)?;
        let named =
            models.iter().enumerate().flat_map(|(m, (p, f))| numbers(p, f).into_iter().map(move |n| (m, n)));
        let column = |(j, (m, n)): (usize, (usize, crate::mixed::bootstrap::Named))| {
            let values = rows.iter().map(|r| r.as_ref().map(|r| r[j])).collect();
            (m, n.factor, n.term, n.measure.to_owned(), n.value, values)
        };
        Ok(named.enumerate().map(column).collect())
    })
}

/// Profile limits: (factor, term, quantity, estimate, low, high), the open ends `None`.
#[pyfunction]
#[pyo3(signature = (model, conf_level, shares, threads=0))]
pub fn mixed_profile(
    py: Python<'_>,
    model: &Mixed,
    conf_level: f64,
    shares: bool,
    threads: usize,
) -> PyResult<Vec<Limit>> {
    enter(py, threads, None, |control| {
        let targets = targets(model, shares);
        let rows = map_indexed(targets.len(), |i| {
            control.tick(1)?;
            let (name, target, estimate) = &targets[i];
            let (low, high) = of_target(&model.problem, &model.fit, *target, *estimate, conf_level)?;
            Ok((name.0.clone(), name.1.clone(), name.2.to_owned(), *estimate, low, high))
        })?;
        let fixed = if shares || model.fit.reml { 0 } else { model.fit.beta.len() };
        let coefficients = map_indexed(fixed, |j| {
            control.tick(1)?;
            let (low, high) = of_coefficient(&model.problem, &model.fit, j, conf_level)?;
            let name = model.problem.names()[j].clone();
            Ok(("fixed".to_owned(), name, "estimate".to_owned(), model.fit.beta[j], low, high))
        })?;
        Ok(rows.into_iter().chain(coefficients).collect())
    })
}

type Goal = ((String, String, &'static str), Target, f64);

/// What can be profiled: shares, or standard deviations and correlations of pairs.
fn targets(model: &Mixed, shares: bool) -> Vec<Goal> {
    let (terms, fit) = (&model.problem.design.terms, &model.fit);
    let mut out = Vec::new();
    if shares {
        let whole = overall(&model.problem, fit);
        let between: f64 = whole.random.iter().sum();
        let total = between + whole.residual;
        for (t, term) in terms.iter().enumerate() {
            let name = (term.name.clone(), String::new(), "share");
            out.push((name, Target::Share(Some(t)), whole.random[t] / total));
        }
        let name = ("total".to_owned(), String::new(), "share");
        out.push((name, Target::Share(None), between / total));
        return out;
    }
    for (t, term) in terms.iter().enumerate() {
        let (q, sigma) = (term.q(), fit.random_covariance(t));
        for k in 0..q {
            let name = (term.name.clone(), term.columns[k].clone(), "sd");
            out.push((name, Target::Sd(t, k), sigma[k * q + k].sqrt()));
        }
        let product = sigma[0] * sigma[q * q - 1];
        if q == 2 && term.free.len() == 3 && product > 0.0 {
            let name = (term.name.clone(), format!("{}:{}", term.columns[0], term.columns[1]), "correlation");
            out.push((name, Target::Correlation(t), sigma[1] / product.sqrt()));
        }
    }
    out.push((("residual".to_owned(), String::new(), "sd"), Target::Sigma, fit.sigma));
    out
}

/// −2 log likelihood at a θ in the units of the data; 0 in a part takes it out of the model.
#[pyfunction]
pub fn mixed_criterion(py: Python<'_>, model: &Mixed, theta: Vec<f64>) -> PyResult<f64> {
    enter_short(py, 0, || {
        let deviance = model.problem.deviance(model.fit.reml);
        Ok(deviance.value(&deviance.factor(&model.problem.scaled(&theta), None)?))
    })
}

/// Limits from replicates.
#[pyfunction]
pub fn replicate_limits(
    py: Python<'_>,
    mut values: Vec<f64>,
    estimate: f64,
    conf_level: f64,
    how: &str,
    acceleration: f64,
) -> PyResult<(f64, f64)> {
    enter_short(py, 0, || {
        let kind = match how {
            "percentile" => Kind::Percentile,
            "basic" => Kind::Basic,
            "normal" => Kind::Normal,
            "bca" => Kind::Bca,
            other => return Err(Error::option("interval", "percentile, basic, normal or bca", other)),
        };
        interval(kind, &mut values, estimate, conf_level, acceleration)
    })
}
