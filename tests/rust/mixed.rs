//! Mixed models against the dense formulas: every quantity of the blocked factor, for nested, crossed and sloped
//! designs; identities of the estimates.

use gofal::design::ModelMatrix;
use gofal::error::Error;
use gofal::mixed::lmm::{Lmm, lmm};
use gofal::mixed::problem::Problem;
use gofal::mixed::term::{Basis, RandomTerm};
use gofal::num::linalg::Cholesky;
use gofal::parallel::with_threads;
use gofal::regression::outcome::{Kind, Outcome};
use ndarray::{Array1, Array2};
use proptest::prelude::*;

/// A small reproducible stream of numbers in (0, 1).
fn draws(seed: u64) -> impl FnMut() -> f64 {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 11) as f64 / (1_u64 << 53) as f64
    }
}

fn labels(n: u32) -> Vec<String> {
    (0..n).map(|i| i.to_string()).collect()
}

fn term(name: &str, codes: Vec<u32>) -> RandomTerm {
    // Levels that occur, renumbered: a random design may miss some.
    let mut occurs: Vec<u32> = codes.clone();
    occurs.sort_unstable();
    occurs.dedup();
    let codes = codes.iter().map(|c| u32::try_from(occurs.binary_search(c).unwrap()).unwrap()).collect();
    RandomTerm::intercept(name, codes, labels(u32::try_from(occurs.len()).unwrap()))
}

/// Areas nested in authorities, crossed with years; slopes as asked.
struct Example {
    terms: Vec<RandomTerm>,
    x: Vec<Vec<f64>>,
    y: Vec<f64>,
    w: Vec<f64>,
}

impl Example {
    fn new(seed: u64, n: usize, slopes: bool) -> Self {
        let mut draw = draws(seed);
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // below k
        let mut pick = |k: u32| ((draw() * f64::from(k)) as u32).min(k - 1);
        let area: Vec<u32> = (0..n).map(|_| pick(9)).collect();
        let authority: Vec<u32> = area.iter().map(|a| a / 3).collect();
        let year: Vec<u32> = (0..n).map(|_| pick(5)).collect();
        let court: Vec<u32> = (0..n).map(|_| pick(3)).collect();
        let mut draw = draws(seed + 7);
        let x: Vec<f64> = (0..n).map(|_| 2000.0 + 10.0 * draw()).collect();
        let z: Vec<f64> = (0..n).map(|_| 6.0 * draw() - 3.0).collect();
        let y = (0..n)
            .map(|i| {
                3.0 + 0.3 * x[i] + f64::from(area[i] % 4) + 2.0 * f64::from(authority[i])
                    - 0.7 * f64::from(year[i]) * if slopes { z[i] } else { 1.0 }
                    + 4.0 * draw()
            })
            .collect();
        let w = (0..n).map(|_| 0.5 + draw()).collect();
        let mut terms =
            vec![term("authority", authority), term("year", year), term("area", area), term("court", court)];
        if slopes {
            let slope = |t: &mut RandomTerm, parts: &[usize]| {
                t.basis.push(Basis::Column(z.clone()));
                t.columns.push("z".to_owned());
                *t = t.clone().with_parts(parts);
            };
            slope(&mut terms[1], &[2]);
            slope(&mut terms[2], &[1, 1]);
            slope(&mut terms[0], &[2]);
        }
        Self { terms, x: vec![vec![1.0; n], x], y, w }
    }

    fn design(&self) -> ModelMatrix {
        ModelMatrix::from_columns(vec!["(intercept)".to_owned(), "x".to_owned()], self.x.clone())
    }

    fn outcome(&self) -> Outcome {
        Outcome { prior: Some(self.w.clone()), ..Outcome::rows(&self.y) }
    }

    fn problem(&self) -> Problem {
        Problem::new(self.terms.clone(), self.design(), &self.outcome(), "y").unwrap()
    }
}

/// V = W⁻¹ + ZΛΛ′Z′ and what follows from it, without blocks.
struct Dense {
    criterion: f64,
    beta: Array1<f64>,
    modes: Vec<Vec<f64>>,
    mode_variances: Vec<Vec<f64>>,
    sigma2: f64,
}

