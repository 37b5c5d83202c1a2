//! Correlation against R, and the shared-weight bootstrap against the naive one.

use gofal::correlation::coefficient::{Method, correlate, estimate};
use gofal::correlation::kendall::{Concordance, exact_p};
use gofal::correlation::replicate::{Source, replicates};
use gofal::correlation::{partial, weighted};
use gofal::design::Weights;
use gofal::multiplicity::{Adjust, adjust};
use gofal::num::moments::CoMoments;
use gofal::parallel::{Control, with_threads};
use gofal::resample::permutation::Alternative;
use gofal::resample::plan::Plan;
use gofal::rng::Stream;
use serde_json::Value;

use crate::reference::{assert_key, cases, column};

fn method(case: &Value) -> Method {
    match case["args"]["method"].as_str() {
        Some("spearman") => Method::Spearman,
        Some("kendall") => Method::Kendall,
        _ => Method::Pearson,
    }
}

fn text<'a>(case: &'a Value, key: &str) -> &'a str {
    case["args"][key].as_str().expect("text argument")
}

/// Complete rows of several columns.
fn complete(dataset: &str, names: &[&str]) -> Vec<Vec<f64>> {
    let columns: Vec<Vec<Option<f64>>> = names.iter().map(|n| column(dataset, n)).collect();
    let keep: Vec<usize> =
        (0..columns[0].len()).filter(|&i| columns.iter().all(|c| c[i].is_some())).collect();
    columns.iter().map(|c| keep.iter().filter_map(|&i| c[i]).collect()).collect()
}

#[test]
fn coefficients_tests_and_intervals_agree_with_r() {
    for case in cases("correlation") {
        let data = case["dataset"]["data"].as_str().expect("data");
        let xy = complete(data, &[text(&case, "x"), text(&case, "y")]);
        let (x, y) = (&xy[0], &xy[1]);
        let level = case["args"]["conf_level"].as_f64().unwrap_or(0.95);
        let run =
            |alternative| correlate(x, y, ("x", "y"), method(&case), alternative, level).expect("defined");
        let two = run(Alternative::TwoSided);
        let pairs = Concordance::of(x, y);
        for key in case["expected"].as_object().expect("expected").keys() {
            let got = match key.as_str() {
                "estimate" => two.estimate,
                "statistic" => two.statistic.expect("t"),
                "df" => two.df.expect("df"),
                "n" => two.n as f64,
                "p_value" if method(&case) == Method::Kendall => gofal::correlation::coefficient::normal_p(
                    pairs.s / pairs.variance.sqrt(),
                    Alternative::TwoSided,
                ),
                "p_value" => two.p_value,
                "p_exact" => exact_p(pairs.s, x.len(), Alternative::TwoSided),
                "z" => pairs.s / pairs.variance.sqrt(),
                "ci_lower" => two.interval.expect("interval").0,
                "ci_upper" => two.interval.expect("interval").1,
                "p_greater" => run(Alternative::Greater).p_value,
                "ties_x" | "ties_y" => continue, // flags of the data set, not of the method
                other => panic!("{}: key {other} is not tested", case["id"]),
            };
            assert_key(&case, key, got);
        }
    }
}

#[test]
fn partial_correlations_agree_with_r() {
    for case in cases("partial_correlation") {
        let data = case["dataset"]["data"].as_str().expect("data");
        let mut names = vec![text(&case, "x"), text(&case, "y")];
        names.extend(case["args"]["controls"].as_array().expect("controls").iter().filter_map(Value::as_str));
        let columns = complete(data, &names);
        let controls: Vec<&[f64]> = columns[2..].iter().map(Vec::as_slice).collect();
        let labels: Vec<String> = names.iter().map(ToString::to_string).collect();
        let got = partial::correlate(
            &columns[0],
            &columns[1],
            &controls,
            &labels,
            method(&case),
            Alternative::TwoSided,
            0.95,
        )
        .expect("defined");
        for key in case["expected"].as_object().expect("expected").keys() {
            let value = match key.as_str() {
                "estimate" => got.partial.estimate,
                "statistic" => got.partial.statistic.expect("t"),
                "df" => got.partial.df.expect("df"),
                "p_value" => got.partial.p_value,
                "semipartial" => got.semipartial,
                "ci_lower" => got.partial.interval.expect("interval").0,
                "ci_upper" => got.partial.interval.expect("interval").1,
                other => panic!("key {other} is not tested"),
            };
            assert_key(&case, key, value);
        }
    }
}

