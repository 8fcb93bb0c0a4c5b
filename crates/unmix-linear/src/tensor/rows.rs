//! Tables whose rows are tensors: images, spectra at several times, variables under several conditions.
//!
//! With the rows as the first mode, a decomposition is a linear model `x = M z` whose mixing `M` has the Khatri–Rao products of the other factors as
//! columns: every part is a product of one profile a mode. Far fewer numbers than a free mixing has, and by Kruskal's theorem no rotation is left.

use super::{
    CpModel, CpParams, CpStarts, Tensor,
    around::normalise,
    cp::{Cp, claim},
    evidence,
    iteration::least_squares,
    khatri_rao,
};
use crate::{LinearError, nonnegative::quadratic};
use ndarray::{Array1, Array2, ArrayView2};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::path::Path;
use unmix_core::{
    Checks, Claim, DataError, Evidence, Fault, Fit, Fitted, Generate, Infer, Load, Model, Observations, Params, Run, load_json,
    require_columns, save_json,
};

/// The parameters of a decomposition of a table whose rows are tensors; [`CpParams::modes`] are theirs.
///
/// ```
/// use ndarray::Array2;
/// use rand::RngExt;
/// use unmix_core::{Fit, Infer, Observations, Params, Run, Seed};
/// use unmix_linear::{CpParams, RowCpParams};
///
/// // each row is a 3 × 4 table: one profile over 3 conditions and 4 times, as strong as its code
/// let mut stream = Seed(1).stream("example", 0);
/// let (conditions, times) = ([1.0, 2.0, 2.0], [4.0, 3.0, 0.0, 0.0]);
/// let strength: Vec<f64> = (0..50).map(|_| stream.random::<f64>()).collect();
/// let x = Array2::from_shape_fn((50, 12), |(i, j)| strength[i] * conditions[j / 4] * times[j % 4]);
///
/// let params = RowCpParams(CpParams { modes: Some(vec![3, 4]), ..Default::default() });
/// let model = params.build()?.fit(&Observations::unnamed(x.clone())?, &mut Run::new(1))?.model;
/// // profiles have length 1
/// assert!((model.factors[0][[0, 0]] - 1.0 / 3.0).abs() < 1e-8 && (model.factors[1][[0, 0]] - 0.8).abs() < 1e-8);
/// assert!((model.infer(x.view())?[[7, 0]] - 15.0 * strength[7]).abs() < 1e-8);
/// # Ok::<(), unmix_core::Fault>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RowCpParams(pub CpParams);

impl Params for RowCpParams {
    type Estimator = RowCp;

    fn constraints(&self, checks: &mut Checks) {
        self.0.constraints(checks);
    }

    fn seal(self) -> RowCp {
        RowCp { modes: self.0.modes.clone().unwrap_or_default(), non_negative: self.0.non_negative, cp: self.0.seal() }
    }
}

/// The estimator that [`RowCpParams`] build: [`Cp`] of the tensor of all rows.
#[derive(Clone, Debug)]
pub struct RowCp {
    modes: Vec<usize>,
    non_negative: bool,
    cp: Cp,
}

/// Parts of rows that are tensors, each a product of one profile a mode.
///
/// Codes of rows are the least-squares coefficients of the parts, none negative if the fit was so: training rows get those of the last sweep, or
/// slightly better ones. Parts come in order of the squares that they carry, each with its entry of largest magnitude positive.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RowCpModel {
    /// Names of the variables, `d` of them.
    pub names: Vec<String>,
    /// The profiles: a factor `[I_m, k]` for each mode of a row, columns of length 1.
    pub factors: Vec<Array2<f64>>,
    /// The parts, `[d, k]`, columns of length 1: products of the profiles. The mixing.
    pub parts: Array2<f64>,
    /// Root of the summed squares of each code over the fitted rows, `[k]`.
    pub weights: Array1<f64>,
    /// Whether codes and profiles are kept from being negative.
    pub non_negative: bool,
    /// `‖X - X̂‖ / ‖X‖` in the Frobenius norm, of the fitted rows.
    pub error: f64,
    /// How the starts compare.
    pub starts: CpStarts,
}

