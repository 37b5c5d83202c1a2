//! Binding of the Oaxaca-Blinder decomposition.

use pyo3::prelude::*;

use crate::decomposition::oaxaca::{Oaxaca, Part, oaxaca as decompose};
use crate::decomposition::oaxaca_fit::{Data, Reference, sides};
use crate::decomposition::traced::{Traced, Units};
use crate::design::{Coding, Levels, Term, Values, Variable, model_matrix};
use crate::error::{Error, Result};
use crate::frame::{Frame, ModelData, TableBuilder};
use crate::num::dist::{normal, t};
use crate::parallel::Control;
use crate::python::door::enter;
use crate::python::input::InTable;
use crate::python::output::OutTable;
use crate::python::spec::{Spec, logged, terms_of};
use crate::regression::inference::quantile;
use crate::regression::outcome::Outcome;

/// Two parts, three parts, both by column, facts.
type Split = (OutTable, OutTable, Vec<(&'static str, f64)>);

/// Oaxaca-Blinder decomposition of the gap between two groups.
#[pyfunction]
#[pyo3(signature = (table, spec, group, levels, reference, normalise, conf_level, threads=0, progress=None))]
#[allow(clippy::too_many_arguments)]
pub fn oaxaca(
    py: Python<'_>,
    table: InTable,
    spec: Spec,
    group: &str,
    levels: (String, String),
    reference: (String, f64),
    normalise: bool,
    conf_level: f64,
    threads: usize,
    progress: Option<&Bound<'_, PyAny>>,
) -> PyResult<Split> {
    enter(py, threads, progress, |control| {
        let frame = table.0.not_empty()?;
        let read = Read::new(&frame, &spec, group, [levels.0, levels.1], normalise, control)?;
        let reference = match reference.0.as_str() {
            "pooled" => Reference::Pooled,
            "neumark" => Reference::Neumark,
            "cotton" => Reference::Cotton,
            _ => Reference::Share(reference.1),
        };
        let data = Data {
            columns: read.columns,
            names: read.names,
            second: read.second,
            outcome: &read.outcome,
            options: spec.options()?,
            groups: read.groups,
            factors: read.factors,
        };
        let found = decompose(&sides(&data, reference, &read.units)?, &read.units)?;
        let rows: Vec<(&str, &Part)> =
            found.two.iter().map(|p| ("two", p)).chain(found.three.iter().map(|p| ("three", p))).collect();
        let n_second = data.second.iter().filter(|s| **s).count();
        let facts =
            facts(&found, &read.units, conf_level, data.second.len() - n_second, n_second, read.n_missing);
        Ok((
            totals(&rows, &found, &read.units, conf_level)?,
            columns(&rows, &found, &read.units, conf_level)?,
            facts,
        ))
    })
    .map(|(t, c, f)| (OutTable::from(t), OutTable::from(c), f))
}

/// The rows of the two groups.
struct Read {
    columns: Vec<Vec<f64>>,
    names: Vec<String>,
    second: Vec<bool>,
    outcome: Outcome,
    groups: [String; 2],
    factors: Vec<(Vec<usize>, String)>,
    units: Units,
    n_missing: f64,
}

impl Read {
    fn new(
        frame: &Frame,
        spec: &Spec,
        group: &str,
        groups: [String; 2],
        normalise: bool,
        control: &Control,
    ) -> Result<Self> {
        let mut roles = spec.roles();
        roles.rows = true;
        roles.clusters = std::iter::once(group.to_owned()).chain(spec.clusters.clone()).collect();
        let mut data: ModelData = frame.model(&roles, control)?;
        if spec.exposure {
            logged(&mut data, spec.offset.as_deref().unwrap_or("exposure"))?;
        }
        let (codes, labels) = &data.clusters[0];
        let [first, second] = [code(labels, &groups[0], group)?, code(labels, &groups[1], group)?];
        let keep: Vec<usize> =
            (0..codes.len()).filter(|&i| codes[i] == first || codes[i] == second).collect();
        let chosen: Vec<bool> = keep.iter().map(|&i| codes[i] == second).collect();
        let names: Vec<String> = data.variables.iter().map(|v| v.name.clone()).collect();
        let terms: Vec<Term> = terms_of(&spec.terms, &names)?;
        let x = model_matrix(codes.len(), &data.variables, &terms)?;
        let columns = (0..x.n_columns())
            .map(|j| {
                let column = x.column(j);
                keep.iter().map(|&i| column[i]).collect()
            })
            .collect();
        let factors = if normalise { factors_of(&terms, &data.variables, x.names()) } else { Vec::new() };
        let clusters = data.clusters.get(1).map(|(codes, _)| renumbered(codes, &keep));
        let whole = spec.outcome(&mut data);
        let of = |v: &Vec<f64>| keep.iter().map(|&i| v[i]).collect::<Vec<f64>>();
        let outcome = Outcome {
            kind: whole.kind,
            n: of(&whole.n),
            sum: of(&whole.sum),
            sum2: of(&whole.sum2),
            prior: whole.prior.as_ref().map(of),
            offset: whole.offset.as_ref().map(of),
        };
        let units = match clusters {
            Some((of, n)) if n >= 2 => Units::clusters(&of, n),
            Some((_, n)) => {
                return Err(Error::TooFew { what: "clusters".to_owned(), needed: 2, got: n });
            }
            // Trials are one observation a row; frequency weights as many as they say.
            None if spec.trials.is_some() => Units::rows(&vec![1.0; keep.len()]),
            None => Units::rows(&outcome.n),
        };
        let (names, n_missing) = (x.names().to_vec(), data.n_missing);
        Ok(Self { columns, names, second: chosen, outcome, groups, factors, units, n_missing })
    }
}

/// Codes of the rows kept without gaps, and how many there are.
fn renumbered(codes: &[u32], keep: &[usize]) -> (Vec<usize>, usize) {
    let mut place = std::collections::HashMap::new();
    let of = keep
        .iter()
        .map(|&i| {
            let next = place.len();
            *place.entry(codes[i]).or_insert(next)
        })
        .collect();
    (of, place.len())
}

fn code(labels: &[String], wanted: &str, group: &str) -> Result<u32> {
    let same = |l: &String| {
        l == wanted || matches!((l.parse::<f64>(), wanted.parse::<f64>()), (Ok(a), Ok(b)) if a == b)
    };
    let at = labels.iter().position(same).and_then(|at| u32::try_from(at).ok());
    at.ok_or_else(|| {
        let known: Vec<&str> = labels.iter().take(10).map(String::as_str).collect();
        Error::option(group, &format!("a value that occurs: {}", known.join(", ")), wanted)
    })
}

/// Main effects of factors: their columns, and the name of the level left out.
fn factors_of(terms: &[Term], variables: &[Variable], names: &[String]) -> Vec<(Vec<usize>, String)> {
    let mut out = Vec::new();
    for part in terms.iter().filter(|t| t.len() == 1).map(|t| &t[0]) {
        let Values::Coded(_, levels) = &variables[part.variable].values else { continue };
        let coded = matches!(part.coding, Coding::Factor(_))
            || (part.coding == Coding::Auto && matches!(levels, Levels::Text(_)));
        // A factor that interacts has no single coefficient a level.
        let alone = terms.iter().filter(|t| t.iter().any(|p| p.variable == part.variable)).count() == 1;
        if !coded || !alone {
            continue;
        }
        let name = |l: usize| format!("{}={}", part.label, levels.label(l));
        let found: Vec<Option<usize>> =
            (0..levels.len()).map(|l| names.iter().position(|n| *n == name(l))).collect();
        let left: Vec<usize> = (0..levels.len()).filter(|&l| found[l].is_none()).collect();
        if let [base] = left[..] {
            out.push((found.into_iter().flatten().collect(), name(base)));
        }
    }
    out
}

struct Tested {
    error: f64,
    statistic: Option<f64>,
    p: Option<f64>,
    limits: (f64, f64),
}

fn tested(of: &Traced, units: &Units, conf_level: f64) -> Tested {
    let df = if units.clustered { units.len() as f64 - 1.0 } else { f64::INFINITY };
    let error = units.std_error(of);
    // A part that is 0 by construction has no test.
    let statistic = (error > 0.0).then(|| of.value / error);
    let p = statistic.map(|z| if units.clustered { t::two_sided_p(z, df) } else { normal::two_sided_p(z) });
    let half = quantile(conf_level, df) * error;
    Tested { error, statistic, p, limits: (of.value - half, of.value + half) }
}

fn with_tests(table: TableBuilder, all: &[&Traced], units: &Units, conf_level: f64) -> TableBuilder {
    let found: Vec<Tested> = all.iter().map(|of| tested(of, units, conf_level)).collect();
    table
        .f64("estimate", all.iter().map(|of| of.value).collect())
        .f64("std_error", found.iter().map(|f| f.error).collect())
        .f64_opt("statistic", found.iter().map(|f| f.statistic).collect())
        .f64_opt("p_value", found.iter().map(|f| f.p).collect())
        .f64("conf_low", found.iter().map(|f| f.limits.0).collect())
        .f64("conf_high", found.iter().map(|f| f.limits.1).collect())
}

fn totals(
    rows: &[(&str, &Part)],
    found: &Oaxaca,
    units: &Units,
    conf_level: f64,
) -> Result<arrow_array::RecordBatch> {
    let gap = found.means[2].value;
    let table = TableBuilder::new()
        .text("fold", rows.iter().map(|r| r.0))
        .text("component", rows.iter().map(|r| r.1.name));
    let all: Vec<&Traced> = rows.iter().map(|r| &r.1.total).collect();
    with_tests(table, &all, units, conf_level)
        .f64_opt("share", all.iter().map(|of| (gap != 0.0).then(|| of.value / gap)).collect())
        .build()
}

fn columns(
    rows: &[(&str, &Part)],
    found: &Oaxaca,
    units: &Units,
    conf_level: f64,
) -> Result<arrow_array::RecordBatch> {
    let names = || rows.iter().flat_map(|_| found.columns.iter());
    let table = TableBuilder::new()
        .text("fold", rows.iter().flat_map(|r| found.columns.iter().map(move |_| r.0)))
        .text("component", rows.iter().flat_map(|r| found.columns.iter().map(move |_| r.1.name)))
        .text("term", names());
    let all: Vec<&Traced> = rows.iter().flat_map(|r| &r.1.by_column).collect();
    with_tests(table, &all, units, conf_level).build()
}

fn facts(
    found: &Oaxaca,
    units: &Units,
    conf_level: f64,
    n_first: usize,
    n_second: usize,
    n_missing: f64,
) -> Vec<(&'static str, f64)> {
    let gap = tested(&found.means[2], units, conf_level);
    let mut out = vec![
        ("mean_first", found.means[0].value),
        ("mean_second", found.means[1].value),
        ("difference", found.means[2].value),
        ("std_error", gap.error),
        ("conf_low", gap.limits.0),
        ("conf_high", gap.limits.1),
        ("n_first", n_first as f64),
        ("n_second", n_second as f64),
        ("n_missing", n_missing),
    ];
    if units.clustered {
        out.push(("n_clusters", units.len() as f64));
    }
    out
}
