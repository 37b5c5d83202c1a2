//! What the likelihood ratio of one variance does by chance: simulation of its exact distribution.
//!
//! Under ρ₀ the sums of squares of `canonical` are (1 + ρ₀μ_g)χ²(k_g) and χ²(f), whatever σ² and β: a draw costs as many random
//! numbers as there are eigenvalues, and the restricted likelihood ratio its maximum over a grid of ρ, refined by a
//! parabola (Crainiceanu and Ruppert 2004, algorithm of section 4). The same draws serve every ρ₀, so that limits are
//! smooth in it. Draw i belongs to stream (seed, i).

use crate::error::{Error, Result};
use crate::mixed::canonical::{Canonical, GRID, grid};
use crate::num::dist::normal;
use crate::parallel::{Control, map_chunks};
use crate::rng::Stream;

/// Draws per unit of parallel work.
const BLOCK: usize = 256;
/// Most eigenvalues told apart in a draw; more are merged with their neighbours.
const DISTINCT: usize = 200;

/// Which parameter the ratio holds fixed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fixed {
    /// ρ = τ/σ².
    Ratio,
    /// τ.
    Between,
}

/// Draws of the sums of squares in units of their expectations.
#[derive(Debug, Clone)]
pub struct Null {
    shape: Canonical,
    /// Per draw: χ²(k) of every eigenvalue, then χ²(f).
    draws: Vec<f64>,
    /// 1/(1 + ρμ) by grid point, eigenvalue after eigenvalue.
    inverse: Vec<f64>,
    /// Σk log(1 + ρμ) by grid point.
    ln_det: Vec<f64>,
}

impl Null {
    /// Draws for the eigenvalues of `model`.
    ///
    /// # Errors
    /// `Interrupted`; `TooFew` below 99 draws.
    pub fn new(model: &Canonical, n_draws: usize, seed: u64, control: &Control) -> Result<Self> {
        if n_draws < 99 {
            return Err(Error::TooFew { what: "draws".to_owned(), needed: 99, got: n_draws });
        }
        let shape = merged(model);
        let width = shape.mu.len() + 1;
        let blocks = map_chunks(n_draws, BLOCK, |range| {
            control.tick(range.len() as u64)?;
            let mut out = Vec::with_capacity(range.len() * width);
            for i in range {
                let mut stream = Stream::new(seed, i as u64);
                shape.k.iter().for_each(|&k| out.push(chi_square(k, &mut stream)));
                out.push(chi_square(shape.f, &mut stream));
            }
            Ok(out)
        })?;
        let m = shape.scale();
        let rho = |j: usize| grid(j) / ((1.0 - grid(j)) * m);
        let inverse = (0..GRID).flat_map(|j| shape.mu.iter().map(move |mu| 1.0 / (1.0 + rho(j) * mu)));
        let inverse = inverse.collect();
        let ln_det = (0..GRID)
            .map(|j| shape.mu.iter().zip(&shape.k).map(|(mu, k)| k * (1.0 + rho(j) * mu).ln()).sum())
            .collect();
        Ok(Self { shape, draws: blocks.concat(), inverse, ln_det })
    }

    /// The likelihood ratios of all draws under ρ₀, ascending.
    ///
    /// # Errors
    /// `Interrupted`.
    pub fn ratios(&self, rho: f64, fixed: Fixed, control: &Control) -> Result<Vec<f64>> {
        let width = self.shape.mu.len() + 1;
        let blocks = map_chunks(self.draws.len() / width, BLOCK, |range| {
            control.tick(0)?;
            let mut one = self.shape.clone();
            let part = &self.draws[range.start * width..range.end * width];
            Ok(part
                .chunks_exact(width)
                .map(|draw| self.ratio(draw, rho, fixed, &mut one))
                .collect::<Vec<_>>())
        })?;
        let mut all = blocks.concat();
        all.sort_by(f64::total_cmp);
        Ok(all)
    }

