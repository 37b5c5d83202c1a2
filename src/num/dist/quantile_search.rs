//! Quantiles by a bracketed search on the log of a tail.

/// The u in [`low`, `high`] where the monotone function f changes sign.
///
/// The bracket is widened from `start` by doubling steps, then closed by false position (Illinois
/// weights) with a bisection every fourth step. Always ends: 200 widenings and 200 closings at most.
/// Where f keeps one sign over the whole range, the end with the smaller |f| is returned.
pub fn solve(f: impl Fn(f64) -> f64, start: f64, step: f64, low: f64, high: f64) -> f64 {
    let (mut a, mut b) = (start, start);
    let (mut fa, mut fb) = (f(a), f(b));
    let mut width = step;
    for _ in 0..200 {
        if fa == 0.0 || fa.signum() != fb.signum() {
            break;
        }
        (a, b) = ((start - width).max(low), (start + width).min(high));
        (fa, fb) = (f(a), f(b));
        if a <= low && b >= high {
            break;
        }
        width *= 2.0;
    }
    if fa == 0.0 || fa.signum() == fb.signum() {
        return if fa.abs() <= fb.abs() { a } else { b };
    }
    close(&f, (a, fa), (b, fb))
}

fn close(f: &impl Fn(f64) -> f64, (mut a, mut fa): (f64, f64), (mut b, mut fb): (f64, f64)) -> f64 {
    let mut side = 0_i8;
    for i in 0..200 {
        if (b - a).abs() <= f64::EPSILON * a.abs().max(b.abs()) {
            break;
        }
        let secant = b - fb * (b - a) / (fb - fa);
        let inside = secant > a && secant < b;
        let x = if inside && i % 4 != 3 { secant } else { f64::midpoint(a, b) };
        if x <= a || x >= b {
            break;
        }
        let fx = f(x);
        if fx == 0.0 {
            return x;
        }
        // The end that stays twice in a row counts half: plain false position would creep.
        if fx.signum() == fb.signum() {
            (b, fb) = (x, fx);
            fa = if side == 1 { fa / 2.0 } else { fa };
            side = 1;
        } else {
            (a, fa) = (x, fx);
            fb = if side == -1 { fb / 2.0 } else { fb };
            side = -1;
        }
    }
    if fa.abs() < fb.abs() { a } else { b }
}
