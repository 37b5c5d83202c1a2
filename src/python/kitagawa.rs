//! Binding of Kitagawa's decomposition.

use pyo3::prelude::*;

use crate::decomposition::cells::{Aligned, check_counts, refuse, shares};
use crate::decomposition::kitagawa::{Kitagawa, Population, kitagawa as two_populations};
use crate::decomposition::rate_draws::{Observed, replicates};
use crate::error::Result;
use crate::frame::{Complete, TableBuilder};
use crate::num::dist::normal;
use crate::parallel::Control;
use crate::python::counted::{Counts, Limits, align, chosen, joined, limited, percentiles};
use crate::python::door::enter;
use crate::python::input::InTable;
use crate::python::output::OutTable;

/// Effects (all, then by category), crude rates and difference with its error, rows used and dropped.
type Split = (OutTable, OutTable, Vec<(&'static str, Option<f64>)>, usize, usize);

/// Kitagawa's decomposition of the difference between two populations.
#[pyfunction]
#[pyo3(signature = (table, category, between, populations, rate, counts, three, threads=0, progress=None))]
#[allow(clippy::too_many_arguments)]
pub fn kitagawa(
    py: Python<'_>,
    table: InTable,
    category: Vec<String>,
    between: &str,
    populations: (String, String),
    rate: Option<&str>,
    counts: Counts,
    three: bool,
    threads: usize,
    progress: Option<&Bound<'_, PyAny>>,
) -> PyResult<Split> {
    enter(py, threads, progress, |control| {
        let frame = table.0.not_empty()?;
        let size = counts.population.as_deref().unwrap_or_default();
        let top = counts.events.as_deref().or(rate).unwrap_or_default();
        let factors: Vec<&str> =
            std::iter::once(between).chain(category.iter().map(String::as_str)).collect();
        let rows = frame.complete_in(&[top, size], &factors)?;
        let (by, names) = (&rows.factors[0], [populations.0, populations.1]);
        let categories = joined(&rows.factors[1..]);
        let aligned = align(&rows, by, &categories, &chosen(by, &names)?)?;
        let inside = (&rows.numbers[0][..], top);
        if counts.events.is_some() {
            check_counts(inside, (&rows.numbers[1], size), counts.binomial).map_err(|e| rows.place(e))?;
        } else {
            let people = &rows.numbers[1];
            refuse(size, people, "numbers of people, 0 or more", |i| people[i] < 0.0)
                .map_err(|e| rows.place(e))?;
        }
        let labels: Vec<String> = aligned
            .rows(0)
            .iter()
            .map(|&i| categories.labels[categories.codes[i] as usize].clone())
            .collect();
        let data = Rates::new(&aligned, &rows, &counts);
        let found = data.split(&names, three, &counts)?;
        let limits = data.limits(&found, &names, three, &counts, control)?;
        let n = aligned.rows(0).len() * 2;
        Ok((
            effects(&found, &limits)?,
            by_category(&found, &labels, &limits)?,
            facts(&found, &limits),
            n,
            rows.sample.n_missing(),
        ))
    })
    .map(|(e, c, f, n, m)| (OutTable::from(e), OutTable::from(c), f, n, m))
}

/// Rates and sizes of two populations, as given.
struct Rates {
    /// Events, or rates.
    top: Vec<Vec<f64>>,
    sizes: Vec<Vec<f64>>,
    counted: bool,
}

impl Rates {
    fn new(aligned: &Aligned, rows: &Complete, counts: &Counts) -> Self {
        let (top, sizes) = (aligned.take(&rows.numbers[0]), aligned.take(&rows.numbers[1]));
        Self { top, sizes, counted: counts.events.is_some() }
    }

    fn split(&self, names: &[String], three: bool, counts: &Counts) -> Result<Kitagawa> {
        let rates: Vec<Vec<f64>> = if self.counted {
            let rate = |(e, n): (&Vec<f64>, &Vec<f64>)| {
                e.iter().zip(n).map(|(e, n)| if *n > 0.0 { e / n * counts.base } else { 0.0 }).collect()
            };
            self.top.iter().zip(&self.sizes).map(rate).collect()
        } else {
            self.top.clone()
        };
        let variances: Vec<Vec<f64>> = if self.counted {
            let one = |e: f64, n: f64| {
                if n > 0.0 { counts.law().variance(e, n) * counts.base * counts.base } else { 0.0 }
            };
            let of = |(e, n): (&Vec<f64>, &Vec<f64>)| e.iter().zip(n).map(|(e, n)| one(*e, *n)).collect();
            self.top.iter().zip(&self.sizes).map(of).collect()
        } else {
            Vec::new()
        };
        let shares = shares(&self.sizes, names)?;
        let population = |p: usize| Population {
            shares: &shares[p],
            rates: &rates[p],
            variances: variances.get(p).map(Vec::as_slice),
            size: (self.counted && counts.sampled).then(|| self.sizes[p].iter().sum()),
        };
        two_populations(&population(0), &population(1), three)
    }

    fn limits(
        &self,
        found: &Kitagawa,
        names: &[String],
        three: bool,
        counts: &Counts,
        control: &Control,
    ) -> Result<Limits> {
        let at = flat(found);
        let Some(n_resamples) = counts.n_resamples.filter(|_| self.counted) else {
            return Ok(vec![(None, None); at.len()]);
        };
        if n_resamples == 0 {
            let z = normal::isf((1.0 - counts.conf_level) / 2.0);
            let mut errors = vec![found.difference.1];
            errors.extend(found.effects.iter().map(|e| e.error));
            errors.extend(found.effects.iter().flat_map(|e| e.errors.iter().copied().map(Some)));
            let limit = |(t, e): (&f64, Option<f64>)| (e, e.map(|e| (t - z * e, t + z * e)));
            return Ok(at.iter().zip(errors).map(limit).collect());
        }
        let observed =
            Observed { events: &self.top, sizes: &self.sizes, law: counts.law(), sampled: counts.sampled };
        let drawn = replicates(observed, n_resamples, counts.seed, control, |rates, sizes| {
            let scaled = |(r, n): (&Vec<f64>, &Vec<f64>)| r.iter().zip(n).map(|(r, n)| r * n).collect();
            let top = rates.iter().zip(sizes).map(scaled).collect();
            let again = Self { top, sizes: sizes.to_vec(), counted: true };
            Ok(flat(&again.split(names, three, counts)?))
        })?;
        percentiles(drawn, &at, counts.conf_level)
    }
}

/// The difference, the effects, the effects by category.
fn flat(found: &Kitagawa) -> Vec<f64> {
    let mut out = vec![found.difference.0];
    out.extend(found.effects.iter().map(|e| e.total));
    out.extend(found.effects.iter().flat_map(|e| e.by_category.iter().copied()));
    out
}

fn effects(found: &Kitagawa, limits: &Limits) -> Result<arrow_array::RecordBatch> {
    let all = &found.effects;
    let gap = found.difference.0;
    let table = TableBuilder::new()
        .text("component", all.iter().map(|e| e.name))
        .f64("estimate", all.iter().map(|e| e.total).collect())
        .f64_opt("share", all.iter().map(|e| (gap != 0.0).then(|| e.total / gap)).collect());
    limited(table, &limits[1..=all.len()]).build()
}

fn by_category(found: &Kitagawa, labels: &[String], limits: &Limits) -> Result<arrow_array::RecordBatch> {
    let all = &found.effects;
    let table = TableBuilder::new()
        .text("component", all.iter().flat_map(|e| labels.iter().map(|_| e.name)))
        .text("category", all.iter().flat_map(|_| labels.iter()))
        .f64("estimate", all.iter().flat_map(|e| e.by_category.clone()).collect());
    limited(table, &limits[all.len() + 1..]).build()
}

fn facts(found: &Kitagawa, limits: &Limits) -> Vec<(&'static str, Option<f64>)> {
    vec![
        ("rate_first", Some(found.first)),
        ("rate_second", Some(found.second)),
        ("difference", Some(found.difference.0)),
        ("std_error", limits[0].0),
        ("conf_low", limits[0].1.map(|l| l.0)),
        ("conf_high", limits[0].1.map(|l| l.1)),
    ]
}
