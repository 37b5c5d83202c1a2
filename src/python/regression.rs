//! Bindings of regression: a fitted model that stays in Rust while Python asks for its parts.

use pyo3::prelude::*;

use crate::design::{Groups, ModelMatrix, Term, Variable, model_matrix};
use crate::error::{Error, Result};
use crate::frame::{ModelData, Rows, TableBuilder};
use crate::parallel::Control;
use crate::python::door::{enter, enter_short};
use crate::python::input::InRows;
use crate::python::output::OutTable;
use crate::python::spec::{Spec, covariance, groups_of, logged, terms_of};
use crate::regression::family::Link;
use crate::regression::glm::{Glm, Options, glm, null_deviance};
use crate::regression::inference::{Inference, Wald};
use crate::regression::influence::influence;
use crate::regression::likelihood::profile;
use crate::regression::lm::{LeastSquares, lm};
use crate::regression::negative_binomial::negative_binomial;
use crate::regression::outcome::{Kind, Outcome};
use crate::regression::separation::pattern;

/// A fitted model.
#[pyclass(frozen, name = "Model", module = "gofal._core")]
pub struct Model {
    pub(super) spec: Spec,
    pub(super) data: ModelData,
    pub(super) terms: Vec<Term>,
    pub(super) outcome: Outcome,
    pub(super) groups: Vec<Groups>,
    pub(super) fit: Fitted,
    pub(super) inference: Inference,
}

/// What kind of fit it is.
pub(super) enum Fitted {
    Linear(Box<LeastSquares>),
    General(Box<Glm>),
    /// With θ and its standard error.
    Counts(Box<Glm>, f64, f64),
}

impl Fitted {
    pub(super) fn glm(&self) -> &Glm {
        match self {
            Self::Linear(model) => &model.fit,
            Self::General(fit) | Self::Counts(fit, _, _) => fit,
        }
    }
}

/// Reads, builds and fits.
fn build(rows: Rows, spec: Spec, control: &Control) -> Result<Model> {
    let data = rows.model(&spec.roles(), control)?;
    fitted(data, spec)
}

/// Builds and fits.
pub(super) fn fitted(mut data: ModelData, spec: Spec) -> Result<Model> {
    let names: Vec<String> = data.variables.iter().map(|v: &Variable| v.name.clone()).collect();
    let terms = terms_of(&spec.terms, &names)?;
    if spec.exposure {
        logged(&mut data, spec.offset.as_deref().unwrap_or("exposure"))?;
    }
    weights(&data, &spec).map_err(|e| placed(e, &data.original))?;
    let outcome = spec.outcome(&mut data);
    let x: ModelMatrix = model_matrix(outcome.len(), &data.variables, &terms)?;
    let options = spec.options()?;
    let fit = fit(&x, &outcome, &spec, options).map_err(|e| placed(e, &data.original))?;
    let groups = groups_of(&data)?;
    let inference = {
        let labels = data.clusters.first().map_or(&[][..], |(_, labels)| labels.as_slice());
        let kind = covariance(&spec.vcov, &groups, labels, Some((&outcome, options)))?;
        Inference::new(fit.glm(), kind)?
    };
    Ok(Model { spec, data, terms, outcome, groups, fit, inference })
}

/// Refuses weights below 0, and weights that leave no row.
fn weights(data: &ModelData, spec: &Spec) -> Result<()> {
    let named = spec.prior.as_ref().or(spec.frequency.as_ref());
    let (Some(name), values) = (named, data.prior.as_ref().unwrap_or(&data.sums[0])) else { return Ok(()) };
    let below = (0..values.len()).filter(|&i| values[i] < 0.0);
    if let Some(first) = below.clone().next() {
        return Err(Error::values(name, below, "weights of 0 or more", values[first]));
    }
    if values.iter().all(|w| *w == 0.0) {
        return Err(Error::values(name, 0..values.len(), "weights of which some are above 0", 0.0));
    }
    Ok(())
}

/// The caller's row numbers in an error about rows used.
fn placed(mut error: Error, original: &[usize]) -> Error {
    if let Error::Values { rows, .. } | Error::Separation { rows, .. } = &mut error {
        rows.iter_mut().for_each(|i| *i = original.get(*i).copied().unwrap_or(*i));
    }
    error
}

fn fit(x: &ModelMatrix, outcome: &Outcome, spec: &Spec, options: Options<'_>) -> Result<Fitted> {
    Ok(match spec.family.as_str() {
        "gaussian" if options.link == Link::Identity => {
            Fitted::Linear(Box::new(lm(x, outcome, &spec.outcome)?))
        }
        "negative-binomial" => {
            let model = negative_binomial(x, outcome, &spec.outcome)?;
            Fitted::Counts(Box::new(model.fit), model.theta, model.theta_error)
        }
        _ => Fitted::General(Box::new(glm(x, outcome, options)?)),
    })
}

/// Rows of tests as a table.
pub(super) fn tests(names: &[String], rows: &[Wald]) -> TableBuilder {
    tests_after(TableBuilder::new(), names, rows)
}

