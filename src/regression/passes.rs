//! One pass over the cells under the two links that large models have, in lanes: the logit of 0/1 outcomes, and the log of
//! Poisson and modified Poisson models. Same formulas as the general pass in `glm`, which serves all else.
//!
//! | | μ | weight | Σ deviance/2 |
//! | --- | --- | --- | --- |
//! | logit | 1/(1 + e^−η) | n μ(1 − μ) | n ln(1 + e^η) − η Σy |
//! | log, 0/1 | e^η | n μ | n μ − (1 + η) Σy |
//!
//! Sums run over eight lanes that are added at the end, in order.

#![allow(clippy::inline_always)] // a function that is not inlined loses the instruction set

use crate::num::exponential::{LANES, LARGEST, exp, ln_1p};
use crate::num::lanes::{Kernel, run};
use crate::regression::family::{Family, Link};
use crate::regression::outcome::{Kind, Outcome};

/// The two cases.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Case {
    Logit,
    Log,
}

fn case(family: Family, link: Link, eta: &[f64]) -> Option<Case> {
    let found = match (family, link) {
        (Family::Binomial, Link::Logit) => Case::Logit,
        (Family::Poisson, Link::Log) => Case::Log,
        _ => return None,
    };
    eta.iter().all(|e| e.abs() <= LARGEST).then_some(found)
}

/// Means, working weights and score residuals of every cell; `None` where the general pass must do it.
pub(super) fn working(outcome: &Outcome, family: Family, link: Link, eta: &[f64]) -> Option<[Vec<f64>; 3]> {
    let case = case(family, link, eta)?;
    let [mut mu, mut w, mut u] = [0, 1, 2].map(|_| vec![0.0; eta.len()]);
    run(Working { case, outcome, eta, mu: &mut mu, w: &mut w, u: &mut u });
    if let Some(prior) = &outcome.prior {
        w.iter_mut().zip(&mut u).zip(prior).for_each(|((w, u), a)| {
            *w *= a;
            *u *= a;
        });
    }
    Some([mu, w, u])
}

/// The deviance of 0/1 outcomes; `None` where the general pass must do it.
pub(super) fn deviance(outcome: &Outcome, family: Family, link: Link, eta: &[f64]) -> Option<f64> {
    if outcome.kind != Kind::Binary || outcome.prior.is_some() {
        return None;
    }
    let case = case(family, link, eta)?;
    Some(2.0 * run(HalfDeviance { case, outcome, eta }))
}

struct Working<'a> {
    case: Case,
    outcome: &'a Outcome,
    eta: &'a [f64],
    mu: &'a mut [f64],
    w: &'a mut [f64],
    u: &'a mut [f64],
}

impl Kernel for Working<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let (n, sum) = (&self.outcome.n[..self.eta.len()], &self.outcome.sum[..self.eta.len()]);
        let (mu, w, u) =
            (&mut self.mu[..self.eta.len()], &mut self.w[..self.eta.len()], &mut self.u[..self.eta.len()]);
        match self.case {
            Case::Logit => {
                for (i, &eta) in self.eta.iter().enumerate() {
                    let e = exp(-eta.abs());
                    let large = 1.0 / (1.0 + e);
                    let small = e * large;
                    mu[i] = if eta < 0.0 { small } else { large };
                    w[i] = n[i] * (small * large);
                    u[i] = sum[i] - n[i] * mu[i];
                }
            }
            Case::Log => {
                for (i, &eta) in self.eta.iter().enumerate() {
                    mu[i] = exp(eta);
                    w[i] = n[i] * mu[i];
                    u[i] = sum[i] - w[i];
                }
            }
        }
    }
}

struct HalfDeviance<'a> {
    case: Case,
    outcome: &'a Outcome,
    eta: &'a [f64],
}

impl HalfDeviance<'_> {
    #[inline(always)]
    fn unit(&self, eta: f64, n: f64, sum: f64) -> f64 {
        match self.case {
            // ln(1 + e^η) − yη is exact where μ itself rounds to 0 or 1.
            Case::Logit => n * (eta.max(0.0) + ln_1p(exp(-eta.abs()))) - sum * eta,
            Case::Log => n * exp(eta) - sum * (1.0 + eta),
        }
    }
}

impl Kernel for HalfDeviance<'_> {
    type Output = f64;

    #[inline(always)]
    fn run(self) -> f64 {
        let (eta, rest) = self.eta.as_chunks::<LANES>();
        let (n, n_rest) = self.outcome.n.as_chunks::<LANES>();
        let (sum, sum_rest) = self.outcome.sum.as_chunks::<LANES>();
        let mut total = [0.0; LANES];
        for ((eta, n), sum) in eta.iter().zip(n).zip(sum) {
            for l in 0..LANES {
                total[l] += self.unit(eta[l], n[l], sum[l]);
            }
        }
        for (l, ((eta, n), sum)) in rest.iter().zip(n_rest).zip(sum_rest).enumerate() {
            total[l] += self.unit(*eta, *n, *sum);
        }
        total.iter().sum()
    }
}
