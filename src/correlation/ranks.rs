//! Mid-ranks (1-based): tied values share the mean of the ranks they take.

/// Mid-ranks of `x` (n finite values).
pub fn midranks(x: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..x.len()).collect();
    order.sort_by(|&i, &j| x[i].total_cmp(&x[j]));
    let mut ranks = vec![0.0; x.len()];
    for block in blocks(x, &order) {
        let rank = (block.start + block.end + 1) as f64 / 2.0;
        for &i in &order[block] {
            ranks[i] = rank;
        }
    }
    ranks
}

/// Ranges of `order` (ascending in x) whose values tie.
pub fn blocks(x: &[f64], order: &[usize]) -> Vec<std::ops::Range<usize>> {
    let mut out = Vec::new();
    let mut start = 0;
    for k in 1..=order.len() {
        if k == order.len() || x[order[k]] != x[order[start]] {
            out.push(start..k);
            start = k;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ties_share_their_mean_rank() {
        assert_eq!(midranks(&[10.0, 20.0, 10.0, 5.0]), [2.5, 4.0, 2.5, 1.0]);
        assert!(midranks(&[]).is_empty());
    }
}
