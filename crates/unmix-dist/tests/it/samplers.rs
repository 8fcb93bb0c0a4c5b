//! Samples against the cdf: Kolmogorov and Smirnov's test at level 1e-6 per sample, and its power.

use unmix_core::Seed;
use unmix_dist::{Bernoulli, Density, Laplace, Normal, Uniform};

const DRAWS: usize = 20_000;
const LEVEL: f64 = 1e-6;
const SEEDS: u64 = 20;

/// Largest distance between the empirical and the given cdf.
fn distance(mut draws: Vec<f64>, cdf: impl Fn(f64) -> f64) -> f64 {
    draws.sort_by(f64::total_cmp);
    let n = draws.len() as f64;
    let gaps = draws.iter().enumerate().map(|(i, &x)| (cdf(x) - i as f64 / n).max((i + 1) as f64 / n - cdf(x)));
    gaps.fold(0.0, f64::max)
}

/// The distance that is exceeded with probability [`LEVEL`] at most: the bound of Dvoretzky, Kiefer and Wolfowitz with Massart's constant.
fn critical() -> f64 {
    (-(LEVEL / 2.0).ln() / (2.0 * DRAWS as f64)).sqrt()
}

#[test]
fn samples_follow_the_cdf() {
    let distributions: [(&str, Box<dyn Density>); 4] = [
        ("normal", Box::new(Normal::new(-2.0, 0.5).unwrap())),
        ("laplace", Box::new(Laplace::new(3.0, 2.0).unwrap())),
        ("uniform", Box::new(Uniform::new(-1.0, 4.0).unwrap())),
        ("standard normal", Box::new(Normal::STANDARD)),
    ];
    for (name, distribution) in &distributions {
        for seed in 0..SEEDS {
            let draws = distribution.sample_many(DRAWS, &mut Seed(seed).stream("ks", 0));
            let distance = distance(draws, |x| distribution.cdf(x));
            assert!(distance < critical(), "{name}, seed {seed}: distance {distance}, critical {}", critical());
        }
    }
}

#[test]
fn the_test_tells_a_laplace_from_a_normal_of_equal_variance() {
    let laplace = Laplace::new(0.0, 0.5_f64.sqrt()).unwrap();
    for seed in 0..SEEDS {
        let draws = laplace.sample_many(DRAWS, &mut Seed(seed).stream("ks", 1));
        assert!(distance(draws, |x| Normal::STANDARD.cdf(x)) > critical(), "seed {seed}");
    }
}

#[test]
fn bernoulli_counts_lie_within_five_standard_deviations() {
    for (index, probability) in [0.001, 0.3, 0.5, 0.97].into_iter().enumerate() {
        let distribution = Bernoulli::from_probability(probability).unwrap();
        for seed in 0..SEEDS {
            let draws = distribution.sample_many(DRAWS, &mut Seed(seed).stream("bernoulli", index as u64));
            assert!(draws.iter().all(|&x| x == 0.0 || x == 1.0));
            let excess = draws.iter().sum::<f64>() - DRAWS as f64 * probability;
            let deviation = (DRAWS as f64 * probability * (1.0 - probability)).sqrt();
            assert!(excess.abs() < 5.0 * deviation, "p {probability}, seed {seed}: {excess} against {deviation}");
        }
    }
    for (probability, value) in [(0.0, 0.0), (1.0, 1.0)] {
        let draws = Bernoulli::from_probability(probability).unwrap().sample_many(1_000, &mut Seed(0).stream("bernoulli", 9));
        assert!(draws.iter().all(|&x| x == value));
    }
}
