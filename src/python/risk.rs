//! Bindings of the risk family and of pooling.

use ndarray::{Array1, Array2};
use pyo3::prelude::*;

use crate::design::{Factor, Sample, Weights};
use crate::error::{Error, Result};
use crate::frame::{NumericColumn, TableBuilder};
use crate::pooling;
use crate::python::door::enter_short;
use crate::python::input::InTable;
use crate::python::output::OutTable;
use crate::risk::cells::{Cells, by_stratum};
use crate::risk::evalue as bias;
use crate::risk::evalue::Scale;
use crate::risk::exact::{Limits, exact};
use crate::risk::homogeneity::homogeneity;
use crate::risk::mantel_haenszel::mantel_haenszel as common;
use crate::risk::measures::{Measure, Zero, estimates, measures};

/// The four counts of a stratum: a, b, c, d.
type Counts = (f64, f64, f64, f64);

/// Counts by stratum, the strata's labels, rows used and rows dropped.
type Counted = (Vec<Counts>, Vec<String>, usize, usize);

/// Counts a 2 × 2 table, one per level of the strata columns (in order of appearance).
#[pyfunction]
#[pyo3(signature = (table, outcome, exposure, strata, weight=None, threads=0))]
pub fn risk_cells(
    py: Python<'_>,
    table: InTable,
    outcome: &str,
    exposure: &str,
    strata: Vec<String>,
    weight: Option<&str>,
    threads: usize,
) -> PyResult<Counted> {
    enter_short(py, threads, || {
        let frame = table.0.not_empty()?;
        let names: Vec<&str> = [Some(outcome), Some(exposure), weight].into_iter().flatten().collect();
        let read: Vec<NumericColumn<'_>> = names.iter().map(|n| frame.finite(n)).collect::<Result<_>>()?;
        let labels = strata.iter().map(|name| frame.text(name)).collect::<Result<Vec<_>>>()?;
        let present: Vec<Vec<bool>> =
            labels.iter().map(|l| l.iter().map(Option::is_some).collect()).collect();
        let masks: Vec<Option<&[bool]>> =
            read.iter().map(NumericColumn::mask).chain(present.iter().map(|m| Some(&m[..]))).collect();
        let sample = Sample::complete(frame.n_rows(), &masks);
        let taken: Vec<_> = read.iter().map(|c| sample.take(&c.values)).collect();
        let n = sample.n_obs();
        let joined: Vec<String> = (0..n)
            .map(|i| {
                let row = sample.original(i);
                labels.iter().filter_map(|l| l[row].as_deref()).collect::<Vec<_>>().join(", ")
            })
            .collect();
        let groups = Factor::from_labels("strata", joined.iter().map(|s| Some(s.as_str())));
        let weights = if weight.is_some() { Weights::Frequency(&taken[2]) } else { Weights::Unit };
        let cells = by_stratum(
            (&taken[0], outcome),
            (&taken[1], exposure),
            groups.codes(),
            groups.levels().len(),
            weights,
            weight.unwrap_or("weight"),
        )?;
        let (n1, n0) = cells.iter().fold((0.0, 0.0), |(e, u), t| (e + t.n1(), u + t.n0()));
        if n1 == 0.0 || n0 == 0.0 {
            return Err(Error::Constant { column: exposure.to_owned(), n });
        }
        let counts = cells.iter().map(|t| (t.a, t.b, t.c, t.d)).collect();
        Ok((counts, groups.levels().to_vec(), n, sample.n_missing()))
    })
}

/// Rows of a table of measures.
struct Rows {
    terms: Vec<&'static str>,
    methods: Vec<&'static str>,
    intervals: Vec<&'static str>,
    measures: Vec<Measure>,
    p_values: Vec<Option<f64>>,
    reasons: Vec<Option<String>>,
}

