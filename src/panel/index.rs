//! Units and periods as codes 0..n without gaps.

use std::borrow::Cow;

use crate::design::Factor;

/// A factor over the rows used: every code below `n` occurs, so that n counts what is there.
#[derive(Debug, Clone)]
pub struct Index<'a> {
    /// The column's name.
    pub name: &'a str,
    /// One code per row, below `n`.
    pub codes: Cow<'a, [u32]>,
    /// Levels that occur.
    pub n: usize,
    levels: &'a [String],
    /// The level behind each code; `None` when they are the same.
    origin: Option<Vec<u32>>,
}

impl<'a> Index<'a> {
    /// Units: `codes` into `levels`, renumbered when some levels do not occur.
    pub fn new(name: &'a str, codes: Cow<'a, [u32]>, levels: &'a [String]) -> Self {
        let present = occurring(&codes, levels.len());
        if present.iter().all(|&p| p) {
            return Self { name, codes, n: levels.len(), levels, origin: None };
        }
        let order: Vec<u32> = (0..).zip(&present).filter(|(_, p)| **p).map(|(l, _)| l).collect();
        Self::renumbered(name, &codes, levels, order)
    }

    /// Periods: the levels that occur in the order of time, which is numeric when every level reads as a
    /// number and alphabetic otherwise (ISO dates sort rightly).
    pub fn periods(name: &'a str, codes: &[u32], levels: &'a [String]) -> Self {
        let present = occurring(codes, levels.len());
        let mut order: Vec<u32> = (0..).zip(&present).filter(|(_, p)| **p).map(|(l, _)| l).collect();
        let numbers: Option<Vec<f64>> = levels.iter().map(|l| l.parse().ok()).collect();
        match numbers {
            Some(value) => order.sort_by(|&a, &b| value[a as usize].total_cmp(&value[b as usize])),
            None => order.sort_by(|&a, &b| levels[a as usize].cmp(&levels[b as usize])),
        }
        Self::renumbered(name, codes, levels, order)
    }

    /// The codes of a factor without nulls, its levels as they are.
    pub fn of(factor: &'a Factor) -> Self {
        Self::new(factor.name(), Cow::Borrowed(factor.codes()), factor.levels())
    }

    fn renumbered(name: &'a str, codes: &[u32], levels: &'a [String], order: Vec<u32>) -> Self {
        let mut place = vec![0_u32; levels.len()];
        for (new, &old) in (0..).zip(&order) {
            place[old as usize] = new;
        }
        let codes = codes.iter().map(|&c| place[c as usize]).collect();
        Self { name, codes: Cow::Owned(codes), n: order.len(), levels, origin: Some(order) }
    }

    /// The label of a code.
    pub fn label(&self, code: u32) -> &str {
        let level = self.origin.as_ref().map_or(code, |o| o[code as usize]);
        &self.levels[level as usize]
    }
}

fn occurring(codes: &[u32], n: usize) -> Vec<bool> {
    let mut present = vec![false; n];
    for &code in codes {
        present[code as usize] = true;
    }
    present
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn absent_levels_are_dropped_and_periods_are_ordered() {
        let levels: Vec<String> = ["10", "9", "2", "11"].map(str::to_owned).to_vec();
        let units = Index::new("u", Cow::Borrowed(&[3, 0, 3]), &levels);
        assert_eq!((units.n, &units.codes[..], units.label(1)), (2, &[1, 0, 1][..], "11"));
        let periods = Index::periods("t", &[0, 1, 3, 1], &levels);
        assert_eq!((periods.n, &periods.codes[..], periods.label(0)), (3, &[1, 0, 2, 0][..], "9"));
    }
}
