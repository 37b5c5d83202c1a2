//! What a regression needs of a table: variables, outcome sums, weights, offset, clusters, for the rows (or cells)
//! that are complete in all of them.
//!
//! Large tables without continuous columns are grouped into cells first; estimates and clustered errors are those of
//! the rows. Small tables, tables with a continuous column and tables that are cells already are taken row by row.

use std::collections::HashSet;

use super::coder::{Coder, levels};
use super::{Columns, Frame, Grouped, Scan};
use crate::design::{Levels, Values, Variable};
use crate::error::{Error, Result};
use crate::parallel::Control;

/// Tables above this many rows are grouped.
pub const GROUP_ABOVE: usize = 20_000;
/// A numeric column with more distinct values than this among its first rows is continuous.
const FEW: usize = 1024;
const LOOK: usize = 8192;

/// Columns by their part in the model.
#[derive(Debug, Clone)]
pub struct Roles {
    /// Outcome (or successes, with `trials`).
    pub outcome: String,
    /// Columns of the terms.
    pub variables: Vec<String>,
    /// Columns whose levels are clusters or strata.
    pub clusters: Vec<String>,
    /// Trials of a binomial outcome; also the rows behind a cell (`sums` given).
    pub trials: Option<String>,
    /// Σy² of cells, where the table is cells (n in `trials`, Σy in `outcome`).
    pub cells: Option<Option<String>>,
    /// Rows that a row stands for.
    pub frequency: Option<String>,
    /// Analytic or probability weight.
    pub prior: Option<String>,
    /// Offset.
    pub offset: Option<String>,
    /// Columns needed as factors although they are numbers.
    pub factors: Vec<String>,
    /// Group also by the outcome (counts).
    pub by_outcome: bool,
    /// The outcome is a category: it comes back as codes, and Σy and Σy² have no meaning.
    pub categorical: bool,
    /// Never group.
    pub rows: bool,
}

/// The complete rows or cells.
#[derive(Debug, Clone)]
pub struct ModelData {
    /// Covariates, in the order of `Roles::variables`.
    pub variables: Vec<Variable>,
    /// n, Σy, Σy² each.
    pub sums: [Vec<f64>; 3],
    /// Prior weights.
    pub prior: Option<Vec<f64>>,
    /// Offset.
    pub offset: Option<Vec<f64>>,
    /// Codes and levels of a categorical outcome.
    pub category: Option<(Vec<u32>, Levels)>,
    /// Clusters: codes and labels, in the order of `Roles::clusters`.
    pub clusters: Vec<(Vec<u32>, Vec<String>)>,
    /// Input rows used and dropped.
    pub n_used: f64,
    /// Input rows dropped because a value was missing.
    pub n_missing: f64,
    /// The input row of each row; empty for cells.
    pub original: Vec<usize>,
    /// Whether every outcome was 0 or 1 (of cells: Σy² = Σy).
    pub binary: bool,
    /// Whether rows were grouped here.
    pub grouped: bool,
}

impl Roles {
    /// Every column of the model, each once.
    pub fn columns(&self) -> Vec<String> {
        let squares = self.cells.as_ref().and_then(Option::as_ref);
        let parts = [Some(&self.outcome), self.trials.as_ref(), squares, self.frequency.as_ref()];
        let others = parts.into_iter().flatten().chain(&self.prior).chain(&self.offset);
        let mut names: Vec<String> = Vec::new();
        for name in others.chain(&self.variables).chain(&self.clusters) {
            if !names.contains(name) {
                names.push(name.clone());
            }
        }
        names
    }

    /// Whether `n_rows` rows are grouped.
    fn groups(&self, continuous: &HashSet<&str>, n_rows: usize) -> bool {
        let plain = self.trials.is_none() && self.cells.is_none() && !self.rows;
        plain && continuous.is_empty() && n_rows > GROUP_ABOVE
    }

