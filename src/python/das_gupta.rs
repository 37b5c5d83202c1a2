//! Binding of Das Gupta's standardisation.

use pyo3::prelude::*;

use crate::decomposition::cells::{check_counts, shares};
use crate::decomposition::das_gupta::{Factors, das_gupta as standardise, structure};
use crate::decomposition::rate_draws::{Observed, replicates};
use crate::error::Result;
use crate::frame::{Frame, Named, TableBuilder};
use crate::python::counted::{Counts, Limits, align, chosen, joined, limited, percentiles};
use crate::python::door::enter;
use crate::python::input::InTable;
use crate::python::output::OutTable;

/// Standardised rates (factors × populations), effects of the first two by cell, rows used and dropped.
type Standards = (OutTable, OutTable, Option<OutTable>, usize, usize);

/// Das Gupta's standardisation of rates that are products of factors.
#[pyfunction]
#[pyo3(signature = (table, factors, between, populations, category, structured, counts, threads=0, progress=None))]
#[allow(clippy::too_many_arguments)]
pub fn das_gupta(
    py: Python<'_>,
    table: InTable,
    factors: Vec<String>,
    between: &str,
    populations: Vec<String>,
    category: Vec<String>,
    structured: Vec<String>,
    counts: Counts,
    threads: usize,
    progress: Option<&Bound<'_, PyAny>>,
) -> PyResult<Standards> {
    enter(py, threads, progress, |control| {
        let frame = table.0.not_empty()?;
        let product = Product::read(&frame, factors, between, &populations, &category, &structured, &counts)?;
        let found = product.factors(None)?;
        let whole = standardise(&found)?;
        let at = differences(&whole.rates, &whole.crude);
        let limits = match counts.n_resamples.filter(|_| counts.events.is_some()) {
            None => vec![(None, None); at.len()],
            Some(n) => {
                let (events, sizes) = product.counts();
                let observed = Observed { events, sizes, law: counts.law(), sampled: counts.sampled };
                let drawn = replicates(observed, n, counts.seed, control, |rates, sizes| {
                    let again = standardise(&product.factors(Some((rates, sizes)))?)?;
                    Ok(differences(&again.rates, &again.crude))
                })?;
                percentiles(drawn, &at, counts.conf_level)?
            }
        };
        let names = &product.populations;
        let tables = (
            product.effects(&found.names, &at, &limits)?,
            product.standardised(&found.names, &whole.rates, &whole.crude)?,
            (names.len() == 2).then(|| product.cells(&found)).transpose()?,
        );
        Ok((tables, names.len() * product.labels.len(), product.n_missing))
    })
    .map(|((e, s, c), n, m)| (e.into(), s.into(), c.map(OutTable::from), n, m))
}

/// Rates and sizes drawn anew: populations × cells each.
type Drawn<'a> = (&'a [Vec<f64>], &'a [Vec<f64>]);

/// Effects between the first population and each other one, factor by factor, each followed by the crude difference.
fn differences(rates: &[Vec<f64>], crude: &[f64]) -> Vec<f64> {
    let others = 1..crude.len();
    let of = |p: usize| rates.iter().map(|r| r[0] - r[p]).chain([crude[0] - crude[p]]).collect::<Vec<_>>();
    others.flat_map(of).collect()
}

/// What a product of factors is made of.
struct Product {
    names: Vec<String>,
    populations: Vec<String>,
    labels: Vec<String>,
    /// Columns × populations × cells.
    values: Vec<Vec<Vec<f64>>>,
    /// Events and people, where a rate is made of them or a structure is split.
    events: Option<Vec<Vec<f64>>>,
    sizes: Option<Vec<Vec<f64>>>,
    /// Names and levels of the variables of the structure, by cell.
    structure: Vec<(String, Vec<u32>)>,
    base: f64,
    n_missing: usize,
}

impl Product {
    fn read(
        frame: &Frame,
        factors: Vec<String>,
        between: &str,
        asked: &[String],
        category: &[String],
        structured: &[String],
        counts: &Counts,
    ) -> Result<Self> {
        let mut numbers: Vec<&str> = factors.iter().map(String::as_str).collect();
        numbers.extend(counts.events.as_deref());
        numbers.extend(counts.population.as_deref());
        let named: Vec<&str> =
            std::iter::once(between).chain(structured.iter().chain(category).map(String::as_str)).collect();
        let rows = frame.complete_in(&numbers, &named)?;
        let by = &rows.factors[0];
        let codes = chosen(by, asked)?;
        let mut cells = joined(&rows.factors[1..]);
        if cells.codes.is_empty() {
            // Factors that are numbers: one cell.
            cells = Named {
                name: between.to_owned(),
                codes: vec![0; by.codes.len()],
                labels: vec!["all".to_owned()],
            };
        }
        let aligned = align(&rows, by, &cells, &codes)?;
        let taken: Vec<Vec<Vec<f64>>> = rows.numbers.iter().map(|v| aligned.take(v)).collect();
        let k = factors.len();
        let events = counts.events.is_some().then(|| taken[k].clone());
        let sizes = counts.population.is_some().then(|| taken[taken.len() - 1].clone());
        if let (Some(e), Some(n)) = (&counts.events, &counts.population) {
            let last = rows.numbers.len() - 1;
            check_counts((&rows.numbers[k], e), (&rows.numbers[last], n), counts.binomial)
                .map_err(|e| rows.place(e))?;
        }
        let level = |f: &Named| aligned.rows(0).iter().map(|&i| f.codes[i]).collect();
        Ok(Self {
            names: factors,
            populations: codes.iter().map(|&c| by.labels[c as usize].clone()).collect(),
            labels: aligned.rows(0).iter().map(|&i| cells.labels[cells.codes[i] as usize].clone()).collect(),
            values: taken.into_iter().take(k).collect(),
            events,
            sizes,
            structure: rows.factors[1..=structured.len()]
                .iter()
                .map(|f| (f.name.clone(), level(f)))
                .collect(),
            base: counts.base,
            n_missing: rows.sample.n_missing(),
        })
    }

