//! Linear causal disentanglement in the setting of Squires, Seigal, Bhate and Uhler (2023): exact precisions, error against the number of samples, and
//! size and power of the evidence.
//!
//! `cargo run --release -p unmix-causal --example linear_disentanglement -- exact|curve|latents|noise|evidence [MODELS]`; root seed 8164.

#![allow(clippy::unwrap_used, clippy::expect_used)] // a program of measurements ends at the first failure

use ndarray::ArrayView2;
use rayon::prelude::*;
use std::time::Instant;
use unmix_causal::simulate::{Interventional, InterventionalParams, Mechanism, interventional};
use unmix_causal::{
    Disentanglement, LinearDisentanglement, LinearDisentanglementParams, MeasurementNoise, Recovery, disentangle_precisions,
};
use unmix_core::{Fit, Model, Params, Run, Seed, Verdict};
use unmix_numerics::quantile;

const SEED: Seed = Seed(8164);

/// Samples of each environment, and the means and shares of the paper over 100 models.
const PUBLISHED: [(usize, f64, f64); 7] = [
    (2_500, 2.96, 0.53),
    (5_000, 2.34, 0.56),
    (10_000, 1.40, 0.77),
    (25_000, 0.863, 0.84),
    (50_000, 0.545, 0.92),
    (100_000, 0.223, 0.98),
    (250_000, 0.098, 0.98),
];

fn main() {
    let mut arguments = std::env::args().skip(1);
    let task = arguments.next().unwrap_or_default();
    let models: Option<u64> = arguments.next().and_then(|n| n.parse().ok());
    let started = Instant::now();
    match task.as_str() {
        "exact" => exact(models.unwrap_or(1000)),
        "curve" => curve(models.unwrap_or(1000)),
        "latents" => latents(models.unwrap_or(100)),
        "noise" => noise(models.unwrap_or(100)),
        "evidence" => evidence(models.unwrap_or(500)),
        _ => eprintln!("give a task: exact, curve, latents, noise or evidence"),
    }
    println!("{:.1} s", started.elapsed().as_secs_f64());
}

fn truth(params: &InterventionalParams, model: u64) -> Interventional {
    interventional(params, SEED.child("model", model)).unwrap()
}

fn estimator(noise: MeasurementNoise) -> LinearDisentanglement {
    LinearDisentanglementParams { noise, ..Default::default() }.build().unwrap()
}

fn from_precisions(truth: &Interventional) -> Disentanglement {
    let precisions = truth.precisions();
    let views: Vec<ArrayView2<'_, f64>> = precisions.iter().map(|s| s.view()).collect();
    disentangle_precisions(views[0], &views[1..]).unwrap()
}

fn exact(models: u64) {
    for (latents, variables, density, models) in
        [(5, 10, 0.75, models), (20, 30, 0.75, models / 10), (50, 60, 0.75, models / 100), (50, 60, 0.1, models / 100)]
    {
        let params = InterventionalParams { latents, variables, density, ..Default::default() };
        let started = Instant::now();
        let found: Vec<Recovery> = (0..models)
            .into_par_iter()
            .map(|model| truth(&params, model))
            .map(|truth| from_precisions(&truth).recovery(&truth).unwrap())
            .collect();
        let largest = found.iter().fold(0.0_f64, |most, r| most.max(r.largest));
        let within = found.iter().filter(|r| r.targets && r.largest <= 1e-8).count();
        println!(
            "d = {latents}, p = {variables}, density {density}: {within} of {models} within 1e-8 with all targets right, largest error {largest:.1e}, \
             {:.3} s a model",
            started.elapsed().as_secs_f64() / models as f64
        );
    }
}

fn curve(models: u64) {
    let params = InterventionalParams::default();
    println!("{models} models; 95 % intervals: of means normal, of shares Wilson's; published: 100 models");
    println!(
        "n | mean ‖H - Ĥ‖ | published | quartiles | up to sign, mean | nearest order-preserving, mean | mean ‖B - B̂‖ | all targets | published"
    );
    for (n, mean, share) in PUBLISHED {
        let found: Vec<(Recovery, f64)> =
            sampled(&params, n, models, |truth, found| (found.recovery(truth).unwrap(), nearest_relabelling(truth, found)));
        let errors: Vec<f64> = found.iter().map(|(r, _)| r.unmixing).collect();
        let average = |of: &dyn Fn(&(Recovery, f64)) -> f64| found.iter().map(of).sum::<f64>() / models as f64;
        let (found_mean, half) = interval(&errors);
        let right = found.iter().filter(|(r, _)| r.targets).count() as f64 / models as f64;
        let (low, high) = wilson(right, models as f64);
        println!(
            "{n} | {found_mean:.4} ± {half:.4} | {mean} | {:.4} {:.4} {:.4} | {:.4} | {:.4} | {:.4} | {right:.3} ({low:.3}–{high:.3}) | {share}",
            quantile(&errors, 0.25).unwrap(),
            quantile(&errors, 0.5).unwrap(),
            quantile(&errors, 0.75).unwrap(),
            average(&|(r, _)| r.unmixing_up_to_sign),
            average(&|(_, nearest)| *nearest),
            average(&|(r, _)| r.structure),
        );
    }
}