impl RowCpModel {
    fn of(names: &[String], cp: CpModel, non_negative: bool) -> Self {
        let mut factors: Vec<Array2<f64>> = cp.factors.into_iter().skip(1).collect();
        let k = cp.weights.len();
        if let Some(last) = factors.last_mut() {
            for mut profile in last.columns_mut() {
                if profile.iter().fold(0.0_f64, |most, &v| if v.abs() > most.abs() { v } else { most }) < 0.0 {
                    profile.mapv_inplace(|v| -v);
                }
            }
        }
        // row by row, as a loaded model has them: the order of sums in a product follows the layout
        let factors: Vec<Array2<f64>> = factors.into_iter().map(|f| f.as_standard_layout().into_owned()).collect();
        let parts = khatri_rao(&factors, k);
        Self { names: names.to_vec(), factors, parts, weights: cp.weights, non_negative, error: cp.error, starts: cp.starts }
    }

    /// The number of variables, `d`.
    pub fn columns(&self) -> usize {
        self.parts.nrows()
    }

    /// The number of parts, `k`.
    pub fn components(&self) -> usize {
        self.parts.ncols()
    }

    fn codes(&self, x: ArrayView2<'_, f64>) -> Result<Array2<f64>, LinearError> {
        require_columns(x, self.columns())?;
        let (gram, products) = (self.parts.t().dot(&self.parts), x.dot(&self.parts).as_standard_layout().into_owned());
        if !self.non_negative {
            return Ok(least_squares(&products, &gram)?);
        }
        let rows = products.as_slice().unwrap_or_default().par_chunks(self.components());
        let codes: Vec<f64> = rows.flat_map_iter(|row| quadratic(gram.view(), row)).collect();
        Ok(Array2::from_shape_vec(products.dim(), codes).unwrap_or_default())
    }

    /// The decomposition of the tensor of the rows of `x`.
    fn decomposition(&self, x: ArrayView2<'_, f64>) -> Result<CpModel, LinearError> {
        let mut codes = self.codes(x)?;
        let weights = normalise(&mut codes);
        let factors = std::iter::once(codes).chain(self.factors.iter().cloned()).collect();
        Ok(CpModel { weights, factors, error: self.error, starts: self.starts })
    }
}

impl Fit<Observations> for RowCp {
    type Model = RowCpModel;
    type Error = LinearError;

    /// The objective is the relative error `‖X - X̂‖ / ‖X‖`. Rows are not centred.
    fn fit(&self, x: &Observations, run: &mut Run<'_>) -> Result<Fitted<RowCpModel>, LinearError> {
        if x.rows() < 2 {
            let reason = "decompose a table of tensors: those of a single one are not unique";
            return Err(DataError::TooFewRows { needed: 2, found: x.rows(), reason }.into());
        }
        let tensor = Tensor::of_rows(x.x(), &self.modes)?;
        let fitted = run.in_pool(|run| self.cp.decompose(tensor, run))?;
        Ok(fitted.map(|cp| RowCpModel::of(x.names(), cp, self.non_negative)))
    }

    fn claim(&self) -> Claim {
        claim()
    }

    fn evidence(&self, x: &Observations, model: &RowCpModel, run: &mut Run<'_>) -> Result<Vec<Evidence>, LinearError> {
        evidence::of(&Tensor::of_rows(x.x(), &self.modes)?, &model.decomposition(x.x())?, run.seed)
    }
}

impl Infer for RowCpModel {
    fn infer(&self, x: ArrayView2<'_, f64>) -> Result<Array2<f64>, Fault> {
        Ok(self.codes(x)?)
    }
}

impl Generate for RowCpModel {
    fn generate(&self, z: ArrayView2<'_, f64>) -> Result<Array2<f64>, Fault> {
        require_columns(z, self.components())?;
        Ok(z.dot(&self.parts.t()))
    }
}

impl Model for RowCpModel {
    fn as_infer(&self) -> Option<&dyn Infer> {
        Some(self)
    }

    fn as_generate(&self) -> Option<&dyn Generate> {
        Some(self)
    }

    fn mixing(&self) -> Option<ArrayView2<'_, f64>> {
        Some(self.parts.view())
    }

    fn save(&self, folder: &Path) -> Result<(), Fault> {
        save_json(self, folder)
    }
}

impl Load for RowCpModel {
    fn load(folder: &Path) -> Result<Self, Fault> {
        load_json(folder)
    }
}
