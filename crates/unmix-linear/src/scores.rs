//! Codes from observations under a factor model `x = mean + Λ z + e`, `z ~ N(0, Φ)`, `e ~ N(0, Ψ)`.

use crate::LinearError;
use ndarray::Array2;
use serde::{Deserialize, Serialize};
use unmix_numerics::{inverse_spd, inverse_sqrt_spd};

/// How codes are estimated from an observation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Scores {
    /// The posterior mean `(Φ⁻¹ + ΛᵀΨ⁻¹Λ)⁻¹ ΛᵀΨ⁻¹ (x - mean)` (Thurstone 1935): least mean squared error, shrunk towards 0.
    #[default]
    Regression,
    /// Weighted least squares `(ΛᵀΨ⁻¹Λ)⁻¹ ΛᵀΨ⁻¹ (x - mean)` (Bartlett 1937): unbiased given the codes, so that inferring what was
    /// generated returns the codes themselves.
    Bartlett,
    /// `(ΛᵀΨ⁻¹ΣΨ⁻¹Λ)^(-1/2) ΛᵀΨ⁻¹ (x - mean)` (Anderson and Rubin 1956): uncorrelated with variance 1 under the model `Σ`, whatever `Φ`.
    Anderson,
    /// Those linear scores of correlation `Φ` under the model `Σ` that are nearest to the codes in the metric `Φ⁻¹` (ten Berge, Krijnen, Wansbeek and Shapiro
    /// 1999): `Φ^(1/2) (LᵀΣ⁻¹L)^(-1/2) LᵀΣ⁻¹ (x - mean)` with `L = ΛΦ^(1/2)`.
    TenBerge,
}

/// The weights `[k, d]` of centred observations in the codes, from the loadings `Λ` `[d, k]`, the same weighted by the noise `Ψ⁻¹Λ` `[d, k]` and the
/// covariance of the factors `Φ` `[k, k]`.
pub(crate) fn score_weights(
    loadings: &Array2<f64>,
    weighted: &Array2<f64>,
    covariance: &Array2<f64>,
    scores: Scores,
) -> Result<Array2<f64>, LinearError> {
    let information = loadings.t().dot(weighted);
    let precision = inverse_spd(covariance.view())?;
    let weights = match scores {
        Scores::Regression => inverse_spd((information + precision).view())?,
        Scores::Bartlett => inverse_spd(information.view())?,
        // ΛᵀΨ⁻¹ΣΨ⁻¹Λ = J + JΦJ
        Scores::Anderson => inverse_sqrt_spd((&information + &information.dot(covariance).dot(&information)).view())?,
        Scores::TenBerge => {
            // Σ⁻¹L = Ψ⁻¹L (I + LᵀΨ⁻¹L)⁻¹, so all of it is in the k × k matrix M = LᵀΨ⁻¹L
            let root = inverse_sqrt_spd(precision.view())?;
            let m = root.dot(&information).dot(&root);
            let k = m.nrows();
            let shrink = inverse_spd((Array2::<f64>::eye(k) + &m).view())?;
            let explained = inverse_sqrt_spd(m.dot(&shrink).view())?;
            return Ok(root.dot(&explained).dot(&shrink).dot(&root).dot(&weighted.t()));
        }
    };
    Ok(weights.dot(&weighted.t()))
}
