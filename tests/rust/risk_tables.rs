//! 2 × 2 tables, strata and pooling against epiR, R's `mantelhaen.test` and mice.

use gofal::design::ModelMatrix;
use gofal::design::Weights;
use gofal::pooling::{pool, pool_joint};
use gofal::regression::lm::lm;
use gofal::regression::outcome::Outcome;
use gofal::risk::cells::{Cells, by_stratum};
use gofal::risk::conditional::Conditional;
use gofal::risk::exact::{Limits, exact};
use gofal::risk::homogeneity::homogeneity;
use gofal::risk::mantel_haenszel::mantel_haenszel;
use gofal::risk::measures::{Measure, Zero, measures};
use ndarray::{Array1, Array2, array};
use serde_json::Value;

use crate::reference::{assert_key, cases, column, folder, text_column};

fn arg(case: &Value, key: &str) -> String {
    case["args"][key].as_str().expect("argument").to_owned()
}

fn data(case: &Value) -> String {
    case["dataset"]["data"].as_str().expect("data").to_owned()
}

/// Asserts the values named and that no key of the case is left over.
fn assert_all(case: &Value, got: &[(String, f64)]) {
    let expected = case["expected"].as_object().expect("expected");
    for key in expected.keys() {
        let (_, value) = got.iter().find(|(k, _)| k == key).unwrap_or_else(|| panic!("{key} not computed"));
        assert_key(case, key, *value);
    }
}

fn named<const N: usize>(pairs: [(&str, f64); N]) -> Vec<(String, f64)> {
    pairs.map(|(k, v)| (k.to_owned(), v)).to_vec()
}

fn parts(m: Measure) -> (f64, f64, f64) {
    let (low, high) = m.limits.expect("limits");
    (m.value.expect("value"), low, high)
}

#[test]
fn measures_of_one_table_agree_with_epir() {
    for case in cases("attributable_fraction").iter().filter(|c| c["call"] == "two_by_two") {
        let (outcome, exposure) = (arg(case, "outcome"), arg(case, "exposure"));
        let read = |name: &str| -> Vec<f64> {
            column(&data(case), name).into_iter().map(|v| v.expect("no nulls")).collect()
        };
        let (y, x) = (read(&outcome), read(&exposure));
        let strata = vec![0; y.len()];
        let cells =
            by_stratum((&y, &outcome), (&x, &exposure), &strata, 1, Weights::Unit, "w").expect("cells");
        let m = measures(&cells[0], Zero::NotAvailable, 0.95).expect("both groups");
        let (rr, or, rd, paf) =
            (parts(m.risk_ratio), parts(m.odds_ratio), parts(m.risk_difference), parts(m.af_population));
        let got = named([
            ("risk_ratio", rr.0),
            ("rr_lower", rr.1),
            ("rr_upper", rr.2),
            ("odds_ratio", or.0),
            ("or_lower", or.1),
            ("or_upper", or.2),
            ("risk_difference", rd.0),
            ("rd_lower", rd.1),
            ("rd_upper", rd.2),
            ("af_exposed", m.af_exposed.value.expect("value")),
            ("af_population", paf.0),
            ("paf_lower", paf.1),
            ("paf_upper", paf.2),
        ]);
        assert_all(case, &got);
    }
}

/// Outcome, exposure and stratum codes as the case's `odds` names them: rows of the first level of each
/// pair are the reference.
fn strata_of(case: &Value) -> Vec<Cells> {
    let d = data(case);
    let text = |k: &str| text_column(&d, &arg(case, k));
    let odds = arg(case, "odds");
    let pairs: Vec<(&str, &str)> = odds.split(['(', ')']).filter_map(|part| part.split_once(',')).collect();
    let (yes, exposed) = pairs[1];
    let binary = |v: Vec<String>, one: &str| v.iter().map(|s| f64::from(s == one)).collect::<Vec<f64>>();
    let (y, x) = (binary(text("row"), yes), binary(text("col"), exposed));
    let labels = text("strata");
    let mut levels: Vec<&String> = Vec::new();
    let codes: Vec<u32> = labels
        .iter()
        .map(|s| {
            if !levels.contains(&s) {
                levels.push(s);
            }
            u32::try_from(levels.iter().position(|l| *l == s).expect("level")).expect("few")
        })
        .collect();
    let w: Vec<f64> = column(&d, &arg(case, "weight")).into_iter().map(|v| v.expect("weight")).collect();
    by_stratum((&y, "y"), (&x, "x"), &codes, levels.len(), Weights::Frequency(&w), "w").expect("cells")
}

