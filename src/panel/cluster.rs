//! Cluster-robust covariances and the degrees of freedom that go with them.
//!
//! With X the transformed design, e its residuals, M = (X′X)⁻¹ and clusters g:
//!   V = Σ_g M X_g′A_g e_g e_g′A_g X_g M, A_g = f(I − H_gg), H_gg = X_g M X_g′,
//! f = 1 for CR0 and CR1 (times G/(G−1)·(N−1)/(N−K); Liang and Zeger 1986; CR0 after unit effects is Arellano 1987),
//! f(x) = x^−½ for CR2 (Bell and McCaffrey 2002) and x⁻¹ for CR3 (close to the jackknife over clusters).
//!
//! With R·R′ = M and Q_g = X_g R, H_gg = Q_g Q_g′ has the non-zero eigenvalues of Q_g′Q_g, so the smaller of the two
//! (n_g × n_g or p × p) is decomposed: X_g′A_g e_g = R⁻ᵀ f(I − Q_g′Q_g) Q_g′e_g. A direction that one cluster alone
//! determines (1 − s < 1e-10) has no residual; the pseudo-inverse gives it none (Pustejovsky and Tipton 2018).
//!
//! Satterthwaite: for c′β̂, with p_g = A_g Q_g R′c, Ω = blockdiag(p_g′p_g) − aa′, a_g = Q_g′p_g, the degrees of freedom are
//! (Σ Ω_gg)²/Σ Ω_gh²; ‖ΣΩ‖ is summed as Σ_g (Ω_gg² − |a_g|⁴) + ‖Σ_g a_g a_g′‖², which never forms the G × G matrix.
//!
//! Weights: rows come scaled by √w, that is a working model of variance σ²/w.

use ndarray::{Array1, Array2, Axis};

use crate::design::Groups;
use crate::error::{Error, Result};
use crate::num::linalg::eigen_symmetric;
use crate::panel::solve::{Design, Solved};
use crate::parallel::map_chunks;

/// Leverage nearer to 1 than this leaves no residual to scale.
const NO_ROOM: f64 = 1e-10;

/// Clusters per piece of work.
const PIECE: usize = 16;

/// Which small-sample adjustment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// None.
    Cr0,
    /// G/(G−1)·(N−1)/(N−K).
    Cr1,
    /// Unbiased under the working model.
    Cr2,
    /// Close to the jackknife over clusters.
    Cr3,
}

/// A covariance of the first p coefficients and their degrees of freedom.
#[derive(Debug, Clone)]
pub struct Robust {
    /// p × p.
    pub vcov: Array2<f64>,
    /// One per coefficient.
    pub df: Vec<f64>,
}

/// CR0 times `factor`, with G − 1 degrees of freedom.
pub fn plain(design: &Design, solved: &Solved, codes: &[u32], n_clusters: usize, factor: f64) -> Robust {
    let p = design.p;
    let mut scores = Array2::<f64>::zeros((n_clusters, p));
    if let Some(sums) = scores.as_slice_mut() {
        for ((row, &e), &g) in design.rows().zip(&solved.residuals).zip(codes) {
            for (s, x) in sums[g as usize * p..(g as usize + 1) * p].iter_mut().zip(row) {
                *s += x * e;
            }
        }
    }
    let half = scores.dot(&solved.bread());
    Robust { vcov: half.t().dot(&half) * factor, df: vec![n_clusters as f64 - 1.0; p] }
}

/// What [`adjusted`] sums over clusters.
struct Sums {
    vcov: Array2<f64>,
    /// Σ Ω_gg, by coefficient.
    trace: Vec<f64>,
    /// Σ (Ω_gg² − |a_g|⁴).
    squares: Vec<f64>,
    /// Σ a_g a_g′, by coefficient.
    outer: Vec<Array2<f64>>,
}

impl Sums {
    fn zeros(p: usize, q: usize) -> Self {
        let outer = vec![Array2::zeros((q, q)); p];
        Self { vcov: Array2::zeros((p, p)), trace: vec![0.0; p], squares: vec![0.0; p], outer }
    }

    fn add(&mut self, one: &Cluster) {
        let column = one.influence.view().insert_axis(Axis(1));
        self.vcov += &column.dot(&column.t());
        for j in 0..self.trace.len() {
            let a = one.a.column(j);
            let length = a.dot(&a);
            let own = one.square[j] - length;
            self.trace[j] += own;
            self.squares[j] += own * own - length * length;
            let a = a.insert_axis(Axis(1));
            self.outer[j] += &a.dot(&a.t());
        }
    }

