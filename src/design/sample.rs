//! Which rows an analysis uses: complete cases over the columns it names.

/// The rows used and the number dropped. Nulls are dropped, never read as zero.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sample {
    rows: Option<Vec<usize>>,
    n_total: usize,
}

impl Sample {
    /// Complete cases: rows valid in every mask. `None` means a column without nulls.
    ///
    /// Each mask has one flag per row, `true` for a value. No row list is made when nothing is
    /// missing, so a clean column is used where it lies.
    pub fn complete(n_total: usize, masks: &[Option<&[bool]>]) -> Self {
        let masks: Vec<&[bool]> = masks.iter().flatten().copied().collect();
        let keep = |i: &usize| masks.iter().all(|m| m[*i]);
        if masks.is_empty() || (0..n_total).all(|i| keep(&i)) {
            return Self { rows: None, n_total };
        }
        Self { rows: Some((0..n_total).filter(keep).collect()), n_total }
    }

    /// Rows used.
    pub fn n_obs(&self) -> usize {
        self.rows.as_ref().map_or(self.n_total, Vec::len)
    }

    /// Rows dropped because a value was missing.
    pub fn n_missing(&self) -> usize {
        self.n_total - self.n_obs()
    }

    /// The kept row numbers; `None` when every row is kept.
    pub fn rows(&self) -> Option<&[usize]> {
        self.rows.as_deref()
    }

    /// The kept values of a column: borrowed when nothing was dropped, gathered otherwise.
    pub fn take<'a, T: Copy>(&self, values: &'a [T]) -> std::borrow::Cow<'a, [T]> {
        match &self.rows {
            None => std::borrow::Cow::Borrowed(values),
            Some(rows) => rows.iter().map(|&i| values[i]).collect(),
        }
    }

    /// The caller's row number of kept row `i`.
    pub fn original(&self, i: usize) -> usize {
        self.rows.as_ref().map_or(i, |rows| rows[i])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clean_column_is_borrowed_and_a_null_drops_the_row() {
        let x = [1.0, 2.0, 3.0];
        let clean = Sample::complete(3, &[None, Some(&[true; 3])]);
        assert!(matches!(clean.take(&x), std::borrow::Cow::Borrowed(_)));
        let holed = Sample::complete(3, &[Some(&[true, false, true]), None]);
        assert_eq!((&*holed.take(&x), holed.n_missing()), (&[1.0, 3.0][..], 1));
        assert_eq!(holed.original(1), 2);
    }
}
