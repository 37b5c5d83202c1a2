//! A synthetic Wales: random effects drawn once, intercepts solved so that the expected rates are the given ones.
//!
//! With every covariate discrete the expected rate of an authority is a finite sum
//! Σ_areas Σ_courts Σ_{f,age,sex,year} P(·) p(·), p = o/(1 + o), o a product of odds; it rises with the intercept, so
//! one bracketed root each gives the intercept (all authorities), or one root for the country.

use crate::error::{Error, Result};
use crate::num::dist::normal;
use crate::num::root::brent;
use crate::parallel::map_indexed;
use crate::rng::Stream;
use crate::simulate::co_occurrence::patterns;
use crate::simulate::spec::{FIFTHS, PATTERNS, Spec};

/// Streams of the effects: far from those of the children, which count from 0.
const EFFECTS: u64 = u64::MAX - 8;
/// Farthest intercept that is searched: odds of 10⁻¹³ to 10¹³.
const FARTHEST: f64 = 30.0;

/// One small area.
#[derive(Debug, Clone, Copy)]
pub struct Area {
    /// Its authority.
    pub authority: usize,
    /// Its fifth, the most deprived 0.
    pub fifth: usize,
    /// Its share of all children.
    pub share: f64,
    /// w, its random effect.
    pub effect: f64,
}

/// Assumptions with everything drawn and solved.
#[derive(Debug, Clone)]
#[must_use]
pub struct World {
    /// The assumptions.
    pub spec: Spec,
    /// P(f) in each fifth.
    pub patterns: [[f64; PATTERNS]; FIFTHS],
    /// α + u of each authority.
    pub intercept: Vec<f64>,
    /// v of each court area.
    pub court: Vec<f64>,
    /// s of each authority.
    pub slope: Vec<f64>,
    /// The small areas, by authority and fifth.
    pub areas: Vec<Area>,
}

impl World {
    /// # Errors
    /// `InvalidOption` for impossible assumptions; `Undefined` where no intercept gives the rate.
    pub fn new(spec: Spec) -> Result<Self> {
        spec.check()?;
        let k = spec.places.len();
        let court = normals(spec.seed, 0, spec.n_courts, spec.spread.court);
        let slope = normals(spec.seed, 1, k, spec.spread.slope);
        let authority = normals(spec.seed, 2, k, if spec.by_authority { 0.0 } else { spec.spread.authority });
        let areas = areas(&spec)?;
        let patterns = std::array::from_fn(|q| patterns(&spec.prevalence[q], &spec.loading));
        let mut world = Self { spec, patterns, intercept: authority, court, slope, areas };
        world.solve()?;
        Ok(world)
    }

    fn solve(&mut self) -> Result<()> {
        let k = self.spec.places.len();
        if self.spec.by_authority {
            self.intercept = map_indexed(k, |a| {
                let off = |c: f64| self.expected(a, c) - self.spec.places[a].rate;
                brent(off, -FARTHEST, FARTHEST, 1e-14)
            })?;
            return Ok(());
        }
        let total = self.spec.children();
        let weight = |a: usize| self.spec.places[a].children / total;
        let rate: f64 = (0..k).map(|a| weight(a) * self.spec.places[a].rate).sum();
        let off =
            |c: f64| (0..k).map(|a| weight(a) * self.expected(a, c + self.intercept[a])).sum::<f64>() - rate;
        let alpha = brent(off, -FARTHEST, FARTHEST, 1e-14)?;
        self.intercept.iter_mut().for_each(|u| *u += alpha);
        Ok(())
    }

    /// Weight and odds of every court area as children of authority a meet them.
    pub fn courts_of(&self, a: usize) -> Vec<(f64, f64)> {
        let own = self.spec.places[a].court;
        let others = self.spec.n_courts - 1;
        let away = if others == 0 { 0.0 } else { self.spec.elsewhere };
        (0..self.spec.n_courts)
            .map(|c| {
                let weight = if c == own { 1.0 - away } else { away / others as f64 };
                (weight, self.court[c].exp())
            })
            .collect()
    }

