//! Inference for mixed models: identities of the degrees of freedom, exact intervals, profiles, the bootstrap.

use gofal::design::ModelMatrix;
use gofal::mixed::bootstrap::{numbers, replicates};
use gofal::mixed::canonical::Canonical;
use gofal::mixed::exact;
use gofal::mixed::kenward_roger::KenwardRoger;
use gofal::mixed::limits::{of_coefficient, of_target};
use gofal::mixed::lmm::{Lmm, lmm};
use gofal::mixed::null::{Fixed, Null};
use gofal::mixed::problem::Problem;
use gofal::mixed::profile::{Profile, Target};
use gofal::mixed::satterthwaite::Curvature;
use gofal::mixed::term::{Basis, RandomTerm};
use gofal::num::dist::{chi2, f};
use gofal::parallel::{Control, with_threads};
use gofal::regression::outcome::Outcome;
use gofal::rng::Stream;
use ndarray::Array2;

const GROUPS: u32 = 9;
const SIZE: usize = 5;

fn normal(stream: &mut Stream) -> f64 {
    gofal::num::dist::normal::quantile(stream.uniform() + 1e-17)
}

fn intercept(codes: Vec<u32>, n: u32) -> RandomTerm {
    RandomTerm::intercept("g", codes, (0..n).map(|i| i.to_string()).collect())
}

/// Nine groups of five rows; `slope` adds a correlated slope of a covariate within groups.
fn balanced(seed: u64, tau: f64, slope: bool) -> Problem {
    let mut s = Stream::new(seed, 0);
    let codes: Vec<u32> = (0..GROUPS).flat_map(|g| std::iter::repeat_n(g, SIZE)).collect();
    let n = codes.len();
    let x: Vec<f64> = (0..n).map(|i| (i % SIZE) as f64).collect();
    let level: Vec<(f64, f64)> =
        (0..GROUPS).map(|_| (tau.sqrt() * normal(&mut s), 0.5 * normal(&mut s))).collect();
    let y: Vec<f64> = (0..n)
        .map(|i| {
            let (a, b) = level[codes[i] as usize];
            2.0 + a + 0.4 * x[i] + if slope { b * x[i] } else { 0.0 } + normal(&mut s)
        })
        .collect();
    let mut term = intercept(codes, GROUPS);
    if slope {
        term.basis.push(Basis::Column(x.clone()));
        term.columns.push("x".to_owned());
        term = term.with_parts(&[2]);
    }
    let design =
        ModelMatrix::from_columns(vec!["(intercept)".to_owned(), "x".to_owned()], vec![vec![1.0; n], x]);
    Problem::new(vec![term], design, &Outcome::rows(&y), "y").unwrap()
}

fn fitted(problem: &Problem, reml: bool) -> Lmm {
    lmm(problem, reml, None).unwrap()
}

fn close(a: f64, b: f64, tolerance: f64) -> bool {
    (a - b).abs() <= tolerance * b.abs().max(1.0)
}

/// In a balanced design the F tests are those of the analysis of variance: x within groups on n − k − 1, with a random slope on
/// k − 1 degrees of freedom.
#[test]
fn balanced_degrees_of_freedom_are_those_of_the_analysis_of_variance() {
    let (n, k) = (f64::from(GROUPS) * SIZE as f64, f64::from(GROUPS));
    for (slope, want) in [(false, n - k - 1.0), (true, k - 1.0)] {
        let problem = balanced(3, 4.0, slope);
        let fit = fitted(&problem, true);
        assert!(!fit.singular[0]);
        let row = Array2::from_shape_vec((1, 2), vec![0.0, 1.0]).unwrap();
        let exact = KenwardRoger::new(&problem, &fit).unwrap();
        let rough = Curvature::new(&problem, &fit).unwrap();
        let (a, b) = (exact.f_test(&row, &fit.beta).unwrap(), rough.f_test(&row, &fit.beta).unwrap());
        assert!(close(a.df2, want, 1e-8), "{} {want}", a.df2);
        assert!(close(b.df2, want, 1e-6), "{} {want}", b.df2);
        assert!(close(a.f, b.f, 1e-8) && close(a.f, fit.beta[1].powi(2) / fit.covariance[[1, 1]], 1e-8));
        assert!(close(exact.adjusted[[1, 1]], fit.covariance[[1, 1]], 1e-8));
    }
}

