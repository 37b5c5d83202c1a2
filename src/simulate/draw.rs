//! Children of a [`World`], one independent draw each.
//!
//! A child is an area (by share of children), a cell of pattern, age, sex and year (by fifth), a court area, and
//! y ~ Bernoulli(o/(1 + o)), o the product of the odds. Chunk i of seed s draws from stream (s, i), so the children
//! are the same at any thread count. Three draws of 64 bits a child; no logarithm, no exponential.

use crate::error::{Error, Result};
use crate::parallel::{CHUNK, Control, fill_chunks};
use crate::rng::Stream;
use crate::simulate::alias::Alias;
use crate::simulate::spec::{FIFTHS, PATTERNS};
use crate::simulate::world::World;

/// 2³²: a uniform of 32 bits is an integer over this.
const SCALE: f64 = 4_294_967_296.0;

/// A child in 32 bits: area (13), court area (2), cell (16), outcome (1).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Child(u32);

impl Child {
    fn new(area: u32, court: u32, cell: u32, outcome: bool) -> Self {
        Self(area << 19 | court << 17 | cell << 1 | u32::from(outcome))
    }

    /// Index of the small area.
    #[inline]
    pub const fn area(self) -> usize {
        (self.0 >> 19) as usize
    }

    /// Index of the court area.
    #[inline]
    pub const fn court(self) -> usize {
        (self.0 >> 17 & 3) as usize
    }

    /// Index of the pattern, the age band, the sex and the year, in a system of mixed radix, the pattern fastest.
    #[inline]
    pub const fn cell(self) -> usize {
        (self.0 >> 1 & 0xFFFF) as usize
    }

    /// Whether looked after.
    #[inline]
    pub const fn outcome(self) -> bool {
        self.0 & 1 == 1
    }
}

/// Everything a draw looks up.
struct Tables {
    areas: Alias,
    cells: Vec<Alias>,
    /// Odds of the area without court, cell and pattern.
    base: Vec<f64>,
    /// Authority and fifth of the area.
    place: Vec<(usize, usize)>,
    /// Cumulative weights of the court areas in 32 bits, and their odds, by authority.
    courts: Vec<Vec<(u64, f64)>>,
    /// Odds of age, sex and year by cell.
    people: Vec<f64>,
    /// Odds of the pattern by authority.
    trio: Vec<[f64; PATTERNS]>,
}

impl Tables {
    fn new(world: &World) -> Result<Self> {
        let shares: Vec<f64> = world.areas.iter().map(|a| a.share).collect();
        let people = world.people();
        let cells = (0..FIFTHS)
            .map(|q| {
                let joint: Vec<f64> =
                    people.iter().flat_map(|(w, _)| world.patterns[q].iter().map(move |p| p * w)).collect();
                Alias::new("cells", &joint)
            })
            .collect::<Result<_>>()?;
        let k = world.spec.places.len();
        Ok(Self {
            areas: Alias::new("children", &shares)?,
            cells,
            base: world
                .areas
                .iter()
                .map(|a| (world.intercept[a.authority] + a.effect + world.spec.deprivation[a.fifth]).exp())
                .collect(),
            place: world.areas.iter().map(|a| (a.authority, a.fifth)).collect(),
            courts: (0..k).map(|a| cumulative(&world.courts_of(a))).collect(),
            people: people.iter().flat_map(|(_, o)| [*o; PATTERNS]).collect(),
            trio: (0..k).map(|a| std::array::from_fn(|f| world.odds_of_pattern(a, f))).collect(),
        })
    }

    #[inline]
    fn child(&self, stream: &mut Stream) -> Child {
        let area = self.areas.pick(stream.bits());
        let (authority, fifth) = self.place[area as usize];
        let cell = self.cells[fifth].pick(stream.bits());
        let bits = stream.bits();
        let (high, low) = (bits >> 32, bits & 0xFFFF_FFFF);
        let courts = &self.courts[authority];
        let court = courts.iter().take_while(|(until, _)| high >= *until).count().min(courts.len() - 1);
        let odds = self.base[area as usize]
            * courts[court].1
            * self.people[cell as usize]
            * self.trio[authority][cell as usize % PATTERNS];
        let outcome = (low as f64) * (1.0 + odds) < SCALE * odds;
        Child::new(area, u32::try_from(court).unwrap_or(0), cell, outcome)
    }
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // shares lie within 0 and 1
fn cumulative(courts: &[(f64, f64)]) -> Vec<(u64, f64)> {
    let mut sum = 0.0;
    courts
        .iter()
        .map(|(w, odds)| {
            sum += w;
            ((sum * SCALE).round() as u64, *odds)
        })
        .collect()
}

/// n children under `seed`.
///
/// # Errors
/// `InvalidOption` for no child; `Interrupted`.
pub fn children(world: &World, n: usize, seed: u64, control: &Control) -> Result<Vec<Child>> {
    if n == 0 {
        return Err(Error::option("n", "at least one child", 0));
    }
    let tables = Tables::new(world)?;
    let mut out = vec![Child::default(); n];
    control.announce(n as u64);
    fill_chunks(&mut out, CHUNK, |first, piece| {
        let mut stream = Stream::new(seed, (first / CHUNK) as u64);
        piece.iter_mut().for_each(|child| *child = tables.child(&mut stream));
        control.tick(piece.len() as u64)
    })?;
    Ok(out)
}
