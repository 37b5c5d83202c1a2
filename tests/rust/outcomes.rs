//! Models of binary, matched, ordered and unordered outcomes against logistf, brglm2, survival,
//! ordinal and nnet; identities that hold without a reference.

use gofal::design::Weights;
use gofal::regression::clogit::{Clogit, clogit};
use gofal::regression::firth::{Firth, firth};
use gofal::regression::multinomial::multinomial;
use gofal::regression::ordinal::{Link, ordinal, proportionality_test};
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
    #![proptest_config(ProptestConfig::with_cases(16))]

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
    }
}

/// The treatment contrasts of the case, the intercept's column left out.
fn fit_clogit(frame: &Frame, case: &Value) -> Clogit {
    let d = design_with(frame, text(case, "formula"), &[text(case, "strata")]);
    let (strata, _) = outcome(frame, &d, text(case, "strata"));
    let cases: Vec<bool> = d.response[0].iter().map(|y| *y == 1.0).collect();
    clogit(&cases, d.x.slice(ndarray::s![.., 1..]), &d.names[1..], &strata).expect("fits")
}

/// The levels of a category and the codes of the design's rows.
fn outcome(frame: &Frame, d: &Design, column: &str) -> (Vec<u32>, Vec<String>) {
    let (codes, levels) = frame.codes(column);
    let code = |&i: &usize| u32::try_from(codes[i].expect("known")).expect("few levels");
    (d.rows.iter().map(code).collect(), levels)
}

fn frame_of(case: &Value) -> Frame {
    Frame::read(case["dataset"]["data"].as_str().expect("data"))
}

#[test]
fn ordinal_regression_agrees_with_clm() {
    for case in cases("ordinal") {
        let frame = frame_of(&case);
        let d = design_with(&frame, text(&case, "formula"), &[text(&case, "weights")]);
        let (codes, levels) = outcome(&frame, &d, "Sat");
        let all = frame.numbers(text(&case, "weights"));
        let w: Vec<f64> = d.rows.iter().map(|&i| all[i].expect("known")).collect();
        let link = if text(&case, "link") == "probit" { Link::Probit } else { Link::Logit };
        let x = d.x.slice(ndarray::s![.., 1..]);
        let fit =
            ordinal(&codes, &levels, x, &d.names[1..], Weights::Frequency(&w), link, &[]).expect("fits");
        let cuts = fit.thresholds.len();
        for key in keys(&case) {
            let (what, term) = key.split_once(':').unwrap_or((&key, ""));
            let got = match what {
                "coef" => fit.beta[place(&fit.names, term)],
                "se" => fit.std_errors()[cuts + place(&fit.names, term)],
                "threshold" => fit.thresholds[place(&fit.threshold_names, term)],
                "threshold_se" => fit.std_errors()[place(&fit.threshold_names, term)],
                "loglik" => fit.log_lik,
                other => panic!("{other}"),
            };
            assert_key(&case, &key, got);
        }
    }
}

#[test]
fn multinomial_regression_agrees_with_nnet() {
    for case in cases("multinomial") {
        let frame = frame_of(&case);
        let d = design_with(&frame, text(&case, "formula"), &[]);
        let (codes, levels) = outcome(&frame, &d, "partic");
        let reference = place(&levels, text(&case, "reference"));
        let fit = multinomial(&codes, &levels, d.x.view(), &d.names, Weights::Unit, reference).expect("fits");
        for key in keys(&case) {
            let parts: Vec<&str> = key.splitn(3, ':').collect();
            if parts == ["loglik"] {
                assert_key(&case, &key, fit.log_lik);
                continue;
            }
            let (k, j) = (place(&fit.levels, parts[1]), place(&fit.names, parts[2]));
            let got = if parts[0] == "coef" { fit.beta[[k, j]] } else { fit.std_errors()[[k, j]] };
            assert_key(&case, &key, got);
        }
        for row in fit.fitted.outer_iter() {
            assert!((row.sum() - 1.0).abs() < 1e-14);
        }
    }
}

fn weights_of(n: usize) -> Vec<f64> {
    (0..n).map(|i| (i % 4) as f64).collect()
}

/// Rows repeated as often as [`weights_of`] says, last first.
fn repeated(n: usize) -> Vec<usize> {
    (0..n).rev().flat_map(|i| std::iter::repeat_n(i, i % 4)).collect()
}

fn labels(k: usize) -> Vec<String> {
    (0..k).map(|l| format!("level {l}")).collect()
}

