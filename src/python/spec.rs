//! What Python says of a model, in the kernels' words.

use pyo3::prelude::*;

use crate::design::{Coding, Groups, Part, Term, Transform};
use crate::error::{Error, Result};
use crate::frame::{ModelData, Roles};
use crate::regression::clustered::Kind as ClusterKind;
use crate::regression::family::{Family, Link};
use crate::regression::glm::Options;
use crate::regression::inference::Covariance;
use crate::regression::outcome::{Kind, Outcome};
use crate::regression::scores::Robust;

/// A term as (column, coding, label) parts.
pub type Parts = Vec<Vec<(String, String, String)>>;

/// What Python says of a model.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub struct Spec {
    pub outcome: String,
    pub terms: Parts,
    pub family: String,
    pub link: Option<String>,
    pub quasi: bool,
    pub trials: Option<String>,
    /// (n, Σy², whether Σy² is given) columns of cells.
    pub cells: Option<(String, Option<String>)>,
    pub frequency: Option<String>,
    pub prior: Option<String>,
    pub offset: Option<String>,
    /// Whether the offset column is an exposure, whose logarithm is the offset.
    pub exposure: bool,
    pub clusters: Vec<String>,
    pub vcov: String,
    pub by_row: bool,
}

pub fn terms_of(parts: &Parts, names: &[String]) -> Result<Vec<Term>> {
    let coding = |text: &str, label: &str| -> Result<Coding> {
        Ok(match text.split_once(':') {
            Some(("factor", reference)) => Coding::Factor(Some(reference.to_owned())),
            Some(("power", k)) => {
                let k = k.parse().map_err(|_| Error::option("formula", "a number as power", label))?;
                Coding::Number(Transform::Power(k))
            }
            _ => match text {
                "auto" => Coding::Auto,
                "factor" => Coding::Factor(None),
                "number" => Coding::Number(Transform::Identity),
                "log" => Coding::Number(Transform::Log),
                "exp" => Coding::Number(Transform::Exp),
                "sqrt" => Coding::Number(Transform::Sqrt),
                other => return Err(Error::option("formula", "a coding", other)),
            },
        })
    };
    parts
        .iter()
        .map(|term| {
            term.iter()
                .map(|(column, how, label)| {
                    let variable = names.iter().position(|n| n == column).unwrap_or(0);
                    Ok(Part { variable, coding: coding(how, label)?, label: label.clone() })
                })
                .collect()
        })
        .collect()
}

/// The columns of the terms, each once.
pub fn columns_of(parts: &Parts) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for (column, _, _) in parts.iter().flatten() {
        if !names.contains(column) {
            names.push(column.clone());
        }
    }
    names
}

impl Spec {
    /// Columns by their part in the model.
    pub fn roles(&self) -> Roles {
        self.roles_of(&self.terms)
    }

    /// The same where further parts of the model have terms.
    pub fn roles_of(&self, terms: &Parts) -> Roles {
        let factors = terms.iter().flatten().filter(|(_, how, _)| how.starts_with("factor"));
        let mut factors: Vec<String> = factors.map(|(column, _, _)| column.clone()).collect();
        factors.dedup();
        Roles {
            outcome: self.outcome.clone(),
            variables: columns_of(terms),
            clusters: self.clusters.clone(),
            trials: self.trials.clone().or_else(|| self.cells.as_ref().map(|c| c.0.clone())),
            cells: self.cells.as_ref().map(|c| c.1.clone()),
            frequency: self.frequency.clone(),
            prior: self.prior.clone(),
            offset: self.offset.clone(),
            factors,
            by_outcome: matches!(self.family.as_str(), "gamma" | "negative-binomial") || self.counts(),
            categorical: self.family == "categorical",
            rows: self.by_row,
        }
    }

    /// A Poisson outcome may be a count: only its own cells keep its likelihood.
    fn counts(&self) -> bool {
        self.family == "poisson"
    }

    pub fn outcome(&self, data: &mut ModelData) -> Outcome {
        let kind = if self.trials.is_some() {
            Kind::Trials
        } else if data.binary && self.family != "gaussian" {
            Kind::Binary
        } else if self.family == "gaussian"
            && (data.grouped || self.cells.is_some() || self.frequency.is_some())
        {
            Kind::Moments
        } else if self.cells.is_some() && !alike(&data.sums) {
            Kind::Sums
        } else {
            Kind::Same
        };
        let [n, sum, sum2] = std::mem::take(&mut data.sums);
        Outcome { kind, n, sum, sum2, prior: data.prior.take(), offset: data.offset.take() }
    }

