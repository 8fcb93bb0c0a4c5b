//! The Laplace (double exponential) distribution.

use crate::{
    Density, DistError,
    error::{finite, positive},
};
use rand::RngExt;
use rand_distr::{Distribution, Exp1};
use std::f64::consts::{E, LN_2};
use unmix_core::Stream;

/// Density `exp(-|x - location| / scale) / (2 scale)`; variance `2 scale²`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Laplace {
    location: f64,
    scale: f64,
}

impl Laplace {
    /// The distribution with this location and scale.
    ///
    /// # Errors
    /// [`DistError::NotFinite`] for the location, [`DistError::NotPositive`] for the scale.
    pub fn new(location: f64, scale: f64) -> Result<Self, DistError> {
        let location = finite("laplace", "location", location)?;
        Ok(Self { location, scale: positive("laplace", "scale", scale)? })
    }
}

impl Density for Laplace {
    fn log_density(&self, x: f64) -> f64 {
        -((x - self.location) / self.scale).abs() - self.scale.ln() - LN_2
    }

    fn cdf(&self, x: f64) -> f64 {
        let z = (x - self.location) / self.scale;
        if z < 0.0 { 0.5 * z.exp() } else { 1.0 - 0.5 * (-z).exp() }
    }

    fn entropy(&self) -> f64 {
        (2.0 * E).ln() + self.scale.ln()
    }

    fn mean(&self) -> f64 {
        self.location
    }

    fn variance(&self) -> f64 {
        2.0 * self.scale.powi(2)
    }

    fn sample(&self, stream: &mut Stream) -> f64 {
        let distance: f64 = Exp1.sample(stream);
        let sign = if stream.random::<bool>() { 1.0 } else { -1.0 };
        self.location + sign * self.scale * distance
    }
}