#[test]
fn weighted_correlations_agree_with_r() {
    for case in cases("weighted_correlation") {
        let data = case["dataset"]["data"].as_str().expect("data");
        let c = complete(data, &[text(&case, "x"), text(&case, "y"), text(&case, "weights")]);
        let weights = Weights::Analytic(&c[2]);
        let got = weighted::correlate(&c[0], &c[1], weights, ("x", "y"), Alternative::TwoSided, 0.95)
            .expect("defined");
        let m = CoMoments::of(&c[0], &c[1], |i| c[2][i]);
        for key in case["expected"].as_object().expect("expected").keys() {
            let value = match key.as_str() {
                "estimate" => got.estimate,
                "mean_x" => m.x.mean().expect("mean"),
                "mean_y" => m.y.mean().expect("mean"),
                "var_x" => m.x.variance(0.0).expect("variance"),
                "var_y" => m.y.variance(0.0).expect("variance"),
                "cov" => m.covariance(0.0).expect("covariance"),
                other => panic!("key {other} is not tested"),
            };
            assert_key(&case, key, value);
        }
    }
}

#[test]
fn adjusted_p_values_agree_with_r() {
    for case in cases("p_adjust") {
        let data = case["dataset"]["data"].as_str().expect("data");
        let p: Vec<f64> = column(data, text(&case, "column")).into_iter().flatten().collect();
        let how = match text(&case, "method").to_lowercase().as_str() {
            "bh" => Adjust::BenjaminiHochberg,
            "by" => Adjust::BenjaminiYekutieli,
            "holm" => Adjust::Holm,
            "hochberg" => Adjust::Hochberg,
            "hommel" => Adjust::Hommel,
            "bonferroni" => Adjust::Bonferroni,
            other => panic!("{other}"),
        };
        for (i, value) in adjust(&p, how).expect("valid").into_iter().enumerate() {
            assert_key(&case, &format!("p:{}", i + 1), value);
        }
    }
}

/// Columns with ties; the second half of the sizes takes the merge path of Kendall.
fn tied_columns(n: u32) -> Vec<Vec<f64>> {
    let mut stream = Stream::new(9, u64::from(n));
    (0..4).map(|j| (0..n).map(|_| f64::from(stream.index(6 + 10 * j))).collect()).collect()
}

#[test]
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // counts are whole
fn shared_weights_equal_resampling_the_rows() {
    // 70 rows are above PAIRWISE_MAX: Kendall takes the merge path there.
    for n in [5_u32, 22, 70] {
        let columns = tied_columns(n);
        let views: Vec<&[f64]> = columns.iter().map(Vec::as_slice).collect();
        let pairs = [(0, 1), (1, 3), (2, 3), (0, 0)];
        for m in [Method::Pearson, Method::Spearman, Method::Kendall] {
            let got = replicates(&views, &pairs, m, &Source::simple(n as usize, 300, 5), &Control::new())
                .expect("drawn");
            let mut counts = vec![0.0; n as usize];
            for replicate in 0..300 {
                Plan::Simple(n as usize).draw(5, replicate as u64, &mut counts);
                for (k, &(i, j)) in pairs.iter().enumerate() {
                    let gather = |c: &[f64]| -> Vec<f64> {
                        (0..c.len()).flat_map(|r| std::iter::repeat_n(c[r], counts[r] as usize)).collect()
                    };
                    let naive = estimate(&gather(views[i]), &gather(views[j]), m);
                    match naive {
                        Some(r) => assert!(
                            (got[k][replicate] - r).abs() < 1e-9,
                            "{n} {m:?} {r} {}",
                            got[k][replicate]
                        ),
                        None => assert!(got[k][replicate].is_nan()),
                    }
                }
            }
        }
    }
}