#[test]
fn kenward_roger_needs_the_restricted_likelihood() {
    let problem = balanced(3, 1.0, false);
    assert!(KenwardRoger::new(&problem, &fitted(&problem, false)).is_err());
}

/// The sums of squares have the restricted likelihood of the fit, and its least point.
#[test]
fn canonical_sums_reproduce_the_fit() {
    for tau in [0.0, 0.5, 5.0] {
        let problem = balanced(11, tau, false);
        let (fit, sums) = (fitted(&problem, true), Canonical::new(&problem).unwrap());
        let (least, rho) = sums.best();
        assert!(close(rho, fit.theta[0].powi(2), 1e-6), "{rho} {}", fit.theta[0].powi(2));
        let at = |theta: f64| {
            let d = problem.deviance(true);
            d.value(&d.factor(&[theta], None).unwrap())
        };
        for theta in [0.0, 0.3, 2.0] {
            let rise = sums.at_ratio(theta * theta) - least;
            assert!((rise - (at(theta) - fit.criterion)).abs() < 1e-8, "{rise}");
        }
        assert!(close(sums.sigma2_at(rho), fit.sigma.powi(2), 1e-6));
        let (value, sigma2) = sums.at_between(rho * sums.sigma2_at(rho), 1.0);
        assert!(close(value, least, 1e-9) && close(sigma2, fit.sigma.powi(2), 1e-6));
    }
}

/// Searle (1971): with equal groups the limits are (MSB/MSW/F − 1)/m.
#[test]
fn the_pivot_of_equal_groups_is_the_closed_form() {
    let problem = balanced(5, 2.0, false);
    let sums = Canonical::new(&problem).unwrap();
    let (a, b) = (f64::from(GROUPS) - 1.0, f64::from(GROUPS) * (SIZE as f64 - 1.0) - 1.0);
    let ratio = sums.u.iter().sum::<f64>() / a / (sums.e / b);
    let m = SIZE as f64;
    let want = [(ratio / f::isf(0.025, a, b) - 1.0) / m, (ratio * f::isf(0.025, b, a) - 1.0) / m];
    let got = exact::pivot(&sums, 0.95).unwrap();
    assert!(close(got.0, want[0].max(0.0), 1e-8) && close(got.1, want[1], 1e-8), "{got:?} {want:?}");
}

/// With one eigenvalue the null distribution at ρ = 0 puts P(F ≤ 1) on 0: REML is at its bound there.
#[test]
fn the_null_distribution_has_its_mass_at_zero() {
    let sums = Canonical::new(&balanced(5, 2.0, false)).unwrap();
    let null = Null::new(&sums, 20_000, 1, &Control::new()).unwrap();
    let draws = null.ratios(0.0, Fixed::Ratio, &Control::new()).unwrap();
    let zero = draws.iter().filter(|&&v| v < 1e-9).count() as f64 / draws.len() as f64;
    let want = f::cdf(1.0, sums.k.iter().sum(), sums.f);
    assert!((zero - want).abs() < 0.012, "{zero} {want}");
    // Far from the bound it is nearly a chi-square.
    let far = null.ratios(50.0, Fixed::Ratio, &Control::new()).unwrap();
    let q = far[far.len() * 19 / 20];
    assert!((q / chi2::quantile(0.95, 1.0) - 1.0).abs() < 0.12, "{q}");
}

