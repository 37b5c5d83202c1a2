//! The conditional modes û at given β, θ, φ: penalised iteratively reweighted least squares.
//!
//! û minimises f(u) = −Σ a l(η) + ‖u‖²/2. Steps δ = H⁻¹(Λ′Z′g − u), H = Λ′Z′WZΛ + I, halved while f rises (Bates et al.,
//! lme4; Breslow and Clayton 1993). A factor of H from nearby serves as long as its steps
//! shrink fast (a chord method): then an evaluation costs one new factor, the one at û that the determinant needs.

use crate::error::{Error, Result};
use crate::mixed::blocks::Blocks;
use crate::mixed::factor::{Factor, factor};
use crate::mixed::glmm::model::{Model, times_lambda_transposed};
use crate::parallel::Control;

/// δ′Hδ/2 below which û stands: 10⁻²⁴ is a step of 10⁻¹² conditional standard errors.
const DECREMENT: f64 = 1e-24;
/// Decrement below which a step that does not shrink is rounding.
const ROUNDING: f64 = 1e-16;
const MAX_STEPS: usize = 100;
const MAX_HALVINGS: usize = 40;

/// The cells at one η.
#[derive(Debug, Clone, Default)]
pub struct Cells {
    /// Linear predictor.
    pub eta: Vec<f64>,
    /// a ∂l/∂η.
    pub g: Vec<f64>,
    /// −a ∂²l/∂η².
    pub w: Vec<f64>,
    /// −a ∂³l/∂η³.
    pub w1: Vec<f64>,
    /// Σ a l, without constants.
    pub l: f64,
}

/// û and what was found there.
#[derive(Debug, Clone)]
pub struct Modes {
    /// û per term.
    pub u: Vec<Vec<f64>>,
    /// The cells at û.
    pub cells: Cells,
    /// Λ of every term.
    pub lambda: Vec<Vec<f64>>,
    /// L L′ = H at û.
    pub factor: Factor,
}

/// Memory that a search keeps from one evaluation to the next.
#[derive(Debug, Clone)]
pub struct Memory {
    u: Vec<Vec<f64>>,
    factor: Option<Factor>,
    blocks: Blocks,
    zeros: Vec<f64>,
    spare: Option<Cells>,
}

impl Memory {
    /// Starts from u = 0.
    pub fn new(model: &Model) -> Self {
        Self {
            u: model.design.terms.iter().map(|t| vec![0.0; t.q() * t.n_levels()]).collect(),
            factor: None,
            blocks: Blocks::zeros(&model.design.structure),
            zeros: vec![0.0; model.len()],
            spare: None,
        }
    }

    /// Starts the next evaluation from these modes and their factor.
    pub fn keep(&mut self, modes: Modes) {
        self.u = modes.u;
        self.factor = Some(modes.factor);
        self.spare = Some(modes.cells);
    }

    /// Starts the next evaluation from these modes.
    pub fn start_from(&mut self, u: &[Vec<f64>]) {
        self.u = u.to_vec();
        self.factor = None;
    }
}

/// f and its cells at u.
struct Here {
    u: Vec<Vec<f64>>,
    cells: Cells,
    f: f64,
}

