//! Bindings of models of categorical outcomes: unordered, ordered.

use pyo3::prelude::*;

use crate::design::Weights;
use crate::error::{Error, Result};
use crate::frame::TableBuilder;
use crate::parallel::Control;
use crate::python::door::enter;
use crate::python::input::InRows;
use crate::python::outcome::{Fit, Read, Slopes, criteria, estimates, rows_of, walds};
use crate::python::output::OutTable;
use crate::python::spec::{Parts, Spec};
use crate::regression::multinomial::multinomial as fitted;
use crate::regression::ordinal::{Link, Ordinal, ordinal as ordered};
use crate::regression::proportionality::{ProportionalityTest, proportionality};
use crate::regression::sandwich::sandwich;

/// Baseline-category logit; the first of the levels is the reference unless another is named.
#[pyfunction]
#[pyo3(signature = (table, spec, levels, reference, conf_level, threads=0, progress=None))]
#[allow(clippy::too_many_arguments)]
pub fn multinomial(
    py: Python<'_>,
    table: InRows,
    spec: Spec,
    levels: Option<(Vec<String>, bool)>,
    reference: Option<&str>,
    conf_level: f64,
    threads: usize,
    progress: Option<&Bound<'_, PyAny>>,
) -> PyResult<Fit> {
    enter(py, threads, progress, |control| {
        let read = Read::new(table.0, spec, &Parts::new(), control)?;
        unordered(&read, levels.as_ref(), reference, conf_level).map_err(|e| read.placed(e))
    })
}

fn unordered(
    read: &Read,
    levels: Option<&(Vec<String>, bool)>,
    reference: Option<&str>,
    conf: f64,
) -> Result<Fit> {
    let (codes, levels) = read.category(levels)?;
    let base = match reference {
        None => 0,
        Some(name) => levels.iter().position(|l| l == name).ok_or_else(|| {
            Error::option("reference", &format!("a level of the outcome: {}", levels.join(", ")), name)
        })?,
    };
    let x = read.matrix()?;
    let w = Weights::Frequency(&read.data.sums[0]);
    let fit = fitted(&codes, &levels, x.to_dense().view(), x.names(), w, base)?;
    let inference = sandwich(&fit.vcov, &fit, read.sandwich(0)?)?;
    let theta: Vec<f64> = fit.beta.iter().copied().collect();
    let p = fit.names.len();
    let group = fit.levels.iter().flat_map(|l| std::iter::repeat_n(Some(l.clone()), p)).collect();
    let terms: Vec<String> = fit.levels.iter().flat_map(|_| fit.names.iter().cloned()).collect();
    let mut facts = read.facts(fit.n_iter);
    criteria(&mut facts, fit.log_lik, theta.len(), fit.n_obs);
    facts.push(("n_groups", levels.len() as f64));
    facts.extend(inference.n_clusters.map(|g| ("n_clusters", g as f64)));
    let table = estimates(&terms, &walds(&inference, &theta, conf), vec![("group", group)])?;
    let mut more = vec![("levels", OutTable::from(TableBuilder::new().text("category", &levels).build()?))];
    if !read.data.original.is_empty() {
        let count = levels.len();
        let row: Vec<usize> =
            read.data.original.iter().flat_map(|&i| std::iter::repeat_n(i, count)).collect();
        let names = (0..row.len()).map(|i| levels[i % count].as_str());
        let table = TableBuilder::new().count("row", &row).text("category", names);
        more.push((
            "augment",
            OutTable::from(table.f64("fitted", fit.fitted.iter().copied().collect()).build()?),
        ));
    }
    Ok((table, rows_of(&inference.vcov), facts, more))
}

/// Cumulative link model; the effects of `partial` columns of the table may differ by threshold.
#[pyfunction]
#[pyo3(signature = (table, spec, levels, link, partial, conf_level, threads=0, progress=None))]
#[allow(clippy::too_many_arguments)]
pub fn ordinal(
    py: Python<'_>,
    table: InRows,
    spec: Spec,
    levels: Option<(Vec<String>, bool)>,
    link: &str,
    partial: Vec<String>,
    conf_level: f64,
    threads: usize,
    progress: Option<&Bound<'_, PyAny>>,
) -> PyResult<Fit> {
    let link = match link {
        "logit" => Ok(Link::Logit),
        "probit" => Ok(Link::Probit),
        "cloglog" => Ok(Link::Cloglog),
        other => Err(Error::option("link", "logit, probit or cloglog", other)),
    };
    enter(py, threads, progress, |control: &Control| {
        let read = Read::new(table.0, spec, &Parts::new(), control)?;
        cumulative(&read, levels.as_ref(), link?, &partial, conf_level).map_err(|e| read.placed(e))
    })
}

