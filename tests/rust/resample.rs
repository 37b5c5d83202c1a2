//! Bootstrap intervals against R's boot on its own replicates.

use gofal::resample::interval::{Kind, bias_and_error, interval};
use gofal::resample::jackknife::acceleration_of_influence;

use crate::reference::{assert_key, cases, column};

#[test]
fn intervals_of_given_replicates_agree_with_boot() {
    for case in cases("bootstrap_ci") {
        let set = |role: &str| {
            case["dataset"][role].as_str().unwrap_or_else(|| panic!("{}", case["dataset"])).to_owned()
        };
        let get = |name: &str, c: &str| -> Vec<f64> { column(name, c).into_iter().flatten().collect() };
        let t0 = case["args"]["t0"].as_f64().expect("t0");
        let t = get(&set("data"), "replicate");
        let a = acceleration_of_influence(&get(&set("influence"), "influence"));
        let (bias, se) = bias_and_error(&t, t0).expect("replicates");
        assert_key(&case, "bias", bias);
        assert_key(&case, "se", se);
        let kinds =
            [(Kind::Normal, "norm"), (Kind::Basic, "basic"), (Kind::Percentile, "perc"), (Kind::Bca, "bca")];
        for (kind, key) in kinds {
            let (low, high) = interval(kind, &mut t.clone(), t0, 0.95, a).expect("interval");
            assert_key(&case, &format!("{key}_lower"), low);
            assert_key(&case, &format!("{key}_upper"), high);
        }
    }
}
