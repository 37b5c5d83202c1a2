//! Profile limits and tests of Firth's regression.
//!
//! l*_p(b) = max l* over the other coefficients with β_j = b; the penalty keeps the information of
//! the whole model (as logistf does). Test of β_j = 0: χ² = 2(l*(β̂) − l*_p(0)) on 1 df. Limits:
//! the b with l*_p(b) = l*(β̂) − z²/2 on each side (Venzon and Moolgavkar 1988). One Newton step
//! moves the held and the other coefficients together: with n the others, A = −∂U*, a = A_nn⁻¹U_n,
//! c = −A_nn⁻¹A_nj and l*_p ≈ l* + ½U_n′a, l*_p′ ≈ U_j + c′U_n, it moves β_j by Newton on the
//! signed root r = √(2(l*(β̂) − l*_p)), which is nearly a straight line.
//!
//! In separated data l* need not be concave: with β_j held it may have several maxima. So where the
//! way to a limit was not concave, or the limit lies far out, it is checked against full profiles
//! searched from several starts; where that or the joint iteration fails, a bracketed root of such
//! profiles follows.

use std::cell::RefCell;

use crate::error::{Error, Result};
use crate::num::dist::chi2;
use crate::num::root::brent;
use crate::regression::firth::{Firth, free_factor, maximise};
use crate::regression::firth_state::State;

const MAX_ITER: usize = 30;
/// How often a bracket's distance from β̂ doubles.
const MAX_DOUBLINGS: usize = 60;
/// How many of the maximisers found at neighbouring values are followed.
const NEIGHBOURS: usize = 6;
/// Limits further out than this many Wald limits are checked.
const FAR: f64 = 2.0;
/// A profile's value needs its maximiser to half the digits only.
const INNER: f64 = 1e-8;

/// Profile limits and the penalised-likelihood-ratio test of one coefficient.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Profile {
    /// Lower limit.
    pub lower: f64,
    /// Upper limit.
    pub upper: f64,
    /// χ² of β_j = 0.
    pub chi2: f64,
    /// Its p-value, 1 df.
    pub p_value: f64,
}

/// What moving β_j does to the profile at one point.
struct Local {
    /// a: what the others still have to move.
    a: Vec<f64>,
    /// c: how they follow β_j.
    follow: Vec<f64>,
    /// l*_p, its slope, and minus its curvature.
    value: f64,
    slope: f64,
    bend: f64,
    /// Largest |a| in standard errors.
    unsettled: f64,
    /// Whether l* is concave in the others here.
    concave: bool,
}

impl Firth {
    /// Limits at `conf_level` and the test of 0, for every coefficient.
    ///
    /// # Errors
    /// `InvalidOption` for a level outside (0, 1); `NoConvergence` naming the coefficient.
    pub fn profiles(&self, conf_level: f64) -> Result<Vec<Profile>> {
        if !(conf_level > 0.0 && conf_level < 1.0) {
            return Err(Error::option("conf_level", "a number between 0 and 1", conf_level));
        }
        let z = chi2::isf(1.0 - conf_level, 1.0).sqrt();
        (0..self.beta.len()).map(|j| self.profile(j, z)).collect()
    }

    /// Limits z signed roots away from β̂_j, and the test of 0.
    fn profile(&self, j: usize, z: f64) -> Result<Profile> {
        let joint = (self.joint_newton(j, -z), self.joint_newton(j, z));
        let smooth = joint.0.is_some() && joint.1.is_some();
        let drop = if smooth {
            self.drop_at(j, 0.0, self.followed(j, 0.0)?)?.0
        } else {
            self.least_drop(j, 0.0, &mut Vec::new())?
        };
        let chi2 = 2.0 * drop.max(0.0);
        Ok(Profile {
            lower: joint.0.map_or_else(|| self.bracketed(j, -z), Ok)?,
            upper: joint.1.map_or_else(|| self.bracketed(j, z), Ok)?,
            chi2,
            p_value: chi2::sf(chi2, 1.0),
        })
    }

