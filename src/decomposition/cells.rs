//! Rows of (population, category) as aligned cells: every category once in every population.

use crate::error::{Error, Result};

/// Which row holds each cell: populations × categories.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Aligned {
    rows: Vec<Vec<usize>>,
}

impl Aligned {
    /// Aligns rows by the code of their population (those not in `chosen` are left out) and of their category.
    ///
    /// `labels` name the categories, `names` the populations, `columns` the columns of both, for errors.
    ///
    /// # Errors
    /// `Duplicate` for a category twice in a population; `Values` for one that a population lacks while another has it.
    pub fn new(
        population: &[u32],
        category: &[u32],
        chosen: &[u32],
        (names, labels): (&[String], &[String]),
        columns: (&str, &str),
    ) -> Result<Self> {
        let mut found = vec![vec![usize::MAX; labels.len()]; chosen.len()];
        let mut repeats = Vec::new();
        for (row, (p, c)) in population.iter().zip(category).enumerate() {
            let Some(at) = chosen.iter().position(|q| q == p) else { continue };
            let cell = &mut found[at][*c as usize];
            if *cell == usize::MAX {
                *cell = row;
            } else {
                repeats.push(row);
            }
        }
        if let Some(&first) = repeats.first() {
            let (p, c) = (&names[population[first] as usize], &labels[category[first] as usize]);
            return Err(Error::Duplicate {
                columns: vec![columns.0.to_owned(), columns.1.to_owned()],
                got: format!("{p}, {c}"),
                n: repeats.len(),
                rows: repeats.into_iter().take(crate::error::MAX_ROWS).collect(),
            });
        }
        let used: Vec<usize> =
            (0..labels.len()).filter(|&c| found.iter().any(|f| f[c] != usize::MAX)).collect();
        for &c in &used {
            let lacking: Vec<usize> = (0..chosen.len()).filter(|&p| found[p][c] == usize::MAX).collect();
            if let Some(&p) = lacking.first() {
                let there = found.iter().map(|f| f[c]).filter(|row| *row != usize::MAX);
                let expected = format!(
                    "a row of every category in every population: \"{}\" has no row of \"{}\" (merge categories, or \
                     add the row with its population of 0 or more)",
                    names[chosen[p] as usize], labels[c]
                );
                return Err(Error::values(columns.1, there, &expected, &labels[c]));
            }
        }
        Ok(Self { rows: found.into_iter().map(|f| used.iter().map(|&c| f[c]).collect()).collect() })
    }

    /// The rows of one population, in the order of the categories.
    pub fn rows(&self, population: usize) -> &[usize] {
        &self.rows[population]
    }

    /// A column as populations × categories.
    pub fn take(&self, values: &[f64]) -> Vec<Vec<f64>> {
        self.rows.iter().map(|rows| rows.iter().map(|&i| values[i]).collect()).collect()
    }
}

/// Shares of each population's cells.
///
/// # Errors
/// `Undefined` for a population of 0.
pub fn shares(sizes: &[Vec<f64>], names: &[String]) -> Result<Vec<Vec<f64>>> {
    sizes
        .iter()
        .zip(names)
        .map(|(sizes, name)| {
            let total: f64 = sizes.iter().sum();
            if total > 0.0 {
                return Ok(sizes.iter().map(|n| n / total).collect());
            }
            let reason = format!("the population of \"{name}\" is 0");
            Err(Error::Undefined { what: "a composition".to_owned(), reason })
        })
        .collect()
}

/// Refuses counts that are not counts of a part of the population: negative ones, populations of 0 with events, and more
/// events than people where `within` says that each person has one at most.
///
/// # Errors
/// `Values` naming the rows.
pub fn check_counts(
    (events, event_column): (&[f64], &str),
    (population, population_column): (&[f64], &str),
    within: bool,
) -> Result<()> {
    refuse(population_column, population, "numbers of people, 0 or more", |i| population[i] < 0.0)?;
    refuse(event_column, events, "counts of 0 or more", |i| events[i] < 0.0)?;
    refuse(event_column, events, "no events where the population is 0", |i| {
        population[i] == 0.0 && events[i] > 0.0
    })?;
    refuse(event_column, events, "no more events than people (law=\"poisson\" allows repeated events)", |i| {
        within && events[i] > population[i]
    })
}

/// Refuses the rows for which `bad` holds.
///
/// # Errors
/// `Values`.
pub fn refuse(column: &str, values: &[f64], expected: &str, bad: impl Fn(usize) -> bool) -> Result<()> {
    match (0..values.len()).find(|&i| bad(i)) {
        None => Ok(()),
        Some(first) => {
            Err(Error::values(column, (0..values.len()).filter(|&i| bad(i)), expected, values[first]))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn aligned(population: &[u32], category: &[u32]) -> Result<Aligned> {
        let names = |s: &[&str]| s.iter().map(|s| (*s).to_owned()).collect::<Vec<_>>();
        let (p, c) = (names(&["w", "e", "s"]), names(&["a", "b", "c"]));
        Aligned::new(population, category, &[1, 0], (&p, &c), ("nation", "age"))
    }

    #[test]
    fn cells_are_aligned_whatever_the_order_of_rows() {
        let a = aligned(&[0, 1, 2, 1, 0], &[0, 1, 2, 0, 1]).unwrap();
        assert_eq!((a.rows(0), a.rows(1)), (&[3, 1][..], &[0, 4][..]));
        assert_eq!(a.take(&[1.0, 2.0, 3.0, 4.0, 5.0]), [[4.0, 2.0], [1.0, 5.0]]);
    }

    #[test]
    fn repeated_and_missing_cells_are_named() {
        assert!(
            matches!(aligned(&[0, 0, 1], &[0, 0, 0]), Err(Error::Duplicate { ref rows, .. }) if rows == &[1])
        );
        let got = aligned(&[0, 0, 1], &[0, 1, 0]);
        let Err(Error::Values { rows, expected, .. }) = got else { panic!("{got:?}") };
        assert!(rows == [1] && expected.contains("\"e\" has no row of \"b\""), "{expected}");
    }

    #[test]
    fn impossible_counts_are_refused() {
        assert!(check_counts((&[1.0], "e"), (&[0.0], "p"), false).is_err());
        assert!(check_counts((&[-1.0], "e"), (&[2.0], "p"), false).is_err());
        assert!(check_counts((&[3.0], "e"), (&[2.0], "p"), true).is_err());
        assert!(check_counts((&[3.0], "e"), (&[2.0], "p"), false).is_ok());
        assert!(shares(&[vec![0.0, 0.0]], &["w".to_owned()]).is_err());
    }
}
