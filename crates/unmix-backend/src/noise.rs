//! Random tensors from our own streams.
//!
//! Draws are made on the host and copied to the device: every backend sees the same numbers, and the noise of step `t` depends
//! on the seed and `t` alone, so a run resumed at `t` draws what the uninterrupted one drew.

use burn::tensor::{DType, Device, Int, Tensor, TensorData};
use rand::{RngExt, seq::SliceRandom};
use rand_distr::{Distribution, StandardNormal};
use unmix_core::{Seed, Stream};

/// Noise for one training step or one pass of inference.
///
/// ```
/// use burn::tensor::Tensor;
/// use unmix_backend::{DeviceChoice, Noise};
/// use unmix_core::Seed;
///
/// let device = DeviceChoice::Flex.open()?.device;
/// let one: Tensor<2> = Noise::at(Seed(1), 5).normal([2, 3], &device);
/// let again: Tensor<2> = Noise::at(Seed(1), 5).normal([2, 3], &device);
/// assert_eq!(one.to_data(), again.to_data());
/// # Ok::<(), unmix_backend::BackendError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Noise {
    stream: Stream,
}

impl Noise {
    /// The noise of training step `step`.
    pub fn at(seed: Seed, step: u64) -> Self {
        Self::of(seed, "noise", step)
    }

    /// The noise of this `purpose` and `index`: `("inference", 0)`, `("adversary", step)`.
    pub fn of(seed: Seed, purpose: &str, index: u64) -> Self {
        Self { stream: seed.stream(purpose, index) }
    }

    /// Standard normal draws of the given shape, `f32`.
    pub fn normal<const D: usize>(&mut self, shape: [usize; D], device: &Device) -> Tensor<D> {
        self.normal_as(shape, device, DType::F32)
    }

    /// Standard normal draws of the given shape and number type; `f32` draws are the rounded `f64` ones.
    pub fn normal_as<const D: usize>(&mut self, shape: [usize; D], device: &Device, dtype: DType) -> Tensor<D> {
        self.fill(shape, device, dtype, |stream| StandardNormal.sample(stream))
    }

    /// Uniform draws from `[0, 1)` of the given shape, `f32`.
    pub fn uniform<const D: usize>(&mut self, shape: [usize; D], device: &Device) -> Tensor<D> {
        self.uniform_as(shape, device, DType::F32)
    }

    /// Uniform draws of the given shape and number type, from `[0, 1)` before rounding to it.
    pub fn uniform_as<const D: usize>(&mut self, shape: [usize; D], device: &Device, dtype: DType) -> Tensor<D> {
        self.fill(shape, device, dtype, RngExt::random)
    }

    /// A random order of `0..n`.
    pub fn permutation(&mut self, n: usize) -> Vec<usize> {
        let mut order: Vec<usize> = (0..n).collect();
        order.shuffle(&mut self.stream);
        order
    }

    /// A random order of `0..n` on the device, `[n]`, for `Tensor::select`.
    pub fn permutation_tensor(&mut self, n: usize, device: &Device) -> Tensor<1, Int> {
        let order: Vec<i32> = self.permutation(n).into_iter().map(|index| index as i32).collect();
        Tensor::from_data(TensorData::new(order, [n]), device)
    }

    /// The stream itself, for draws on the host.
    pub fn stream(&mut self) -> &mut Stream {
        &mut self.stream
    }

    fn fill<const D: usize>(&mut self, shape: [usize; D], device: &Device, dtype: DType, draw: impl Fn(&mut Stream) -> f64) -> Tensor<D> {
        let count = shape.iter().product();
        let data = if dtype == DType::F64 {
            TensorData::new((0..count).map(|_| draw(&mut self.stream)).collect::<Vec<f64>>(), shape)
        } else {
            TensorData::new((0..count).map(|_| draw(&mut self.stream) as f32).collect::<Vec<f32>>(), shape)
        };
        Tensor::from_data(data, (device, dtype))
    }
}
