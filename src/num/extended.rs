//! Numbers of twice the working precision as unevaluated sums hi + lo (Dekker 1971): about 31 digits, for the few
//! sums whose terms cancel nearly all of sixteen.

use std::ops::{Add, Div, Mul, Neg, Sub};

/// hi + lo with |lo| at most half a unit in the last place of hi.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Extended {
    hi: f64,
    lo: f64,
}

impl Extended {
    /// The sum of two numbers, exactly.
    pub fn sum(a: f64, b: f64) -> Self {
        let hi = a + b;
        let part = hi - a;
        Self { hi, lo: (a - (hi - part)) + (b - part) }
    }

    /// The product of two numbers, exactly.
    pub fn product(a: f64, b: f64) -> Self {
        let hi = a * b;
        Self { hi, lo: a.mul_add(b, -hi) }
    }

    /// x to a whole power.
    pub fn power(x: f64, k: u32) -> Self {
        (0..k).fold(Self::from(1.0), |p, _| p * Self::from(x))
    }

    /// The nearest number of working precision.
    pub fn value(self) -> f64 {
        self.hi + self.lo
    }

    /// Square root of a number that is not negative.
    #[must_use]
    pub fn sqrt(self) -> Self {
        let root = self.hi.sqrt();
        if root == 0.0 {
            return Self::default();
        }
        let rest = (self - Self::product(root, root)).hi;
        Self::sum(root, rest / (2.0 * root))
    }
}

impl From<f64> for Extended {
    fn from(x: f64) -> Self {
        Self { hi: x, lo: 0.0 }
    }
}

impl Add for Extended {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        let s = Self::sum(self.hi, other.hi);
        let t = Self::sum(self.lo, other.lo);
        let first = Self::sum(s.hi, s.lo + t.hi);
        Self::sum(first.hi, first.lo + t.lo)
    }
}

impl Neg for Extended {
    type Output = Self;
    fn neg(self) -> Self {
        Self { hi: -self.hi, lo: -self.lo }
    }
}

impl Sub for Extended {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        self + -other
    }
}

impl Mul for Extended {
    type Output = Self;
    fn mul(self, other: Self) -> Self {
        let p = Self::product(self.hi, other.hi);
        Self::sum(p.hi, p.lo + (self.hi * other.lo + self.lo * other.hi))
    }
}

impl Div for Extended {
    type Output = Self;
    fn div(self, other: Self) -> Self {
        let first = self.hi / other.hi;
        let rest = self - other * Self::from(first);
        let second = rest.hi / other.hi;
        let rest = rest - other * Self::from(second);
        Self::sum(first, second) + Self::from(rest.hi / other.hi)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thirty_digits_survive_a_cancellation() {
        let third = Extended::from(1.0) / Extended::from(3.0);
        let rest = third * Extended::from(3.0) - Extended::from(1.0);
        assert!(rest.value().abs() < 1e-31);
        let root = Extended::from(2.0).sqrt();
        assert!((root * root - Extended::from(2.0)).value().abs() < 1e-31);
        assert_eq!((Extended::power(0.1, 3) - Extended::power(0.1, 2) * Extended::from(0.1)).value(), 0.0);
        assert_eq!((Extended::sum(1e16, 1.0) - Extended::from(1e16)).value(), 1.0);
    }
}
