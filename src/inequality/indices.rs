//! Indices of inequality of one column of non-negative values.
//!
//! Weights give shares p_i = w_i/Σw; m = Σ p x, F_i the mid-point of the cumulative share of row i in ascending order:
//! * Gini = 2 Σ p x F/m − 1; times n/(n − 1) corrected for n rows;
//! * Theil T = Σ p (x/m) ln(x/m), L = Σ p ln(m/x); generalised entropy GE(α) = {Σ p (x/m)^α − 1}/{α(α − 1)};
//! * Atkinson A(ε) = 1 − {Σ p (x/m)^{1−ε}}^{1/(1−ε)}, and 1 − exp{Σ p ln(x/m)} at ε = 1;
//! * cv = √{Σ p (x/m − 1)²}; Hoover = ½ Σ p |x/m − 1|; Herfindahl = Σ (p x/m)²;
//! * bottom fifth: share held by the ⌊0.2 n⌋ smallest rows (without weights only).
//!
//! (Cowell 2011, ch. 2-3; definitions with divisor n.) L, A(1) and A(2) need x > 0.

use crate::design::Weights;
use crate::error::{Error, Result};

/// The indices, in the order of [`NAMES`]; `None` where the values do not allow one.
pub type Indices = [Option<f64>; NAMES.len()];

/// Names of the indices.
pub const NAMES: [&str; 14] = [
    "mean",
    "gini",
    "gini_corrected",
    "theil_t",
    "theil_l",
    "atkinson_0.5",
    "atkinson_1",
    "atkinson_2",
    "cv",
    "ge_0.5",
    "ge_2",
    "hoover",
    "bottom_fifth_share",
    "herfindahl",
];

/// Rows in ascending order, ready for any number of weightings.
#[derive(Debug, Clone)]
pub struct Ascending {
    x: Vec<f64>,
    w: Vec<f64>,
    order: Vec<usize>,
    weighted: bool,
}

impl Ascending {
    /// Orders `x` (n values).
    ///
    /// # Errors
    /// `Values` for negative values; `Undefined` for a mean of 0; those of the weights.
    pub fn new(x: &[f64], weights: Weights<'_>, column: &str) -> Result<Self> {
        weights.check(x.len(), "weight")?;
        if let Some(&first) = x.iter().find(|v| **v < 0.0) {
            let rows = x.iter().enumerate().filter(|(_, v)| **v < 0.0).map(|(i, _)| i);
            return Err(Error::values(column, rows, "values of 0 or more", first));
        }
        if (0..x.len()).all(|i| weights.at(i) * x[i] == 0.0) {
            let reason = format!("all values of \"{column}\" with a positive weight are 0");
            return Err(Error::Undefined { what: "inequality".to_owned(), reason });
        }
        let mut order: Vec<usize> = (0..x.len()).collect();
        order.sort_by(|&i, &j| x[i].total_cmp(&x[j]));
        Ok(Self {
            x: order.iter().map(|&i| x[i]).collect(),
            w: order.iter().map(|&i| weights.at(i)).collect(),
            order,
            weighted: weights.values().is_some(),
        })
    }

    /// The indices under counts `c` per row of the table (1 each without).
    pub fn indices(&self, c: Option<&[f64]>) -> Indices {
        let w: Vec<f64> = match c {
            None => self.w.clone(),
            Some(c) => self.w.iter().zip(&self.order).map(|(w, &i)| w * c[i]).collect(),
        };
        let total: f64 = w.iter().sum();
        let mean = w.iter().zip(&self.x).map(|(w, x)| w * x).sum::<f64>() / total;
        if mean.is_nan() || mean <= 0.0 {
            return [None; NAMES.len()];
        }
        let p: Vec<f64> = w.iter().map(|w| w / total).collect();
        let u: Vec<f64> = self.x.iter().map(|x| x / mean).collect();
        let over = |f: &dyn Fn(f64) -> f64| p.iter().zip(&u).map(|(p, u)| p * f(*u)).sum::<f64>();
        let positive = p.iter().zip(&u).all(|(p, u)| *p == 0.0 || *u > 0.0);
        let seen = |f: &dyn Fn(f64) -> f64| {
            positive.then(|| p.iter().zip(&u).filter(|(p, _)| **p > 0.0).map(|(p, u)| p * f(*u)).sum::<f64>())
        };
        let gini = gini(&p, &u);
        let n = c.map_or(p.len() as f64, |c| c.iter().sum());
        let logs = seen(&f64::ln);
        [
            Some(mean),
            Some(gini),
            Some(gini * n / (n - 1.0)).filter(|g| g.is_finite()),
            Some(over(&|u| if u > 0.0 { u * u.ln() } else { 0.0 })),
            logs.map(|l| -l),
            Some(1.0 - over(&f64::sqrt).powi(2)),
            logs.map(|l| -l.exp_m1()),
            seen(&f64::recip).map(|r| 1.0 - r.recip()),
            Some(over(&|u| (u - 1.0).powi(2)).sqrt()),
            Some((1.0 - over(&f64::sqrt)) * 4.0),
            Some(over(&|u| (u - 1.0).powi(2)) / 2.0),
            Some(over(&|u| (u - 1.0).abs()) / 2.0),
            if self.weighted || c.is_some() { None } else { Some(bottom_fifth(&u)) },
            Some(p.iter().zip(&u).map(|(p, u)| (p * u).powi(2)).sum()),
        ]
    }
}

/// 2 Σ p u F − 1 with F the mid-point of the cumulative share, summed about ½ so that little cancels.
fn gini(p: &[f64], u: &[f64]) -> f64 {
    let (mut below, mut sum) = (0.0, 0.0);
    for (p, u) in p.iter().zip(u) {
        sum += p * (u - 1.0) * (below + p / 2.0 - 0.5);
        below += p;
    }
    2.0 * sum
}

fn bottom_fifth(u: &[f64]) -> f64 {
    let n = u.len();
    u[..n / 5].iter().sum::<f64>() / u.iter().sum::<f64>()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equality_is_zero_and_one_holder_is_the_limit() {
        let equal = Ascending::new(&[4.0; 10], Weights::Unit, "x").unwrap().indices(None);
        assert!(equal[1..12].iter().all(|v| v.unwrap().abs() < 1e-14), "{equal:?}");
        assert!((equal[12].unwrap() - 0.2).abs() < 1e-15);
        let one = Ascending::new(&[0.0, 0.0, 0.0, 8.0], Weights::Unit, "x").unwrap().indices(None);
        assert!((one[1].unwrap() - 0.75).abs() < 1e-15 && (one[2].unwrap() - 1.0).abs() < 1e-15);
        assert_eq!((one[4], one[7]), (None, None));
    }

    #[test]
    fn a_weight_of_two_is_two_rows() {
        let twice = Ascending::new(&[1.0, 5.0, 5.0, 2.0], Weights::Unit, "x").unwrap().indices(None);
        let w = [1.0, 2.0, 1.0];
        let weighted = Ascending::new(&[1.0, 5.0, 2.0], Weights::Frequency(&w), "x").unwrap().indices(None);
        for j in [0, 1, 3, 4, 5, 6, 7, 8, 9, 10, 11] {
            assert!((twice[j].unwrap() - weighted[j].unwrap()).abs() < 1e-14, "{}", NAMES[j]);
        }
        assert!(Ascending::new(&[-1.0, 2.0], Weights::Unit, "x").is_err());
        assert!(Ascending::new(&[0.0, 0.0], Weights::Unit, "x").is_err());
    }
}
