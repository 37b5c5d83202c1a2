//! What every covariance of a fitted regression is made of, whatever the family.
//!
//! With M = (X′WX)⁻¹ = RR′: classical φM; robust M(Σ u_i² x_i x_i′)M; clustered M(Σ_g s_g s_g′)M with
//! s_g = X_g′u_g. Only sums over cells enter.

use ndarray::{Array2, Axis};

use crate::design::{Groups, ModelMatrix, Rows};
use crate::error::{Error, Result};
use crate::num::linalg::{Gram, PivotedQr};

/// Entries of a dense design that a QR may take.
const DENSE: usize = 2_000_000;

/// Design, weights and residuals of a fit, by cell.
#[derive(Debug, Clone)]
pub struct Scores {
    /// Kept columns of X.
    pub x: ModelMatrix,
    /// R with RR′ = (X′WX)⁻¹.
    pub root: Array2<f64>,
    /// Working weight of each cell (all its rows together).
    pub w: Vec<f64>,
    /// Score residual of each cell: the score is X′u.
    pub u: Vec<f64>,
    /// Σ over the rows of the cell of the row's squared score residual.
    pub squares: Vec<f64>,
    /// Rows of each cell.
    pub rows: Vec<f64>,
    /// Observations.
    pub n_obs: f64,
    /// Analytic weights of least squares: the working covariance of CR2 is then the identity.
    pub identity: Option<Vec<f64>>,
    /// √W·X·R (cells × p), orthonormal, where it was found in twice the precision.
    pub basis: Option<Array2<f64>>,
}

/// Heteroskedasticity-consistent kinds (White 1980; MacKinnon and White 1985).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Robust {
    /// u².
    Hc0,
    /// u² n/(n − p).
    Hc1,
    /// u²/(1 − h).
    Hc2,
    /// u²/(1 − h)².
    Hc3,
    /// u²/(1 − h)^min(4, nh/p) (Cribari-Neto 2004).
    Hc4,
    /// u²/(1 − h)^(½ min(nh/p, max(4, 0.7 n h_max/p))) (Cribari-Neto, Souza and Vasconcellos 2007).
    Hc5,
}

impl Scores {
    /// Takes the parts over and factors X′WX.
    ///
    /// # Errors
    /// `Aliased` when the weighted design has lost rank.
    pub fn new(
        x: ModelMatrix,
        w: Vec<f64>,
        u: Vec<f64>,
        squares: Vec<f64>,
        rows: Vec<f64>,
        n_obs: f64,
    ) -> Result<Self> {
        let gram = Gram::new(x.gram(&w, Rows::All)?.view(), 1e-14);
        let small = x.n_rows() * x.n_columns() <= DENSE;
        // Squares have lost half of the digits of a column that is nearly a combination of others.
        let root = if small && gram.least() < 1e-5 {
            let mut dense = x.to_dense();
            for (mut row, w) in dense.axis_iter_mut(Axis(0)).zip(&w) {
                row *= w.sqrt();
            }
            PivotedQr::new(dense.view(), x.names(), 1e-12)?.inverse_root()
        } else {
            gram.inverse_root()
        };
        if root.nrows() < x.n_columns() {
            let lost = gram.aliased().iter().map(|&j| x.names()[j].clone()).collect();
            return Err(Error::Aliased { columns: lost });
        }
        Ok(Self { x, root, w, u, squares, rows, n_obs, identity: None, basis: None })
    }

    /// (X′WX)⁻¹.
    pub fn bread(&self) -> Array2<f64> {
        self.root.dot(&self.root.t())
    }

    /// √W·X·R of a design with continuous columns, if it is small. Their squares would lose half of the digits
    /// that nearly collinear columns (a year and its square) leave.
    pub fn orthonormal(&self) -> Option<Array2<f64>> {
        if self.basis.is_some() {
            return self.basis.clone();
        }
        if !self.x.is_continuous() || self.x.n_rows() * self.x.n_columns() > DENSE {
            return None;
        }
        let mut dense = self.x.to_dense();
        for (mut row, w) in dense.axis_iter_mut(Axis(0)).zip(&self.w) {
            row *= w.max(0.0).sqrt();
        }
        Some(dense.dot(&self.root))
    }

