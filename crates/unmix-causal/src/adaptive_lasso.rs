//! Which causes of one variable are needed: the adaptive lasso (Zou 2006, "The adaptive lasso and its oracle properties", Journal of the
//! American Statistical Association 101) with its penalty chosen by BIC.
//!
//! Each candidate is penalised by the inverse of its least-squares coefficient, so that zero coefficients are found with a probability
//! that tends to one and the others are estimated as if the zeros were known (Zou's theorem 2), which a test of each coefficient at a
//! fixed level does not give: it keeps that share of the zeros for ever. The path is that of the homotopy of Efron et al. (2004), "Least
//! angle regression", section 3.1, exact at its knots, and the criterion that of scikit-learn's `LassoLarsIC`:
//! `RSS/σ² + ln(n) · (nonzero coefficients)` with `σ²` from all candidates.
//!
//! Everything is computed from correlations: `O(p⁴)` for `p` candidates, whatever the number of samples.

use crate::CausalError;
use ndarray::{Array1, Array2, ArrayView1, ArrayView2, Axis};
use unmix_numerics::solve_spd;

/// The candidates, ascending, that predict a standardised variable, from their correlations `among` `[p, p]`, their correlations `with`
/// `[p]` the variable, and the number `n` of samples, which must exceed `p + 1`.
///
/// ```
/// use ndarray::array;
/// use unmix_causal::adaptive_lasso;
///
/// // the second candidate is correlated with the variable through the first only: 0.4 = 0.5 · 0.8
/// let among = array![[1.0, 0.5], [0.5, 1.0]];
/// assert_eq!(adaptive_lasso(among.view(), array![0.8, 0.4].view(), 200)?, [0]);
/// # Ok::<(), unmix_causal::CausalError>(())
/// ```
///
/// # Errors
/// [`CausalError::Numerics`] if the candidates are collinear or the shapes do not fit.
pub fn adaptive_lasso(among: ArrayView2<'_, f64>, with: ArrayView1<'_, f64>, n: usize) -> Result<Vec<usize>, CausalError> {
    let p = with.len();
    if p == 0 {
        return Ok(Vec::new());
    }
    let scale = least_squares(among, with)?;
    let unexplained = |beta: &Array1<f64>| (1.0 - 2.0 * beta.dot(&with) + beta.dot(&among.dot(beta))).max(0.0);
    // a perfect fit has no noise to compare with: then every knot but the last is infinitely worse
    let noise = (unexplained(&scale) * n as f64 / (n.saturating_sub(p + 1).max(1)) as f64).max(f64::MIN_POSITIVE);
    let mut best = (f64::INFINITY, Vec::new());
    for knot in path(among, with, &scale)? {
        let nonzero: Vec<usize> = (0..p).filter(|&j| knot[j] != 0.0).collect();
        let criterion = n as f64 * unexplained(&knot) / noise + (n as f64).ln() * nonzero.len() as f64;
        if criterion < best.0 {
            best = (criterion, nonzero);
        }
    }
    Ok(best.1)
}

/// The least-squares coefficients `[p]` of a standardised variable.
pub(crate) fn least_squares(among: ArrayView2<'_, f64>, with: ArrayView1<'_, f64>) -> Result<Array1<f64>, CausalError> {
    Ok(solve_spd(among, with.insert_axis(Axis(1)))?.remove_axis(Axis(1)))
}

/// The coefficients at the knots of the path from the empty model to least squares, where candidate `j` is penalised by
/// `λ / |scale_j|`: the homotopy for the candidates multiplied by `|scale_j|`, mapped back.
fn path(among: ArrayView2<'_, f64>, with: ArrayView1<'_, f64>, scale: &Array1<f64>) -> Result<Vec<Array1<f64>>, CausalError> {
    let p = with.len();
    let scale = scale.mapv(f64::abs);
    let mut beta = Array1::<f64>::zeros(p);
    let mut knots = vec![beta.clone()];
    // correlations of the scaled candidates with the residual
    let residual = |beta: &Array1<f64>| (&with - &among.dot(beta)) * &scale;
    let mut gradient = residual(&beta);
    let mut penalty = 0.0_f64;
    let mut active: Vec<usize> = Vec::new();
    if let Some(first) = (0..p).max_by(|&a, &b| gradient[a].abs().total_cmp(&gradient[b].abs())) {
        penalty = gradient[first].abs();
        active.push(first);
    }
    let mut dropped = None;
    // a candidate may leave and return; more events than this mean that rounding moves it back and forth
    for _ in 0..8 * p {
        if penalty <= 0.0 || active.is_empty() {
            break;
        }
        let direction = direction(among, &gradient, &scale, &active)?;
        let slope = among.dot(&direction) * &scale;
        let mut step = penalty;
        let mut event = None;
        for j in (0..p).filter(|j| !active.contains(j) && dropped != Some(*j)) {
            for (room, rate) in [(penalty - gradient[j], 1.0 - slope[j]), (penalty + gradient[j], 1.0 + slope[j])] {
                if rate > f64::EPSILON && room / rate < step {
                    (step, event) = ((room / rate).max(0.0), Some(Event::Join(j)));
                }
            }
        }
        for &j in &active {
            let until_zero = -beta[j] / direction[j];
            if until_zero > 0.0 && until_zero < step {
                (step, event) = (until_zero, Some(Event::Drop(j)));
            }
        }
        beta.scaled_add(step, &direction);
        penalty -= step;
        dropped = None;
        match event {
            None => penalty = 0.0,
            Some(Event::Join(j)) => active.push(j),
            Some(Event::Drop(j)) => {
                active.retain(|&a| a != j);
                beta[j] = 0.0;
                dropped = Some(j);
            }
        }
        gradient = residual(&beta);
        knots.push(beta.clone());
    }
    Ok(knots)
}

enum Event {
    Join(usize),
    Drop(usize),
}

/// How the coefficients move as the penalty falls by 1: all active gradients fall alike.
fn direction(
    among: ArrayView2<'_, f64>,
    gradient: &Array1<f64>,
    scale: &Array1<f64>,
    active: &[usize],
) -> Result<Array1<f64>, CausalError> {
    let inner: Array2<f64> = among.select(Axis(0), active).select(Axis(1), active);
    let signs: Array1<f64> = active.iter().map(|&j| gradient[j].signum() / scale[j].max(f64::MIN_POSITIVE)).collect();
    let moves = least_squares(inner.view(), signs.view())?;
    let mut direction = Array1::zeros(scale.len());
    for (&j, value) in active.iter().zip(&moves) {
        direction[j] = *value;
    }
    Ok(direction)
}