    /// Family and link.
    ///
    /// # Errors
    /// `InvalidOption`.
    pub fn options(&self) -> Result<Options<'_>> {
        let family = match self.family.as_str() {
            "gaussian" => Family::Gaussian,
            "binomial" => Family::Binomial,
            "poisson" | "negative-binomial" => Family::Poisson,
            "gamma" => Family::Gamma,
            other => {
                return Err(Error::option(
                    "family",
                    "gaussian, binomial, poisson, gamma or negative-binomial",
                    other,
                ));
            }
        };
        let link = self.link.as_deref().map(Link::named).transpose()?.unwrap_or(family.canonical());
        Ok(Options { family, link, quasi: self.quasi, start: None, column: &self.outcome })
    }
}

/// Whether the rows of every cell have the same outcome: nΣy² = (Σy)².
fn alike([n, sum, sum2]: &[Vec<f64>; 3]) -> bool {
    (0..n.len()).all(|i| (n[i] * sum2[i] - sum[i] * sum[i]).abs() <= 1e-12 * sum[i] * sum[i])
}

/// Groups of the rows by the clusters named, and by both where there are two.
pub fn groups_of(data: &ModelData) -> Result<Vec<Groups>> {
    let mut groups: Vec<Groups> =
        data.clusters.iter().map(|(codes, labels)| Groups::from_codes(codes, labels.len())).collect();
    if let [(a, first), (b, second)] = data.clusters.as_slice() {
        let width = u32::try_from(second.len()).unwrap_or(u32::MAX);
        let joint: Vec<u32> = a.iter().zip(b).map(|(a, b)| a * width + b).collect();
        groups.push(Groups::from_codes(&joint, first.len() * second.len()));
    } else if data.clusters.len() > 2 {
        return Err(Error::option("vcov", "one or two cluster columns", data.clusters.len()));
    }
    Ok(groups)
}

pub fn covariance<'a>(
    name: &str,
    groups: &'a [Groups],
    labels: &'a [String],
    refit: Option<(&'a Outcome, Options<'a>)>,
) -> Result<Covariance<'a>> {
    let kind = match name {
        "classical" => return Ok(Covariance::Classical),
        "HC0" => return Ok(Covariance::Robust(Robust::Hc0)),
        "HC1" => return Ok(Covariance::Robust(Robust::Hc1)),
        "HC2" => return Ok(Covariance::Robust(Robust::Hc2)),
        "HC3" => return Ok(Covariance::Robust(Robust::Hc3)),
        "HC4" => return Ok(Covariance::Robust(Robust::Hc4)),
        "HC5" => return Ok(Covariance::Robust(Robust::Hc5)),
        "jackknife" => {
            return match (groups, refit) {
                ([one], Some((outcome, options))) => Ok(Covariance::Jackknife(one, labels, outcome, options)),
                (_, None) => Err(Error::option("vcov", "CR0 to CR3 for this model", name)),
                _ => Err(Error::option("vcov", "one cluster column with \"jackknife\"", groups.len().min(2))),
            };
        }
        "CR0" => ClusterKind::Cr0,
        "CR1" => ClusterKind::Cr1,
        "CR1S" => ClusterKind::Cr1s,
        "CR2" => ClusterKind::Cr2,
        "CR3" => ClusterKind::Cr3,
        other => {
            return Err(Error::option(
                "vcov",
                "classical, HC0 to HC5, CR0, CR1, CR1S, CR2, CR3 or jackknife",
                other,
            ));
        }
    };
    match groups {
        [one] => Ok(Covariance::Clustered(kind, one)),
        [a, b, both] if kind == ClusterKind::Cr1s => Ok(Covariance::TwoWay(a, b, both)),
        [_, _, _] => Err(Error::option("kind", "\"CR1S\" with two cluster columns", name)),
        _ => Err(Error::option("vcov", "a cluster column with CR0 to CR3", name)),
    }
}

/// An exposure as an offset.
pub fn logged(data: &mut ModelData, name: &str) -> Result<()> {
    let Some(values) = &mut data.offset else { return Ok(()) };
    if let Some(first) = values.iter().position(|v| *v <= 0.0) {
        let rows: Vec<usize> = (0..values.len()).filter(|&i| values[i] <= 0.0).collect();
        let place = |i: usize| data.original.get(i).copied().unwrap_or(i);
        let expected = "an exposure above 0 (its logarithm is the offset): drop these rows";
        return Err(Error::values(name, rows.into_iter().map(place), expected, values[first]));
    }
    values.iter_mut().for_each(|v| *v = v.ln());
    Ok(())
}
