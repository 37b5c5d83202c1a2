//! Rates, proportions and funnels against R and PHEindicatormethods.

use gofal::num::quantile::ascending;
use gofal::rates::dispersion::{Scale, Trim, dispersion};
use gofal::rates::{count, funnel, proportion};
use serde_json::Value;

use crate::reference::{assert_key, cases, column, text_column};

fn keys(case: &Value) -> Vec<String> {
    case["expected"].as_object().expect("expected").keys().cloned().collect()
}

fn side((low, high): (f64, f64), key: &str) -> f64 {
    if key.contains("lower") { low } else { high }
}

fn level(key: &str) -> f64 {
    if key.contains("998") { 0.998 } else { 0.95 }
}

#[test]
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // counts are whole
fn counts_and_proportions_agree_with_r() {
    for case in cases("exact_intervals") {
        if case["call"] == "rate_ratio" {
            continue; // below
        }
        let row = case["args"]["row_id"].as_u64().expect("row") as usize - 1;
        let get = |c: &str| column("counts_reference", c)[row].expect("value");
        let x = get("x");
        for key in keys(&case) {
            let conf = level(&key);
            let method = key.split('_').next().expect("method").trim_end_matches("998");
            let got = if case["call"] == "count_ci" {
                match method {
                    "exact" => side(count::limits(x, count::Limits::Exact, conf).expect("limits"), &key),
                    "byar" => side(count::byar(x, conf), &key),
                    // p against a mean of 1: R's poisson.test
                    "p" => continue,
                    other => panic!("{other}"),
                }
            } else {
                let kind = match method {
                    "exact" => proportion::Limits::ClopperPearson,
                    "wilson" => proportion::Limits::Wilson,
                    "agresti" => proportion::Limits::AgrestiCoull,
                    "jeffreys" => proportion::Limits::Jeffreys,
                    "midp" => proportion::Limits::MidP,
                    "p" => {
                        let p = proportion::exact_p(x as u64, get("n") as u64, 0.5);
                        assert_key(&case, &key, p);
                        continue;
                    }
                    other => panic!("{other}"),
                };
                side(proportion::limits(x, get("n"), kind, conf).expect("limits"), &key)
            };
            assert_key(&case, &key, got);
        }
    }
}

#[test]
fn the_exact_rate_ratio_agrees_with_r() {
    for case in cases("exact_intervals").iter().filter(|c| c["call"] == "rate_ratio") {
        let data = case["dataset"]["data"].as_str().expect("data");
        let arg = |k: &str| case["args"][k].as_str().expect("argument").to_owned();
        let (events, time) = (column(data, &arg("events")), column(data, &arg("exposure")));
        let group = text_column(data, "group");
        let at = |name: &str| group.iter().position(|g| *g == arg(name)).expect("level");
        let (i, j) = (at("first"), at("second"));
        let (ratio, low, high, p) = count::rate_ratio(
            events[i].expect("x"),
            time[i].expect("t"),
            events[j].expect("x"),
            time[j].expect("t"),
            0.95,
        )
        .expect("defined");
        assert_key(case, "rate_ratio", ratio);
        assert_key(case, "ci_lower", low);
        assert_key(case, "ci_upper", high);
        assert_key(case, "p_exact", p);
    }
}

#[test]
fn crude_rates_and_proportions_agree_with_phe() {
    for case in cases("standardised_rates") {
        let (call, data) =
            (case["call"].as_str().expect("call"), case["dataset"]["data"].as_str().expect("data"));
        if call != "crude_rates" && call != "proportions" {
            continue;
        }
        let areas = text_column(data, "Area");
        let (x, n) = (column(data, "Numerator"), column(data, "Denominator"));
        for key in keys(&case) {
            let (what, area) = key.split_once(':').expect("key:area");
            let i = areas.iter().position(|a| a == area).expect("area");
            let (x, n) = (x[i].expect("x"), n[i].expect("n"));
            let unit =
                if call == "crude_rates" { case["args"]["multiplier"].as_f64().expect("base") } else { 1.0 };
            let got = match (what, call) {
                ("value", _) => x / n * unit,
                (_, "crude_rates") => {
                    side(count::limits(x, count::Limits::Phe, level(what)).expect("limits"), what) / n * unit
                }
                _ => side(
                    proportion::limits(x, n, proportion::Limits::Wilson, level(what)).expect("limits"),
                    what,
                ),
            };
            assert_key(&case, &key, got);
        }
    }
}

#[test]
fn funnel_limits_agree_with_phe() {
    for case in cases("funnel").iter().filter(|c| c["call"] == "funnel_limits") {
        let data = case["dataset"]["data"].as_str().expect("data");
        let is_ratio = case["args"]["statistic"] == "ratio";
        let target = if is_ratio {
            1.0
        } else {
            let total = |c: &str| column(data, c).into_iter().flatten().sum::<f64>();
            total("numerator") / total("denominator")
        };
        for key in keys(case) {
            let got = match key.split_once(':') {
                None => 100.0 * target,
                Some((what, at)) => {
                    let size: f64 = at.parse().expect("size");
                    let limits = if is_ratio {
                        funnel::ratio(size, level(what))
                    } else {
                        funnel::proportion_score(target, size, level(what))
                    };
                    100.0 * side(limits, what)
                }
            };
            assert_key(case, &key, got);
        }
    }
}

#[test]
fn overdispersion_agrees_with_funnelplotr() {
    for case in cases("funnel").iter().filter(|c| c["call"] == "overdispersion") {
        let data = case["dataset"]["data"].as_str().expect("data");
        let get = |k: &str| -> Vec<f64> {
            column(data, case["args"][k].as_str().expect("column")).into_iter().flatten().collect()
        };
        let (x, n) = (get("numerator"), get("denominator"));
        let values: Vec<f64> = x.iter().zip(&n).map(|(x, n)| x / n).collect();
        let (scale, target) = if case["args"]["type"] == "PR" {
            (Scale::ArcsineRoot, x.iter().sum::<f64>() / n.iter().sum::<f64>())
        } else {
            (Scale::RootRatio, 1.0)
        };
        let run = |how| dispersion(&values, &n, target, scale, 0.1, how).expect("defined");
        let (winsorised, truncated) = (run(Trim::Winsorise), run(Trim::Truncate));
        for key in keys(case) {
            let got = match key.split_once(':') {
                Some(("z", i)) => winsorised.z[i.parse::<usize>().expect("row") - 1],
                Some(("z_adjusted", i)) => winsorised.z_adjusted[i.parse::<usize>().expect("row") - 1],
                _ => match key.as_str() {
                    "phi_winsorised" => winsorised.phi,
                    "tau2_winsorised" => winsorised.tau2,
                    "phi_truncated" => truncated.phi,
                    "tau2_truncated" => truncated.tau2,
                    "n" => ascending(&values).len() as f64,
                    other => panic!("{other}"),
                },
            };
            assert_key(case, &key, got);
        }
    }
}
