//! The estimators: transform, solve, covariance.
//!
//! Degrees of freedom of classical errors: N − p − rank of the absorbed effects (units − p for between). CR0 and CR1 use
//! G − 1, CR2 and CR3 Satterthwaite's, Driscoll and Kraay T − 1. K of CR1 counts the coefficients and the absorbed effects
//! that are not nested in the clusters, and the constant once. R² is that of the transformed columns (within R² after
//! absorbing).
//!
//! Weights: analytic (variance σ²/w), for pooled and fixed effects only.

use ndarray::{Array2, Axis, concatenate};

use crate::design::{Groups, Weights};
use crate::error::{Error, Result};
use crate::panel::absorb::{Absorbed, Coded};
use crate::panel::cluster::{Kind, Robust, adjusted, plain};
use crate::panel::data::Panel;
use crate::panel::driscoll_kraay::{default_lag, driscoll_kraay};
use crate::panel::explicit::{Explicit, nested};
use crate::panel::index::Index;
use crate::panel::mundlak::Means;
use crate::panel::random::{Components, components};
use crate::panel::solve::{Design, Solved, solve};
use crate::panel::transform::{between, first_differences, pooled, quasi_demeaned, refuse_flat, within};

/// Which estimator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effects {
    /// None: least squares on all rows.
    Pooled,
    /// Fixed unit effects.
    Unit,
    /// Fixed period effects.
    Time,
    /// Both.
    TwoWay,
    /// Random unit effects (Swamy and Arora).
    Random,
    /// Least squares on unit means.
    Between,
    /// Differences between adjacent periods.
    FirstDifference,
    /// Random effects with unit means as further predictors.
    WithinBetween,
}

/// Which covariance.
#[derive(Debug, Clone, Copy)]
pub enum Vcov<'a> {
    /// Independent errors of equal variance.
    Classical,
    /// Errors related within clusters.
    Cluster {
        /// Adjustment for few clusters.
        kind: Kind,
        /// The clusters of the rows.
        clusters: &'a Index<'a>,
    },
    /// Errors related across units and over time; `None` takes the default lag.
    DriscollKraay {
        /// Lags of the Bartlett kernel.
        lag: Option<usize>,
    },
}

/// A fitted panel model.
#[derive(Debug, Clone)]
#[must_use]
pub struct Fit {
    /// Terms.
    pub names: Vec<String>,
    /// Coefficients (p).
    pub beta: Vec<f64>,
    /// Covariance (p × p).
    pub vcov: Array2<f64>,
    /// Degrees of freedom of each coefficient's t.
    pub df: Vec<f64>,
    /// Rows of the least squares: rows used, units (between) or differences.
    pub n_obs: usize,
    /// N − p − absorbed.
    pub df_residual: f64,
    /// Residual standard deviation of the transformed rows.
    pub sigma: f64,
    /// Share of the transformed outcome's variation explained.
    pub r_squared: f64,
    /// y − fitted, by input row; `None` for between and first differences. Random effects: unit effects are left in.
    pub residuals: Option<Vec<f64>>,
    /// Absorbed effects.
    pub absorbed: Absorbed,
    /// Variance components of random effects.
    pub components: Option<Components>,
    /// Clusters that hold rows.
    pub n_clusters: Option<usize>,
    /// Lags used by Driscoll and Kraay.
    pub lag: Option<usize>,
}

impl Fit {
    /// Standard errors (p).
    pub fn std_errors(&self) -> Vec<f64> {
        self.vcov.diag().iter().map(|v| v.sqrt()).collect()
    }
}

/// Columns ready for least squares, and what they came from.
struct Model<'a> {
    design: Design,
    /// The input row behind each row of the design; `None` when they are the same.
    rows: Option<Vec<usize>>,
    /// Effects absorbed.
    factors: Vec<Coded<'a>>,
    absorbed: Absorbed,
    components: Option<Components>,
    means: Option<Means>,
}

impl Model<'_> {
    fn of(design: Design, rows: Option<Vec<usize>>) -> Self {
        let absorbed = Absorbed { rank: 0, components: 0, singletons: 0, exact: true };
        Self { design, rows, factors: Vec::new(), absorbed, components: None, means: None }
    }

    /// A column of input rows, by row of the design.
    fn pick(&self, codes: &[u32]) -> Vec<u32> {
        match &self.rows {
            None => codes.to_vec(),
            Some(rows) => rows.iter().map(|&i| codes[i]).collect(),
        }
    }

    /// Whether there is a constant: nothing was absorbed.
    fn has_intercept(&self) -> bool {
        self.factors.is_empty()
    }
}

