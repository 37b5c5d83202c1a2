//! Cluster-robust covariances and their degrees of freedom.
//!
//! V = M (Σ_g s̃_g s̃_g′) M with M = RR′ = (X′WX)⁻¹ and, with S_g = R′X_g′W_gX_gR (eigenvalues in [0, 1]):
//! * CR0: s̃_g = s_g = X_g′u_g (Liang and Zeger 1986); CR1 times G/(G−1); CR1S times
//!   G(N−1)/((G−1)(N−p)) (Stata);
//! * CR2: s̃_g = R⁻ᵀ(I − S_g)^(−1/2) R′s_g (Bell and McCaffrey 2002; Pustejovsky and Tipton 2018), which is
//!   exact when errors within clusters are independent; a zero eigenvalue of I − S_g (a cluster with a column of
//!   its own) takes the Moore-Penrose inverse;
//! * CR3: s̃_g = R⁻ᵀ(I − S_g)⁻¹R′s_g, the cluster jackknife about the estimate.
//!
//! Degrees of freedom of c′β̂ under CR2 (Satterthwaite): (tr Ω)²/tr Ω² with, under independent working errors,
//! Ω_gh = δ_gh c′R S_g(I−S_g)⁻¹R′c − q_g′ q_h, q_g = S_g(I−S_g)^(−1/2)R′c. Everything is p × p: no n_g × n_g
//! matrix is made, and cells serve as well as rows.

use ndarray::{Array1, Array2, ArrayView1};

use crate::design::Groups;
use crate::error::{Error, Result};
use crate::num::linalg::symmetric_function;
use crate::regression::clustered_identity::Identity;
use crate::regression::scores::Scores;

/// Which correction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// None.
    Cr0,
    /// G/(G − 1).
    Cr1,
    /// G(N − 1)/((G − 1)(N − p)), Stata's.
    Cr1s,
    /// Bias-reduced linearisation.
    Cr2,
    /// Jackknife type.
    Cr3,
}

/// A clustered covariance and what is needed for tests with it.
#[derive(Debug, Clone)]
#[must_use]
pub struct Clustered {
    /// Covariance (p × p).
    pub vcov: Array2<f64>,
    /// Clusters with observations.
    pub n_clusters: usize,
    /// Per cluster, for CR2: (S_g, (I−S_g)^(−1/2)); empty otherwise.
    parts: Vec<(Array2<f64>, Array2<f64>)>,
    root: Array2<f64>,
    identity: Option<std::sync::Arc<Identity>>,
}

/// 1 − s below which an eigenvalue is one of a column that the cluster has to itself.
const OWN: f64 = 1e-9;

/// The covariance by clusters of cells; every cell in one group.
///
/// # Errors
/// `TooFew` with fewer than two clusters.
pub fn clustered(scores: &Scores, groups: &Groups, kind: Kind) -> Result<Clustered> {
    let filled = groups.iter().filter(|rows| rows.iter().any(|&i| scores.rows[i] > 0.0)).count();
    if filled < 2 {
        let what = "a cluster-robust covariance (clusters, not rows, are counted)".to_owned();
        return Err(Error::TooFew { what, needed: 2, got: filled });
    }
    let (g, n, p) = (filled as f64, scores.n_obs, scores.x.n_columns() as f64);
    if let (Kind::Cr2, Some(a)) = (kind, &scores.identity) {
        let identity = Identity::new(scores, a, groups)?;
        let half = identity.scores().dot(&scores.bread());
        let (vcov, root) = (half.t().dot(&half), scores.root.clone());
        let identity = Some(std::sync::Arc::new(identity));
        return Ok(Clustered { vcov, n_clusters: filled, parts: Vec::new(), root, identity });
    }
    let mut parts = Vec::new();
    // Scores in the coordinates of R: t_g = R′s_g, so that V = R (Σ t̃ t̃′) R′.
    let mut t = scores.turned_by_cluster(groups)?;
    let factor = match kind {
        Kind::Cr0 => 1.0,
        Kind::Cr1 => g / (g - 1.0),
        Kind::Cr1s => g / (g - 1.0) * (n - 1.0) / (n - p),
        Kind::Cr2 | Kind::Cr3 => {
            let power = if kind == Kind::Cr2 { -0.5 } else { -1.0 };
            for (k, share) in scores.shares(groups)?.into_iter().enumerate() {
                let adjust = symmetric_function(share.view(), |v| {
                    if 1.0 - v < OWN { 0.0 } else { (1.0 - v).powf(power) }
                })?;
                let moved = adjust.dot(&t.row(k));
                t.row_mut(k).assign(&moved);
                if kind == Kind::Cr2 {
                    parts.push((share, adjust));
                }
            }
            1.0
        }
    };
    let half = t.dot(&scores.root.t());
    let vcov = half.t().dot(&half) * factor;
    Ok(Clustered { vcov, n_clusters: filled, parts, root: scores.root.clone(), identity: None })
}

