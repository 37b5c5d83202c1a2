//! Panels against plm, sandwich and clubSandwich; absorbed effects against dummies; the same bits on any threads.

use gofal::design::{Factor, Weights};
use gofal::error::Error;
use gofal::panel::cluster::Kind;
use gofal::panel::data::Panel;
use gofal::panel::fit::{Effects, Fit, Vcov, fit};
use gofal::panel::hausman::{hausman, regression_form};
use gofal::panel::index::Index;
use gofal::panel::random::components;
use gofal::parallel::with_threads;

use crate::panel_dense::{dense, dense_components, dummies};
use crate::reference::{assert_key, cases, column, text_column};

const CLASSICAL: Vcov<'static> = Vcov::Classical;

/// Owned columns of a panel.
pub struct Data {
    pub y: Vec<f64>,
    pub x: Vec<Vec<f64>>,
    pub names: Vec<String>,
    pub unit: Factor,
    pub time: Factor,
}

impl Data {
    pub fn panel(&self) -> Panel<'_> {
        Panel {
            y: &self.y,
            x: self.x.iter().map(Vec::as_slice).collect(),
            names: &self.names,
            unit: Index::of(&self.unit),
            time: Some(Index::periods("time", self.time.codes(), self.time.levels())),
            weights: Weights::Unit,
        }
    }

    pub fn keep(&self, rows: &[usize]) -> Self {
        let pick = |v: &Vec<f64>| rows.iter().map(|&i| v[i]).collect();
        let again = |f: &Factor| Factor::from_labels(f.name(), rows.iter().map(|&i| f.label(i)));
        Self {
            y: pick(&self.y),
            x: self.x.iter().map(pick).collect(),
            names: self.names.clone(),
            unit: again(&self.unit),
            time: again(&self.time),
        }
    }
}

fn factor(name: &str, labels: &[String]) -> Factor {
    Factor::from_labels(name, labels.iter().map(|l| Some(l.as_str())))
}

fn numbers(name: &str) -> Vec<f64> {
    column("produc", name).into_iter().flatten().collect()
}

pub fn produc() -> Data {
    let ln = |name: &str| numbers(name).iter().map(|v| v.ln()).collect();
    Data {
        y: ln("gsp"),
        x: vec![ln("pcap"), ln("pc"), ln("emp"), numbers("unemp")],
        names: ["log(pcap)", "log(pc)", "log(emp)", "unemp"].map(str::to_owned).to_vec(),
        unit: factor("state", &text_column("produc", "state")),
        time: factor("year", &text_column("produc", "year")),
    }
}

/// Produc with a quarter of its rows missing, by a rule.
pub fn holed() -> Data {
    let rows: Vec<usize> = (0..816).filter(|i| (i * i + 3 * i) % 17 > 3).collect();
    produc().keep(&rows)
}

fn assert_fit(case: &serde_json::Value, prefix: &str, fit: &Fit) {
    for ((name, beta), se) in fit.names.iter().zip(&fit.beta).zip(fit.std_errors()) {
        assert_key(case, &format!("{prefix}_coef:{name}"), *beta);
        assert_key(case, &format!("{prefix}_se:{name}"), se);
    }
}