impl Rows {
    fn new(terms: &[&'static str], method: &'static str, measures: Vec<Measure>) -> Self {
        let n = terms.len();
        Self {
            terms: terms.to_vec(),
            methods: measures.iter().map(|m| if m.corrected { "haldane" } else { method }).collect(),
            intervals: vec!["wald"; n],
            reasons: measures.iter().map(|m| m.reason.map(str::to_owned)).collect(),
            measures,
            p_values: vec![None; n],
        }
    }

    /// Puts the conditional odds ratio into row `at`, or the reason why there is none.
    fn conditional(&mut self, at: usize, strata: &[Cells], limits: Limits, conf_level: f64) -> Result<()> {
        self.methods[at] = "conditional";
        self.intervals[at] = if limits == Limits::MidP { "midp" } else { "exact" };
        match exact(strata, limits, conf_level) {
            Ok(e) => {
                self.measures[at] = Measure::new(e.odds_ratio, e.low, e.high);
                (self.p_values[at], self.reasons[at]) = (Some(e.p_value), None);
            }
            Err(Error::Undefined { reason, .. }) => {
                self.measures[at] = Measure::missing("");
                self.reasons[at] = Some(reason);
            }
            Err(other) => return Err(other),
        }
        Ok(())
    }

    fn table(self) -> Result<arrow_array::RecordBatch> {
        let limit = |pick: fn((f64, f64)) -> f64| self.measures.iter().map(|m| m.limits.map(pick)).collect();
        TableBuilder::new()
            .text("term", &self.terms)
            .f64_opt("estimate", self.measures.iter().map(|m| m.value).collect())
            .f64_opt("conf_low", limit(|l| l.0))
            .f64_opt("conf_high", limit(|l| l.1))
            .f64_opt("p_value", self.p_values)
            .text("method", &self.methods)
            .text("interval", &self.intervals)
            .text_opt("reason", self.reasons.iter().map(Option::as_ref))
            .build()
    }
}

fn limits_of(interval: &str) -> Result<Limits> {
    match interval {
        "exact" => Ok(Limits::Fisher),
        "midp" => Ok(Limits::MidP),
        other => Err(Error::option("interval", "\"wald\", \"exact\" or \"midp\"", other)),
    }
}

const TERMS: [&str; 6] = [
    "odds_ratio",
    "risk_ratio",
    "risk_difference",
    "risk_difference_per_1000",
    "attributable_fraction_exposed",
    "attributable_fraction_population",
];

/// A table with Pearson's chi-square and its p.
type Tested = (OutTable, Option<f64>, Option<f64>);

/// Measures of one table: cases and totals of both groups; with Pearson's chi-square and its p.
#[pyfunction]
pub fn risk_measures(
    py: Python<'_>,
    exposed: (f64, f64),
    unexposed: (f64, f64),
    zero: &str,
    interval: &str,
    conf_level: f64,
) -> PyResult<Tested> {
    enter_short(py, 1, || {
        let zero = match zero {
            "not_available" => Zero::NotAvailable,
            "haldane" => Zero::Haldane,
            other => return Err(Error::option("zero", "\"not_available\" or \"haldane\"", other)),
        };
        let cells = Cells::from_totals(exposed.0, exposed.1, unexposed.0, unexposed.1)?;
        let m = measures(&cells, zero, conf_level)?;
        let rd = m.risk_difference;
        let thousand = Measure {
            value: rd.value.map(|v| 1000.0 * v),
            limits: rd.limits.map(|(low, high)| (1000.0 * low, 1000.0 * high)),
            ..rd
        };
        let all = vec![m.odds_ratio, m.risk_ratio, rd, thousand, m.af_exposed, m.af_population];
        let mut rows = Rows::new(&TERMS, "standard", all);
        if interval != "wald" {
            rows.conditional(0, &[cells], limits_of(interval)?, conf_level)?;
        }
        Ok((rows.table()?, m.chi2, m.p_value))
    })
    .map(|(t, x, p)| (OutTable::from(t), x, p))
}

/// Least and greatest estimate of each measure when the cases lie in ranges; `None` where one is 0/0.
#[pyfunction]
pub fn risk_ranges(
    py: Python<'_>,
    exposed: (f64, f64),
    n_exposed: f64,
    unexposed: (f64, f64),
    n_unexposed: f64,
) -> PyResult<Vec<(Option<f64>, Option<f64>)>> {
    enter_short(py, 1, || {
        // Every measure rises with the exposed cases and falls with the unexposed ones.
        let low = estimates(&Cells::from_totals(exposed.0, n_exposed, unexposed.1, n_unexposed)?);
        let high = estimates(&Cells::from_totals(exposed.1, n_exposed, unexposed.0, n_unexposed)?);
        let thousand = |v: Option<f64>| v.map(|v| 1000.0 * v);
        let mut out: Vec<_> = low.into_iter().zip(high).collect();
        out.insert(3, (thousand(low[2]), thousand(high[2])));
        Ok(out)
    })
}

/// Common measures of strata; and the tests: association without and with correction, homogeneity.
#[pyfunction]
pub fn mantel_haenszel(
    py: Python<'_>,
    strata: Vec<Counts>,
    interval: &str,
    conf_level: f64,
) -> PyResult<(OutTable, OutTable, usize)> {
    enter_short(py, 1, || {
        let cells: Vec<Cells> = strata.iter().map(|&(a, b, c, d)| Cells { a, b, c, d }).collect();
        let m = common(&cells, conf_level);
        let all = vec![m.odds_ratio, Measure::missing(""), m.risk_ratio, m.risk_difference];
        let terms = ["odds_ratio", "odds_ratio_conditional", "risk_ratio", "risk_difference"];
        let mut rows = Rows::new(&terms, "mantel_haenszel", all);
        rows.conditional(1, &cells, limits_of(interval)?, conf_level)?;
        let same = m.odds_ratio.value.and_then(|psi| homogeneity(&cells, psi));
        let tests = [
            m.cmh.map(|(x, p)| (x, 1.0, p)),
            m.cmh_corrected.map(|(x, p)| (x, 1.0, p)),
            same.map(|h| (h.breslow_day, h.df, h.p_breslow_day)),
            same.map(|h| (h.tarone, h.df, h.p_tarone)),
        ];
        let tests = TableBuilder::new()
            .text("term", ["cmh", "cmh_corrected", "breslow_day", "tarone"])
            .f64_opt("statistic", tests.iter().map(|t| t.map(|t| t.0)).collect())
            .f64_opt("df", tests.iter().map(|t| t.map(|t| t.1)).collect())
            .f64_opt("p_value", tests.iter().map(|t| t.map(|t| t.2)).collect())
            .build()?;
        Ok((rows.table()?, tests, m.n_informative))
    })
    .map(|(rows, tests, n)| (OutTable::from(rows), OutTable::from(tests), n))
}

/// Risk ratio, its limits, E-value of the estimate and of the limit.
type EValues = (f64, Option<(f64, f64)>, f64, Option<f64>);

/// E-values of an estimate on a scale.
#[pyfunction]
pub fn evalue(
    py: Python<'_>,
    estimate: f64,
    limits: Option<(f64, f64)>,
    true_value: f64,
    measure: &str,
    rare: bool,
) -> PyResult<EValues> {
    enter_short(py, 1, || {
        let scale = match measure {
            "risk_ratio" | "rate_ratio" => Scale::RiskRatio,
            "odds_ratio" => Scale::OddsRatio { rare },
            "hazard_ratio" => Scale::HazardRatio { rare },
            "standardised_difference" => Scale::StandardisedDifference,
            other => return Err(Error::option("measure", "a ratio or \"standardised_difference\"", other)),
        };
        let e = bias::evalue(estimate, limits, true_value, scale)?;
        Ok((e.risk_ratio, e.limits, e.estimate, e.limit))
    })
}

/// E-values of a risk difference from cases and totals.
#[pyfunction]
pub fn evalue_difference(
    py: Python<'_>,
    exposed: (f64, f64),
    unexposed: (f64, f64),
    true_value: f64,
    conf_level: f64,
) -> PyResult<EValues> {
    enter_short(py, 1, || {
        let cells = Cells::from_totals(exposed.0, exposed.1, unexposed.0, unexposed.1)?;
        let e = bias::risk_difference(&cells, true_value, conf_level)?;
        Ok((e.risk_ratio, e.limits, e.estimate, e.limit))
    })
}

/// The most by which a confounder of the given strengths can inflate a risk ratio.
#[pyfunction]
pub fn bounding_factor(py: Python<'_>, rr_eu: f64, rr_ud: f64) -> PyResult<f64> {
    enter_short(py, 1, || bias::bounding_factor(rr_eu, rr_ud))
}

/// Rubin's rules term by term: one list of estimates and one of variances per term.
#[pyfunction]
pub fn pool(
    py: Python<'_>,
    terms: Vec<String>,
    estimates: Vec<Vec<f64>>,
    variances: Vec<Vec<f64>>,
    df_complete: f64,
    conf_level: f64,
) -> PyResult<OutTable> {
    enter_short(py, 1, || {
        let pooled = estimates
            .iter()
            .zip(&variances)
            .map(|(q, u)| pooling::pool(q, u, df_complete))
            .collect::<Result<Vec<_>>>()?;
        let tested: Vec<_> = pooled.iter().map(|p| p.inference(conf_level)).collect();
        let column = |pick: fn(&pooling::Pooled) -> f64| -> Vec<f64> { pooled.iter().map(pick).collect() };
        TableBuilder::new()
            .text("term", &terms)
            .f64("estimate", column(|p| p.estimate))
            .f64("std_error", column(pooling::Pooled::std_error))
            .f64("statistic", tested.iter().map(|t| t.0).collect())
            .f64("df", column(|p| p.df))
            .f64("p_value", tested.iter().map(|t| t.1).collect())
            .f64("conf_low", tested.iter().map(|t| t.2.0).collect())
            .f64("conf_high", tested.iter().map(|t| t.2.1).collect())
            .f64("variance_within", column(|p| p.within))
            .f64("variance_between", column(|p| p.between))
            .f64("riv", column(|p| p.riv))
            .f64("lambda", column(|p| p.lambda))
            .f64("fmi", column(|p| p.fmi))
            .build()
    })
    .map(OutTable::from)
}

/// D₁ over imputations: estimates (m × k) and covariances (m × k × k): (F, df1, df2, p, riv).
#[pyfunction]
pub fn pool_joint(
    py: Python<'_>,
    estimates: Vec<Vec<f64>>,
    covariances: Vec<Vec<Vec<f64>>>,
    df_complete: f64,
) -> PyResult<(f64, f64, f64, f64, f64)> {
    enter_short(py, 1, || {
        let q: Vec<Array1<f64>> = estimates.into_iter().map(Array1::from).collect();
        let u = covariances
            .into_iter()
            .map(|rows| {
                let k = rows.len();
                let flat: Vec<f64> = rows.into_iter().flatten().collect();
                let got = flat.len();
                Array2::from_shape_vec((k, k), flat).map_err(|_| Error::Length {
                    what: "a covariance (square)".to_owned(),
                    expected: k * k,
                    got,
                })
            })
            .collect::<Result<Vec<_>>>()?;
        let d = pooling::pool_joint(&q, &u, df_complete)?;
        Ok((d.statistic, d.df1, d.df2, d.p_value, d.riv))
    })
}
