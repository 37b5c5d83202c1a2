//! Generalised linear mixed models against lme4 and glmmTMB, and identities.

use gofal::design::ModelMatrix;
use gofal::mixed::glmm::density::Density;
use gofal::mixed::glmm::fit::Glmm;
use gofal::mixed::glmm::model::Model;
use gofal::mixed::glmm::modes::{Memory, modes};
use gofal::mixed::glmm::start::fit;
use gofal::mixed::term::{Basis, RandomTerm};
use gofal::regression::family::Link;
use gofal::regression::outcome::{Kind, Outcome};
use serde_json::Value;

use crate::reference::{assert_key, cases, column, text_column};

fn number(data: &str, name: &str) -> Vec<f64> {
    column(data, name).into_iter().map(|v| v.expect("complete")).collect()
}

/// A grouping factor with its levels in numeric order.
fn group(data: &str, name: &str) -> RandomTerm {
    let labels = text_column(data, name);
    let mut levels = labels.clone();
    levels.sort_by_key(|l| l.parse::<i64>().expect("numeric level"));
    levels.dedup();
    let place = |l: &String| u32::try_from(levels.iter().position(|x| x == l).expect("level")).expect("few");
    RandomTerm::intercept(name, labels.iter().map(place).collect(), levels.clone())
}

fn dummies(data: &str, name: &str, levels: &[&str]) -> Vec<(String, Vec<f64>)> {
    let labels = text_column(data, name);
    let one = |level: &&str| {
        let column = labels.iter().map(|l| f64::from(u8::from(l == *level))).collect();
        (format!("{name}={level}"), column)
    };
    levels.iter().map(one).collect()
}

fn design(n: usize, columns: Vec<(String, Vec<f64>)>) -> ModelMatrix {
    let mut names = vec!["(intercept)".to_owned()];
    let mut values = vec![vec![1.0; n]];
    for (name, column) in columns {
        names.push(name);
        values.push(column);
    }
    ModelMatrix::from_columns(names, values)
}

fn binary(y: &[f64]) -> Outcome {
    Outcome { kind: Kind::Binary, ..Outcome::rows(y) }
}

fn trials(n: Vec<f64>, sum: Vec<f64>) -> Outcome {
    Outcome { kind: Kind::Trials, sum2: sum.clone(), n, sum, prior: None, offset: None }
}

struct Set {
    terms: Vec<RandomTerm>,
    x: ModelMatrix,
    outcome: Outcome,
}

fn cbpp() -> Set {
    let outcome = trials(number("cbpp", "size"), number("cbpp", "incidence"));
    let x = design(outcome.len(), dummies("cbpp", "period", &["2", "3", "4"]));
    Set { terms: vec![group("cbpp", "herd")], x, outcome }
}

fn contraception(slope: bool) -> Set {
    let d = "contraception";
    let age = number(d, "age");
    let mut columns = vec![("age".to_owned(), age.clone())];
    columns.push(("I(age^2)".to_owned(), age.iter().map(|v| v * v).collect()));
    let urban = dummies(d, "urban", &["Y"]);
    columns.extend(urban.clone());
    columns.extend(dummies(d, "livch", &["1", "2", "3+"]));
    let mut term = group(d, "district");
    if slope {
        term.columns.push("urbanY".to_owned());
        term.basis.push(Basis::Column(urban[0].1.clone()));
        term = term.with_parts(&[2]);
    }
    Set { terms: vec![term], x: design(age.len(), columns), outcome: binary(&number(d, "use01")) }
}

fn toenail() -> Set {
    let d = "toenail";
    let time = number(d, "time");
    let mut columns = dummies(d, "treatment", &["terbinafine"]);
    let product = columns[0].1.iter().zip(&time).map(|(a, b)| a * b).collect();
    columns.push(("time".to_owned(), time));
    columns.push(("treatment=terbinafine:time".to_owned(), product));
    let outcome = binary(&number(d, "y01"));
    Set { terms: vec![group(d, "patientID")], x: design(outcome.len(), columns), outcome }
}

fn grouseticks(factors: &[&str]) -> Set {
    let d = "grouseticks";
    let height = number(d, "HEIGHT");
    let n = height.len() as f64;
    let mean = height.iter().sum::<f64>() / n;
    let sd = (height.iter().map(|h| (h - mean).powi(2)).sum::<f64>() / (n - 1.0)).sqrt();
    let mut columns = dummies(d, "YEAR", &["96", "97"]);
    columns.push(("scale(HEIGHT)".to_owned(), height.iter().map(|h| (h - mean) / sd).collect()));
    let outcome = Outcome::rows(&number(d, "TICKS"));
    Set { terms: factors.iter().map(|f| group(d, f)).collect(), x: design(outcome.len(), columns), outcome }
}

