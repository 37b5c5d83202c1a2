//! Bindings of the simulation: a world that stays in Rust, its children as a table, its exact answers.

use arrow_array::RecordBatch;
use arrow_array::types::{Int8Type, Int16Type};
use pyo3::prelude::*;

use crate::error::Result;
use crate::frame::TableBuilder;
use crate::parallel::{CHUNK, fill_chunks};
use crate::python::door::{enter, enter_short};
use crate::python::output::OutTable;
use crate::simulate::draw::{Child, children};
use crate::simulate::spec::{FIFTHS, PATTERNS, Place, Spec, Spread};
use crate::simulate::truth::{Truth, truth};

/// What Python says of a world.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub struct Assumed {
    /// (children, rate, court, areas by fifth).
    places: Vec<(f64, f64, usize, [usize; FIFTHS])>,
    n_courts: usize,
    elsewhere: f64,
    prevalence: [[f64; 3]; FIFTHS],
    loading: [f64; 3],
    trio: [f64; PATTERNS],
    deprivation: [f64; FIFTHS],
    ages: Vec<(f64, f64)>,
    male: (f64, f64),
    years: Vec<f64>,
    /// Authority, court, area, slope.
    sd: (f64, f64, f64, f64),
    by_authority: bool,
    seed: u64,
}

impl From<Assumed> for Spec {
    fn from(a: Assumed) -> Self {
        let (authority, court, area, slope) = a.sd;
        let place = |(children, rate, court, areas)| Place { children, rate, court, areas };
        Self {
            places: a.places.into_iter().map(place).collect(),
            n_courts: a.n_courts,
            elsewhere: a.elsewhere,
            prevalence: a.prevalence,
            loading: a.loading,
            trio: a.trio,
            deprivation: a.deprivation,
            ages: a.ages,
            male: a.male,
            years: a.years,
            spread: Spread { authority, court, area, slope },
            by_authority: a.by_authority,
            seed: a.seed,
        }
    }
}

/// Names of what the codes stand for.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub struct Names {
    columns: Vec<String>,
    authorities: Vec<String>,
    areas: Vec<String>,
    courts: Vec<String>,
    ages: Vec<String>,
    sexes: Vec<String>,
    years: Vec<i16>,
}

/// A synthetic Wales.
#[pyclass(frozen, name = "World", module = "gofal._core")]
pub struct World(crate::simulate::world::World);

/// The exact answers, in the order of [`Truth`].
type Answers = (Vec<f64>, Vec<f64>, Vec<f64>, f64, Vec<f64>, Vec<f64>, Vec<f64>, Vec<f64>, Vec<(f64, f64)>);

#[pymethods]
impl World {
    #[new]
    fn new(py: Python<'_>, assumed: Assumed, threads: usize) -> PyResult<Self> {
        enter_short(py, threads, || crate::simulate::world::World::new(assumed.into())).map(Self)
    }

    /// n children under `seed`.
    #[pyo3(signature = (n, seed, names, threads, progress=None))]
    fn children(
        &self,
        py: Python<'_>,
        n: usize,
        seed: u64,
        names: Names,
        threads: usize,
        progress: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<OutTable> {
        enter(py, threads, progress, |control| self.table(&children(&self.0, n, seed, control)?, &names))
            .map(OutTable::from)
    }

    /// Exact answers.
    fn truth(&self, py: Python<'_>, threads: usize) -> PyResult<Answers> {
        enter_short(py, threads, || truth(&self.0)).map(|t: Truth| {
            (
                t.share.to_vec(),
                t.crude.to_vec(),
                t.risk.to_vec(),
                t.overall,
                t.fractions,
                t.sequential,
                t.average,
                t.by_authority,
                t.by_fifth.to_vec(),
            )
        })
    }

    /// Effects drawn and solved: intercepts of authorities, court areas, slopes of authorities, small areas.
    fn effects(&self) -> (Vec<f64>, Vec<f64>, Vec<f64>, Vec<f64>) {
        let w = &self.0;
        (w.intercept.clone(), w.court.clone(), w.slope.clone(), w.areas.iter().map(|a| a.effect).collect())
    }
}

/// A column from the children, in parallel.
fn column<T: Send + Sync + Copy + Default>(
    drawn: &[Child],
    of: impl Fn(Child) -> T + Sync,
) -> Result<Vec<T>> {
    let mut out = vec![T::default(); drawn.len()];
    fill_chunks(&mut out, 16 * CHUNK, |first, piece| {
        piece.iter_mut().zip(&drawn[first..]).for_each(|(to, child)| *to = of(*child));
        Ok(())
    })?;
    Ok(out)
}

/// Codes of at most 127 names.
fn small(v: usize) -> i8 {
    i8::try_from(v).unwrap_or(i8::MAX)
}

impl World {
    fn table(&self, drawn: &[Child], names: &Names) -> Result<RecordBatch> {
        let areas = &self.0.areas;
        let (n_ages, n_sexes) = (names.ages.len(), names.sexes.len());
        let area = |c: Child| i16::try_from(c.area()).unwrap_or(i16::MAX);
        let person = |c: Child| c.cell() / PATTERNS;
        let [authority, small_area, court, fifth, a, b, c, age, sex, year, outcome] =
            names.columns.as_slice()
        else {
            return Err(crate::error::Error::option("columns", "eleven names", names.columns.len()));
        };
        let factor = |j: usize| column(drawn, move |c: Child| small(c.cell() >> j & 1));
        TableBuilder::new()
            .keyed::<Int8Type>(
                authority,
                column(drawn, |c| small(areas[c.area()].authority))?,
                &names.authorities,
            )
            .keyed::<Int16Type>(small_area, column(drawn, area)?, &names.areas)
            .keyed::<Int8Type>(court, column(drawn, |c| small(c.court()))?, &names.courts)
            .i8(fifth, column(drawn, |c| small(areas[c.area()].fifth) + 1)?)
            .i8(a, factor(0)?)
            .i8(b, factor(1)?)
            .i8(c, factor(2)?)
            .keyed::<Int8Type>(age, column(drawn, |c| small(person(c) % n_ages))?, &names.ages)
            .keyed::<Int8Type>(sex, column(drawn, |c| small(person(c) / n_ages % n_sexes))?, &names.sexes)
            .i16(year, column(drawn, |c| names.years[person(c) / n_ages / n_sexes])?)
            .i8(outcome, column(drawn, |c| i8::from(c.outcome()))?)
            .build()
    }
}