#[test]
fn exact_limits_hold_the_estimate_and_the_same_bits_at_any_thread_count() {
    let limits = |threads: usize, tau: f64, fixed: Fixed| {
        with_threads(threads, || {
            let sums = Canonical::new(&balanced(21, tau, false)).unwrap();
            let null = Null::new(&sums, 1_999, 4, &Control::new()).unwrap();
            exact::interval(&sums, &null, fixed, 0.95, &Control::new()).unwrap()
        })
    };
    for (tau, fixed) in [(0.0, Fixed::Ratio), (3.0, Fixed::Ratio), (3.0, Fixed::Between)] {
        let one = limits(1, tau, fixed);
        assert!(one.0 >= 0.0 && one.1 > one.0 && one.1.is_finite(), "{one:?}");
        assert!(limits(2, tau, fixed) == one && limits(8, tau, fixed) == one);
    }
}

/// At the estimate every profile is the criterion, and beside it higher; limits sit where it has risen by the quantile.
#[test]
fn profiles_touch_the_criterion_at_the_estimate() {
    for reml in [true, false] {
        let problem = balanced(8, 3.0, true);
        let fit = fitted(&problem, reml);
        let sigma = fit.random_covariance(0);
        let sd = |k: usize| sigma[k * 3].sqrt();
        let named = numbers(&problem, &fit);
        let share = named.iter().find(|n| n.measure == "share").unwrap().value;
        let targets = [
            (Target::Sd(0, 0), sd(0)),
            (Target::Sd(0, 1), sd(1)),
            (Target::Sigma, fit.sigma),
            (Target::Share(Some(0)), share),
            (Target::Share(None), share),
            (Target::Correlation(0), sigma[1] / (sd(0) * sd(1))),
        ];
        for (target, estimate) in targets {
            let profile = Profile::new(&problem, &fit, target);
            assert!(close(profile.at(estimate).unwrap(), fit.criterion, 1e-9), "{target:?}");
            let (low, high) = of_target(&problem, &fit, target, estimate, 0.95).unwrap();
            let (low, high) = (low.unwrap(), high.unwrap());
            assert!(low < estimate && estimate < high, "{target:?} {low} {estimate} {high}");
            let risen = profile.at(high).unwrap() - fit.criterion;
            assert!((risen - chi2::quantile(0.95, 1.0)).abs() < 1e-4, "{target:?} {risen}");
        }
    }
}

#[test]
fn a_coefficient_is_profiled_by_full_likelihood_only() {
    let problem = balanced(8, 3.0, false);
    let fit = fitted(&problem, false);
    let (low, high) = of_coefficient(&problem, &fit, 1, 0.95).unwrap();
    let half = 1.96 * fit.covariance[[1, 1]].sqrt();
    let (low, high) = (low.unwrap(), high.unwrap());
    // Close to the Wald limits, a little wider.
    assert!(close(low, fit.beta[1] - half, 0.05) && close(high, fit.beta[1] + half, 0.05), "{low} {high}");
    assert!(high - low > 2.0 * half);
    assert!(of_coefficient(&problem, &fitted(&problem, true), 1, 0.95).is_err());
}

#[test]
fn replicates_scatter_about_the_fit_and_do_not_depend_on_threads() {
    let problem = balanced(13, 2.0, true);
    let fit = fitted(&problem, true);
    let draw = |threads: usize| {
        with_threads(threads, || replicates(&[(&problem, &fit)], 200, 9, &Control::new()).unwrap())
    };
    let one = draw(1);
    assert!(one == draw(2) && one == draw(8));
    let named = numbers(&problem, &fit);
    let kept: Vec<&Vec<f64>> = one.iter().flatten().collect();
    assert!(kept.len() > 195);
    for (j, n) in named.iter().enumerate().filter(|(_, n)| n.measure == "estimate" || n.factor == "residual")
    {
        let mean = kept.iter().map(|r| r[j]).sum::<f64>() / kept.len() as f64;
        let sd = (kept.iter().map(|r| (r[j] - mean).powi(2)).sum::<f64>() / kept.len() as f64).sqrt();
        assert!((mean - n.value).abs() < 4.0 * sd / (kept.len() as f64).sqrt(), "{n:?} {mean} {sd}");
    }
}