#[test]
fn every_estimator_agrees_with_plm() {
    for case in cases("panel") {
        let data = produc();
        let panel = data.panel();
        let within = fit(&panel, Effects::Unit, CLASSICAL).expect("within");
        assert_fit(&case, "within", &within);
        assert_key(&case, "within_r2", within.r_squared);
        assert_fit(&case, "twoway", &fit(&panel, Effects::TwoWay, CLASSICAL).expect("two-way"));
        assert_fit(&case, "between", &fit(&panel, Effects::Between, CLASSICAL).expect("between"));
        assert_fit(&case, "fd", &fit(&panel, Effects::FirstDifference, CLASSICAL).expect("differences"));
        let random = fit(&panel, Effects::Random, CLASSICAL).expect("random");
        assert_fit(&case, "random", &random);
        let parts = random.components.expect("components");
        assert_key(&case, "theta", parts.theta[0]);
        assert_key(&case, "sigma2_idios", parts.idiosyncratic);
        assert_key(&case, "sigma2_id", parts.unit);
        let test = hausman(&panel).expect("defined");
        assert_key(&case, "hausman", test.statistic);
        assert_key(&case, "hausman_p", test.p_value);
        let clusters = Index::of(&data.unit);
        let vcov = Vcov::Cluster { kind: Kind::Cr0, clusters: &clusters };
        let arellano = fit(&panel, Effects::Unit, vcov).expect("arellano");
        for (name, se) in arellano.names.iter().zip(arellano.std_errors()) {
            assert_key(&case, &format!("within_se_arellano_HC0:{name}"), se);
        }
    }
}

/// A reference case of cluster-robust errors of a pooled regression.
fn clustered_case(id: &str) -> Option<(serde_json::Value, Data, Factor)> {
    let case = cases("ols_cluster").into_iter().find(|c| c["id"] == id)?;
    let of = |data: &str, name: &str| column(data, name).into_iter().flatten().collect::<Vec<f64>>();
    let (data, cluster) = if id.starts_with("cl-produc") {
        (produc(), factor("cluster", &text_column("produc", case["args"]["cluster"].as_str()?)))
    } else {
        let data = Data {
            y: of("petersen", "y"),
            x: vec![of("petersen", "x")],
            names: vec!["x".to_owned()],
            unit: factor("firm", &text_column("petersen", "firm")),
            time: factor("year", &text_column("petersen", "year")),
        };
        (data, factor("cluster", &text_column("petersen", case["args"]["cluster"].as_str()?)))
    };
    Some((case, data, cluster))
}

#[test]
fn pooled_cluster_errors_agree_with_clubsandwich() {
    let ids = ["cl-produc-region", "cl-produc-state", "cl-petersen-firm", "cl-petersen-year"];
    for (case, data, cluster) in ids.into_iter().filter_map(clustered_case) {
        let clusters = Index::of(&cluster);
        // What the cases call CR1S is our CR1: G(N−1)/((G−1)(N−K)).
        for (key, kind) in [("CR0", Kind::Cr0), ("CR1S", Kind::Cr1), ("CR2", Kind::Cr2), ("CR3", Kind::Cr3)] {
            let vcov = Vcov::Cluster { kind, clusters: &clusters };
            let got = fit(&data.panel(), Effects::Pooled, vcov).expect("fits");
            for ((name, se), (beta, df)) in
                got.names.iter().zip(got.std_errors()).zip(got.beta.iter().zip(&got.df))
            {
                assert_key(&case, &format!("se_{key}:{name}"), se);
                if kind == Kind::Cr2 {
                    assert_key(&case, &format!("df_CR2:{name}"), *df);
                    let p = gofal::num::dist::t::two_sided_p(beta / se, *df);
                    assert_key(&case, &format!("p_CR2:{name}"), p);
                }
            }
            assert_key(&case, "n_clusters", got.n_clusters.expect("clusters") as f64);
        }
    }
}

