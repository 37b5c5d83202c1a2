//! Models of binary, matched, ordered and unordered outcomes against logistf, brglm2, survival,
//! ordinal and nnet; identities that hold without a reference.

use gofal::regression::clogit::{Clogit, clogit};
use gofal::regression::firth::{Firth, firth};
use ndarray::{Array2, Axis};
use proptest::prelude::*;
use serde_json::Value;

use crate::design::{Design, Frame, design, design_with};
use crate::reference::{assert_key, cases};

fn text<'a>(case: &'a Value, key: &str) -> &'a str {
    case["args"][key].as_str().unwrap_or_else(|| panic!("{key}"))
}

fn case_design(case: &Value) -> Design {
    design(case["dataset"]["data"].as_str().expect("data"), text(case, "formula"))
}

fn keys(case: &Value) -> Vec<String> {
    case["expected"].as_object().expect("expected").keys().cloned().collect()
}

fn place(names: &[String], name: &str) -> usize {
    names.iter().position(|n| n == name).unwrap_or_else(|| panic!("no column {name} in {names:?}"))
}

fn fit_firth(d: &Design) -> Firth {
    let trials: Vec<f64> = match d.response.get(1) {
        Some(failures) => d.response[0].iter().zip(failures).map(|(s, f)| s + f).collect(),
        None => vec![1.0; d.rows.len()],
    };
    firth(&d.response[0], &trials, d.x.view(), &d.names, None).expect("fits")
}

#[test]
fn firth_agrees_with_logistf_and_brglm2() {
    for case in cases("firth") {
        let d = case_design(&case);
        let fit = fit_firth(&d);
        let profiles = fit.profiles(case["args"]["conf_level"].as_f64().unwrap_or(0.95)).expect("limits");
        for key in keys(&case) {
            let (what, term) = key.split_once(':').unwrap_or((&key, "(Intercept)"));
            let j = place(&fit.names, term);
            let got = match what {
                "coef" => fit.beta[j],
                "se" => fit.std_errors()[j],
                "penalised_loglik" => fit.penalised_log_lik,
                "profile_lower" => profiles[j].lower,
                "profile_upper" => profiles[j].upper,
                "plr" => profiles[j].chi2,
                "p" => profiles[j].p_value,
                other => panic!("{other}"),
            };
            assert_key(&case, &key, got);
        }
        assert!((fit.hat.iter().sum::<f64>() - fit.beta.len() as f64).abs() < 1e-10);
    }
}

#[test]
fn flic_gives_the_observed_share() {
    for case in cases("firth") {
        let d = case_design(&case);
        let fit = fit_firth(&d);
        let flic = fit.flic(0).expect("defined");
        let failures = d.response.get(1).cloned().unwrap_or(d.response[0].iter().map(|s| 1.0 - s).collect());
        let excess: f64 = (0..d.rows.len())
            .map(|i| d.response[0][i] * (1.0 - flic.fitted[i]) - failures[i] * flic.fitted[i])
            .sum();
        assert!(excess.abs() < 1e-10, "{excess:e}");
        assert!((flic.beta[1] - fit.beta[1]).abs() < 1e-15);
    }
}

/// Intercept, two numeric columns and a dummy; codes 0..`levels` that depend on them a little.
fn table(seed: u64, n: usize, levels: u32) -> (Array2<f64>, Vec<u32>) {
    let mut stream = gofal::rng::Stream::new(seed, 0);
    let x = Array2::from_shape_fn((n, 4), |(i, j)| match j {
        0 => 1.0,
        3 => f64::from(u8::from(i % 3 == 0)),
        _ => (stream.uniform() * 8.0).round() / 4.0 - 1.0,
    });
    let code = |i: usize, u: f64| {
        let shifted = u + 0.15 * x[[i, 1]] - 0.1 * x[[i, 3]];
        (1..levels).map(|l| u32::from(shifted > f64::from(l) / f64::from(levels))).sum()
    };
    let y = (0..n).map(|i| code(i, stream.uniform())).collect();
    (x, y)
}

fn names(p: usize) -> Vec<String> {
    (0..p).map(|j| format!("x{j}")).collect()
}