    fn ratio(&self, draw: &[f64], rho: f64, fixed: Fixed, one: &mut Canonical) -> f64 {
        let g = self.shape.mu.len();
        for (u, (c, mu)) in one.u.iter_mut().zip(draw.iter().zip(&self.shape.mu)) {
            *u = c * (1.0 + rho * mu);
        }
        one.e = draw[g];
        let n = one.n();
        let value = |j: usize| {
            let row = &self.inverse[j * g..(j + 1) * g];
            self.ln_det[j] + n * (one.e + row.iter().zip(&one.u).map(|(a, b)| a * b).sum::<f64>()).ln()
        };
        let values: [f64; GRID] = std::array::from_fn(value);
        let at = (0..GRID).fold(0, |b, j| if values[j] < values[b] { j } else { b });
        let mut best = values[at];
        if at > 0 && at + 1 < GRID {
            best = best.min(parabola(
                [grid(at - 1), grid(at), grid(at + 1)],
                [values[at - 1], best, values[at + 1]],
            ));
        }
        let here = match fixed {
            Fixed::Ratio => one.at_ratio(rho),
            Fixed::Between => one.at_between(rho, 1.0).0,
        };
        (here - best).max(0.0)
    }
}

/// Least value of the parabola through three points, the middle one lowest.
fn parabola(x: [f64; 3], y: [f64; 3]) -> f64 {
    let (a, b) = ((y[0] - y[1]) / (x[0] - x[1]), (y[2] - y[1]) / (x[2] - x[1]));
    let curve = (b - a) / (x[2] - x[0]);
    if curve <= 0.0 {
        return y[1];
    }
    let slope = a + curve * (x[1] - x[0]);
    y[1] - slope * slope / (4.0 * curve)
}

/// The eigenvalues with close neighbours merged until there are few.
fn merged(model: &Canonical) -> Canonical {
    let mut out = model.clone();
    let mut tolerance = 1e-6;
    while out.mu.len() > DISTINCT {
        let (mut mu, mut k): (Vec<f64>, Vec<f64>) = (Vec::new(), Vec::new());
        for (&m, &d) in model.mu.iter().zip(&model.k) {
            match mu.last().copied() {
                Some(last) if m - last <= tolerance * m => {
                    let at = mu.len() - 1;
                    mu[at] = (last * k[at] + m * d) / (k[at] + d);
                    k[at] += d;
                }
                _ => {
                    mu.push(m);
                    k.push(d);
                }
            }
        }
        tolerance *= 2.0;
        (out.mu, out.k) = (mu, k);
    }
    out.u = vec![0.0; out.mu.len()];
    out
}

/// χ²(df), as a gamma number by Marsaglia and Tsang (2000).
fn chi_square(df: f64, stream: &mut Stream) -> f64 {
    let half = 0.5 / 9_007_199_254_740_992.0;
    let normal = |s: &mut Stream| normal::quantile(s.uniform() + half);
    if df == 1.0 {
        return normal(stream).powi(2);
    }
    let d = df / 2.0 - 1.0 / 3.0;
    let c = 1.0 / (9.0 * d).sqrt();
    loop {
        let z = normal(stream);
        let v = (1.0 + c * z).powi(3);
        let u = stream.uniform() + half;
        if v > 0.0 && u.ln() < 0.5 * z * z + d - d * v + d * v.ln() {
            return 2.0 * d * v;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chi_squares_have_their_moments() {
        for df in [1.0, 2.0, 7.0, 131.0] {
            let n = 40_000_u32;
            let mut s = Stream::new(5, 1);
            let draws: Vec<f64> = (0..n).map(|_| chi_square(df, &mut s)).collect();
            let mean = draws.iter().sum::<f64>() / f64::from(n);
            let variance = draws.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / f64::from(n);
            assert!(
                (mean / df - 1.0).abs() < 0.03 && (variance / (2.0 * df) - 1.0).abs() < 0.06,
                "{df}: {mean} {variance}"
            );
        }
    }

    #[test]
    fn a_parabola_is_found_from_three_of_its_points() {
        let f = |x: f64| 3.0 + 2.0 * (x - 0.4).powi(2);
        let x = [0.1, 0.3, 0.9];
        assert!((parabola(x, x.map(f)) - 3.0).abs() < 1e-12);
    }
}