#[test]
fn clusters_of_one_row_or_many_agree_with_clubsandwich() {
    let Some(case) = cases("ols_cluster").into_iter().find(|c| c["id"] == "cl-dropout") else { return };
    let numeric = |name: &str| column("dropoutprevention", name);
    let is = |name: &str, level: &str| {
        text_column("dropoutprevention", name).iter().map(|v| Some(f64::from(u8::from(v == level)))).collect()
    };
    let columns: [(&str, Vec<Option<f64>>); 6] = [
        ("LOR1", numeric("LOR1")),
        ("study_design=Non-random, non-matched", is("study_design", "Non-random, non-matched")),
        ("study_design=Randomized", is("study_design", "Randomized")),
        ("attrition", numeric("attrition")),
        ("group_equivalence", numeric("group_equivalence")),
        ("adjusted=adjusted data", is("adjusted", "adjusted data")),
    ];
    let values: Vec<Vec<f64>> = columns.iter().map(|(_, c)| c.iter().flatten().copied().collect()).collect();
    let study = factor("studyID", &text_column("dropoutprevention", "studyID"));
    let names: Vec<String> = columns[1..].iter().map(|(n, _)| (*n).to_owned()).collect();
    let panel = Panel {
        y: &values[0],
        x: values[1..].iter().map(Vec::as_slice).collect(),
        names: &names,
        unit: Index::of(&study),
        time: None,
        weights: Weights::Unit,
    };
    let clusters = Index::of(&study);
    for (key, kind) in [("CR0", Kind::Cr0), ("CR1S", Kind::Cr1), ("CR2", Kind::Cr2), ("CR3", Kind::Cr3)] {
        let got = fit(&panel, Effects::Pooled, Vcov::Cluster { kind, clusters: &clusters }).expect("fits");
        for ((name, se), df) in got.names.iter().zip(got.std_errors()).zip(&got.df) {
            assert_key(&case, &format!("se_{key}:{name}"), se);
            if kind == Kind::Cr2 {
                assert_key(&case, &format!("df_CR2:{name}"), *df);
            }
        }
    }
}

#[test]
fn driscoll_kraay_agrees_with_sandwich() {
    if cases("panel").is_empty() {
        return;
    }
    // sandwich 3.0.2: vcovPL(kernel = "Bartlett", aggregate = TRUE, adjust = FALSE); two-way by dummies in lm.
    let data = produc();
    let pooled = fit(&data.panel(), Effects::Pooled, Vcov::DriscollKraay { lag: None }).expect("fits");
    assert_eq!(pooled.lag, Some(2));
    let want = [
        0.150_348_464_912_561_4,
        0.036_973_353_238_430_26,
        0.007_644_166_449_249_305,
        0.038_702_384_972_005_2,
        0.002_538_856_108_331_706,
    ];
    close(&pooled.std_errors(), &want, 1e-9);
    let two_way = fit(&data.panel(), Effects::TwoWay, Vcov::DriscollKraay { lag: Some(4) }).expect("fits");
    let want = [
        0.047_016_840_124_236_25,
        0.070_656_561_821_879_63,
        0.071_944_517_853_975_08,
        0.001_957_710_670_408_218,
    ];
    close(&two_way.std_errors(), &want, 1e-9);
    let too_long = fit(&data.panel(), Effects::TwoWay, Vcov::DriscollKraay { lag: Some(17) });
    assert!(matches!(too_long, Err(Error::InvalidOption { .. })));
}

#[test]
fn variance_components_of_an_unbalanced_panel_follow_their_matrices() {
    let data = holed();
    let (got, want) = (components(&data.panel()).expect("components"), dense_components(&data));
    close(&[got.idiosyncratic, got.unit], &want, 1e-8);
}

fn close(got: &[f64], want: &[f64], tolerance: f64) {
    assert_eq!(got.len(), want.len());
    for (g, w) in got.iter().zip(want) {
        assert!((g - w).abs() <= tolerance * w.abs().max(1e-8), "{g:e} {w:e}");
    }
}