impl Clustered {
    /// Satterthwaite degrees of freedom of c′β̂: under CR2 as in the header, otherwise G − 1.
    pub fn df(&self, c: ArrayView1<'_, f64>) -> f64 {
        let Some(omega) = self.working(&[c]) else { return self.n_clusters as f64 - 1.0 };
        let trace = omega[0].diag().sum();
        let squares: f64 = omega[0].iter().map(|o| o * o).sum();
        if squares > 0.0 { trace * trace / squares } else { self.n_clusters as f64 - 1.0 }
    }

    /// Under CR2, for every pair s, t of contrasts (pair s·k + t): the G × G matrix whose entry g, h is the covariance,
    /// under working errors, of what clusters g and h add to contrasts s and t. `None` for the other kinds.
    pub(super) fn working(&self, contrasts: &[ArrayView1<'_, f64>]) -> Option<Vec<Array2<f64>>> {
        if let Some(identity) = &self.identity {
            return Some(identity.working(contrasts));
        }
        if self.parts.is_empty() {
            return None;
        }
        // Per contrast and cluster: m = (I−S)^(−1/2)R′c and q = S m.
        let moved: Vec<Vec<(Array1<f64>, Array1<f64>)>> = contrasts
            .iter()
            .map(|c| {
                let z = self.root.t().dot(c);
                let part = |(share, adjust): &(Array2<f64>, Array2<f64>)| {
                    let m = adjust.dot(&z);
                    let q = share.dot(&m);
                    (m, q)
                };
                self.parts.iter().map(part).collect()
            })
            .collect();
        let g = self.parts.len();
        let pair = |s: &[(Array1<f64>, Array1<f64>)], t: &[(Array1<f64>, Array1<f64>)]| {
            Array2::from_shape_fn((g, g), |(a, b)| {
                // c′R S(I−S)⁻¹R′d = m_c′S m_d: the two commute.
                let own = if a == b { s[a].0.dot(&t[a].1) } else { 0.0 };
                own - s[a].1.dot(&t[b].1)
            })
        };
        Some(moved.iter().flat_map(|s| moved.iter().map(|t| pair(s, t))).collect())
    }
}

/// Two-way clusters (Cameron, Gelbach and Miller 2011): V₁ + V₂ − V₁₂, each with its own CR1S factor. A negative
/// variance is possible and refused.
///
/// # Errors
/// As [`clustered`]; `Undefined` where a variance is not positive.
pub fn two_way(scores: &Scores, first: &Groups, second: &Groups, both: &Groups) -> Result<Clustered> {
    let parts = [first, second, both].map(|g| clustered(scores, g, Kind::Cr1s));
    let [a, b, c] = parts;
    let (a, b, c) = (a?, b?, c?);
    let vcov = &a.vcov + &b.vcov - &c.vcov;
    if let Some(j) = vcov.diag().iter().position(|v| *v <= 0.0) {
        let what = format!("the two-way variance of \"{}\"", scores.x.names()[j]);
        let reason =
            "the parts V1 + V2 - V12 leave a negative number; cluster by the coarser grouping".to_owned();
        return Err(Error::Undefined { what, reason });
    }
    let n_clusters = a.n_clusters.min(b.n_clusters);
    Ok(Clustered { vcov, n_clusters, parts: Vec::new(), root: a.root, identity: None })
}