    /// What the model needs, from the cells that `cells` makes.
    fn grouped(&self, cells: &dyn Fn(Columns<'_>) -> Result<Grouped>) -> Result<ModelData> {
        // A count needs its own cells; a 0/1 outcome under the same family does not.
        let first = of_cells(&Self { by_outcome: false, ..self.clone() }, cells)?;
        if self.by_outcome && !first.binary { of_cells(self, cells) } else { Ok(first) }
    }
}

impl Scan {
    /// Reads a model's columns: as cells where none of them is continuous, otherwise row by row.
    ///
    /// # Errors
    /// As [`Frame::model`]; `File`.
    pub fn model(&self, roles: &Roles, control: &Control) -> Result<ModelData> {
        let names = roles.columns();
        let head = self.head(&names, LOOK)?;
        if roles.groups(&head.continuous(roles)?, self.n_rows()) {
            return roles.grouped(&|columns| self.cells(columns, control)).and_then(some);
        }
        self.head(&names, usize::MAX)?.not_empty()?.model(roles, control)
    }
}

fn some(data: ModelData) -> Result<ModelData> {
    if data.sums[0].is_empty() {
        return Err(Error::TooFew { what: "a regression".to_owned(), needed: 2, got: 0 });
    }
    Ok(data)
}

impl Frame {
    /// Reads a model's columns.
    ///
    /// # Errors
    /// `UnknownColumn`; `WrongType`; `Values`; `Empty` when no row is complete.
    pub fn model(&self, roles: &Roles, control: &Control) -> Result<ModelData> {
        let continuous = self.continuous(roles)?;
        if roles.groups(&continuous, self.n_rows()) {
            return roles.grouped(&|columns| self.cells(columns, control)).and_then(some);
        }
        self.by_row(roles, &continuous).and_then(some)
    }