#[test]
fn strata_agree_with_r() {
    for case in cases("contingency").iter().filter(|c| c["call"] == "mantel_haenszel") {
        let strata = strata_of(case);
        let common = mantel_haenszel(&strata, 0.95);
        let (or, low, high) = parts(common.odds_ratio);
        let (cmh, corrected) = (common.cmh.expect("cmh"), common.cmh_corrected.expect("cmh"));
        let e = exact(&strata, Limits::Fisher, 0.95).expect("exact");
        let got = named([
            ("or_mh", or),
            ("ci_lower", low),
            ("ci_upper", high),
            ("cmh", cmh.0),
            ("p_cmh", cmh.1),
            ("cmh_corrected", corrected.0),
            ("p_corrected", corrected.1),
            ("or_conditional", e.odds_ratio),
            ("p_exact", e.p_value),
            ("exact_lower", e.low),
            ("exact_upper", e.high),
        ]);
        assert_all(case, &got);
    }
}

#[test]
fn homogeneity_of_the_titanic_strata() {
    // Breslow-Day and Tarone as computed from their definitions in R 4.2.2 (polyroot for A(psi)).
    for case in cases("contingency").iter().filter(|c| c["id"] == "mh-titanic") {
        let strata = strata_of(case);
        let or = mantel_haenszel(&strata, 0.95).odds_ratio.value.expect("value");
        let h = homogeneity(&strata, or).expect("strata");
        for (got, want) in [(h.breslow_day, 60.234_706_764_246_85), (h.tarone, 60.147_059_346_904_46)] {
            assert!((got / want - 1.0).abs() < 1e-10, "{got} {want}");
        }
        assert_eq!(h.df, 3.0);
    }
}

#[test]
fn the_tea_tasting_table_agrees_with_the_solved_conditional_likelihood() {
    for case in cases("fisher").iter().filter(|c| c["id"] == "fisher-tea") {
        let n: Vec<f64> = column(&data(case), "n").into_iter().map(|v| v.expect("count")).collect();
        let table = [Cells { a: n[0], b: n[1], c: n[2], d: n[3] }];
        let e = exact(&table, Limits::Fisher, 0.95).expect("exact");
        let (less, greater) = Conditional::new(&table).expect("table").ln_tails(0.0, 1.0);
        let got = named([
            ("p_value", e.p_value),
            ("or_conditional", e.odds_ratio),
            ("ci_lower", e.low),
            ("ci_upper", e.high),
            ("p_greater", greater.exp()),
            ("p_less", less.exp()),
        ]);
        assert_all(case, &got);
    }
}

#[test]
fn the_vaccine_trials_agree_with_what_metafor_prints() {
    if folder().is_none() {
        return;
    }
    // rma.mh of dat.bcg, four decimals as printed in metafor's manual.
    let get = |k: &str| -> Vec<f64> { column("bcg", k).into_iter().map(|v| v.expect("count")).collect() };
    let (a, b, c, d) = (get("tpos"), get("tneg"), get("cpos"), get("cneg"));
    let strata: Vec<Cells> = (0..a.len()).map(|k| Cells { a: a[k], b: b[k], c: c[k], d: d[k] }).collect();
    let got = mantel_haenszel(&strata, 0.95);
    let log = |m: Measure| {
        let (value, low, high) = parts(m);
        (value.ln(), (high / low).ln() / (2.0 * 1.959_963_984_540_054))
    };
    let close = |got: f64, want: f64| assert!((got - want).abs() < 0.5e-4, "{got} {want}");
    let (or, rr, rd) = (log(got.odds_ratio), log(got.risk_ratio), parts(got.risk_difference));
    close(or.0, -0.4734);
    close(or.1, 0.0410);
    close(rr.0, -0.4537);
    close(rr.1, 0.0393);
    close(rd.0, -0.0033);
    close((rd.2 - rd.1) / (2.0 * 1.96), 0.0003);
    close(got.cmh_corrected.expect("cmh").0, 135.6889);
    let h = homogeneity(&strata, got.odds_ratio.value.expect("value")).expect("strata");
    close(h.tarone, 171.7567);
    assert_eq!(h.df, 12.0);
}

