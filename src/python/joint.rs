//! Binding of tests of several coefficients: a function of a [`Model`].

use pyo3::prelude::*;

use crate::design::term_of_columns;
use crate::error::{Error, Result};
use crate::frame::TableBuilder;
use crate::num::dist::{chi2, f};
use crate::parallel::Control;
use crate::python::door::enter;
use crate::python::output::OutTable;
use crate::python::regression::{Fitted, Model};
use crate::regression::glm::{Options, glm};
use crate::regression::joint::{Joint, wald};
use crate::regression::likelihood::{likelihood_ratio, score_test};
use crate::regression::negative_binomial::negative_binomial;

/// Tests that the terms of the formula with these numbers add nothing: Wald under the model's covariance; where that is
/// the classical one, likelihood-ratio and score tests too.
#[pyfunction]
pub fn joint_test(py: Python<'_>, model: &Model, terms: Vec<usize>, threads: usize) -> PyResult<OutTable> {
    enter(py, threads, None, |_: &Control| {
        let of = term_of_columns(&model.data.variables, &model.terms)?;
        let tested: Vec<usize> = (0..of.len()).filter(|&j| terms.contains(&of[j])).collect();
        let rest: Vec<usize> = (0..of.len()).filter(|j| !tested.contains(j)).collect();
        let fit = model.fit.glm();
        let mut rows = vec![("wald", wald(&model.inference, &fit.beta, &tested)?)];
        if model.spec.vcov == "classical" && !matches!(model.fit, Fitted::Linear(_)) {
            if rest.is_empty() {
                let reason = "nothing is left to compare with: keep the intercept or a term".to_owned();
                return Err(Error::Undefined { what: "a likelihood-ratio test".to_owned(), reason });
            }
            rows.extend(model.of_likelihood(&rest)?);
        }
        TableBuilder::new()
            .text("method", rows.iter().map(|r| r.0))
            .f64("statistic", rows.iter().map(|r| r.1.statistic).collect())
            .f64("df", rows.iter().map(|r| r.1.df).collect())
            .f64_opt("df2", rows.iter().map(|r| Some(r.1.df2).filter(|d| d.is_finite())).collect())
            .f64("p_value", rows.iter().map(|r| r.1.p).collect())
            .build()
    })
    .map(OutTable::from)
}

impl Model {
    /// Against the model of the columns `rest` alone.
    fn of_likelihood(&self, rest: &[usize]) -> Result<Vec<(&'static str, Joint)>> {
        let large = self.fit.glm();
        let few = large.scores.x.select(rest);
        if let Fitted::Counts(..) = &self.fit {
            // θ is estimated in both models; a score test at the smaller θ is not the usual one.
            let small = negative_binomial(&few, &self.outcome, &self.spec.outcome)?;
            let statistic = 2.0 * (large.log_lik - small.fit.log_lik);
            let df = small.fit.df - large.df;
            return Ok(vec![(
                "likelihood-ratio",
                Joint { statistic, df, df2: f64::INFINITY, p: chi2::sf(statistic, df) },
            )]);
        }
        let options = Options { family: large.family, link: large.link, ..self.spec.options()? };
        let small = glm(&few, &self.outcome, options)?;
        let estimated = self.spec.quasi || !large.family.fixed_dispersion();
        let (ratio, df, p) = likelihood_ratio(&small, large)?;
        if estimated {
            let statistic = ratio / df;
            let p = f::sf(statistic, df, large.df);
            return Ok(vec![("likelihood-ratio", Joint { statistic, df, df2: large.df, p })]);
        }
        let (score, _, p_score) = score_test(&small, &large.scores.x)?;
        Ok(vec![
            ("likelihood-ratio", Joint { statistic: ratio, df, df2: f64::INFINITY, p }),
            ("score", Joint { statistic: score, df, df2: f64::INFINITY, p: p_score }),
        ])
    }
}