/// The columns of every slope of the formula: label of the term, places of its columns.
fn by_term(read: &Read, slopes: &Slopes) -> Vec<(String, Vec<usize>)> {
    let mut out: Vec<(String, Vec<usize>)> = Vec::new();
    let terms = read.spec.terms.iter().filter(|t| !t.is_empty());
    for (k, term) in terms.enumerate() {
        let label: Vec<&str> = term.iter().map(|(_, _, label)| label.as_str()).collect();
        out.push((label.join(":"), (0..slopes.names.len()).filter(|&j| slopes.term[j] == k).collect()));
    }
    out
}

fn cumulative(
    read: &Read,
    levels: Option<&(Vec<String>, bool)>,
    link: Link,
    partial: &[String],
    conf: f64,
) -> Result<Fit> {
    let (codes, levels) = read.category(levels)?;
    let slopes = read.slopes()?;
    let terms: Vec<&Vec<(String, String, String)>> =
        read.spec.terms.iter().filter(|t| !t.is_empty()).collect();
    let varies = |j: &usize| terms[slopes.term[*j]].iter().any(|(column, _, _)| partial.contains(column));
    let varying: Vec<usize> = (0..slopes.names.len()).filter(varies).collect();
    let w = Weights::Frequency(&read.data.sums[0]);
    let at = |columns: &[usize]| ordered(&codes, &levels, slopes.x.view(), &slopes.names, w, link, columns);
    let null = at(&[])?;
    let tests = if levels.len() > 2 { Some(tests(&null, &by_term(read, &slopes))?) } else { None };
    let fit = if varying.is_empty() { null } else { at(&varying)? };
    let inference = sandwich(&fit.vcov, &fit, read.sandwich(0)?)?;
    let (theta, terms, part, group) = parameters(&fit);
    let mut facts = read.facts(fit.n_iter);
    criteria(&mut facts, fit.log_lik, theta.len(), fit.n_obs);
    facts.push(("n_groups", levels.len() as f64));
    facts.extend(inference.n_clusters.map(|g| ("n_clusters", g as f64)));
    let rows = walds(&inference, &theta, conf);
    let table = estimates(&terms, &rows, vec![("part", part), ("group", group)])?;
    let mut more = vec![("levels", OutTable::from(TableBuilder::new().text("category", &levels).build()?))];
    more.extend(tests.map(|t| ("proportionality", t)));
    Ok((table, rows_of(&inference.vcov), facts, more))
}

type Parameters = (Vec<f64>, Vec<String>, Vec<Option<String>>, Vec<Option<String>>);

/// θ in the order of the covariance: value, term, part of the model, threshold.
fn parameters(fit: &Ordinal) -> Parameters {
    let cuts = fit.thresholds.len();
    let theta = fit.thresholds.iter().chain(&fit.beta).chain(&fit.gamma).copied().collect();
    let mut terms = fit.threshold_names.clone();
    terms.extend(fit.names.iter().cloned());
    terms.extend(fit.nonproportional.iter().flat_map(|n| std::iter::repeat_n(n.clone(), cuts)));
    let word = |s: &str| Some(s.to_owned());
    let mut part = vec![word("threshold"); cuts];
    part.resize(terms.len(), word("effect"));
    let mut group = vec![None; cuts + fit.names.len()];
    group.extend(fit.nonproportional.iter().flat_map(|_| fit.threshold_names.iter().cloned().map(Some)));
    (theta, terms, part, group)
}

/// Likelihood-ratio and score test of each term, and of all together.
fn tests(null: &Ordinal, terms: &[(String, Vec<usize>)]) -> Result<OutTable> {
    let all: Vec<usize> = (0..null.names.len()).collect();
    let mut rows: Vec<(String, ProportionalityTest)> = Vec::new();
    for (label, columns) in terms {
        rows.push((label.clone(), proportionality(null, columns)?));
    }
    if terms.len() > 1 {
        rows.push(("(all)".to_owned(), proportionality(null, &all)?));
    }
    let both = || rows.iter().flat_map(|(label, t)| [(label, t, true), (label, t, false)]);
    let reason = |(_, t, lr): (&String, &ProportionalityTest, bool)| {
        (lr && t.lr.is_none())
            .then_some("the model with effects by threshold has no maximum: they would cross")
    };
    let table = TableBuilder::new()
        .text("term", both().map(|r| r.0.clone()))
        .text("method", both().map(|r| if r.2 { "likelihood ratio" } else { "score" }))
        .f64_opt("statistic", both().map(|(_, t, lr)| if lr { t.lr } else { Some(t.score) }).collect())
        .f64("df", both().map(|(_, t, _)| t.df).collect())
        .f64_opt(
            "p_value",
            both().map(|(_, t, lr)| if lr { t.lr_p_value } else { Some(t.score_p_value) }).collect(),
        )
        .text_opt("reason", both().map(reason));
    Ok(OutTable::from(table.build()?))
}
