//! The pattern of a confirmatory model: which variable loads on which factor, resolved against the columns of a table.

use super::{
    ConfirmatoryFactorAnalysisParams, PatternError, Scaling,
    structure::{Matrices, Parameter, Structure},
};
use crate::LinearError;
use ndarray::{Array1, Array2};
use unmix_core::{DataError, nearest};

/// A pattern over `d` variables and `k` factors, positions from 0.
pub(crate) struct Pattern {
    /// The factors in the order of the codes.
    pub factors: Vec<String>,
    /// Where a loading may differ from 0, `[d, k]`.
    pub loads: Array2<bool>,
    /// The variable of each factor that its sign follows: the anchor, else the first named.
    pub lead: Vec<usize>,
    /// The factors whose unit is that of their lead; the others have variance 1.
    pub in_unit_of_lead: Vec<bool>,
    /// Whether factors may correlate.
    pub correlated: bool,
    /// Whether the zeros are a lower triangle over the leads.
    pub echelon: bool,
    /// Pairs of variables with correlated noise.
    noise_covariances: Vec<(usize, usize)>,
    /// Variances of noise that are known, in squared units of the variable.
    noise_variances: Vec<Option<f64>>,
}

impl Pattern {
    /// The pattern of `params` over the columns `names`.
    pub fn of(params: &ConfirmatoryFactorAnalysisParams, names: &[String]) -> Result<Self, LinearError> {
        let echelon = !params.echelon.is_empty();
        let (factors, lists) = if echelon { echelon_lists(&params.echelon, names)? } else { factor_lists(params, names)? };
        let (d, k) = (names.len(), factors.len());
        let mut loads = Array2::from_elem((d, k), false);
        for (j, list) in lists.iter().enumerate() {
            list.iter().for_each(|&i| loads[[i, j]] = true);
        }
        if let Some((_, name)) = loads.rows().into_iter().zip(names).find(|(row, _)| !row.iter().any(|&l| l)) {
            return Err(PatternError::LoadsNowhere { variable: name.clone() }.into());
        }
        let mut lead: Vec<usize> = lists.iter().filter_map(|list| list.first().copied()).collect();
        let mut in_unit_of_lead = vec![params.scaling == Scaling::Marker; k];
        for (factor, variable) in &params.anchors {
            let j = factor_position(factor, &factors)?;
            let i = variable_position(variable, names)?;
            if let Some(other) = (0..k).find(|&other| other != j && loads[[i, other]]) {
                let (variable, factor, other) = (variable.clone(), factor.clone(), factors[other].clone());
                return Err(PatternError::SharedAnchor { variable, factor, other }.into());
            }
            (lead[j], in_unit_of_lead[j], loads[[i, j]]) = (i, true, true);
        }
        let correlated = params.correlated.unwrap_or(!echelon);
        let mut pattern = Self {
            factors,
            loads,
            lead,
            in_unit_of_lead,
            correlated,
            echelon,
            noise_covariances: Vec::new(),
            noise_variances: vec![None; d],
        };
        pattern.resolve_noise(params, names)?;
        Ok(pattern)
    }

    fn resolve_noise(&mut self, params: &ConfirmatoryFactorAnalysisParams, names: &[String]) -> Result<(), LinearError> {
        for (variable, &variance) in &params.noise_variances {
            self.noise_variances[variable_position(variable, names)?] = Some(variance);
        }
        for (a, b) in &params.noise_covariances {
            let (i, j) = (variable_position(a, names)?, variable_position(b, names)?);
            let pair = (i.min(j), i.max(j));
            if i == j || self.noise_covariances.contains(&pair) {
                return Err(PatternError::Repeated { variable: b.clone(), place: format!("the noise covariance of \"{a}\"") }.into());
            }
            if let Some(fixed) = [i, j].into_iter().find(|&i| self.noise_variances[i].is_some()) {
                return Err(PatternError::FixedAndFree { variable: names[fixed].clone() }.into());
            }
            self.noise_covariances.push(pair);
        }
        Ok(())
    }

    /// The number of factors, `k`.
    pub fn components(&self) -> usize {
        self.factors.len()
    }

    /// The variables that load on factor `j` and on no other.
    pub fn pure(&self, j: usize) -> Vec<usize> {
        let alone = |row: ndarray::ArrayView1<'_, bool>| row[j] && row.iter().filter(|&&l| l).count() == 1;
        self.loads.rows().into_iter().enumerate().filter(|(_, row)| alone(row.view())).map(|(i, _)| i).collect()
    }

    /// Those of [`pure`](Self::pure) whose noise covaries with no other.
    pub fn own(&self, j: usize) -> Vec<usize> {
        let shared = |i: usize| self.noise_covariances.iter().any(|&(a, b)| a == i || b == i);
        self.pure(j).into_iter().filter(|&i| !shared(i)).collect()
    }

    /// The model with every factor of variance 1, for variables of standard deviations `sd` `[d]` brought to 1.
    pub fn standardized(&self, sd: &Array1<f64>) -> Structure {
        let variances = self.noise_variances.iter().zip(sd).map(|(fixed, sd)| fixed.map(|v| v / (sd * sd))).collect();
        self.structure(&vec![false; self.components()], variances)
    }