    /// Columns that are used as numbers and have too many distinct values to be keys.
    fn continuous<'a>(&self, roles: &'a Roles) -> Result<HashSet<&'a str>> {
        let mut continuous = HashSet::new();
        for name in roles.variables.iter().chain(&roles.prior).chain(&roles.offset) {
            if !roles.factors.contains(name) && !roles.clusters.contains(name) && self.is_continuous(name)? {
                continuous.insert(name.as_str());
            }
        }
        Ok(continuous)
    }

    /// Whether a numeric column has too many distinct values to be a key.
    fn is_continuous(&self, name: &str) -> Result<bool> {
        let mut seen = HashSet::new();
        let (mut looked, mut text) = (0, false);
        for chunk in self.chunks(name)? {
            if !(chunk.data_type().is_numeric()) {
                text = true;
                break;
            }
            let mut values = Vec::new();
            super::numeric::append(name, &chunk.slice(0, chunk.len().min(LOOK - looked)), &mut values)?;
            looked += values.len();
            seen.extend(values.iter().map(|v| v.to_bits()));
            if looked >= LOOK {
                break;
            }
        }
        Ok(!text && seen.len() > FEW)
    }

    fn by_row(&self, roles: &Roles, continuous: &HashSet<&str>) -> Result<ModelData> {
        let (rows, coded) = self.complete_rows(roles, continuous)?;
        let number = |name: &str| -> Result<Vec<f64>> {
            let column = self.finite(name)?;
            Ok(rows.iter().map(|&i| column.values[i]).collect())
        };
        let codes = |name: &str| -> (Vec<u32>, Levels) {
            let Some((_, codes, levels, has_null)) = coded.iter().find(|(n, ..)| n == name) else {
                return (Vec::new(), Levels::Text(Vec::new()));
            };
            present(rows.iter().map(|&i| codes[i] - u32::from(*has_null)).collect(), levels)
        };
        let mut variables = Vec::with_capacity(roles.variables.len());
        for name in &roles.variables {
            variables.push(if continuous.contains(name.as_str()) {
                Variable { name: name.clone(), values: Values::Continuous(number(name)?) }
            } else {
                let (c, l) = codes(name);
                variable(name, (c, &l), roles.factors.contains(name))
            });
        }
        let sums = Self::row_sums(roles, &number, rows.len())?;
        let counted = roles.cells.is_some() || roles.frequency.is_some();
        let n_used = if counted { sums[0].iter().sum() } else { rows.len() as f64 };
        let clusters = roles.clusters.iter().map(|n| codes(n)).map(|(c, l)| dense((c, &l))).collect();
        // Of cells the column of trials is their number of rows: they too may be all 0 and 1.
        let rows_of_one = roles.trials.is_none() || roles.cells.is_some();
        let binary = rows_of_one && sums[1].iter().zip(&sums[2]).all(|(a, b)| a == b);
        Ok(ModelData {
            variables,
            prior: roles.prior.as_deref().map(number).transpose()?,
            offset: roles.offset.as_deref().map(number).transpose()?,
            category: roles.categorical.then(|| codes(&roles.outcome)),
            clusters,
            n_used,
            n_missing: self.rows_behind(roles, counted)? - n_used,
            original: rows,
            binary,
            grouped: false,
            sums,
        })
    }

    /// Rows that the table stands for, complete or not.
    fn rows_behind(&self, roles: &Roles, counted: bool) -> Result<f64> {
        let counts = if roles.cells.is_some() { roles.trials.as_ref() } else { roles.frequency.as_ref() };
        let Some(name) = counts.filter(|_| counted) else { return Ok(self.n_rows() as f64) };
        let column = self.finite(name)?;
        Ok((0..self.n_rows()).filter_map(|i| column.get(i)).sum())
    }

    /// Rows with a value in every column of the model, and its coded columns.
    fn complete_rows(
        &self,
        roles: &Roles,
        continuous: &HashSet<&str>,
    ) -> Result<(Vec<usize>, Vec<CodedColumn>)> {
        let parts = [&roles.trials, &roles.frequency, &roles.prior, &roles.offset];
        let squares = roles.cells.as_ref().and_then(Option::as_ref);
        let (number, category) =
            if roles.categorical { (None, Some(&roles.outcome)) } else { (Some(&roles.outcome), None) };
        let numeric = parts.into_iter().flatten().chain(squares).chain(number);
        let mut mask = vec![true; self.n_rows()];
        let named = roles.variables.iter().chain(&roles.clusters).chain(category);
        for name in numeric.chain(named.clone().filter(|n| continuous.contains(n.as_str()))) {
            let column = self.finite(name)?;
            mask.iter_mut().enumerate().filter(|(i, _)| !column.is_valid(*i)).for_each(|(_, m)| *m = false);
        }
        let mut coded: Vec<CodedColumn> = Vec::new();
        for name in named.filter(|n| !continuous.contains(n.as_str())) {
            if coded.iter().any(|(n, ..)| n == name) {
                continue;
            }
            let (codes, found, has_null) = self.coded(name)?;
            if has_null {
                mask.iter_mut().zip(&codes).filter(|(_, c)| **c == 0).for_each(|(m, _)| *m = false);
            }
            coded.push((name.clone(), codes, found, has_null));
        }
        Ok(((0..mask.len()).filter(|&i| mask[i]).collect(), coded))
    }

    /// n, Σy, Σy² of each row.
    fn row_sums(roles: &Roles, number: &dyn Fn(&str) -> Result<Vec<f64>>, n: usize) -> Result<[Vec<f64>; 3]> {
        let y = if roles.categorical { vec![1.0; n] } else { number(&roles.outcome)? };
        if let Some(cells) = &roles.cells {
            let m = roles.trials.as_deref().map(number).transpose()?.unwrap_or_else(|| vec![1.0; n]);
            let squares = cells.as_deref().map(number).transpose()?.unwrap_or_else(|| y.clone());
            if let Some(i) = m.iter().position(|m| *m < 0.0) {
                let rows = (0..m.len()).filter(|&i| m[i] < 0.0);
                let name = roles.trials.as_deref().unwrap_or("n");
                return Err(Error::values(name, rows, "numbers of rows, 0 or more", m[i]));
            }
            return Ok([m, y, squares]);
        }
        if let Some(trials) = &roles.trials {
            let m = number(trials)?;
            if let Some(i) = m.iter().position(|m| *m < 0.0 || m.fract() != 0.0) {
                let rows = (0..m.len()).filter(|&i| m[i] < 0.0 || m[i].fract() != 0.0);
                return Err(Error::values(trials, rows, "whole numbers of trials", m[i]));
            }
            return Ok([m, y.clone(), y]);
        }
        let w = roles.frequency.as_deref().map(number).transpose()?.unwrap_or_else(|| vec![1.0; n]);
        if let Some(i) = w.iter().position(|w| *w < 0.0 || w.fract() != 0.0) {
            let rows = (0..w.len()).filter(|&i| w[i] < 0.0 || w[i].fract() != 0.0);
            let expected =
                "whole, finite, non-negative numbers (frequency weights); use analytic weights for others";
            return Err(Error::values(roles.frequency.as_deref().unwrap_or("weight"), rows, expected, w[i]));
        }
        let sum = y.iter().zip(&w).map(|(y, w)| y * w).collect();
        let squares = y.iter().zip(&w).map(|(y, w)| y * y * w).collect();
        Ok([w, sum, squares])
    }

    /// A whole column as codes: code 0 is null where there are nulls.
    fn coded(&self, name: &str) -> Result<(Vec<u32>, Levels, bool)> {
        let mut coder = Coder::new(name);
        let (mut all, mut piece) = (Vec::with_capacity(self.n_rows()), Vec::new());
        for chunk in self.chunks(name)? {
            coder.codes(&chunk, &mut piece)?;
            all.extend_from_slice(&piece);
        }
        let (found, table, has_null) = coder.finish()?;
        all.iter_mut().for_each(|c| *c = table[*c as usize]);
        Ok((all, levels(found), has_null))
    }
}