    /// R′X_g′W_gX_gR of every cluster.
    ///
    /// # Errors
    /// Those of the thread pool.
    pub fn shares(&self, groups: &Groups) -> Result<Vec<Array2<f64>>> {
        let Some(basis) = self.orthonormal() else {
            let grams = self.x.gram_by(&self.w, groups)?;
            return Ok(grams.iter().map(|g| self.root.t().dot(g).dot(&self.root)).collect());
        };
        let share = |rows: &[usize]| {
            let own = basis.select(Axis(0), rows);
            own.t().dot(&own)
        };
        Ok(groups.iter().map(share).collect())
    }

    /// Leverage of one row of each cell.
    pub fn leverage(&self) -> Vec<f64> {
        if let Some(basis) = self.orthonormal() {
            let whole = basis.rows().into_iter().map(|row| row.dot(&row));
            return whole.zip(&self.rows).map(|(h, m)| if *m > 0.0 { h / m } else { 0.0 }).collect();
        }
        let h = self.x.quadratic(&self.bread());
        h.iter()
            .zip(&self.w)
            .zip(&self.rows)
            .map(|((h, w), m)| if *m > 0.0 { h * w / m } else { 0.0 })
            .collect()
    }

    /// A heteroskedasticity-consistent covariance (p × p).
    ///
    /// # Errors
    /// `Undefined` for HC2 and beyond where a row has leverage 1.
    pub fn robust(&self, kind: Robust) -> Result<Array2<f64>> {
        let p = self.x.n_columns() as f64;
        let n = self.n_obs;
        let meat: Vec<f64> = match kind {
            Robust::Hc0 => self.squares.clone(),
            Robust::Hc1 => self.squares.iter().map(|s| s * n / (n - p)).collect(),
            _ => {
                let h = self.leverage();
                // h = 1: the row has a column of its own, its residual is 0 and 0/0 would follow.
                if let Some(row) = h.iter().zip(&self.rows).position(|(h, m)| *m > 0.0 && 1.0 - h < 1e-10) {
                    let reason = format!(
                        "row {row} of the rows used has leverage 1 (it alone determines a coefficient); \
                         use HC1 or drop the term"
                    );
                    return Err(Error::Undefined { what: "the HC2 to HC5 covariance".to_owned(), reason });
                }
                let most = h.iter().copied().fold(0.0, f64::max);
                let power = |h: f64| match kind {
                    Robust::Hc2 => 1.0,
                    Robust::Hc3 => 2.0,
                    Robust::Hc4 => (n * h / p).min(4.0),
                    _ => 0.5 * (n * h / p).min((0.7 * n * most / p).max(4.0)),
                };
                self.squares.iter().zip(&h).map(|(s, &h)| s / (1.0 - h).powf(power(h))).collect()
            }
        };
        if let Some(basis) = self.orthonormal() {
            // R (Q′ diag(meat/w) Q) R′: no product of columns that nearly cancel.
            let mut scaled = basis.clone();
            for (i, mut row) in scaled.axis_iter_mut(Axis(0)).enumerate() {
                row *= if self.w[i] > 0.0 { meat[i] / self.w[i] } else { 0.0 };
            }
            return Ok(self.root.dot(&basis.t().dot(&scaled)).dot(&self.root.t()));
        }
        let bread = self.bread();
        Ok(bread.dot(&self.x.gram(&meat, Rows::All)?).dot(&bread))
    }

    /// R′X_g′u_g of every cluster.
    ///
    /// # Errors
    /// Those of the thread pool.
    pub fn turned_by_cluster(&self, groups: &Groups) -> Result<Array2<f64>> {
        let Some(basis) = self.orthonormal() else { return Ok(self.by_cluster(groups)?.dot(&self.root)) };
        let mut out = Array2::zeros((groups.len(), basis.ncols()));
        for (g, rows) in groups.iter().enumerate() {
            for &i in rows.iter().filter(|&&i| self.w[i] > 0.0) {
                out.row_mut(g).scaled_add(self.u[i] / self.w[i].sqrt(), &basis.row(i));
            }
        }
        Ok(out)
    }

    /// X_g′u_g of every cluster.
    ///
    /// # Errors
    /// Those of the thread pool.
    pub fn by_cluster(&self, groups: &Groups) -> Result<Array2<f64>> {
        self.x.cross_by(&self.u, groups)
    }
}
