//! Indices of relative importance from the value of every subset of predictors.
//!
//! With v(S) the value (R², say) of a model with the predictors S, v(∅) = v₀, p players, Δ_j(S) = v(S ∪ j) − v(S):
//! * Shapley value φ_j = (1/p) Σ_s C(p − 1, s)⁻¹ Σ_{|S|=s} Δ_j(S): LMG for R² (Lindeman, Merenda and Gold 1980; Grömping 2007), the
//!   general dominance of Budescu (1993); Σφ_j = v(all) − v₀;
//! * first v(j) − v₀; last v(all) − v(all without j);
//! * conditional dominance: the mean of Δ_j over subsets of each size (Azen and Budescu 2003).

use crate::decomposition::subsets::Totals;

/// More players than this would need more subsets than can be visited.
pub const MOST_PLAYERS: usize = 25;

/// The indices of every player.
#[derive(Debug, Clone, PartialEq)]
#[must_use]
pub struct Importance {
    /// Shapley value.
    pub shapley: Vec<f64>,
    /// Alone.
    pub first: Vec<f64>,
    /// On top of all others.
    pub last: Vec<f64>,
    /// p × p: mean increment of each player over subsets of size 0, 1, …
    pub conditional: Vec<Vec<f64>>,
    /// v(all) − v₀.
    pub total: f64,
}

/// The indices from the sums over subsets.
pub fn importance(totals: &Totals) -> Importance {
    let p = totals.n_players;
    let zero = totals.sum(p, 0);
    let total = totals.sum(p, p) - zero;
    // C(p − 1, s) subsets of size s without j, as many of size s + 1 with it.
    let mut choose = vec![1.0; p];
    for s in 1..p {
        choose[s] = choose[s - 1] * (p - s) as f64 / s as f64;
    }
    let mean =
        |j: usize, s: usize| (totals.sum(j, s + 1) - (totals.sum(p, s) - totals.sum(j, s))) / choose[s];
    let conditional: Vec<Vec<f64>> = (0..p).map(|j| (0..p).map(|s| mean(j, s)).collect()).collect();
    Importance {
        shapley: conditional.iter().map(|c| c.iter().sum::<f64>() / p as f64).collect(),
        first: conditional.iter().map(|c| c[0]).collect(),
        last: conditional.iter().map(|c| c[p - 1]).collect(),
        conditional,
        total,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(p: usize, v: impl Fn(usize) -> f64) -> Importance {
        importance(&Totals::of_values(p, &(0..1 << p).map(v).collect::<Vec<_>>()))
    }

    #[test]
    fn the_axioms_hold() {
        // Efficiency, symmetry (players 0 and 1), dummy (player 3).
        let game = |set: usize| {
            let has = |j: usize| f64::from(u8::from(set >> j & 1 == 1));
            2.0 + has(0) + has(1) + 3.0 * has(2) + 4.0 * has(0) * has(1) - has(0) * has(1) * has(2)
        };
        let found = of(4, game);
        assert!((found.shapley.iter().sum::<f64>() - found.total).abs() < 1e-12);
        assert!((found.shapley[0] - found.shapley[1]).abs() < 1e-12);
        assert!(found.shapley[3].abs() < 1e-12);
        assert!((found.first[2] - 3.0).abs() < 1e-12 && (found.last[2] - 2.0).abs() < 1e-12);
    }

    #[test]
    fn one_player_takes_all() {
        let found = of(1, |set| set as f64);
        assert_eq!((found.shapley[0], found.first[0], found.last[0]), (1.0, 1.0, 1.0));
    }
}
