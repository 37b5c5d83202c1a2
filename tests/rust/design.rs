//! Design matrices from the R formulas of the reference cases (test side only).
//!
//! [`design`] reads a data set and its `.meta.json` and gives the response, the columns with their
//! names, and the rows used. Understood: `a + b`, `a * b`, `a:b`, groups in brackets, `0 +`, `- 1`;
//! atoms `log(x)`, `I(x^2)`, `scale(x)`, `factor(v)`, any arithmetic of columns; `(x | g)`,
//! `strata(g)` and `offset(e)` are set aside. Responses: a column, `log(y)`, `cbind(a, b - a)`,
//! `I(y == 'Yes')`; a category gives its 0-based level. A factor takes treatment contrasts where
//! the term without it is in the model, a dummy for every level otherwise (R's rule).

use std::collections::HashMap;

use ndarray::Array2;
use serde_json::Value;

use crate::reference::{folder, text_column};

/// A data set as text columns, with the levels of its categories.
pub struct Frame {
    dataset: String,
    columns: HashMap<String, Vec<String>>,
    levels: HashMap<String, Vec<String>>,
    n: usize,
}

/// The pieces of a formula evaluated on a data set, rows with a missing value dropped.
pub struct Design {
    /// The left side: one column, or as many as `cbind` has.
    pub response: Vec<Vec<f64>>,
    /// The columns of the right side.
    pub x: Array2<f64>,
    /// Their names, as the reference cases spell them.
    pub names: Vec<String>,
    /// The rows of the data set that were used (0-based).
    pub rows: Vec<usize>,
    /// The insides of `(x | g)`, in order.
    pub random: Vec<String>,
    /// The columns named in `strata(g)`.
    pub strata: Vec<String>,
    /// The sum of the `offset(e)`, if any.
    pub offset: Option<Vec<f64>>,
}

/// Values of one atom: numbers, or a factor's codes with level names as printed.
enum Atom {
    Numbers(Vec<Option<f64>>),
    Factor(Vec<Option<usize>>, Vec<String>),
}

impl Frame {
    /// Reads the types of `dataset`; columns are read when asked for.
    pub fn read(dataset: &str) -> Self {
        let path = folder().expect("folder").join("data").join(format!("{dataset}.meta.json"));
        let meta: Value =
            serde_json::from_str(&std::fs::read_to_string(path).expect("readable")).expect("json");
        let mut frame = Self {
            dataset: dataset.to_owned(),
            columns: HashMap::new(),
            levels: HashMap::new(),
            n: usize::try_from(meta["rows"].as_u64().expect("rows")).expect("few rows"),
        };
        for column in meta["columns"].as_array().expect("columns") {
            let name = column["name"].as_str().expect("name");
            let text = text_column(&frame.dataset, name);
            if let Some(levels) = column["levels"].as_array() {
                let levels = levels.iter().map(|l| l.as_str().expect("level").to_owned()).collect();
                frame.levels.insert(name.to_owned(), levels);
            } else if column["type"] == "string" {
                frame.levels.insert(name.to_owned(), distinct(&text));
            }
            frame.columns.insert(name.to_owned(), text);
        }
        frame
    }

    fn text(&self, name: &str) -> &[String] {
        self.columns.get(name).unwrap_or_else(|| panic!("no column {name} in {}", self.dataset))
    }

    /// A numeric or logical column; empty cells are `None`.
    pub fn numbers(&self, name: &str) -> Vec<Option<f64>> {
        let number = |cell: &String| match cell.as_str() {
            "" | "NA" => None,
            "true" | "TRUE" => Some(1.0),
            "false" | "FALSE" => Some(0.0),
            text => Some(text.parse().unwrap_or_else(|_| panic!("{name}: {text} is no number"))),
        };
        self.text(name).iter().map(number).collect()
    }

    /// The 0-based level of each row and the levels of a column: of a category those of its meta
    /// data, of any other column its distinct values, numbers in ascending order.
    pub fn codes(&self, name: &str) -> (Vec<Option<usize>>, Vec<String>) {
        let text = self.text(name);
        let levels = self.levels.get(name).cloned().unwrap_or_else(|| distinct(text));
        let at: HashMap<&str, usize> = levels.iter().enumerate().map(|(i, l)| (l.as_str(), i)).collect();
        (text.iter().map(|cell| at.get(cell.as_str()).copied()).collect(), levels.clone())
    }