fn flat(a: &Array2<f64>) -> Vec<f64> {
    a.iter().copied().collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn weights_are_repeated_rows_in_any_order(seed in 0_u64..1000, n in 150_usize..250) {
        let (x, y) = table(seed, n, 3);
        let (order, w) = (repeated(n), weights_of(n));
        let (xr, yr) = (x.select(Axis(0), &order), order.iter().map(|&i| y[i]).collect::<Vec<_>>());
        let (l, names) = (labels(3), names(4));
        let a = multinomial(&y, &l, x.view(), &names, Weights::Frequency(&w), 1).expect("fits");
        let b = multinomial(&yr, &l, xr.view(), &names, Weights::Unit, 1).expect("fits");
        prop_assert!(close(&flat(&a.beta), &flat(&b.beta), 1e-10));
        prop_assert!(close(&flat(&a.vcov), &flat(&b.vcov), 1e-10));
        prop_assert!(a.n_obs == b.n_obs);
        let (x, xr) = (x.slice(ndarray::s![.., 1..]), xr.slice(ndarray::s![.., 1..]));
        for (link, varying) in [(Link::Logit, &[][..]), (Link::Probit, &[2]), (Link::Cloglog, &[])] {
            let a = ordinal(&y, &l, x, &names[1..], Weights::Frequency(&w), link, varying).expect("fits");
            let b = ordinal(&yr, &l, xr, &names[1..], Weights::Unit, link, varying).expect("fits");
            prop_assert!(close(&a.beta.to_vec(), &b.beta.to_vec(), 1e-10));
            prop_assert!(close(&a.thresholds.to_vec(), &b.thresholds.to_vec(), 1e-10));
            prop_assert!(close(&flat(&a.gamma), &flat(&b.gamma), 1e-10));
            prop_assert!(close(&flat(&a.vcov), &flat(&b.vcov), 1e-9));
        }
    }

    #[test]
    fn two_ordered_levels_are_a_logistic_regression(seed in 0_u64..1000) {
        let (x, y) = table(seed, 120, 2);
        let (l, names) = (labels(2), names(4));
        let a = multinomial(&y, &l, x.view(), &names, Weights::Unit, 0).expect("fits");
        let x = x.slice(ndarray::s![.., 1..]);
        let b = ordinal(&y, &l, x, &names[1..], Weights::Unit, Link::Logit, &[]).expect("fits");
        prop_assert!((a.beta[[0, 0]] + b.thresholds[0]).abs() < 1e-10);
        prop_assert!(close(&flat(&a.beta)[1..], &b.beta.to_vec(), 1e-10));
        prop_assert!((a.log_lik - b.log_lik).abs() < 1e-10);
    }

    #[test]
    fn pairs_are_a_logistic_regression_on_differences(seed in 0_u64..1000) {
        let (x, _) = table(seed, 160, 2);
        let x = x.slice(ndarray::s![.., 1..]);
        // In even pairs the first row is the case, in odd ones the second.
        let case: Vec<bool> = (0..160).map(|i| (i / 2) % 2 == i % 2).collect();
        let strata: Vec<u32> = (0..160).map(|i| i / 2).collect();
        let fit = clogit(&case, x, &names(3), &strata).expect("fits");
        let first_less_second = Array2::from_shape_fn((80, 3), |(g, j)| x[[2 * g, j]] - x[[2 * g + 1, j]]);
        let y: Vec<u32> = (0..80).map(|g| u32::from(g % 2 == 0)).collect();
        let plain =
            multinomial(&y, &labels(2), first_less_second.view(), &names(3), Weights::Unit, 0).expect("fits");
        prop_assert!(close(&fit.beta.to_vec(), &flat(&plain.beta), 1e-10));
        prop_assert!(close(&flat(&fit.vcov), &flat(&plain.vcov), 1e-10));
        // Rows in another order; cases and controls exchanged.
        let order: Vec<usize> = (0..160).rev().collect();
        let turned: Vec<bool> = order.iter().map(|&i| !case[i]).collect();
        let codes: Vec<u32> = order.iter().map(|&i| 500 - strata[i]).collect();
        let other = clogit(&turned, x.select(Axis(0), &order).view(), &names(3), &codes).expect("fits");
        prop_assert!(close(&fit.beta.to_vec(), &other.beta.mapv(|b| -b).to_vec(), 1e-10));
    }
}

/// Housing satisfaction without an intercept's column: x, names, codes, levels, frequencies.
type Housing = (Array2<f64>, Vec<String>, Vec<u32>, Vec<String>, Vec<f64>);