#[test]
fn scalars_pool_as_in_mice() {
    for case in cases("multiple_imputation").iter().filter(|c| c["call"] == "rubin_scalar") {
        let read = |k: &str| -> Vec<f64> {
            column(&data(case), &arg(case, k)).into_iter().map(|v| v.expect("value")).collect()
        };
        let p = pool(&read("estimate"), &read("variance"), read("n")[0] - 1.0).expect("pooled");
        let got = named([
            ("qbar", p.estimate),
            ("ubar", p.within),
            ("b", p.between),
            ("t", p.total),
            ("df", p.df),
            ("riv", p.riv),
            ("fmi", p.fmi),
        ]);
        assert_all(case, &got);
    }
}

/// The columns of a formula's right side over the data of one imputation.
fn design(d: &str, formula: &str, rows: &[usize]) -> (Vec<String>, Array2<f64>) {
    let mut names = vec!["(Intercept)".to_owned()];
    let mut columns = vec![vec![1.0; rows.len()]];
    for term in formula.split('~').nth(1).expect("right side").split('+').map(str::trim) {
        if term == "age" {
            let labels = text_column(d, term);
            for level in ["40-59", "60-99"] {
                names.push(format!("{term}={level}"));
                columns.push(rows.iter().map(|&i| f64::from(labels[i] == level)).collect());
            }
        } else {
            let values = column(d, term);
            names.push(term.to_owned());
            columns.push(rows.iter().map(|&i| values[i].expect("completed")).collect());
        }
    }
    let x = Array2::from_shape_fn((rows.len(), names.len()), |(i, j)| columns[j][i]);
    (names, x)
}

/// Weighted least squares: coefficients, (X′WX)⁻¹ and σ².
fn weighted(
    y: &[f64],
    x: &Array2<f64>,
    names: &[String],
    w: Option<Vec<f64>>,
) -> (Array1<f64>, Array2<f64>, f64) {
    let columns = x.columns().into_iter().map(|c| c.to_vec()).collect();
    let outcome = Outcome { prior: w, ..Outcome::rows(y) };
    let model = lm(&ModelMatrix::from_columns(names.to_vec(), columns), &outcome, "y").expect("fit");
    (Array1::from(model.fit.beta.clone()), model.fit.scores.bread(), model.fit.dispersion)
}

/// Logistic regression as R's `glm.fit` steps (epsilon 1e-15): coefficients, and the inverse information at
/// the iterate *before* the last. The case was made from these: its variances lie 4e-9 beside those at the
/// maximum, which is more than the digits asked, so pooling must be given the same input.
fn logistic(y: &[f64], x: &Array2<f64>, names: &[String]) -> (Array1<f64>, Array2<f64>) {
    let logit = |m: f64| (m / (1.0 - m)).ln();
    let mut eta: Array1<f64> = y.iter().map(|v| logit(f64::midpoint(*v, 0.5))).collect();
    let mut before = f64::INFINITY;
    loop {
        let mu = eta.mapv(|e| 1.0 / (1.0 + (-e).exp()));
        let w: Vec<f64> = mu.iter().map(|m| m * (1.0 - m)).collect();
        let z: Vec<f64> = (0..y.len()).map(|i| eta[i] + (y[i] - mu[i]) / w[i]).collect();
        let (beta, inverse, _) = weighted(&z, x, names, Some(w));
        eta = x.dot(&beta);
        let deviance: f64 =
            y.iter().zip(&eta).map(|(y, e)| 2.0 * (if *y > 0.5 { -e } else { *e }).exp().ln_1p()).sum();
        if (deviance - before).abs() / (deviance.abs() + 0.1) < 1e-15 {
            return (beta, inverse);
        }
        before = deviance;
    }
}

