//! The fits behind an Oaxaca-Blinder decomposition: one in each group, one for the reference coefficients.
//!
//! Influence of row i on β̂ is M x_i u_i, M the inverse information and u the score residual; on a mean of covariates
//! h_i(x_i − x̄)/H with h the weight of the row (times its exposure, for rates).

use crate::decomposition::traced::{Traced, Units};
use crate::design::ModelMatrix;
use crate::error::{Error, Result};
use crate::regression::family::{Family, Link};
use crate::regression::glm::{Glm, Options, glm};
use crate::regression::lm::lm;
use crate::regression::outcome::Outcome;

/// Which coefficients stand for no difference.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Reference {
    /// w β_A + (1 − w) β_B: 1 and 0 are those of a group (Oaxaca), ½ Reimers (1983).
    Share(f64),
    /// w = n_A/n (Cotton 1988).
    Cotton,
    /// All rows, without the group (Neumark 1988).
    Neumark,
    /// All rows, with an indicator of the group whose coefficient is set aside (Jann 2008).
    Pooled,
}

/// Rows of two groups, ready to fit.
#[derive(Debug)]
pub struct Data<'a> {
    /// Columns of the design, the intercept first.
    pub columns: Vec<Vec<f64>>,
    /// Their names.
    pub names: Vec<String>,
    /// Whether each row is of the second group.
    pub second: Vec<bool>,
    /// Outcomes of the rows.
    pub outcome: &'a Outcome,
    /// Family with its canonical link.
    pub options: Options<'a>,
    /// Names of the groups, for errors.
    pub groups: [String; 2],
    /// Factors to normalise: their columns, and the name of the level left out.
    pub factors: Vec<(Vec<usize>, String)>,
}

/// Coefficients and covariate means of both groups with their influences.
#[derive(Debug)]
pub struct Sides {
    /// Whether the link is the identity.
    pub linear: bool,
    /// Coefficients of A, of B, and the reference.
    pub beta: [Vec<Traced>; 3],
    /// The same, normalised.
    pub normal: [Vec<Traced>; 3],
    /// Means of the (extended) covariates of A and B.
    pub x: [Vec<Traced>; 2],
    /// Observed mean outcomes.
    pub observed: [f64; 2],
    /// Names of the extended columns.
    pub columns: Vec<String>,
    link: Link,
    rows: [Vec<usize>; 2],
    weights: Vec<f64>,
    design: Vec<Vec<f64>>,
    units: Units,
}

/// Fits everything.
///
/// # Errors
/// `TooFew` for a group without enough rows; `Undefined` where a group lacks a column's variation; those of the fits.
pub fn sides(data: &Data<'_>, reference: Reference, units: &Units) -> Result<Sides> {
    let n = data.second.len();
    let rows: [Vec<usize>; 2] =
        [false, true].map(|side| (0..n).filter(|&i| data.second[i] == side).collect());
    for (list, name) in rows.iter().zip(&data.groups) {
        let needed = data.columns.len() + 1;
        if list.len() < needed {
            return Err(Error::TooFew { what: format!("the group \"{name}\""), needed, got: list.len() });
        }
    }
    let fits = [fit(data, &rows[0], &data.groups[0])?, fit(data, &rows[1], &data.groups[1])?];
    let (a, b) = (coefficients(&fits[0], &rows[0], units), coefficients(&fits[1], &rows[1], units));
    let weights: Vec<f64> = (0..n).map(|i| weight(data, i)).collect();
    let total = |side: usize| rows[side].iter().map(|&i| weights[i]).sum::<f64>();
    let counted =
        |side: usize| -> f64 { rows[side].iter().map(|&i| data.outcome.n[i] * data.outcome.prior(i)).sum() };
    let mixed = |w: f64| a.iter().zip(&b).map(|(a, b)| a.mix(w, b, 1.0 - w)).collect();
    let star: Vec<Traced> = match reference {
        Reference::Share(w) => mixed(w),
        Reference::Cotton => mixed(counted(0) / (counted(0) + counted(1))),
        Reference::Neumark => {
            let all: Vec<usize> = (0..n).collect();
            coefficients(&fit(data, &all, "both groups")?, &all, units)
        }
        Reference::Pooled => pooled(data, &weights, units)?,
    };
    let observed = [0, 1].map(|side: usize| {
        let y = |i: usize| data.outcome.sum[i] * data.outcome.prior(i);
        rows[side].iter().map(|&i| y(i)).sum::<f64>() / total(side)
    });
    let means = [0, 1].map(|side: usize| {
        let of = |column: &Vec<f64>| mean(column, &rows[side], &weights, units);
        data.columns.iter().map(of).collect::<Vec<Traced>>()
    });
    let beta = [a, b, star];
    let normal = [0, 1, 2].map(|s: usize| normalised(&beta[s], &data.factors));
    let x = [0, 1].map(|s: usize| extended(&means[s], &data.factors));
    let mut columns = data.names.clone();
    columns.extend(data.factors.iter().map(|f| f.1.clone()));
    Ok(Sides {
        linear: data.options.link == Link::Identity,
        beta,
        normal,
        x,
        observed,
        columns,
        link: data.options.link,
        rows,
        weights,
        design: data.columns.clone(),
        units: units.clone(),
    })
}

