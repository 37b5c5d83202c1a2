//! Which variables share a block, and the block's codes and contrasts.

use std::collections::BTreeMap;

use crate::design::terms::{Piece, codes, n_levels};
use crate::design::{Block, Variable};

/// Combinations of levels that one block may have.
const WIDEST: usize = 4096;

/// Combinations up to which blocks that do not interact are joined all the same: fewer tables to fill a pass.
const JOINED: usize = 128;
/// Rows per combination that make joining worth it.
const FILLED: usize = 64;

/// Joins small blocks where there are many rows.
pub(super) fn joined(
    n: usize,
    groups: Vec<(Vec<usize>, Vec<usize>)>,
    variables: &[Variable],
) -> Vec<(Vec<usize>, Vec<usize>)> {
    let most = JOINED.min(n / FILLED);
    let mut out: Vec<(Vec<usize>, Vec<usize>)> = Vec::new();
    for (vars, members) in groups {
        let apart = |other: &[usize]| vars.iter().all(|v| !other.contains(v));
        let fits = |(other, _): &&mut (Vec<usize>, Vec<usize>)| {
            apart(other) && width(&vars, variables).saturating_mul(width(other, variables)) <= most
        };
        match out.iter_mut().find(fits) {
            Some((v, m)) => {
                v.extend(vars);
                m.extend(members);
            }
            None => out.push((vars, members)),
        }
    }
    out
}

/// Groups of columns whose variables interact: (variables, columns). The intercept joins the first.
pub(super) fn components(
    coded: &[usize],
    columns: &[Vec<(usize, Piece)>],
    variables: &[Variable],
) -> Vec<(Vec<usize>, Vec<usize>)> {
    let sets: BTreeMap<usize, Vec<usize>> = coded
        .iter()
        .map(|&j| {
            let mut vars: Vec<usize> = columns[j].iter().map(|(v, _)| *v).collect();
            vars.sort_unstable();
            vars.dedup();
            (j, vars)
        })
        .collect();
    let mut groups: Vec<(Vec<usize>, Vec<usize>)> = Vec::new();
    for (&j, vars) in sets.iter().filter(|(_, v)| !v.is_empty()) {
        if let Some((_, members)) = groups.iter_mut().find(|(g, _)| vars.iter().all(|v| g.contains(v))) {
            members.push(j);
            continue;
        }
        let (mut joined, mut members) = (vars.clone(), vec![j]);
        let mut rest = Vec::new();
        for (g, m) in groups {
            let mut union: Vec<usize> = joined.iter().chain(&g).copied().collect();
            union.sort_unstable();
            union.dedup();
            let touches = g.iter().any(|v| joined.contains(v));
            // A union too wide for one table stays apart: overlapping blocks give the same sums.
            if touches && width(&union, variables) <= WIDEST {
                joined = union;
                members.extend(m);
            } else {
                rest.push((g, m));
            }
        }
        rest.push((joined, members));
        groups = rest;
    }
    let intercept = sets.iter().filter(|(_, v)| v.is_empty()).map(|(j, _)| *j);
    match groups.first_mut() {
        Some((_, members)) => members.extend(intercept),
        None => groups.extend(intercept.map(|j| (Vec::new(), vec![j]))),
    }
    groups
}

fn width(vars: &[usize], variables: &[Variable]) -> usize {
    vars.iter().fold(1_usize, |w, &v| w.saturating_mul(n_levels(&variables[v]).max(1)))
}

/// The joint code of these variables and the columns each code stands for.
pub(super) fn block(
    n: usize,
    variables: &[Variable],
    vars: &[usize],
    members: &[usize],
    columns: &[Vec<(usize, Piece)>],
) -> Block {
    let size = width(vars, variables);
    let mut joint = vec![0_u32; n];
    let mut strides = Vec::with_capacity(vars.len());
    let mut stride = 1_usize;
    for &v in vars {
        strides.push(stride);
        // The width of a block is far below 2^32.
        let step = u32::try_from(stride).unwrap_or(u32::MAX);
        joint.iter_mut().zip(codes(&variables[v])).for_each(|(o, &c)| *o += c * step);
        stride *= n_levels(&variables[v]);
    }
    let contrast = (0..size)
        .map(|code| {
            let level = |v: usize| {
                let at = vars.iter().position(|&x| x == v).unwrap_or(0);
                code / strides[at] % n_levels(&variables[v])
            };
            let value = |j: usize| columns[j].iter().map(|(v, p)| p.by_level[level(*v)]).product::<f64>();
            members.iter().map(|&j| (j, value(j))).filter(|(_, x)| *x != 0.0).collect()
        })
        .collect();
    Block { codes: joint, contrast }
}
