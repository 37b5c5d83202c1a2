//! Bindings of mixed models: a fitted model that stays in Rust while Python asks for its parts.

use std::collections::HashMap;

use arrow_array::RecordBatch;
use pyo3::prelude::*;

use crate::design::{ModelMatrix, model_matrix};
use crate::error::{Error, Result};
use crate::frame::{Frame, ModelData, TableBuilder};
use crate::mixed::lmm::{Lmm, lmm};
use crate::mixed::problem::Problem;
use crate::mixed::summary::{components, linear, overall};
use crate::mixed::term::{Basis, RandomTerm};
use crate::parallel::Control;
use crate::python::door::{enter, enter_short};
use crate::python::input::InTable;
use crate::python::output::OutTable;
use crate::python::spec::{Parts, Spec, columns_of, terms_of};

/// A grouping factor: its columns (several make an interaction) and the terms of each independent part.
pub type Random = Vec<(Vec<String>, Vec<Parts>)>;

/// A fitted mixed model.
#[pyclass(frozen, name = "Mixed", module = "gofal._core")]
pub struct Mixed {
    data: ModelData,
    pub(super) problem: Problem,
    pub(super) fit: Lmm,
}

/// Everything read from the table.
pub(super) struct Read {
    pub data: ModelData,
    pub x: ModelMatrix,
    pub terms: Vec<RandomTerm>,
}

/// Reads the columns of a mixed model and arranges its design.
pub(super) fn read(frame: &Frame, spec: &Spec, random: &Random, control: &Control) -> Result<Read> {
    let mut roles = spec.roles();
    for (groups, parts) in random {
        for group in groups {
            if !roles.clusters.contains(group) {
                roles.clusters.push(group.clone());
            }
        }
        for part in parts {
            for name in columns_of(part) {
                if !roles.variables.contains(&name) {
                    roles.variables.push(name);
                }
            }
            let factors = part.iter().flatten().filter(|(_, how, _)| how.starts_with("factor"));
            roles.factors.extend(factors.map(|(column, _, _)| column.clone()));
        }
    }
    let data = frame.model(&roles, control)?;
    let names: Vec<String> = data.variables.iter().map(|v| v.name.clone()).collect();
    let n = data.sums[0].len();
    let x = model_matrix(n, &data.variables, &terms_of(&spec.terms, &names)?)?;
    let clusters: HashMap<&str, &(Vec<u32>, Vec<String>)> =
        roles.clusters.iter().map(String::as_str).zip(&data.clusters).collect();
    let mut terms = Vec::with_capacity(random.len());
    for (groups, parts) in random {
        let columns: Vec<&(Vec<u32>, Vec<String>)> =
            groups.iter().filter_map(|g| clusters.get(g.as_str()).copied()).collect();
        let (codes, levels) = crossed(&columns);
        let mut term = RandomTerm {
            basis: Vec::new(),
            columns: Vec::new(),
            ..RandomTerm::intercept(&groups.join(":"), codes, levels)
        };
        let mut orders = Vec::new();
        for part in parts {
            let z = model_matrix(n, &data.variables, &terms_of(part, &names)?)?;
            for (j, name) in z.names().iter().enumerate() {
                let basis = if name == "(intercept)" { Basis::One } else { Basis::Column(z.column(j)) };
                term.basis.push(basis);
                term.columns.push(name.clone());
            }
            orders.push(z.n_columns());
        }
        terms.push(term.with_parts(&orders));
    }
    Ok(Read { data, x, terms })
}

/// The factor of all combinations of levels that occur, in the order of the columns' levels.
fn crossed(columns: &[&(Vec<u32>, Vec<String>)]) -> (Vec<u32>, Vec<String>) {
    let Some(((codes, labels), rest)) = columns.split_first().map(|(f, r)| (f.to_owned(), r)) else {
        return (Vec::new(), Vec::new());
    };
    let (mut codes, mut labels) = (codes.clone(), labels.clone());
    for (other, names) in rest {
        let width = names.len() as u64;
        let joint: Vec<u64> =
            codes.iter().zip(other).map(|(&a, &b)| u64::from(a) * width + u64::from(b)).collect();
        let mut occurs = joint.clone();
        occurs.sort_unstable();
        occurs.dedup();
        let place: HashMap<u64, u32> = occurs.iter().copied().zip(0..).collect();
        codes = joint.iter().map(|j| place[j]).collect();
        let label = |j: u64| {
            let (a, b) = (usize::try_from(j / width).unwrap_or(0), usize::try_from(j % width).unwrap_or(0));
            format!("{}:{}", labels[a], names[b])
        };
        labels = occurs.iter().map(|&j| label(j)).collect();
    }
    (codes, labels)
}