/// The same after other columns.
pub(super) fn tests_after(table: TableBuilder, names: &[String], rows: &[Wald]) -> TableBuilder {
    table
        .text("term", names)
        .f64("estimate", rows.iter().map(|r| r.estimate).collect())
        .f64("std_error", rows.iter().map(|r| r.std_error).collect())
        .f64_opt("statistic", rows.iter().map(|r| r.statistic).collect())
        .f64_opt("df", rows.iter().map(|r| Some(r.df).filter(|d| d.is_finite())).collect())
        .f64("p_value", rows.iter().map(|r| r.p).collect())
        .f64("conf_low", rows.iter().map(|r| r.low).collect())
        .f64("conf_high", rows.iter().map(|r| r.high).collect())
}

#[pymethods]
impl Model {
    #[new]
    #[pyo3(signature = (table, spec, threads=0, progress=None))]
    fn new(
        py: Python<'_>,
        table: InRows,
        spec: Spec,
        threads: usize,
        progress: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Self> {
        enter(py, threads, progress, |control| build(table.0, spec, control))
    }

    /// Coefficients with tests and intervals; `profile` takes limits from the likelihood.
    #[pyo3(signature = (conf_level, profile=false))]
    fn coefficients(&self, py: Python<'_>, conf_level: f64, profile: bool) -> PyResult<OutTable> {
        enter_short(py, 0, || {
            let fit = self.fit.glm();
            let mut rows: Vec<Wald> =
                (0..fit.beta.len()).map(|j| self.inference.coefficient(&fit.beta, j, conf_level)).collect();
            if !profile {
                return tests(&fit.names, &rows).build();
            }
            let reasons = self.profiled(&mut rows, conf_level)?;
            let open = |v: f64| Some(v).filter(|v| v.is_finite());
            tests(&fit.names, &rows)
                .f64_opt("low", rows.iter().map(|r| open(r.low)).collect())
                .f64_opt("high", rows.iter().map(|r| open(r.high)).collect())
                .text_opt("reason", reasons)
                .build()
        })
        .map(OutTable::from)
    }

    /// Levels of a column, in order; empty for a continuous one.
    fn levels(&self, column: &str) -> Vec<String> {
        let found = self.data.variables.iter().find(|v| v.name == column);
        match found.map(|v| &v.values) {
            Some(crate::design::Values::Coded(_, levels)) => {
                (0..levels.len()).map(|i| levels.label(i)).collect()
            }
            _ => Vec::new(),
        }
    }

    /// Rows, events and their share by the levels of a column, in order; `None` for a continuous one.
    fn totals(&self, py: Python<'_>, column: &str) -> PyResult<Option<OutTable>> {
        let found = self.data.variables.iter().find(|v| v.name == column);
        let Some(crate::design::Values::Coded(codes, levels)) = found.map(|v| &v.values) else {
            return Ok(None);
        };
        let (mut n, mut sum) = (vec![0.0; levels.len()], vec![0.0; levels.len()]);
        for (i, &c) in codes.iter().enumerate() {
            n[c as usize] += self.outcome.n[i];
            sum[c as usize] += self.outcome.sum[i];
        }
        let share = sum.iter().zip(&n).map(|(s, n)| s / n).collect();
        let table = TableBuilder::new()
            .text(column, (0..levels.len()).map(|i| levels.label(i)))
            .numbers("population", n.into_iter().map(Some).collect())
            .numbers("events", sum.into_iter().map(Some).collect())
            .f64("proportion", share);
        enter_short(py, 0, || table.build()).map(|t| Some(OutTable::from(t)))
    }

    /// Names of the columns kept and of those left out.
    fn names(&self) -> (Vec<String>, Vec<String>) {
        (self.fit.glm().names.clone(), self.fit.glm().aliased.clone())
    }

    /// Patterns of the cells whose fitted mean is on the edge of its range (log and identity links).
    fn edge(&self) -> Vec<String> {
        let fit = self.fit.glm();
        let shown = |i: &usize| format!("{} (fitted {:.0})", pattern(&fit.scores.x, *i), fit.mu[*i]);
        fit.edge.iter().map(shown).collect()
    }

    /// Columns of two values that are constant within clusters: name, clusters with the rarer value.
    fn clusters_exposed(&self) -> Vec<(String, usize)> {
        let [groups] = self.groups.as_slice() else { return Vec::new() };
        let fit = self.fit.glm();
        let count = |j: usize| exposed(&fit.scores.x.column(j), groups).map(|n| (fit.names[j].clone(), n));
        (0..fit.names.len()).filter_map(count).collect()
    }

    /// Covariance of the coefficients, row by row.
    fn covariance(&self) -> Vec<Vec<f64>> {
        self.inference.vcov.rows().into_iter().map(|r| r.to_vec()).collect()
    }

    /// Facts about the fit by the names of the glossary.
    fn facts(&self) -> PyResult<Vec<(&'static str, f64)>> {
        Python::attach(|py| enter_short(py, 0, || self.all_facts()))
    }

    /// One row per input row: fitted value, residual and, for least squares, influence. Only of models fitted by row.
    fn rows(&self, py: Python<'_>) -> PyResult<Option<OutTable>> {
        if self.data.original.is_empty() || self.spec.cells.is_some() {
            return Ok(None);
        }
        enter_short(py, 0, || self.row_table()).map(|t| Some(OutTable::from(t)))
    }
}

/// Clusters with the rarer of two values of a column that is constant within clusters.
fn exposed(column: &[f64], groups: &Groups) -> Option<usize> {
    let mut values: Vec<(f64, usize)> = Vec::new();
    for rows in groups.iter().filter(|rows| !rows.is_empty()) {
        let first = column[rows[0]];
        if rows.iter().any(|&i| column[i] != first) {
            return None;
        }
        match values.iter_mut().find(|(v, _)| *v == first) {
            Some((_, n)) => *n += 1,
            None => values.push((first, 1)),
        }
        if values.len() > 2 {
            return None;
        }
    }
    (values.len() == 2).then(|| values[0].1.min(values[1].1))
}

impl Model {
    fn profiled(&self, rows: &mut [Wald], conf_level: f64) -> Result<Vec<Option<&'static str>>> {
        let mut reasons = Vec::with_capacity(rows.len());
        let options = self.spec.options()?;
        let options = Options { family: self.fit.glm().family, link: self.fit.glm().link, ..options };
        for (j, row) in rows.iter_mut().enumerate() {
            let (low, high) = profile(self.fit.glm(), &self.outcome, options, j, conf_level)?;
            row.low = low.unwrap_or(f64::NEG_INFINITY);
            row.high = high.unwrap_or(f64::INFINITY);
            let open = low.is_none() || high.is_none();
            reasons.push(open.then_some("the profile likelihood does not fall enough: no limit"));
        }
        Ok(reasons)
    }

