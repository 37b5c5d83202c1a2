//! A bracketed root (Brent 1973, ch. 4: inverse quadratic steps guarded by bisection).

use crate::error::{Error, Result};

const MAX_ITER: usize = 200;

/// x in [a, b] with f(x) = 0 to within `tolerance` in x; f(a) and f(b) must differ in sign.
///
/// # Errors
/// `Undefined` when the ends have one sign; `NoConvergence` when f is not finite on the way.
pub fn brent(f: impl Fn(f64) -> f64, a: f64, b: f64, tolerance: f64) -> Result<f64> {
    let (mut a, mut b) = (a, b);
    let (mut fa, mut fb) = (f(a), f(b));
    if fa == 0.0 {
        return Ok(a);
    }
    if fb == 0.0 {
        return Ok(b);
    }
    if fa.signum() == fb.signum() || fa.is_nan() || fb.is_nan() {
        let reason = format!("f({a}) = {fa} and f({b}) = {fb} do not bracket it");
        return Err(Error::Undefined { what: "the root".to_owned(), reason });
    }
    let (mut c, mut fc) = (a, fa);
    let mut step = b - a;
    let mut previous = step;
    for _ in 0..MAX_ITER {
        if fc.abs() < fb.abs() {
            (a, b, c) = (b, c, b);
            (fa, fb, fc) = (fb, fc, fb);
        }
        let close = (2.0 * f64::EPSILON).mul_add(b.abs(), 0.5 * tolerance);
        let half = 0.5 * (c - b);
        if half.abs() <= close || fb == 0.0 {
            return Ok(b);
        }
        (step, previous) = next_step(Bracket { a, b, c, fa, fb, fc }, half, close, step, previous);
        (a, fa) = (b, fb);
        b += if step.abs() > close { step } else { close.copysign(half) };
        fb = f(b);
        if fb.signum() == fc.signum() {
            (c, fc) = (a, fa);
            step = b - a;
            previous = step;
        }
    }
    Err(Error::NoConvergence {
        what: "root search".to_owned(),
        n_iter: MAX_ITER,
        last: (c - b).abs(),
        tolerance,
    })
}

struct Bracket {
    a: f64,
    b: f64,
    c: f64,
    fa: f64,
    fb: f64,
    fc: f64,
}

/// The interpolated step where it is safe, half the bracket otherwise: (step, previous step).
fn next_step(k: Bracket, half: f64, close: f64, step: f64, previous: f64) -> (f64, f64) {
    if previous.abs() < close || k.fa.abs() <= k.fb.abs() {
        return (half, half);
    }
    let s = k.fb / k.fa;
    let (mut p, mut q) = if k.a == k.c {
        (2.0 * half * s, 1.0 - s)
    } else {
        let (q, r) = (k.fa / k.fc, k.fb / k.fc);
        (s * (2.0 * half * q * (q - r) - (k.b - k.a) * (r - 1.0)), (q - 1.0) * (r - 1.0) * (s - 1.0))
    };
    if p > 0.0 {
        q = -q;
    } else {
        p = -p;
    }
    if 2.0 * p < (3.0 * half * q - (close * q).abs()).min((previous * q).abs()) {
        (p / q, step)
    } else {
        (half, half)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roots_are_found_and_bad_brackets_refused() {
        let root = brent(|x| x * x - 2.0, 0.0, 2.0, 1e-15).unwrap();
        assert!((root - 2.0_f64.sqrt()).abs() < 1e-15);
        assert!(brent(|x| x * x + 1.0, -1.0, 1.0, 1e-12).is_err());
        assert!(brent(|_| f64::NAN, -1.0, 1.0, 1e-12).is_err());
    }
}
