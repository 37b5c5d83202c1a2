//! Hand values; the wide grid against 40-digit answers is in `tests/rust/num.rs`.

use super::*;

fn close(got: f64, want: f64) {
    assert!((got / want - 1.0).abs() < 1e-12, "{got:e} {want:e}");
}

#[test]
fn textbook_quantiles() {
    close(normal::quantile(0.975), 1.959_963_984_540_054);
    close(t::isf(0.025, 20.0), 2.085_963_447_265_837);
    close(t::isf(0.025, 1.0), 12.706_204_736_174_7);
    close(chi2::isf(0.05, 10.0), 18.307_038_053_275_14);
    close(f::isf(0.05, 3.0, 20.0), 3.098_391_212_140_78);
    close(beta::quantile(0.5, 2.0, 2.0), 0.5);
}

#[test]
fn tails_keep_their_digits() {
    close(normal::two_sided_p(8.3), 1.041_113_948_978_044_6e-16);
    close(t::sf(1e10, 2.0), 5e-21);
    close(binomial::sf(0, 10, 0.1), 1.0 - 0.9_f64.powi(10));
    close(poisson::cdf(0, 700.0), (-700.0_f64).exp());
}

#[test]
fn nothing_hangs_or_panics_on_nonsense() {
    for p in [f64::NAN, -1.0, 2.0] {
        assert!(t::quantile(p, 3.0).is_nan() && beta::quantile(p, 1.0, 1.0).is_nan());
        assert!(chi2::quantile(p, 1.0).is_nan() && normal::quantile(p).is_nan());
    }
    assert!(t::sf(1.0, -1.0).is_nan() && beta::cdf(0.5, 0.0, 1.0).is_nan());
    assert_eq!(poisson::quantile(f64::NAN, 1.0), u64::MAX);
}
