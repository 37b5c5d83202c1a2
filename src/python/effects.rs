//! Bindings of what a fitted model says about everybody: functions of a [`Model`].

use pyo3::prelude::*;

use crate::design::{Levels, ModelMatrix, Values, Variable, model_matrix};
use crate::effects::attributable::{average, by_subset, sequential};
use crate::effects::interaction::{interaction as measures, mover};
use crate::effects::standardise::{Estimate, contrast, risk};
use crate::error::{Error, Result};
use crate::parallel::Control;
use crate::python::door::{enter, enter_short};
use crate::python::output::OutTable;
use crate::python::regression::{Model, tests};
use crate::regression::clustered::{Kind, clustered};
use crate::regression::inference::{Wald, quantile};
use crate::regression::restricted::restricted;
use crate::regression::wild::{Draws, Weights, wild};

/// Exposures set to a level: (column, level).
pub type Assigned = Vec<(String, String)>;

impl Model {
    /// The design had every row these levels.
    pub(super) fn design(&self, assigned: &Assigned) -> Result<ModelMatrix> {
        let mut variables = self.data.variables.clone();
        for (column, level) in assigned {
            let names: Vec<String> = variables.iter().map(|v| v.name.clone()).collect();
            let Some(variable) = variables.iter_mut().find(|v| v.name == *column) else {
                return Err(Error::unknown_column(column, &names));
            };
            variable.values = held(variable, level, self.outcome.len())?;
        }
        let x = model_matrix(self.outcome.len(), &variables, &self.terms)?;
        let names = &self.fit.glm().names;
        let kept: Vec<usize> = (0..x.n_columns()).filter(|&j| names.contains(&x.names()[j])).collect();
        Ok(if kept.len() == x.n_columns() { x } else { x.select(&kept) })
    }

    fn risk_of(&self, assigned: &Assigned) -> Result<Estimate> {
        risk(&self.design(assigned)?, self.fit.glm(), &self.outcome)
    }

    /// Mean difference of linear predictors between two assignments: a log odds (or rate, or risk) ratio.
    fn log_ratio(&self, on: &Assigned, off: &Assigned) -> Result<Estimate> {
        use crate::design::Rows;
        let n: Vec<f64> =
            (0..self.outcome.len()).map(|i| self.outcome.prior(i) * self.outcome.n[i]).collect();
        let total: f64 = n.iter().sum();
        let (a, b) = (self.design(on)?.cross(&n, Rows::All)?, self.design(off)?.cross(&n, Rows::All)?);
        let gradient: ndarray::Array1<f64> = a.iter().zip(&b).map(|(a, b)| (a - b) / total).collect();
        let value = gradient.iter().zip(&self.fit.glm().beta).map(|(g, b)| g * b).sum();
        Ok(Estimate { value, gradient })
    }
}

/// A variable with one level for all rows.
fn held(variable: &Variable, level: &str, n: usize) -> Result<Values> {
    match &variable.values {
        Values::Coded(_, levels) => {
            let same = |i: usize| match levels {
                Levels::Number(values) => level.parse::<f64>().is_ok_and(|v| v == values[i]),
                Levels::Text(names) => names[i] == level,
            };
            let Some(at) = (0..levels.len()).find(|&i| same(i)) else {
                let labels: Vec<String> = (0..levels.len().min(10)).map(|i| levels.label(i)).collect();
                let expected = format!("a level that occurs: {}", labels.join(", "));
                return Err(Error::option(&variable.name, &expected, level));
            };
            Ok(Values::Coded(vec![u32::try_from(at).unwrap_or(0); n], levels.clone()))
        }
        Values::Continuous(_) => {
            let v: f64 = level.parse().map_err(|_| Error::option(&variable.name, "a number", level))?;
            Ok(Values::Continuous(vec![v; n]))
        }
    }
}

/// Every subset of the exposures, by bits: those in it at their exposed level, the others at their reference.
pub(super) fn patterns(factors: &[(String, String, String)]) -> Vec<Assigned> {
    (0..1_usize << factors.len())
        .map(|set| {
            let level = |(i, f): (usize, &(String, String, String))| {
                (f.0.clone(), if set >> i & 1 == 1 { f.2.clone() } else { f.1.clone() })
            };
            factors.iter().enumerate().map(level).collect()
        })
        .collect()
}