    fn atom(&self, atom: &str) -> Atom {
        if let Some(inner) = call(atom, "factor") {
            let (codes, levels) = self.codes(inner);
            return Atom::Factor(codes, levels.iter().map(|l| format!("{atom}{l}")).collect());
        }
        if self.levels.contains_key(atom) {
            let (codes, levels) = self.codes(atom);
            return Atom::Factor(codes, levels.iter().map(|l| format!("{atom}={l}")).collect());
        }
        Atom::Numbers(self.evaluate(atom))
    }

    /// A response: numbers, or the 0-based level of a category.
    fn response(&self, text: &str) -> Vec<Option<f64>> {
        match self.atom(text) {
            Atom::Numbers(v) => v,
            Atom::Factor(codes, _) => codes.into_iter().map(|c| c.map(|c| c as f64)).collect(),
        }
    }

    /// Arithmetic over columns; a row is `None` where a column it needs is.
    pub fn evaluate(&self, text: &str) -> Vec<Option<f64>> {
        let text = text.trim();
        type Function = (&'static str, fn(f64) -> f64);
        let functions: [Function; 4] = [("", |v| v), ("I", |v| v), ("log", f64::ln), ("sqrt", f64::sqrt)];
        for (name, f) in functions {
            if let Some(inner) = call(text, name) {
                return self.evaluate(inner).into_iter().map(|v| v.map(f)).collect();
            }
        }
        if let Some((a, b)) = text.split_once("==") {
            let (codes, levels) = self.codes(a.trim());
            let wanted = b.trim().trim_matches(['\'', '"']);
            return codes.iter().map(|c| c.map(|c| f64::from(u8::from(levels[c] == wanted)))).collect();
        }
        for pair in [['+', '-'], ['*', '/'], ['^', '^']] {
            // The last operator at the top level: all but ^ group from the left.
            if let Some(at) = operators(text, &pair).pop() {
                let (a, b) = (self.evaluate(&text[..at]), self.evaluate(&text[at + 1..]));
                let operate: fn(f64, f64) -> f64 = match &text[at..=at] {
                    "+" => |a, b| a + b,
                    "-" => |a, b| a - b,
                    "*" => |a, b| a * b,
                    "/" => |a, b| a / b,
                    _ => f64::powf,
                };
                return a.iter().zip(&b).map(|(a, b)| Some(operate((*a)?, (*b)?))).collect();
            }
        }
        match (text.parse::<f64>(), call(text, "scale")) {
            (Ok(number), _) => vec![Some(number); self.n],
            (_, Some(inner)) => scale(&self.evaluate(inner)),
            _ => self.numbers(text),
        }
    }
}

/// (x − mean)/standard deviation over the rows that have a value.
fn scale(x: &[Option<f64>]) -> Vec<Option<f64>> {
    let known: Vec<f64> = x.iter().flatten().copied().collect();
    let n = known.len() as f64;
    let mean = known.iter().sum::<f64>() / n;
    let sd = (known.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (n - 1.0)).sqrt();
    x.iter().map(|v| v.map(|v| (v - mean) / sd)).collect()
}

/// The distinct non-empty values: ascending as numbers where all are numbers, else as text.
fn distinct(text: &[String]) -> Vec<String> {
    let mut values: Vec<String> = text.iter().filter(|t| !t.is_empty()).cloned().collect();
    let number = |t: &String| t.parse::<f64>().ok();
    if values.iter().all(|t| number(t).is_some()) {
        values.sort_by(|a, b| number(a).partial_cmp(&number(b)).expect("numbers"));
    } else {
        values.sort();
    }
    values.dedup();
    values
}

/// The inside of `name(…)` where the bracket spans the whole text.
fn call<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let inner = text.trim().strip_prefix(name)?.strip_prefix('(')?.strip_suffix(')')?;
    let mut depth = 0_i32;
    for c in inner.chars() {
        depth += i32::from(c == '(') - i32::from(c == ')');
        if depth < 0 {
            return None;
        }
    }
    Some(inner.trim())
}

/// Positions of the given characters outside brackets (not at the start: a sign is no operator).
fn operators(text: &str, wanted: &[char]) -> Vec<usize> {
    let mut depth = 0_i32;
    let mut found = Vec::new();
    for (at, c) in text.char_indices() {
        depth += i32::from(c == '(') - i32::from(c == ')');
        if depth == 0 && at > 0 && wanted.contains(&c) {
            found.push(at);
        }
    }
    found
}

