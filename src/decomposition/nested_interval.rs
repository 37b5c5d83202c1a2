//! Intervals of shares of variance that hold at 0, by inverting a parametric bootstrap.
//!
//! For a level k and a share ρ, y* = √(ρT)·u + √((1 − ρ)T)·e + ε: u normal effects of level k, e those of the other levels in their estimated
//! proportions, ε sampling noise with the known variances, T the estimated total. The interval is the set of ρ under which
//! the observed share is in neither tail of its own estimator (Carpenter 1999). At ρ = 0 that estimator is simulated as it is, with its mass
//! at 0, so the lower limit is 0 as often as it should be; a limit from a standard error would not be.
//!
//! Estimators are ratios of quadratic forms: each replicate is drawn once as six bilinear numbers a level, whatever ρ.

use crate::decomposition::nested::{Nest, shares};
use crate::error::Result;
use crate::num::dist::normal;
use crate::parallel::{Control, map_chunks};
use crate::rng::Stream;

/// Components of one replicate as a function of α = √(ρT), β = √((1 − ρ)T): coefficients of α², 2αβ, 2α, β², 2β, 1.
type Forms = [Vec<f64>; 6];

/// Limits of the share of every level.
///
/// # Errors
/// `Interrupted`.
pub fn intervals(
    nest: &Nest,
    raw: &[f64],
    conf_level: f64,
    n_resamples: usize,
    seed: u64,
    control: &Control,
) -> Result<Option<Vec<(f64, f64)>>> {
    let Some(observed) = shares(raw) else { return Ok(None) };
    let total: f64 = raw.iter().map(|v| v.max(0.0)).sum();
    control.announce((n_resamples * raw.len()) as u64);
    let mut out = Vec::with_capacity(raw.len());
    for k in 0..raw.len() {
        if raw.len() == 1 {
            // One level: all of the signal is its own.
            out.push((1.0, 1.0));
            continue;
        }
        let drawn = map_chunks(n_resamples, 32, |range| {
            control.tick(range.len() as u64)?;
            Ok(range.map(|i| forms(nest, raw, k, seed, i as u64)).collect::<Vec<_>>())
        })?;
        let drawn: Vec<Forms> = drawn.into_iter().flatten().collect();
        out.push(invert(&drawn, k, total, observed[k], (1.0 - conf_level) / 2.0));
    }
    Ok(Some(out))
}

fn forms(nest: &Nest, raw: &[f64], k: usize, seed: u64, replicate: u64) -> Forms {
    let n = nest.sampling().len();
    let mut stream = Stream::new(seed, replicate * raw.len() as u64 + k as u64);
    let others: f64 = raw.iter().enumerate().filter(|(l, _)| *l != k).map(|(_, v)| v.max(0.0)).sum();
    let (mut u, mut e) = (vec![0.0; n], vec![0.0; n]);
    for l in 0..raw.len() {
        let effects: Vec<f64> = (0..nest.n_groups(l)).map(|_| gaussian(&mut stream)).collect();
        // Where all other levels are estimated as 0, the finest of them stands for them.
        let finest = if k + 1 == raw.len() { k - 1 } else { raw.len() - 1 };
        let share = if others > 0.0 { raw[l].max(0.0) / others } else { f64::from(u8::from(l == finest)) };
        let (into, scale) = if l == k { (&mut u, 1.0) } else { (&mut e, share.sqrt()) };
        for (i, v) in into.iter_mut().enumerate() {
            *v += scale * effects[nest.code(l, i)];
        }
    }
    let noise: Vec<f64> = nest.sampling().iter().map(|v| v.sqrt() * gaussian(&mut stream)).collect();
    let means = |y: &[f64]| (0..raw.len()).map(|l| nest.means(l, y)).collect::<Vec<_>>();
    let (u, e, noise) = (means(&u), means(&e), means(&noise));
    let of = |x: &[Vec<f64>], y: &[Vec<f64>], noisy| nest.solve(&nest.squares(x, y), noisy);
    [
        of(&u, &u, false),
        of(&u, &e, false),
        of(&u, &noise, false),
        of(&e, &e, false),
        of(&e, &noise, false),
        // The expected noise is taken away once.
        of(&noise, &noise, true),
    ]
}

