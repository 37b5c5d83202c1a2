//! Binding of intraclass correlations.

use arrow_array::RecordBatch;
use pyo3::prelude::*;

use crate::design::{Factor, Sample};
use crate::error::{Error, Result};
use crate::frame::TableBuilder;
use crate::mixed::icc::{Agreement, agreement, one_way};
use crate::num::dist::f;
use crate::python::door::enter_short;
use crate::python::input::InTable;
use crate::python::output::OutTable;

type Facts = Vec<(&'static str, f64)>;

/// Intraclass correlations of groups, or of targets and raters.
#[pyfunction]
#[pyo3(signature = (table, outcome, group, rater, conf_level, threads=0))]
pub fn icc(
    py: Python<'_>,
    table: InTable,
    outcome: &str,
    group: &str,
    rater: Option<&str>,
    conf_level: f64,
    threads: usize,
) -> PyResult<(OutTable, Facts)> {
    enter_short(py, threads, || {
        let frame = table.0.not_empty()?;
        let y = frame.finite(outcome)?;
        let groups = frame.factor(group)?;
        let raters = rater.map(|r| frame.factor(r)).transpose()?;
        let present =
            |factor: &Factor| factor.codes().iter().map(|&c| c != Factor::NULL).collect::<Vec<bool>>();
        let masks: Vec<Vec<bool>> = std::iter::once(&groups).chain(&raters).map(present).collect();
        let all: Vec<Option<&[bool]>> =
            std::iter::once(y.mask()).chain(masks.iter().map(|m| Some(m.as_slice()))).collect();
        let sample = Sample::complete(frame.n_rows(), &all);
        let (values, codes) = (sample.take(&y.values), sample.take(groups.codes()));
        let whole = one_way(&values, &codes, groups.levels().len())?;
        let facts = vec![
            ("n_obs", whole.sizes.1 as f64),
            ("n_missing", sample.n_missing() as f64),
            ("n_groups", whole.sizes.0 as f64),
            ("ms_between", whole.ms_between),
            ("ms_within", whole.ms_within),
            ("n0", whole.n0),
        ];
        let Some(raters) = &raters else {
            let (a, b) = (whole.sizes.0 as f64 - 1.0, (whole.sizes.1 - whole.sizes.0) as f64);
            let statistic = whole.ms_between / whole.ms_within;
            let all = |v: f64| vec![v; 3];
            let rows = TableBuilder::new()
                .text("term", ["icc1", "icc1_n0", "icc2"])
                .f64("estimate", vec![whole.icc1, whole.icc1_n0, whole.icc2])
                .f64("statistic", all(statistic))
                .f64("df", all(a))
                .f64("df2", all(b))
                .f64("p_value", all(f::sf(statistic, a, b)))
                .build()?;
            return Ok((rows, facts));
        };
        let by_rater = sample.take(raters.codes());
        let square = Square { target: &groups, rater: raters, sample: &sample };
        let ratings = square.ratings(&values, &codes, &by_rater)?;
        Ok((agreements(&agreement(&ratings, raters.levels().len(), conf_level)?)?, facts))
    })
    .map(|(rows, facts)| (OutTable::from(rows), facts))
}

/// Targets × raters, each met once.
struct Square<'a> {
    target: &'a Factor,
    rater: &'a Factor,
    sample: &'a Sample,
}

impl Square<'_> {
    fn ratings(&self, values: &[f64], targets: &[u32], raters: &[u32]) -> Result<Vec<f64>> {
        let k = self.rater.levels().len();
        let mut out = vec![f64::NAN; self.target.levels().len() * k];
        for (i, v) in values.iter().enumerate() {
            let place = &mut out[targets[i] as usize * k + raters[i] as usize];
            if !place.is_nan() {
                return Err(Error::Duplicate {
                    columns: vec![self.target.name().to_owned(), self.rater.name().to_owned()],
                    rows: vec![self.sample.original(i)],
                    n: 1,
                    got: format!(
                        "{}, {}",
                        self.target.levels()[targets[i] as usize],
                        self.rater.levels()[raters[i] as usize]
                    ),
                });
            }
            *place = *v;
        }
        match out.iter().position(|v| v.is_nan()) {
            None => Ok(out),
            Some(hole) => {
                let expected = "every target rated by every rater";
                let got = format!(
                    "no rating of {} by {}",
                    self.target.levels()[hole / k],
                    self.rater.levels()[hole % k]
                );
                Err(Error::option("rater", expected, got))
            }
        }
    }
}

fn agreements(rows: &[Agreement]) -> Result<RecordBatch> {
    let each = |f: &dyn Fn(&Agreement) -> f64| rows.iter().map(f).collect::<Vec<f64>>();
    TableBuilder::new()
        .text("term", rows.iter().map(|r| r.name))
        .f64("estimate", each(&|r| r.estimate))
        .f64("statistic", each(&|r| r.f.0))
        .f64("df", each(&|r| r.f.1))
        .f64("df2", each(&|r| r.f.2))
        .f64("p_value", each(&|r| r.p))
        .f64_opt("conf_low", rows.iter().map(|r| r.limits.0).collect())
        .f64_opt("conf_high", rows.iter().map(|r| r.limits.1).collect())
        .build()
}
