//! The rows that are complete in several columns: numbers as they are, names as codes.

use super::{Frame, NumericColumn};
use crate::design::{Factor, Groups, Sample};
use crate::error::{Error, Result};

/// A column of names over the rows used: every code occurs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    /// The column.
    pub name: String,
    /// One code per row used.
    pub codes: Vec<u32>,
    /// The label of each code, by first appearance.
    pub labels: Vec<String>,
}

impl Named {
    /// The rows of each label.
    pub fn groups(&self) -> Groups {
        Groups::from_codes(&self.codes, self.labels.len())
    }
}

/// The columns over the rows that have a value in all of them.
#[derive(Debug, Clone)]
pub struct Complete {
    /// Numeric columns, in the order asked for.
    pub numbers: Vec<Vec<f64>>,
    /// Columns of names, in the order asked for.
    pub factors: Vec<Named>,
    /// Which rows.
    pub sample: Sample,
}

impl Complete {
    /// An error with the caller's row numbers instead of those of the rows used.
    #[must_use]
    pub fn place(&self, mut error: Error) -> Error {
        if let Error::Values { rows, .. } | Error::Duplicate { rows, .. } = &mut error {
            rows.iter_mut().for_each(|row| *row = self.sample.original(*row));
        }
        error
    }
}

impl Frame {
    /// Reads `numbers` (finite) and `factors` over the rows where none is null.
    ///
    /// # Errors
    /// `UnknownColumn`; `WrongType`; `Values` for NaN; `Empty` when no row is complete.
    pub fn complete_in(&self, numbers: &[&str], factors: &[&str]) -> Result<Complete> {
        let read: Vec<NumericColumn<'_>> = numbers.iter().map(|n| self.finite(n)).collect::<Result<_>>()?;
        let named: Vec<Factor> = factors.iter().map(|n| self.factor(n)).collect::<Result<_>>()?;
        let present: Vec<Vec<bool>> =
            named.iter().map(|f| f.codes().iter().map(|c| *c != Factor::NULL).collect()).collect();
        let masks: Vec<Option<&[bool]>> =
            read.iter().map(NumericColumn::mask).chain(present.iter().map(|m| Some(&m[..]))).collect();
        let sample = Sample::complete(self.n_rows(), &masks);
        if sample.n_obs() == 0 {
            return Err(Error::Empty { what: "what is left after rows with nulls are dropped".to_owned() });
        }
        Ok(Complete {
            numbers: read.iter().map(|c| sample.take(&c.values).into_owned()).collect(),
            factors: named.iter().map(|f| occurring(f, &sample)).collect(),
            sample,
        })
    }
}

/// The factor over the rows used, without labels that no longer occur.
fn occurring(factor: &Factor, sample: &Sample) -> Named {
    let mut place = vec![u32::MAX; factor.levels().len()];
    let (mut labels, mut codes) = (Vec::new(), Vec::with_capacity(sample.n_obs()));
    for &code in sample.take(factor.codes()).iter() {
        let to = &mut place[code as usize];
        if *to == u32::MAX {
            *to = u32::try_from(labels.len()).unwrap_or(u32::MAX);
            labels.push(factor.levels()[code as usize].clone());
        }
        codes.push(*to);
    }
    Named { name: factor.name().to_owned(), codes, labels }
}

/// Levels of groups, coarse to fine, each nested in the one before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Nested {
    /// The column.
    pub name: String,
    /// Code of each row's group: one code for each combination with the levels before.
    pub codes: Vec<u32>,
    /// Group of the level before that each group lies in (0 for the coarsest).
    pub parent: Vec<usize>,
    /// Label of each group, with those of the levels before it in front.
    pub labels: Vec<String>,
}

impl Nested {
    /// Columns of names, coarse to fine, as nested levels: the same label under two parents is two groups.
    pub fn of(factors: &[Named]) -> Vec<Self> {
        let mut out: Vec<Self> = Vec::with_capacity(factors.len());
        for factor in factors {
            let mut place = std::collections::HashMap::new();
            let (mut parent, mut labels) = (Vec::new(), Vec::new());
            let codes = (0..factor.codes.len())
                .map(|i| {
                    let above = out.last().map_or(0, |level| level.codes[i] as usize);
                    *place.entry((above, factor.codes[i])).or_insert_with(|| {
                        let own = &factor.labels[factor.codes[i] as usize];
                        parent.push(above);
                        labels.push(match out.last() {
                            Some(level) => format!("{} / {own}", level.labels[above]),
                            None => own.clone(),
                        });
                        u32::try_from(labels.len() - 1).unwrap_or(u32::MAX)
                    })
                })
                .collect();
            out.push(Self { name: factor.name.clone(), codes, parent, labels });
        }
        out
    }
}
