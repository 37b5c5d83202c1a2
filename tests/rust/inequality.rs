//! Slope and concentration indices against PHEindicatormethods and rineq; least squares against NIST and R.

use gofal::design::Weights;
use gofal::inequality::concentration::{StdError, concentration_index};
use gofal::inequality::line::Spread;
use gofal::inequality::ridit::Ranking;
use gofal::inequality::slope_index::{Transform, slope_index};

use crate::reference::{assert_key, cases, column};

fn get(data: &str, name: &str) -> Vec<f64> {
    column(data, name).into_iter().flatten().collect()
}

#[test]
fn slope_indices_agree_with_phe() {
    for case in cases("sii_rii") {
        let data = case["dataset"]["data"].as_str().expect("data");
        let (y, w) = (get(data, "value"), get(data, "population"));
        let ranking = Ranking::new(&get(data, "quantile"), "quantile").expect("ranks");
        let transform = match (case["args"]["transform"].as_bool(), case["args"]["value_type"].as_str()) {
            (Some(true), Some("rate")) => Transform::Log,
            (Some(true), Some("proportion")) => Transform::Logit,
            _ => Transform::None,
        };
        let weights = Weights::Analytic(&w);
        let classical =
            slope_index(&y, &ranking, weights, transform, Spread::Classical, 0.95).expect("defined");
        let se = case["args"]["se"].as_str().map(|c| get(data, c));
        let known = se
            .as_ref()
            .map(|s| slope_index(&y, &ranking, weights, transform, Spread::Known(s), 0.95).expect("defined"));
        for key in case["expected"].as_object().expect("expected").keys() {
            let got = match key.as_str() {
                "sii" => classical.sii.value,
                "rii" => classical.rii.value,
                "intercept" => classical.low_end,
                "se_wls" => classical.line.vcov[2].sqrt(),
                "sii_lower" => known.as_ref().and_then(|k| k.sii.interval).expect("interval").0,
                "sii_upper" => known.as_ref().and_then(|k| k.sii.interval).expect("interval").1,
                "rii_lower" => known.as_ref().and_then(|k| k.rii.interval).expect("interval").0,
                "rii_upper" => known.as_ref().and_then(|k| k.rii.interval).expect("interval").1,
                other => panic!("{other}"),
            };
            assert_key(&case, key, got);
        }
    }
}

#[test]
fn concentration_indices_agree_with_rineq() {
    for case in cases("concentration_index") {
        let data = case["dataset"]["data"].as_str().expect("data");
        let arg = |k: &str| case["args"][k].as_str();
        let y = get(data, arg("outcome").expect("outcome"));
        let rank = match arg("rank").expect("rank") {
            "round half-even of Income/500" => {
                get(data, "Income").iter().map(|v| (v / 500.0).round_ties_even()).collect()
            }
            plain => get(data, plain),
        };
        let w = arg("weights").map(|c| get(data, c));
        let weights = w.as_ref().map_or(Weights::Unit, |w| Weights::Analytic(w));
        let ranking = Ranking::new(&rank, "rank").expect("ranks");
        let ends = y.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), v| (v.min(l), v.max(h)));
        let run = |se| concentration_index(&y, &ranking, weights, ends, se).expect("defined");
        let c = run(StdError::Delta);
        for key in case["expected"].as_object().expect("expected").keys() {
            let got = match key.as_str() {
                "ci" => c.standard.value,
                "generalised" => c.generalised.value,
                "erreygers" => c.erreygers.value,
                "wagstaff" => c.wagstaff.expect("bounded").value,
                "mean" => c.mean,
                "se_delta" => c.standard.std_error,
                "se_delta_HC1" => run(StdError::DeltaRobust).standard.std_error,
                "se_convenience" => run(StdError::Convenience).standard.std_error,
                "se_kakwani" => run(StdError::Kakwani).standard.std_error,
                other => panic!("{other}"),
            };
            assert_key(&case, key, got);
        }
    }
}
