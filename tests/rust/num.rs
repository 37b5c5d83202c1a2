//! Distributions against 60-digit answers; NIST univariate cases; quantiles.

use gofal::num::dist::{beta, chi2, normal, t};
use gofal::num::moments::Moments;
use gofal::num::moments::{autocorrelation_lag1, mean, sd};
use gofal::num::quantile::{Kind, ascending, mad, quantile, weighted_lower_median};

use crate::reference::{assert_key, cases, column};

struct Row {
    dist: String,
    x: f64,
    p: Vec<f64>,
    ln_cdf: f64,
    ln_sf: f64,
}

fn grid() -> Vec<Row> {
    let text = include_str!("../reference/distributions.csv");
    let number = |s: &str| s.parse::<f64>().expect("number");
    text.lines()
        .skip(1)
        .map(|line| {
            let cells: Vec<&str> = line.split(',').collect();
            Row {
                dist: cells[0].to_owned(),
                x: number(cells[1]),
                p: cells[2..5].iter().filter(|c| !c.is_empty()).map(|c| number(c)).collect(),
                ln_cdf: number(cells[5]),
                ln_sf: number(cells[6]),
            }
        })
        .collect()
}

/// Relative error of the probability whose logs are given.
fn error(got: f64, want: f64) -> f64 {
    (got - want).exp_m1().abs()
}

/// A function of the distribution named by a row, at a point other than the row's own.
type Of = fn(&Row, f64) -> f64;

fn tails(row: &Row) -> (f64, f64) {
    let (x, p) = (row.x, &row.p);
    match row.dist.as_str() {
        "normal" => (normal::ln_cdf(x), normal::ln_sf(x)),
        "t" => (t::ln_cdf(x, p[0]), t::ln_sf(x, p[0])),
        "chi2" => (chi2::ln_cdf(x, p[0]), chi2::ln_sf(x, p[0])),
        "beta" => (beta::ln_cdf(x, p[0], p[1]), beta::ln_sf(x, p[0], p[1])),
        other => panic!("{other}"),
    }
}

fn lower_quantile(row: &Row, p: f64) -> f64 {
    match row.dist.as_str() {
        "normal" => normal::quantile(p),
        "t" => t::quantile(p, row.p[0]),
        "chi2" => chi2::quantile(p, row.p[0]),
        _ => beta::quantile(p, row.p[0], row.p[1]),
    }
}

fn upper_quantile(row: &Row, q: f64) -> f64 {
    match row.dist.as_str() {
        "normal" => normal::isf(q),
        "t" => t::isf(q, row.p[0]),
        "chi2" => chi2::isf(q, row.p[0]),
        _ => beta::isf(q, row.p[0], row.p[1]),
    }
}

#[test]
fn tails_have_twelve_digits_everywhere() {
    let rows = grid();
    assert!(rows.len() > 300, "the grid is read");
    let mut worst = (0.0, String::new());
    for row in &rows {
        let (low, high) = tails(row);
        let e = error(low, row.ln_cdf).max(error(high, row.ln_sf));
        if e > worst.0 || e.is_nan() {
            worst = (e, format!("{} {:e} {:?}", row.dist, row.x, row.p));
        }
    }
    println!("worst tail: {:e} at {}", worst.0, worst.1);
    assert!(worst.0 < 1e-12, "{:e} at {}", worst.0, worst.1);
}

/// A quantile is right when the tail at it is the tail asked for.
#[test]
fn quantiles_return_to_their_tail() {
    for row in grid() {
        let (ln_p, lower, of): (f64, bool, Of) = if row.ln_cdf < row.ln_sf {
            (row.ln_cdf, true, lower_quantile)
        } else {
            (row.ln_sf, false, upper_quantile)
        };
        if ln_p < -690.0 {
            continue;
        }
        let p = ln_p.exp();
        let x = of(&row, p);
        let probe = Row { x, p: row.p.clone(), dist: row.dist.clone(), ..row };
        let (low, high) = tails(&probe);
        let e = error(if lower { low } else { high }, p.ln());
        assert!(
            e < 1e-11,
            "{} {:?} p {p:e}: x {x:e}, wanted about {:e}, error {e:e}",
            probe.dist,
            probe.p,
            row.x
        );
    }
}

#[test]
fn nist_univariate_cases_have_the_digits_asked() {
    for case in cases("nist_univariate") {
        let name = case["dataset"]["data"].as_str().expect("data");
        let y: Vec<f64> = column(name, "y").into_iter().map(|v| v.expect("no gaps")).collect();
        assert_key(&case, "mean", mean(&y).expect("mean"));
        assert_key(&case, "sd", sd(&y).expect("sd"));
        assert_key(&case, "autocorr1", autocorrelation_lag1(&y).expect("autocorrelation"));
    }
}

#[test]
fn quantile_types_agree_with_r() {
    const KINDS: [Kind; 9] = [
        Kind::Type1,
        Kind::Type2,
        Kind::Type3,
        Kind::Type4,
        Kind::Type5,
        Kind::Type6,
        Kind::Type7,
        Kind::Type8,
        Kind::Type9,
    ];
    for case in cases("quantiles") {
        let name = case["dataset"]["data"].as_str().expect("data");
        let get = |c: &str| -> Vec<f64> { column(name, c).into_iter().flatten().collect() };
        let x = get(case["args"]["column"].as_str().expect("column"));
        if case["call"] == "weighted_summary" {
            let w = get(case["args"]["weights"].as_str().expect("weights"));
            let m = Moments::of_weighted(&x, &w);
            assert_key(&case, "wmean", m.mean().expect("mean"));
            assert_key(&case, "wvar_frequency", m.variance(1.0).expect("variance"));
            assert_key(&case, "wvar_ml", m.variance(0.0).expect("variance"));
            assert_key(&case, "wmedian_lower", weighted_lower_median(&x, &w).expect("median"));
            continue;
        }
        let sorted = ascending(&x);
        for (key, _) in case["expected"].as_object().expect("expected") {
            let got = match key.as_str() {
                "mad" => mad(&x).expect("mad"),
                "iqr7" => {
                    quantile(&sorted, 0.75, Kind::Type7).expect("q3")
                        - quantile(&sorted, 0.25, Kind::Type7).expect("q1")
                }
                typed => {
                    let (kind, p) =
                        typed.strip_prefix("type").and_then(|t| t.split_once(':')).expect("typeK:p");
                    let kind = KINDS[kind.parse::<usize>().expect("kind") - 1];
                    quantile(&sorted, p.parse().expect("p"), kind).expect("quantile")
                }
            };
            assert_key(&case, key, got);
        }
    }
}

/// statrs is a well-known library with sound densities (its far tails are not): the masses agree.
#[test]
fn masses_agree_with_statrs() {
    use gofal::num::dist::{binomial, poisson};
    use statrs::distribution::{Binomial, Discrete, Poisson};
    for k in [0_u64, 1, 5, 17, 22] {
        for p in [0.01, 0.3, 0.9] {
            let want = Binomial::new(p, 22).expect("valid").pmf(k);
            assert!((binomial::pmf(k, 22, p) - want).abs() <= 1e-11 * want, "binomial {k} {p}");
        }
        for mu in [0.5, 4.0, 60.0] {
            let want = Poisson::new(mu).expect("valid").pmf(k);
            assert!((poisson::pmf(k, mu) - want).abs() <= 1e-11 * want, "poisson {k} {mu}");
        }
    }
}