fn build(
    frame: &Frame,
    spec: &Spec,
    random: &Random,
    reml: bool,
    start: Option<&[f64]>,
    control: &Control,
) -> Result<Mixed> {
    let mut read = read(frame, spec, random, control)?;
    let outcome = spec.outcome(&mut read.data);
    let problem = Problem::new(read.terms, read.x, &outcome, &spec.outcome)?;
    let fit = lmm(&problem, reml, start)?;
    let mut data = read.data;
    data.sums = [outcome.n, outcome.sum, outcome.sum2];
    Ok(Mixed { data, problem, fit })
}

#[pymethods]
impl Mixed {
    #[new]
    #[pyo3(signature = (table, spec, random, reml, start=None, threads=0, progress=None))]
    #[allow(clippy::too_many_arguments)]
    fn new(
        py: Python<'_>,
        table: InTable,
        spec: Spec,
        random: Random,
        reml: bool,
        start: Option<Vec<f64>>,
        threads: usize,
        progress: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Self> {
        enter(py, threads, progress, |control| {
            build(&table.0.not_empty()?, &spec, &random, reml, start.as_deref(), control)
        })
    }

    /// Fixed effects with their standard errors.
    fn coefficients(&self, py: Python<'_>) -> PyResult<OutTable> {
        enter_short(py, 0, || {
            let fit = &self.fit;
            let error = |j: usize| fit.covariance[[j, j]].sqrt();
            let each = |f: &dyn Fn(usize) -> f64| (0..fit.beta.len()).map(f).collect::<Vec<f64>>();
            TableBuilder::new()
                .text("term", self.problem.names())
                .f64("estimate", fit.beta.clone())
                .f64("std_error", each(&error))
                .f64("statistic", each(&|j| fit.beta[j] / error(j)))
                .build()
        })
        .map(OutTable::from)
    }

    /// Covariance of the fixed effects.
    fn covariance(&self) -> Vec<Vec<f64>> {
        self.fit.covariance.rows().into_iter().map(|r| r.to_vec()).collect()
    }

    /// Variances, covariances and correlations of the random effects, the residual variance last.
    fn components(&self, py: Python<'_>) -> PyResult<OutTable> {
        enter_short(py, 0, || {
            let rows = components(&self.problem, &self.fit);
            TableBuilder::new()
                .text("factor", rows.iter().map(|r| r.factor.as_str()))
                .text("term", rows.iter().map(|r| r.term.as_str()))
                .f64("estimate", rows.iter().map(|r| r.variance).collect())
                .f64_opt("sd", rows.iter().map(|r| r.sd).collect())
                .f64_opt("r", rows.iter().map(|r| r.correlation).collect())
                .f64_opt("share", rows.iter().map(|r| r.share).collect())
                .build()
        })
        .map(OutTable::from)
    }

    /// Conditional modes with their conditional standard deviations.
    fn modes(&self, py: Python<'_>) -> PyResult<OutTable> {
        enter_short(py, 0, || {
            mode_table(&self.problem.design.terms, &self.fit.modes, &self.fit.mode_covariances)
        })
        .map(OutTable::from)
    }

    /// The parts of θ, in the order of the search, with the factor and the entry of Λ each stands in.
    fn theta(&self) -> Vec<(String, String, f64)> {
        theta_rows(&self.problem.design.terms, &self.problem.entries(), &self.fit.theta)
    }

    /// Points the search took: θ and the criterion.
    fn path(&self) -> Vec<(Vec<f64>, f64)> {
        let unscaled = |(theta, value): &(Vec<f64>, f64)| (self.problem.unscaled(theta), *value);
        self.fit.search.path.iter().map(unscaled).collect()
    }

    /// Facts by the names of the glossary.
    fn facts(&self) -> Vec<(&'static str, f64)> {
        let (fit, k) = (&self.fit, self.fit.n_parameters() as f64);
        let whole = overall(&self.problem, fit);
        vec![
            ("n_obs", fit.n),
            ("n_missing", self.data.n_missing),
            ("sigma", fit.sigma),
            ("log_lik", fit.log_lik()),
            ("criterion", fit.criterion),
            ("aic", fit.criterion + 2.0 * k),
            ("bic", fit.criterion + k * fit.n.ln()),
            ("r_squared_marginal", whole.r2_marginal),
            ("r_squared_conditional", whole.r2_conditional),
            ("n_evaluations", fit.search.evaluations as f64),
            ("gradient_norm", fit.search.gradient_norm),
            ("decrement", fit.search.decrement),
        ]
    }

    /// Per factor: name, levels, whether its covariance is singular.
    fn factors(&self) -> Vec<(String, usize, bool)> {
        let terms = self.problem.design.terms.iter().zip(&self.fit.singular);
        terms.map(|(t, &s)| (t.name.clone(), t.n_levels(), s)).collect()
    }

    /// Fitted values and residuals, where the rows are those of the table.
    fn rows(&self, py: Python<'_>) -> PyResult<Option<OutTable>> {
        if self.data.grouped || self.data.original.is_empty() {
            return Ok(None);
        }
        let rows = enter_short(py, 0, || {
            let fitted = linear(&self.problem, &self.fit);
            let y: Vec<f64> = self.data.sums[1].iter().zip(&self.data.sums[0]).map(|(s, n)| s / n).collect();
            TableBuilder::new()
                .count("row", &self.data.original)
                .f64("resid", y.iter().zip(&fitted).map(|(y, f)| y - f).collect())
                .f64("fitted", fitted)
                .build()
        })?;
        Ok(Some(OutTable::from(rows)))
    }
}

/// Conditional modes and their conditional standard deviations, level after level.
pub(super) fn mode_table(
    terms: &[RandomTerm],
    modes: &[Vec<f64>],
    covariances: &[Vec<f64>],
) -> Result<RecordBatch> {
    let (mut factors, mut groups, mut columns) = (Vec::new(), Vec::new(), Vec::new());
    let (mut estimates, mut errors) = (Vec::new(), Vec::new());
    for (t, term) in terms.iter().enumerate() {
        let q = term.q();
        for (level, label) in term.levels.iter().enumerate() {
            for k in 0..q {
                factors.push(term.name.as_str());
                groups.push(label.as_str());
                columns.push(term.columns[k].as_str());
                estimates.push(modes[t][level * q + k]);
                errors.push(covariances[t][(level * q + k) * q + k].max(0.0).sqrt());
            }
        }
    }
    TableBuilder::new()
        .text("factor", factors)
        .text("group", groups)
        .text("term", columns)
        .f64("estimate", estimates)
        .f64("std_error", errors)
        .build()
}

/// The parts of θ with the factor and the entry of Λ each stands in.
pub(super) fn theta_rows(
    terms: &[RandomTerm],
    entries: &[(usize, (usize, usize))],
    theta: &[f64],
) -> Vec<(String, String, f64)> {
    let name = |t: usize, (i, j): (usize, usize)| {
        let columns = &terms[t].columns;
        if i == j { columns[i].clone() } else { format!("{}:{}", columns[j], columns[i]) }
    };
    entries.iter().zip(theta).map(|(&(t, e), v)| (terms[t].name.clone(), name(t, e), *v)).collect()
}

/// Predictions for the last `last` rows of a table that begins with the rows of the fit: X·β, plus the modes of
/// the factors given as (levels, modes); a level without a mode counts 0.
#[pyfunction]
#[allow(clippy::too_many_arguments)]
pub fn mixed_predict(
    py: Python<'_>,
    table: InTable,
    spec: Spec,
    random: Random,
    names: Vec<String>,
    beta: Vec<f64>,
    modes: Vec<(Vec<String>, Vec<f64>)>,
    last: usize,
    threads: usize,
) -> PyResult<OutTable> {
    enter_short(py, threads, || {
        let read = read(&table.0.not_empty()?, &spec, &random, &Control::new())?;
        if read.x.names() != names {
            let news: Vec<&String> = read.x.names().iter().filter(|n| !names.contains(n)).collect();
            let expected = "levels that the model was fitted on";
            return Err(Error::option("table", expected, format!("{news:?}")));
        }
        let mut predicted = vec![0.0; read.x.n_rows()];
        read.x.add_linear(&beta, &mut predicted);
        for (term, (levels, modes)) in read.terms.iter().zip(&modes) {
            let q = term.q();
            let known: HashMap<&str, usize> = levels.iter().map(String::as_str).zip(0..).collect();
            let place: Vec<Option<&usize>> = term.levels.iter().map(|l| known.get(l.as_str())).collect();
            for (i, p) in predicted.iter_mut().enumerate() {
                if let Some(&level) = place[term.codes[i] as usize] {
                    *p += (0..q).map(|k| term.basis[k].at(i) * modes[level * q + k]).sum::<f64>();
                }
            }
        }
        let first = table_rows(&read.data).saturating_sub(last);
        let kept: Vec<usize> = (0..predicted.len()).filter(|&i| read.data.original[i] >= first).collect();
        TableBuilder::new()
            .count("row", &kept.iter().map(|&i| read.data.original[i] - first).collect::<Vec<_>>())
            .f64("estimate", kept.iter().map(|&i| predicted[i]).collect())
            .build()
    })
    .map(OutTable::from)
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // counts of rows
fn table_rows(data: &ModelData) -> usize {
    data.original.len() + data.n_missing as usize
}
