//! Sample quantiles: the nine types of Hyndman and Fan (1996), medians, MAD.

/// How a quantile lies between order statistics (Hyndman and Fan's numbering).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Inverse of the empirical distribution.
    Type1,
    /// The same with averages at jumps.
    Type2,
    /// Nearest even order statistic.
    Type3,
    /// Linear between the steps of the distribution.
    Type4,
    /// Piecewise linear through mid-steps.
    Type5,
    /// Expectation of the order statistic (n + 1).
    Type6,
    /// Mode of the order statistic (n − 1): the default of R and numpy.
    Type7,
    /// Median-unbiased.
    Type8,
    /// Unbiased for the normal.
    Type9,
}

/// The p-quantile of ascending `sorted`; `None` when empty or p is not in [0, 1].
pub fn quantile(sorted: &[f64], p: f64, kind: Kind) -> Option<f64> {
    if sorted.is_empty() || !(0.0..=1.0).contains(&p) {
        return None;
    }
    let n = sorted.len() as f64;
    let (a, b) = match kind {
        Kind::Type1 | Kind::Type2 | Kind::Type3 => return Some(step(sorted, p, kind)),
        Kind::Type4 => (0.0, 1.0),
        Kind::Type5 => (0.5, 0.5),
        Kind::Type6 => (0.0, 0.0),
        Kind::Type7 => (1.0, 1.0),
        Kind::Type8 => (1.0 / 3.0, 1.0 / 3.0),
        Kind::Type9 => (3.0 / 8.0, 3.0 / 8.0),
    };
    let position = p.mul_add(n + 1.0 - a - b, a);
    // A position a rounding error below a whole number is that number (0.7 · 10 and its kin).
    let fuzz = 4.0 * f64::EPSILON;
    let floor = (position + fuzz).floor();
    let h = if (position - floor).abs() < fuzz { 0.0 } else { position - floor };
    let low = order(sorted, floor);
    Some(if h == 0.0 { low } else { low + h * (order(sorted, floor + 1.0) - low) })
}

/// The k-th smallest (1-based), held within the sample.
fn order(sorted: &[f64], k: f64) -> f64 {
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // clamped to 1..=n
    let k = k.clamp(1.0, sorted.len() as f64) as usize;
    sorted[k - 1]
}

fn step(sorted: &[f64], p: f64, kind: Kind) -> f64 {
    let n = sorted.len() as f64;
    let position = if kind == Kind::Type3 { n * p - 0.5 } else { n * p };
    let fuzz = 4.0 * f64::EPSILON;
    let floor = (position + fuzz).floor();
    let at_jump = (position - floor).abs() < fuzz * position.abs().max(1.0);
    let (low, high) = (order(sorted, floor), order(sorted, floor + 1.0));
    match kind {
        Kind::Type2 if at_jump => f64::midpoint(low, high),
        Kind::Type3 if at_jump && floor.rem_euclid(2.0) == 0.0 => low,
        Kind::Type1 if at_jump => low,
        _ => high,
    }
}

/// The median of ascending values.
pub fn median(sorted: &[f64]) -> Option<f64> {
    quantile(sorted, 0.5, Kind::Type7)
}

/// Median absolute deviation about the median times 1.4826 (normal consistency).
pub fn mad(values: &[f64]) -> Option<f64> {
    let centre = median(&ascending(values))?;
    let deviations: Vec<f64> = values.iter().map(|v| (v - centre).abs()).collect();
    median(&ascending(&deviations)).map(|m| 1.4826 * m)
}

/// The smallest value whose cumulative weight share reaches one half.
pub fn weighted_lower_median(values: &[f64], weights: &[f64]) -> Option<f64> {
    let mut rows: Vec<usize> = (0..values.len()).filter(|&i| weights[i] > 0.0).collect();
    rows.sort_by(|&i, &j| values[i].total_cmp(&values[j]));
    let total: f64 = rows.iter().map(|&i| weights[i]).sum();
    let mut below = 0.0;
    for &i in &rows {
        below += weights[i];
        if below >= total / 2.0 {
            return Some(values[i]);
        }
    }
    None
}

/// A sorted copy.
pub fn ascending(values: &[f64]) -> Vec<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    sorted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_and_middle() {
        let x = [1.0, 2.0, 3.0, 4.0];
        assert_eq!(quantile(&x, 0.0, Kind::Type7), Some(1.0));
        assert_eq!(quantile(&x, 1.0, Kind::Type6), Some(4.0));
        assert_eq!(median(&x), Some(2.5));
        assert_eq!(quantile(&[], 0.5, Kind::Type7), None);
        assert_eq!(quantile(&x, 1.5, Kind::Type7), None);
        assert_eq!(weighted_lower_median(&[3.0, 1.0, 2.0], &[1.0, 1.0, 1.0]), Some(2.0));
    }
}
