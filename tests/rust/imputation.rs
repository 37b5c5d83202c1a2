//! Chained equations: draws against the distribution they must have, recovery, determinism.

use gofal::imputation::chain::{Kind, Plan, Variable, impute};
use gofal::imputation::draws::standard_normal;
use gofal::imputation::linear;
use gofal::imputation::logit;
use gofal::parallel::{Control, with_threads};
use gofal::pooling::pool;
use gofal::rng::Stream;
use ndarray::{Array2, array};

/// x, y = 1 + 2x + e, group = (x + noise > 0); y is missing more often where x is high, group now and then.
fn data(n: usize, seed: u64) -> (Vec<Variable>, Vec<f64>) {
    let mut s = Stream::new(seed, 99);
    let x: Vec<f64> = (0..n).map(|_| standard_normal(&mut s)).collect();
    let y: Vec<f64> = x.iter().map(|x| 1.0 + 2.0 * x + standard_normal(&mut s)).collect();
    let g: Vec<f64> = x.iter().map(|x| f64::from(x + standard_normal(&mut s) > 0.0)).collect();
    let hidden: Vec<bool> = x.iter().map(|x| s.uniform() < if *x > 0.0 { 0.6 } else { 0.1 }).collect();
    let rare: Vec<bool> = (0..n).map(|_| s.uniform() < 0.15).collect();
    let variable = |name: &str, values: &[f64], missing: Vec<bool>, kind| Variable {
        name: name.to_owned(),
        values: values.to_vec(),
        missing,
        kind,
    };
    let out = vec![
        variable("x", &x, vec![false; n], Kind::Numeric(None)),
        variable("y", &y, hidden, Kind::Numeric(None)),
        variable("g", &g, rare, Kind::Categories(2)),
    ];
    (out, y)
}

fn completed(v: &Variable, imputed: &[f64]) -> Vec<f64> {
    let mut values = v.values.clone();
    let at = (0..values.len()).filter(|&i| v.missing[i]);
    for (i, new) in at.zip(imputed) {
        values[i] = *new;
    }
    values
}

#[test]
fn the_bias_of_complete_cases_is_undone() {
    let n = 800;
    for kind in [Kind::Numeric(None), Kind::Numeric(Some(5))] {
        let (mut variables, truth) = data(n, 7);
        variables[1].kind = kind;
        let plan = Plan { m: 10, n_iter: 5, seed: 42 };
        let sets = impute(&variables, None, plan, &Control::new()).expect("imputed");
        let (mut q, mut u) = (Vec::new(), Vec::new());
        for set in &sets {
            let y = completed(&variables[1], &set.imputed[1]);
            let mean = y.iter().sum::<f64>() / n as f64;
            q.push(mean);
            u.push(y.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (n as f64 * (n as f64 - 1.0)));
        }
        let p = pool(&q, &u, n as f64 - 1.0).expect("pooled");
        let full = truth.iter().sum::<f64>() / n as f64;
        let seen: Vec<f64> = (0..n).filter(|&i| !variables[1].missing[i]).map(|i| truth[i]).collect();
        let naive = seen.iter().sum::<f64>() / seen.len() as f64;
        assert!((p.estimate - full).abs() < 2.0 * p.std_error(), "{kind:?} {} {full}", p.estimate);
        assert!((naive - full).abs() > 5.0 * p.std_error(), "{naive} {full}");
        assert!(p.fmi > 0.02 && p.fmi < 0.6, "{}", p.fmi);
    }
}

#[test]
fn imputations_are_the_same_at_any_thread_count_and_for_any_m() {
    let (variables, _) = data(120, 3);
    let clusters: Vec<u32> = (0..120).map(|i| i % 6).collect();
    let run = |m: usize, threads: usize| {
        let plan = Plan { m, n_iter: 3, seed: 5 };
        with_threads(threads, || impute(&variables, Some((&clusters, 6)), plan, &Control::new()))
            .expect("imputed")
    };
    let one = run(5, 1);
    assert_eq!(one, run(5, 4));
    assert_eq!(one[..2], run(2, 2)[..]);
    assert_ne!(one[0], one[1]);
}

