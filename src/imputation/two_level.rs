//! Variables of children within clusters, by models with a random intercept for each cluster.
//!
//! Linear: y = x′β + u_g + e, u ~ N(0, τ²), e ~ N(0, σ²). Binary: probit, P(y = 1) = Φ(x′β + u_g), by its latent
//! z = x′β + u_g + e, σ = 1, y = 1[z > 0] (Albert and Chib 1993). Priors: flat on β of the linear model and on
//! ln σ; N(0, 5²) on each β of the probit, so that a predictor that foretells y does not send it to infinity; flat
//! on τ (Gelman 2006), which gives small and few clusters their say.
//!
//! Gibbs sampler of [`SWEEPS`] sweeps from a fresh start, each of them z; (β, u) together; σ²; τ²:
//! * β | z, σ, τ ~ N(A⁻¹b, A⁻¹), u integrated out: A = P + Σ_g (X_g′X_g − c_g s_g s_g′)/σ², b = Σ_g (X_g′z_g −
//!   c_g s_g 1′z_g)/σ², s_g = X_g′1, c_g = τ²/(σ² + n_gτ²), P the prior precision;
//! * u_g | β ~ N(c_g Σ(z − x′β), σ²c_g); σ² = Σe²/χ²_n; τ² = Σu²/χ²_{G−1}, G the clusters observed.
//!
//! A cluster without observed values draws u_g from N(0, τ²): its imputations carry the doubt about the cluster. That
//! is what dummies cannot do (Drechsler 2015; Resche-Rigon and White 2018).

use ndarray::{Array1, Array2, Axis};

use crate::design::Groups;
use crate::error::{Error, Result};
use crate::num::dist::normal;
use crate::num::linalg::Cholesky;
use crate::rng::Stream;

use super::draws::{chi_square, standard_normal, standard_normals};

/// Sweeps of the sampler for one draw.
const SWEEPS: usize = 100;
/// Prior standard deviation of a probit's coefficients.
const PRIOR: f64 = 5.0;
/// Fewer clusters leave τ without a proper distribution.
pub const FEWEST: usize = 4;

/// Observed and missing rows: designs (first column 1) and clusters.
#[derive(Debug)]
pub struct Rows<'a> {
    /// Design of the rows with a value.
    pub observed: &'a Array2<f64>,
    /// Their clusters.
    pub clusters: Vec<u32>,
    /// Design of the rows without.
    pub missing: &'a Array2<f64>,
    /// Their clusters.
    pub missing_clusters: Vec<u32>,
    /// Clusters in all.
    pub n_clusters: usize,
}

/// β, u, σ², τ² of one sweep.
struct State {
    beta: Array1<f64>,
    u: Vec<f64>,
    sigma2: f64,
    tau2: f64,
}

/// Sums that no sweep changes.
struct Fixed {
    groups: Groups,
    gram: Array2<f64>,
    /// s_g.
    sums: Vec<Array1<f64>>,
    prior: f64,
}

/// Values for the missing rows: numbers, or 0 and 1 where `binary`.
///
/// # Errors
/// `TooFew` below four clusters with values, or without residual degrees of freedom; `NotPositiveDefinite`.
pub fn draw(y: &[f64], rows: &Rows<'_>, binary: bool, name: &str, stream: &mut Stream) -> Result<Vec<f64>> {
    let (n, p) = rows.observed.dim();
    let groups = Groups::from_codes(&rows.clusters, rows.n_clusters);
    let filled = groups.iter().filter(|g| !g.is_empty()).count();
    if filled < FEWEST {
        let what = format!("imputing \"{name}\" by a two-level model (clusters, not rows, are counted)");
        return Err(Error::TooFew { what, needed: FEWEST, got: filled });
    }
    if n <= p {
        return Err(Error::TooFew { what: format!("imputing \"{name}\""), needed: p + 1, got: n });
    }
    let sums = groups.iter().map(|g| rows.observed.select(Axis(0), g).sum_axis(Axis(0))).collect();
    let gram = rows.observed.t().dot(rows.observed);
    let fixed = Fixed { groups, gram, sums, prior: if binary { PRIOR.powi(-2) } else { 0.0 } };
    let mean = y.iter().sum::<f64>() / n as f64;
    let spread = y.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / n as f64;
    let mut state = State {
        beta: Array1::zeros(p),
        u: vec![0.0; rows.n_clusters],
        sigma2: if binary { 1.0 } else { spread.max(f64::MIN_POSITIVE) },
        tau2: if binary { 0.25 } else { (0.25 * spread).max(f64::MIN_POSITIVE) },
    };
    let mut z = y.to_vec();
    for _ in 0..SWEEPS {
        let fitted = rows.observed.dot(&state.beta);
        if binary {
            for (i, z) in z.iter_mut().enumerate() {
                *z = latent(fitted[i] + state.u[rows.clusters[i] as usize], y[i] == 1.0, stream);
            }
        }
        state.sweep(&z, rows, &fixed, filled, !binary, stream)?;
    }
    let predicted = rows.missing.dot(&state.beta);
    Ok((0..predicted.len())
        .map(|i| {
            let mu = predicted[i] + state.u[rows.missing_clusters[i] as usize];
            let value = mu + state.sigma2.sqrt() * standard_normal(stream);
            if binary { f64::from(u8::from(value > 0.0)) } else { value }
        })
        .collect())
}

