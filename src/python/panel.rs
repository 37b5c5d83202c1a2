//! Binding of the panel family.

use std::borrow::Cow;

use arrow_array::RecordBatch;
use pyo3::prelude::*;

use crate::design::{Factor, Sample, Weights};
use crate::error::{Error, Result};
use crate::frame::{Frame, NumericColumn, TableBuilder};
use crate::num::dist::t;
use crate::panel::cluster::Kind;
use crate::panel::data::Panel;
use crate::panel::fit::{Effects, Fit, Vcov, fit};
use crate::panel::hausman::{Test, hausman, regression_form};
use crate::panel::index::Index;
use crate::python::door::enter_short;
use crate::python::input::InTable;
use crate::python::output::OutTable;

/// What [`panel`] hands back: coefficients, rows, tests of random effects, facts by the names of the glossary.
type Out = (OutTable, Option<OutTable>, Option<OutTable>, Vec<(&'static str, f64)>);

/// Fits a panel model.
#[pyfunction]
#[pyo3(signature = (table, outcome, predictors, unit, time, effects, vcov, kind, cluster, lag, weight, conf_level, threads=0))]
#[allow(clippy::too_many_arguments)]
pub fn panel(
    py: Python<'_>,
    table: InTable,
    outcome: &str,
    predictors: Vec<String>,
    unit: &str,
    time: Option<&str>,
    effects: &str,
    vcov: &str,
    kind: &str,
    cluster: Option<&str>,
    lag: Option<usize>,
    weight: Option<&str>,
    conf_level: f64,
    threads: usize,
) -> PyResult<Out> {
    enter_short(py, threads, || {
        let frame = table.0.not_empty()?;
        let effects = effects_of(effects)?;
        let columns = Columns::read(&frame, outcome, &predictors, unit, time, cluster, weight)?;
        let taken = columns.taken();
        let panel = columns.panel(&taken, &predictors, weight.is_some());
        let clusters = columns.clusters(&taken);
        let vcov = match vcov {
            "classical" => Vcov::Classical,
            "cluster" => Vcov::Cluster { kind: kind_of(kind)?, clusters: &clusters },
            "driscoll-kraay" => Vcov::DriscollKraay { lag },
            other => return Err(Error::option("vcov", "classical, cluster or driscoll-kraay", other)),
        };
        let place = |error| columns.place(error);
        let fitted = fit(&panel, effects, vcov).map_err(place)?;
        let random = matches!(effects, Effects::Random | Effects::WithinBetween);
        let tests = random.then(|| tests(&panel, &clusters)).transpose()?;
        let rows = fitted.residuals.as_ref().map(|e| columns.rows(&panel, e)).transpose()?;
        let facts = facts(&fitted, &panel, columns.sample.n_missing());
        Ok((coefficients(&fitted, conf_level)?, rows, tests, facts))
    })
    .map(|(c, r, t, f)| (OutTable::from(c), r.map(OutTable::from), t.map(OutTable::from), f))
}

fn effects_of(word: &str) -> Result<Effects> {
    Ok(match word {
        "pooled" => Effects::Pooled,
        "unit" => Effects::Unit,
        "time" => Effects::Time,
        "two-way" => Effects::TwoWay,
        "random" => Effects::Random,
        "between" => Effects::Between,
        "first-difference" => Effects::FirstDifference,
        "within-between" => Effects::WithinBetween,
        other => {
            let expected = "pooled, unit, time, two-way, random, between, first-difference or within-between";
            return Err(Error::option("effects", expected, other));
        }
    })
}

fn kind_of(word: &str) -> Result<Kind> {
    match word {
        "CR0" => Ok(Kind::Cr0),
        "CR1" => Ok(Kind::Cr1),
        "CR2" => Ok(Kind::Cr2),
        "CR3" => Ok(Kind::Cr3),
        other => Err(Error::option("kind", "CR0, CR1, CR2 or CR3", other)),
    }
}

/// The columns of a call and the rows complete in all of them.
struct Columns<'a> {
    /// Outcome, predictors, weight.
    numbers: Vec<NumericColumn<'a>>,
    unit: Factor,
    time: Option<Factor>,
    /// `None`: the units.
    cluster: Option<Factor>,
    sample: Sample,
}

/// Their values in the rows used.
struct Taken<'a> {
    numbers: Vec<Cow<'a, [f64]>>,
    unit: Cow<'a, [u32]>,
    time: Option<Cow<'a, [u32]>>,
    cluster: Option<Cow<'a, [u32]>>,
}

