//! e^x and ln(1 + e) for lanes: plain arithmetic without branches, which compilers put into vectors.
//!
//! e^x = 2^k e^r with k = round(x/ln 2) and |r| ≤ ½ ln 2, by the series of e^r; ln(1 + e) = 2 artanh s with
//! s = e/(2 + e), for e > √2 − 1 after halving 1 + e (Muller 2016, Elementary Functions, ch. 3 and 11). Both are within
//! 2 units in the last place, checked against the library's.

#![allow(clippy::inline_always)] // a function that is not inlined loses the instruction set

/// Values of one step.
pub const LANES: usize = 8;

/// Greatest |x| of [`exp`].
pub const LARGEST: f64 = 700.0;

/// 1.5·2⁵²: adding it rounds to a whole number, which stands in the last bits.
const ROUND: f64 = 6_755_399_441_055_744.0;
const LN_2_HIGH: f64 = f64::from_bits(0x3fe6_2e42_fee0_0000);
const LN_2_LOW: f64 = f64::from_bits(0x3dea_39ef_3579_3c76);

/// e^x; |x| ≤ [`LARGEST`].
#[inline(always)]
pub fn exp(x: f64) -> f64 {
    let shifted = x * std::f64::consts::LOG2_E + ROUND;
    let k = shifted - ROUND;
    let r = (x - k * LN_2_HIGH) - k * LN_2_LOW;
    let mut p = 1.0 / 6_227_020_800.0;
    for c in [
        1.0 / 479_001_600.0,
        1.0 / 39_916_800.0,
        1.0 / 3_628_800.0,
        1.0 / 362_880.0,
        1.0 / 40_320.0,
        1.0 / 5040.0,
        1.0 / 720.0,
        1.0 / 120.0,
        1.0 / 24.0,
        1.0 / 6.0,
        0.5,
    ] {
        p = p * r + c;
    }
    let value = 1.0 + (r + r * r * p);
    // k is added to the exponent: the bits of `shifted` above it leave at the top.
    f64::from_bits(value.to_bits().wrapping_add(shifted.to_bits() << 52))
}

/// ln(1 + e) for 0 ≤ e ≤ 1.
#[inline(always)]
pub fn ln_1p(e: f64) -> f64 {
    let large = e > std::f64::consts::SQRT_2 - 1.0;
    let (top, bottom) = if large { (e - 1.0, 3.0 + e) } else { (e, 2.0 + e) };
    let s = top / bottom;
    let z = s * s;
    let mut p = 1.0 / 21.0;
    for c in
        [1.0 / 19.0, 1.0 / 17.0, 1.0 / 15.0, 1.0 / 13.0, 1.0 / 11.0, 1.0 / 9.0, 1.0 / 7.0, 0.2, 1.0 / 3.0]
    {
        p = p * z + c;
    }
    let near = 2.0 * (s + s * z * p);
    if large { std::f64::consts::LN_2 + near } else { near }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn apart(a: f64, b: f64) -> f64 {
        ((a - b) / b).abs() / f64::EPSILON
    }

    #[test]
    fn both_agree_with_the_library_to_two_units_in_the_last_place() {
        let (mut worst, mut worst_log) = (0.0_f64, 0.0_f64);
        for i in -700_000..=700_000 {
            let x = f64::from(i) * 1e-3 + f64::from(i % 97) * 1e-6;
            let x = x.clamp(-LARGEST, LARGEST);
            worst = worst.max(apart(exp(x), x.exp()));
            let e = (-x.abs() / 20.0).exp();
            worst_log = worst_log.max(apart(ln_1p(e), e.ln_1p()));
        }
        assert!(worst < 2.0 && worst_log < 2.0, "{worst} {worst_log}");
        assert_eq!((exp(0.0), ln_1p(0.0)), (1.0, 0.0));
        assert_eq!(ln_1p(1.0), std::f64::consts::LN_2);
    }
}
