//! Bindings of generalised linear mixed models.

use pyo3::prelude::*;

use crate::error::Result;
use crate::frame::{Frame, ModelData, TableBuilder};
use crate::mixed::glmm::density::Density;
use crate::mixed::glmm::fit::Glmm as Fit;
use crate::mixed::glmm::model::Model;
use crate::mixed::glmm::profile::profile_sd;
use crate::mixed::glmm::scale::{interval_ratio, median_ratio, observed};
use crate::mixed::glmm::start::{Asked, fit};
use crate::mixed::glmm::summary::{Component, components, level};
use crate::num::dist::normal;
use crate::parallel::Control;
use crate::python::door::{enter, enter_short};
use crate::python::input::InTable;
use crate::python::mixed::{Random, read};
use crate::python::output::OutTable;
use crate::python::spec::{Spec, logged};

/// A fitted generalised linear mixed model.
#[pyclass(frozen, name = "Glmm", module = "gofal._core")]
pub struct Glmm {
    data: ModelData,
    model: Model,
    fit: Fit,
}

fn build(
    frame: &Frame,
    spec: &Spec,
    random: &Random,
    nodes: usize,
    start: Option<&[f64]>,
    control: &Control,
) -> Result<Glmm> {
    let density = Density::named(&spec.family, spec.link.as_deref())?;
    let mut read = read(frame, spec, random, control)?;
    if spec.exposure {
        logged(&mut read.data, spec.offset.as_deref().unwrap_or("exposure"))?;
    }
    let outcome = spec.outcome(&mut read.data);
    let asked = Asked { density, column: &spec.outcome, nodes, warm: start };
    let (model, fit) = fit(read.terms, &read.x, &outcome, asked, control)?;
    let mut data = read.data;
    data.sums = [outcome.n, outcome.sum, outcome.sum2];
    Ok(Glmm { data, model, fit })
}