#[test]
fn absorbed_effects_are_dummies_under_every_covariance() {
    for data in [produc(), holed()] {
        let panel = data.panel();
        let region =
            factor("region", &data.unit.codes().iter().map(|c| (c % 9).to_string()).collect::<Vec<_>>());
        let time = Index::of(&data.time);
        for (effects, units, periods) in
            [(Effects::Unit, true, false), (Effects::Time, false, true), (Effects::TwoWay, true, true)]
        {
            for clusters in [Index::of(&data.unit), Index::of(&region), time.clone()] {
                for kind in [Kind::Cr0, Kind::Cr2, Kind::Cr3] {
                    let vcov = Vcov::Cluster { kind, clusters: &clusters };
                    let got = fit(&panel, effects, vcov).expect("fits");
                    let x = dummies(&data, units, periods);
                    let want = dense(&data.y, &x, &clusters.codes, clusters.n, kind, 4);
                    close(&got.beta, &want.beta, 1e-9);
                    close(&got.std_errors(), &want.se, 1e-8);
                    if kind != Kind::Cr0 {
                        close(&got.df, &want.df, 1e-6);
                    }
                    assert_eq!(got.df_residual, want.df_residual);
                }
            }
        }
    }
}

#[test]
fn parts_that_no_unit_joins_are_counted() {
    let all = produc();
    let apart: Vec<usize> =
        (0..816).filter(|&i| (all.unit.codes()[i] < 20) == (all.time.codes()[i] < 9)).collect();
    let data = all.keep(&apart);
    let clusters = Index::of(&data.unit);
    let vcov = Vcov::Cluster { kind: Kind::Cr2, clusters: &clusters };
    let got = fit(&data.panel(), Effects::TwoWay, vcov).expect("fits");
    assert_eq!((got.absorbed.components, got.absorbed.rank), (2, 48 + 17 - 2));
    let x = dummies(&data, true, true);
    let want = dense(&data.y, &x, &clusters.codes, clusters.n, Kind::Cr2, 4);
    close(&got.beta, &want.beta, 1e-9);
    close(&got.std_errors(), &want.se, 1e-8);
    close(&got.df, &want.df, 1e-6);
    assert_eq!(got.df_residual, want.df_residual);
}

#[test]
fn means_beside_the_predictors_give_the_within_estimate() {
    for data in [produc(), holed()] {
        let within = fit(&data.panel(), Effects::Unit, CLASSICAL).expect("within");
        let both = fit(&data.panel(), Effects::WithinBetween, CLASSICAL).expect("within-between");
        assert_eq!(both.names[5], "mean(log(pcap))");
        close(&both.beta[1..5], &within.beta, 1e-9);
        let clusters = Index::of(&data.unit);
        let test = regression_form(&data.panel(), &clusters).expect("defined");
        assert!(test.statistic > 0.0 && (0.0..1.0).contains(&test.p_value) && test.df2 == Some(47.0));
    }
}

#[test]
fn a_shift_changes_nothing_and_rows_may_come_in_any_order() {
    let plain = holed();
    let clusters = Index::of(&plain.unit);
    let vcov = Vcov::Cluster { kind: Kind::Cr2, clusters: &clusters };
    let want = fit(&plain.panel(), Effects::TwoWay, vcov).expect("fits");
    let mut moved = plain.keep(&(0..plain.y.len()).collect::<Vec<_>>());
    for column in moved.x.iter_mut().chain([&mut moved.y]) {
        for v in column.iter_mut() {
            *v += 1e6;
        }
    }
    let got = fit(&moved.panel(), Effects::TwoWay, vcov).expect("fits");
    close(&got.beta, &want.beta, 1e-6);
    close(&got.std_errors(), &want.std_errors(), 1e-6);
    let n = plain.y.len();
    let turned = plain.keep(&(0..n).map(|i| i * 7 % n).collect::<Vec<_>>());
    assert_ne!(n % 7, 0);
    let clusters = Index::of(&turned.unit);
    for effects in [Effects::TwoWay, Effects::Random, Effects::FirstDifference, Effects::Between] {
        let kind = Kind::Cr2;
        let got = fit(&turned.panel(), effects, Vcov::Cluster { kind, clusters: &clusters }).expect("fits");
        let plain_clusters = Index::of(&plain.unit);
        let vcov = Vcov::Cluster { kind, clusters: &plain_clusters };
        let want = fit(&plain.panel(), effects, vcov).expect("fits");
        close(&got.beta, &want.beta, 1e-9);
        close(&got.std_errors(), &want.std_errors(), 1e-8);
        close(&got.df, &want.df, 1e-7);
    }
}