impl<'a> Columns<'a> {
    fn read(
        frame: &'a Frame,
        outcome: &str,
        predictors: &[String],
        unit: &str,
        time: Option<&str>,
        cluster: Option<&str>,
        weight: Option<&str>,
    ) -> Result<Self> {
        let names = std::iter::once(outcome).chain(predictors.iter().map(String::as_str)).chain(weight);
        let numbers: Vec<NumericColumn<'_>> = names.map(|n| frame.finite(n)).collect::<Result<_>>()?;
        let unit_factor = frame.factor(unit)?;
        let time = time.map(|n| frame.factor(n)).transpose()?;
        let cluster = cluster.filter(|&n| n != unit).map(|n| frame.factor(n)).transpose()?;
        let factors = std::iter::once(&unit_factor).chain(&time).chain(&cluster);
        let holes: Vec<Option<Vec<bool>>> = factors.map(present).collect();
        let masks: Vec<Option<&[bool]>> =
            numbers.iter().map(NumericColumn::mask).chain(holes.iter().map(Option::as_deref)).collect();
        let sample = Sample::complete(frame.n_rows(), &masks);
        if sample.n_obs() == 0 {
            return Err(Error::TooFew { what: "a panel".to_owned(), needed: 2, got: 0 });
        }
        Ok(Self { numbers, unit: unit_factor, time, cluster, sample })
    }

    fn taken(&self) -> Taken<'_> {
        Taken {
            numbers: self.numbers.iter().map(|c| self.sample.take(&c.values)).collect(),
            unit: self.sample.take(self.unit.codes()),
            time: self.time.as_ref().map(|f| self.sample.take(f.codes())),
            cluster: self.cluster.as_ref().map(|f| self.sample.take(f.codes())),
        }
    }

    fn panel<'s>(&'s self, taken: &'s Taken<'_>, names: &'s [String], weighted: bool) -> Panel<'s> {
        let p = names.len();
        let time = self.time.as_ref().zip(taken.time.as_deref());
        Panel {
            y: &taken.numbers[0],
            x: taken.numbers[1..=p].iter().map(|c| &c[..]).collect(),
            names,
            unit: Index::new(self.unit.name(), Cow::Borrowed(&taken.unit), self.unit.levels()),
            time: time.map(|(f, codes)| Index::periods(f.name(), codes, f.levels())),
            weights: if weighted { Weights::Analytic(&taken.numbers[p + 1]) } else { Weights::Unit },
        }
    }

    fn clusters<'s>(&'s self, taken: &'s Taken<'_>) -> Index<'s> {
        let (factor, codes) = match (&self.cluster, &taken.cluster) {
            (Some(factor), Some(codes)) => (factor, codes),
            _ => (&self.unit, &taken.unit),
        };
        Index::new(factor.name(), Cow::Borrowed(codes), factor.levels())
    }

    /// Row numbers of an error as rows of the caller's table; the weight under its own name.
    fn place(&self, error: Error) -> Error {
        let original = |rows: Vec<usize>| rows.into_iter().map(|i| self.sample.original(i)).collect();
        match error {
            Error::Duplicate { columns, rows, n, got } => {
                Error::Duplicate { columns, rows: original(rows), n, got }
            }
            Error::Values { column, rows, n, expected, got } => {
                let named = self.numbers.last().filter(|_| column == "weight").map(|c| c.name.clone());
                Error::Values { column: named.unwrap_or(column), rows: original(rows), n, expected, got }
            }
            other => other,
        }
    }

    fn rows(&self, panel: &Panel<'_>, residuals: &[f64]) -> Result<RecordBatch> {
        let n = residuals.len();
        TableBuilder::new()
            .count("row", &(0..n).map(|i| self.sample.original(i)).collect::<Vec<_>>())
            .f64("fitted", panel.y.iter().zip(residuals).map(|(y, e)| y - e).collect())
            .f64("resid", residuals.to_vec())
            .build()
    }
}

