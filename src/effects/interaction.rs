//! Interaction of two or three binary exposures on the additive and the multiplicative scale.
//!
//! With RR_p the ratio of pattern p to none (ratios of odds or of risks), for exposures a and b:
//! RERI = RR_ab − RR_a − RR_b + 1, AP = RERI/RR_ab, S = (RR_ab − 1)/((RR_a − 1) + (RR_b − 1)) (Rothman 1986; Hosmer
//! and Lemeshow 1992), ratio of ratios RR_ab/(RR_a RR_b). For three: the third-order
//! RERI₃ = Σ_{q ⊆ abc} (−1)^{3−|q|} RR_q, the total RR_abc − RR_a − RR_b − RR_c + 2, and their shares and synergy
//! alike (VanderWeele 2015, ch. 10). Errors by the delta method from the joint covariance of the log ratios; S on
//! the log scale.

use ndarray::Array1;

use crate::effects::standardise::{Estimate, exponent};
use crate::regression::inference::{Inference, Wald, quantile};

/// One measure of interaction.
#[derive(Debug, Clone)]
#[must_use]
pub struct Measure {
    /// Which exposures, as bits.
    pub of: usize,
    /// `reri`, `reri_total`, `ap`, `synergy` or `ratio_of_ratios`.
    pub name: &'static str,
    /// The value; `None` where it does not exist.
    pub wald: Option<Wald>,
}

/// Measures for every subset of two or more of k exposures; `log_ratio[p]` for pattern p (bits), that of none being 0.
pub fn interaction(log_ratio: &[Estimate], inference: &Inference, conf_level: f64) -> Vec<Measure> {
    let mut out = Vec::new();
    for set in 0..log_ratio.len() {
        let order = set.count_ones();
        if order < 2 {
            continue;
        }
        let subsets: Vec<usize> = (0..=set).filter(|q| q & !set == 0).collect();
        let sign = |q: usize| if (order - q.count_ones()).is_multiple_of(2) { 1.0 } else { -1.0 };
        let weights: Vec<(usize, f64)> = subsets.iter().map(|&q| (q, sign(q))).collect();
        let reri = combine(log_ratio, &weights);
        out.push(Measure { of: set, name: "reri", wald: Some(test(&reri, inference, conf_level)) });
        let singles: Vec<usize> = subsets.iter().copied().filter(|q| q.is_power_of_two()).collect();
        let total = if order > 2 {
            let mut list: Vec<(usize, f64)> = singles.iter().map(|&q| (q, -1.0)).collect();
            list.extend([(set, 1.0), (0, f64::from(order) - 1.0)]);
            let total = combine(log_ratio, &list);
            out.push(Measure {
                of: set,
                name: "reri_total",
                wald: Some(test(&total, inference, conf_level)),
            });
            total
        } else {
            reri
        };
        out.push(Measure {
            of: set,
            name: "ap",
            wald: Some(proportion(&total, &log_ratio[set], inference, conf_level)),
        });
        out.push(Measure {
            of: set,
            name: "synergy",
            wald: synergy(log_ratio, set, &singles, inference, conf_level),
        });
        let product = weights
            .iter()
            .fold(Array1::zeros(reri_len(log_ratio)), |g, (q, s)| g + &log_ratio[*q].gradient * *s);
        let value: f64 = weights.iter().map(|(q, s)| s * log_ratio[*q].value).sum();
        let wald = exponent(inference.wald(value, product.view(), conf_level));
        out.push(Measure { of: set, name: "ratio_of_ratios", wald: Some(wald) });
    }
    out
}

fn reri_len(log_ratio: &[Estimate]) -> usize {
    log_ratio.first().map_or(0, |e| e.gradient.len())
}

/// Σ w RR with its gradient.
fn combine(log_ratio: &[Estimate], weights: &[(usize, f64)]) -> Estimate {
    let mut out = Estimate { value: 0.0, gradient: Array1::zeros(reri_len(log_ratio)) };
    for &(q, w) in weights {
        let rr = log_ratio[q].value.exp();
        out.value += w * rr;
        out.gradient = out.gradient + &log_ratio[q].gradient * (w * rr);
    }
    out
}

fn test(e: &Estimate, inference: &Inference, conf_level: f64) -> Wald {
    inference.wald(e.value, e.gradient.view(), conf_level)
}

/// Excess over RR_set.
fn proportion(excess: &Estimate, joint: &Estimate, inference: &Inference, conf_level: f64) -> Wald {
    let rr = joint.value.exp();
    let gradient = &excess.gradient / rr - &joint.gradient * (excess.value / rr);
    inference.wald(excess.value / rr, gradient.view(), conf_level)
}

/// (RR_set − 1)/Σ(RR_single − 1); `None` unless both are positive.
fn synergy(
    log_ratio: &[Estimate],
    set: usize,
    singles: &[usize],
    inference: &Inference,
    conf_level: f64,
) -> Option<Wald> {
    let above = combine(log_ratio, &[(set, 1.0), (0, -1.0)]);
    let mut list: Vec<(usize, f64)> = singles.iter().map(|&q| (q, 1.0)).collect();
    list.push((0, -(singles.len() as f64)));
    let below = combine(log_ratio, &list);
    if above.value <= 0.0 || below.value <= 0.0 {
        return None;
    }
    let gradient = &above.gradient / above.value - &below.gradient / below.value;
    Some(exponent(inference.wald((above.value / below.value).ln(), gradient.view(), conf_level)))
}

/// MOVER limits of RERI of two exposures (Zou 2008): from the limits of each ratio and the correlations of
/// their logarithms.
pub fn mover(log_ratio: &[Estimate; 3], inference: &Inference, conf_level: f64) -> (f64, f64) {
    // r[0] = RR_ab with sign +, r[1] and r[2] with sign −.
    let r: Vec<f64> = log_ratio.iter().map(|e| e.value.exp()).collect();
    let limits: Vec<(f64, f64)> = log_ratio
        .iter()
        .map(|e| {
            let q = quantile(conf_level, inference.df(e.gradient.view()));
            let s = inference.std_error(e.gradient.view());
            ((e.value - q * s).exp(), (e.value + q * s).exp())
        })
        .collect();
    let correlation = |i: usize, j: usize| {
        let (a, b) = (&log_ratio[i].gradient, &log_ratio[j].gradient);
        let scale = inference.std_error(a.view()) * inference.std_error(b.view());
        if scale > 0.0 { a.dot(&inference.vcov.dot(b)) / scale } else { 0.0 }
    };
    let value = r[0] - r[1] - r[2] + 1.0;
    let side = |down: bool| {
        // Distance of each ratio towards the limit that moves RERI to this side.
        let pick = |i: usize, low: bool| if low { r[i] - limits[i].0 } else { limits[i].1 - r[i] };
        let d = [pick(0, down), pick(1, !down), pick(2, !down)];
        let square = d.iter().map(|v| v * v).sum::<f64>()
            - 2.0 * correlation(0, 1) * d[0] * d[1]
            - 2.0 * correlation(0, 2) * d[0] * d[2]
            + 2.0 * correlation(1, 2) * d[1] * d[2];
        square.max(0.0).sqrt()
    };
    (value - side(true), value + side(false))
}