impl Sides {
    /// F̄_g(β) with its influences: those of the rows' own F, and those through β.
    pub fn mean(&self, side: usize, beta: &[Traced]) -> Traced {
        let rows = &self.rows[side];
        let total: f64 = rows.iter().map(|&i| self.weights[i]).sum();
        let at: Vec<(f64, f64)> = rows
            .iter()
            .map(|&i| self.link.mean(beta.iter().zip(&self.design).map(|(b, x)| b.value * x[i]).sum()))
            .collect();
        let value = rows.iter().zip(&at).map(|(&i, f)| self.weights[i] * f.0).sum::<f64>() / total;
        let mut influence = vec![0.0; self.units.len()];
        self.units.gather(rows, |k| self.weights[rows[k]] * (at[k].0 - value) / total, &mut influence);
        let mut out = Traced { value, influence };
        for (b, x) in beta.iter().zip(&self.design) {
            let slope: f64 =
                rows.iter().zip(&at).map(|(&i, f)| self.weights[i] * f.1 * x[i]).sum::<f64>() / total;
            out = out.mix(1.0, &Traced { value: 0.0, influence: b.influence.clone() }, slope);
        }
        out
    }
}

/// Weight of a row in the mean of its group: rows (or trials) times weight, times exposure for rates.
fn weight(data: &Data<'_>, i: usize) -> f64 {
    let exposure = if data.options.family == Family::Poisson { data.outcome.offset(i).exp() } else { 1.0 };
    data.outcome.n[i] * data.outcome.prior(i) * exposure
}

fn taken(outcome: &Outcome, rows: &[usize]) -> Outcome {
    let of = |v: &Vec<f64>| rows.iter().map(|&i| v[i]).collect::<Vec<f64>>();
    Outcome {
        kind: outcome.kind,
        n: of(&outcome.n),
        sum: of(&outcome.sum),
        sum2: of(&outcome.sum2),
        prior: outcome.prior.as_ref().map(of),
        offset: outcome.offset.as_ref().map(of),
    }
}

fn fit(data: &Data<'_>, rows: &[usize], group: &str) -> Result<Glm> {
    let columns = data.columns.iter().map(|c| rows.iter().map(|&i| c[i]).collect()).collect();
    let x = ModelMatrix::from_columns(data.names.clone(), columns);
    fitted(&x, &taken(data.outcome, rows), data.options, group)
}

fn fitted(x: &ModelMatrix, outcome: &Outcome, options: Options<'_>, group: &str) -> Result<Glm> {
    let found = if options.link == Link::Identity {
        lm(x, outcome, options.column)?.fit
    } else {
        glm(x, outcome, options)?
    };
    if found.aliased.is_empty() {
        return Ok(found);
    }
    let reason = format!(
        "in \"{group}\" there is no coefficient for {}: a level that the group lacks, a constant, or collinear columns; \
         merge levels or drop the column",
        found.aliased.join(", ")
    );
    Err(Error::Undefined { what: "the decomposition".to_owned(), reason })
}

/// β̂ with the influence M x_i u_i of every row.
fn coefficients(fit: &Glm, rows: &[usize], units: &Units) -> Vec<Traced> {
    let bread = fit.scores.bread();
    let p = fit.beta.len();
    let mut influence = vec![vec![0.0; units.len()]; p];
    for (k, &row) in rows.iter().enumerate() {
        let mut score = vec![0.0; p];
        fit.scores.x.row(k).for_each(|(j, v)| score[j] += v * fit.scores.u[k]);
        for (j, into) in influence.iter_mut().enumerate() {
            let moved: f64 = (0..p).map(|l| bread[[j, l]] * score[l]).sum();
            units.gather(&[row], |_| moved, into);
        }
    }
    fit.beta.iter().zip(influence).map(|(&value, influence)| Traced { value, influence }).collect()
}

/// All rows with an indicator of the first group, centred so that the intercept is that of the average row.
fn pooled(data: &Data<'_>, weights: &[f64], units: &Units) -> Result<Vec<Traced>> {
    let all: Vec<usize> = (0..data.second.len()).collect();
    let total: f64 = weights.iter().sum();
    let share = all.iter().filter(|&&i| !data.second[i]).map(|&i| weights[i]).sum::<f64>() / total;
    let mut columns = data.columns.clone();
    columns.push(data.second.iter().map(|s| if *s { -share } else { 1.0 - share }).collect());
    let mut names = data.names.clone();
    names.push("group".to_owned());
    let x = ModelMatrix::from_columns(names, columns);
    let found = fitted(&x, data.outcome, data.options, "both groups")?;
    let mut all = coefficients(&found, &all, units);
    all.pop();
    Ok(all)
}

fn mean(column: &[f64], rows: &[usize], weights: &[f64], units: &Units) -> Traced {
    let total: f64 = rows.iter().map(|&i| weights[i]).sum();
    let value = rows.iter().map(|&i| weights[i] * column[i]).sum::<f64>() / total;
    let mut influence = vec![0.0; units.len()];
    units.gather(rows, |k| weights[rows[k]] * (column[rows[k]] - value) / total, &mut influence);
    Traced { value, influence }
}

/// Coefficients whose levels sum to 0, the level left out at the end; the intercept takes up their mean.
fn normalised(beta: &[Traced], factors: &[(Vec<usize>, String)]) -> Vec<Traced> {
    let mut out = beta.to_vec();
    for (columns, _) in factors {
        let n = beta[0].influence.len();
        let mean = Traced::sum(columns.iter().map(|&j| &beta[j]), n).scaled(1.0 / (columns.len() + 1) as f64);
        columns.iter().for_each(|&j| out[j] = out[j].minus(&mean));
        out[0] = out[0].plus(&mean);
        out.push(mean.scaled(-1.0));
    }
    out
}

/// Means of the columns, with those of the levels left out at the end.
fn extended(means: &[Traced], factors: &[(Vec<usize>, String)]) -> Vec<Traced> {
    let mut out = means.to_vec();
    for (columns, _) in factors {
        let n = means[0].influence.len();
        let sum = Traced::sum(columns.iter().map(|&j| &means[j]), n);
        out.push(Traced::fixed(1.0, n).minus(&sum));
    }
    out
}