/// The complete cells of a model.
fn of_cells(roles: &Roles, cells: &dyn Fn(Columns<'_>) -> Result<Grouped>) -> Result<ModelData> {
    let mut keys: Vec<String> = Vec::new();
    let by = (roles.by_outcome || roles.categorical).then(|| roles.outcome.clone());
    for name in
        roles.variables.iter().chain(&roles.clusters).chain(&roles.prior).chain(&roles.offset).chain(&by)
    {
        if !keys.contains(name) {
            keys.push(name.clone());
        }
    }
    let outcome = by.is_none().then_some(roles.outcome.as_str());
    let columns = Columns { keys: &keys, outcome, weight: roles.frequency.as_deref(), squares: None };
    let found = cells(columns)?;
    let complete: Vec<usize> =
        (0..found.sums.len()).filter(|&i| found.keys.iter().all(|k| !k.has_null || k.codes[i] > 0)).collect();
    let at = |name: &str| found.keys.iter().position(|k| k.name == name).unwrap_or(0);
    let coded = |name: &str| -> (Vec<u32>, &Levels) {
        let key = &found.keys[at(name)];
        let shift = u32::from(key.has_null);
        (complete.iter().map(|&i| key.codes[i] - shift).collect(), &key.levels)
    };
    let number = |name: &str| -> Result<Vec<f64>> {
        let (codes, levels) = coded(name);
        let Levels::Number(values) = levels else {
            return Err(not_numeric(name));
        };
        Ok(codes.iter().map(|&c| values[c as usize]).collect())
    };
    let mut sums = [0, 1, 2].map(|k| complete.iter().map(|&i| found.sums[i][k]).collect::<Vec<f64>>());
    if roles.by_outcome {
        let y = number(&roles.outcome)?;
        sums[1] = y.iter().zip(&sums[0]).map(|(y, n)| n * y).collect();
        sums[2] = y.iter().zip(&sums[0]).map(|(y, n)| n * y * y).collect();
    }
    let used: f64 = sums[0].iter().sum();
    let total: f64 = found.sums.iter().map(|s| s[0]).sum();
    Ok(ModelData {
        variables: roles.variables.iter().map(|n| variable(n, coded(n), roles.factors.contains(n))).collect(),
        prior: roles.prior.as_deref().map(number).transpose()?,
        offset: roles.offset.as_deref().map(number).transpose()?,
        category: roles.categorical.then(|| coded(&roles.outcome)).map(|(c, l)| present(c, l)),
        clusters: roles.clusters.iter().map(|n| dense(coded(n))).collect(),
        n_used: used,
        n_missing: found.n_missing as f64 + total - used,
        original: Vec::new(),
        binary: found.binary && !roles.by_outcome,
        grouped: true,
        sums,
    })
}

/// Name, codes, levels, whether code 0 is null.
type CodedColumn = (String, Vec<u32>, Levels, bool);

fn not_numeric(name: &str) -> Error {
    Error::WrongType {
        column: name.to_owned(),
        expected: "a numeric column".to_owned(),
        got: "text".to_owned(),
    }
}

/// Only the levels that occur, in their order.
fn present(codes: Vec<u32>, levels: &Levels) -> (Vec<u32>, Levels) {
    let mut occurs = vec![false; levels.len()];
    codes.iter().for_each(|&c| occurs[c as usize] = true);
    let mut place = vec![0_u32; levels.len()];
    let mut next = 0;
    for (p, o) in place.iter_mut().zip(&occurs) {
        *p = next;
        next += u32::from(*o);
    }
    let kept: Vec<usize> = (0..levels.len()).filter(|&i| occurs[i]).collect();
    let levels = match levels {
        Levels::Text(names) => Levels::Text(kept.iter().map(|&i| names[i].clone()).collect()),
        Levels::Number(values) => Levels::Number(kept.iter().map(|&i| values[i]).collect()),
    };
    (codes.into_iter().map(|c| place[c as usize]).collect(), levels)
}

/// A coded variable; a number with many distinct values is used as it is.
fn variable(name: &str, (codes, levels): (Vec<u32>, &Levels), factor: bool) -> Variable {
    let (codes, levels) = present(codes, levels);
    let values = match &levels {
        Levels::Number(values) if values.len() > FEW && !factor => {
            Values::Continuous(codes.iter().map(|&c| values[c as usize]).collect())
        }
        _ => Values::Coded(codes, levels),
    };
    Variable { name: name.to_owned(), values }
}

fn dense((codes, levels): (Vec<u32>, &Levels)) -> (Vec<u32>, Vec<String>) {
    let (codes, levels) = present(codes, levels);
    (codes, (0..levels.len()).map(|i| levels.label(i)).collect())
}
