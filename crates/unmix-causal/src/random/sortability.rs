//! How much of a causal order the variances give away.

use crate::CausalError;
use ndarray::{ArrayView1, ArrayView2};
use unmix_core::require_columns;
use unmix_graph::Dag;

/// Variances count as equal within this share.
const EQUAL: f64 = 1e-9;

/// Varsortability (Reisach, Seiler and Weichwald 2021, NeurIPS 34): of the pairs of variables that a directed path joins, counted once for each length of
/// a path, the share in which the variance of `x` `[n, d]` grows from cause to effect; equal ones count half. Near 1 an order by variance is as good as a
/// method, and what finds the graph of such data may have found their units; standardised data have ½. `None` without edges.
///
/// # Errors
/// [`CausalError::Data`] if `x` does not have a column a node.
///
/// ```
/// use ndarray::array;
/// use unmix_causal::varsortability;
/// use unmix_graph::{Dag, Graph};
///
/// let weights = array![[0.0, 0.0, 0.0], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0]];
/// let dag = Dag::try_from(Graph::from_adjacency(["a", "b", "c"], weights.view())?)?;
/// // a -> b and a -> b -> c grow, b -> c falls
/// let x = array![[-1.0, -3.0, -2.0], [1.0, 3.0, 2.0]];
/// assert_eq!(varsortability(&dag, x.view())?, Some(2.0 / 3.0));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn varsortability(dag: &Dag, x: ArrayView2<'_, f64>) -> Result<Option<f64>, CausalError> {
    let d = dag.order().len();
    require_columns(x, d)?;
    let variance = |column: ArrayView1<'_, f64>| {
        let mean = column.sum() / column.len() as f64;
        column.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / column.len() as f64
    };
    let variances: Vec<f64> = x.columns().into_iter().map(variance).collect();
    let (mut paths, mut growing) = (0.0, 0.0);
    for cause in 0..d {
        // the nodes that paths of one length reach, then those of one more
        let mut front = vec![false; d];
        front[cause] = true;
        for _ in 1..d {
            let mut next = vec![false; d];
            for node in (0..d).filter(|&node| front[node]) {
                dag.children(node).iter().for_each(|&child| next[child] = true);
            }
            for effect in (0..d).filter(|&node| next[node]) {
                let ratio = variances[effect] / variances[cause];
                paths += 1.0;
                growing += match ratio {
                    r if r > 1.0 + EQUAL => 1.0,
                    r if r > 1.0 - EQUAL => 0.5,
                    _ => 0.0,
                };
            }
            front = next;
        }
    }
    Ok((paths > 0.0).then(|| growing / paths))
}