/// Every subset of the exposures, by bits: those in it at their reference level, the others as they are.
pub(super) fn removals(factors: &[(String, String, String)]) -> Vec<Assigned> {
    let of = |set: usize| {
        let in_it = factors.iter().enumerate().filter(move |(i, _)| set >> i & 1 == 1);
        in_it.map(|(_, f)| (f.0.clone(), f.1.clone())).collect()
    };
    (0..1_usize << factors.len()).map(of).collect()
}

/// Logarithms of the ratios of risks to the first.
pub(super) fn log_ratios(risks: &[Estimate]) -> Vec<Estimate> {
    let log = |r: &Estimate| Estimate {
        value: (r.value / risks[0].value).ln(),
        gradient: &r.gradient / r.value - &risks[0].gradient / risks[0].value,
    };
    risks.iter().map(log).collect()
}

/// Standardised risk of every scenario, and against the first: risk, risk ratio, odds ratio, risk difference.
#[pyfunction]
pub fn standardised(
    py: Python<'_>,
    model: &Model,
    scenarios: Vec<(String, Assigned)>,
    conf_level: f64,
    threads: usize,
) -> PyResult<OutTable> {
    enter(py, threads, None, |_: &Control| {
        let risks: Vec<Estimate> =
            scenarios.iter().map(|(_, assigned)| model.risk_of(assigned)).collect::<Result<_>>()?;
        let (mut names, mut measures, mut rows) = (Vec::new(), Vec::new(), Vec::<Wald>::new());
        for (k, ((name, _), r)) in scenarios.iter().zip(&risks).enumerate() {
            let c = contrast(r, &risks[0], &model.inference, conf_level)?;
            let all = [
                ("risk", c.risk),
                ("risk_ratio", c.ratio),
                ("odds_ratio", c.odds),
                ("risk_difference", c.difference),
            ];
            for (measure, wald) in all.into_iter().take(if k == 0 { 1 } else { 4 }) {
                names.push(name.clone());
                measures.push(measure);
                rows.push(wald);
            }
        }
        tests(&names, &rows).text("measure", measures).build()
    })
    .map(OutTable::from)
}

/// Measures of interaction among (column, reference, exposed) factors; `standardised` ratios of risks, or ratios of the
/// model's own scale.
#[pyfunction]
pub fn interaction(
    py: Python<'_>,
    model: &Model,
    factors: Vec<(String, String, String)>,
    standardised: bool,
    conf_level: f64,
) -> PyResult<OutTable> {
    enter_short(py, 0, || {
        let sets = patterns(&factors);
        let ratios: Vec<Estimate> = if standardised {
            let risks: Vec<Estimate> = sets.iter().map(|s| model.risk_of(s)).collect::<Result<_>>()?;
            log_ratios(&risks)
        } else {
            sets.iter().map(|s| model.log_ratio(s, &sets[0])).collect::<Result<_>>()?
        };
        let found = measures(&ratios, &model.inference, conf_level);
        let label = |set: usize| {
            let on: Vec<&str> =
                (0..factors.len()).filter(|i| set >> i & 1 == 1).map(|i| factors[i].0.as_str()).collect();
            on.join(":")
        };
        let (mut names, mut kinds, mut rows) = (Vec::new(), Vec::new(), Vec::new());
        for (p, r) in ratios.iter().enumerate().skip(1) {
            names.push(label(p));
            kinds.push("ratio");
            let w = model.inference.wald(r.value, r.gradient.view(), conf_level);
            rows.push(Some(crate::effects::standardise::exponent(w)));
        }
        for m in &found {
            names.push(label(m.of));
            kinds.push(m.name);
            rows.push(m.wald);
        }
        // Two exposures: RERI again with limits that need not be symmetric.
        for set in (0..ratios.len()).filter(|s| s.count_ones() == 2) {
            let (a, b) = (1 << set.trailing_zeros(), set & (set - 1));
            let three = [ratios[set].clone(), ratios[a].clone(), ratios[b].clone()];
            let (low, high) = mover(&three, &model.inference, conf_level);
            let delta = found.iter().find(|m| m.of == set && m.name == "reri").and_then(|m| m.wald);
            names.push(label(set));
            kinds.push("reri_mover");
            rows.push(delta.map(|w| Wald { low, high, ..w }));
        }
        optional(&names, &rows).text("measure", kinds).build()
    })
    .map(OutTable::from)
}