/// Coefficients and covariance in one completed data set.
fn fit(case: &Value, rows: &[usize]) -> (Vec<String>, Array1<f64>, Array2<f64>, f64) {
    let (d, formula) = (data(case), arg(case, "formula"));
    let (names, x) = design(&d, &formula, rows);
    let df = (x.nrows() - x.ncols()) as f64;
    if arg(case, "family") == "gaussian" {
        let chl = column(&d, "chl");
        let y: Vec<f64> = rows.iter().map(|&i| chl[i].expect("completed")).collect();
        let (beta, inverse, variance) = weighted(&y, &x, &names, None);
        return (names, beta, inverse * variance, df);
    }
    let hyp = text_column(&d, "hyp");
    let y: Vec<f64> = rows.iter().map(|&i| f64::from(hyp[i] == "yes")).collect();
    let (beta, vcov) = logistic(&y, &x, &names);
    (names, beta, vcov, df)
}

#[test]
fn regressions_pool_as_in_mice() {
    for case in cases("multiple_imputation").iter().filter(|c| c["call"] == "rubin_pool") {
        let imp = text_column(&data(case), &arg(case, "imputation"));
        let fits: Vec<_> = (1..=5)
            .map(|k| {
                let rows: Vec<usize> = (0..imp.len()).filter(|&i| imp[i] == k.to_string()).collect();
                fit(case, &rows)
            })
            .collect();
        let (names, df) = (fits[0].0.clone(), fits[0].3);
        let mut got = vec![("m".to_owned(), fits.len() as f64)];
        for (j, name) in names.iter().enumerate() {
            let q: Vec<f64> = fits.iter().map(|f| f.1[j]).collect();
            let u: Vec<f64> = fits.iter().map(|f| f.2[[j, j]]).collect();
            let p = pool(&q, &u, df).expect("pooled");
            let (_, p_value, (low, high)) = p.inference(0.95);
            let values = [
                ("estimate", p.estimate),
                ("se", p.std_error()),
                ("ubar", p.within),
                ("b", p.between),
                ("t", p.total),
                ("df", p.df),
                ("riv", p.riv),
                ("lambda", p.lambda),
                ("fmi", p.fmi),
                ("p", p_value),
                ("lower", low),
                ("upper", high),
                ("df_large_sample", p.df_large_sample),
            ];
            got.extend(values.map(|(key, v)| (format!("{key}:{name}"), v)));
        }
        let (small, _) = design(&data(case), &arg(case, "D1_against"), &[0]);
        let tested: Vec<usize> = (0..names.len()).filter(|&j| !small.contains(&names[j])).collect();
        let q: Vec<_> = fits.iter().map(|f| f.1.select(ndarray::Axis(0), &tested)).collect();
        let u: Vec<_> = fits
            .iter()
            .map(|f| f.2.select(ndarray::Axis(0), &tested).select(ndarray::Axis(1), &tested))
            .collect();
        let d1 = pool_joint(&q, &u, df).expect("joint");
        got.extend(named([
            ("D1_F", d1.statistic),
            ("D1_df1", d1.df1),
            ("D1_df2", d1.df2),
            ("D1_p", d1.p_value),
        ]));
        assert_all(case, &got);
    }
}

#[test]
fn a_joint_test_does_not_depend_on_the_scale_of_its_terms() {
    let q = [array![1.0, 0.3], array![1.3, 0.1], array![0.8, 0.4], array![1.1, 0.2]];
    let u = [array![[0.3, 0.02], [0.02, 0.1]], array![[0.28, 0.0], [0.0, 0.12]]];
    let u: Vec<Array2<f64>> = u.iter().chain(&u).cloned().collect();
    let scale = array![[10.0, 0.0], [0.0, 0.25]];
    let plain = pool_joint(&q, &u, 60.0).expect("joint");
    let q: Vec<_> = q.iter().map(|v| scale.dot(v)).collect();
    let u: Vec<_> = u.iter().map(|v| scale.dot(v).dot(&scale)).collect();
    let scaled = pool_joint(&q, &u, 60.0).expect("joint");
    assert!((plain.statistic / scaled.statistic - 1.0).abs() < 1e-12);
    assert!((plain.df2 / scaled.df2 - 1.0).abs() < 1e-12 && plain.df2 < 60.0);
}
