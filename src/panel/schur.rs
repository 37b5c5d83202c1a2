//! Absorbing by a dense Schur complement: S = B′WB − N′W_A⁻¹N with N = D_A′WB (levels of A × m).
//!
//! Runs of units observed in the same periods with the same weights share one update of S, so that a balanced panel
//! needs a single one; otherwise a unit costs the square of the levels it meets.

use crate::error::Result;
use crate::panel::absorb::{Plan, divide};

/// Levels of the other factors, and cells of N, up to which S is formed.
const LEVELS: usize = 512;
const CELLS: usize = 1 << 24;

/// Pivots of S below this share of the level's weight belong to levels that the ones before it determine.
const REDUNDANT: f64 = 1e-10;

/// Whether S is small enough to be formed.
pub(super) fn fits(plan: &Plan<'_>) -> bool {
    plan.m <= LEVELS && plan.main.n * plan.m <= CELLS
}

/// Absorbs all factors of the plan; the rank of S.
pub(super) fn absorb(plan: &Plan<'_>, z: &mut [f64], k: usize) -> Result<Option<usize>> {
    let m = plan.m;
    let cross = cross(plan);
    let (mut main, mut gamma) = plan.sums(z, k);
    divide(&mut main, &plan.total, k);
    // B′W M_A z = B′Wz − N′(means)
    for (row, mean) in cross.chunks_exact(m).zip(main.chunks_exact(k)) {
        for (l, &c) in row.iter().enumerate().filter(|(_, c)| **c != 0.0) {
            for (g, v) in gamma[l * k..(l + 1) * k].iter_mut().zip(mean) {
                *g -= c * v;
            }
        }
    }
    let (mut s, diagonal) = complement(plan, &cross);
    let kept = factor(&mut s, &diagonal);
    solve(&s, &kept, &mut gamma, k);
    // The main effects once the others are known: means of z − Bγ.
    for (a, (row, mean)) in cross.chunks_exact(m).zip(main.chunks_exact_mut(k)).enumerate() {
        for (l, &c) in row.iter().enumerate().filter(|(_, c)| **c != 0.0) {
            let share = c / plan.total[a];
            for (v, g) in mean.iter_mut().zip(&gamma[l * k..(l + 1) * k]) {
                *v -= share * g;
            }
        }
    }
    plan.subtract(z, k, &main, &gamma)?;
    Ok(Some(kept.iter().filter(|k| **k).count()))
}

/// N: Σw over each pair of a main level and a level of the others.
fn cross(plan: &Plan<'_>) -> Vec<f64> {
    let mut cross = vec![0.0; plan.main.n * plan.m];
    for (i, &a) in plan.main.codes.iter().enumerate() {
        for l in plan.levels(i) {
            cross[a as usize * plan.m + l] += plan.weights.at(i);
        }
    }
    cross
}

/// S (lower triangle) and the diagonal of B′WB.
fn complement(plan: &Plan<'_>, cross: &[f64]) -> (Vec<f64>, Vec<f64>) {
    let m = plan.m;
    let mut s = vec![0.0; m * m];
    let mut diagonal = vec![0.0; m];
    for row in cross.chunks_exact(m) {
        for (d, c) in diagonal.iter_mut().zip(row) {
            *d += c;
        }
    }
    for (l, d) in diagonal.iter().enumerate() {
        s[l * m + l] = *d;
    }
    if plan.others.len() > 1 {
        for i in 0..plan.main.codes.len() {
            let levels: Vec<usize> = plan.levels(i).collect();
            for (j, &low) in levels.iter().enumerate() {
                for &high in &levels[j + 1..] {
                    s[high * m + low] += plan.weights.at(i);
                }
            }
        }
    }
    let mut present = Vec::with_capacity(m);
    let mut a = 0;
    while a < plan.main.n {
        let row = &cross[a * m..(a + 1) * m];
        let alike = |b: usize| plan.total[b] == plan.total[a] && cross[b * m..(b + 1) * m] == *row;
        let run = 1 + (a + 1..plan.main.n).take_while(|&b| alike(b)).count();
        present.clear();
        present.extend((0..m).filter(|&l| row[l] != 0.0));
        let scale = run as f64 / plan.total[a];
        for (j, &high) in present.iter().enumerate() {
            for &low in &present[..=j] {
                s[high * m + low] -= scale * row[high] * row[low];
            }
        }
        a += run;
    }
    (s, diagonal)
}

/// Cholesky in place (lower triangle, row by row) of a positive semi-definite matrix; redundant rows are zeroed and
/// not kept.
fn factor(s: &mut [f64], diagonal: &[f64]) -> Vec<bool> {
    let m = diagonal.len();
    let mut kept = vec![true; m];
    for i in 0..m {
        let (above, current) = s.split_at_mut(i * m);
        let row = &mut current[..=i];
        for j in 0..i {
            let other = &above[j * m..=j * m + j];
            let inner: f64 = row[..j].iter().zip(&other[..j]).map(|(a, b)| a * b).sum();
            row[j] = if kept[j] { (row[j] - inner) / other[j] } else { 0.0 };
        }
        let pivot = row[i] - row[..i].iter().map(|v| v * v).sum::<f64>();
        kept[i] = pivot > REDUNDANT * diagonal[i];
        row[i] = if kept[i] { pivot.sqrt() } else { 0.0 };
    }
    kept
}

/// γ of the kept levels in place of the right-hand sides (m × k); 0 for the redundant ones.
fn solve(l: &[f64], kept: &[bool], b: &mut [f64], k: usize) {
    let m = kept.len();
    for i in 0..m {
        for c in 0..k {
            let inner: f64 = (0..i).map(|j| l[i * m + j] * b[j * k + c]).sum();
            b[i * k + c] = if kept[i] { (b[i * k + c] - inner) / l[i * m + i] } else { 0.0 };
        }
    }
    for i in (0..m).rev().filter(|&i| kept[i]) {
        for c in 0..k {
            let inner: f64 = (i + 1..m).filter(|&j| kept[j]).map(|j| l[j * m + i] * b[j * k + c]).sum();
            b[i * k + c] = (b[i * k + c] - inner) / l[i * m + i];
        }
    }
}
