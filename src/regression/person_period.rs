//! Spells observed in whole periods, as cells of (pattern of covariates, period).
//!
//! A spell with entry a and exit b is at risk in the periods a + 1 … b; its event, if it has one, falls in b,
//! otherwise it is censored at the end of b. The likelihood of discrete-time hazards h_t = P(T = t | T ≥ t) is that
//! of independent binary outcomes, one for each period at risk (Allison 1982; Singer and Willett 1993), so what a
//! fit needs of all spells with one pattern is, for each period, how many were at risk and how many had the event:
//! n_t = Σ 1[a < t ≤ b], d_t = Σ δ 1[b = t]. They are counted by differences; spells × periods are never
//! written out.

use crate::design::Groups;
use crate::error::{Error, Result};

/// A count of periods beyond this is a date, not a period.
const MOST_PERIODS: f64 = 10_000.0;

/// Spells, or cells of like spells.
#[derive(Debug, Clone, Copy)]
pub struct Spells<'a> {
    /// Pattern of each, below `n_patterns`.
    pub pattern: &'a [u32],
    /// Patterns.
    pub n_patterns: usize,
    /// a: whole numbers; 0 where not given.
    pub entry: Option<&'a [f64]>,
    /// b: whole numbers above a.
    pub exit: &'a [f64],
    /// Spells that each stands for.
    pub n: &'a [f64],
    /// Of these, with an event in b.
    pub events: &'a [f64],
}

/// A pattern in a period.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AtRisk {
    /// The pattern.
    pub pattern: u32,
    /// The period.
    pub period: f64,
    /// n_t.
    pub n: f64,
    /// d_t.
    pub events: f64,
}

/// The cells with somebody at risk, by pattern and period.
///
/// # Errors
/// `Values` for entries and exits that are not whole, not in order or too far apart; the columns are called
/// "exit" and "entry".
pub fn person_periods(spells: &Spells<'_>) -> Result<Vec<AtRisk>> {
    let first = |i: usize| spells.entry.map_or(0.0, |a| a[i]);
    let n = spells.exit.len();
    let refuse = |column: &str, v: &dyn Fn(usize) -> f64, expected: &str, bad: &dyn Fn(usize) -> bool| {
        let rows: Vec<usize> = (0..n).filter(|&i| bad(i)).collect();
        rows.first().map_or(Ok(()), |&i| Err(Error::values(column, rows.iter().copied(), expected, v(i))))
    };
    let whole = |v: f64| v.is_finite() && v.fract() == 0.0;
    let exit = |i: usize| spells.exit[i];
    refuse("exit", &exit, "whole numbers of periods", &|i| !whole(exit(i)))?;
    refuse("entry", &first, "whole numbers of periods", &|i| !whole(first(i)))?;
    let after = "a period after the entry (from 1 where there is no entry)";
    refuse("exit", &exit, after, &|i| exit(i) <= first(i))?;
    let start = (0..n).map(first).fold(f64::INFINITY, f64::min);
    let far = "periods counted from a start, at most 10,000 of them (not dates)";
    refuse("exit", &exit, far, &|i| exit(i) - start > MOST_PERIODS)?;
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    // whole, and at most 10,000 from the start
    let place = |v: f64| (v - start) as usize;
    let width = (0..n).map(|i| place(exit(i))).max().unwrap_or(0);
    let mut out = Vec::new();
    for (pattern, rows) in Groups::from_codes(spells.pattern, spells.n_patterns).iter().enumerate() {
        // Index t is the period start + 1 + t.
        let (mut change, mut events) = (vec![0.0; width + 1], vec![0.0; width + 1]);
        for &i in rows {
            change[place(first(i))] += spells.n[i];
            change[place(exit(i))] -= spells.n[i];
            events[place(exit(i)) - 1] += spells.events[i];
        }
        let mut at_risk = 0.0;
        for t in 0..width {
            at_risk += change[t];
            if at_risk > 0.0 {
                let pattern = u32::try_from(pattern).unwrap_or(u32::MAX);
                out.push(AtRisk { pattern, period: start + 1.0 + t as f64, n: at_risk, events: events[t] });
            }
        }
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cells_are_the_rows_written_out() {
        let (pattern, entry) = ([0, 0, 1, 1, 0], [0.0, 2.0, 0.0, 1.0, 0.0]);
        let (exit, n, events) =
            ([3.0, 4.0, 1.0, 3.0, 2.0], [1.0, 2.0, 1.0, 5.0, 1.0], [1.0, 1.0, 0.0, 2.0, 0.0]);
        let spells = Spells {
            pattern: &pattern,
            n_patterns: 2,
            entry: Some(&entry),
            exit: &exit,
            n: &n,
            events: &events,
        };
        let got = person_periods(&spells).unwrap();
        let mut want = Vec::new();
        for p in 0..2_u32 {
            for t in 1..=4 {
                let t = f64::from(t);
                let of = |i: &usize| pattern[*i] == p && entry[*i] < t && t <= exit[*i];
                let n_t: f64 = (0..5).filter(of).map(|i| n[i]).sum();
                let d_t: f64 = (0..5).filter(|i| of(i) && exit[*i] == t).map(|i| events[i]).sum();
                if n_t > 0.0 {
                    want.push(AtRisk { pattern: p, period: t, n: n_t, events: d_t });
                }
            }
        }
        assert_eq!(got, want);
    }

    #[test]
    fn impossible_spells_are_refused() {
        let one = [1.0];
        let at = |entry: f64, exit: f64| {
            let (entry, exit) = ([entry], [exit]);
            let spells = Spells {
                pattern: &[0],
                n_patterns: 1,
                entry: Some(&entry),
                exit: &exit,
                n: &one,
                events: &one,
            };
            person_periods(&spells).map(|_| ())
        };
        for (a, b, column) in
            [(0.0, 1.5, "exit"), (0.5, 2.0, "entry"), (3.0, 3.0, "exit"), (0.0, 20_000.0, "exit")]
        {
            assert!(matches!(at(a, b), Err(Error::Values { column: ref c, .. }) if c == column), "{a} {b}");
        }
        assert!(at(0.0, 1.0).is_ok());
    }
}