#[pymethods]
impl Glmm {
    #[new]
    #[pyo3(signature = (table, spec, random, nodes, start=None, threads=0, progress=None))]
    #[allow(clippy::too_many_arguments)]
    fn new(
        py: Python<'_>,
        table: InTable,
        spec: Spec,
        random: Random,
        nodes: usize,
        start: Option<Vec<f64>>,
        threads: usize,
        progress: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Self> {
        enter(py, threads, progress, |control| {
            build(&table.0.not_empty()?, &spec, &random, nodes, start.as_deref(), control)
        })
    }

    /// Fixed effects with normal tests and intervals.
    fn coefficients(&self, py: Python<'_>, conf_level: f64) -> PyResult<OutTable> {
        enter_short(py, 0, || {
            let fit = &self.fit;
            let z = normal::quantile(f64::midpoint(1.0, conf_level));
            let error = |j: usize| fit.covariance[[j, j]].sqrt();
            let each = |f: &dyn Fn(usize) -> f64| (0..fit.beta.len()).map(f).collect::<Vec<f64>>();
            TableBuilder::new()
                .text("term", self.model.x.names())
                .f64("estimate", fit.beta.clone())
                .f64("std_error", each(&error))
                .f64("statistic", each(&|j| fit.beta[j] / error(j)))
                .f64("p_value", each(&|j| 2.0 * normal::sf((fit.beta[j] / error(j)).abs())))
                .f64("conf_low", each(&|j| fit.beta[j] - z * error(j)))
                .f64("conf_high", each(&|j| fit.beta[j] + z * error(j)))
                .build()
        })
        .map(OutTable::from)
    }

    /// Covariance of the fixed effects: from the observed information, or with θ taken as known.
    fn covariance(&self, conditional: bool) -> Vec<Vec<f64>> {
        let v = if conditional { &self.fit.conditional } else { &self.fit.covariance };
        v.rows().into_iter().map(|r| r.to_vec()).collect()
    }

    /// Variances, covariances and correlations of the random effects; shares on the latent scale.
    fn components(&self, py: Python<'_>) -> PyResult<OutTable> {
        enter_short(py, 0, || {
            let rows = components(&self.model, &self.fit);
            let shares: Vec<Option<f64>> = rows.iter().map(|r| r.share).collect();
            TableBuilder::new()
                .text("factor", rows.iter().map(|r: &Component| r.factor.as_str()))
                .text("term", rows.iter().map(|r| r.term.as_str()))
                .f64("estimate", rows.iter().map(|r| r.variance).collect())
                .f64_opt("sd", rows.iter().map(|r| r.sd).collect())
                .f64_opt("r", rows.iter().map(|r| r.correlation).collect())
                .f64_opt("share", shares)
                .build()
        })
        .map(OutTable::from)
    }

    /// Conditional modes with their conditional standard deviations.
    fn modes(&self, py: Python<'_>) -> PyResult<OutTable> {
        enter_short(py, 0, || {
            crate::python::mixed::mode_table(
                &self.model.design.terms,
                &self.fit.modes,
                &self.fit.mode_covariances,
            )
        })
        .map(OutTable::from)
    }

    /// The parts of θ, in the order of the search, with the factor and the entry of Λ each stands in.
    fn theta(&self) -> Vec<(String, String, f64)> {
        crate::python::mixed::theta_rows(&self.model.design.terms, &self.model.entries(), &self.fit.theta)
    }

    /// Points the search took: θ and −2 log likelihood.
    fn path(&self) -> Vec<(Vec<f64>, f64)> {
        let (p, k) = (self.model.p(), self.model.n_theta());
        let entries = self.model.entries();
        let unscaled = |psi: &[f64]| -> Vec<f64> {
            let theta = psi[p..p + k].iter().zip(&entries);
            theta.map(|(v, &(t, (r, _)))| v / self.model.scale[t][r]).collect()
        };
        self.fit.search.path.iter().map(|(psi, value)| (unscaled(psi), *value)).collect()
    }

    /// Facts by the names of the glossary; `None` for what the data cannot say.
    fn facts(&self) -> Vec<(&'static str, Option<f64>)> {
        let (fit, k) = (&self.fit, self.model.n_parameters() as f64);
        let known = self.model.constant.map(|_| fit.deviance);
        let (n, df) = (self.model.n_obs, self.model.n_obs - k);
        let whole = level(&self.model, fit);
        vec![
            ("n_obs", Some(n)),
            ("n_missing", Some(self.data.n_missing)),
            ("log_lik", known.map(|d| -d / 2.0)),
            ("criterion", known),
            ("aic", known.map(|d| d + 2.0 * k)),
            ("bic", known.map(|d| d + k * n.ln())),
            ("theta", fit.phi),
            ("pearson_ratio", (df > 0.0).then(|| fit.pearson / df)),
            ("mean_eta", Some(whole.eta)),
            ("mean_count", Some(whole.mean)),
            ("residual", Some(whole.residual)),
            ("n_evaluations", Some(fit.search.evaluations as f64)),
            ("gradient_norm", Some(fit.search.gradient_norm)),
            ("decrement", Some(fit.search.decrement)),
        ]
    }

    /// Per factor: name, levels, whether its covariance is singular, its mean variance in a row.
    fn factors(&self) -> Vec<(String, usize, bool, f64)> {
        let whole = level(&self.model, &self.fit);
        let terms = self.model.design.terms.iter().zip(&self.fit.singular).zip(whole.random);
        terms.map(|((t, &s), v)| (t.name.clone(), t.n_levels(), s, v)).collect()
    }

    /// Fitted means and response residuals, where the rows are those of the table.
    fn rows(&self, py: Python<'_>) -> PyResult<Option<OutTable>> {
        if self.data.grouped || self.data.original.is_empty() {
            return Ok(None);
        }
        let rows = enter_short(py, 0, || {
            let link = self.model.density.link();
            let fitted: Vec<f64> = self.fit.eta.iter().map(|e| link.mean(*e).0).collect();
            let y: Vec<f64> = self.data.sums[1].iter().zip(&self.data.sums[0]).map(|(s, n)| s / n).collect();
            TableBuilder::new()
                .count("row", &self.data.original)
                .f64("resid", y.iter().zip(&fitted).map(|(y, f)| y - f).collect())
                .f64("fitted", fitted)
                .build()
        })?;
        Ok(Some(OutTable::from(rows)))
    }

    /// Profile-likelihood limits of the standard deviation of each factor with one random effect, in the order of the
    /// factors: (factor, lower, upper); an open upper end is `None`.
    #[pyo3(signature = (conf_level, threads=0))]
    fn profile(
        &self,
        py: Python<'_>,
        conf_level: f64,
        threads: usize,
    ) -> PyResult<Vec<(String, f64, Option<f64>)>> {
        enter(py, threads, None, |control| profile_sd(&self.model, &self.fit, conf_level, control))
    }
}

/// Shares of variance on the scale of the outcome: (level 1, per variance, all shared, total).
#[pyfunction]
#[pyo3(signature = (family, link, variances, eta, theta=None))]
pub fn observed_shares(
    py: Python<'_>,
    family: &str,
    link: &str,
    variances: Vec<f64>,
    eta: f64,
    theta: Option<f64>,
) -> PyResult<(f64, Vec<f64>, f64, f64)> {
    enter_short(py, 0, || {
        let found = observed(Density::named(family, Some(link))?, &variances, eta, theta.unwrap_or(1.0))?;
        Ok((found.residual, found.parts, found.all, found.total))
    })
}

/// Median ratio of a variance, and for a coefficient the middle 80% of the ratios and the share opposed.
#[pyfunction]
pub fn variance_ratios(variance: f64, beta: f64) -> (f64, f64, f64, f64) {
    let (low, high, opposed) = interval_ratio(beta, variance);
    (median_ratio(variance), low, high, opposed)
}
