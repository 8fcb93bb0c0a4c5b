//! Adam, and clipping by the norm of all gradients together.
//!
//! burn's own `ModuleOptimizer` restores its state on `Device::default()`, which is a graphics processor in any build that can
//! use one, whether or not the machine has it; and its Adam adds an epsilon of 1e-5 where papers and PyTorch add 1e-8. So Adam
//! is written out here: Kingma and Ba (2015), algorithm 1, in the order of operations of PyTorch.

#[cfg(feature = "flex")]
use burn::tensor::Device;

use crate::{BackendError, host};
use burn::{
    module::{Module, ModuleMapper, ModuleVisitor, Param},
    optim::GradientsParams,
    tensor::{DType, Tensor},
};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// The constants of Adam; the defaults are the paper's and PyTorch's.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AdamConfig {
    /// Decay of the mean of gradients.
    pub beta_1: f64,
    /// Decay of the mean of squared gradients.
    pub beta_2: f64,
    /// Added to the root of the mean square, after bias correction.
    pub epsilon: f64,
}

impl Default for AdamConfig {
    fn default() -> Self {
        Self { beta_1: 0.9, beta_2: 0.999, epsilon: 1e-8 }
    }
}

/// The optimiser of one module: running moments of every parameter and the number of steps taken.
#[derive(Debug)]
pub struct Adam {
    config: AdamConfig,
    steps: u64,
    /// Keyed by parameter, like gradients.
    pub(crate) mean: GradientsParams,
    pub(crate) square: GradientsParams,
}

impl Adam {
    /// An optimiser that has taken no step.
    pub fn new(config: AdamConfig) -> Self {
        Self { config, steps: 0, mean: GradientsParams::new(), square: GradientsParams::new() }
    }

    /// Its constants.
    pub fn config(&self) -> AdamConfig {
        self.config
    }

    /// Steps taken.
    pub fn steps(&self) -> u64 {
        self.steps
    }

    pub(crate) fn restored(config: AdamConfig, steps: u64, mean: GradientsParams, square: GradientsParams) -> Self {
        Self { config, steps, mean, square }
    }

    /// One step of length `rate` against `gradients`; parameters without a gradient stay as they are.
    #[must_use]
    pub fn step<M: Module>(&mut self, rate: f64, module: M, gradients: GradientsParams) -> M {
        self.steps += 1;
        let AdamConfig { beta_1, beta_2, .. } = self.config;
        let t = self.steps as f64;
        let rule = Rule { config: self.config, rate: rate / (1.0 - beta_1.powf(t)), correction: (1.0 - beta_2.powf(t)).sqrt() };
        module.map(&mut Step { adam: self, gradients, rule })
    }
}

struct Step<'a> {
    adam: &'a mut Adam,
    gradients: GradientsParams,
    rule: Rule,
}

impl ModuleMapper for Step<'_> {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let (id, tensor, mapper) = param.consume();
        let Some(gradient) = self.gradients.remove::<D>(id) else { return Param::from_mapped_value(id, tensor, mapper) };
        let learns = tensor.is_require_grad();
        let on_tape = tensor.device().is_autodiff();
        let mut moved = Moved {
            value: tensor.inner(),
            mean: self.adam.mean.remove(id).unwrap_or_else(|| gradient.zeros_like()),
            square: self.adam.square.remove(id).unwrap_or_else(|| gradient.zeros_like()),
        };
        moved = if in_host_memory(&moved.value) { self.rule.by_slices(moved, gradient) } else { self.rule.by_tensors(moved, gradient) };
        self.adam.mean.register(id, moved.mean);
        self.adam.square.register(id, moved.square);
        let value = if on_tape { Tensor::from_inner(moved.value).set_require_grad(learns) } else { moved.value };
        Param::from_mapped_value(id, value, mapper)
    }
}

/// What a step changes.
struct Moved<const D: usize> {
    value: Tensor<D>,
    mean: Tensor<D>,
    square: Tensor<D>,
}

/// One step's update of one parameter.
#[derive(Clone, Copy)]
struct Rule {
    config: AdamConfig,
    /// Learning rate over the bias correction of the mean.
    rate: f64,
    /// Root of the bias correction of the square.
    correction: f64,
}

impl Rule {
    /// The update as the paper writes it, on any device and in any number type.
    fn by_tensors<const D: usize>(self, from: Moved<D>, gradient: Tensor<D>) -> Moved<D> {
        let AdamConfig { beta_1, beta_2, epsilon } = self.config;
        let mean = from.mean * beta_1 + gradient.clone() * (1.0 - beta_1);
        let square = from.square * beta_2 + gradient.square() * (1.0 - beta_2);
        let value = from.value - mean.clone() * self.rate / (square.clone().sqrt() / self.correction + epsilon);
        Moved { value, mean, square }
    }