/// û at ψ; `None` where H is not positive definite or nothing is finite.
///
/// # Errors
/// `NoConvergence`; `Interrupted`.
pub fn modes(model: &Model, psi: &[f64], memory: &mut Memory, control: &Control) -> Result<Option<Modes>> {
    let (beta, theta, phi) = model.split(psi);
    let lambda = model.lambda(theta);
    let base = model.fixed_part(beta);
    let at = |u: Vec<Vec<f64>>, room: Option<Cells>| {
        let mut cells = room.unwrap_or_default();
        cells.eta.clone_from(&base);
        model.add_random(&lambda, &u, &mut cells.eta);
        points(model, phi, &mut cells);
        let penalty: f64 = u.iter().flatten().map(|v| v * v).sum();
        let f = 0.5 * penalty - cells.l;
        Here { u, cells, f }
    };
    let Some(mut here) = first(&at, memory) else { return Ok(None) };
    let mut chord = memory.factor.take();
    let mut last = f64::INFINITY;
    for _ in 0..MAX_STEPS {
        control.tick(0)?;
        let (factor, fresh) = match chord.take() {
            Some(factor) => (factor, false),
            None => match factored(model, &lambda, &here.cells.w, None, memory) {
                Some(factor) => (factor, true),
                None => return Ok(None),
            },
        };
        let gradient = gradient(model, &lambda, &here);
        let mut step = gradient.clone();
        factor.solve_random(&model.design.structure, &mut step);
        let decrement = 0.5 * inner(&gradient, &step);
        if !decrement.is_finite() || decrement < 0.0 {
            return Ok(None);
        }
        if decrement <= DECREMENT || (decrement <= ROUNDING && decrement > 0.25 * last) {
            // û stands; a chord's factor is not its own.
            let own = if fresh {
                Some(factor)
            } else {
                factored(model, &lambda, &here.cells.w, Some(factor), memory)
            };
            return Ok(own.map(|factor| Modes { u: here.u, cells: here.cells, lambda, factor }));
        }
        // A chord step from a factor that is far away shrinks nothing: factor again.
        let keep = decrement <= 0.05 * last && decrement < 1.0;
        last = decrement;
        let Some(next) = descend(&here, &step, &at) else { return Ok(None) };
        here = next;
        chord = keep.then_some(factor);
    }
    let what = "the search for the conditional modes".to_owned();
    Err(Error::NoConvergence { what, n_iter: MAX_STEPS, last, tolerance: DECREMENT })
}

/// f at the modes of the last evaluation or, where it is not finite there, at u = 0.
fn first(at: &impl Fn(Vec<Vec<f64>>, Option<Cells>) -> Here, memory: &mut Memory) -> Option<Here> {
    let here = at(memory.u.clone(), memory.spare.take());
    if here.f.is_finite() {
        return Some(here);
    }
    memory.factor = None;
    let here = at(memory.u.iter().map(|u| vec![0.0; u.len()]).collect(), Some(here.cells));
    here.f.is_finite().then_some(here)
}

fn factored(
    model: &Model,
    lambda: &[Vec<f64>],
    w: &[f64],
    reuse: Option<Factor>,
    memory: &mut Memory,
) -> Option<Factor> {
    model.fill(w, &memory.zeros, &mut memory.blocks);
    factor(&model.design.structure, &memory.blocks, lambda, reuse).ok()
}

/// Λ′Z′g − u.
fn gradient(model: &Model, lambda: &[Vec<f64>], here: &Here) -> Vec<Vec<f64>> {
    let mut out = model.random_cross(&here.cells.g);
    for (((out, lambda), term), u) in out.iter_mut().zip(lambda).zip(&model.design.terms).zip(&here.u) {
        times_lambda_transposed(out, lambda, term.q());
        out.iter_mut().zip(u).for_each(|(o, u)| *o -= u);
    }
    out
}

fn inner(a: &[Vec<f64>], b: &[Vec<f64>]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a.iter().zip(b).map(|(x, y)| x * y).sum::<f64>()).sum()
}

/// The step, halved until f does not rise beyond rounding.
fn descend(
    here: &Here,
    step: &[Vec<f64>],
    at: &impl Fn(Vec<Vec<f64>>, Option<Cells>) -> Here,
) -> Option<Here> {
    let rounding = 1e-12 * (here.f.abs() + 1.0);
    let (mut share, mut room) = (1.0, None);
    for _ in 0..MAX_HALVINGS {
        let u = here.u.iter().zip(step);
        let u = u.map(|(u, d)| u.iter().zip(d).map(|(u, d)| u + share * d).collect()).collect();
        let next = at(u, room.take());
        if next.f <= here.f + rounding {
            return Some(next);
        }
        room = Some(next.cells);
        share *= 0.5;
    }
    None
}

/// l, g, w, w′ of every cell at `cells.eta`.
fn points(model: &Model, phi: f64, cells: &mut Cells) {
    let m = model.len();
    let Cells { eta, g, w, w1, l } = cells;
    g.resize(m, 0.0);
    w.resize(m, 0.0);
    w1.resize(m, 0.0);
    *l = 0.0;
    // Partial sums keep rounding below what a search can see.
    const PART: usize = 256;
    let mut first = 0;
    while first < m {
        let mut part = 0.0;
        for i in first..(first + PART).min(m) {
            let a = model.frequency[i];
            let p = model.density.point(model.trials[i], model.sum[i], eta[i], phi);
            part += a * p.l;
            g[i] = a * p.g;
            w[i] = a * p.w;
            w1[i] = a * p.w1;
        }
        *l += part;
        first += PART;
    }
}
