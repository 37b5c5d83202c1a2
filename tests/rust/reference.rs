//! Reading `../shared/reference`: cases that others computed. Absent folder: [`cases`] says so and gives none.

use std::path::PathBuf;

use regex::Regex;
use serde_json::Value;

/// The folder of reference cases, if this checkout has it beside it.
pub fn folder() -> Option<PathBuf> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared/reference");
    if path.is_dir() {
        return Some(path);
    }
    println!("skipped: no ../shared/reference beside the project");
    None
}

/// Every case of one family, in file-name order.
pub fn cases(family: &str) -> Vec<Value> {
    let Some(root) = folder() else { return Vec::new() };
    let mut paths: Vec<PathBuf> = std::fs::read_dir(root.join("cases").join(family))
        .expect("family folder")
        .map(|entry| entry.expect("entry").path())
        .collect();
    paths.sort();
    let read = |p: PathBuf| std::fs::read_to_string(p).expect("readable");
    paths.into_iter().map(|p| serde_json::from_str(&read(p)).expect("json")).collect()
}

/// One numeric column of a data set; an empty cell is `None`.
pub fn column(dataset: &str, name: &str) -> Vec<Option<f64>> {
    text_column(dataset, name)
        .into_iter()
        .map(|cell| (!cell.is_empty()).then(|| cell.parse().expect("number")))
        .collect()
}

/// One column of a data set as text.
pub fn text_column(dataset: &str, name: &str) -> Vec<String> {
    let path = folder().expect("folder").join("data").join(format!("{dataset}.csv"));
    let text = std::fs::read_to_string(path).expect("readable");
    let mut lines = text.lines();
    let header = cells(lines.next().expect("header"));
    let at = header.iter().position(|h| h == name).unwrap_or_else(|| panic!("no column {name}"));
    lines.map(|line| cells(line)[at].clone()).collect()
}

/// The cells of one CSV line, double quotes removed.
fn cells(line: &str) -> Vec<String> {
    let mut out = vec![String::new()];
    let mut quoted = false;
    for c in line.chars() {
        match c {
            '"' => quoted = !quoted,
            ',' if !quoted => out.push(String::new()),
            _ => out.last_mut().expect("one cell at least").push(c),
        }
    }
    out
}

/// Asserts that `got` meets the digits (or the absolute difference) that `case` asks for `key`.
pub fn assert_key(case: &Value, key: &str, got: f64) {
    let want = match &case["expected"][key] {
        Value::Number(n) => n.as_f64().expect("finite"),
        Value::String(s) if s == "Inf" => f64::INFINITY,
        Value::String(s) if s == "-Inf" => f64::NEG_INFINITY,
        other => panic!("{}: key {key} expected {other}", case["id"]),
    };
    let tolerance = &case["tolerance"];
    let mut digits = tolerance["lre"].as_f64().expect("lre");
    for rule in tolerance["by_key"].as_array().into_iter().flatten() {
        let pattern = Regex::new(rule["pattern"].as_str().expect("pattern")).expect("regex");
        if pattern.is_match(key) {
            digits = rule["lre"].as_f64().expect("lre of key");
        }
    }
    if want == got || absolute(tolerance, key).is_some_and(|a| (got - want).abs() <= a) {
        return;
    }
    let relative = if want == 0.0 { got.abs() } else { (got - want).abs() / want.abs() };
    let lre = -relative.log10();
    assert!(lre >= digits, "{} {key}: got {got:e}, want {want:e}: {lre:.2} digits of {digits}", case["id"]);
}

/// The absolute difference that also passes for `key`, where the case names one.
fn absolute(tolerance: &Value, key: &str) -> Option<f64> {
    let rules = tolerance["abs"].as_array()?;
    let applies =
        |rule: &&Value| Regex::new(rule["pattern"].as_str().expect("pattern")).expect("regex").is_match(key);
    rules.iter().rev().find(applies)?["abs"].as_f64()
}

#[test]
fn quoted_cells_are_read() {
    assert_eq!(cells("a,\"b, c\",d"), ["a", "b, c", "d"]);
}
