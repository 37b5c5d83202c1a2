//! The rows of each level of a factor, in one array: counting sort, O(n + levels).

use super::Factor;

/// Row indices grouped by level; rows whose level is null belong to no group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Groups {
    starts: Vec<usize>,
    rows: Vec<usize>,
}

impl Groups {
    /// Groups of a factor's rows, in level order; row order is kept within a group.
    pub fn of(factor: &Factor) -> Self {
        Self::from_codes(factor.codes(), factor.levels().len())
    }

    /// Groups of `codes` in `0..n_groups`; other codes (nulls) are left out.
    pub fn from_codes(codes: &[u32], n_groups: usize) -> Self {
        let mut starts = vec![0; n_groups + 1];
        let inside = |code: u32| (code as usize) < n_groups;
        for &code in codes.iter().filter(|&&c| inside(c)) {
            starts[code as usize + 1] += 1;
        }
        for g in 0..n_groups {
            starts[g + 1] += starts[g];
        }
        let mut next = starts.clone();
        let mut rows = vec![0; starts[n_groups]];
        for (row, &code) in codes.iter().enumerate().filter(|(_, c)| inside(**c)) {
            rows[next[code as usize]] = row;
            next[code as usize] += 1;
        }
        Self { starts, rows }
    }

    /// How many groups, empty ones included.
    pub fn len(&self) -> usize {
        self.starts.len() - 1
    }

    /// Whether there are no groups.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The rows of group `g`.
    pub fn rows(&self, g: usize) -> &[usize] {
        &self.rows[self.starts[g]..self.starts[g + 1]]
    }

    /// The groups' rows, in order.
    pub fn iter(&self) -> impl Iterator<Item = &[usize]> {
        (0..self.len()).map(|g| self.rows(g))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_is_in_its_group_once() {
        let f = Factor::from_labels("g", [Some("x"), Some("y"), None, Some("x")]);
        let groups = Groups::of(&f);
        assert_eq!(groups.iter().collect::<Vec<_>>(), [&[0, 3][..], &[1]]);
    }
}
