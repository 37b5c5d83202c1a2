//! Models of binary, matched, ordered and unordered outcomes against logistf, brglm2, survival,
//! ordinal and nnet.

use gofal::design::Weights;
use gofal::regression::clogit::{Clogit, clogit};
use gofal::regression::firth::{Firth, firth};
use gofal::regression::multinomial::multinomial;
use gofal::regression::ordinal::{Link, ordinal};
use gofal::regression::proportionality::proportionality;
use gofal::regression::zero_inflated::{Counts, hurdle, zero_inflated};
use ndarray::Array2;
use serde_json::Value;

use crate::design::{Design, Frame, design, design_with};
use crate::outcome_identities::{close, flat, names};
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
    let null = ordinal(&codes, &levels, x.view(), &names, w, Link::Logit, &[]).expect("fits");
    let test = proportionality(&null, &[0, 1, 2, 3, 4, 5]).expect("defined");
    let lr = 2.0 * (1_739.574_649_529_474_3 - 1_735.289_350_038_07);
    assert!((test.lr.expect("a maximum") - lr).abs() < 1e-6);
    assert!((test.score / lr - 1.0).abs() < 0.05 && test.df == 6.0, "{test:?}");
    let one = proportionality(&null, &[5]).expect("defined");
    assert!((one.lr.expect("a maximum") - 2.0 * (fit.log_lik + 1_739.574_649_529_474_3)).abs() < 1e-8);
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

/// P(Y <= Low) = 1 - exp(-exp(tau - x'b)): R's `glm(y == "Low" ~ x, binomial(cloglog))`, b's sign turned.
#[test]
fn two_levels_under_cloglog_agree_with_glm() {
    let Some((x, names, codes, _, w)) = housing() else { return };
    let codes: Vec<u32> = codes.iter().map(|c| u32::from(*c > 0)).collect();
    let levels = ["Low".to_owned(), "higher".to_owned()];
    let w = Weights::Frequency(&w);
    let fit = ordinal(&codes, &levels, x.view(), &names, w, Link::Cloglog, &[]).expect("fits");
    let slopes = [
        0.484_850_617_379_718,
        1.027_018_850_487_798,
        -0.520_241_995_102_365,
        -0.148_159_632_073_883,
        -0.857_896_231_571_271,
        0.324_648_370_846_833,
    ];
    assert!((fit.thresholds[0] + 0.739_869_249_178_285).abs() < 1e-11);
    assert!(close(&fit.beta.to_vec(), &slopes, 1e-11));
}

#[test]
fn zero_inflated_and_hurdle_counts_agree_with_pscl() {
    for case in cases("zero_inflated") {
        let d = case_design(&case);
        let counts = Counts {
            y: &d.response[0],
            x: d.x.view(),
            names: &d.names,
            z: d.x.view(),
            zero_names: &d.names,
            offset: None,
            weights: Weights::Unit,
        };
        let (inflated, cut) = (zero_inflated(&counts).expect("fits"), hurdle(&counts).expect("fits"));
        for key in keys(&case) {
            let (fit, what) =
                key.strip_prefix("hurdle_").map_or((&inflated, key.as_str()), |rest| (&cut, rest));
            let (what, term) = what.split_once(':').unwrap_or((what, "(Intercept)"));
            let j = place(&d.names, term);
            let got = match what {
                "count" => fit.count[j],
                "zero" => fit.zero[j],
                "count_se" => fit.std_errors()[j],
                "zero_se" => fit.std_errors()[d.names.len() + j],
                "loglik" => fit.log_lik,
                other => panic!("{other}"),
            };
            assert_key(&case, &key, got);
        }
    }
}