/// Fits a panel model.
///
/// # Errors
/// Those of [`Panel::check`] and [`Panel::periods`]; `Undefined` for predictors the effects absorb, named; `Aliased`;
/// `TooFew` rows, units or clusters; `InvalidOption` for weights or clusters that the estimator has no variance for.
pub fn fit(panel: &Panel<'_>, effects: Effects, vcov: Vcov<'_>) -> Result<Fit> {
    panel.check()?;
    let fixed = matches!(effects, Effects::Pooled | Effects::Unit | Effects::Time | Effects::TwoWay);
    if !fixed && panel.weights != Weights::Unit {
        let expected = "weights with effects \"pooled\", \"unit\", \"time\" or \"two-way\" only";
        return Err(Error::option("weight", expected, "weights"));
    }
    let model = model(panel, effects)?;
    let (n, p) = (model.design.n(), model.design.p);
    let df_residual = n as f64 - p as f64 - model.absorbed.rank as f64;
    if df_residual <= 0.0 {
        let what = format!("a regression on {p} columns and {} absorbed effects", model.absorbed.rank);
        return Err(Error::TooFew { what, needed: p + model.absorbed.rank + 1, got: n });
    }
    let solved = solve(&model.design)?;
    let sigma2 = solved.rss / df_residual;
    let (mut n_clusters, mut used_lag) = (None, None);
    let robust = match vcov {
        Vcov::Classical => Robust { vcov: solved.bread() * sigma2, df: vec![df_residual; p] },
        Vcov::Cluster { kind, clusters } => {
            let (robust, g) = clustered(panel, &model, &solved, kind, clusters, fixed)?;
            n_clusters = Some(g);
            robust
        }
        Vcov::DriscollKraay { .. } if effects == Effects::Between => {
            return Err(Error::option(
                "vcov",
                "\"classical\" or \"cluster\" with unit means",
                "driscoll-kraay",
            ));
        }
        Vcov::DriscollKraay { lag } => {
            let time = panel.periods()?;
            let lag = lag.unwrap_or_else(|| default_lag(time.n));
            used_lag = Some(lag);
            driscoll_kraay(&model.design, &solved, &model.pick(&time.codes), time.n, lag)?
        }
    };
    Ok(Fit {
        r_squared: r_squared(&model, &solved),
        residuals: residuals(panel, &model, &solved),
        names: model.design.names,
        beta: solved.beta,
        vcov: robust.vcov,
        df: robust.df,
        n_obs: n,
        df_residual,
        sigma: sigma2.sqrt(),
        absorbed: model.absorbed,
        components: model.components,
        n_clusters,
        lag: used_lag,
    })
}

fn model<'a>(panel: &'a Panel<'_>, effects: Effects) -> Result<Model<'a>> {
    let unit = Coded { codes: &panel.unit.codes, n: panel.unit.n };
    let time = || panel.periods().map(|t| Coded { codes: &t.codes, n: t.n });
    match effects {
        Effects::Pooled => Ok(Model::of(pooled(panel), None)),
        Effects::Unit => absorbing(panel, vec![unit], "unit"),
        Effects::Time => absorbing(panel, vec![time()?], "time"),
        Effects::TwoWay => absorbing(panel, vec![unit, time()?], "unit and time"),
        Effects::Between => {
            let mut first = vec![0; panel.unit.n];
            for (i, &u) in panel.unit.codes.iter().enumerate().rev() {
                first[u as usize] = i;
            }
            Ok(Model::of(between(panel, |_| 1.0), Some(first)))
        }
        Effects::FirstDifference => {
            let (design, rows) = first_differences(panel)?;
            Ok(Model::of(design, Some(rows)))
        }
        Effects::Random => {
            let found = components(panel)?;
            let design = quasi_demeaned(panel, &found.theta);
            Ok(Model { components: Some(found), ..Model::of(design, None) })
        }
        Effects::WithinBetween => {
            let found = components(panel)?;
            let means = Means::of(panel, &found.constant);
            let design = quasi_demeaned(&means.panel(panel), &found.theta);
            Ok(Model { components: Some(found), means: Some(means), ..Model::of(design, None) })
        }
    }
}

fn absorbing<'a>(panel: &Panel<'_>, factors: Vec<Coded<'a>>, label: &str) -> Result<Model<'a>> {
    let made = within(panel, &factors)?;
    refuse_flat(panel, &made.flat, label)?;
    Ok(Model { factors, absorbed: made.absorbed, ..Model::of(made.design, None) })
}

