//! A method of one's own: parameters, estimator, model, one registry line, and the conformance suite that every method passes.
//!
//! `cargo run -p examples --bin custom_estimator`

use ndarray::{Array1, Array2, ArrayView2, Axis};
use serde::{Deserialize, Serialize};
use std::path::Path;
use unmix::core::{
    Checks, Claim, Class, DataError, Fault, Fit, Fitted, Generate, Infer, Load, Method, Model, Observations, Params, Run, load_json,
    require_columns, save_json,
};
use unmix_testkit::Conformance;

/// Codes are the variables themselves, standardised and shrunk towards zero.
#[derive(Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct ShrinkParams {
    /// Factor on each standardised variable, above 0 and at most 1.
    factor: f64,
}

impl Default for ShrinkParams {
    fn default() -> Self {
        Self { factor: 0.5 }
    }
}

impl Params for ShrinkParams {
    type Estimator = Shrink;
    fn constraints(&self, checks: &mut Checks) {
        checks.within("factor", self.factor, f64::MIN_POSITIVE..=1.0);
    }
    fn seal(self) -> Shrink {
        Shrink(self)
    }
}

struct Shrink(ShrinkParams);

impl Fit<Observations> for Shrink {
    type Model = Shrunk;
    type Error = DataError;

    fn fit(&self, x: &Observations, _: &mut Run<'_>) -> Result<Fitted<Shrunk>, DataError> {
        x.require_rows(2, "estimate a spread")?;
        x.require_varying()?;
        let scale = x.x().std_axis(Axis(0), 0.0) / self.0.factor;
        Ok(Fitted::closed_form(Shrunk { mean: x.means(), scale }))
    }

    fn claim(&self) -> Claim {
        Claim { class: Class::Exact, theorem: "by construction", assumptions: &["the variables are the causes"] }
    }
}

#[derive(Serialize, Deserialize)]
struct Shrunk {
    mean: Array1<f64>,
    scale: Array1<f64>,
}

impl Infer for Shrunk {
    fn infer(&self, x: ArrayView2<'_, f64>) -> Result<Array2<f64>, Fault> {
        require_columns(x, self.mean.len())?;
        Ok((&x - &self.mean) / &self.scale)
    }
}

impl Generate for Shrunk {
    fn generate(&self, z: ArrayView2<'_, f64>) -> Result<Array2<f64>, Fault> {
        require_columns(z, self.mean.len())?;
        Ok(&z * &self.scale + &self.mean)
    }
}

impl Model for Shrunk {
    fn as_infer(&self) -> Option<&dyn Infer> {
        Some(self)
    }
    fn as_generate(&self) -> Option<&dyn Generate> {
        Some(self)
    }
    fn save(&self, folder: &Path) -> Result<(), Fault> {
        save_json(self, folder)
    }
}

impl Load for Shrunk {
    fn load(folder: &Path) -> Result<Self, Fault> {
        load_json(folder)
    }
}

/// The registry line: found by name, configured by TOML, used by command line and report.
const SHRINK: Method = Method::of::<ShrinkParams, Observations>("shrink", "standardised variables, shrunk", "this example");

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let pupils = unmix::data::bundled::holzinger()?;
    Conformance::of(&SHRINK, pupils.clone()).linear(1e-12).assert();
    println!("`shrink` conforms");

    let outcome = SHRINK.fit(&"factor = 0.8".parse()?, &pupils, &mut Run::new(1))?;
    let cycle = outcome.fitted.model.closed_loop().ok_or("the loop is open")?;
    let error = (&cycle.reconstruct(pupils.observations.x())? - &pupils.observations.x()).mapv(f64::abs).sum();
    println!("x to z to x loses {error:.1e}");
    Ok(())
}
