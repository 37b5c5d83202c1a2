//! Compensated sums (Neumaier 1974): the error is that of one rounding of the exact sum, plus
//! O(n·ε²) of the absolute sum.

/// A running sum and what rounding took from it.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Compensated {
    sum: f64,
    lost: f64,
}

impl Compensated {
    /// Adds one value.
    #[inline]
    pub fn add(&mut self, x: f64) {
        let next = self.sum + x;
        self.lost += if self.sum.abs() >= x.abs() { (self.sum - next) + x } else { (x - next) + self.sum };
        self.sum = next;
    }

    /// Adds the product of two values without rounding it first.
    #[inline]
    pub fn add_product(&mut self, x: f64, y: f64) {
        let product = x * y;
        self.add(product);
        self.lost += x.mul_add(y, -product);
    }

    /// Adds another running sum.
    pub fn combine(&mut self, other: Self) {
        self.add(other.sum);
        self.lost += other.lost;
    }

    /// The sum.
    pub fn value(&self) -> f64 {
        self.sum + self.lost
    }
}

/// Σ x.
pub fn sum(x: &[f64]) -> f64 {
    let mut acc = Compensated::default();
    for &v in x {
        acc.add(v);
    }
    acc.value()
}

/// Σ x·y over the shorter length.
pub fn dot(x: &[f64], y: &[f64]) -> f64 {
    let mut acc = Compensated::default();
    for (&a, &b) in x.iter().zip(y) {
        acc.add_product(a, b);
    }
    acc.value()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cancellation_is_survived() {
        assert_eq!(sum(&[1e100, 1.0, -1e100]), 1.0);
        assert_eq!(dot(&[1e16, 1.0, -1e16], &[1.0, 1.0, 1.0]), 1.0);
    }
}