    /// The same in one pass over memory, where ten passes would each allocate a result: flex hands its buffers over without a copy.
    fn by_slices<const D: usize>(self, from: Moved<D>, gradient: Tensor<D>) -> Moved<D> {
        let device = from.value.device();
        let (mut value, mut mean, mut square) = (from.value.into_data(), from.mean.into_data(), from.square.into_data());
        let slope = gradient.into_data();
        let done = match (value.as_mut_slice::<f32>(), mean.as_mut_slice::<f32>(), square.as_mut_slice::<f32>(), slope.as_slice::<f32>()) {
            (Ok(value), Ok(mean), Ok(square), Ok(slope)) => {
                let chunks = value.par_chunks_mut(CHUNK).zip(mean.par_chunks_mut(CHUNK)).zip(square.par_chunks_mut(CHUNK));
                chunks.zip(slope.par_chunks(CHUNK)).for_each(|(((value, mean), square), slope)| self.chunk(value, mean, square, slope));
                true
            }
            // not `f32` in one piece after all
            _ => false,
        };
        let [value, mean, square] = [value, mean, square].map(|data| Tensor::from_data(data, &device));
        let moved = Moved { value, mean, square };
        if done { moved } else { self.by_tensors(moved, Tensor::from_data(slope, &device)) }
    }

    fn chunk(self, value: &mut [f32], mean: &mut [f32], square: &mut [f32], slope: &[f32]) {
        let AdamConfig { beta_1, beta_2, epsilon } = self.config;
        let (keep_1, keep_2, add_1, add_2) = (beta_1 as f32, beta_2 as f32, (1.0 - beta_1) as f32, (1.0 - beta_2) as f32);
        let (rate, correction, epsilon) = (self.rate as f32, self.correction as f32, epsilon as f32);
        for (((value, mean), square), &slope) in value.iter_mut().zip(mean).zip(square).zip(slope) {
            *mean = *mean * keep_1 + slope * add_1;
            *square = *square * keep_2 + slope * slope * add_2;
            *value -= *mean * rate / (square.sqrt() / correction + epsilon);
        }
    }
}

/// Numbers that one thread updates at a time; entries are independent, so their division changes no result.
const CHUNK: usize = 1 << 15;

/// Whether a tensor is `f32` in memory that this process can write.
fn in_host_memory<const D: usize>(tensor: &Tensor<D>) -> bool {
    #[cfg(feature = "flex")]
    let host = tensor.device() == Device::flex();
    #[cfg(not(feature = "flex"))]
    let host = false;
    host && tensor.dtype() == DType::F32
}

/// Scales all gradients of `module` by one factor so that their norm together is at most `most`, and returns the norm before.
///
/// The norm is read once from the device; it is NaN or infinite if any gradient is, and the gradients are then left alone: the
/// caller must look. (Pascanu, Mikolov and Bengio 2013, algorithm 1.)
///
/// # Errors
/// [`BackendError::Read`] if the device fails.
pub fn clip_global_norm<M: Module>(gradients: &mut GradientsParams, module: &M, most: f64) -> Result<f64, BackendError> {
    let mut squares = Squares { gradients, sums: Vec::new() };
    module.visit(&mut squares);
    let sums = squares.sums;
    if sums.is_empty() {
        return Ok(0.0);
    }
    let norm = host::to_scalar(Tensor::cat(sums, 0).sum())?.sqrt();
    if norm.is_finite() && norm > most {
        module.visit(&mut Scale { gradients, factor: most / norm });
    }
    Ok(norm)
}

struct Squares<'a> {
    gradients: &'a GradientsParams,
    sums: Vec<Tensor<1>>,
}

impl ModuleVisitor for Squares<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        if let Some(gradient) = self.gradients.get::<D>(param.id) {
            // flex sums four million numbers or more in an order that depends on its threads; along one dimension it does not
            self.sums.push(gradient.square().sum_dim(0).sum());
        }
    }
}

struct Scale<'a> {
    gradients: &'a mut GradientsParams,
    factor: f64,
}

impl ModuleVisitor for Scale<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        if let Some(gradient) = self.gradients.remove::<D>(param.id) {
            self.gradients.register(param.id, gradient * self.factor);
        }
    }
}
