//! ψ and its first two derivatives, and how much they rise over a whole step: ψ(a + k) − ψ(a).
//!
//! Recurrence up to 10, then the asymptotic series (DLMF 5.11.2, 5.15.8-9). Few steps are added up
//! one by one: Σ 1/(a + j) has no cancellation.

/// From here on the series has every digit.
const FAR: f64 = 10.0;
/// Steps that are added up one by one.
const FEW: f64 = 48.0;

/// (ψ, ψ′, ψ″) at x > 0.
pub fn polygamma(x: f64) -> [f64; 3] {
    let mut shift = [0.0; 3];
    let mut x = x;
    while x < FAR {
        let r = 1.0 / x;
        shift[0] -= r;
        shift[1] += r * r;
        shift[2] -= 2.0 * r * r * r;
        x += 1.0;
    }
    let r = 1.0 / x;
    let s = r * r;
    let psi = s
        * (1.0 / 12.0
            - s * (1.0 / 120.0
                - s * (1.0 / 252.0
                    - s * (1.0 / 240.0 - s * (1.0 / 132.0 - s * (691.0 / 32_760.0 - s / 12.0))))));
    let first = s
        * r
        * (1.0 / 6.0
            - s * (1.0 / 30.0
                - s * (1.0 / 42.0
                    - s * (1.0 / 30.0 - s * (5.0 / 66.0 - s * (691.0 / 2730.0 - s * 7.0 / 6.0))))));
    let second = s
        * s
        * (0.5
            - s * (1.0 / 6.0
                - s * (1.0 / 6.0 - s * (0.3 - s * (5.0 / 6.0 - s * (691.0 / 210.0 - s * 17.5))))));
    [shift[0] + x.ln() - 0.5 * r - psi, shift[1] + r + 0.5 * s + first, shift[2] - s - s * r - second]
}

/// (ln Γ, ψ, ψ′, ψ″) at a + k less those at a, for a > 0 and a whole k ≥ 0.
pub fn rise(a: f64, k: f64) -> [f64; 4] {
    let mut out = [0.0; 4];
    if k <= FEW {
        let mut at = a;
        let mut product = 1.0;
        let end = a + k - 0.5;
        while at < end {
            let r = 1.0 / at;
            product *= at;
            // Below 1e-200 or above 1e200 the next factor could leave the range.
            if !(1e-200..1e200).contains(&product) {
                out[0] += product.ln();
                product = 1.0;
            }
            out[1] += r;
            out[2] -= r * r;
            out[3] += 2.0 * r * r * r;
            at += 1.0;
        }
        out[0] += product.ln();
        return out;
    }
    let (low, high) = (polygamma(a), polygamma(a + k));
    out[0] = super::ln_gamma(a + k) - super::ln_gamma(a);
    (0..3).for_each(|j| out[j + 1] = high[j] - low[j]);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_values() {
        // mpmath 1.3, 20 digits.
        let want = [
            (0.1, [-10.423_754_940_411_076, 101.433_299_150_792_76, -2_001.861_457_378_343_6]),
            (1.0, [-0.577_215_664_901_532_9, 1.644_934_066_848_226_4, -2.404_113_806_319_188_5]),
            (37.5, [3.610_948_344_596_338_4, 0.027_025_382_266_785_015, -0.000_730_326_853_690_483_6]),
        ];
        for (x, values) in want {
            for (got, want) in polygamma(x).iter().zip(values) {
                assert!((got / want - 1.0).abs() < 1e-14, "{x}: {got} {want}");
            }
        }
    }

    #[test]
    fn a_rise_is_a_difference_whichever_way_it_is_found() {
        for (a, k) in [(0.3, 5.0), (2.5, 48.0), (2.5, 49.0), (7.0, 200.0)] {
            let got = rise(a, k);
            let (low, high) = (polygamma(a), polygamma(a + k));
            let by_gamma = super::super::ln_gamma(a + k) - super::super::ln_gamma(a);
            assert!((got[0] - by_gamma).abs() < 1e-11 * by_gamma.abs().max(1.0), "{a} {k}");
            (0..3).for_each(|j| {
                assert!((got[j + 1] - (high[j] - low[j])).abs() < 1e-11 * low[j].abs().max(1.0));
            });
        }
        assert_eq!(rise(3.0, 0.0), [0.0; 4]);
    }
}
