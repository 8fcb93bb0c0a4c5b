//! How a variable comes from its parents and its noise.

use ndarray::{Array1, Array2, ArrayView1, ArrayView2, Axis};
use std::fmt;

/// What makes a variable of its parents and its noise.
///
/// Implement it for mechanisms that are none of the kinds here; where the noise can be read off the value, return it from
/// [`noise`](Self::noise), so that counterfactuals are possible.
pub trait Mechanism: Send + Sync {
    /// The values `[n]` under the parents' values `[n, p]`, in ascending order of the parents, and noise `[n]`.
    fn value(&self, parents: ArrayView2<'_, f64>, noise: ArrayView1<'_, f64>) -> Array1<f64>;

    /// The noise `[n]` behind values `[n]` (abduction), or `None` if values do not determine it.
    fn noise(&self, parents: ArrayView2<'_, f64>, value: ArrayView1<'_, f64>) -> Option<Array1<f64>>;

    /// Whether it takes so many parents; without a word, any number.
    fn takes(&self, _parents: usize) -> bool {
        true
    }
}

/// A function of the parents' values; closures `Fn(ArrayView1<f64>) -> f64` over the parents of one row are such functions.
pub trait Function: Send + Sync {
    /// Its values `[n]` for parents `[n, p]`.
    fn at(&self, parents: ArrayView2<'_, f64>) -> Array1<f64>;

    /// Whether it takes so many parents; without a word, any number.
    fn takes(&self, _parents: usize) -> bool {
        true
    }
}

impl<F: Fn(ArrayView1<'_, f64>) -> f64 + Send + Sync> Function for F {
    fn at(&self, parents: ArrayView2<'_, f64>) -> Array1<f64> {
        parents.map_axis(Axis(1), self)
    }
}

/// `intercept + Σ weight · parent`.
#[derive(Clone, Debug, PartialEq)]
pub struct Linear {
    /// One a parent, ascending, `[p]`.
    pub weights: Array1<f64>,
    /// The value without parents.
    pub intercept: f64,
}

impl Linear {
    /// Without intercept.
    pub fn new(weights: impl Into<Vec<f64>>) -> Self {
        Self { weights: Array1::from_vec(weights.into()), intercept: 0.0 }
    }
}

impl Function for Linear {
    fn at(&self, parents: ArrayView2<'_, f64>) -> Array1<f64> {
        parents.dot(&self.weights) + self.intercept
    }

    fn takes(&self, parents: usize) -> bool {
        self.weights.len() == parents
    }
}

/// `Σ_h output_h · tanh(bias_h + Σ weight_hp · parent_p)`: one hidden layer.
#[derive(Clone, Debug, PartialEq)]
pub struct Mlp {
    /// `[h, p]`.
    pub weights: Array2<f64>,
    /// `[h]`.
    pub bias: Array1<f64>,
    /// `[h]`.
    pub output: Array1<f64>,
}

impl Function for Mlp {
    fn at(&self, parents: ArrayView2<'_, f64>) -> Array1<f64> {
        (parents.dot(&self.weights.t()) + &self.bias).mapv(f64::tanh).dot(&self.output)
    }

    fn takes(&self, parents: usize) -> bool {
        let hidden = self.weights.nrows();
        (self.weights.ncols(), self.bias.len(), self.output.len()) == (parents, hidden, hidden)
    }
}

/// `f(parents) + noise` (Hoyer, Janzing, Mooij, Peters and Schölkopf 2009, NIPS 21).
#[derive(Clone, Debug, PartialEq)]
pub struct AdditiveNoise<F>(pub F);

impl<F: Function> Mechanism for AdditiveNoise<F> {
    fn value(&self, parents: ArrayView2<'_, f64>, noise: ArrayView1<'_, f64>) -> Array1<f64> {
        self.0.at(parents) + noise
    }

    fn noise(&self, parents: ArrayView2<'_, f64>, value: ArrayView1<'_, f64>) -> Option<Array1<f64>> {
        Some(&value - &self.0.at(parents))
    }