fn gaussian(stream: &mut Stream) -> f64 {
    normal::quantile(stream.uniform() + 0.5 / 9_007_199_254_740_992.0)
}

/// Share of level k in a replicate under ρ; 0 where nothing is left.
fn share(forms: &Forms, k: usize, total: f64, rho: f64) -> f64 {
    let (a, b) = ((rho * total).sqrt(), ((1.0 - rho) * total).sqrt());
    let coefficients = [a * a, 2.0 * a * b, 2.0 * a, b * b, 2.0 * b, 1.0];
    let one =
        |l: usize| -> f64 { forms.iter().zip(coefficients).map(|(f, c)| c * f[l]).sum::<f64>().max(0.0) };
    let all: f64 = (0..forms[0].len()).map(one).sum();
    if all > 0.0 { one(k) / all } else { 0.0 }
}

fn invert(drawn: &[Forms], k: usize, total: f64, observed: f64, tail: f64) -> (f64, f64) {
    let n = drawn.len() as f64;
    let slack = 1e-12;
    let above =
        |rho: f64| drawn.iter().filter(|f| share(f, k, total, rho) >= observed - slack).count() as f64 / n;
    let below =
        |rho: f64| drawn.iter().filter(|f| share(f, k, total, rho) <= observed + slack).count() as f64 / n;
    let low = if above(0.0) >= tail { 0.0 } else { bisect(|rho| above(rho) >= tail, 0.0, observed) };
    let high = if below(1.0) >= tail { 1.0 } else { bisect(|rho| below(rho) < tail, observed, 1.0) };
    (low.min(observed), high.max(observed))
}

/// Where `later` turns from false to true between `low` and `high`.
fn bisect(later: impl Fn(f64) -> bool, mut low: f64, mut high: f64) -> f64 {
    for _ in 0..40 {
        let middle = f64::midpoint(low, high);
        if later(middle) { high = middle } else { low = middle }
    }
    f64::midpoint(low, high)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parallel::with_threads;

    fn nest(groups: u32, size: u32) -> Nest {
        let codes = (0..groups * size).map(|i| i / size).collect();
        let n = (groups * size) as usize;
        Nest::new(vec![(codes, groups as usize)], vec![1.0; n], vec![0.0; n], &["g".to_owned()]).unwrap()
    }

    #[test]
    fn a_balanced_table_has_the_exact_interval() {
        // Ten groups of five, F = 4: ρ from (F/F_q − 1)/(F/F_q + 4) with 9 and 40 degrees of freedom.
        let (f, n) = (4.0, 5.0);
        let raw = [(f - 1.0) / n, 1.0];
        let exact = |q: f64| {
            let ratio = f / crate::num::dist::f::quantile(q, 9.0, 40.0);
            ((ratio - 1.0) / (ratio + n - 1.0)).max(0.0)
        };
        let found = intervals(&nest(10, 5), &raw, 0.95, 4000, 1, &Control::new()).unwrap().unwrap();
        assert!((found[0].0 - exact(0.975)).abs() < 0.02, "{found:?} {}", exact(0.975));
        assert!((found[0].1 - exact(0.025)).abs() < 0.02, "{found:?} {}", exact(0.025));
        assert!((found[1].0 - (1.0 - exact(0.025))).abs() < 0.02);
    }

    #[test]
    fn no_variance_between_groups_reaches_down_to_zero() {
        let found = intervals(&nest(8, 4), &[-0.1, 1.0], 0.95, 500, 2, &Control::new()).unwrap().unwrap();
        assert!(found[0].0 == 0.0 && found[0].1 > 0.1 && found[0].1 < 0.6, "{found:?}");
        assert!(intervals(&nest(8, 4), &[-0.1, -1.0], 0.95, 50, 2, &Control::new()).unwrap().is_none());
    }

    #[test]
    fn same_bits_at_any_thread_count() {
        let of = |threads| {
            with_threads(threads, || {
                intervals(&nest(6, 3), &[0.4, 1.0], 0.9, 200, 3, &Control::new()).unwrap()
            })
        };
        assert_eq!(of(1), of(2));
        assert_eq!(of(1), of(8));
    }
}
