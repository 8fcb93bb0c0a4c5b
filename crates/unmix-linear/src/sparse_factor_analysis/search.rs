//! The search for the posterior mode: a ladder of spikes from each of several starts.

use super::{
    expectation::{Codes, Factors},
    prior::{SpikeAndSlab, log_density_of_share, share},
};
use crate::{LinearError, Varimax, rotation::random_rotation};
use ndarray::{Array2, ArrayView2, Axis, s};
use unmix_core::{Progress, Run, Stop};
use unmix_numerics::{NumericsError, cholesky, symmetric_eigen};

/// Iterations at each spike but the last, and the change of a loading that ends them earlier: a rung has to lead to the next and no more.
const RUNG_ITERATIONS: usize = 200;
const RUNG_TOLERANCE: f64 = 1e-4;

/// Each spike is this many times as sharp as the one before.
const SHARPER: f64 = 2.0;

/// Two starts whose log posteriors differ by less, in nats, have found the same mode.
const SAME_MODE: f64 = 1e-3;

/// What is searched, and how far.
pub(super) struct Search<'a> {
    /// Correlations, `[d, d]`.
    pub r: ArrayView2<'a, f64>,
    /// Samples behind them.
    pub rows: usize,
    pub slab: f64,
    pub spike: f64,
    pub max_iterations: usize,
    pub tolerance: f64,
}

/// Where a search ended.
#[derive(Clone, Debug)]
pub(super) struct Found {
    pub factors: Factors,
    /// `[d, k]`.
    pub inclusion: Array2<f64>,
    /// Of the loadings, from the slab.
    pub share: f64,
    pub log_posterior: f64,
    /// The last change of a loading.
    pub change: f64,
    pub iterations: usize,
    pub stop: Stop,
    pub starts: usize,
    pub agreeing: usize,
}

impl Found {
    /// Factors (from 0) that share nothing.
    pub fn unshared(&self) -> Vec<usize> {
        self.factors.unshared()
    }

    /// The same without them.
    pub fn without_unshared(mut self, search: &Search<'_>) -> Result<Self, LinearError> {
        let unshared = self.unshared();
        let kept: Vec<usize> = (0..self.factors.loadings.ncols()).filter(|k| !unshared.contains(k)).collect();
        if kept.is_empty() {
            return Err(LinearError::NoLoadings { spike: search.spike, slab: search.slab });
        }
        self.factors.count_unshared_as_noise();
        self.factors.loadings = self.factors.loadings.select(Axis(1), &kept);
        self.inclusion = self.inclusion.select(Axis(1), &kept);
        Ok(self)
    }
}

impl Search<'_> {
    /// The mode with the largest posterior density over all starts.
    pub fn best(&self, components: usize, starts: usize, run: &mut Run<'_>) -> Result<Found, LinearError> {
        let principal = self.principal(components)?;
        let first = Varimax::default().rotate(principal.view(), run.seed).loadings;
        let mut best = self.mode(&first, 0, run)?;
        let mut modes = vec![best.log_posterior];
        for start in 1..starts as u64 {
            if best.stop == Stop::Cancelled {
                break;
            }
            let rotation = random_rotation(components, &mut run.seed.stream("sparse-factor-analysis", start));
            let other = self.mode(&principal.dot(&rotation), start, run)?;
            // the mode of a start cut short may be that of another spike
            if other.stop == Stop::Cancelled {
                best.stop = Stop::Cancelled;
                break;
            }
            modes.push(other.log_posterior);
            // the first of equals, so that more starts change nothing where there is one mode
            if other.log_posterior > best.log_posterior + SAME_MODE {
                best = other;
            }
        }
        best.starts = modes.len();
        best.agreeing = modes.iter().filter(|&&mode| (mode - best.log_posterior).abs() <= SAME_MODE).count();
        Ok(best)
    }

    /// Principal components of the correlations as loadings `[d, k]`, less what noise of equal variances would add to their eigenvalues.
    fn principal(&self, components: usize) -> Result<Array2<f64>, NumericsError> {
        let eigen = symmetric_eigen(self.r)?;
        let rest = eigen.values.slice(s![components..]);
        let noise = rest.sum() / rest.len().max(1) as f64;
        let strength = eigen.values.slice(s![..components]).mapv(|e| (e - noise).max(0.0).sqrt());
        Ok(&eigen.vectors.slice(s![.., ..components]) * &strength)
    }

    /// Up the ladder from `loadings` `[d, k]`; at its end without expansion, so that the posterior density rises to the mode.
    fn mode(&self, loadings: &Array2<f64>, start: u64, run: &mut Run<'_>) -> Result<Found, LinearError> {
        let communality = loadings.map_axis(Axis(1), |row| row.dot(&row));
        let factors = Factors { loadings: loadings.clone(), uniqueness: communality.mapv(|h| (1.0 - h).max(0.05)) };
        let mut climb = Climb { search: self, share: 0.5, factors, iterations: 0, start };
        let mut prior = SpikeAndSlab { spike: (SHARPER * self.slab).min(self.spike), slab: self.slab };
        loop {
            let stop = climb.expanded(prior, run)?;
            if stop == Stop::Cancelled {
                return climb.found(prior, f64::NAN, stop);
            }
            if prior.spike >= self.spike {
                break;
            }
            prior.spike = (prior.spike * SHARPER).min(self.spike);
        }
        // how a variable's own variance divides between noise and a factor of its own is open, and iterations would creep along it
        climb.factors.count_unshared_as_noise();
        let (change, stop) = climb.plain(prior, run)?;
        climb.found(prior, change, stop)
    }
}