    fn counts(&self) -> (&[Vec<f64>], &[Vec<f64>]) {
        (self.events.as_deref().unwrap_or_default(), self.sizes.as_deref().unwrap_or_default())
    }

    /// The factors of the rate; with rates and sizes drawn anew in place of the observed ones.
    fn factors(&self, drawn: Option<Drawn<'_>>) -> Result<Factors> {
        let mut out = Factors {
            names: self.names.clone(),
            values: self.values.clone(),
            structured: self.structure.len(),
        };
        let (events, observed) = self.counts();
        let sizes = drawn.map_or(observed, |d| d.1);
        if self.events.is_some() {
            let rate = |p: usize, c: usize| match drawn {
                Some((rates, _)) => rates[p][c] * self.base,
                None if sizes[p][c] > 0.0 => events[p][c] / sizes[p][c] * self.base,
                None => 0.0,
            };
            let all = (0..sizes.len()).map(|p| (0..sizes[p].len()).map(|c| rate(p, c)).collect()).collect();
            out.names.push("rate".to_owned());
            out.values.push(all);
        }
        if !self.structure.is_empty() {
            let levels: Vec<Vec<u32>> = self.structure.iter().map(|s| s.1.clone()).collect();
            shares(sizes, &self.populations)?;
            let each = sizes.iter().map(|n| structure(n, &levels)).collect::<Result<Vec<_>>>()?;
            for (k, (name, _)) in self.structure.iter().enumerate() {
                out.names.push(name.clone());
                out.values.push(each.iter().map(|f| f[k].clone()).collect());
            }
        }
        Ok(out)
    }

    fn effects(&self, names: &[String], at: &[f64], limits: &Limits) -> Result<arrow_array::RecordBatch> {
        let width = names.len() + 1;
        let gap = |i: usize| at[i / width * width + width - 1];
        let kept: Vec<usize> = (0..at.len()).filter(|i| i % width != width - 1).collect();
        let table = TableBuilder::new()
            .text("term", kept.iter().map(|i| &names[i % width]))
            .text("first", kept.iter().map(|_| &self.populations[0]))
            .text("second", kept.iter().map(|i| &self.populations[i / width + 1]))
            .f64("estimate", kept.iter().map(|&i| at[i]).collect())
            .f64("difference", kept.iter().map(|&i| gap(i)).collect())
            .f64_opt("share", kept.iter().map(|&i| (gap(i) != 0.0).then(|| at[i] / gap(i))).collect());
        limited(table, &kept.iter().map(|&i| limits[i]).collect::<Vec<_>>()).build()
    }

    fn standardised(
        &self,
        names: &[String],
        rates: &[Vec<f64>],
        crude: &[f64],
    ) -> Result<arrow_array::RecordBatch> {
        let n = self.populations.len();
        let all: Vec<(&str, usize, f64)> = names
            .iter()
            .map(String::as_str)
            .zip(rates)
            .flat_map(|(name, r)| (0..n).map(move |p| (name, p, r[p])))
            .chain((0..n).map(|p| ("crude", p, crude[p])))
            .collect();
        TableBuilder::new()
            .text("term", all.iter().map(|a| a.0))
            .text("group", all.iter().map(|a| &self.populations[a.1]))
            .f64("estimate", all.iter().map(|a| a.2).collect())
            .build()
    }

    fn cells(&self, factors: &Factors) -> Result<arrow_array::RecordBatch> {
        let by_cell = factors.by_cell(0, 1);
        let all: Vec<(&String, &String, f64)> = factors
            .names
            .iter()
            .zip(&by_cell)
            .flat_map(|(name, values)| self.labels.iter().zip(values).map(move |(l, v)| (name, l, *v)))
            .collect();
        TableBuilder::new()
            .text("term", all.iter().map(|a| a.0))
            .text("category", all.iter().map(|a| a.1))
            .f64("estimate", all.iter().map(|a| a.2).collect())
            .build()
    }
}