fn run(set: &Set, density: Density, nodes: usize) -> (Model, Glmm) {
    fit(set.terms.clone(), &set.x, &set.outcome, density, "y", nodes, None).expect("fits")
}

const LOGIT: Density = Density::Binomial(Link::Logit);

fn check(case: &Value, set: &Set, model: &Model, found: &Glmm, nodes: usize) {
    let names = set.x.names();
    let term_of = |key: &str| {
        let name = key.split_once(':').expect("prefix").1;
        let name = if name == "(Intercept)" { "(intercept)" } else { name };
        names.iter().position(|n| n == name).unwrap_or_else(|| panic!("{key}"))
    };
    let sd = |t: usize, k: usize| {
        let q = model.design.terms[t].q();
        (0..=k).map(|j| found.lambda[t][k * q + j].powi(2)).sum::<f64>().sqrt()
    };
    for key in case["expected"].as_object().expect("object").keys() {
        let parts: Vec<&str> = key.split(':').collect();
        let random = |name: &str| set.terms.iter().position(|t| t.name == name).expect("factor");
        let got = match parts[0] {
            "fixef" => found.beta[term_of(key)],
            "se" => found.covariance[[term_of(key), term_of(key)]].sqrt(),
            "se_rx" => found.conditional[[term_of(key), term_of(key)]].sqrt(),
            "sd" => sd(random(parts[1]), usize::from(parts[2] != "(Intercept)")),
            "cor" => found.lambda[0][2] / sd(0, 1),
            "nobs" => model.n_obs,
            "loglik" => -found.deviance / 2.0,
            "deviance" => found.deviance,
            "dispersion" => found.phi.expect("dispersion"),
            "ranef_ss" => found.modes[random(parts[1])].iter().map(|b| b * b).sum(),
            kind @ ("ranef" | "condsd") => {
                let t = random(parts[1]);
                let level = set.terms[t].levels.iter().position(|l| l == parts[2]).expect("level");
                if kind == "ranef" { found.modes[t][level] } else { found.mode_covariances[t][level].sqrt() }
            }
            other => panic!("key {other}"),
        };
        if nodes > 1 && matches!(parts[0], "ranef" | "ranef_ss" | "condsd" | "se_rx") {
            // Under quadrature these keys were read after the differences for the Hessian: they are the modes of a
            // point displaced in the last two coefficients, which `displaced_modes_explain_the_references` shows.
            continue;
        }
        if parts[0] == "sd" && case["id"] == "glmm-cbpp-betabinomial" {
            // On the boundary: glmmTMB's 5e-7 is its way to write 0.
            assert!(got == 0.0 && found.singular == [true], "{key} {got}");
            continue;
        }
        assert_key(case, key, got);
    }
}

#[test]
fn the_reference_cases_are_met() {
    for case in cases("glmm") {
        let args = &case["args"];
        let nodes = usize::try_from(args["nAGQ"].as_u64().expect("nAGQ")).expect("few");
        let (set, density) = match (case["dataset"]["data"].as_str().expect("data"), args["family"].as_str())
        {
            ("cbpp", Some("betabinomial")) => (cbpp(), Density::BetaBinomial),
            ("cbpp", _) => (cbpp(), LOGIT),
            ("contraception", _) => {
                (contraception(args["formula"].as_str().is_some_and(|f| f.contains("(urban"))), LOGIT)
            }
            ("toenail", _) => (toenail(), LOGIT),
            ("grouseticks", Some("poisson")) => {
                (grouseticks(&["BROOD", "INDEX", "LOCATION"]), Density::Poisson)
            }
            ("grouseticks", _) => (grouseticks(&["BROOD", "LOCATION"]), Density::NegativeBinomial),
            (other, _) => panic!("data set {other}"),
        };
        let (model, found) = run(&set, density, nodes);
        check(&case, &set, &model, &found, nodes);
    }
}

/// lme4's state after numDeriv's last evaluation: β_3 and β_4 of cbpp lie 0.0051058 and 0.0066812 below the optimum.
#[test]
fn displaced_modes_explain_the_references() {
    for case in cases("glmm").iter().filter(|c| c["id"] == "glmm-cbpp-agq25") {
        let set = cbpp();
        let (model, found) = run(&set, LOGIT, 25);
        let mut psi = found.beta.clone();
        psi[2] -= 5.105_755_81e-3;
        psi[3] -= 6.681_164_07e-3;
        psi.extend(&found.theta);
        let at = modes(&model, &psi, &mut Memory::new(&model)).expect("no error").expect("defined");
        for (level, u) in at.u[0].iter().enumerate() {
            let key = format!("ranef:herd:{}", level + 1);
            let want = case["expected"][&key].as_f64().expect("mode");
            assert!((found.lambda[0][0] * u - want).abs() < 1e-8, "{key}");
        }
    }
}
