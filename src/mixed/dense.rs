//! The cross-products of a model as plain matrices, for inference that needs every entry of the inverse.
//!
//! M random effects, p fixed columns taken from their means: C = Z′WZ (M × M), A = Z′WX (M × p), S = X′WX, and the same
//! with y. Slopes are in the units of the search. M² numbers: [`MOST`] is what a machine holds without thinking.

use ndarray::{Array1, Array2};

use crate::error::{Error, Result};
use crate::mixed::problem::Problem;

/// Most random effects.
pub const MOST: usize = 2_000;

/// Z′WZ and its kin.
#[derive(Debug, Clone)]
pub struct Dense {
    /// Z′WZ.
    pub zz: Array2<f64>,
    /// Z′WX.
    pub zx: Array2<f64>,
    /// X′WX.
    pub xx: Array2<f64>,
    /// Z′Wy.
    pub zy: Array1<f64>,
    /// X′Wy.
    pub xy: Array1<f64>,
    /// y′Wy.
    pub yy: f64,
    /// Per term: its first random effect.
    pub first: Vec<usize>,
}

impl Dense {
    /// Whether a problem is small enough.
    pub fn fits(problem: &Problem) -> bool {
        effects(problem) <= MOST
    }

    /// Sums over the rows.
    ///
    /// # Errors
    /// `InvalidOption` with more than [`MOST`] random effects.
    pub fn new(problem: &Problem) -> Result<Self> {
        let m = effects(problem);
        if m > MOST {
            let expected =
                format!("a method for more than {MOST} random effects: satterthwaite, profile or bootstrap");
            return Err(Error::option("method", &expected, m));
        }
        let (structure, terms) = (&problem.design.structure, &problem.design.terms);
        let p = structure.p;
        let (t, tm) = (structure.tail(), structure.m);
        let tail = |i: usize, j: usize| problem.products.tail[(tm + i.min(j)) * t + tm + i.max(j)];
        let mut first = Vec::with_capacity(terms.len());
        let mut next = 0;
        for term in terms {
            first.push(next);
            next += term.n_levels() * term.q();
        }
        let (mut zz, mut zx, mut zy) = (Array2::zeros((m, m)), Array2::zeros((m, p)), Array1::zeros(m));
        let mut x = vec![0.0; p];
        let mut z: Vec<(usize, f64)> = Vec::new();
        for i in 0..problem.w.len() {
            let w = problem.w[i];
            z.clear();
            for (term, first) in terms.iter().zip(&first) {
                let at = first + term.codes[i] as usize * term.q();
                z.extend(term.basis.iter().enumerate().map(|(k, b)| (at + k, b.at(i))));
            }
            x.iter_mut().zip(&problem.design.centre).for_each(|(x, c)| *x = -c);
            problem.design.x.row(i).for_each(|(j, v)| x[j] += v);
            for &(a, v) in &z {
                z.iter().for_each(|&(b, u)| zz[[a, b]] += w * v * u);
                x.iter().enumerate().for_each(|(j, x)| zx[[a, j]] += w * v * x);
                zy[a] += v * problem.wy[i];
            }
        }
        Ok(Self {
            zz,
            zx,
            xx: Array2::from_shape_fn((p, p), |(i, j)| tail(i, j)),
            zy,
            xy: Array1::from_shape_fn(p, |i| tail(i, p)),
            yy: problem.total,
            first,
        })
    }
}

fn effects(problem: &Problem) -> usize {
    problem.design.terms.iter().map(|t| t.n_levels() * t.q()).sum()
}
