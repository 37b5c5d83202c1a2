//! Bindings of Shapley shares and of sequential models.

use pyo3::prelude::*;

use crate::decomposition::cross::Products;
use crate::decomposition::explained::{checked, cumulative, explained, explained_by_all, pratt};
use crate::decomposition::likelihood::{Fit, refitted};
use crate::decomposition::shapley::{Importance, MOST_PLAYERS, importance};
use crate::design::{ModelMatrix, Term, model_matrix};
use crate::error::{Error, Result};
use crate::frame::{Frame, ModelData, Named, TableBuilder};
use crate::parallel::Control;
use crate::python::door::enter;
use crate::python::input::InTable;
use crate::python::output::OutTable;
use crate::python::plan::{Resampling, summarised};
use crate::python::spec::{Spec, logged, terms_of};
use crate::regression::outcome::Outcome;
use crate::resample::summary::{Summary, summaries};

/// The design, who owns which columns, and the outcome.
struct Game {
    x: ModelMatrix,
    /// Columns of each player, the one that is always in first if there is one.
    players: Vec<Vec<usize>>,
    outcome: Outcome,
    groups: Option<Named>,
    n: usize,
    n_missing: usize,
}

impl Game {
    /// `players[t]` is the player of term t of the specification; −1 for the intercept.
    fn read(frame: &Frame, spec: &Spec, owner: &[isize], drawn: &[&str], control: &Control) -> Result<Self> {
        let mut roles = spec.roles();
        roles.rows = true;
        roles.clusters = drawn.iter().map(|c| (*c).to_owned()).collect();
        let mut data: ModelData = frame.model(&roles, control)?;
        let names: Vec<String> = data.variables.iter().map(|v| v.name.clone()).collect();
        let terms: Vec<Term> = terms_of(&spec.terms, &names)?;
        if spec.exposure {
            logged(&mut data, spec.offset.as_deref().unwrap_or("exposure"))?;
        }
        let n = data.sums[0].len();
        let x = model_matrix(n, &data.variables, &terms)?;
        // Columns of a term are those that the design gains by it.
        let n_players = owner.iter().max().map_or(0, |p| usize::try_from(p + 1).unwrap_or(0));
        let mut players = vec![Vec::new(); n_players];
        let mut before = 0;
        for t in 0..terms.len() {
            let after = model_matrix(n, &data.variables, &terms[..=t])?.n_columns();
            if let Ok(player) = usize::try_from(owner[t]) {
                players[player].extend(before..after);
            }
            before = after;
        }
        let groups = data.clusters.first().map(|(codes, labels)| Named {
            name: drawn.first().map_or_else(String::new, |d| (*d).to_owned()),
            codes: codes.clone(),
            labels: labels.clone(),
        });
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // a count of rows
        let n_missing = data.n_missing as usize;
        Ok(Self { x, players, outcome: spec.outcome(&mut data), groups, n, n_missing })
    }

    fn products(&self) -> (Products, Vec<String>) {
        let order: Vec<usize> = self.players.iter().flatten().copied().collect();
        let columns = order.iter().map(|&j| self.x.column(j)).collect();
        let w = (0..self.n).map(|i| self.outcome.prior(i) * self.outcome.n[i]).collect();
        let y = (0..self.n).map(|i| self.outcome.sum[i] / self.outcome.n[i].max(f64::MIN_POSITIVE)).collect();
        let names = order.iter().map(|&j| self.x.names()[j].clone()).collect();
        (Products::new(columns, self.players.iter().map(Vec::len).collect(), y, w), names)
    }
}