/// `score` of fits to `n` samples of each environment, one for each model.
fn sampled<T: Send>(
    params: &InterventionalParams,
    n: usize,
    models: u64,
    score: impl Fn(&Interventional, &Disentanglement) -> T + Sync,
) -> Vec<T> {
    let estimator = estimator(MeasurementNoise::None);
    let models = (0..models).into_par_iter().map(|model| {
        let truth = truth(params, model);
        let covariances = truth.covariances(n, SEED.child("data", model).child("rows", n as u64)).unwrap();
        let views: Vec<ArrayView2<'_, f64>> = covariances.iter().map(|s| s.view()).collect();
        score(&truth, &estimator.fit_covariances(&views, &vec![n; views.len()], &mut Run::new(1)).unwrap().model)
    });
    models.collect()
}

/// More latents, twice as many variables.
fn latents(models: u64) {
    println!("latents | n | quartiles of ‖H - Ĥ‖/√d up to sign | all targets of {models} | s a model");
    for latents in [5, 8, 12, 16] {
        for n in [2_500, 25_000, 250_000] {
            let started = Instant::now();
            let params = InterventionalParams { latents, variables: 2 * latents, ..Default::default() };
            let found = sampled(&params, n, models, |truth, found| found.recovery(truth).unwrap());
            let errors: Vec<f64> = found.iter().map(|r| r.unmixing_up_to_sign / (latents as f64).sqrt()).collect();
            let right = found.iter().filter(|r| r.targets).count();
            let quartiles = [0.25, 0.5, 0.75].map(|q| quantile(&errors, q).unwrap());
            println!("{latents} | {n} | {quartiles:.4?} | {right} | {:.2}", started.elapsed().as_secs_f64() / models as f64);
        }
    }
}

/// The least `‖P H - Ĥ‖` over the orders of the true latents that put causes before effects, the rows of the estimate standing in its order: what a score
/// that does not know which environment is which would find. Dynamic programming over the sets that can come first, `O(2^d d)`.
fn nearest_relabelling(truth: &Interventional, found: &Disentanglement) -> f64 {
    let d = found.order.len();
    let cost = |latent: usize, place: usize| -> f64 {
        let difference = &truth.unmixing.row(latent) - &found.unmixing.row(found.order[place]);
        difference.dot(&difference)
    };
    let causes: Vec<usize> = truth.structures[0]
        .rows()
        .into_iter()
        .enumerate()
        .map(|(i, row)| (0..i).filter(|&j| row[j] != 0.0).map(|j| 1 << j).sum())
        .collect();
    let mut least = vec![f64::INFINITY; 1 << d];
    least[0] = 0.0;
    for set in 0..least.len() {
        if least[set].is_infinite() {
            continue;
        }
        for latent in (0..d).filter(|&i| set >> i & 1 == 0 && causes[i] & !set == 0) {
            let with = set | 1 << latent;
            least[with] = least[with].min(least[set] + cost(latent, set.count_ones() as usize));
        }
    }
    least[least.len() - 1].sqrt()
}

/// Samples with measurement noise, whose variance is subtracted or not.
fn noise(models: u64) {
    let params = InterventionalParams::default();
    println!("n | noise s.d. | noise mode | fits | mean ‖H - Ĥ‖ up to sign | median | all targets");
    for n in [10_000, 100_000] {
        for deviation in [0.0, 0.005, 0.02] {
            for mode in [MeasurementNoise::None, MeasurementNoise::Isotropic] {
                if deviation == 0.0 && mode == MeasurementNoise::Isotropic {
                    continue;
                }
                // without a noise model the number of latents cannot be found
                let fixed = (mode == MeasurementNoise::None).then_some(5);
                let estimator = LinearDisentanglementParams { noise: mode, components: fixed, ..Default::default() }.build().unwrap();
                let found: Vec<Option<(f64, bool)>> = (0..models)
                    .into_par_iter()
                    .map(|model| {
                        let truth = truth(&params, model);
                        let x = truth.environments(n, deviation, SEED.child("noise", model)).unwrap();
                        let fitted = estimator.fit(&x, &mut Run::new(1)).ok()?.model;
                        Some(score(&truth, &fitted))
                    })
                    .collect();
                let done: Vec<f64> = found.iter().flatten().map(|f| f.0).collect();
                let right = found.iter().flatten().filter(|f| f.1).count();
                let mean = done.iter().sum::<f64>() / done.len() as f64;
                let median = quantile(&done, 0.5).unwrap_or(f64::NAN);
                println!("{n} | {deviation} | {mode:?} | {} of {models} | {mean:.4} | {median:.4} | {right}", done.len());
            }
        }
    }
}