fn dense(e: &Example, lambda: &[Vec<f64>], reml: bool) -> Dense {
    let n = e.y.len();
    let zs: Vec<Array2<f64>> = e
        .terms
        .iter()
        .map(|t| {
            let q = t.q();
            let mut z = Array2::zeros((n, t.n_levels() * q));
            for i in 0..n {
                (0..q).for_each(|k| z[[i, t.codes[i] as usize * q + k]] = t.basis[k].at(i));
            }
            z
        })
        .collect();
    let wide: Vec<Array2<f64>> = e
        .terms
        .iter()
        .zip(lambda)
        .map(|(t, l)| {
            let q = t.q();
            let mut big = Array2::zeros((t.n_levels() * q, t.n_levels() * q));
            for level in 0..t.n_levels() {
                for v in 0..q * q {
                    big[[level * q + v / q, level * q + v % q]] = l[v];
                }
            }
            big
        })
        .collect();
    let mut v = Array2::from_diag(&e.w.iter().map(|w| 1.0 / w).collect::<Array1<f64>>());
    for (z, l) in zs.iter().zip(&wide) {
        let zl = z.dot(l);
        v += &zl.dot(&zl.t());
    }
    let chol = Cholesky::new(v.view(), &[]).unwrap();
    let vi = chol.inverse();
    let x = Array2::from_shape_fn((n, 2), |(i, j)| e.x[j][i]);
    let y = Array1::from(e.y.clone());
    let a = x.t().dot(&vi).dot(&x);
    let inner = Cholesky::new(a.view(), &[]).unwrap();
    let beta = inner.solve(x.t().dot(&vi).dot(&y).as_slice().unwrap());
    let r = &y - &x.dot(&beta);
    let r2 = r.dot(&vi.dot(&r));
    let df = if reml { n as f64 - 2.0 } else { n as f64 };
    let fixed = if reml { inner.ln_det() } else { 0.0 };
    let criterion = chol.ln_det() + fixed + df * (1.0 + (2.0 * std::f64::consts::PI * r2 / df).ln());
    let sigma2 = r2 / df;
    let vr = vi.dot(&r);
    let modes = zs.iter().zip(&wide).map(|(z, l)| l.dot(&l.t()).dot(&z.t().dot(&vr)).to_vec()).collect();
    let mode_variances = zs
        .iter()
        .zip(&wide)
        .map(|(z, l)| {
            let g = l.dot(&l.t());
            let c = &g - &g.dot(&z.t().dot(&vi).dot(z)).dot(&g);
            c.diag().iter().map(|v| v * sigma2).collect()
        })
        .collect();
    Dense { criterion, beta, modes, mode_variances, sigma2 }
}

fn close(a: f64, b: f64, tolerance: f64) -> bool {
    (a - b).abs() <= tolerance * b.abs().max(1.0)
}

fn diagonals(fit: &Lmm, e: &Example, t: usize) -> Vec<f64> {
    let q = e.terms[t].q();
    fit.mode_covariances[t].chunks_exact(q * q).flat_map(|b| (0..q).map(|k| b[k * q + k])).collect()
}

#[test]
fn a_fit_is_what_the_dense_formulas_say_at_its_theta() {
    for (seed, slopes) in [(1, false), (2, true), (3, true)] {
        for reml in [false, true] {
            let e = Example::new(seed, 150, slopes);
            let problem = e.problem();
            let fit = lmm(&problem, reml, None).unwrap();
            let want = dense(&e, &fit.lambda, reml);
            assert!(close(fit.criterion, want.criterion, 1e-10), "{} {}", fit.criterion, want.criterion);
            assert!(close(fit.sigma * fit.sigma, want.sigma2, 1e-9));
            assert!(fit.beta.iter().zip(&want.beta).all(|(a, b)| close(*a, *b, 1e-7)), "{:?}", fit.beta);
            for t in 0..e.terms.len() {
                assert!(fit.modes[t].iter().zip(&want.modes[t]).all(|(a, b)| close(*a, *b, 1e-7)));
                let got = diagonals(&fit, &e, t);
                assert!(got.iter().zip(&want.mode_variances[t]).all(|(a, b)| close(*a, *b, 1e-8)), "{got:?}");
            }
        }
    }
}

