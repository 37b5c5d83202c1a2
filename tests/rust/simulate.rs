//! Synthetic children: what was assumed is what is drawn, and the exact answers are exact.

use gofal::error::Error;
use gofal::parallel::{Control, with_threads};
use gofal::simulate::draw::{Child, children};
use gofal::simulate::spec::{PATTERNS, Place, Spec, Spread};
use gofal::simulate::truth::truth;
use gofal::simulate::world::World;

fn spec(by_authority: bool) -> Spec {
    let place = |children, rate, court, areas| Place { children, rate, court, areas };
    Spec {
        places: vec![
            place(3000.0, 0.02, 0, [4, 3, 2, 1, 1]),
            place(1000.0, 0.05, 1, [0, 1, 1, 5, 0]),
            place(6000.0, 0.01, 1, [9, 3, 2, 1, 7]),
        ],
        n_courts: 3,
        elsewhere: 0.1,
        prevalence: [
            [0.12, 0.09, 0.2],
            [0.1, 0.07, 0.18],
            [0.08, 0.06, 0.16],
            [0.06, 0.05, 0.14],
            [0.05, 0.04, 0.12],
        ],
        loading: [0.7, 0.6, 0.5],
        trio: [0.0, 0.9, 1.4, 2.1, 0.7, 1.5, 1.9, 2.6],
        deprivation: [1.2, 0.8, 0.5, 0.2, 0.0],
        ages: vec![(3.0, 0.0), (4.0, 0.3), (5.0, 0.5)],
        male: (0.5, 0.1),
        years: vec![0.0, 0.02],
        spread: Spread { authority: 0.3, court: 0.2, area: 0.3, slope: 0.1 },
        by_authority,
        seed: 7,
    }
}

#[test]
fn expected_rates_are_the_given_ones() {
    let world = World::new(spec(true)).unwrap();
    let t = truth(&world).unwrap();
    for (got, place) in t.by_authority.iter().zip(&world.spec.places) {
        assert!((got / place.rate - 1.0).abs() < 1e-11, "{got}");
    }
    let rate = (3000.0 * 0.02 + 1000.0 * 0.05 + 6000.0 * 0.01) / 10_000.0;
    assert!((t.overall / rate - 1.0).abs() < 1e-11);
    let national = truth(&World::new(spec(false)).unwrap()).unwrap();
    assert!((national.overall / rate - 1.0).abs() < 1e-11);
    assert!((national.by_authority[0] / 0.02 - 1.0).abs() > 1e-3);
}

#[test]
fn exact_answers_add_up() {
    let t = truth(&World::new(spec(false)).unwrap()).unwrap();
    assert!((t.share.iter().sum::<f64>() - 1.0).abs() < 1e-13);
    let overall: f64 = t.share.iter().zip(t.crude).map(|(s, r)| s * r).sum();
    assert!((overall / t.overall - 1.0).abs() < 1e-13);
    let fifths: f64 = t.by_fifth.iter().map(|(s, r)| s * r).sum();
    assert!((fifths / t.overall - 1.0).abs() < 1e-13);
    // Nobody has any factor once all are removed.
    assert!((t.fractions[7] - (1.0 - t.risk[0] / t.overall)).abs() < 1e-13);
    for parts in [&t.sequential, &t.average] {
        assert!((parts.iter().sum::<f64>() - t.fractions[7]).abs() < 1e-13);
    }
}

/// Without other covariates the standardised odds ratio is the model's own.
#[test]
fn a_world_without_covariates_has_the_odds_ratios_of_its_model() {
    let mut flat = spec(false);
    flat.spread = Spread { authority: 0.0, court: 0.0, area: 0.0, slope: 0.0 };
    flat.deprivation = [0.0; 5];
    flat.ages = vec![(1.0, 0.0)];
    flat.male = (0.5, 0.0);
    flat.years = vec![0.0];
    let world = World::new(flat).unwrap();
    let t = truth(&world).unwrap();
    let odds = |r: f64| r / (1.0 - r);
    for f in 0..PATTERNS {
        let ratio = odds(t.risk[f]) / odds(t.risk[0]);
        assert!((ratio.ln() - world.spec.trio[f]).abs() < 1e-12);
        assert!((t.crude[f] / t.risk[f] - 1.0).abs() < 1e-12);
    }
}

#[test]
fn the_same_children_at_any_number_of_threads() {
    let world = World::new(spec(true)).unwrap();
    let draw =
        |threads, seed| with_threads(threads, || children(&world, 30_001, seed, &Control::new()).unwrap());
    let one = draw(1, 5);
    assert_eq!(one, draw(2, 5));
    assert_eq!(one, draw(8, 5));
    assert_ne!(one, draw(1, 6));
    // More children of the same seed begin with the same children.
    let more = with_threads(2, || children(&world, 40_000, 5, &Control::new()).unwrap());
    assert_eq!(one[..28_672], more[..28_672]);
}

#[test]
fn children_follow_their_world() {
    let world = World::new(spec(true)).unwrap();
    let t = truth(&world).unwrap();
    let n = 2_000_000;
    let drawn = children(&world, n, 11, &Control::new()).unwrap();
    let near = |count: usize, p: f64, what: &str| {
        let sd = (n as f64 * p * (1.0 - p)).sqrt();
        let z = (count as f64 - n as f64 * p) / sd;
        assert!(z.abs() < 4.5, "{what}: {z}");
    };
    let count = |keep: &dyn Fn(&Child) -> bool| drawn.iter().filter(|c| keep(c)).count();
    for f in 0..PATTERNS {
        near(count(&|c| c.cell() % PATTERNS == f), t.share[f], "pattern");
        near(count(&|c| c.cell() % PATTERNS == f && c.outcome()), t.share[f] * t.crude[f], "events");
    }
    for (a, place) in world.spec.places.iter().enumerate() {
        let here = place.children / 10_000.0;
        near(count(&|c| world.areas[c.area()].authority == a), here, "authority");
        let looked_after = count(&|c| world.areas[c.area()].authority == a && c.outcome());
        near(looked_after, here * place.rate, "authority events");
    }
    // Court 2 is nobody's own: half of the tenth that is heard elsewhere.
    near(count(&|c| c.court() == 2), 0.05, "court");
    let person = |c: &Child| c.cell() / PATTERNS;
    near(count(&|c| person(c) % 3 == 2), 5.0 / 12.0, "age");
    near(count(&|c| person(c) / 3 % 2 == 1), 0.5, "sex");
    near(count(&|c| person(c) / 6 == 1), 0.5, "year");
}

#[test]
fn impossible_assumptions_are_named() {
    let refused = |change: &dyn Fn(&mut Spec)| {
        let mut s = spec(true);
        change(&mut s);
        match World::new(s) {
            Err(Error::InvalidOption { option, .. }) => option,
            other => format!("{:?}", other.map(|w| w.intercept)),
        }
    };
    assert_eq!(refused(&|s| s.prevalence[0][1] = 0.0), "prevalence");
    assert_eq!(refused(&|s| s.loading[2] = 1.0), "co_occurrence");
    assert_eq!(refused(&|s| s.places[0].rate = 1.0), "rate");
    assert_eq!(refused(&|s| s.elsewhere = 1.0), "elsewhere");
    assert_eq!(refused(&|s| s.spread.area = -0.1), "sd");
    assert_eq!(refused(&|s| s.trio[3] = f64::NAN), "trio");
    assert_eq!(refused(&|s| s.years.clear()), "places");
    assert_eq!(refused(&|s| s.places[1].areas = [0; 5]), "places");
}