/// `‖H - Ĥ‖` up to sign with rows scaled as in the paper, and whether all targets are right.
fn score(truth: &Interventional, model: &unmix_causal::LatentCauses) -> (f64, bool) {
    let h = model.unmixing().unwrap();
    let latents: Vec<usize> =
        model.targets().iter().map(|t| truth.targets[t.environment.rsplit(' ').next().unwrap().parse::<usize>().unwrap() - 1]).collect();
    let mut error = 0.0;
    for (row, &latent) in h.rows().into_iter().zip(&latents) {
        let largest = row.iter().fold(0.0_f64, |most, v| if v.abs() > most.abs() { *v } else { most });
        let (row, true_row) = (&row / largest, truth.unmixing.row(latent));
        let distance = |sign: f64| (&row * sign - true_row).mapv(|v| v * v).sum();
        error += distance(1.0).min(distance(-1.0));
    }
    let place = |latent: usize| latents.iter().position(|l| *l == latent).unwrap();
    let right = truth.structures[0].indexed_iter().all(|((i, j), b)| i <= j || *b == 0.0 || place(j) < place(i));
    (error.sqrt(), right)
}

/// How often each assumption is refuted where it holds and where it does not.
fn evidence(sets: u64) {
    let estimator = LinearDisentanglementParams::default().build().unwrap();
    println!("setting, rows, noise | refuted of {sets}: linear, one latent each, equations | identified");
    for (name, change) in SETTINGS {
        for (rows, deviation) in [(1_000, 0.0), (10_000, 0.0), (10_000, 0.005)] {
            let found: Vec<Option<[bool; 3]>> = (0..sets)
                .into_par_iter()
                .map(|set| {
                    let mechanism = if *name == "soft" { Mechanism::Soft } else { Mechanism::Perfect };
                    let mut truth = truth(&InterventionalParams { mechanism, ..Default::default() }, set);
                    change(&mut truth);
                    let x = truth.environments(rows, deviation, SEED.child("evidence", set)).unwrap();
                    let model = estimator.fit(&x, &mut Run::new(1)).ok()?.model;
                    let found = estimator.evidence(&x, &model, &mut Run::new(1)).ok()?;
                    Some([0, 1, 2].map(|i| found[i].verdict == Verdict::Refuted))
                })
                .collect();
            let refuted = [0, 1, 2].map(|i| found.iter().flatten().filter(|f| f[i]).count());
            println!("{name}, {rows}, {deviation} | {refuted:?} | no model {}", found.iter().filter(|f| f.is_none()).count());
        }
    }
}

type Change = fn(&mut Interventional);

const SETTINGS: &[(&str, Change)] = &[
    ("assumptions hold", |_| ()),
    ("soft", |_| ()),
    ("two targets in one environment", |truth| {
        let second = truth.targets[1];
        let row = truth.structures[2].row(second).to_owned();
        truth.structures[1].row_mut(second).assign(&row);
    }),
    ("a latent without intervention, another with two", |truth| {
        let target = truth.targets[1];
        truth.structures[1] = truth.structures[2].clone();
        truth.structures[1][[target, target]] = 5.0;
        truth.targets[0] = target;
    }),
];

/// Mean and half of its 95 % interval.
fn interval(values: &[f64]) -> (f64, f64) {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let variance = values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (n - 1.0);
    (mean, 1.96 * (variance / n).sqrt())
}

/// Wilson's 95 % interval of a share.
fn wilson(share: f64, n: f64) -> (f64, f64) {
    const Z: f64 = 1.96;
    let centre = (share + Z * Z / (2.0 * n)) / (1.0 + Z * Z / n);
    let half = Z / (1.0 + Z * Z / n) * (share * (1.0 - share) / n + Z * Z / (4.0 * n * n)).sqrt();
    (centre - half, centre + half)
}
