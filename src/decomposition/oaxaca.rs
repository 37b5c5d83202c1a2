//! The gap between the means of two groups, split into what their covariates explain and what they do not.
//!
//! Group A and B, means x̄_A, x̄_B, coefficients β_A, β_B, F the inverse link, F̄_g(β) the mean of F(x′β) over group g; gap
//! = F̄_A(β_A) − F̄_B(β_B) (Oaxaca 1973; Blinder 1973; Jann 2008):
//! * three parts: endowments F̄_A(β_B) − F̄_B(β_B), coefficients F̄_B(β_A) − F̄_B(β_B), interaction the rest;
//! * two parts, at reference coefficients β*: explained F̄_A(β*) − F̄_B(β*), unexplained the rest.
//!
//! By column, least squares: (x̄_A − x̄_B)β_B, x̄_B(β_A − β_B), (x̄_A − x̄_B)(β_A − β_B); (x̄_A − x̄_B)β*, x̄_A(β_A − β*) + x̄_B(β* − β_B).
//! Other families: each part is shared out in proportion to these (Yun 2004). With canonical links and an intercept
//! the gap is that of the observed means, which is checked. Factors are normalised so that the coefficients of all their levels sum to 0
//! (Yun 2005): the unexplained part of a level then does not depend on which level was left out.
//!
//! Errors: influence functions of all fits and means on the rows (covariates are random), summed by cluster where there are clusters.

use crate::decomposition::oaxaca_fit::Sides;
use crate::decomposition::traced::{Traced, Units};
use crate::error::{Error, Result};

/// One part of the gap, in all and by column.
#[derive(Debug, Clone)]
#[must_use]
pub struct Part {
    /// Its name.
    pub name: &'static str,
    /// In all.
    pub total: Traced,
    /// By column of the (normalised) design.
    pub by_column: Vec<Traced>,
}

/// Means, gap and parts.
#[derive(Debug, Clone)]
#[must_use]
pub struct Oaxaca {
    /// Mean of the first and of the second group, and their difference.
    pub means: [Traced; 3],
    /// Names of the columns.
    pub columns: Vec<String>,
    /// Three parts.
    pub three: Vec<Part>,
    /// Two parts at the reference coefficients.
    pub two: Vec<Part>,
}

/// Decomposes what [`Sides`] holds.
///
/// # Errors
/// `Undefined` if the gap is not that of the observed means, or if a part cannot be shared out among columns.
pub fn oaxaca(sides: &Sides, units: &Units) -> Result<Oaxaca> {
    let n = units.len();
    let (a, b) = (sides.mean(0, &sides.beta[0]), sides.mean(1, &sides.beta[1]));
    for (mean, side) in [(&a, 0), (&b, 1)] {
        super::adds_up("the mean of a group", mean.value, sides.observed[side], mean.value.abs().max(1e-3))?;
    }
    let gap = a.minus(&b);
    let (x, beta) = (&sides.x, [&sides.normal[0], &sides.normal[1], &sides.normal[2]]);
    let columns = 0..x[0].len();
    let dx: Vec<Traced> = columns.clone().map(|k| x[0][k].minus(&x[1][k])).collect();
    let db: Vec<Traced> = columns.clone().map(|k| beta[0][k].minus(&beta[1][k])).collect();
    let mixed = sides.mean(0, &sides.beta[1]);
    let endowments = mixed.minus(&b);
    let coefficients = sides.mean(1, &sides.beta[0]).minus(&b);
    let interaction = gap.minus(&endowments).minus(&coefficients);
    let each = |f: &dyn Fn(usize) -> Traced| columns.clone().map(f).collect::<Vec<_>>();
    let three = vec![
        part("endowments", endowments, each(&|k| dx[k].times(&beta[1][k])), sides.linear, n)?,
        part("coefficients", coefficients, each(&|k| x[1][k].times(&db[k])), sides.linear, n)?,
        part("interaction", interaction, each(&|k| dx[k].times(&db[k])), sides.linear, n)?,
    ];
    let explained = sides.mean(0, &sides.beta[2]).minus(&sides.mean(1, &sides.beta[2]));
    let unexplained = gap.minus(&explained);
    let rest = |k: usize| {
        let first = x[0][k].times(&beta[0][k].minus(&beta[2][k]));
        first.plus(&x[1][k].times(&beta[2][k].minus(&beta[1][k])))
    };
    let two = vec![
        part("explained", explained, each(&|k| dx[k].times(&beta[2][k])), sides.linear, n)?,
        part("unexplained", unexplained, each(&rest), sides.linear, n)?,
    ];
    Ok(Oaxaca { means: [a, b, gap], columns: sides.columns.clone(), three, two })
}

/// A part and its columns: as they are for least squares (they must sum to it), in proportion otherwise.
fn part(name: &'static str, total: Traced, by_column: Vec<Traced>, linear: bool, n: usize) -> Result<Part> {
    let sum = Traced::sum(&by_column, n);
    let scale = by_column.iter().map(|c| c.value.abs()).sum::<f64>();
    if linear {
        super::adds_up(name, sum.value, total.value, scale)?;
        return Ok(Part { name, total, by_column });
    }
    // Two groups with the same covariates (or coefficients): nothing to share out.
    if scale == 0.0 {
        return Ok(Part { name, total, by_column });
    }
    if sum.value.abs() < 1e-12 * scale {
        let what = format!("the {name} part by column");
        let reason =
            "what the columns add on the linear scale cancels: read the totals, or a linear model".to_owned();
        return Err(Error::Undefined { what, reason });
    }
    let factor = total.over(&sum);
    Ok(Part { name, by_column: by_column.iter().map(|c| c.times(&factor)).collect(), total })
}