    fn merge(&mut self, other: &Self) {
        self.vcov += &other.vcov;
        for j in 0..self.trace.len() {
            self.trace[j] += other.trace[j];
            self.squares[j] += other.squares[j];
            self.outer[j] += &other.outer[j];
        }
    }
}

/// One cluster's part.
struct Cluster {
    /// M X_g′A_g e_g (p).
    influence: Array1<f64>,
    /// a_g for each coefficient (q × p).
    a: Array2<f64>,
    /// p_g′p_g for each coefficient.
    square: Vec<f64>,
}

/// CR2 or CR3. `block` gives Q_g (n_g × q) for the rows of a cluster; `lead` (p × q) the rows of R that belong to the
/// coefficients reported; q may exceed p by the effects that are not nested in the clusters.
///
/// # Errors
/// Those of the eigen decomposition; `Undefined` for a coefficient that one cluster alone determines.
pub fn adjusted(
    kind: Kind,
    groups: &Groups,
    block: impl Fn(&[usize]) -> Array2<f64> + Sync,
    lead: &Array2<f64>,
    residuals: &[f64],
    names: &[String],
) -> Result<Robust> {
    let (p, q) = lead.dim();
    let parts = map_chunks(groups.len(), PIECE, |range| {
        let mut sums = Sums::zeros(p, q);
        for g in range {
            let rows = groups.rows(g);
            let e: Array1<f64> = rows.iter().map(|&i| residuals[i]).collect();
            sums.add(&one(kind, &block(rows), &e, lead)?);
        }
        Ok(sums)
    })?;
    let mut total = Sums::zeros(p, q);
    for part in &parts {
        total.merge(part);
    }
    let mut df = Vec::with_capacity(p);
    for j in 0..p {
        let below = total.squares[j] + total.outer[j].iter().map(|v| v * v).sum::<f64>();
        let value = total.trace[j] * total.trace[j] / below;
        if !(value.is_finite() && value > 0.0) {
            let what = format!("the cluster-robust standard error of \"{}\"", names[j]);
            let reason = "one cluster alone determines the coefficient".to_owned();
            return Err(Error::Undefined { what, reason });
        }
        df.push(value);
    }
    Ok(Robust { vcov: total.vcov, df })
}

/// Decomposes the smaller of Q Q′ and Q′Q.
fn one(kind: Kind, q: &Array2<f64>, e: &Array1<f64>, lead: &Array2<f64>) -> Result<Cluster> {
    let scaled = |s: f64| match 1.0 - s {
        room if room < NO_ROOM => 0.0,
        room if kind == Kind::Cr3 => 1.0 / room,
        room => 1.0 / room.sqrt(),
    };
    if q.nrows() <= q.ncols() {
        let (values, u) = eigen_symmetric(q.dot(&q.t()).view())?;
        let f: Array1<f64> = values.into_iter().map(scaled).collect();
        let adjust = |v: &Array2<f64>| u.dot(&(u.t().dot(v) * f.view().insert_axis(Axis(1))));
        let score = q.t().dot(&adjust(&e.view().insert_axis(Axis(1)).to_owned()));
        let parts = adjust(&q.dot(&lead.t()));
        let square = parts.columns().into_iter().map(|c| c.dot(&c)).collect();
        return Ok(Cluster {
            influence: lead.dot(&score).column(0).to_owned(),
            a: q.t().dot(&parts),
            square,
        });
    }
    let (values, v) = eigen_symmetric(q.t().dot(q).view())?;
    let f: Array1<f64> = values.iter().map(|&s| scaled(s)).collect();
    let s: Array1<f64> = values.iter().map(|s| s.max(0.0)).collect();
    let score = v.dot(&(v.t().dot(&q.t().dot(e)) * &f));
    let turned = v.t().dot(&lead.t());
    let parts = &turned * &(&f * &s.mapv(f64::sqrt)).insert_axis(Axis(1));
    let square = parts.columns().into_iter().map(|c| c.dot(&c)).collect();
    let a = v.dot(&(turned * (&f * &s).insert_axis(Axis(1))));
    Ok(Cluster { influence: lead.dot(&score), a, square })
}