#[test]
fn weights_are_variances() {
    let data = produc();
    let w: Vec<f64> = (0..data.y.len()).map(|i| 1.0 + (i % 7) as f64).collect();
    let panel = Panel { weights: Weights::Analytic(&w), ..data.panel() };
    let clusters = Index::of(&data.unit);
    for kind in [Kind::Cr0, Kind::Cr2, Kind::Cr3] {
        let got = fit(&panel, Effects::TwoWay, Vcov::Cluster { kind, clusters: &clusters }).expect("fits");
        let scale = |v: &Vec<f64>| v.iter().zip(&w).map(|(v, w)| v * w.sqrt()).collect::<Vec<_>>();
        let x: Vec<Vec<f64>> = dummies(&data, true, true).iter().map(scale).collect();
        let want = dense(&scale(&data.y), &x, &clusters.codes, clusters.n, kind, 4);
        close(&got.beta, &want.beta, 1e-9);
        close(&got.std_errors(), &want.se, 1e-8);
    }
    assert!(matches!(fit(&panel, Effects::Random, CLASSICAL), Err(Error::InvalidOption { .. })));
}

#[test]
fn the_same_bits_on_any_number_of_threads() {
    let data = holed();
    let clusters = Index::of(&data.unit);
    let bits = |threads| {
        with_threads(threads, || {
            let vcov = Vcov::Cluster { kind: Kind::Cr2, clusters: &clusters };
            let all = [Effects::TwoWay, Effects::Random, Effects::WithinBetween];
            let fits = all.map(|e| fit(&data.panel(), e, vcov).expect("fits"));
            let of =
                |f: &Fit| f.beta.iter().chain(&f.std_errors()).chain(&f.df).map(|v| v.to_bits()).collect();
            fits.iter().map(of).collect::<Vec<Vec<u64>>>()
        })
    };
    assert_eq!(bits(1), bits(2));
    assert_eq!(bits(1), bits(8));
}

#[test]
fn what_cannot_be_estimated_is_refused_by_name() {
    let mut data = produc();
    let state: Vec<f64> = data.unit.codes().iter().map(|&c| f64::from(c % 5)).collect();
    data.x.push(state);
    data.names.push("coast".to_owned());
    let refused = fit(&data.panel(), Effects::Unit, CLASSICAL);
    let Err(Error::Undefined { what, reason }) = refused else { panic!("{refused:?}") };
    assert!(what.contains("\"coast\"") && reason.contains("unit effects"), "{what} {reason}");
    let both = fit(&data.panel(), Effects::WithinBetween, CLASSICAL).expect("constant predictors enter once");
    assert_eq!(both.names.len(), 10);
    data.x.pop();
    data.x.push(data.x[0].iter().map(|v| 2.0 * v).collect());
    assert!(
        matches!(fit(&data.panel(), Effects::Unit, CLASSICAL), Err(Error::Aliased { columns }) if columns == ["coast"])
    );
    let data = produc();
    let one = factor("all", &vec!["a".to_owned(); data.y.len()]);
    let single = Index::of(&one);
    let vcov = Vcov::Cluster { kind: Kind::Cr2, clusters: &single };
    assert!(matches!(fit(&data.panel(), Effects::Unit, vcov), Err(Error::TooFew { got: 1, .. })));
    let twice = data.keep(&[0, 1, 2, 1, 20, 21]);
    let got = fit(&twice.panel(), Effects::Pooled, CLASSICAL);
    assert!(matches!(got, Err(Error::Duplicate { ref rows, .. }) if rows == &[3]), "{got:?}");
    let year = data.keep(&(0..816).step_by(17).collect::<Vec<_>>());
    assert!(matches!(fit(&year.panel(), Effects::TwoWay, CLASSICAL), Err(Error::TooFew { got: 1, .. })));
}