/// Rows where a factor has a level; `None` when all do.
fn present(factor: &Factor) -> Option<Vec<bool>> {
    let codes = factor.codes();
    codes.contains(&Factor::NULL).then(|| codes.iter().map(|&c| c != Factor::NULL).collect())
}

fn coefficients(fit: &Fit, conf_level: f64) -> Result<RecordBatch> {
    let se = fit.std_errors();
    let each = |f: &dyn Fn(usize) -> f64| (0..se.len()).map(f).collect::<Vec<f64>>();
    let ratio = each(&|j| fit.beta[j] / se[j]);
    let reach = each(&|j| t::isf((1.0 - conf_level) / 2.0, fit.df[j]) * se[j]);
    TableBuilder::new()
        .text("term", &fit.names)
        .f64("estimate", fit.beta.clone())
        .f64("std_error", se.clone())
        .f64_opt("statistic", ratio.iter().map(|v| Some(*v).filter(|v| v.is_finite())).collect())
        .f64("df", fit.df.clone())
        .f64_opt(
            "p_value",
            ratio.iter().zip(&fit.df).map(|(&v, &df)| (!v.is_nan()).then(|| t::two_sided_p(v, df))).collect(),
        )
        .f64("conf_low", each(&|j| fit.beta[j] - reach[j]))
        .f64("conf_high", each(&|j| fit.beta[j] + reach[j]))
        .build()
}

/// Hausman's test and its regression form; a test that does not exist says why.
fn tests(panel: &Panel<'_>, clusters: &Index<'_>) -> Result<RecordBatch> {
    let all = [hausman(panel), regression_form(panel, clusters)];
    let pick = |f: &dyn Fn(&Test) -> Option<f64>| {
        all.iter().map(|r| r.as_ref().ok().and_then(f)).collect::<Vec<Option<f64>>>()
    };
    TableBuilder::new()
        .text("method", ["hausman", "mundlak"])
        .text("distribution", ["chi2", "f"])
        .f64_opt("statistic", pick(&|t| Some(t.statistic)))
        .f64_opt("df", pick(&|t| Some(t.df)))
        .f64_opt("df2", pick(&|t| t.df2))
        .f64_opt("p_value", pick(&|t| Some(t.p_value)))
        .text_opt("reason", all.iter().map(|r| r.as_ref().err().map(reason)))
        .build()
}

fn reason(error: &Error) -> String {
    match error {
        Error::Undefined { reason, .. } => reason.clone(),
        other => other.to_string(),
    }
}

/// Fit statistics by the names of the glossary; what an estimator does not have is left out.
fn facts(fit: &Fit, panel: &Panel<'_>, n_missing: usize) -> Vec<(&'static str, f64)> {
    let mut facts = vec![
        ("n_obs", fit.n_obs as f64),
        ("n_missing", n_missing as f64),
        ("n_groups", panel.unit.n as f64),
        ("df_residual", fit.df_residual),
        ("r_squared", fit.r_squared),
        ("sigma", fit.sigma),
    ];
    if let Some(time) = &panel.time {
        facts.push(("n_periods", time.n as f64));
    }
    if let Some(g) = fit.n_clusters {
        facts.push(("n_clusters", g as f64));
    }
    if let Some(lag) = fit.lag {
        facts.push(("lag", lag as f64));
    }
    if fit.absorbed.rank > 0 {
        facts.push(("df_absorbed", fit.absorbed.rank as f64));
        facts.push(("n_singletons", fit.absorbed.singletons as f64));
        facts.push(("n_components", fit.absorbed.components as f64));
    }
    if let Some(parts) = &fit.components {
        facts.push(("sigma_unit", parts.unit.sqrt()));
        facts.push(("sigma_within", parts.idiosyncratic.sqrt()));
        let mut theta = parts.theta.clone();
        theta.sort_by(f64::total_cmp);
        let (low, high) = (theta[(theta.len() - 1) / 2], theta[theta.len() / 2]);
        facts.push(("theta", f64::midpoint(low, high)));
    }
    facts
}