fn housing() -> Option<Housing> {
    crate::reference::folder()?;
    let frame = Frame::read("housing");
    let d = design_with(&frame, "Sat ~ Infl + Type + Cont", &[]);
    let (codes, levels) = outcome(&frame, &d, "Sat");
    let w = frame.numbers("Freq").into_iter().flatten().collect();
    Some((d.x.slice(ndarray::s![.., 1..]).to_owned(), d.names[1..].to_vec(), codes, levels, w))
}

/// Partial proportional odds and both tests: maxima found by R 4.2's `optim` on the same likelihood.
#[test]
fn partial_proportional_odds_agree_with_a_plain_search() {
    let Some((x, names, codes, levels, w)) = housing() else { return };
    let w = Weights::Frequency(&w);
    let fit = ordinal(&codes, &levels, x.view(), &names, w, Link::Logit, &[5]).expect("fits");
    assert!((fit.log_lik + 1_738.352_373_199_8).abs() < 1e-7, "{}", fit.log_lik);
    assert!(close(&flat(&fit.gamma), &[0.443_969_662, 0.286_087_532], 1e-5));
    assert_eq!(fit.nonproportional, ["Cont=High"]);
    let test = proportionality_test(&codes, &levels, x.view(), &names, w, Link::Logit, &[0, 1, 2, 3, 4, 5]);
    let test = test.expect("defined");
    let lr = 2.0 * (1_739.574_649_529_474_3 - 1_735.289_350_038_07);
    assert!((test.lr.expect("a maximum") - lr).abs() < 1e-6);
    assert!((test.score / lr - 1.0).abs() < 0.05 && test.df == 6.0, "{test:?}");
    let one = proportionality_test(&codes, &levels, x.view(), &names, w, Link::Logit, &[5]).expect("defined");
    assert!((one.lr.expect("a maximum") - 2.0 * (fit.log_lik + 1_739.574_649_529_474_3)).abs() < 1e-8);
}

/// The clogit of pairs is separated: in each the case lies higher.
#[test]
fn separation_is_an_error_that_names_the_columns() {
    let (x, y) = table(3, 120, 3);
    let says = |error: gofal::error::Error, column: &str| {
        let text = error.to_string();
        assert!(text.contains("separation") && text.contains(column), "{text}");
    };
    let split: Vec<u32> = x.column(1).iter().zip(&y).map(|(v, y)| if *v > 0.3 { 2 } else { y % 2 }).collect();
    let error = multinomial(&split, &labels(3), x.view(), &names(4), Weights::Unit, 0).map(|_| ());
    says(error.expect_err("separated"), "level 2:x1");
    let only = x.slice(ndarray::s![.., 1..]);
    let ordered: Vec<u32> = x.column(1).iter().map(|v| u32::from(*v > -0.3) + u32::from(*v > 0.4)).collect();
    let error = ordinal(&ordered, &labels(3), only, &names(3), Weights::Unit, Link::Probit, &[]).map(|_| ());
    says(error.expect_err("separated"), "x0");
    let case: Vec<bool> = (0..120).map(|i| x[[i, 1]] > x[[i ^ 1, 1]]).collect();
    let strata: Vec<u32> = (0..120).map(|i| i / 2).collect();
    says(clogit(&case, only, &names(3), &strata).map(|_| ()).expect_err("separated"), "x0");
}

/// Seven rows a stratum, two to four of them cases: survival 3.5's `clogit`, method "exact".
#[test]
fn several_cases_in_a_stratum_agree_with_survival() {
    let base = [0.2, -1.0, 0.5, 1.3, -0.4, 0.9, 0.1];
    let shift = [0.0, 0.1, -0.2, 0.3];
    let dummy = [1.0, 0.0, 0.0, 1.0];
    let pattern = [true, false, true, true, false, true, true, false, false, true, false];
    let x = Array2::from_shape_fn(
        (28, 2),
        |(i, j)| if j == 0 { base[i % 7] + shift[i / 7] } else { dummy[i % 4] },
    );
    let case: Vec<bool> = (0..28).map(|i| pattern[i % 11]).collect();
    let strata: Vec<u32> = (0..28).map(|i| i / 7).collect();
    let fit = clogit(&case, x.view(), &names(2), &strata).expect("fits");
    assert!(close(&fit.beta.to_vec(), &[0.431_683_963_406_04, -0.468_440_373_154_55], 1e-12));
    assert!(close(&fit.std_errors().to_vec(), &[0.524_463_347_539, 0.743_069_679_238], 1e-11));
    assert!(close(&[fit.log_lik_null, fit.log_lik], &[-13.710_566_622_192, -13.165_773_764_275], 1e-13));
    assert!((fit.score - 1.069_455_635_93).abs() < 1e-10);
}