/// Every θ beside the estimate is worse.
#[test]
fn the_estimate_is_a_minimum() {
    for (seed, slopes) in [(4, false), (5, true)] {
        let e = Example::new(seed, 200, slopes);
        let problem = e.problem();
        let fit = lmm(&problem, true, None).unwrap();
        let deviance = problem.deviance(true);
        let at = problem.scaled(&fit.theta);
        for j in 0..at.len() {
            for step in [-1e-3, 1e-3, 0.05] {
                let mut beside = at.clone();
                beside[j] += step;
                let value = deviance.value(&deviance.factor(&beside, None).unwrap());
                assert!(value >= fit.criterion - 1e-9, "{j} {step}: {value} {}", fit.criterion);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    /// The analytic gradient is the slope of the deviance, wherever it is asked.
    #[test]
    fn gradient_is_the_slope(seed in 0_u64..1000, slopes in any::<bool>(), reml in any::<bool>(), away in 0.1_f64..2.0) {
        let e = Example::new(seed, 120, slopes);
        let problem = e.problem();
        let deviance = problem.deviance(reml);
        let diagonal = |&(_, (i, j)): &(usize, (usize, usize))| if i == j { away } else { 0.3 * away };
        let theta: Vec<f64> = problem.entries().iter().map(diagonal).collect();
        let factor = deviance.factor(&theta, None).unwrap();
        let got = deviance.evaluate(&theta, &factor, &factor.solve(&problem.design.structure)).gradient;
        for j in 0..theta.len() {
            let at = |step: f64| {
                let mut t = theta.clone();
                t[j] += step;
                deviance.value(&deviance.factor(&t, None).unwrap())
            };
            let h = 1e-4;
            let slope = (8.0 * (at(h) - at(-h)) - (at(2.0 * h) - at(-2.0 * h))) / (12.0 * h);
            prop_assert!((got[j] - slope).abs() < 1e-6 * slope.abs().max(10.0), "{j}: {} {slope}", got[j]);
        }
    }
}

/// A plain model on one factor.
fn one_way(codes: &[u32], y: &[f64], reml: bool) -> Lmm {
    let x = ModelMatrix::intercept(y.len());
    let problem = Problem::new(vec![term("g", codes.to_vec())], x, &Outcome::rows(y), "y").unwrap();
    lmm(&problem, reml, None).unwrap()
}

#[test]
fn balanced_one_way_is_the_analysis_of_variance() {
    let (k, m) = (8_u32, 6_usize);
    let mut draw = draws(11);
    let level: Vec<f64> = (0..k).map(|_| 5.0 * draw()).collect();
    let codes: Vec<u32> = (0..k).flat_map(|g| std::iter::repeat_n(g, m)).collect();
    let y: Vec<f64> = codes.iter().map(|&g| level[g as usize] + draw()).collect();
    let mean = |v: &[f64]| v.iter().sum::<f64>() / v.len() as f64;
    let grand = mean(&y);
    let means: Vec<f64> = y.chunks(m).map(mean).collect();
    let between = means.iter().map(|v| m as f64 * (v - grand).powi(2)).sum::<f64>();
    let within =
        y.chunks(m).zip(&means).flat_map(|(c, v)| c.iter().map(move |y| (y - v).powi(2))).sum::<f64>();
    let msw = within / (f64::from(k) * (m as f64 - 1.0));
    let msb = between / (f64::from(k) - 1.0);
    let fit = one_way(&codes, &y, true);
    assert!(close(fit.sigma.powi(2), msw, 1e-8));
    assert!(close(fit.random_covariance(0)[0], (msb - msw) / m as f64, 1e-7));
    // By full likelihood the between mean square has divisor k.
    let ml = one_way(&codes, &y, false);
    assert!(close(ml.sigma.powi(2), msw, 1e-8));
    assert!(close(ml.random_covariance(0)[0], (between / f64::from(k) - msw) / m as f64, 1e-7));
    assert!(close(fit.covariance[[0, 0]], msb / (f64::from(k) * m as f64), 1e-7));
}

#[test]
fn no_spread_between_levels_is_a_singular_fit_at_exactly_zero() {
    let codes: Vec<u32> = (0..30).map(|i| i / 5).collect();
    let y: Vec<f64> = (0..30).map(|i| f64::from((i * 7) % 5)).collect();
    let fit = one_way(&codes, &y, true);
    assert_eq!((fit.theta[0], fit.singular[0]), (0.0, true));
    let mean = y.iter().sum::<f64>() / 30.0;
    let variance = y.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / 29.0;
    assert!(close(fit.sigma.powi(2), variance, 1e-12));
}

#[test]
fn the_order_of_rows_and_their_compression_change_nothing() {
    let e = Example::new(21, 90, false);
    // Outcomes and x from few values, so that cells hold several rows.
    let y: Vec<f64> = e.y.iter().map(|v| v.round()).collect();
    let x: Vec<f64> = e.x[1].iter().map(|v| (v / 5.0).round()).collect();
    let fit_of = |rows: &[usize], outcome: &Outcome| {
        let terms =
            e.terms.iter().map(|t| term(&t.name, rows.iter().map(|&i| t.codes[i]).collect())).collect();
        let pick = |v: &[f64]| rows.iter().map(|&i| v[i]).collect::<Vec<f64>>();
        let design = ModelMatrix::from_columns(
            vec!["(intercept)".to_owned(), "x".to_owned()],
            vec![vec![1.0; rows.len()], pick(&x)],
        );
        lmm(&Problem::new(terms, design, outcome, "y").unwrap(), true, None).unwrap()
    };
    let same = |a: &Lmm, b: &Lmm| {
        assert!(close(a.criterion, b.criterion, 1e-11), "{} {}", a.criterion, b.criterion);
        assert!(a.theta.iter().zip(&b.theta).all(|(a, b)| close(*a, *b, 1e-6)));
        assert!(a.beta.iter().zip(&b.beta).all(|(a, b)| close(*a, *b, 1e-8)));
    };
    let all: Vec<usize> = (0..90).collect();
    let rows = fit_of(&all, &Outcome::rows(&y));
    let backwards: Vec<usize> = all.iter().rev().copied().collect();
    same(&rows, &fit_of(&backwards, &Outcome::rows(&backwards.iter().map(|&i| y[i]).collect::<Vec<f64>>())));
    // Each row three times, as rows, as frequencies and as cells with Σy².
    let thrice: Vec<usize> = all.iter().flat_map(|&i| [i, i, i]).collect();
    let repeated = fit_of(&thrice, &Outcome::rows(&thrice.iter().map(|&i| y[i]).collect::<Vec<f64>>()));
    let cells = Outcome {
        kind: Kind::Moments,
        n: vec![3.0; 90],
        sum: y.iter().map(|v| 3.0 * v).collect(),
        sum2: y.iter().map(|v| 3.0 * v * v).collect(),
        prior: None,
        offset: None,
    };
    same(&repeated, &fit_of(&all, &cells));
}

#[test]
fn the_same_bits_at_any_number_of_threads() {
    let fit = |threads: usize| {
        with_threads(threads, || {
            let e = Example::new(31, 400, true);
            lmm(&e.problem(), true, None).unwrap()
        })
    };
    let one = fit(1);
    for threads in [2, 8] {
        let other = fit(threads);
        assert_eq!(
            (one.criterion.to_bits(), &one.theta, &one.modes),
            (other.criterion.to_bits(), &other.theta, &other.modes)
        );
    }
}

#[test]
fn a_warm_start_ends_at_the_same_place_sooner() {
    let e = Example::new(41, 300, true);
    let problem = e.problem();
    let cold = lmm(&problem, true, None).unwrap();
    let warm = lmm(&problem, true, Some(&cold.theta)).unwrap();
    assert!(close(warm.criterion, cold.criterion, 1e-11));
    assert!(warm.search.evaluations <= 4, "{}", warm.search.evaluations);
}

#[test]
fn what_cannot_be_told_apart_is_refused() {
    let e = Example::new(51, 60, false);
    let try_terms = |terms: Vec<RandomTerm>| Problem::new(terms, e.design(), &e.outcome(), "y").map(|_| ());
    let area = e.terms[2].clone();
    let one = term("all", vec![0; 60]);
    assert!(matches!(try_terms(vec![one]), Err(Error::Constant { .. })));
    let each = term("row", (0..60).collect());
    assert!(matches!(try_terms(vec![each]), Err(Error::InvalidOption { .. })));
    // The same groups under other numbers.
    let last = area.codes.iter().copied().max().unwrap();
    let again = term("again", area.codes.iter().map(|c| last - c).collect());
    assert!(matches!(try_terms(vec![area.clone(), again]), Err(Error::InvalidOption { .. })));
    // A slope of a constant.
    let mut flat = area;
    flat.basis.push(Basis::Column(vec![2.0; 60]));
    flat.columns.push("two".to_owned());
    let got = try_terms(vec![flat.with_parts(&[2])]);
    assert_eq!(got, Err(Error::Aliased { columns: vec!["two | area".to_owned()] }));
    // A fixed column that is a multiple of another, and one that is constant.
    for column in [e.x[1].iter().map(|v| 2.0 * v - 7.0).collect::<Vec<f64>>(), vec![2015.0; 60]] {
        let names = ["(intercept)", "x", "b"].map(str::to_owned).to_vec();
        let x = ModelMatrix::from_columns(names, vec![e.x[0].clone(), e.x[1].clone(), column]);
        let got = Problem::new(e.terms.clone(), x, &e.outcome(), "y").map(|_| ());
        assert_eq!(got, Err(Error::Aliased { columns: vec!["b".to_owned()] }));
    }
    let constant = Outcome::rows(&[3.0; 60]);
    let got = Problem::new(e.terms.clone(), e.design(), &constant, "y").map(|_| ());
    assert!(matches!(got, Err(Error::Constant { .. })));
}
