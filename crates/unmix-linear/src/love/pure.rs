//! Pure variables from covariances alone (Bing, Bunea, Ning and Wegkamp 2020, algorithm 1).
//!
//! Variables whose loading has the same magnitude, 1, have covariances of magnitude `|C_ab|` with each other, and a variable of several factors
//! none larger than its best pure partner's: so the largest covariance of a pure variable is with the others of its group, for all of them the same.

use ndarray::{Array1, Array2, ArrayView2};

/// A group of pure variables of one factor: the variables (from 0, ascending) with the sign of each, the first positive.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Group {
    pub members: Vec<(usize, f64)>,
}

/// The groups of at least two pure variables of covariances `sigma` `[d, d]`, in order of their first members. Two covariances `σ_ij` and `σ_il`
/// count as equal within `delta s_i (s_j + s_l)`, with `s` `[d]` the standard deviations.
pub(super) fn groups(sigma: ArrayView2<'_, f64>, s: &Array1<f64>, delta: f64) -> Vec<Group> {
    let d = s.len();
    let largest: Vec<usize> = (0..d)
        .map(|i| {
            (0..d)
                .filter(|&j| j != i)
                .fold(usize::from(i == 0), |most, j| if sigma[[i, j]].abs() > sigma[[i, most]].abs() { j } else { most })
        })
        .collect();
    // how far |σ_ij| may fall short of the largest of its row
    let near = |i: usize, j: usize| sigma[[i, largest[i]]].abs() - sigma[[i, j]].abs() <= delta * s[i] * (s[j] + s[largest[i]]);
    let mut groups: Vec<Vec<usize>> = Vec::new();
    for i in strongest_first(sigma, s) {
        let partners: Vec<usize> = (0..d).filter(|&j| j != i && near(i, j)).collect();
        if !partners.iter().all(|&j| near(j, i)) {
            continue;
        }
        let candidate: Vec<usize> = (0..d).filter(|j| *j == i || partners.contains(j)).collect();
        match groups.iter_mut().find(|group| group.iter().any(|j| candidate.contains(j))) {
            Some(group) => group.retain(|j| candidate.contains(j)),
            None => groups.push(candidate),
        }
    }
    groups.retain(|group| group.len() > 1);
    groups.sort();
    groups.into_iter().map(|members| signed(sigma, &members)).collect()
}

/// The variables in order of their largest correlation, then of the sum of all: where a variable is a candidate of two groups, the result depends on
/// who comes first, and must not depend on the order of the columns.
fn strongest_first(sigma: ArrayView2<'_, f64>, s: &Array1<f64>) -> Vec<usize> {
    let strength = |i: usize| {
        let correlations = (0..s.len()).filter(|&j| j != i).map(|j| sigma[[i, j]].abs() / (s[i] * s[j]));
        correlations.fold((0.0, 0.0), |(most, sum): (f64, f64), r| (most.max(r), sum + r))
    };
    let mut order: Vec<(usize, (f64, f64))> = (0..s.len()).map(|i| (i, strength(i))).collect();
    order.sort_by(|(_, a), (_, b)| b.0.total_cmp(&a.0).then(b.1.total_cmp(&a.1)));
    order.into_iter().map(|(i, _)| i).collect()
}

/// The signs that make the first member's covariances with the others positive.
fn signed(sigma: ArrayView2<'_, f64>, members: &[usize]) -> Group {
    let sign = |&j: &usize| if j == members[0] || sigma[[members[0], j]] >= 0.0 { 1.0 } else { -1.0 };
    Group { members: members.iter().map(|j| (*j, sign(j))).collect() }
}

/// The covariance `C` `[k, k]` of the factors: averages of `|σ_ij|` within groups, leaving out the variances, and of signed `σ_ij` between them.
pub(super) fn factor_covariance(sigma: ArrayView2<'_, f64>, groups: &[Group]) -> Array2<f64> {
    Array2::from_shape_fn((groups.len(), groups.len()), |(a, b)| {
        let pairs = groups[a].members.iter().flat_map(|i| groups[b].members.iter().map(move |j| (i, j))).filter(|(i, j)| i.0 != j.0);
        let (sum, count) = pairs.fold((0.0, 0), |(sum, count), (&(i, sign), &(j, other))| {
            let value = sigma[[i, j]];
            (sum + if a == b { value.abs() } else { sign * other * value }, count + 1)
        });
        sum / f64::from(count)
    })
}

/// Covariances `[k, d]` of the factors with the variables, read off the pure ones: `θ` of the paper.
pub(super) fn with_variables(sigma: ArrayView2<'_, f64>, groups: &[Group]) -> Array2<f64> {
    let d = sigma.nrows();
    Array2::from_shape_fn((groups.len(), d), |(k, j)| {
        let others = groups[k].members.iter().filter(|(i, _)| *i != j);
        let (sum, count) = others.fold((0.0, 0), |(sum, count), &(i, sign)| (sum + sign * sigma[[i, j]], count + 1));
        sum / f64::from(count)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn exact_covariances_give_the_groups() {
        // the example of the paper's package: two pure variables a factor, signs, and two mixed ones
        let a = array![[1.0, 0.0], [-1.0, 0.0], [0.0, 1.0], [0.0, 1.0], [1.0 / 3.0, 2.0 / 3.0], [0.5, -0.5]];
        let c = array![[2.0, 0.4], [0.4, 1.5]];
        let sigma = a.dot(&c).dot(&a.t()) + Array2::<f64>::eye(6);
        let s = sigma.diag().mapv(f64::sqrt);
        let found = groups(sigma.view(), &s, 1e-9);
        assert_eq!(found, [Group { members: vec![(0, 1.0), (1, -1.0)] }, Group { members: vec![(2, 1.0), (3, 1.0)] }]);
        let close = |x: &Array2<f64>, y: &Array2<f64>| (x - y).iter().all(|v| v.abs() < 1e-12);
        assert!(close(&factor_covariance(sigma.view(), &found), &c));
        assert!(close(&with_variables(sigma.view(), &found), &c.dot(&a.t())));
    }
}
