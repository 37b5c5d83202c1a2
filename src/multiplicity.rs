//! L3. Adjusting p-values for many tests (Holm 1979; Hochberg 1988; Hommel 1988; Benjamini and
//! Hochberg 1995; Benjamini and Yekutieli 2001), in the form of R's `p.adjust`.

use crate::error::{Error, Result};

/// Which adjustment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Adjust {
    /// None.
    None,
    /// m·p.
    Bonferroni,
    /// Step-down Bonferroni: family-wise error, any dependence.
    Holm,
    /// Step-up Simes.
    Hochberg,
    /// Closed Simes.
    Hommel,
    /// False-discovery rate under independence or positive dependence.
    BenjaminiHochberg,
    /// False-discovery rate under any dependence.
    BenjaminiYekutieli,
}

/// Adjusted p-values in the order given.
///
/// # Errors
/// `Values` for p outside [0, 1] or NaN.
pub fn adjust(p: &[f64], how: Adjust) -> Result<Vec<f64>> {
    let bad = |v: f64| v.is_nan() || !(0.0..=1.0).contains(&v);
    if let Some(&first) = p.iter().find(|v| bad(**v)) {
        let rows = p.iter().enumerate().filter(|(_, v)| bad(**v)).map(|(i, _)| i);
        return Err(Error::values("p_value", rows, "probabilities between 0 and 1", first));
    }
    let m = p.len() as f64;
    let mut order: Vec<usize> = (0..p.len()).collect();
    order.sort_by(|&i, &j| p[i].total_cmp(&p[j]));
    let mut out = vec![0.0; p.len()];
    match how {
        Adjust::None => out.copy_from_slice(p),
        Adjust::Bonferroni => out.iter_mut().zip(p).for_each(|(o, v)| *o = (m * v).min(1.0)),
        Adjust::Holm => {
            let mut running = 0.0_f64;
            for (k, &i) in order.iter().enumerate() {
                running = running.max((m - k as f64) * p[i]);
                out[i] = running.min(1.0);
            }
        }
        Adjust::Hommel => return Ok(hommel(p, &order)),
        Adjust::Hochberg => step_up(p, &order, &mut out, |k| m - k as f64),
        Adjust::BenjaminiHochberg => step_up(p, &order, &mut out, |k| m / (k as f64 + 1.0)),
        Adjust::BenjaminiYekutieli => {
            let harmonic: f64 = (1..=p.len()).map(|i| 1.0 / i as f64).sum();
            step_up(p, &order, &mut out, |k| harmonic * m / (k as f64 + 1.0));
        }
    }
    Ok(out)
}

/// Running minimum from the largest p down of factor(k)·p, k the 0-based rank.
fn step_up(p: &[f64], order: &[usize], out: &mut [f64], factor: impl Fn(usize) -> f64) {
    let mut running = 1.0_f64;
    for (k, &i) in order.iter().enumerate().rev() {
        running = running.min(factor(k) * p[i]);
        out[i] = running;
    }
}

fn hommel(p: &[f64], order: &[usize]) -> Vec<f64> {
    let n = p.len();
    let sorted: Vec<f64> = order.iter().map(|&i| p[i]).collect();
    let start = (0..n).map(|i| n as f64 * sorted[i] / (i as f64 + 1.0)).fold(f64::INFINITY, f64::min);
    let (mut q, mut adjusted) = (vec![start; n], vec![start; n]);
    for m in (2..n).rev() {
        let mf = m as f64;
        let (low, high) = (n - m + 1, n);
        let q1 =
            (low..high).map(|i| mf * sorted[i] / ((i + 1 - low) as f64 + 1.0)).fold(f64::INFINITY, f64::min);
        for i in 0..low {
            q[i] = (mf * sorted[i]).min(q1);
        }
        let at_low = q[low - 1];
        q[low..high].fill(at_low);
        for i in 0..n {
            adjusted[i] = adjusted[i].max(q[i]);
        }
    }
    let mut out = vec![0.0; n];
    for (k, &i) in order.iter().enumerate() {
        out[i] = adjusted[k].max(sorted[k]).min(1.0);
    }
    out
}