fn close(a: &[f64], b: &[f64], tolerance: f64) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| (a - b).abs() <= tolerance * (1.0 + b.abs()))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn firth_of_counts_is_firth_of_rows_in_any_order(seed in 0_u64..1000, n in 30_usize..90) {
        let (x, y) = table(seed, n, 2);
        let y: Vec<f64> = y.iter().map(|v| f64::from(*v)).collect();
        let one = vec![1.0; n];
        let fit = firth(&y, &one, x.view(), &names(4), None).expect("fits");
        // Row i stands for i % 3 children, then the rows one by one and backwards.
        let m: Vec<f64> = (0..n).map(|i| (i % 4) as f64).collect();
        let s: Vec<f64> = y.iter().zip(&m).map(|(y, m)| y * m).collect();
        let grouped = firth(&s, &m, x.view(), &names(4), None).expect("fits");
        let order: Vec<usize> = (0..n).rev().flat_map(|i| std::iter::repeat_n(i, i % 4)).collect();
        let repeated: Vec<f64> = order.iter().map(|&i| y[i]).collect();
        let single = firth(&repeated, &vec![1.0; order.len()], x.select(Axis(0), &order).view(), &names(4), None);
        let single = single.expect("fits");
        prop_assert!(close(&grouped.beta.to_vec(), &single.beta.to_vec(), 1e-10));
        prop_assert!((grouped.penalised_log_lik - single.penalised_log_lik).abs() < 1e-10);
        let (a, b) = (grouped.profiles(0.9).expect("limits"), single.profiles(0.9).expect("limits"));
        for (a, b) in a.iter().zip(&b) {
            prop_assert!(close(&[a.lower, a.upper, a.chi2], &[b.lower, b.upper, b.chi2], 1e-9));
        }
        prop_assert!(fit.beta.iter().all(|b| b.is_finite()));
    }

    #[test]
    fn firth_is_finite_on_separated_data(seed in 0_u64..1000, n in 20_usize..60) {
        let (x, _) = table(seed, n, 2);
        let y: Vec<f64> = x.column(1).iter().map(|v| f64::from(u8::from(*v > 0.1))).collect();
        let fit = firth(&y, &vec![1.0; n], x.view(), &names(4), None).expect("fits");
        prop_assert!(fit.beta.iter().chain(fit.vcov.iter()).all(|b| b.is_finite()));
        for (j, p) in fit.profiles(0.95).expect("limits").iter().enumerate() {
            prop_assert!(p.lower < fit.beta[j] && fit.beta[j] < p.upper && p.upper.is_finite());
        }
    }
}

#[test]
#[ignore = "a clock, not a test: cargo test --release -- --ignored firth_in_time --nocapture"]
fn firth_in_time() {
    for (n, repeats) in [(79, 200), (10_000, 5)] {
        let (x, y) = table(1, n, 2);
        let y: Vec<f64> = y.iter().map(|v| f64::from(*v)).collect();
        let x = ndarray::concatenate![Axis(1), x, x.slice(ndarray::s![.., 1..3]).mapv(|v| v.exp() + v * v)];
        let one = vec![1.0; n];
        let start = std::time::Instant::now();
        for _ in 0..repeats {
            let _ = firth(&y, &one, x.view(), &names(6), None).expect("fits");
        }
        let fit = firth(&y, &one, x.view(), &names(6), None).expect("fits");
        println!("n = {n}: fit {:?} in {} steps", start.elapsed() / repeats, fit.n_iter);
        let start = std::time::Instant::now();
        for _ in 0..repeats {
            fit.profiles(0.95).expect("limits");
        }
        println!("n = {n}: profiles {:?}", start.elapsed() / repeats);
    }
}

#[test]
fn conditional_logistic_regression_agrees_with_survival() {
    for case in cases("conditional_logistic") {
        let frame = Frame::read(case["dataset"]["data"].as_str().expect("data"));
        let d = design_with(&frame, &format!("{} - 1", text(&case, "formula")), &[text(&case, "strata")]);
        let fit = fit_clogit(&frame, &case);
        for key in keys(&case) {
            let (what, term) = key.split_once(':').unwrap_or((&key, &fit.names[0]));
            let j = place(&fit.names, term);
            let got = match what {
                "coef" => fit.beta[j],
                "se" => fit.std_errors()[j],
                "loglik" => fit.log_lik,
                "loglik_null" => fit.log_lik_null,
                "lr" => fit.lr,
                "score" => fit.score,
                "wald" => fit.wald,
                "n" => fit.n as f64,
                "events" => fit.events as f64,
                other => panic!("{other}"),
            };
            assert_key(&case, &key, got);
        }
        assert_eq!(fit.n, d.rows.len());
    }
}

/// The treatment contrasts of the case, the intercept's column left out.
fn fit_clogit(frame: &Frame, case: &Value) -> Clogit {
    let d = design_with(frame, text(case, "formula"), &[text(case, "strata")]);
    let (codes, _) = frame.codes(text(case, "strata"));
    let strata: Vec<u32> = d.rows.iter().map(|&i| codes[i].expect("known") as u32).collect();
    let cases: Vec<bool> = d.response[0].iter().map(|y| *y == 1.0).collect();
    clogit(&cases, d.x.slice(ndarray::s![.., 1..]), &d.names[1..], &strata).expect("fits")
}