    fn others(&self, j: usize) -> Vec<usize> {
        (0..self.beta.len()).filter(|k| *k != j).collect()
    }

    /// β̂ with β_j = b and the others moved along the profile's tangent.
    fn followed(&self, j: usize, b: f64) -> Result<Vec<f64>> {
        let others = self.others(j);
        let s = self.local(&self.state, j, &others)?;
        let mut beta = self.beta.to_vec();
        let moved = b - beta[j];
        for (&k, f) in others.iter().zip(&s.follow) {
            beta[k] += f * moved;
        }
        beta[j] = b;
        Ok(beta)
    }

    /// l*(β̂) − l*_p(b) and the maximiser, searched from `start`.
    fn drop_at(&self, j: usize, b: f64, mut start: Vec<f64>) -> Result<(f64, Vec<f64>)> {
        start[j] = b;
        let best = maximise(&self.patterns, start, Some(j), INNER).map_err(|e| self.named(j, e))?;
        Ok((self.penalised_log_lik - best.state.penalised, best.beta))
    }

    /// The same from several starts, the highest maximum taken: along the tangent, β̂, β̂ drawn out
    /// in proportion to b or to its root, 0, and the maximisers that earlier searches found.
    fn least_drop(&self, j: usize, b: f64, found: &mut Vec<Vec<f64>>) -> Result<f64> {
        let beta = self.beta.to_vec();
        let ratio = if beta[j] == 0.0 { 1.0 } else { (b / beta[j]).clamp(-20.0, 20.0) };
        let scaled = |r: f64| beta.iter().map(|v| v * r).collect::<Vec<f64>>();
        let mut starts =
            vec![self.followed(j, b)?, beta.clone(), scaled(ratio), scaled(ratio.abs().sqrt()), scaled(0.0)];
        found.sort_by(|m, n| (m[j] - b).abs().total_cmp(&(n[j] - b).abs()));
        starts.extend(found.iter().take(NEIGHBOURS).cloned());
        let mut maxima: Vec<(f64, Vec<f64>)> = Vec::new();
        let mut error = None;
        for start in starts {
            match self.drop_at(j, b, start) {
                Ok((drop, at)) if maxima.iter().all(|(d, _)| (d - drop).abs() > 1e-7) => {
                    maxima.push((drop, at));
                }
                Ok(_) => {}
                Err(e) => error = Some(e),
            }
        }
        maxima.sort_by(|a, b| a.0.total_cmp(&b.0));
        maxima.truncate(2);
        match (maxima.first().map(|m| m.0), error) {
            (Some(least), _) if least < -1e-6 => {
                let what = "Firth's iteration (l* has a higher maximum than the one found)".to_owned();
                Err(Error::NoConvergence { what, n_iter: 0, last: -least, tolerance: 1e-6 })
            }
            (Some(least), _) => {
                found.extend(maxima.into_iter().map(|m| m.1));
                Ok(least)
            }
            (None, Some(e)) => Err(e),
            (None, None) => {
                Err(Error::Undefined { what: "a profile".to_owned(), reason: "no start".to_owned() })
            }
        }
    }

    fn named(&self, j: usize, error: Error) -> Error {
        match error {
            Error::NoConvergence { n_iter, last, tolerance, .. } => {
                let what = format!("the profile of \"{}\"", self.names[j]);
                Error::NoConvergence { what, n_iter, last, tolerance }
            }
            other => other,
        }
    }

    fn local(&self, state: &State, j: usize, others: &[usize]) -> Result<Local> {
        let p = self.beta.len();
        let (factor, concave) = free_factor(state, others, p)?;
        let mut a: Vec<f64> = others.iter().map(|&k| state.score[k]).collect();
        let u = a.clone();
        factor.solve(&mut a);
        let cross: Vec<f64> = others.iter().map(|&k| state.curvature[k * p + j]).collect();
        let mut follow: Vec<f64> = cross.iter().map(|v| -v).collect();
        factor.solve(&mut follow);
        let dot = |x: &[f64], y: &[f64]| x.iter().zip(y).map(|(x, y)| x * y).sum::<f64>();
        let size = |(a, &k): (&f64, &usize)| a.abs() * state.information[k * p + k].sqrt();
        Ok(Local {
            value: state.penalised + 0.5 * dot(&u, &a),
            slope: state.score[j] + dot(&follow, &u),
            bend: state.curvature[j * p + j] + dot(&cross, &follow),
            unsettled: a.iter().zip(others).map(size).fold(0.0, f64::max),
            a,
            follow,
            concave,
        })
    }

