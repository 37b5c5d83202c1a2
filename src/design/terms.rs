//! From variables and the terms of a formula to a [`ModelMatrix`].
//!
//! Factors are coded by treatment contrasts against their first level, or in full where the term
//! without the factor is not in the model (Chambers and Hastie 1992, ch. 2): then the columns of every
//! formula span what R's would. Columns of a term vary fastest in its first factor. A coded number
//! (few distinct values) enters a block with its values as contrast, so it costs what a factor costs.

use crate::design::ModelMatrix;
use crate::design::blocks::{block, components, joined};
use crate::design::powers::remainders;
use crate::error::{Error, Result};

/// Columns that a dense p × p factorisation can bear.
const MOST_COLUMNS: usize = 3000;

/// What the codes of a variable stand for.
#[derive(Debug, Clone, PartialEq)]
pub enum Levels {
    /// Names.
    Text(Vec<String>),
    /// Distinct numbers.
    Number(Vec<f64>),
}

impl Levels {
    /// How many.
    pub fn len(&self) -> usize {
        match self {
            Self::Text(names) => names.len(),
            Self::Number(values) => values.len(),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The label of level `i`; whole numbers without a decimal point.
    pub fn label(&self, i: usize) -> String {
        match self {
            Self::Text(names) => names[i].clone(),
            Self::Number(values) => values[i].to_string(),
        }
    }
}

/// One column of the input.
#[derive(Debug, Clone)]
pub enum Values {
    /// A code per row and what the codes stand for.
    Coded(Vec<u32>, Levels),
    /// A number per row, with too many distinct values to code.
    Continuous(Vec<f64>),
}

/// A named column.
#[derive(Debug, Clone)]
pub struct Variable {
    /// Its name in the table.
    pub name: String,
    /// Its values.
    pub values: Values,
}

/// A function of a number in a formula.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Transform {
    /// As it is.
    Identity,
    /// Natural logarithm.
    Log,
    /// e to the power.
    Exp,
    /// Square root.
    Sqrt,
    /// A power.
    Power(f64),
}

impl Transform {
    /// The value.
    pub fn of(self, x: f64) -> f64 {
        match self {
            Self::Identity => x,
            Self::Log => x.ln(),
            Self::Exp => x.exp(),
            Self::Sqrt => x.sqrt(),
            Self::Power(k) => x.powf(k),
        }
    }
}

/// How a variable enters a term.
#[derive(Debug, Clone, PartialEq)]
pub enum Coding {
    /// Text as a factor, numbers as they are.
    Auto,
    /// As a factor; the reference level if it is not the first.
    Factor(Option<String>),
    /// As a number, transformed.
    Number(Transform),
}

/// A variable in a term.
#[derive(Debug, Clone, PartialEq)]
pub struct Part {
    /// Index of the variable.
    pub variable: usize,
    /// Its coding.
    pub coding: Coding,
    /// How it is named in the output, e.g. `log(income)`.
    pub label: String,
}

/// The variables whose product is a term; empty for the intercept.
pub type Term = Vec<Part>;

/// One way in which a part fills columns: its label and its value at each level (or a dense column).
pub(super) struct Piece {
    pub label: String,
    pub by_level: Vec<f64>,
    pub dense: Option<Vec<f64>>,
}

/// Builds X over `n` rows. An empty term is the intercept.
///
/// # Errors
/// `Values` where a transform gives no finite number, or an unknown reference level; `WrongType` for text
/// used as a number; `InvalidOption` for more columns than a dense solution can bear; `Constant` for a factor of one
/// level.
pub fn model_matrix(n: usize, variables: &[Variable], terms: &[Term]) -> Result<ModelMatrix> {
    let mut names = Vec::new();
    let mut columns: Vec<Vec<(usize, Piece)>> = Vec::new();
    for term in terms {
        for column in columns_of(term, variables, terms)? {
            let label: Vec<&str> = column.iter().map(|(_, p)| p.label.as_str()).collect();
            names.push(if label.is_empty() { "(intercept)".to_owned() } else { label.join(":") });
            columns.push(column);
        }
        if names.len() > MOST_COLUMNS {
            return Err(too_many(names.len()));
        }
    }
    let (mut coded, mut dense) = (Vec::new(), Vec::new());
    for (j, column) in columns.iter().enumerate() {
        if column.iter().any(|(_, p)| p.dense.is_some()) {
            dense.push((j, dense_column(n, variables, column)));
        } else {
            coded.push(j);
        }
    }
    let groups = joined(n, components(&coded, &columns, variables), variables);
    let blocks = groups.iter().map(|(vars, members)| block(n, variables, vars, members, &columns)).collect();
    Ok(ModelMatrix::new(n, names, blocks, dense).with_remainders(remainders(n, variables, &columns, terms)))
}

fn too_many(columns: usize) -> Error {
    let expected = "a model of at most 3,000 columns; absorb a factor of many levels (gf.panel) or make it a \
                    cluster or a random effect";
    Error::option("formula", expected, format!("{columns} columns and more"))
}

/// The term that each column of [`model_matrix`] belongs to.
///
/// # Errors
/// As there.
pub fn term_of_columns(variables: &[Variable], terms: &[Term]) -> Result<Vec<usize>> {
    let mut out = Vec::new();
    for (k, term) in terms.iter().enumerate() {
        out.extend(columns_of(term, variables, terms)?.iter().map(|_| k));
    }
    Ok(out)
}

/// The columns of one term, each as (variable, piece) per part.
fn columns_of(term: &Term, variables: &[Variable], terms: &[Term]) -> Result<Vec<Vec<(usize, Piece)>>> {
    let mut out: Vec<Vec<(usize, Piece)>> = vec![Vec::new()];
    for (at, part) in term.iter().enumerate() {
        let rest: Vec<&Part> = term.iter().enumerate().filter(|(i, _)| *i != at).map(|(_, p)| p).collect();
        let contrast = terms.iter().any(|t| same(t, &rest));
        let pieces = pieces(part, &variables[part.variable], contrast)?;
        // First factor fastest: for every later piece, all earlier combinations.
        let mut next = Vec::with_capacity(out.len() * pieces.len());
        for piece in &pieces {
            for earlier in &out {
                let mut column: Vec<(usize, Piece)> = earlier.iter().map(|(v, p)| (*v, p.copy())).collect();
                column.push((part.variable, piece.copy()));
                next.push(column);
            }
        }
        out = next;
    }
    Ok(out)
}

fn same(term: &Term, rest: &[&Part]) -> bool {
    term.len() == rest.len() && rest.iter().all(|p| term.iter().any(|t| t.label == p.label))
}

impl Piece {
    fn copy(&self) -> Self {
        Self { label: self.label.clone(), by_level: self.by_level.clone(), dense: self.dense.clone() }
    }
}

/// The columns that one part stands for.
fn pieces(part: &Part, variable: &Variable, contrast: bool) -> Result<Vec<Piece>> {
    match (&variable.values, &part.coding) {
        (Values::Coded(_, levels @ Levels::Text(_)), Coding::Auto) => {
            factor(part, variable, levels, None, contrast)
        }
        (Values::Coded(_, levels), Coding::Factor(reference)) => {
            factor(part, variable, levels, reference.as_deref(), contrast)
        }
        (Values::Coded(_, Levels::Number(values)), Coding::Auto) => {
            Ok(vec![number(part, variable, values, Transform::Identity, false)?])
        }
        (Values::Coded(_, Levels::Number(values)), Coding::Number(f)) => {
            Ok(vec![number(part, variable, values, *f, false)?])
        }
        (Values::Continuous(values), Coding::Auto) => {
            Ok(vec![number(part, variable, values, Transform::Identity, true)?])
        }
        (Values::Continuous(values), Coding::Number(f)) => {
            Ok(vec![number(part, variable, values, *f, true)?])
        }
        (Values::Coded(_, Levels::Text(_)), Coding::Number(_)) => Err(Error::WrongType {
            column: variable.name.clone(),
            expected: format!("a numeric column in {}", part.label),
            got: "text".to_owned(),
        }),
        (Values::Continuous(_), Coding::Factor(_)) => Err(Error::WrongType {
            column: variable.name.clone(),
            expected: "a factor: a column of at most 65,536 distinct values".to_owned(),
            got: "a continuous number".to_owned(),
        }),
    }
}

fn factor(
    part: &Part,
    variable: &Variable,
    levels: &Levels,
    reference: Option<&str>,
    contrast: bool,
) -> Result<Vec<Piece>> {
    if levels.len() > MOST_COLUMNS {
        return Err(too_many(levels.len()));
    }
    let labels: Vec<String> = (0..levels.len()).map(|i| levels.label(i)).collect();
    let base = match reference {
        None => 0,
        Some(name) => labels.iter().position(|l| l == name).ok_or_else(|| {
            Error::option(
                &part.label,
                &format!("a level of \"{}\": {}", variable.name, shown(&labels)),
                format!("{name:?}"),
            )
        })?,
    };
    if labels.len() < 2 {
        return Err(Error::Undefined {
            what: format!("the effect of \"{}\"", variable.name),
            reason: format!("it has one level only ({}) in the rows used", shown(&labels)),
        });
    }
    let levels = (0..labels.len()).filter(|&i| !(contrast && i == base));
    Ok(levels
        .map(|i| Piece {
            label: format!("{}={}", part.label, labels[i]),
            by_level: (0..labels.len()).map(|k| f64::from(u8::from(k == i))).collect(),
            dense: None,
        })
        .collect())
}

/// The first few labels, for a message.
fn shown(labels: &[String]) -> String {
    let head = labels.iter().take(8).cloned().collect::<Vec<_>>().join(", ");
    if labels.len() > 8 { format!("{head}, … ({} levels)", labels.len()) } else { head }
}

fn number(part: &Part, variable: &Variable, values: &[f64], f: Transform, dense: bool) -> Result<Piece> {
    let moved: Vec<f64> = values.iter().map(|&v| f.of(v)).collect();
    if let Some(at) = moved.iter().position(|v| !v.is_finite()) {
        let expected = format!("values for which {} is finite", part.label);
        let rows = (0..moved.len()).filter(|&i| dense && !moved[i].is_finite());
        return Err(Error::values(&variable.name, rows, &expected, values[at]));
    }
    let label = part.label.clone();
    Ok(if dense {
        Piece { label, by_level: Vec::new(), dense: Some(moved) }
    } else {
        Piece { label, by_level: moved, dense: None }
    })
}

pub(super) fn codes(variable: &Variable) -> &[u32] {
    match &variable.values {
        Values::Coded(codes, _) => codes,
        Values::Continuous(_) => &[],
    }
}

pub(super) fn n_levels(variable: &Variable) -> usize {
    match &variable.values {
        Values::Coded(_, levels) => levels.len(),
        Values::Continuous(_) => 0,
    }
}

fn dense_column(n: usize, variables: &[Variable], column: &[(usize, Piece)]) -> Vec<f64> {
    let mut out = vec![1.0; n];
    for (v, piece) in column {
        match &piece.dense {
            Some(values) => out.iter_mut().zip(values).for_each(|(o, x)| *o *= x),
            None => {
                out.iter_mut()
                    .zip(codes(&variables[*v]))
                    .for_each(|(o, &c)| *o *= piece.by_level[c as usize]);
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(variable: usize, label: &str) -> Part {
        Part { variable, coding: Coding::Auto, label: label.to_owned() }
    }

    fn variables() -> Vec<Variable> {
        let text = |names: &[&str]| Levels::Text(names.iter().map(|s| (*s).to_owned()).collect());
        vec![
            Variable {
                name: "g".into(),
                values: Values::Coded(vec![0, 1, 2, 0, 1, 2], text(&["a", "b", "c"])),
            },
            Variable {
                name: "d".into(),
                values: Values::Coded(vec![0, 0, 1, 1, 1, 0], Levels::Number(vec![0.0, 1.0])),
            },
            Variable { name: "x".into(), values: Values::Continuous(vec![0.1, 0.2, 0.3, 0.4, 0.5, 0.6]) },
        ]
    }

    #[test]
    fn an_interaction_has_the_columns_of_r() {
        let terms = vec![vec![], vec![part(0, "g")], vec![part(1, "d")], vec![part(0, "g"), part(1, "d")]];
        let x = model_matrix(6, &variables(), &terms).unwrap();
        assert_eq!(x.names(), ["(intercept)", "g=b", "g=c", "d", "g=b:d", "g=c:d"]);
        assert_eq!(term_of_columns(&variables(), &terms).unwrap(), [0, 1, 1, 2, 3, 3]);
        let dense = x.to_dense();
        assert_eq!(dense.row(2).to_vec(), [1.0, 0.0, 1.0, 1.0, 0.0, 1.0]);
        assert_eq!(dense.row(3).to_vec(), [1.0, 0.0, 0.0, 1.0, 0.0, 0.0]);
    }

    #[test]
    fn without_the_intercept_a_factor_is_coded_in_full_and_slopes_by_group_are_dense() {
        let terms = vec![vec![part(0, "g")], vec![part(0, "g"), part(2, "x")]];
        let x = model_matrix(6, &variables(), &terms).unwrap();
        assert_eq!(x.names(), ["g=a", "g=b", "g=c", "g=a:x", "g=b:x", "g=c:x"]);
        assert_eq!(x.to_dense().row(4).to_vec(), [0.0, 1.0, 0.0, 0.0, 0.5, 0.0]);
    }
}
