//! The rules that every method obeys, whatever it computes.

use ndarray::{Array2, ArrayView2, Axis};
use std::{collections::BTreeMap, fmt, fs, ops::ControlFlow, path::Path};
use unmix_core::{Class, Fault, Kind, Method, Model, Observations, Outcome, Progress, RowsError, Run, Stop, Table};

/// Checks one method on one table.
pub struct Conformance {
    method: Method,
    table: Table,
    config: toml::Table,
    linear: Option<f64>,
    constant_columns: bool,
}

/// A rule that the method breaks.
#[derive(Clone, Debug)]
pub struct Broken {
    /// The rule.
    pub rule: &'static str,
    /// What was seen instead.
    pub seen: String,
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.rule, self.seen)
    }
}

type Rule = fn(&Conformance) -> Result<(), String>;

/// Cheapest first.
const RULES: &[(&str, Rule)] = &[
    ("its defaults are a valid configuration whose keys are known", Conformance::defaults),
    ("a key it does not have is refused as a usage error", Conformance::unknown_key),
    ("it says what it claims and under which assumptions", Conformance::claim),
    ("one row is refused as a data error", Conformance::one_row),
    ("a constant column is refused by name", Conformance::constant_column),
    ("evidence speaks of assumptions of the claim", Conformance::evidence),
    ("an observer can stop it", Conformance::cancel),
    ("the same seed gives the same bytes with 1 and with 2 threads", Conformance::threads),
    ("rows read in parts give the bytes of the table, and too little memory is refused", Conformance::streaming),
    ("a saved model infers the same codes", Conformance::save_and_load),
    ("a table of another width is refused by inference and generation", Conformance::width),
    ("columns may be given in another order", Conformance::column_order),
    ("the unit of measurement does not matter", Conformance::unit),
];

impl Conformance {
    /// The suite for `method` on a table that it should be able to fit, the smaller the better: it is fitted a dozen times.
    pub fn of(method: &Method, table: impl Into<Table>) -> Self {
        Self { method: *method, table: table.into(), config: toml::Table::new(), linear: None, constant_columns: false }
    }

    /// Fits with this configuration (TOML) instead of the defaults.
    ///
    /// # Panics
    /// If `config` is not TOML: the caller is a test.
    #[must_use]
    #[allow(clippy::expect_used)]
    pub fn with(mut self, config: &str) -> Self {
        self.config = config.parse().expect("the configuration of a conformance test is TOML");
        self
    }

    /// The method is linear: reordering columns and changing their common unit must change the reconstruction accordingly, to `tolerance`
    /// relative to the spread of the data.
    #[must_use]
    pub fn linear(mut self, tolerance: f64) -> Self {
        self.linear = Some(tolerance);
        self
    }

    /// The method may accept a column that does not vary (a pixel that is always black).
    #[must_use]
    pub fn allows_constant_columns(mut self) -> Self {
        self.constant_columns = true;
        self
    }

    /// Every rule that the method breaks.
    pub fn check(&self) -> Vec<Broken> {
        let outcomes = RULES.iter().map(|(rule, check)| check(self).err().map(|seen| Broken { rule, seen }));
        outcomes.flatten().collect()
    }

    /// Fails the test with every broken rule.
    ///
    /// # Panics
    /// If a rule is broken.
    #[allow(clippy::panic)]
    pub fn assert(&self) {
        let broken = self.check();
        if !broken.is_empty() {
            let list: Vec<String> = broken.iter().map(|b| format!("  - {b}")).collect();
            panic!("method `{}` breaks {} of {} rules:\n{}", self.method.name, broken.len(), RULES.len(), list.join("\n"));
        }
    }

    fn fit_table(&self, table: &Table, threads: usize) -> Result<Outcome, Fault> {
        let mut run = Run::new(20_260).with_threads(threads)?;
        self.method.fit(&self.config, table, &mut run)
    }

    fn fit(&self) -> Result<Outcome, String> {
        self.fit_table(&self.table, 2).map_err(|e| format!("the fit fails: {e}"))
    }

