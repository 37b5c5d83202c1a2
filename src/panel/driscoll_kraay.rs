//! Driscoll and Kraay (1998): errors related across units and, for some periods, over time.
//!
//! h_t = Σ_i x̃_it e_it (sums over the units of a period); S = Γ₀ + Σ_{l=1}^{L} (1 − l/(L+1))(Γ_l + Γ_l′) with
//! Γ_l = Σ_t h_t h_{t−l}′ (Bartlett weights, Newey and West 1987); V = M S M, no small-sample factor. Default
//! L = ⌊4 (T/100)^{2/9}⌋. Periods are taken in order, as if none were missing between them. Consistent in T, not in units:
//! with fewer than about 20 periods it is too small. Degrees of freedom T − 1, T the periods that
//! hold rows (first differences lose one).

use ndarray::Array2;

use crate::error::{Error, Result};
use crate::panel::cluster::Robust;
use crate::panel::solve::{Design, Solved};

/// L for T periods.
pub fn default_lag(periods: usize) -> usize {
    let l = (4.0 * (periods as f64 / 100.0).powf(2.0 / 9.0)).floor();
    // the largest l below T: h_t and h_{t−l} must both exist
    (0..periods).take_while(|&k| k as f64 <= l).last().unwrap_or(0)
}

/// The covariance for `periods` ordered periods, `codes` their number in each row.
///
/// # Errors
/// `InvalidOption` for a lag of T or more.
pub fn driscoll_kraay(
    design: &Design,
    solved: &Solved,
    codes: &[u32],
    periods: usize,
    lag: usize,
) -> Result<Robust> {
    if lag >= periods {
        return Err(Error::option("lag", &format!("fewer lags than the {periods} periods"), lag));
    }
    let p = design.p;
    let mut h = Array2::<f64>::zeros((periods, p));
    for ((row, &e), &t) in design.rows().zip(&solved.residuals).zip(codes) {
        for (s, x) in h.row_mut(t as usize).iter_mut().zip(row) {
            *s += x * e;
        }
    }
    let mut seen = vec![false; periods];
    for &t in codes {
        seen[t as usize] = true;
    }
    let df = seen.iter().filter(|s| **s).count() as f64 - 1.0;
    let mut middle = h.t().dot(&h);
    for l in 1..=lag {
        let weight = 1.0 - l as f64 / (lag as f64 + 1.0);
        let (later, earlier) = (h.slice(ndarray::s![l.., ..]), h.slice(ndarray::s![..periods - l, ..]));
        let gamma = later.t().dot(&earlier);
        middle = middle + (&gamma + &gamma.t()) * weight;
    }
    let bread = solved.bread();
    Ok(Robust { vcov: bread.dot(&middle).dot(&bread), df: vec![df; p] })
}