    /// Weight and odds of every age, sex and year: the year slowest, the age fastest.
    pub fn people(&self) -> Vec<(f64, f64)> {
        let spec = &self.spec;
        let ages: f64 = spec.ages.iter().map(|a| a.0).sum();
        let mut out = Vec::with_capacity(spec.n_cells() / PATTERNS);
        for year in &spec.years {
            for (sex, effect) in [(1.0 - spec.male.0, 0.0), (spec.male.0, spec.male.1)] {
                for (age, older) in &spec.ages {
                    let weight = sex * age / ages / spec.years.len() as f64;
                    out.push((weight, (year + effect + older).exp()));
                }
            }
        }
        out
    }

    /// Odds of pattern f in authority a against none.
    pub fn odds_of_pattern(&self, a: usize, f: usize) -> f64 {
        (self.spec.trio[f] + self.slope[a] * f64::from(f.count_ones())).exp()
    }

    /// Share of all children and mean risk of every pattern, by fifth, in authority a: had all its children there the
    /// pattern.
    pub fn risks(&self, a: usize, intercept: f64) -> [(f64, [f64; PATTERNS]); FIFTHS] {
        let (courts, people) = (self.courts_of(a), self.people());
        let odds: [f64; PATTERNS] = std::array::from_fn(|f| self.odds_of_pattern(a, f));
        let mut out = [(0.0, [0.0; PATTERNS]); FIFTHS];
        for area in self.areas.iter().filter(|s| s.authority == a) {
            let base = (intercept + area.effect + self.spec.deprivation[area.fifth]).exp();
            let (share, risk) = &mut out[area.fifth];
            *share += area.share;
            for (at_court, court) in &courts {
                for (f, o) in odds.iter().enumerate() {
                    let here = base * court * o;
                    let mean: f64 = people.iter().map(|(w, p)| w * (here * p) / (1.0 + here * p)).sum();
                    risk[f] += area.share * at_court * mean;
                }
            }
        }
        for (share, risk) in &mut out {
            if *share > 0.0 {
                risk.iter_mut().for_each(|r| *r /= *share);
            }
        }
        out
    }

    /// Expected share looked after in authority a.
    pub fn expected(&self, a: usize, intercept: f64) -> f64 {
        let risks = self.risks(a, intercept);
        let share: f64 = risks.iter().map(|r| r.0).sum();
        let events: f64 = risks
            .iter()
            .zip(&self.patterns)
            .map(|((s, r), p)| s * r.iter().zip(p).map(|(r, p)| r * p).sum::<f64>())
            .sum();
        events / share
    }
}

/// k draws from N(0, sd²).
fn normals(seed: u64, which: u64, k: usize, sd: f64) -> Vec<f64> {
    let mut stream = Stream::new(seed, EFFECTS + which);
    // A uniform of 0 would be −∞: half a step is added; and a spread of 0 gives 0, not −0.
    let half = 0.5 / 9_007_199_254_740_992.0;
    (0..k).map(|_| sd * normal::quantile(stream.uniform() + half) + 0.0).collect()
}

/// The small areas of all authorities; those of one authority hold equally many children.
fn areas(spec: &Spec) -> Result<Vec<Area>> {
    let total = spec.children();
    let mut out = Vec::new();
    for (authority, place) in spec.places.iter().enumerate() {
        let n: usize = place.areas.iter().sum();
        if n == 0 {
            return Err(Error::option("places", "at least one small area in every authority", 0));
        }
        for (fifth, &count) in place.areas.iter().enumerate() {
            let share = place.children / total / n as f64;
            out.extend((0..count).map(|_| Area { authority, fifth, share, effect: 0.0 }));
        }
    }
    let effects = normals(spec.seed, 3, out.len(), spec.spread.area);
    out.iter_mut().zip(effects).for_each(|(area, w)| area.effect = w);
    Ok(out)
}