    /// All coefficients moved together; `None` where the iteration leaves the side it belongs to
    /// or ends at a maximum that is not the highest.
    fn joint_newton(&self, j: usize, z: f64) -> Option<f64> {
        let others = self.others(j);
        let (mut beta, mut state) = (self.beta.to_vec(), None);
        let p = beta.len();
        let mut plain = true;
        for _ in 0..MAX_ITER {
            let here: &State = state.as_ref().unwrap_or(&self.state);
            let s = self.local(here, j, &others).ok()?;
            plain &= s.concave;
            let drop = self.penalised_log_lik - s.value;
            let away = beta[j] - self.beta[j];
            let step = if away == 0.0 {
                z / s.bend.sqrt()
            } else {
                // On the right side the profile falls away from β̂.
                if !(drop > 0.0 && away * s.slope < 0.0) {
                    return None;
                }
                let r = (2.0 * drop).sqrt();
                // Outwards at most three times as far, inwards at most half the way back.
                let outwards = (z.abs() - r) * r / s.slope.abs();
                z.signum() * outwards.clamp(-0.5 * away.abs(), 2.0 * away.abs())
            };
            if !step.is_finite() {
                return None;
            }
            for (&k, (a, f)) in others.iter().zip(s.a.iter().zip(&s.follow)) {
                beta[k] += a + f * step;
            }
            beta[j] += step;
            let size = step.abs() * here.information[j * p + j].sqrt();
            // Both errors are squared by the step just taken.
            if away != 0.0 && size < 1e-7 && s.unsettled < 1e-5 {
                let far = away.abs() > FAR * z.abs() * self.vcov[[j, j]].sqrt();
                let highest = || {
                    let drop = self.least_drop(j, beta[j], &mut Vec::new()).unwrap_or(f64::NAN);
                    (drop - 0.5 * z * z).abs() < 1e-6
                };
                return ((plain && !far) || highest()).then_some(beta[j]);
            }
            state = Some(self.patterns.state(&beta).ok()?);
        }
        None
    }

    /// A bracket by doubling, then Brent's method on the signed root of full profiles.
    fn bracketed(&self, j: usize, z: f64) -> Result<f64> {
        let centre = self.beta[j];
        let mut reach = z * self.vcov[[j, j]].sqrt();
        let found = RefCell::new(Vec::new());
        let root_of = |b: f64| {
            let drop = self.least_drop(j, b, &mut found.borrow_mut());
            drop.map(|d| (2.0 * d.max(0.0)).sqrt() - z.abs())
        };
        let mut inner = centre;
        let mut miss = f64::INFINITY;
        for _ in 0..MAX_DOUBLINGS {
            if root_of(centre + reach)? < 0.0 {
                inner = centre + reach;
                reach *= 2.0;
                continue;
            }
            let value = |b: f64| root_of(b).unwrap_or(f64::NAN);
            let scale = 1e-12 * (1.0 + reach.abs());
            match brent(value, inner, centre + reach, scale) {
                Ok(root) => {
                    miss = value(root).abs();
                    if miss < 1e-6 {
                        return Ok(root);
                    }
                }
                Err(Error::Undefined { .. }) => {}
                Err(e) => return Err(self.named(j, e)),
            }
            // A higher maximum found on the way moved an end or left a jump: once more, with it.
            (inner, reach) = (centre, reach * 1.1);
        }
        let what = format!("the profile limit of \"{}\"", self.names[j]);
        Err(Error::NoConvergence { what, n_iter: MAX_DOUBLINGS, last: miss, tolerance: 1e-6 })
    }
}
