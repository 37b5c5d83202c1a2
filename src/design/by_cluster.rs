//! Sums of a [`ModelMatrix`] cluster by cluster.

use ndarray::Array2;

use super::{Groups, ModelMatrix, Rows};
use crate::error::Result;
use crate::parallel::map_indexed;

impl ModelMatrix {
    /// X_g′v_g of every cluster g (clusters × p).
    ///
    /// # Errors
    /// Those of the thread pool.
    pub fn cross_by(&self, v: &[f64], groups: &Groups) -> Result<Array2<f64>> {
        let rows = map_indexed(groups.len(), |g| self.cross(v, Rows::Of(groups.rows(g))))?;
        let p = self.n_columns();
        Ok(Array2::from_shape_fn((groups.len(), p), |(g, j)| rows[g][j]))
    }

    /// X_g′diag(w)X_g of every cluster.
    ///
    /// # Errors
    /// Those of the thread pool.
    pub fn gram_by(&self, w: &[f64], groups: &Groups) -> Result<Vec<Array2<f64>>> {
        map_indexed(groups.len(), |g| self.gram(w, Rows::Of(groups.rows(g))))
    }
}
