//! Overdispersion of areas about a common value (Spiegelhalter 2005, 2012).
//!
//! On a scale where the sampling error s_i does not depend on the value, z_i = (y_i − θ)/s_i.
//! φ = mean z² after winsorising at the trim share of each end (type-7 quantiles), or dropping that share.
//! Multiplicative: s_i√φ. Additive: τ² = (nφ − (n − 1)) / (Σw − Σw²/Σw), w = 1/s², 0 where nφ ≤ n − 1 (DerSimonian and
//! Laird); adjusted z = (y − θ)/√(s² + τ²).

use crate::error::{Error, Result};
use crate::num::quantile::{Kind, ascending, quantile};

/// A variance-stabilising scale.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scale {
    /// Proportions: asin √p, s = 1/(2√n).
    ArcsineRoot,
    /// Rates per person: √r, s = 1/(2√t).
    RootRate,
    /// Ratios to the expected: √(O/E), s = 1/(2√E).
    RootRatio,
}

impl Scale {
    /// To the scale.
    pub fn forward(self, v: f64) -> f64 {
        match self {
            Self::ArcsineRoot => v.sqrt().asin(),
            Self::RootRate | Self::RootRatio => v.sqrt(),
        }
    }

    /// Back, held within the values the scale can have.
    pub fn inverse(self, v: f64) -> f64 {
        match self {
            Self::ArcsineRoot => v.clamp(0.0, std::f64::consts::FRAC_PI_2).sin().powi(2),
            Self::RootRate | Self::RootRatio => v.max(0.0).powi(2),
        }
    }

    /// Sampling standard error on the scale at `size` (n, population or expected count).
    pub fn std_error(self, _target: f64, size: f64) -> f64 {
        1.0 / (2.0 * size.sqrt())
    }
}

/// How extreme scores are kept from inflating φ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trim {
    /// Set to the quantile.
    Winsorise,
    /// Left out.
    Truncate,
}

/// Scores and dispersion.
#[derive(Debug, Clone, PartialEq)]
#[must_use]
pub struct Dispersion {
    /// Unadjusted z, in row order.
    pub z: Vec<f64>,
    /// z with τ² added to the variance.
    pub z_adjusted: Vec<f64>,
    /// Mean squared trimmed z: 1 without overdispersion.
    pub phi: f64,
    /// Variance between areas on the scale.
    pub tau2: f64,
    /// Areas that φ is the mean over.
    pub n_used: usize,
}

/// Dispersion of `values` of `sizes` about `target`.
///
/// # Errors
/// `TooFew` below three areas; `InvalidOption` for a trim outside [0, 0.5).
pub fn dispersion(
    values: &[f64],
    sizes: &[f64],
    target: f64,
    scale: Scale,
    trim: f64,
    how: Trim,
) -> Result<Dispersion> {
    if values.len() < 3 {
        return Err(Error::TooFew { what: "overdispersion".to_owned(), needed: 3, got: values.len() });
    }
    if !(0.0..0.5).contains(&trim) {
        return Err(Error::option("trim", "a share of at least 0 and below 0.5", trim));
    }
    let se: Vec<f64> = sizes.iter().map(|&n| scale.std_error(target, n)).collect();
    let gap: Vec<f64> = values.iter().map(|&v| scale.forward(v) - scale.forward(target)).collect();
    let z: Vec<f64> = gap.iter().zip(&se).map(|(g, s)| g / s).collect();
    let kept = trimmed(&z, &se, trim, how);
    let n = kept.len() as f64;
    let phi = kept.iter().map(|(z, _)| z * z).sum::<f64>() / n;
    let (w, w2) = kept.iter().fold((0.0, 0.0), |(a, b), (_, s)| (a + s.powi(-2), b + s.powi(-4)));
    let tau2 = ((n * phi - (n - 1.0)) / (w - w2 / w)).max(0.0);
    let z_adjusted = gap.iter().zip(&se).map(|(g, s)| g / (s * s + tau2).sqrt()).collect();
    Ok(Dispersion { z, z_adjusted, phi, tau2, n_used: kept.len() })
}

/// (z, s) pairs after trimming: clamped at the type-7 quantiles, or without the ⌊n·trim⌋ lowest and highest.
fn trimmed(z: &[f64], se: &[f64], trim: f64, how: Trim) -> Vec<(f64, f64)> {
    if how == Trim::Winsorise {
        let sorted = ascending(z);
        let bound = |p: f64| quantile(&sorted, p, Kind::Type7).unwrap_or(f64::NAN);
        let (low, high) = (bound(trim), bound(1.0 - trim));
        return z.iter().zip(se).map(|(z, s)| (z.clamp(low, high), *s)).collect();
    }
    let mut pairs: Vec<(f64, f64)> = z.iter().copied().zip(se.iter().copied()).collect();
    pairs.sort_by(|a, b| a.0.total_cmp(&b.0));
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // below n/2
    let k = (trim * z.len() as f64 + 1e-9).floor() as usize;
    pairs[k..pairs.len() - k].to_vec()
}
