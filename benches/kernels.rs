//! Criterion benches of the hot kernels: `cargo bench`. The peers are timed by `make bench`.
#![allow(missing_docs)] // the macros of criterion make undocumented functions

use criterion::{Criterion, criterion_group, criterion_main};
use gofal::correlation::coefficient::Method;
use gofal::correlation::kendall::{Concordance, Ranked};
use gofal::correlation::replicate::replicates;
use gofal::num::dist::t;
use gofal::parallel::{Control, with_threads};
use gofal::resample::permutation::{Alternative, monte_carlo};
use gofal::rng::Stream;

fn columns(n: usize, k: usize) -> Vec<Vec<f64>> {
    (0..k as u64)
        .map(|j| {
            let mut stream = Stream::new(1, j);
            (0..n).map(|_| stream.uniform() - 0.5).collect()
        })
        .collect()
}

fn panel(c: &mut Criterion) {
    let table = columns(22, 40);
    let views: Vec<&[f64]> = table.iter().map(Vec::as_slice).collect();
    let pairs: Vec<(usize, usize)> = (0..40).flat_map(|i| (i + 1..40).map(move |j| (i, j))).collect();
    for method in [Method::Pearson, Method::Spearman, Method::Kendall] {
        c.bench_function(&format!("780 pairs, 1,000 resamples, {method:?}"), |b| {
            b.iter(|| with_threads(1, || replicates(&views, &pairs, method, 1_000, 1, &Control::new())));
        });
    }
}

fn large(c: &mut Criterion) {
    let table = columns(1909, 2);
    c.bench_function("1,000 permutations, n = 1,909", |b| {
        b.iter(|| {
            with_threads(1, || {
                monte_carlo(&table[0], &table[1], Alternative::TwoSided, 1_000, 1, &Control::new())
            })
        });
    });
    let ranked: Vec<Ranked> = table.iter().map(|x| Ranked::new(x)).collect();
    c.bench_function("Kendall, n = 1,909", |b| b.iter(|| Concordance::of_ranked(&ranked[0], &ranked[1])));
    c.bench_function("t tail", |b| b.iter(|| t::sf(std::hint::black_box(2.5), 20.0)));
}

criterion_group!(kernels, panel, large);
criterion_main!(kernels);
