//! Absorbed effects that are not nested in the clusters, brought back as columns.
//!
//! Effects nested in the clusters may stay absorbed: their hat matrix is a projection inside each cluster, and CR2 and CR3
//! come out as with dummies (Pustejovsky and Tipton 2018, theorem 2). Effects that cross clusters (periods, when
//! clusters are units) share the clusters' hat blocks, so the full hat matrix is X̃MX̃′ + D̃(D̃′D̃)⁺D̃′ with D̃ their dummies
//! less means over the nested effect; X̃ is orthogonal to D̃, having had both absorbed.

use ndarray::Array2;

use crate::design::Weights;
use crate::error::{Error, Result};
use crate::num::linalg::eigen_symmetric;
use crate::panel::absorb::Coded;

/// Most dummies that are brought back; each cluster costs their cube.
const LEVELS: usize = 512;
const CELLS: usize = 1 << 25;

/// Eigenvalues of D̃′D̃ below this share of the largest are 0 (one a component).
const REDUNDANT: f64 = 1e-10;

/// The crossing effects as columns Q_D = D̃R_D, orthonormal over all rows.
pub(super) struct Explicit<'a> {
    crossing: Vec<(Coded<'a>, usize)>,
    nested: Option<Coded<'a>>,
    weights: Weights<'a>,
    /// Means of the dummies over each level of the nested effect (levels × m).
    means: Vec<f64>,
    m: usize,
    /// R_D (m × rank).
    root: Array2<f64>,
}

impl<'a> Explicit<'a> {
    /// `None` when no effect crosses the clusters.
    pub(super) fn new(
        factors: &[Coded<'a>],
        clusters: Coded<'_>,
        weights: Weights<'a>,
    ) -> Result<Option<Self>> {
        let (inside, across): (Vec<Coded<'a>>, Vec<Coded<'a>>) =
            factors.iter().copied().partition(|f| nested(f, clusters));
        if across.is_empty() {
            return Ok(None);
        }
        let nested = inside.first().copied();
        let mut m = 0;
        let mut crossing = Vec::new();
        for f in across {
            crossing.push((f, m));
            m += f.n;
        }
        if m > LEVELS || m * nested.map_or(0, |f| f.n) > CELLS {
            let expected = format!(
                "\"CR0\" or \"CR1\": {m} levels of effects cross the clusters, too many for CR2 and CR3"
            );
            return Err(Error::option("kind", &expected, "CR2 or CR3"));
        }
        let root = Array2::zeros((m, 0));
        let mut made = Self { crossing, nested, weights, means: Vec::new(), m, root };
        made.means = made.nested_means();
        made.root = made.orthonormal()?;
        Ok(Some(made))
    }

    /// Columns Q_D has.
    pub(super) fn rank(&self) -> usize {
        self.root.ncols()
    }

    fn levels(&self, i: usize) -> impl Iterator<Item = usize> {
        self.crossing.iter().map(move |(f, start)| start + f.codes[i] as usize)
    }

    fn n(&self) -> usize {
        self.crossing.first().map_or(0, |(f, _)| f.codes.len())
    }

    fn nested_means(&self) -> Vec<f64> {
        let Some(inside) = self.nested else { return Vec::new() };
        let mut sums = vec![0.0; inside.n * self.m];
        let mut total = vec![0.0; inside.n];
        for (i, &a) in inside.codes.iter().enumerate() {
            total[a as usize] += self.weights.at(i);
            for l in self.levels(i) {
                sums[a as usize * self.m + l] += self.weights.at(i);
            }
        }
        crate::panel::absorb::divide(&mut sums, &total, self.m);
        sums
    }

    /// R_D = VΛ^−½ of D̃′D̃ over its range.
    fn orthonormal(&self) -> Result<Array2<f64>> {
        let mut gram = Array2::<f64>::zeros((self.m, self.m));
        for i in 0..self.n() {
            let w = self.weights.at(i);
            for high in self.levels(i) {
                for low in self.levels(i) {
                    gram[[high, low]] += w;
                }
            }
        }
        if let Some(inside) = self.nested {
            let mut total = vec![0.0; inside.n];
            for (i, &a) in inside.codes.iter().enumerate() {
                total[a as usize] += self.weights.at(i);
            }
            for (mean, w) in self.means.chunks_exact(self.m).zip(&total) {
                let present: Vec<usize> = (0..self.m).filter(|&l| mean[l] != 0.0).collect();
                for &high in &present {
                    for &low in &present {
                        gram[[high, low]] -= w * mean[high] * mean[low];
                    }
                }
            }
        }
        let (values, vectors) = eigen_symmetric(gram.view())?;
        let floor = REDUNDANT * values.last().copied().unwrap_or(0.0);
        let kept: Vec<usize> = (0..self.m).filter(|&j| values[j] > floor).collect();
        Ok(Array2::from_shape_fn((self.m, kept.len()), |(l, j)| {
            vectors[[l, kept[j]]] / values[kept[j]].sqrt()
        }))
    }

    /// Rows of Q_D.
    pub(super) fn block(&self, rows: &[usize]) -> Array2<f64> {
        let mut d = Array2::<f64>::zeros((rows.len(), self.m));
        for (r, &i) in rows.iter().enumerate() {
            for l in self.levels(i) {
                d[[r, l]] += 1.0;
            }
            if let Some(inside) = self.nested {
                let at = inside.codes[i] as usize * self.m;
                for (v, mean) in d.row_mut(r).iter_mut().zip(&self.means[at..at + self.m]) {
                    *v -= mean;
                }
            }
            let s = self.weights.at(i).sqrt();
            d.row_mut(r).mapv_inplace(|v| v * s);
        }
        d.dot(&self.root)
    }
}

/// Whether every level of `factor` lies in one cluster.
pub(super) fn nested(factor: &Coded<'_>, clusters: Coded<'_>) -> bool {
    const NONE: u32 = u32::MAX;
    let mut home = vec![NONE; factor.n];
    factor.codes.iter().zip(clusters.codes).all(|(&f, &c)| {
        let known = &mut home[f as usize];
        if *known == NONE {
            *known = c;
        }
        *known == c
    })
}
