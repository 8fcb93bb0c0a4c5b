use ndarray::{Array2, ArrayView2, array};
use serde::{Deserialize, Serialize};
use std::{ops::ControlFlow, path::Path};
use unmix_core::{
    Checks, Claim, Class, DataError, Fault, Fit, Fitted, Generate, Infer, Kind, Load, Method, Model, Observations, Params, Progress, Run,
    Stop, Table, load_json, require_columns, save_json,
};

/// Multiplies by a factor: infer and generate are inverse to each other.
#[derive(Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct ScaleParams {
    factor: f64,
    steps: usize,
    label: Option<String>,
}

impl Default for ScaleParams {
    fn default() -> Self {
        Self { factor: 2.0, steps: 3, label: None }
    }
}

struct Scale(ScaleParams);

#[derive(Serialize, Deserialize)]
struct Scaled {
    factor: f64,
    columns: usize,
}

impl Params for ScaleParams {
    type Estimator = Scale;
    fn constraints(&self, checks: &mut Checks) {
        checks.positive("factor", self.factor);
        checks.at_least("steps", self.steps, 1);
    }
    fn seal(self) -> Scale {
        Scale(self)
    }
}

impl Fit<Observations> for Scale {
    type Model = Scaled;
    type Error = DataError;
    fn fit(&self, x: &Observations, run: &mut Run<'_>) -> Result<Fitted<Scaled>, DataError> {
        x.require_varying()?;
        let model = Scaled { factor: self.0.factor, columns: x.columns() };
        for step in 1..=self.0.steps {
            let progress = Progress { stage: "scale", step, total: Some(self.0.steps), objective: 0.0, parts: &[] };
            if run.observer.observe(&progress).is_break() {
                return Ok(Fitted { model, stop: Stop::Cancelled, iterations: step, objective: None, warnings: vec![] });
            }
        }
        Ok(Fitted::closed_form(model))
    }
    fn claim(&self) -> Claim {
        Claim { class: Class::Exact, theorem: "none", assumptions: &[] }
    }
}

impl Infer for Scaled {
    fn infer(&self, x: ArrayView2<'_, f64>) -> Result<Array2<f64>, Fault> {
        require_columns(x, self.columns)?;
        Ok(&x * self.factor)
    }
}

impl Generate for Scaled {
    fn generate(&self, z: ArrayView2<'_, f64>) -> Result<Array2<f64>, Fault> {
        require_columns(z, self.columns)?;
        Ok(&z / self.factor)
    }
}

impl Model for Scaled {
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

impl Load for Scaled {
    fn load(folder: &Path) -> Result<Self, Fault> {
        load_json(folder)
    }
}

const SCALE: Method = Method::of::<ScaleParams, Observations>("scale", "multiplies", "nobody");

fn table() -> Table {
    Observations::unnamed(array![[1.0, 2.0], [3.0, 4.0]]).unwrap().into()
}

fn fault(config: &str) -> Fault {
    SCALE.fit(&config.parse().unwrap(), &table(), &mut Run::new(1)).err().unwrap()
}

#[test]
fn keys_are_known_even_where_the_default_is_absent() {
    assert_eq!(SCALE.keys(), ["factor", "steps", "label"]);
    assert!(!SCALE.defaults().contains_key("label"));
    assert_eq!(SCALE.resolve(&"steps = 5".parse().unwrap()).unwrap().to_string(), "factor = 2.0\nsteps = 5\n");
    assert_eq!(SCALE.claim().unwrap().class, Class::Exact);
}

#[test]
fn wrong_keys_types_and_values_are_told_apart_and_all_are_listed() {
    assert_eq!(fault("factr = 1.0").to_string(), "there is no key `factr`; the nearest is `factor`");
    assert!(fault("factor = 'two'").to_string().contains("invalid type"));
    let both = fault("factor = nan\nsteps = 0");
    assert_eq!(both.to_string(), "`factor` is NaN, it must be finite and above 0; `steps` is 0, it must be at least 1");
    assert_eq!(both.kind(), Kind::Usage);
}

#[test]
fn the_loop_closes_and_survives_a_file() {
    let outcome = SCALE.fit(&toml::Table::new(), &table(), &mut Run::new(1).with_threads(2).unwrap()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    outcome.fitted.model.save(folder.path()).unwrap();
    let model = SCALE.load(folder.path()).unwrap();
    let x = table().observations;
    let cycle = model.closed_loop().unwrap();
    assert_eq!(cycle.reconstruct(x.x()).unwrap(), x.x());
    assert_eq!(cycle.edit(x.x(), 1, 10.0).unwrap(), array![[1.0, 5.0], [3.0, 5.0]]);
    let missing = cycle.edit(x.x(), 2, 0.0).unwrap_err();
    assert_eq!(missing.to_string(), "there is no column \"z3\"; the nearest is \"z2\"");
    assert!(cycle.infer(array![[1.0]].view()).is_err());
    assert_eq!(SCALE.load(&folder.path().join("nowhere")).err().unwrap().kind(), Kind::Format);
}

#[test]
fn an_observer_can_stop_a_fit_which_then_says_so() {
    let mut seen = 0;
    let mut run = Run::new(1).observed(|p: &Progress<'_>| {
        seen = p.step;
        if p.step == 2 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    let outcome = SCALE.fit(&toml::Table::new(), &table(), &mut run).unwrap();
    drop(run);
    assert_eq!((outcome.fitted.stop, outcome.fitted.iterations, seen), (Stop::Cancelled, 2, 2));
    assert_eq!(outcome.fitted.converged().err().unwrap().iterations, 2);
}
