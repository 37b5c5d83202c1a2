//! What a synthetic Wales assumes.

use crate::error::{Error, Result};

/// Fifths of deprivation, the most deprived first.
pub const FIFTHS: usize = 5;
/// Patterns of three factors, by bits.
pub const PATTERNS: usize = 8;

/// One authority.
#[derive(Debug, Clone)]
pub struct Place {
    /// Children here, as a weight.
    pub children: f64,
    /// Expected share of children looked after.
    pub rate: f64,
    /// Court area it belongs to.
    pub court: usize,
    /// Small areas in each fifth.
    pub areas: [usize; FIFTHS],
}

/// Standard deviations of the random effects, on the scale of the log odds.
#[derive(Debug, Clone, Copy)]
pub struct Spread {
    /// Between authorities (not used where every authority has its own rate).
    pub authority: f64,
    /// Between court areas.
    pub court: f64,
    /// Between small areas of one authority.
    pub area: f64,
    /// Between authorities in the log odds ratio of each factor present.
    pub slope: f64,
}

/// The assumptions. logit P(y = 1) = α + u_authority + v_court + w_area + `trio`[f] + s_authority·|f| + `deprivation`[q]
/// + age + sex + year.
#[derive(Debug, Clone)]
pub struct Spec {
    /// The authorities.
    pub places: Vec<Place>,
    /// Court areas there are.
    pub n_courts: usize,
    /// Share of children whose case is heard in a court area other than that of their authority, spread evenly.
    pub elsewhere: f64,
    /// Prevalence of each factor in each fifth.
    pub prevalence: [[f64; 3]; FIFTHS],
    /// Loadings of the factors on their common propensity.
    pub loading: [f64; 3],
    /// Log odds of each pattern against none, by bits.
    pub trio: [f64; PATTERNS],
    /// Log odds of each fifth.
    pub deprivation: [f64; FIFTHS],
    /// Share and log odds of each age band.
    pub ages: Vec<(f64, f64)>,
    /// Share of boys and their log odds.
    pub male: (f64, f64),
    /// Log odds of each year; years are equally frequent.
    pub years: Vec<f64>,
    /// Spread of the random effects.
    pub spread: Spread,
    /// Whether every authority has its own rate, or only all of them together.
    pub by_authority: bool,
    /// Seed of the random effects.
    pub seed: u64,
}

impl Spec {
    /// Combinations of pattern, age, sex and year.
    pub fn n_cells(&self) -> usize {
        PATTERNS * self.ages.len() * 2 * self.years.len()
    }

    /// All children, as a weight.
    pub fn children(&self) -> f64 {
        self.places.iter().map(|p| p.children).sum()
    }

    /// # Errors
    /// `InvalidOption` for the first assumption that no population can meet.
    pub fn check(&self) -> Result<()> {
        let share = |v: f64| v > 0.0 && v < 1.0;
        let all = |values: &[f64]| values.iter().all(|v| v.is_finite() && v.abs() <= 20.0);
        let spread = self.spread;
        let sizes = (1..=1 << 13).contains(&self.n_areas())
            && (1..=4).contains(&self.n_courts)
            && (1..=1 << 16).contains(&self.n_cells());
        let checks: [(&str, bool, &str); 8] = [
            ("places", sizes, "1 to 8,192 small areas, 1 to 4 court areas, 1 to 65,536 cells"),
            (
                "rate",
                self.places.iter().all(|p| share(p.rate) && p.children > 0.0 && p.court < self.n_courts),
                "rates between 0 and 1, children above 0, a court area of those there are",
            ),
            ("elsewhere", (0.0..1.0).contains(&self.elsewhere), "a share from 0 to below 1"),
            ("prevalence", self.prevalence.iter().flatten().all(|p| share(*p)), "between 0 and 1"),
            ("co_occurrence", self.loading.iter().all(|l| l.abs() < 1.0), "between −1 and 1"),
            ("trio", all(&self.trio) && all(&self.deprivation) && all(&self.years), "log odds within ±20"),
            (
                "ages",
                share(self.male.0)
                    && all(&[self.male.1])
                    && self.ages.iter().all(|a| a.0 > 0.0 && a.0.is_finite() && all(&[a.1])),
                "shares above 0, log odds within ±20",
            ),
            (
                "sd",
                [spread.authority, spread.court, spread.area, spread.slope]
                    .iter()
                    .all(|s| (0.0..=5.0).contains(s)),
                "standard deviations from 0 to 5",
            ),
        ];
        match checks.iter().find(|c| !c.1) {
            Some((option, _, expected)) => Err(Error::option(option, expected, "another value")),
            None => Ok(()),
        }
    }

    fn n_areas(&self) -> usize {
        self.places.iter().map(|p| p.areas.iter().sum::<usize>()).sum()
    }
}