/// The pieces between the given characters outside brackets, each with the character before it.
fn pieces<'a>(text: &'a str, wanted: &[char]) -> Vec<(char, &'a str)> {
    let mut out = Vec::new();
    let (mut start, mut before) = (0, wanted[0]);
    for at in operators(text, wanted) {
        out.push((before, text[start..at].trim()));
        before = text[at..].chars().next().expect("an operator");
        start = at + 1;
    }
    out.push((before, text[start..].trim()));
    out
}

/// The right side taken apart: terms are sorted lists of atoms in order of first mention.
#[derive(Default)]
struct RightSide {
    terms: Vec<Vec<String>>,
    dropped_intercept: bool,
    random: Vec<String>,
    strata: Vec<String>,
    offset: Vec<String>,
}

impl RightSide {
    fn add(&mut self, text: &str) {
        for (sign, piece) in pieces(text, &['+', '-']) {
            let inner = call(piece, "");
            if sign == '-' && piece == "1" || piece == "0" {
                self.dropped_intercept = true;
            } else if let Some(random) = inner.filter(|i| !operators(i, &['|']).is_empty()) {
                self.random.push(random.to_owned());
            } else if let Some(column) = call(piece, "strata") {
                self.strata.push(column.to_owned());
            } else if let Some(offset) = call(piece, "offset") {
                self.offset.push(offset.to_owned());
            } else {
                for term in crossed(piece) {
                    if term != ["1"] && !self.terms.contains(&term) {
                        self.terms.push(term);
                    }
                }
            }
        }
    }
}

/// The terms of `a * b:c`, each a list of atoms.
fn crossed(text: &str) -> Vec<Vec<String>> {
    let factors = pieces(text, &['*']);
    let mut out: Vec<Vec<String>> = vec![Vec::new()];
    for (_, factor) in &factors {
        let joint = pieces(factor, &[':']).iter().fold(vec![Vec::new()], |so_far, (_, atom)| {
            let atoms = match call(atom, "") {
                Some(group) => {
                    let mut inner = RightSide::default();
                    inner.add(group);
                    inner.terms
                }
                None => vec![vec![(*atom).to_owned()]],
            };
            product(&so_far, &atoms)
        });
        let with = product(&out, &joint);
        out.extend(with);
    }
    out.retain(|term| !term.is_empty());
    out
}

fn product(a: &[Vec<String>], b: &[Vec<String>]) -> Vec<Vec<String>> {
    let join = |x: &Vec<String>, y: &Vec<String>| {
        let mut term = x.clone();
        term.extend(y.iter().filter(|atom| !x.contains(atom)).cloned());
        term
    };
    a.iter().flat_map(|x| b.iter().map(move |y| join(x, y))).collect()
}

/// The design of `formula` on `dataset`.
pub fn design(dataset: &str, formula: &str) -> Design {
    design_with(&Frame::read(dataset), formula, &[])
}

/// The design of `formula`; rows that lack a value in one of the columns `also` are dropped too.
pub fn design_with(frame: &Frame, formula: &str, also: &[&str]) -> Design {
    let (left, right) = formula.split_once('~').unwrap_or(("", formula));
    let mut right_side = RightSide::default();
    right_side.add(right);
    let mut terms = right_side.terms.clone();
    terms.sort_by_key(Vec::len);
    let left = match call(left, "cbind") {
        Some(inner) => pieces(inner, &[',']).into_iter().map(|(_, t)| t).collect(),
        None if left.trim().is_empty() => Vec::new(),
        None => vec![left.trim()],
    };
    let response: Vec<Vec<Option<f64>>> = left.iter().map(|t| frame.response(t)).collect();
    let offsets: Vec<_> = right_side.offset.iter().map(|t| frame.evaluate(t)).collect();
    let mut columns: Vec<(String, Vec<Option<f64>>)> = Vec::new();
    if !right_side.dropped_intercept {
        columns.push(("(Intercept)".to_owned(), vec![Some(1.0); frame.n]));
    }
    // Without an intercept the first factor that stands alone takes its place.
    let mut intercept = !right_side.dropped_intercept;
    for term in &terms {
        columns.extend(term_columns(frame, term, &terms, intercept));
        intercept |= term.len() == 1 && matches!(frame.atom(&term[0]), Atom::Factor(..));
    }
    let known = |i: usize| {
        let has = |v: &Vec<Option<f64>>| v[i].is_some();
        response.iter().all(has)
            && offsets.iter().all(has)
            && columns.iter().all(|(_, v)| has(v))
            && right_side.strata.iter().map(String::as_str).chain(also.iter().copied()).all(|name| {
                let cell = &frame.text(name)[i];
                !cell.is_empty() && cell != "NA"
            })
    };
    let rows: Vec<usize> = (0..frame.n).filter(|&i| known(i)).collect();
    let take = |v: &Vec<Option<f64>>| rows.iter().map(|&i| v[i].expect("known")).collect::<Vec<f64>>();
    Design {
        response: response.iter().map(take).collect(),
        x: Array2::from_shape_fn((rows.len(), columns.len()), |(i, j)| columns[j].1[rows[i]].expect("known")),
        names: columns.iter().map(|(name, _)| name.clone()).collect(),
        offset: (!offsets.is_empty())
            .then(|| rows.iter().map(|&i| offsets.iter().map(|o| o[i].expect("known")).sum()).collect()),
        rows,
        random: right_side.random,
        strata: right_side.strata,
    }
}