    fn takes(&self, parents: usize) -> bool {
        self.0.takes(parents)
    }
}

/// `location(parents) + scale(parents) · noise`: noise whose spread depends on the causes. Where the scale is 0 the value does not determine the noise.
#[derive(Clone, Debug, PartialEq)]
pub struct LocationScale<F, S> {
    /// The value at noise 0.
    pub location: F,
    /// What the noise is multiplied by.
    pub scale: S,
}

impl<F: Function, S: Function> Mechanism for LocationScale<F, S> {
    fn value(&self, parents: ArrayView2<'_, f64>, noise: ArrayView1<'_, f64>) -> Array1<f64> {
        self.location.at(parents) + self.scale.at(parents) * noise
    }

    fn noise(&self, parents: ArrayView2<'_, f64>, value: ArrayView1<'_, f64>) -> Option<Array1<f64>> {
        let scale = self.scale.at(parents);
        scale.iter().all(|s| *s != 0.0).then(|| (&value - &self.location.at(parents)) / scale)
    }

    fn takes(&self, parents: usize) -> bool {
        self.location.takes(parents) && self.scale.takes(parents)
    }
}

/// `outer(f(parents) + noise)` with an invertible `outer` (Zhang and Hyvärinen 2009, UAI).
#[derive(Clone, Debug, PartialEq)]
pub struct PostNonlinear<F, G, I> {
    /// The part inside.
    pub inner: F,
    /// What is applied to the sum, one value at a time.
    pub outer: G,
    /// Its inverse.
    pub inverse: I,
}

impl<F: Function, G: Fn(f64) -> f64 + Send + Sync, I: Fn(f64) -> f64 + Send + Sync> Mechanism for PostNonlinear<F, G, I> {
    fn value(&self, parents: ArrayView2<'_, f64>, noise: ArrayView1<'_, f64>) -> Array1<f64> {
        (self.inner.at(parents) + noise).mapv(&self.outer)
    }

    fn noise(&self, parents: ArrayView2<'_, f64>, value: ArrayView1<'_, f64>) -> Option<Array1<f64>> {
        let noise = value.mapv(&self.inverse) - self.inner.at(parents);
        noise.iter().all(|e| e.is_finite()).then_some(noise)
    }

    fn takes(&self, parents: usize) -> bool {
        self.inner.takes(parents)
    }
}

/// A mechanism with a constant added to its value.
pub(super) struct Shifted {
    pub mechanism: std::sync::Arc<dyn Mechanism>,
    pub by: f64,
}

impl Mechanism for Shifted {
    fn value(&self, parents: ArrayView2<'_, f64>, noise: ArrayView1<'_, f64>) -> Array1<f64> {
        self.mechanism.value(parents, noise) + self.by
    }

    fn noise(&self, parents: ArrayView2<'_, f64>, value: ArrayView1<'_, f64>) -> Option<Array1<f64>> {
        self.mechanism.noise(parents, (&value - self.by).view())
    }

    fn takes(&self, parents: usize) -> bool {
        self.mechanism.takes(parents)
    }
}

/// A value that neither parents nor noise change.
pub(super) struct Fixed(pub f64);

impl Mechanism for Fixed {
    fn value(&self, parents: ArrayView2<'_, f64>, _: ArrayView1<'_, f64>) -> Array1<f64> {
        Array1::from_elem(parents.nrows(), self.0)
    }

    /// Any noise would do: that of the mechanism which this one replaces is kept.
    fn noise(&self, _: ArrayView2<'_, f64>, _: ArrayView1<'_, f64>) -> Option<Array1<f64>> {
        None
    }
}

/// The noise itself.
pub(super) struct NoiseAlone;

impl Mechanism for NoiseAlone {
    fn value(&self, _: ArrayView2<'_, f64>, noise: ArrayView1<'_, f64>) -> Array1<f64> {
        noise.to_owned()
    }

    fn noise(&self, _: ArrayView2<'_, f64>, value: ArrayView1<'_, f64>) -> Option<Array1<f64>> {
        Some(value.to_owned())
    }
}

impl fmt::Debug for dyn Mechanism {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Mechanism")
    }
}
