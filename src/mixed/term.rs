//! A random term: a grouping factor, the columns whose coefficients vary over its levels, and the free entries of
//! its relative covariance factor Λ.
//!
//! b_ℓ ~ N(0, σ²ΛΛ′) for every level ℓ, Λ lower triangular q × q. `(1 + x | g)` frees the whole triangle, `(x || g)` and
//! `(1 | g) + (0 + x | g)` only what lies within each part (Bates, Mächler, Bolker and Walker 2015, §2.2). All parts
//! with one grouping factor make one term, so Z′WZ has one q × q block per level.

use crate::error::{Error, Result};

/// A column of the basis of a random term.
#[derive(Debug, Clone, PartialEq)]
pub enum Basis {
    /// A random intercept.
    One,
    /// A random slope: the covariate per row.
    Column(Vec<f64>),
}

impl Basis {
    /// The value in row i.
    #[inline]
    pub fn at(&self, i: usize) -> f64 {
        match self {
            Self::One => 1.0,
            Self::Column(x) => x[i],
        }
    }
}

/// A grouping factor with its basis and the pattern of Λ.
#[derive(Debug, Clone)]
pub struct RandomTerm {
    /// Name of the factor: `authority`, or `authority:school`.
    pub name: String,
    /// Level of every row, below `levels.len()`.
    pub codes: Vec<u32>,
    /// Labels; every level occurs.
    pub levels: Vec<String>,
    /// Names of the q columns.
    pub columns: Vec<String>,
    /// The q columns.
    pub basis: Vec<Basis>,
    /// Free entries (row, column) of Λ, row ≥ column, in the order of θ.
    pub free: Vec<(usize, usize)>,
}

impl RandomTerm {
    /// A random intercept.
    pub fn intercept(name: &str, codes: Vec<u32>, levels: Vec<String>) -> Self {
        Self {
            name: name.to_owned(),
            codes,
            levels,
            columns: vec!["(intercept)".to_owned()],
            basis: vec![Basis::One],
            free: vec![(0, 0)],
        }
    }

    /// Columns of the basis.
    pub fn q(&self) -> usize {
        self.basis.len()
    }

    /// Parts of θ.
    pub fn n_theta(&self) -> usize {
        self.free.len()
    }

    /// Levels.
    pub fn n_levels(&self) -> usize {
        self.levels.len()
    }

    /// Frees the triangles of consecutive parts of the basis, column after column: parts [2] of two columns is
    /// the correlated pair, [1, 1] the independent one.
    #[must_use]
    pub fn with_parts(mut self, parts: &[usize]) -> Self {
        self.free = triangles(parts);
        self
    }

    /// Λ, row-major q × q, from this term's part of θ.
    pub fn lambda(&self, theta: &[f64]) -> Vec<f64> {
        let q = self.q();
        let mut lambda = vec![0.0; q * q];
        for (&(i, j), &t) in self.free.iter().zip(theta) {
            lambda[i * q + j] = t;
        }
        lambda
    }

    /// Refuses what no likelihood can tell apart; `n` is the number of observations.
    ///
    /// # Errors
    /// `Constant` for one level; `InvalidOption` where the random effects are as many as the observations.
    pub fn check(&self, n: f64) -> Result<()> {
        if self.n_levels() < 2 {
            return Err(Error::Constant { column: self.name.clone(), n: self.codes.len() });
        }
        let effects = self.n_levels() * self.q();
        if effects as f64 >= n {
            let expected =
                "fewer random effects than rows: their variance cannot be told from the residual one";
            let got = format!("{effects} effects of \"{}\" for {n} rows", self.name);
            return Err(Error::option("formula", expected, got));
        }
        Ok(())
    }
}

/// Free entries of a block-diagonal Λ with triangles of these orders.
pub fn triangles(parts: &[usize]) -> Vec<(usize, usize)> {
    let mut free = Vec::new();
    let mut first = 0;
    for &order in parts {
        for j in first..first + order {
            free.extend((j..first + order).map(|i| (i, j)));
        }
        first += order;
    }
    free
}

/// Whether every level of `inner` lies in one level of `outer`; if so, that level per level of `inner`.
pub fn nested(inner: &RandomTerm, outer: &RandomTerm) -> Option<Vec<u32>> {
    let mut parent = vec![u32::MAX; inner.n_levels()];
    for (&a, &b) in inner.codes.iter().zip(&outer.codes) {
        let known = &mut parent[a as usize];
        if *known == u32::MAX {
            *known = b;
        } else if *known != b {
            return None;
        }
    }
    Some(parent)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn term(codes: &[u32], levels: usize) -> RandomTerm {
        RandomTerm::intercept("g", codes.to_vec(), (0..levels).map(|i| i.to_string()).collect())
    }

    #[test]
    fn triangles_run_down_the_columns_of_each_part() {
        assert_eq!(triangles(&[2, 1]), [(0, 0), (1, 0), (1, 1), (2, 2)]);
    }

    #[test]
    fn nesting_is_found_and_crossing_is_not() {
        let fine = term(&[0, 1, 2, 2], 3);
        assert_eq!(nested(&fine, &term(&[0, 0, 1, 1], 2)), Some(vec![0, 0, 1]));
        assert_eq!(nested(&fine, &term(&[0, 1, 0, 1], 2)), None);
    }

    #[test]
    fn one_level_and_a_level_per_row_are_refused() {
        assert!(matches!(term(&[0, 0], 1).check(2.0), Err(Error::Constant { .. })));
        assert!(matches!(term(&[0, 1], 2).check(2.0), Err(Error::InvalidOption { .. })));
    }
}
