//! W1: correlation panels, one thread. Sizes as the field has them: 22 authorities, 1,909 small areas.

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use gofal::correlation::coefficient::Method;
use gofal::correlation::matrix::matrix;
use gofal::correlation::panel::{Column, IntervalKind, Options, PKind, panel};
use gofal::correlation::replicate::{Source, replicates};
use gofal::parallel::{Control, with_threads};
use gofal::resample::interval::Kind;
use gofal::resample::permutation::{self, Alternative};
use gofal::rng::Stream;

const METHODS: [Method; 3] = [Method::Pearson, Method::Spearman, Method::Kendall];

/// p columns of n correlated values without ties.
fn columns(p: u64, n: usize) -> Vec<Vec<f64>> {
    let mut common = Stream::new(1, 0);
    let shared: Vec<f64> = (0..n).map(|_| common.uniform()).collect();
    let column = |j| {
        let mut own = Stream::new(2, j);
        shared.iter().map(|s| s + own.uniform()).collect()
    };
    (0..p).map(column).collect()
}

fn all_pairs(p: usize) -> Vec<(usize, usize)> {
    (0..p).flat_map(|i| (i + 1..p).map(move |j| (i, j))).collect()
}

fn run_panel(data: &[Vec<f64>], methods: &[Method], kind: Kind) -> usize {
    let named: Vec<Column<'_>> =
        data.iter().map(|values| Column { name: "x", values, valid: None }).collect();
    let options = Options {
        methods: methods.to_vec(),
        alternative: Alternative::TwoSided,
        conf_level: 0.95,
        interval: IntervalKind::Bootstrap(kind),
        p: PKind::Analytic,
        n_resamples: 10_000,
        seed: 1,
    };
    with_threads(1, || panel(&named, &all_pairs(data.len()), &options, &Control::new()))
        .map_or(0, |rows| rows.len())
}

fn panels(c: &mut Criterion) {
    let mut group = c.benchmark_group("panel");
    group.sample_size(10);
    let wide = columns(40, 22);
    for kind in [Kind::Percentile, Kind::Bca] {
        let name = format!("22 rows, 780 pairs, 3 coefficients, 10,000 resamples, {kind:?}");
        group.bench_function(name, |b| b.iter(|| run_panel(black_box(&wide), &METHODS, kind)));
    }
    for method in METHODS {
        group.bench_function(format!("22 rows, 780 pairs, 10,000 resamples, {method:?}"), |b| {
            b.iter(|| run_panel(black_box(&wide), &[method], Kind::Percentile));
        });
        let views: Vec<&[f64]> = wide.iter().map(Vec::as_slice).collect();
        let pairs = all_pairs(40);
        let source = Source::simple(22, 10_000, 1);
        group.bench_function(format!("22 rows, 780 pairs, 10,000 replicates alone, {method:?}"), |b| {
            b.iter(|| with_threads(1, || replicates(&views, &pairs, method, &source, &Control::new())));
        });
    }
    let long = columns(2, 1909);
    group.bench_function("1,909 rows, 1 pair, 3 coefficients, 10,000 resamples", |b| {
        b.iter(|| run_panel(black_box(&long), &METHODS, Kind::Percentile));
    });
    for method in METHODS {
        group.bench_function(format!("1,909 rows, 1 pair, 10,000 resamples, {method:?}"), |b| {
            b.iter(|| run_panel(black_box(&long), &[method], Kind::Percentile));
        });
    }
    group.finish();
}

fn permutations(c: &mut Criterion) {
    let data = columns(2, 1909);
    let centred: Vec<Vec<f64>> = data
        .iter()
        .map(|x| {
            let mean = x.iter().sum::<f64>() / x.len() as f64;
            x.iter().map(|v| v - mean).collect()
        })
        .collect();
    let mut group = c.benchmark_group("permutation");
    group.sample_size(10);
    group.bench_function("1,909 rows, 1 pair, 100,000 permutations", |b| {
        b.iter(|| {
            let run = || {
                let (x, y) = (black_box(&centred[0]), &centred[1]);
                permutation::monte_carlo(x, y, Alternative::TwoSided, 100_000, 1, &Control::new())
            };
            with_threads(1, run)
        });
    });
    group.finish();
}

fn matrices(c: &mut Criterion) {
    let data = columns(40, 1909);
    let views: Vec<&[f64]> = data.iter().map(Vec::as_slice).collect();
    let names: Vec<String> = (0..40).map(|j| format!("x{j}")).collect();
    let mut group = c.benchmark_group("matrix");
    group.sample_size(20);
    for method in METHODS {
        group.bench_function(format!("1,909 rows, 40 × 40, {method:?}"), |b| {
            b.iter(|| with_threads(1, || matrix(black_box(&views), &names, method)));
        });
    }
    group.finish();
}

criterion_group!(benches, panels, permutations, matrices);
criterion_main!(benches);