    /// The model in the units of `x`, each factor in its own unit.
    pub fn in_units(&self) -> Structure {
        self.structure(&self.in_unit_of_lead, self.noise_variances.clone())
    }

    /// The same with every factor of variance 1.
    pub fn in_units_with_unit_variances(&self) -> Structure {
        self.structure(&vec![false; self.components()], self.noise_variances.clone())
    }

    fn structure(&self, in_unit_of_lead: &[bool], noise_variances: Vec<Option<f64>>) -> Structure {
        let (d, k) = self.loads.dim();
        let mut fixed = Matrices { loadings: Array2::zeros((d, k)), factors: Array2::eye(k), noise: Array2::zeros((d, d)) };
        let mut free = Vec::new();
        for (j, &in_unit) in in_unit_of_lead.iter().enumerate() {
            let is_unit = |i: usize| in_unit && i == self.lead[j];
            free.extend((0..d).filter(|&i| self.loads[[i, j]] && !is_unit(i)).map(|variable| Parameter::Loading { variable, factor: j }));
            if in_unit {
                fixed.loadings[[self.lead[j], j]] = 1.0;
                free.push(Parameter::Factors { first: j, second: j });
            }
        }
        if self.correlated {
            free.extend((0..k).flat_map(|j| (0..j).map(move |l| Parameter::Factors { first: l, second: j })));
        }
        for (i, variance) in noise_variances.into_iter().enumerate() {
            match variance {
                Some(variance) => fixed.noise[[i, i]] = variance,
                None => free.push(Parameter::Noise { first: i, second: i }),
            }
        }
        free.extend(self.noise_covariances.iter().map(|&(first, second)| Parameter::Noise { first, second }));
        Structure { free, fixed }
    }

    /// The entries that are fixed at 0 in `structure` and could be free: loadings, covariances of factors and of noise.
    pub fn excluded(&self, structure: &Structure) -> Vec<Parameter> {
        let (d, k) = self.loads.dim();
        let loadings = (0..k).flat_map(|factor| (0..d).map(move |variable| Parameter::Loading { variable, factor }));
        let factors = (0..k).flat_map(|second| (0..second).map(move |first| Parameter::Factors { first, second }));
        let noise = (0..d).flat_map(|second| (0..second).map(move |first| Parameter::Noise { first, second }));
        let taken = |parameter: &Parameter| match *parameter {
            Parameter::Loading { variable, factor } => self.loads[[variable, factor]],
            other => structure.free.contains(&other),
        };
        loadings.chain(factors).chain(noise).filter(|parameter| !taken(parameter)).collect()
    }
}

type Lists = (Vec<String>, Vec<Vec<usize>>);

/// The factors by name, each with its variables.
fn factor_lists(params: &ConfirmatoryFactorAnalysisParams, names: &[String]) -> Result<Lists, LinearError> {
    if params.factors.is_empty() {
        return Err(PatternError::NoFactors.into());
    }
    let mut lists = Vec::with_capacity(params.factors.len());
    for (factor, variables) in &params.factors {
        if variables.is_empty() && !params.anchors.contains_key(factor) {
            return Err(PatternError::NoVariables { factor: factor.clone() }.into());
        }
        // an anchor need not be listed
        let anchor = params.anchors.get(factor).filter(|anchor| !variables.contains(anchor));
        lists.push(positions(anchor.into_iter().chain(variables), names, || format!("factor \"{factor}\""))?);
    }
    Ok((params.factors.keys().cloned().collect(), lists))
}

/// Factors `f1`, `f2`, …: all variables load on all but the first `k` variables, of which variable `i` loads on the first `i` factors.
fn echelon_lists(order: &[String], names: &[String]) -> Result<Lists, LinearError> {
    let first = positions(order, names, || "`echelon`".to_owned())?;
    let lists = (0..first.len()).map(|j| {
        let others = (0..names.len()).filter(|i| !first.contains(i));
        first.iter().copied().skip(j).chain(others).collect()
    });
    Ok(((1..=first.len()).map(|j| format!("f{j}")).collect(), lists.collect()))
}

/// The columns of `variables`, none of them twice.
fn positions<'a>(
    variables: impl IntoIterator<Item = &'a String>,
    names: &[String],
    place: impl Fn() -> String,
) -> Result<Vec<usize>, LinearError> {
    let mut found = Vec::new();
    for variable in variables {
        let position = variable_position(variable, names)?;
        if found.contains(&position) {
            return Err(PatternError::Repeated { variable: variable.clone(), place: place() }.into());
        }
        found.push(position);
    }
    Ok(found)
}

fn variable_position(variable: &str, names: &[String]) -> Result<usize, LinearError> {
    names.iter().position(|name| name == variable).ok_or_else(|| {
        let nearest = nearest(variable, names.iter().map(String::as_str)).or(names.first().map(String::as_str)).unwrap_or_default();
        DataError::NoSuchColumn { column: variable.to_owned(), nearest: nearest.to_owned() }.into()
    })
}

fn factor_position(factor: &str, factors: &[String]) -> Result<usize, LinearError> {
    factors.iter().position(|name| name == factor).ok_or_else(|| {
        let nearest = nearest(factor, factors.iter().map(String::as_str)).or(factors.first().map(String::as_str)).unwrap_or_default();
        PatternError::NoSuchFactor { factor: factor.to_owned(), nearest: nearest.to_owned() }.into()
    })
}
