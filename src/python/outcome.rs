//! What the bindings of outcome models share: reading a table, robust covariances, tables of estimates.

use ndarray::{Array2, Axis};

use crate::design::{ModelMatrix, Term, Variable, model_matrix, term_of_columns};
use crate::error::{Error, Result};
use crate::frame::{ModelData, Rows, TableBuilder};
use crate::parallel::Control;
use crate::python::output::OutTable;
use crate::python::regression::tests_after;
use crate::python::spec::{Parts, Spec, logged, terms_of};
use crate::regression::inference::{Inference, Wald};
use crate::regression::sandwich::{Sandwich, Small};

/// More levels than this are no category: (K − 1)p coefficients would follow.
const MOST_LEVELS: usize = 50;

/// Facts by the names of the glossary.
pub type Facts = Vec<(&'static str, f64)>;
/// Coefficients, their covariance, facts, further tables by name.
pub type Fit = (OutTable, Vec<Vec<f64>>, Facts, Vec<(&'static str, OutTable)>);

/// The complete rows or cells of a model.
pub struct Read {
    pub spec: Spec,
    pub data: ModelData,
    terms: Vec<Term>,
}

/// A design whose intercept is left to the model (thresholds, strata): columns, names, term of each column.
pub struct Slopes {
    pub x: Array2<f64>,
    pub names: Vec<String>,
    pub term: Vec<usize>,
}

impl Read {
    /// Reads the columns of the terms and of `more` terms.
    pub fn new(rows: Rows, spec: Spec, more: &Parts, control: &Control) -> Result<Self> {
        let all: Parts = spec.terms.iter().chain(more).cloned().collect();
        let mut data = rows.model(&spec.roles_of(&all), control)?;
        let terms = terms_of(&spec.terms, &names(&data))?;
        if spec.exposure {
            logged(&mut data, spec.offset.as_deref().unwrap_or("exposure"))?;
        }
        if data.sums[0].iter().all(|n| *n == 0.0) {
            let column = spec.frequency.as_deref().or(spec.trials.as_deref()).unwrap_or("weight");
            return Err(Error::values(column, 0..data.sums[0].len(), "weights that are not all 0", 0));
        }
        Ok(Self { spec, data, terms })
    }

    /// Rows or cells.
    pub fn len(&self) -> usize {
        self.data.sums[0].len()
    }

    /// The design of the formula.
    pub fn matrix(&self) -> Result<ModelMatrix> {
        model_matrix(self.len(), &self.data.variables, &self.terms)
    }

    /// The design of other terms over the same columns.
    pub fn matrix_of(&self, parts: &Parts) -> Result<ModelMatrix> {
        model_matrix(self.len(), &self.data.variables, &terms_of(parts, &names(&self.data))?)
    }

    /// The design coded beside an intercept, the intercept left out.
    pub fn slopes(&self) -> Result<Slopes> {
        let mut terms: Vec<Term> = vec![Vec::new()];
        terms.extend(self.terms.iter().filter(|t| !t.is_empty()).cloned());
        let x = model_matrix(self.len(), &self.data.variables, &terms)?;
        let of = term_of_columns(&self.data.variables, &terms)?;
        let kept: Vec<usize> = (0..x.n_columns()).filter(|&j| of[j] > 0).collect();
        if kept.is_empty() {
            return Err(Error::option("formula", "a predictor on the right-hand side", "none"));
        }
        Ok(Slopes {
            x: x.to_dense().select(Axis(1), &kept),
            names: kept.iter().map(|&j| x.names()[j].clone()).collect(),
            term: kept.iter().map(|&j| of[j] - 1).collect(),
        })
    }

    /// Codes and levels of a categorical outcome: those given, in that order, otherwise as they sort. Where the
    /// second part is `true` they were only declared, and those that no row has are left out.
    pub fn category(&self, levels: Option<&(Vec<String>, bool)>) -> Result<(Vec<u32>, Vec<String>)> {
        let Some((codes, found)) = &self.data.category else {
            return Err(Error::Internal { message: "the outcome was not read as a category".to_owned() });
        };
        let labels: Vec<String> = (0..found.len()).map(|i| found.label(i)).collect();
        if labels.len() > MOST_LEVELS {
            return Err(Error::WrongType {
                column: self.spec.outcome.clone(),
                expected: format!("a category of at most {MOST_LEVELS} levels"),
                got: format!("{} distinct values", labels.len()),
            });
        }
        let Some((given, declared)) = levels else { return Ok((codes.clone(), labels)) };
        let wanted: Vec<String> = given.iter().filter(|l| !declared || labels.contains(l)).cloned().collect();
        let place = |l: &String| wanted.iter().position(|w| w == l).and_then(|k| u32::try_from(k).ok());
        let to: Vec<Option<u32>> = labels.iter().map(place).collect();
        if let Some(stray) = to.iter().position(Option::is_none) {
            let expected = format!("every level of \"{}\", {} included", self.spec.outcome, labels[stray]);
            return Err(Error::option("levels", &expected, wanted.join(", ")));
        }
        Ok((codes.iter().map(|c| to[*c as usize].unwrap_or(0)).collect(), wanted))
    }

    /// The error with the outcome's name and the rows of the table in it.
    pub fn placed(&self, error: Error) -> Error {
        let row = |i: usize| self.data.original.get(i).copied().unwrap_or(i);
        match error {
            Error::Separation { columns, rows, pattern, .. } => {
                let rows = rows.into_iter().map(row).collect();
                Error::Separation { outcome: self.spec.outcome.clone(), columns, rows, pattern }
            }
            Error::Values { column, rows, n, expected, got } => {
                let named = matches!(column.as_str(), "successes" | "count" | "outcome");
                let column = if named { self.spec.outcome.clone() } else { column };
                Error::Values { column, rows: rows.into_iter().map(row).collect(), n, expected, got }
            }
            other => other,
        }
    }

    /// Refuses outcomes other than 0 and 1, or than whole successes of the trials.
    pub fn binary(&self) -> Result<()> {
        let [n, sum, squares] = &self.data.sums;
        let trials = self.spec.trials.is_some();
        let bad = |i: &usize| {
            let ok = if trials { sum[*i].fract() == 0.0 } else { sum[*i] == squares[*i] };
            !(ok && sum[*i] >= 0.0 && sum[*i] <= n[*i])
        };
        let Some(first) = (0..n.len()).find(bad) else { return Ok(()) };
        let expected = if trials { "whole numbers of successes up to the trials" } else { "0 and 1" };
        let got = if trials { sum[first] } else { sum[first] / n[first] };
        Err(self.placed(Error::values("outcome", (0..n.len()).filter(bad), expected, got)))
    }

    /// Clusters from the column `at` of those read.
    pub fn sandwich(&self, at: usize) -> Result<Sandwich<'_>> {
        let small = match self.spec.vcov.as_str() {
            "classical" => return Ok(Sandwich::Classical),
            "HC0" => return Ok(Sandwich::Hc0),
            "HC1" => return Ok(Sandwich::Hc1),
            "CR0" => Small::Cr0,
            "CR1" => Small::Cr1,
            "CR1S" => Small::Cr1s,
            other => return Err(Error::option("vcov", "classical, HC0, HC1, CR0, CR1 or CR1S", other)),
        };
        match self.data.clusters.get(at..) {
            Some([(codes, labels)]) => Ok(Sandwich::Clusters(small, codes, labels.len())),
            _ => Err(Error::option("vcov", "one cluster column", self.spec.vcov.clone())),
        }
    }

    /// Sizes that every model reports.
    pub fn facts(&self, n_iter: usize) -> Facts {
        vec![
            ("n_obs", self.data.n_used),
            ("n_missing", self.data.n_missing),
            ("n_cells", self.len() as f64),
            ("n_iter", n_iter as f64),
        ]
    }
}

fn names(data: &ModelData) -> Vec<String> {
    data.variables.iter().map(|v: &Variable| v.name.clone()).collect()
}

/// Rows of Wald tests of θ.
pub fn walds(inference: &Inference, theta: &[f64], conf_level: f64) -> Vec<Wald> {
    (0..theta.len()).map(|j| inference.coefficient(theta, j, conf_level)).collect()
}

/// A matrix row by row.
pub fn rows_of(a: &Array2<f64>) -> Vec<Vec<f64>> {
    a.rows().into_iter().map(|r| r.to_vec()).collect()
}

/// Criteria of a likelihood with q parameters on n observations.
pub fn criteria(facts: &mut Facts, log_lik: f64, q: usize, n: f64) {
    let q = q as f64;
    facts.extend([
        ("df_residual", n - q),
        ("log_lik", log_lik),
        ("aic", 2.0 * (q - log_lik)),
        ("bic", q * n.ln() - 2.0 * log_lik),
    ]);
}

/// A table of estimates with the columns that say what a row is about.
pub fn estimates(
    terms: &[String],
    rows: &[Wald],
    about: Vec<(&str, Vec<Option<String>>)>,
) -> Result<OutTable> {
    let table = about.into_iter().fold(TableBuilder::new(), |t, (name, values)| t.text_opt(name, values));
    Ok(OutTable::from(tests_after(table, terms, rows).build()?))
}