    fn x(&self) -> ArrayView2<'_, f64> {
        self.table.observations.x()
    }

    /// The same table with other values.
    fn table_of(&self, x: Array2<f64>, names: Vec<String>) -> Result<Table, String> {
        let observations = Observations::new(x, names).map_err(|e| e.to_string())?;
        Ok(Table { observations, ..self.table.clone() })
    }

    fn defaults(&self) -> Result<(), String> {
        let (defaults, keys) = (self.method.defaults(), self.method.keys());
        if let Some(key) = defaults.keys().find(|k| !keys.contains(&k.as_str())) {
            return Err(format!("default `{key}` is not among its keys"));
        }
        let resolved = self.method.resolve(&defaults).map_err(|e| e.to_string())?;
        if resolved == defaults { Ok(()) } else { Err(format!("defaults resolve to {resolved}")) }
    }

    fn unknown_key(&self) -> Result<(), String> {
        let mut config = self.config.clone();
        config.insert("no_such_key".to_owned(), true.into());
        match self.method.fit(&config, &self.table, &mut Run::new(1)) {
            Err(e) if e.kind() == Kind::Usage => Ok(()),
            Err(e) => Err(format!("kind {:?}: {e}", e.kind())),
            Ok(_) => Err("accepted".to_owned()),
        }
    }

    fn claim(&self) -> Result<(), String> {
        let claim = self.method.claim().ok_or("its defaults do not build")?;
        if claim.theorem.is_empty() {
            return Err("no theorem or source is named".to_owned());
        }
        if claim.class != Class::None && claim.assumptions.is_empty() {
            return Err(format!("class {:?} without assumptions", claim.class));
        }
        Ok(())
    }

    fn one_row(&self) -> Result<(), String> {
        let row = self.x().select(Axis(0), &[0]);
        let mut table = self.table_of(row, self.table.observations.names().to_vec())?;
        table.environment = table.environment.map(|e| e.into_iter().take(1).collect());
        table.target = table.target.map(|e| e.into_iter().take(1).collect());
        refused_as_data(self.fit_table(&table, 1))
    }

    fn constant_column(&self) -> Result<(), String> {
        if self.constant_columns {
            return Ok(());
        }
        let mut x = self.x().to_owned();
        x.column_mut(0).fill(0.5);
        let name = self.table.observations.names().first().cloned().unwrap_or_default();
        let table = self.table_of(x, self.table.observations.names().to_vec())?;
        match self.fit_table(&table, 1) {
            Err(e) if e.kind() == Kind::Data && e.to_string().contains(&name) => Ok(()),
            Err(e) => Err(format!("kind {:?}: {e}", e.kind())),
            Ok(_) => Err("accepted".to_owned()),
        }
    }

    fn evidence(&self) -> Result<(), String> {
        let outcome = self.fit()?;
        let screened = self.method.screen(&self.config, &self.table, &Run::new(1)).map_err(|e| e.to_string())?;
        for evidence in outcome.evidence.iter().chain(&screened) {
            if !outcome.claim.assumptions.contains(&evidence.assumption) {
                return Err(format!("\"{}\" is not an assumption of the claim", evidence.assumption));
            }
            if evidence.p_value.is_some_and(|p| !(0.0..=1.0).contains(&p)) {
                return Err(format!("\"{}\" has p-value {:?}", evidence.assumption, evidence.p_value));
            }
        }
        Ok(())
    }

    fn cancel(&self) -> Result<(), String> {
        let mut steps = 0;
        let mut run = Run::new(1).observed(|_: &Progress<'_>| {
            steps += 1;
            ControlFlow::Break(())
        });
        let stop = self.method.fit(&self.config, &self.table, &mut run).map_err(|e| e.to_string())?.fitted.stop;
        drop(run);
        let honoured = match steps {
            0 => stop == Stop::ClosedForm,
            1 => stop == Stop::Cancelled,
            _ => false,
        };
        if honoured { Ok(()) } else { Err(format!("{steps} steps were reported after the first was cancelled, then {stop:?}")) }
    }

    fn threads(&self) -> Result<(), String> {
        let bytes = |threads| -> Result<BTreeMap<String, Vec<u8>>, String> {
            let outcome = self.fit_table(&self.table, threads).map_err(|e| e.to_string())?;
            saved(outcome.fitted.model.as_ref())
        };
        let (one, two) = (bytes(1)?, bytes(2)?);
        match one.iter().find(|(name, content)| two.get(*name) != Some(content)) {
            Some((name, _)) => Err(format!("{name} differs")),
            None if one.is_empty() => Err("nothing is saved".to_owned()),
            None => Ok(()),
        }
    }

    /// Only for a method that can stream.
    fn streaming(&self) -> Result<(), String> {
        if !self.method.streams() {
            return Ok(());
        }
        let streamed = |memory| {
            let mut run = Run::new(20_260).with_threads(2)?;
            self.method.fit_rows(&self.config, &self.table.observations, memory, &mut run)
        };
        let needed = match streamed(1) {
            Ok(_) => return Err("one byte of memory is enough".to_owned()),
            Err(e) => match e.downcast_ref::<RowsError>() {
                Some(&RowsError::TooLittleMemory { needed, .. }) => needed,
                _ => return Err(format!("one byte of memory is a {:?} error: {e}", e.kind())),
            },
        };
        let whole = saved(self.fit()?.fitted.model.as_ref())?;
        for memory in [needed, usize::MAX] {
            let outcome = streamed(memory).map_err(|e| format!("in {memory} bytes the fit fails: {e}"))?;
            if saved(outcome.fitted.model.as_ref())? != whole {
                return Err(format!("in {memory} bytes the model differs"));
            }
        }
        Ok(())
    }

    fn save_and_load(&self) -> Result<(), String> {
        let model = self.fit()?.fitted.model;
        let folder = tempfile::tempdir().map_err(|e| e.to_string())?;
        model.save(folder.path()).map_err(|e| e.to_string())?;
        let loaded = self.method.load(folder.path()).map_err(|e| e.to_string())?;
        if let Some(infer) = model.as_infer() {
            let again = loaded.as_infer().ok_or("the loaded model does not infer")?;
            let (before, after) = (infer.infer(self.x()), again.infer(self.x()));
            if before.map_err(|e| e.to_string())? != after.map_err(|e| e.to_string())? {
                return Err("codes differ".to_owned());
            }
        }
        if model.graph() != loaded.graph() {
            return Err("graphs differ".to_owned());
        }
        let empty = tempfile::tempdir().map_err(|e| e.to_string())?;
        match self.method.load(empty.path()) {
            Err(e) if e.kind() == Kind::Format => Ok(()),
            Err(e) => Err(format!("an empty folder is a {:?} error: {e}", e.kind())),
            Ok(_) => Err("a model is loaded from an empty folder".to_owned()),
        }
    }

    fn width(&self) -> Result<(), String> {
        let model = self.fit()?.fitted.model;
        let x = self.x();
        let wider = ndarray::concatenate![Axis(1), x, x];
        if let Some(infer) = model.as_infer() {
            refused_as_data(infer.infer(wider.view()))?;
            if let Some(generate) = model.as_generate() {
                let z = infer.infer(x).map_err(|e| e.to_string())?;
                refused_as_data(generate.generate(ndarray::concatenate![Axis(1), z, z].view()))?;
            }
        }
        Ok(())
    }

    fn column_order(&self) -> Result<(), String> {
        let reversed: Vec<usize> = (0..self.x().ncols()).rev().collect();
        let names = reversed.iter().filter_map(|&j| self.table.observations.names().get(j).cloned()).collect();
        let table = self.table_of(self.x().select(Axis(1), &reversed), names)?;
        self.compare_loops(&table, |x| x.select(Axis(1), &reversed))
    }

    fn unit(&self) -> Result<(), String> {
        let table = self.table_of(&self.x() * 1000.0, self.table.observations.names().to_vec())?;
        self.compare_loops(&table, |x| x * 1000.0)
    }

    /// Reconstruction in `changed` against the changed reconstruction: free of the order and sign of codes.
    fn compare_loops(&self, changed: &Table, change: impl Fn(Array2<f64>) -> Array2<f64>) -> Result<(), String> {
        let Some(tolerance) = self.linear else { return Ok(()) };
        let here = self.fit()?.fitted.model;
        let there = self.fit_table(changed, 2).map_err(|e| e.to_string())?.fitted.model;
        let (Some(here), Some(there)) = (here.closed_loop(), there.closed_loop()) else { return Ok(()) };
        let expected = change(here.reconstruct(self.x()).map_err(|e| e.to_string())?);
        let found = there.reconstruct(changed.observations.x()).map_err(|e| e.to_string())?;
        let spread = changed.observations.x().std(0.0);
        let worst = (&expected - &found).iter().fold(0.0_f64, |m, v| m.max(v.abs())) / spread;
        // written so that NaN fails
        if worst <= tolerance { Ok(()) } else { Err(format!("the reconstruction changes by {worst:e} of the spread of the data")) }
    }
}

fn refused_as_data<T>(result: Result<T, Fault>) -> Result<(), String> {
    match result {
        Err(e) if e.kind() == Kind::Data => Ok(()),
        Err(e) => Err(format!("kind {:?}: {e}", e.kind())),
        Ok(_) => Err("accepted".to_owned()),
    }
}

/// Every file that the model saves, by name.
fn saved(model: &dyn Model) -> Result<BTreeMap<String, Vec<u8>>, String> {
    let folder = tempfile::tempdir().map_err(|e| e.to_string())?;
    model.save(folder.path()).map_err(|e| e.to_string())?;
    read_all(folder.path()).map_err(|e| e.to_string())
}

fn read_all(folder: &Path) -> std::io::Result<BTreeMap<String, Vec<u8>>> {
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        files.insert(entry.file_name().to_string_lossy().into_owned(), fs::read(entry.path())?);
    }
    Ok(files)
}