/// A search under way.
struct Climb<'a, 'b> {
    search: &'a Search<'b>,
    factors: Factors,
    share: f64,
    iterations: usize,
    start: u64,
}

impl Climb<'_, '_> {
    /// Iterations with parameter expansion.
    fn expanded(&mut self, prior: SpikeAndSlab, run: &mut Run<'_>) -> Result<Stop, LinearError> {
        let mut seen = self.factors.clone();
        for _ in 0..RUNG_ITERATIONS {
            let codes = seen.codes(self.search.r)?;
            if self.observe(prior, &codes, run) {
                return Ok(Stop::Cancelled);
            }
            let change = self.step(prior, &codes);
            let expansion = cholesky(codes.covariance.view())?;
            seen = Factors { loadings: self.factors.loadings.dot(&expansion), uniqueness: self.factors.uniqueness.clone() };
            if change <= RUNG_TOLERANCE {
                return Ok(Stop::Tolerance);
            }
        }
        Ok(Stop::MaxIterations)
    }

    /// Iterations without; the last change of a loading, and why they stopped.
    fn plain(&mut self, prior: SpikeAndSlab, run: &mut Run<'_>) -> Result<(f64, Stop), LinearError> {
        let mut change = f64::INFINITY;
        for _ in 0..self.search.max_iterations {
            let codes = self.factors.codes(self.search.r)?;
            if self.observe(prior, &codes, run) {
                return Ok((change, Stop::Cancelled));
            }
            change = self.step(prior, &codes);
            if change <= self.search.tolerance {
                return Ok((change, Stop::Tolerance));
            }
        }
        Ok((change, Stop::MaxIterations))
    }

    /// One maximisation; the largest change of a loading.
    fn step(&mut self, prior: SpikeAndSlab, codes: &Codes) -> f64 {
        self.iterations += 1;
        let inclusion = self.inclusion(prior);
        let rate = |j: usize, k: usize| prior.rate(inclusion[[j, k]]);
        let next = self.factors.maximised(codes, self.search.rows, self.search.r, rate);
        self.share = share(inclusion.sum(), inclusion.len());
        let change = next.distance(&self.factors);
        self.factors = next;
        change
    }

    fn inclusion(&self, prior: SpikeAndSlab) -> Array2<f64> {
        self.factors.loadings.mapv(|loading| prior.inclusion(loading, self.share))
    }

    fn log_posterior(&self, prior: SpikeAndSlab, log_likelihood: f64) -> f64 {
        self.search.rows as f64 * log_likelihood
            + self.factors.loadings.iter().map(|&loading| prior.log_density(loading, self.share)).sum::<f64>()
            + log_density_of_share(self.share)
            + self.factors.log_prior_of_uniqueness()
    }

    /// Tells the observer where the climb is; whether to stop.
    fn observe(&self, prior: SpikeAndSlab, codes: &Codes, run: &mut Run<'_>) -> bool {
        let parts = [("start", self.start as f64), ("spike", prior.spike), ("log-likelihood", codes.log_likelihood)];
        let objective = self.log_posterior(prior, codes.log_likelihood);
        let progress = Progress { stage: "sparse-factor-analysis", step: self.iterations + 1, total: None, objective, parts: &parts };
        run.observer.observe(&progress).is_break()
    }

    fn found(self, prior: SpikeAndSlab, change: f64, stop: Stop) -> Result<Found, LinearError> {
        let log_likelihood = self.factors.codes(self.search.r)?.log_likelihood;
        Ok(Found {
            inclusion: self.inclusion(prior),
            log_posterior: self.log_posterior(prior, log_likelihood),
            factors: self.factors,
            share: self.share,
            change,
            iterations: self.iterations,
            stop,
            starts: 1,
            agreeing: 1,
        })
    }
}