    fn all_facts(&self) -> Result<Vec<(&'static str, f64)>> {
        let fit = self.fit.glm();
        let mut facts = vec![
            ("n_obs", if self.spec.trials.is_some() { fit.n_obs } else { self.data.n_used }),
            ("n_missing", self.data.n_missing),
            ("n_cells", fit.mu.len() as f64),
            ("df_residual", fit.df),
        ];
        let likelihood = self.outcome.kind != Kind::Sums && !self.spec.quasi;
        if likelihood {
            facts.push(("log_lik", fit.log_lik));
        }
        let mut k = fit.beta.len() as f64;
        match &self.fit {
            Fitted::Linear(model) => {
                k += 1.0;
                facts.extend([
                    ("r_squared", model.r_squared),
                    ("r_squared_adjusted", model.adj_r_squared),
                    ("sigma", model.sigma),
                ]);
                if let Some((f, _, _, p)) = model.f {
                    facts.extend([("statistic", f), ("p_value", p)]);
                }
            }
            Fitted::General(_) => facts.extend(self.deviances()?),
            Fitted::Counts(_, theta, error) => {
                k += 1.0;
                facts.extend(self.deviances()?);
                facts.extend([("theta", *theta), ("theta_std_error", *error)]);
            }
        }
        if likelihood {
            facts.extend([
                ("aic", 2.0 * k - 2.0 * fit.log_lik),
                ("bic", fit.n_obs.ln() * k - 2.0 * fit.log_lik),
            ]);
        }
        if let Some(g) = self.inference.n_clusters {
            facts.push(("n_clusters", g as f64));
        }
        Ok(facts)
    }

    fn deviances(&self) -> Result<Vec<(&'static str, f64)>> {
        let fit = self.fit.glm();
        let options = Options { family: fit.family, link: fit.link, ..self.spec.options()? };
        let null = null_deviance(&self.outcome, options)?;
        let mut facts = vec![("pearson", fit.pearson), ("n_iter", fit.n_iter as f64)];
        if self.outcome.kind != Kind::Sums {
            facts.extend([("deviance", fit.deviance), ("null_deviance", null)]);
        }
        if fit.df > 0.0 {
            facts.push(("dispersion", fit.pearson / fit.df));
        }
        Ok(facts)
    }

    fn row_table(&self) -> Result<arrow_array::RecordBatch> {
        let fit = self.fit.glm();
        let per =
            |i: usize| if self.outcome.n[i] > 0.0 { self.outcome.sum[i] / self.outcome.n[i] } else { 0.0 };
        let y: Vec<f64> = (0..fit.mu.len()).map(per).collect();
        let table = TableBuilder::new().count("row", &self.data.original).f64("fitted", fit.mu.clone());
        if let Fitted::Linear(model) = &self.fit {
            let left = influence(model, &y);
            return table
                .f64("resid", left.residuals)
                .f64("leverage", left.leverage)
                .f64_opt("std_resid", left.studentised)
                .f64_opt("cooks_distance", left.cook)
                .build();
        }
        let leverage = fit.scores.leverage();
        table
            .f64("resid", y.iter().zip(&fit.mu).map(|(y, m)| y - m).collect())
            .f64("leverage", leverage.iter().map(|h| h.clamp(0.0, 1.0)).collect())
            .build()
    }
}
