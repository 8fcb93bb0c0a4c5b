//! From the rows of an unmixing to an order of causes before effects.

use crate::CausalError;
use ndarray::{Array2, ArrayView2, Axis};
use unmix_numerics::minimum_assignment;

/// `B = I - W` after the rows of the unmixing `[d, d]` were put in the order of least `Σ 1/|w_ii|` and divided by their diagonal.
pub(super) fn direct_effects(unmixing: ArrayView2<'_, f64>) -> Result<Array2<f64>, CausalError> {
    /// Entries below this share of the largest are zero to working precision: the diagonal avoids them whenever it can.
    const ZERO: f64 = 1e-12;
    let least = ZERO * unmixing.iter().fold(0.0_f64, |most, w| most.max(w.abs()));
    let cost = unmixing.mapv(|w| w.abs().max(least.max(f64::MIN_POSITIVE)).recip());
    let mut rows: Vec<(usize, usize)> = minimum_assignment(cost.view())?.pairs;
    rows.sort_unstable_by_key(|&(_, column)| column);
    let mut w = unmixing.select(Axis(0), &rows.into_iter().map(|(row, _)| row).collect::<Vec<_>>());
    for (i, mut row) in w.rows_mut().into_iter().enumerate() {
        let diagonal = row[i];
        let divisor = if diagonal.abs() > least { diagonal } else { least.copysign(diagonal) };
        row /= divisor;
        row[i] = 1.0;
    }
    Ok(Array2::eye(w.nrows()) - w)
}

/// An order of causes before effects for `effects` `[d, d]`: the `d(d + 1)/2` smallest entries in magnitude (the diagonal among them) are
/// zero, then as few more, smallest first, as leave no cycle (algorithm C of the paper).
///
/// Taking more away never makes a cycle, so the number is found by bisection.
pub(super) fn causal_order(effects: &Array2<f64>) -> Vec<usize> {
    let d = effects.nrows();
    let mut ascending: Vec<(usize, usize)> = (0..d).flat_map(|i| (0..d).map(move |j| (i, j))).collect();
    ascending.sort_by(|&a, &b| effects[a].abs().total_cmp(&effects[b].abs()));
    let without = |smallest: usize| {
        let mut kept = Array2::from_elem((d, d), false);
        ascending[smallest..].iter().filter(|(i, j)| i != j).for_each(|&at| kept[at] = true);
        sources_first(&kept)
    };
    let (mut least, mut most) = (d * (d + 1) / 2, d * d);
    while least < most {
        let middle = usize::midpoint(least, most);
        if without(middle).is_some() {
            most = middle;
        } else {
            least = middle + 1;
        }
    }
    without(most).unwrap_or_else(|| (0..d).collect())
}

/// The variables in an order in which `kept[[i, j]]` (`j` causes `i`) points forwards, the first possible one each time; `None` if there is
/// a cycle.
fn sources_first(kept: &Array2<bool>) -> Option<Vec<usize>> {
    let mut waiting: Vec<usize> = (0..kept.nrows()).collect();
    let mut order = Vec::with_capacity(waiting.len());
    while !waiting.is_empty() {
        let source = waiting.iter().position(|&i| waiting.iter().all(|&j| !kept[[i, j]]))?;
        order.push(waiting.remove(source));
    }
    Some(order)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn rows_return_to_their_variables() {
        let b = array![[0.0, 0.0, 0.0], [0.8, 0.0, 0.0], [0.0, -0.5, 0.0]];
        let w = Array2::<f64>::eye(3) - &b;
        let scrambled = w.select(Axis(0), &[2, 0, 1]) * array![[-3.0], [0.2], [7.0]];
        let found = direct_effects(scrambled.view()).unwrap();
        assert!((found - b).iter().all(|v| v.abs() < 1e-12));
    }

    #[test]
    fn the_smallest_entries_give_way() {
        // 2 -> 0 -> 1 and a weaker 1 -> 2 that would close a cycle
        let b = array![[0.0, 0.01, 0.9], [0.8, 0.0, 0.02], [0.03, 0.1, 0.0]];
        assert_eq!(causal_order(&b), [2, 0, 1]);
        // the d(d + 1)/2 smallest do not suffice here: 0.5, 0.6 and 0.7 form the cycle
        let b = array![[0.0, 0.5, 0.0], [0.0, 0.0, 0.6], [0.7, 0.0, 0.0]];
        assert_eq!(causal_order(&b), [0, 2, 1]);
    }

    #[test]
    fn anything_has_an_order() {
        assert_eq!(causal_order(&Array2::ones((3, 3))).len(), 3);
        assert_eq!(causal_order(&array![[0.0]]), [0]);
        assert!(direct_effects(Array2::zeros((2, 2)).view()).is_ok());
    }
}