/// Shares of every player, conditional dominance, facts.
type Shares = (OutTable, OutTable, Vec<(&'static str, f64)>);

/// Shapley shares of R² or of the fit of a generalised linear model.
#[pyfunction]
#[pyo3(signature = (table, spec, owner, names, always, measure, resampling=None, threads=0, progress=None))]
#[allow(clippy::too_many_arguments)]
pub fn shapley(
    py: Python<'_>,
    table: InTable,
    spec: Spec,
    owner: Vec<isize>,
    names: Vec<String>,
    always: bool,
    measure: &str,
    resampling: Option<Resampling>,
    threads: usize,
    progress: Option<&Bound<'_, PyAny>>,
) -> PyResult<Shares> {
    enter(py, threads, progress, |control| {
        let frame = table.0.not_empty()?;
        let drawn = resampling.as_ref().map_or_else(Vec::new, Resampling::columns);
        let game = Game::read(&frame, &spec, &owner, &drawn, control)?;
        if names.len() > MOST_PLAYERS {
            let expected = "at most 25 predictors or groups of predictors: group some of them";
            return Err(Error::option("predictors", expected, names.len()));
        }
        let answer = match measure {
            "r_squared" => of_squares(&game, &spec, always, resampling.as_ref(), control)?,
            "mcfadden" => of_fit(&game, &spec, always, Fit::McFadden, resampling.as_ref(), control)?,
            "deviance" => of_fit(&game, &spec, always, Fit::Deviance, resampling.as_ref(), control)?,
            other => return Err(Error::option("measure", "r_squared, mcfadden or deviance", other)),
        };
        let mut facts = answer.facts;
        facts.extend([("n_obs", game.n as f64), ("n_missing", game.n_missing as f64)]);
        Ok((
            shares(&names, &answer.found, answer.pratt, answer.limits.as_deref())?,
            dominance(&names, &answer.found)?,
            facts,
        ))
    })
    .map(|(s, d, f)| (OutTable::from(s), OutTable::from(d), f))
}

struct Answer {
    found: Importance,
    pratt: Option<Vec<f64>>,
    limits: Option<Vec<Summary>>,
    facts: Vec<(&'static str, f64)>,
}

/// Shapley values and, after them, the total.
fn values(found: &Importance) -> Vec<Option<f64>> {
    found.shapley.iter().copied().chain([found.total]).map(Some).collect()
}

fn of_squares(
    game: &Game,
    spec: &Spec,
    always: bool,
    resampling: Option<&Resampling>,
    control: &Control,
) -> Result<Answer> {
    let (products, columns) = game.products();
    let (found, whole, before) =
        explained_by_all(&products, game.n, &columns, always, &spec.outcome, control)?;
    let pratt = if always { None } else { Some(pratt(&products, game.n, &columns)?) };
    let none = vec![None; found.shapley.len() + 1];
    let limits = resampling
        .map(|how| {
            let plan = how.plan(game.n, game.groups.as_ref());
            summaries(&plan, &values(&found), how.draws()?, control, |c| {
                Ok(explained(&products, c, always).map_or_else(|| none.clone(), |f| values(&f)))
            })
        })
        .transpose()?;
    Ok(Answer { found, pratt, limits, facts: vec![("r_squared", whole), ("r_squared_always", before)] })
}

fn of_fit(
    game: &Game,
    spec: &Spec,
    always: bool,
    fit: Fit,
    resampling: Option<&Resampling>,
    control: &Control,
) -> Result<Answer> {
    let owned: Vec<usize> = game.players.iter().flatten().copied().collect();
    let mut fixed: Vec<usize> = (0..game.x.n_columns()).filter(|j| !owned.contains(j)).collect();
    let mut players = game.players.clone();
    if always {
        fixed.extend(players.remove(0));
    }
    let options = spec.options()?;
    let of = |outcome: &Outcome| refitted(&game.x, &fixed, &players, outcome, options, fit, control);
    let found = importance(&of(&game.outcome)?);
    crate::decomposition::adds_up("the decomposition of fit", found.shapley.iter().sum(), found.total, 1.0)?;
    let none = vec![None; players.len() + 1];
    let limits = resampling
        .map(|how| {
            let plan = how.plan(game.n, game.groups.as_ref());
            summaries(&plan, &values(&found), how.draws()?, control, |c| {
                let mut outcome = game.outcome.clone();
                outcome.prior = Some((0..game.n).map(|i| c[i] * game.outcome.prior(i)).collect());
                match of(&outcome) {
                    Ok(totals) => Ok(values(&importance(&totals))),
                    Err(Error::Interrupted) => Err(Error::Interrupted),
                    // A resample in which some subset has no finite fit is counted as failed.
                    Err(_) => Ok(none.clone()),
                }
            })
        })
        .transpose()?;
    let total = found.total;
    Ok(Answer { found, pratt: None, limits, facts: vec![("r_squared", total)] })
}

fn shares(
    names: &[String],
    found: &Importance,
    pratt: Option<Vec<f64>>,
    limits: Option<&[Summary]>,
) -> Result<arrow_array::RecordBatch> {
    let share = |v: &f64| (found.total > 0.0).then(|| v / found.total);
    let table = TableBuilder::new()
        .text("term", names)
        .f64("estimate", found.shapley.clone())
        .f64_opt("share", found.shapley.iter().map(share).collect())
        .f64("alone", found.first.clone())
        .f64("last", found.last.clone());
    let table = match pratt {
        Some(values) => table.f64("pratt", values),
        None => table,
    };
    summarised(table, limits.map(|l| &l[..names.len()])).build()
}

fn dominance(names: &[String], found: &Importance) -> Result<arrow_array::RecordBatch> {
    let p = names.len();
    let sizes: Vec<usize> = names.iter().flat_map(|_| 0..p).collect();
    TableBuilder::new()
        .text("term", names.iter().flat_map(|n| std::iter::repeat_n(n, p)))
        .count("size", &sizes)
        .f64("estimate", found.conditional.concat())
        .build()
}

/// R² after each step with what it adds, and facts.
type Steps = (OutTable, Vec<(&'static str, f64)>);

/// R² of models that grow step by step.
#[pyfunction]
#[pyo3(signature = (table, spec, owner, names, resampling=None, threads=0, progress=None))]
#[allow(clippy::too_many_arguments)]
pub fn sequential(
    py: Python<'_>,
    table: InTable,
    spec: Spec,
    owner: Vec<isize>,
    names: Vec<String>,
    resampling: Option<Resampling>,
    threads: usize,
    progress: Option<&Bound<'_, PyAny>>,
) -> PyResult<Steps> {
    enter(py, threads, progress, |control| {
        let frame = table.0.not_empty()?;
        let drawn = resampling.as_ref().map_or_else(Vec::new, Resampling::columns);
        let game = Game::read(&frame, &spec, &owner, &drawn, control)?;
        let (products, columns) = game.products();
        checked(&products, game.n, &columns, &spec.outcome)?;
        let undefined = || Error::Constant { column: spec.outcome.clone(), n: game.n };
        let whole = cumulative(&products, &vec![1.0; game.n]).ok_or_else(undefined)?;
        let limits = resampling
            .as_ref()
            .map(|how| {
                let plan = how.plan(game.n, game.groups.as_ref());
                let none = vec![None; names.len()];
                summaries(&plan, &added(&whole), how.draws()?, control, |c| {
                    Ok(cumulative(&products, c).map_or_else(|| none.clone(), |r| added(&r)))
                })
            })
            .transpose()?;
        let table = TableBuilder::new()
            .text("model", &names)
            .f64("r_squared", whole.clone())
            .f64_opt("estimate", added(&whole))
            .count("df_model", &game.players.iter().map(Vec::len).collect::<Vec<_>>());
        let facts = vec![("n_obs", game.n as f64), ("n_missing", game.n_missing as f64)];
        Ok((summarised(table, limits.as_deref()).build()?, facts))
    })
    .map(|(t, f)| (OutTable::from(t), f))
}

/// What each step adds to R².
fn added(r: &[f64]) -> Vec<Option<f64>> {
    (0..r.len()).map(|k| Some(if k == 0 { r[0] } else { r[k] - r[k - 1] })).collect()
}