#[test]
fn normal_draws_have_the_predictive_distribution() {
    // Predictive t: mean x₀β̂, variance s²(1 + x₀(X′X)⁻¹x₀′)·ν/(ν − 2); β̂ = (1.9, 1.03), by hand below.
    let x = Array2::from_shape_fn((10, 2), |(i, j)| if j == 0 { 1.0 } else { i as f64 - 4.5 });
    let y = [-2.0, -2.1, -0.4, 0.9, 0.8, 2.6, 3.1, 4.9, 5.0, 6.2];
    let mean = y.iter().sum::<f64>() / 10.0;
    let slope = (0..10).map(|i| x[[i, 1]] * y[i]).sum::<f64>() / 82.5;
    let rss: f64 = (0..10).map(|i| (y[i] - mean - slope * x[[i, 1]]).powi(2)).sum();
    let want_mean = mean + 3.0 * slope;
    let want_variance = rss / 8.0 * (1.0 + 0.1 + 9.0 / 82.5) * 8.0 / 6.0;
    let mut s = Stream::new(11, 0);
    let at = array![[1.0, 3.0]];
    let draws: Vec<f64> =
        (0..20_000).map(|_| linear::draw(&y, &x, &at, None, "y", &mut s).expect("draw")[0]).collect();
    let m = draws.iter().sum::<f64>() / 2e4;
    let v = draws.iter().map(|d| (d - m).powi(2)).sum::<f64>() / 2e4;
    assert!((m - want_mean).abs() < 4.0 * (want_variance / 2e4).sqrt(), "{m} {want_mean}");
    assert!((v / want_variance - 1.0).abs() < 0.06, "{v} {want_variance}");
}

#[test]
fn logit_draws_follow_the_observed_shares() {
    let n = 600;
    let x = Array2::from_shape_fn((n, 2), |(i, j)| if j == 0 { 1.0 } else { f64::from(i >= 300) });
    // Shares 0.6, 0.3, 0.1 below, 0.2, 0.3, 0.5 above.
    let code = |i: usize| -> f64 {
        let (r, cut) = (i % 10, if i < 300 { (6, 9) } else { (2, 5) });
        if r < cut.0 {
            0.0
        } else if r < cut.1 {
            1.0
        } else {
            2.0
        }
    };
    let y: Vec<f64> = (0..n).map(code).collect();
    let mut s = Stream::new(2, 0);
    let (mut counts, rounds) = ([[0.0_f64; 3]; 2], 400);
    let at = array![[1.0, 0.0], [1.0, 1.0]];
    for _ in 0..rounds {
        for (row, k) in logit::draw(&y, 3, &x, &at, "y", &mut s).expect("draw").into_iter().enumerate() {
            counts[row][(0..3).position(|l| f64::from(l) == k).expect("a level")] += 1.0;
        }
    }
    for (row, want) in [[0.6, 0.3, 0.1], [0.2, 0.3, 0.5]].iter().enumerate() {
        for k in 0..3 {
            assert!((counts[row][k] / f64::from(rounds) - want[k]).abs() < 0.09, "{row} {k} {counts:?}");
        }
    }
}

#[test]
fn a_stop_is_honoured_and_bad_variables_are_refused() {
    let (mut variables, _) = data(60, 3);
    let control = Control::new();
    control.stop();
    let plan = Plan { m: 2, n_iter: 2, seed: 1 };
    assert!(impute(&variables, None, plan, &control).is_err());
    assert!(impute(&variables[..1], None, plan, &Control::new()).is_err());
    variables[2].values[0] = 4.0;
    variables[2].missing[0] = false;
    assert!(impute(&variables, None, plan, &Control::new()).is_err());
}

/// 40 clusters of 15: y = 1 + x + u + e with τ = 1.5, σ = 1; a fifth missing, and all of the last four clusters.
fn clustered(binary: bool) -> (Vec<Variable>, Vec<u32>) {
    let mut s = Stream::new(11, 5);
    let u: Vec<f64> = (0..40).map(|_| 1.5 * standard_normal(&mut s)).collect();
    let codes: Vec<u32> = (0..600).map(|i| i / 15).collect();
    let x: Vec<f64> = (0..600).map(|_| standard_normal(&mut s)).collect();
    let line = |i: usize| x[i] + u[codes[i] as usize];
    let y: Vec<f64> = (0..600)
        .map(|i| {
            let v = line(i) + standard_normal(&mut s);
            if binary { f64::from(v > 0.0) } else { 1.0 + v }
        })
        .collect();
    let missing = (0..600).map(|i| codes[i] >= 36 || s.uniform() < 0.2).collect();
    let kind = if binary { Kind::TwoLevelBinary } else { Kind::TwoLevel };
    let variables = vec![
        Variable { name: "x".to_owned(), values: x, missing: vec![false; 600], kind: Kind::Numeric(None) },
        Variable { name: "y".to_owned(), values: y, missing, kind },
    ];
    (variables, codes)
}

