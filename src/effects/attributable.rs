//! Attributable fractions of several exposures by standardisation (Bruzzi et al. 1985; Greenland and Drescher 1993;
//! Eide and Gefeller 1995).
//!
//! With R(S) the mean risk had nobody the exposures in S, AF(S) = 1 − R(S)/R(∅). Alone: AF({i}). In sequence: the
//! rise of AF when i is removed after those before it; the parts add up to AF of all. Averaged over every order
//! (the Shapley value): Σ_{S ∌ i} |S|!(k−|S|−1)!/k! [AF(S ∪ i) − AF(S)]; these add up too. A fraction is
//! "attributable" only if the model holds everything that confounds the exposures.

use ndarray::Array1;

use crate::effects::standardise::Estimate;

/// AF(S) of every subset of k exposures from R(S), by bits.
pub fn by_subset(risks: &[Estimate]) -> Vec<Estimate> {
    let base = &risks[0];
    risks
        .iter()
        .map(|r| Estimate {
            value: 1.0 - r.value / base.value,
            gradient: (&base.gradient * (r.value / base.value) - &r.gradient) / base.value,
        })
        .collect()
}

fn difference(fractions: &[Estimate], with: usize, without: usize, weight: f64, to: &mut Estimate) {
    to.value += weight * (fractions[with].value - fractions[without].value);
    to.gradient = &to.gradient + &((&fractions[with].gradient - &fractions[without].gradient) * weight);
}

fn nothing(fractions: &[Estimate]) -> Estimate {
    Estimate { value: 0.0, gradient: Array1::zeros(fractions[0].gradient.len()) }
}

/// Parts when exposures are removed in the order 0, 1, …, k − 1.
pub fn sequential(fractions: &[Estimate], k: usize) -> Vec<Estimate> {
    (0..k)
        .map(|i| {
            let mut part = nothing(fractions);
            let before = (1 << i) - 1;
            difference(fractions, before | 1 << i, before, 1.0, &mut part);
            part
        })
        .collect()
}

/// Parts averaged over every order of removal.
pub fn average(fractions: &[Estimate], k: usize) -> Vec<Estimate> {
    let factorial = |n: usize| (1..=n).map(|v| v as f64).product::<f64>();
    (0..k)
        .map(|i| {
            let mut part = nothing(fractions);
            for set in (0..fractions.len()).filter(|s| s >> i & 1 == 0) {
                let size = set.count_ones() as usize;
                let weight = factorial(size) * factorial(k - size - 1) / factorial(k);
                difference(fractions, set | 1 << i, set, weight, &mut part);
            }
            part
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_add_up_to_the_whole() {
        let risks: Vec<Estimate> = [0.10, 0.08, 0.07, 0.06, 0.09, 0.07, 0.065, 0.05]
            .iter()
            .map(|v| Estimate { value: *v, gradient: Array1::from(vec![*v, 1.0 - v]) })
            .collect();
        let all = by_subset(&risks);
        for parts in [sequential(&all, 3), average(&all, 3)] {
            let sum: f64 = parts.iter().map(|p| p.value).sum();
            assert!((sum - all[7].value).abs() < 1e-15);
            let slope: f64 = parts.iter().map(|p| p.gradient[0]).sum();
            assert!((slope - all[7].gradient[0]).abs() < 1e-12);
        }
    }
}