/// Attributable fractions of (column, reference, exposed) factors: alone, sequential, average, and of all.
#[pyfunction]
pub fn attributable(
    py: Python<'_>,
    model: &Model,
    factors: Vec<(String, String, String)>,
    conf_level: f64,
) -> PyResult<OutTable> {
    enter_short(py, 0, || {
        let k = factors.len();
        let risks: Vec<Estimate> =
            removals(&factors).iter().map(|s| model.risk_of(s)).collect::<Result<_>>()?;
        let all = by_subset(&risks);
        let (mut names, mut measures, mut rows) = (Vec::new(), Vec::new(), Vec::new());
        let mut push = |name: String, measure: &'static str, e: &Estimate| {
            names.push(name);
            measures.push(measure);
            rows.push(model.inference.wald(e.value, e.gradient.view(), conf_level));
        };
        for i in 0..k {
            push(factors[i].0.clone(), "alone", &all[1 << i]);
        }
        for (i, e) in sequential(&all, k).iter().enumerate() {
            push(factors[i].0.clone(), "sequential", e);
        }
        for (i, e) in average(&all, k).iter().enumerate() {
            push(factors[i].0.clone(), "average", e);
        }
        push("all".to_owned(), "total", &all[(1 << k) - 1]);
        tests(&names, &rows).text("measure", measures).build()
    })
    .map(OutTable::from)
}

/// Wild cluster bootstrap of one coefficient: (t, p, draws, enumerated, clusters, above, ties).
#[allow(clippy::too_many_arguments, clippy::type_complexity)]
#[pyfunction]
pub fn wild_bootstrap(
    py: Python<'_>,
    model: &Model,
    term: &str,
    null: f64,
    impose_null: bool,
    webb: bool,
    n_draws: u64,
    seed: u64,
    threads: usize,
    progress: Option<&Bound<'_, PyAny>>,
) -> PyResult<(f64, f64, u64, bool, usize, u64, u64)> {
    enter(py, threads, progress, |control| {
        let fit = model.fit.glm();
        let j = model.place(term)?;
        let groups = model.groups.first().ok_or_else(|| Error::option("cluster", "a column", "none"))?;
        let weights = if webb { Weights::Webb } else { Weights::Rademacher };
        let how = Draws { weights, n_draws, seed };
        let scores = if impose_null {
            restricted(fit, &model.outcome, j, null, &model.spec.outcome)?
        } else {
            fit.scores.clone()
        };
        let free = clustered(&fit.scores, groups, Kind::Cr1s)?;
        let t = (fit.beta[j] - null) / free.vcov[[j, j]].sqrt();
        let got = wild(&scores, groups, j, (!impose_null).then_some(t), how, control)?;
        Ok((got.t, got.p(), got.n_draws, got.enumerated, free.n_clusters, got.above, got.ties))
    })
}

/// Estimate of a coefficient and a first guess of its interval, for the search of limits.
#[pyfunction]
pub fn guess(py: Python<'_>, model: &Model, term: &str, conf_level: f64) -> PyResult<(f64, f64)> {
    enter_short(py, 0, || {
        let fit = model.fit.glm();
        let j = model.place(term)?;
        let groups = model.groups.first().ok_or_else(|| Error::option("cluster", "a column", "none"))?;
        let free = clustered(&fit.scores, groups, Kind::Cr1s)?;
        Ok((fit.beta[j], quantile(conf_level, free.n_clusters as f64 - 1.0) * free.vcov[[j, j]].sqrt()))
    })
}

impl Model {
    fn place(&self, term: &str) -> Result<usize> {
        let names = &self.fit.glm().names;
        names
            .iter()
            .position(|n| n == term)
            .ok_or_else(|| Error::option("term", &format!("one of {}", names.join(", ")), term))
    }
}

/// Rows of tests of which some do not exist.
fn optional(names: &[String], rows: &[Option<Wald>]) -> crate::frame::TableBuilder {
    let get =
        |f: &dyn Fn(&Wald) -> f64| -> Vec<Option<f64>> { rows.iter().map(|r| r.as_ref().map(f)).collect() };
    crate::frame::TableBuilder::new()
        .text("term", names)
        .f64_opt("estimate", get(&|w| w.estimate))
        .f64_opt("std_error", get(&|w| w.std_error))
        .f64_opt("p_value", get(&|w| w.p))
        .f64_opt("conf_low", get(&|w| w.low))
        .f64_opt("conf_high", get(&|w| w.high))
        .text_opt(
            "reason",
            rows.iter().map(|r| r.is_none().then_some("the excess risks are not all positive")),
        )
}
