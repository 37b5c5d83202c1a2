//! Numbers that know how each unit (row or cluster) moves them.
//!
//! An estimate θ̂ with influence ψ_i of unit i has variance Σ ψ_i²/m_i, m_i the rows that unit i stands for (the delta method on
//! M-estimators; Huber 1967). Sums, products and ratios of estimates carry their influences along, so that a decomposition made of
//! several fits on the same rows has the error that their joint covariance gives, without that covariance being written down.

/// An estimate and the influence of every unit on it.
#[derive(Debug, Clone, PartialEq)]
#[must_use]
pub struct Traced {
    /// The estimate.
    pub value: f64,
    /// One influence a unit.
    pub influence: Vec<f64>,
}

impl Traced {
    /// A number that no unit moves.
    pub fn fixed(value: f64, n_units: usize) -> Self {
        Self { value, influence: vec![0.0; n_units] }
    }

    /// a·self + b·other.
    pub fn mix(&self, a: f64, other: &Self, b: f64) -> Self {
        let influence = self.influence.iter().zip(&other.influence).map(|(x, y)| a * x + b * y).collect();
        Self { value: a * self.value + b * other.value, influence }
    }

    /// self + other.
    pub fn plus(&self, other: &Self) -> Self {
        self.mix(1.0, other, 1.0)
    }

    /// self − other.
    pub fn minus(&self, other: &Self) -> Self {
        self.mix(1.0, other, -1.0)
    }

    /// self · other.
    pub fn times(&self, other: &Self) -> Self {
        let mut out = self.mix(other.value, other, self.value);
        out.value = self.value * other.value;
        out
    }

    /// self / other.
    pub fn over(&self, other: &Self) -> Self {
        let ratio = self.value / other.value;
        let mut out = self.mix(1.0 / other.value, other, -ratio / other.value);
        out.value = ratio;
        out
    }

    /// k · self.
    pub fn scaled(&self, k: f64) -> Self {
        Self { value: k * self.value, influence: self.influence.iter().map(|v| k * v).collect() }
    }

    /// Sum of several.
    pub fn sum<'a>(all: impl IntoIterator<Item = &'a Self>, n_units: usize) -> Self {
        all.into_iter().fold(Self::fixed(0.0, n_units), |total, one| total.plus(one))
    }
}

/// How influences of rows become those of units, and units a variance.
#[derive(Debug, Clone)]
pub struct Units {
    /// Unit of each row.
    of_row: Vec<usize>,
    /// Rows that each unit stands for.
    size: Vec<f64>,
    /// Whether units are clusters.
    pub clustered: bool,
}

impl Units {
    /// Each row its own unit, standing for `rows[i]` rows.
    pub fn rows(rows: &[f64]) -> Self {
        Self { of_row: (0..rows.len()).collect(), size: rows.to_vec(), clustered: false }
    }

    /// Clusters by code.
    pub fn clusters(codes: &[usize], n: usize) -> Self {
        Self { of_row: codes.to_vec(), size: vec![1.0; n], clustered: true }
    }

    /// Units.
    pub fn len(&self) -> usize {
        self.size.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.size.is_empty()
    }

    /// Adds what the rows `rows` move, in their order.
    pub fn gather(&self, rows: &[usize], moved: impl Fn(usize) -> f64, into: &mut [f64]) {
        for (k, &row) in rows.iter().enumerate() {
            into[self.of_row[row]] += moved(k);
        }
    }

    /// Standard error with the factor N/(N − 1) of N units.
    pub fn std_error(&self, of: &Traced) -> f64 {
        let n: f64 = self.size.iter().sum();
        let squares: f64 =
            of.influence.iter().zip(&self.size).filter(|(_, m)| **m > 0.0).map(|(v, m)| v * v / m).sum();
        (squares * n / (n - 1.0)).sqrt()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mean_has_its_error_and_a_row_of_two_is_two_rows() {
        let mean = |x: &[f64], w: &[f64]| {
            let total: f64 = w.iter().sum();
            let value = x.iter().zip(w).map(|(x, w)| x * w).sum::<f64>() / total;
            let influence = x.iter().zip(w).map(|(x, w)| w * (x - value) / total).collect();
            (Units::rows(w), Traced { value, influence })
        };
        let (units, m) = mean(&[1.0, 2.0, 2.0, 6.0], &[1.0; 4]);
        let sd = ((1.75_f64.powi(2) + 2.0 * 0.75_f64.powi(2) + 3.25_f64.powi(2)) / 3.0).sqrt();
        assert!((units.std_error(&m) - sd / 2.0).abs() < 1e-15);
        let (grouped, g) = mean(&[1.0, 2.0, 6.0], &[1.0, 2.0, 1.0]);
        assert!((grouped.std_error(&g) - sd / 2.0).abs() < 1e-15);
    }

    #[test]
    fn products_and_ratios_follow_their_rules() {
        let a = Traced { value: 3.0, influence: vec![1.0, 0.0] };
        let b = Traced { value: 2.0, influence: vec![0.0, 1.0] };
        assert_eq!(a.times(&b), Traced { value: 6.0, influence: vec![2.0, 3.0] });
        assert_eq!(a.over(&b), Traced { value: 1.5, influence: vec![0.5, -0.75] });
        assert_eq!(Traced::sum([&a, &b], 2).value, 5.0);
    }
}
