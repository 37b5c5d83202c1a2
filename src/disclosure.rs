//! L3. What rounding and suppression leave possible.
//!
//! A printed percentage P of n stands for the whole counts x with round(100·x/n, d) = P. Both roundings of a half count
//! as possible, since publishers differ. An empty set means that no count can give P (the GRIM test of Brown and
//! Heathers 2017).

/// The counts of n that round to `percent` with `decimals` decimals, ascending.
pub fn possible_counts(percent: f64, n: u64, decimals: u32) -> std::ops::RangeInclusive<u64> {
    let half = 0.5 / 10_f64.powi(i32::try_from(decimals).unwrap_or(9));
    let slack = 1e-9 * percent.abs().max(1.0);
    let count = |p: f64| p * n as f64 / 100.0;
    let low = count(percent - half - slack).ceil().max(0.0);
    let high = count(percent + half + slack).floor().min(n as f64);
    if high < low {
        // No count: an empty range, written so that the two ends cross.
        let (first, last) = (1, 0);
        return first..=last;
    }
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // within 0..=n
    let (low, high) = (low as u64, high as u64);
    low..=high
}

/// All sets of counts of n that round to `percents` and add up to n, in lexicographic order; at most
/// `limit` of them.
pub fn possible_sets(percents: &[f64], n: u64, decimals: u32, limit: usize) -> Vec<Vec<u64>> {
    let ranges: Vec<_> = percents.iter().map(|&p| possible_counts(p, n, decimals)).collect();
    let mut out = Vec::new();
    extend(&ranges, n, &mut Vec::new(), &mut out, limit);
    out
}

fn extend(
    ranges: &[std::ops::RangeInclusive<u64>],
    left: u64,
    head: &mut Vec<u64>,
    out: &mut Vec<Vec<u64>>,
    limit: usize,
) {
    let Some((first, rest)) = ranges.split_first() else {
        if left == 0 {
            out.push(head.clone());
        }
        return;
    };
    for x in first.clone() {
        if x > left || out.len() >= limit {
            return;
        }
        head.push(x);
        extend(rest, left - x, head, out, limit);
        head.pop();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_printed_percentages_of_the_care_order_study() {
        assert_eq!(possible_counts(30.0, 1076, 0), 318..=328);
        assert_eq!(possible_counts(46.0, 1076, 0), 490..=500);
        assert_eq!(possible_counts(78.0, 1076, 0), 834..=844);
        assert_eq!(possible_counts(33.0, 79, 0), 26..=26);
        assert_eq!(possible_sets(&[71.0, 19.0, 10.0], 79, 0, 10), [[56, 15, 8]]);
    }

    #[test]
    fn percentages_that_no_count_can_give_are_empty() {
        assert!(possible_counts(21.0, 44, 0).is_empty());
        assert!(possible_counts(9.0, 71, 0).is_empty());
        assert!(!possible_counts(16.0, 44, 0).is_empty());
    }
}