/// The covariance for clusters, and how many hold rows.
fn clustered(
    panel: &Panel<'_>,
    model: &Model<'_>,
    solved: &Solved,
    kind: Kind,
    clusters: &Index<'_>,
    fixed: bool,
) -> Result<(Robust, usize)> {
    let whole = Coded { codes: &clusters.codes, n: clusters.n };
    if clusters.codes.len() != panel.n() {
        let what = clusters.name.to_owned();
        return Err(Error::Length { what, expected: panel.n(), got: clusters.codes.len() });
    }
    if !fixed && !nested(&Coded { codes: &panel.unit.codes, n: panel.unit.n }, whole) {
        let expected = "clusters that keep the rows of a unit together: the transformation mixes them";
        return Err(Error::option("cluster", expected, clusters.name));
    }
    let (codes, g) = renumbered(&model.pick(&clusters.codes), clusters.n);
    if g < 2 {
        let what = format!("clusters in column \"{}\"", clusters.name);
        return Err(Error::TooFew { what, needed: 2, got: g });
    }
    let own = Coded { codes: &codes, n: g };
    let robust = match kind {
        Kind::Cr0 => plain(&model.design, solved, &codes, g, 1.0),
        Kind::Cr1 => {
            let inside: Vec<usize> = model.factors.iter().filter(|f| nested(f, own)).map(|f| f.n).collect();
            let absorbed = model.absorbed.rank - inside.iter().sum::<usize>().min(model.absorbed.rank);
            let k = model.design.p + absorbed + usize::from(!inside.is_empty());
            let (n, g1) = (model.design.n() as f64, g as f64);
            let factor = g1 / (g1 - 1.0) * (n - 1.0) / (n - k as f64);
            plain(&model.design, solved, &codes, g, factor)
        }
        Kind::Cr2 | Kind::Cr3 => {
            let groups = Groups::from_codes(&codes, g);
            let explicit = Explicit::new(&model.factors, own, panel.weights)?;
            let extra = explicit.as_ref().map_or(0, Explicit::rank);
            let zeros = Array2::zeros((model.design.p, extra));
            let lead = concatenate(Axis(1), &[solved.root.view(), zeros.view()])
                .map_err(|e| Error::Internal { message: e.to_string() })?;
            let block = |rows: &[usize]| block(&model.design, solved, explicit.as_ref(), rows);
            adjusted(kind, &groups, block, &lead, &solved.residuals, &model.design.names)?
        }
    };
    Ok((robust, g))
}

/// Q_g for the rows of a cluster.
fn block(design: &Design, solved: &Solved, explicit: Option<&Explicit<'_>>, rows: &[usize]) -> Array2<f64> {
    let x = Array2::from_shape_fn((rows.len(), design.p), |(r, j)| design.row(rows[r])[j]);
    let own = x.dot(&solved.root);
    let Some(explicit) = explicit else { return own };
    let other = explicit.block(rows);
    let p = design.p;
    Array2::from_shape_fn((rows.len(), p + other.ncols()), |(r, j)| {
        if j < p { own[[r, j]] } else { other[[r, j - p]] }
    })
}

/// Codes without gaps, and how many.
fn renumbered(codes: &[u32], n: usize) -> (Vec<u32>, usize) {
    let mut present = vec![false; n];
    for &c in codes {
        present[c as usize] = true;
    }
    let mut place = vec![0_u32; n];
    let mut next = 0;
    for (new, _) in place.iter_mut().zip(&present).filter(|(_, p)| **p) {
        *new = next;
        next += 1;
    }
    (codes.iter().map(|&c| place[c as usize]).collect(), next as usize)
}

/// 1 − RSS/TSS, TSS about the (transformed) constant where there is one.
fn r_squared(model: &Model<'_>, solved: &Solved) -> f64 {
    let p = model.design.p;
    let total = if model.has_intercept() {
        let sums = model.design.rows().fold((0.0, 0.0), |(a, b), r| (a + r[0] * r[p], b + r[0] * r[0]));
        let centre = sums.0 / sums.1;
        model.design.rows().map(|r| (r[p] - centre * r[0]).powi(2)).sum()
    } else {
        solved.yy
    };
    if total > 0.0 { 1.0 - solved.rss / total } else { 0.0 }
}

/// Residuals on the scale of the outcome, where rows of the design are input rows.
fn residuals(panel: &Panel<'_>, model: &Model<'_>, solved: &Solved) -> Option<Vec<f64>> {
    if model.rows.is_some() {
        return None;
    }
    if model.components.is_none() {
        let unscaled = |(i, e): (usize, &f64)| e / panel.weights.at(i).sqrt();
        return Some(match panel.weights {
            Weights::Unit => solved.residuals.clone(),
            _ => solved.residuals.iter().enumerate().map(unscaled).collect(),
        });
    }
    let full = model.means.as_ref().map(|m| m.panel(panel));
    let x = full.as_ref().map_or(&panel.x, |f| &f.x);
    let fitted =
        |i: usize| solved.beta[0] + x.iter().zip(&solved.beta[1..]).map(|(c, b)| c[i] * b).sum::<f64>();
    Some((0..panel.n()).map(|i| panel.y[i] - fitted(i)).collect())
}