/// z ~ N(μ, 1) above 0 where `above`, else below: by inversion in the tail that is cut off.
fn latent(mu: f64, above: bool, stream: &mut Stream) -> f64 {
    let side = if above { 1.0 } else { -1.0 };
    let beyond = -side * mu;
    // Φ(−37.5) is the last tail a number can hold; far out x = side·z has the density exp(−mx − x²/2).
    if beyond > FAR {
        return side * far(beyond, stream);
    }
    // P(side·z > 0) = Φ(side·μ); its share u of that tail.
    let u = open(stream) * normal::cdf(side * mu);
    mu + side * normal::isf(u)
}

/// Means so far on the wrong side are drawn by rejection instead of inversion.
const FAR: f64 = 8.0;

/// x > 0 with density ∝ exp(−mx − x²/2): an exponential of rate m, kept with probability exp(−x²/2) (Robert 1995).
fn far(m: f64, stream: &mut Stream) -> f64 {
    loop {
        let x = -open(stream).ln() / m;
        if stream.uniform() <= (-0.5 * x * x).exp() {
            return x;
        }
    }
}

/// Uniform on (0, 1), 0 excluded.
fn open(stream: &mut Stream) -> f64 {
    stream.uniform() + 0.5 / 9_007_199_254_740_992.0
}

impl State {
    fn sweep(
        &mut self,
        z: &[f64],
        rows: &Rows<'_>,
        fixed: &Fixed,
        filled: usize,
        scale: bool,
        stream: &mut Stream,
    ) -> Result<()> {
        let x = rows.observed;
        let p = x.ncols();
        let shrink = |n: usize| self.tau2 / (self.sigma2 + n as f64 * self.tau2);
        let mut a = &fixed.gram / self.sigma2;
        let mut b = x.t().dot(&Array1::from(z.to_vec())) / self.sigma2;
        for (g, s) in fixed.groups.iter().zip(&fixed.sums).filter(|(g, _)| !g.is_empty()) {
            let c = shrink(g.len()) / self.sigma2;
            let total: f64 = g.iter().map(|&i| z[i]).sum();
            b.scaled_add(-c * total, s);
            for j in 0..p {
                for k in 0..p {
                    a[[j, k]] -= c * s[j] * s[k];
                }
            }
        }
        a.diag_mut().mapv_inplace(|v| v + fixed.prior);
        let factor = Cholesky::new(a.view(), &[])?;
        self.beta = factor.solve(&b.to_vec()) + factor.solve_upper(&standard_normals(p, stream));
        let left = Array1::from(z.to_vec()) - x.dot(&self.beta);
        let (mut squares, mut between) = (0.0, 0.0);
        for (k, g) in fixed.groups.iter().enumerate() {
            let c = shrink(g.len());
            let total: f64 = g.iter().map(|&i| left[i]).sum();
            // Without rows c = τ²/σ² and the draw is from N(0, τ²).
            self.u[k] = c * total + (self.sigma2 * c).sqrt() * standard_normal(stream);
            if !g.is_empty() {
                between += self.u[k] * self.u[k];
                squares += g.iter().map(|&i| (left[i] - self.u[k]).powi(2)).sum::<f64>();
            }
        }
        if scale {
            self.sigma2 = (squares / chi_square(z.len() as f64, stream)).max(f64::MIN_POSITIVE);
        }
        self.tau2 = (between / chi_square(filled as f64 - 1.0, stream)).max(f64::MIN_POSITIVE);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_latent_number_lies_on_its_side_and_has_its_mean() {
        let mut s = Stream::new(4, 0);
        for (mu, above) in
            [(0.3, true), (-2.0, true), (1.5, false), (-9.0, true), (-40.0, true), (40.0, false)]
        {
            let z: Vec<f64> = (0..2000).map(|_| latent(mu, above, &mut s)).collect();
            assert!(z.iter().all(|v| v.is_finite() && (*v >= 0.0) == above), "{mu} {above}");
            // Far out the mean is near 1/m.
            if mu.abs() > 8.0 {
                let mean = z.iter().map(|v| v.abs()).sum::<f64>() / 2000.0;
                let m = mu.abs();
                let want = 1.0 / m - 1.0 / m.powi(3) * 2.0;
                assert!((mean / want - 1.0).abs() < 0.1, "{mean} {want}");
            } else {
                let side = if above { 1.0 } else { -1.0 };
                let density = (-0.5 * mu * mu).exp() / (2.0 * std::f64::consts::PI).sqrt();
                let want = mu + side * density / normal::cdf(side * mu);
                let mean = z.iter().sum::<f64>() / 2000.0;
                assert!((mean - want).abs() < 0.06, "{mean} {want}");
            }
        }
    }
}