/// The columns of one term, the first atom varying fastest.
fn term_columns(
    frame: &Frame,
    term: &[String],
    terms: &[Vec<String>],
    intercept: bool,
) -> Vec<(String, Vec<Option<f64>>)> {
    let mut out: Vec<(String, Vec<Option<f64>>)> = vec![(String::new(), vec![Some(1.0); frame.n])];
    for atom in term {
        let margin: Vec<&String> = term.iter().filter(|a| *a != atom).collect();
        let same = |t: &&Vec<String>| t.len() == margin.len() && margin.iter().all(|a| t.contains(a));
        let contrasts = if margin.is_empty() { intercept } else { terms.iter().any(|t| same(&t)) };
        let parts: Vec<(String, Vec<Option<f64>>)> = match frame.atom(atom) {
            Atom::Numbers(v) => vec![(atom.clone(), v)],
            Atom::Factor(codes, levels) => (usize::from(contrasts)..levels.len())
                .map(|l| {
                    let dummy =
                        codes.iter().map(|c| c.map(|c| f64::from(u8::from(c == l)))).collect::<Vec<_>>();
                    (levels[l].clone(), dummy)
                })
                .collect(),
        };
        let before = out;
        out = Vec::new();
        for (name, part) in &parts {
            for (earlier, values) in &before {
                let joined = if earlier.is_empty() { name.clone() } else { format!("{earlier}:{name}") };
                let both = values.iter().zip(part).map(|(a, b)| Some((*a)? * (*b)?)).collect();
                out.push((joined, both));
            }
        }
    }
    out
}

#[test]
fn formulas_of_the_cases_give_the_columns_they_name() {
    if folder().is_none() {
        return;
    }
    let d = design("warpbreaks", "breaks ~ wool * tension");
    let expected =
        ["(Intercept)", "wool=B", "tension=M", "tension=H", "wool=B:tension=M", "wool=B:tension=H"];
    assert_eq!(d.names, expected);
    assert_eq!(d.x.column(5).sum(), 9.0);
    let d = design("birthwt", "I(race == 'black') ~ 0 + log(lwt) + I(age^2) + race + factor(ftv)");
    assert_eq!(d.names[..5], ["log(lwt)", "I(age^2)", "race=white", "race=black", "race=other"]);
    assert_eq!(d.names[5], "factor(ftv)1");
    assert_eq!((d.x[[0, 0]], d.x[[0, 1]]), (182_f64.ln(), 361.0));
    assert_eq!(d.response[0].iter().sum::<f64>(), d.x.column(3).sum());
    let d = design(
        "lizards",
        "cbind(grahami, grahami + opalinus) ~ height + (1 | time) + offset(log(opalinus + 1))",
    );
    assert_eq!((d.response[1][0], d.random.as_slice()), (22.0, ["1 | time".to_owned()].as_slice()));
    assert_eq!(d.offset.expect("offset")[0], 3_f64.ln());
    let d = design("birthwt", "low ~ 1 + lwt:race + scale(age) - 1 + strata(smoke)");
    assert_eq!(d.names, ["scale(age)", "lwt:race=white", "lwt:race=black", "lwt:race=other"]);
    assert!((d.strata == ["smoke"]) && d.x.column(0).sum().abs() < 1e-10);
    let d = design_with(&Frame::read("logan"), "~ (tocc + education) : race", &["focc"]);
    assert_eq!((d.names.len(), d.rows.len()), (1 + 10 + 2, 4190));
}