#[test]
fn replicates_have_the_same_bits_on_1_2_and_8_threads() {
    let columns = tied_columns(22);
    let views: Vec<&[f64]> = columns.iter().map(Vec::as_slice).collect();
    for m in [Method::Pearson, Method::Spearman, Method::Kendall] {
        let run = |threads| {
            with_threads(threads, || {
                replicates(&views, &[(0, 1), (2, 3)], m, &Source::simple(22, 2_000, 1), &Control::new())
                    .expect("drawn")
            })
        };
        let bits = |v: Vec<Vec<f64>>| v.into_iter().flatten().map(f64::to_bits).collect::<Vec<_>>();
        let one = bits(run(1));
        assert_eq!(one, bits(run(2)));
        assert_eq!(one, bits(run(8)));
    }
}

/// A resample without the outlier keeps a billionth of the spread: moments about the whole column's mean would
/// have lost it.
#[test]
fn an_outlier_does_not_spoil_the_resamples_that_miss_it() {
    let x: Vec<f64> = (0..12).map(|i| if i == 5 { 1e9 } else { f64::from(i * i) }).collect();
    let y: Vec<f64> = (0..12).map(|i| f64::from((i * 7) % 12)).collect();
    let source = Source::simple(12, 400, 3);
    let got = replicates(&[&x, &y], &[(0, 1)], Method::Pearson, &source, &Control::new()).expect("drawn");
    let (mut counts, mut missed) = (vec![0.0; 12], 0);
    for (replicate, r) in got[0].iter().enumerate() {
        Plan::Simple(12).draw(3, replicate as u64, &mut counts);
        missed += usize::from(counts[5] == 0.0);
        let naive = CoMoments::of(&x, &y, |i| counts[i]).correlation().expect("defined");
        assert!((r - naive).abs() < 1e-10, "{replicate}: {r} {naive}");
    }
    assert!(missed > 100, "about 35% of resamples miss a row: {missed}");
}

#[test]
fn leaving_out_each_row_equals_recomputing() {
    for n in [5_u32, 22, 70] {
        let columns = tied_columns(n);
        let views: Vec<&[f64]> = columns.iter().map(Vec::as_slice).collect();
        let source = Source::LeaveOneOut(n as usize);
        for m in [Method::Pearson, Method::Spearman, Method::Kendall] {
            let got = replicates(&views, &[(1, 3)], m, &source, &Control::new()).expect("drawn");
            for (i, r) in got[0].iter().enumerate() {
                let without = |c: &[f64]| [&c[..i], &c[i + 1..]].concat();
                match estimate(&without(views[1]), &without(views[3]), m) {
                    Some(want) => assert!((r - want).abs() < 1e-9, "{n} {m:?} {i}: {r} {want}"),
                    None => assert!(r.is_nan()),
                }
            }
        }
    }
}

proptest::proptest! {
    /// Strata, clusters, ties, constants: the shared-count kernels agree with rows written out.
    #[test]
    fn any_plan_agrees_with_rows_written_out(seed in 0_u64..500, n in 4_u32..90, levels in 1_u32..30, kind in 0..3) {
        let mut stream = Stream::new(seed, 77);
        let mut draw = || -> Vec<f64> { (0..n).map(|_| f64::from(stream.index(levels))).collect() };
        let (x, y) = (draw(), draw());
        let codes: Vec<u32> = (0..n).map(|i| i % 3).collect();
        let groups = gofal::design::Groups::from_codes(&codes, 3);
        let plan = match kind {
            0 => Plan::Simple(n as usize),
            1 => Plan::Stratified(groups, n as usize),
            _ => Plan::Cluster(groups, n as usize),
        };
        let source = Source::Bootstrap { plan: plan.clone(), n_resamples: 20, seed };
        let mut counts = vec![0.0; n as usize];
        for m in [Method::Pearson, Method::Spearman, Method::Kendall] {
            let got = replicates(&[&x, &y], &[(0, 1)], m, &source, &Control::new()).expect("drawn");
            for (replicate, r) in got[0].iter().enumerate() {
                plan.draw(seed, replicate as u64, &mut counts);
                #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // counts are whole
                let gather = |c: &[f64]| -> Vec<f64> {
                    (0..c.len()).flat_map(|i| std::iter::repeat_n(c[i], counts[i] as usize)).collect()
                };
                match estimate(&gather(&x), &gather(&y), m) {
                    Some(want) => proptest::prop_assert!((r - want).abs() < 1e-9, "{:?} {} {}", m, r, want),
                    None => proptest::prop_assert!(r.is_nan()),
                }
            }
        }
    }
}
