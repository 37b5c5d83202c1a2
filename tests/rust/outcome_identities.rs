//! Models of outcomes: identities that hold without a reference, separation, and a clock.

use gofal::design::Weights;
use gofal::regression::clogit::clogit;
use gofal::regression::firth::firth;
use gofal::regression::multinomial::multinomial;
use gofal::regression::ordinal::{Link, ordinal};
use gofal::regression::zero_inflated::{Counts, hurdle, zero_inflated};
use ndarray::{Array2, Axis};
use proptest::prelude::*;

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

/// x0, x1 …
pub fn names(p: usize) -> Vec<String> {
    (0..p).map(|j| format!("x{j}")).collect()
}

/// Whether all differences are small beside 1 + |b|.
pub fn close(a: &[f64], b: &[f64], tolerance: f64) -> bool {
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
        let (ones, xr) = (vec![1.0; order.len()], x.select(Axis(0), &order));
        let single = firth(&repeated, &ones, xr.view(), &names(4), None);
        let single = single.expect("fits");
        prop_assert!(close(&grouped.beta.to_vec(), &single.beta.to_vec(), 1e-10));
        prop_assert!((grouped.penalised_log_lik - single.penalised_log_lik).abs() < 1e-10);
        let (a, b) = (grouped.profiles(0.9).expect("limits"), single.profiles(0.9).expect("limits"));
        for (a, b) in a.iter().zip(&b) {
            prop_assert!(close(&[a.lower, a.upper, a.chi2], &[b.lower, b.upper, b.chi2], 1e-9));
        }
        prop_assert!(fit.beta.iter().all(|b| b.is_finite()));
    }
}

/// Beyond 24 columns the iteration is Fisher scoring: slower, to the same end.
#[test]
fn firth_of_many_columns_settles() {
    let mut stream = gofal::rng::Stream::new(5, 0);
    let x = Array2::from_shape_fn((400, 26), |(_, j)| if j == 0 { 1.0 } else { stream.uniform() - 0.5 });
    let y: Vec<f64> = (0..400).map(|_| f64::from(u8::from(stream.uniform() < 0.4))).collect();
    let fit = firth(&y, &[1.0; 400], x.view(), &names(26), None).expect("fits");
    let score = |j: usize| -> f64 {
        let row = |i: usize| (y[i] - fit.fitted[i] + fit.hat[i] * (0.5 - fit.fitted[i])) * x[[i, j]];
        (0..400).map(row).sum()
    };
    assert!((0..26).all(|j| score(j).abs() < 1e-9), "{}", score(0));
    assert!((fit.hat.iter().sum::<f64>() - 26.0).abs() < 1e-9);
    let all = fit.profiles(0.95).expect("limits");
    assert!(all.iter().zip(&fit.beta).all(|(p, b)| p.lower < *b && *b < p.upper));
}

/// Fixed seeds: on about one such table in two thousand a profile has so many maxima that it says `NoConvergence`.
#[test]
fn firth_is_finite_on_separated_data() {
    for seed in 0..60 {
        let n = 20 + usize::try_from(seed).expect("small") % 40;
        let (x, _) = table(seed, n, 2);
        let y: Vec<f64> = x.column(1).iter().map(|v| f64::from(u8::from(*v > 0.1))).collect();
        let fit = firth(&y, &vec![1.0; n], x.view(), &names(4), None).expect("fits");
        assert!(fit.beta.iter().chain(fit.vcov.iter()).all(|b| b.is_finite()));
        for (j, p) in fit.profiles(0.95).expect("limits").iter().enumerate() {
            assert!(p.lower < fit.beta[j] && fit.beta[j] < p.upper && p.upper.is_finite());
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

/// Row after row.
pub fn flat(a: &Array2<f64>) -> Vec<f64> {
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

#[test]
fn counts_with_weights_are_repeated_rows() {
    let (x, codes) = table(11, 200, 3);
    let y: Vec<f64> = codes.iter().zip(0..).map(|(c, i)| f64::from(*c) * f64::from(i / 7 % 3)).collect();
    let (order, w) = (repeated(200), weights_of(200));
    let (xr, yr) = (x.select(Axis(0), &order), order.iter().map(|&i| y[i]).collect::<Vec<_>>());
    let names = names(4);
    let fits = |y: &[f64], x: &Array2<f64>, weights: Weights<'_>| {
        let z = x.slice(ndarray::s![.., ..2]);
        let (zero_names, names) = (&names[..2], &names[..]);
        let counts = Counts { y, x: x.view(), names, z, zero_names, offset: None, weights };
        (zero_inflated(&counts).expect("fits"), hurdle(&counts).expect("fits"))
    };
    let (a, b) = (fits(&y, &x, Weights::Frequency(&w)), fits(&yr, &xr, Weights::Unit));
    for (a, b) in [(a.0, b.0), (a.1, b.1)] {
        assert!(close(&a.count.to_vec(), &b.count.to_vec(), 1e-10));
        assert!(close(&a.zero.to_vec(), &b.zero.to_vec(), 1e-10));
        assert!(close(&flat(&a.vcov), &flat(&b.vcov), 1e-9));
        assert!((a.log_lik - b.log_lik).abs() < 1e-10 && a.n_obs == b.n_obs);
    }
}

#[test]
fn impossible_requests_are_refused() {
    use gofal::error::Error;
    let (x, y) = table(2, 60, 3);
    let (l, names) = (labels(4), names(4));
    let empty = multinomial(&y, &l, x.view(), &names, Weights::Unit, 0).map(|_| ());
    assert!(matches!(empty, Err(Error::Undefined { ref what, .. }) if what.contains("level 3")));
    let doubled = ordinal(&y, &l[..3], x.view(), &names, Weights::Unit, Link::Logit, &[]).map(|_| ());
    assert!(matches!(doubled, Err(Error::Aliased { ref columns }) if columns == &["x0"]), "{doubled:?}");
    let strata: Vec<u32> = (0..60).collect();
    let none = clogit(&[true; 60], x.view(), &names, &strata).map(|_| ());
    assert!(matches!(none, Err(Error::TooFew { .. })));
    let pairs: Vec<u32> = (0..60).map(|i| i / 2).collect();
    let case: Vec<bool> = (0..60).map(|i| i % 2 == 0).collect();
    let constant = clogit(&case, x.view(), &names, &pairs).map(|_| ());
    assert!(matches!(constant, Err(Error::Aliased { ref columns }) if columns == &["x0"]), "{constant:?}");
    let more = firth(&[2.0; 60], &[1.0; 60], x.view(), &names, None).map(|_| ());
    assert!(matches!(more, Err(Error::Values { n: 60, .. })));
    let all = firth(&[1.0; 60], &[1.0; 60], x.view(), &names, None).expect("finite");
    assert!(matches!(all.flic(0), Err(Error::Undefined { .. })));
}
