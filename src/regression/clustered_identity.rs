//! CR2 and CR3 for weighted least squares when the weights are not inverse variances: the working covariance of
//! the errors is the identity, as clubSandwich takes it.
//!
//! With H = XMX′W, B_g = (I − H)_g(I − H)_g′ = I + U K U′ where U = [X_g, W_gX_g], K = [[MQM, −M], [−M, 0]],
//! Q = X′W²X. On the span of U (Γ = U′U = EΛE′, T = Λ^½E′) B_g is I + TKT′, elsewhere the identity, so
//! A_g = B_g^(−1/2) needs 2p × 2p matrices only. Score X_g′W_gA_ge_g; with p_g = A_gW_gX_gMc,
//! Ω_gh = p_g′(I − H)_g(I − H)_h′p_h. CR3 takes (I − H_gg)⁻¹ in place of A_g and is the same as in
//! `clustered`.

use ndarray::{Array1, Array2, ArrayView1, Axis, concatenate, s};

use crate::design::Groups;
use crate::error::Result;
use crate::num::linalg::{eigen_symmetric, symmetric_function};
use crate::regression::scores::Scores;

/// One cluster on the span of its U.
#[derive(Debug)]
struct Cluster {
    /// U′A_gU (2p × 2p).
    inner: Array2<f64>,
    /// U′A_gB_gA_gU (2p × 2p): Γ unless B_g is singular.
    own: Array2<f64>,
    /// U′A_ge_g (2p).
    score: Array1<f64>,
}

/// Scores X_g′W_gA_ge_g (clusters × p) and what the degrees of freedom need.
#[derive(Debug)]
pub struct Identity {
    clusters: Vec<Cluster>,
    bread: Array2<f64>,
    k: Array2<f64>,
}

impl Identity {
    /// For analytic weights `a` of the rows (cells of one row each).
    ///
    /// # Errors
    /// Those of the eigendecomposition.
    pub fn new(scores: &Scores, a: &[f64], groups: &Groups) -> Result<Self> {
        let p = scores.x.n_columns();
        let bread = scores.bread();
        let squared: Vec<f64> = scores.w.iter().map(|w| w * w).collect();
        // u = w·e; e itself where the weight is positive.
        let e: Vec<f64> = scores.u.iter().zip(a).map(|(u, a)| if *a > 0.0 { u / a } else { 0.0 }).collect();
        let ones = vec![1.0; scores.w.len()];
        let (g0, g1, g2) = (
            scores.x.gram_by(&ones, groups)?,
            scores.x.gram_by(&scores.w, groups)?,
            scores.x.gram_by(&squared, groups)?,
        );
        let (e0, e1) = (scores.x.cross_by(&e, groups)?, scores.x.cross_by(&scores.u, groups)?);
        let mut q = Array2::zeros((p, p));
        for g in &g2 {
            q += g;
        }
        let mut k = Array2::zeros((2 * p, 2 * p));
        k.slice_mut(s![..p, ..p]).assign(&bread.dot(&q).dot(&bread));
        k.slice_mut(s![..p, p..]).assign(&(-&bread));
        k.slice_mut(s![p.., ..p]).assign(&(-&bread));
        let mut clusters = Vec::with_capacity(groups.len());
        for g in 0..groups.len() {
            let mut gamma = Array2::zeros((2 * p, 2 * p));
            gamma.slice_mut(s![..p, ..p]).assign(&g0[g]);
            gamma.slice_mut(s![..p, p..]).assign(&g1[g]);
            gamma.slice_mut(s![p.., ..p]).assign(&g1[g]);
            gamma.slice_mut(s![p.., p..]).assign(&g2[g]);
            let cross = concatenate![Axis(0), e0.row(g), e1.row(g)];
            clusters.push(cluster(&gamma, &k, &cross)?);
        }
        Ok(Self { clusters, bread, k })
    }

    /// X_g′W_gA_ge_g of every cluster (clusters × p).
    pub fn scores(&self) -> Array2<f64> {
        let p = self.bread.nrows();
        Array2::from_shape_fn((self.clusters.len(), p), |(g, j)| self.clusters[g].score[p + j])
    }

    /// As `Clustered::working`, with Ω_gh of the header.
    pub fn working(&self, contrasts: &[ArrayView1<'_, f64>]) -> Vec<Array2<f64>> {
        let p = self.bread.nrows();
        let z: Vec<Array1<f64>> = contrasts.iter().map(|c| self.bread.dot(c)).collect();
        let inside = |k: &Cluster, z: &Array1<f64>| k.inner.slice(s![.., p..]).dot(z);
        let moved: Vec<Vec<Array1<f64>>> =
            z.iter().map(|z| self.clusters.iter().map(|k| inside(k, z)).collect()).collect();
        let g = self.clusters.len();
        let pair = |s: usize, t: usize| {
            Array2::from_shape_fn((g, g), |(a, b)| {
                if a == b {
                    z[s].dot(&self.clusters[a].own.slice(s![p.., p..]).dot(&z[t]))
                } else {
                    moved[s][a].dot(&self.k.dot(&moved[t][b]))
                }
            })
        };
        (0..z.len()).flat_map(|s| (0..z.len()).map(move |t| (s, t))).map(|(s, t)| pair(s, t)).collect()
    }
}

/// A_g on the span of U.
fn cluster(gamma: &Array2<f64>, k: &Array2<f64>, cross: &Array1<f64>) -> Result<Cluster> {
    // Columns of very different size share U: scale to unit diagonal before the rank is judged.
    let scale: Array1<f64> = gamma.diag().mapv(|d| if d > 0.0 { d.sqrt() } else { 1.0 });
    let scaled = Array2::from_shape_fn(gamma.dim(), |(i, j)| gamma[[i, j]] / (scale[i] * scale[j]));
    let (values, vectors) = eigen_symmetric(scaled.view())?;
    let largest = values.last().copied().unwrap_or(0.0);
    let kept: Vec<usize> = (0..values.len()).filter(|&i| values[i] > 1e-12 * largest).collect();
    // T = Λ^½E′D over the kept directions, with D the scale: U = Q̂ T.
    let t = Array2::from_shape_fn((kept.len(), scale.len()), |(i, j)| {
        values[kept[i]].sqrt() * vectors[[j, kept[i]]] * scale[j]
    });
    // Q̂′e = Λ^(−½)E′D⁻¹ U′e.
    let along = Array1::from_shape_fn(kept.len(), |i| {
        (0..scale.len()).map(|j| vectors[[j, kept[i]]] * cross[j] / scale[j]).sum::<f64>()
            / values[kept[i]].sqrt()
    });
    let b = Array2::<f64>::eye(kept.len()) + t.dot(k).dot(&t.t());
    let a = symmetric_function(b.view(), |v| if v < 1e-9 { 0.0 } else { v.powf(-0.5) })?;
    let inner = t.t().dot(&a).dot(&t);
    let own = t.t().dot(&a.dot(&b).dot(&a)).dot(&t);
    let score = t.t().dot(&a.dot(&along));
    Ok(Cluster { inner, own, score })
}