#[test]
fn a_cluster_without_values_carries_the_doubt_about_it() {
    let (variables, codes) = clustered(false);
    let plan = Plan { m: 120, n_iter: 1, seed: 3 };
    let sets = impute(&variables, Some((&codes, 40)), plan, &Control::new()).expect("imputed");
    let at: Vec<usize> = (0..600).filter(|&i| variables[1].missing[i]).collect();
    // Means of one cluster over the imputations: known to σ/√15 where it has values, to τ where it has none.
    let spread = |cluster: u32| {
        let means: Vec<f64> = sets
            .iter()
            .map(|set| {
                let own: Vec<f64> = at
                    .iter()
                    .zip(&set.imputed[1])
                    .filter(|(i, _)| codes[**i] == cluster)
                    .map(|(_, v)| *v)
                    .collect();
                own.iter().sum::<f64>() / own.len() as f64
            })
            .collect();
        let mean = means.iter().sum::<f64>() / means.len() as f64;
        (means.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (means.len() - 1) as f64).sqrt()
    };
    assert!(
        (36..40).map(spread).all(|s| s > 1.0 && s < 2.3),
        "{:?}",
        (36..40).map(spread).collect::<Vec<_>>()
    );
    let seen = (0..36).filter(|c| at.iter().filter(|i| codes[**i] == *c).count() >= 2).map(spread);
    assert!(seen.fold(0.0, f64::max) < 1.1);
    let threads = |n| {
        with_threads(n, || impute(&variables, Some((&codes, 40)), Plan { m: 4, ..plan }, &Control::new()))
    };
    assert_eq!(threads(1).expect("imputed"), threads(8).expect("imputed"));
}

#[test]
fn a_two_level_probit_follows_its_clusters() {
    let (variables, codes) = clustered(true);
    let plan = Plan { m: 40, n_iter: 1, seed: 3 };
    let sets = impute(&variables, Some((&codes, 40)), plan, &Control::new()).expect("imputed");
    let at: Vec<usize> = (0..600).filter(|&i| variables[1].missing[i]).collect();
    let mean = |of: &dyn Fn(usize) -> bool, imputed: bool| {
        let (mut sum, mut n) = (0.0, 0.0);
        for set in &sets {
            for (k, &i) in at.iter().enumerate().filter(|(_, i)| of(**i)) {
                sum += if imputed { set.imputed[1][k] } else { variables[1].values[i] };
                n += 1.0;
            }
        }
        sum / n
    };
    // The truth is under the mask: in clusters with values the imputed share is near it, high and low x apart.
    for side in [-1.0, 1.0] {
        let of = |i: usize| codes[i] < 36 && variables[0].values[i] * side > 0.0;
        assert!((mean(&of, true) - mean(&of, false)).abs() < 0.1, "{side}");
    }
    let value =
        |set: &gofal::imputation::chain::Completed| set.imputed[1].iter().all(|v| *v == 0.0 || *v == 1.0);
    assert!(sets.iter().all(value));
}

#[test]
fn a_variable_of_the_cluster_has_one_value_for_it() {
    let codes: Vec<u32> = (0..60).map(|i| i / 3).collect();
    let x: Vec<f64> = codes.iter().enumerate().map(|(i, c)| f64::from(*c) + 0.1 * (i % 3) as f64).collect();
    let spend: Vec<f64> = codes.iter().map(|c| 100.0 + 10.0 * f64::from(*c)).collect();
    // Cluster 7 has no value, cluster 9 one of three.
    let missing: Vec<bool> = (0..60).map(|i| codes[i] == 7 || (codes[i] == 9 && i % 3 > 0)).collect();
    let mut variables = vec![
        Variable { name: "x".to_owned(), values: x, missing: vec![false; 60], kind: Kind::Numeric(None) },
        Variable { name: "spend".to_owned(), values: spend, missing, kind: Kind::Cluster(3) },
    ];
    let plan = Plan { m: 20, n_iter: 2, seed: 1 };
    let sets = impute(&variables, Some((&codes, 20)), plan, &Control::new()).expect("imputed");
    for set in &sets {
        let drawn = &set.imputed[1];
        assert!(
            drawn[0] == drawn[1] && drawn[1] == drawn[2] && [150.0, 160.0, 180.0, 190.0].contains(&drawn[0])
        );
        assert_eq!(drawn[3..], [190.0, 190.0]);
    }
    assert!(impute(&variables, None, plan, &Control::new()).is_err());
    variables[1].values[0] = -1.0;
    assert!(impute(&variables, Some((&codes, 20)), plan, &Control::new()).is_err());
}
